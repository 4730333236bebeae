"""Many cars as columns of numbers: what a lap's inner loops read, worked out once for each car."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pitwall.prerace.conditions import Conditions
from pitwall.prerace.lap_track import Floats
from pitwall.prerace.vehicle import Vehicle

FRONT, REAR = 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class Axles:
    """Both axles of B cars (or one of them): arrays float64[axles, B], forces for each wheel.

    A wheel of load N carries ``(mu + load * N) * N`` newtons; ``mu`` is the friction at no load.

    Attributes:
        kg: half of the mass on the axle: load for each m/s2 of normal acceleration.
        lift: downforce for each (m/s)2.
        shift: change of load for each m/s2 of braking; negative at the rear.
        roll: change of load for each m/s2 across; plus to the outer, minus to the inner wheel.
        cross: static difference between the wheels, positive on the right.
        mass: mass on the axle, which the axle has to carry through a corner.
        mu_x, load_x, mu_y, load_y: friction along and across.
        even: 1 where left and right brake alike, else 0.
        exponent: of the friction ellipse; None when it is 2 for all.
    """

    kg: Floats
    lift: Floats
    shift: Floats
    roll: Floats
    cross: Floats
    mass: Floats
    mu_x: Floats
    load_x: Floats
    mu_y: Floats
    load_y: Floats
    even: Floats
    exponent: Floats | None


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """B cars under the same conditions; arrays float64[B].

    Attributes:
        cars: the records.
        axles: of all cars, for braking.
        mass: on the wheels. ``inertia`` has the turning parts as well.
        drag, drag_open: force for each (m/s)2, and with the flap of the drag zones open; rolling
            resistance of the downforce is in both.
        rolling: resistance for each newton of load.
        brake_front: front part of the braking force, NaN where each axle does what it can; None
            when that is so for all.
        drive_front: front part of the driving force.
        brake_use, drive_use: part of the grip along the road that the driver uses; None when all
            of it for all.
        max_w: square of the speed at which the car is held back.
    """

    cars: tuple[Vehicle, ...]
    axles: Axles
    mass: Floats
    inertia: Floats
    drag: Floats
    drag_open: Floats
    rolling: Floats
    brake_front: Floats | None
    drive_front: Floats
    brake_use: Floats | None
    drive_use: Floats | None
    max_w: Floats

    @property
    def driven(self) -> int | None:
        """The one axle that drives all the cars; None when they differ or both drive."""
        if (self.drive_front == 0.0).all():
            return REAR
        return FRONT if (self.drive_front == 1.0).all() else None


def make_batch(cars: Sequence[Vehicle], conditions: Conditions) -> Batch:
    """Columns for ``cars``; the records are only read."""

    def column(value: Callable[[Vehicle], float]) -> Floats:
        return np.array([value(car) for car in cars], np.float64)

    half_rho = 0.5 * conditions.air_kg_m3
    mass = column(lambda c: c.total_kg)
    share = column(lambda c: c.front_load_share)
    areas = half_rho * np.array([car.aero.areas() for car in cars], np.float64).T
    rolling = column(lambda c: c.rolling)
    roll_of_lift = rolling * (areas[1] + areas[2])
    bias = column(lambda c: np.nan if c.brakes.front_share is None else c.brakes.front_share)
    exponent = column(lambda c: c.friction_exponent)
    height = column(lambda c: c.cg_height_m)
    shift = mass * height / column(lambda c: c.wheelbase_m) / 2
    front_roll = column(lambda c: c.roll_share_front)
    cross = column(lambda c: c.cross_n) / 2
    axle_mass = np.stack([mass * share, mass * (1 - share)])
    tyres = [
        np.array(
            [
                (t.mu_x - t.load_x * t.nominal_n, t.load_x, t.mu_y - t.load_y * t.nominal_n)
                + (t.load_y,)
                for t in tyres_of
            ]
        ).T
        for tyres_of in ([car.front for car in cars], [car.rear for car in cars])
    ]
    mu_x, load_x, mu_y, load_y = np.stack(tyres, axis=1)
    axles = Axles(
        kg=axle_mass / 2,
        lift=areas[1:] / 2,
        shift=np.stack([shift, -shift]),
        roll=mass
        * height
        * np.stack(
            [
                front_roll / column(lambda c: c.front_track_m),
                (1 - front_roll) / column(lambda c: c.rear_track_m),
            ]
        ),
        cross=np.stack([cross, -cross]),
        mass=axle_mass,
        mu_x=mu_x,
        load_x=load_x,
        mu_y=mu_y,
        load_y=load_y,
        even=np.stack(
            [column(lambda c: c.brakes.even_front), column(lambda c: c.brakes.even_rear)]
        ),
        exponent=None if (exponent == 2.0).all() else exponent,
    )
    cut = column(lambda c: c.aero.drag_zone_cut) if conditions.drag_zones else 0.0
    return Batch(
        cars=tuple(cars),
        axles=axles,
        mass=mass,
        inertia=mass + column(lambda c: c.rotating_kg),
        drag=areas[0] + roll_of_lift,
        drag_open=areas[0] * (1 - cut) + roll_of_lift,
        rolling=rolling,
        brake_front=None if np.isnan(bias).all() else bias,
        drive_front=column(lambda c: c.drive_front),
        brake_use=_unless_one(column(lambda c: c.driver.braking)),
        drive_use=_unless_one(column(lambda c: c.driver.traction)),
        max_w=column(lambda c: c.max_ms) ** 2,
    )


def _unless_one(values: Floats) -> Floats | None:
    return None if (values == 1.0).all() else values
