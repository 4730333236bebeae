"""ARNs of what the stack is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pitwall.telemetry import BadInput
from pitwall.telemetry.names import shown

_NAME = {
    "table": r"[A-Za-z0-9_.-]{3,255}",
    "bucket": r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    "stack": r"[A-Za-z][A-Za-z0-9-]{0,40}",
    "kinesis": r"[A-Za-z0-9_.-]{1,128}",
    "account": r"\d{12}|\*",
    "region": r"[a-z]{2,4}(-[a-z]+)+-\d+|\*",
    "partition": r"aws(-[a-z]+)*",
}
_RULE = {
    "table": "3 to 255 letters, digits, dots, dashes and underscores",
    "bucket": "3 to 63 lower case letters, digits, dots and dashes",
    "stack": "a letter, then up to 40 letters, digits and dashes",
    "kinesis": "1 to 128 letters, digits, dots, dashes and underscores",
    "account": "12 digits, or * for any",
    "region": "as in us-east-1, or * for any",
    "partition": "as in aws, aws-cn or aws-us-gov",
}


def checked(kind: str, text: str) -> str:
    """``text`` when it can be the name of a ``table``, ``bucket``, ``stack``, ``kinesis`` stream,
    ``account``, ``region`` or ``partition``. Raises BadInput."""
    if not re.fullmatch(_NAME[kind], text):
        raise BadInput(f"{kind} {shown(text)}: {_RULE[kind]}")
    return text


def partition_of(region: str) -> str:
    """The partition that a region is in, as ARNs begin: ``aws`` for most."""
    known = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}
    return next((name for start, name in known.items() if region.startswith(start)), "aws")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the stack is, and what its parts are called.

    Attributes:
        table, bucket: of the data.
        kinesis: name of the Kinesis stream; empty when there is none.
        stack: name of the stack, and what its other parts' names begin with.
        account, region: ``*`` where not known.
        partition: of AWS.

    Raises:
        BadInput: a name that AWS would not take.
    """

    table: str = "pitwall"
    bucket: str = "pitwall-archive"
    kinesis: str = ""
    stack: str = "pitwall"
    account: str = "*"
    region: str = "*"
    partition: str = "aws"

    def __post_init__(self) -> None:
        for kind in ("table", "bucket", "stack", "account", "region", "partition"):
            checked(kind, getattr(self, kind))
        if self.kinesis:
            checked("kinesis", self.kinesis)

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    @property
    def table_arn(self) -> str:
        """The table."""
        return self.arn("dynamodb", f"table/{self.table}")

    @property
    def stream_arn(self) -> str:
        """Every stream that the table has or had."""
        return f"{self.table_arn}/stream/*"

    @property
    def kinesis_arn(self) -> str:
        """The Kinesis stream."""
        return self.arn("kinesis", f"stream/{self.kinesis}")

    @property
    def bucket_arn(self) -> str:
        """The bucket."""
        return f"arn:{self.partition}:s3:::{self.bucket}"

    @property
    def delivery(self) -> str:
        """Name of the Firehose delivery stream."""
        return f"{self.stack}-archive"

    @property
    def delivery_arn(self) -> str:
        """The delivery stream."""
        return self.arn("firehose", f"deliverystream/{self.delivery}")

    @property
    def function(self) -> str:
        """Name of the archiver."""
        return f"{self.stack}-archiver"

    @property
    def function_role(self) -> str:
        """Name of the archiver's role."""
        return f"{self.stack}-archiver"

    @property
    def delivery_role(self) -> str:
        """Name of the delivery stream's role."""
        return f"{self.stack}-delivery"

    @property
    def topic(self) -> str:
        """Name of the topic that alarms are told to."""
        return f"{self.stack}-alarms"

    @property
    def failures(self) -> str:
        """Name of the queue of batches that the archiver gave up."""
        return f"{self.stack}-not-archived"
