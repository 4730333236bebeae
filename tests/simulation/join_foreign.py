"""One seed of following another producer's items: no counters, no heads, no archive, no keyed
reads. Every sample that the stream has is there once, and nothing is called complete or proved."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from pitwall.cloud.mapping import PlainMapping
from pitwall.store import Recording, load
from pitwall.telemetry import Segment
from tests.simulation.join_judge import JoinVerdict
from tests.simulation.join_race import JoinRace
from tests.simulation.join_schedules import SILENT_S, JoinSchedule
from tests.unit.turbo.rig import CATALOG, Car, Joined, lap_at

MAPPING = PlainMapping("", "ts", "no", "lap", 1.0, {}, CATALOG, ("speed",))
GROUP = CATALOG.groups[0].name
Sample = tuple[str, int]


class ForeignRace(JoinRace):
    """Cars that write an item a sample and nothing else."""

    def __init__(self, cars: Sequence[str], shards: int, seed: int, source: str) -> None:
        super().__init__(cars, shards, seed, source)
        self.samples: dict[Sample, float] = {}
        """By car and time, microseconds: the speed."""

    def write(self, car: Car, salt: int = 0) -> Segment:  # type: ignore[override]
        """Three samples; nothing is returned that a contract would need."""
        now = self.event_us(car)
        for part in range(3):
            car.n += 1
            t = now - 900_000 + part * 300_000
            speed = 100.0 + car.n % 50
            self.samples[car.name, t] = speed
            item = {
                "pk": {"S": f"x#{car.name}"},
                "sk": {"S": f"{car.n:08d}"},
                "no": {"N": car.name},
                "ts": {"N": str(t)},
                "lap": {"N": str(lap_at(t))},
                "speed": {"N": str(speed)},
            }
            self.world.put(item, item["pk"]["S"], (car.name, t))
            if self.twice:
                self.twice -= 1
                self.met["written_twice"] += 1
                self.world.put_again()

    def head(self, car: Car, ended: bool = False) -> None:
        """They have none."""

    @property
    def lost(self) -> set[Sample]:
        """Samples that the stream has not any more."""
        stream = self.world.stream
        there = {c.tag for shard in stream.shards.values() for c in shard.changes}
        return {c.tag for c in stream.lost if c.tag} - there


class ForeignSchedule(JoinSchedule):
    """As its parent, of such cars."""

    race: ForeignRace

    def _make_race(self) -> ForeignRace:
        plan = self.plan
        cars = [str(i) for i in range(plan.cars)]
        return ForeignRace(cars, plan.shards, plan.seed, plan.source)

    def _make_joined(self) -> Joined:
        return Joined(self.race, self.path, tempo=self.tempo, plain=MAPPING)

    def _settled(self, began: float) -> Callable[[], bool]:
        return lambda: self.race.time.mono - began > SILENT_S


def judge_foreign(schedule: ForeignSchedule) -> JoinVerdict:
    """Compare the samples in memory and on the disk with those written; closes the recording."""
    race, joined = schedule.race, schedule.joined
    out = JoinVerdict(schedule.plan.seed, schedule.plan.source, len(race.samples))
    out.met = schedule.met_kinds()
    out.lies = list(schedule.witness.lies)
    here: Counter[Sample] = Counter()
    for (car, group), columns in joined.store.view().columns.items():
        for block in columns.blocks:
            for t, speed in zip(block.t.tolist(), block.values[0].tolist(), strict=True):
                here[car, t] += 1
                if group != GROUP or race.samples.get((car, t)) != speed:
                    out.damaged.append(f"{car} at {t} is not what was written")
    out.repeated = [f"{sample}" for sample, times in here.items() if times > 1]
    out.lost = sorted(f"{sample}" for sample in race.samples.keys() - here.keys() - race.lost)
    ledger = joined.store.ledger()
    if ledger.provable or ledger.complete or joined.status.seam_proved:
        out.lies.append("called proved or complete without a contract")
    if ledger.missing or ledger.named or "ended" in joined.names():
        out.lies.append(f"{ledger.missing} missing, {ledger.named} named, {joined.names()[-1]}")
    joined.close()
    chunks: dict[str, list[int]] = defaultdict(list)
    with Recording.open(schedule.path, read_only=True) as recording:
        for series in recording.series():
            for row in recording.read_segments(series):
                chunks[series.car] += range(row.segment.n_lo, row.segment.n_hi + 1)
        disk = load(recording)
    for car, numbers in chunks.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            out.damaged.append(f"chunks of {car} are not counted on")
    again = {
        (car, t)
        for (car, _), c in disk.view().columns.items()
        for b in c.blocks
        for t in b.t.tolist()
    }
    if again != here.keys():
        out.damaged.append("disk and memory differ")
    return out
