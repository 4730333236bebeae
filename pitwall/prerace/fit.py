"""Calibration: what a car must be like for the model to drive the laps that were driven.

Fitted are factors on groups of the car's numbers, on the whole speed trace and not on the lap time,
in which errors cancel. A factor that the laps do not tell is said not to be seen: then it stays
what the car's file says, and the answer carries the file's uncertainty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.prerace.conditions import Conditions
from pitwall.prerace.lap import simulate
from pitwall.prerace.lap_track import Floats, LapTrack
from pitwall.prerace.vehicle import Vehicle, value_at, with_values
from pitwall.telemetry import BadInput

POINTS_PER_SAMPLE = 40
"""Residuals of neighbouring points are alike: so many points say as much as one of their own."""
SEEN = 0.5
"""A factor is seen when its deviation is at most this part of what it was before."""
_ROUNDS = 24
_STEP = 0.01
_LARGEST = 0.12
_SETTLED = 0.1
"""A step of this part of the factors' own noise changes nothing."""
_HUBER = 1.5
_LEAST_MS = 0.05
_PART_KNOWN = 0.5


@dataclass(frozen=True, slots=True)
class Unknown:
    """A factor to be found.

    Attributes:
        name: as in the result.
        paths: the car's numbers that it multiplies; those a car does not have are left out.
        sd: how far off the car's file may be, as standard deviation of the factor's logarithm.
        inverse: numbers that it divides.
    """

    name: str
    paths: tuple[str, ...]
    sd: float
    inverse: tuple[str, ...] = ()


GRIP = Unknown("grip", ("front.mu_x", "front.mu_y", "rear.mu_x", "rear.mu_y"), 0.15)
DRAG = Unknown("drag", ("aero.drag_m2",), 0.15)
DOWNFORCE = Unknown("downforce", ("aero.front_m2", "aero.rear_m2"), 0.2)
POWER = Unknown("power", ("power_scale",), 0.1)
BRAKING = Unknown("braking", ("driver.braking",), 0.1)
"""The driver's, not the car's: how much of the possible braking is used."""
TRACTION = Unknown("traction", ("driver.traction",), 0.1)
"""The driver's as well: how early the throttle is open."""
BALANCE = Unknown("balance", ("front.mu_x", "front.mu_y"), 0.03, inverse=("rear.mu_x", "rear.mu_y"))
"""Front grip over rear grip; speeds hardly tell it, drivers do."""
UNKNOWNS = (GRIP, DRAG, DOWNFORCE, POWER)
WITH_DRIVER = (*UNKNOWNS, BRAKING, TRACTION, BALANCE)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A calibrated car.

    Attributes:
        car: the car with the factors in it.
        unknowns: what was fitted, k of them.
        factors: float64[k].
        sd: float64[k], standard deviations of the factors' logarithms, of noise alone: that the
            model itself is wrong is not in them.
        correlation: float64[k, k].
        seen: bool[k], whether the laps told it.
        residual_ms: RMS of measured minus modelled speed.
        measured_ms: float64[n], the speed that was fitted, NaN where no lap is known.
        modelled_ms: float64[n], the fitted car's.
        laps: how many laps.
        settled: whether the last step was small.
    """

    car: Vehicle
    unknowns: tuple[Unknown, ...]
    factors: Floats
    sd: Floats
    correlation: Floats
    seen: NDArray[np.bool_]
    residual_ms: float
    laps: int
    settled: bool
    measured_ms: Floats
    modelled_ms: Floats

    @property
    def covariance(self) -> Floats:
        """float64[k, k], of the factors' logarithms."""
        return np.asarray(self.correlation * np.outer(self.sd, self.sd))

    def indistinct(self, limit: float = 0.9) -> tuple[tuple[str, str], ...]:
        """Pairs that these laps do not tell from each other."""
        k = len(self.unknowns)
        return tuple(
            (self.unknowns[i].name, self.unknowns[j].name)
            for i in range(k)
            for j in range(i + 1, k)
            if abs(self.correlation[i, j]) > limit
        )


