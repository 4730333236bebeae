"""A car as numbers: immutable, SI units, everything that a lap depends on and nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from pitwall.telemetry import BadInput

G = 9.81
"""Acceleration of gravity, m/s2."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tyre:
    """One axle's tyres: friction falls linearly with a wheel's load.

    Attributes:
        mu_x, mu_y: friction along and across at the nominal load.
        load_x, load_y: change of friction for each newton more, 1/N; negative for real tyres.
        nominal_n: load of a wheel at which ``mu_x`` and ``mu_y`` hold.
    """

    mu_x: float
    mu_y: float
    load_x: float
    load_y: float
    nominal_n: float


@dataclass(frozen=True, slots=True)
class Aero:
    """Drag and downforce as areas (coefficient times frontal area), m2; downforce is positive.

    Attributes:
        drag_m2, front_m2, rear_m2: with the wing at step 0 and the reference ride heights.
        wing: steps of the rear wing, in holes or degrees.
        wing_drag_m2, wing_front_m2, wing_rear_m2: change for each step of the wing.
        wing_curve_m2: drag that goes with the square of the wing's steps.
        front_height_m, rear_height_m: how much higher than at reference the car runs.
        front_per_m, rear_per_m: relative change of each axle's downforce for a metre more height
            of that axle; negative where lower is better.
        drag_zone_cut: part of the drag that an open flap takes away in the track's drag zones.
    """

    drag_m2: float
    front_m2: float
    rear_m2: float
    wing: float = 0.0
    wing_drag_m2: float = 0.0
    wing_front_m2: float = 0.0
    wing_rear_m2: float = 0.0
    wing_curve_m2: float = 0.0
    front_height_m: float = 0.0
    rear_height_m: float = 0.0
    front_per_m: float = 0.0
    rear_per_m: float = 0.0
    drag_zone_cut: float = 0.0

    def areas(self) -> tuple[float, float, float]:
        """Drag, front downforce and rear downforce areas as the car is set, m2."""
        front = self.front_m2 + self.wing * self.wing_front_m2
        rear = self.rear_m2 + self.wing * self.wing_rear_m2
        return (
            self.drag_m2 + self.wing * (self.wing_drag_m2 + self.wing * self.wing_curve_m2),
            front * (1.0 + self.front_height_m * self.front_per_m),
            rear * (1.0 + self.rear_height_m * self.rear_per_m),
        )


@dataclass(frozen=True, slots=True)
class Engine:
    """A combustion engine at full throttle.

    Attributes:
        speeds_rad_s: where the curve has points, rising.
        powers_w: power at the crank there; linear in between, held beyond the ends.
        fuel_kg_per_j: fuel for each joule at the crank.
    """

    speeds_rad_s: tuple[float, ...]
    powers_w: tuple[float, ...]
    fuel_kg_per_j: float = 0.0


@dataclass(frozen=True, slots=True)
class Motor:
    """An electric motor on the gearbox's input, and its store.

    Attributes:
        power_w, torque_nm: limits at the shaft.
        from_ms: the motor does not drive below this speed.
        efficiency: shaft power for each watt out of the store.
        recovery: share of the work of the brakes that comes back into the store.
        exhaust_recovery: share of the engine's power that a turbine adds to the store.
        store_j: energy that a lap begins with; infinite for a store that a lap does not empty.
    """

    power_w: float
    torque_nm: float
    from_ms: float = 0.0
    efficiency: float = 0.9
    recovery: float = 0.0
    exhaust_recovery: float = 0.0
    store_j: float = math.inf


@dataclass(frozen=True, slots=True)
class Gearbox:
    """Gears, lowest first.

    Attributes:
        ratios: turns of the wheel for each turn of the engine, rising.
        shift_rad_s: engine speed at which each gear is left for the next; at the last gear's
            the engine is held back.
        efficiencies: power at the wheels for each watt of the engine, by gear.
        final: multiplies all ratios; above 1 is a longer final drive.
    """

    ratios: tuple[float, ...]
    shift_rad_s: tuple[float, ...]
    efficiencies: tuple[float, ...]
    final: float = 1.0


@dataclass(frozen=True, slots=True)
class Wheel:
    """The driven wheels.

    Attributes:
        circumference_m: rolling circumference at ``growth_from_ms``.
        growth_per_ms: relative growth for each m/s more.
        growth_from_ms: speed at which the circumference was measured.
    """

    circumference_m: float
    growth_per_ms: float = 0.0
    growth_from_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Brakes:
    """How braking is shared.

    Attributes:
        front_share: front part of the braking force; None brakes each axle to its own limit.
        even_front, even_rear: whether left and right brake alike, so that an axle does no more
            than twice its weaker wheel.
    """

    front_share: float | None = None
    even_front: bool = True
    even_rear: bool = False


