"""Time difference between two laps at equal progress."""

from __future__ import annotations

import numpy as np

from pitwall.analysis.progress import LapAxis
from pitwall.analysis.signals import Floats

GRID_M = 2.0


def grid(length_m: float) -> Floats:
    """Parts of a lap, 0..1, about 2 m apart: the same for every lap of a length."""
    return np.linspace(0.0, 1.0, max(round(length_m / GRID_M), 1) + 1)


def delta(lap: LapAxis, ref: LapAxis) -> tuple[Floats, Floats]:
    """``(s, delta_s)``: metres on the reference lap, and seconds that ``lap`` is behind ``ref``
    there (negative: ahead); NaN beyond what either has driven.

    Laps of different length are compared at equal parts of their length. The difference of a lap
    to itself is 0 everywhere, swapping laps changes the sign, and at the end of two whole laps it
    is the difference of the lap times.
    """
    parts = grid(max(lap.length_m, ref.length_m))
    seconds = lap.time_at(parts * lap.length_m)
    reference = ref.time_at(parts * ref.length_m)
    return parts * ref.length_m, seconds - reference


def live_delta_us(lap: LapAxis, ref: LapAxis) -> int | None:
    """How much the lap being driven is behind ``ref`` at its newest progress, microseconds; None
    where it, or ``ref`` there, is not known, and on a lap with a hole."""
    if lap.blind or lap.carried:
        return None
    part = float(lap.s[-1]) / lap.length_m
    reference = float(ref.time_at(np.array([part * ref.length_m]))[0])
    if not np.isfinite(reference):
        return None
    return int(lap.t[-1] - lap.t[0]) - round(reference * 1e6)
