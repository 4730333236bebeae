"""A race in memory: producers, table, stream and archive on one virtual clock, and a follower.

The archive is written here with every flaw that the way through a Lambda and Firehose has: lag,
disorder, repeats, losses, objects that come late or are damaged.
"""

from __future__ import annotations

import gzip
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pitwall.cloud import (
    BundleName,
    LapEntry,
    chunk_item,
    form_bundle,
    format_line,
    head_item,
    seal_lap,
)
from pitwall.cloud.mapping import PlainMapping
from pitwall.store import Batch, Recording, SessionStore, load
from pitwall.stream import Fault, InlinePool, NotFound, ServerClock
from pitwall.telemetry import (
    Catalog,
    Channel,
    Failure,
    Group,
    Head,
    PitwallError,
    Segment,
    Series,
    Session,
    chunk,
    encode,
)
from pitwall.telemetry.names import MAX_LAP
from pitwall.turbo import Follower, ObjectInfo, Sources, Tempo
from pitwall.turbo.plain import NoTable, PlainDecoder
from tests.unit.stream.rig import SECOND, START, VirtualTime, World

DRIVER = Group("driver", 4.0, SECOND, (Channel("speed", "km/h", 0.1, 0, 300),))
CATALOG = Catalog((DRIVER,))
SESSION = Session("2026-09-20-test-r1", "Test Race", CATALOG, START)
LAP_S = 60


@cache
def payload_of(n: int, salt: int = 0) -> bytes:
    t = np.arange(4, dtype=np.int64) * 240_000
    values = np.array([[100.0 + n % 50 + salt, 101, 102, 103]])
    return encode(t, values, DRIVER, CATALOG.version)


def series_of(car: str, epoch: str = "e1") -> Series:
    return Series(SESSION.key, car, "driver", epoch)


