"""The stream of a joining schedule, served by the simulated services through their clients."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from msgspec import Raw, json, structs

from pitwall.cloud.image import Image
from pitwall.stream import (
    DynamoSource,
    Expired,
    Fault,
    KinesisSource,
    Listing,
    Page,
    Position,
    Record,
    ServerClock,
    ShardInfo,
    StreamSource,
    Throttled,
    features_of,
)
from tests.simulation import kinds
from tests.simulation.network import LISTINGS, Network
from tests.simulation.service import (
    Change,
    SimulatedDynamoStreams,
    SimulatedKinesis,
    SimulatedTable,
    Stream,
    table_change,
    write,
)
from tests.unit.stream.rig import SECOND, VirtualTime

NAME = "pitwall"
_OPERATIONS = {
    "read": ("GetRecords",),
    "open": ("GetShardIterator",),
    "children": LISTINGS,
    "describe": LISTINGS,
}


class Unwaiting:
    """The clocks of a source whose own waits, between the pages of a listing, take no time: the
    reader is in the middle of a step then."""

    def __init__(self, time: VirtualTime) -> None:
        self.now_us = time.now_us
        self.monotonic = time.monotonic

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """At once."""
        return event.is_set()


class NoTime:
    """A network's clock on which calls take no time."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time
        self.monotonic = time.monotonic

    @property
    def true_us(self) -> int:
        """The service's time."""
        return self._time.wall

    def elapse(self, seconds: float) -> None:
        """Nothing passes."""


class AtOnce(Network):
    """Calls take no time."""

    def __init__(self, time: VirtualTime, seed: int, client: type) -> None:
        clock: Any = NoTime(time)
        super().__init__(
            clock,
            random.Random(seed),
            throttle=("LimitExceededException",),
            bad_request=client.bad_request,  # type: ignore[attr-defined]
            catch_up=lambda: None,
            null_next=bool(seed % 2),
        )


class ServiceWorld:
    """Stands where :class:`tests.unit.stream.rig.World` stands: what happens to a stream, and the
    protocol of its reader; in between lie a real source and a simulated service.

    Args:
        time: the clock of everything.
        shards: how many there are at first.
        source: which service.
        seed: of it.
    """

    def __init__(self, time: VirtualTime, shards: int, source: str, seed: int) -> None:
        self.time = time
        self.source = source
        self.faults: Any = self
        self.table: SimulatedTable | None = None
        self.client: SimulatedDynamoStreams | SimulatedKinesis
        self.on_call: Callable[[str], None] = lambda operation: None
        """Told before each call of the reader's protocol, by name."""
        options = {"shards": shards, "seed": seed, "linger": seed % 3}
        if source == kinds.DYNAMODB:
            self.network = AtOnce(time, seed, SimulatedDynamoStreams)
            self.client = SimulatedDynamoStreams(
                self._clock,
                at_timestamp=seed % 5 != 0,
                shard_filter=seed % 7 != 0,
                page=3,
                network=self.network,
            )
            self.table = SimulatedTable(self._clock, self.client, NAME, **options)
        else:
            self.network = AtOnce(time, seed, SimulatedKinesis)
            self.client = SimulatedKinesis(self._clock, page=3, network=self.network)
            self._stream = self.client.create_stream(NAME, **options)
        self._source_time = Unwaiting(time)
        self._last: tuple[str, bytes, Any] = ("", b"", None)
        self._inner = self._source(ServerClock(time))

    def _source(self, server: ServerClock) -> StreamSource:
        if self.table is None:
            return KinesisSource.connect(self.client, NAME, NAME, server, self._source_time, Image)
        return DynamoSource(
            self.client,
            self.stream.name,
            features=features_of(self.client),
            server=server,
            time=self._source_time,
        )

    def connect(self, server: ServerClock) -> ServiceWorld:
        """What a program that is started now reads from: the newest stream there is."""
        self.on_call("connect")
        other = copy(self)
        other._inner = other._source(server)
        return other

    @property
    def stream(self) -> Stream:
        """The one that is written into."""
        return self._stream if self.table is None else self.table.stream

    def _clock(self) -> int:
        return self.time.wall

    # -- what happens

    @property
    def open_ids(self) -> list[str]:
        """Open shards."""
        return self.stream.open

    @property
    def met(self) -> Counter[str]:
        """What went wrong with calls, by kind."""
        return self.network.met

    def put(self, body: Any, key: str = "", tag: Any = None) -> SimpleNamespace:
        """Write an item; what comes back has its ``sequence``. ``tag`` is for whoever judges."""
        if self.table is not None:
            change = self.table.write(body, tag)
            return SimpleNamespace(sequence="0" if change is None else str(change.number))
        self._last = (body["pk"]["S"], table_change(body, self.time.wall), tag)
        return SimpleNamespace(sequence=str(self._again().number))

    def put_again(self) -> None:
        """The record that was written last, once more, as Kinesis may have it."""
        self._again()

    def _again(self) -> Change:
        key, data, tag = self._last
        return write(self.stream, key, data, tag)

    def rotate(self, slot: int = 0, pieces: int = 1, delay_s: float = 0.0) -> None:
        """Continue a shard in one or several."""
        late = round(delay_s * SECOND)
        self.stream.split(self.stream.open[slot], pieces, late, late)

    def merge(self, slot: int) -> None:
        """Continue two neighbours in one."""
        self.stream.merge(self.stream.open[slot], self.stream.open[slot + 1])

    def trim(self, shard: str, count: int) -> None:
        """The oldest records of a shard go."""
        self.stream.trim(shard, count)

    def switch(self, on: bool) -> None:
        """The table's stream is disabled, or enabled again under another name."""
        assert self.table is not None
        self.table.update_table(NAME, {"StreamEnabled": on})

    def fail(self, operation: str, shard: str, fault: Callable[[], Fault], times: int = 1) -> None:
        """Calls fail so often from now on."""
        made = fault()
        if isinstance(made, Expired):
            self.client.expired_before_us = self.time.wall
            return
        kind = "throttled" if isinstance(made, Throttled) else "server_error"
        self.network.trouble(kind, _OPERATIONS[operation], times, 1e6)

    def clear(self) -> None:
        """Everything is well again."""
        self.network.calm()

    # -- the reader's protocol

    @property
    def by_time(self) -> bool:
        return self._inner.by_time

    def describe(self) -> Listing:
        self.on_call("describe")
        return self._inner.describe()

    def children(self, shard: str) -> tuple[ShardInfo, ...]:
        self.on_call("children")
        return self._inner.children(shard)

    def open(self, shard: str, position: Position) -> str:
        self.on_call("open")
        return self._inner.open(shard, position)

    def read(self, iterator: str, limit: int) -> Page:
        self.on_call("read")
        page = self._inner.read(iterator, limit)
        if self.table is None:
            return page
        # Items come as their text, as the clients of the program give them.
        return replace(page, records=tuple(map(_as_text, page.records)))


def _as_text(record: Record) -> Record:
    if record.body is None:
        return record
    return structs.replace(record, body=Image(Raw(json.encode(record.body))))
