"""The parts that hold data: table, bucket, Kinesis stream. They outlive the stack."""

from __future__ import annotations

from typing import Any

from pitwall.cloud.stack.settings import PARAMETERS, StackSettings

Resources = dict[str, dict[str, Any]]

KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
"""Deleting or replacing such a part leaves it where it is."""
GONE = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
"""Such a part goes with the stack: what it holds is in the table as well."""


def data_parts(settings: StackSettings) -> Resources:
    """Resources by logical name."""
    place = settings.place
    table: dict[str, Any] = {
        "TableName": place.table,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
        ],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "DeletionProtectionEnabled": True,
    }
    parts: Resources = {
        "Table": {"Type": "AWS::DynamoDB::Table", **KEPT, "Properties": table},
        "Bucket": {"Type": "AWS::S3::Bucket", **KEPT, "Properties": _bucket(settings)},
        "BucketPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Bucket"},
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Sid": "OnlyEncryptedConnections",
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:*",
                            "Resource": [
                                {"Fn::GetAtt": ["Bucket", "Arn"]},
                                {"Fn::Sub": "${Bucket.Arn}/*"},
                            ],
                            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                        }
                    ],
                },
            },
        },
    }
    if place.kinesis:
        parts["Kinesis"] = {
            "Type": "AWS::Kinesis::Stream",
            **GONE,
            "Properties": {
                "Name": place.kinesis,
                "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
                "RetentionPeriodHours": 24,
                "StreamEncryption": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
            },
        }
        table["KinesisStreamSpecification"] = {
            "StreamArn": {"Fn::GetAtt": ["Kinesis", "Arn"]},
            "ApproximateCreationDateTimePrecision": "MICROSECOND",
        }
    return parts


def _bucket(settings: StackSettings) -> dict[str, Any]:
    return {
        "BucketName": settings.place.bucket,
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
            ]
        },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "LifecycleConfiguration": {
            "Rules": [
                {
                    "Id": f"expire-{prefix}",
                    "Status": "Enabled",
                    "Prefix": f"{prefix}/",
                    "ExpirationInDays": {"Ref": PARAMETERS["keep_days"]},
                }
                for prefix in ("raw", "failed")
            ]
            + [
                {
                    "Id": "abort-unfinished-uploads",
                    "Status": "Enabled",
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
                }
            ]
        },
    }
