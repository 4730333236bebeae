"""A stream service in memory with a clock of its own, and a reader on top of it.

The model shares nothing with ``pitwall.stream`` but the protocol's values: shards, cursors and
expiry are written down here once more, from the service's documentation.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from pitwall.store import Batch
from pitwall.stream import (
    Anchor,
    Expired,
    Fault,
    InlinePool,
    Listing,
    NotFound,
    Pace,
    Page,
    Position,
    Reader,
    Record,
    Rejected,
    Result,
    ServerClock,
    ShardInfo,
    Trimmed,
)
from pitwall.telemetry import Failure, Head, PitwallError, Segment, Series, chunk

SECOND = 1_000_000
START = 1_790_000_000 * SECOND
ITERATOR_LIFE = 15 * 60 * SECOND
SESSION = "2026-09-20-test-r1"
ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/pitwall/stream/2026"


class VirtualTime:
    """Wall and monotonic clock that move only when told."""

    def __init__(self) -> None:
        self.wall = START
        self.mono = 1000.0
        self.offset_us = 0
        """The machine's wall clock minus true time, which is ``wall``."""
        self.on_wait: Callable[[float], None] | None = None

    def now_us(self) -> int:
        return self.wall + self.offset_us

    def monotonic(self) -> float:
        return self.mono

    def advance(self, seconds: float) -> None:
        self.wall += round(seconds * SECOND)
        self.mono += seconds

    def sleep(self, seconds: float) -> None:
        """The machine sleeps: only the wall clock moves."""
        self.wall += round(seconds * SECOND)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if event.is_set():
            return True
        if self.on_wait is not None:
            self.on_wait(seconds)
        else:
            self.advance(seconds)
        return event.is_set()


@dataclass
class FakeShard:
    id: str
    parent: str | None
    seen_us: int
    """Listed from then on."""
    ended: bool = False
    end_seen_us: int = 0
    """Its end is listed from then on."""
    records: list[Record] = field(default_factory=list)
    trimmed: int = 0
    """Sequence number of the newest record that is gone."""
    gone: bool = False


class World:
    """A stream: a tree of shards with records, and the calls on it."""

    by_time = True

    def __init__(self, time: VirtualTime, shards: int = 1, *, first_sequence: int = 10**21) -> None:
        self.time = time
        self.shards: dict[str, FakeShard] = {}
        self.enabled = True
        self.arn = ARN
        self.sequence = first_sequence
        self.calls: list[tuple[float, str, str]] = []
        """(monotonic, operation, shard)."""
        self.faults: list[tuple[str, str, Callable[[], Fault], int]] = []
        self.hide: Callable[[str], bool] = lambda shard: False
        """Shards that listings lack."""
        self.tick = 0
        self.open_ids = [self._add(None) for _ in range(shards)]

    # -- what happens

    def _add(self, parent: str | None, delay_s: float = 0.0) -> str:
        self.tick += 1
        name = f"shardId-{self.time.wall // 1000:020d}-{self.tick:08x}"
        seen_us = self.time.wall + round(delay_s * SECOND)
        if parent is not None:
            # A listing may lack both; one that has the child and never the parent is another case.
            seen_us = max(seen_us, self.shards[parent].seen_us)
        self.shards[name] = FakeShard(name, parent, seen_us)
        return name

    def put(self, body: Any, key: str | int = 0, created_us: int | None = None) -> Record:
        slot = key if isinstance(key, int) else crc32(key.encode())
        shard = self.shards[self.open_ids[slot % len(self.open_ids)]]
        self.sequence += 1 + self.sequence % 7
        created = (self.time.wall if created_us is None else created_us) // SECOND * SECOND
        record = Record(str(self.sequence), created, body)
        shard.records.append(record)
        return record

    def rotate(self, slot: int = 0, pieces: int = 1, delay_s: float = 0.0) -> list[str]:
        old = self.open_ids[slot]
        self.end(old, delay_s)
        new = [self._add(old, delay_s) for _ in range(pieces)]
        self.open_ids[slot : slot + 1] = new
        return new

    def end(self, shard: str, delay_s: float = 0.0) -> None:
        self.shards[shard].ended = True
        self.shards[shard].end_seen_us = self.time.wall + round(delay_s * SECOND)

    def trim(self, shard: str, count: int) -> None:
        s = self.shards[shard]
        for record in s.records[:count]:
            s.trimmed = int(record.sequence)
        del s.records[:count]

    def fail(self, operation: str, shard: str, fault: Callable[[], Fault], times: int = 1) -> None:
        self.faults.append((operation, shard, fault, times))

    def _call(self, operation: str, shard: str) -> None:
        self.calls.append((self.time.mono, operation, shard))
        for i, (op, name, fault, times) in enumerate(self.faults):
            if op == operation and name in ("", shard) and times > 0:
                self.faults[i] = (op, name, fault, times - 1)
                raise fault()

    # -- the protocol

    def connect(self, server: ServerClock) -> World:
        """What a program that is started now reads from."""
        return self

    def _info(self, s: FakeShard) -> ShardInfo:
        closed = s.ended and s.end_seen_us <= self.time.wall
        return ShardInfo(s.id, (s.parent,) if s.parent else (), closed)

    def _listed(self) -> list[FakeShard]:
        return [
            s
            for s in self.shards.values()
            if s.seen_us <= self.time.wall and not s.gone and not self.hide(s.id)
        ]

    def describe(self) -> Listing:
        self._call("describe", "")
        return Listing(self.arn, self.enabled, tuple(self._info(s) for s in self._listed()))

    def children(self, shard: str) -> tuple[ShardInfo, ...]:
        self._call("children", shard)
        return tuple(self._info(s) for s in self._listed() if s.parent == shard)

    def open(self, shard: str, position: Position) -> str:
        self._call("open", shard)
        s = self.shards.get(shard)
        if s is None or s.gone:
            raise NotFound(f"no shard {shard}")
        if position.anchor is Anchor.AFTER:
            after = int(position.sequence)
            if after < s.trimmed:
                raise Trimmed("trimmed")
            own = [int(r.sequence) for r in s.records]
            if own and not (min(own) - 10**6 <= after <= self.sequence):
                raise Rejected(f"{position.sequence} is not of {shard}")
        elif position.anchor is Anchor.TIME:
            if not self.by_time:
                raise Rejected("AT_TIMESTAMP is not known")
            if position.at_us > self.time.wall:
                raise Rejected("in the future")
            later = [r for r in s.records if r.created_us >= position.at_us]
            after = int(later[0].sequence) - 1 if later else self.sequence
            after = max(after, s.trimmed)
        else:
            after = s.trimmed
        return f"{shard}|{after}|{self.time.wall}"

    def read(self, iterator: str, limit: int) -> Page:
        shard, after_text, made = iterator.split("|")
        self._call("read", shard)
        s = self.shards.get(shard)
        if s is None or s.gone:
            raise NotFound(f"no shard {shard}")
        if self.time.wall - int(made) > ITERATOR_LIFE:
            raise Expired("too old")
        after = int(after_text)
        if after < s.trimmed:
            raise Trimmed("trimmed")
        left = [r for r in s.records if int(r.sequence) > after]
        page = left[:limit]
        if page:
            after = int(page[-1].sequence)
        if s.ended and len(page) == len(left):
            return Page(tuple(page), None)
        return Page(tuple(page), f"{shard}|{after}|{self.time.wall}")


