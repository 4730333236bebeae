"""What makes a car faster, and what slower: on every kind of car and on several tracks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pitwall.prerace import (
    Conditions,
    LapTrack,
    shipped_vehicle,
    shipped_vehicles,
    simulate,
    with_values,
)
from pitwall.prerace.vehicle import value_at
from tests.unit.prerace.makes import paper_car, road_course

SLOWER = {
    "mass": {"mass_kg": 1.04},
    "drag": {"aero.drag_m2": 1.05},
    "front grip": {"front.mu_x": 0.97, "front.mu_y": 0.97},
    "rear grip": {"rear.mu_x": 0.97, "rear.mu_y": 0.97},
    "front downforce": {"aero.front_m2": 0.9},
    "rear downforce": {"aero.rear_m2": 0.9},
    "rolling": {"rolling": 1.5},
    "turning parts": {"rotating_kg": 2.0},
    "load sensitivity": {"front.load_y": 1.5, "rear.load_y": 1.5},
    "higher": {"cg_height_m": 1.15},
}


def scaled(car, parts):
    return with_values(car, {path: value_at(car, path) * k for path, k in parts.items()})


@pytest.mark.parametrize("name", shipped_vehicles())
@pytest.mark.parametrize("seed", [1, 2])
def test_what_makes_a_car_slower(name, seed):
    car = shipped_vehicle(name)
    if car.engine is None:
        # short of energy a car gains from whatever saves some, downforce's rolling drag as well
        car = with_values(car, {"motor.store_j": math.inf})
    cars = [car, *(scaled(car, parts) for parts in SLOWER.values())]
    base, *times = simulate(cars, road_course(seed)).time_s
    for label, time in zip(SLOWER, times, strict=True):
        assert time > base, label
        assert time < base * 1.08, label


@pytest.mark.parametrize("name", ["road-cup", "stock-car", "formula-hybrid"])
def test_power_makes_faster(name):
    car = shipped_vehicle(name)
    more = with_values(car, {"power_scale": 1.05})
    base, time = simulate([car, more], road_course()).time_s
    assert 0.95 * base < time < base


def test_track_grip_and_margin():
    car = [shipped_vehicle("road-cup")]
    track = road_course()
    base = simulate(car, track, Conditions()).time_s[0]
    assert simulate(car, track, Conditions(grip=1.02)).time_s[0] < base
    assert simulate(car, track, Conditions(corner_margin_ms=0.5)).time_s[0] > base
    half = road_course()
    grip = np.where(np.arange(len(half.curvature)) < 250, 0.9, 1.0)
    wet = LapTrack.of("half wet", half.step_m, half.curvature, grip=grip)
    assert simulate(car, wet).time_s[0] > base


def test_an_open_flap_is_faster_where_it_may_be_open():
    track = road_course()
    zone = LapTrack.of("zones", track.step_m, track.curvature, drag_zone=True)
    car = [shipped_vehicle("formula-hybrid")]
    base = simulate(car, track).time_s[0]
    assert simulate(car, zone).time_s[0] < base - 0.05
    assert simulate(car, zone, Conditions(drag_zones=False)).time_s[0] == base


def test_a_flat_out_oval_knows_no_grip():
    """Only drag, power and mass count, and mass hardly."""
    points = 640
    turn = (np.arange(points) % 320) < 130
    oval = LapTrack.of(
        "oval", 5.0, np.where(turn, 1 / 207.0, 0.0), banking=np.where(turn, 0.5, 0.05)
    )
    car = with_values(shipped_vehicle("stock-car"), {"power_scale": 0.6})
    changes = [
        {},
        {"front.mu_y": car.front.mu_y * 0.97},
        {"rear.mu_y": car.rear.mu_y * 0.97},
        {"aero.drag_m2": car.aero.drag_m2 * 1.03},
        {"power_scale": car.power_scale * 1.02},
        {"mass_kg": car.mass_kg + 50},
    ]
    times = simulate([with_values(car, c) for c in changes], oval).time_s
    base, front, rear, drag, power, mass = times
    assert abs(front - base) < 1e-3
    assert abs(rear - base) < 1e-3
    assert drag > base + 0.05
    assert power < base - 0.05
    assert 0 <= mass - base < 0.1


def test_banking_helps_and_uphill_hinders():
    track = road_course()
    car = [shipped_vehicle("road-cup")]
    base = simulate(car, track).time_s[0]
    turned = np.sign(track.curvature) * 0.05
    banked = LapTrack.of("banked", track.step_m, track.curvature, banking=turned)
    away = LapTrack.of("away", track.step_m, track.curvature, banking=-turned)
    assert simulate(car, banked).time_s[0] < base < simulate(car, away).time_s[0]
    hills = 0.04 * np.sin(np.arange(len(track.curvature)) * 2 * np.pi / 250)
    hilly = LapTrack.of("hilly", track.step_m, track.curvature, grade=hills)
    assert simulate(car, hilly).time_s[0] != base


def test_wedge_helps_one_way_and_not_the_other():
    """Cross weight tightens left turns: whichever end limits, left and right differ."""
    car = shipped_vehicle("stock-car")
    times = {}
    for turn in (1.0, -1.0):
        track = LapTrack.of("ring", 5.0, np.full(120, turn / 95.0))
        cars = [with_values(car, {"cross_n": n}) for n in (-1500.0, 0.0, 1500.0)]
        times[turn] = simulate(cars, track).time_s
    assert times[1.0][1] == pytest.approx(times[-1.0][1], rel=1e-12)
    assert times[1.0] == pytest.approx(times[-1.0][::-1], rel=1e-12)
    assert abs(times[1.0][2] - times[1.0][0]) > 1e-3


def test_roll_share_has_an_optimum_inside():
    car = shipped_vehicle("road-cup")
    shares = np.linspace(0.05, 0.95, 19)
    times = simulate([with_values(car, {"roll_share_front": s}) for s in shares], road_course())
    assert 0 < int(np.argmin(times.time_s)) < len(shares) - 1


def test_brake_bias_has_an_optimum_inside():
    car = shipped_vehicle("road-cup")
    shares = np.linspace(0.4, 0.9, 26)
    cars = [with_values(car, {"brakes.front_share": s}) for s in shares]
    best = int(np.argmin(simulate(cars, road_course()).time_s))
    assert 3 < best < len(shares) - 3


@pytest.mark.parametrize("turn", [1.0, -1.0])
def test_wedge_tightens_left_turns(turn):
    """More on the right front, which is the outer wheel there, takes grip from a front that has
    too little; to the right it gives some."""
    car = paper_car(**{"cg_height_m": 0.5, "front.load_y": -5e-5, "rear.mu_y": 1.5})
    ring = LapTrack.of("ring", 5.0, np.full(120, turn / 95.0))
    flat, wedge = simulate([car, with_values(car, {"cross_n": 1500.0})], ring).time_s
    assert (wedge - flat) * turn > 1e-3
    leaning = LapTrack.of("lean", 5.0, ring.curvature, banking=turn * 0.1)
    flat, wedge = simulate([car, with_values(car, {"cross_n": 1500.0})], leaning).time_s
    assert (wedge - flat) * turn > 1e-3
