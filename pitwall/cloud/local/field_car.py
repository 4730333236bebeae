"""The demo's car as numbers, and how fast it can go: speed along the line for many laps at once.

Grip bounds the speed in corners; from corner to corner the car gains what engine and rear tyres
give (forward pass) and must have lost enough before the next (backward pass). Both passes run
over the nodes of the line with all cars' laps side by side, so a race costs what one lap costs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GRAVITY = 9.81
AIR = 1.2

DRY_MASS = 1340.0
"""kg, with driver, without fuel."""
FUEL_FULL = 104.0
POWER = 345_000.0
"""W at the wheels."""
DRAG_AREA = 1.02
LIFT_AREA = 1.9
ROLLING = 0.014
DRIVE_SHARE = 0.62
"""Share of the weight on the driven axle under power."""
ENGINE_BRAKE = 0.055
"""g lost with the throttle closed, beside drag."""
TOP_SPEED = 74.0
"""m/s: the last gear's end."""
GEAR_TOPS = np.array([21.5, 30.0, 39.5, 49.5, 60.5, 76.0])
"""m/s at RPM_SHIFT in gears 1 to 6."""
RPM_SHIFT = 7_900.0
BRAKE_BAR_PER_G = 52.0
_TICK_NODES = 256


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds the speed, node by node and lap by lap; shapes broadcast to [nodes, laps].

    Attributes:
        curvature: 1/m, [nodes, 1].
        grip: tyre friction coefficient the driver uses, [nodes, laps].
        mass: kg, [nodes, laps].
        braking: share of the grip used on the brakes, [nodes, laps].
        cap: highest speed in m/s (pit lane, box, start), [nodes, laps].
        step: metres between nodes.
    """

    curvature: Floats
    grip: Floats
    mass: Floats
    braking: Floats
    cap: Floats
    step: float


def speed_squared(
    limits: Limits,
    early: tuple[tuple[slice, slice, int], ...] = (),
    tick: Callable[[], None] = lambda: None,
) -> Floats:
    """Square of the speed, float64[nodes, laps].

    ``early`` lists ``(nodes, laps, ahead)``: there the driver already keeps to the limit that
    holds ``ahead`` nodes later, which is what braking too soon is. ``tick`` is called many times
    a second.
    """
    bend = np.abs(limits.curvature)
    down = 0.5 * AIR * LIFT_AREA / limits.mass
    room = np.maximum(bend - limits.grip * down, 1e-6)
    top = np.minimum(limits.grip * GRAVITY / room, np.minimum(limits.cap, TOP_SPEED) ** 2)
    for nodes, laps, ahead in early:
        span = top[nodes.start : nodes.stop + ahead, laps]
        held = span[: nodes.stop - nodes.start].copy()
        for k in range(1, ahead + 1):
            np.minimum(held, span[k : k + len(held)], out=held)
        top[nodes, laps] = held
    drag = 0.5 * AIR * DRAG_AREA / limits.mass
    power = POWER / limits.mass
    n = len(top)
    v2: Floats = top.copy()
    for i in range(n - 1):
        if not i % _TICK_NODES:
            tick()
        now = v2[i]
        hold = limits.grip[i] * (GRAVITY + down[i] * now)
        spare = np.sqrt(np.maximum(1.0 - (now * bend[i] / hold) ** 2, 0.0))
        push = np.minimum(power[i] / np.sqrt(np.maximum(now, 9.0)), DRIVE_SHARE * hold * spare)
        gain = push - drag[i] * now - ROLLING * GRAVITY
        np.minimum(v2[i + 1], now + 2.0 * limits.step * gain, out=v2[i + 1])
        np.maximum(v2[i + 1], 0.0, out=v2[i + 1])
    for i in range(n - 1, 0, -1):
        if not i % _TICK_NODES:
            tick()
        now = v2[i]
        hold = limits.grip[i] * (GRAVITY + down[i] * now)
        spare = np.sqrt(np.maximum(1.0 - (now * bend[i] / hold) ** 2, 0.0))
        loss = limits.braking[i] * hold * spare + drag[i] * now + ROLLING * GRAVITY
        np.minimum(v2[i - 1], now + 2.0 * limits.step * loss, out=v2[i - 1])
    return v2


def engine_force(speed: Floats) -> Floats:
    """N at the wheels with the throttle open."""
    force: Floats = POWER / np.maximum(speed, 9.0)
    return force


def pedals(speed: Floats, accel: Floats, mass: Floats) -> tuple[Floats, Floats]:
    """Throttle (0 to 1) and brake pressure (bar) that give ``accel`` (m/s2) at ``speed`` (m/s)."""
    resist = 0.5 * AIR * DRAG_AREA * speed**2 + ROLLING * GRAVITY * mass
    force = mass * accel + resist
    closed = ENGINE_BRAKE * GRAVITY * mass * np.clip(speed / 15.0, 0.0, 1.0)
    throttle = np.clip((force + closed) / (engine_force(speed) + closed), 0.0, 1.0)
    brake = np.maximum(-(force + closed), 0.0) / (mass * GRAVITY) * BRAKE_BAR_PER_G
    return throttle, brake


def gears(speed: Floats) -> NDArray[np.int64]:
    """Gear of each sample in time order: up at the end of a gear, down a little below it, so
    that a speed in between keeps the gear it came with. 0 (neutral) when the car stands."""
    tops = GEAR_TOPS[:-1]
    low = 1 + np.searchsorted(tops, speed, side="left")
    high = 1 + np.searchsorted(0.87 * tops, speed, side="left")
    sure = np.where(low == high, np.arange(len(speed)), 0)
    gear = low[np.maximum.accumulate(sure)]
    return np.where(speed < 0.3, 0, gear).astype(np.int64)


def revs(speed: Floats, gear: NDArray[np.int64], throttle: Floats) -> Floats:
    """Engine speed in 1/min; the clutch slips when the car is slower than the idling engine."""
    locked = RPM_SHIFT * speed / GEAR_TOPS[np.maximum(gear, 1) - 1]
    slipping = 1_600.0 + 2_600.0 * throttle
    idle = slipping * (speed < 8.0) + 1_600.0
    return np.asarray(np.maximum(np.where(gear > 0, locked, 0.0), idle), np.float64)
