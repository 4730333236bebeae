"""Sector times on a lap's axis, and what the best parts of several laps make together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pitwall.analysis.laps import Lap
from pitwall.analysis.progress import LapAxis
from pitwall.analysis.signals import Floats

MINI_M = 150.0
"""Length of a mini-sector, about."""


@dataclass(frozen=True, slots=True)
class Part:
    """The best time over one part of the lap, and whose it is."""

    car: str
    lap: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Ideal:
    """The best parts of several laps put together.

    Attributes:
        seconds: their sum; None when some part was never driven whole.
        parts: the best of each, None where none is known.
    """

    seconds: float | None
    parts: tuple[Part | None, ...]


@dataclass(frozen=True, slots=True)
class Rolling:
    """The fastest way once round from anywhere: begun in one lap, perhaps ended in the next.

    Attributes:
        lap: the lap in which it begins.
        from_m: where it begins, in metres after the line.
        seconds: how long it took.
    """

    car: str
    lap: int
    from_m: float
    seconds: float


def mini_ends(length_m: float) -> tuple[float, ...]:
    """Ends of mini-sectors of equal length but the last, in metres."""
    n = max(round(length_m / MINI_M), 3)
    return tuple(length_m * i / n for i in range(1, n))


def split_times(axis: LapAxis, ends: Sequence[float], track_m: float) -> Floats:
    """Seconds in each part of a finished lap: float64[len(ends) + 1], which add up to the lap's
    time; NaN where a bound was not seen. ``ends`` are metres on a track of ``track_m``."""
    bounds = np.array([0.0, *ends, track_m]) * (axis.length_m / track_m)
    bounds[-1] = axis.length_m
    times: Floats = np.diff(axis.time_at(bounds))
    return times


def ideal(laps: Sequence[tuple[Lap, Floats]]) -> Ideal:
    """The best of each part over ``(lap, times of its parts)``."""
    if not laps:
        return Ideal(None, ())
    times = np.array([t for _, t in laps])
    filled = np.where(np.isfinite(times), times, np.inf)
    best = filled.argmin(axis=0)
    parts = tuple(
        Part(laps[i][0].car, laps[i][0].number, float(filled[i, k]))
        if np.isfinite(filled[i, k])
        else None
        for k, i in enumerate(best.tolist())
    )
    whole = bool(parts) and all(part is not None for part in parts)
    return Ideal(float(filled.min(axis=0).sum()) if whole else None, parts)


def rolling(laps: Sequence[tuple[Lap, Floats]], length_m: float) -> Rolling | None:
    """The fastest way once round over parts of equal length; ``laps`` are one car's, in order.
    A way through a lap that is not counted, or a part not seen, is none."""
    found: Rolling | None = None
    before: tuple[Lap, Floats] | None = None
    for lap, times in laps:
        n = len(times)
        options = [(0, float(times.sum()), lap)]
        if before is not None and before[0].number + 1 == lap.number and len(before[1]) == n:
            tail = np.cumsum(before[1][::-1])[::-1]
            head = np.cumsum(times)
            options += [(k, float(tail[k] + head[k - 1]), before[0]) for k in range(1, n)]
        for k, seconds, first in options:
            if np.isfinite(seconds) and (found is None or seconds < found.seconds):
                found = Rolling(lap.car, first.number, length_m * k / n, seconds)
        before = (lap, times)
    return found
