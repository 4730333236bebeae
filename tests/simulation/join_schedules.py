"""One seed of joining: an archive with every flaw, a stream that turns over and trims, a table that
fails now and then, and a program that is killed at any step, put to sleep, and started again.

In the end everything is well, the cars have ended and the program is started once more;
:mod:`tests.simulation.join_judge` compares what is on the disk then with what was written.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pitwall.telemetry import Failure
from pitwall.turbo import Phase, Tempo
from tests.simulation import join_kinds
from tests.simulation.join_faults import befall, car_comes
from tests.simulation.join_plan import JoinPlan, JoinStep
from tests.simulation.join_race import JoinRace
from tests.simulation.join_witness import Witness
from tests.unit.stream.rig import SECOND
from tests.unit.turbo.rig import Crash, Joined

SLICE_S = 0.25
TICK_S = 0.5
CALLS = {"get": 2, "read": 5, "submit": 4, "repair": 1, "open": 2, "listing": 3}
"""Up to which call of a run something may befall it; the first of the others."""
PATIENCE_S = 170.0
"""How long the last run may take."""
SILENT_S = 45.0
"""How long the last run goes on where not all cars have heads to say what there is: a shard whose
parent is not listed waits for the next listing."""
LOOK_S = 15.0
"""How long the last run goes on after its second look at the archive."""


@dataclass(slots=True)
class Hook:
    """Something that befalls a call."""

    point: str
    left: int
    step: JoinStep


class JoinSchedule:
    """Runs one plan on a recording at ``path``."""

    def __init__(self, plan: JoinPlan, path: Path) -> None:
        self.plan = plan
        self.path = path
        self.rng = random.Random(f"machine {plan.source} {plan.seed}")
        self.race = race = self._make_race()
        race.flaws.lag_s = plan.lag_s
        race.joined_us = race.time.wall + round(plan.history_s * SECOND)
        self.tempo = Tempo(
            overlap_us=plan.overlap_s * SECOND,
            repair_most=plan.repair_most,
            archive_from=plan.archive_from,
            crosscheck_us=plan.crosscheck_s * SECOND,
            tick_s=TICK_S,
        )
        self.met: Counter[str] = Counter()
        self.trace: list[str] = []
        self.witness = Witness(race)
        self.joined: Joined
        self.cancelled = False
        self._hooks: list[Hook] = []
        self._stuck_until = 0.0
        self._full = False
        race.bucket.on_call = race.table.on_call = race.world.on_call = self._call

    def _make_race(self) -> JoinRace:
        plan = self.plan
        cars = [str(i) for i in range(plan.cars)]
        return JoinRace(cars, plan.shards, plan.seed, plan.source)

    def _make_joined(self) -> Joined:
        bucket = "no_bucket" not in self.plan.setup
        return Joined(self.race, self.path, tempo=self.tempo, bucket=bucket)

    def met_kinds(self) -> Counter[str]:
        """How often each kind had an effect."""
        race = self.race
        met = self.met + race.met + race.bucket.met + race.table.met + race.world.met
        return Counter({kind: n for kind, n in met.items() if kind in join_kinds.KINDS})

    def run(self) -> None:
        """All of it."""
        self._set_up()
        self._history()
        for start, seconds in enumerate(self.plan.runs_s, 1):
            self._run(start, seconds)
            self.race.advance(self.rng.choice((0.0, 1.0, 12.0)))
            self._heal()
        self._settle()

    def close(self) -> None:
        """Let go of the recording."""
        joined = self.race.joined
        if joined is not None:
            joined.close()

    # ------------------------------------------------------------------ what happens

    def _set_up(self) -> None:
        race, setup, rng = self.race, self.plan.setup, self.rng
        self.met.update(setup - {"cars_clock", "without_heads", "sealed_laps"})
        race.table.seals = "sealed_laps" in setup
        if "wrong_clock" in setup:
            race.time.offset_us = rng.choice((-1, 1)) * rng.randint(20, 400) * SECOND
        if "cars_clock" in setup:
            race.clock_us["0"] = rng.choice((60, 900, 9000)) * SECOND
            self.met["cars_clock"] += 1
        if "without_heads" in setup:
            race.silent.add("0")

    def _history(self) -> None:
        race, done = self.race, 0.0
        for step in self._steps(0):
            share = step.share * self.plan.history_s
            race.advance(share - done)
            done = share
            self._befall(step)
        race.advance(self.plan.history_s - done)
        self._seal()

    def _seal(self) -> None:
        if "sealed_laps" in self.plan.setup:
            self.met["sealed_laps"] += len(self.race.seal_laps()) > 0

    def _steps(self, start: int) -> list[JoinStep]:
        return [step for step in self.plan.steps if step.start == start]

    def _note(self, text: str) -> None:
        self.trace.append(f"{self.race.time.mono:.2f} {text}")

    def _befall(self, step: JoinStep) -> None:
        self._note(step.kind)
        befall(self.race, step.kind, random.Random(step.salt))

    def _heal(self) -> None:
        """Between two starts: what belongs to one run of the program is over."""
        race = self.race
        race.table.refuses = race.bucket.denied = False
        race.table.roster_fails = 0
        self._seal()

    # ------------------------------------------------------------------ a run of the program

    def _join(self) -> Joined:
        self.joined = joined = self._make_joined()
        joined.slice_s = SLICE_S
        joined.on_event = lambda name: self._told(name)
        submit = joined.recorder.submit

        def submit_(batch: Any, timeout_s: float = 30.0) -> None:
            self._call("submit")
            self._disk()
            submit(batch, timeout_s)

        joined.recorder.submit = submit_  # type: ignore[method-assign]
        self.witness.joins(joined)
        return joined

    def _told(self, name: str) -> None:
        self._note(f"  {self.joined.events[-1]}")
        self.witness.hears(name)

    def _run(self, start: int, seconds: float) -> None:
        self.met[join_kinds.SECOND] += start > 1
        self._stuck_until, self._full = 0.0, False
        self._note(f"start {start}")
        joined = self._join()
        began = self.race.time.mono
        timed: list[JoinStep] = []
        self._hooks = []
        for step in self._steps(start):
            hook = _hook(step)
            if step.kind in join_kinds.BEFORE or (hook is None and not step.share):
                self._happen(step)
            elif hook is None:
                timed.append(step)
            else:
                self._hooks.append(hook)

        def on_slice() -> None:
            while timed and self.race.time.mono - began >= timed[0].share * seconds:
                self._happen(timed.pop(0))

        joined.on_slice = on_slice
        try:
            joined.follow(seconds)
        except Crash:
            joined.recorder.queue.clear()
        self._hooks = []
        self._ended()
        for step in timed:
            self._happen(step)

    def _ended(self) -> None:
        """The program is no more."""
        joined = self.joined
        if joined.status.phase is Phase.FAILED and not self._full:
            self.witness.lies.append(f"failed: {joined.status.message}")
        self.witness.looks()
        self._note(f"over: {joined.status.phase} {joined.status.message}")

    def _happen(self, step: JoinStep) -> None:
        """A step that is not of a call."""
        if step.kind == "back_pressure":
            self._stuck_until = self.race.time.mono + 3.0
        elif step.kind == "disk_full":
            self._full = True
        else:
            self._befall(step)

    # ------------------------------------------------------------------ the machine

    def _disk(self) -> None:
        """The writer takes nothing, for a while or never again."""
        recorder, time = self.joined.recorder, self.race.time
        if self._full and recorder.failure is None:
            self.met["disk_full"] += 1
            recorder.failure = Failure("the disk is full")
        if time.mono < self._stuck_until:
            self.met["back_pressure"] += 1
            self.race.advance(1.0)
            raise Failure("writing has not kept up")

    def _call(self, point: str) -> None:
        """A call is made: what was to befall it does."""
        due = []
        for hook in self._hooks:
            if hook.point == point:
                hook.left -= 1
                if hook.left == 0:
                    due.append(hook)
        for hook in due:
            self._hooks.remove(hook)
        for hook in due:
            self._strike(hook.step)

    def _strike(self, step: JoinStep) -> None:
        kind, race, joined = step.kind, self.race, self.joined
        rng = random.Random(step.salt)
        self._note(kind)
        if kind in join_kinds.CRASHES:
            self.met[kind] += 1
            joined.recorder.apply(rng.randint(0, len(joined.recorder.queue)))
            joined.recorder.dead = True
            raise Crash
        if kind == "slept_past_retention":
            race.doze(rng.uniform(2, 10), 26 * 3600)
        elif kind in (*join_kinds.SLEEPS, "slept_repair"):
            race.doze(rng.uniform(2, 25), rng.choice((0, 20, 400, 1300)))
        elif kind == "rotated_loading":
            befall(race, rng.choice(("split", "rotated_together", "listed_late")), rng)
        elif kind == "car_loading":
            car_comes(race)
            return
        elif kind == "cancelled":
            self.cancelled = True
            joined.follower.cancel_history()
        elif kind == "stopped_loading":
            joined.follower._kit.stop.set()
        self.met[kind] += 1

    # ------------------------------------------------------------------ the end

    def _settle(self) -> None:
        """Nothing goes wrong any more."""
        race = self.race
        race.writing = False
        self._hooks = []
        self._stuck_until, self._full = 0.0, False
        race.stalled.clear()
        for name, car in race.cars.items():
            if car.n:
                race.end(name)
        race.world.faults.clear()
        race.table.failing = 0
        race.bucket.read_faults.clear()
        race.bucket.listing_faults.clear()
        self._note("the end")
        joined = self._join()
        fine: list[float] = []
        settled = self._settled(race.time.mono)

        def over() -> bool:
            # The program has another look at everything when the last chunk is there.
            fine[:] = [*fine[:1], race.time.mono] if settled() else []
            return bool(fine) and race.time.mono - fine[0] > 1.0

        joined.follow(PATIENCE_S, over)
        self._ended()

    def _settled(self, began: float) -> Callable[[], bool]:
        """Says whether the last run, begun then, has come to its end."""
        race, joined = self.race, self.joined
        look = self.plan.crosscheck_s + LOOK_S

        def settled() -> bool:
            ledger = joined.store.ledger()
            if "live" not in joined.names():
                return False
            if race.silent:
                # What came with the second look may show holes, which are mended then.
                return race.time.mono - began > max(SILENT_S, look) and not ledger.missing
            if ledger.applied + ledger.named < len(race.written) or "ended" not in joined.names():
                return False
            # What is named may still come with the second look at the archive.
            return not ledger.named or race.time.mono - began > look

        return settled


def _hook(step: JoinStep) -> Hook | None:
    """Where something befalls a call; None for what has a time."""
    kind = step.kind
    if kind in join_kinds.LOADING:
        point = "get"
    elif kind == "slept_past_retention":
        point = random.Random(step.salt).choice(("listing", "get", "read", "roster"))
    elif kind in (*join_kinds.CRASHES, *join_kinds.SLEEPS, "slept_repair"):
        point = kind.partition("_")[2]
    else:
        return None
    return Hook(point, 1 + int(step.share * (CALLS.get(point, 1) - 0.01)), step)
