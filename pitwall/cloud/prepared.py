"""Requests that are serialised once, by us.

botocore walks the request's shape for every attribute of every key: over a millisecond of the
interpreter's time for a hundred keys. What :func:`prepared` gives carries the request's JSON with
it; the two handlers here put that in the place of what botocore makes, through its own events, so
that endpoint, signature, retries and errors stay botocore's. A client without the handlers
serialises the mapping as ever, with the same outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

_BODY = "pitwall_prepared_body"
_encode = msgspec.json.Encoder().encode


class _Asked(dict[str, Any]):
    """What is asked of one table, with the JSON of the whole request."""

    body: bytes


def prepared(table: str, keys: Sequence[tuple[str, str]], consistent: bool) -> dict[str, Any]:
    """``RequestItems`` of a BatchGetItem of one table.

    Args:
        table: its name.
        keys: ``(pk, sk)`` each, 1 to 100, none twice: the service refuses other requests.
        consistent: whether the reads are strongly consistent.
    """
    asked = _Asked(
        Keys=[{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys], ConsistentRead=consistent
    )
    # The outer mapping is a plain one: botocore looks for the table's name in nothing else.
    items = {table: asked}
    asked.body = _encode({"RequestItems": items})
    return items


def prepare_with(session: Any) -> None:
    """Let the clients that ``session`` (botocore's) makes from now on send prepared requests."""
    session.register("provide-client-params.dynamodb.BatchGetItem", _take_body)
    session.register("before-call.dynamodb.BatchGetItem", _put_body)


def _take_body(
    params: dict[str, Any], context: dict[str, Any], **_: object
) -> dict[str, Any] | None:
    """What botocore gets to look at and to serialise: one key, which is enough for the table's
    name, by which it finds the endpoint."""
    items = params.get("RequestItems")
    if len(params) != 1 or not isinstance(items, dict) or len(items) != 1:
        return None
    [(table, asked)] = items.items()
    if not isinstance(asked, _Asked):
        return None
    context[_BODY] = asked.body
    return {"RequestItems": {table: {"Keys": asked["Keys"][:1]}}}


def _put_body(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    body = context.pop(_BODY, None)
    if body is not None:
        params["body"] = body
