"""Cars and tracks that can be worked out on paper."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pitwall.prerace import LapTrack, Vehicle, with_values
from pitwall.prerace.vehicle import Aero, Brakes, Engine, Gearbox, Tyre, Wheel

MASS_KG = 1000.0
MU = 1.2


def paper_car(**changes: Any) -> Vehicle:
    """1,000 kg on four equal tyres of constant friction, weight on the road's level, no drag, and
    far more power than grip; one gear that turns with the wheel."""
    tyre = Tyre(MU, MU, 0.0, 0.0, 2500.0)
    car = Vehicle(
        name="paper",
        series="formula",
        mass_kg=MASS_KG,
        wheelbase_m=3.0,
        cg_height_m=0.0,
        front_weight=0.5,
        front_track_m=1.6,
        rear_track_m=1.6,
        roll_share_front=0.5,
        front=tyre,
        rear=tyre,
        aero=Aero(0.0, 0.0, 0.0),
        gearbox=Gearbox((1.0,), (9e4,), (1.0,)),
        wheel=Wheel(2 * math.pi),
        rolling=0.0,
        drive_front=0.5,
        brakes=Brakes(None, even_front=False, even_rear=False),
        engine=Engine((0.0, 1e4), (5e6, 5e6)),
        max_ms=190.0,
    )
    return with_values(car, changes)


def circle(radius_m: float, points: int = 200, **road: Any) -> LapTrack:
    """A left-hand circle."""
    step = 2 * math.pi * radius_m / points
    return LapTrack.of("circle", step, np.full(points, 1 / radius_m), **road)


def straight(length_m: float = 4000.0, step_m: float = 5.0, **road: Any) -> LapTrack:
    """A road without corners whose end is its beginning."""
    return LapTrack.of("straight", step_m, np.zeros(round(length_m / step_m)), **road)


def stadium(straight_m: float, radius_m: float, parts: int) -> LapTrack:
    """Two straights and two half circles, each half circle in ``parts`` steps."""
    step = math.pi * radius_m / parts
    along = round(straight_m / step)
    half = [0.0] * along + [1 / radius_m] * parts
    return LapTrack.of("stadium", step, np.array(half * 2))


def road_course(seed: int = 1, points: int = 360) -> LapTrack:
    """Straights and corners of many radii, left and right."""
    rng = np.random.default_rng(seed)
    curvature = np.zeros(points)
    at = 10
    while at < points - 40:
        length = int(rng.integers(8, 30))
        radius = float(rng.uniform(15.0, 220.0)) * rng.choice([-1.0, 1.0])
        bell = np.sin(np.linspace(0.0, math.pi, length)) ** 2
        curvature[at : at + length] = bell / radius
        at += length + int(rng.integers(6, 60))
    return LapTrack.of("course", 5.0, curvature, sectors=(700.0, 1500.0))
