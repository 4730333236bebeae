"""What can be asked of any Kinesis stream: over every implementation.

Records, pages and iterators here; shards that split and merge are in test_kinesis_shards.py.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import md5
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract import kinesis
from tests.contract.backends import Servers, code
from tests.contract.changes import utc
from tests.contract.kinesis import HOUR_US, REFUSED, SECOND_US, Kinesis, ending, starting

TICK_US = 20_000
"""Enough for two moments to differ in milliseconds."""


@pytest.fixture(params=kinesis.WITH_CLOCK)
def timed(request: pytest.FixtureRequest, servers: Servers) -> Kinesis:
    """A stream of a single shard whose clock can be put forward."""
    return kinesis.each(servers, request.param)()


# -- records


def test_a_record_is_what_was_put(stream: Kinesis) -> None:
    before = stream.now_us()
    shard = stream.put("car11", "täxt")
    (record,) = stream.records(shard)
    assert record["Data"] == "täxt".encode()
    assert record["PartitionKey"] == "car11"
    assert record["SequenceNumber"] == stream.numbers["täxt"]
    arrived = record["ApproximateArrivalTimestamp"].timestamp() * 1e6
    assert before - 1000 <= arrived <= stream.now_us() + 1000


def test_numbers_are_long_and_rise(stream: Kinesis) -> None:
    shard = stream.put("a", *map(str, range(12)))
    records = stream.records(shard)
    numbers = [record["SequenceNumber"] for record in records]
    assert all(number.isdecimal() and len(number) >= 21 for number in numbers)
    values = [int(number) for number in numbers]
    assert values == sorted(set(values))
    assert [record["Data"].decode() for record in records] == [str(i) for i in range(12)]


def test_one_key_one_shard(new_stream: Callable[..., Kinesis]) -> None:
    stream = new_stream(4)
    homes: dict[str, set[str]] = {}
    for i in range(16):
        homes.setdefault(f"car{i % 8}", set()).add(stream.put(f"car{i % 8}", str(i)))
    assert all(len(home) == 1 for home in homes.values())
    assert len(set.union(*homes.values())) > 1
    for key, (shard,) in ((key, tuple(home)) for key, home in homes.items()):
        assert key in {record["PartitionKey"] for record in stream.records(shard)}


def test_a_key_lies_where_its_md5_is(new_stream: Callable[..., Kinesis]) -> None:
    stream = new_stream(4)
    ranges = {s["ShardId"]: (starting(s), ending(s)) for s in stream.shards()}
    for i in range(8):
        place = int(md5(f"car{i}".encode()).hexdigest(), 16)
        low, high = ranges[stream.put(f"car{i}", str(i))]
        assert low <= place <= high


# -- listings


def test_shards_cover_the_ring(new_stream: Callable[..., Kinesis]) -> None:
    shards = sorted(new_stream(3).shards(), key=starting)
    assert starting(shards[0]) == 0
    assert ending(shards[-1]) == 2**128 - 1
    for left, right in zip(shards, shards[1:], strict=False):
        assert ending(left) + 1 == starting(right)
    for shard in shards:
        assert "ParentShardId" not in shard
        assert "AdjacentParentShardId" not in shard
        assert "EndingSequenceNumber" not in shard["SequenceNumberRange"]


def test_shards_are_listed_in_order_and_once(new_stream: Callable[..., Kinesis]) -> None:
    ids = new_stream(5).ids()
    assert len(ids) == 5
    assert ids == sorted(set(ids))


def test_listings_come_in_pages(new_stream: Callable[..., Kinesis]) -> None:
    stream = new_stream(5)
    ids = stream.ids()
    first = stream.client.list_shards(StreamName=stream.name, MaxResults=2)
    assert [shard["ShardId"] for shard in first["Shards"]] == ids[:2]
    assert first["NextToken"]
    assert [s["ShardId"] for s in stream.shards(MaxResults=2)] == ids


def test_a_token_stands_for_the_stream(new_stream: Callable[..., Kinesis]) -> None:
    stream = new_stream(3)
    token = stream.client.list_shards(StreamName=stream.name, MaxResults=1)["NextToken"]
    with pytest.raises(ClientError) as refused:
        stream.client.list_shards(StreamName=stream.name, NextToken=token)
    assert code(refused) in REFUSED
    rest = stream.client.list_shards(NextToken=token)
    assert [shard["ShardId"] for shard in rest["Shards"]] == stream.ids()[1:]


def test_listing_behind_a_shard(new_stream: Callable[..., Kinesis]) -> None:
    stream = new_stream(3)
    ids = stream.ids()
    for i, shard in enumerate(ids):
        found = [s["ShardId"] for s in stream.shards(ExclusiveStartShardId=shard)]
        assert found == ids[i + 1 :]


def test_a_stream_sums_itself_up(new_stream: Callable[..., Kinesis]) -> None:
    stream = new_stream(3)
    answer = stream.client.describe_stream_summary(StreamName=stream.name)
    summary = answer["StreamDescriptionSummary"]
    assert summary["StreamName"] == stream.name
    assert summary["StreamARN"].endswith(f":stream/{stream.name}")
    assert summary["StreamStatus"] == "ACTIVE"
    assert summary["RetentionPeriodHours"] == 24
    assert summary["OpenShardCount"] == 3
    assert summary["StreamCreationTimestamp"]


def test_a_stream_may_be_named_by_its_arn(stream: Kinesis) -> None:
    summary = stream.client.describe_stream_summary(StreamName=stream.name)[
        "StreamDescriptionSummary"
    ]
    arn = summary["StreamARN"]
    stream.put("a", "0")
    assert (
        stream.client.describe_stream_summary(StreamARN=arn)["StreamDescriptionSummary"] == summary
    )
    (shard,) = stream.client.list_shards(StreamARN=arn)["Shards"]
    iterator = stream.client.get_shard_iterator(
        StreamARN=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    answer = stream.client.get_records(StreamARN=arn, ShardIterator=iterator)
    assert [record["Data"] for record in answer["Records"]] == [b"0"]


# -- reading


def test_the_oldest_comes_first_however_often(stream: Kinesis) -> None:
    shard = stream.put("a", "0", "1", "2")
    for _ in range(2):
        assert stream.read(stream.iterator(shard))[0] == ["0", "1", "2"]


def test_at_reads_the_record_again_and_after_does_not(stream: Kinesis) -> None:
    texts = ["0", "1", "2", "3"]
    shard = stream.put("a", *texts)
    for i, text in enumerate(texts):
        number = {"StartingSequenceNumber": stream.numbers[text]}
        assert stream.read(stream.iterator(shard, "AT_SEQUENCE_NUMBER", **number))[0] == texts[i:]
        assert (
            stream.read(stream.iterator(shard, "AFTER_SEQUENCE_NUMBER", **number))[0]
            == texts[i + 1 :]
        )


def test_the_starting_number_lies_before_the_first_record(stream: Kinesis) -> None:
    shard = stream.put("a", "0", "1")
    start = stream.shards()[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    assert int(start) <= int(stream.numbers["0"])
    at_start = stream.iterator(shard, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=start)
    assert stream.read(at_start)[0] == ["0", "1"]


def test_latest_begins_with_what_comes(stream: Kinesis) -> None:
    shard = stream.put("a", "0")
    stream.pass_(TICK_US)
    latest = stream.iterator(shard, "LATEST")
    assert stream.read(latest)[0] == []
    stream.put("a", "1")
    assert stream.read(latest)[0] == ["1"]


def test_a_time_is_the_first_record_from_then_on(stream: Kinesis) -> None:
    stream.put("a", "0")
    stream.pass_(TICK_US)
    shard = stream.put("a", "1")
    stream.pass_(TICK_US)
    stream.put("a", "2")
    moments = [record["ApproximateArrivalTimestamp"] for record in stream.records(shard)]
    for i, moment in enumerate(moments):
        found = stream.read(stream.iterator(shard, "AT_TIMESTAMP", Timestamp=moment))[0]
        assert found == ["0", "1", "2"][i:]


def test_a_time_before_everything_is_the_oldest(stream: Kinesis) -> None:
    shard = stream.put("a", "0", "1")
    before = utc(stream.now_us() - 10 * HOUR_US)
    assert stream.read(stream.iterator(shard, "AT_TIMESTAMP", Timestamp=before))[0] == ["0", "1"]


def test_a_time_after_everything_waits_for_the_next(stream: Kinesis) -> None:
    shard = stream.put("a", "0")
    stream.pass_(TICK_US)
    since = utc(stream.now_us())
    stream.pass_(TICK_US)
    iterator = stream.iterator(shard, "AT_TIMESTAMP", Timestamp=since)
    rows, following = stream.read(iterator)
    assert rows == []
    assert following is not None
    stream.put("a", "1")
    assert stream.read(following)[0] == ["1"]


def test_a_time_to_come_is_refused(stream: Kinesis) -> None:
    shard = stream.put("a", "0")
    with pytest.raises(ClientError) as refused:
        stream.iterator(shard, "AT_TIMESTAMP", Timestamp=utc(stream.now_us() + HOUR_US))
    assert code(refused) in REFUSED


def test_at_the_tip_there_is_nothing_and_a_new_iterator(stream: Kinesis) -> None:
    shard = stream.put("a", "0")
    rows, tip = stream.read(stream.iterator(shard))
    assert rows == ["0"]
    assert tip is not None
    answer = stream.client.get_records(ShardIterator=tip)
    assert answer["Records"] == []
    assert answer["MillisBehindLatest"] == 0
    assert answer["NextShardIterator"]
    stream.put("a", "1")
    assert stream.read(answer["NextShardIterator"])[0] == ["1"]
    assert stream.read(tip)[0] == ["1"], "an iterator can be used again"


def test_pages_follow_each_other(stream: Kinesis) -> None:
    iterator: str | None = stream.iterator(stream.put("a", *map(str, range(7))))
    pages = []
    for _ in range(4):
        assert iterator is not None
        rows, iterator = stream.read(iterator, limit=3)
        pages.append(rows)
    assert pages == [["0", "1", "2"], ["3", "4", "5"], ["6"], []]


def test_behind_is_more_than_nothing_while_records_wait(stream: Kinesis) -> None:
    shard = stream.put("a", "0", "1")
    stream.pass_(TICK_US)
    page = stream.client.get_records(ShardIterator=stream.iterator(shard), Limit=1)
    assert len(page["Records"]) == 1
    assert page["MillisBehindLatest"] > 0


def test_a_page_is_no_longer_than_ten_thousand(stream: Kinesis) -> None:
    with pytest.raises(ClientError) as refused:
        stream.read(stream.iterator(stream.only()), limit=10_001)
    assert code(refused) in REFUSED


@pytest.mark.parametrize("name", [name for name in kinesis.NAMES if name != "kinesis-local"])
def test_a_page_holds_ten_megabytes(name: str, servers: Servers) -> None:
    # Without kinesis-local: it is right, and takes seconds of work for each of these records.
    stream = kinesis.each(servers, name)()
    data = "x" * 900_000
    shard = stream.put("a", *(f"{i:02}{data}" for i in range(14)))
    rows, following = stream.read(stream.iterator(shard))
    assert [row[:2] for row in rows] == [f"{i:02}" for i in range(11)]
    assert following is not None
    assert [row[:2] for row in stream.read(following)[0]] == ["11", "12", "13"]


# -- what is refused


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("AT_SEQUENCE_NUMBER", {}),
        ("AFTER_SEQUENCE_NUMBER", {}),
        ("TRIM_HORIZON", {"StartingSequenceNumber": "1" * 56}),
        ("LATEST", {"StartingSequenceNumber": "1" * 56}),
        ("AT_TIMESTAMP", {}),
        ("AFTER_SEQUENCE_NUMBER", {"StartingSequenceNumber": "12x"}),
        ("SOMETIME", {}),
    ],
    ids=[
        "at nothing",
        "after nothing",
        "oldest at",
        "latest at",
        "no time",
        "no number",
        "unknown",
    ],
)
def test_bad_iterator_requests(stream: Kinesis, kind: str, more: dict[str, Any]) -> None:
    shard = stream.put("a", "0")
    with pytest.raises(ClientError) as refused:
        stream.iterator(shard, kind, **more)
    assert code(refused) in REFUSED


def test_a_number_of_another_shard_is_refused(new_stream: Callable[..., Kinesis]) -> None:
    stream = new_stream(2)
    home = stream.put("a", "0")
    (other,) = [shard for shard in stream.ids() if shard != home]
    with pytest.raises(ClientError) as refused:
        stream.iterator(other, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=stream.numbers["0"])
    assert code(refused) in REFUSED


def test_unknown_streams_and_shards_are_not_found(stream: Kinesis) -> None:
    missing = stream.client.exceptions.ResourceNotFoundException
    with pytest.raises(missing):
        stream.iterator("shardId-000000000099")
    with pytest.raises(missing):
        stream.client.list_shards(StreamName="absent")
    with pytest.raises(missing):
        stream.client.describe_stream_summary(StreamName="absent")
    with pytest.raises(missing):
        stream.client.get_shard_iterator(
            StreamName="absent", ShardId=stream.only(), ShardIteratorType="TRIM_HORIZON"
        )


@pytest.mark.parametrize("bad", ["garbage", "AAAA" * 40], ids=["word", "base64"])
def test_garbage_is_no_iterator(stream: Kinesis, bad: str) -> None:
    with pytest.raises(ClientError) as refused:
        stream.read(bad)
    assert code(refused) in REFUSED


def test_a_mangled_iterator_is_none(stream: Kinesis) -> None:
    good = stream.iterator(stream.only())
    at = len(good) // 2
    with pytest.raises(ClientError) as refused:
        stream.read(good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :])
    assert code(refused) in REFUSED


# -- time


def test_an_iterator_lives_five_minutes(timed: Kinesis) -> None:
    shard = timed.put("a", "0")
    iterator = timed.iterator(shard)
    timed.pass_(300 * SECOND_US - SECOND_US)
    assert timed.read(iterator)[0] == ["0"]
    timed.pass_(2 * SECOND_US)
    with pytest.raises(timed.client.exceptions.ExpiredIteratorException):
        timed.read(iterator)
    number = timed.numbers["0"]
    timed.put("a", "1")
    again = timed.iterator(shard, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=number)
    assert timed.read(again)[0] == ["1"]


def test_what_is_too_old_goes_without_a_word(timed: Kinesis) -> None:
    shard = timed.put("a", "old")
    timed.pass_(23 * HOUR_US)
    timed.put("a", "new")
    timed.pass_(2 * HOUR_US)
    assert timed.read(timed.iterator(shard))[0] == ["new"]
    number = {"StartingSequenceNumber": timed.numbers["old"]}
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        assert timed.read(timed.iterator(shard, kind, **number))[0] == ["new"]


def test_a_token_lives_five_minutes(timed: Kinesis) -> None:
    timed.divide(timed.only())
    token = timed.client.list_shards(StreamName=timed.name, MaxResults=1)["NextToken"]
    timed.pass_(299 * SECOND_US)
    assert len(timed.client.list_shards(NextToken=token)["Shards"]) == 2
    timed.pass_(2 * SECOND_US)
    with pytest.raises(timed.client.exceptions.ExpiredNextTokenException):
        timed.client.list_shards(NextToken=token)
