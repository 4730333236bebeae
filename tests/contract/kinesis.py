"""Kinesis streams that the contract runs over, each behind the calls of its client."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.contract.backends import Servers
from tests.contract.changes import Clock
from tests.simulation.service import SimulatedKinesis, Stream

NAMES = ("simulator", "moto", "ministack", "kinesalite", "kinesis-local")
WITH_CLOCK = ("simulator", "kinesalite", "kinesis-local")
"""Those whose clock a test can put forward."""
READY_S = 60.0
SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
REFUSED = {"InvalidArgumentException", "ValidationException"}
"""The service has both; which one a request earns has changed over the years."""


@dataclass
class Kinesis:
    """One stream.

    Attributes:
        name: the stream's.
        client: the client, or what stands for it.
        now_us: the stream's clock.
        pass_: put that clock forward, microseconds; where it is the machine's, wait so long.
        split: close a shard and continue it in two; merge: close two and continue them in one.
    """

    name: str
    client: Any
    now_us: Callable[[], int]
    pass_: Callable[[int], None]
    split: Callable[[str], None]
    merge: Callable[[str, str], None]
    numbers: dict[str, str] = field(default_factory=dict)
    """Sequence numbers by what was put."""

    def put(self, key: str, *texts: str) -> str:
        """Put records; the shard of the last one."""
        shard = ""
        for text in texts:
            answer = self.client.put_record(
                StreamName=self.name, Data=text.encode(), PartitionKey=key
            )
            self.numbers[text] = answer["SequenceNumber"]
            shard = str(answer["ShardId"])
        return shard

    def shards(self, **more: Any) -> list[dict[str, Any]]:
        """Every page of the listing."""
        found: list[dict[str, Any]] = []
        asked = {"StreamName": self.name, **more}
        for _ in range(100):
            page = self.client.list_shards(**asked)
            found += page["Shards"]
            token = page.get("NextToken")
            if not token:
                return found
            asked = {"NextToken": token}
            if "MaxResults" in more:
                asked["MaxResults"] = more["MaxResults"]
        pytest.fail("the listing does not end")

    def ids(self) -> list[str]:
        return [shard["ShardId"] for shard in self.shards()]

    def only(self) -> str:
        """The one shard's name."""
        (shard,) = self.ids()
        return shard

    def divide(self, shard: str) -> list[str]:
        """Split a shard; its children, by their place on the ring."""
        before = set(self.ids())
        self.split(shard)
        children = [s for s in self.shards() if s["ShardId"] not in before]
        return [s["ShardId"] for s in sorted(children, key=starting)]

    def join(self, left: str, right: str) -> str:
        """Merge two neighbours; their child."""
        before = set(self.ids())
        self.merge(left, right)
        (child,) = [shard for shard in self.ids() if shard not in before]
        return child

    def iterator(self, shard: str, kind: str = "TRIM_HORIZON", **more: Any) -> str:
        answer = self.client.get_shard_iterator(
            StreamName=self.name, ShardId=shard, ShardIteratorType=kind, **more
        )
        return str(answer["ShardIterator"])

    def read(self, iterator: str, limit: int = 10_000) -> tuple[list[str], str | None]:
        """(texts, next iterator) of one page."""
        answer = self.client.get_records(ShardIterator=iterator, Limit=limit)
        rows = [row["Data"].decode() for row in answer["Records"]]
        return rows, answer.get("NextShardIterator")

    def records(self, shard: str) -> list[dict[str, Any]]:
        """The first page of a shard."""
        return list(self.client.get_records(ShardIterator=self.iterator(shard))["Records"])

    def drain(self, iterator: str | None, limit: int = 10_000) -> list[str]:
        """Everything up to the end of a closed shard; fails when no end comes."""
        found: list[str] = []
        for _ in range(8):
            if iterator is None:
                return found
            rows, iterator = self.read(iterator, limit)
            found += rows
        pytest.fail(f"no end after {found}")


def starting(shard: dict[str, Any]) -> int:
    """Where a listed shard begins on the ring."""
    return int(shard["HashKeyRange"]["StartingHashKey"])


def ending(shard: dict[str, Any]) -> int:
    """The last place of a listed shard on the ring."""
    return int(shard["HashKeyRange"]["EndingHashKey"])


_number = itertools.count()


def simulated(shards: int = 1, **options: Any) -> Kinesis:
    """A new stream of the simulated service, on a clock of its own."""
    clock = Clock()
    client = SimulatedKinesis(clock)
    stream: Stream = client.create_stream("contract", shards=shards, **options)
    return Kinesis("contract", client, clock, clock.pass_, stream.split, stream.merge)


def served(servers: Servers, name: str, shards: int = 1) -> Kinesis:
    """A new stream of a server."""
    server = servers.server(name)
    client = servers.client(name, "kinesis")
    stream = f"contract-{next(_number)}-{uuid.uuid4().hex[:8]}"
    create(client, stream, shards)
    ahead = servers.ahead_ms

    def now_us() -> int:
        return time.time_ns() // 1000 + ahead.get(name, 0) * 1000

    def pass_(us: int) -> None:
        if server.child is not None and name in WITH_CLOCK:
            server.child.pass_(us // 1000)
            ahead[name] = ahead.get(name, 0) + us // 1000
        else:
            assert us <= SECOND_US, f"the clock of {name} cannot be put forward"
            time.sleep(us / 1e6)

    def split(shard: str) -> None:
        (listed,) = [
            s for s in client.list_shards(StreamName=stream)["Shards"] if s["ShardId"] == shard
        ]
        middle = (starting(listed) + ending(listed) + 1) // 2
        client.split_shard(StreamName=stream, ShardToSplit=shard, NewStartingHashKey=str(middle))
        _ready(client, stream)

    def merge(left: str, right: str) -> None:
        client.merge_shards(StreamName=stream, ShardToMerge=left, AdjacentShardToMerge=right)
        _ready(client, stream)

    return Kinesis(stream, client, now_us, pass_, split, merge)


def create(client: Any, stream: str, shards: int) -> None:
    """A new stream, as soon as an older one of that name has gone."""
    deadline = time.monotonic() + READY_S
    while True:
        try:
            client.create_stream(StreamName=stream, ShardCount=shards)
            break
        except client.exceptions.ResourceInUseException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    _ready(client, stream)


def _ready(client: Any, stream: str) -> None:
    """A stream is being made or changed for a moment: ask until it is not."""
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        summary = client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
        if summary["StreamStatus"] == "ACTIVE":
            return
        time.sleep(0.005)
    pytest.fail(f"{stream} is not active after {READY_S:.0f} s", pytrace=False)


def each(servers: Servers, name: str) -> Callable[..., Kinesis]:
    """What makes a new stream of an implementation."""
    if name == "simulator":
        return simulated
    servers.server(name)  # skips here, not in the middle of a test
    return lambda shards=1: served(servers, name, shards)
