"""Calibration on laps of another program, with a driver's noise on them."""

from __future__ import annotations

import numpy as np
import pytest

from pitwall.prerace import Conditions, simulate_one, with_values
from pitwall.prerace.fit import UNKNOWNS, fit_car, scaled
from tests.golden import reference
from tests.golden.coverage import WRONG, driven
from tests.golden.reference import MODES


def wrong(car):
    names = [u.name for u in UNKNOWNS]
    return scaled(car, UNKNOWNS, np.log([WRONG[name] for name in names]))


@pytest.mark.parametrize("mode", MODES[:2], ids=lambda m: f"{m.car}-{m.mode}")
@pytest.mark.parametrize("track", ["Budapest", "Silverstone"])
def test_a_car_that_is_off_by_an_eighth_is_found(shared_data, mode, track):
    speed = reference.speeds(shared_data)[track, mode.car, mode.mode]
    start = wrong(reference.cars(shared_data)[mode.car])
    fit = fit_car(start, reference.tracks(shared_data)[track], driven(speed, 8, 1), mode.conditions)
    assert fit.settled
    assert fit.residual_ms < 0.35
    assert fit.seen.all()
    for unknown, factor in zip(fit.unknowns, fit.factors, strict=True):
        # downforce and grip are told apart by fast and slow corners only
        near = 0.06 if unknown.name == "downforce" else 0.035
        assert factor * WRONG[unknown.name] == pytest.approx(1.0, abs=near), unknown.name
    assert ("grip", "downforce") in fit.indistinct()


def test_a_flat_out_oval_tells_neither_grip_nor_drag_from_power(shared_data):
    mode = MODES[1]
    speed = reference.speeds(shared_data)["IMS", mode.car, mode.mode]
    start = wrong(reference.cars(shared_data)[mode.car])
    track = reference.tracks(shared_data)["IMS"]
    fit = fit_car(start, track, driven(speed, 8, 2), mode.conditions)
    told = dict(zip([u.name for u in fit.unknowns], fit.seen, strict=True))
    assert not told["grip"]
    assert not told["downforce"]
    assert ("drag", "power") in fit.indistinct()
    grip = fit.factors[[u.name for u in fit.unknowns].index("grip")]
    assert grip == pytest.approx(1.0, abs=0.01), "what is not seen stays as the file says"


def test_mistakes_of_one_lap_do_not_count(shared_data):
    mode = MODES[0]
    speed = reference.speeds(shared_data)["Budapest", mode.car, mode.mode]
    start = reference.cars(shared_data)[mode.car]
    track = reference.tracks(shared_data)["Budapest"]
    laps = driven(speed, 5, 3)
    clean = fit_car(start, track, laps, mode.conditions).factors
    laps[0] = laps[0].copy()
    laps[0][200:420] *= 0.8
    laps[1] = np.where(np.arange(len(speed)) % 7 == 0, np.nan, laps[1])
    assert fit_car(start, track, laps, mode.conditions).factors == pytest.approx(clean, abs=0.01)


def test_a_place_where_everybody_lifts_hardly_counts(shared_data):
    """A stretch of yellow flags in all laps is what the model cannot do: it must not be bent."""
    mode = MODES[0]
    speed = reference.speeds(shared_data)["Budapest", mode.car, mode.mode]
    start = reference.cars(shared_data)[mode.car]
    track = reference.tracks(shared_data)["Budapest"]
    clean = fit_car(start, track, [speed], mode.conditions).factors
    slow = speed.copy()
    slow[630:690] *= 0.6
    assert fit_car(start, track, [slow], mode.conditions).factors == pytest.approx(clean, abs=0.03)


def test_the_day_is_part_of_the_fit(shared_data):
    """Laps of a grippier day give the same car when the day is known."""
    mode = MODES[0]
    car = with_values(reference.cars(shared_data)[mode.car], {"power_scale": 1.0})
    track = reference.tracks(shared_data)["Catalunya"]
    day = Conditions(air_kg_m3=1.1, grip=1.05)
    lap = simulate_one(car, track, day).speed_ms[:, 0]
    fit = fit_car(wrong(car), track, [lap], day)
    for unknown, factor in zip(fit.unknowns, fit.factors, strict=True):
        assert factor * WRONG[unknown.name] == pytest.approx(1.0, abs=0.005), unknown.name
