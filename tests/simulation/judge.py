"""Whether a schedule ended as it must: every chunk there once, in order, or named as lost."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from pitwall.stream import StreamGap
from tests.simulation import kinds
from tests.simulation.clock import SECOND
from tests.simulation.paddock import STEP_BACK_US, Paddock
from tests.simulation.schedule import Schedule

Chunk = tuple[str, int]
REPEATING = ("repeated_page", "stuck_page", "written_twice", "refused_position", "refused_time")
"""After these the reader may hand over what it has handed over before."""


@dataclass
class Verdict:
    """What one seed came to.

    Attributes:
        seed, source: which.
        records: chunks written.
        lost: neither there nor named, or named although the stream still had them.
        repeated: there more than once, or handed over again for no reason: a place that is kept
            together with the data is never read twice, crash or not.
        out_of_order: that came to the disk behind a later one of their car.
        damaged: there with another content than was written; poison not kept once; conflicts.
        misnamed: gaps whose bounds hold more or less than what was lost.
        over_limit: calls beyond what the service serves.
        gaps: rows in the recording that name a loss; ``named`` is their chunks.
        rotations: ends of shards.
        met: kinds of faults that had an effect.
        error: what the program raised.
    """

    seed: int
    source: str
    records: int = 0
    lost: list[Chunk] = field(default_factory=list)
    repeated: list[Chunk] = field(default_factory=list)
    out_of_order: list[Chunk] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    misnamed: list[str] = field(default_factory=list)
    over_limit: int = 0
    gaps: int = 0
    named: int = 0
    rotations: int = 0
    met: Counter[str] = field(default_factory=Counter)
    error: str = ""

    @property
    def good(self) -> bool:
        """Nothing is wrong."""
        return not (
            self.lost
            or self.repeated
            or self.out_of_order
            or self.damaged
            or self.misnamed
            or self.over_limit
            or self.error
        )

    def text(self) -> str:
        """What is wrong, in a line."""
        wrong = {
            name: value
            for name in (
                "error", "lost", "repeated", "out_of_order", "damaged", "misnamed", "over_limit",
            )
            if (value := getattr(self, name))
        }  # fmt: skip
        return f"seed {self.seed} {self.source}: {str(wrong)[:600] or 'good'}"


def judge(schedule: Schedule) -> Verdict:
    """Compare what is on the disk with what was written."""
    paddock, laptop = schedule.paddock, schedule.laptop
    out = Verdict(schedule.plan.seed, schedule.plan.source, len(paddock.written))
    out.rotations = paddock.rotations
    out.met = schedule.met_kinds()
    out.over_limit = paddock.network.over_limit
    streamed = set(laptop.committed)
    there = _on_disk(schedule, out)
    named = _named(schedule, out)
    gone = paddock.lost
    optional = {k for k, c in paddock.written.items() if c.written_us <= schedule.wanted_us}
    out.lost += sorted(schedule.due - streamed)
    out.lost += sorted(paddock.written.keys() - there.keys() - named - set(out.lost))
    for key in named:
        if key in there:
            out.misnamed.append(f"{key} is there and named")
        elif key not in gone | optional:
            out.misnamed.append(f"{key} is named and was in the stream")
        elif paddock.in_table(key):
            out.misnamed.append(f"{key} is named and in the table")
    _check_order(laptop.committed, out)
    if not any(out.met[kind] for kind in REPEATING):
        times = Counter(laptop.committed)
        out.repeated += sorted(key for key, count in times.items() if count > 1)
    if schedule.plan.source == kinds.DYNAMODB:
        _check_gaps(schedule, streamed, gone, out)
    return out


def _on_disk(schedule: Schedule, out: Verdict) -> Counter[Chunk]:
    recording, paddock = schedule.laptop.recording, schedule.paddock
    there: Counter[Chunk] = Counter()
    for series in recording.series():
        for row in recording.read_segments(series):
            segment = row.segment
            for n, crc in zip(range(segment.n_lo, segment.n_hi + 1), segment.crcs, strict=True):
                key = (series.car, n)
                there[key] += 1
                wrote = paddock.segments.get(key)
                if wrote is None or wrote.crcs[0] != crc:
                    out.damaged.append(f"{key} is not what was written")
    out.repeated = sorted(key for key, times in there.items() if times > 1)
    ledger = recording.ledger()
    if ledger.applied != len(there):
        out.damaged.append(f"books of {ledger.applied}, {len(there)} chunks")
    if ledger.conflicts:
        out.damaged.append(f"{ledger.conflicts} conflicts")
    wanted = sum(c.written_us > schedule.wanted_us for c in paddock.poison) - schedule.lost_poison
    kept = recording.counters().get("quarantined", 0)
    if not wanted <= kept <= len(paddock.poison):
        out.damaged.append(f"{kept} of {wanted} unreadable records kept")
    return there


def _named(schedule: Schedule, out: Verdict) -> set[Chunk]:
    named: list[Chunk] = []
    for gap in schedule.laptop.recording.gaps():
        out.gaps += 1
        named += [(gap.series.car, n) for n in range(gap.n_lo, gap.n_hi + 1)]
    out.named = len(named)
    if len(named) != len(set(named)):
        out.misnamed.append("named twice")
    return set(named)


def _check_order(committed: list[Chunk], out: Verdict) -> None:
    """A car's chunks came in its order; what came again does not count."""
    newest: Counter[str] = Counter()
    seen: set[Chunk] = set()
    for key in committed:
        if key in seen:
            continue
        seen.add(key)
        if key[1] < newest[key[0]]:
            out.out_of_order.append(key)
        newest[key[0]] = max(newest[key[0]], key[1])


