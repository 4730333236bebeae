"""Whose call it is, and whether their policies let it through. Off until keys are given.

Of a signature only its time is checked: an access key id is believed. What it may do is decided by
the same evaluator and policies that the real account is given.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from pitwall.cloud.access import Ask, Decision, Policy, check_policy, decide
from pitwall.cloud.local.asked import Asked
from pitwall.cloud.local.errors import AwsError, invalid
from pitwall.cloud.local.s3 import S3
from pitwall.cloud.local.server import Request
from pitwall.telemetry.errors import BadInput

MAX_KEYS = 1000
EXPIRED = "expired"
"""In place of a policy: credentials that were good once."""
SKEW_US = 300_000_000
S3_SKEW_US = 900_000_000
"""How far a signature's time may be from the service's."""
_STAMP = "%Y%m%dT%H%M%SZ"
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/")
_decode = msgspec.json.Decoder(type=dict[str, Any]).decode


class _Words(NamedTuple):
    """How a service words that it does not let somebody in."""

    unsigned: str
    unknown: str
    unknown_message: str
    expired: str
    skewed: str
    status: int
    skew_us: int


_INVALID = "The security token included in the request is invalid."
_JSON = _Words(
    "MissingAuthenticationTokenException", "UnrecognizedClientException", _INVALID,
    "ExpiredTokenException", "InvalidSignatureException", 400, SKEW_US,
)  # fmt: skip
_S3 = _Words(
    "AccessDenied", "InvalidAccessKeyId",
    "The AWS Access Key Id you provided does not exist in our records.",
    "ExpiredToken", "RequestTimeTooSkewed", 403, S3_SKEW_US,
)  # fmt: skip
_STS = _Words(
    "MissingAuthenticationToken", "InvalidClientTokenId", _INVALID,
    "ExpiredToken", "SignatureDoesNotMatch", 403, SKEW_US,
)  # fmt: skip


class _Signature(NamedTuple):
    """Attributes:
    who: access key id.
    stamp: when it was made, as it says.
    good_us: how long, of an URL; None of a request's header.
    """

    who: str
    stamp: str
    good_us: int | None


def _signature(request: Request) -> _Signature | None:
    """A request's signature, in its header or, of an URL that was signed, in its query; None
    without one."""
    found = _CREDENTIAL.search(request.headers.get("authorization", ""))
    if found:
        return _Signature(found[1], request.headers.get("x-amz-date", ""), None)
    query = dict(parse_qsl(request.query))
    who = query.get("X-Amz-Credential", "").partition("/")[0]
    good = query.get("X-Amz-Expires", "")
    if not who or not good.isdecimal() or len(good) > 6:
        return None
    return _Signature(who, query.get("X-Amz-Date", ""), int(good) * 1_000_000)


class Access:
    """Policies by access key id; any thread may call.

    Args:
        asked: what calls need permission for.
        account: in the names of who is refused.
        now_us: the clock that a signature's time is compared with.
    """

    def __init__(self, asked: Asked, account: str, now_us: Callable[[], int]) -> None:
        self._asked = asked
        self._account = account
        self._now_us = now_us
        self._lock = threading.Lock()
        self._keys: dict[str, list[Policy] | None] = {}
        self._refused = 0

    def give(self, keys: Any) -> None:
        """Let these access keys in, with their policies: ``{key id: policy, [policies] or
        "expired"}``. Who was given something before keeps it; None takes it away. Without any keys
        everybody may do everything.

        Raises:
            AwsError: ValidationException for anything that is not understood.
        """
        if not isinstance(keys, dict) or len(keys) > MAX_KEYS:
            raise invalid(f"keys is an object of up to {MAX_KEYS} access key ids")
        given: dict[str, list[Policy] | None] = {}
        for key, policies in keys.items():
            if policies == EXPIRED:
                given[key] = None
                continue
            several = policies if isinstance(policies, list) else [policies]
            try:
                given[key] = [check_policy(policy) for policy in several if policy is not None]
            except (BadInput, TypeError, AttributeError, ValueError) as error:
                raise invalid(f"key {key}: {error}") from None
        with self._lock:
            merged = {**self._keys, **given}
            self._keys = {
                key: policies
                for key, policies in merged.items()
                if key not in keys or keys[key] is not None
            }

    def clear(self) -> None:
        """Everybody may do everything again."""
        with self._lock:
            self._keys = {}

    def status(self) -> dict[str, Any]:
        """Keys that are known, and calls refused."""
        return {"access": {"keys": sorted(self._keys), "refused": self._refused}}

    def check_json(self, service: str, operation: str, request: Request) -> None:
        """Let a call of a JSON service through, or not.

        Raises:
            AwsError: as the service refuses.
        """
        if not self._keys:
            return
        who, policies = self._caller(request, _JSON)
        try:
            body = _decode(request.body or b"{}")
        except msgspec.MsgspecError:
            return  # the service says what is wrong with it
        asks = self._asked.json(service, operation, body)
        self._decide(who, policies, asks, "AccessDeniedException", 400)

    def check_s3(self, request: Request) -> None:
        """The same for S3.

        Raises:
            AwsError: as the service refuses.
        """
        if not self._keys:
            return
        anonymous: tuple[str, list[Policy]] = ("anonymous", [])
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        who, policies = self._caller(request, _S3) if _signature(request) else anonymous
        bucket, _, key = request.path[1:].partition("/")
        asks = self._asked.s3(S3.operation(request), bucket, key, query)
        self._decide(who, policies, asks, "AccessDenied", 403)

    def caller(self, request: Request) -> str:
        """ARN of who asks, as the token service tells it: no permission is needed for that.

        Raises:
            AwsError: as the service refuses.
        """
        if not self._keys:
            return self._arn("anybody")
        return self._arn(self._caller(request, _STS)[0])

    def _caller(self, request: Request, words: _Words) -> tuple[str, list[Policy]]:
        """Access key id and policies of a signed call."""
        signature = _signature(request)
        if signature is None:
            raise AwsError(words.unsigned, "Request is missing credentials", words.status)
        if signature.who not in self._keys:
            raise AwsError(words.unknown, words.unknown_message, words.status)
        policies = self._keys[signature.who]
        if policies is None:
            raise AwsError(words.expired, "The security token included in the request is expired")
        self._check_time(signature, words)
        return signature.who, policies

    def _check_time(self, signature: _Signature, words: _Words) -> None:
        """A signature is good for some minutes; an URL's for as long as it says."""
        now_us, stamp = self._now_us(), signature.stamp
        try:
            signed = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
        except ValueError:
            raise AwsError(words.unsigned, "Date is missing or malformed", words.status) from None
        off_us = round(signed.timestamp() * 1e6) - now_us
        if signature.good_us is not None and off_us < -signature.good_us:
            raise AwsError("AccessDenied", "Request has expired", 403)
        if off_us <= words.skew_us and (signature.good_us is not None or -off_us <= words.skew_us):
            return
        now, minutes = datetime.fromtimestamp(now_us / 1e6, UTC), words.skew_us // 60_000_000
        bound = timedelta(minutes=minutes)
        if words is _S3:
            message = "The difference between the request time and the current time is too large."
        elif off_us < 0:
            message = (
                f"Signature expired: {stamp} is now earlier than {now - bound:{_STAMP}} "
                f"({now:{_STAMP}} - {minutes} min.)"
            )
        else:
            message = (
                f"Signature not yet current: {stamp} is still later than {now + bound:{_STAMP}} "
                f"({now:{_STAMP}} + {minutes} min.)"
            )
        raise AwsError(words.skewed, message, words.status)

    def _arn(self, who: str) -> str:
        return f"arn:aws:iam::{self._account}:user/{who}"

    def _decide(
        self, who: str, policies: list[Policy], asks: list[Ask], refusal: str, status: int
    ) -> None:
        for ask in asks:
            verdict = decide(policies, ask)
            if not verdict.allowed:
                self._refused += 1
                raise AwsError(refusal, self._words(who, ask, verdict), status)

    def _words(self, who: str, ask: Ask, verdict: Decision) -> str:
        because = (
            "with an explicit deny in an identity-based policy"
            if verdict.reason == "explicit deny"
            else f"because no identity-based policy allows the {ask.action} action"
        )
        return (
            f"User: {self._arn(who)} is not authorized to perform: "
            f"{ask.action} on resource: {ask.resource} {because}"
        )


def read_keys(path: str) -> dict[str, Any]:
    """Keys and policies from a file as :meth:`Access.give` takes them. Raises BadInput."""
    try:
        keys = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: no policies by access key can be read from it: {error}") from None
    if not isinstance(keys, dict):
        raise BadInput(f"{path}: not an object of policies by access key id")
    return keys
