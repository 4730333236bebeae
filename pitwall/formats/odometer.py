"""Distance driven since the start of a file, from lap distance and position fixes."""

from __future__ import annotations

import math
from dataclasses import dataclass

_EARTH_M = 6_371_000.0
_MAX_SOFT = 24
"""After this many stamps without lap distance the fixes count."""
_MAX_CHORD_M = 150.0
"""Fixes further apart say little about the way between them."""
_LENGTHS = 9
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

    The lap distance is smooth, but jumps at the line, sometimes misses, and is a mixture of both
    sides of the line when several samples were merged into one stamp; a position fix tells which.
    So a step counts by lap distance where the straight line between the fixes agrees with it, by
    the fixes where it does not. Fixes lie a few metres off the lap distance of the same stamp;
    where only they are known, the way is good enough to place a sample ("soft"), not to count on.

    Attributes:
        wraps: times the line was crossed.
        broken: set when a step could not be told and is missing in the way; whoever reads it
            resets it.
    """

    def __init__(self) -> None:
        self.wraps = 0
        self.broken = False
        self._firm = 0.0
        self._distance: tuple[float, float] | None = None  # lap distance, way there
        self._fix: tuple[float, float, float] | None = None  # latitude, longitude, way there
        self._soft = 0
        self._far = False
        self._peak = 0.0
        self._lengths: list[float] = []

    def add(
        self, distance: float | None, latitude: float | None, longitude: float | None
    ) -> tuple[float, bool] | None:
        """Way in metres at a stamp with these values and whether it is firm; None when they say
        nothing about it. Firm ways never fall."""
        by_distance: float | None = None
        by_fix: float | None = None
        step = away = 0.0
        if distance is not None and self._distance is not None:
            step = distance - self._distance[0]
            by_distance = self._distance[1] + step
        if latitude is not None and longitude is not None and self._fix is not None:
            away = chord(self._fix[0], self._fix[1], latitude, longitude)
            since = by_distance if by_distance is not None and step >= 0 else self._firm
            if away < _MAX_CHORD_M and since - self._fix[2] < 2 * _MAX_CHORD_M:
                by_fix = self._fix[2] + away
        way = self._choose(by_distance, by_fix, step, away)
        firm = distance is not None and way is not None
        if way is None:
            way = self._begin(distance, latitude is not None and longitude is not None)
            if way is None:
                return None
            firm = True
        self._soft = 0 if firm else self._soft + 1
        firm = firm or self._soft > _MAX_SOFT
        if firm:
            way = self._firm = max(self._firm, way)
        if distance is not None:
            self._count(distance, way, sure=by_fix is not None)
            self._distance = (distance, way)
        if latitude is not None and longitude is not None:
            self._fix = (latitude, longitude, way)
        return way, firm

    def _begin(self, distance: float | None, fixed: bool) -> float | None:
        """Way at the first value of a kind; a lap distance that is not believed starts anew."""
        new = (distance is not None and self._distance is None) or (fixed and self._fix is None)
        if not new and distance is not None:
            self._distance = (distance, self._firm)
            self.broken = True
        return self._firm if new else None

    def _choose(
        self, by_distance: float | None, by_fix: float | None, step: float, away: float
    ) -> float | None:
        if by_distance is not None and by_fix is not None:
            # Fix and lap distance in one stamp may be means over different samples: 12 m apart
            # at racing speed; a chord is up to a tenth shorter than the bend it spans.
            return by_distance if abs(by_distance - by_fix) <= 12 + 0.12 * away else by_fix
        if by_distance is None:
            return by_fix
        if 0 <= step < _MAX_STEP_M:
            return by_distance
        length = self._length()
        if length and 0 <= step + length < _MAX_STEP_M:
            return by_distance + length
        return None

    def _length(self) -> float:
        """Lap distance of one lap: the median of those whose end was seen with fixes, else the
        largest lap distance."""
        if self._lengths:
            return sorted(self._lengths)[len(self._lengths) // 2]
        return self._peak if self.wraps else 0.0

    def _count(self, distance: float, way: float, *, sure: bool) -> None:
        """Count line crossings: from the far part of the lap to its beginning. ``sure`` says that
        the way since the last lap distance was told by fixes."""
        self._peak = max(self._peak, distance)
        if distance > 0.5 * self._peak:
            self._far = True
        elif self._far and distance < 0.25 * self._peak:
            self._far = False
            self.wraps += 1
            before = self._distance
            if before is not None and sure and before[0] > 0.9 * self._peak:
                self._lengths.append(before[0] + way - before[1] - distance)
                del self._lengths[:-_LENGTHS]


def chord(lat0: float, lon0: float, lat1: float, lon1: float) -> float:
    """Straight distance in metres between two nearby positions in degrees."""
    dy = math.radians(lat1 - lat0)
    dx = math.radians(lon1 - lon0) * math.cos(math.radians(lat0))
    return _EARTH_M * math.hypot(dx, dy)
