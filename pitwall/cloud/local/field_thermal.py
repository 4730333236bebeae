"""Temperatures and pressures of the demo's cars: slow first-order answers to load."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pitwall.cloud.local.field_car import GRAVITY

Floats = NDArray[np.float64]

AIR_C = 24.0
TYRE_NEW_C = 58.0
TYRE_COLD_C = 22.0
TYRE_COLD_BAR = 1.42
TYRE_S = 22.0
LEAK_BAR_PER_S = 4e-6
WATER_S = 55.0
OIL_S = 95.0


def tyres(
    speed: Floats, accel: Floats, lateral: Floats, standing: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Temperatures (degC) and pressures (bar) of the tyres, float64[cars, 4, n] at 1 Hz.

    ``speed`` m/s, ``accel`` and ``lateral`` (positive to the left) m/s2, means over each second,
    float64[cars, n]; ``standing`` is true in the seconds at the box, where the tyres are changed.
    """
    cars, n = speed.shape
    # A bend to the left loads the right-hand tyres; braking loads the front, power the rear.
    left = np.clip(1.0 - 0.055 * lateral, 0.25, 1.75)
    right = 2.0 - left
    front = np.clip(1.0 - 0.035 * accel, 0.5, 1.5)
    share = np.stack([left * front, right * front, left * (2 - front), right * (2 - front)], 1)
    axle = np.array([1.03, 1.03, 1.0, 1.0])[None, :, None]
    work = np.hypot(lateral, accel)[:, None, :] * speed[:, None, :] / (GRAVITY * 40.0)
    heat = AIR_C + 20.0 + 0.12 * speed[:, None, :] + 42.0 * work * share * axle
    out = np.empty((cars, 4, n))
    now = np.full((cars, 4), TYRE_NEW_C)
    fresh = standing & ~np.roll(standing, 1, axis=1)
    for i in range(n):
        now = now + (heat[:, :, i] - now) / TYRE_S
        now[fresh[:, i]] = TYRE_NEW_C
        out[:, :, i] = now
    seconds = np.arange(n)
    last = np.maximum.accumulate(np.where(fresh, seconds, 0), axis=1)
    # the air inside follows the tread slowly; the same first-order answer once more
    inside = np.empty_like(out)
    gas = np.full((cars, 4), TYRE_NEW_C - 8.0)
    for i in range(n):
        gas = gas + (out[:, :, i] - gas) / 40.0
        gas[fresh[:, i]] = TYRE_NEW_C - 8.0
        inside[:, :, i] = gas
    kelvin = (inside + 273.15) / (TYRE_COLD_C + 273.15)
    pressure = (TYRE_COLD_BAR + 1.013) * kelvin - 1.013
    pressure -= LEAK_BAR_PER_S * (seconds - last)[:, None, :]
    return out, pressure


def fluids(speed: Floats, power: Floats) -> tuple[Floats, Floats]:
    """Water and oil temperatures, float64[cars, n] at 1 Hz, from speed (m/s) and the share of
    the engine's power in use (0 to 1), means over each second."""
    cooling = 0.55 + 0.45 * np.minimum(speed / 45.0, 1.3)
    water_to = AIR_C + (33.0 + 56.0 * power) / cooling
    oil_to = AIR_C + 18.0 + (34.0 + 58.0 * power) / cooling
    water, oil = np.empty_like(speed), np.empty_like(speed)
    w, o = np.full(len(speed), 82.0), np.full(len(speed), 92.0)
    for i in range(speed.shape[1]):
        w = w + (water_to[:, i] - w) / WATER_S
        # the thermostat holds the lower end
        w = np.maximum(w, 76.0)
        o = o + (oil_to[:, i] - o) / OIL_S
        water[:, i], oil[:, i] = w, o
    return water, oil
