"""The installer's permissions beside those that CloudFormation's published types say it uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pitwall.cloud.access import Place, policy_for
from pitwall.cloud.access.conditions import like
from pitwall.cloud.access.installer import installer
from pitwall.cloud.access.roles import MAX_POLICY
from pitwall.cloud.stack import StackSettings, bucket_of, template

SETTINGS = StackSettings(Place(kinesis="pitwall-live"), email="wall@example.com")

NOT_USED = {
    "kms:*": "no part has a key of its own",
    "ec2:*": "the function is in no network",
    "elasticfilesystem:*": "no file system",
    "s3files:*": "no file system",
    "s3tables:*": "no metadata tables",
    "s3:*MetadataTable*": "no metadata tables",
    "s3:*MetadataJournal*": "no metadata tables",
    "s3:*MetadataInventory*": "no metadata tables",
    "s3:*MetadataAnnotation*": "no metadata tables",
    "s3:PutObjectAcl": "the owner owns every object",
    "s3:DeleteObject": "a bucket that is kept is not emptied",
    "s3:DeleteBucket?*": "what the bucket is set to is never taken away",
    "s3:REST.PUT.OBJECT": "logs are not delivered to a bucket",
    "dynamodb:*Import*": "the table begins empty",
    "dynamodb:UpdateContributorInsights": "not switched on",
    "dynamodb:*ResourcePolicy": "the table has none",
    "dynamodb:*Replica": "one region",
    "dynamodb:Scan": "replicas only: one region",
    "dynamodb:Query": "replicas only: one region",
    "dynamodb:*Item": "replicas only: one region",
    "kinesis:*EnhancedMonitoring": "not switched on",
    "kinesis:UpdateMaxRecordSize": "as it is by default",
    "kinesis:UpdateStreamWarmThroughput": "as it is by default",
    "kinesis:UpdateShardCount": "on demand",
    "kinesis:UpdateStreamRecordDistributionStrategy": "as it is by default",
    "lambda:*Concurrency": "not reserved",
    "lambda:Put*Config": "as it is by default",
    "lambda:*CodeSigningConfig": "no code signing",
    "lambda:PassCapacityProvider": "no capacity provider",
    "lambda:AssociateRuntimeAlias": "as it is by default",
    "lambda:PublishVersion": "no versions",
    "iam:*tachRolePolicy": "policies are inline",
    "iam:*PermissionsBoundary": "no boundary",
    "logs:Put*": "no policies of their own",
    "logs:Delete*Policy": "no policies of their own",
    "logs:CreateLogDelivery": "delivered to nobody",
    "logs:*ssociateKmsKey": "no part has a key of its own",
    "sns:PutDataProtectionPolicy": "none",
}


def types() -> list[dict[str, Any]]:
    """The published types of the stack's parts, with the calls that each verb makes."""
    spec = pytest.importorskip("cfnlint.data.schemas", reason="cfn-lint is not installed")
    used = {part["Type"] for part in template(SETTINGS)["Resources"].values()}
    out = []
    for path in (Path(spec.__file__).parent / "resources").glob("*.json"):
        text = path.read_text(encoding="utf-8")
        if "handlers" in text and any(name in text for name in used):
            doc = json.loads(text)
            if doc.get("typeName") in used:
                out.append(doc)
    return out


def granted(action: str) -> bool:
    actions = [each for _, some, _, _ in installer(SETTINGS.place) for each in some]
    return any(like(action.casefold(), each.casefold()) for each in actions)


@pytest.mark.slow
def test_every_call_that_cloudformation_makes_is_granted_or_not_needed() -> None:
    found = types()
    assert len(found) >= 9
    needless = set(NOT_USED)
    for doc in found:
        for verb in ("create", "read", "update", "delete"):
            for action in doc["handlers"].get(verb, {}).get("permissions", ()):
                reasons = {pattern for pattern in NOT_USED if like(action, pattern)}
                needless -= reasons
                assert granted(action) or reasons, (doc["typeName"], verb, action)
    assert not needless


def test_a_tables_changes_may_be_sent_to_kinesis() -> None:
    # as the DynamoDB guide's page on Kinesis and IAM lists them
    for action in (
        "dynamodb:EnableKinesisStreamingDestination",
        "kinesis:ListStreams",
        "kinesis:PutRecords",
        "kinesis:DescribeStream",
        "iam:CreateServiceLinkedRole",
    ):
        assert granted(action)
    plain = [action for _, some, _, _ in installer(Place()) for action in some]
    assert not any(action.startswith("kinesis:") for action in plain)
    assert "iam:CreateServiceLinkedRole" not in plain


def test_what_is_made_and_changed_has_the_stacks_own_names() -> None:
    """Not those of another stack whose name begins alike, nor any role beside the template's."""
    place = Place(stack="pit", account="123456789012", region="eu-central-1", kinesis="pit-live")
    parts = template(StackSettings(place, email="wall@example.com"))["Resources"].values()
    roles = {p["Properties"]["RoleName"] for p in parts if p["Type"] == "AWS::IAM::Role"}
    named = {
        resource.rpartition("/")[2]
        for _, _, resources, _ in installer(place)
        for resource in resources
        if ":role/" in resource and "aws-service-role" not in resource
    }
    assert named == roles == {"pit-archiver", "pit-delivery"}
    for other in (
        "arn:aws:sns:eu-central-1:123456789012:pit-alarms-of-others",
        "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/pit-archiver-2",
        "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/kinesisfirehose/pit-archive-2:*",
        "arn:aws:iam::123456789012:role/pit-wall",
    ):
        assert not any(
            like(other, resource)
            for _, _, resources, _ in installer(place)
            for resource in resources
            if resource != "*"
        ), other


def test_a_policy_has_room_for_names_as_they_are_given() -> None:
    region = "ap-southeast-2"
    names = {"account": "123456789012", "region": region, "bucket": bucket_of("1" * 12, region)}
    for place in (
        Place(kinesis="pitwall-live", **names),
        Place(table="telemetry-2026", stack="garage-2026", kinesis="garage-2026-live", **names),
    ):
        size = len("".join(json.dumps(policy_for("installer", place)).split()))
        assert size < MAX_POLICY - 100


def test_nothing_is_granted_outside_the_stack_that_could_be_limited() -> None:
    for name, actions, resources, condition in installer(SETTINGS.place):
        if "*" in resources and condition is None:
            assert all(
                action.split(":")[1].startswith(("List", "Get", "Describe")) for action in actions
            ), name
