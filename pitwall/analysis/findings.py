"""What the coach says, of which laps, and when it says nothing: the values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis.corners import Corner
from pitwall.analysis.passages import LapPassages, Measure
from pitwall.analysis.signals import Floats

LEAST_LAPS = 5
LEAST_GAIN_S = 0.03
LEAST_SPEED_MS = 0.28
"""1 km/h: less is nothing to aim at."""
SEED = 20250906
"""Of the draws of chance: the same laps give the same words."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to change, or to keep.

    Attributes:
        corner: where.
        measure: what to change; None where nothing that is measured explains the time.
        change: by how much: metres (places; later is positive) or m/s.
        gain_s: seconds a lap to gain; below 0 of a strength.
        low_s, high_s: 90 % interval of it.
        laps: passages that this rests on.
        usual: how many of them are on the slower (of a strength: quicker) side.
        shown_on: laps on which the driver did it himself; empty against another car.
        against: the other car; empty among the driver's own laps.
        typical, target: the measure as usual, and as it would be; metres before the apex for
            places, m/s for speeds; NaN without a measure.
        p: probability that chance finds something like it anywhere on the lap.
    """

    corner: Corner
    measure: Measure | None
    change: float
    gain_s: float
    low_s: float
    high_s: float
    laps: int
    usual: int
    shown_on: tuple[int, ...]
    against: str
    typical: float
    target: float
    p: float


@dataclass(frozen=True, slots=True)
class Silence:
    """Why nothing is said: of a corner, or of the whole lap (``corner`` is None)."""

    reason: str
    corner: Corner | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """What there is to say to one car's driver.

    Attributes:
        car: which.
        lap: number of the newest lap that counts in it; -1 without one.
        laps: numbers of the laps that it rests on.
        findings: most time first, at most three.
        strengths: most time first, at most three.
        silences: why something, or everything, is not said.
    """

    car: str
    lap: int
    laps: tuple[int, ...]
    findings: tuple[Finding, ...] = ()
    strengths: tuple[Finding, ...] = ()
    silences: tuple[Silence, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Stint:
    """Laps of one car to be judged.

    Attributes:
        car: which.
        laps: in order, those that count.
        held_up: bool[laps, corners], where another car was close ahead.
        spacing_m: metres between samples at full speed, by measure; infinite where it is not
            measured.
    """

    car: str
    laps: tuple[LapPassages, ...]
    held_up: NDArray[np.bool_]
    spacing_m: Mapping[Measure, float]

    def table(self, measure: Measure) -> Floats:
        """float64[laps, corners], NaN where the passage does not count."""
        values = np.array([lap.of(measure) for lap in self.laps])
        seen = np.array([lap.seen for lap in self.laps])
        return np.where(seen & ~self.held_up, values, np.nan)
