"""The stack's template: what it says, that it hangs together, and that its code runs."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pitwall.cloud import Line, archived, chunk_item
from pitwall.cloud.access import Place, partition_of, policy_for
from pitwall.cloud.local.service import Service
from pitwall.cloud.stack import StackSettings, archiver_source, bucket_of, template, template_body
from pitwall.cloud.stack.alarms import alarms
from pitwall.cloud.stack.template import MAX_BODY
from pitwall.telemetry import BadInput
from tests.unit.cloud import strategies as made
from tests.unit.cloud.fake_cloudformation import resolved
from tests.unit.cloud.local.helpers import Clock

PLAIN = StackSettings(Place(bucket=bucket_of("123456789012", "us-east-1")))
FULL = StackSettings(Place(kinesis="pitwall-live", stack="team"), 30, 300, 64, "wall@example.com")
BOTH = pytest.mark.parametrize("settings", [PLAIN, FULL], ids=["plain", "full"])


def parts(settings: StackSettings, of: str) -> dict[str, Any]:
    doc = template(settings)
    defaults = {key: str(value["Default"]) for key, value in doc["Parameters"].items()}
    found = resolved(doc, defaults)["Resources"]
    return {name: p["Properties"] for name, p in found.items() if p["Type"] == of}


def one(settings: StackSettings, of: str) -> dict[str, Any]:
    (properties,) = parts(settings, of).values()
    return dict(properties)


# -- it hangs together


PSEUDO = {"AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::AccountId"}


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield value[0]
            elif key == "Fn::Sub":
                names = (part.partition("}")[0] for part in value.split("${")[1:])
                yield from (name.partition(".")[0] for name in names)
            else:
                yield from references(value)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


@BOTH
def test_references_lead_somewhere(settings: StackSettings) -> None:
    doc = template(settings)
    found = set(references(doc))
    assert found <= {*doc["Resources"], *doc["Parameters"], *PSEUDO}
    assert set(doc["Parameters"]) <= found
    assert {"Table", "Bucket", "Archiver", "Delivery", "NotArchived"} <= found


@BOTH
def test_it_goes_with_one_call(settings: StackSettings) -> None:
    body = template_body(settings)
    assert json.loads(body) == template(settings)
    assert len(body.encode()) < MAX_BODY // 2
    assert template_body(settings) == body


@pytest.mark.slow
@BOTH
def test_cfn_lint_has_nothing_to_say(settings: StackSettings) -> None:
    api = pytest.importorskip("cfnlint.api", reason="cfn-lint is not installed")
    config = pytest.importorskip("cfnlint.config")
    manual = config.ManualArgs(
        regions=["us-east-1", "eu-central-1"], include_checks=["W", "E", "I"]
    )
    assert api.lint(template_body(settings), config=manual) == []


# -- what it says


def test_the_table() -> None:
    table = one(PLAIN, "AWS::DynamoDB::Table")
    assert table["TableName"] == "pitwall"
    assert [k["AttributeName"] for k in table["KeySchema"]] == ["pk", "sk"]
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert table["DeletionProtectionEnabled"]
    assert "KinesisStreamSpecification" not in table


@BOTH
def test_data_outlives_the_stack(settings: StackSettings) -> None:
    for name in ("Table", "Bucket"):
        part = template(settings)["Resources"][name]
        assert (part["DeletionPolicy"], part["UpdateReplacePolicy"]) == ("Retain", "Retain")


@BOTH
def test_the_bucket_is_closed(settings: StackSettings) -> None:
    bucket = one(settings, "AWS::S3::Bucket")
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    rules = {r.get("Prefix"): r for r in bucket["LifecycleConfiguration"]["Rules"]}
    assert set(rules) == {"raw/", "failed/", None}
    assert rules["raw/"]["ExpirationInDays"] == str(settings.keep_days)
    (statement,) = one(settings, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@BOTH
def test_one_function_reads_the_stream(settings: StackSettings) -> None:
    mapping = one(settings, "AWS::Lambda::EventSourceMapping")
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["Table", "StreamArn"]}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ParallelizationFactor"] == 1
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert 0 < mapping["MaximumRecordAgeInSeconds"] < 24 * 3600
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == {
        "Fn::GetAtt": ["NotArchived", "Arn"]
    }
    function = one(settings, "AWS::Lambda::Function")
    assert function["Environment"]["Variables"]["REPORT_BATCH_ITEM_FAILURES"] == "1"
    assert function["Handler"] == "index.handler"
    assert function["Code"] == {"ZipFile": archiver_source()}
    assert "Layers" not in function


def test_the_mapping_passes_chunks_alone() -> None:
    mapping = one(PLAIN, "AWS::Lambda::EventSourceMapping")
    (wanted,) = mapping["FilterCriteria"]["Filters"]
    pattern = json.loads(wanted["Pattern"])
    item = chunk_item(made.field(1, 2.0)[0][0], text=True)
    assert item["k"]["S"] in pattern["dynamodb"]["NewImage"]["k"]["S"]
    assert pattern == {"dynamodb": {"NewImage": {"k": {"S": ["c"]}}}}


@BOTH
def test_the_delivery(settings: StackSettings) -> None:
    delivery = one(settings, "AWS::KinesisFirehose::DeliveryStream")
    s3 = delivery["ExtendedS3DestinationConfiguration"]
    assert s3["CompressionFormat"] == "GZIP"
    assert s3["Prefix"] == "raw/!{timestamp:yyyy/MM/dd/HH}/"
    assert s3["CustomTimeZone"] == "UTC"
    hints = {"IntervalInSeconds": settings.buffer_s, "SizeInMBs": settings.buffer_mb}
    assert s3["BufferingHints"] == {name: str(value) for name, value in hints.items()}


@BOTH
def test_the_archiver_has_the_archiver_policy(settings: StackSettings) -> None:
    place = settings.place
    roles = parts(settings, "AWS::IAM::Role")
    (policy,) = roles["ArchiverRole"]["Policies"]
    account, region = "111122223333", "eu-west-1"
    here = replace(place, account=account, region=region)
    text = json.dumps(policy["PolicyDocument"])
    assert ":*:*:" not in text  # no other account's or region's parts of the same names
    values = {"Partition": "aws", "Region": region, "AccountId": account}
    for name, value in values.items():
        text = text.replace(f"${{AWS::{name}}}", value)
    made = json.loads(text, object_hook=lambda node: node.get("Fn::Sub", node))
    assert made == policy_for("archiver", here)
    for role in roles.values():
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
            assert "*" not in statement["Action"]
            assert not any(action.endswith(":*") for action in statement["Action"])


def test_a_role_is_given_to_its_own_service_for_this_account() -> None:
    roles = parts(PLAIN, "AWS::IAM::Role")
    trusted = {name: role["AssumeRolePolicyDocument"]["Statement"] for name, role in roles.items()}
    assert [s["Principal"] for (s,) in trusted.values()] == [
        {"Service": "lambda.amazonaws.com"},
        {"Service": "firehose.amazonaws.com"},
    ]
    # Firehose says whose delivery it is for by this, as its guide has it
    assert trusted["DeliveryRole"][0]["Condition"] == {
        "StringEquals": {"sts:ExternalId": {"Ref": "AWS::AccountId"}}
    }
    # what is of the bucket is not asked of its objects, and the other way round
    by_name = {
        s["Sid"]: s for s in roles["DeliveryRole"]["Policies"][0]["PolicyDocument"]["Statement"]
    }
    assert by_name["LookUpArchive"]["Resource"] == [{"Fn::GetAtt": ["Bucket", "Arn"]}]
    assert {"Fn::GetAtt": ["Bucket", "Arn"]} not in by_name["WriteArchive"]["Resource"]


def test_other_partitions_have_other_arns() -> None:
    place = Place(region="cn-north-1", partition=partition_of("cn-north-1"))
    role = parts(StackSettings(place), "AWS::IAM::Role")["ArchiverRole"]
    for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
        for arn in statement["Resource"]:
            assert arn == "*" or arn["Fn::Sub"].startswith("arn:${AWS::Partition}:")
    assert [partition_of(r) for r in ("us-east-1", "us-gov-west-1")] == ["aws", "aws-us-gov"]


def test_kinesis_is_beside_the_stream() -> None:
    assert parts(PLAIN, "AWS::Kinesis::Stream") == {}
    assert one(FULL, "AWS::Kinesis::Stream")["Name"] == "pitwall-live"
    spec = one(FULL, "AWS::DynamoDB::Table")["KinesisStreamSpecification"]
    assert spec["ApproximateCreationDateTimePrecision"] == "MICROSECOND"
    assert "Kinesis" in template(FULL)["Outputs"]
    # still one reader of the table's own stream
    assert len(parts(FULL, "AWS::Lambda::EventSourceMapping")) == 1


def test_alarms() -> None:
    told = parts(FULL, "AWS::CloudWatch::Alarm")
    assert len(told) == len(alarms(FULL)) == 7
    assert all(a["AlarmActions"] == [{"Ref": "AlarmTopic"}] for a in told.values())
    assert all(a["AlarmName"].startswith("team-") for a in told.values())
    quiet = parts(PLAIN, "AWS::CloudWatch::Alarm")
    assert not any("AlarmActions" in alarm for alarm in quiet.values())
    assert parts(PLAIN, "AWS::SNS::Topic") == {}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"keep_days": 0}, "--keep-days"),
        ({"buffer_s": 901}, "--buffer-s"),
        ({"buffer_mb": 129}, "--buffer-mb"),
        ({"email": "nobody"}, "--email"),
    ],
)
def test_settings_that_aws_would_not_take(options: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        StackSettings(**options)


# -- its code runs

# as the Lambda guide gives it for a DynamoDB stream (another table's items)
GUIDE_EVENT = {
    "Records": [
        {
            "eventID": "1",
            "eventVersion": "1.0",
            "dynamodb": {
                "Keys": {"Id": {"N": "101"}},
                "NewImage": {"Message": {"S": "New item!"}, "Id": {"N": "101"}},
                "StreamViewType": "NEW_AND_OLD_IMAGES",
                "SequenceNumber": "111",
                "SizeBytes": 26,
            },
            "awsRegion": "us-west-2",
            "eventName": "INSERT",
            "eventSourceARN": "arn:aws:dynamodb:us-east-1:111122223333:table/T/stream/2024",
            "eventSource": "aws:dynamodb",
        },
        {
            "eventID": "3",
            "eventVersion": "1.0",
            "dynamodb": {
                "Keys": {"Id": {"N": "101"}},
                "SizeBytes": 38,
                "SequenceNumber": "333",
                "OldImage": {"Message": {"S": "This item has changed"}, "Id": {"N": "101"}},
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
            "awsRegion": "us-west-2",
            "eventName": "REMOVE",
            "eventSourceARN": "arn:aws:dynamodb:us-east-1:111122223333:table/T/stream/2024",
            "eventSource": "aws:dynamodb",
        },
    ]
}


def chunk_event(count: int) -> dict[str, Any]:
    """The guide's event with our items in it."""
    first = GUIDE_EVENT["Records"][0]
    rows = []
    for i, chunk in enumerate(made.field(1, 4.0)[0][:count]):
        change = {
            "ApproximateCreationDateTime": 1757000001.0,
            "Keys": {"pk": {"S": "x"}, "sk": {"S": "y"}},
            "NewImage": chunk_item(chunk, text=True),
            "SequenceNumber": str(4421584500000000017450000000 + i),
            "SizeBytes": 200,
            "StreamViewType": "NEW_IMAGE",
        }
        rows.append({**first, "dynamodb": change})
    return {"Records": rows}