def lap_at(t_us: int) -> int:
    return min(int((t_us - START) // (LAP_S * SECOND)), MAX_LAP)


def chunk_of(car: str, n: int, t_us: int, epoch: str = "e1", salt: int = 0) -> Segment:
    return chunk(
        series_of(car, epoch), n, lap_at(t_us), t_us, t_us + 720_000, 4, payload_of(n, salt)
    )


@dataclass
class Car:
    name: str
    epoch: str = "e1"
    n: int = 0
    t_first: int = 0
    ended: bool = False


@dataclass
class Line:
    data: bytes
    arrival_us: int


class Table:
    """Consistent reads of what was written; ``lost`` keys are gone."""

    def __init__(self) -> None:
        self.items: dict[Series, dict[int, Segment]] = defaultdict(dict)
        self.head_items: dict[tuple[str, str], Head] = {}
        self.gone: set[tuple[Series, int]] = set()
        self.failing = 0
        self.reads = 0

    def heads(self) -> list[Head]:
        return list(self.head_items.values())

    def catalog(self) -> list[LapEntry]:
        return []

    def chunks(self, group: str, lap: int, car: str, t_lo: int, t_hi: int) -> Any:
        self.reads += 1
        if self.failing:
            self.failing -= 1
            raise Failure("table cannot be reached")
        out = [
            segment
            for series, chunks in self.items.items()
            if series.car == car and series.group == group
            for n, segment in chunks.items()
            if segment.lap == lap and t_lo <= segment.t_lo <= t_hi and (series, n) not in self.gone
        ]
        return out, []

    def sealed(self, entries: Sequence[LapEntry]) -> Any:
        return [], []


class Bucket:
    """Objects by key, each from its own time on."""

    def __init__(self, time: VirtualTime) -> None:
        self.time = time
        self.objects: dict[str, tuple[bytes, int]] = {}
        self.fault: Callable[[], Fault] | None = None
        self.on_get: Callable[[], None] = lambda: None
        self.gets: list[str] = []

    def list(self, prefix: str) -> list[ObjectInfo]:
        if self.fault is not None:
            raise self.fault()
        return [
            ObjectInfo(key, len(data), f"t{len(data)}")
            for key, (data, seen) in sorted(self.objects.items())
            if key.startswith(prefix) and seen <= self.time.wall
        ]

    def get(self, key: str) -> bytes:
        self.gets.append(key)
        self.on_get()
        if key not in self.objects:
            raise NotFound(key)
        return self.objects[key][0]


class Recorder:
    """The writer without a thread: what is submitted waits for ``apply`` or ``flush``."""

    def __init__(self, path: Path) -> None:
        fresh = not path.exists()
        self.recording = Recording.create(path, SESSION) if fresh else Recording.open(path)
        self.store: SessionStore = load(self.recording)
        self.failure: PitwallError | None = None
        self.queue: list[Batch] = []
        self.dead = False

    @property
    def depth(self) -> int:
        return len(self.queue)

    def submit(self, batch: Batch, timeout_s: float = 30.0) -> None:
        if self.dead:
            raise Crash
        if self.failure is not None:
            raise self.failure
        self.queue.append(batch)

    def flush(self, timeout_s: float = 30.0) -> None:
        if self.dead:
            raise Crash
        if self.failure is not None:
            raise self.failure
        self.apply()

    def apply(self, count: int | None = None) -> None:
        if self.failure is not None:
            return
        taken = self.queue[:count]
        del self.queue[: len(taken)]
        if taken:
            self.store.commit(self.recording.apply(*taken))


class Crash(BaseException):
    """The program is killed here."""


@dataclass
class Flaws:
    """Of the way to the archive."""

    lag_s: tuple[float, float] = (30.0, 60.0)
    duplicates: float = 0.0
    lost: float = 0.0
    lose: Callable[[Series, int], bool] = field(default=lambda series, n: False)


class Race:
    """Producers that write a chunk a second each, and everything that follows from it."""

    def __init__(
        self, cars: Iterable[str] = ("1", "2", "3"), shards: int = 2, seed: int = 1
    ) -> None:
        self.rng = random.Random(seed)
        self.time = VirtualTime()
        self.world = World(self.time, shards)
        self.table = Table()
        self.bucket = Bucket(self.time)
        self.flaws = Flaws()
        self.cars = {name: Car(name) for name in cars}
        self.written: dict[tuple[Series, int], int] = {}
        self.pending: list[Line] = []
        self.writing = True
        self.skip_stream: Callable[[Series, int], bool] = lambda series, n: False
        self.every: list[Callable[[], None]] = []
        self.joined: Joined | None = None
        self._objects = 0
        self._next_write = self.time.wall + SECOND
        self._next_flush = self.time.wall + 30 * SECOND

    # -- producers

    def event_us(self, car: Car) -> int:
        """A producer's clock."""
        return self.time.wall

    def accepted(self, car: Car) -> int:
        """The newest n of a producer that the table has, as all before it."""
        return car.n

    def write(self, car: Car, salt: int = 0) -> Segment:
        now = self.event_us(car)
        if not car.t_first:
            car.t_first = now - 800_000
            self.head(car)
        car.n += 1
        segment = chunk_of(car.name, car.n, now - 800_000, car.epoch, salt)
        self.put(segment)
        return segment

    def put(self, segment: Segment) -> None:
        series, n = segment.series, segment.n_lo
        self.table.items[series][n] = segment
        self.written[series, n] = segment.crcs[0]
        item = chunk_item(segment)
        sequence = "0"
        if not self.skip_stream(series, n):
            sequence = self.world.put(item, item["pk"]["S"]).sequence
        self.archive(segment, sequence)

    def archive(self, segment: Segment, sequence: str) -> None:
        series, n = segment.series, segment.n_lo
        if self.flaws.lose(series, n) or self.rng.random() < self.flaws.lost:
            return
        line = format_line(segment, self.time.wall // SECOND, sequence)
        times = 2 if self.rng.random() < self.flaws.duplicates else 1
        for _ in range(times):
            lag = self.rng.uniform(*self.flaws.lag_s)
            self.pending.append(Line(line, self.time.wall + round(lag * SECOND)))

    def head(self, car: Car, ended: bool = False) -> None:
        now = self.event_us(car)
        counts = {"driver": self.accepted(car)}
        head = Head(SESSION.key, car.name, car.epoch, car.t_first, now, lap_at(now), counts, ended)
        self.table.head_items[car.name, car.epoch] = head
        item = head_item(head)
        self.world.put(item, item["pk"]["S"] + item["sk"]["S"])

    def end(self, name: str) -> None:
        self.cars[name].ended = True
        self.head(self.cars[name], ended=True)

    # -- time

    def advance(self, seconds: float) -> None:
        """Let so much time pass, in steps that end where something happens."""
        end = self.time.wall + round(seconds * SECOND)
        while self.time.wall < end:
            step = min(end, self._next_write, self._next_flush) - self.time.wall
            if step > 0:
                self.time.advance(step / SECOND)
            if self.time.wall >= self._next_write:
                self._next_write += SECOND
                if self.writing:
                    for car in self.cars.values():
                        if not car.ended:
                            self.write(car)
                            self.head(car)
                for each in self.every:
                    each()
            if self.time.wall >= self._next_flush:
                self._next_flush += 30 * SECOND
                self.flush_archive()

    def flush_archive(
        self,
        change: Callable[[bytes], bytes] = lambda data: data,
        seen_us: int = 0,
        due_us: int | None = None,
    ) -> str:
        """Write an object of the lines that are due, in no order."""
        limit = self.time.wall if due_us is None else due_us
        due = [line for line in self.pending if line.arrival_us <= limit]
        if not due:
            return ""
        self.pending = [line for line in self.pending if line.arrival_us > limit]
        self.rng.shuffle(due)
        # as the delivery service: by the moment the first record came
        opened = min(line.arrival_us for line in due)
        moment = datetime.fromtimestamp(opened // SECOND, UTC)
        self._objects += 1
        key = (
            f"raw/{moment:%Y/%m/%d/%H}/pitwall-1-{moment:%Y-%m-%d-%H-%M-%S}-{self._objects:05d}.gz"
        )
        data = gzip.compress(b"".join(line.data for line in due), mtime=0)
        self.bucket.objects[key] = (change(data), seen_us or self.time.wall)
        return key

    def seal(self, version: int = 1) -> None:
        """Write the laps that are over as sealed objects, but not what the archive loses."""
        now = (self.time.wall - START) // (LAP_S * SECOND)
        laps: dict[tuple[Series, int], list[Segment]] = defaultdict(list)
        for series, items in self.table.items.items():
            for _, segment in sorted(items.items()):
                laps[series, segment.lap].append(segment)
        for (series, lap), chunks in laps.items():
            if lap < now and not any(self.flaws.lose(series, c.n_lo) for c in chunks):
                name = BundleName(SESSION.key, series.car, lap, lap, series.epoch, 1, version)
                body = form_bundle(seal_lap(chunks, DRIVER, CATALOG.version))
                self.bucket.objects[name.key] = (body, self.time.wall)

    # -- following

    def expected(self) -> dict[Series, set[int]]:
        out: dict[Series, set[int]] = defaultdict(set)
        for series, n in self.written:
            out[series].add(n)
        return out


class Joined:
    """A follower of a race, on a recording at ``path``, driven by the race's clock."""

    def __init__(
        self,
        race: Race,
        path: Path,
        *,
        tempo: Tempo | None = None,
        bucket: bool = True,
        plain: PlainMapping | None = None,
    ) -> None:
        self.race = race
        self.plain = plain is not None
        if race.joined is not None:
            race.joined.close()
        race.joined = self
        self.recorder = Recorder(path)
        self.events: list[tuple[str, Mapping[str, object]]] = []
        self.until: Callable[[], bool] = lambda: True
        self.deadline = 0.0
        self.on_slice: Callable[[], None] = lambda: None
        self.slice_s = 0.1
        self.on_event: Callable[[str], None] = lambda name: None
        server = ServerClock(race.time)
        sources = Sources(
            NoTable() if plain else race.table,
            race.bucket if bucket and not plain else None,
            lambda: race.world.connect(server),
            server,
            (lambda: PlainDecoder(plain, self.store)) if plain else None,
        )
        self.follower = Follower(
            sources,
            SESSION,
            self.recorder.recording.checkpoints(),
            self.recorder.store,
            self.recorder,
            time=race.time,
            rng=race.rng,
            on_event=self._told,
            make_pool=lambda name, workers: InlinePool(workers),
            spawn=False,
            tempo=tempo,
        )
        race.time.on_wait = self._wait

    @property
    def store(self) -> SessionStore:
        return self.recorder.store

    @property
    def status(self) -> Any:
        return self.follower.status

    def names(self) -> list[str]:
        return [name for name, _ in self.events]

    def _told(self, name: str, details: Mapping[str, object]) -> None:
        self.events.append((name, dict(details)))
        self.on_event(name)

    def _wait(self, seconds: float) -> None:
        left = seconds
        while left > 1e-9:
            part = min(left, self.slice_s)
            left -= part
            self.race.advance(part)
            if self.follower.reader is not None:
                self.follower.reader.step()
            self.recorder.apply()
            self.on_slice()
        if self.until() or self.race.time.mono >= self.deadline:
            self.follower._kit.stop.set()

    def follow(self, seconds: float, until: Callable[[], bool] | None = None) -> None:
        """Join and follow for so long, or until it is so. Then the follower has stopped."""
        self.deadline = self.race.time.mono + seconds
        self.until = until or (lambda: False)
        try:
            self.follower.run()
        finally:
            self.race.time.on_wait = None
        self.recorder.apply()

    def close(self) -> None:
        self.recorder.recording.close()

    def live(self) -> bool:
        return self.status.time_to_live_s is not None

    def missing(self, until: Mapping[Series, set[int]] | None = None) -> dict[Series, set[int]]:
        """What was written and is neither applied nor named."""
        ledger = self.store.ledger()
        out: dict[Series, set[int]] = {}
        for series, numbers in (until or self.race.expected()).items():
            books = ledger.series.get(series)
            have: set[int] = set()
            if books is not None:
                for lo, hi in books.received:
                    have.update(range(lo, hi + 1))
                for gap in books.gaps:
                    have.update(range(gap.n_lo, gap.n_hi + 1))
            left = numbers - have
            if left:
                out[series] = left
        return out


def joined_after(race: Race, path: Path, seconds: float, **options: Any) -> Joined:
    """A race that has been running so long, and a follower that joins it now."""
    race.advance(seconds)
    return Joined(race, path, **options)


__all__ = [
    "CATALOG",
    "LAP_S",
    "SESSION",
    "Crash",
    "Flaws",
    "Joined",
    "Race",
    "chunk_of",
    "joined_after",
    "replace",
    "series_of",
]  # noqa: E501
