"""Table, stream and what sessions there are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pitwall.cloud import keys
from pitwall.cloud.browse import AHEAD_US
from pitwall.cloud.doctor.exam import SIGN_IN, Exam
from pitwall.cloud.items import parse_head, parse_session
from pitwall.telemetry import BadInput, Head, Session

_KEYS = {"pk": ("HASH", "S"), "sk": ("RANGE", "S")}
_DEPLOY = "make it with `pitwall cloud deploy`"
_LIVE_S = 30.0
_LATELY_S = 900.0
"""Producers whose newest heads are within so much of each other drive at the same time."""


def check_table(exam: Exam) -> bool:
    """Whether it is there and can be used; what it says is kept in the facts."""
    name = exam.questions.place.table
    what = f"table {name}"
    answer = exam.call("dynamodb", "describe_table", TableName=name)
    region = exam.clients.region
    if answer.doc is None:
        if not answer.reached:
            exam.add("fault", what, answer.words, "check network, proxy, --region, --endpoint-url")
            return False
        if answer.stranger:
            exam.add("fault", what, answer.fault, SIGN_IN)
            return False
        if answer.denied:
            todo = (
                f"check --table and --region ({region}): a policy names its table; else see below"
            )
            exam.add("warning", what, f"not looked at: {answer.words}", todo)
            return True
        exam.add(
            "fault", what, answer.words, f"check --table and --region ({region}), or {_DEPLOY}"
        )
        return False
    table: dict[str, Any] = answer.doc["Table"]
    exam.facts.table = table
    exam.facts.stream_arn = str(table.get("LatestStreamArn") or "")
    types = {row["AttributeName"]: row["AttributeType"] for row in table["AttributeDefinitions"]}
    schema = {
        row["AttributeName"]: (row["KeyType"], types.get(row["AttributeName"], "?"))
        for row in table["KeySchema"]
    }
    status = str(table.get("TableStatus", ""))
    if schema != _KEYS:
        is_now = ", ".join(f"{key} ({kind} {of})" for key, (kind, of) in schema.items())
        exam.add(
            "fault",
            what,
            f"its key is {is_now}, not pk (HASH S), sk (RANGE S)",
            f"use another --table, or {_DEPLOY}",
        )
        return False
    if status not in ("ACTIVE", "UPDATING"):
        exam.add("fault", what, f"is {status.lower()}", "wait until it is active")
        return False
    mode = (table.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    if mode != "PAY_PER_REQUEST":
        exam.add(
            "warning",
            what,
            f"active, capacity is {mode.lower()}",
            "on-demand capacity follows a race by itself; provisioned throttles",
        )
        return True
    exam.add("ok", what, f"active, on demand, about {table.get('ItemCount', 0):,} items")
    return True


def check_stream(exam: Exam) -> None:
    """The table's stream: view type, state and shards."""
    what = "stream"
    if not exam.facts.table:
        exam.add("warning", what, "not looked at: the table could not be looked up", "see above")
        return
    spec = exam.facts.table.get("StreamSpecification") or {}
    todo = "switch it on with view type NEW_IMAGE (`pitwall cloud deploy`)"
    if not spec.get("StreamEnabled") or not exam.facts.stream_arn:
        exam.add("fault", what, "the table has none: nothing can be followed live", todo)
        return
    view = str(spec.get("StreamViewType", ""))
    if view not in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"):
        exam.add(
            "fault",
            what,
            f"view type {view}: carries no data",
            "view type cannot be changed: switch the stream off, then " + todo[10:],
        )
        return
    if view == "NEW_AND_OLD_IMAGES":
        exam.add(
            "warning",
            what,
            "view type NEW_AND_OLD_IMAGES: twice the bytes for nothing",
            "NEW_IMAGE is enough",
        )
    if exam.questions.role != "engineer":
        exam.add("ok", what, f"on, view type {view}; role {exam.questions.role} does not read it")
        return
    answer = exam.call("dynamodbstreams", "describe_stream", StreamArn=exam.facts.stream_arn)
    if answer.doc is None:
        if answer.denied:
            todo = "`live` follows by table reads then, 1 to 3 s old: see permissions below"
            exam.add("warning", what, answer.words, todo)
        else:
            exam.add("fault", what, answer.words, "`live` with --table-only does without it")
        return
    stream = answer.doc["StreamDescription"]
    exam.facts.shards = list(stream.get("Shards") or ())
    if stream["StreamStatus"] != "ENABLED":
        exam.add("fault", what, f"is {stream['StreamStatus'].lower()}", todo)
        return
    shards = [
        s for s in exam.facts.shards if not s["SequenceNumberRange"].get("EndingSequenceNumber")
    ]
    exam.add(
        "ok",
        what,
        f"on, view type {view}, {_count(len(shards), 'open shard')}",
        open_shards=len(shards),
    )


def check_kinesis(exam: Exam) -> None:
    """The Kinesis stream, where one is named."""
    name = exam.questions.place.kinesis
    if not name:
        return
    what = f"kinesis {name}"
    answer = exam.call("kinesis", "describe_stream_summary", StreamName=name)
    if answer.absent:
        exam.add("skipped", what, "this endpoint does not offer it")
        return
    if answer.doc is None:
        exam.add("fault", what, answer.words, "check --kinesis and --region")
        return
    stream = answer.doc["StreamDescriptionSummary"]
    status, hours = stream["StreamStatus"], stream["RetentionPeriodHours"]
    grade: Any = "ok" if status in ("ACTIVE", "UPDATING") else "fault"
    exam.add(
        grade,
        what,
        f"{status.lower()}, {stream['OpenShardCount']} shards, keeps {hours} h",
        "" if grade == "ok" else "wait until it is active",
    )
    listed = exam.call("kinesis", "list_shards", StreamName=name)
    if listed.doc is not None:
        exam.facts.kinesis_shards = [str(shard["ShardId"]) for shard in listed.doc["Shards"]]


