"""A fast way through the answers that carry many items.

botocore's own parser walks a shape for every attribute of every record and holds the GIL for it:
over a hundred milliseconds per thousand stream records. The factory here goes in its place
(component ``response_parser_factory``) and answers these with msgspec, in the same Python shape;
signing, retries, errors and every other operation stay botocore's:

* DynamoDB Streams ``GetRecords``: ``{"Records": [{"eventID", "eventName", "dynamodb": {
  "ApproximateCreationDateTime": datetime (UTC), "SequenceNumber", "SizeBytes", "Keys", "NewImage"},
  ...}], "NextShardIterator", "ResponseMetadata"}``; images have typed attributes, binary as bytes.
* Kinesis ``GetRecords``: ``Data`` as bytes, ``ApproximateArrivalTimestamp`` as datetime (UTC).
* DynamoDB ``Query`` and ``BatchGetItem``: items with typed attributes, binary as bytes.

Members that are absent (``NextShardIterator`` of a shard that has ended) are absent here too. A
body that is not as expected goes to the stock parser, which has its own words for it.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol

import msgspec

_decode = msgspec.json.Decoder().decode
_UNEXPECTED = (
    msgspec.DecodeError,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    OSError,
)


class Parser(Protocol):
    """A botocore response parser."""

    def parse(self, response: Mapping[str, Any], shape: Any) -> Any:
        """The parsed body of ``response`` with its metadata."""
        ...


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
        return _FastParser(stock) if protocol_name == "json" else stock


class _FastParser:
    def __init__(self, stock: Parser) -> None:
        self._stock = stock

    def parse(self, response: Mapping[str, Any], shape: Any) -> Any:
        read = _BULKY.get(getattr(shape, "name", ""))
        if read is not None and response["status_code"] == 200:
            try:
                parsed = _decode(response["body"])
                read(parsed)
                parsed["ResponseMetadata"] = _metadata(response)
            except _UNEXPECTED:
                return self._stock.parse(response, shape)
            return parsed
        return self._stock.parse(response, shape)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stock, name)


def _get_records(parsed: dict[str, Any]) -> None:
    for record in parsed["Records"]:
        if "Data" in record:
            record["Data"] = a2b_base64(record["Data"])
            arrived = record.get("ApproximateArrivalTimestamp")
            if arrived is not None:
                record["ApproximateArrivalTimestamp"] = _moment(arrived)
            continue
        change = record["dynamodb"]
        created = change.get("ApproximateCreationDateTime")
        if created is not None:
            change["ApproximateCreationDateTime"] = _moment(created)
        for name in ("NewImage", "OldImage", "Keys"):
            image = change.get(name)
            if image is not None:
                _decode_binary(image)


def _query(parsed: dict[str, Any]) -> None:
    for item in parsed.get("Items", ()):
        _decode_binary(item)
    if "LastEvaluatedKey" in parsed:
        _decode_binary(parsed["LastEvaluatedKey"])


def _batch_get(parsed: dict[str, Any]) -> None:
    for items in parsed.get("Responses", {}).values():
        for item in items:
            _decode_binary(item)
    for table in parsed.get("UnprocessedKeys", {}).values():
        for key in table["Keys"]:
            _decode_binary(key)


_BULKY: dict[str, Callable[[dict[str, Any]], None]] = {
    "GetRecordsOutput": _get_records,
    "QueryOutput": _query,
    "BatchGetItemOutput": _batch_get,
}


def _decode_binary(image: dict[str, dict[str, Any]]) -> None:
    """Base64 text to bytes wherever an attribute of ``image`` is binary, in place."""
    for attribute in image.values():
        if "B" in attribute:
            attribute["B"] = a2b_base64(attribute["B"])
        elif "S" in attribute or "N" in attribute:
            continue  # nearly all the others: no need to ask on
        elif "M" in attribute:
            _decode_binary(attribute["M"])
        elif "L" in attribute:
            for member in attribute["L"]:
                _decode_binary({"": member})
        elif "BS" in attribute:
            attribute["BS"] = [a2b_base64(member) for member in attribute["BS"]]


@lru_cache(maxsize=256)
def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _metadata(response: Mapping[str, Any]) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in response["headers"].items()}
    metadata = {"HTTPStatusCode": response["status_code"], "HTTPHeaders": headers}
    if "x-amzn-requestid" in headers:
        metadata["RequestId"] = headers["x-amzn-requestid"]
    return metadata
