"""Filling holes by keyed reads of the table, and naming those that it has not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pitwall.cloud import LapEntry
from pitwall.store import Batch, Gap, Quarantined, Source
from pitwall.stream import Pool
from pitwall.telemetry import Failure, Segment, Series
from pitwall.telemetry.clock import SECOND_US
from pitwall.telemetry.names import MAX_LAP
from pitwall.turbo.desk import Desk
from pitwall.turbo.holes import HoleTimes
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.patience import Stopped
from pitwall.turbo.splice import Missing, unexplained
from pitwall.turbo.table import Found, TableReader

SEALED_FROM = 16
"""Chunks from which a hole is looked for among sealed laps first: one item holds hundreds."""


@dataclass(slots=True)
class Repaired:
    """What came of it. Belongs to the caller.

    Attributes:
        asked, filled: chunks.
        named: what was given up.
        left: holes that are still open: not in the table, and not to be named yet.
        reads: requests made.
        failure: why some could not be asked for; empty when all were.
    """

    asked: int = 0
    filled: int = 0
    named: list[Gap] = field(default_factory=list)
    left: list[Missing] = field(default_factory=list)
    reads: int = 0
    failure: str = ""


@dataclass(frozen=True, slots=True)
class _Read:
    """Chunks of one partition."""

    table: TableReader
    group: str
    lap: int
    car: str
    t_lo: int
    t_hi: int

    def __call__(self) -> Found:
        return self.table.chunks(self.group, self.lap, self.car, self.t_lo, self.t_hi)


@dataclass(frozen=True, slots=True)
class _ReadSealed:
    """Sealed laps."""

    table: TableReader
    entries: tuple[LapEntry, ...]

    def __call__(self) -> Found:
        return self.table.sealed(self.entries)


class Repairer:
    """Used by the follower's thread only; the reads run in a pool.

    Args:
        table: keyed reads.
        desk: takes what is found; its store says what is there, and when.
        laps: which lap a chunk is in, as far as chunks have come by.
    """

    def __init__(self, table: TableReader, desk: Desk, laps: LapIndex) -> None:
        self._table = table
        self._desk = desk
        self._store = desk.store
        self._laps = laps
        self._catalog: list[LapEntry] = []
        self._met: set[str] = set()

    def repair(
        self, holes: Sequence[Missing], may_name: Callable[[Missing], str], pool: Pool[Found]
    ) -> Repaired:
        """Ask for ``holes``, hand over what is there, name the rest.

        ``may_name`` gives the reason under which a hole is given up, or nothing to leave it open;
        it is asked only after the table was read. Raises the writer's failure, or Stopped; the
        table's failures are in the result.
        """
        out = Repaired(asked=sum(hole.size for hole in holes))
        if not holes:
            return out
        if any(h.size >= SEALED_FROM or not self._laps.knows(h.series, h.n_lo) for h in holes):
            self._read_catalog(out)
        big = [hole for hole in holes if hole.size >= SEALED_FROM]
        if big and self._catalog:
            self._run(self._sealed_reads(big), big, out, pool)
            self._desk.flush()
            holes = self._still(holes)
        self._run(self._reads(holes), holes, out, pool)
        self._desk.flush()
        still = self._still(holes)
        out.filled = out.asked - sum(hole.size for hole in still)
        out.left = still if out.failure else self._name(still, may_name, out)
        return out

    def _read_catalog(self, out: Repaired) -> None:
        # Without a catalog the laps are searched one by one: slower, not wrong.
        try:
            self._catalog = self._table.catalog()
        except Failure as failure:
            out.failure = str(failure)
            return
        self._laps.learn(self._catalog)

    def _sealed_reads(self, holes: Iterable[Missing]) -> dict[str, _ReadSealed]:
        wanted: dict[tuple[str, int], LapEntry] = {}
        for hole in holes:
            s = hole.series
            for entry in self._catalog:
                runs = entry.ranges.get((s.group, s.epoch), ())
                if entry.car != s.car or not entry.sealed:
                    continue
                if any(lo <= hole.n_hi and hi >= hole.n_lo for lo, hi in runs):
                    key = (f"{s.car}#{s.group}#{s.epoch}", entry.lap)
                    wanted[key] = LapEntry(
                        entry.session, entry.car, entry.lap, entry.t_lo, entry.t_hi,
                        {(s.group, s.epoch): runs}, True,
                    )  # fmt: skip
        entries = list(wanted.values())
        return {
            f"sealed {at}": _ReadSealed(self._table, tuple(entries[at : at + 50]))
            for at in range(0, len(entries), 50)
        }

    def _reads(self, holes: Iterable[Missing]) -> dict[str, _Read]:
        times = HoleTimes(self._store)
        reads: dict[str, _Read] = {}
        for hole in holes:
            s = hole.series
            t_lo, t_hi = times.bounds(hole)
            first, last = times.laps(hole)
            for lap in self._laps.around(s, hole.n_lo, hole.n_hi, last):
                if not first <= lap <= MAX_LAP:
                    continue
                key = f"{s.group}#{lap}#{s.car}#{t_lo}#{t_hi}"
                reads[key] = _Read(self._table, s.group, lap, s.car, t_lo, t_hi)
        return reads

    def _run(
        self,
        reads: Mapping[str, Callable[[], Found]],
        holes: Sequence[Missing],
        out: Repaired,
        pool: Pool[Found],
    ) -> None:
        """Make the reads, several at a time, and hand over what they find of ``holes``."""
        wanted: dict[Series, list[Missing]] = defaultdict(list)
        for hole in holes:
            wanted[hole.series].append(hole)
        todo = list(reads.items())
        under_way = 0
        while todo or under_way:
            if self._desk.stop.is_set():
                raise Stopped
            while todo and pool.free():
                key, job = todo.pop()
                under_way += 1
                out.reads += 1
                pool.put(key, job)
            pool.wait(0.25)
            for done in pool.take():
                under_way -= 1
                if isinstance(done.error, Failure):
                    out.failure = str(done.error)
                elif done.error is not None:
                    raise done.error
                elif done.value is not None:
                    self._hand_over(done.value, wanted)

    def _hand_over(self, found: Found, wanted: dict[Series, list[Missing]]) -> None:
        segments, bad = found
        mine = [s for s in segments if _asked(s, wanted.get(s.series, ()))]
        fresh = [q for q in bad if self._unknown(q)]
        if not mine and not fresh:
            return
        self._laps.note_all(mine)
        self._desk.submit(
            Batch(
                Source.TABLE,
                tuple(mine),
                received_us=self._desk.time.now_us(),
                quarantined=tuple(fresh),
            )
        )

    def _unknown(self, item: Quarantined) -> bool:
        """A damaged item is met at every repair of its lap: it is kept once."""
        if item.where in self._met:
            return False
        self._met.add(item.where)
        return True

    def _still(self, holes: Iterable[Missing]) -> list[Missing]:
        ledger = self._store.ledger()
        out: list[Missing] = []
        for hole in holes:
            for left in unexplained(ledger, hole.series, hole.n_hi, named=True):
                lo, hi = max(left.n_lo, hole.n_lo), min(left.n_hi, hole.n_hi)
                if lo <= hi:
                    out.append(Missing(hole.series, lo, hi))
        return out

    def name(self, holes: Sequence[Missing], reason: str) -> list[Gap]:
        """Name ``holes`` without reading."""
        out = Repaired()
        self._name(holes, lambda hole: reason, out)
        return out.named

    def _name(
        self, holes: Iterable[Missing], may_name: Callable[[Missing], str], out: Repaired
    ) -> list[Missing]:
        """Name what may be named; returns the rest."""
        times = HoleTimes(self._store)
        gaps: list[Gap] = []
        left: list[Missing] = []
        for hole in holes:
            reason = may_name(hole)
            if reason:
                t_lo, t_hi = times(hole)
                gaps.append(Gap(hole.series, hole.n_lo, hole.n_hi, t_lo, t_hi, reason))
            else:
                left.append(hole)
        if gaps:
            out.named = gaps
            self._desk.submit(
                Batch(Source.TABLE, received_us=self._desk.time.now_us(), gaps=tuple(gaps))
            )
            self._desk.flush()
        return left


def loss_of(gaps: Sequence[Gap], times: HoleTimes) -> dict[str, object]:
    """What was lost, for whoever tells of it: ``chunks``; ``cars``; ``seconds``, of the car that
    lost most, however many of its groups; ``laps``, first and last in which it may be."""
    lost: dict[str, list[tuple[int, int]]] = defaultdict(list)
    around: list[int] = []
    for gap in gaps:
        lost[gap.series.car].append((gap.t_lo, gap.t_hi))
        around += times.laps(Missing(gap.series, gap.n_lo, gap.n_hi))
    return {
        "chunks": sum(gap.n_hi - gap.n_lo + 1 for gap in gaps),
        "cars": sorted(lost),
        "seconds": max(map(_covered_us, lost.values())) / SECOND_US,
        "laps": (min(around), max(around)),
    }


def _covered_us(spans: Iterable[tuple[int, int]]) -> int:
    """How long at least one of the spans lasts."""
    covered = end = 0
    for lo, hi in sorted(spans):
        covered += max(hi - max(lo, end), 0)
        end = max(end, hi)
    return covered


def _asked(segment: Segment, holes: Iterable[Missing]) -> bool:
    return any(hole.n_lo <= segment.n_hi and hole.n_hi >= segment.n_lo for hole in holes)
