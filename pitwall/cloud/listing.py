"""A fast way through ListObjectsV2: an archive's listing is thousands of keys.

botocore's own parser spends eighty microseconds on each of them. The one here stands before it, as
:mod:`pitwall.cloud.parser` does for JSON, and gives the same Python shape: ``Contents`` with Key,
LastModified (datetime, UTC), ETag, checksum's kind, Size and StorageClass, and what stands beside
them. A page with anything else in it goes to the stock parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from xml.etree import ElementTree as ET

from pitwall.cloud.strangers import check_stored

_BEFORE = "before-parse.s3.*"
_BEGIN = 256
"""Bytes within which an answer names its root."""


class Parser(Protocol):
    """A botocore response parser."""

    def parse(self, response: Mapping[str, Any], shape: Any) -> Any:
        """The parsed body of ``response`` with its metadata."""
        ...


class ListingParser:
    """Reads listings, and leaves the rest to ``stock``."""

    def __init__(self, stock: Parser) -> None:
        self._stock = stock

    def parse(self, response: Mapping[str, Any], shape: Any) -> Any:
        """As the stock parser's."""
        listing = getattr(shape, "name", "") == "ListObjectsV2Output"
        if listing and response["status_code"] == 200:
            try:
                parsed = parse_listing(response["body"])
            except (ET.ParseError, KeyError, ValueError, TypeError):
                return self._stock.parse(response, shape)
            parsed["ResponseMetadata"] = _metadata(response)
            return parsed
        check_stored(response, shape)
        return self._stock.parse(response, shape)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stock, name)


def once(client: Any) -> None:
    """Spare a client's listings their first reading of two: botocore reads the whole of every XML
    answer to see whether its root is an error; of a listing the first bytes say what it is."""
    from botocore import handlers

    # Not a public name: without it nothing is spared.
    stock = getattr(handlers, "_handle_200_error", None)
    if stock is None:
        return

    def look(operation_model: Any, response_dict: dict[str, Any], **named: Any) -> None:
        listing = operation_model.name == "ListObjectsV2" and bool(response_dict)
        if not (listing and b"<ListBucketResult" in response_dict["body"][:_BEGIN]):
            stock(operation_model=operation_model, response_dict=response_dict, **named)

    client.meta.events.unregister(_BEFORE, stock)
    client.meta.events.register_first(_BEFORE, look)


def parse_listing(body: bytes) -> dict[str, Any]:
    """The page in ``body``. Raises ParseError when it is not XML; KeyError, TypeError or ValueError
    when it holds what is not read here."""
    text = body.decode()
    contents: list[dict[str, Any]] = []

    def take(found: re.Match[str]) -> str:
        contents.append(
            {
                name: read(value)
                for (name, read), value in zip(_OBJECT.items(), found.groups(), strict=True)
                if value is not None
            }
        )
        return ""

    rest = _CONTENTS.sub(take, text)
    parsed: dict[str, Any] = {}
    # As botocore reads all of it; expat bounds expansion.
    for element in ET.fromstring(rest.encode()):  # noqa: S314
        name = element.tag.rpartition("}")[2]
        parsed[name] = _PAGE[name](element.text or "")
    # Not as it stands: comments and other encodings, and ends of lines, which XML makes one of.
    if "<!" in text or "\r" in text or ("<?" in text and "UTF-8" not in text[:_BEGIN].upper()):
        raise ValueError("an unusual page")
    if contents:
        parsed["Contents"] = contents
    return parsed


def _text(raw: str) -> str:
    """What stands in an element. Raises ValueError for entities beyond XML's own."""
    if "&" in raw:
        for entity, character in (("quot", '"'), ("apos", "'"), ("lt", "<"), ("gt", ">")):
            raw = raw.replace(f"&{entity};", character)
        if raw.count("&") != raw.count("&amp;"):
            raise ValueError(f"{raw!r} has other entities")
        raw = raw.replace("&amp;", "&")
    return raw


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC)


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text]


_PAGE: dict[str, Callable[[str], Any]] = {
    "Name": str,
    "Prefix": str,
    "Delimiter": str,
    "EncodingType": str,
    "StartAfter": str,
    "ContinuationToken": str,
    "NextContinuationToken": str,
    "MaxKeys": int,
    "KeyCount": int,
    "IsTruncated": _boolean,
}
_OBJECT: dict[str, Callable[[str], Any]] = {
    "Key": _text,
    "LastModified": _moment,
    "ETag": _text,
    "ChecksumAlgorithm": lambda name: [_text(name)],
    "ChecksumType": _text,
    "Size": int,
    "StorageClass": _text,
}
"""In the order in which S3 writes them, each of which may be absent."""
_CONTENTS = re.compile(
    f"<Contents>{''.join(f'(?:<{name}>([^<]*)</{name}>)?' for name in _OBJECT)}</Contents>"
)


def _metadata(response: Mapping[str, Any]) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in response["headers"].items()}
    metadata = {"HTTPStatusCode": response["status_code"], "HTTPHeaders": headers}
    for field, header in (("RequestId", "x-amz-request-id"), ("HostId", "x-amz-id-2")):
        if header in headers:
            metadata[field] = headers[header]
    return metadata
