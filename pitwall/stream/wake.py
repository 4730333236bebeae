"""Noticing that the machine slept, or that its clock was set."""

from __future__ import annotations

from pitwall.stream.timing import Time
from pitwall.telemetry.clock import SECOND_US

SUSPEND_US = 30 * SECOND_US
"""Longer than any pause that the reader makes by itself."""


class SleepWatch:
    """Compares the wall clock with the monotonic one. The reader's thread only.

    On most systems the monotonic clock stands still in sleep, so the two disagree afterwards; on
    the others both are far ahead of the last look. Iterators, server time and what is known of
    the shards are then old, and nothing of the program's own has told so.
    """

    def __init__(self, time: Time) -> None:
        self._time = time
        self._seen = (time.now_us(), time.monotonic())

    def look(self) -> int:
        """Microseconds slept since the last look; negative for a clock that was set back, 0 when
        nothing out of the ordinary happened."""
        wall, now = self._time.now_us(), self._time.monotonic()
        before, then = self._seen
        self._seen = (wall, now)
        passed_us = round((now - then) * SECOND_US)
        apart_us = wall - before - passed_us
        if abs(apart_us) > SUSPEND_US:
            return apart_us
        return passed_us if passed_us > SUSPEND_US else 0
