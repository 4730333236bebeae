"""Change streams that the contract runs over, each behind the calls of its client.

Two of them are steered: their clock stands still unless a test moves it, and their shards turn
over when a test says so. The others run on the machine's clock and have one shard for ever.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pitwall.cloud.local.gateway import Gateway
from pitwall.cloud.local.server import Server
from pitwall.cloud.local.service import Service, StandInConfig
from tests.contract.clients import client
from tests.simulation.service.dynamodb import SimulatedDynamoStreams
from tests.simulation.service.table import SimulatedTable

START_US = 1_790_000_000_000_000
MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US


class Clock:
    """Virtual time, microseconds."""

    def __init__(self) -> None:
        self.us = START_US

    def __call__(self) -> int:
        return self.us

    def pass_(self, us: int) -> None:
        self.us += us


@dataclass
class Changes:
    """A table and its stream.

    Attributes:
        table: the table's name.
        dynamodb, streams: clients, or what stands for them.
        arn: of the stream that the table has now.
    """

    table: str
    dynamodb: Any
    streams: Any

    @property
    def arn(self) -> str:
        return str(self.dynamodb.describe_table(TableName=self.table)["Table"]["LatestStreamArn"])

    def put(self, pk: str, sk: str, value: str = "x") -> None:
        self.dynamodb.put_item(
            TableName=self.table, Item={"pk": {"S": pk}, "sk": {"S": sk}, "v": {"S": value}}
        )

    def delete(self, pk: str, sk: str) -> None:
        self.dynamodb.delete_item(TableName=self.table, Key={"pk": {"S": pk}, "sk": {"S": sk}})

    def shards(self, **more: Any) -> list[dict[str, Any]]:
        """Every page of the listing."""
        arn = self.arn
        found: list[dict[str, Any]] = []
        while True:
            page = self.streams.describe_stream(StreamArn=arn, **more)["StreamDescription"]
            assert page["StreamStatus"] == "ENABLED"
            found += page["Shards"]
            if "LastEvaluatedShardId" not in page:
                return found
            more["ExclusiveStartShardId"] = page["LastEvaluatedShardId"]

    def only(self) -> str:
        """The one shard's name."""
        (shard,) = self.shards()
        return str(shard["ShardId"])

    def iterator(self, shard: str, kind: str = "TRIM_HORIZON", **more: Any) -> str:
        answer = self.streams.get_shard_iterator(
            StreamArn=self.arn, ShardId=shard, ShardIteratorType=kind, **more
        )
        return str(answer["ShardIterator"])

    def records(self, shard: str) -> list[dict[str, Any]]:
        """The first page of a shard."""
        rows = self.streams.get_records(ShardIterator=self.iterator(shard))["Records"]
        return list(rows)

    def read(self, iterator: str, limit: int = 1000) -> tuple[list[str], str | None]:
        """(sort keys, next iterator) of one page."""
        answer = self.streams.get_records(ShardIterator=iterator, Limit=limit)
        rows = [row["dynamodb"]["Keys"]["sk"]["S"] for row in answer["Records"]]
        return rows, answer.get("NextShardIterator")

    def numbers(self, shard: str) -> list[str]:
        return [row["dynamodb"]["SequenceNumber"] for row in self.records(shard)]


@dataclass
class Steered(Changes):
    """A stream whose time and shards a test moves.

    Attributes:
        clock: its time.
        rotate: close every open shard, continue each in one; names of the children.
        split: close every open shard, continue each in two; names of the children.
        many: write these items, fast.
    """

    clock: Clock
    rotate: Callable[[], list[str]]
    split: Callable[[], list[str]]
    many: Callable[[list[dict[str, Any]]], None]


@contextmanager
def stand_in(**config: Any) -> Iterator[tuple[Steered, Service]]:
    """The stand-in in this process, served over HTTP."""
    clock = Clock()
    service = Service(StandInConfig(**config), clock)
    server = Server(Gateway(service, threading.Event()), 0, lambda: clock.us / 1e6)
    server.start()
    endpoint = f"http://127.0.0.1:{server.port}"
    streams, dynamodb = client("dynamodbstreams", endpoint), client("dynamodb", endpoint)
    try:
        yield (
            Steered(
                "pitwall",
                dynamodb,
                streams,
                clock,
                service.rotate,
                service.split,
                service.table.put_many,
            ),
            service,
        )
    finally:
        streams.close()
        dynamodb.close()
        server.stop()


def simulator(shards: int = 4, retention_s: float = 24 * 3600.0) -> Steered:
    """The simulated service, behind its own clients."""
    clock = Clock()
    streams = SimulatedDynamoStreams(clock)
    table = SimulatedTable(clock, streams, shards=shards, retention_us=round(retention_s * 1e6))

    def turn(pieces: int) -> list[str]:
        stream = table.stream
        before = set(stream.shards)
        for name in list(stream.open):
            stream.split(name, pieces)
        return [name for name in stream.shards if name not in before]

    def many(items: list[dict[str, Any]]) -> None:
        for item in items:
            table.write(item)

    return Steered(table.name, table, streams, clock, lambda: turn(1), lambda: turn(2), many)


def utc(us: int) -> datetime.datetime:
    """A moment, in whole milliseconds."""
    return datetime.datetime.fromtimestamp(us // 1000 / 1e3, datetime.UTC)
