"""The clocks and waits of everything that follows a stream, so that tests can own them."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from pitwall.telemetry.clock import now_us


class Time(Protocol):
    """Wall clock, monotonic clock and waiting."""

    def now_us(self) -> int:
        """This machine's wall clock, microseconds UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never step; may stand still while the machine sleeps."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for ``event`` at most ``seconds``; True when it is set."""
        ...


class SystemTime:
    """The machine's own clocks."""

    def now_us(self) -> int:
        """Microseconds UTC."""
        return now_us()

    def monotonic(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for ``event`` at most ``seconds``; True when it is set."""
        return event.wait(seconds)
