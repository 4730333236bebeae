"""Time that only moves when told: the service's, and the two clocks of the machine that reads."""

from __future__ import annotations

import threading

SECOND = 1_000_000
START = 1_790_000_000 * SECOND


class VirtualTime:
    """The machine's clocks over the true time, microseconds.

    While a call is under way (see :meth:`elapse`) the caller's clocks are ahead by what the call
    has taken so far; its end is handed over when the time has come.
    """

    def __init__(self, offset_us: int = 0) -> None:
        self._true_us = START
        self._mono_us = 1000 * SECOND
        self.offset_us = offset_us
        """The machine's wall clock minus true time."""
        self.ahead_us = 0
        """What the call under way has taken so far."""

    @property
    def true_us(self) -> int:
        """The service's time."""
        return self._true_us + self.ahead_us

    def now_us(self) -> int:
        """The machine's wall clock."""
        return self.true_us + self.offset_us

    def monotonic(self) -> float:
        """The machine's monotonic clock, seconds."""
        return (self._mono_us + self.ahead_us) / SECOND

    def advance(self, seconds: float) -> None:
        """Time passes."""
        us = max(round(seconds * SECOND), 1)
        self._true_us += us
        self._mono_us += us

    def sleep(self, seconds: float) -> None:
        """The machine sleeps: its monotonic clock stands still."""
        self._true_us += round(seconds * SECOND)

    def elapse(self, seconds: float) -> None:
        """The call under way takes so long."""
        self.ahead_us += round(seconds * SECOND)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for nothing: nobody else runs."""
        if not event.is_set():
            self.advance(seconds)
        return event.is_set()
