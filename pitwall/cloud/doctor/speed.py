"""Latency and bandwidth to each service, as this machine sees them, and the account's limits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

from pitwall.cloud import keys
from pitwall.cloud.doctor.exam import Answer, Exam
from pitwall.cloud.doctor.permissions import kinesis_records
from pitwall.cloud.items import LapEntry, parse_catalog
from pitwall.cloud.query import sealed_keys
from pitwall.telemetry import BadInput

ROUNDS = 5
FAR_MS = 150.0
SLOW_MBIT = 10.0
_ENOUGH_BYTES = 200_000
_MOST_BYTES = 8 << 20
_MOST_S = 3.0
_KINESIS_RECORDS = 2000
"""A page of so many small records is about what is wanted; the service's most is five times that.
"""
RACE_WRITE_UNITS = 1000
"""Write units a second of a field of forty, twice over."""


def check_latency(exam: Exam) -> None:
    """Round trips; a call that is refused comes as far as one that is not."""
    table = exam.questions.place.table
    trips: list[tuple[str, Callable[[], Answer]]] = [
        ("DynamoDB", lambda: exam.call("dynamodb", "describe_table", TableName=table)),
    ]
    # driver and partner read the table alone
    if exam.questions.role not in ("driver", "partner"):
        trips.append(("S3", lambda: exam.call(
            "s3", "list_objects_v2", Bucket=exam.facts.bucket, Prefix="raw/", MaxKeys=1,
        )))  # fmt: skip
    if exam.questions.role == "engineer":
        trips.insert(1, ("DynamoDB Streams", lambda: exam.call(
            "dynamodbstreams", "list_streams", TableName=table, Limit=1)))  # fmt: skip
        name = exam.questions.place.kinesis
        if name:
            trips.append(("Kinesis", lambda: exam.call(
                "kinesis", "describe_stream_summary", StreamName=name)))  # fmt: skip
    for service, call in trips:
        what = f"latency to {service}"
        answers = [call() for _ in range(ROUNDS + 1)][1:]  # the first opens the connection
        if not all(answer.reached for answer in answers):
            words = next(answer.words for answer in answers if not answer.reached)
            exam.add("fault", what, words, "check network and proxy")
            continue
        ms = median(answer.seconds for answer in answers) * 1e3
        if ms > FAR_MS:
            exam.add(
                "warning",
                what,
                f"{ms:.0f} ms a round trip",
                "a nearer region, or a better line, makes every read faster",
                latency_ms=round(ms, 1),
            )
        else:
            exam.add("ok", what, f"{ms:.0f} ms a round trip", latency_ms=round(ms, 1))


def check_bandwidth(exam: Exam) -> None:
    """Bytes a second of what is there to be read."""
    _measure(exam, "DynamoDB", _table_answers(exam))
    if exam.questions.role != "engineer":
        return
    if exam.facts.shards:
        _measure(exam, "DynamoDB Streams", _stream_answers(exam))
    if exam.facts.kinesis_shards:
        shards = exam.facts.kinesis_shards[:8]
        reads: list[Callable[[], Answer]] = [
            partial(kinesis_records, exam, shard, _KINESIS_RECORDS) for shard in shards
        ]
        _measure(exam, "Kinesis", reads)
    if exam.facts.objects:
        largest = sorted(exam.facts.objects, key=lambda row: -row[1])[:20]
        _measure(exam, "S3", [partial(_object, exam, key) for key, _ in largest])


def _measure(exam: Exam, service: str, calls: list[Callable[[], Answer]]) -> None:
    if not calls:
        return
    what = f"bandwidth from {service}"
    size, seconds = 0, 0.0
    for call in calls:
        answer = call()
        if answer.doc is None:
            exam.add("warning", what, f"not measured: {answer.words}", "see permissions above")
            return
        size += answer.bytes
        seconds += answer.seconds
        if size >= _MOST_BYTES or seconds >= _MOST_S:
            break
    if size < _ENOUGH_BYTES or not seconds:
        exam.add("ok", what, f"not measured: only {size:,} bytes there to be read", bytes=size)
        return
    mbit = size * 8 / seconds / 1e6
    figures: dict[str, Any] = {"mbit_per_s": round(mbit, 1), "bytes": size}
    if mbit < SLOW_MBIT:
        exam.add(
            "warning",
            what,
            f"{mbit:.1f} Mbit/s, one request at a time",
            "history loads slowly; live needs little",
            **figures,
        )
    else:
        exam.add("ok", what, f"{mbit:.0f} Mbit/s, one request at a time", **figures)


def _table_answers(exam: Exam) -> list[Callable[[], Answer]]:
    """Sealed laps by key, a hundred a call, as far as the catalog may be read."""
    table, session = exam.questions.place.table, exam.facts.session
    if not session:
        return []
    answer = exam.call(
        "dynamodb", "query", TableName=table, KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": keys.catalog_pk(session)}},
    )  # fmt: skip
    entries: list[LapEntry] = []
    for row in (answer.doc or {}).get("Items", ()):
        try:
            entry = parse_catalog(row)
        except BadInput:
            continue  # whoever joins is told of it
        if exam.questions.role != "driver" or entry.car in exam.questions.cars:
            entries.append(entry)
    if exam.questions.role in ("partner", "producer", "installer"):
        return []
    wanted = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in sealed_keys(entries)]
    batches = [wanted[i : i + 100] for i in range(0, min(len(wanted), 2000), 100)]
    return [
        partial(exam.call, "dynamodb", "batch_get_item", RequestItems={table: {"Keys": some}})
        for some in batches
    ]


def _stream_answers(exam: Exam) -> list[Callable[[], Answer]]:
    arn = exam.facts.stream_arn

    def read(shard: str) -> Answer:
        answer = exam.call(
            "dynamodbstreams", "get_shard_iterator", StreamArn=arn, ShardId=shard,
            ShardIteratorType="TRIM_HORIZON",
        )  # fmt: skip
        if answer.doc is None:
            return answer
        iterator = answer.doc["ShardIterator"]
        return exam.call("dynamodbstreams", "get_records", ShardIterator=iterator)

    return [partial(read, s["ShardId"]) for s in exam.facts.shards[:8]]


def _object(exam: Exam, key: str) -> Answer:
    answer = exam.call(
        "s3", "get_object",
        Bucket=exam.facts.bucket, Key=key, Range=f"bytes=0-{_MOST_BYTES - 1}",
    )  # fmt: skip
    if answer.doc is not None:
        body: Any = answer.doc["Body"]
        started = exam.timer()
        try:
            size = len(body.read())
        except Exception as error:  # noqa: BLE001 - a connection that breaks ends the measurement
            return answer._replace(doc=None, words=f"{key}: {error}")
        return answer._replace(seconds=answer.seconds + exam.timer() - started, bytes=size)
    return answer


def check_limits(exam: Exam) -> None:
    """What account and table will take; only who follows or installs need ask."""
    if exam.questions.role not in ("engineer", "installer"):
        return
    warm = (exam.facts.table.get("WarmThroughput") or {}).get("WriteUnitsPerSecond")
    cap = (exam.facts.table.get("OnDemandThroughput") or {}).get("MaxWriteRequestUnits", -1)
    if 0 < cap < RACE_WRITE_UNITS:
        exam.add(
            "warning",
            "limit of the table",
            f"{cap:,} write units a second at most",
            f"a field of forty writes about {RACE_WRITE_UNITS // 2}: raise it",
            write_units_per_s=cap,
        )
    elif warm is not None:
        told = f"takes {warm:,} write units a second at once, more as it grows"
        exam.add("ok", "limit of the table", told, write_units_per_s=warm)
    answer = exam.call("dynamodb", "describe_limits")
    if answer.doc is None:
        exam.unknown("limits of the account", answer, "they matter for large fields only")
        return
    doc = answer.doc
    writes, reads = doc["TableMaxWriteCapacityUnits"], doc["TableMaxReadCapacityUnits"]
    figures: dict[str, Any] = {"table_write_units": writes, "table_read_units": reads}
    told = f"a table may take {writes:,} write and {reads:,} read units a second"
    if writes < RACE_WRITE_UNITS:
        exam.add(
            "warning", "limits of the account", told, "ask for more (Service Quotas)", **figures
        )
    else:
        exam.add("ok", "limits of the account", told, **figures)
