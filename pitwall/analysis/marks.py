"""Lap marks in a car's lap distance: where it starts anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis.signals import Floats, Times

_DROP = 0.5
"""A fall of lap distance by more than this part of its largest value is a new lap."""
_MIN_LAP_M = 300.0


@dataclass(frozen=True, slots=True)
class Mark:
    """One start of a lap as the car's own counter says.

    Attributes:
        t_us: estimated moment.
        length_m: lap distance reached at that moment, NaN when it cannot be told.
    """

    t_us: int
    length_m: float


def clean_distance(t: Times, d: Floats) -> NDArray[np.bool_]:
    """Which lap distances are believable: not the mean of both sides of the line, which some
    sources make when they merge samples."""
    keep = np.ones(len(d), np.bool_)
    if len(d) < 3:
        return keep
    peak = float(d.max())
    a, m, b = d[:-2], d[1:-1], d[2:]
    mixed = (a - b > 0.8 * peak) & (a - m > 0.2 * peak) & (m - b > 0.2 * peak)
    mixed &= t[2:] - t[:-2] < 5_000_000
    keep[1:-1] = ~mixed
    return keep


def distance_marks(t: Times, d: Floats, v: Floats, limit_us: int) -> list[Mark]:
    """Marks from cleaned lap distance ``d`` (metres) with speeds ``v`` (m/s), both float64[n]."""
    if len(d) < 2:
        return []
    peak = float(d.max())
    if peak < _MIN_LAP_M:
        return []
    fell = np.flatnonzero(d[:-1] - d[1:] > _DROP * peak)
    marks = []
    for i in fell.tolist():
        gap = int(t[i + 1] - t[i])
        if gap > limit_us or v[i + 1] < 1.0 or d[i + 1] > 0.3 * peak:
            continue
        since = float(d[i + 1] / v[i + 1])
        driven = gap / 1e6 * float(v[i] + v[i + 1]) / 2
        marks.append(Mark(int(t[i + 1]) - round(since * 1e6), float(d[i] + driven - d[i + 1])))
    return marks
