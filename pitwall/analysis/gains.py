"""Where a lap gains and loses time, in stretches worth showing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis.signals import Floats

STEP_M = 15.0
SMOOTH_M = 90.0
ROUGH_SMOOTH_M = 500.0
"""Reconstructed times are too uncertain to say anything about shorter stretches."""
NOTICEABLE = 0.00035
"""Seconds gained or lost per metre from which a stretch is coloured: 0.035 s in 100 m."""
UNKNOWN = 9
"""Class of a stretch on which one of the laps was not seen."""


def gain_classes(
    s: Floats, behind: Floats, smooth_m: float = SMOOTH_M
) -> tuple[Floats, NDArray[np.int64]]:
    """Where time is gained (-1), lost (1), neither (0) or nobody knows (:data:`UNKNOWN`, from NaN):
    ``(metres, class)``, evenly spaced."""
    even = np.arange(float(s[0]), float(s[-1]), STEP_M)
    if len(even) < 3:
        return even, np.zeros(len(even), np.int64)
    half = max(1, round(smooth_m / STEP_M / 2))
    seen = np.isfinite(behind)
    values = np.interp(even, s[seen], behind[seen])
    padded = np.pad(values, half, mode="edge")
    rate = (padded[2 * half :] - padded[: -2 * half]) / (2 * half * STEP_M)
    classes = np.where(rate > NOTICEABLE, 1, np.where(rate < -NOTICEABLE, -1, 0))
    return even, np.where(np.isfinite(np.interp(even, s, behind)), classes, UNKNOWN)
