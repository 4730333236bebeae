"""What can be made to go wrong: calls that fail, the network away, an archive with flaws."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pitwall.cloud.local.errors import AwsError, invalid

PARTIAL = "Unprocessed"
MAX_RULES = 100


@dataclass(frozen=True, slots=True)
class ArchiveFaults:
    """Flaws of the path table -> function -> delivery stream -> archive; none by default.

    Attributes:
        duplicate_fraction: share of records that are delivered twice, half of them in the same
            object and half in the next one.
        lose: called with (partition key, sort key) of each record on its way to the function;
            True drops it there, as a function that gives up on a record does.
        late_object: which flushed object, counted from 1, is held back; None for none.
        late_by_us: how long after the arrival of its first record it appears, under a key of that
            later time.
        seed: of the choice of duplicates.
    """

    duplicate_fraction: float = 0.0
    lose: Callable[[Any, Any], bool] | None = None
    late_object: int | None = None
    late_by_us: int = 0
    seed: int = 0


@dataclass(slots=True)
class Rule:
    """Calls that are to fail.

    Attributes:
        service: ``dynamodb``, ``streams``, ``firehose``, ``s3`` or ``*``.
        operation: the call's name or ``*``.
        status: HTTP status of the failure.
        type: exception name; ``Unprocessed`` leaves half of a batch undone instead of failing.
        count: how many failures are left.
        every: 1 fails each call, 3 every third.
        seen: calls that matched so far.
    """

    service: str
    operation: str
    status: int
    type: str
    count: int
    every: int = 1
    seen: int = 0

    def strikes(self, service: str, operation: str) -> bool:
        """Whether this call is one that fails; counts it."""
        if self.service not in ("*", service) or self.operation not in ("*", operation):
            return False
        self.seen += 1
        if self.seen % self.every:
            return False
        self.count -= 1
        return True


class Faults:
    """The rules in force, and the outage; any thread may call.

    Args:
        now_us: the clock that ends an outage.
    """

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._outage_until_us = 0

    def add(self, request: dict[str, Any]) -> None:
        """Add a rule from its JSON form.

        Args:
            request: ``service``, ``operation`` (default ``*``), ``type`` (default
                ``InternalServerError``), ``status`` (default 400, 500 for an InternalServerError),
                ``count`` (default 1), ``every`` (default 1).

        Raises:
            AwsError: ValidationException for anything else.
        """
        kind = request.get("type", "InternalServerError")
        unknown = set(request) - {"service", "operation", "type", "status", "count", "every"}
        rule = Rule(
            service=request.get("service", "*"),
            operation=request.get("operation", "*"),
            status=request.get("status", 500 if kind == "InternalServerError" else 400),
            type=kind,
            count=request.get("count", 1),
            every=request.get("every", 1),
        )
        texts = (rule.service, rule.operation, rule.type)
        numbers = (rule.status, rule.count, rule.every)
        if unknown or not all(isinstance(text, str) for text in texts):
            raise invalid("a fault has service, operation, type, status, count, every")
        if not all(type(value) is int and value >= 1 for value in numbers):
            raise invalid("status, count and every of a fault are positive integers")
        with self._lock:
            if len(self._rules) >= MAX_RULES:
                raise invalid(f"at most {MAX_RULES} faults at a time")
            self._rules.append(rule)

    def clear(self) -> None:
        """Forget every rule and end an outage."""
        with self._lock:
            self._rules.clear()
            self._outage_until_us = 0

    def outage(self, seconds: float) -> None:
        """Answer nothing for a while: connections break, as when the network is gone."""
        self._outage_until_us = self._now_us() + round(seconds * 1e6)

    @property
    def out(self) -> bool:
        """True during an outage."""
        return self._now_us() < self._outage_until_us

    def check(self, service: str, operation: str) -> bool:
        """Let a call through, or not.

        Returns:
            True when a batch is to be left half undone.

        Raises:
            AwsError: the failure that a rule asks for.
        """
        if not self._rules:
            return False
        with self._lock:
            for rule in self._rules:
                if rule.strikes(service, operation):
                    self._rules = [other for other in self._rules if other.count > 0]
                    if rule.type == PARTIAL:
                        return True
                    raise AwsError(rule.type, "a fault that was asked for", rule.status)
        return False

    def status(self) -> dict[str, Any]:
        """Rules in force, for the control endpoint."""
        with self._lock:
            rules = [
                {"service": r.service, "operation": r.operation, "type": r.type, "count": r.count}
                for r in self._rules
            ]
        return {"faults": rules, "outage": self.out}
