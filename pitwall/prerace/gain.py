"""A gain as it is told: seconds a lap with a 90 % interval, and how likely it is one at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pitwall.prerace.lap_track import Floats

Z90 = 1.6448536269514722
CLEAR_S = 0.05


@dataclass(frozen=True, slots=True)
class Gain:
    """Seconds a lap; positive is faster.

    Attributes:
        mean_s: expected.
        lo_s, hi_s: 5 % and 95 %.
        parameter_sd, model_sd: what the laps leave open, and how wrong the model may be.
        p_gain: probability that it is a gain at all.
        p_clear: probability that it is more than 0.05 s.
    """

    mean_s: float
    lo_s: float
    hi_s: float
    parameter_sd: float
    model_sd: float
    p_gain: float
    p_clear: float

    @property
    def sd(self) -> float:
        """Standard deviation of all of it."""
        return math.hypot(self.parameter_sd, self.model_sd)


def gain_of(paired_s: Floats, model_sd: float) -> Gain:
    """From paired draws (baseline minus candidate, float64[draws]) and the model's own error."""
    mean = float(np.mean(paired_s))
    spread = float(np.std(paired_s, ddof=1)) if len(paired_s) > 1 else 0.0
    return gain_with(mean, spread, model_sd)


def gain_with(mean: float, spread: float, model_sd: float) -> Gain:
    """From a mean and its two standard deviations."""
    sd = math.hypot(spread, model_sd)
    return Gain(
        mean,
        mean - Z90 * sd,
        mean + Z90 * sd,
        spread,
        model_sd,
        above(mean, sd, 0.0),
        above(mean, sd, CLEAR_S),
    )


def above(mean: float, sd: float, limit: float) -> float:
    """Probability that a normal number is above ``limit``; 0.5 for one that is exactly there."""
    if sd <= 0.0:
        return 0.5 if mean == limit else float(mean > limit)
    return 0.5 * math.erfc((limit - mean) / sd / math.sqrt(2.0))
