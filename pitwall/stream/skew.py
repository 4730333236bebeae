"""Server time, from the dates of the service's answers."""

from __future__ import annotations

import threading
from datetime import UTC
from email.utils import parsedate_to_datetime

from pitwall.stream.timing import Time
from pitwall.telemetry.clock import SECOND_US


class ServerClock:
    """How far this machine's clock is from the service's.

    A ``Date`` header is rounded down to the second, so one answer bounds the offset to a second
    and the call's duration; many answers, stamped at different fractions of a second, narrow it
    down. Answers that contradict the bounds mean that a clock was set: the bounds start again.

    Any thread may call any method.
    """

    def __init__(self, time: Time) -> None:
        self._time = time
        self._lock = threading.Lock()
        self._low: int | None = None
        """Lower bound of server minus local, microseconds; written under the lock."""
        self._high = 0
        """Upper bound, where ``_low`` is not None; written under the lock."""
        self._guess: int | None = None
        """Stands for the offset until there are bounds again; written under the lock."""

    def note(self, date: str | None, sent_us: int, received_us: int) -> None:
        """Take in one answer.

        ``date`` is its Date header, ``sent_us`` and ``received_us`` this machine's clock around
        the call. A header that is absent or no date is ignored.
        """
        if not date:
            return
        try:
            moment = parsedate_to_datetime(date)
        except (ValueError, TypeError, IndexError):
            return
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        stamped = int(moment.timestamp()) * SECOND_US
        low, high = stamped - received_us, stamped + SECOND_US - sent_us
        with self._lock:
            if self._low is None or low > self._high or high < self._low:
                self._low, self._high = low, high
            else:
                self._low, self._high = max(self._low, low), min(self._high, high)

    def forget(self, set_back_us: int = 0) -> None:
        """Begin anew: the machine slept, or its clock was set back by so much. Until the next
        answer the offset is what it was, or would be for a clock set so: a machine whose clock is
        wrong has not been put right by sleeping."""
        with self._lock:
            if self._low is not None:
                self._guess = (self._low + self._high) // 2
                self._low = None
            if self._guess is not None:
                self._guess += set_back_us

    @property
    def offset_us(self) -> int | None:
        """Server time minus this machine's clock, microseconds; None before the first answer."""
        with self._lock:
            return self._guess if self._low is None else (self._low + self._high) // 2

    def now_us(self) -> int:
        """Server time as well as it is known, microseconds UTC."""
        return self._time.now_us() + (self.offset_us or 0)
