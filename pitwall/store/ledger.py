"""The ledger: what should be here, what is, by which way it came, and what is not.

Each series counts its chunks 1, 2, 3, ...; a producer's head says how far it got. So for every
series at every moment::

    expected = applied + quarantined only + missing

and the books always close. Whether ``expected`` itself can be trusted is :attr:`Ledger.provable`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pitwall.store.batch import Gap, Source
from pitwall.store.intervals import Interval
from pitwall.telemetry import Series


@dataclass(frozen=True, slots=True)
class SeriesLedger:
    """The books of one series.

    Attributes:
        series: whose.
        expected: chunks that exist as far as anybody knows: max(head, largest applied n).
        head: the newest head's counter, 0 without a head.
        applied: chunks stored.
        received: intervals of the applied n.
        missing: intervals of 1..expected that are neither applied nor in quarantine.
        absent: intervals of 1..expected that are not applied (missing and quarantined only):
            what a repair should ask for.
        quarantined_only: chunks of 1..expected known only from quarantine.
        named: chunks of ``absent`` that a gap row explains.
        gaps: those gap rows.
        by_source: applied chunks by the leg that brought them.
        duplicates: repeats of an applied chunk, same crc.
        late: chunks that the stream brought after chunks more than two seconds newer.
        conflicts: chunks with the identity of an applied one and another crc.
        newest_us: event time of the newest sample, 0 when none.
        provable: a head bounds this series, or all of it was imported.
    """

    series: Series
    expected: int
    head: int
    applied: int
    received: tuple[Interval, ...] = field(repr=False)
    missing: tuple[Interval, ...]
    absent: tuple[Interval, ...]
    quarantined_only: int
    named: int
    gaps: tuple[Gap, ...]
    by_source: Mapping[Source, int]
    duplicates: int
    late: int
    conflicts: int
    newest_us: int
    provable: bool

    @property
    def missing_count(self) -> int:
        """Number of missing chunks."""
        return self.expected - self.applied - self.quarantined_only

    @property
    def frontier(self) -> int:
        """Largest n with 1..n all applied."""
        return self.received[0][1] if self.received and self.received[0][0] == 1 else 0

    @property
    def tail(self) -> int:
        """Largest applied n, 0 when none."""
        return self.received[-1][1] if self.received else 0


@dataclass(frozen=True, slots=True)
class Ledger:
    """The books of a session: totals in chunks, and each series. Immutable.

    Attributes:
        expected, applied, missing, quarantined_only, named: sums over the series.
        by_source: applied chunks by source.
        duplicates: repeats with the same crc; ``duplicates_by_source`` says where they came from.
        late, conflicts: sums over the series.
        quarantined: records in quarantine, whether or not their identity is known or another
            source has since delivered the chunk.
        provable: every series is bounded by a head or was imported, and there is one.
        series: per series, in order of first appearance.
    """

    expected: int = 0
    applied: int = 0
    missing: int = 0
    quarantined_only: int = 0
    named: int = 0
    by_source: Mapping[Source, int] = field(default_factory=lambda: dict.fromkeys(Source, 0))
    duplicates: int = 0
    duplicates_by_source: Mapping[Source, int] = field(
        default_factory=lambda: dict.fromkeys(Source, 0)
    )
    late: int = 0
    conflicts: int = 0
    quarantined: int = 0
    provable: bool = False
    series: Mapping[Series, SeriesLedger] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )

    @property
    def repaired(self) -> int:
        """Chunks that keyed reads of holes brought."""
        return self.by_source[Source.TABLE]

    @property
    def closes(self) -> bool:
        """True when expected = applied + quarantined only + missing."""
        return self.expected == self.applied + self.quarantined_only + self.missing

    @property
    def complete(self) -> bool:
        """Proved complete: everything that the heads promise has been applied."""
        return self.provable and self.expected == self.applied

    def frontier(self, series: Series) -> int:
        """Largest n with 1..n all applied; 0 for an unknown series."""
        books = self.series.get(series)
        return books.frontier if books else 0

    def tail(self, series: Series) -> int:
        """Largest applied n; 0 for an unknown series."""
        books = self.series.get(series)
        return books.tail if books else 0
