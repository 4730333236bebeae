"""The archiver, with events as the Lambda documentation gives them, and a Firehose that fails."""

from __future__ import annotations

import ast
import base64
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.cloud import archiver, chunk_item, head_item, sealed_item
from pitwall.cloud.lines import MAX_LINE
from pitwall.telemetry import Head, Segment
from tests.unit.cloud import strategies as made

CHUNKS = made.field(2, 10.0)[0]


def record(image: Any, sequence: int, name: str = "INSERT") -> dict[str, Any]:
    """A stream record as Lambda hands it over."""
    return {
        "eventID": "c4ca4238a0b923820dcc509a6f75849b",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1757000001,
            "Keys": {"pk": {"S": "x"}, "sk": {"S": "y"}},
            "NewImage": image,
            "SequenceNumber": f"{4421584500000000017450000000 + sequence}",
            "SizeBytes": 26,
            "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2015",
    }


def event(chunks: list[Segment]) -> dict[str, Any]:
    return {"Records": [record(chunk_item(c, text=True), i) for i, c in enumerate(chunks)]}


class Firehose:
    """Takes records; ``fault`` says for each call which positions to reject, or raises."""

    def __init__(self, fault: Callable[[int, int], set[int]] | None = None) -> None:
        self.fault = fault or (lambda call, count: set())
        self.taken: list[bytes] = []
        self.calls = 0

    def put_record_batch(
        self, *, DeliveryStreamName: str, Records: list[dict[str, bytes]]
    ) -> dict[str, Any]:
        assert DeliveryStreamName == "delivery"
        sizes = [len(r["Data"]) for r in Records]
        assert len(Records) <= 500
        assert max(sizes) <= 1000 * 1024
        assert sum(-(-size // 3) * 4 for size in sizes) <= 4 * 1024 * 1024
        self.calls += 1
        rejected = self.fault(self.calls, len(Records))
        responses = []
        for i, each in enumerate(Records):
            if i in rejected:
                responses.append({"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "s"})
            else:
                self.taken.append(each["Data"])
                responses.append({"RecordId": "r"})
        return {"FailedPutCount": len(rejected), "RequestResponses": responses}

    def chunks(self) -> list[Segment]:
        lines = b"".join(self.taken).splitlines()
        return [made.parse_line(line).segment for line in lines]


class Context:
    def __init__(self, left_ms: int = 60_000) -> None:
        self.left_ms = left_ms

    def get_remaining_time_in_millis(self) -> int:
        return self.left_ms


def handler(firehose: Firehose, **options: Any) -> tuple[archiver.Handler, list[float]]:
    waits: list[float] = []
    return archiver.make_handler(firehose, "delivery", wait=waits.append, **options), waits


def test_chunks_go_out_as_lines() -> None:
    firehose = Firehose()
    handle, waits = handler(firehose)
    assert handle(event(CHUNKS), Context()) == {"batchItemFailures": []}
    assert firehose.chunks() == CHUNKS
    assert (firehose.calls, len(firehose.taken), waits) == (1, 1, [])
    last = made.parse_line(firehose.taken[0].splitlines()[-1])
    assert last.a == 1757000001
    assert last.q == str(4421584500000000017450000000 + len(CHUNKS) - 1)


def test_only_chunks_are_archived() -> None:
    head = Head(made.SESSION.key, "1", "b", 1, 2, 3, {"driver": 4})
    records = [
        record(head_item(head), 1),
        record(sealed_item(CHUNKS[0], text=True), 2),
        record(chunk_item(CHUNKS[1], text=True), 3, "MODIFY"),
        record(None, 4, "REMOVE"),
        record({"pk": {"S": "other"}, "Message": {"S": "New item!"}, "Id": {"N": "101"}}, 5),
    ]
    del records[3]["dynamodb"]["NewImage"]
    firehose = Firehose()
    handle, _ = handler(firehose)
    handle({"Records": records}, None)
    assert firehose.chunks() == [CHUNKS[1]]
    assert archiver.read_event({"Records": records})[1:] == (1, 4, 0)


@given(st.data())
def test_poison_is_left_out_and_counted(data: st.DataObject) -> None:
    good = event(CHUNKS[:6])["Records"]
    item = data.draw(made.damaged(chunk_item(CHUNKS[6], text=True)))
    bad = record(item, 99)
    read = archiver.read_event({"Records": [*good[:3], bad, *good[3:]]})
    lines = b"".join(pack.data for pack in read.packs).splitlines()
    assert read.chunks + read.skipped + read.poison == 7
    assert read.chunks == len(lines)
    assert [json.loads(line)["n"] for line in lines if json.loads(line)["q"][-2:] != "99"] == [
        c.n_lo for c in CHUNKS[:6]
    ]


@pytest.mark.parametrize(
    "bad",
    [
        None,
        {},
        {"dynamodb": None},
        {"dynamodb": {"NewImage": {"k": {"S": "c"}}}},
        {"dynamodb": {"NewImage": {"k": "c"}}},
    ],
)
def test_poison_is_logged(bad: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "pitwall.archiver"):
        read = archiver.read_event({"Records": [bad, *event(CHUNKS[:1])["Records"]]})
    assert read[1:] == (1, 0, 1)
    assert "left out stream record without number" in caplog.text
    assert "records 2 chunks 1 skipped 0 poison 1" in caplog.text


def test_another_event_is_refused() -> None:
    for wrong in ({}, {"Records": None}, []):
        with pytest.raises(ValueError, match="not a DynamoDB stream or Kinesis event"):
            archiver.read_event(wrong)  # type: ignore[arg-type]


def test_big_batches_keep_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    item = chunk_item(CHUNKS[0], text=True)
    item["p"]["B"] = base64.b64encode(bytes(300_000)).decode()
    firehose = Firehose()
    handle, _ = handler(firehose)
    handle({"Records": [record(item, i) for i in range(40)]}, Context())
    assert b"".join(firehose.taken).count(b"\n") == 40
    assert len(firehose.taken) == 20
    monkeypatch.setattr(archiver, "MAX_RECORD", 1)
    small = Firehose()
    handle, _ = handler(small)
    handle(event(CHUNKS * 8), Context())
    assert len(small.taken) == len(CHUNKS) * 8 > 500
    assert small.calls == -(-len(small.taken) // 500)
    assert small.chunks() == CHUNKS * 8


def test_what_is_rejected_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiver, "MAX_RECORD", 1)
    firehose = Firehose(lambda call, count: set(range(0, count, 2)) if call < 4 else set())
    handle, waits = handler(firehose)
    assert handle(event(CHUNKS), Context()) == {"batchItemFailures": []}
    assert sorted(firehose.taken) == sorted(
        pack.data for pack in archiver.read_event(event(CHUNKS)).packs
    )
    assert len(waits) == 3
    assert all(0.05 <= pause <= 0.4 for pause in waits)


@given(st.lists(st.sets(st.integers(0, 30)), max_size=5), st.booleans())
def test_nothing_is_dropped_whatever_fails(faults: list[set[int]], report: bool) -> None:
    def fault(call: int, count: int) -> set[int]:
        out = faults[call - 1] if call <= len(faults) else set()
        if 7 in out:
            raise ConnectionError("broken")
        return {i for i in out if i < count}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archiver, "MAX_RECORD", 1)
        firehose = Firehose(fault)
        handle, _ = handler(firehose, report_failures=report)
        handle(event(CHUNKS[:20]), Context())
        assert sorted(c.n_lo for c in firehose.chunks()) == sorted(c.n_lo for c in CHUNKS[:20])


def test_lasting_rejection_fails_the_invocation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiver, "MAX_RECORD", 1)
    firehose = Firehose(lambda call, count: {count - 1})  # always the last of those sent
    handle, waits = handler(firehose)
    with pytest.raises(archiver.NotTaken, match="ServiceUnavailable") as raised:
        handle(event(CHUNKS[:5]), Context())
    assert raised.value.sequence.endswith("4")
    assert len(waits) == archiver.MAX_TRIES - 1
    report, _ = handler(firehose, report_failures=True)
    assert report(event(CHUNKS[:5]), Context()) == {
        "batchItemFailures": [{"itemIdentifier": "4421584500000000017450000004"}]
    }


def test_no_more_tries_when_the_time_is_up() -> None:
    firehose = Firehose(lambda call, count: {0})
    handle, waits = handler(firehose)
    with pytest.raises(archiver.NotTaken):
        handle(event(CHUNKS[:5]), Context(left_ms=1000))
    assert (firehose.calls, waits) == (1, [])


def test_an_answer_without_details_sends_all_again() -> None:
    firehose = Firehose()
    answers = [{"FailedPutCount": 1}, {"FailedPutCount": 1, "RequestResponses": [{}, {}]}]
    real = firehose.put_record_batch
    firehose.put_record_batch = lambda **k: answers.pop() if answers else real(**k)  # type: ignore[method-assign]
    handle, _ = handler(firehose)
    handle(event(CHUNKS[:5]), Context())
    assert firehose.chunks() == CHUNKS[:5]


def test_the_file_stands_alone() -> None:
    tree = ast.parse(Path(archiver.__file__).read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    standard = {"__future__", "binascii", "collections", "json", "logging", "math", "os"}
    assert imported <= standard | {"random", "time", "typing", "boto3"}


def test_the_entry_point_makes_its_client_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    made_clients = []
    firehose = Firehose()

    def client(name: str) -> Firehose:
        made_clients.append(name)
        return firehose

    monkeypatch.setattr(boto3, "client", client)
    monkeypatch.setattr(archiver, "_own", None)
    monkeypatch.setenv("FIREHOSE_STREAM", "delivery")
    for _ in range(2):
        assert archiver.handler(event(CHUNKS[:2]), Context()) == {"batchItemFailures": []}
    assert made_clients == ["firehose"]
    assert firehose.chunks() == CHUNKS[:2] * 2


# -- Kinesis

# as the Lambda guide gives it for a Kinesis stream (somebody else's text)
KINESIS_EVENT = {
    "Records": [
        {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "1",
                "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
                "data": "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==",
                "approximateArrivalTimestamp": 1545084650.987,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": (
                "shardId-000000000006:49590338271490256608559692538361571095921575989136588898"
            ),
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
            "awsRegion": "us-east-2",
            "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream",
        }
    ]
}
KINESIS_SEQUENCE = 49590338271490256608559692538361571095921575989136588898


def kinesis_record(data: Any, number: int = 0) -> dict[str, Any]:
    """The guide's record with other data in it."""
    (first,) = KINESIS_EVENT["Records"]
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    sequence = str(KINESIS_SEQUENCE + number)
    kinesis: Any = first["kinesis"]
    inside = {**kinesis, "data": base64.b64encode(text).decode(), "sequenceNumber": sequence}
    return {**first, "kinesis": inside, "eventID": f"shardId-000000000006:{sequence}"}


def change(image: Any, table: str = "pitwall", name: str = "INSERT") -> dict[str, Any]:
    """A table's change as DynamoDB writes it into a Kinesis stream."""
    inside = {
        "ApproximateCreationDateTime": 1640276115087093,
        "ApproximateCreationDateTimePrecision": "MICROSECOND",
        "Keys": {"pk": {"S": "x"}, "sk": {"S": "y"}},
        "NewImage": image,
        "SizeBytes": 120,
    }
    if name == "REMOVE":
        del inside["NewImage"]
    return {
        "awsRegion": "us-east-1",
        "eventID": "26dc03a8-a6b4-4c1f-8d5b-7f4c2a7a0e2b",
        "eventName": name,
        "userIdentity": None,
        "recordFormat": "application/json",
        "tableName": table,
        "dynamodb": inside,
        "eventSource": "aws:dynamodb",
    }


def test_the_guides_kinesis_event_is_no_chunk(caplog: pytest.LogCaptureFixture) -> None:
    firehose = Firehose()
    handle, _ = handler(firehose)
    assert handle(KINESIS_EVENT, Context()) == {"batchItemFailures": []}
    assert firehose.calls == 0
    assert f"left out stream record {KINESIS_SEQUENCE}" in caplog.text


def test_a_tables_changes_through_kinesis() -> None:
    first, second, third, fourth = (chunk_item(c, text=True) for c in CHUNKS[:4])
    event = {
        "Records": [
            kinesis_record(change(first), 0),
            kinesis_record(change(second, name="MODIFY"), 1),
            kinesis_record(change(third, table="another"), 2),
            kinesis_record(change(third, name="REMOVE"), 3),
            kinesis_record(fourth, 4),  # a producer's own item
            kinesis_record(b"[" * 100_000, 5),
            kinesis_record(b"\xff\xfe", 6),
            kinesis_record({"neither": 1}, 7),
        ]
    }
    firehose = Firehose()
    handle, _ = handler(firehose, table="pitwall")
    assert handle(event, Context()) == {"batchItemFailures": []}
    assert firehose.chunks() == [CHUNKS[0], CHUNKS[1], CHUNKS[3]]
    line = made.parse_line(firehose.taken[0].splitlines()[0])
    assert (line.a, line.q) == (1545084650.987, str(KINESIS_SEQUENCE))
    assert archiver.read_event(event, "pitwall")[1:] == (3, 2, 3)
    # whoever names no table takes all of them
    assert archiver.read_event(event)[1:] == (4, 1, 3)


@pytest.mark.parametrize("part", ["p", "pk", "sk", "e"])
def test_what_no_table_holds_does_not_stop_its_shard(part: str) -> None:
    huge = chunk_item(CHUNKS[1], text=True)
    kind = "B" if part == "p" else "S"
    huge[part] = {kind: base64.b64encode(b"x" * 780_000).decode()}
    event = {
        "Records": [
            kinesis_record(huge, 0),
            kinesis_record(chunk_item(CHUNKS[0], text=True), 1),
        ]
    }
    firehose = Firehose()  # refuses records that are too long, as the service does
    handle, _ = handler(firehose, report_failures=True)
    assert handle(event, Context()) == {"batchItemFailures": []}
    assert firehose.chunks() == [CHUNKS[0]]
    assert archiver.read_event(event)[1:] == (1, 0, 1)


def test_all_that_a_table_holds_is_archived_and_read() -> None:
    item = chunk_item(CHUNKS[0], text=True)
    item["p"]["B"] = base64.b64encode(bytes(400 * 1024)).decode()
    row = archiver.line(record(item, 1))
    assert row is not None
    assert len(item["p"]["B"]) < archiver.MAX_PAYLOAD
    assert archiver.MAX_PAYLOAD + 6 * archiver.MAX_KEYS + 300 < MAX_LINE < archiver.MAX_RECORD


def test_kinesis_records_that_are_not_taken_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiver, "MAX_RECORD", 1)
    records = [
        kinesis_record(change(chunk_item(c, text=True)), i) for i, c in enumerate(CHUNKS[:5])
    ]
    report, _ = handler(Firehose(lambda call, count: {count - 1}), report_failures=True)
    assert report({"Records": records}, Context()) == {
        "batchItemFailures": [{"itemIdentifier": str(KINESIS_SEQUENCE + 4)}]
    }
