"""What a lap is made of, and what it does not depend on."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest

from pitwall.prerace import (
    Conditions,
    LapTrack,
    shipped_vehicle,
    shipped_vehicles,
    simulate,
    simulate_one,
    with_values,
)
from pitwall.prerace import lap as lap_module
from pitwall.telemetry import BadInput
from tests.unit.prerace.makes import circle, paper_car, road_course, straight

TRACK = road_course()


def field():
    """Different cars with different needs: drives, exponents, brakes, stores."""
    cars = [shipped_vehicle(name) for name in shipped_vehicles()]
    road = shipped_vehicle("road-cup")
    return [
        *cars,
        with_values(road, {"drive_front": 1.0}),
        with_values(road, {"drive_front": 0.4, "friction_exponent": 1.7}),
        with_values(road, {"brakes.front_share": None, "mass_kg": 1500.0}),
    ]


@pytest.mark.parametrize("track", [TRACK, LapTrack.of("b", 5.0, TRACK.curvature, banking=0.02)])
def test_a_lap_does_not_depend_on_the_company(track):
    """But for the last bits, which the width of the processor's loops decides."""
    cars = field()
    together = simulate(cars, track)
    for i, car in enumerate(cars):
        alone = simulate_one(car, track)
        assert alone.time_s[0] == pytest.approx(together.time_s[i], rel=1e-12)
        assert np.allclose(alone.speed_ms[:, 0], together.speed_ms[:, i], rtol=1e-9, atol=0)


def test_more_than_go_through_together(monkeypatch):
    car = shipped_vehicle("road-cup")
    cars = [with_values(car, {"mass_kg": 1200.0 + k}) for k in range(7)]
    whole = simulate(cars, TRACK)
    monkeypatch.setattr(lap_module, "AT_ONCE", 3)
    parts = simulate(cars, TRACK)
    assert np.array_equal(whole.time_s, parts.time_s)
    assert np.array_equal(whole.speed_ms, parts.speed_ms)
    assert (np.diff(whole.time_s) > 0).all()


def test_the_same_again_and_nothing_changed():
    cars = field()[1:]
    before = copy.deepcopy(cars)
    first, second = simulate(cars, TRACK), simulate(cars, TRACK)
    assert cars == before
    assert np.array_equal(first.time_s, second.time_s)
    with pytest.raises(ValueError, match="read-only"):
        TRACK.curvature[0] = 1.0


def test_times_of_points_and_sectors_are_the_lap():
    cars = field()[1:]
    laps = simulate(cars, TRACK)
    assert laps.elapsed_s()[-1] == pytest.approx(laps.time_s)
    sectors = laps.sectors_s()
    assert sectors.shape == (3, len(cars))
    assert sectors.sum(axis=0) == pytest.approx(laps.time_s)
    assert (sectors > 0).all()
    v = laps.speed_ms
    ahead = np.roll(v, -1, axis=0)
    assert (2 * TRACK.step_m / (v + ahead)).sum(axis=0) == pytest.approx(laps.time_s)


def test_the_lap_closes():
    """Turning where the line is gives the same lap."""
    car = shipped_vehicle("stock-car")
    base = simulate_one(car, TRACK)
    for by in (37, 180):
        moved = LapTrack.of("moved", TRACK.step_m, np.roll(TRACK.curvature, -by))
        turned = simulate_one(car, moved)
        assert np.allclose(np.roll(base.speed_ms, -by, axis=0), turned.speed_ms, atol=2e-3)


def test_mirrored_is_the_same():
    car = with_values(shipped_vehicle("stock-car"), {"cross_n": 0.0})
    mirrored = LapTrack.of("mirror", TRACK.step_m, -TRACK.curvature)
    assert simulate_one(car, mirrored).time_s[0] == simulate_one(car, TRACK).time_s[0]


def test_no_car():
    with pytest.raises(BadInput, match="no car"):
        simulate([], TRACK)


def test_gears_are_used_as_they_are_shifted():
    """With less drive in the wrong gear: short-shifting costs time."""
    car = shipped_vehicle("road-cup")
    shifts = tuple(0.6 * s for s in car.gearbox.shift_rad_s[:-1])
    early = with_values(car, {"gearbox.shift_rad_s": (*shifts, car.gearbox.shift_rad_s[-1])})
    base, time = simulate([car, early], TRACK).time_s
    assert time > base + 0.2


def test_a_hybrid_without_boost_is_its_engine():
    car = shipped_vehicle("formula-hybrid")
    off = Conditions(boost=False)
    base = simulate_one(car, TRACK)
    without = simulate_one(with_values(car, {"motor": None}), TRACK)
    assert simulate_one(car, TRACK, off).time_s[0] == without.time_s[0]
    assert math.isnan(without.store_j[0])
    assert without.time_s[0] > base.time_s[0] + 0.3


def test_a_hybrid_runs_out_and_not_below():
    car = shipped_vehicle("formula-hybrid")
    track = LapTrack.of("long", 5.0, np.tile(TRACK.curvature, 2))
    stores = [0.0, 3e5, 1e6, 3e6, 1e9]
    cars = [
        with_values(car, {"motor.store_j": s, "motor.recovery": 0.0, "motor.exhaust_recovery": 0.0})
        for s in stores
    ]
    laps = simulate(cars, track)
    assert (np.diff(laps.time_s) < 0).all()
    # one step's worth of energy below zero is how it notices
    assert laps.store_j[:4] == pytest.approx([0.0, 0.0, 0.0, 0.0], abs=4e4)
    alone = simulate_one(with_values(car, {"motor": None}), track).time_s[0]
    # the lap without a store begins at another point of the track
    assert laps.time_s[0] == pytest.approx(alone, abs=1e-3)
    back = with_values(cars[1], {"motor.recovery": 0.3})
    more, _ = simulate([back, cars[1]], track).time_s
    assert more < laps.time_s[1]


def test_the_energy_of_a_boosted_straight():
    """Flat out with the boost on all the time: power over efficiency, for the whole lap."""
    car = with_values(
        shipped_vehicle("formula-hybrid"),
        {"motor.store_j": 1e9, "motor.recovery": 0.0, "motor.exhaust_recovery": 0.0},
    )
    laps = simulate_one(car, straight())
    assert car.motor is not None
    used = car.motor.power_w / car.motor.efficiency * laps.time_s[0]
    assert 1e9 - laps.store_j[0] == pytest.approx(used, rel=1e-6)


def test_an_electric_car_is_held_to_its_store():
    car = shipped_vehicle("formula-electric")
    stores = [1.2e6, 2e6, 4e6, math.inf]
    laps = simulate([with_values(car, {"motor.store_j": s}) for s in stores], TRACK)
    assert (np.diff(laps.time_s) < 0).all()
    assert (laps.store_j[:3] >= 0).all()
    assert (laps.store_j[:3] < 0.01 * np.array(stores[:3])).all()
    assert np.isnan(laps.store_j[3])


def test_a_car_that_cannot_climb_crawls_and_comes_back():
    car = with_values(shipped_vehicle("road-cup"), {"power_scale": 0.011})
    grade = np.where(np.arange(len(TRACK.curvature)) % 180 < 50, 0.35, 0.0)
    laps = simulate_one(car, LapTrack.of("wall", 5.0, TRACK.curvature, grade=grade))
    assert np.isfinite(laps.time_s).all()
    assert (laps.speed_ms > 0).all()


def test_max_speed_holds():
    car = paper_car(max_ms=33.0)
    assert simulate_one(car, circle(4000.0)).speed_ms.max() <= 33.0 + 1e-9
