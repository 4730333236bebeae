"""Distance driven since the start of a file, from lap distance and position fixes."""

from __future__ import annotations

import math
from dataclasses import dataclass

_EARTH_M = 6_371_000.0
_MAX_STEP_M = 600.0
"""A longer step between two lap distances is not believed without a position fix."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """All channels of one car that share one time stamp.

    Attributes:
        receipt_us: when the row arrived.
        event_us: the producer's stamp, None when the file has only receipt times.
        values: logger channel name -> value.
        lap: lap number that came with the row, None when it had none.
    """

    receipt_us: int
    event_us: int | None
    values: dict[str, float]
    lap: int | None = None


class Odometer:
    """Adds up the way driven.

    The lap distance jumps at the line, sometimes misses, and is a mixture of both sides of the
    line when several samples were merged into one stamp; a position fix tells which. So a step
    counts by lap distance where the straight line between the fixes agrees with it, by the fixes
    where it does not, and by lap distance alone where there is no fix.
    """

    def __init__(self) -> None:
        self.way = 0.0
        self.wraps = 0
        self._distance: tuple[float, float] | None = None  # lap distance, way there
        self._fix: tuple[float, float, float] | None = None  # latitude, longitude, way there
        self._far = False
        self._peak = 0.0
        self._length = 0.0

    def add(
        self, distance: float | None, latitude: float | None, longitude: float | None
    ) -> float | None:
        """Way in metres at a stamp with these values; None when they say nothing about it."""
        by_distance: float | None = None
        by_fix: float | None = None
        step = 0.0
        if distance is not None and self._distance is not None:
            step = distance - self._distance[0]
            by_distance = self._distance[1] + step
        fixed = latitude is not None and longitude is not None
        if latitude is not None and longitude is not None and self._fix is not None:
            by_fix = self._fix[2] + chord(self._fix[0], self._fix[1], latitude, longitude)
        way = self._choose(by_distance, by_fix, step)
        if way is None:
            first = (distance is not None and self._distance is None) or (
                fixed and self._fix is None
            )
            if not first:
                if distance is not None:
                    # Not believable from here; the next one may be, from this one on.
                    self._distance = (distance, self.way)
                return None
            way = self.way
        self.way = max(self.way, way)
        if distance is not None:
            self._count(distance)
            self._distance = (distance, self.way)
        if latitude is not None and longitude is not None:
            self._fix = (latitude, longitude, self.way)
        return self.way

    def _choose(self, by_distance: float | None, by_fix: float | None, step: float) -> float | None:
        if by_distance is not None and by_fix is not None:
            # Fix and lap distance in one stamp may be means over different samples: 12 m apart
            # at racing speed; a chord is up to a tenth shorter than the bend it spans.
            away = by_fix - (self._fix[2] if self._fix else self.way)
            return by_distance if abs(by_distance - by_fix) <= 12 + 0.12 * away else by_fix
        if by_fix is not None:
            return by_fix
        if by_distance is None:
            return None
        if 0 <= step < _MAX_STEP_M:
            return by_distance
        if self._length and 0 <= step + self._length < _MAX_STEP_M:
            return by_distance + self._length
        return None

    def _count(self, distance: float) -> None:
        """Count line crossings: from the far part of the lap to its beginning."""
        self._peak = max(self._peak, distance)
        if distance > 0.5 * self._peak:
            self._far = True
        elif self._far and distance < 0.25 * self._peak:
            self._far = False
            self.wraps += 1
            self._length = self._peak


def chord(lat0: float, lon0: float, lat1: float, lon1: float) -> float:
    """Straight distance in metres between two nearby positions in degrees."""
    dy = math.radians(lat1 - lat0)
    dx = math.radians(lon1 - lon0) * math.cos(math.radians(lat0))
    return _EARTH_M * math.hypot(dx, dy)
