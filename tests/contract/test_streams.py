"""The change stream's contract on a clock that only the test moves: shards, time, expiry, trimming.

Over the simulator and the stand-in. Other local implementations have one shard, no lineage and the
machine's clock: what they can be asked is in test_stream_facts.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.backends import code
from tests.contract.changes import (
    HOUR_US,
    MINUTE_US,
    START_US,
    Steered,
    simulator,
    stand_in,
    utc,
)


@pytest.fixture(params=["simulator", "stand-in"])
def make(request: pytest.FixtureRequest) -> Iterator[Callable[..., Steered]]:
    with ExitStack() as opened:
        if request.param == "simulator":
            yield simulator
        else:
            yield lambda **config: opened.enter_context(stand_in(**config))[0]


@pytest.fixture
def one(make: Callable[..., Steered]) -> tuple[Steered, str]:
    """A stream of a single shard, and the shard's id."""
    local = make(shards=1)
    return local, local.only()


# -- what a record is


def test_a_record_says_what_the_service_says(one: tuple[Steered, str]) -> None:
    local, shard = one
    local.clock.pass_(1_700_000)
    local.put("a", "1")
    (record,) = local.streams.get_records(ShardIterator=local.iterator(shard))["Records"]
    change = record["dynamodb"]
    assert record["eventName"] == "INSERT"
    assert record["eventSource"] == "aws:dynamodb"
    assert change["Keys"] == {"pk": {"S": "a"}, "sk": {"S": "1"}}
    assert change["NewImage"] == {"pk": {"S": "a"}, "sk": {"S": "1"}, "v": {"S": "x"}}
    assert change["StreamViewType"] == "NEW_IMAGE"
    assert change["SizeBytes"] > 0
    assert 21 <= len(change["SequenceNumber"]) <= 40
    created = change["ApproximateCreationDateTime"].timestamp()
    assert created == (START_US + 1_000_000) / 1e6, "rounded down to the second"


def test_events_and_what_leaves_none(one: tuple[Steered, str]) -> None:
    local, shard = one
    local.put("a", "1", "x")
    local.put("a", "1", "x")
    local.put("a", "1", "y")
    key = {"pk": {"S": "a"}, "sk": {"S": "1"}}
    for _ in range(2):
        local.dynamodb.delete_item(TableName="pitwall", Key=key)
    local.dynamodb.delete_item(TableName="pitwall", Key={**key, "sk": {"S": "never"}})
    records = local.streams.get_records(ShardIterator=local.iterator(shard))["Records"]
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert "NewImage" not in records[2]["dynamodb"]
    assert len({record["eventID"] for record in records}) == 3


def test_numbers_rise_but_not_by_one_and_outgrow_text_order(one: tuple[Steered, str]) -> None:
    local, shard = one
    items = [{"pk": {"S": f"car{i}"}, "sk": {"S": f"{i:05}"}} for i in range(9000)]
    local.many(items)
    numbers: list[str] = []
    iterator: str | None = local.iterator(shard)
    while iterator and (len(numbers) < 9000):
        page = local.streams.get_records(ShardIterator=iterator)
        numbers += [record["dynamodb"]["SequenceNumber"] for record in page["Records"]]
        iterator = page["NextShardIterator"]
    values = [int(number) for number in numbers]
    assert values == sorted(set(values))
    assert {b - a for a, b in zip(values, values[1:], strict=False)} > {1}
    assert {len(number) for number in numbers} == {21, 22}
    assert numbers != sorted(numbers)


# -- shards


def test_shards_share_the_keys(make: Callable[..., Steered]) -> None:
    local = make(shards=4)
    for i in range(40):
        local.put(f"car{i % 20}", f"{i:03}")
    shards = local.shards()
    assert len(shards) == 4
    homes: dict[str, set[str]] = {}
    for shard in shards:
        answer = local.streams.get_records(ShardIterator=local.iterator(shard["ShardId"]))
        for record in answer["Records"]:
            homes.setdefault(record["dynamodb"]["Keys"]["pk"]["S"], set()).add(shard["ShardId"])
    assert len(homes) == 20
    assert all(len(home) == 1 for home in homes.values()), "one key, one shard"
    assert len(set.union(*homes.values())) > 1


