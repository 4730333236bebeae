"""Permissions by role: each is tried, by a call that reads little and changes nothing.

A write is tried with a condition that can never hold, a deletion with a key that never was, an
object with a checksum that is wrong: the service says so only to who may write. What the role must
not have is tried as well; having it is a warning.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pitwall.cloud import keys
from pitwall.cloud.access import METADATA
from pitwall.cloud.doctor.exam import Answer, Exam
from pitwall.cloud.own_cars import NEVER

_SESSION = "2000-01-01-doctor"
_GROUP = "doctor"
_NO_SHARD = "shardId-00000000000000000000-00000000"
_BAD_MD5 = base64.b64encode(bytes(16)).decode()


@dataclass(frozen=True, slots=True)
class Trial:
    """One permission tried.

    Attributes:
        words: what it is for.
        action: the IAM action.
        call: tries it.
        wanted: False for what the role must not have.
        doubt: added where it is refused: why that may not be the last word.
    """

    words: str
    action: str
    call: Callable[[], Answer]
    wanted: bool = True
    doubt: str = ""


def check_permissions(exam: Exam) -> None:
    """One finding for each."""
    role = exam.questions.role
    for trial in _TRIALS[role](exam):
        answer = trial.call()
        what = f"may {trial.words}" if trial.wanted else f"may not {trial.words}"
        if not answer.reached or answer.stranger or answer.skewed:
            exam.add("fault", what, answer.words, "mend what is said above first")
        elif answer.absent:
            exam.add("skipped", what, "this endpoint does not offer it")
        elif answer.code == "NoSuchBucket":
            # nobody is refused what is not there
            exam.add("warning", what, "not tried: there is no such bucket", "check --bucket")
        elif answer.denied == (not trial.wanted):
            refused = f"{trial.action} is refused{trial.doubt}"
            exam.add("ok", what, trial.action if trial.wanted else refused)
        elif trial.wanted and answer.barred:
            told = f"a statement denies permission {trial.action}"
            exam.add("fault", what, told, "find the policy that it is in; detach or change it")
        elif trial.wanted:
            todo = f"attach the policy that `{exam.policy_command()}` prints"
            exam.add("fault", what, f"permission {trial.action} is missing", todo)
        else:
            todo = f"role {role} needs less: attach only what `{exam.policy_command()}` prints"
            exam.add("warning", what, f"{trial.action} is allowed", todo)


def _engineer(exam: Exam) -> Iterator[Trial]:
    arn = exam.facts.stream_arn
    yield _query(exam, keys.SESSIONS_PK, "the session list")
    yield from _reads(exam, _row(exam, _stranger(exam)), "every car")
    yield _describe(exam)
    if arn:
        yield Trial(
            "follow the stream", "dynamodb:DescribeStream",
            lambda: exam.call("dynamodbstreams", "describe_stream", StreamArn=arn, Limit=1),
        )  # fmt: skip
    if exam.facts.shards:
        shard = str(exam.facts.shards[-1]["ShardId"])
        yield Trial("read the stream", "dynamodb:GetRecords", lambda: _records(exam, shard))
    name = exam.questions.place.kinesis
    if name:
        yield Trial(
            "list the Kinesis stream's shards", "kinesis:ListShards",
            lambda: exam.call("kinesis", "list_shards", StreamName=name, MaxResults=1),
        )  # fmt: skip
    if exam.facts.kinesis_shards:
        yield Trial(
            "read the Kinesis stream", "kinesis:GetRecords",
            lambda: kinesis_records(exam, exam.facts.kinesis_shards[-1], 1),
        )  # fmt: skip
    yield _list(exam)
    key = next((key for key, _ in exam.facts.objects), "raw/pitwall-doctor")
    yield _get(exam, key)
    yield _scan(exam)


def _driver(exam: Exam) -> Iterator[Trial]:
    for car in exam.questions.cars:
        yield from _reads(exam, _row(exam, car), f"car {car}")
    yield _query(exam, keys.head_pk(_session(exam)), "heads")
    yield _describe(exam)
    yield _not(_query(exam, _row(exam, _stranger(exam)), "other cars"))
    yield from _no_stream(exam)
    yield from _no_archive(exam)
    yield _scan(exam)


def _partner(exam: Exam) -> Iterator[Trial]:
    for group in exam.questions.groups:
        yield from _reads(exam, _row(exam, "1", group), f"group {group}")
    yield _query(exam, keys.catalog_pk(_session(exam)), "the lap catalog")
    hidden = _row(exam, "1", "doctor-hidden")
    names = {f"#{i}": name for i, name in enumerate(METADATA)}
    yield _query(
        exam, hidden, "metadata of other groups",
        ProjectionExpression=", ".join(names), ExpressionAttributeNames=names,
    )  # fmt: skip
    yield _not(_query(exam, hidden, "payloads of other groups"))
    yield from _no_stream(exam)
    yield from _no_archive(exam)
    yield _scan(exam)


def _producer(exam: Exam) -> Iterator[Trial]:
    cars, other = exam.questions.cars, _stranger(exam)
    yield _describe(exam)
    for car in cars:
        yield _put(exam, _row(exam, car), f"items of car {car}")
        yield _batch(exam, _row(exam, car), f"rows of car {car}")
        yield _upload(exam, car, f"sealed laps of car {car}")
    yield _not(_put(exam, _row(exam, other), "other cars"))
    yield _not(_upload(exam, other, "others' sealed laps"))
    yield _not(_query(exam, _row(exam, cars[0]), "the table"))
    yield from _no_stream(exam)
    yield from _no_archive(exam)
    yield _scan(exam)


def _sealer(exam: Exam) -> Iterator[Trial]:
    car, session = _stranger(exam), _session(exam)
    sealed = keys.sealed_pk(session, _GROUP, 0, car)
    yield _query(exam, keys.SESSIONS_PK, "the session list")
    yield from _reads(exam, _row(exam, car), "every car")
    yield _describe(exam)
    yield _put(exam, sealed, "sealed laps of every car")
    yield _put(exam, keys.catalog_pk(session), "the lap catalog")
    yield _list(exam, "sealed laps in the archive", f"sealed/{session}/")
    yield _upload(exam, car, "sealed laps to the archive")
    yield _not(_put(exam, _row(exam, car), "chunks"))
    yield _not(_put(exam, keys.head_pk(session), "heads"))
    yield _not(_put(exam, keys.SESSIONS_PK, "the session list"))
    yield _not(_batch(exam, sealed, "or delete in batches"))
    yield from _no_stream(exam)
    yield from _no_archive(exam)
    yield _scan(exam)


def _installer(exam: Exam) -> Iterator[Trial]:
    place = exam.questions.place
    yield Trial(
        "look up the stack", "cloudformation:DescribeStacks",
        lambda: exam.call("cloudformation", "describe_stacks", StackName=place.stack),
    )  # fmt: skip
    yield _describe(exam)
    yield Trial(
        "look up the archiver", "lambda:GetFunction",
        lambda: exam.call("lambda", "get_function", FunctionName=place.function),
    )  # fmt: skip
    yield Trial(
        "look up the delivery stream", "firehose:DescribeDeliveryStream",
        lambda: exam.call(
            "firehose", "describe_delivery_stream", DeliveryStreamName=place.delivery
        ),
    )  # fmt: skip
    yield _list(exam)
    yield _not(_query(exam, keys.SESSIONS_PK, "the table"))


_TRIALS: dict[str, Callable[[Exam], Iterator[Trial]]] = {
    "engineer": _engineer,
    "driver": _driver,
    "partner": _partner,
    "producer": _producer,
    "sealer": _sealer,
    "installer": _installer,
}


def _session(exam: Exam) -> str:
    """A session that is within the scope of who asks: the one named, else one that never was."""
    return exam.questions.session or _SESSION


def _row(exam: Exam, car: str, group: str = _GROUP) -> str:
    return keys.chunk_pk(_session(exam), group, 0, car)


def _stranger(exam: Exam) -> str:
    """A car that is not among those asked for."""
    number = 1
    while (car := f"x{number}") in exam.questions.cars:
        number += 1
    return car


def _reads(exam: Exam, pk: str, words: str) -> Iterator[Trial]:
    yield _query(exam, pk, f"rows of {words}")
    table = exam.questions.place.table
    key = {"pk": {"S": pk}, "sk": {"S": "doctor"}}
    yield Trial(
        f"read sealed laps of {words}", "dynamodb:BatchGetItem",
        lambda: exam.call("dynamodb", "batch_get_item", RequestItems={table: {"Keys": [key]}}),
    )  # fmt: skip


def _query(exam: Exam, pk: str, words: str, **more: Any) -> Trial:
    return Trial(
        f"read {words}", "dynamodb:Query",
        lambda: exam.call(
            "dynamodb", "query",
            TableName=exam.questions.place.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
            Limit=1,
            **more,
        ),
    )  # fmt: skip


def _put(exam: Exam, pk: str, words: str) -> Trial:
    item = {"pk": {"S": pk}, "sk": {"S": "doctor"}}
    return Trial(
        f"write {words}", "dynamodb:PutItem",
        lambda: exam.call(
            "dynamodb", "put_item",
            TableName=exam.questions.place.table, Item=item, ConditionExpression=NEVER,
        ),
    )  # fmt: skip


def _batch(exam: Exam, pk: str, words: str) -> Trial:
    rows = [{"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": "doctor"}}}}]
    requested = {exam.questions.place.table: rows}
    return Trial(
        f"write {words}", "dynamodb:BatchWriteItem",
        lambda: exam.call("dynamodb", "batch_write_item", RequestItems=requested),
    )  # fmt: skip


def _upload(exam: Exam, car: str, words: str) -> Trial:
    key = f"sealed/{_session(exam)}/{quote(car, safe='')}/doctor"
    return Trial(
        f"write {words}", "s3:PutObject",
        lambda: exam.call(
            "s3", "put_object",
            Bucket=exam.facts.bucket, Key=key, Body=b"x", ContentMD5=_BAD_MD5,
        ),
    )  # fmt: skip


def _not(trial: Trial) -> Trial:
    return Trial(trial.words, trial.action, trial.call, False)


def _describe(exam: Exam) -> Trial:
    table = exam.questions.place.table
    return Trial(
        "look up the table", "dynamodb:DescribeTable",
        lambda: exam.call("dynamodb", "describe_table", TableName=table),
    )  # fmt: skip


def _scan(exam: Exam) -> Trial:
    table = exam.questions.place.table
    return Trial(
        "read the whole table", "dynamodb:Scan",
        lambda: exam.call("dynamodb", "scan", TableName=table, Limit=1), False,
    )  # fmt: skip


def _no_stream(exam: Exam) -> Iterator[Trial]:
    arn = exam.facts.stream_arn
    if arn:
        yield Trial(
            "follow the stream", "dynamodb:DescribeStream",
            lambda: exam.call("dynamodbstreams", "describe_stream", StreamArn=arn, Limit=1), False,
        )  # fmt: skip
        # who may not look the stream up can still be told of a shard by somebody else
        yield Trial(
            "read the stream", "dynamodb:GetShardIterator",
            lambda: _records(exam, _NO_SHARD), False,
        )  # fmt: skip


def _no_archive(exam: Exam) -> Iterator[Trial]:
    listed = _list(exam).call()
    found = (listed.doc or {}).get("Contents") or ()
    yield Trial("list the archive", "s3:ListBucket", lambda: listed, False)
    # who may not list is refused an object that is not there, whatever else is allowed
    doubt = "" if found else " where no object is there: its name is not known"
    key = str(found[0]["Key"]) if found else "raw/pitwall-doctor"
    trial = _get(exam, key)
    yield Trial(trial.words, trial.action, trial.call, False, doubt)


def _get(exam: Exam, key: str) -> Trial:
    return Trial(
        "read the archive", "s3:GetObject",
        lambda: exam.call("s3", "get_object", Bucket=exam.facts.bucket, Key=key, Range="bytes=0-0"),
    )  # fmt: skip


def _records(exam: Exam, shard: str) -> Answer:
    answer = exam.call(
        "dynamodbstreams", "get_shard_iterator",
        StreamArn=exam.facts.stream_arn,
        ShardId=shard,
        ShardIteratorType="TRIM_HORIZON",
    )  # fmt: skip
    if answer.doc is None:
        return answer
    iterator = answer.doc["ShardIterator"]
    return exam.call("dynamodbstreams", "get_records", ShardIterator=iterator, Limit=1)


def kinesis_records(exam: Exam, shard: str, limit: int) -> Answer:
    """The first records of a shard of the Kinesis stream."""
    answer = exam.call(
        "kinesis", "get_shard_iterator",
        StreamName=exam.questions.place.kinesis, ShardId=shard, ShardIteratorType="TRIM_HORIZON",
    )  # fmt: skip
    if answer.doc is None:
        return answer
    iterator = answer.doc["ShardIterator"]
    return exam.call("kinesis", "get_records", ShardIterator=iterator, Limit=limit)


def _list(exam: Exam, words: str = "the archive", prefix: str = "raw/") -> Trial:
    return Trial(
        f"list {words}", "s3:ListBucket",
        lambda: exam.call(
            "s3", "list_objects_v2", Bucket=exam.facts.bucket, Prefix=prefix, MaxKeys=1
        ),
    )  # fmt: skip
