"""What laps tell of car and driver, each part by itself."""

from __future__ import annotations

import numpy as np
import pytest

from pitwall.analysis import Lap, LapKind
from pitwall.prerace import Conditions, LapTrack, fit_car, shipped_vehicle, simulate, with_values
from pitwall.prerace.driven import uses
from pitwall.prerace.envelope import envelope, start_factors
from pitwall.prerace.fit import WITH_DRIVER
from pitwall.prerace.phases import Phase, corners_of_lap
from pitwall.prerace.plan import MOST_LAPS, lap_plan
from pitwall.prerace.practice import PracticeLap
from pitwall.prerace.regression import TimedLap, fit_laps
from pitwall.prerace.straights import straights
from pitwall.prerace.words import Symptom, Word, heard
from pitwall.telemetry import BadInput
from tests.unit.prerace.makes import road_course

CAR = shipped_vehicle("road-cup")


def long_straights():
    bell = np.sin(np.linspace(0, np.pi, 20)) ** 2 / 40
    return LapTrack.of("long", 5.0, np.concatenate([np.zeros(150), bell] * 3))


def lap_of(track, car, noise=0.0, seed=1):
    speed = simulate([car], track).speed_ms[:, 0]
    rng = np.random.default_rng(seed)
    after = np.roll(speed, -1)
    throttle = (after >= speed - 1e-9).astype(float)
    lap = Lap("1", 2, 0, 90_000_000, 90_000_000, 0, LapKind.FLYING, True, "")
    measured = speed + rng.normal(0, noise, len(speed)) if noise else speed
    return PracticeLap(lap, measured, "", throttle=throttle)


def test_straights_tell_drag_and_power():
    track = long_straights()
    real = with_values(CAR, {"aero.drag_m2": CAR.aero.drag_m2 * 1.12, "power_scale": 0.94})
    found = straights(CAR, track, [lap_of(track, real, 0.02, k) for k in range(4)])
    assert found is not None
    assert found.power == pytest.approx(0.94, abs=0.02)
    assert found.drag == pytest.approx(1.12, abs=0.05)
    assert found.correlation > 0.7, "without rolling they are nearly collinear, and it is said"
    assert abs(found.power - 0.94) < 4 * found.power_sd + 0.02


def test_no_throttle_no_answer():
    track = long_straights()
    lap = lap_of(track, CAR)
    blind = PracticeLap(lap.lap, lap.speed_ms, "", throttle=np.full(len(lap.speed_ms), np.nan))
    assert straights(CAR, track, [blind]) is None
    with pytest.raises(BadInput, match="combustion engine"):
        straights(shipped_vehicle("formula-electric"), track, [lap])


def test_the_envelope_begins_near_the_grip():
    track = road_course(2)
    grippy = {
        f"{a}.{m}": getattr(getattr(CAR, a), m) * 1.1
        for a in ("front", "rear")
        for m in ("mu_x", "mu_y")
    }
    fast, file = (simulate([c], track).speed_ms[:, 0] for c in (with_values(CAR, grippy), CAR))
    start = start_factors(envelope(track, [fast]), envelope(track, [file]))
    assert start["grip"] == pytest.approx(1.1, abs=0.04)
    assert start_factors(None, envelope(track, [file])) == {}
    assert envelope(LapTrack.of("straight", 5.0, np.zeros(50)), [np.full(50, 60.0)]) is None


def test_a_start_saves_rounds_and_does_not_change_the_answer():
    track = road_course(2)
    real = with_values(CAR, {"power_scale": 0.93, "driver.braking": 0.85})
    lap = simulate([real], track).speed_ms[:, 0]
    cold = fit_car(CAR, track, [lap], Conditions(), WITH_DRIVER)
    warm = fit_car(CAR, track, [lap], Conditions(), WITH_DRIVER, {"power": 0.93, "braking": 0.85})
    assert warm.settled
    assert cold.factors == pytest.approx(warm.factors, abs=0.02)


def test_the_driver_is_kept_apart_from_the_grip():
    track = road_course(2)
    real = with_values(CAR, {"driver.braking": 0.82})
    lap = simulate([real], track).speed_ms[:, 0]
    fit = fit_car(CAR, track, [lap], Conditions(), WITH_DRIVER)
    found = dict(zip([u.name for u in fit.unknowns], fit.factors, strict=True))
    assert found["braking"] == pytest.approx(0.82, abs=0.02)
    assert found["grip"] == pytest.approx(1.0, abs=0.01)
    could = simulate([CAR], track).speed_ms[:, 0]
    corners = corners_of_lap(track, could)
    rows = uses(track, corners, could, [lap, lap * 0.999])
    braking = [u for u in rows if u.phase is Phase.BRAKING]
    assert sum(u.loss_s for u in braking) > 0.1
    mid = [u for u in rows if u.phase is Phase.MID]
    assert sum(u.loss_s for u in braking) > 4 * abs(sum(u.loss_s for u in mid))
    assert min(u.part for u in braking) < 0.95


