"""What can be asked of any change stream, wherever it runs: over every implementation.

The facts that public conformance suites pin against the service itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.backends import Servers, code
from tests.contract.changes import Changes, Steered, simulator, stand_in, utc

NAMES = ("simulator", "stand-in", "moto", "ministack")
UNKNOWN_SHARD = "shardId-00000000000000000001-00000001"


@pytest.fixture(params=NAMES)
def changes(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Changes]:
    """A new table with a stream of one shard."""
    if request.param == "simulator":
        yield simulator(shards=1)
    elif request.param == "stand-in":
        with stand_in(shards=1) as (local, _):
            yield local
    else:
        backend = servers.backend(request.param)
        yield Changes(backend.table(), backend.dynamodb, backend.streams)


# -- what is written and what comes of it


def test_a_record_says_what_the_service_says(changes: Changes) -> None:
    changes.put("a", "1")
    (record,) = changes.records(changes.only())
    change = record["dynamodb"]
    assert record["eventName"] == "INSERT"
    assert record["eventSource"] == "aws:dynamodb"
    assert record["awsRegion"] == "us-east-1"
    assert record["eventID"]
    assert change["Keys"] == {"pk": {"S": "a"}, "sk": {"S": "1"}}
    assert change["NewImage"] == {"pk": {"S": "a"}, "sk": {"S": "1"}, "v": {"S": "x"}}
    assert "OldImage" not in change
    assert change["StreamViewType"] == "NEW_IMAGE"


def test_a_record_says_its_size(changes: Changes) -> None:
    changes.put("a", "1")
    (record,) = changes.records(changes.only())
    assert record["dynamodb"]["SizeBytes"] > 0


def test_creation_times_are_whole_seconds(changes: Changes) -> None:
    moments = []
    for i in range(4):
        changes.put("a", str(i))
        moments += [
            r["dynamodb"]["ApproximateCreationDateTime"] for r in changes.records(changes.only())
        ]
    assert {moment.microsecond for moment in moments} == {0}


def test_every_type_of_attribute_comes_through(changes: Changes) -> None:
    item: dict[str, Any] = {
        "pk": {"S": "a"},
        "sk": {"S": "1"},
        "n": {"N": "-17.5"},
        "p": {"B": bytes(range(256))},
        "x": {"BOOL": True},
        "h": {"M": {"pos": {"N": "3"}}},
        "l": {"L": [{"S": "ü"}]},
    }
    changes.dynamodb.put_item(TableName=changes.table, Item=item)
    (record,) = changes.records(changes.only())
    assert record["dynamodb"]["NewImage"] == item


def test_insert_modify_remove(changes: Changes) -> None:
    changes.put("a", "1", "x")
    changes.put("a", "1", "y")
    changes.delete("a", "1")
    records = changes.records(changes.only())
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert "NewImage" not in records[2]["dynamodb"]
    assert len({record["eventID"] for record in records}) == 3


def test_writing_what_is_there_already_leaves_no_record(changes: Changes) -> None:
    changes.put("a", "1", "x")
    changes.put("a", "1", "x")
    changes.put("a", "2", "x")
    assert [r["dynamodb"]["Keys"]["sk"]["S"] for r in changes.records(changes.only())] == ["1", "2"]


def test_deleting_what_is_not_there_leaves_no_record(changes: Changes) -> None:
    changes.delete("a", "never")
    assert changes.records(changes.only()) == []


def test_an_update_that_makes_the_item_is_an_insert(changes: Changes) -> None:
    for value in ("x", "y"):
        changes.dynamodb.update_item(
            TableName=changes.table,
            Key={"pk": {"S": "a"}, "sk": {"S": "1"}},
            AttributeUpdates={"v": {"Value": {"S": value}, "Action": "PUT"}},
        )
    records = changes.records(changes.only())
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY"]


def test_numbers_rise(changes: Changes) -> None:
    for i in range(20):
        changes.put("a", "1", str(i))
    numbers = changes.numbers(changes.only())
    assert len(numbers) == 20
    assert all(21 <= len(number) <= 40 and number.isdecimal() for number in numbers)
    values = [int(number) for number in numbers]
    assert values == sorted(set(values))


# -- listings


def test_the_table_and_the_streams_agree_on_the_name(changes: Changes) -> None:
    (stream,) = changes.streams.list_streams(TableName=changes.table)["Streams"]
    assert stream["StreamArn"] == changes.arn
    assert stream["TableName"] == changes.table
    assert stream["StreamLabel"] == changes.arn.split("/")[-1]
    assert changes.streams.list_streams(TableName="absent")["Streams"] == []


def test_a_shard_has_a_name_and_a_start(changes: Changes) -> None:
    (shard,) = changes.shards()
    assert 28 <= len(shard["ShardId"]) <= 65
    assert "ParentShardId" not in shard
    assert "EndingSequenceNumber" not in shard["SequenceNumberRange"]
    assert changes.shards(Limit=1) == [shard]


def test_there_is_nothing_behind_the_last_shard(changes: Changes) -> None:
    assert changes.shards(ExclusiveStartShardId=changes.only()) == []


def test_the_starting_number_may_lie_before_the_first_record(changes: Changes) -> None:
    for i in range(3):
        changes.put("a", str(i))
    (shard,) = changes.shards()
    start = shard["SequenceNumberRange"]["StartingSequenceNumber"]
    numbers = changes.numbers(shard["ShardId"])
    assert int(start) <= int(numbers[0])
    at_start = changes.iterator(shard["ShardId"], "AT_SEQUENCE_NUMBER", SequenceNumber=start)
    assert changes.read(at_start)[0] == ["0", "1", "2"]


# -- reading


def test_the_oldest_comes_first_however_often(changes: Changes) -> None:
    for i in range(5):
        changes.put("a", str(i))
    shard = changes.only()
    for _ in range(2):
        assert changes.read(changes.iterator(shard))[0] == ["0", "1", "2", "3", "4"]


def test_at_reads_the_record_again_and_after_does_not(changes: Changes) -> None:
    for i in range(4):
        changes.put("a", str(i))
    shard = changes.only()
    numbers = changes.numbers(shard)
    for i, number in enumerate(numbers):
        at = changes.iterator(shard, "AT_SEQUENCE_NUMBER", SequenceNumber=number)
        after = changes.iterator(shard, "AFTER_SEQUENCE_NUMBER", SequenceNumber=number)
        assert changes.read(at)[0] == [str(j) for j in range(i, 4)]
        assert changes.read(after)[0] == [str(j) for j in range(i + 1, 4)]


def test_latest_begins_with_what_comes(changes: Changes) -> None:
    changes.put("a", "1")
    latest = changes.iterator(changes.only(), "LATEST")
    assert changes.read(latest)[0] == []
    changes.put("a", "2")
    assert changes.read(latest)[0] == ["2"]


def test_at_the_tip_there_is_nothing_and_a_new_iterator(changes: Changes) -> None:
    changes.put("a", "1")
    rows, tip = changes.read(changes.iterator(changes.only()))
    assert rows == ["1"]
    assert tip is not None
    again, following = changes.read(tip)
    assert again == []
    assert following is not None
    assert following != tip
    changes.put("a", "2")
    assert changes.read(following)[0] == ["2"]


def test_an_empty_page_has_records_all_the_same(changes: Changes) -> None:
    answer = changes.streams.get_records(ShardIterator=changes.iterator(changes.only()))
    assert answer["Records"] == []
    assert answer["NextShardIterator"]


def test_pages_follow_each_other(changes: Changes) -> None:
    for i in range(7):
        changes.put("a", str(i))
    iterator: str | None = changes.iterator(changes.only())
    pages = []
    for _ in range(4):
        assert iterator is not None
        rows, iterator = changes.read(iterator, limit=3)
        pages.append(rows)
    assert pages == [["0", "1", "2"], ["3", "4", "5"], ["6"], []]


def test_an_iterator_can_be_used_again(changes: Changes) -> None:
    for i in range(3):
        changes.put("a", str(i))
    iterator = changes.iterator(changes.only())
    assert changes.read(iterator, limit=2)[0] == ["0", "1"]
    assert changes.read(iterator, limit=2)[0] == ["0", "1"]


def test_a_page_is_no_longer_than_a_thousand(changes: Changes) -> None:
    shard = changes.only()
    with pytest.raises(ClientError) as refused:
        changes.read(changes.iterator(shard), limit=1001)
    assert code(refused) == "ValidationException"


def test_a_page_holds_one_megabyte(changes: Changes) -> None:
    for i in range(8):
        changes.put("a", str(i), "x" * 300_000)
    rows, following = changes.read(changes.iterator(changes.only()))
    assert rows == ["0", "1", "2"]
    assert following is not None
    assert changes.read(following)[0] == ["3", "4", "5"]


def test_a_moment_long_ago_is_the_oldest(changes: Changes) -> None:
    changes.put("a", "1")
    long_ago = utc(1_000_000_000_000_000)
    oldest = changes.iterator(changes.only(), "AT_TIMESTAMP", Timestamp=long_ago)
    assert changes.read(oldest)[0] == ["1"]


def test_a_moment_to_come_is_refused(changes: Changes) -> None:
    with pytest.raises(ClientError) as refused:
        changes.iterator(changes.only(), "AT_TIMESTAMP", Timestamp=utc(4_000_000_000_000_000))
    assert code(refused) == "ValidationException"


# -- what is refused


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("AT_SEQUENCE_NUMBER", {}),
        ("AFTER_SEQUENCE_NUMBER", {}),
        ("TRIM_HORIZON", {"SequenceNumber": "1" * 21}),
        ("LATEST", {"SequenceNumber": "1" * 21}),
        ("SOMETIME", {}),
    ],
    ids=["at nothing", "after nothing", "oldest at", "latest at", "unknown kind"],
)
def test_bad_iterator_requests(changes: Changes, kind: str, more: dict[str, Any]) -> None:
    changes.put("a", "1")
    with pytest.raises(ClientError) as refused:
        changes.iterator(changes.only(), kind, **more)
    assert code(refused) == "ValidationException"


def test_an_unknown_shard_is_not_found(changes: Changes) -> None:
    with pytest.raises(changes.streams.exceptions.ResourceNotFoundException):
        changes.iterator(UNKNOWN_SHARD)


def test_an_unknown_stream_is_not_found(changes: Changes) -> None:
    gone = changes.arn[:-4] + "9999"
    missing = changes.streams.exceptions.ResourceNotFoundException
    with pytest.raises(missing):
        changes.streams.describe_stream(StreamArn=gone)
    with pytest.raises(missing):
        changes.streams.get_shard_iterator(
            StreamArn=gone, ShardId=changes.only(), ShardIteratorType="TRIM_HORIZON"
        )


def test_garbage_is_no_iterator(changes: Changes) -> None:
    for bad in ("garbage", "a|1|b", "AAAA" * 20):
        with pytest.raises(ClientError) as refused:
            changes.read(bad)
        assert code(refused) == "ValidationException", bad


# -- switching the stream on and off


def stream(changes: Changes, **spec: Any) -> None:
    if isinstance(changes, Steered):
        changes.clock.pass_(1_000_000)  # a stream is named after the moment it was made in
    changes.dynamodb.update_table(TableName=changes.table, StreamSpecification=spec)


def test_a_live_streams_view_cannot_be_changed(changes: Changes) -> None:
    with pytest.raises(ClientError) as refused:
        stream(changes, StreamEnabled=True, StreamViewType="KEYS_ONLY")
    assert code(refused) == "ValidationException"


def test_off_and_on_again_is_another_stream(changes: Changes) -> None:
    before = changes.arn
    stream(changes, StreamEnabled=False)
    stream(changes, StreamEnabled=True, StreamViewType="NEW_IMAGE")
    assert changes.arn != before


def test_a_stream_that_is_off_ends(changes: Changes) -> None:
    changes.put("a", "1")
    arn, shard = changes.arn, changes.only()
    _, tip = changes.read(changes.iterator(shard))
    stream(changes, StreamEnabled=False)
    described = changes.streams.describe_stream(StreamArn=arn)["StreamDescription"]
    assert described["StreamStatus"] in ("DISABLING", "DISABLED")
    (listed,) = described["Shards"]
    assert listed["SequenceNumberRange"]["EndingSequenceNumber"]
    assert tip is not None
    assert changes.read(tip) == ([], None)
    oldest = changes.streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )
    assert changes.read(oldest["ShardIterator"]) == (["1"], None)
