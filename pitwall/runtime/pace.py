"""How often pictures are made, and how fine: what gives way when the machine is busy.

Two things give way, in this order, and come back in the other: first there are fewer frames, then
the curves of old history are drawn from wider stretches. The data never does: all of it is written,
kept and timed whatever the window can paint, and no extreme is left out of a coarser picture.
"""

from __future__ import annotations

import statistics
from collections import deque
from enum import StrEnum

FASTEST_MS = 16
SLOWEST_MS = 200
"""Five pictures a second: fewer would no longer be live."""
SHARE = 2
"""A frame may take one part in so many of the time between two."""
COARSE = 4
"""Times wider, the stretches of old history."""
_LATELY = 9
_LEAST = 5
"""The middle one of so many frames counts, once there are so many: a first picture, or one that was
slow by chance, is no load."""


class Load(StrEnum):
    """What gives way at the moment."""

    NONE = "every change"
    FRAMES = "fewer frames"
    HISTORY = "fewer frames, coarser history"


class Pace:
    """Sets the time between frames by what they take. Used on the Qt thread only.

    Attributes:
        cost_ms: what a frame takes, of late.
        load: what gives way.
    """

    def __init__(self) -> None:
        self.cost_ms = 0.0
        self.load = Load.NONE
        self._frames: deque[float] = deque(maxlen=_LATELY)

    def frame(self, ms: float) -> None:
        """A frame took so long to prepare and to paint."""
        self._frames.append(ms)
        if len(self._frames) >= _LEAST:
            self.cost_ms = statistics.median(self._frames)
        wanted = SHARE * self.cost_ms
        if wanted > SLOWEST_MS:
            self.load = Load.HISTORY
        elif self.load is not Load.HISTORY or wanted < SLOWEST_MS / 2:
            # What has become coarse stays so until there is room enough: no flicker at the edge.
            self.load = Load.FRAMES if wanted > 2 * FASTEST_MS else Load.NONE

    @property
    def interval_ms(self) -> int:
        """Least time from one look at the data to the next."""
        if self.load is Load.NONE:
            return FASTEST_MS
        return round(min(max(SHARE * self.cost_ms, FASTEST_MS), SLOWEST_MS))

    @property
    def coarse(self) -> int:
        """How many times wider the stretches of old history are drawn."""
        return COARSE if self.load is Load.HISTORY else 1