def test_rotation_closes_parents_and_opens_children(make: Callable[..., Steered]) -> None:
    local = make(shards=2)
    local.clock.pass_(HOUR_US)
    local.rotate()
    shards = local.shards()
    parents = [shard for shard in shards if "ParentShardId" not in shard]
    children = [shard for shard in shards if "ParentShardId" in shard]
    assert {child["ParentShardId"] for child in children} == {s["ShardId"] for s in parents}
    for child in children:
        (parent,) = [s for s in parents if s["ShardId"] == child["ParentShardId"]]
        ending = int(parent["SequenceNumberRange"]["EndingSequenceNumber"])
        assert int(child["SequenceNumberRange"]["StartingSequenceNumber"]) > ending
        assert "EndingSequenceNumber" not in child["SequenceNumberRange"]
        assert child["ShardId"] > parent["ShardId"]
        filtered = local.shards(ShardFilter={"Type": "CHILD_SHARDS", "ShardId": parent["ShardId"]})
        assert filtered == [child]


def test_rotation_in_the_same_moment_still_sorts(one: tuple[Steered, str]) -> None:
    local, _ = one
    for _ in range(5):
        local.rotate()
    shards = local.shards()
    ids = [shard["ShardId"] for shard in shards]
    assert ids == sorted(set(ids))
    assert [shard.get("ParentShardId") for shard in shards] == [None, *ids[:-1]]


def test_a_split_has_two_children_and_loses_nothing(one: tuple[Steered, str]) -> None:
    local, shard = one
    for i in range(20):
        local.put(f"car{i}", f"{i:03}")
    left, right = local.split()
    for i in range(20, 40):
        local.put(f"car{i}", f"{i:03}")
    parts = [local.read(local.iterator(each))[0] for each in (shard, left, right)]
    assert parts[0] == [f"{i:03}" for i in range(20)]
    assert parts[1]
    assert parts[2]
    assert sorted(parts[1] + parts[2]) == [f"{i:03}" for i in range(20, 40)]


def test_shards_come_in_pages_of_a_hundred(make: Callable[..., Steered]) -> None:
    local = make(shards=250)
    first = local.streams.describe_stream(StreamArn=local.arn)["StreamDescription"]
    assert len(first["Shards"]) == 100
    ids = [shard["ShardId"] for shard in local.shards()]
    assert ids == sorted(set(ids))
    assert len(ids) == 250
    assert all(28 <= len(each) <= 65 for each in ids)
    assert local.shards(ExclusiveStartShardId=ids[-1]) == []
    assert [s["ShardId"] for s in local.shards(Limit=7)] == ids


def test_streams_are_listed(one: tuple[Steered, str]) -> None:
    local, _ = one
    (stream,) = local.streams.list_streams(TableName="pitwall")["Streams"]
    assert stream["StreamArn"] == local.arn
    assert local.streams.list_streams(TableName="other")["Streams"] == []
    table = local.dynamodb.describe_table(TableName="pitwall")["Table"]
    assert table["LatestStreamArn"] == local.arn


# -- reading


def test_pages_end_where_they_should(one: tuple[Steered, str]) -> None:
    local, shard = one
    items = [{"pk": {"S": "a"}, "sk": {"S": f"{i:05}"}} for i in range(2500)]
    local.many(items)
    seen: list[str] = []
    iterator: str | None = local.iterator(shard)
    sizes = []
    while iterator and (not sizes or sizes[-1]):
        rows, iterator = local.read(iterator)
        sizes.append(len(rows))
        seen += rows
    assert sizes == [1000, 1000, 500, 0]
    assert seen == [row["sk"]["S"] for row in items]


def test_a_page_holds_one_megabyte(one: tuple[Steered, str]) -> None:
    local, shard = one
    for i in range(8):
        local.put("a", str(i), "x" * 300_000)
    rows, following = local.read(local.iterator(shard))
    assert rows == ["0", "1", "2"]
    assert following is not None
    assert local.read(following)[0] == ["3", "4", "5"]


def test_limits(one: tuple[Steered, str]) -> None:
    local, shard = one
    for i in range(5):
        local.put("a", str(i))
    rows, following = local.read(local.iterator(shard), limit=2)
    assert rows == ["0", "1"]
    assert following is not None
    assert local.read(following, limit=2)[0] == ["2", "3"]
    with pytest.raises(ClientError) as refused:
        local.read(following, limit=1001)
    assert code(refused) == "ValidationException"
    with pytest.raises(ClientError) as refused:
        local.shards(Limit=101)
    assert code(refused) == "ValidationException"


def test_at_the_tip_there_is_nothing_and_a_new_iterator(one: tuple[Steered, str]) -> None:
    local, shard = one
    local.put("a", "1")
    rows, tip = local.read(local.iterator(shard))
    assert rows == ["1"]
    assert tip is not None
    again, following = local.read(tip)
    assert again == []
    assert following not in (None, tip)
    local.put("a", "2")
    assert local.read(tip)[0] == ["2"]
    assert following is not None
    assert local.read(following)[0] == ["2"]


