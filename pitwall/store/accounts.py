"""The writer's side of the ledger: one mutable account per series, totals kept by difference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import MappingProxyType

from pitwall.store.batch import Gap, Source
from pitwall.store.intervals import IntervalSet, minus, size
from pitwall.store.ledger import Ledger, SeriesLedger
from pitwall.telemetry import Series

LATE_US = 2_000_000
"""A streamed chunk is late when its series already has samples this much newer."""


def _no_counts() -> dict[Source, int]:
    return dict.fromkeys(Source, 0)


@dataclass(slots=True)
class Account:
    """Mutable books of one series; ``id`` is its integer in the recording."""

    id: int
    series: Series
    received: IntervalSet = field(default_factory=IntervalSet)
    quarantined: IntervalSet = field(default_factory=IntervalSet)
    head: int = 0
    has_head: bool = False
    newest_us: int = 0
    by_source: dict[Source, int] = field(default_factory=_no_counts)
    duplicates: dict[Source, int] = field(default_factory=_no_counts)
    late: int = 0
    conflicts: int = 0
    gaps: tuple[Gap, ...] = ()

    def copy(self) -> Account:
        """An independent copy: a transaction works on copies and is thrown away when it fails."""
        return Account(
            self.id,
            self.series,
            self.received.copy(),
            self.quarantined.copy(),
            self.head,
            self.has_head,
            self.newest_us,
            self.by_source.copy(),
            self.duplicates.copy(),
            self.late,
            self.conflicts,
            self.gaps,
        )

    def apply(self, n_lo: int, n_hi: int, t_hi: int, source: Source) -> int:
        """Book chunks ``n_lo..n_hi`` (none of them known) as applied. Returns how many are late."""
        chunks = n_hi - n_lo + 1
        self.received.add(n_lo, n_hi)
        self.by_source[source] += chunks
        late = chunks if source is Source.STREAM and t_hi < self.newest_us - LATE_US else 0
        self.late += late
        self.newest_us = max(self.newest_us, t_hi)
        if self.gaps:
            self._settle(n_lo, n_hi)
        return late

    def add_gap(self, gap: Gap) -> None:
        """Name a hole: the part of it that is not applied; the newest name wins."""
        self._settle(gap.n_lo, gap.n_hi)
        parts = self.received.missing(max(gap.n_lo, 1), gap.n_hi)
        named = tuple(Gap(gap.series, lo, hi, gap.t_lo, gap.t_hi, gap.reason) for lo, hi in parts)
        self.gaps = tuple(sorted(self.gaps + named, key=lambda g: g.n_lo))

    def _settle(self, n_lo: int, n_hi: int) -> None:
        taken = IntervalSet([(n_lo, n_hi)])
        kept: list[Gap] = []
        for gap in self.gaps:
            for lo, hi in taken.missing(gap.n_lo, gap.n_hi):
                kept.append(Gap(gap.series, lo, hi, gap.t_lo, gap.t_hi, gap.reason))
        self.gaps = tuple(kept)

    def snapshot(self) -> SeriesLedger:
        """Immutable form. O(number of intervals of this series)."""
        expected = max(self.head, self.received.last)
        absent = self.received.missing(1, expected)
        missing = minus(absent, self.quarantined) if self.quarantined.size else absent
        absent_count = size(absent)
        return SeriesLedger(
            series=self.series,
            expected=expected,
            head=self.head,
            applied=self.received.size,
            received=self.received.intervals(),
            missing=tuple(missing),
            absent=tuple(absent),
            quarantined_only=absent_count - size(missing),
            named=sum(max(min(g.n_hi, expected) - g.n_lo + 1, 0) for g in self.gaps),
            gaps=self.gaps,
            by_source=MappingProxyType(self.by_source.copy()),
            duplicates=sum(self.duplicates.values()),
            late=self.late,
            conflicts=self.conflicts,
            newest_us=self.newest_us,
            provable=self.has_head or self.by_source[Source.IMPORT] == self.received.size,
        )


class Books:
    """All accounts, and the ledger made of them. A snapshot costs the changed series only."""

    def __init__(self) -> None:
        self._accounts: dict[Series, Account] = {}
        self._duplicates: dict[Source, int] = _no_counts()
        self.quarantined = 0
        self.ledger = Ledger()

    def get(self, series: Series) -> Account | None:
        """The account of ``series``; not to be changed but through :meth:`replace`."""
        return self._accounts.get(series)

    def accounts(self) -> Iterable[Account]:
        """All accounts in order of first appearance."""
        return self._accounts.values()

    def __len__(self) -> int:
        return len(self._accounts)

    def replace(self, changed: Iterable[Account], quarantined: int) -> Ledger:
        """Put changed accounts in place of their old forms and return the new ledger."""
        old = self.ledger
        series = dict(old.series)
        by_source = dict(old.by_source)
        duplicates = dict(old.duplicates_by_source)
        sums = [old.expected, old.applied, old.missing, old.quarantined_only, old.named]
        late, conflicts = old.late, old.conflicts
        for account in changed:
            before = series.get(account.series)
            known = self._accounts.get(account.series)
            after = account.snapshot()
            late += after.late - (before.late if before else 0)
            conflicts += after.conflicts - (before.conflicts if before else 0)
            for i, (new, was) in enumerate(zip(_sums(after), _sums(before), strict=True)):
                sums[i] += new - was
            for source in Source:
                by_source[source] += after.by_source[source]
                duplicates[source] += account.duplicates[source]
                if before and known:
                    by_source[source] -= before.by_source[source]
                    duplicates[source] -= known.duplicates[source]
            series[account.series] = after
            self._accounts[account.series] = account
        self.quarantined = quarantined
        self.ledger = Ledger(
            expected=sums[0],
            applied=sums[1],
            missing=sums[2],
            quarantined_only=sums[3],
            named=sums[4],
            by_source=MappingProxyType(by_source),
            duplicates=sum(duplicates.values()),
            duplicates_by_source=MappingProxyType(duplicates),
            late=late,
            conflicts=conflicts,
            quarantined=quarantined,
            provable=bool(series) and all(s.provable for s in series.values()),
            series=MappingProxyType(series),
        )
        return self.ledger


def _sums(books: SeriesLedger | None) -> tuple[int, int, int, int, int]:
    if books is None:
        return 0, 0, 0, 0, 0
    return (
        books.expected,
        books.applied,
        books.missing_count,
        books.quarantined_only,
        books.named,
    )
