"""Driving force at the wheels over speed, for a whole batch, from curves, gears and wheels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.prerace.lap_track import Floats
from pitwall.prerace.vehicle import Engine, Motor, Vehicle

NODES = 512
_CURVE_NODES = 2048
_AT_ONCE = 64
_SLOWEST_MS = 2.0
"""Force is held below this speed; power over speed has no end there."""


@dataclass(frozen=True, slots=True, eq=False)
class ForceTable:
    """A quantity over the squared speed: float64[rows, nodes] on an even mesh from 0.

    Attributes:
        values: flat.
        per_w: nodes for each (m/s)2, float64[rows].
        rows: first place of each row in ``values``.
    """

    values: Floats
    per_w: Floats
    rows: NDArray[np.intp]

    def at(self, w: Floats) -> Floats:
        """The quantity at squared speeds ``w``, float64[rows]; beyond the end the last value."""
        place = w * self.per_w
        node = place.astype(np.intp)
        np.minimum(node, NODES - 2, out=node)
        place -= node
        node += self.rows
        out = self.values.take(node)
        node += 1
        above = self.values.take(node)
        above -= out
        above *= place
        out += above
        return out

    def nodes(self) -> tuple[Floats, Floats]:
        """The mesh of squared speeds and the quantity on it, float64[rows, nodes]."""
        mesh = np.arange(NODES) / self.per_w[:, None]
        return mesh, self.values.take(self.rows[:, None] + np.arange(NODES))


@dataclass(frozen=True, slots=True, eq=False)
class Drive:
    """Forces of a batch at full throttle.

    Attributes:
        engine: of the combustion engines, N; also of electric motors that are all a car has.
        motor: of the motors of hybrids, N; None when there are none in use.
        draw: power out of the store while the motor drives with all it has, W; None without
            stores.
        crank: power of the combustion engine, W; None when ``motor`` is.
    """

    engine: ForceTable
    motor: ForceTable | None
    draw: ForceTable | None
    crank: ForceTable | None

    def most(self, drag: Floats, level: Floats) -> Floats:
        """Squared speed above which no car gains speed against ``drag * w + level`` newtons."""
        w, force = self.engine.nodes()
        if self.motor is not None:
            force = force + self.motor.nodes()[1]
        gains = force > drag[:, None] * w + level[:, None]
        last = NODES - 1 - np.argmax(gains[:, ::-1], axis=1)
        last[~gains.any(axis=1)] = 0
        return np.asarray((last + 1) / self.engine.per_w)


def make_drive(cars: tuple[Vehicle, ...], *, stored: bool) -> Drive:
    """Tables for ``cars``; equal drives share their rows' work. ``stored``: the cars' laps are
    shaped by stores of energy, so that motors drive beside engines and their draw counts."""
    keys: dict[tuple[object, ...], int] = {}
    row = np.empty(len(cars), np.intp)
    kinds: list[Vehicle] = []
    for i, car in enumerate(cars):
        key = (car.engine, car.motor, car.gearbox, car.wheel, car.power_scale, car.max_ms)
        found = keys.setdefault(key, len(kinds))
        if found == len(kinds):
            kinds.append(car)
        row[i] = found
    blocks = [_block(kinds[k : k + _AT_ONCE], stored) for k in range(0, len(kinds), _AT_ONCE)]
    per_w = (NODES - 1) / np.array([_top(car) for car in kinds])[row]
    engine, motor, draw, crank = (
        ForceTable(np.concatenate(parts).ravel(), per_w, row * NODES)
        for parts in zip(*blocks, strict=True)
    )
    if not stored:
        return Drive(engine, None, None, None)
    hybrids = any(car.engine is not None for car in kinds)
    return Drive(engine, motor if hybrids else None, draw, crank if hybrids else None)


def _top(car: Vehicle) -> float:
    """Squared speed at which a car's table ends."""
    return (car.max_ms * 1.02) ** 2