def test_at_and_after_a_number(one: tuple[Steered, str]) -> None:
    local, shard = one
    for i in range(4):
        local.put("a", str(i))
    second = local.numbers(shard)[1]
    at = local.iterator(shard, "AT_SEQUENCE_NUMBER", SequenceNumber=second)
    after = local.iterator(shard, "AFTER_SEQUENCE_NUMBER", SequenceNumber=second)
    assert local.read(at)[0] == ["1", "2", "3"]
    assert local.read(after)[0] == ["2", "3"]
    start = local.shards()[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    first = local.iterator(shard, "AT_SEQUENCE_NUMBER", SequenceNumber=start)
    assert local.read(first)[0] == ["0", "1", "2", "3"]


def test_latest_begins_with_what_comes(one: tuple[Steered, str]) -> None:
    local, shard = one
    local.put("a", "1")
    latest = local.iterator(shard, "LATEST")
    assert local.read(latest)[0] == []
    local.put("a", "2")
    assert local.read(latest)[0] == ["2"]


def test_a_closed_shard_ends_with_its_last_record(one: tuple[Steered, str]) -> None:
    local, shard = one
    for i in range(3):
        local.put("a", str(i))
    _, waiting = local.read(local.iterator(shard))
    latest = local.iterator(shard, "LATEST")
    local.rotate()
    rows, following = local.read(local.iterator(shard), limit=2)
    assert rows == ["0", "1"]
    assert following is not None
    assert local.read(following) == (["2"], None)
    assert waiting is not None
    assert local.read(waiting) == ([], None)
    assert local.read(latest) == ([], None)
    assert local.read(local.iterator(shard, "LATEST")) == ([], None)
    ending = local.shards()[0]["SequenceNumberRange"]["EndingSequenceNumber"]
    at_end = local.iterator(shard, "AT_SEQUENCE_NUMBER", SequenceNumber=ending)
    assert local.read(at_end) == ([], None), "nothing at the end is no proof of an empty shard"


def test_an_empty_parent_ends_too(one: tuple[Steered, str]) -> None:
    local, shard = one
    (child,) = local.rotate()
    assert local.read(local.iterator(shard)) == ([], None)
    assert local.read(local.iterator(child))[1] is not None


# -- by time


def test_at_timestamp_counts_in_rounded_seconds(one: tuple[Steered, str]) -> None:
    local, shard = one
    for i in range(4):
        local.put("a", str(i))
        local.clock.pass_(700_000)

    def since(us: int) -> list[str]:
        moment = utc(START_US + us)
        return local.read(local.iterator(shard, "AT_TIMESTAMP", Timestamp=moment))[0]

    # Created at 0.0, 0.7, 1.4 and 2.1 s: rounded down 0, 0, 1 and 2.
    assert since(0) == ["0", "1", "2", "3"]
    assert since(500_000) == ["2", "3"]
    assert since(1_000_000) == ["2", "3"]
    assert since(1_100_000) == ["3"]
    assert since(2_500_000) == []


def test_at_timestamp_past_and_future(make: Callable[..., Steered]) -> None:
    local = make(shards=1, retention_s=3600)
    shard = local.shards()[0]["ShardId"]
    local.put("a", "old")
    local.clock.pass_(MINUTE_US + 700_000)
    local.put("a", "new")
    # The horizon is now 100 ms before the second record.
    local.clock.pass_(HOUR_US - 100_000)
    just_before = utc(START_US + MINUTE_US + 500_000)
    before_horizon = local.iterator(shard, "AT_TIMESTAMP", Timestamp=just_before)
    assert local.read(before_horizon)[0] == ["new"], "older than the horizon is TRIM_HORIZON"
    with pytest.raises(ClientError) as refused:
        local.iterator(shard, "AT_TIMESTAMP", Timestamp=utc(local.clock.us + 1_000_000))
    assert code(refused) == "ValidationException"


def test_at_timestamp_after_the_end_of_a_closed_shard(one: tuple[Steered, str]) -> None:
    local, shard = one
    local.put("a", "1")
    local.clock.pass_(MINUTE_US)
    local.rotate()
    local.clock.pass_(MINUTE_US)
    late = local.iterator(shard, "AT_TIMESTAMP", Timestamp=utc(START_US + 90_000_000))
    assert local.read(late) == ([], None)


def test_an_iterator_lives_fifteen_minutes(one: tuple[Steered, str]) -> None:
    local, shard = one
    local.put("a", "1")
    iterator = local.iterator(shard)
    local.clock.pass_(15 * MINUTE_US)
    assert local.read(iterator)[0] == ["1"]
    local.clock.pass_(1)
    with pytest.raises(local.streams.exceptions.ExpiredIteratorException):
        local.read(iterator)
    assert local.read(local.iterator(shard))[0] == ["1"]


def test_trimmed_records_are_refused_and_horizon_moves(make: Callable[..., Steered]) -> None:
    local = make(shards=1, retention_s=600)
    shard = local.shards()[0]["ShardId"]
    for i in range(6):
        local.put("a", str(i))
        local.clock.pass_(2 * MINUTE_US)
    # Now at 12 min: records of minutes 0 (and nothing later) are gone.
    assert local.read(local.iterator(shard))[0] == ["1", "2", "3", "4", "5"]
    numbers = local.numbers(shard)
    holding = local.iterator(shard, "AFTER_SEQUENCE_NUMBER", SequenceNumber=numbers[0])
    local.clock.pass_(5 * MINUTE_US)
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        with pytest.raises(local.streams.exceptions.TrimmedDataAccessException):
            local.iterator(shard, kind, SequenceNumber=numbers[0])
    with pytest.raises(local.streams.exceptions.TrimmedDataAccessException):
        local.read(holding)
    assert local.read(local.iterator(shard))[0] == ["4", "5"]


def test_old_closed_shards_stay_listed_then_go(make: Callable[..., Steered]) -> None:
    local = make(shards=1, retention_s=600)
    old = local.shards()[0]["ShardId"]
    local.put("a", "1")
    (child,) = local.rotate()
    local.clock.pass_(11 * MINUTE_US)
    assert [shard["ShardId"] for shard in local.shards()] == [old, child]
    assert local.read(local.iterator(old)) == ([], None)
    local.clock.pass_(HOUR_US)
    assert [shard["ShardId"] for shard in local.shards()] == [child]
    with pytest.raises(local.streams.exceptions.ResourceNotFoundException):
        local.iterator(old)
    assert local.shards()[0]["ParentShardId"] == old


# -- what is refused


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("AT_SEQUENCE_NUMBER", {}),
        ("AFTER_SEQUENCE_NUMBER", {}),
        ("TRIM_HORIZON", {"SequenceNumber": "1" * 21}),
        ("LATEST", {"SequenceNumber": "1" * 21}),
        ("AT_TIMESTAMP", {}),
        ("TRIM_HORIZON", {"Timestamp": utc(START_US)}),
        ("AT_SEQUENCE_NUMBER", {"SequenceNumber": "1" * 21}),
        ("AT_SEQUENCE_NUMBER", {"SequenceNumber": "9" * 40}),
        ("AFTER_SEQUENCE_NUMBER", {"SequenceNumber": "x" * 21}),
        ("SOMETIME", {}),
    ],
)
def test_bad_iterator_requests(one: tuple[Steered, str], kind: str, more: dict[str, Any]) -> None:
    local, shard = one
    local.put("a", "1")
    with pytest.raises(ClientError) as refused:
        local.iterator(shard, kind, **more)
    assert code(refused) == "ValidationException"


