"""The doctor: a healthy set-up and many broken ones, at the stand-in and against fakes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from pitwall.cli import main
from pitwall.cloud import LapEntry, catalog_item, head_item, make_clients, session_item
from pitwall.cloud.access import Place, Scope, policy_for
from pitwall.cloud.doctor import Finding, Questions, examine, report_json
from pitwall.cloud.doctor.findings import ROLES
from pitwall.cloud.local.process import StandIn
from pitwall.telemetry import BadInput, Catalog, Failure, Head, Session

NOW = datetime(2026, 1, 31, 12, 30, tzinfo=UTC).timestamp()
KEY = "2026-01-31-test-r1"
ARN = "arn:aws:dynamodb:us-east-1:1:table/pitwall/stream/2026"


def graded(findings: list[Finding]) -> dict[str, str]:
    return {finding.what: finding.grade for finding in findings}


def of(findings: list[Finding], what: str) -> Finding:
    (found,) = [finding for finding in findings if finding.what.startswith(what)]
    return found


def faults(findings: list[Finding]) -> list[str]:
    return [finding.what for finding in findings if finding.grade == "fault"]


# -- at the stand-in

PLACE = Place()
POLICIES = {
    "ENGINEER": policy_for("engineer", PLACE),
    "DRIVER": policy_for("driver", PLACE, Scope(cars=("7",))),
    "PARTNER": policy_for("partner", PLACE, Scope(groups=("pos",))),
    "PRODUCER": policy_for("producer", PLACE, Scope(cars=("7",))),
    "SEALER": policy_for("sealer", PLACE),
    "INSTALLER": policy_for("installer", PLACE),
}


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    spec = {"cars": 2, "seconds_history": 60, "stream_s": 30, "session": KEY}
    with StandIn.start(seed_spec=spec, firehose_interval_s=5) as running:
        made_client = boto3.client(
            "dynamodb", endpoint_url=running.endpoint, region_name="us-east-1",
            aws_access_key_id="x", aws_secret_access_key="x",
        )  # fmt: skip
        definitions = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
        keys = [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ]
        made_client.create_table(
            TableName="streamless", AttributeDefinitions=definitions, KeySchema=keys,
            BillingMode="PAY_PER_REQUEST",
        )  # fmt: skip
        made_client.close()
        running.control("access", keys=POLICIES)
        yield running


@pytest.fixture(scope="module")
def clients_of(stand_in: StandIn) -> Iterator[Any]:
    """Clients by access key, kept: making them takes longer than looking."""
    kept: dict[tuple[str, str], Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        patch.setenv("AWS_MAX_ATTEMPTS", "1")

        def clients(who: str, endpoint: str = "") -> Any:
            patch.setenv("AWS_ACCESS_KEY_ID", who)
            key = who, endpoint or stand_in.endpoint
            if key not in kept:
                kept[key] = make_clients(key[1])
                kept[key].credentials()  # taken up now, while they are in the environment
            return kept[key]

        yield clients
        for each in kept.values():
            each.close()


@pytest.fixture
def look(stand_in: StandIn, clients_of: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    # how fast this machine happens to be is not the matter here
    monkeypatch.setattr("pitwall.cloud.doctor.speed.FAR_MS", 1e9)
    monkeypatch.setattr("pitwall.cloud.doctor.speed.SLOW_MBIT", 0.0)

    def look(who: str, questions: Questions, endpoint: str = "", **more: Any) -> list[Finding]:
        _beat(stand_in, clients_of)
        return examine(clients_of(who, endpoint), questions, **more)

    return look


def _beat(stand_in: StandIn, clients_of: Any) -> None:
    """A producer's newest head: the session is live whenever it is looked at."""
    now_us = time.time_ns() // 1000
    head = Head(KEY, "7", "a1", now_us - 1, now_us, 3, {"pos": 1})
    clients_of("PRODUCER").dynamodb.put_item(TableName=stand_in.table, Item=head_item(head))


