"""Our reader, as the program runs it, over a stream that a test writes and turns over."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np
import pytest

from pitwall.cloud import chunk_item, parse_chunk
from pitwall.store import Batch
from pitwall.stream import (
    Pace,
    Reader,
    Record,
    ServerClock,
    StreamSource,
    SystemTime,
    ThreadPool,
)
from pitwall.telemetry import Channel, Group, PitwallError, Segment, Series, chunk, encode

LIMIT_S = 30.0
GROUP = Group("driver", 20.0, 250_000, (Channel("steer", "deg", 0.1, -500.0, 500.0),))
START_US = 1_790_000_000_000_000
PACE = Pace(poll=0.08, idle=0.2, listing=1.0, control=0.08)
"""A local service serves more than five reads a second, and nobody wants to wait."""


def item(car: str, n: int) -> dict[str, Any]:
    """Chunk ``n`` of ``car`` as a table's item."""
    t_us = START_US + n * 250_000
    times = t_us + np.arange(5, dtype=np.int64) * 60_000
    payload = encode(times, np.full((1, 5), float(n)), GROUP, 1)
    series = Series("2026-09-20-test-r1", car, GROUP.name, "e1")
    made = chunk(series, n, 1, t_us, t_us + 240_000, 5, payload)
    return dict(chunk_item(made))


def decode(record: Record) -> Segment:
    return parse_chunk(record.body)


class Sink:
    """A writer that commits at once."""

    failure: PitwallError | None = None

    def __init__(self) -> None:
        self.applied: defaultdict[str, list[int]] = defaultdict(list)
        """n by car, in the order in which they came."""
        self.checkpoints: dict[str, str] = {}
        self.unreadable: list[str] = []

    @property
    def depth(self) -> int:
        return 0

    def submit(self, batch: Batch, timeout_s: float = 30.0) -> None:
        for segment in batch.segments:
            self.applied[segment.series.car].append(segment.n_lo)
        self.unreadable += [bad.reason for bad in batch.quarantined]
        self.checkpoints.update(batch.checkpoints)


class Follower:
    """One reader after another over the same stream, each from where the last one's data ends.

    Attributes:
        events: what the readers told.
    """

    def __init__(self, connect: Callable[[ServerClock, SystemTime], StreamSource]) -> None:
        self._connect = connect
        self._reader: Reader | None = None
        self.sink = Sink()
        self.events: list[tuple[str, Mapping[str, object]]] = []
        self._written: defaultdict[str, int] = defaultdict(int)

    def write(self, put: Callable[[str, dict[str, Any]], object], cars: int, each: int) -> None:
        """The next chunks of each car, in turn."""
        for _ in range(each):
            for i in range(cars):
                car = f"c{i}"
                self._written[car] += 1
                put(car, item(car, self._written[car]))

    @contextmanager
    def reading(self, anchor_us: int | None = None) -> Iterator[Reader]:
        """A reader at work; when it ends, every thread of it has."""
        clock = SystemTime()
        server = ServerClock(clock)
        source = self._connect(server, clock)
        reader = Reader(
            source,
            self.sink,
            decode,
            listing=source.describe(),
            anchor_us=anchor_us,
            saved=dict(self.sink.checkpoints),
            server=server,
            time=clock,
            pool=ThreadPool("contract-io", 4),
            rng=random.Random(1),
            on_event=lambda name, details: self.events.append((name, details)),
            pace=PACE,
        )
        self._reader = reader
        reader.start()
        try:
            yield reader
        finally:
            assert reader.stop(LIMIT_S)
        if reader.failure is not None:
            raise reader.failure

    def told(self, name: str) -> list[Mapping[str, object]]:
        return [details for event, details in list(self.events) if event == name]

    def until(self, enough: Callable[[], bool]) -> None:
        """Look until it is so."""
        deadline = time.monotonic() + LIMIT_S
        while not enough():
            if time.monotonic() > deadline:
                self.fail_with_what_is_there()
            time.sleep(0.01)

    def fail_with_what_is_there(self) -> NoReturn:
        lines = [
            f"not within {LIMIT_S:.0f} s",
            f"missing: {self.missing()}",
            f"unreadable: {self.sink.unreadable[:3]}",
            f"told: {self.events[-5:]}",
            f"reader: {self._reader and (self._reader.failure, self._reader.status)}",
        ]
        pytest.fail("\n".join(lines))

    def until_all(self) -> None:
        """Look until everything that was written is there."""
        self.until(lambda: not self.missing())

    def missing(self) -> dict[str, list[int]]:
        """What was written and is not there, by car."""
        out = {}
        for car, last in self._written.items():
            absent = set(range(1, last + 1)) - set(self.sink.applied[car])
            if absent:
                out[car] = sorted(absent)
        return out

    def check(self) -> None:
        """Everything once, every car in its order, and no gap reported."""
        for car, last in self._written.items():
            assert self.sink.applied[car] == list(range(1, last + 1)), car
        assert self.sink.unreadable == []
        assert self.told("gap") == []
