"""Archive: is it there, is it fed, how far behind is it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pitwall.cloud.bundle import sealed_prefix
from pitwall.cloud.doctor.exam import Answer, Exam
from pitwall.cloud.stack import bucket_of

FRESH_S = 300.0
STALE_S = 900.0
"""Firehose may keep what it collects for up to 900 s."""
_SLACK_S = 5.0
_MOST_PAGES = 20
"""Of an hour's listing, a thousand objects each: more than a delivery stream makes in an hour."""


def name_bucket(exam: Exam) -> None:
    """Which bucket is meant where none was named: at AWS the one that the stack makes in this
    account and region, since the name without them is anybody's."""
    account, region = exam.facts.account, exam.clients.region
    if not exam.questions.bucket_given and account and exam.clients.at_aws:
        exam.facts.bucket = bucket_of(account, region)


def check_stack(exam: Exam) -> None:
    """The stack's state, and the bucket when its name was not given."""
    place = exam.questions.place
    what = f"stack {place.stack}"
    answer = exam.call("cloudformation", "describe_stacks", StackName=place.stack)
    if answer.doc is None:
        if "does not exist" in answer.words:
            exam.add("ok", what, "none of that name: table and bucket were made another way")
        else:
            exam.unknown(what, answer, "not needed to follow a session")
        return
    stack = answer.doc["Stacks"][0]
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs") or ()}
    if not exam.questions.bucket_given and outputs.get("Bucket"):
        exam.facts.bucket = str(outputs["Bucket"])
    status = str(stack["StackStatus"])
    words = status.lower().replace("_", " ")
    if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"):
        exam.add("ok", what, words)
    elif status.endswith("_IN_PROGRESS"):
        exam.add("warning", what, words, "wait for it: `pitwall cloud status`")
    else:
        reason = str(stack.get("StackStatusReason") or "")
        exam.add("fault", what, f"{words}: {reason}".rstrip(": "), "see `pitwall cloud status`")


def check_archiver(exam: Exam) -> None:
    """Whether the table's stream feeds the archiver, and it alone."""
    what = "archiver"
    arn = exam.facts.stream_arn
    if not arn:
        return
    answer = exam.call("lambda", "list_event_source_mappings", EventSourceArn=arn)
    if answer.doc is None:
        exam.unknown(what, answer, "the archive's freshness below tells whether it works")
        return
    rows = answer.doc.get("EventSourceMappings") or []
    if not rows:
        exam.add(
            "fault",
            what,
            "nothing reads the stream for the archive",
            "deploy the stack, or make an event source mapping for the archiver",
        )
        return
    if len(rows) > 1:
        exam.add(
            "warning",
            what,
            f"{len(rows)} functions read the stream; a shard serves two "
            "readers, and laptops are more",
            "keep one, or follow a Kinesis stream",
        )
    for row in rows:
        name = str(row.get("FunctionArn", "?")).rpartition(":")[2]
        state, result = str(row.get("State")), str(row.get("LastProcessingResult", ""))
        if state != "Enabled":
            exam.add("fault", what, f"{name}: its mapping is {state.lower()}", "enable it")
        elif result.startswith("PROBLEM"):
            exam.add(
                "fault", what, f"{name}: {result}", "its log says why; check its role's policy"
            )
        else:
            exam.add("ok", what, f"{name}: mapping enabled, {result or 'nothing processed yet'}")


def check_delivery(exam: Exam) -> None:
    """The delivery stream."""
    place = exam.questions.place
    what = f"delivery {place.delivery}"
    answer = exam.call("firehose", "describe_delivery_stream", DeliveryStreamName=place.delivery)
    if answer.code == "ResourceNotFoundException":
        exam.add(
            "warning",
            what,
            "there is none of that name",
            "give --stack; where the archive is fed another way its freshness below tells",
        )
        return
    if answer.doc is None:
        exam.unknown(what, answer, "the archive's freshness below tells whether it works")
        return
    stream = answer.doc["DeliveryStreamDescription"]
    status = str(stream["DeliveryStreamStatus"])
    if status == "ACTIVE":
        exam.add("ok", what, "active")
    else:
        exam.add("fault", what, status.lower().replace("_", " "), "see `pitwall cloud status`")


