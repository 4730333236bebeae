"""How far a server's clock is from this machine's, from the Date headers of its answers.

A Date header says the second in which the server answered; the answer was made between sending and
receiving. So each answer bounds ``server - local`` on both sides, and bounds from several answers
intersect: after a few dozen, the offset is known to well under a second without extra requests.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from pitwall.telemetry.clock import SECOND_US, NowUs, now_us


@dataclass(frozen=True, slots=True)
class Offset:
    """Bounds of ``server - local`` in microseconds, and the answers they come from.

    With no answers the bounds are meaningless and ``samples`` is 0.
    """

    lo_us: int
    hi_us: int
    samples: int

    @property
    def middle_us(self) -> int:
        """The best single figure."""
        return (self.lo_us + self.hi_us) // 2


class ServerClock:
    """Collects bounds from every answer of the clients it is attached to. Safe for threads."""

    def __init__(self, now_us: NowUs = now_us) -> None:
        self._now_us = now_us
        self._lock = threading.Lock()
        self._offset = Offset(0, 0, 0)

    @property
    def offset(self) -> Offset:
        """What is known so far."""
        return self._offset

    def attach(self, client: Any) -> None:
        """Listen to ``client``'s calls from now on."""
        client.meta.events.register_first("before-call", self._before)
        client.meta.events.register_first("after-call", self._after)

    def detach(self, client: Any) -> None:
        """Listen no more."""
        client.meta.events.unregister("before-call", self._before)
        client.meta.events.unregister("after-call", self._after)

    def observe(self, sent_us: int, received_us: int, date: str) -> None:
        """One answer: local times of sending and receiving, and its Date header. A header that is
        no date is passed over."""
        try:
            second = int(parsedate_to_datetime(date).timestamp()) * SECOND_US
        except (TypeError, ValueError):
            return
        lo, hi = second - received_us, second + SECOND_US - sent_us
        with self._lock:
            known = self._offset
            if known.samples and lo <= known.hi_us and known.lo_us <= hi:
                lo, hi = max(lo, known.lo_us), min(hi, known.hi_us)
            # else one of the two clocks was set meanwhile: start again from this answer
            self._offset = Offset(lo, hi, known.samples + 1)

    def _before(self, context: dict[str, Any], **_: Any) -> None:
        context["pitwall_sent_us"] = self._now_us()

    def _after(self, context: dict[str, Any], parsed: Any, **_: Any) -> None:
        sent = context.get("pitwall_sent_us")
        if sent is None or not isinstance(parsed, dict):
            return
        date = parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        if date:
            self.observe(sent, self._now_us(), date)


def server_offset_us(client: Any, samples: int = 3, now_us: NowUs = now_us) -> Offset:
    """Measure ``server - local`` with a few cheap calls of a DynamoDB client.

    An answer that denies the call has a Date header too and counts. Raises what the client raises
    when there is no answer at all.
    """
    clock = ServerClock(now_us)
    clock.attach(client)
    try:
        for _ in range(samples):
            try:
                client.list_tables(Limit=1)
            except client.exceptions.ClientError:
                continue
    finally:
        clock.detach(client)
    return clock.offset
