"""A fast way through the answers that carry many items.

botocore's own parser walks a shape for every attribute of every record and holds the GIL for it:
over a hundred milliseconds per thousand stream records. The factory here goes in its place
(component ``response_parser_factory``) and answers these with msgspec, in the same Python shape;
signing, retries, errors and every other operation stay botocore's:

* DynamoDB Streams ``GetRecords``: ``{"Records": [{"eventID", "eventName", "dynamodb": {
  "ApproximateCreationDateTime": datetime (UTC), "SequenceNumber", "SizeBytes", "Keys", "NewImage"},
  ...}], "NextShardIterator", "ResponseMetadata"}``; records, keys and images are mappings that are
  read when they are looked at (:mod:`pitwall.cloud.records`).
* Kinesis ``GetRecords``: ``Data`` as bytes, ``ApproximateArrivalTimestamp`` as datetime (UTC).
* DynamoDB ``Query`` and ``BatchGetItem``: items with typed attributes, binary as bytes.

Members that are absent (``NextShardIterator`` of a shard that has ended) are absent here too, and
those that the service model does not know are left out, as botocore does. A body that is not as
expected, or holds a rare member (consumed capacity), goes to the stock parser, which has its own
words for it; one that is not the service's at all is refused (:mod:`pitwall.cloud.strangers`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict

import msgspec
from msgspec import UNSET, UnsetType

from pitwall.cloud.image import Attribute
from pitwall.cloud.listing import ListingParser, Parser
from pitwall.cloud.records import KinesisRecord, KinesisRecords, StreamRecord, StreamRecords
from pitwall.cloud.strangers import check_json

_UNEXPECTED = (msgspec.DecodeError, ValueError, OverflowError, OSError, RecursionError)
_Item = dict[str, Attribute]


class _Rare(Exception):
    """A member that is seldom asked for: the stock parser's."""


class _StreamRecords(msgspec.Struct):
    Records: list[StreamRecord] | UnsetType = UNSET
    NextShardIterator: str | UnsetType = UNSET


class _KeyRange(TypedDict, total=False):
    StartingHashKey: str
    EndingHashKey: str


class _ChildShard(TypedDict, total=False):
    ShardId: str
    ParentShards: list[str]
    HashKeyRange: _KeyRange


class _KinesisRecords(TypedDict, total=False):
    Records: list[KinesisRecord]
    NextShardIterator: str
    MillisBehindLatest: int
    ChildShards: list[_ChildShard]


class _Query(TypedDict, total=False):
    Items: list[_Item]
    Count: int
    ScannedCount: int
    LastEvaluatedKey: _Item
    ConsumedCapacity: msgspec.Raw


class _KeysAndAttributes(TypedDict, total=False):
    Keys: list[_Item]
    AttributesToGet: list[str]
    ConsistentRead: bool
    ProjectionExpression: str
    ExpressionAttributeNames: dict[str, str]


class _BatchGet(TypedDict, total=False):
    Responses: dict[str, list[_Item]]
    UnprocessedKeys: dict[str, _KeysAndAttributes]
    ConsumedCapacity: msgspec.Raw


class FastParserFactory:
    """The factory that stands in for botocore's: it makes its parsers with ``stock``."""

    def __init__(self, stock: Any) -> None:
        self._stock = stock

    def set_parser_defaults(self, **kwargs: Any) -> None:
        """Passed on to the stock factory, whose parsers then use them."""
        self._stock.set_parser_defaults(**kwargs)

    def create_parser(self, protocol_name: str) -> Parser:
        """A parser that knows the bulky answers and leaves the rest to the stock one."""
        stock: Parser = self._stock.create_parser(protocol_name)
        if protocol_name == "rest-xml":
            return ListingParser(stock)
        return _FastParser(stock) if protocol_name == "json" else stock


class _FastParser:
    def __init__(self, stock: Parser) -> None:
        self._stock = stock

    def parse(self, response: Mapping[str, Any], shape: Any) -> Any:
        read = _reader(shape) if response["status_code"] == 200 else None
        if read is not None:
            try:
                parsed = read(response["body"])
            except (*_UNEXPECTED, _Rare):
                check_json(response, shape)
                return self._stock.parse(response, shape)
            parsed["ResponseMetadata"] = _metadata(response)
            return parsed
        check_json(response, shape)
        return self._stock.parse(response, shape)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stock, name)


_Read = Callable[[bytes], dict[str, Any]]
_stream_records = msgspec.json.Decoder(_StreamRecords).decode
_kinesis_records = msgspec.json.Decoder(_KinesisRecords).decode
_query = msgspec.json.Decoder(_Query).decode
_batch_get = msgspec.json.Decoder(_BatchGet).decode


def _read_stream(body: bytes) -> dict[str, Any]:
    read = _stream_records(body)
    parsed: dict[str, Any] = {}
    if read.Records is not UNSET:
        parsed["Records"] = StreamRecords(read.Records)
    if read.NextShardIterator is not UNSET:
        parsed["NextShardIterator"] = read.NextShardIterator
    return parsed


def _read_kinesis(body: bytes) -> dict[str, Any]:
    parsed: dict[str, Any] = _kinesis_records(body)  # type: ignore[assignment]
    if "Records" in parsed:
        parsed["Records"] = KinesisRecords(parsed["Records"])
    return parsed


def _read_query(body: bytes) -> dict[str, Any]:
    return _without_rare(_query(body))  # type: ignore[arg-type]


def _read_batch_get(body: bytes) -> dict[str, Any]:
    return _without_rare(_batch_get(body))  # type: ignore[arg-type]


def _without_rare(parsed: dict[str, Any]) -> dict[str, Any]:
    if "ConsumedCapacity" in parsed:
        raise _Rare
    return parsed


def _reader(shape: Any) -> _Read | None:
    """How the answer of ``shape`` is read; None when the stock parser reads it."""
    name = getattr(shape, "name", "")
    if name == "GetRecordsOutput":
        return _read_kinesis if "MillisBehindLatest" in shape.members else _read_stream
    if name == "QueryOutput":
        return _read_query
    return _read_batch_get if name == "BatchGetItemOutput" else None


def _metadata(response: Mapping[str, Any]) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in response["headers"].items()}
    metadata = {"HTTPStatusCode": response["status_code"], "HTTPHeaders": headers}
    if "x-amzn-requestid" in headers:
        metadata["RequestId"] = headers["x-amzn-requestid"]
    return metadata