def check_session(exam: Exam) -> None:
    """The session to look at, and whether its producers speak."""
    what = "session"
    wanted = exam.questions.session
    rows: list[dict[str, Any]] | None = None
    if not wanted:
        rows = _rows(exam, keys.SESSIONS_PK, what)
        if rows is None:
            return
        if not rows:
            exam.add(
                "warning",
                what,
                "the table holds none yet",
                "publish one: `pitwall publish S.pitwall --session ...`",
            )
            return
        # the newest by its start; keys begin with the date
        newest = max(rows, key=lambda row: (int(row.get("t", {}).get("N", "0")), row["sk"]["S"]))
        wanted = str(newest["sk"]["S"])
    heads = _rows(exam, keys.head_pk(wanted), f"{what} {wanted}")
    if heads is None:
        return
    exam.facts.session = wanted
    session = _described(exam, wanted, rows)
    known = []
    for row in heads:
        try:
            head = parse_head(row)
            known.append(_as_due(head, session) if session else head)
        except BadInput as error:
            exam.add(
                "warning",
                f"{what} {wanted}",
                f"a head cannot be read: {error}",
                "its producer writes another format: see docs/wire.md",
            )
    if not known:
        exam.add(
            "fault",
            f"{what} {wanted}",
            "no producer has written a head",
            "check --session; a producer writes its head before anything else",
        )
        return
    now_s = exam.now() + exam.facts.skew_s
    cars = len({head.car for head in known})
    what = f"{what} {wanted}"
    exam.facts.ended = all(head.ended for head in known)
    credible = known if exam.facts.ended else [h for h in known if h.t - AHEAD_US <= now_s * 1e6]
    if not credible:
        ahead = max(head.t for head in known) / 1e6 - now_s
        exam.add(
            "warning",
            what,
            f"{_count(cars, 'car')}, last head {_span(ahead)} ahead of the clock: no proof that "
            "anybody speaks",
            "the producers' clock is wrong: set it to network time",
            head_age_s=round(-ahead, 1),
        )
        return
    head_s = exam.facts.head_s = max(head.t for head in credible) / 1e6
    lately = [head for head in credible if head.t / 1e6 > head_s - _LATELY_S]
    exam.facts.began_s = min(head.t_first for head in lately) / 1e6
    age = now_s - head_s
    ahead = exam.facts.ended and head_s * 1e6 - AHEAD_US > now_s * 1e6
    when = f"{_span(-age)} ahead of the clock" if ahead else _ago(age)
    told = f"{_count(cars, 'car')}, last head {when}"
    if exam.facts.ended:
        exam.add("ok", what, f"{told}, ended", head_age_s=round(age, 1))
    elif age < _LIVE_S:
        exam.add("ok", what, f"{told}, live", head_age_s=round(age, 1))
    else:
        exam.add(
            "warning",
            what,
            f"{told}, not ended: its producers are silent",
            "check the producers' connection",
            head_age_s=round(age, 1),
        )


def _as_due(head: Head, session: Session) -> Head:
    """With the times at which the service was to have it."""
    return replace(head, t=session.due_us(head.t), t_first=session.due_us(head.t_first))


def _described(exam: Exam, key: str, rows: list[dict[str, Any]] | None) -> Session | None:
    """The session's own item; None where it is not there, not readable or not permitted."""
    if rows is None:
        asked = {
            "KeyConditionExpression": "pk = :pk AND sk = :sk",
            "ExpressionAttributeValues": {":pk": {"S": keys.SESSIONS_PK}, ":sk": {"S": key}},
        }
        answer = exam.call("dynamodb", "query", TableName=exam.questions.place.table, **asked)
        rows = answer.doc["Items"] if answer.doc is not None else []
    try:
        return next((parse_session(row) for row in rows if row["sk"]["S"] == key), None)
    except BadInput:
        return None


def _rows(exam: Exam, pk: str, what: str) -> list[dict[str, Any]] | None:
    rows: list[dict[str, Any]] = []
    request: dict[str, Any] = {
        "TableName": exam.questions.place.table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": pk}},
    }
    while True:
        answer = exam.call("dynamodb", "query", **request)
        if answer.doc is None:
            exam.add("warning", what, f"not looked at: {answer.words}", "see permissions below")
            return None
        rows += answer.doc["Items"]
        if not answer.doc.get("LastEvaluatedKey"):
            return rows
        request["ExclusiveStartKey"] = answer.doc["LastEvaluatedKey"]


def _count(number: int, of: str) -> str:
    return f"{number} {of}" if number == 1 else f"{number} {of}s"


def _ago(seconds: float) -> str:
    # the service tells its time in whole seconds
    return f"{_span(max(seconds, 0.0))} ago"


def _span(seconds: float) -> str:
    for unit, of in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * of:
            return f"{seconds / of:.0f} {unit}"
    return f"{seconds:.1f} s"
