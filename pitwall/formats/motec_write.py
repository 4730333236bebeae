"""Writing MoTeC .ld: one car's samples on steady grids, as the format wants them.

A grid is fine enough that each sample has a place of its own. Between samples the last one is
held, in holes there is the error value. Two channels a group tell the exact moment of each sample
that is real, and a trailer behind the data, which other programs do not see, what the recording
says of itself: so what is imported again is what was exported.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import IO

import numpy as np
from numpy.typing import NDArray

from pitwall.formats.motec_layout import CHANNEL, EVENT, HEADER, MARKER
from pitwall.formats.table import Floats, Heading, Ints, LapRow, heading_of, samples_of
from pitwall.store import Recording
from pitwall.telemetry import BadInput, Channel, Group

TRAILER = b"PITWALL1"
RATES = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)
ASIDE_S = 0.05
"""How far from its moment a sample may be shown, where several came at nearly one."""
NONE_32 = -(2**31)
NONE_64 = -(2**62)
_MAX_BYTES = 2**31 - 1
_LAP_HZ = 10


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """One channel as it is written; ``data`` int32 or float32."""

    name: str
    unit: str
    rate: int
    mul: int
    scale: int
    dec: int
    data: NDArray[np.int32] | NDArray[np.float32]


def write(
    file: IO[bytes], recording: Recording, laps: Sequence[LapRow], car: str
) -> tuple[int, list[str]]:
    """Write one car; returns the number of samples and remarks. Raises BadInput when the car has
    none, or more than the format holds."""
    heading = heading_of(recording)
    catalog = heading.session.catalog
    parts = {g.name: samples_of(recording, car, g) for g in catalog.groups}
    held = [t for t, _ in parts.values() if len(t)]
    if not held:
        raise BadInput(f"car {car} has no samples to export")
    zero = min(int(t.min()) for t in held) // 1_000_000 * 1_000_000
    columns: list[_Column] = []
    docs = heading.lines([row for row in laps if row.car == car])
    notes: list[str] = []
    samples = 0
    for group in catalog.groups:
        t, values = parts[group.name]
        if not len(t):
            continue
        rate, slot = _grid(t, zero, group)
        if aside := int(((t - zero) * rate // 1_000_000 != slot).sum()):
            notes.append(
                f"car {car}, {group.name}: at {rate} Hz {aside} samples stand up to "
                f"{ASIDE_S:.2f} s beside their moment, which is kept too"
            )
        made, how = _columns(group, rate, zero, slot, t, values)
        docs.append({"ld": group.name, "rate": rate, "first": len(columns), "parts": how})
        columns += made
        samples += len(t)
    columns.append(_laps(laps, car, zero, max(int(t.max()) for t in held)))
    size = sum(c.data.nbytes for c in columns)
    if size + len(columns) * CHANNEL.size > _MAX_BYTES:
        raise BadInput(f"car {car}: {size / 1e6:.0f} MB are more than a .ld file holds")
    _write(file, columns, heading, car, zero, {"docs": docs, "zero": zero, "of": car})
    return samples, notes


def _grid(t: Ints, zero: int, group: Group) -> tuple[int, Ints]:
    """Rate, and the place of each sample: that of its moment, or the next that is free, on the
    coarsest grid on which none stands more than ASIDE_S away."""
    at = np.arange(len(t))
    nominal = [r for r in RATES if r >= group.rate_hz - 1e-6] or [RATES[-1]]
    for rate in nominal:
        slot = (t - zero) * rate // 1_000_000
        free = np.maximum.accumulate(slot - at) + at
        if int((free - slot).max()) <= ASIDE_S * rate:
            break
    return rate, free


def _columns(
    group: Group, rate: int, zero: int, slot: Ints, t: Ints, values: Floats
) -> tuple[list[_Column], list[dict[str, object]]]:
    """The group's columns, and how each channel is made of them."""
    count = int(slot[-1]) + 1
    # which sample stands at each place: the last one, unless that is too long ago
    at = np.searchsorted(slot, np.arange(count), "right") - 1
    limit = max(round(max(5.0 / max(group.rate_hz, 0.1), 2.0) * rate), 1)
    stale = (at < 0) | (np.arange(count) - slot[np.maximum(at, 0)] > limit)
    at = np.maximum(at, 0)
    columns: list[_Column] = []
    for name, stamp in (("s", (t - zero) // 1_000_000), ("us", (t - zero) % 1_000_000)):
        data = np.full(count, NONE_32, np.int32)
        data[slot] = stamp
        columns.append(_Column(f"pw {group.name[:24]} {name}", name, rate, 1, 1, 0, data))
    parts: list[dict[str, object]] = []
    for channel, row in zip(group.channels, values, strict=True):
        made, part = _parts(channel, rate, row, at, stale)
        parts.append({**part, "n": len(made)})
        columns += made
    return columns, parts


def _parts(
    channel: Channel, rate: int, row: Floats, at: Ints, stale: NDArray[np.bool_]
) -> tuple[list[_Column], dict[str, object]]:
    """One channel as one column where its steps fit, else with what is left over in further ones:
    of coordinates the digits beyond a 32-bit number, of values without a step the bits beyond a
    32-bit float. Added up they are exact."""
    name = f"pw ~{channel.name[:26]}"
    found = _steps(channel.resolution, row)
    if found is not None:
        mul, scale, dec, coarse, raw = found
        columns = []
        rest = np.where(raw == NONE_64, 0, raw % coarse)
        whole = np.where(raw == NONE_64, NONE_32, raw // coarse).astype(np.int32)[at]
        whole[stale] = NONE_32
        digits = round(math.log10(coarse))
        columns.append(_Column(channel.title, channel.unit, rate, mul, scale, dec - digits, whole))
        if coarse > 1:
            columns.append(_Column(name, "", rate, 1, 1, 0, rest.astype(np.int32)[at]))
        return columns, {"coarse": coarse}
    columns = []
    for k in range(3):
        with np.errstate(over="ignore", invalid="ignore"):
            floats = row.astype(np.float32)
            row = np.where(np.isfinite(row), row - floats, 0.0)
        shown = floats[at]
        if k == 0:
            shown[stale] = np.nan
        title, unit = (channel.title, channel.unit) if k == 0 else (f"{name} {k}", "")
        columns.append(_Column(title, unit, rate, 1, 1, 0, shown))
        if not row.any():
            break
    return columns, {"coarse": 0}


def _steps(resolution: float, row: Floats) -> tuple[int, int, int, int, Ints] | None:
    """Multiplier, scale, decimals, how many steps go into one of the column's (a power of ten),
    and whole steps; None for a channel without a step, or whose step the format cannot say."""
    if not resolution:
        return None
    with np.errstate(invalid="ignore"):
        steps = np.rint(row / resolution)
    known = np.isfinite(steps)
    most = float(np.abs(steps[known]).max()) if known.any() else 0.0
    coarse = 10 ** max(math.ceil(math.log10(max(most, 1.0) / (2**31 - 2))), 0)
    if coarse > 10**9:
        return None
    for dec in range(13):
        size = resolution * 10.0**dec
        part = Fraction(size).limit_denominator(32_767)
        if 0 < part.numerator <= 32_767 and abs(float(part) / size - 1) < 1e-12:
            raw = np.where(known, steps, float(NONE_64)).astype(np.int64)
            return part.numerator, part.denominator, dec, coarse, raw
    return None


def _laps(laps: Sequence[LapRow], car: str, zero: int, t_last: int) -> _Column:
    """The lap of each tenth of a second, for the program that opens the file."""
    own = sorted((row for row in laps if row.car == car), key=lambda row: row.t_start)
    t = zero + np.arange((t_last - zero) * _LAP_HZ // 1_000_000 + 1) * (1_000_000 // _LAP_HZ)
    starts = np.array([row.t_start for row in own], np.int64)
    numbers = np.array([0, *(row.lap for row in own)], np.int32)
    return _Column("Lap Number", "", _LAP_HZ, 1, 1, 0, numbers[np.searchsorted(starts, t, "right")])


def _write(
    file: IO[bytes],
    columns: Sequence[_Column],
    heading: Heading,
    car: str,
    zero: int,
    trailer: dict[str, object],
) -> None:
    begin = datetime.fromtimestamp(zero // 1_000_000, UTC)
    meta = HEADER.size + EVENT.size
    data = meta + len(columns) * CHANNEL.size
    file.write(
        HEADER.pack(
            MARKER, meta, data, HEADER.size, 0, 0x4240, 0x000F, 0x1F44, b"ADL", 420, 0xADB0,
            len(columns), b"", begin.strftime("%d/%m/%Y").encode(),
            begin.strftime("%H:%M:%S").encode(), b"", _fixed(car, 64),
            _fixed(heading.session.title, 64), 0xC81A4, _fixed(heading.session.key, 64),
        )
    )  # fmt: skip
    file.write(EVENT.pack(_fixed(heading.session.title, 64), b"", b"exported by Pitwall", 0))
    at = data
    for i, column in enumerate(columns):
        here = meta + i * CHANNEL.size
        file.write(
            CHANNEL.pack(
                here - CHANNEL.size if i else 0,
                here + CHANNEL.size if i + 1 < len(columns) else 0,
                at,
                len(column.data),
                0x2EE1 + i & 0xFFFF,
                7 if column.data.dtype == np.float32 else 3,
                4,
                column.rate,
                0,
                column.mul,
                column.scale,
                column.dec,
                _fixed(column.name, 32),
                _fixed(column.name, 8),
                _fixed(column.unit, 12),
            )
        )
        at += column.data.nbytes
    for column in columns:
        file.write(column.data.astype(column.data.dtype.newbyteorder("<")).tobytes())
    text = json.dumps(trailer, ensure_ascii=False, separators=(",", ":")).encode()
    file.write(text + len(text).to_bytes(8, "little") + TRAILER)


def _fixed(text: str, size: int) -> bytes:
    """As Latin-1, cut to leave room for the closing zero."""
    return text.encode("latin-1", "replace")[: size - 1]
