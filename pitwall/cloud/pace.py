"""Event time against the clock on the wall, for writing as if it happened now."""

from __future__ import annotations

import math

from pitwall.telemetry import BadInput
from pitwall.telemetry.clock import NowUs

CATCH_UP = 4.0
"""After a stall, event time runs at most so many times faster than it should."""
_LONGEST_US = 250_000


class Pace:
    """Event time as it passes.

    Args:
        first_us: event time of the first thing to write; event time starts here.
        speed: event seconds per wall second; ``inf`` makes everything due at once.
        now_us: the wall's clock.
        start_us: event time that belongs to the moment ``began_us``; ``first_us`` when None. When
            it is later, what lies before is caught up with, at a bounded rate.
        began_us: a moment on the wall's clock; the present one when None.
        bounded: event times are the wall's: none is reached before the wall's clock has.
    """

    def __init__(
        self,
        first_us: int,
        speed: float,
        now_us: NowUs,
        start_us: int | None = None,
        began_us: int | None = None,
        *,
        bounded: bool = False,
    ) -> None:
        if not speed > 0:
            raise BadInput(f"speed {speed}: give event seconds per second, more than 0")
        self._speed = speed
        self._bounded = bounded
        self._now_us = now_us
        self._last = now_us()
        self._began = self._last if began_us is None else began_us
        self._start = first_us if start_us is None else start_us
        self._position = float(first_us)

    @property
    def position(self) -> float:
        """Event time now. It follows the clock; a stall, or a clock set forward, is made up for at
        ``CATCH_UP`` times the speed and in small steps, never in one burst."""
        if math.isinf(self._speed):
            return math.inf
        now = self._now_us()
        if now < self._last:
            self._began -= self._last - now  # the clock was set back: no time has passed
            self._last = now
        target = self._start + (now - self._began) * self._speed
        if self._bounded:
            target = min(target, now)
        step = min(now - self._last, _LONGEST_US) * self._speed * CATCH_UP
        self._last = now
        if target > self._position:
            self._position = min(target, self._position + step)
        return self._position

    def seconds_until(self, event_us: int) -> float:
        """Wall seconds until event time reaches ``event_us``; 0 when it has, or is being caught up
        with and could be reached any moment."""
        ahead = (event_us - self._position) / self._speed
        if self._bounded:
            ahead = max(ahead, event_us - self._last)
        return max(ahead / 1e6, 0.0)