def fit_car(
    car: Vehicle,
    track: LapTrack,
    speeds: Sequence[Floats],
    conditions: Conditions | None = None,
    unknowns: tuple[Unknown, ...] = UNKNOWNS,
    start: Mapping[str, float] | None = None,
    quantile: float = 0.5,
) -> Fit:
    """Find the factors by which the model drives ``speeds``: one array of m/s for each lap at the
    track's points, NaN where a lap is not known.

    Gauss-Newton with Huber's weights on the laps' median, which a single lap's mistakes do not
    move (or another ``quantile`` of them); the car's file is the prior. ``start`` gives factors by
    name to begin at, which saves rounds and does not change the answer. Raises BadInput when no
    lap is known over half of the track.
    """
    n = len(track.curvature)
    known = [np.asarray(s, np.float64) for s in speeds if len(s) == n]
    known = [s for s in known if np.isfinite(s).mean() >= _PART_KNOWN]
    if not known or not unknowns:
        raise BadInput(
            f"calibration on {track.name}: needs a lap with the speed at half of its {n} points, "
            "and something to find"
        )
    laps = np.stack(known)
    use: NDArray[np.bool_] = np.asarray(np.isfinite(laps).any(axis=0))
    wanted = np.nanquantile(laps[:, use], quantile, axis=0)
    day = Conditions() if conditions is None else conditions
    prior = np.array([u.sd for u in unknowns])
    begin = {} if start is None else start
    theta = np.log([begin.get(u.name, 1.0) for u in unknowns])
    settled = False
    best: tuple[float, Floats] | None = None
    step = np.zeros(len(unknowns))
    scale = math.inf
    for _ in range(_ROUNDS):
        residual, slopes = _linear(car, track, day, unknowns, theta, wanted, use)
        weight, now = _weights(residual)
        # one scale for all rounds that are compared: the smallest so far
        scale = min(scale, now)
        cost = _cost(residual, scale, theta / prior)
        if best is not None and cost > _cost(best[1], scale, (theta - step) / prior):
            # what limits the car changes from point to point: the straight way went too far
            theta, step = theta - step / 2, step / 2
        else:
            best = cost, residual
            normal = (slopes.T * weight) @ slopes / now**2 / POINTS_PER_SAMPLE
            pull = (slopes.T * weight) @ residual / now**2 / POINTS_PER_SAMPLE - theta / prior**2
            step = np.linalg.solve(normal + np.diag(prior**-2), pull)
            step *= min(1.0, _LARGEST / max(float(np.abs(step).max()), 1e-12))
            spread = np.sqrt(np.diag(np.linalg.inv(normal + np.diag(prior**-2))))
            theta = theta + step
        if float(np.abs(step / spread).max()) < _SETTLED:
            settled = True
            break
    residual, slopes = _linear(car, track, day, unknowns, theta, wanted, use)
    weight, scale = _weights(residual)
    normal = (slopes.T * weight) @ slopes / scale**2 / POINTS_PER_SAMPLE
    covariance = np.linalg.inv(normal + np.diag(prior**-2))
    sd = np.sqrt(np.diag(covariance))
    measured = np.full(n, np.nan)
    measured[use] = wanted
    modelled = measured.copy()
    modelled[use] = wanted - residual
    return Fit(
        car=scaled(car, unknowns, theta),
        unknowns=unknowns,
        factors=np.exp(theta),
        sd=sd,
        correlation=covariance / np.outer(sd, sd),
        seen=sd <= SEEN * prior,
        residual_ms=float(np.sqrt(np.mean(residual**2))),
        laps=len(known),
        settled=settled,
        measured_ms=measured,
        modelled_ms=modelled,
    )


def scaled(car: Vehicle, unknowns: Sequence[Unknown], theta: Floats) -> Vehicle:
    """The car with each unknown's numbers multiplied by ``exp(theta)``."""
    changes: dict[str, float] = {}
    for unknown, value in zip(unknowns, theta, strict=True):
        for paths, power in ((unknown.paths, value), (unknown.inverse, -value)):
            for path in paths:
                old = changes.get(path, value_at(car, path))
                changes[path] = old * math.exp(power)
    return with_values(car, changes)


def _linear(
    car: Vehicle,
    track: LapTrack,
    day: Conditions,
    unknowns: tuple[Unknown, ...],
    theta: Floats,
    wanted: Floats,
    use: NDArray[np.bool_],
) -> tuple[Floats, Floats]:
    """Residual (measured minus modelled) and its slopes float64[points, k], from one batch."""
    steps = np.vstack([np.zeros(len(theta)), np.eye(len(theta)) * _STEP])
    cars = [scaled(car, unknowns, theta + step) for step in steps]
    speed = simulate(cars, track, day).speed_ms[use]
    return wanted - speed[:, 0], (speed[:, 1:] - speed[:, :1]) / _STEP


def _cost(residual: Floats, scale: float, off: Floats) -> float:
    """Huber's cost of the residuals, and of being off the car's file by so many deviations."""
    size = np.abs(residual) / scale
    huber = np.where(size <= _HUBER, 0.5 * size**2, _HUBER * (size - 0.5 * _HUBER))
    return float(huber.sum() / POINTS_PER_SAMPLE + 0.5 * (off**2).sum())


def _weights(residual: Floats) -> tuple[Floats, float]:
    """Huber's weights, and the scale of the residuals by their median."""
    scale = max(1.4826 * float(np.median(np.abs(residual))), _LEAST_MS)
    return np.minimum(1.0, _HUBER * scale / np.maximum(np.abs(residual), 1e-12)), scale
