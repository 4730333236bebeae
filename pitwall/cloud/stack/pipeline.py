"""The way from the table's stream to the archive: archiver, mapping, delivery, their roles.

The mapping made here is the only one: a shard serves two readers, and the other one is the pit
wall. Whoever needs more puts a Kinesis stream beside the table.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from typing import Any

from pitwall.cloud.access import Place, policy_for
from pitwall.cloud.stack.data import GONE, Resources
from pitwall.cloud.stack.settings import PARAMETERS, StackSettings

RUNTIME = "python3.13"
GIVE_UP_S = 6 * 3600
"""Age at which a batch that Firehose keeps refusing is set aside: well before the stream forgets it
(24 h), so that the records behind it still reach the archive."""
LOG_DAYS = 30


def archiver_source() -> str:
    """The archiver as it is deployed: one file that needs nothing but the Lambda runtime."""
    return files("pitwall.cloud").joinpath("archiver.py").read_text(encoding="utf-8")


def pipeline_parts(settings: StackSettings) -> Resources:
    """Resources by logical name."""
    place = settings.place
    return {
        "NotArchived": {
            "Type": "AWS::SQS::Queue",
            **GONE,
            "Properties": {
                "QueueName": place.failures,
                "SqsManagedSseEnabled": True,
                "MessageRetentionPeriod": 14 * 24 * 3600,
            },
        },
        "ArchiverLog": _log(f"/aws/lambda/{place.function}"),
        "ArchiverRole": _role(
            place.function_role,
            "archiver",
            {"Principal": {"Service": "lambda.amazonaws.com"}},
            _here(place, policy_for("archiver", replace(place, account="*", region="*"))),
        ),
        "Archiver": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": place.function,
                "Runtime": RUNTIME,
                "Architectures": ["arm64"],
                "Handler": "index.handler",
                "Code": {"ZipFile": archiver_source()},
                "Role": {"Fn::GetAtt": ["ArchiverRole", "Arn"]},
                "MemorySize": 512,
                "Timeout": 60,
                "Environment": {
                    "Variables": {
                        "FIREHOSE_STREAM": {"Ref": "Delivery"},
                        "REPORT_BATCH_ITEM_FAILURES": "1",
                    }
                },
                # its counts of each batch are told at level INFO
                "LoggingConfig": {
                    "LogGroup": {"Ref": "ArchiverLog"},
                    "LogFormat": "JSON",
                    "ApplicationLogLevel": "INFO",
                },
            },
        },
        "ArchiverMapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": {"Ref": "Archiver"},
                "EventSourceArn": {"Fn::GetAtt": ["Table", "StreamArn"]},
                "StartingPosition": "TRIM_HORIZON",
                "BatchSize": 1000,
                "MaximumBatchingWindowInSeconds": 5,
                "ParallelizationFactor": 1,
                "BisectBatchOnFunctionError": True,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "MaximumRecordAgeInSeconds": GIVE_UP_S,
                "MaximumRetryAttempts": -1,
                "DestinationConfig": {
                    "OnFailure": {"Destination": {"Fn::GetAtt": ["NotArchived", "Arn"]}}
                },
                # heads, catalog and sealed laps are not archived; deletions have no image
                "FilterCriteria": {
                    "Filters": [{"Pattern": '{"dynamodb":{"NewImage":{"k":{"S":["c"]}}}}'}]
                },
            },
        },
        "DeliveryLog": _log(f"/aws/kinesisfirehose/{place.delivery}"),
        "DeliveryLogStream": {
            "Type": "AWS::Logs::LogStream",
            "Properties": {"LogGroupName": {"Ref": "DeliveryLog"}, "LogStreamName": "delivery"},
        },
        "DeliveryRole": _role(
            place.delivery_role,
            "delivery",
            {
                "Principal": {"Service": "firehose.amazonaws.com"},
                # it names the account that it works for: for another one's it gets no role
                "Condition": {"StringEquals": {"sts:ExternalId": {"Ref": "AWS::AccountId"}}},
            },
            _delivery_policy(),
        ),
        "Delivery": {
            "Type": "AWS::KinesisFirehose::DeliveryStream",
            "Properties": {
                "DeliveryStreamName": place.delivery,
                "DeliveryStreamType": "DirectPut",
                "DeliveryStreamEncryptionConfigurationInput": {"KeyType": "AWS_OWNED_CMK"},
                "ExtendedS3DestinationConfiguration": {
                    "BucketARN": {"Fn::GetAtt": ["Bucket", "Arn"]},
                    "RoleARN": {"Fn::GetAtt": ["DeliveryRole", "Arn"]},
                    "Prefix": "raw/!{timestamp:yyyy/MM/dd/HH}/",
                    "ErrorOutputPrefix": (
                        "failed/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/"
                    ),
                    "CustomTimeZone": "UTC",
                    "CompressionFormat": "GZIP",
                    "BufferingHints": {
                        "IntervalInSeconds": {"Ref": PARAMETERS["buffer_s"]},
                        "SizeInMBs": {"Ref": PARAMETERS["buffer_mb"]},
                    },
                    "CloudWatchLoggingOptions": {
                        "Enabled": True,
                        "LogGroupName": {"Ref": "DeliveryLog"},
                        "LogStreamName": {"Ref": "DeliveryLogStream"},
                    },
                },
            },
        },
    }


def _here(place: Place, policy: dict[str, Any]) -> dict[str, Any]:
    """The same policy for the account and region that the stack is made in, and no others."""
    anywhere = f"arn:{place.partition}:"

    def resource(arn: str) -> Any:
        if not arn.startswith(anywhere):
            return arn
        service, _region, _account, name = arn.removeprefix(anywhere).split(":", 3)
        here = f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{name}"
        return {"Fn::Sub": here}

    statements = [
        {**statement, "Resource": [resource(arn) for arn in statement["Resource"]]}
        for statement in policy["Statement"]
    ]
    return {**policy, "Statement": statements}


def _log(name: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::LogGroup",
        **GONE,
        "Properties": {"LogGroupName": name, "RetentionInDays": LOG_DAYS},
    }


def _role(role: str, name: str, trust: dict[str, Any], policy: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": role,
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", **trust, "Action": "sts:AssumeRole"}],
            },
            "Policies": [{"PolicyName": name, "PolicyDocument": policy}],
        },
    }


def _delivery_policy() -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "WriteArchive",
                "Effect": "Allow",
                "Action": ["s3:AbortMultipartUpload", "s3:PutObject"],
                "Resource": [
                    {"Fn::Sub": "${Bucket.Arn}/raw/*"},
                    {"Fn::Sub": "${Bucket.Arn}/failed/*"},
                ],
            },
            {
                "Sid": "LookUpArchive",
                "Effect": "Allow",
                "Action": [
                    "s3:GetBucketLocation",
                    "s3:ListBucket",
                    "s3:ListBucketMultipartUploads",
                ],
                "Resource": [{"Fn::GetAtt": ["Bucket", "Arn"]}],
            },
            {
                "Sid": "WriteLog",
                "Effect": "Allow",
                "Action": ["logs:PutLogEvents"],
                "Resource": [{"Fn::GetAtt": ["DeliveryLog", "Arn"]}],
            },
        ],
    }