_LAMBDA = """
import json, sys, types
sent = []
class Client:
    def put_record_batch(self, DeliveryStreamName, Records):
        sent.extend([DeliveryStreamName, len(b"".join(r["Data"] for r in Records).splitlines())])
        return {"FailedPutCount": 0}
boto3 = types.ModuleType("boto3")
boto3.client = lambda name: Client()
sys.modules["boto3"] = boto3
sys.path.insert(0, sys.argv[1])
import index
answers = [index.handler(event, None) for event in json.load(sys.stdin)]
print(json.dumps([answers, sent]))
"""


def test_the_function_as_lambda_runs_it(tmp_path: Path) -> None:
    """In a bare interpreter: no package of ours, none of anybody's but boto3."""
    function = one(PLAIN, "AWS::Lambda::Function")
    (tmp_path / "index.py").write_text(function["Code"]["ZipFile"], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _LAMBDA, str(tmp_path)],
        input=json.dumps([GUIDE_EVENT, chunk_event(3), {"Records": []}]),
        capture_output=True,
        text=True,
        timeout=30,
        env={"FIREHOSE_STREAM": "pitwall-archive", "REPORT_BATCH_ITEM_FAILURES": "1"},
        check=True,
    )
    answers, sent = json.loads(done.stdout)
    assert answers == [{"batchItemFailures": []}] * 3
    assert sent == ["pitwall-archive", 3]


