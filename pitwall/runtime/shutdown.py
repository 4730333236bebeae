"""Stopping everything in a stated order, each step with a limit."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stopped:
    """How one step ended.

    Attributes:
        name: the step.
        ok: True when it ended within its limit and without an error.
        seconds: how long it took.
        error: the error's text, empty when there was none.
    """

    name: str
    ok: bool
    seconds: float
    error: str = ""


class Shutdown:
    """An ordered list of stop functions; a step that fails or hangs does not keep the others
    from running. Each function gets its limit in seconds, must keep to it, and returns False
    when it could not finish in time (None counts as done).
    """

    def __init__(self) -> None:
        self._steps: list[tuple[str, Callable[[float], bool | None], float]] = []

    def add(self, name: str, stop: Callable[[float], bool | None], limit_s: float) -> None:
        """Append a step; steps run in the order they were added."""
        self._steps.append((name, stop, limit_s))

    def run(self) -> tuple[Stopped, ...]:
        """Run every step once; a second call does nothing."""
        steps, self._steps = self._steps, []
        results = []
        for name, stop, limit_s in steps:
            started = time.monotonic()
            try:
                done = stop(limit_s) is not False
                error = "" if done else f"not finished within {limit_s:g} s"
            except Exception as caught:  # noqa: BLE001 - the later steps must still run
                done, error = False, str(caught) or type(caught).__name__
            if error:
                log.warning("shutdown: %s: %s", name, error)
            results.append(Stopped(name, done, time.monotonic() - started, error))
        return tuple(results)
