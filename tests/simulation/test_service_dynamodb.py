"""What the public conformance suites pin of DynamoDB Streams, over the simulation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pitwall.stream import features_of
from tests.simulation.service import SimulatedDynamoStreams, SimulatedTable

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
START = 1_790_000_000 * SECOND


class Clock:
    us = START

    def __call__(self) -> int:
        return self.us


@dataclass
class Local:
    clock: Clock = field(default_factory=Clock)
    options: dict[str, Any] = field(default_factory=dict)
    stream: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = SimulatedDynamoStreams(self.clock, **self.options)
        self.table = SimulatedTable(self.clock, self.client, **self.stream)

    def put(self, key: str, sk: str, value: str = "x") -> None:
        self.table.put_item("pitwall", {"pk": {"S": key}, "sk": {"S": sk}, "v": {"S": value}})

    def shards(self, **more: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self.client.describe_stream(StreamArn=self.table.stream.name, **more)
            found += page["StreamDescription"]["Shards"]
            following = page["StreamDescription"].get("LastEvaluatedShardId")
            if following is None:
                return found
            more["ExclusiveStartShardId"] = following

    def iterator(self, kind: str = "TRIM_HORIZON", shard: str = "", **more: Any) -> str:
        shard = shard or self.shards()[0]["ShardId"]
        return str(
            self.client.get_shard_iterator(
                StreamArn=self.table.stream.name, ShardId=shard, ShardIteratorType=kind, **more
            )["ShardIterator"]
        )

    def read(self, iterator: str, **more: Any) -> tuple[list[str], str | None]:
        doc = self.client.get_records(ShardIterator=iterator, **more)
        keys = [r["dynamodb"]["Keys"]["sk"]["S"] for r in doc["Records"]]
        return keys, doc.get("NextShardIterator")

    def numbers(self) -> list[str]:
        doc = self.client.get_records(ShardIterator=self.iterator())
        return [r["dynamodb"]["SequenceNumber"] for r in doc["Records"]]


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def utc(us: int) -> datetime:
    return datetime.fromtimestamp(us / SECOND, UTC)


def test_ids_are_short_enough_unique_and_sorted_over_pages() -> None:
    local = Local(stream={"shards": 250})
    ids = [s["ShardId"] for s in local.shards()]
    assert ids == sorted(set(ids))
    assert len(ids) == 250
    assert all(28 <= len(each) <= 65 for each in ids)
    assert local.shards(ExclusiveStartShardId=ids[-1]) == []
    assert [s["ShardId"] for s in local.shards(Limit=7)] == ids


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("AT_SEQUENCE_NUMBER", {}),
        ("AFTER_SEQUENCE_NUMBER", {}),
        ("TRIM_HORIZON", {"SequenceNumber": "1" * 21}),
        ("LATEST", {"SequenceNumber": "1" * 21}),
        ("AT_SEQUENCE_NUMBER", {"SequenceNumber": "1" * 20}),
        ("AFTER_SEQUENCE_NUMBER", {"SequenceNumber": "9" * 40}),
        ("AFTER_SEQUENCE_NUMBER", {"SequenceNumber": "x" * 21}),
        ("AT_TIMESTAMP", {}),
        ("AT_TIMESTAMP", {"Timestamp": utc(START + MINUTE)}),
        ("SOMETIME", {}),
    ],
)
def test_requests_that_cannot_be(kind: str, more: dict[str, Any]) -> None:
    local = Local()
    local.put("a", "1")
    with pytest.raises(ClientError) as refused:
        local.iterator(kind, **more)
    assert code(refused) == "ValidationException"


def test_unknown_shards_and_streams_and_garbage() -> None:
    local = Local()
    with pytest.raises(local.client.exceptions.ResourceNotFoundException):
        local.iterator(shard="shardId-00000000000000000000-ffffffff")
    with pytest.raises(local.client.exceptions.ResourceNotFoundException):
        local.client.describe_stream(StreamArn="arn:none/at/all")
    good = local.iterator()
    for bad in ("garbage", good[:-8], good + "AAAA", good[:20] + "A" + good[21:], "", "é"):
        with pytest.raises(ClientError) as refused:
            local.read(bad)
        assert code(refused) == "ValidationException", bad


def test_at_the_tip_nothing_and_a_new_iterator() -> None:
    local = Local()
    local.put("a", "1")
    rows, tip = local.read(local.iterator())
    assert rows == ["1"]
    assert tip is not None
    doc = local.client.get_records(ShardIterator=tip)
    assert doc["Records"] == []
    assert doc["NextShardIterator"] not in (None, tip)


def test_at_reads_again_after_does_not_horizon_reads_all() -> None:
    local = Local()
    for i in range(4):
        local.put("a", str(i))
    second = local.numbers()[1]
    assert local.read(local.iterator("AT_SEQUENCE_NUMBER", SequenceNumber=second))[0][0] == "1"
    assert local.read(local.iterator("AFTER_SEQUENCE_NUMBER", SequenceNumber=second))[0][0] == "2"
    assert local.read(local.iterator())[0] == ["0", "1", "2", "3"]
    start = local.shards()[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    assert int(start) < int(local.numbers()[0])
    assert len(local.read(local.iterator("AT_SEQUENCE_NUMBER", SequenceNumber=start))[0]) == 4


def test_numbers_rise_with_holes_and_change_their_length() -> None:
    local = Local(stream={"first": 10**21 - 60})
    for i in range(100):
        local.put("a", f"{i:03}")
    numbers = local.numbers()
    values = [int(n) for n in numbers]
    assert values == sorted(set(values))
    assert {b - a for a, b in zip(values, values[1:], strict=False)} > {1}
    assert {len(n) for n in numbers} == {21, 22}


def test_what_leaves_a_record_and_of_what_kind() -> None:
    local = Local()
    key = {"pk": {"S": "a"}, "sk": {"S": "1"}}
    change = {"v": {"Action": "PUT", "Value": {"S": "x"}}}
    local.table.update_item("pitwall", key, change)
    local.table.update_item("pitwall", key, change)
    local.put("a", "1", "x")
    local.put("a", "1", "y")
    for _ in range(2):
        local.table.delete_item("pitwall", key)
    local.table.delete_item("pitwall", {**key, "sk": {"S": "never"}})
    records = local.client.get_records(ShardIterator=local.iterator())["Records"]
    assert [r["eventName"] for r in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert "NewImage" not in records[2]["dynamodb"]
    assert len({r["eventID"] for r in records}) == 3


def test_creation_times_are_rounded_down_to_the_second() -> None:
    local = Local()
    for i in range(4):
        local.put("a", str(i))
        local.clock.us += 700_000
    records = local.client.get_records(ShardIterator=local.iterator())["Records"]
    created = [r["dynamodb"]["ApproximateCreationDateTime"] for r in records]
    assert [c.timestamp() - START / SECOND for c in created] == [0, 0, 1, 2]
    assert all(c.tzinfo is not None for c in created)

    def since(us: int) -> list[str]:
        return local.read(local.iterator("AT_TIMESTAMP", Timestamp=utc(START + us)))[0]

    assert since(0) == ["0", "1", "2", "3"]
    assert since(500_000) == ["2", "3"]
    assert since(1_100_000) == ["3"]
    assert since(2_500_000) == []
    assert since(-30 * HOUR) == ["0", "1", "2", "3"]


def test_a_stream_that_is_switched_on_again_is_another_one() -> None:
    local = Local()
    first = local.table.stream.name
    with pytest.raises(ClientError) as refused:
        local.table.update_table("pitwall", {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    assert code(refused) == "ValidationException"
    local.put("a", "1")
    local.table.update_table("pitwall", {"StreamEnabled": False})
    local.put("a", "2")
    status = local.client.describe_stream(StreamArn=first)["StreamDescription"]["StreamStatus"]
    assert status == "DISABLED"
    old = local.client.describe_stream(StreamArn=first)["StreamDescription"]["Shards"][0]
    iterator = local.client.get_shard_iterator(
        StreamArn=first, ShardId=old["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    assert local.read(iterator) == (["1"], None)
    local.clock.us += SECOND
    local.table.update_table("pitwall", {"StreamEnabled": True})
    assert local.table.describe_table("pitwall")["Table"]["LatestStreamArn"] != first
    local.put("a", "3")
    assert local.read(local.iterator())[0] == ["3"]


def test_an_iterator_lives_fifteen_minutes_and_is_a_place_in_numbers() -> None:
    local = Local()
    for i in range(6):
        local.put("a", str(i))
    iterator = local.iterator("AFTER_SEQUENCE_NUMBER", SequenceNumber=local.numbers()[2])
    shard = local.table.stream.open[0]
    local.table.stream.trim(shard, 2)
    assert local.read(iterator)[0] == ["3", "4", "5"], "trimming moves nobody"
    local.table.stream.trim(shard, 2)
    with pytest.raises(local.client.exceptions.TrimmedDataAccessException):
        local.read(iterator)
    local.clock.us += 15 * MINUTE
    with pytest.raises(local.client.exceptions.TrimmedDataAccessException):
        local.read(iterator)
    local.clock.us += 1
    with pytest.raises(local.client.exceptions.ExpiredIteratorException):
        local.read(iterator)


def test_the_horizon_follows_the_retention() -> None:
    local = Local(stream={"retention_us": HOUR})
    old = local.table.stream.open[0]
    local.put("a", "1")
    local.clock.us += 50 * MINUTE
    local.put("a", "2")
    local.table.stream.split(old, 1)
    local.clock.us += 20 * MINUTE
    assert local.read(local.iterator(shard=old)) == (["2"], None)
    local.clock.us += HOUR
    assert old in [s["ShardId"] for s in local.shards()]
    local.clock.us += HOUR
    assert old not in [s["ShardId"] for s in local.shards()]
    assert local.shards()[0]["ParentShardId"] == old


def test_pages_of_records() -> None:
    local = Local()
    for i in range(2500):
        local.put("a", f"{i:05}")
    seen: list[str] = []
    sizes: list[int] = []
    iterator: str | None = local.iterator()
    while iterator and (not sizes or sizes[-1]):
        rows, iterator = local.read(iterator)
        sizes.append(len(rows))
        seen += rows
    assert sizes == [1000, 1000, 500, 0]
    assert seen == sorted(set(seen))
    with pytest.raises(ClientError) as refused:
        local.read(local.iterator(), Limit=1001)
    assert code(refused) == "ValidationException"
    at = str(local.table.stream.number)
    for i in range(8):
        local.put("b", str(i), "x" * 300_000)
    rows, _ = local.read(local.iterator("AFTER_SEQUENCE_NUMBER", SequenceNumber=at))
    assert rows == ["0", "1", "2"], "a page holds a megabyte"


def test_shards_split_and_children_come_after_the_end() -> None:
    local = Local()
    stream = local.table.stream
    (parent,) = stream.open
    for i in range(20):
        local.put(f"car{i}", f"{i:02}")
    stream.split(parent)
    for i in range(20, 40):
        local.put(f"car{i}", f"{i:02}")
    rows, following = local.read(local.iterator(shard=parent), Limit=19)
    assert following is not None
    assert local.read(following) == (["19"], None)
    left, right = stream.open
    both = local.read(local.iterator(shard=left))[0] + local.read(local.iterator(shard=right))[0]
    assert sorted(both) == [f"{i:02}" for i in range(20, 40)]
    found = local.shards(ShardFilter={"Type": "CHILD_SHARDS", "ShardId": parent})
    assert {s["ShardId"] for s in found} == {left, right}
    ending = local.shards()[0]["SequenceNumberRange"]["EndingSequenceNumber"]
    at_end = local.iterator("AT_SEQUENCE_NUMBER", shard=parent, SequenceNumber=ending)
    assert local.read(at_end) == ([], None), "nothing at the end is no proof of an empty shard"
    with pytest.raises(ClientError):
        local.iterator("AFTER_SEQUENCE_NUMBER", shard=left, SequenceNumber=local.numbers()[0])


def test_features_are_told_and_refused() -> None:
    old = Local(options={"at_timestamp": False, "shard_filter": False})
    new = Local()
    assert features_of(new.client).at_timestamp
    assert features_of(new.client).shard_filter
    assert not features_of(old.client).at_timestamp
    assert not features_of(old.client).shard_filter
    with pytest.raises(ClientError):
        old.iterator("AT_TIMESTAMP", Timestamp=utc(START))
    with pytest.raises(ClientError):
        old.shards(ShardFilter={"Type": "CHILD_SHARDS", "ShardId": "x"})


def test_answers_have_a_date() -> None:
    local = Local()
    doc = local.client.describe_stream(StreamArn=local.table.stream.name)
    assert doc["ResponseMetadata"]["HTTPHeaders"]["date"] == "Mon, 21 Sep 2026 14:13:20 GMT"
