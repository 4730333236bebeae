"""What the window is given: the data it draws and the commands it may call.

The composition root fills this in; the window knows nothing of clouds, streams or files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from pitwall.analysis import Debrief, Timing
from pitwall.runtime import FrameStats, Health, HealthDetail
from pitwall.store import SessionStore
from pitwall.telemetry.clock import now_us


class Commands(Protocol):
    """What the window may ask for."""

    def cancel_history(self) -> None:
        """Stop loading the archive; what is loaded stays and live goes on."""

    def show_first(self, cars: frozenset[str]) -> None:
        """These cars are looked at: load theirs before others'."""


class NoCommands:
    """For windows over a file: there is nothing to cancel."""

    def cancel_history(self) -> None:
        """Nothing is being loaded."""

    def show_first(self, cars: frozenset[str]) -> None:
        """Nothing is being loaded."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a window needs.

    Attributes:
        store: the session's columns, ledger and holes.
        timing: the newest timing; None before the first. Called on the Qt thread, must be quick.
        health: the newest health; the same.
        detail: the health in full, gathered anew with each call; None where there is no source.
            Called on the Qt thread, once a second at most.
        commands: see :class:`Commands`.
        now_us: the server's clock as well as it is known, microseconds UTC.
        stats: where frame times and latencies are kept.
        debrief: the newest debrief; None before the first. As ``timing``.
    """

    store: SessionStore
    timing: Callable[[], Timing | None]
    health: Callable[[], Health]
    detail: Callable[[], HealthDetail | None] = lambda: None
    commands: Commands = field(default_factory=NoCommands)
    now_us: Callable[[], int] = now_us
    stats: FrameStats = field(default_factory=FrameStats)
    debrief: Callable[[], Debrief | None] = lambda: None