def _block(kinds: list[Vehicle], stored: bool) -> tuple[Floats, Floats, Floats, Floats]:
    """Force of the engine and of the motor, draw and crank power of a few cars, few enough for
    the arrays to stay in the cache; only the first is worked out without stores."""
    w = np.linspace(0.0, 1.0, NODES) * np.array([_top(car) for car in kinds])[:, None]
    v = np.maximum(np.sqrt(w), _SLOWEST_MS)
    turning, efficiency = _gears(kinds, v)
    first = np.zeros_like(v)
    second, draw = (np.zeros_like(v), np.zeros_like(v)) if stored else (first, first)
    for engine, motor, rows in _curves(kinds):
        scale = np.array([kinds[r].power_scale for r in rows])[:, None]
        n = turning[rows]
        if engine is not None:
            first[rows] = scale * _power(engine, n)
        if motor is None or (engine is not None and not stored):
            continue
        power = np.minimum(motor.power_w, motor.torque_nm * n)
        power[v[rows] < motor.from_ms] = 0.0
        if engine is None:
            power *= scale
            first[rows] = power
        else:
            second[rows] = power
        if stored:
            draw[rows] = power / motor.efficiency
    efficiency /= v
    efficiency[w >= np.array([car.max_ms**2 for car in kinds])[:, None] * 1.02] = 0.0
    if not stored:
        return first * efficiency, first, first, first
    return first * efficiency, second * efficiency, draw, first


def _gears(kinds: list[Vehicle], v: Floats) -> tuple[Floats, Floats]:
    """Engine speed (rad/s) and efficiency at each speed; efficiency 0 beyond the last gear."""
    growth = np.array([c.wheel.growth_per_ms for c in kinds])[:, None]
    from_ms = np.array([c.wheel.growth_from_ms for c in kinds])[:, None]
    circumference = np.array([c.wheel.circumference_m for c in kinds])[:, None]
    final = np.array([c.gearbox.final for c in kinds])[:, None]
    wheel = 2 * np.pi * v / (circumference * (1 + growth * (v - from_ms)) * final)
    most = max(len(c.gearbox.ratios) for c in kinds)

    def padded(values: list[tuple[float, ...]], beyond: float) -> Floats:
        return np.array([[*row, *[beyond] * (most + 1 - len(row))] for row in values])

    ratios = padded([c.gearbox.ratios for c in kinds], 1e9)
    shifts = padded([c.gearbox.shift_rad_s for c in kinds], np.inf)
    efficiency = padded([c.gearbox.efficiencies for c in kinds], 0.0)
    gear = np.zeros(v.shape, np.intp)
    for k in range(most):
        gear += wheel > (ratios[:, k] * shifts[:, k])[:, None]
    flat = gear + np.arange(len(kinds))[:, None] * (most + 1)
    return wheel / ratios.ravel().take(flat), efficiency.ravel().take(flat)


def _curves(kinds: list[Vehicle]) -> list[tuple[Engine | None, Motor | None, list[int]]]:
    """Rows by the curves that they share."""
    found: dict[tuple[Engine | None, Motor | None], list[int]] = {}
    for i, car in enumerate(kinds):
        found.setdefault((car.engine, car.motor), []).append(i)
    return [(engine, motor, rows) for (engine, motor), rows in found.items()]


def _power(engine: Engine, n: Floats) -> Floats:
    """Power at engine speeds ``n``; from an even mesh, since a search for each is slow."""
    low, high = engine.speeds_rad_s[0], engine.speeds_rad_s[-1]
    mesh = np.linspace(low, high, _CURVE_NODES)
    curve = np.interp(mesh, engine.speeds_rad_s, engine.powers_w)
    place = (n - low) * ((_CURVE_NODES - 1) / (high - low))
    np.clip(place, 0.0, _CURVE_NODES - 1.000001, out=place)
    node = place.astype(np.intp)
    place -= node
    below: Floats = curve.take(node)
    return below + place * (curve.take(node + 1) - below)