class Sink:
    """A writer in memory: a queue, and what is committed of it. A crash loses the queue."""

    def __init__(self, room: int = 64) -> None:
        self.failure: PitwallError | None = None
        self.room = room
        self.queue: list[Batch] = []
        self.committed: list[Batch] = []
        self.checkpoints: dict[str, str] = {}
        self.auto = True

    @property
    def depth(self) -> int:
        return len(self.queue)

    def submit(self, batch: Batch, timeout_s: float = 30.0) -> None:
        if self.failure is not None:
            raise self.failure
        if len(self.queue) >= self.room:
            raise Failure("writing has not kept up")
        self.queue.append(batch)
        if self.auto:
            self.commit()

    def commit(self, count: int | None = None) -> None:
        count = len(self.queue) if count is None else count
        for batch in self.queue[:count]:
            self.committed.append(batch)
            self.checkpoints.update(batch.checkpoints)
        del self.queue[:count]

    def crash(self) -> None:
        self.queue.clear()

    @property
    def bodies(self) -> list[Any]:
        """Everything applied, in order of arrival."""
        return [s for b in self.committed for s in b.segments]


def series(car: str = "7", group: str = "driver") -> Series:
    return Series(SESSION, car, group, "e1")


def made(n: int, car: str = "7", t_us: int = START) -> Segment:
    """Chunk ``n`` of ``car``; the payload is no packed payload, which the reader does not mind."""
    return chunk(series(car), n, 1, t_us + n * 250_000, t_us + n * 250_000 + 240_000, 5, b"x%d" % n)


def head(n: int, t_us: int, car: str = "7", ended: bool = False) -> Head:
    return Head(SESSION, car, "e1", START, t_us, 1, {"driver": n}, ended)


def put(rig: Rig, numbers: range, car: str = "7", slot: int = 0) -> None:
    """Chunks of a car into a shard."""
    for n in numbers:
        rig.world.put(made(n, car), slot)


class AnsweringPool(InlinePool[Result]):
    """Runs jobs at once; tells whether answers wait."""

    @property
    def answers(self) -> bool:
        return bool(self._done)


class Rig:
    """A world, a sink and a reader, stepped by hand."""

    def __init__(self, shards: int = 1, *, seed: int = 1, pace: Pace | None = None) -> None:
        self.time = VirtualTime()
        self.world = World(self.time, shards)
        self.sink = Sink()
        self.rng = random.Random(seed)
        self.pace = pace
        self.events: list[tuple[str, Mapping[str, object]]] = []
        self.server = ServerClock(self.time)
        self.reader: Reader | None = None
        self.pool = AnsweringPool(16)
        self.decode: Callable[[Record], Any] = lambda record: record.body

    def start(self, anchor_us: int | None = None, *, source: Any = None) -> Reader:
        """A reader that goes on from what is committed."""
        source = source or self.world
        self.reader = Reader(
            source,
            self.sink,
            lambda record: self.decode(record),
            listing=self.world.describe(),
            anchor_us=anchor_us,
            saved=self.sink.checkpoints,
            server=self.server,
            time=self.time,
            pool=self._new_pool(),
            rng=self.rng,
            on_event=lambda name, details: self.events.append((name, details)),
            pace=self.pace,
        )
        return self.reader

    def _new_pool(self) -> AnsweringPool:
        self.pool = AnsweringPool(16)
        return self.pool

    def run(self, seconds: float, until: Callable[[], bool] | None = None) -> float:
        """Let the reader work for so long, or until it is so; returns the seconds that passed."""
        assert self.reader is not None
        began = self.time.mono
        while self.time.mono - began < seconds and not (until and until()):
            pause = self.reader.step()
            # An answer takes ten milliseconds, and wakes the reader.
            self.time.advance(0.01 if self.pool.answers else min(max(pause, 0.01), 0.25))
        return self.time.mono - began

    def applied(self, car: str = "7") -> list[int]:
        """n of what was committed of a car, in order of arrival, repeats included."""
        return [s.n_lo for s in self.sink.bodies if s.series.car == car]

    def names(self) -> list[str]:
        return [name for name, _ in self.events]
