"""Laps that have an answer on paper."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pitwall.prerace import Conditions, simulate_one, with_values
from pitwall.prerace.vehicle import G
from tests.unit.prerace.makes import MASS_KG, MU, circle, paper_car, stadium, straight

VACUUM = Conditions(air_kg_m3=0.0)
AIR = Conditions(air_kg_m3=1.2)


@pytest.mark.parametrize("radius_m", [12.0, 60.0, 400.0])
def test_circle(radius_m):
    laps = simulate_one(paper_car(), circle(radius_m), VACUUM)
    assert laps.speed_ms == pytest.approx(math.sqrt(MU * G * radius_m), rel=1e-6)
    whole = 2 * math.pi * radius_m / math.sqrt(MU * G * radius_m)
    assert laps.time_s[0] == pytest.approx(whole, rel=1e-6)


def test_circle_with_downforce():
    car = paper_car(**{"aero.front_m2": 1.5, "aero.rear_m2": 1.5})
    radius, lift = 80.0, 0.5 * AIR.air_kg_m3 * 3.0
    wanted = MU * G * radius / (1 - MU * lift * radius / MASS_KG)
    assert simulate_one(car, circle(radius), AIR).speed_ms ** 2 == pytest.approx(wanted, rel=1e-5)


def test_circle_of_so_much_downforce_that_nothing_limits():
    car = paper_car(**{"aero.front_m2": 8.0, "aero.rear_m2": 8.0, "max_ms": 80.0})
    assert simulate_one(car, circle(400.0), AIR).speed_ms == pytest.approx(80.0)


def test_circle_against_four_wheels_one_by_one():
    """Load transfer and load sensitivity, from the wheels' own forces at the speed found."""
    car = paper_car(
        **{
            "cg_height_m": 0.5,
            "roll_share_front": 0.62,
            "front_weight": 0.47,
            "front.load_y": -4e-5,
            "rear.load_y": -3e-5,
            "front.mu_y": 1.3,
            "drive_front": 0.0,
        }
    )
    radius = 90.0
    v = float(simulate_one(car, circle(radius), VACUUM).speed_ms[0, 0])
    across = v * v / radius
    spare = []
    for tyre, weight, roll, track in (
        (car.front, car.front_weight, car.roll_share_front, car.front_track_m),
        (car.rear, 1 - car.front_weight, 1 - car.roll_share_front, car.rear_track_m),
    ):
        moved = MASS_KG * across * car.cg_height_m * roll / track
        loads = (MASS_KG * G * weight / 2 + moved, MASS_KG * G * weight / 2 - moved)
        assert min(loads) > 0
        can = sum((tyre.mu_y + tyre.load_y * (n - tyre.nominal_n)) * n for n in loads)
        spare.append(can / (MASS_KG * weight * across))
    assert min(spare) == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize("bank_deg", [-8.0, 5.0, 14.0, 31.0])
@pytest.mark.parametrize("turn", [1.0, -1.0])
def test_banked_circle(bank_deg, turn):
    radius, b = 300.0, math.radians(bank_deg)
    track = circle(radius, banking=turn * b)
    track = type(track).of("c", track.step_m, track.curvature * turn, banking=turn * b)
    limit = math.cos(b) - MU * math.sin(b)
    wanted = G * radius * (MU * math.cos(b) + math.sin(b)) / limit
    car = paper_car(**{"max_ms": 199.0})
    assert simulate_one(car, track, VACUUM).speed_ms ** 2 == pytest.approx(wanted, rel=1e-3)


def test_banked_so_steeply_that_nothing_limits():
    track = circle(100.0, banking=0.75)
    assert simulate_one(paper_car(max_ms=70.0), track, VACUUM).speed_ms == pytest.approx(70.0)


