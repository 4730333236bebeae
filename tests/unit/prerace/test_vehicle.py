"""Vehicle records, files and series."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.prerace import (
    SERIES,
    parse_vehicle,
    read_vehicle,
    series_of,
    shipped_vehicle,
    shipped_vehicles,
    value_at,
    with_values,
    write_vehicle,
)
from pitwall.telemetry import BadInput, Failure
from tests.unit.prerace.makes import paper_car


def test_changes_make_a_copy():
    car = shipped_vehicle("road-cup")
    other = with_values(car, {"mass_kg": 1300.0, "aero.wing": 3, "aero.drag_m2": 0.7})
    assert (car.mass_kg, car.aero.wing) == (1270.0, 0.0)
    assert (other.mass_kg, other.aero.wing, other.aero.drag_m2) == (1300.0, 3, 0.7)
    assert other.front is car.front
    with pytest.raises(dataclasses.FrozenInstanceError):
        car.mass_kg = 1.0


@pytest.mark.parametrize("path", ["mass", "aero.wings", "aero.wing.x", "", "engine.powers_w.0"])
def test_paths_that_are_not_there(path):
    car = shipped_vehicle("road-cup")
    with pytest.raises(BadInput, match="no such vehicle parameter"):
        value_at(car, path)
    with pytest.raises(BadInput, match="no such vehicle parameter"):
        with_values(car, {path: 1.0})


@pytest.mark.parametrize(
    "changes",
    [
        {"mass_kg": 0.0},
        {"mass_kg": math.nan},
        {"friction_exponent": 2.5},
        {"brakes.front_share": 1.0},
        {"front.mu_x": -1.0},
        {"gearbox.ratios": (0.2, 0.1, 0.3, 0.4, 0.5, 0.6)},
        {"gearbox.efficiencies": (0.9,)},
        {"engine": None},
        {"engine.powers_w": (1.0, 2.0)},
        {"aero.wing": -500.0},
        {"power_scale": math.inf},
    ],
)
def test_numbers_no_car_can_have(changes):
    with pytest.raises(BadInput, match="Road cup coupe: "):
        with_values(shipped_vehicle("road-cup"), changes)


def test_wing_and_ride_height_move_the_areas():
    car = shipped_vehicle("formula-hybrid")
    drag, front, rear = car.aero.areas()
    up = with_values(car, {"aero.wing": 2.0}).aero.areas()
    assert up[0] > drag
    assert up[1] < front
    assert up[2] > rear
    low = with_values(car, {"aero.front_height_m": -0.005}).aero.areas()
    assert low[1] > front
    assert low[2] == rear


def test_fuel_and_ballast_are_carried():
    car = paper_car(fuel_kg=50.0, ballast_kg=100.0, ballast_front=1.0)
    assert car.total_kg == 1150.0
    assert car.front_load_share == pytest.approx((1050 * 0.5 + 100) / 1150)


@pytest.mark.parametrize("name", shipped_vehicles())
def test_files_that_ship(name):
    car = shipped_vehicle(name)
    assert series_of(car).breaches(car) == ()
    assert parse_vehicle(write_vehicle(car), "again") == car


@given(
    st.floats(100, 4000),
    st.floats(-0.002, 0.0),
    st.text(min_size=1, max_size=40),
    st.one_of(st.none(), st.floats(0.1, 0.9)),
)
def test_a_file_keeps_all_of_a_car(mass, load, name, share):
    car = paper_car(mass_kg=mass, name=name, **{"front.load_x": load, "brakes.front_share": share})
    assert parse_vehicle(write_vehicle(car), "x") == car


def edited(old, new):
    text = write_vehicle(shipped_vehicle("road-cup"))
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mass_kg", "mass_lb", "car.toml: mass_lb is not known"),
        ("mass_kg = 1270.0\n", "", "car.toml: mass_kg is missing"),
        ("mass_kg = 1270.0", 'mass_kg = "much"', "car.toml: mass_kg = 'much' is not"),
        ("mass_kg = 1270.0", "mass_kg = true", "car.toml: mass_kg = True is not"),
        ("mass_kg = 1270.0", "mass_kg = nan", "car.toml: mass_kg"),
        ("mass_kg = 1270.0", "mass_kg = 1.0", "car.toml: Road cup coupe: mass_kg"),
        ("[aero]", "[aerodynamics]", "car.toml: aerodynamics is not known"),
        ("drag_m2", "drag", "car.toml: aero.drag is not known"),
        ("shift_rpm", "shift_rad_s", "car.toml: gearbox.shift_rad_s is not known"),
        ("ratios = [", "ratios = [true, ", "car.toml: gearbox.ratios"),
        ("[wheel]", "wheel = 3\n[w]", "car.toml"),
        ("name = ", "name ", "car.toml: "),
    ],
)
def test_files_that_are_wrong(old, new, message):
    with pytest.raises(BadInput) as caught:
        parse_vehicle(edited(old, new), "car.toml")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(Failure, match=r"none\.toml"):
        read_vehicle(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="UTF-8"):
        read_vehicle(tmp_path / "bytes.toml")
    (tmp_path / "big.toml").write_bytes(b"#" * (1 << 21))
    with pytest.raises(BadInput, match="larger"):
        read_vehicle(tmp_path / "big.toml")
    with pytest.raises(BadInput, match="no vehicle 'x'"):
        shipped_vehicle("x")


def test_engine_speeds_are_rpm_in_files():
    car = shipped_vehicle("road-cup")
    assert car.gearbox.shift_rad_s[0] == pytest.approx(7300 * 2 * math.pi / 60)


@pytest.mark.parametrize("series", SERIES, ids=lambda s: s.key)
def test_settings_are_read_and_applied(series):
    car = next(
        c for c in map(shipped_vehicle, shipped_vehicles()) if c.series == series.key and c.engine
    )
    for setting in series.settings:
        assert setting.low < setting.high
        inside = (setting.low + setting.high) / 2
        if setting.path is None:
            with pytest.raises(BadInput, match="only laps tell"):
                series.apply(car, {setting.key: inside})
            continue
        changed = series.apply(car, {setting.key: inside})
        assert series.read(changed, setting.key) == pytest.approx(inside)
        with pytest.raises(BadInput, match="is not within"):
            series.apply(car, {setting.key: setting.high + setting.step})


def test_rules_that_are_broken():
    car = shipped_vehicle("stock-car")
    series = series_of(car)
    light = with_values(car, {"mass_kg": 1400.0, "ballast_kg": 0.0, "cross_n": 5000.0})
    found = series.breaches(light)
    assert len(found) == 2
    assert "the least is 1565.0 kg" in found[0]
    assert "wedge" in found[1]
    with pytest.raises(BadInput, match="no setting 'mood'"):
        series.setting("mood")
    with pytest.raises(BadInput, match="no series 'karts'"):
        series_of(with_values(car, {"series": "karts"}))