@pytest.mark.slow
def test_healthy(look: Any) -> None:
    told: list[Finding] = []
    findings = look("ENGINEER", Questions(), say=told.append)
    assert told == findings
    assert faults(findings) == []
    # what a stand-in has not is not called well
    away = {f.what.partition(" ")[0] for f in findings if f.grade == "skipped"}
    assert away == {"stack", "archiver", "delivery", "limits"}
    assert {f.grade for f in findings} == {"ok", "skipped"}, findings
    seen = {f.what.partition(" ")[0] for f in findings}
    assert seen >= {
        "credentials", "region", "clock", "table", "stream", "session", "archive", "may",
        "latency", "bandwidth", "limits",
    }  # fmt: skip
    assert of(findings, "latency to S3").figures["latency_ms"] > 0
    assert abs(of(findings, "clock").figures["skew_s"]) < 2
    assert "live" in of(findings, "session").told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("who", "questions"),
    [
        ("DRIVER", Questions(role="driver", cars=("7",))),
        ("PARTNER", Questions(role="partner", groups=("pos",))),
        ("PRODUCER", Questions(role="producer", cars=("7",))),
        ("SEALER", Questions(role="sealer")),
        ("SEALER", Questions(role="sealer", session=KEY)),
    ],
)
def test_each_role_has_what_it_needs_and_no_more(look: Any, who: str, questions: Questions) -> None:
    findings = look(who, questions)
    assert {f.grade for f in findings} == {"ok"}, [f for f in findings if f.grade != "ok"]
    refused = [f for f in findings if f.what.startswith("may not")]
    assert len(refused) >= 3
    assert all("refused" in f.told for f in refused)


@pytest.mark.slow
def test_looking_changes_nothing(stand_in: StandIn, look: Any, clients_of: Any) -> None:
    def state() -> tuple[int, int]:
        s3 = clients_of("ENGINEER").s3
        # raw objects come by themselves
        sealed = s3.list_objects_v2(Bucket=stand_in.bucket, Prefix="sealed/")["KeyCount"]
        return stand_in.status()["items"], sealed

    _beat(stand_in, clients_of)
    before = state()
    look("PRODUCER", Questions(role="producer", cars=("7",)))
    look("SEALER", Questions(role="sealer", session=KEY))
    look("ENGINEER", Questions())
    assert state() == before


@pytest.mark.slow
def test_broken_permissions(look: Any) -> None:
    findings = look("DRIVER", Questions())
    bad = faults(findings)
    assert "may follow the stream" in bad
    assert "may list the archive" in bad
    assert "may read rows of every car" in bad
    # a driver's policy denies the stream, whatever else is attached
    stream = of(findings, "may follow")
    assert stream.told == "a statement denies permission dynamodb:DescribeStream"
    archive = of(findings, "may list the archive")
    assert "permission s3:ListBucket is missing" in archive.told
    assert archive.todo == (
        "attach the policy that `pitwall cloud policy engineer --account 000000000000 --region "
        "us-east-1 --table pitwall --bucket pitwall-archive --stack pitwall --json` prints"
    )


@pytest.mark.slow
def test_more_than_the_role_needs(look: Any) -> None:
    findings = look("ENGINEER", Questions(role="driver", cars=("7",)))
    assert faults(findings) == []
    assert graded(findings)["may not read other cars"] == "warning"
    assert graded(findings)["may not follow the stream"] == "warning"
    assert graded(findings)["may not read the stream"] == "warning"
    assert graded(findings)["may not list the archive"] == "warning"
    assert graded(findings)["may not read the archive"] == "warning"
    assert graded(findings)["may not read the whole table"] == "ok"


def test_an_object_of_the_archive_that_is_there_is_tried() -> None:
    asked: list[str] = []

    def get(**request: Any) -> Any:
        asked.append(request["Key"])
        return denied("s3:GetObject")

    listed = {"Contents": [{"Key": "raw/x.gz", "Size": 9}]}
    driver = Questions(role="driver", cars=("7",))
    findings = see(Account(s3_list_objects_v2=listed, s3_get_object=get), driver)
    assert asked == ["raw/x.gz"]
    assert of(findings, "may not list the archive").grade == "warning"
    assert of(findings, "may not read the archive").told == "s3:GetObject is refused"
    refused = denied("s3:ListBucket")
    findings = see(Account(s3_list_objects_v2=refused, s3_get_object=get), driver)
    assert of(findings, "may not list the archive").told == "s3:ListBucket is refused"
    assert "where no object is there" in of(findings, "may not read the archive").told


@pytest.mark.slow
def test_broken_credentials(look: Any) -> None:
    findings = look("STRANGER", Questions())
    assert faults(findings) == ["credentials"]
    assert "does not know these credentials" in findings[-1].told
    assert "aws sso login" in findings[-1].todo


