"""What Kinesis Data Streams is documented to do, over the simulation."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulation.service import SimulatedKinesis, table_change

SECOND = 1_000_000
MINUTE = 60 * SECOND
START = 1_790_000_000 * SECOND
NAME = "pitwall"


class Clock:
    us = START

    def __call__(self) -> int:
        return self.us


@dataclass
class Local:
    clock: Clock = field(default_factory=Clock)
    page: int = 1000
    stream_options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = SimulatedKinesis(self.clock, page=self.page)
        self.stream = self.client.create_stream(NAME, **self.stream_options)

    def put(self, key: str, data: str) -> dict[str, Any]:
        return self.client.put_record(NAME, data.encode(), key)

    def iterator(self, kind: str = "TRIM_HORIZON", shard: str = "", **more: Any) -> str:
        shard = shard or self.stream.open[0]
        return str(
            self.client.get_shard_iterator(
                StreamName=NAME, ShardId=shard, ShardIteratorType=kind, **more
            )["ShardIterator"]
        )

    def read(self, iterator: str) -> tuple[list[str], dict[str, Any]]:
        doc = self.client.get_records(ShardIterator=iterator)
        return [r["Data"].decode() for r in doc["Records"]], doc


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_record_is_what_was_put_and_says_when() -> None:
    local = Local()
    local.clock.us += 1_234_567
    put = local.put("car", "x")
    (record,) = local.client.get_records(ShardIterator=local.iterator())["Records"]
    assert record["Data"] == b"x"
    assert record["PartitionKey"] == "car"
    assert record["SequenceNumber"] == put["SequenceNumber"]
    assert len(record["SequenceNumber"]) == 56
    assert record["ApproximateArrivalTimestamp"].timestamp() == (START + 1_234_000) / SECOND


def test_a_merge_has_two_parents_and_ends_tell_the_child() -> None:
    local = Local(stream_options={"shards": 2})
    left, right = local.stream.open
    local.stream.merge(left, right, delay_us=MINUTE)
    (child,) = local.stream.open
    listed = local.client.list_shards(StreamName=NAME)["Shards"]
    assert [s["ShardId"] for s in listed] == [left, right], "listings know later"
    for parent in (left, right):
        _, doc = local.read(local.iterator(shard=parent))
        assert "NextShardIterator" not in doc
        assert [c["ShardId"] for c in doc["ChildShards"]] == [child]
        assert doc["ChildShards"][0]["ParentShards"] == [left, right]
    local.clock.us += MINUTE
    (found,) = (
        s for s in local.client.list_shards(StreamName=NAME)["Shards"] if s["ShardId"] == child
    )
    assert found["ParentShardId"] == left
    assert found["AdjacentParentShardId"] == right


def test_children_of_a_split_share_the_ring() -> None:
    local = Local()
    (parent,) = local.stream.open
    local.stream.split(parent)
    _, doc = local.read(local.iterator(shard=parent))
    ranges = [c["HashKeyRange"] for c in doc["ChildShards"]]
    assert ranges[0]["StartingHashKey"] == "0"
    assert int(ranges[1]["StartingHashKey"]) == int(ranges[0]["EndingHashKey"]) + 1
    assert int(ranges[1]["EndingHashKey"]) == 2**128 - 1


def test_lag_is_nothing_at_the_tip() -> None:
    local = Local()
    for i in range(3):
        local.put("a", str(i))
    local.clock.us += 10 * SECOND
    doc = local.client.get_records(ShardIterator=local.iterator(), Limit=2)
    assert doc["MillisBehindLatest"] == 10_000
    rows, doc = local.read(doc["NextShardIterator"])
    assert rows == ["2"]
    assert doc["MillisBehindLatest"] == 0
    assert doc["NextShardIterator"]


def test_numbers_know_their_shard() -> None:
    local = Local(stream_options={"shards": 2})
    number = ""
    while not number:
        put = local.put(f"k{local.stream.number % 97}", "x")
        local.clock.us += 1
        if put["ShardId"] == local.stream.open[0]:
            number = put["SequenceNumber"]
    assert local.read(local.iterator("AT_SEQUENCE_NUMBER", StartingSequenceNumber=number))[0]
    with pytest.raises(ClientError) as refused:
        local.iterator("AFTER_SEQUENCE_NUMBER", local.stream.open[1], StartingSequenceNumber=number)
    assert code(refused) == "InvalidArgumentException"
    for bad in ({}, {"StartingSequenceNumber": "x"}, {"StartingSequenceNumber": "9" * 60}):
        with pytest.raises(ClientError) as refused:
            local.iterator("AFTER_SEQUENCE_NUMBER", **bad)
        assert code(refused) == "InvalidArgumentException"


def test_by_time_to_the_millisecond() -> None:
    local = Local()
    for i in range(4):
        local.put("a", str(i))
        local.clock.us += 700_000
    at = datetime.fromtimestamp((START + 1_400_000) / SECOND, UTC)
    assert local.read(local.iterator("AT_TIMESTAMP", Timestamp=at))[0] == ["2", "3"]
    with pytest.raises(ClientError) as refused:
        local.iterator("AT_TIMESTAMP", Timestamp=datetime.fromtimestamp(START / SECOND + 60, UTC))
    assert code(refused) == "InvalidArgumentException"


def test_an_iterator_lives_five_minutes() -> None:
    local = Local()
    iterator = local.iterator()
    local.clock.us += 300_000_000
    local.read(iterator)
    local.clock.us += 1
    with pytest.raises(local.client.exceptions.ExpiredIteratorException):
        local.read(iterator)


def test_a_trimmed_position_reads_on_and_says_nothing() -> None:
    local = Local()
    numbers = [local.put("a", str(i))["SequenceNumber"] for i in range(5)]
    local.stream.trim(local.stream.open[0], 3)
    after = local.iterator("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[0])
    assert local.read(after)[0] == ["3", "4"]


def test_listings_in_pages_by_a_token_that_stands_alone() -> None:
    local = Local(page=2, stream_options={"shards": 5})
    seen: list[str] = []
    asked: dict[str, Any] = {"StreamName": NAME}
    while True:
        doc = local.client.list_shards(**asked)
        seen += [s["ShardId"] for s in doc["Shards"]]
        if "NextToken" not in doc:
            break
        asked = {"NextToken": doc["NextToken"]}
    assert seen == sorted(local.stream.shards)
    token = asked["NextToken"]
    with pytest.raises(ClientError) as refused:
        local.client.list_shards(StreamName=NAME, NextToken=token)
    assert code(refused) == "InvalidArgumentException"
    with pytest.raises(ClientError) as refused:
        local.client.list_shards(NextToken="garbage")
    assert code(refused) == "InvalidArgumentException"
    local.clock.us += 301 * SECOND
    with pytest.raises(local.client.exceptions.ExpiredNextTokenException):
        local.client.list_shards(NextToken=token)
    summary = local.client.describe_stream_summary(StreamName=NAME)["StreamDescriptionSummary"]
    assert summary["StreamStatus"] == "ACTIVE"
    assert summary["OpenShardCount"] == 5


def test_what_a_table_tells_a_stream() -> None:
    item = {"pk": {"S": "a"}, "sk": {"S": "1"}, "p": {"B": b"\x00\x01"}}
    doc = json.loads(table_change(item, START))
    image = doc["dynamodb"]["NewImage"]
    assert b64decode(image["p"]["B"]) == b"\x00\x01"
    assert image["pk"] == {"S": "a"}
    assert "NewImage" not in json.loads(table_change(item, START, event="REMOVE"))["dynamodb"]
