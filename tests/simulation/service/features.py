"""As much of a botocore service model as tells which features there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace


class ServiceModel:
    """``client.meta.service_model``.

    Args:
        enums: values by shape.
        members: names of the parameters by operation.
    """

    def __init__(
        self, enums: Mapping[str, Sequence[str]], members: Mapping[str, Sequence[str]]
    ) -> None:
        self._enums = enums
        self._members = members

    def shape_for(self, name: str) -> SimpleNamespace:
        """A shape with its ``enum``."""
        return SimpleNamespace(enum=list(self._enums[name]))

    def operation_model(self, name: str) -> SimpleNamespace:
        """An operation with the members of its input."""
        members = dict.fromkeys(self._members[name])
        return SimpleNamespace(input_shape=SimpleNamespace(members=members))


ITERATORS = ("TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")


def dynamodb_model(at_timestamp: bool, shard_filter: bool) -> ServiceModel:
    """DynamoDB Streams, of a botocore that is new or not so new."""
    listing = ["StreamArn", "Limit", "ExclusiveStartShardId"]
    opening = ["StreamArn", "ShardId", "ShardIteratorType", "SequenceNumber"]
    return ServiceModel(
        {"ShardIteratorType": [*ITERATORS, "AT_TIMESTAMP"] if at_timestamp else ITERATORS},
        {
            "DescribeStream": [*listing, "ShardFilter"] if shard_filter else listing,
            "GetShardIterator": [*opening, "Timestamp"] if at_timestamp else opening,
            "GetRecords": ["ShardIterator", "Limit"],
        },
    )


def kinesis_model() -> ServiceModel:
    """Kinesis Data Streams."""
    return ServiceModel(
        {"ShardIteratorType": [*ITERATORS, "AT_TIMESTAMP"]},
        {
            "ListShards": [
                "StreamName", "NextToken", "ExclusiveStartShardId", "MaxResults",
                "StreamCreationTimestamp", "ShardFilter", "StreamARN", "StreamId",
            ],
            "DescribeStream": ["StreamName", "Limit", "ExclusiveStartShardId", "StreamARN"],
            "DescribeStreamSummary": ["StreamName", "StreamARN", "StreamId"],
            "GetShardIterator": [
                "StreamName", "ShardId", "ShardIteratorType", "StartingSequenceNumber",
                "Timestamp", "StreamARN", "StreamId",
            ],
            "GetRecords": ["ShardIterator", "Limit", "StreamARN", "StreamId"],
        },
    )  # fmt: skip
