"""Answers that are not the service's: a proxy's page, a network's login page, another server.

botocore takes a successful answer whose body is no JSON for one without members, so a write would
count as accepted, and a query as empty. Whoever answered so has taken nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_SHOWN = 40
"""Characters of such an answer that are told."""
_BEGIN = 256
"""Bytes within which a page says what it is."""
_WRITES = frozenset({"BatchWriteItemOutput", "PutItemOutput"})
"""Operations whose answers are never empty."""


class StrangerAnswered(Exception):
    """What came back is not of the service that was asked. Nothing that was sent has been taken."""


def check_json(response: Mapping[str, Any], shape: Any) -> None:
    """Raises StrangerAnswered where an answer in JSON was to come and something else did.

    Args:
        response: as botocore hands it to a parser.
        shape: of the answer; None when the operation has none.
    """
    status, body = response["status_code"], response["body"]
    if 200 <= status < 300:
        name = getattr(shape, "name", "")
        if not body and name not in _WRITES:
            return
        if shape is None or not _is_object(body):
            if shape is None and not _is_page(body):
                return
            raise StrangerAnswered(_words(status, body))
    elif 300 <= status < 500 and _is_page(body):
        # a server's own fault, 500 and above, may well be told by a page, and is tried again
        raise StrangerAnswered(_words(status, body))


def check_stored(response: Mapping[str, Any], shape: Any) -> None:
    """Raises StrangerAnswered where an object is said to be stored by a page: the service sends
    headers (``ETag``) and no body."""
    stored = getattr(shape, "name", "") == "PutObjectOutput" and response["status_code"] == 200
    told = any(name.lower() == "etag" for name in response["headers"])
    if stored and response["body"] and not told:
        raise StrangerAnswered(_words(200, response["body"]))


def _is_object(body: bytes) -> bool:
    """As botocore reads it, so that nothing is refused that it can read."""
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def _is_page(body: bytes) -> bool:
    begin = body[:_BEGIN].lstrip().lower()
    return begin.startswith(b"<") and b"html" in begin


def _words(status: int, body: bytes) -> str:
    text = " ".join(body[:_BEGIN].decode("utf-8", "replace").split())
    text = "".join(letter for letter in text if letter.isprintable())
    shown = f"{text[:_SHOWN]}…" if len(text) > _SHOWN else text
    return f"status {status}, {shown!r}" if shown else f"status {status} and nothing else"
