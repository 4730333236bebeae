"""Streams: shards, lineage, checkpoints, and the reader that follows them.

Knows neither AWS packages nor table keys: clients and the parser of records are passed in.
"""

from pitwall.stream.calls import call
from pitwall.stream.dynamodb import DynamoSource, Features, features_of
from pitwall.stream.faults import (
    Denied,
    Expired,
    Fault,
    NotFound,
    Rejected,
    Retryable,
    Throttled,
    Trimmed,
)
from pitwall.stream.fetch import Result
from pitwall.stream.intake import Decode, Decoded, Together
from pitwall.stream.kinesis import KinesisSource
from pitwall.stream.outbox import Sink
from pitwall.stream.pace import Pace
from pitwall.stream.pool import Done, InlinePool, Pool, ThreadPool
from pitwall.stream.reader import Reader
from pitwall.stream.skew import ServerClock
from pitwall.stream.source import (
    HORIZON,
    Anchor,
    Listing,
    Page,
    Position,
    Record,
    ShardInfo,
    StreamSource,
    after,
    at_time,
)
from pitwall.stream.status import OnEvent, ReaderStatus, ShardStatus, StreamGap
from pitwall.stream.timing import SystemTime, Time

__all__ = [
    "HORIZON",
    "Anchor",
    "Decode",
    "Decoded",
    "Denied",
    "Done",
    "DynamoSource",
    "Expired",
    "Fault",
    "Features",
    "InlinePool",
    "KinesisSource",
    "Listing",
    "NotFound",
    "OnEvent",
    "Pace",
    "Page",
    "Pool",
    "Position",
    "Reader",
    "ReaderStatus",
    "Record",
    "Rejected",
    "Result",
    "Retryable",
    "ServerClock",
    "ShardInfo",
    "ShardStatus",
    "Sink",
    "StreamGap",
    "StreamSource",
    "SystemTime",
    "ThreadPool",
    "Throttled",
    "Time",
    "Together",
    "Trimmed",
    "after",
    "at_time",
    "call",
    "features_of",
]
