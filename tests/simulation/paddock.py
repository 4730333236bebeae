"""The cars that write, the stream they write into, and what happens to it."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any

from pitwall.cloud import chunk_item, head_item
from pitwall.telemetry import Head, Segment, Series, chunk
from tests.simulation import kinds
from tests.simulation.clock import SECOND, START, VirtualTime
from tests.simulation.network import ANY, Network
from tests.simulation.plan import Plan, Step
from tests.simulation.service import (
    Change,
    SimulatedDynamoStreams,
    SimulatedKinesis,
    SimulatedTable,
    Stream,
    table_change,
    write,
)
from tests.simulation.troubles import TROUBLES
from tests.unit.turbo.rig import SESSION, payload_of

TABLE = "pitwall"
LAP = 1
"""All chunks are of one lap: its key keeps a car in one line of shards, where order is promised."""
MAX_SHARDS = 6
STEP_BACK_US = 3 * SECOND


class Paddock:
    """Everything that the program does not own.

    Args:
        plan: what happens when.
        time: the clock; the paddock catches up with it whenever it is asked to.
        position: index-free place of the program in a shard: the newest number on its disk.
    """

    def __init__(self, plan: Plan, time: VirtualTime, position: Callable[[str], int]) -> None:
        self.plan = plan
        self.time = time
        self.met: Counter[str] = Counter()
        self.rotations = 0
        self.written: dict[tuple[str, int], Change] = {}
        """The first record of each chunk (car, n)."""
        self.segments: dict[tuple[str, int], Segment] = {}
        self.poison: list[Change] = []
        self.n: dict[str, int] = {f"c{i}": 0 for i in range(plan.cars)}
        self.silent: set[tuple[str, int]] = set()
        """Lost from shards of which the program had nothing yet, or without a word: nothing but
        the counters can show it."""
        self.removed: set[tuple[str, int]] = set()
        self.position = position
        self.now_us = time.true_us
        """The moment that the paddock has come to."""
        self.trouble_rng = random.Random(f"trouble {plan.source} {plan.seed}")
        self.network = Network(
            time,
            self.trouble_rng,
            throttle=(
                ("LimitExceededException", "ThrottlingException")
                if plan.source == kinds.DYNAMODB
                else ("ProvisionedThroughputExceededException", "LimitExceededException")
            ),
            bad_request=(
                "ValidationException"
                if plan.source == kinds.DYNAMODB
                else "InvalidArgumentException"
            ),
            catch_up=self.catch_up,
            null_next="null_iterator" in plan.setup,
        )
        self.network.count_listings = plan.page == 100
        options: dict[str, Any] = {
            "shards": plan.shards,
            "seed": plan.seed,
            "linger": 2 if "lingering_end" in plan.setup else 0,
        }
        self.streams: list[Stream] = []
        self.client: SimulatedDynamoStreams | SimulatedKinesis
        self.table: SimulatedTable | None = None
        if plan.source == kinds.DYNAMODB:
            self.client = SimulatedDynamoStreams(
                self._clock,
                at_timestamp="no_timestamp" not in plan.setup,
                shard_filter="no_shard_filter" not in plan.setup,
                page=plan.page,
                network=self.network,
            )
            self.table = SimulatedTable(self._clock, self.client, TABLE, **options)
            self.streams.append(self.table.stream)
        else:
            self.client = SimulatedKinesis(self._clock, page=plan.page, network=self.network)
            self.streams.append(self.client.create_stream(TABLE, **options))
        self._twice = 0
        self._order = count()
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._plan_writes()

    def _clock(self) -> int:
        return max(self.now_us, self.time.true_us)

    @property
    def stream(self) -> Stream:
        """The one that is written into."""
        return self.streams[-1]

    # -- the agenda

    def at(self, us: int, what: Callable[[], None]) -> None:
        """Do something when it is so late."""
        heapq.heappush(self._agenda, (us, next(self._order), what))

    def catch_up(self) -> None:
        """Everything that was to happen until now happens."""
        now = self.time.true_us
        while self._agenda and self._agenda[0][0] <= now:
            us, _, what = heapq.heappop(self._agenda)
            self.now_us = max(self.now_us, us)
            what()
        self.now_us = max(self.now_us, now)

    @property
    def due_us(self) -> float:
        """When something happens next."""
        return self._agenda[0][0] if self._agenda else float("inf")

    def put_off(self, seconds: float, during: int) -> None:
        """The machine sleeps from now on: some of what was to come comes meanwhile, the rest
        after it."""
        late = round(seconds * SECOND)
        begin = self.time.true_us
        agenda, self._agenda = sorted(self._agenda, key=lambda entry: entry[:2]), []
        for i, (us, _, what) in enumerate(agenda):
            self.at(begin + late * (i + 1) // (during + 1) if i < during else us + late, what)

    def _plan_writes(self) -> None:
        plan = self.plan
        rng = random.Random(f"writes {plan.source} {plan.seed}")
        for car in self.n:
            self.at(START, lambda car=car: self._head(car))  # type: ignore[misc]
        for _ in range(plan.chunks):
            us = START + round(rng.uniform(0, plan.length_s + plan.history_s) * SECOND)
            car = rng.choice(list(self.n))
            self.at(us, lambda car=car: self._write(car))  # type: ignore[misc]

    # -- the cars

    def _series(self, car: str) -> Series:
        return Series(SESSION.key, car, "driver", "e1")

    def _write(self, car: str) -> None:
        self.n[car] += 1
        n = self.n[car]
        # A second of racing each, whenever it comes to be written: chunks never overlap.
        t = START + n * SECOND
        segment = chunk(self._series(car), n, LAP, t, t + 720_000, 4, payload_of(n))
        self.segments[car, n] = segment
        item = chunk_item(segment)
        change = self._put(item, (car, n))
        self.written[car, n] = change
        if self.table is not None and n % 16 == 0:
            # A retry writes the item as it is: no record.
            assert self.table.write(item) is None
        if self._twice:
            self._twice -= 1
            self.met["written_twice"] += 1
            self._put(item, (car, n))
        if n % 8 == 0:
            self._head(car)

    def _head(self, car: str, ended: bool = False) -> None:
        head = Head(
            SESSION.key,
            car,
            "e1",
            START,
            START + (self.n[car] + 1) * SECOND,
            LAP,
            {"driver": self.n[car]},
            ended,
        )
        self._put(head_item(head), None)

    def _put(self, item: dict[str, dict[str, Any]], tag: Any) -> Change:
        if self.table is not None:
            change = self.table.write(item, tag)
            assert change is not None
            return change
        return write(self.stream, item["pk"]["S"], table_change(item, self.now_us), tag)

    def finish(self) -> None:
        """What is left to be written is written, and the cars end."""
        while self._agenda:
            us, _, what = heapq.heappop(self._agenda)
            self.now_us = max(self.now_us, min(us, self.time.true_us))
            what()
        for car in self.n:
            self._head(car, ended=True)

    # -- what happens

    def happen(self, step: Step) -> None:
        """A step of the plan that is not the machine's."""
        rng = random.Random(step.salt)
        kind = step.kind
        if kind in TROUBLES:
            operations, (low, high), seconds = TROUBLES[kind]
            chosen = operations if rng.random() < 0.5 else (rng.choice(operations),)
            if rng.random() < 0.5:
                chosen = operations
            self.network.trouble(kind, chosen, rng.randint(low, high), rng.uniform(*seconds))
            if kind in ("refused_position", "refused_time"):
                self.client.expired_before_us = self.now_us
            if kind == "refused_time":
                self.network.trouble("refused_position", ("GetShardIterator",), 1, 10)
            return
        getattr(self, f"_{kind}")(rng)

    def _offline(self, rng: random.Random) -> None:
        self.network.trouble("offline", ANY, 1 << 30, rng.uniform(3, 20))

    def _expired(self, rng: random.Random) -> None:
        self.client.expired_before_us = self.now_us

    def _rotate(self, rng: random.Random, delay: float = 0.0, end_delay: float = 0.0) -> None:
        self._continue(rng.choice(self.stream.open), 1, delay, end_delay)

    def _continue(
        self, name: str, pieces: int = 1, delay: float = 0.0, end_delay: float = 0.0
    ) -> None:
        self.rotations += 1
        self.stream.split(name, pieces, round(delay * SECOND), round(end_delay * SECOND))

    def _split(self, rng: random.Random) -> None:
        if len(self.stream.open) < MAX_SHARDS:
            self._continue(rng.choice(self.stream.open), 2, rng.choice((0.0, 2.0)))
            self.met["split"] += 1

    def _merge(self, rng: random.Random) -> None:
        stream = self.stream
        if len(stream.open) < 2:
            self._continue(stream.open[0], 2)
        i = rng.randrange(len(stream.open) - 1)
        self.rotations += 1
        stream.merge(stream.open[i], stream.open[i + 1], rng.choice((0, 2, 10)) * SECOND)
        self.met["merge"] += 1

    def _rotated_together(self, rng: random.Random) -> None:
        delay = rng.choice((0.0, 1.0))
        for name in list(self.stream.open):
            self._continue(name, 1, delay)
        self.met["rotated_together"] += 1

    def _listed_late(self, rng: random.Random) -> None:
        self._rotate(rng, delay=rng.uniform(3, 25))
        self.met["listed_late"] += 1

    def _end_listed_late(self, rng: random.Random) -> None:
        self._rotate(rng, end_delay=rng.uniform(5, 40))
        self.met["end_listed_late"] += 1

    def _missing_from_listing(self, rng: random.Random) -> None:
        self.network.flicker_until_us = self.now_us + 60 * SECOND
        self._rotate(rng)

    def _fresh_trimmed(self, rng: random.Random) -> None:
        assert isinstance(self.client, SimulatedDynamoStreams)
        self.client.young_trims += rng.randint(1, 2)
        self._rotate(rng)

    def _times_step_back(self, rng: random.Random) -> None:
        for stream in self.streams:
            stream.step_back_us = STEP_BACK_US
        self.met["times_step_back"] += 1

    def _longer_numbers(self, rng: random.Random) -> None:
        self.stream.lengthen()
        self.met["longer_numbers"] += 1

    def _written_twice(self, rng: random.Random) -> None:
        self._twice = rng.randint(1, 6)

    def _poison(self, rng: random.Random) -> None:
        for i in range(rng.randint(1, 3)):
            item = {
                "pk": {"S": f"{SESSION.key}#driver#00001#c0"},
                "sk": {"S": f"broken-{self.now_us}-{i}"},
                "k": {"S": "c"},
            }
            self.poison.append(self._put(item, "poison"))
        self.met["poison"] += 1

    def _removal(self, rng: random.Random) -> None:
        """A chunk's time to live is over, in the table."""
        left = [key for key in self.written if key not in self.removed]
        if not left:
            return
        key = rng.choice(left)
        self.removed.add(key)
        item = chunk_item(self.segments[key])
        if self.table is not None:
            self.table.delete(item, by_age=True)
        else:
            write(
                self.stream,
                item["pk"]["S"],
                table_change(item, self.now_us, event="REMOVE"),
                "removal",
            )
        self.met["removal"] += 1

    def _switched_off_and_on(self, rng: random.Random) -> None:
        assert self.table is not None
        self.table.update_table(TABLE, {"StreamEnabled": False})
        self.now_us += SECOND
        self.table.update_table(TABLE, {"StreamEnabled": True})
        self.streams.append(self.table.stream)
        self.met["switched_off_and_on"] += 1

    # -- losses

    def _trimmed(self, rng: random.Random) -> None:
        """Nobody reads for a while, and what nobody has read goes."""
        self.network.trouble("offline", ANY, 1 << 30, 14)
        stream = self.stream
        deep = rng.randint(1, 6)

        def trim() -> None:
            for shard in stream.shards.values():
                at = self.position(shard.id)
                unread = shard.changes[shard.after(at) :] if at else []
                if len(unread) > 1:
                    self._forget(stream, shard.parents)
                    self._lose(
                        stream, shard.id, shard.after(at) + min(deep, len(unread)), told=True
                    )
                    return

        self.at(self.now_us + 13 * SECOND, trim)

    def _gone(self, rng: random.Random) -> None:
        """A shard goes before it is read to its end."""
        self.network.trouble("offline", ANY, 1 << 30, 14)
        stream = self.stream
        name = rng.choice(stream.open)

        def close() -> None:
            if name in stream.open:
                self.rotations += 1
                stream.split(name, 1)

        def vanish() -> None:
            shard = stream.shards[name]
            if shard.last is not None:
                self._forget(stream, (name,))
                self.met["gone"] += 1

        self.at(self.now_us + 8 * SECOND, close)
        self.at(self.now_us + 13 * SECOND, vanish)

    def _forget(self, stream: Stream, names: tuple[str, ...]) -> None:
        """Shards go, and before them those that are older: the service forgets by age."""
        for name in names:
            shard = stream.shards[name]
            if not shard.gone:
                self._forget(stream, shard.parents)
                self._lose(stream, name, len(shard.changes), told=bool(self.position(name)))
                shard.gone = True

    def _lose(self, stream: Stream, shard: str, count: int, *, told: bool) -> None:
        before = len(stream.lost)
        stream.trim(shard, count)
        if not told or self.plan.source == kinds.KINESIS:
            self.silent.update(c.tag for c in stream.lost[before:] if isinstance(c.tag, tuple))
        self.met["trimmed"] += len(stream.lost) > before

    def retain(self, hours: float) -> None:
        """From now on the service keeps what is younger than that."""
        for stream in self.streams:
            stream.retention_us = round(hours * 3600 * SECOND)

    def tidy(self) -> None:
        """What is too old goes, also where nobody asks."""
        for stream in self.streams:
            before = len(stream.lost)
            stream.tidy()
            # How much of it the program could have known is not worked out: only counters count.
            self.silent.update(c.tag for c in stream.lost[before:] if isinstance(c.tag, tuple))

    def in_table(self, key: tuple[str, int]) -> bool:
        """Whether a keyed read finds a chunk."""
        if key in self.removed:
            return False
        return self.plan.kept or key not in self.lost

    @property
    def lost(self) -> set[tuple[str, int]]:
        """Chunks of which no record is left in the stream."""
        gone = {c.tag for s in self.streams for c in s.lost if isinstance(c.tag, tuple)}
        if not gone:
            return gone
        there = {c.tag for s in self.streams for shard in s.shards.values() for c in shard.changes}
        return gone - there