def _check_gaps(schedule: Schedule, streamed: set[Chunk], gone: set[Chunk], out: Verdict) -> None:
    """What the stream itself could show as lost was told, with bounds that touch what was read."""
    paddock = schedule.paddock
    steps_back = bool(paddock.met["times_step_back"])
    by_shard: dict[str, list[StreamGap]] = defaultdict(list)
    for gap in schedule.gaps:
        by_shard[gap.shard].append(gap)
    after = _descendants(paddock)
    doubts = {shard.id: shard.doubt_us for shard in schedule.status.shards}
    for key, change in paddock.written.items():
        if change.written_us <= schedule.wanted_us:
            continue
        own = by_shard[change.shard]
        if key in gone and key not in streamed:
            # A shard that was never listed can only be told by one that follows it.
            told = [*own, *(g for name in after[change.shard] for g in by_shard[name])]
            if 0 < doubts.get(change.shard, 0) <= change.created_us:
                continue  # nothing came after it: that the shard is in doubt is what can be said
            slack = STEP_BACK_US if steps_back else 0
            if key not in paddock.silent and not any(
                _holds(g, change.created_us, slack) for g in told
            ):
                out.misnamed.append(f"{key} is lost and no gap of the stream holds it")
        elif not steps_back:
            # One whose end a crash took away stays open: it may speak of too much.
            out.misnamed += [
                f"{key} is there, and in the gap {g}"
                for g in own
                if g.to_us and _deep(g, change.created_us)
            ]


def _descendants(paddock: Paddock) -> dict[str, set[str]]:
    """Every shard that continues another, over however many generations."""
    out: dict[str, set[str]] = defaultdict(set)
    for stream in paddock.streams:
        above: dict[str, set[str]] = {}
        for shard in stream.shards.values():
            above[shard.id] = set(shard.parents).union(*(above[p] for p in shard.parents))
            for name in above[shard.id]:
                out[name].add(shard.id)
    return out


def _holds(gap: StreamGap, created_us: int, slack_us: int) -> bool:
    low = gap.from_us // SECOND * SECOND - slack_us
    return low <= created_us and (not gap.to_us or created_us <= gap.to_us + slack_us)


def _deep(gap: StreamGap, created_us: int) -> bool:
    return gap.from_us + SECOND <= created_us <= gap.to_us - SECOND
