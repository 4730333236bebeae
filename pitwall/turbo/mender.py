"""Which holes are asked for when, and under which name they are given up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pitwall.store import Gap, Ledger
from pitwall.stream import Pool, ReaderStatus
from pitwall.turbo.desk import Desk
from pitwall.turbo.holes import HoleTimes
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.overdue import Overdue
from pitwall.turbo.repair import Repaired, Repairer, loss_of
from pitwall.turbo.splice import Missing, targets_of
from pitwall.turbo.status import Tempo
from pitwall.turbo.table import TableReader

NOT_IN_TABLE = "not in the archive, the stream or the table"
CANCELLED = "history was cancelled"


class Mender:
    """Belongs to the follower's thread; reads run in a pool that lives as long as they do.

    Args:
        table: keyed reads.
        session: its key.
        desk: where what is found goes, status and events.
        laps: which lap a chunk is in.
        make_pool, tempo: as the follower has them.
    """

    def __init__(
        self,
        table: TableReader,
        session: str,
        desk: Desk,
        laps: LapIndex,
        make_pool: Callable[[str, int], Pool[Any]],
        tempo: Tempo,
    ) -> None:
        self._session = session
        self._desk = desk
        self._make_pool = make_pool
        self._tempo = tempo
        self._overdue = Overdue(tempo.again_us, tempo.again_most_us)
        self._repairer = Repairer(table, desk, laps)
        self._told = ""
        """The failure that this leg put into the message last."""

    def note(self, ledger: Ledger, now_us: int) -> None:
        """What ``ledger`` says exists was known at server time ``now_us``."""
        self._overdue.note(ledger, now_us)

    def mend_overdue(self, ledger: Ledger, status: ReaderStatus, now_us: int) -> None:
        """Ask for the chunks that should have come by now."""
        tempo = self._tempo
        live = self._desk.status.time_to_live_s is not None
        limit = now_us - (tempo.live_wait_us if live else 0)
        # The stream brings what it has not reached yet, unless it has stood still for too long.
        limit = min(limit, max(status.passed_us, now_us - tempo.patience_us))
        holes = self._overdue.holes(ledger, limit, now_us)
        if holes:
            done = self.mend(holes)
            self._overdue.tried(done.left, holes, now_us)

    def mend(self, holes: Sequence[Missing]) -> Repaired:
        """Ask for ``holes`` now."""
        desk = self._desk
        promised = targets_of(list(desk.store.heads().values()), self._session)
        pool: Pool[Any] = self._make_pool("pitwall-repair", self._tempo.repair_threads)
        pool.start()
        try:
            done = self._repairer.repair(
                holes,
                # Only what a head has promised can be said to be missing for good.
                lambda hole: NOT_IN_TABLE if hole.n_hi <= promised.get(hole.series, 0) else "",
                pool,
            )
        finally:
            pool.stop(5.0)
        desk.set(repaired=desk.status.repaired + done.filled)
        if done.filled:
            desk.tell("repaired", {"chunks": done.filled, "reads": done.reads})
        self._named(done.named, NOT_IN_TABLE)
        if done.failure or desk.status.message == self._told:
            desk.set(message=done.failure)
            self._told = done.failure
        return done

    def give_up(self, holes: Sequence[Missing]) -> None:
        """Name ``holes``: the history was cancelled."""
        self._named(self._repairer.name(holes, CANCELLED), CANCELLED)

    def _named(self, gaps: Sequence[Gap], reason: str) -> None:
        if gaps:
            chunks = sum(gap.n_hi - gap.n_lo + 1 for gap in gaps)
            self._desk.set(named=self._desk.status.named + chunks)
            self._desk.tell(
                "named", {**loss_of(gaps, HoleTimes(self._desk.store)), "reason": reason}
            )
