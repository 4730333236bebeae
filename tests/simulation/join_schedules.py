"""Random schedules of joining: an archive with every flaw, a stream that turns over and trims, a
table that fails now and then, and a program that is killed at random commits and started again."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pitwall.stream import Denied, Expired, Retryable, Throttled
from pitwall.turbo import Tempo
from tests.simulation.join_service import ServiceWorld
from tests.unit.stream.rig import SECOND
from tests.unit.turbo.rig import Car, Crash, Joined, Race


@dataclass
class JoinOutcome:
    """What one schedule came to.

    Attributes:
        written, applied, named: chunks.
        lost: by series, neither there nor named.
        wrongly_named: named as missing, and in the table.
        twice: samples that are there more or less often than once.
        conflicts: chunks that came with two contents.
        met: what happened, by kind.
        trace: the same in order of time, for a failing seed.
    """

    seed: int
    written: int = 0
    applied: int = 0
    named: int = 0
    lost: dict[str, list[int]] = field(default_factory=dict)
    wrongly_named: list[tuple[str, int]] = field(default_factory=list)
    twice: int = 0
    conflicts: int = 0
    met: Counter[str] = field(default_factory=Counter)
    trace: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.wrongly_named or self.twice or self.conflicts)


class JoinSchedule:
    """Runs one seed on a recording at ``path``, over the simulated service that ``source`` names
    (see :mod:`tests.simulation.kinds`)."""

    def __init__(self, seed: int, path: Path, source: str) -> None:
        self.rng = rng = random.Random(seed)
        self.path = path
        self.out = JoinOutcome(seed)
        cars = [str(i) for i in range(rng.randint(1, 3))]
        shards = rng.randint(1, 3)
        self.race = Race(cars, shards=shards, seed=seed)
        served: Any = ServiceWorld(self.race.time, shards, source, seed)
        self.race.world = served
        self.tempo = Tempo(
            overlap_us=rng.choice((60, 120)) * SECOND,
            repair_most=rng.choice((20, 2000)),
            archive_from=rng.choice((50, 2000)),
            crosscheck_us=rng.choice((20, 600)) * SECOND,
        )
        flaws = self.race.flaws
        flaws.lag_s = rng.choice(((1.0, 5.0), (5.0, 60.0), (60.0, 100.0)))
        flaws.duplicates = rng.choice((0.0, 0.03))
        flaws.lost = rng.choice((0.0, 0.002, 0.03))

    def run(self) -> JoinOutcome:
        race, rng = self.race, self.rng
        self._history()
        crashes = rng.randint(0, 3)
        for _ in range(crashes):
            self._follow(rng.uniform(1, 12), crash=True)
            race.advance(rng.choice((0.0, 1.0, 30.0, 150.0)))
            self._disturb()
        self._follow(rng.uniform(4, 12), crash=False)
        self._settle()
        return self._judge()

    def _met(self, kind: str) -> None:
        self.out.met[kind] += 1
        self.out.trace.append(f"{self.race.time.mono:.2f} {kind}")

    def _history(self) -> None:
        race, rng = self.race, self.rng
        for _ in range(rng.randint(1, 5)):
            race.advance(rng.uniform(20, 60))
            self._disturb()
        if rng.random() < 0.3:
            # a car that comes late and retires, its data still in the buffer
            race.cars["late"] = Car("late", "e9")
            race.advance(rng.uniform(2, 8))
            race.end("late")
            self._met("late car")
        race.advance(rng.uniform(1, 30))
        if rng.random() < 0.3:
            for series, n in rng.sample(list(race.written), k=min(3, len(race.written))):
                race.table.gone.add((series, n))
            self._met("gone from the table")
        if rng.random() < 0.25:
            for shard in list(race.world.open_ids):
                race.world.trim(shard, rng.randint(1, 200))
            self._met("trimmed")
        if rng.random() < 0.1:
            race.bucket.fault = lambda: Denied("AccessDenied")
            self._met("archive forbidden")

    def _disturb(self) -> None:
        race, rng, world = self.race, self.rng, self.race.world
        for _ in range(rng.randint(0, 3)):
            kind = rng.choice(
                ("rotate", "split", "expire", "throttle", "error", "truncated", "late object",
                 "table fails", "listing fails", "lost object", "reboot")
            )  # fmt: skip
            slot = rng.randrange(len(world.open_ids))
            if kind == "rotate":
                world.rotate(slot, 1, rng.choice((0.0, 2.0, 10.0)))
            elif kind == "split" and len(world.open_ids) < 6:
                world.rotate(slot, 2)
            elif kind == "expire":
                world.fail("read", "", lambda: Expired("expired"), 2)
            elif kind == "throttle":
                world.fail("read", "", lambda: Throttled("slow down"), rng.randint(1, 8))
            elif kind == "error":
                operation = rng.choice(("read", "open", "children"))
                world.fail(operation, "", lambda: Retryable("500"), rng.randint(1, 4))
            elif kind == "listing fails":
                world.fail("describe", "", lambda: Retryable("503"), rng.randint(1, 3))
            elif kind == "truncated":
                race.flush_archive(lambda data: data[: rng.randint(10, len(data))])
            elif kind == "late object":
                race.flush_archive(seen_us=race.time.wall + rng.randint(10, 400) * SECOND)
            elif kind == "lost object":
                race.flush_archive(lambda data: gzip.compress(b""))
            elif kind == "table fails":
                race.table.failing = rng.randint(1, 4)
            elif kind == "reboot":
                car = race.cars[rng.choice([c for c in race.cars if c != "late"])]
                if car.n == 0 or len(race.cars) > 5:
                    continue
                car.ended = True
                boots = sum(c.name == car.name for c in race.cars.values())
                race.cars[f"{car.name}/{boots}"] = Car(car.name, f"e{boots + 1}")
            self._met(kind)

    def _follow(self, seconds: float, *, crash: bool) -> None:
        rng = self.rng
        joined = Joined(self.race, self.path, tempo=self.tempo)
        if crash:
            self._arm(joined, rng)
        slices = [rng.uniform(0, seconds) for _ in range(3)]
        began = self.race.time.mono

        def on_slice() -> None:
            while slices and self.race.time.mono - began >= min(slices):
                slices.remove(min(slices))
                self._disturb()

        joined.on_slice = on_slice
        try:
            joined.follow(seconds)
        except Crash:
            self._met("crash")
            joined.recorder.queue.clear()
        assert joined.status.message == "" or joined.status.phase != "failed", joined.status

    def _arm(self, joined: Joined, rng: random.Random) -> None:
        """Kill the program at a random hand-over: before it, or with part of the queue on disk."""
        left = rng.choice((1, 3, 10, 40))
        submit = joined.recorder.submit

        def submit_or_die(batch: object, timeout_s: float = 30.0) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                joined.recorder.apply(rng.randint(0, len(joined.recorder.queue)))
                joined.recorder.dead = True
            submit(batch, timeout_s)  # type: ignore[arg-type]

        joined.recorder.submit = submit_or_die  # type: ignore[method-assign]

    def _settle(self) -> None:
        race = self.race
        race.writing = False
        for name, car in race.cars.items():
            if not car.ended and car.n:
                race.end(name)
        race.world.faults.clear()
        race.table.failing = 0
        joined = Joined(race, self.path, tempo=self.tempo)
        joined.follow(150, lambda: not joined.missing())
        self.joined = joined

    def _judge(self) -> JoinOutcome:
        out, joined = self.out, self.joined
        ledger = joined.store.ledger()
        out.written = len(self.race.written)
        out.applied = ledger.applied
        out.conflicts = ledger.conflicts
        for series, numbers in joined.missing().items():
            out.lost[f"{series.car} {series.epoch}"] = sorted(numbers)
        for gap in joined.recorder.recording.gaps():
            for n in range(gap.n_lo, gap.n_hi + 1):
                out.named += 1
                if (gap.series, n) not in self.race.table.gone:
                    out.wrongly_named.append((gap.series.car, n))
        for (car, group), columns in joined.store.view().columns.items():
            chunks = sum(
                books.applied
                for series, books in ledger.series.items()
                if (series.car, series.group) == (car, group)
            )
            samples = sum(len(block) for block in columns.blocks)
            out.twice += abs(samples - 4 * chunks)
        return out

    def describe(self) -> str:
        """For a failing seed."""
        return "\n".join([*self.out.trace, *map(str, self.joined.events[-20:]), str(self.out)])
