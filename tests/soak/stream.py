"""Hours of a stream in minutes: does anything grow that should not?

``python -m tests.soak.stream --hours 6 --json`` runs the real reader with its real threads over a
simulated service, into a real recording, on a clock that is moved by hand. Shards turn over, calls
fail, iterators run out, the machine sleeps. Memory, threads, timers and file handles are taken
when everything has warmed up and at the end; the command ends with 1 when they are not alike.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pitwall.cloud import chunk_item
from pitwall.runtime.usage import resident_bytes
from pitwall.store import Batch, Recording
from pitwall.stream import (
    DynamoSource,
    KinesisSource,
    Reader,
    ServerClock,
    StreamSource,
    ThreadPool,
    features_of,
)
from pitwall.stream.fetch import Result
from pitwall.telemetry import PitwallError, Series, chunk
from pitwall.turbo.decode import Decoder
from tests.simulation import kinds
from tests.simulation.clock import SECOND, START, VirtualTime
from tests.simulation.network import ANY, Network
from tests.simulation.service import (
    Doc,
    Request,
    SimulatedDynamoStreams,
    SimulatedKinesis,
    SimulatedTable,
    Stream,
    table_change,
    write,
)
from tests.simulation.service.client import Answer
from tests.unit.turbo.rig import SESSION, payload_of

CARS = 3
WRITE_S = 1.0
"""Each car writes a chunk so often."""
TURN_S = 420.0
"""All shards turn over so often."""
TROUBLE_S = 97.0
RETENTION_S = 300.0
COMMIT_S = 2.0
WARM = 0.25
"""This part of the run is not compared: pools fill, caches grow to their size."""
GROWTH_MB = 6.0
WAIT_S = 60.0
"""Real time that an answer of the reader's threads may take."""
PAYLOADS = 64


class Guarded(Network):
    """A network that several threads may use: one call at a time, and none takes any time."""

    def __init__(self, clock: VirtualTime, rng: random.Random, kind: str) -> None:
        self._lock = threading.Lock()
        dynamodb = kind == kinds.DYNAMODB
        super().__init__(
            clock,
            rng,
            throttle=("LimitExceededException" if dynamodb else "ThrottlingException",),
            bad_request="ValidationException" if dynamodb else "InvalidArgumentException",
            catch_up=lambda: None,
            null_next=False,
        )
        self.calm()

    def carry(self, request: Request, answer: Answer) -> Doc:
        with self._lock:
            return super().carry(request, answer)

    def _travel(self) -> None:
        """At once."""


class Disk:
    """A writer that commits when it is told; see :class:`pitwall.stream.Sink`."""

    failure: PitwallError | None = None

    def __init__(self, folder: Path) -> None:
        self.recording = Recording.create(folder / "soak.pitwall", SESSION)
        # SQLite's cache grows with the file, to 16 MB: kept small, other growth shows.
        self.recording._db.execute("PRAGMA cache_size = -500")
        self._queue: list[Batch] = []

    @property
    def depth(self) -> int:
        return len(self._queue)

    def submit(self, batch: Batch, timeout_s: float = 30.0) -> None:
        self._queue.append(batch)

    def commit(self) -> None:
        if self._queue:
            self.recording.apply(*self._queue)
            self._queue.clear()


@dataclass(frozen=True, slots=True)
class Held:
    """What the process holds at a moment.

    Attributes:
        rss_mb: resident memory.
        objects: of Python, those that can hold others.
        threads, timers: alive; timers are those of the threading module.
        handles: open files and sockets; -1 where the system does not tell.
        shards: that the reader knows.
    """

    rss_mb: float
    objects: int
    threads: int
    timers: int
    handles: int
    shards: int


