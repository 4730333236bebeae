"""The demo's drivers: who they are, how they differ, and what changes from lap to lap.

Everything is drawn lap by lap from generators of its own per car, so that a longer race begins
exactly like a shorter one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.telemetry.errors import BadInput

Floats = NDArray[np.float64]

ROSTER: tuple[tuple[str, str], ...] = (
    ("22", "Ines Calloway"),
    ("7", "Tomas Varga"),
    ("41", "Ruth Okafor"),
    ("13", "Dale Whitcomb"),
    ("88", "Mika Sarlund"),
    ("5", "Jo Abernathy"),
    ("64", "Luca Ferrante"),
    ("30", "Hana Morimoto"),
    ("17", "Perry Oldham"),
    ("2", "Celia Brandt"),
    ("99", "Rafe Montoro"),
    ("46", "Nell Haverford"),
    ("11", "Otis Kemble"),
    ("73", "Freya Lindqvist"),
    ("28", "Anand Pillai"),
    ("50", "Greta Winslow"),
)
EARLY_CORNERS = (1, 5, 10)
"""Corners after a long straight: where braking too soon shows."""
STOP_LAPS = (11, 21)
LATE_STOP_LAP = 28
"""One car stays out and stops some 40 minutes into the race."""


@dataclass(frozen=True, slots=True)
class Driver:
    """One car's nature; drawn once per race.

    Attributes:
        number: the car's number, as text.
        name: the driver.
        grid: place on the grid, from 0.
        grip: share of the tyres' friction that the driver finds.
        braking: share of that used on the brakes.
        scatter: how much the grip found differs from corner to corner and lap to lap.
        fade: share of the grip lost per lap of tyre age.
        burn: kg of fuel per lap.
        stop_lap: the in-lap of the stop.
        stop_s: seconds at the box.
        early_corner: number of the corner the driver brakes too early for, every lap; or None.
        early_m: by how many metres.
    """

    number: str
    name: str
    grid: int
    grip: float
    braking: float
    scatter: float
    fade: float
    burn: float
    stop_lap: int
    stop_s: float
    early_corner: int | None
    early_m: float


def draw_drivers(seed: int, cars: int) -> tuple[Driver, ...]:
    """The field's drivers in the roster's order. Raises BadInput when the roster is shorter."""
    if not 1 <= cars <= len(ROSTER):
        raise BadInput(f"field: {cars} cars asked for; it has 1 to {len(ROSTER)}")
    rng = np.random.default_rng([seed, 1])
    grip = 1.0 - 0.017 * rng.permutation(np.linspace(0.0, 1.0, cars)) + rng.normal(0, 0.0015, cars)
    braking = rng.uniform(0.80, 0.97, cars)
    scatter = rng.uniform(0.006, 0.018, cars)
    fade = rng.uniform(0.0026, 0.0040, cars)
    burn = rng.uniform(1.72, 1.86, cars)
    stops = rng.permutation(np.round(np.linspace(*STOP_LAPS, cars)).astype(int))
    stop_s = rng.uniform(3.1, 4.9, cars)
    grid = np.argsort(np.argsort(-(grip + rng.normal(0, 0.004, cars))))
    late, early = rng.permutation(cars)[[0, -1]]
    stops[late] = LATE_STOP_LAP
    fade[late] = 0.0024
    # too soon, not too softly: the habit must be told apart from a weak foot
    braking[early] = 0.88
    corner = int(rng.choice(EARLY_CORNERS))
    metres = float(rng.uniform(24.0, 32.0))
    return tuple(
        Driver(
            number=number,
            name=name,
            grid=int(grid[i]),
            grip=float(grip[i]),
            braking=float(braking[i]),
            scatter=float(scatter[i]),
            fade=float(fade[i]),
            burn=float(burn[i]),
            stop_lap=int(stops[i]),
            stop_s=float(stop_s[i]),
            early_corner=corner if i == early else None,
            early_m=metres if i == early else 0.0,
        )
        for i, (number, name) in enumerate(ROSTER[:cars])
    )


def corner_form(seed: int, car: int, driver: Driver, laps: int, corners: int) -> Floats:
    """Factor on the grip in each corner of each lap, float64[laps, corners]: a habit per corner,
    the day's form drifting from lap to lap, scatter, and now and then a mistake."""
    rng = np.random.default_rng([seed, 2, car])
    habit = rng.normal(0.0, 0.014, corners)
    form = np.empty(laps)
    level = 0.0
    for lap, kick in enumerate(rng.normal(0.0, 0.0026, laps)):
        level = 0.7 * level + kick
        form[lap] = level
    rng = np.random.default_rng([seed, 3, car])
    scatter = rng.normal(0.0, driver.scatter, (laps, corners))
    rng = np.random.default_rng([seed, 4, car])
    slip = rng.random((laps, corners, 2))
    mistake = np.where(slip[:, :, 0] < 0.006, 0.05 + 0.09 * slip[:, :, 1], 0.0)
    return 1.0 + habit + form[:, None] + scatter - mistake


def corner_offset(seed: int, car: int, laps: int, corners: int) -> Floats:
    """Metres to the left of the common line at each corner of each lap, float64[laps, corners]."""
    rng = np.random.default_rng([seed, 5, car])
    own = rng.normal(0.0, 0.55, corners)
    rng = np.random.default_rng([seed, 6, car])
    offset: Floats = np.clip(own + rng.normal(0.0, 0.32, (laps, corners)), -1.6, 1.6)
    return offset
