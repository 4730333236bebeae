"""Kinesis Data Streams as a source: over a scripted client, and read by the reader."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pitwall.cloud import items
from pitwall.store import Batch
from pitwall.stream import (
    HORIZON,
    Denied,
    Expired,
    InlinePool,
    KinesisSource,
    NotFound,
    Page,
    Reader,
    Record,
    Rejected,
    Retryable,
    ServerClock,
    ShardInfo,
    Throttled,
    after,
    at_time,
)
from pitwall.telemetry import Segment
from tests.unit.cloud import strategies as race
from tests.unit.stream.envelopes import bare, enveloped
from tests.unit.stream.rig import SECOND, START, Sink, VirtualTime
from tests.unit.stream.scripted import Client, ClientError, Exceptions

NAME = "laps-stream"
ARN = f"arn:aws:kinesis:eu-west-1:000000000000:stream/{NAME}"
TABLE = "laps"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MADE = datetime(2026, 9, 1, 8, tzinfo=UTC)


def summary(made: datetime = MADE, status: str = "ACTIVE", hours: int = 24) -> dict[str, Any]:
    doc = {
        "StreamName": NAME,
        "StreamARN": ARN,
        "StreamStatus": status,
        "RetentionPeriodHours": hours,
        "StreamCreationTimestamp": made,
        "EncryptionType": "NONE",
        "OpenShardCount": 1,
    }
    return {"StreamDescriptionSummary": doc}


def listed(*names: str, token: str | None = None) -> dict[str, Any]:
    doc: dict[str, Any] = {
        "Shards": [
            {"ShardId": n, "SequenceNumberRange": {"StartingSequenceNumber": "1"}} for n in names
        ]
    }
    if token:
        doc["NextToken"] = token
    return doc


def source(client: Any, *answers: Any, name: str = NAME) -> KinesisSource:
    time = VirtualTime()
    client.answers = [summary(), *answers, *client.answers]
    return KinesisSource.connect(client, name, TABLE, ServerClock(time), time)


# ---------------------------------------------------------------------- listings


def test_all_pages_by_the_token_alone() -> None:
    client = Client()
    made = source(client, summary(), listed("a", token="1"), listed(token="2"), listed("b"))
    assert [s.id for s in made.describe().shards] == ["a", "b"]
    assert client.asked[2:] == [{"StreamName": NAME}, {"NextToken": "1"}, {"NextToken": "2"}]


@pytest.mark.parametrize(
    "page",
    [
        ClientError("ExpiredNextTokenException"),
        ClientError("InternalFailure", 500),
        listed("b", token="1"),
        {"Shards": [{"SequenceNumberRange": {}}]},
    ],
    ids=["token ran out", "server", "token comes back", "nameless"],
)
def test_a_lost_page_loses_the_listing(page: Any) -> None:
    made = source(Client(), summary(), listed("a", token="1"), page)
    with pytest.raises(Retryable):
        made.describe()


def test_parents_and_ends_are_seen() -> None:
    closed = {"StartingSequenceNumber": "1", "EndingSequenceNumber": "9"}
    shards = [
        {"ShardId": "a", "SequenceNumberRange": closed},
        {"ShardId": "b", "SequenceNumberRange": closed},
        {"ShardId": "m", "ParentShardId": "a", "AdjacentParentShardId": "b"},
        {"ShardId": "x", "ParentShardId": "m", "SequenceNumberRange": {}},
    ]
    made = source(Client(), summary(), {"Shards": shards}, summary(), {"Shards": shards})
    assert made.describe().shards == (
        ShardInfo("a", (), True),
        ShardInfo("b", (), True),
        ShardInfo("m", ("a", "b"), False),
        ShardInfo("x", ("m",), False),
    )
    assert [s.id for s in made.children("b")] == ["m"]


def test_a_stream_made_again_under_the_same_name_is_another() -> None:
    later = MADE + timedelta(hours=1)
    client = Client()
    made = source(client, summary(), listed("a"), summary(later))
    first = made.describe()
    assert first.enabled
    again = made.describe()
    assert (again.stream, again.enabled, again.shards) == (first.stream, False, ())
    client.answers = [summary(later), summary(later), listed("a")]
    time = VirtualTime()
    fresh = KinesisSource.connect(client, NAME, TABLE, ServerClock(time), time).describe()
    assert fresh.enabled
    assert fresh.stream != first.stream


def test_a_stream_that_is_being_deleted_brings_nothing_more() -> None:
    made = source(Client(), summary(status="DELETING"), listed("a"))
    assert not made.describe().enabled
    resharding = source(Client(), summary(status="UPDATING"), listed("a"))
    assert resharding.describe().enabled


def test_retention_is_read() -> None:
    made = source(Client(), summary(hours=168), listed("a"))
    assert made.describe().retention_us == 168 * 3600 * SECOND


def test_a_stream_given_by_its_arn_is_asked_for_by_it() -> None:
    client = Client()
    made = source(client, {"ShardIterator": "it"}, {"Records": []}, name=ARN)
    made.open("a", HORIZON)
    made.read("it", 10)
    assert [asked["StreamARN"] for asked in client.asked] == [ARN] * 3
    assert not any("StreamName" in asked for asked in client.asked)


# ---------------------------------------------------------------------- reading


def test_iterators_say_where_and_never_latest() -> None:
    client = Client()
    made = source(client, *[{"ShardIterator": "it"}] * 3)
    places = (HORIZON, after("49" * 28), at_time(START + 123_456))
    assert [made.open("a", place) for place in places] == ["it"] * 3
    asked = client.asked[1:]
    kinds = [each["ShardIteratorType"] for each in asked]
    assert kinds == ["TRIM_HORIZON", "AFTER_SEQUENCE_NUMBER", "AT_TIMESTAMP"]
    assert asked[1]["StartingSequenceNumber"] == "49" * 28
    assert asked[2]["Timestamp"] == EPOCH + timedelta(microseconds=START + 123_456)
    with pytest.raises(Retryable):
        source(Client(), {}).open("a", HORIZON)


ITEM = {"pk": {"S": "x#driver#001#7"}, "sk": {"S": "y"}, "p": {"B": b"\x00\xff"}}


def page_of(*data: bytes, **more: Any) -> Page:
    moment = datetime(2026, 9, 21, 12, 0, 7, 250_000, tzinfo=UTC)
    records = [
        {"SequenceNumber": str(10**55 + i), "Data": each, "ApproximateArrivalTimestamp": moment}
        for i, each in enumerate(data)
    ]
    answer = {"Records": records, "NextShardIterator": "n", "MillisBehindLatest": 0, **more}
    return source(Client(), answer).read("it", 1000)


def test_case_23_records_are_taken_whatever_the_lag_says() -> None:
    page = page_of(enveloped(ITEM, TABLE), bare(ITEM), enveloped(None, TABLE, event="REMOVE"))
    assert [record.body for record in page.records] == [ITEM, ITEM, None]
    assert page.records[0].sequence == "1" + "0" * 55
    assert page.records[0].created_us % SECOND == 250_000
    assert (page.next_iterator, page.skipped, page.children) == ("n", 0, ())
    assert not any(record.fault for record in page.records)


def test_records_of_other_tables_are_counted_and_keep_their_place() -> None:
    page = page_of(enveloped(ITEM, "other"), enveloped(ITEM, TABLE), b'{"beat": 1}')
    assert [record.body for record in page.records] == [None, ITEM, None]
    assert page.skipped == 2
    assert not any(record.fault for record in page.records)


def test_poison_keeps_its_bytes_and_its_place() -> None:
    page = page_of(enveloped(ITEM, TABLE), b"\xff\xfe{", enveloped(ITEM, TABLE))
    assert [bool(record.fault) for record in page.records] == [False, True, False]
    assert page.records[1].raw() == b"\xff\xfe{"
    assert page.skipped == 0


@pytest.mark.parametrize("end", [{}, {"NextShardIterator": None}])
def test_case_22_the_last_page_has_records_and_names_the_children(end: dict[str, Any]) -> None:
    children = [
        {"ShardId": "c", "ParentShards": ["a"], "HashKeyRange": {}},
        {"ShardId": "m", "ParentShards": ["a", "b"], "HashKeyRange": {}},
    ]
    answer = {"Records": [{"SequenceNumber": "1", "Data": bare(ITEM)}], "ChildShards": children}
    page = source(Client(), {**answer, **end}).read("it", 1000)
    assert len(page.records) == 1
    assert page.next_iterator is None
    assert page.children == (ShardInfo("c", ("a",)), ShardInfo("m", ("a", "b")))


def test_case_24_an_answer_with_neither_key_is_no_end() -> None:
    with pytest.raises(Retryable):
        source(Client(), {"ResponseMetadata": {}}).read("it", 1000)


def test_the_limit_is_kept() -> None:
    client = Client()
    made = source(client, *[{"Records": []}] * 2)
    made.read("it", 1000)
    made.read("it", 50_000)
    assert [asked["Limit"] for asked in client.asked[1:]] == [1000, 10_000]


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (ClientError("ExpiredIteratorException"), Expired),
        (ClientError("ResourceNotFoundException"), NotFound),
        (ClientError("ProvisionedThroughputExceededException"), Throttled),
        (ClientError("LimitExceededException"), Throttled),
        (ClientError("KMSThrottlingException"), Throttled),
        (ClientError("InvalidArgumentException"), Rejected),
        (ClientError("ResourceInUseException"), Retryable),
        (ClientError("InternalFailureException", 500), Retryable),
        (ClientError("AccessDeniedException"), Denied),
        (ClientError("KMSAccessDeniedException"), Denied),
        (ClientError("KMSDisabledException"), Denied),
        (ClientError("KMSInvalidStateException"), Denied),
        (ClientError("KMSNotFoundException"), Denied),
        (ClientError("KMSOptInRequired"), Denied),
    ],
)
def test_errors_become_outcomes(error: Exception, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        source(Client(), error).read("it", 1000)


# ---------------------------------------------------------------------- under the reader


class Service:
    """Kinesis in memory with a clock of its own: shards, cursors, five minutes' iterators, children
    told with the last page (unless ``silent``) and with listings."""

    exceptions = Exceptions()

    def __init__(self, time: VirtualTime, *shards: str, silent: bool = False) -> None:
        self.time = time
        self.silent = silent
        self.parents: dict[str, tuple[str, ...]] = {name: () for name in shards}
        self.closed: set[str] = set()
        self.records: dict[str, list[dict[str, Any]]] = {name: [] for name in shards}
        self.sequence = 10**55
        self.calls: list[tuple[str, str]] = []
        self.throttle = 0
        self.made = MADE

    def put(self, shard: str, data: bytes) -> None:
        assert shard not in self.closed
        self.sequence += 3
        arrived = EPOCH + timedelta(microseconds=self.time.wall)
        self.records[shard].append(
            {
                "SequenceNumber": str(self.sequence),
                "Data": data,
                "ApproximateArrivalTimestamp": arrived,
            }
        )

    def reshard(self, parents: tuple[str, ...], *children: str) -> None:
        """A split (of one) or a merge (of two)."""
        self.closed.update(parents)
        for child in children:
            self.parents[child] = parents
            self.records[child] = []

    def describe_stream_summary(self, StreamName: str) -> dict[str, Any]:
        self.calls.append(("summary", ""))
        return summary(self.made)

    def list_shards(self, StreamName: str) -> dict[str, Any]:
        self.calls.append(("list", ""))
        names = ("ParentShardId", "AdjacentParentShardId")
        shards: list[dict[str, Any]] = []
        for name, parents in self.parents.items():
            extent = {"StartingSequenceNumber": "1"}
            if name in self.closed:
                extent["EndingSequenceNumber"] = "9"
            given = dict(zip(names, parents, strict=False))
            shards.append({"ShardId": name, "SequenceNumberRange": extent, **given})
        return {"Shards": shards}

    def get_shard_iterator(
        self, StreamName: str, ShardId: str, ShardIteratorType: str, **place: Any
    ) -> dict[str, Any]:
        self.calls.append((ShardIteratorType, ShardId))
        first = 0
        if ShardIteratorType == "AFTER_SEQUENCE_NUMBER":
            first = int(place["StartingSequenceNumber"]) + 1
        elif ShardIteratorType == "AT_TIMESTAMP":
            later = [
                int(r["SequenceNumber"])
                for r in self.records[ShardId]
                if r["ApproximateArrivalTimestamp"] >= place["Timestamp"]
            ]
            first = min(later, default=self.sequence + 1)
        return {"ShardIterator": f"{ShardId}|{first}|{self.time.wall}"}

    def get_records(self, ShardIterator: str, Limit: int) -> dict[str, Any]:
        shard, first, made = ShardIterator.split("|")
        self.calls.append(("read", shard))
        if self.throttle:
            self.throttle -= 1
            raise ClientError("ProvisionedThroughputExceededException")
        if self.time.wall - int(made) > 300 * SECOND:
            raise ClientError("ExpiredIteratorException")
        left = [r for r in self.records[shard] if int(r["SequenceNumber"]) >= int(first)]
        records = left[: min(Limit, 10)]
        if records:
            first = str(int(records[-1]["SequenceNumber"]) + 1)
        answer: dict[str, Any] = {"Records": records, "MillisBehindLatest": 0}
        if shard not in self.closed or len(records) < len(left):
            return {**answer, "NextShardIterator": f"{shard}|{first}|{self.time.wall}"}
        if not self.silent:
            answer["ChildShards"] = [
                {"ShardId": name, "ParentShards": list(parents)}
                for name, parents in self.parents.items()
                if shard in parents
            ]
        return answer


CHUNKS, _ = race.field(1, 20.0, 6.0)
DRIVER = [chunk for chunk in CHUNKS if chunk.series.group == "driver"]


def chunk_of(record: Record) -> Segment | None:
    """What the program's decoder makes of a chunk item, without the rest of it."""
    ours = record.body["pk"]["S"].startswith(race.SESSION.key)
    return items.parse_chunk(record.body) if ours else None


