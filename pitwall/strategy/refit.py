"""Pace and wear of a car, learnt lap by lap from the timing: a filter that forgets.

State: the lap on new tyres without fuel, and the seconds that a lap more on the tyres costs. Each
counted lap is an observation; both may drift so much that some thirty laps are remembered; a stop
sets the tyres' age to nought and leaves the state as it is. When the laps scatter more than was
expected the band widens at once, and a single lap far off (a caution, traffic) hardly counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pitwall.strategy.race import Floats
from pitwall.telemetry import BadInput

MEMORY = 30
WEAR_SD = 0.1
"""s for each lap: what is believed of wear before a lap is seen."""
FIRST_SD = 0.3
_HUBER = 2.0
_LEAST_SD = 0.02
_IN_A_ROW = 2
_FIRST_LAPS = 6.0
"""Laps that the first guess of the scatter counts for."""


@dataclass(frozen=True, slots=True)
class RacedLap:
    """One lap of the race.

    Attributes:
        lap: its number.
        time_s: its time.
        age: laps on the tyres at its start.
        fuel_kg: fuel at its start; NaN where it is not measured.
        counts: False for laps into and out of the lane, the first, and those under caution.
    """

    lap: int
    time_s: float
    age: int
    fuel_kg: float
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Pace:
    """What is known of a car's pace after its newest lap.

    Attributes:
        base_s, wear_s: lap time on new tyres (at ``fuel_kg``), and what each lap of age adds.
        base_sd, wear_sd: standard deviations.
        correlation: between them.
        lap_sd_s: scatter of the laps about it.
        laps: how many counted.
        fuel_kg: fuel that ``base_s`` is for; 0 where fuel is not measured.
        per_kg_s: what a kilogramme was taken to cost.
        seen: whether the laps told the wear, or it is what was believed before.
    """

    base_s: float
    wear_s: float
    base_sd: float
    wear_sd: float
    correlation: float
    lap_sd_s: float
    laps: int
    fuel_kg: float
    per_kg_s: float
    seen: bool

    def lap_s(self, age: float, fuel_kg: float) -> float:
        """The lap that is expected."""
        return self.base_s + self.wear_s * age + self.per_kg_s * (fuel_kg - self.fuel_kg)


def refit(laps: Sequence[RacedLap], per_kg_s: float = 0.03) -> Pace:
    """The pace after all ``laps``, in order. Raises BadInput when fewer than two laps count."""
    counted = [lap for lap in laps if lap.counts and np.isfinite(lap.time_s)]
    if len(counted) < 2:
        raise BadInput(f"{len(counted)} laps at racing speed: the pace needs at least 2")
    fuels = [lap.fuel_kg for lap in counted if np.isfinite(lap.fuel_kg)]
    reference = fuels[-1] if fuels else 0.0
    cost = per_kg_s if fuels else 0.0
    first = float(np.median([lap.time_s for lap in counted[: min(len(counted), 5)]]))
    state = np.array([first, 0.0])
    covariance = np.diag([25.0, WEAR_SD**2])
    scatter = _first_scatter([lap.time_s for lap in counted])
    weight = _FIRST_LAPS
    missed, last = 0, 0.0
    previous = counted[0].lap
    for lap in counted:
        passed = max(lap.lap - previous, 1)
        previous = lap.lap
        drift = scatter / MEMORY**2 * passed
        covariance = covariance + np.diag([drift, drift / MEMORY])
        fuel = lap.fuel_kg if np.isfinite(lap.fuel_kg) else reference
        row = np.array([1.0, float(lap.age)])
        off = lap.time_s - cost * (fuel - reference) - float(row @ state)
        known = float(row @ covariance @ row)
        size = off / float(np.sqrt(known + scatter))
        missed = missed + 1 if size * np.sign(last) > _HUBER else 0
        last = off
        if missed >= _IN_A_ROW:
            # one lap far off is a mistake, several alike are a new pace
            covariance = covariance + np.diag([off**2, 0.0])
            known, size, missed = known + off**2, 0.0, 0
        part = min(1.0, _HUBER / max(abs(size), 1e-9))
        gain = covariance @ row / (known + scatter / part)
        state = state + gain * off
        covariance = covariance - np.outer(gain, row @ covariance)
        # the share of the miss that the state's own uncertainty does not explain is the scatter's
        share = scatter / (known + scatter)
        scatter += share * (max(off**2 * part * share, _LEAST_SD**2) - scatter) / (weight + 1)
        weight = min(weight + share, MEMORY)
    sd = np.sqrt(np.diag(covariance))
    return Pace(
        float(state[0]),
        float(state[1]),
        float(sd[0]),
        float(sd[1]),
        float(covariance[0, 1] / (sd[0] * sd[1])),
        float(np.sqrt(max(scatter, _LEAST_SD**2))),
        len(counted),
        reference,
        cost,
        bool(sd[1] <= 0.5 * WEAR_SD),
    )


def _first_scatter(times: Sequence[float]) -> float:
    """Variance from lap to lap by neighbouring laps, in which fuel and wear hardly show; what is
    usual counts for a few laps beside it."""
    if len(times) < 3:
        return FIRST_SD**2
    steps = np.abs(np.diff(np.array(times)))
    seen = (1.4826 * float(np.median(steps))) ** 2 / 2
    n = len(steps)
    return float((n * max(seen, _LEAST_SD**2) + 3 * FIRST_SD**2) / (n + 3))


@dataclass(frozen=True, slots=True)
class Burn:
    """Fuel for a lap at racing speed, and its scatter from lap to lap; ``sd_kg`` is of the mean."""

    per_lap_kg: float
    scatter_kg: float
    sd_kg: float
    laps: int


def burn_of(laps: Sequence[RacedLap]) -> Burn | None:
    """From the fuel at the starts of neighbouring laps; None where it is not measured."""
    used: list[float] = []
    for a, b in zip(laps[:-1], laps[1:], strict=True):
        drop = a.fuel_kg - b.fuel_kg
        if b.lap == a.lap + 1 and a.counts and np.isfinite(drop) and drop > 0:
            used.append(drop)
    if not used:
        return None
    drops: Floats = np.array(used[-MEMORY:])
    scatter = float(drops.std(ddof=1)) if len(drops) > 2 else 0.05 * float(drops.mean())
    return Burn(float(drops.mean()), scatter, scatter / float(np.sqrt(len(drops))), len(drops))