def test_straight_ends_where_power_meets_drag():
    car = paper_car(**{"aero.drag_m2": 1.0, "rolling": 0.015})
    car = with_values(car, {"power_scale": 300e3 / 5e6})
    v = float(simulate_one(car, straight(), AIR).speed_ms[-1, 0])
    drag, roll = 0.5 * AIR.air_kg_m3 * 1.0, 0.015 * MASS_KG * G
    assert (drag * v * v + roll) * v == pytest.approx(300e3, rel=1e-4)


def test_straight_uphill():
    slope = 0.03
    car = with_values(paper_car(**{"aero.drag_m2": 1.0}), {"power_scale": 300e3 / 5e6})
    v = float(simulate_one(car, straight(grade=slope), AIR).speed_ms[-1, 0])
    force = 0.5 * AIR.air_kg_m3 * v * v + MASS_KG * G * math.sin(slope)
    assert force * v == pytest.approx(300e3, rel=1e-4)


def test_straight_with_rev_limit():
    """At the last gear's shift speed there is no more drive."""
    car = paper_car(**{"gearbox.shift_rad_s": (50.0,), "max_ms": 70.0})
    assert simulate_one(car, straight(), VACUUM).speed_ms.max() == pytest.approx(50.0, rel=5e-3)


def stadium_time(straight_m, radius_m):
    corner = math.sqrt(MU * G * radius_m)
    top = math.sqrt(corner**2 + MU * G * straight_m)
    return 2 * (math.pi * radius_m / corner + 2 * (top - corner) / (MU * G))


def test_hairpins():
    """Full grip forwards and backwards between two half circles. The straight is whole steps."""
    radius = 20.0
    for parts in (16, 32, 64):
        step = math.pi * radius / parts
        along = round(400.0 / step) * step
        lap = simulate_one(paper_car(), stadium(along, radius, parts), VACUUM).time_s[0]
        assert lap == pytest.approx(stadium_time(along, radius), rel=1e-5)


def test_first_order_in_the_mesh():
    """With drag and limited power the acceleration changes within a step."""
    car = paper_car(**{"aero.drag_m2": 1.2, "power_scale": 0.05, "max_ms": 100.0})
    along, radius = 15.0 * math.pi * 8, 15.0
    laps = [
        float(simulate_one(car, stadium(along, radius, parts), AIR).time_s[0])
        for parts in (4, 8, 16, 32, 256)
    ]
    errors = [abs(lap / laps[-1] - 1) for lap in laps[:-1]]
    assert errors[0] < 0.02
    assert all(fine < 0.65 * coarse for coarse, fine in zip(errors, errors[1:], strict=False))


def test_braking_with_a_fixed_share():
    """The axle that is given too much ends the braking: a = min(F_f / b, F_r / (1 - b)) / m."""
    radius, parts = 20.0, 64
    step = math.pi * radius / parts
    along = round(300.0 / step) * step
    track = stadium(along, radius, parts)
    share = 0.7
    car = paper_car(**{"brakes.front_share": share})
    slow = MU * G * 0.5 / share
    corner = MU * G * radius
    # forwards with all the grip, backwards with what the share leaves
    top = math.sqrt(corner + 2 * along * MU * G * slow / (MU * G + slow))
    run = (top - math.sqrt(corner)) * (1 / (MU * G) + 1 / slow)
    wanted = 2 * (math.pi * radius / math.sqrt(corner) + run)
    assert simulate_one(car, track, VACUUM).time_s[0] == pytest.approx(wanted, rel=3e-3)


def test_turning_parts_count_as_mass_only_when_speed_changes():
    heavy = paper_car(rotating_kg=200.0)
    light = paper_car()
    track = circle(50.0)
    assert np.allclose(
        simulate_one(heavy, track, VACUUM).speed_ms, simulate_one(light, track, VACUUM).speed_ms
    )
    track = stadium(300.0, 20.0, 16)
    slower = simulate_one(heavy, track, VACUUM).time_s[0]
    assert slower > simulate_one(light, track, VACUUM).time_s[0] * 1.01
