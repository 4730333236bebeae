"""What goes into a recording in one transaction, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pitwall.store.edits import Edit
from pitwall.telemetry import Head, Samples, Segment, Series

if TYPE_CHECKING:
    from pitwall.store.ledger import Ledger


class Source(StrEnum):
    """Where a chunk came from."""

    ARCHIVE = "archive"
    STREAM = "stream"
    TABLE = "table"
    """Keyed repair reads."""
    IMPORT = "import"
    TABLE_LAPS = "table laps"
    """Sealed laps read from the table: the history of whoever reads no archive. No repairs."""

    @property
    def code(self) -> int:
        """Small number used in files and sample columns."""
        return _CODES[self]

    @staticmethod
    def of_code(code: int) -> Source:
        """Inverse of :attr:`code`, whether late or not. Raises KeyError."""
        return _BY_CODE[code & ~LATE]


LATE = 0x80
"""Set in a code beside the source: its series had samples :data:`pitwall.store.accounts.LATE_US`
newer when the stream brought it."""

_CODES = {
    Source.ARCHIVE: 1,
    Source.STREAM: 2,
    Source.TABLE: 3,
    Source.IMPORT: 4,
    Source.TABLE_LAPS: 5,
}
_BY_CODE = {code: source for source, code in _CODES.items()}


def _nothing() -> Mapping[Any, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that could not be used, kept raw.

    Attributes:
        source: which leg delivered it.
        where: shard and sequence, object and offset, key, or file and row.
        reason: what is wrong with it, in a few words.
        raw: the bytes as they came.
        series, n, n_hi: its identity where it could be told; ``n_hi`` when it is a run.
    """

    source: Source
    where: str
    reason: str
    raw: bytes = field(repr=False)
    series: Series | None = None
    n: int | None = None
    n_hi: int | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A named hole: chunks ``n_lo..n_hi`` that no source could give, and why."""

    series: Series
    n_lo: int
    n_hi: int
    t_lo: int
    t_hi: int
    reason: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two different chunks under one identity. The first was kept; both are here raw.

    Attributes:
        series, n: the identity.
        first_crc, first_t, first: crc, start time and payload of the chunk that was kept.
        second_crc, second_t, second: of the one that came later, by way of ``source``.
    """

    series: Series
    n: int
    first_crc: int
    first_t: int
    first: bytes = field(repr=False)
    second_crc: int
    second_t: int
    second: bytes = field(repr=False)
    source: Source


@dataclass(frozen=True, slots=True)
class Batch:
    """What one reader hands over at a time.

    Attributes:
        source: which leg it came by.
        segments: chunks and runs of chunks, in any order, repeats allowed.
        heads: producers' heads.
        received_us: receipt time on this machine, microseconds UTC.
        quarantined: records that could not be parsed.
        gaps: holes that have been given up, by name.
        checkpoints: shard id -> its state as JSON, committed together with the data.
        meta: entries for the recording's key/value table (track line, address of the source).
        edits: notes and alarms that are written, changed or taken away.
        samples: what :func:`pitwall.store.open_segments` made of ``segments``, one for each, when
            whoever read them had the time; empty when the writer is to open them. None where it
            could not: with samples a segment has no :func:`pitwall.store.segment_fault`.
        repeats: chunks that came and are left out, since they are the same to the byte as such
            that were handed over, by series: the books count them.
    """

    source: Source
    segments: tuple[Segment, ...] = ()
    heads: tuple[Head, ...] = ()
    received_us: int = 0
    quarantined: tuple[Quarantined, ...] = ()
    gaps: tuple[Gap, ...] = ()
    checkpoints: Mapping[str, str] = field(default_factory=_nothing)
    meta: Mapping[str, str] = field(default_factory=_nothing)
    edits: tuple[Edit, ...] = ()
    samples: tuple[Samples | None, ...] = field(default=(), repr=False, compare=False)
    repeats: Mapping[Series, int] = field(default_factory=_nothing)

    @property
    def chunks(self) -> int:
        """How many ``segments`` hold."""
        return sum(segment.chunks for segment in self.segments)

    @property
    def held(self) -> int:
        """Bytes of ``samples``."""
        return sum(s.t.nbytes + s.values.nbytes for s in self.samples if s is not None)


@dataclass(frozen=True, slots=True)
class Fresh:
    """A segment that was stored, with its samples.

    Attributes:
        segment: as stored; a partly known run was cut down to the unknown chunks.
        source: which leg it came by.
        samples: decoded, times relative to ``segment.t_lo``.
        late: as the ledger counts it.
    """

    segment: Segment
    source: Source
    samples: Samples
    late: bool = False

    @property
    def code(self) -> int:
        """As sample columns keep it: of the source, with :data:`LATE` where it is so."""
        return self.source.code | (LATE if self.late else 0)


@dataclass(frozen=True, slots=True)
class Applied:
    """What one transaction did.

    Attributes:
        fresh: what was new.
        chunks: number of new chunks.
        duplicates, conflicts, late, repaired: chunks, this transaction only.
        quarantined: records put into quarantine by this transaction.
        ledger: the books after it.
        heads: newest head of each (car, epoch) after it.
        meta: the recording's key/value table after it.
    """

    fresh: tuple[Fresh, ...]
    chunks: int
    duplicates: int
    conflicts: int
    late: int
    repaired: int
    quarantined: int
    ledger: Ledger = field(repr=False)
    heads: Mapping[tuple[str, str], Head] = field(repr=False)
    meta: Mapping[str, str] = field(repr=False)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments of :attr:`fresh`."""
        return tuple(f.segment for f in self.fresh)
