"""Calls that are made again while what kept them may pass."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import TypeVar

from pitwall.cloud.faults import explain, is_passing
from pitwall.stream import Fault, Pace, Retryable, Throttled, Time
from pitwall.telemetry import Failure

T = TypeVar("T")
_PACE = Pace(backoff=0.25, backoff_most=10.0)


class Stopped(Exception):
    """The follower was told to stop."""


class Patience:
    """Tries again until it works, cannot work, or stop is set.

    Args:
        time, rng: clocks and jitter.
        stop: ends every wait.
        on_wait: told why there is a wait, in one line, and how many tries were in vain; nothing
            and 0 when one has succeeded after all.
    """

    def __init__(
        self,
        time: Time,
        rng: random.Random,
        stop: threading.Event,
        on_wait: Callable[[str, int], None],
    ) -> None:
        self._time = time
        self._rng = rng
        self._stop = stop
        self._on_wait = on_wait

    def __call__(self, call: Callable[[], T]) -> T:
        """Raises Failure (one clear line) for what no waiting mends, Stopped when told to."""
        attempt = 0
        while not self._stop.is_set():
            try:
                value = call()
            except Fault as fault:
                if not isinstance(fault, Retryable | Throttled):
                    raise Failure(told(fault)) from fault
                reason = told(fault)
            except Failure as failure:
                if failure.__cause__ is None or not is_passing(failure.__cause__):
                    raise
                reason = str(failure)
            else:
                if attempt:
                    self._on_wait("", 0)
                return value
            attempt += 1
            self._on_wait(reason, attempt)
            self._time.wait(self._stop, _PACE.after_fault(attempt, self._rng))
        raise Stopped


def told(fault: Fault) -> str:
    """One line for the user: the service's error explained, where there is one."""
    return explain(fault.__cause__) if fault.__cause__ is not None else str(fault)