class Following:
    """A service, and a reader on top of it that is stepped by hand."""

    def __init__(self, *shards: str, silent: bool = False) -> None:
        self.time = VirtualTime()
        self.service = Service(self.time, *shards, silent=silent)
        self.sink = Sink()
        self.events: list[tuple[str, Mapping[str, object]]] = []

    def put(self, shard: str, chunk: Segment) -> None:
        self.service.put(shard, enveloped(items.chunk_item(chunk), TABLE))

    def start(self, anchor_us: int | None = None) -> Reader:
        server = ServerClock(self.time)
        made = KinesisSource.connect(self.service, NAME, TABLE, server, self.time)
        self.reader = Reader(
            made,
            self.sink,
            chunk_of,
            listing=made.describe(),
            anchor_us=anchor_us,
            saved=self.sink.checkpoints,
            server=server,
            time=self.time,
            pool=InlinePool(4),
            rng=random.Random(1),
            on_event=lambda name, details: self.events.append((name, details)),
        )
        return self.reader

    def run(self, seconds: float) -> None:
        until = self.time.mono + seconds
        while self.time.mono < until:
            self.time.advance(min(max(self.reader.step(), 0.01), 0.25))

    @property
    def applied(self) -> list[Segment]:
        return self.sink.bodies

    @property
    def batches(self) -> list[Batch]:
        return self.sink.committed


