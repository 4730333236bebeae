"""Whose a bucket has to be. Bucket names are the whole world's, and whoever is first has them: one
that was deleted, or mistyped, may be somebody else's, who would be sent our laps or send us theirs.

So every call on a bucket whose owner can be known says who that is, and S3 refuses it otherwise.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

from pitwall.cloud.access import Place

_ACCOUNTS_BUCKET = re.compile(re.escape(Place().bucket) + r"-(\d{12})-[a-z0-9-]+")
"""What the stack calls its bucket when it is not told."""
_PARAMETER = "ExpectedBucketOwner"
_DENIED = ("AccessDenied", "403")


class BucketOwners:
    """Says whose buckets are in the calls of an S3 client. Any thread may call it.

    Args:
        account_of: looks up the account that a table is in; empty where it cannot be told.
    """

    def __init__(self, account_of: Callable[[str], str]) -> None:
        self._account_of = account_of
        self._lock = threading.Lock()
        self._accounts: dict[str, str] = {}
        self._tables: dict[str, str] = {}

    def expect(self, bucket: str, account: str = "", table: str = "") -> None:
        """``bucket`` is ``account``'s; without one, the account's that ``table`` is in, which is
        looked up when the bucket is first used."""
        with self._lock:
            if account:
                self._accounts[bucket] = account
            elif table:
                self._tables[bucket] = table

    def attach(self, client: Any) -> None:
        """From now on ``client`` says it."""
        client.meta.events.register("provide-client-params.s3", self._said)
        client.meta.events.register("after-call.s3", _noted)

    def owner_of(self, bucket: str) -> str:
        """The account; empty where it is not known."""
        with self._lock:
            known, table = self._accounts.get(bucket), self._tables.get(bucket)
        if known is not None:
            return known
        named = _ACCOUNTS_BUCKET.fullmatch(bucket)
        if named is not None:
            return named[1]
        account = self._account_of(table) if table else ""
        if account:
            self.expect(bucket, account)
        return account

    def _said(
        self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: object
    ) -> dict[str, Any] | None:
        """botocore's event before a call."""
        if _PARAMETER not in model.input_shape.members or _PARAMETER in params:
            return None
        owner = self.owner_of(str(params.get("Bucket", "")))
        if not owner:
            return None
        context[_PARAMETER] = owner
        return {_PARAMETER: owner, **params}


def is_strangers(s3: Any, bucket: str, account: str) -> bool:
    """Whether ``bucket`` is there and not ``account``'s to use; False where it cannot be told."""
    try:
        s3.head_bucket(Bucket=bucket, **{_PARAMETER: account})
    except Exception as error:  # noqa: BLE001 - only a refusal tells
        response = getattr(error, "response", None) or {}
        return response.get("Error", {}).get("Code") in _DENIED
    return False


def _noted(parsed: dict[str, Any], context: Mapping[str, Any], **_: object) -> None:
    """botocore's event after a call: a refusal may be for the owner's sake, and does not say so."""
    error = parsed.get("Error")
    if isinstance(error, dict) and error.get("Code") in _DENIED and context.get(_PARAMETER):
        error[_PARAMETER] = context[_PARAMETER]