def test_the_deployed_code_end_to_end_on_the_stand_in() -> None:
    """From the table over the template's own code and prefix to lines that Pitwall reads."""
    clock = Clock()
    service = Service(now_us=clock)
    code: dict[str, Any] = {"__name__": "index"}
    exec(compile(archiver_source(), "index.py", "exec"), code)  # noqa: S102 - it is our own file
    service.attach(
        code["make_handler"](service.firehose, service.config.delivery, report_failures=True)
    )
    chunks = made.field(1, 4.0)[0]
    for chunk in chunks:
        item = chunk_item(chunk, text=True)
        service.dynamodb.call("PutItem", {"TableName": "pitwall", "Item": item})
    clock.us += 120_000_000
    service.settle(clock.us)
    clock.us += 120_000_000
    service.tick()
    s3 = one(PLAIN, "AWS::KinesisFirehose::DeliveryStream")["ExtendedS3DestinationConfiguration"]
    prefix = s3["Prefix"].partition("!")[0]
    page = service.objects.list(service.config.bucket, prefix, "", 100, "")
    lines = b"".join(gzip.decompress(stored.data) for _, stored in page.objects).splitlines()
    read = [archived(msgspec.json.decode(line, type=Line)).segment for line in lines]
    assert sorted(map(repr, read)) == sorted(map(repr, chunks))