@pytest.mark.slow
def test_broken_table_name(stand_in: StandIn, look: Any) -> None:
    stand_in.control("access", keys={"ALL": _everything()})
    findings = look("ALL", Questions(Place(table="other")))
    assert faults(findings) == ["table other"]
    assert "pitwall cloud deploy" in findings[-1].todo


@pytest.mark.slow
def test_broken_stream(stand_in: StandIn, look: Any) -> None:
    stand_in.control("access", keys={"ALL": _everything()})
    findings = look("ALL", Questions(Place(table="streamless")))
    assert faults(findings) == ["stream"]
    assert "switch it on with view type NEW_IMAGE" in of(findings, "stream").todo


@pytest.mark.slow
def test_broken_bucket(stand_in: StandIn, look: Any) -> None:
    stand_in.control("access", keys={"ALL": _everything()})
    findings = look("ALL", Questions(Place(bucket="not-there")))
    assert "archive not-there" in faults(findings)
    assert of(findings, "archive ").todo == "check --bucket"
    for what in ("may list the archive", "may read the archive"):
        assert of(findings, what).told == "not tried: there is no such bucket"


@pytest.mark.slow
def test_broken_clock(look: Any) -> None:
    findings = look("ENGINEER", Questions(), now=lambda: time.time() - 600)
    assert faults(findings) == ["clock"]
    assert "600 s behind" in of(findings, "clock").told or "601 s" in of(findings, "clock").told
    # what is told of ages is told by the service's clock all the same
    assert "live" in of(findings, "session").told


@pytest.mark.slow
def test_broken_network(look: Any) -> None:
    findings = look("ENGINEER", Questions(), endpoint="http://127.0.0.1:9")
    assert faults(findings) == ["table pitwall"]
    assert "cannot reach http://127.0.0.1:9" in findings[-1].told


@pytest.mark.slow
def test_the_command(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ENGINEER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    words = ["cloud", "doctor", "--endpoint-url", stand_in.endpoint]
    assert main([*words, "--json"]) == 0
    doc = json.loads(capsys.readouterr().out)
    assert doc["healthy"]
    assert doc["counts"]["fault"] == 0
    assert {"grade", "what", "told", "todo", "figures"} == set(doc["findings"][0])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "DRIVER")
    assert main(words) == 1
    out = capsys.readouterr().out
    assert "-> attach the policy" in out
    assert out.splitlines()[-1].endswith("fault")
    assert main([*words, "--role", "driver"]) == 2
    assert "--car" in capsys.readouterr().err
    # before anything is asked of anybody
    for wrong, told in (
        (("--session", "barber"), "session key 'barber'"),
        (("--car", "7"), "engineer: is not narrowed by --car"),
        (("--role", "partner", "--group", "pos", "--car", "7"), "partner: is not narrowed by"),
        (("--role", "driver", "--car", "7#head"), "car '7#head'"),
    ):
        assert main([*words, *wrong]) == 2
        caught = capsys.readouterr()
        assert (caught.out, told in caught.err, caught.err.count("\n")) == ("", True, 1), caught


@pytest.mark.slow
def test_each_of_several_cars_and_groups_is_tried(look: Any) -> None:
    findings = look("DRIVER", Questions(role="driver", cars=("7", "13")))
    assert faults(findings) == ["may read rows of car 13", "may read sealed laps of car 13"]
    findings = look("PRODUCER", Questions(role="producer", cars=("7", "13")))
    assert faults(findings) == [
        "may write items of car 13", "may write rows of car 13", "may write sealed laps of car 13"
    ]  # fmt: skip
    findings = look("PARTNER", Questions(role="partner", groups=("pos", "tyre")))
    assert faults(findings) == ["may read rows of group tyre", "may read sealed laps of group tyre"]


@pytest.mark.slow
def test_what_is_slower_without_and_no_less_is_a_warning(look: Any) -> None:
    archive = of(look("DRIVER", Questions()), "archive ")
    assert archive.grade == "warning"
    assert "slower, not less" in archive.todo


@pytest.mark.slow
def test_an_endpoint_without_kinesis_has_nothing_wrong_with_it(
    stand_in: StandIn, look: Any
) -> None:
    stand_in.control("access", keys={"ALL": _everything()})
    findings = look("ALL", Questions(Place(kinesis="live")))
    assert of(findings, "kinesis live").grade == "skipped"


