"""Whether a joining schedule ended as it must: every chunk there once, or a gap that names it, and
nothing claimed on the way that was not so."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from pitwall.store import Recording
from tests.simulation.join_race import Chunk
from tests.simulation.join_schedules import JoinSchedule
from tests.simulation.join_witness import applied, named

LOSSY = ("trimmed", "lost_everywhere", "slept_past_retention", "switched_off_and_on")
"""After these the stream may have lost something."""


@dataclass
class JoinVerdict:
    """What one seed came to.

    Attributes:
        seed, source: which.
        records: chunks written.
        lost: neither there nor named.
        repeated: there more than once, on the disk or in memory.
        damaged: there with another content than was written; books that do not agree.
        misnamed: gaps that hold what is there or could be had, or whose times do not hold it.
        lies: claims on the way that were not so (see :mod:`tests.simulation.join_witness`), and
            the end not called what it is.
        named: chunks that gaps name.
        met: kinds of faults that had an effect.
        error: what the program raised.
    """

    seed: int
    source: str
    records: int = 0
    lost: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    misnamed: list[str] = field(default_factory=list)
    lies: list[str] = field(default_factory=list)
    named: int = 0
    met: Counter[str] = field(default_factory=Counter)
    error: str = ""

    @property
    def good(self) -> bool:
        """Nothing is wrong."""
        return not self.wrongs

    @property
    def wrongs(self) -> dict[str, object]:
        """What is wrong, by kind."""
        kinds = ("error", "lost", "repeated", "damaged", "misnamed", "lies")
        return {name: value for name in kinds if (value := getattr(self, name))}

    def text(self) -> str:
        """What is wrong, in a line."""
        return (
            f"join {self.seed} {self.source}: {str(self.wrongs)[:600] if self.wrongs else 'good'}"
        )


def judge_join(schedule: JoinSchedule) -> JoinVerdict:
    """Compare what is in memory and on the disk with what was written; closes the recording."""
    race, joined = schedule.race, schedule.joined
    out = JoinVerdict(schedule.plan.seed, schedule.plan.source, len(race.written))
    out.met = schedule.met_kinds()
    out.lies = list(schedule.witness.lies)
    ledger = joined.store.ledger()
    here, holes = applied(ledger), named(ledger)
    out.named = len(holes)
    out.lost = _told(race.written.keys() - here - holes - _unbounded(schedule, here))
    out.damaged += [f"{chunk} was never written" for chunk in _told(here - race.written.keys())]
    if ledger.conflicts:
        out.damaged.append(f"{ledger.conflicts} conflicts")
    _judge_gaps(schedule, here, out)
    _judge_memory(schedule, here, out)
    _judge_end(schedule, here, holes, out)
    joined.close()
    _judge_disk(schedule, here, out)
    return out


def _told(chunks: set[Chunk]) -> list[str]:
    return sorted(f"{series.car}/{series.epoch}#{n}" for series, n in chunks)


def _unbounded(schedule: JoinSchedule, here: set[Chunk]) -> set[Chunk]:
    """Chunks of cars without heads that nothing has any more: nobody can say that they ever were
    (after the last that came), or that they will not come (before it)."""
    race = schedule.race
    if not race.silent:
        return set()
    ledger = schedule.joined.store.ledger()
    lossy = any(schedule.met_kinds()[kind] for kind in LOSSY)
    # The archive alone tells of what the stream lost, or of what it was not asked for; and its
    # objects may have come damaged.
    untold = (race.forgotten | _not_asked_for(schedule)) - _archived(schedule)
    return {
        (series, n)
        for series, n in race.written.keys() - here
        if series.car in race.silent
        and (
            (series, n) in race.table.gone
            if n <= ledger.tail(series)
            else lossy or (series, n) in untold
        )
    }


def _archived(schedule: JoinSchedule) -> set[Chunk]:
    """What whoever may read the archive would find there."""
    if "no_bucket" in schedule.plan.setup:
        return set()
    return schedule.race.in_archive(unlisted=True)


def _not_asked_for(schedule: JoinSchedule) -> set[Chunk]:
    """Chunks from before the stream's first record that is read, where that place is the moment of
    joining: without an archive that may be read, and where the user did not wait for it."""
    refused = "no_bucket" in schedule.plan.setup or schedule.met_kinds()["archive_forbidden"]
    if not refused and not schedule.cancelled:
        return set()
    race = schedule.race
    first_us = race.joined_us - schedule.tempo.overlap_us
    items = race.table.items
    return {
        (series, n)
        for series, n in race.written
        if items[series][n].t_lo - race.clock_us.get(series.car, 0) < first_us
    }


def _judge_gaps(schedule: JoinSchedule, here: set[Chunk], out: JoinVerdict) -> None:
    race = schedule.race
    readable: set[Chunk] | None = None
    rows = schedule.joined.recorder.recording.gaps()
    times: Counter[Chunk] = Counter()
    for gap in rows:
        for n in range(gap.n_lo, gap.n_hi + 1):
            chunk = gap.series, n
            times[chunk] += 1
            segment = race.table.items[gap.series].get(n)
            if segment is None:
                out.misnamed += [f"{t} was never written" for t in _told({chunk})]
            elif not gap.t_lo <= segment.t_lo <= gap.t_hi:
                out.misnamed += [f"{t} is not at the time of its gap" for t in _told({chunk})]
            if chunk in here:
                out.misnamed += [f"{t} is there and named" for t in _told({chunk})]
            if chunk not in race.table.gone:
                out.misnamed += [f"{t} is named and in the table" for t in _told({chunk})]
            if readable is None:
                bucket = "no_bucket" not in schedule.plan.setup
                readable = race.in_archive() if bucket else set()
            if chunk in readable:
                out.misnamed += [f"{t} is named and in the archive" for t in _told({chunk})]
    out.misnamed += [f"{t} is named twice" for t in _told({c for c, k in times.items() if k > 1})]


def _judge_memory(schedule: JoinSchedule, here: set[Chunk], out: JoinVerdict) -> None:
    """Four samples a chunk."""
    chunks = Counter((series.car, series.group) for series, _ in here)
    for key, columns in schedule.joined.store.view().columns.items():
        samples = sum(len(block) for block in columns.blocks)
        if samples != 4 * chunks[key]:
            out.repeated.append(f"{key}: {samples} samples of {chunks[key]} chunks")


def _judge_end(
    schedule: JoinSchedule, here: set[Chunk], holes: set[Chunk], out: JoinVerdict
) -> None:
    """When all is there and bounded, the program says so; what is named is not missing."""
    joined, race = schedule.joined, schedule.race
    ledger = joined.store.ledger()
    if not out.lost and "live" not in joined.names():
        out.lies.append("never live at the end")
    waits = sum(n <= ledger.tail(series) for series, n in _unbounded(schedule, here) - holes)
    if ledger.missing + ledger.quarantined_only != len(holes) + waits and not out.lost:
        out.lies.append(f"{ledger.missing} missing at the end, {len(holes)} named")
    bare = bool({series.car for series, _ in race.written} & race.silent)
    if here == race.written.keys() and not bare and not ledger.complete:
        out.lies.append("everything is here, and it is not called complete")
    if here == race.written.keys() and not bare and not joined.status.seam_proved:
        out.lies.append("everything is here, and the seam is not proved")
    if not out.lost and not race.silent and "ended" not in joined.names():
        out.lies.append("over, and not said to be")


def _judge_disk(schedule: JoinSchedule, here: set[Chunk], out: JoinVerdict) -> None:
    """What the next start finds."""
    race = schedule.race
    there: Counter[Chunk] = Counter()
    with Recording.open(schedule.path, read_only=True) as recording:
        for series in recording.series():
            for row in recording.read_segments(series):
                segment = row.segment
                numbers = range(segment.n_lo, segment.n_hi + 1)
                for n, crc in zip(numbers, segment.crcs, strict=True):
                    there[series, n] += 1
                    if race.written.get((series, n)) != crc:
                        out.damaged += [
                            f"{t} is not what was written" for t in _told({(series, n)})
                        ]
        if recording.ledger().applied != len(here):
            out.damaged.append("the books on the disk are others")
    out.repeated += _told({chunk for chunk, times in there.items() if times > 1})
    if there.keys() != here:
        out.damaged.append(f"disk and memory differ: {_told(there.keys() ^ here)[:3]}")
