"""Which laps count, and what runs alone tell."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from pitwall.analysis import Lap, LapKind
from pitwall.prerace import fit_car, shipped_vehicle, simulate
from pitwall.prerace.ask import Papers, runs, scored, sheet_now, tried
from pitwall.prerace.calibrate import Gathered, calibrate
from pitwall.prerace.discrepancy import Discrepancies, learn
from pitwall.prerace.held_out import held_out
from pitwall.prerace.log import Logged
from pitwall.prerace.practice import OUTLIER, PracticeLap, _in_traffic, _screened
from pitwall.prerace.regression import TimedLap, fit_laps
from pitwall.prerace.series import Trust
from pitwall.prerace.sheet import Sheet
from pitwall.telemetry import BadInput
from tests.unit.prerace.makes import road_course

TRACK = road_course(2)
N = len(TRACK.curvature)


def timed(number, seconds, start=0.0, car="1"):
    t0, t1 = round(start * 1e6), round((start + seconds) * 1e6)
    return Lap(car, number, t0, t1, t1 - t0, 0, LapKind.FLYING, True, "")


def driven(number, seconds, throttle=None):
    flat = np.ones(N) if throttle is None else throttle
    return PracticeLap(timed(number, seconds), np.full(N, 40.0), "", throttle=flat)


def test_a_lift_where_others_are_flat_out_drops_a_lap():
    lifted = np.ones(N)
    lifted[50:64] = 0.2  # 14 points of 5 m at 40 m/s: 1.75 s
    laps = [driven(k, 60.0) for k in range(2, 6)] + [driven(6, 60.1, lifted)]
    found = _screened(laps, 5.0)
    assert [bool(x.dropped) for x in found] == [False] * 4 + [True]
    assert found[-1].dropped == "lifted for 1.8 s where other laps are flat out"
    everybody = [driven(k, 60.0, lifted) for k in range(2, 6)]
    assert not any(x.dropped for x in _screened(everybody, 5.0)), "a corner is no lift"


def test_a_lap_far_off_the_middle_is_dropped_and_a_fast_one_is_not():
    laps = [driven(k, 60.0 + 0.05 * k) for k in range(2, 8)]
    slow, fast = driven(8, 60.2 + OUTLIER * 0.3), driven(9, 58.0)
    found = {x.lap.number: x.dropped for x in _screened([*laps, slow, fast], 5.0)}
    assert "slower than the middle lap" in found[8]
    assert not found[9]


def test_a_car_just_ahead_all_round_is_traffic():
    mine = timed(3, 60.0, 60.0)

    def field(gap):
        laps = [timed(k, 60.0, 60.0 * (k - 2) - gap, "7") for k in range(2, 5)]
        return SimpleNamespace(
            cars={"1": SimpleNamespace(laps=[mine]), "7": SimpleNamespace(laps=laps)}
        )

    assert _in_traffic(field(0.4), mine) == "in traffic: car 7 0.4 s ahead"
    assert _in_traffic(field(2.0), mine) == ""
    assert _in_traffic(field(-0.4), mine) == "", "a car behind is not in the way"


def sheets(**second):
    a = Sheet("1", 1, "road-cup", {"wing": 2.0, "pressure_lf": 175.0, "camber_front": -3.0}, 1)
    b = Sheet("1", 9, "road-cup", {**a.values, **second}, 2)
    return a, b


def calibrated(a, b, gain):
    """A regression in which laps with ``b`` are ``gain`` faster; twelve laps of each."""
    car = a.set_up(shipped_vehicle("road-cup"))
    speed = simulate([car], TRACK).speed_ms[:, 0]
    rng = np.random.default_rng(3)
    laps = [
        TimedLap(60.0 - g + rng.normal(0, 0.03), 20.0, k, 0.0, s.key)
        for s, g in ((a, 0.0), (b, gain))
        for k in range(12)
    ]
    fit = fit_car(car, TRACK, [speed])
    return SimpleNamespace(fit=fit, track=TRACK, lap_model=fit_laps(laps))


def test_runs_tell_what_the_model_does_not_have():
    a, b = sheets(pressure_lf=178.5)
    value, gain, sd = runs((a, b), a, calibrated(a, b, 0.4))["pressure_lf"]
    assert value == 178.5
    assert gain == pytest.approx(0.4, abs=4 * sd + 0.02)


def test_what_the_model_has_is_taken_off_a_run():
    a, b = sheets(pressure_lf=178.5, ballast=60.0)
    times = simulate([s.set_up(shipped_vehicle("road-cup")) for s in (a, b)], TRACK).time_s
    known = float(times[0] - times[1])
    assert known < -0.1
    found = calibrated(a, b, 0.4 + known)
    _, gain, _ = runs((a, b), a, found)["pressure_lf"]
    whole, _ = found.lap_model.difference(a.key, b.key)
    assert whole - gain == pytest.approx(known, abs=0.005)


def test_two_things_changed_at_once_tell_nothing():
    a, b = sheets(pressure_lf=178.5, camber_front=-3.5)
    assert runs((a, b), a, calibrated(a, b, 0.4)) == {}


def test_tried_and_the_newest_sheet():
    a, b = sheets(wing=5.0)
    assert tried((a, b), "1")["wing"] == (2.0, 5.0)
    papers = Papers((a, b), (), ())
    assert sheet_now(papers, "1") == b
    with pytest.raises(BadInput, match="without one there is no advice"):
        sheet_now(papers, "2")


def test_an_applied_advice_is_scored_when_its_laps_are_there():
    a, b = sheets(wing=5.0)
    entry = Logged("1", 2, {"wing": 5.0}, 0.4, 0.2, 0.6, 0.02, Trust.PHYSICS, 1, 8, a.key)
    b = replace(b, advice=entry.key)
    model = calibrated(a, b, 0.38).lap_model
    ((_, score),) = scored(Papers((a, b), (), ((entry, None),)), "1", model)
    assert score.held
    ((_, none),) = scored(Papers((a,), (), ((entry, None),)), "1", model)
    assert none is None
    ((_, wrong),) = scored(
        Papers((a, b), (), ((entry, None),)), "1", calibrated(a, b, -1.0).lap_model
    )
    assert not wrong.held


def modelled(*of):
    times = simulate([s.set_up(shipped_vehicle("road-cup")) for s in of], TRACK).time_s
    return float(times[0] - times[1])


@pytest.mark.parametrize("wrong_s", [0.0, 0.5])
def test_a_change_between_two_runs_checks_the_model(wrong_s):
    a, b = sheets(ballast=60.0)
    a = replace(a, values={**a.values, "ballast": 0.0})
    gain = modelled(a, b)
    found = calibrated(a, b, gain + wrong_s)
    (check,) = held_out((a, b), "1", found)
    assert check.trust is Trust.PHYSICS
    assert check.predicted_s == pytest.approx(gain, abs=0.02)
    assert check.obtained_s == pytest.approx(gain + wrong_s, abs=4 * check.obtained_sd + 0.02)
    assert 0.0 < check.predicted_sd < 0.1
    sd = learn([check]).sd(gain, Trust.PHYSICS)
    first = Discrepancies().sd(gain, Trust.PHYSICS)
    assert sd > 1.5 * first if wrong_s else sd < 1.6 * first


def test_what_checks_nothing():
    a, b = sheets(ballast=60.0)
    assert held_out((a, b), "1", calibrated(a, b, 0.1)) == (), "it is not on the first sheet"
    a, b = sheets(wing=5.0, pressure_lf=178.5)
    assert held_out((a, b), "1", calibrated(a, b, 0.1)) == (), "tyre pressure is not in the model"
    a, b = sheets(wing=5.0)
    found = calibrated(a, b, 0.1)
    assert held_out((a, replace(b, advice="advice/1/2")), "1", found) == (), "the log has it"
    unseen = replace(b, from_lap=30, written_us=9, values={**b.values, "wing": 6.0})
    assert len(held_out((a, b, unseen), "1", found)) == 1, "no lap was driven with the third"
    assert held_out((a, b), "1", SimpleNamespace(lap_model=None)) == ()


@pytest.mark.parametrize(("changed_at", "fitted"), [(20, 0), (9, 0), (8, 1)])
def test_a_sheet_that_was_just_changed_takes_the_laps_of_the_one_before(changed_at, fitted):
    both = sheets(wing=5.0)
    both = both[0], replace(both[1], from_lap=changed_at)
    car = both[0].set_up(shipped_vehicle("road-cup"))
    speed = simulate([car], TRACK).speed_ms[:, 0]
    laps = tuple(replace(driven(k, 60.0), speed_ms=speed) for k in range(2, 11))
    found = calibrate(Gathered("1", TRACK, (), laps, 0), car, sheets=both)
    assert found.sheet == both[fitted]
    assert found.fit.car.aero.wing == both[fitted].values["wing"]


def test_laps_of_another_vehicle_are_not_taken_for_a_new_one():
    old = Sheet("1", 1, "stock-car", {"wedge": 0.0}, 1)
    new = Sheet("1", 9, "road-cup", {"wing": 2.0}, 2)
    car = new.set_up(shipped_vehicle("road-cup"))
    speed = simulate([car], TRACK).speed_ms[:, 0]
    laps = tuple(replace(driven(k, 60.0), speed_ms=speed) for k in range(2, 11))
    with pytest.raises(BadInput, match="2 of 2 laps can be used"):
        calibrate(Gathered("1", TRACK, (), laps, 0), car, sheets=(old, new))