def test_a_session_comes_through_with_what_is_not_its_own_left_out() -> None:
    f = Following("s0")
    for chunk in DRIVER[:30]:
        f.put("s0", chunk)
        f.service.put("s0", enveloped(items.chunk_item(chunk), "another-table"))
    f.service.put("s0", b"{broken")
    f.service.put("s0", enveloped({"pk": {"S": "another-session#driver#001#1"}}, TABLE))
    f.put("s0", DRIVER[5])  # once more, late: as this kind of stream does
    f.service.put("s0", bare(items.chunk_item(DRIVER[30], text=True)))
    f.start()
    f.run(5)
    assert f.applied == [*DRIVER[:30], DRIVER[5], DRIVER[30]]
    [poison] = [q for batch in f.batches for q in batch.quarantined]
    assert poison.raw == b"{broken"
    assert poison.where.startswith("s0 1000")
    status = f.reader.status
    assert (status.records, status.skipped) == (64, 30)


def test_case_09_a_merged_shard_waits_for_both_parents() -> None:
    f = Following("a", "b")
    f.put("a", DRIVER[0])
    for chunk in DRIVER[1:60]:  # six pages: the slow one
        f.put("b", chunk)
    f.service.reshard(("a", "b"), "m")
    f.put("m", DRIVER[60])
    f.start()
    f.run(10)
    assert f.applied[-1] == DRIVER[60]
    assert sorted(c.n_lo for c in f.applied) == list(range(1, 62))


