"""Playing the session back: the moment moves with the window's own clock. No Qt, no timer."""

from __future__ import annotations

import time
from collections.abc import Callable

from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.model import Workspace

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
FRAME_S = 0.03
"""Between two steps: every pane shows each of them."""
STALL_S = 0.5
"""A longer pause of the program is not jumped over."""

Edges = Callable[[], tuple[int, int]]
"""Oldest and newest event time there is."""


class Playback:
    """Moves the workspace's moment while it plays.

    Attributes:
        playing: whether it does.
        speed: event seconds per second; one of :data:`SPEEDS`.
    """

    def __init__(
        self,
        workspace: Workspace,
        edges: Edges,
        begin: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            workspace: whose moment moves.
            edges: see :data:`Edges`.
            begin: where playing begins when no moment of the past is shown.
            clock: seconds.
        """
        self.playing = False
        self.speed = 1.0
        self._workspace = workspace
        self._edges = edges
        self._begin = begin
        self._clock = clock
        self._at = 0.0
        self._moment = 0.0
        """Exact, where the workspace's is whole microseconds."""
        self._shown: int | None = None

    def toggle(self) -> None:
        """Play from the moment shown, or stay there."""
        if self.playing:
            self.playing = False
            return
        low, high = self._edges()
        view = self._workspace.view
        moment = view.moment if view.moment is not None else self._begin()
        if moment >= high:
            moment = low  # at the end there is nothing more to play
        self.playing = True
        self._at = self._clock()
        self._go(float(min(max(moment, low), high)))

    def step_speed(self, step: int) -> None:
        """So many speeds faster or slower."""
        at = SPEEDS.index(self.speed) + step
        self.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]

    def tick(self) -> bool:
        """A frame has gone by; True while it plays."""
        if not self.playing:
            return False
        view = self._workspace.view
        if view.moment is None:  # the user went live
            self.playing = False
            return False
        now = self._clock()
        gone = now - self._at
        if gone < FRAME_S:
            return True
        self._at = now
        if view.moment != self._shown:  # the user moved it
            self._moment = float(view.moment)
        to = self._moment + min(gone, STALL_S) * self.speed * SECOND_US
        _, high = self._edges()
        if to >= high:
            self.playing = False
            self._workspace.go_live()
            return False
        self._go(to)
        return True

    def _go(self, moment: float) -> None:
        self._moment, self._shown = moment, int(moment)
        self._workspace.scrub(self._shown)


def speed_text(speed: float) -> str:
    """``4×``, ``0.25×``."""
    return f"{speed:g}×"
