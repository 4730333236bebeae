"""What whoever deploys the stack needs: only on parts with the stack's names.

CloudFormation calls the services with the installer's own permissions. Which calls it makes for a
part is in the part's published type; a test compares, and names what is left out with the reason.
"""

from __future__ import annotations

from typing import Any

from pitwall.cloud.access.names import Place

Grant = tuple[str, list[str], list[str], dict[str, Any] | None]
"""Sid, actions, resources, condition."""


def installer(place: Place) -> list[Grant]:
    """Grants of the installer."""
    stack = place.arn("cloudformation", f"stack/{place.stack}/*")
    roles = [
        f"arn:{place.partition}:iam::{place.account}:role/{name}"
        for name in (place.function_role, place.delivery_role)
    ]
    function = place.arn("lambda", f"function:{place.function}")
    grants: list[Grant] = [
        (
            "Stack",
            [
                f"cloudformation:{verb}"
                for verb in (
                    "CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet",
                    "DescribeStacks", "DescribeStackEvents", "DescribeStackResources",
                    "ListStackResources", "GetTemplate", "DeleteStack",
                )
            ],
            [stack],
            None,
        ),
        (
            "Table",
            [
                f"dynamodb:{verb}"
                for verb in (
                    "CreateTable", "UpdateTable", "DeleteTable", "Describe*",
                    "UpdateContinuousBackups", "UpdateTimeToLive", "ListTagsOfResource",
                    "TagResource", "UntagResource", "GetResourcePolicy",
                    "*KinesisStreamingDestination",
                )
            ],
            [place.table_arn],
            None,
        ),
        (
            "StreamOfTable",
            ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
            [place.stream_arn],
            None,
        ),
        ("Bucket", ["s3:CreateBucket", "s3:DeleteBucket", "s3:Get*", "s3:Put*Configuration",
                    "s3:PutBucket*", "s3:DeleteBucketPolicy", "s3:ListBucket",
                    "s3:ListTagsForResource", "s3:TagResource", "s3:UntagResource"],
         [place.bucket_arn], None),
        (
            "Delivery",
            [
                f"firehose:{verb}"
                for verb in (
                    "CreateDeliveryStream", "DeleteDeliveryStream", "DescribeDeliveryStream",
                    "UpdateDestination", "StartDeliveryStreamEncryption",
                    "StopDeliveryStreamEncryption", "ListTagsForDeliveryStream",
                    "TagDeliveryStream", "UntagDeliveryStream",
                )
            ],
            [place.delivery_arn],
            None,
        ),
        (
            "Archiver",
            ["lambda:CreateFunction", "lambda:DeleteFunction", "lambda:Get*",
             "lambda:UpdateFunction*", "lambda:TagResource", "lambda:UntagResource",
             "lambda:ListTags"],
            [function],
            None,
        ),
        (
            "ArchiverMapping",
            ["lambda:CreateEventSourceMapping", "lambda:UpdateEventSourceMapping",
             "lambda:DeleteEventSourceMapping"],
            ["*"],
            {"ArnLike": {"lambda:FunctionArn": function}},
        ),
        # These have no resource to be limited to, but a mapping's id, which is not known before it
        # is made. In one statement, since a policy may be 6,144 characters long.
        (
            "LookUp",
            ["lambda:GetEventSourceMapping", "lambda:ListEventSourceMappings", "lambda:ListTags",
             "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:DescribeResourcePolicies",
             "dynamodb:DescribeLimits", *(["kinesis:ListStreams"] if place.kinesis else [])],
            ["*"],
            None,
        ),
        (
            "Roles",
            ["iam:CreateRole", "iam:DeleteRole", "iam:GetRole", "iam:GetRolePolicy",
             "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:UpdateRole",
             "iam:UpdateRoleDescription",
             "iam:UpdateAssumeRolePolicy", "iam:TagRole", "iam:UntagRole",
             "iam:ListRolePolicies", "iam:ListAttachedRolePolicies"],
            roles,
            None,
        ),
        (
            "HandOverRoles",
            ["iam:PassRole"],
            roles,
            {
                "StringEquals": {
                    "iam:PassedToService": ["lambda.amazonaws.com", "firehose.amazonaws.com"]
                }
            },
        ),
        (
            "Failures",
            ["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
             "sqs:SetQueueAttributes", "sqs:ListQueueTags", "sqs:TagQueue", "sqs:UntagQueue"],
            [place.arn("sqs", place.failures)],
            None,
        ),
        (
            "Logs",
            ["logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy",
             "logs:DeleteRetentionPolicy", "logs:CreateLogStream", "logs:DeleteLogStream",
             "logs:TagResource", "logs:UntagResource", "logs:ListTagsForResource",
             "logs:GetDataProtectionPolicy", "logs:DeleteDataProtectionPolicy",
             "logs:DescribeIndexPolicies"],
            [
                place.arn("logs", f"log-group:{group}{part}")
                for group in (
                    f"/aws/lambda/{place.function}",
                    f"/aws/kinesisfirehose/{place.delivery}",
                )
                for part in ("", ":*")
            ],
            None,
        ),
        (
            "Alarms",
            ["cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms",
             "cloudwatch:TagResource", "cloudwatch:UntagResource",
             "cloudwatch:ListTagsForResource"],
            [place.arn("cloudwatch", f"alarm:{place.stack}-*")],
            None,
        ),
        (
            "AlarmTopic",
            ["sns:CreateTopic", "sns:DeleteTopic", "sns:GetTopicAttributes",
             "sns:SetTopicAttributes", "sns:Subscribe", "sns:Unsubscribe",
             "sns:ListSubscriptionsByTopic", "sns:TagResource", "sns:UntagResource",
             "sns:ListTagsForResource", "sns:GetDataProtectionPolicy"],
            # the topic, and what is subscribed to it
            [place.arn("sns", place.topic), place.arn("sns", f"{place.topic}:*")],
            None,
        ),
    ]  # fmt: skip
    if place.kinesis:
        grants.append(
            (
                "Kinesis",
                [
                    f"kinesis:{verb}"
                    for verb in (
                        "CreateStream", "DeleteStream", "Describe*", "*StreamRetentionPeriod",
                        "*StreamEncryption", "UpdateStreamMode", "*Tags*", "*agResource",
                        "PutRecord", "PutRecords",
                    )
                ],
                [place.kinesis_arn],
                None,
            )
        )  # fmt: skip
        # the first stream that an account lets DynamoDB write to makes this role
        service = "kinesisreplication.dynamodb.amazonaws.com"
        grants.append(
            (
                "LetTableWriteKinesis",
                ["iam:CreateServiceLinkedRole"],
                [f"arn:{place.partition}:iam::{place.account}:role/aws-service-role/{service}/*"],
                {"StringEquals": {"iam:AWSServiceName": service}},
            )
        )
    return grants