def test_lines_are_below_each_other() -> None:
    longest = Finding("ok", "may not read payloads of other groups", "told", "do")
    first, second = longest.text()
    assert first.index("told") == second.index("->") == 10 + len(longest.what)


def _everything() -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
    }


# -- against fakes: what the stand-in does not have


def denied(action: str, because: str = "") -> ClientError:
    message = f"User: arn:x is not authorized to perform: {action} on resource: arn:y{because}"
    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": message}}, "Call")


class Account:
    """Clients of an account where all is well; ``answers`` by (service, operation) go first."""

    region = "us-east-1"
    at_aws = False

    def __init__(self, **answers: Any) -> None:
        self.answers = {**_WELL, **answers}
        self.calls: list[str] = []
        self.found: Any = ("sso", None)

    def credentials(self) -> Any:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def service(self, name: str) -> Any:
        account = self

        class Client:
            def __getattr__(self, operation: str) -> Any:
                def call(**request: Any) -> Any:
                    key = f"{name}_{operation}"
                    account.calls.append(key)
                    answer = account.answers[key]
                    if callable(answer):
                        answer = answer(**request)
                    if isinstance(answer, Exception):
                        raise answer
                    date = datetime.fromtimestamp(NOW, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
                    headers = {"date": date, "content-length": "300000"}
                    return {**answer, "ResponseMetadata": {"HTTPHeaders": headers}}

                return call

        return Client()


class Body:
    def read(self) -> bytes:
        return bytes(400_000)


def table(**more: Any) -> dict[str, Any]:
    return {
        "Table": {
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "TableStatus": "ACTIVE",
            "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            "LatestStreamArn": ARN,
            "WarmThroughput": {"WriteUnitsPerSecond": 4000},
            **more,
        }
    }


def query(age_s: float = 1.0, ended: bool = False, began_s: float = 9e8, *more: Head) -> Any:
    first, last = round((NOW - began_s) * 1e6), round((NOW - age_s) * 1e6)
    heads = [Head(KEY, "7", "a1", first, last, 3, {"pos": 5}, ended), *more]

    def answer(**request: Any) -> dict[str, Any]:
        pk = request["ExpressionAttributeValues"][":pk"]["S"]
        if pk == "sessions":
            older = {"sk": {"S": "2020-01-01-old"}, "t": {"N": "1"}}
            return {"Items": [{"sk": {"S": KEY}, "t": {"N": "9"}}, older]}
        if pk.endswith("#head"):
            return {"Items": [head_item(head) for head in heads]}
        if pk.endswith("#catalog"):
            entry = LapEntry(KEY, "7", 3, 1, 2, {("pos", "a1"): ((1, 9),)}, True)
            return {"Items": [catalog_item(entry)]}
        return {"Items": []}

    return answer


def rehearsal(late_s: float) -> Any:
    """An hour that is played in six minutes, half of it so far; the head came so late."""
    now = round(NOW * 1e6)
    began = now - 180_000_000 - 3_600_000_000 + 360_000_000
    played = Session(
        KEY, "", Catalog(()), began, 3600.0, simulated=True, driven_us=1, pace=10.0
    )  # fmt: skip
    assert played.event_us(now) == began + 1_800_000_000
    t = played.event_us(now - round(late_s * 1e6))
    head = Head(KEY, "7", "a1", began, t, 3, {"pos": 5})

    def answer(**request: Any) -> dict[str, Any]:
        pk = request["ExpressionAttributeValues"][":pk"]["S"]
        if pk == "sessions":
            return {"Items": [session_item(played)]}
        return {"Items": [head_item(head)] if pk.endswith("#head") else []}

    return answer


SPEAKS = Head(KEY, "7", "a2", 1, round((NOW - 1) * 1e6), 3, {"pos": 5})
SILENT = Head(KEY, "8", "a1", 1, round((NOW - 9000) * 1e6), 3, {"pos": 5})


def objects(age_s: float | None) -> Any:
    def answer(**request: Any) -> dict[str, Any]:
        if age_s is None or request["Prefix"].startswith("sealed/"):
            return {}
        at = datetime.fromtimestamp(NOW - age_s, UTC)
        if request["Prefix"] != f"raw/{at:%Y/%m/%d/%H}/":
            return {}
        return {"Contents": [{"Key": "raw/x.gz", "Size": 9, "LastModified": at}]}

    return answer


def mappings(*rows: dict[str, str]) -> dict[str, Any]:
    return {"EventSourceMappings": [{"FunctionArn": "arn:aws:x:f", **row} for row in rows]}


_GOOD = {"State": "Enabled", "LastProcessingResult": "OK"}
_WELL: dict[str, Any] = {
    "sts_get_caller_identity": {"Arn": "arn:aws:sts::1:assumed-role/engineer/amy"},
    "dynamodb_describe_endpoints": {"Endpoints": []},
    "dynamodb_describe_table": table(),
    "dynamodb_describe_limits": {
        "TableMaxWriteCapacityUnits": 40_000,
        "TableMaxReadCapacityUnits": 40_000,
    },
    "dynamodb_query": query(),
    "dynamodb_batch_get_item": {"Responses": {}},
    "dynamodb_scan": denied("dynamodb:Scan"),
    "dynamodbstreams_describe_stream": {
        "StreamDescription": {
            "StreamStatus": "ENABLED",
            "Shards": [{"ShardId": "s-1", "SequenceNumberRange": {"StartingSequenceNumber": "1"}}],
        }
    },
    "dynamodbstreams_list_streams": {"Streams": []},
    "dynamodbstreams_get_shard_iterator": {"ShardIterator": "i"},
    "dynamodbstreams_get_records": {"Records": []},
    "kinesis_describe_stream_summary": {
        "StreamDescriptionSummary": {
            "StreamStatus": "ACTIVE", "RetentionPeriodHours": 24, "OpenShardCount": 4,
        }
    },
    "kinesis_list_shards": {"Shards": [{"ShardId": "shardId-000000000000"}]},
    "kinesis_get_shard_iterator": {"ShardIterator": "i"},
    "kinesis_get_records": {"Records": []},
    "cloudformation_describe_stacks": {
        "Stacks": [
            {
                "StackStatus": "CREATE_COMPLETE",
                "Outputs": [{"OutputKey": "Bucket", "OutputValue": "of-the-stack"}],
            }
        ]
    },
    "lambda_list_event_source_mappings": mappings(_GOOD),
    "firehose_describe_delivery_stream": {
        "DeliveryStreamDescription": {"DeliveryStreamStatus": "ACTIVE"}
    },
    "s3_list_objects_v2": objects(40.0),
    "s3_get_object": lambda **request: {"Body": Body()},
}  # fmt: skip


def see(account: Account, questions: Questions | None = None, **more: Any) -> list[Finding]:
    return examine(account, questions or Questions(), now=lambda: NOW, **more)


def test_all_is_well() -> None:
    findings = see(Account(), Questions(Place(kinesis="live"), bucket_given=False))
    assert {f.grade for f in findings} == {"ok"}, [f for f in findings if f.grade != "ok"]
    assert of(findings, "archive ").what == "archive of-the-stack"
    assert "amy, from the SSO login" in of(findings, "credentials").told
    assert of(findings, "archiver").told == "f: mapping enabled, OK"
    assert of(findings, "bandwidth from S3").figures["bytes"] == 400_000
    assert report_json(findings)["healthy"]


@pytest.mark.parametrize(
    ("answers", "what", "grade", "told"),
    [
        ({"dynamodb_describe_table": table(TableStatus="CREATING")}, "table", "fault", "creating"),
        (
            {"dynamodb_describe_table": table(KeySchema=[
                {"AttributeName": "id", "KeyType": "HASH"}])},
            "table", "fault", "id (HASH ?), not pk",
        ),
        (
            {"dynamodb_describe_table": table(BillingModeSummary={"BillingMode": "PROVISIONED"})},
            "table", "warning", "provisioned",
        ),
        (
            {"dynamodb_describe_table": table(StreamSpecification={
                "StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})},
            "stream", "fault", "KEYS_ONLY",
        ),
        (
            {"dynamodb_describe_table": table(StreamSpecification={"StreamEnabled": False})},
            "stream", "fault", "none",
        ),
        (
            {"dynamodb_describe_table": table(OnDemandThroughput={"MaxWriteRequestUnits": 100})},
            "limit of the table", "warning", "100 write units",
        ),
        (
            {"dynamodb_describe_limits": {"TableMaxWriteCapacityUnits": 500,
                                          "TableMaxReadCapacityUnits": 500}},
            "limits of the account", "warning", "500",
        ),
        ({"dynamodb_query": query(120.0)}, "session", "warning", "silent"),
        ({"dynamodb_query": query(9000.0, True)}, "session", "ok", "ended"),
        (
            {"dynamodb_query": query(-60.0, True)}, "session", "ok",
            "1 car, last head 59.5 s ahead of the clock, ended",
        ),
        (
            {"dynamodb_query": query(-60.0)}, "session", "warning",
            "1 car, last head 59.5 s ahead of the clock: no proof that anybody speaks",
        ),
        # a rehearsal is judged by what was due
        ({"dynamodb_query": rehearsal(2.0)}, "session", "ok", "ago, live"),
        ({"dynamodb_query": rehearsal(60.0)}, "session", "warning", "silent"),
        # one that went on after it
        ({"dynamodb_query": query(-60.0, False, 9e8, SPEAKS)}, "session", "ok", "1.5 s ago, live"),
        # and one that did not, beside one that ended ahead
        ({"dynamodb_query": query(-60.0, True, 9e8, SILENT)}, "session", "warning", "silent"),
        ({"dynamodb_query": query(-4.0)}, "session", "ok", "live"),
        ({"dynamodb_query": query(-60.0)}, "archive ", "ok", "readable; no session to compare"),
        (
            {"dynamodbstreams_describe_stream": denied("dynamodb:DescribeStream")},
            "stream", "warning", "may not follow the table's stream",
        ),
        # an archive with other sessions' objects, or none, before anything of this one is due
        (
            {"s3_list_objects_v2": objects(2000.0), "dynamodb_query": query(1.0, False, 20.0)},
            "archive ", "ok", "nothing due yet: the session began 20 s ago",
        ),
        (
            {"s3_list_objects_v2": objects(None), "dynamodb_query": query(1.0, False, 20.0)},
            "archive ", "ok", "nothing due yet: the session began 20 s ago",
        ),
        (
            {"s3_list_objects_v2": objects(2000.0), "dynamodb_query": query(1.0, False, 400.0)},
            "archive ", "warning", "400 s behind",
        ),
        # gone on with in the afternoon: what drove in the morning counts no more
        (
            {"s3_list_objects_v2": objects(2000.0),
             "dynamodb_query": query(1.0, False, 20.0, SILENT)},
            "archive ", "ok", "nothing due yet",
        ),
        ({"s3_list_objects_v2": objects(None)}, "archive ", "fault", "no raw object"),
        ({"s3_list_objects_v2": objects(500.0)}, "archive ", "warning", "500 s behind"),
        ({"s3_list_objects_v2": objects(2000.0)}, "archive ", "fault", "33 min behind"),
        (
            {"s3_list_objects_v2": objects(7000.0), "dynamodb_query": query(5000.0, True)},
            "archive ", "warning", "ends 33 min before",
        ),
        (
            {"s3_list_objects_v2": objects(4900.0), "dynamodb_query": query(5000.0, True)},
            "archive ", "ok", "reaches the session's end",
        ),
        ({"s3_list_objects_v2": denied("s3:ListBucket")}, "archive ", "warning", "list the"),
        ({"lambda_list_event_source_mappings": mappings()}, "archiver", "fault", "nothing reads"),
        (
            {"lambda_list_event_source_mappings": mappings({"State": "Disabled"})},
            "archiver", "fault", "disabled",
        ),
        (
            {"lambda_list_event_source_mappings": mappings(
                {"State": "Enabled", "LastProcessingResult": "PROBLEM: Function call failed"})},
            "archiver", "fault", "Function call failed",
        ),
        (
            {"lambda_list_event_source_mappings": denied("lambda:ListEventSourceMappings")},
            "archiver", "warning", "see whether the archiver is fed",
        ),
        (
            {"firehose_describe_delivery_stream": {
                "DeliveryStreamDescription": {"DeliveryStreamStatus": "CREATING_FAILED"}}},
            "delivery", "fault", "creating failed",
        ),
        (
            {"cloudformation_describe_stacks": {"Stacks": [
                {"StackStatus": "UPDATE_ROLLBACK_FAILED", "StackStatusReason": "why"}]}},
            "stack", "fault", "why",
        ),
        (
            {"cloudformation_describe_stacks": ClientError(
                {"Error": {"Code": "ValidationError", "Message": "x does not exist"}}, "D")},
            "stack", "ok", "none of that name",
        ),
        ({"dynamodb_scan": {"Items": []}}, "may not read the whole", "warning", "is allowed"),
        ({"s3_get_object": denied("s3:GetObject")}, "may read the archive", "fault", "missing"),
        (
            {"dynamodbstreams_describe_stream": {
                "StreamDescription": {"StreamStatus": "DISABLED", "Shards": []}}},
            "stream", "fault", "disabled",
        ),
    ],
)  # fmt: skip
def test_broken(answers: dict[str, Any], what: str, grade: str, told: str) -> None:
    findings = see(Account(**answers))
    found = of(findings, what)
    assert found.grade == grade
    assert told in found.told
    if grade != "ok":
        assert found.todo
    assert all(f.todo for f in findings if f.grade != "ok")


def test_a_statement_that_denies() -> None:
    because = " with an explicit deny in an identity-based policy"
    findings = see(Account(s3_list_objects_v2=denied("s3:ListBucket", because)))
    found = of(findings, "may list the archive")
    assert (found.grade, found.told) == ("fault", "a statement denies permission s3:ListBucket")
    assert found.todo == "find the policy that it is in; detach or change it"
    assert "arn:y is denied by a statement; role engineer" in of(findings, "archive ").told


def test_a_kinesis_stream_is_looked_at_like_the_tables() -> None:
    questions = Questions(Place(kinesis="live"))
    findings = see(Account(), questions)
    assert of(findings, "may read the Kinesis stream").told == "kinesis:GetRecords"
    assert of(findings, "bandwidth from Kinesis").figures["bytes"] == 300_000
    assert "ms a round trip" in of(findings, "latency to Kinesis").told
    findings = see(Account(kinesis_get_records=denied("kinesis:GetRecords")), questions)
    assert faults(findings) == ["may read the Kinesis stream"]
    assert "--kinesis live" in of(findings, "may read the Kinesis").todo
    findings = see(Account(kinesis_list_shards=denied("kinesis:ListShards")), questions)
    assert faults(findings) == ["may list the Kinesis stream's shards"]
    findings = see(Account(), Questions(Place()))
    assert not any("inesis" in finding.what for finding in findings)


@pytest.mark.parametrize(
    ("questions", "used"),
    [
        (Questions(role="driver", cars=("7",)), False),
        (Questions(role="partner", groups=("pos",)), False),
        (Questions(role="sealer"), True),
        (Questions(), True),
    ],
)
def test_only_what_the_role_uses_is_measured(questions: Questions, used: bool) -> None:
    whats = {finding.what for finding in see(Account(dynamodb_put_item={}), questions)}
    assert "latency to DynamoDB" in whats
    assert ("latency to S3" in whats) == used


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("env", "from the environment"),
        ("explicit", "from nowhere: dummy ones, for an endpoint on this machine"),
        ("assume-role", "from assume role"),
    ],
)
def test_where_credentials_come_from_in_words(method: str, words: str) -> None:
    account = Account()
    account.found = (method, None)
    assert of(see(account), "credentials").told.endswith(words)


def test_far_and_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pitwall.cloud.doctor.speed.FAR_MS", -1.0)
    monkeypatch.setattr("pitwall.cloud.doctor.speed.SLOW_MBIT", 1e12)
    findings = see(Account())
    warnings = {f.what for f in findings if f.grade == "warning"}
    assert {"latency to DynamoDB", "latency to S3", "bandwidth from S3"} <= warnings
    assert "a nearer region" in of(findings, "latency to S3").todo
    assert of(findings, "bandwidth from S3").figures["mbit_per_s"] > 0


def test_the_newest_object_may_be_on_the_last_page() -> None:
    one = objects(40.0)

    def pages(**request: Any) -> Any:
        at = int(request.get("ContinuationToken", "0"))
        if at < 2 and request["Prefix"].startswith("raw/"):
            old = datetime.fromtimestamp(NOW - 2000, UTC)
            more = {"IsTruncated": True, "NextContinuationToken": str(at + 1)}
            return {"Contents": [{"Key": f"raw/{at}.gz", "Size": 9, "LastModified": old}], **more}
        return one(**request)

    # the service's clock is half a second on
    assert of(see(Account(s3_list_objects_v2=pages)), "archive ").told.endswith("s behind")


def test_no_more_than_is_measured_is_read_of_an_object() -> None:
    ranges: set[str] = set()

    def get(**request: Any) -> Any:
        ranges.add(request["Range"])
        return {"Body": Body()}

    see(Account(s3_get_object=get))
    assert ranges == {"bytes=0-0", "bytes=0-8388607"}


def test_two_readers_are_too_many() -> None:
    findings = see(Account(lambda_list_event_source_mappings=mappings(_GOOD, _GOOD)))
    (warning,) = [f for f in findings if f.grade == "warning"]
    assert "a shard serves two readers" in warning.told


@pytest.mark.parametrize(
    ("found", "grade", "told"),
    [
        (None, "fault", "none found"),
        (Failure("the SSO login has expired: sign in with `aws sso login`"), "fault", "expired"),
        (("sso", datetime.now(UTC) - timedelta(minutes=1)), "fault", "expired"),
        (("sso", datetime.now(UTC) + timedelta(minutes=20)), "warning", "until"),
        (("sso", datetime.now(UTC) + timedelta(hours=8)), "ok", "until"),
    ],
)
def test_credentials(found: Any, grade: str, told: str) -> None:
    account = Account()
    account.found = found
    findings = see(account)
    finding = of(findings, "credentials")
    assert finding.grade == grade
    assert told in finding.told
    assert (len(findings) == 2) == (grade == "fault")
    assert grade == "ok" or "aws sso login" in finding.todo


def test_expired_while_asked() -> None:
    code = {"Error": {"Code": "ExpiredToken", "Message": "The security token is expired"}}
    findings = see(Account(sts_get_caller_identity=ClientError(code, "GetCallerIdentity")))
    assert faults(findings) == ["credentials"]
    assert len(findings) == 2


def test_no_region() -> None:
    account = Account()
    account.region = ""
    (finding,) = see(account)
    assert (finding.what, finding.grade) == ("region", "fault")


def test_a_service_that_is_not_reached_is_asked_once() -> None:
    error = EndpointConnectionError(endpoint_url="https://s3.example")
    account = Account(s3_list_objects_v2=error, s3_get_object=error)
    findings = see(account)
    assert sum(call.startswith("s3_") for call in account.calls) == 1
    assert "cannot reach https://s3.example" in of(findings, "latency to S3").told


def test_cancelled() -> None:
    account = Account()
    assert see(account, cancelled=lambda: len(account.calls) > 3)
    assert not any(call.startswith("s3") for call in account.calls)


def test_questions_that_make_no_sense() -> None:
    for words in ({"role": "boss"}, {"role": "driver"}, {"role": "partner"}, {"role": "archiver"}):
        with pytest.raises(BadInput, match="--role"):
            Questions(**words)
    assert "archiver" not in ROLES


@pytest.mark.parametrize(
    ("at_aws", "given", "meant"),
    [
        (True, False, "pitwall-archive-123456789012-us-east-1"),
        (True, True, "pitwall-archive"),
        (False, False, "pitwall-archive"),
    ],
)
def test_whose_bucket_is_looked_at_where_none_was_named(
    at_aws: bool, given: bool, meant: str
) -> None:
    """At AWS the plain name is anybody's."""
    asked: set[str] = set()

    def bucket(**request: Any) -> Any:
        asked.add(request["Bucket"])
        return ClientError({"Error": {"Code": "BadDigest", "Message": ""}}, "PutObject")

    account = Account(
        sts_get_caller_identity={"Arn": "arn:aws:iam::1:user/7", "Account": "123456789012"},
        s3_put_object=bucket, s3_list_objects_v2=bucket, s3_get_object=bucket,
        dynamodb_put_item=denied("dynamodb:PutItem"),
        dynamodb_batch_write_item=denied("dynamodb:BatchWriteItem"),
        dynamodb_scan=denied("dynamodb:Scan"),
    )  # fmt: skip
    account.at_aws = at_aws
    see(account, Questions(role="producer", cars=("7",), bucket_given=given))
    assert asked == {meant}


def test_an_installer_is_looked_at() -> None:
    account = Account(
        lambda_get_function={"Configuration": {}}, dynamodb_query=denied("dynamodb:Query")
    )
    findings = see(account, Questions(role="installer"))
    assert {f.grade for f in findings} == {"ok"}, [f for f in findings if f.grade != "ok"]