def test_phases_follow_each_other_round_the_lap():
    track = road_course(3)
    speed = simulate([CAR], track).speed_ms[:, 0]
    corners = corners_of_lap(track, speed)
    assert len(corners) >= 4
    for corner in corners:
        points = np.concatenate(list(corner.points.values()))
        assert len(set(points.tolist())) == len(points), "no point is in two phases"
        assert corner.apex in corner.points[Phase.MID]
    named = corners_of_lap(track, speed, [("Esses", corners[0].apex * track.step_m)])
    assert [(c.name, c.apex) for c in named] == [("Esses", corners[0].apex)]


def test_fuel_and_age_are_not_told_from_each_other_in_one_stint():
    rng = np.random.default_rng(4)
    laps = [
        TimedLap(90 + 0.03 * (50 - 2 * k) + 0.06 * k + rng.normal(0, 0.05), 50.0 - 2 * k, k, k / 40)
        for k in range(14)
    ]
    found = fit_laps(laps, 0.03)
    told = dict(zip(found.names, found.seen, strict=True))
    assert not told["fuel"], "fuel falls as age rises: what is said of it is the simulator's"
    assert found.value("fuel") == pytest.approx(0.03, abs=0.012)
    assert found.scatter_s == pytest.approx(0.05, abs=0.04)


def test_stints_with_other_fuel_tell_them_apart():
    rng = np.random.default_rng(5)
    laps = []
    for fuel in (90.0, 20.0, 60.0):
        laps += [
            TimedLap(
                88 + 0.045 * (fuel - 2 * k) + 0.08 * k + rng.normal(0, 0.03),
                fuel - 2 * k,
                k,
                len(laps) / 40,
            )
            for k in range(10)
        ]
    laps[7] = TimedLap(laps[7].time_s + 5.0, laps[7].fuel_kg, 7, laps[7].hour)
    found = fit_laps(laps, 0.03)
    assert found.value("fuel") == pytest.approx(0.045, abs=0.006)
    assert found.value("age") == pytest.approx(0.08, abs=0.03)
    assert dict(zip(found.names, found.seen, strict=True))["age"]


def test_setups_are_compared_like_for_like():
    rng = np.random.default_rng(6)
    laps = [
        TimedLap(90 + 0.03 * f + (-0.2 if s == "b" else 0.0) + rng.normal(0, 0.04), f, k, 0.0, s)
        for s, f0 in (("a", 60.0), ("b", 30.0))
        for k, f in enumerate(np.linspace(f0, f0 - 15, 8))
    ]
    found = fit_laps(laps, 0.03)
    gain, sd = found.difference("a", "b")
    assert gain == pytest.approx(0.2, abs=3 * sd)
    assert sd < 0.4
    with pytest.raises(KeyError):
        found.difference("a", "c")
    with pytest.raises(BadInput, match="at least 3"):
        fit_laps(laps[:2])


def test_a_driver_who_hears_understeer_moves_the_balance_of_the_grip():
    track = road_course(2)
    lap = simulate([CAR], track).speed_ms[:, 0]
    fit = fit_car(
        CAR, track, [lap + np.random.default_rng(1).normal(0, 0.2, len(lap))], None, WITH_DRIVER
    )
    corners = corners_of_lap(track, lap)
    word = Word("1", 1, "all", "mid", Symptom.UNDERSTEER, 3)
    after = heard(fit, track, Conditions(), corners, [word])
    k = [u.name for u in fit.unknowns].index("balance")
    assert after.factors[k] < fit.factors[k], "less grip in front than the file has"
    assert after.sd[k] <= fit.sd[k]
    other = Word("1", 1, "all", "mid", Symptom.OVERSTEER, 3)
    assert heard(fit, track, Conditions(), corners, [word, other]) is fit
    assert heard(fit, track, Conditions(), corners, []) is fit


def test_a_plan_says_how_many_laps_and_when_that_is_not_enough():
    tidy = lap_plan("wing", 3.0, 4.0, "holes", 0.1, 0.15)
    assert tidy.enough
    assert tidy.tells_s <= 0.15
    rough = lap_plan("wing", 3.0, 4.0, "holes", 0.6, 0.05)
    assert (rough.laps, rough.enough) == (MOST_LAPS, False)
    assert "less than that stays open" in rough.says()