def test_a_number_of_another_shard_of_the_line_is_refused(one: tuple[Steered, str]) -> None:
    local, shard = one
    local.put("a", "1")
    (child,) = local.rotate()
    local.put("a", "2")
    for home, number in ((child, local.numbers(shard)[0]), (shard, local.numbers(child)[0])):
        with pytest.raises(ClientError) as refused:
            local.iterator(home, "AFTER_SEQUENCE_NUMBER", SequenceNumber=number)
        assert code(refused) == "ValidationException"


def test_unknown_streams_and_shards(one: tuple[Steered, str]) -> None:
    local, shard = one
    missing = local.streams.exceptions.ResourceNotFoundException
    with pytest.raises(missing):
        local.iterator("shardId-00000000000000000000-00000000")
    with pytest.raises(missing):
        local.streams.describe_stream(StreamArn=local.arn[:-1] + "9")


def test_garbage_and_mangled_iterators(one: tuple[Steered, str]) -> None:
    local, shard = one
    good = local.iterator(shard)
    at = len(good) - 12
    mangled = good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :]
    for bad in ("garbage", good[:-9], mangled, good + "x", "a|1|b", "||", "é|1|AAAA"):
        with pytest.raises(ClientError) as refused:
            local.read(bad)
        assert code(refused) == "ValidationException", bad


def test_throttling_comes_as_the_services_exception() -> None:
    with stand_in(shards=1) as (local, service):
        service.faults.add(
            {"service": "streams", "operation": "GetRecords", "type": "LimitExceededException"}
        )
        iterator = local.iterator(local.only())
        with pytest.raises(local.streams.exceptions.LimitExceededException):
            local.read(iterator)
        assert local.read(iterator)[0] == []
