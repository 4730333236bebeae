"""Frame times and publish-to-pixel latency of the recent past."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass

from pitwall.runtime.pace import Pace

RECENT = 300


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and 95th percentile of ``count`` measurements, in milliseconds."""

    p50: float
    p95: float
    count: int


class FrameStats:
    """Durations of frames and ages of what they showed; used on the Qt thread only.

    Attributes:
        frames: frames painted since the start.
        pace: how often there may be one.
    """

    def __init__(self, keep: int = 2000) -> None:
        self.frames = 0
        self.pace = Pace()
        self._frame_ms: deque[float] = deque(maxlen=keep)
        self._latency_ms: deque[float] = deque(maxlen=keep)
        self._work_ms = 0.0
        self._shown_us = 0

    def add_work(self, ms: float) -> None:
        """Time spent preparing the next frame; counted with it."""
        self._work_ms += ms

    def add_frame(self, paint_ms: float) -> None:
        """One frame was painted in ``paint_ms`` milliseconds."""
        self.frames += 1
        self._frame_ms.append(paint_ms + self._work_ms)
        self.pace.frame(paint_ms + self._work_ms)
        self._work_ms = 0.0

    def add_shown(self, newest_us: int, now_us: int) -> None:
        """A frame that showed data due up to ``newest_us`` was on screen at ``now_us`` (both by the
        service's clock); counted once for each advance of the newest data."""
        if newest_us > self._shown_us:
            self._shown_us = newest_us
            self._latency_ms.append((now_us - newest_us) / 1000)

    @property
    def frame_ms(self) -> Spread:
        """Preparation and painting of one frame."""
        return _spread(self._frame_ms)

    @property
    def recent_ms(self) -> Spread:
        """As :attr:`frame_ms`, of the last few hundred frames: what the user feels now."""
        return _spread(list(self._frame_ms)[-RECENT:])

    def newest_ms(self, count: int) -> tuple[float, ...]:
        """The newest frames, oldest first."""
        return tuple(self._frame_ms)[-count:]

    @property
    def latency_ms(self) -> Spread:
        """From the last sample of the newest chunk to its picture."""
        return _spread(self._latency_ms)


def _spread(values: Collection[float]) -> Spread:
    if not values:
        return Spread(0.0, 0.0, 0)
    import numpy as np  # not before there are frames: the start window opens without it

    p50, p95 = np.percentile(np.fromiter(values, float, len(values)), (50, 95))
    return Spread(float(p50), float(p95), len(values))