@dataclass(frozen=True, slots=True)
class Driver:
    """How much of what the tyres have left the driver uses; kept apart from the tyres' grip, so
    that advice does not mend the driver with the car.

    Attributes:
        braking: part of the possible braking force that is used.
        traction: part of the possible driving force at the limit of grip that is used.
    """

    braking: float = 1.0
    traction: float = 1.0


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A car as it is set up and driven for one lap.

    Attributes:
        name: as written.
        series: key of its rules, see :mod:`pitwall.prerace.series`.
        mass_kg: car and driver without fuel.
        fuel_kg: fuel on board.
        ballast_kg, ballast_front: ballast in the rules' reach, and the share of it on the front
            axle; its mass comes on top of ``mass_kg``.
        rotating_kg: mass that the turning parts add to the car's inertia.
        wheelbase_m, cg_height_m: geometry.
        front_weight: share of ``mass_kg`` and the fuel on the front axle at rest.
        front_track_m, rear_track_m: between the middles of the wheels.
        roll_share_front: front part of the roll moment (springs, bars, roll centres).
        cross_n: extra static load on right front and left rear, taken from the other two.
        front, rear: tyres.
        friction_exponent: exponent of the friction ellipse, 1 to 2.
        rolling: rolling resistance for each newton of load.
        aero, gearbox, wheel, brakes: as in their records.
        engine, motor: at least one of the two.
        power_scale: multiplies the engine's power.
        drive_front: front part of the driving force: 0 rear, 1 front, else a fixed split.
        max_ms: speed at which the car is held back.
        driver: how close to the limit of grip it is driven.
    """

    name: str
    series: str
    mass_kg: float
    wheelbase_m: float
    cg_height_m: float
    front_weight: float
    front_track_m: float
    rear_track_m: float
    roll_share_front: float
    front: Tyre
    rear: Tyre
    aero: Aero
    gearbox: Gearbox
    wheel: Wheel
    rolling: float
    fuel_kg: float = 0.0
    ballast_kg: float = 0.0
    ballast_front: float = 0.5
    rotating_kg: float = 0.0
    cross_n: float = 0.0
    friction_exponent: float = 2.0
    brakes: Brakes = Brakes()
    engine: Engine | None = None
    motor: Motor | None = None
    power_scale: float = 1.0
    drive_front: float = 0.0
    max_ms: float = 150.0
    driver: Driver = Driver()

    def __post_init__(self) -> None:
        _check(self)

    @property
    def total_kg(self) -> float:
        """Mass on the wheels."""
        return self.mass_kg + self.fuel_kg + self.ballast_kg

    @property
    def front_load_share(self) -> float:
        """Share of :attr:`total_kg` on the front axle at rest."""
        own = (self.mass_kg + self.fuel_kg) * self.front_weight
        return (own + self.ballast_kg * self.ballast_front) / self.total_kg


def value_at(record: Any, path: str) -> Any:
    """The value at a dotted path such as ``aero.wing``. Raises BadInput for a wrong path."""
    for name in path.split("."):
        if name not in getattr(record, "__dataclass_fields__", ()):
            raise BadInput(f"no such vehicle parameter: {path!r}")
        record = getattr(record, name)
    return record


def with_values(record: T, changes: Mapping[str, Any]) -> T:
    """A copy with the values at dotted paths replaced; the given record stays as it is.

    Raises BadInput for a path that is not there, or a value that makes no car.
    """
    inner: dict[str, dict[str, Any]] = {}
    own: dict[str, Any] = {}
    for path, value in changes.items():
        _check_kind(path, value_at(record, path), value)
        head, _, rest = path.partition(".")
        if rest:
            inner.setdefault(head, {})[rest] = value
        else:
            own[head] = value
    for head, parts in inner.items():
        own[head] = with_values(own.get(head, getattr(record, head)), parts)
    return replace(record, **own)  # type: ignore[type-var]


def _check_kind(path: str, old: Any, new: Any) -> None:
    """Raises BadInput for a text where a number belongs and the like; None may come and go."""
    if old is None or new is None:
        return
    numbers = isinstance(old, int | float) and not isinstance(old, bool)
    wanted = (int, float, np.integer, np.floating) if numbers else type(old)
    if not isinstance(new, wanted) or isinstance(new, bool) != isinstance(old, bool):
        raise BadInput(f"{path} cannot be {new!r}")


def _check(car: Vehicle) -> None:
    """Raises BadInput for numbers no car can have; one line, the first that is wrong."""
    boxes: list[tuple[str, float, float, float]] = [
        ("mass_kg", car.mass_kg, 50.0, 5e4),
        ("fuel_kg", car.fuel_kg, 0.0, 1e3),
        ("ballast_kg", car.ballast_kg, 0.0, 1e3),
        ("ballast_front", car.ballast_front, -1.0, 2.0),
        ("rotating_kg", car.rotating_kg, 0.0, 5e3),
        ("wheelbase_m", car.wheelbase_m, 0.5, 10.0),
        ("cg_height_m", car.cg_height_m, 0.0, 3.0),
        ("front_weight", car.front_weight, 0.05, 0.95),
        ("front_track_m", car.front_track_m, 0.3, 5.0),
        ("rear_track_m", car.rear_track_m, 0.3, 5.0),
        ("roll_share_front", car.roll_share_front, 0.0, 1.0),
        ("friction_exponent", car.friction_exponent, 1.0, 2.0),
        ("rolling", car.rolling, 0.0, 0.5),
        ("power_scale", car.power_scale, 0.01, 100.0),
        ("drive_front", car.drive_front, 0.0, 1.0),
        ("max_ms", car.max_ms, 5.0, 200.0),
        ("cross_n", car.cross_n, -2e4, 2e4),
        ("wheel.circumference_m", car.wheel.circumference_m, 0.1, 10.0),
        ("gearbox.final", car.gearbox.final, 0.01, 100.0),
        ("aero.drag_zone_cut", car.aero.drag_zone_cut, 0.0, 0.9),
        ("driver.braking", car.driver.braking, 0.1, 2.0),
        ("driver.traction", car.driver.traction, 0.1, 2.0),
    ]
    for axle, tyre in (("front", car.front), ("rear", car.rear)):
        boxes += [
            (f"{axle}.mu_x", tyre.mu_x, 0.01, 10.0),
            (f"{axle}.mu_y", tyre.mu_y, 0.01, 10.0),
            (f"{axle}.load_x", tyre.load_x, -0.01, 0.01),
            (f"{axle}.load_y", tyre.load_y, -0.01, 0.01),
            (f"{axle}.nominal_n", tyre.nominal_n, 0.0, 1e5),
        ]
    if car.brakes.front_share is not None:
        boxes.append(("brakes.front_share", car.brakes.front_share, 0.01, 0.99))
    if car.motor is not None:
        boxes += [
            ("motor.power_w", car.motor.power_w, 0.0, 1e7),
            ("motor.torque_nm", car.motor.torque_nm, 0.0, 1e5),
            ("motor.from_ms", car.motor.from_ms, 0.0, 200.0),
            ("motor.efficiency", car.motor.efficiency, 0.01, 1.0),
            ("motor.recovery", car.motor.recovery, 0.0, 1.0),
            ("motor.exhaust_recovery", car.motor.exhaust_recovery, 0.0, 1.0),
            ("motor.store_j", car.motor.store_j, 0.0, math.inf),
        ]
    for name, value, low, high in boxes:
        if not low <= value <= high:
            raise BadInput(f"{car.name}: {name} = {value} is not within {low} to {high}")
    if car.aero.areas()[0] < 0:
        raise BadInput(f"{car.name}: the drag area is negative with wing {car.aero.wing}")
    _check_drive(car)


def _check_drive(car: Vehicle) -> None:
    box = car.gearbox
    if not (len(box.ratios) == len(box.shift_rad_s) == len(box.efficiencies) > 0):
        raise BadInput(f"{car.name}: each gear needs a ratio, a shift speed and an efficiency")
    if any(not 0 < r < 10 for r in box.ratios) or sorted(set(box.ratios)) != list(box.ratios):
        raise BadInput(f"{car.name}: gear ratios (wheel per engine turn) must rise, above 0")
    if any(not 0 < s < 1e5 for s in box.shift_rad_s) or any(
        not 0 < e <= 1 for e in box.efficiencies
    ):
        raise BadInput(f"{car.name}: a shift speed or an efficiency of a gear is out of range")
    if car.engine is None and car.motor is None:
        raise BadInput(f"{car.name}: neither engine nor motor")
    if car.engine is not None:
        speeds, powers = car.engine.speeds_rad_s, car.engine.powers_w
        if len(speeds) != len(powers) or len(speeds) < 2 or sorted(set(speeds)) != list(speeds):
            raise BadInput(f"{car.name}: the power curve needs two or more rising engine speeds")
        if not all(0 <= s < 1e5 for s in speeds) or not all(0 <= p < 1e7 for p in powers):
            raise BadInput(f"{car.name}: the power curve holds impossible values")