class Soak:
    """The run. Only :meth:`run` moves the clock."""

    def __init__(self, folder: Path, source: str, seed: int) -> None:
        self.kind = source
        self.rng = random.Random(seed)
        self.time = VirtualTime()
        self.network = Guarded(self.time, self.rng, source)
        self.written = 0
        self.rotations = 0
        self.n = dict.fromkeys((f"c{i}" for i in range(CARS)), 0)
        options: dict[str, Any] = {"shards": 2, "retention_us": round(RETENTION_S * SECOND)}
        self.client: SimulatedDynamoStreams | SimulatedKinesis
        self.table: SimulatedTable | None = None
        if source == kinds.DYNAMODB:
            self.client = SimulatedDynamoStreams(self._clock, network=self.network)
            self.table = SimulatedTable(self._clock, self.client, **options)
            self.stream: Stream = self.table.stream
        else:
            self.client = SimulatedKinesis(self._clock, network=self.network)
            self.stream = self.client.create_stream("pitwall", **options)
        self.disk = Disk(folder)
        self.pool: ThreadPool[Result] = ThreadPool("pitwall-stream-io", 8)
        server = ServerClock(self.time)
        reading = self._source(server)
        self.reader = Reader(
            reading,
            self.disk,
            Decoder(SESSION.key, SESSION.catalog, lambda segment: None),
            listing=reading.describe(),
            anchor_us=None,
            saved={},
            server=server,
            time=self.time,
            pool=self.pool,
            rng=random.Random(seed),
            on_event=lambda name, details: None,
        )
        self._dues: list[tuple[float, float, Callable[[], None]]] = []

    def _clock(self) -> int:
        return self.time.true_us

    def _source(self, server: ServerClock) -> StreamSource:
        if self.kind == kinds.DYNAMODB:
            features = features_of(self.client)
            return DynamoSource(
                self.client, self.stream.name, features=features, server=server, time=self.time
            )
        return KinesisSource.connect(self.client, "pitwall", "pitwall", server, self.time)

    def run(self, hours: float) -> tuple[Held, Held]:
        """So many hours. Returns what is held after the warm-up and at the end."""
        end = self.time.true_us + round(hours * 3600 * SECOND)
        warm = self.time.true_us + round(hours * 3600 * WARM * SECOND)
        every = [
            [WRITE_S, 0.0, self._write],
            [TURN_S, TURN_S, self._turn_over],
            [TROUBLE_S, TROUBLE_S, self._trouble],
            [COMMIT_S, COMMIT_S, self.disk.commit],
        ]
        start: Held | None = None
        self.pool.start()
        try:
            while self.time.true_us < end:
                now = (self.time.true_us - START) / SECOND
                for entry in every:
                    if entry[1] <= now:
                        entry[1] = now + entry[0]
                        entry[2]()
                if start is None and self.time.true_us >= warm:
                    start = self.held()
                self._step(min(entry[1] for entry in every) - now)
            self._settle()
            last = self.held()
        finally:
            self.reader.stop()
        return start or last, last

    def _step(self, most_s: float) -> None:
        pause = self.reader.step()
        while self.pool.free() < 8:
            # Its calls are real ones on real threads; virtual time stands still for them.
            self.pool.wait(WAIT_S)
            self.reader.step()
        self.time.advance(min(max(pause, 0.005), max(most_s, 0.005)))

    def _settle(self) -> None:
        self.network.calm()
        limit = self.time.monotonic() + 120
        while self.applied() < self.written and self.time.monotonic() < limit:
            self._step(0.5)
            self.disk.commit()

    def applied(self) -> int:
        return self.disk.recording.ledger().applied

    def held(self) -> Held:
        """What the process holds now."""
        gc.collect()
        handles = Path("/proc/self/fd")
        alive = threading.enumerate()
        return Held(
            round(resident_bytes() / 2**20, 1),
            len(gc.get_objects()),
            len(alive),
            sum(isinstance(thread, threading.Timer) for thread in alive),
            len(os.listdir(handles)) if handles.is_dir() else -1,
            self.reader.status.total,
        )

    # -- what happens

    def _write(self) -> None:
        for car in self.n:
            self.n[car] += 1
            n = self.n[car]
            t = START + n * SECOND
            series = Series(SESSION.key, car, "driver", "e1")
            item = chunk_item(chunk(series, n, 1, t, t + 720_000, 4, payload_of(n % PAYLOADS)))
            if self.table is not None:
                self.table.write(item)
                # What stands in the table is of no interest here, and would grow.
                self.table.items.clear()
            else:
                write(self.stream, item["pk"]["S"], table_change(item, self.time.true_us))
            self.written += 1

    def _turn_over(self) -> None:
        stream = self.stream
        for name in list(stream.open):
            stream.split(name, 1, self.rng.choice((0, 2)) * SECOND)
            self.rotations += 1
        stream.tidy()
        stream.lost.clear()
        for name in [name for name, shard in stream.shards.items() if shard.gone]:
            del stream.shards[name]

    def _trouble(self) -> None:
        kind = self.rng.choice(
            ("throttled", "server_error", "offline", "unknown_iterator", "sparse", "lost_answer",
             "torn", "expired", "slept")
        )  # fmt: skip
        if kind == "expired":
            self.client.expired_before_us = self.time.true_us
        elif kind == "slept":
            self.time.sleep(self.rng.choice((40, 120)))
        else:
            reads = kind in ("unknown_iterator", "sparse")
            self.network.trouble(
                kind, ("GetRecords",) if reads else ANY, self.rng.randint(1, 9), 20
            )


def flat(start: Held, end: Held, growth_mb: float = GROWTH_MB) -> bool:
    """Whether nothing grew."""
    return (
        end.rss_mb - start.rss_mb <= growth_mb
        and end.threads <= start.threads
        and end.timers <= start.timers
        and end.handles <= start.handles
    )


def soak(hours: float, source: str = kinds.DYNAMODB, seed: int = 1) -> dict[str, Any]:
    """Run and report."""
    began, cpu = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory(prefix="pitwall-soak-") as folder:
        run = Soak(Path(folder), source, seed)
        try:
            start, end = run.run(hours)
            status = run.reader.status
            return {
                "hours": hours,
                "source": source,
                "written": run.written,
                "applied": run.applied(),
                "rotations": run.rotations,
                "polls": status.polls,
                "throttles": status.throttles,
                "retries": status.retries,
                "stream_gaps": status.gap_count,
                "troubles": dict(run.network.met),
                "start": asdict(start),
                "end": asdict(end),
                "rss_growth_mb": round(end.rss_mb - start.rss_mb, 1),
                "flat": flat(start, end),
                "wall_s": round(time.monotonic() - began, 1),
                "cpu_s": round(time.process_time() - cpu, 1),
            }
        finally:
            run.disk.recording.close()


def main(words: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.stream", description=__doc__)
    parser.add_argument("--hours", type=float, default=6.0, help="of virtual time (6)")
    parser.add_argument("--source", choices=kinds.SOURCES, default=kinds.DYNAMODB)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args(words)
    report = soak(args.hours, args.source, args.seed)
    if args.json:
        print(json.dumps(report))
    else:
        for name, value in report.items():
            print(f"{name}: {value}")
    return 0 if report["flat"] and report["applied"] == report["written"] else 1


if __name__ == "__main__":
    sys.exit(main())
