"""Whose call it is, and whether their policies let it through. Off until keys are given.

Signatures are not checked: an access key id is believed. What it may do is decided by the same
evaluator and policies that the real account is given.
"""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from pitwall.cloud.access import Ask, Decision, Policy, check_policy, decide
from pitwall.cloud.local.asked import Asked
from pitwall.cloud.local.errors import AwsError, invalid
from pitwall.cloud.local.s3 import S3
from pitwall.cloud.local.server import Request
from pitwall.telemetry.errors import BadInput

MAX_KEYS = 1000
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/")
_decode = msgspec.json.Decoder(type=dict[str, Any]).decode


class Access:
    """Policies by access key id; any thread may call.

    Args:
        asked: what calls need permission for.
        account: in the names of who is refused.
    """

    def __init__(self, asked: Asked, account: str) -> None:
        self._asked = asked
        self._account = account
        self._lock = threading.Lock()
        self._keys: dict[str, list[Policy]] = {}
        self._refused = 0

    def give(self, keys: Any) -> None:
        """Let these access keys in, with their policies: ``{key id: policy or [policies]}``. Who
        was given something before keeps it; None takes it away. Without any keys everybody may do
        everything.

        Raises:
            AwsError: ValidationException for anything that is not understood.
        """
        if not isinstance(keys, dict) or len(keys) > MAX_KEYS:
            raise invalid(f"keys is an object of up to {MAX_KEYS} access key ids")
        given: dict[str, list[Policy]] = {}
        for key, policies in keys.items():
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
        keys = self._keys
        if not keys:
            return
        who = _CREDENTIAL.search(request.headers.get("authorization", ""))
        if who is None:
            raise AwsError("MissingAuthenticationTokenException", "Request is missing credentials")
        policies = keys.get(who[1])
        if policies is None:
            raise AwsError(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            )
        try:
            body = _decode(request.body or b"{}")
        except msgspec.MsgspecError:
            return  # the service says what is wrong with it
        asks = self._asked.json(service, operation, body)
        self._decide(who[1], policies, asks, "AccessDeniedException", 400)

    def check_s3(self, request: Request) -> None:
        """The same for S3.

        Raises:
            AwsError: as the service refuses.
        """
        keys = self._keys
        if not keys:
            return
        who = _CREDENTIAL.search(request.headers.get("authorization", ""))
        policies = keys.get(who[1]) if who else []
        if policies is None:
            raise AwsError(
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
                403,
            )
        bucket, _, key = request.path[1:].partition("/")
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        asks = self._asked.s3(S3.operation(request), bucket, key, query)
        self._decide(who[1] if who else "anonymous", policies, asks, "AccessDenied", 403)

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
            f"User: arn:aws:iam::{self._account}:user/{who} is not authorized to perform: "
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
