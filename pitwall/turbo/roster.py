"""What the producers had promised when we joined, and what of it is still open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pitwall.store import Ledger, SessionStore
from pitwall.telemetry import Head, Series
from pitwall.turbo.gather import Tail
from pitwall.turbo.holes import HoleTimes
from pitwall.turbo.splice import (
    Missing,
    Seam,
    complete,
    find_seam,
    raw_since,
    targets_of,
    unexplained,
)
from pitwall.turbo.status import Tempo
from pitwall.turbo.verdict import seam_proved, share_of


class Roster:
    """The heads as they stood before the archive was listed. Belongs to the follower's thread.

    Args:
        session: key.
        store: whose books say what is here.
        tempo: times and amounts.

    Attributes:
        heads: the newest of each producer, as the table had them.
        targets: newest n promised, by series.
        asked_us, answered_us: server time before and after they were read: what is written after
            the first is in the stream, what they speak of was written before the second.
        archive_ends: newest n of each series when the archive had been read; empty without one.
    """

    def __init__(self, session: str, store: SessionStore, tempo: Tempo) -> None:
        self.heads: Sequence[Head] = ()
        self.targets: Mapping[Series, int] = {}
        self.asked_us = 0
        self.answered_us = 0
        self.archive_ends: Mapping[Series, int] = {}
        self._session = session
        self._store = store
        self._tempo = tempo

    def take(self, heads: Sequence[Head], asked_us: int, answered_us: int) -> None:
        """Hold on to ``heads``."""
        self.heads = heads
        self.asked_us = asked_us
        self.answered_us = answered_us
        self.targets = targets_of(heads, self._session)

    def missing(self, *, named: bool = True) -> list[Missing]:
        """Holes in what was promised; with ``named`` those that were given up too."""
        ledger = self._store.ledger()
        return [
            hole
            for series, n in self.targets.items()
            for hole in unexplained(ledger, series, n, named=named)
        ]

    def speaks_of_all(self, ledger: Ledger) -> bool:
        """True when heads speak of every series in the books: of others nobody can say how much of
        them there is."""
        return bool(self.targets) and ledger.series.keys() <= self.targets.keys()

    def complete(self, ledger: Ledger) -> bool:
        """True when everything that was promised is in the books or named."""
        return complete(ledger, self.targets)

    def share(self, ledger: Ledger) -> float:
        """How much of it is here, 0..1."""
        return share_of(ledger, self.targets)

    def archive_was_read(self) -> None:
        """What is in the books now came from the archive or was here before."""
        ledger = self._store.ledger()
        self.archive_ends = {series: ledger.tail(series) for series in self.targets}

    def raw_since(self) -> int | None:
        """See :func:`pitwall.turbo.splice.raw_since`."""
        return raw_since(
            self.heads,
            self._session,
            self._store.ledger(),
            HoleTimes(self._store),
            now_us=self.asked_us,
            few=self._tempo.archive_from,
        )

    def seam(self, tails: Mapping[Series, Tail], reach_us: int) -> Seam:
        """Where the stream takes over; ``reach_us`` is how far back it is counted on."""
        return find_seam(
            self.heads,
            self._session,
            self._store.ledger(),
            tails,
            HoleTimes(self._store),
            now_us=self.asked_us,
            overlap_us=self._tempo.overlap_us,
            reach_us=reach_us,
            most=self._tempo.repair_most,
        )

    def inner_holes(self) -> list[Missing]:
        """Holes before each series' newest chunk: no resumed shard brings those by itself."""
        ledger = self._store.ledger()
        return [
            hole
            for series, n in self.targets.items()
            for hole in unexplained(ledger, series, min(n, ledger.tail(series)), named=True)
        ]

    def given_up(self, besides: Sequence[Missing]) -> list[Missing]:
        """Holes that an earlier start gave up, and that ``besides`` does not touch: nothing waits
        for them any more, so they are asked for whoever else may bring them."""
        ledger = self._store.ledger()
        out: list[Missing] = []
        for series, n in self.targets.items():
            books = ledger.series.get(series)
            for gap in books.gaps if books else ():
                hole = Missing(series, gap.n_lo, min(gap.n_hi, n))
                if hole.size > 0 and not any(
                    other.series == series and other.n_lo <= hole.n_hi and hole.n_lo <= other.n_hi
                    for other in besides
                ):
                    out.append(hole)
        return out

    def seam_proved(self, ledger: Ledger) -> bool:
        """True when nothing is missing between the archive's end and what was promised."""
        return seam_proved(ledger, self.targets, self.archive_ends)
