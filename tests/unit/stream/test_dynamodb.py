"""DynamoDB Streams as a source, over a scripted low-level client."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pitwall.stream import (
    HORIZON,
    Denied,
    DynamoSource,
    Expired,
    Features,
    NotFound,
    Rejected,
    Retryable,
    ServerClock,
    Throttled,
    Trimmed,
    after,
    at_time,
    features_of,
)
from pitwall.stream.source import Record
from tests.unit.stream.rig import ARN, START, VirtualTime
from tests.unit.stream.scripted import Client, ClientError


def source(client: Client, *, at: bool = True, children: bool = True) -> DynamoSource:
    time = VirtualTime()
    return DynamoSource(
        client, ARN, features=Features(at, children), server=ServerClock(time), time=time
    )


def listing(*names: str, token: str | None = None, **more: Any) -> dict[str, Any]:
    shards = [{"ShardId": name, "SequenceNumberRange": {}} for name in names]
    doc: dict[str, Any] = {"StreamArn": ARN, "StreamStatus": "ENABLED", "Shards": shards, **more}
    if token:
        doc["LastEvaluatedShardId"] = token
    return {"StreamDescription": doc}


def test_case_10_two_hundred_and_fifty_shards_in_three_pages() -> None:
    """Nothing beyond a hundred shards was found (camel#24861)."""
    names = [f"s{i:03d}" for i in range(250)]
    client = Client(
        listing(*names[:100], token="s099"),
        listing(*names[100:200], token="s199"),
        listing(*names[200:]),
    )
    assert [s.id for s in source(client).describe().shards] == names
    assert [a.get("ExclusiveStartShardId") for a in client.asked] == [None, "s099", "s199"]


def test_case_12_a_page_without_shards_is_not_the_last() -> None:
    """A page without shards and with a token was asked for again and again (adapter)."""
    client = Client(listing("a", token="a"), listing(token="m"), listing("z"))
    assert [s.id for s in source(client).describe().shards] == ["a", "z"]
    assert client.asked[2]["ExclusiveStartShardId"] == "m"


def test_case_13_a_lost_page_loses_the_listing() -> None:
    """A page that was lost left a part of the shards unread for good."""
    client = Client(listing("a", token="a"), ClientError("InternalServerError", 500))
    with pytest.raises(Retryable):
        source(client).describe()
    again = Client(listing("a", token="a"), listing("b", token="a"))
    with pytest.raises(Retryable, match="does not advance"):
        source(again).describe()


def test_case_15_the_token_counts_and_not_the_last_shard() -> None:
    """The last shard's name was used in place of the token (scylladb#7409)."""
    client = Client(listing("z", "b", token="k"), listing("a"))
    assert {s.id for s in source(client).describe().shards} == {"a", "b", "z"}
    assert client.asked[1]["ExclusiveStartShardId"] == "k"


def test_pages_of_a_listing_keep_the_services_pace() -> None:
    names = [f"s{i:03d}" for i in range(40)]
    client = Client(*(listing(name, token=name) for name in names), listing("z"))
    made = source(client)
    began = made._time.monotonic()
    assert len(made.describe().shards) == 41
    assert 41 / (made._time.monotonic() - began) < 10


@pytest.mark.parametrize("end", [{}, {"NextShardIterator": None}, {"NextShardIterator": ""}])
def test_case_24_absent_and_null_iterator_both_end_a_shard(end: dict[str, Any]) -> None:
    """An absent key and an explicit null were told apart (async-kinesis#97)."""
    page = source(Client({"Records": [], **end})).read("it", 1000)
    assert page.next_iterator is None
    assert page.records == ()


def test_case_24_an_answer_with_neither_key_is_no_end() -> None:
    """An absent key and an explicit null were told apart (async-kinesis#97)."""
    with pytest.raises(Retryable):
        source(Client({"ResponseMetadata": {}})).read("it", 1000)


def test_case_40_a_missing_list_of_records_is_an_empty_one() -> None:
    """A missing list of records was an error (scylladb#6926)."""
    page = source(Client({"NextShardIterator": "more"})).read("it", 1000)
    assert page.records == ()
    assert page.next_iterator == "more"


def test_records_are_taken_over_and_removals_have_no_body() -> None:
    item = {"pk": {"S": "x"}, "p": {"B": b"\x00\xff"}}
    moment = datetime(2026, 9, 21, 12, 0, 7, tzinfo=UTC)
    change = {
        "SequenceNumber": "1" * 22,
        "ApproximateCreationDateTime": moment,
        "NewImage": item,
    }
    records = [
        {"eventName": "INSERT", "dynamodb": change},
        {"eventName": "REMOVE", "dynamodb": change, "userIdentity": {"type": "Service"}},
        {"eventName": "INSERT", "dynamodb": {**change, "ApproximateCreationDateTime": 1.5}},
    ]
    page = source(Client({"Records": records, "NextShardIterator": "n"})).read("it", 5000)
    first, removed, odd = page.records
    assert first.sequence == "1" * 22
    assert first.created_us == int(moment.timestamp()) * 1_000_000
    assert first.body == item
    assert b"AP8=" in first.raw()
    assert removed.body is None
    assert odd.created_us == 1_500_000


def test_the_limit_is_kept() -> None:
    client = Client({"Records": []})
    source(client).read("it", 5000)
    assert client.asked[0]["Limit"] == 1000


def test_iterators_say_where() -> None:
    client = Client(*[{"ShardIterator": "it"}] * 3)
    s = source(client)
    assert [s.open("a", p) for p in (HORIZON, after("12"), at_time(START + 123_456))] == ["it"] * 3
    kinds = [a["ShardIteratorType"] for a in client.asked]
    assert kinds == ["TRIM_HORIZON", "AFTER_SEQUENCE_NUMBER", "AT_TIMESTAMP"]
    assert client.asked[1]["SequenceNumber"] == "12"
    moment = client.asked[2]["Timestamp"]
    assert moment.tzinfo is not None
    assert round(moment.timestamp() * 1e6) == START + 123_456
    assert "SequenceNumber" not in client.asked[0]


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (ClientError("ExpiredIteratorException"), Expired),
        (ClientError("TrimmedDataAccessException"), Trimmed),
        (ClientError("ResourceNotFoundException"), NotFound),
        (ClientError("LimitExceededException"), Throttled),
        (ClientError("ProvisionedThroughputExceededException"), Throttled),
        (ClientError("ValidationException"), Rejected),
        (ClientError("AccessDeniedException"), Denied),
        (ClientError("ExpiredTokenException"), Denied),
        (ClientError("InternalServerError", 500), Retryable),
        (ClientError("SomethingNew", 503), Retryable),
        (ClientError("SomethingNew", 429), Throttled),
        (ClientError("SomethingNew", 403), Denied),
        (ClientError("SomethingNew", 400), Rejected),
        (ConnectionResetError("reset"), Retryable),
        (TimeoutError("slow"), Retryable),
    ],
)
def test_errors_become_outcomes(error: Exception, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        source(Client(error)).read("it", 1000)


def test_an_error_of_our_own_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        source(Client(ZeroDivisionError())).read("it", 1)


def test_children_by_filter_and_without() -> None:
    shards = [
        {"ShardId": "c1", "ParentShardId": "p", "SequenceNumberRange": {}},
        {"ShardId": "x", "ParentShardId": "q", "SequenceNumberRange": {}},
    ]
    doc = {"StreamDescription": {"StreamStatus": "ENABLED", "Shards": shards}}
    filtered = Client(doc)
    assert [s.id for s in source(filtered).children("p")] == ["c1"]
    assert filtered.asked[0]["ShardFilter"] == {"Type": "CHILD_SHARDS", "ShardId": "p"}
    plain = Client(doc)
    assert [s.id for s in source(plain, children=False).children("p")] == ["c1"]
    assert "ShardFilter" not in plain.asked[0]


def test_a_disabled_stream_and_closed_shards_are_seen() -> None:
    shards = [{"ShardId": "a", "SequenceNumberRange": {"EndingSequenceNumber": "9"}}]
    doc = {"StreamDescription": {"StreamStatus": "DISABLED", "Shards": shards}}
    found = source(Client(doc)).describe()
    assert not found.enabled
    assert found.shards[0].closed


def test_features_are_read_off_the_installed_client() -> None:
    from pitwall.cloud.clients import make_clients

    client = make_clients("http://127.0.0.1:9").streams
    assert features_of(client) == Features(True, True)
    assert features_of(object()) == Features(False, False)


def test_raw_of_a_record_is_json_whatever_it_holds() -> None:
    assert Record("1", 0, {"a": {1, 2}}, None).raw() == b'{"a":[1,2]}'
