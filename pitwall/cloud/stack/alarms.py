"""Alarms: what tells, during a race, that the archive falls behind or data is at risk."""

from __future__ import annotations

from typing import Any, NamedTuple

from pitwall.cloud.stack.data import Resources
from pitwall.cloud.stack.settings import PARAMETERS, StackSettings

HAS_EMAIL = "HasEmail"
"""Condition of the template: somebody is told of alarms."""


class Alarm(NamedTuple):
    """One alarm.

    Attributes:
        name: after the stack's name.
        namespace, metric, statistic: what is watched.
        dimension: its name and the resource it is of.
        over: alarm above this.
        minutes: for so many minutes in a row.
        words: what it means and what to do.
    """

    name: str
    namespace: str
    metric: str
    statistic: str
    dimension: tuple[str, str]
    over: float
    minutes: int
    words: str


def alarms(settings: StackSettings) -> list[Alarm]:
    """All alarms of a stack."""
    function = ("FunctionName", "Archiver")
    stale_s = max(settings.buffer_s, 60) * 3 + 120
    return [
        Alarm(
            "archiver-errors", "AWS/Lambda", "Errors", "Sum", function, 0, 1,
            "The archiver fails; its log says why. Batches are tried again for six hours.",
        ),
        Alarm(
            "archiver-throttled", "AWS/Lambda", "Throttles", "Sum", function, 0, 1,
            "The account's concurrent executions are used up: raise the limit.",
        ),
        Alarm(
            "archiver-behind", "AWS/Lambda", "IteratorAge", "Maximum", function, 60_000, 3,
            "The archiver is more than a minute behind the stream.",
        ),
        Alarm(
            "not-archived", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum",
            ("QueueName", "NotArchived"), 0, 1,
            "Batches were given up: they are in the table, but not in the archive.",
        ),
        Alarm(
            "delivery-behind", "AWS/Firehose", "DeliveryToS3.DataFreshness", "Maximum",
            ("DeliveryStreamName", "Delivery"), stale_s, 2,
            "Firehose does not get its objects into the bucket; its log says why.",
        ),
        Alarm(
            "delivery-throttled", "AWS/Firehose", "ThrottledRecords", "Sum",
            ("DeliveryStreamName", "Delivery"), 0, 2,
            "Firehose takes less than is written: ask for a higher quota.",
        ),
        Alarm(
            "table-throttled", "AWS/DynamoDB", "WriteThrottleEvents", "Sum",
            ("TableName", "Table"), 0, 2,
            "The table refuses writes: producers slow down. Warm its throughput before a race.",
        ),
    ]  # fmt: skip


def alarm_parts(settings: StackSettings) -> Resources:
    """Resources by logical name."""
    parts: Resources = {
        "AlarmTopic": {
            "Type": "AWS::SNS::Topic",
            "Condition": HAS_EMAIL,
            "Properties": {
                "TopicName": settings.place.topic,
                "Subscription": [{"Protocol": "email", "Endpoint": {"Ref": PARAMETERS["email"]}}],
            },
        }
    }
    told = {"Fn::If": [HAS_EMAIL, [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
    for alarm in alarms(settings):
        name, of = alarm.dimension
        value: Any = {"Fn::GetAtt": [of, "QueueName"]} if of == "NotArchived" else {"Ref": of}
        properties: dict[str, Any] = {
            "AlarmName": f"{settings.place.stack}-{alarm.name}",
            "AlarmDescription": alarm.words,
            "Namespace": alarm.namespace,
            "MetricName": alarm.metric,
            "Dimensions": [{"Name": name, "Value": value}],
            "Statistic": alarm.statistic,
            "Period": 60,
            "EvaluationPeriods": alarm.minutes,
            "Threshold": alarm.over,
            "ComparisonOperator": "GreaterThanThreshold",
            # between races nothing is measured
            "TreatMissingData": "notBreaching",
            "AlarmActions": told,
            "OKActions": told,
        }
        logical = "".join(word.capitalize() for word in alarm.name.split("-")) + "Alarm"
        parts[logical] = {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}
    return parts