def test_children_come_with_the_last_page_and_cost_no_call() -> None:
    f = Following("a")
    f.start()
    f.run(2)
    listings = f.service.calls.count(("list", ""))
    f.put("a", DRIVER[0])
    f.service.reshard(("a",), "c1", "c2")
    f.put("c1", DRIVER[1])
    f.put("c2", DRIVER[2])
    f.run(3)
    assert {c.n_lo for c in f.applied} == {1, 2, 3}
    assert f.service.calls.count(("list", "")) == listings
    assert ("TRIM_HORIZON", "c1") in f.service.calls
    assert [name for name, _ in f.events] == ["rotation"]


def test_children_are_looked_for_where_the_service_does_not_tell_them() -> None:
    f = Following("a", silent=True)
    f.start()
    f.run(2)
    f.service.reshard(("a",), "c")
    f.put("c", DRIVER[0])
    f.run(3)
    assert [c.n_lo for c in f.applied] == [1]


def test_case_30_an_iterator_of_six_minutes_costs_nothing() -> None:
    f = Following("a")
    f.put("a", DRIVER[0])
    f.start()
    f.run(2)
    f.time.advance(360)
    for chunk in DRIVER[1:4]:
        f.put("a", chunk)
    f.run(3)
    assert [c.n_lo for c in f.applied] == [1, 2, 3, 4]
    assert ("AFTER_SEQUENCE_NUMBER", "a") in f.service.calls


