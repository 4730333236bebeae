"""One seed: the real reader over a simulated service, into a real recording, through everything.

In the end the service is left in peace and the reader has all the time it needs; what is missing
then is looked for in the table and named by the program's own repair, and
:mod:`tests.simulation.judge` compares what is on the disk with what was written.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pitwall.stream import (
    DynamoSource,
    Fault,
    KinesisSource,
    Pace,
    Reader,
    ReaderStatus,
    ServerClock,
    StreamGap,
    StreamSource,
    features_of,
)
from pitwall.telemetry import PitwallError
from pitwall.turbo.decode import Decoder
from tests.simulation import kinds
from tests.simulation.clock import SECOND, START, VirtualTime
from tests.simulation.laptop import CRASHES, Crash, Laptop
from tests.simulation.paddock import TABLE, Paddock
from tests.simulation.plan import Plan, Step
from tests.simulation.pool import VirtualPool
from tests.simulation.repair import repair
from tests.unit.turbo.rig import SESSION

FAULTS_LEAST = 3
"""Kinds that every schedule meets."""
PATIENCE_S = 150.0
"""How long the reader has for the rest, once nothing goes wrong any more."""
REPORT_S = 5.0
"""How long a loss may take to be told."""
TURNS = 12_000
"""Far more than a schedule takes."""
START_S = 1.0
"""How long the program takes to start."""
MACHINE = (*kinds.MACHINE, "slept_past_retention")
MARGIN_US = 3 * SECOND
"""A start at a time is this much before what is wanted: creation times are whole seconds."""


class Schedule:
    """Runs one plan in a folder of its own."""

    def __init__(self, plan: Plan, folder: Path, template: Path) -> None:
        self.plan = plan
        rng = random.Random(f"machine {plan.source} {plan.seed}")
        wrong = "wrong_clock" in plan.setup
        offset = rng.choice((-1, 1)) * rng.randint(20, 400) * SECOND if wrong else 0
        self.time = VirtualTime(offset)
        self.laptop = Laptop(folder, SESSION, template)
        self.paddock = Paddock(plan, self.time, self._position)
        self.met: Counter[str] = Counter(dict.fromkeys(plan.setup, 1))
        self.gaps: list[StreamGap] = []
        self.trace: list[str] = []
        self.wanted_us = START
        """What was written before this may be there or not."""
        self.server = ServerClock(self.time)
        self._rng = random.Random(f"reader {plan.source} {plan.seed}")
        self._pace = Pace(limit=plan.limit)
        self._reader: Reader
        self._pool: VirtualPool[Any]
        self._arn = ""
        self._unstuck = 0.0
        self._commit_due = 0.0
        self._reader_due = 0.0
        self._machine: list[tuple[int, Step]] = []
        self._turns = 0

    # -- the schedule

    def run(self) -> None:
        """All of it."""
        plan, time, paddock = self.plan, self.time, self.paddock
        time.advance(max(plan.history_s, 0.01))
        begin = time.true_us
        for step in plan.steps:
            at = begin + round(step.at_s * SECOND)
            if step.kind in MACHINE:
                self._machine.append((at, step))
            else:
                paddock.at(at, lambda step=step: self._happen(step))  # type: ignore[misc]
        paddock.catch_up()
        if plan.anchored:
            self.wanted_us = begin - 1
        self._start()
        end = time.monotonic() + plan.length_s
        while time.monotonic() < end or self._machine:
            self._turn()
        if plan.whole:
            self._make_up()
        self._settle()

    def _make_up(self) -> None:
        """A schedule whose faults met nothing gets some that do."""
        for kind in ("throttled", "server_error", "lost_answer"):
            if sum(self.met_kinds()[kind] > 0 for kind in kinds.KINDS) >= FAULTS_LEAST:
                return
            self._note(kind)
            self.paddock.network.trouble(kind, ("GetRecords",), 1, 20)
            end = self.time.monotonic() + 3.0
            while self.time.monotonic() < end:
                self._turn()

    def met_kinds(self) -> Counter[str]:
        """What has had an effect so far, and how often."""
        out = self.met + self.paddock.met + self.paddock.network.met + self.laptop.met
        out["fresh_trimmed"] += getattr(self.paddock.client, "young_trims_met", 0)
        return out

    def _happen(self, step: Step) -> None:
        self._note(step.kind)
        self.paddock.happen(step)

    def _note(self, text: str) -> None:
        self.trace.append(f"{(self.time.true_us - START) / SECOND:.2f} {text}")

    def _turn(self) -> None:
        """What is due now, then time moves to what comes next."""
        self._turns += 1
        if self._turns > TURNS:
            raise RuntimeError("the program does not come to rest")
        time = self.time
        self.paddock.catch_up()
        while self._machine and self._machine[0][0] <= time.true_us:
            self._befall(self._machine.pop(0)[1])
        try:
            if time.monotonic() >= self._commit_due:
                self._commit_due = time.monotonic() + self._commit_pause()
                self.laptop.commit()
            if time.monotonic() >= self._unstuck:
                self.laptop.stuck = False
            if time.monotonic() >= min(self._reader_due, self._pool.due):
                self._reader_due = time.monotonic() + self._reader.step()
            if self.laptop.failure is not None:
                raise self.laptop.failure
        except Crash:
            self._note("crash")
            self._rise(self.laptop.reboot)
            return
        except PitwallError:
            self._note("writer failed")
            self._rise(self.laptop.restart)
            return
        self._renew()
        now = time.monotonic()
        due = min(self._reader_due, self._pool.due, self._commit_due)
        if self._machine:
            due = min(due, now + (self._machine[0][0] - time.true_us) / SECOND)
        time.advance(max(due - now, 0.001))

    def _commit_pause(self) -> float:
        # Something must wait in the queue to be cut in two.
        return 2.0 if self.laptop.armed == "crash_between" else self.plan.commit_s

    def _befall(self, step: Step) -> None:
        """A step of the machine's own."""
        self._note(step.kind)
        rng = random.Random(step.salt)
        if step.kind in CRASHES:
            self.laptop.armed = step.kind
        elif step.kind == "disk_full":
            self.laptop.full = True
        elif step.kind == "back_pressure":
            self.laptop.stuck = True
            self._unstuck = self.time.monotonic() + rng.uniform(4, 9)
        elif step.kind == "clock_set":
            self.paddock.network.forget_calls()
            self.time.offset_us += rng.choice((-1, 1)) * rng.randint(20, 600) * SECOND
            self.met["clock_set"] += 1
        elif step.kind == "slept":
            self._sleep(rng.choice((40, 400, 1200, 4000)), rng.randint(3, 25))
            self.met["slept"] += 1
        else:
            self.paddock.retain(24)
            self._sleep(26 * 3600, rng.randint(3, 25))
            self.met["slept_past_retention"] += 1

    def _sleep(self, seconds: float, during: int) -> None:
        self.paddock.put_off(seconds, during)
        self.paddock.network.forget_calls()
        late = round(seconds * SECOND)
        self._machine = [(us + late, step) for us, step in self._machine]
        self.time.sleep(seconds)
        self.paddock.catch_up()
        self.paddock.tidy()

    # -- the program

    def _start(self) -> None:
        """Open the stream as the program does: again and again until it answers."""
        stream = self.paddock.stream
        for earlier in self.paddock.streams:
            if not self._drained(earlier.name):
                stream = earlier
                break
        self._arn = stream.name
        while True:
            try:
                source = self._connect(stream.name)
                listing = source.describe()
            except Fault:
                self._passed()
                self.time.advance(1.0)
                self.paddock.catch_up()
                continue
            break
        self._passed()
        anchored = self.plan.anchored and stream is self.paddock.streams[0]
        self._pool = VirtualPool(self.time, 16)
        self._reader_due = 0.0
        self._reader = Reader(
            source,
            self.laptop,
            Decoder(SESSION.key, SESSION.catalog, lambda segment: None),
            listing=listing,
            anchor_us=self.wanted_us - MARGIN_US if anchored else None,
            saved=self.laptop.recording.checkpoints(),
            server=self.server,
            time=self.time,
            pool=self._pool,
            rng=self._rng,
            on_event=self._on_event,
            pace=self._pace,
        )

    def _passed(self) -> None:
        """Calls were made by this very thread: their time has passed for everybody."""
        ahead, self.time.ahead_us = self.time.ahead_us, 0
        self.time.advance(ahead / SECOND)

    def _connect(self, name: str) -> StreamSource:
        client = self.paddock.client
        if self.plan.source == kinds.DYNAMODB:
            return DynamoSource(
                client, name, features=features_of(client), server=self.server, time=self.time
            )
        return KinesisSource.connect(client, TABLE, TABLE, self.server, self.time)

    def _rise(self, again: Any) -> None:
        """The program ended and is started again."""
        self._keep_gaps()
        again()
        self.paddock.network.forget_calls()
        self.time.advance(START_S)
        self.paddock.catch_up()
        self._start()

    def _keep_gaps(self) -> None:
        self._reader._publish(running=True)
        self.gaps += self._reader.status.gaps

    def _on_event(self, name: str, details: Mapping[str, object]) -> None:
        self._note(f"  {name} {dict(details)}")

    def _drained(self, arn: str) -> bool:
        """Whether all of an earlier stream is on the disk, by the checkpoints' word."""
        if arn == self.paddock.stream.name:
            return False
        stream = next(s for s in self.paddock.streams if s.name == arn)
        saved = self.laptop.recording.checkpoints()
        states = {name: json.loads(saved[name])["state"] for name in stream.shards if name in saved}
        # One that went before it was ever read cannot be waited for.
        return all(
            states.get(name, "gap" if shard.gone else "") in ("finished", "gap")
            for name, shard in stream.shards.items()
        )

    def _renew(self) -> None:
        """A stream that was switched off is read to its end, then its successor."""
        if self._arn != self.paddock.stream.name and self._drained(self._arn):
            self._note("renewed")
            self._keep_gaps()
            self.laptop.commit()
            self._start()

    def _position(self, shard: str) -> int:
        """The newest number of a shard on the disk; 0 when there is none."""
        token = self.laptop.recording.checkpoints().get(shard)
        sequence = json.loads(token)["seq"] if token else ""
        return int(sequence) if sequence else 0

    # -- the end

    def _settle(self) -> None:
        """Nothing goes wrong any more."""
        self.paddock.finish()
        self.paddock.network.calm()
        if isinstance(getattr(self.paddock.client, "young_trims", None), int):
            self.paddock.client.young_trims = 0  # type: ignore[union-attr]
        laptop = self.laptop
        laptop.full = laptop.stuck = False
        end = self.time.monotonic() + PATIENCE_S
        # What is lost shows a little later than what is there.
        early = self.time.monotonic() + (REPORT_S if self.paddock.lost else 0.0)
        seen = -1
        missing: set[tuple[str, int]] = set()
        while self.time.monotonic() < end:
            if laptop.armed and not laptop.queue:
                laptop.armed = ""
            if len(laptop.committed) != seen:
                seen = len(laptop.committed)
                missing = self.due - set(laptop.committed)
            rest = missing or laptop.queue or self.time.monotonic() < early
            if not rest and self._heads_here() and self._poison_here():
                break
            self._turn()
        self._keep_gaps()
        self.trace.append(f"settled after {self.time.monotonic() - end + PATIENCE_S:.1f} s")
        laptop.armed = ""
        laptop.failure = None
        laptop.commit()
        repair(laptop, self.paddock, self.time, self._on_event)

    @property
    def due(self) -> set[tuple[str, int]]:
        """Chunks that must come by the stream."""
        lost = self.paddock.lost
        return {
            key
            for key, change in self.paddock.written.items()
            if change.written_us > self.wanted_us and key not in lost
        }

    @property
    def status(self) -> ReaderStatus:
        """What the reader last said of itself."""
        return self._reader.status

    def _heads_here(self) -> bool:
        heads = self.laptop.recording.heads()
        return all((car, "e1") in heads and heads[car, "e1"].ended for car in self.paddock.n)

    def _poison_here(self) -> bool:
        wanted = sum(c.written_us > self.wanted_us for c in self.paddock.poison)
        return self.laptop.recording.counters().get("quarantined", 0) >= wanted - self.lost_poison

    @property
    def lost_poison(self) -> int:
        """Records that cannot be read and that are gone."""
        return sum(c.tag == "poison" for s in self.paddock.streams for c in s.lost)
