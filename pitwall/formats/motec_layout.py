"""The layout of MoTeC .ld files, as publicly described: a header, a chain of channel records,
their samples. All little-endian, at fixed offsets."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

MARKER: Final = 0x40
HEADER = struct.Struct("<I4xII20xI24xHHHI8sHHI4s16s16x16s16x64s64s64x64s64x1024xI66x64s126x")
EVENT = struct.Struct("<64s64s1024sH")
CHANNEL = struct.Struct("<IIIIHHHHhhhh32s8s12s40x")
MAX_CHANNELS = 1000
MAX_SAMPLES = 1 << 27

_TYPES: dict[tuple[int, int], str] = {
    (0, 2): "<i2",
    (3, 2): "<i2",
    (5, 2): "<i2",
    (0, 4): "<i4",
    (3, 4): "<i4",
    (5, 4): "<i4",
    (7, 2): "<f2",
    (7, 4): "<f4",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One channel record.

    Attributes:
        at: offset of the record in the file.
        data_at, count: offset and number of samples.
        dtype: numpy type of the samples, empty for one that is not known.
        rate_hz: samples per second.
        shift, mul, scale, dec: value = (raw / scale * 10**-dec + shift) * mul.
        name, unit: as written.
    """

    at: int
    data_at: int
    count: int
    dtype: str
    rate_hz: int
    shift: int
    mul: int
    scale: int
    dec: int
    name: str
    unit: str

    @property
    def resolution(self) -> float:
        """Size of one step of whole-numbered samples in the unit; 0 for floating ones."""
        if "f" in self.dtype:
            return 0.0
        return abs(self.mul / self.scale) * float(10.0**-self.dec)

    @property
    def offset(self) -> float:
        """Value of the raw sample 0."""
        return float(self.shift * self.mul)


def parse_record(raw: bytes, at: int) -> tuple[Record, int]:
    """The channel record in ``raw``, which lies at ``at``, and the offset of the next one."""
    (_, after, data_at, count, _, kind, size, rate, shift, mul, scale, dec, name, _, unit) = (
        CHANNEL.unpack(raw)
    )
    dtype = _TYPES.get((kind, size), "")
    return (
        Record(at, data_at, count, dtype, rate, shift, mul, scale, dec, text(name), text(unit)),
        after,
    )


def text(raw: bytes) -> str:
    """A fixed field up to its first zero, as Latin-1, without control characters."""
    words = raw.split(b"\0", 1)[0].decode("latin-1")
    return "".join(c for c in words if c.isprintable()).strip()


def moment(date: str, time: str) -> datetime | None:
    """``23/11/2005`` and ``09:53:00`` as UTC, since the file names no zone; None for anything
    else."""
    for form in ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M"):
        try:
            return datetime.strptime(f"{date} {time}", form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