def test_case_31_nothing_read_before_the_iterator_ran_out() -> None:
    f = Following("a")
    f.start(anchor_us=START)
    f.run(1)
    for chunk in DRIVER[:3]:
        f.put("a", chunk)
    f.time.advance(400)
    f.run(3)
    assert [c.n_lo for c in f.applied] == [1, 2, 3]
    assert {kind for kind, name in f.service.calls if name == "a"} == {"AT_TIMESTAMP", "read"}


def test_throttling_is_waited_for_within_five_calls_a_second() -> None:
    f = Following("a")
    f.start()
    f.run(1)
    f.service.throttle = 10
    f.put("a", DRIVER[0])
    before = f.service.calls.count(("read", "a"))
    began = f.time.mono
    while not f.applied:
        f.run(0.2)
    assert f.service.calls.count(("read", "a")) - before <= 5 * (f.time.mono - began) + 1
    assert f.reader.status.throttles == 10
    assert [c.n_lo for c in f.applied] == [1]


def test_the_reader_notices_that_its_stream_was_made_again() -> None:
    f = Following("a")
    f.put("a", DRIVER[0])
    f.start()
    f.run(5)
    assert f.reader.status.enabled
    f.service.made += timedelta(days=1)
    f.run(40)
    assert not f.reader.status.enabled
    assert "disabled" in [name for name, _ in f.events]
    saved = dict(f.sink.checkpoints)
    f.put("a", DRIVER[1])
    f.start()  # the follower's: over what has the name now
    f.run(2)
    # read from its beginning, though a shard of that name was read before
    assert [c.n_lo for c in f.applied] == [1, 1, 2]
    assert f.sink.checkpoints["a"] != saved["a"]


def test_a_reader_goes_on_where_another_stopped() -> None:
    f = Following("a")
    f.put("a", DRIVER[0])
    f.start()
    f.run(2)
    f.put("a", DRIVER[1])
    f.service.calls.clear()
    f.start()
    f.run(2)
    assert [c.n_lo for c in f.applied] == [1, 2]
    assert ("AFTER_SEQUENCE_NUMBER", "a") in f.service.calls
