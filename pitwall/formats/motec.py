"""MoTeC .ld: one car's log, each channel at its own steady rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from pitwall.formats.columns import channel, distinct, known, snake, unit
from pitwall.formats.lines import Tick
from pitwall.formats.motec_beacon import passes
from pitwall.formats.motec_layout import (
    CHANNEL,
    EVENT,
    HEADER,
    MARKER,
    MAX_CHANNELS,
    MAX_SAMPLES,
    Record,
    moment,
    parse_record,
    text,
)
from pitwall.formats.source import Block, Survey
from pitwall.telemetry import BadInput, Channel, ClockKind, Failure, Group
from pitwall.telemetry.clock import SECOND_US

NAME = "motec"
TITLE = "MoTeC LD"
EXTENSIONS = (".ld",)

_BLOCK = 2048
_MAX_RATE = 2000
BEACON_GROUP = "beacon"

Floats = NDArray[np.float64]


def sniff(head: bytes) -> float:
    """How sure we are that a file with these first bytes is one of ours, 0..1."""
    if len(head) < HEADER.size or int.from_bytes(head[:4], "little") != MARKER:
        return 0.0
    fields = HEADER.unpack(head[: HEADER.size])
    inside = HEADER.size <= fields[1] and HEADER.size <= fields[2]
    date = text(fields[13])
    return 1.0 if inside and date.count("/") == 2 else 0.4 if inside else 0.0


@dataclass(frozen=True, slots=True)
class _Log:
    started_us: int
    car: str
    venue: str
    event: str
    session: str
    records: tuple[Record, ...]
    notes: tuple[str, ...]


class MotecSource:
    """One .ld file: one car."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log: _Log | None = None
        self._columns: list[tuple[Record, Channel, str]] = []

    def survey(self, tick: Tick | None = None) -> Survey:
        """Read header and all channels; find ranges, rates and what is out of range."""
        log = self._log = self._read()
        names = distinct([_name(r) for r in log.records])
        self._columns = []
        errors = 0
        longest = 0.0
        for done, (record, name) in enumerate(zip(log.records, names, strict=True)):
            values, bad = self._values(record, 0, record.count)
            errors += bad
            longest = max(longest, record.count / record.rate_hz)
            finite = values[np.isfinite(values)]
            edge = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
            # whole steps only where the step begins at 0: values are kept as multiples of it
            step = record.resolution if record.offset == 0 else 0.0
            made = channel(name, unit(record.unit), step, *edge, record.name)
            self._columns.append((record, made, f"{record.rate_hz}hz"))
            if tick is not None and done % 16 == 0:
                tick(record.data_at)
        rows = sum(r.count for r, _, _ in self._columns)
        notes = list(log.notes)
        if errors:
            notes.append(
                f"{self.path.name}: {errors} samples are the logger's error values (the ends of "
                "their range) and are left out"
            )
        beacons = self._beacons()
        made_groups: dict[str, list[Channel]] = {}
        for _, made, group in self._columns:
            made_groups.setdefault(group, []).append(made)
        groups = [
            Group(name, float(name[:-2]), SECOND_US, tuple(channels))
            for name, channels in made_groups.items()
        ]
        if beacons is not None:
            groups.append(beacons[0])
        return Survey(
            cars=(log.car or self.path.stem[:80] or "car",),
            groups=tuple(groups),
            clock=ClockKind.EVENT,
            t_first=log.started_us,
            t_last=log.started_us + round(longest * 1e6),
            rows=rows,
            event=log.venue or log.event or self.path.stem,
            name=log.session,
            notes=tuple(notes),
        )

    def blocks(self, tick: Tick | None = None) -> Iterator[Block]:
        """The samples. The file must have passed :meth:`survey`."""
        log = self._log
        assert log is not None
        car = log.car or self.path.stem[:80] or "car"
        lap_edges, laps = self._laps()
        groups: dict[str, list[tuple[Record, Channel]]] = {}
        for record, made, group in self._columns:
            groups.setdefault(group, []).append((record, made))
        for group, columns in groups.items():
            count = max(r.count for r, _ in columns)
            rate = columns[0][0].rate_hz
            cuts = {0, count, *range(_BLOCK, count, _BLOCK)}
            cuts |= {min(int(np.ceil(e * rate)), count) for e in lap_edges}
            ordered = sorted(cuts)
            for a, b in zip(ordered[:-1], ordered[1:], strict=True):
                # whole microseconds of each sample, not a rounded step added up
                at = np.arange(a, b, dtype=np.int64)
                t = log.started_us + (at * SECOND_US + rate // 2) // rate
                lap = int(laps[np.searchsorted(lap_edges, a / rate, "right")])
                values = {c.name: self._padded(r, a, b) for r, c in columns}
                yield Block(car, group, lap, t, values)
            if tick is not None:
                tick(columns[-1][0].data_at)
        beacons = self._beacons()
        if beacons is not None:
            made_of, t, columns_of = beacons
            yield Block(car, made_of.name, 0, t, columns_of)

    def _padded(self, record: Record, a: int, b: int) -> Floats:
        values, _ = self._values(record, min(a, record.count), min(b, record.count))
        out = np.full(b - a, np.nan)
        out[: len(values)] = values
        return out

    def _values(self, record: Record, a: int, b: int) -> tuple[Floats, int]:
        return _in_unit(record, _raw(self.path, record, a, b))

    def _laps(self) -> tuple[list[float], NDArray[np.int64]]:
        """Seconds at which the logger's lap number changes, and the laps before and after."""
        for record, made, _ in self._columns:
            if made.name == "lap":
                values = np.nan_to_num(self._values(record, 0, record.count)[0])
                laps = np.clip(values, 0, 999).astype(np.int64)
                at = np.flatnonzero(np.diff(laps)) + 1
                if len(laps):
                    edges = [float(i) / record.rate_hz for i in at]
                    return edges, np.concatenate([laps[:1], laps[at]])
        return [], np.zeros(1, np.int64)

    def _beacons(self) -> tuple[Group, NDArray[np.int64], dict[str, Floats]] | None:
        log = self._log
        assert log is not None
        by_name = {r.name.lower(): r for r in log.records}
        record = by_name.get("beacon")
        if record is None or "f" in record.dtype:
            return None
        running, hz = None, 1.0
        timer = by_name.get("running lap time")
        if timer is not None:
            running, hz = self._values(timer, 0, timer.count)[0], timer.rate_hz
        raw = _raw(self.path, record, 0, record.count).astype(np.int64)
        found = [p for p in passes(raw, record.rate_hz, running, hz) if p.seconds >= 0]
        if not found:
            return None
        found = [replace(p, code=p.code or 1) for p in found]
        seconds = found[-1].seconds - found[0].seconds
        channels = (
            Channel("beacon", "1", 1.0, 0, 255, step=True),
            Channel("beacon_doubt", "s", 0.001, 0, 1),
        )
        rate = round(len(found) / max(seconds, 1.0), 3)
        group = Group(BEACON_GROUP, rate, SECOND_US, channels)
        t = log.started_us + np.array([round(p.seconds * 1e6) for p in found], np.int64)
        order = np.argsort(t, kind="stable")
        code = np.array([float(p.code) for p in found])[order]
        doubt = np.array([p.doubt_s for p in found])[order]
        return group, t[order], {"beacon": code, "beacon_doubt": doubt}

    def _read(self) -> _Log:
        try:
            with self.path.open("rb") as file:
                return self._parse(file, self.path.stat().st_size)
        except OSError as error:
            raise Failure(f"{self.path}: cannot be read ({error.strerror or error})") from error

    def _parse(self, file: BinaryIO, size: int) -> _Log:
        head = file.read(HEADER.size)
        if len(head) < HEADER.size:
            raise BadInput(f"{self.path}: offset {len(head)}: the header is cut off")
        fields = HEADER.unpack(head)
        date, time = text(fields[13]), text(fields[14])
        begin = moment(date, time)
        if begin is None:
            raise BadInput(f"{self.path}: offset 94: {date!r} {time!r} is not DD/MM/YYYY HH:MM:SS")
        event = session = ""
        if HEADER.size <= fields[3] <= size - EVENT.size:
            file.seek(fields[3])
            parts = EVENT.unpack(file.read(EVENT.size))
            event, session = text(parts[0]), text(parts[1])
        records, notes = _records(self.path, file, fields[1], size)
        notes.append(f"{self.path.name}: names no time zone; its {time} is taken as UTC")
        return _Log(
            round(begin.timestamp()) * SECOND_US,
            text(fields[16]),
            text(fields[17]),
            event,
            session,
            tuple(records),
            tuple(notes),
        )


def _name(record: Record) -> str:
    """The channel's name here; the beacons' own channel keeps another than the passes in it."""
    named = known(record.name)
    if named is not None:
        return named[0]
    plain = snake(record.name)
    return "beacon_words" if plain == "beacon" else plain


def _records(path: Path, file: BinaryIO, first: int, size: int) -> tuple[list[Record], list[str]]:
    """All channel records whose samples are in the file, and what is told of the others."""
    records: list[Record] = []
    seen: set[int] = set()
    odd: list[str] = []
    empty = 0
    at = first
    while at:
        if at in seen or len(seen) >= MAX_CHANNELS:
            raise BadInput(f"{path}: offset {at}: the chain of channels does not end")
        seen.add(at)
        file.seek(at)
        raw = file.read(CHANNEL.size)
        if len(raw) < CHANNEL.size:
            raise BadInput(f"{path}: offset {at}: a channel record is cut off; copy the file again")
        record, at = parse_record(raw, at)
        if not record.dtype or not record.scale or not 0 < record.rate_hz <= _MAX_RATE:
            odd.append(record.name or f"at offset {record.at}")
            continue
        end = record.data_at + record.count * np.dtype(record.dtype).itemsize
        if record.count > MAX_SAMPLES or end > size:
            raise BadInput(
                f"{path}: offset {record.at}: channel {record.name!r} has samples up to "
                f"{end} of {size} bytes; copy the file again"
            )
        if record.count:
            records.append(record)
        else:
            empty += 1
    if not records:
        raise BadInput(f"{path}: offset {first}: no channel has samples")
    notes = []
    if odd:
        shown = ", ".join(odd[:8])
        notes.append(f"{path.name}: {len(odd)} channels of a kind not known: {shown}")
    if empty:
        notes.append(f"{path.name}: {empty} channels have no samples")
    return records, notes


def read_records(path: Path) -> list[Record]:
    """All channel records of a .ld file, in their order. Raises BadInput or Failure."""
    try:
        with path.open("rb") as file:
            head = file.read(HEADER.size)
            if len(head) < HEADER.size:
                raise BadInput(f"{path}: offset {len(head)}: the header is cut off")
            return _records(path, file, HEADER.unpack(head)[1], path.stat().st_size)[0]
    except OSError as error:
        raise Failure(f"{path}: cannot be read ({error.strerror or error})") from error


def read_values(path: Path, record: Record) -> Floats:
    """All samples of a channel in its unit, error values as NaN."""
    return _in_unit(record, _raw(path, record, 0, record.count))[0]


def _in_unit(record: Record, raw: NDArray[np.generic]) -> tuple[Floats, int]:
    """Samples in the channel's unit, error values (the ends of the range) as NaN, and how many
    those are."""
    values = raw.astype(np.float64)
    bad = 0
    if "i" in record.dtype:
        most = 2 ** (8 * raw.dtype.itemsize - 1)
        error = (values == -most) | (values == most - 1)
        bad = int(error.sum())
        values[error] = np.nan
    with np.errstate(over="ignore", invalid="ignore"):
        values = values / record.scale * 10.0**-record.dec
        values = (values + record.shift) * record.mul
    values[~np.isfinite(values)] = np.nan
    return values, bad


def _raw(path: Path, record: Record, a: int, b: int) -> NDArray[np.generic]:
    width = np.dtype(record.dtype).itemsize
    try:
        with path.open("rb") as file:
            file.seek(record.data_at + a * width)
            data = file.read(max(b - a, 0) * width)
    except OSError as error:
        raise Failure(f"{path}: cannot be read ({error.strerror or error})") from error
    return np.frombuffer(data, record.dtype, len(data) // width)
