"""Lap times over fuel, tyre age and setup: what a lap costs for each kilogramme, lap and change.

Within a stint fuel falls exactly as the tyres age, so that lap times alone cannot tell the two
apart: the simulator's seconds per kilogramme stand as prior, and the answer says which numbers the
laps themselves told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.prerace.lap_track import Floats
from pitwall.telemetry import BadInput

FUEL_SD = 0.2
"""Part by which the simulator's seconds per kilogramme may be off."""
AGE_SD = 0.15
"""s for each lap: how far a tyre's ageing may be from none before any lap is seen."""
COLD_SD = 1.0
"""s: what fresh tyres may cost or gain, going with exp(-age)."""
EVOLUTION_SD = 1.0
"""s an hour by which the track may get faster or slower."""
SEEN = 0.5
_FLOOR_S = 0.03
_HUBER = 1.5


@dataclass(frozen=True, slots=True)
class TimedLap:
    """A lap as the regression wants it.

    Attributes:
        time_s: lap time.
        fuel_kg: fuel at its start.
        age: laps on the tyres.
        hour: hours since the session's start.
        setup: which setup it was driven with: any key.
    """

    time_s: float
    fuel_kg: float
    age: float
    hour: float
    setup: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class LapModel:
    """The regression's answer.

    Attributes:
        names: of the numbers, k: one ``base <setup>`` for each setup, then ``fuel`` (s/kg),
            ``age`` (s for each lap), ``fresh`` (s on new tyres), ``evolution`` (s an hour).
        values, sd: float64[k].
        seen: bool[k], whether laps told it; else it is what was believed before.
        covariance: float64[k, k].
        scatter_s: standard deviation of the laps about the model: the driver's.
        laps: how many laps.
    """

    names: tuple[str, ...]
    values: Floats
    sd: Floats
    seen: NDArray[np.bool_]
    covariance: Floats
    scatter_s: float
    laps: int

    def value(self, name: str) -> float:
        """One of the numbers. Raises KeyError."""
        return float(self.values[self._at(name)])

    def difference(self, setup: str, other: str) -> tuple[float, float]:
        """Seconds by which laps with ``other`` are faster than with ``setup``, like for like, and
        the standard deviation. Raises KeyError for a setup without laps."""
        i, j = self._at(f"base {setup}"), self._at(f"base {other}")
        c = self.covariance
        variance = float(c[i, i] + c[j, j] - 2 * c[i, j])
        return float(self.values[i] - self.values[j]), max(variance, 0.0) ** 0.5

    def _at(self, name: str) -> int:
        try:
            return self.names.index(name)
        except ValueError:
            raise KeyError(name) from None


def fit_laps(laps: Sequence[TimedLap], seconds_per_kg: float = 0.03) -> LapModel:
    """Robust regression of ``laps``; ``seconds_per_kg`` is what the simulator says of fuel.

    A lap whose fuel is not known (NaN) counts as the others' mean. Raises BadInput for fewer than
    three laps.
    """
    known = [lap for lap in laps if np.isfinite(lap.time_s)]
    if len(known) < 3:
        raise BadInput(f"{len(known)} laps: a regression needs at least 3")
    setups = list(dict.fromkeys(lap.setup for lap in known))
    fuel = np.array([lap.fuel_kg for lap in known])
    mean_fuel = float(np.nanmean(fuel)) if np.isfinite(fuel).any() else 0.0
    fuel = np.where(np.isfinite(fuel), fuel, mean_fuel) - mean_fuel
    age = np.array([lap.age for lap in known], np.float64)
    hour = np.array([lap.hour for lap in known])
    columns = np.stack(
        [
            *(np.array([lap.setup == s for lap in known], np.float64) for s in setups),
            fuel,
            age,
            np.exp(-age),
            hour - hour.mean(),
        ],
        axis=1,
    )
    times = np.array([lap.time_s for lap in known])
    middle = float(np.median(times))
    names = (*(f"base {s}" for s in setups), "fuel", "age", "fresh", "evolution")
    prior = np.array([*[0.0] * len(setups), seconds_per_kg, 0.0, 0.0, 0.0])
    prior_sd = np.array(
        [
            *[5.0 + 0.05 * middle] * len(setups),
            max(FUEL_SD * abs(seconds_per_kg), 1e-6),
            AGE_SD,
            COLD_SD,
            EVOLUTION_SD,
        ]
    )
    theta = prior.copy()
    weight = np.ones(len(known))
    scale = 1.0
    precision = np.diag(prior_sd**-2)
    for _ in range(20):
        residual = times - middle - columns @ theta
        freedom = max(len(known) - len(setups) - 1, 1) / len(known)
        spread = 1.4826 * float(np.median(np.abs(residual))) / freedom**0.5
        scale = max(spread, _FLOOR_S)
        weight = np.minimum(1.0, _HUBER * scale / np.maximum(np.abs(residual), 1e-12))
        normal = (columns.T * weight) @ columns / scale**2 + precision
        wanted = (columns.T * weight) @ (times - middle) / scale**2 + precision @ prior
        theta = np.linalg.solve(normal, wanted)
    covariance = np.linalg.inv(normal)
    sd = np.sqrt(np.diag(covariance))
    values = theta.copy()
    values[: len(setups)] += middle
    return LapModel(names, values, sd, sd <= SEEN * prior_sd, covariance, scale, len(known))