def check_freshness(exam: Exam) -> None:
    """How far the archive is behind the session."""
    bucket = exam.facts.bucket
    what = f"archive {bucket}"
    now_s = exam.now() + exam.facts.skew_s
    newest: float | None = None
    for hour in _hours(exam, now_s):
        rows, answer = _listed(exam, f"raw/{hour:%Y/%m/%d/%H}/")
        if answer.doc is None:
            absent = answer.code == "NoSuchBucket"
            # the permission has a line of its own: here it costs time, and nothing else
            exam.add(
                "warning" if answer.denied else "fault",
                what,
                answer.words,
                "check --bucket"
                if absent
                else "without it history comes from stream and table: slower, not less",
            )
            return
        for row in rows:
            exam.facts.objects.append((str(row["Key"]), int(row["Size"])))
            newest = max(newest or 0.0, row["LastModified"].timestamp())
    _sealed(exam)
    head_s = exam.facts.head_s
    if head_s is None:
        exam.add("ok", what, "readable; no session to compare it with")
        return
    live = not exam.facts.ended and now_s - head_s < STALE_S
    began_s = exam.facts.began_s
    if live and (newest or 0.0) < began_s and now_s - began_s <= FRESH_S:
        ago = max(now_s - began_s, 0.0)
        exam.add("ok", what, f"nothing due yet: the session began {ago:.0f} s ago")
        return
    if newest is None:
        told = "no raw object in the hours of the session's end nor in the last two"
        todo = "check the archiver: mapping, log, queue of batches given up"
        exam.add("fault" if live else "warning", what, told, todo)
        return
    # what came before the session's first sample says nothing of it
    age = now_s - (max(newest, began_s) if live else newest)
    figures: dict[str, Any] = {"newest_object_age_s": round(age, 1)}
    if exam.facts.ended or now_s - head_s > STALE_S:
        if newest >= min(head_s, now_s) - _SLACK_S:
            exam.add("ok", what, "reaches the session's end", **figures)
        elif now_s - head_s < STALE_S:
            exam.add("ok", what, f"the session's end is still on its way, {age:.0f} s", **figures)
        else:
            exam.add(
                "warning",
                what,
                f"ends {(head_s - newest) / 60:.0f} min before the session",
                "the rest comes from stream or table; check the archiver's log",
                **figures,
            )
    elif age <= FRESH_S:
        exam.add("ok", what, f"{age:.0f} s behind", **figures)
    elif age <= STALE_S:
        exam.add(
            "warning",
            what,
            f"{age:.0f} s behind",
            "a shorter --buffer-s brings it closer",
            **figures,
        )
    else:
        exam.add(
            "fault",
            what,
            f"{age / 60:.0f} min behind a session that is live",
            "the archiver does not get through: see its log, the delivery stream's, and the "
            "queue of batches given up",
            **figures,
        )


def _hours(exam: Exam, now_s: float) -> list[datetime]:
    """Hours of arrival to look into: the last two, and those around the newest head."""
    moments = [now_s - 3600, now_s]
    if exam.facts.head_s is not None:
        moments += [exam.facts.head_s + step for step in (-3600, 0, 3600)]
    hours = {
        datetime.fromtimestamp(moment, UTC).replace(minute=0, second=0, microsecond=0)
        for moment in moments
        if moment <= now_s
    }
    return sorted(hours)


def _listed(exam: Exam, prefix: str) -> tuple[list[dict[str, Any]], Answer]:
    """All objects under ``prefix``, and the last answer. The newest may be on any page: keys begin
    with the delivery stream's name, and several may write into one hour."""
    rows: list[dict[str, Any]] = []
    request: dict[str, Any] = {"Bucket": exam.facts.bucket, "Prefix": prefix}
    for _ in range(_MOST_PAGES):
        answer = exam.call("s3", "list_objects_v2", **request)
        if answer.doc is None:
            break
        rows += answer.doc.get("Contents") or ()
        token = answer.doc.get("NextContinuationToken")
        if not answer.doc.get("IsTruncated") or not token:
            break
        request["ContinuationToken"] = token
    return rows, answer


def _sealed(exam: Exam) -> None:
    if not exam.facts.session:
        return
    request: dict[str, Any] = {"Bucket": exam.facts.bucket, "MaxKeys": 50}
    answer = exam.call("s3", "list_objects_v2", Prefix=sealed_prefix(exam.facts.session), **request)
    if answer.doc is not None:
        for row in answer.doc.get("Contents") or ():
            exam.facts.objects.append((str(row["Key"]), int(row["Size"])))
