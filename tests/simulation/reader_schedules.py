"""Random schedules for the stream reader: what happens, when, and whether anything was lost.

One seed is one schedule. A service in memory writes, rotates, splits, hides shards from listings,
expires iterators, throttles, fails, trims; the program is killed with its queue half written, the
laptop sleeps. In the end the service is left in peace, and what was applied is compared with what
was written.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from zlib import crc32

from pitwall.stream import Expired, NotFound, Pace, Retryable, StreamGap, Throttled
from tests.unit.stream.rig import SECOND, Rig, made

FAULTS = (
    "rotate", "split", "expire", "throttle", "error", "denied_listing", "hide", "crash", "sleep",
    "back_pressure", "trim", "vanish", "not_found",
)  # fmt: skip


@dataclass
class Outcome:
    """What one schedule came to.

    Attributes:
        written, applied: chunks.
        lost: written, not applied and in no reported gap.
        gapped: not applied, but within a reported gap's bounds.
        disorder: chunks of a car that came first after a later one had.
        repeated: chunks handed over more than once (the recording's key absorbs them).
        met: faults that happened, by kind.
        trace: what happened, for a failing seed.
    """

    seed: int
    written: int = 0
    applied: int = 0
    lost: list[tuple[str, int]] = field(default_factory=list)
    gapped: int = 0
    disorder: int = 0
    repeated: int = 0
    met: Counter[str] = field(default_factory=Counter)
    trace: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.lost and not self.disorder


class Schedule:
    """Runs one seed."""

    def __init__(self, seed: int, records: int = 200) -> None:
        self.rng = random.Random(seed)
        rng = self.rng
        self.out = Outcome(seed)
        self.rig = Rig(rng.randint(1, 4), seed=seed, pace=Pace(limit=rng.choice((3, 10, 1000))))
        self.rig.sink.auto = False
        self.records = records
        self.cars = [f"c{i}" for i in range(rng.randint(1, 4))]
        self.n = dict.fromkeys(self.cars, 0)
        self.where: dict[tuple[str, int], tuple[str, int]] = {}
        self.lossy = rng.random() < 0.3
        self.hidden_until = 0.0
        self.gaps: list[StreamGap] = []

    def run(self) -> Outcome:
        rig, rng = self.rig, self.rng
        rig.world.hide = lambda shard: (
            rig.time.mono < self.hidden_until
            and crc32(f"{shard} {int(rig.time.mono)}".encode()) % 3 == 0
        )
        self._start()
        while sum(self.n.values()) < self.records or self.out.met["rotate"] < 2:
            self._write()
            if rng.random() < 0.25:
                self._fault(rng.choice(FAULTS))
            rig.run(rng.choice((0.05, 0.3, 1.0, 4.0)))
            if rng.random() < 0.7:
                rig.sink.commit(rng.randint(0, len(rig.sink.queue)))
        self._settle()
        return self._judge()

    def _note(self, text: str) -> None:
        self.out.trace.append(f"{self.rig.time.mono:.2f} {text}")

    def _start(self) -> None:
        while True:
            try:
                self.rig.start(None)
            except Retryable:
                self.rig.time.advance(1)
                continue
            return

    def _write(self) -> None:
        rng, world = self.rng, self.rig.world
        for _ in range(rng.randint(0, 8)):
            car = rng.choice(self.cars)
            slot = self.cars.index(car) % len(world.open_ids)
            self.n[car] += 1
            record = world.put(made(self.n[car], car), slot)
            self.where[car, self.n[car]] = (world.open_ids[slot], record.created_us)

    def _fault(self, kind: str) -> None:
        rig, rng, world = self.rig, self.rng, self.rig.world
        shard = rng.choice(list(world.shards))
        slot = rng.randrange(len(world.open_ids))
        if kind in ("trim", "vanish") and not self.lossy:
            return
        if kind == "rotate":
            # a car must not jump between lineages: its own order is the shard's
            world.rotate(slot, 1, rng.choice((0.0, 0.0, 3.0, 40.0)))
        elif kind == "split":
            if len(self.cars) > 1 or len(world.open_ids) > 6:
                return
            world.rotate(slot, 2, rng.choice((0.0, 2.0)))
            # the only car goes on in the first half
        elif kind == "expire":
            world.fail("read", "", lambda: Expired("expired"), rng.randint(1, 3))
        elif kind == "throttle":
            world.fail("read", "", lambda: Throttled("slow down"), rng.randint(1, 10))
        elif kind == "error":
            operation = rng.choice(("read", "open", "children"))
            world.fail(operation, "", lambda: Retryable("500"), rng.randint(1, 6))
        elif kind == "denied_listing":
            world.fail("describe", "", lambda: Retryable("503"), rng.randint(1, 4))
        elif kind == "hide":
            self.hidden_until = rig.time.mono + rng.uniform(5, 60)
        elif kind == "not_found":
            world.fail("read", shard, lambda: NotFound("Invalid ShardId in ShardIterator"))
        elif kind == "crash":
            self._collect_gaps()
            rig.sink.commit(rng.randint(0, len(rig.sink.queue)))
            rig.sink.crash()
            self._start()
        elif kind == "sleep":
            rig.time.sleep(rng.choice((60, 1200, 4000)))
        elif kind == "back_pressure":
            room, rig.sink.room = rig.sink.room, 0
            rig.run(3)
            rig.sink.room = room
        elif kind == "trim":
            # What is trimmed before a shard was ever read shows in the counters, not in the stream.
            token = rig.sink.checkpoints.get(shard)
            if token is None or not json.loads(token)["seq"]:
                return
            world.trim(shard, rng.randint(1, 6))
        elif kind == "vanish":
            closed = [s.id for s in world.shards.values() if s.ended and not s.gone]
            if not closed:
                return
            world.shards[rng.choice(closed)].gone = True
        self.out.met[kind] += 1
        self._note(f"{kind} {shard if kind in ('trim', 'not_found') else slot}")

    def _settle(self) -> None:
        """The service is healthy again; the reader has all the time it needs."""
        rig = self.rig
        rig.world.faults.clear()
        self.hidden_until = 0.0
        rig.sink.auto = True
        rig.sink.commit()
        rig.run(240, lambda: self._all_here())
        self._collect_gaps()

    def _collect_gaps(self) -> None:
        # a gap is told once; the recording and the event log keep it over a restart
        assert self.rig.reader is not None
        self.rig.reader._publish(running=True)
        for gap in self.rig.reader.status.gaps:
            to_us = gap.to_us or self.rig.time.wall
            self.gaps.append(StreamGap(gap.shard, gap.from_us, to_us, gap.reason))

    def _all_here(self) -> bool:
        return len({(s.series.car, s.n_lo) for s in self.rig.sink.bodies}) == len(self.where)

    def _judge(self) -> Outcome:
        out = self.out
        seen: set[tuple[str, int]] = set()
        newest: Counter[str] = Counter()
        for segment in self.rig.sink.bodies:
            key = (segment.series.car, segment.n_lo)
            if key in seen:
                out.repeated += 1
                continue
            seen.add(key)
            if key[1] < newest[key[0]]:
                out.disorder += 1
            newest[key[0]] = max(newest[key[0]], key[1])
        out.written, out.applied = len(self.where), len(seen)
        for key, (shard, created_us) in self.where.items():
            if key in seen:
                continue
            if self._in_a_gap(shard, created_us):
                out.gapped += 1
            else:
                out.lost.append(key)
        return out

    def _in_a_gap(self, shard: str, created_us: int) -> bool:
        return any(gap.from_us // SECOND * SECOND <= created_us <= gap.to_us for gap in self.gaps)

    def describe(self) -> str:
        """For a failing seed."""
        checkpoints = {k[-8:]: json.loads(v) for k, v in self.rig.sink.checkpoints.items()}
        return "\n".join([*self.out.trace[-40:], f"lost {self.out.lost[:5]}", str(checkpoints)])
