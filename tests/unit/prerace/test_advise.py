"""Advice: what is proposed, what stops it, and when there is none."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from pitwall.prerace import LapTrack, fit_car, shipped_vehicle, simulate, with_values
from pitwall.prerace.advice import Joint, Verdict
from pitwall.prerace.advise import Question, advise
from pitwall.prerace.apply import applied
from pitwall.prerace.desk import TOGETHER, desk, proposed
from pitwall.prerace.discrepancy import Checked, Discrepancies, learn
from pitwall.prerace.fit import WITH_DRIVER
from pitwall.prerace.gain import gain_of
from pitwall.prerace.log import checked, log_in, reliability, score
from pitwall.prerace.posterior import posterior
from pitwall.prerace.report import advice_doc, advice_text
from pitwall.prerace.series import Trust
from pitwall.prerace.sheet import Sheet, sheet_text, sheets_in
from pitwall.prerace.sweep import PORTION, sweep
from pitwall.prerace.words import Symptom, Word
from pitwall.telemetry import BadInput
from tests.unit.prerace.makes import road_course

TRACK = road_course(1)
CAR = with_values(shipped_vehicle("road-cup"), {"driver.braking": 0.93})
SURE = learn([Checked(0.1 * k, 0.1 * k, 0.0, 0.0, t) for k in range(1, 9) for t in Trust])


def asked(values, car=CAR, track=TRACK, seed=1, **more):
    """Laps of the model's own car with a driver's noise, and the question on them."""
    sheet = Sheet("1", 1, more.pop("vehicle", "road-cup"), values)
    real = sheet.set_up(car)
    speed = simulate([real], track).speed_ms[:, 0]
    rng = np.random.default_rng(seed)
    laps = [speed * (1 + 0.003 * rng.standard_normal()) + rng.normal(0, 0.1, len(speed))] * 3
    fit = fit_car(sheet.set_up(car), track, laps, None, WITH_DRIVER)
    return Question(fit, sheet, track, **more)


def row_of(advice, key):
    return next(r for r in advice.rows if r.key == key)


@pytest.fixture(scope="module")
def question():
    return asked({"wing": 4.0, "brake_bias": 64.0, "roll_front": 54.5, "ballast": 20.0})


@pytest.fixture(scope="module")
def advice(question):
    return advise(question, draws=20)


def best_on_grid(key, values, low, high):
    series = Sheet("1", 1, "road-cup", {}).series
    step = series.setting(key).step
    grid = np.arange(low, high + 1e-9, step)
    cars = [series.apply(CAR, {**values, key: float(v)}) for v in grid]
    return float(grid[np.argmin(simulate(cars, TRACK).time_s)]), step


def test_a_planted_brake_bias_is_found_within_a_step():
    values = {"brake_bias": 58.0}
    best, step = best_on_grid("brake_bias", values, 50.0, 75.0)
    found = advise(asked(values, tried={"brake_bias": (50.0, 75.0)}, errors=SURE), draws=20)
    row = row_of(found, "brake_bias")
    assert row.verdict is Verdict.ADVISED
    # the steps that are looked at end at twenty
    assert abs(row.proposed - min(best, 68.0)) <= step + 1e-9
    assert row.gain.lo_s > 0
    assert row.corners[0][1] > 0


def test_a_planted_final_drive_is_found_within_a_step():
    car = shipped_vehicle("stock-car")
    series = Sheet("1", 1, "stock-car", {}).series
    grid = np.round(np.arange(0.8, 1.2501, 0.01), 9)
    cars = [series.apply(car, {"final_drive": float(v)}) for v in grid]
    best = float(grid[np.argmin(simulate(cars, TRACK).time_s)])
    start = round(min(best + 0.1, 1.25), 9)
    question = asked(
        {"final_drive": start},
        car,
        vehicle="stock-car",
        tried={"final_drive": (0.8, 1.25)},
        errors=SURE,
    )
    row = row_of(advise(question, draws=20), "final_drive")
    assert row.proposed == pytest.approx(best, abs=0.0101)


def test_rows_are_ranked_by_the_lower_bound(advice):
    bounds = [r.gain.lo_s for r in advice.rows if r.gain is not None]
    assert bounds == sorted(bounds, reverse=True)
    assert [r.gain is None for r in advice.rows] == sorted(r.gain is None for r in advice.rows)


def test_less_ballast_gains_and_the_bound_is_named(advice):
    row = row_of(advice, "ballast")
    assert row.proposed < 20.0
    assert row.gain.mean_s > 0
    assert row.stopped_by


def test_a_minimum_weight_stops_and_is_named():
    light = with_values(CAR, {"mass_kg": 1135.0})
    row = row_of(
        advise(asked({"ballast": 30.0}, light, tried={"ballast": (0, 90)}), draws=4), "ballast"
    )
    assert row.proposed == 15.0
    assert "the least is 1150.0 kg" in row.stopped_by


def test_no_step_far_from_what_was_run(question):
    near = row_of(advise(question, draws=4), "roll_front")
    assert near.proposed is None or abs(near.proposed - 54.5) <= 3 * 1.5 + 1e-9


def test_the_same_question_has_the_same_answer(question, advice):
    again = advise(question, draws=20)
    assert advice_doc(again) == advice_doc(advice)
    assert advice_doc(advise(question, draws=20, seed=5)) != advice_doc(advice)
    assert any("ballast" in line for line in advice_text(advice))


def test_processes_give_the_same_numbers_bit_for_bit():
    cars = [with_values(CAR, {"mass_kg": 1200.0 + k}) for k in range(PORTION + 44)]
    here = sweep(cars, TRACK)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        there = sweep(cars, TRACK, None, pool)
    assert (here.time_s == there.time_s).all()
    assert (here.speed_ms == there.speed_ms).all()


@pytest.mark.parametrize("symptom", [Symptom.UNDERSTEER, Symptom.OVERSTEER])
@pytest.mark.parametrize("where", ["all", "slow", "fast"])
def test_advice_never_worsens_what_the_driver_reports(question, symptom, where):
    word = Word("1", 3, where, "mid", symptom, 3)
    asked_now = Question(
        question.fit, question.sheet, TRACK, words=(word,), errors=SURE, tried=question.tried
    )
    for row in advise(asked_now, draws=8).advised:
        if row.balance is not None:
            moved = row.balance.get((where, "mid"), 0.0)
            assert moved * word.wanted(0.0) >= -1e-3, row


def test_contradictory_words_hold_all_that_moves_the_balance(question):
    words = tuple(Word("1", 3, "all", "mid", s, 2) for s in (Symptom.UNDERSTEER, Symptom.OVERSTEER))
    both = Question(question.fit, question.sheet, TRACK, words=words, errors=SURE)
    found = advise(both, draws=8)
    assert any("contradict" in note for note in found.notes)
    for row in found.advised:
        if row.balance is not None:
            assert abs(row.balance["all", "mid"]) <= 1e-3


def test_a_kerb_is_shown_and_changes_nothing(question, advice):
    kerb = Question(
        question.fit, question.sheet, TRACK, words=(Word("1", 3, "T2", "kerb", Symptom.NERVOUS, 2),)
    )
    found = advise(kerb, draws=20)
    assert "not in the model" in found.notes[0]
    assert advice_doc(found)["rows"] == advice_doc(advice)["rows"]


def test_a_model_that_breaks_physics_advises_nothing(question, monkeypatch):
    monkeypatch.setattr(
        "pitwall.prerace.advise.broken_signs", lambda *_: ("more mass makes it faster",)
    )
    asked_now = Question(question.fit, question.sheet, TRACK, errors=SURE)
    found = advise(asked_now, draws=8)
    assert found.withheld
    assert not found.advised
    assert found.joint is None


def test_a_rule_that_the_model_contradicts_withholds_the_setting(question, monkeypatch):
    monkeypatch.setattr("pitwall.prerace.advise.against_rule", lambda *_: "up is down")
    found = advise(Question(question.fit, question.sheet, TRACK, errors=SURE), draws=8)
    rows = [r for r in found.rows if r.gain is not None]
    assert rows
    assert {r.verdict for r in rows} == {Verdict.WITHHELD}
    assert "up is down" in rows[0].reason


def test_a_flat_out_oval_is_said_to_be_one():
    turn = (np.arange(640) % 320) < 130
    oval = LapTrack.of(
        "oval", 5.0, np.where(turn, 1 / 207.0, 0.0), banking=np.where(turn, 0.5, 0.05)
    )
    car = with_values(shipped_vehicle("stock-car"), {"power_scale": 0.6})
    question = asked(
        {"roll_front": 56.0, "wedge": 2.0, "final_drive": 1.0}, car, oval, vehicle="stock-car"
    )
    found = advise(question, draws=8)
    assert any("flat out" in note for note in found.notes)
    assert row_of(found, "wedge").verdict is Verdict.BEST
    assert row_of(found, "roll_front").verdict is Verdict.BEST


def test_settings_that_only_laps_tell():
    values = {"camber_front": -3.0, "pressure_lf": 175.0}
    question = asked(values, runs={"pressure_lf": (178.5, 0.4, 0.05), "toe_front": (0, 1, 1)})
    found = advise(question, draws=4)
    camber = row_of(found, "camber_front")
    assert camber.verdict is Verdict.ONLY_LAPS
    assert camber.plan.laps >= 2
    pressure = row_of(found, "pressure_lf")
    assert pressure.trust is Trust.DATA
    assert pressure.verdict is Verdict.OPEN, "0.4 s from runs alone may be anything"
    assert row_of(found, "toe_front").verdict is Verdict.UNKNOWN
    assert advise(
        Question(question.fit, question.sheet, TRACK, runs=question.runs, errors=SURE), draws=4
    ).advised


def test_intervals_grow_with_what_is_not_known():
    few = gain_of(np.array([0.1, 0.1]), 0.02)
    wide = gain_of(np.array([0.1, 0.1]), 0.2)
    assert few.lo_s > 0 > wide.lo_s
    assert few.p_gain > 0.95 > wide.p_gain
    assert Discrepancies().sd(1.0, Trust.DATA) > Discrepancies().sd(1.0, Trust.PHYSICS)


def test_model_error_is_learnt_from_what_came_of_advice():
    good = [Checked(g, g * 1.02, 0.0, 0.0, Trust.PHYSICS) for g in np.linspace(-1, 1, 21)]
    bad = [Checked(g, g * 1.6, 0.0, 0.0, Trust.PHYSICS) for g in np.linspace(-1, 1, 21)]
    first = Discrepancies()
    assert learn(good).sd(0.5, Trust.PHYSICS) < first.sd(0.5, Trust.PHYSICS)
    assert learn(bad).sd(0.5, Trust.PHYSICS) > 1.5 * first.sd(0.5, Trust.PHYSICS)
    assert learn(bad).of[Trust.MIXED] == first.of[Trust.MIXED]


def test_draws_are_paired_and_centred(question):
    drawn = posterior(question.fit, 50, 3)
    assert np.abs(drawn.offsets.mean(axis=0)).max() < 1e-12
    assert drawn.offsets.std(axis=0) == pytest.approx(question.fit.sd, rel=0.5)
    assert (posterior(question.fit, 50, 3).offsets == drawn.offsets).all()


def test_an_applied_advice_becomes_a_sheet_and_is_scored(question):
    found = advise(Question(question.fit, question.sheet, TRACK, errors=SURE), draws=8)
    row = found.advised[0]
    meta = applied(found, {row.key: row.proposed}, question.sheet, 9, 77, 1, 8)
    meta[question.sheet.key] = sheet_text(question.sheet)
    _, new = sheets_in(meta)
    assert new.values == {**question.sheet.values, row.key: row.proposed}
    assert new.from_lap == 9
    ((entry, none),) = log_in(meta)
    assert none is None
    assert new.advice == entry.key
    assert reliability(log_in(meta)) == "no advice has been checked on this car yet"
    hit = score(entry, entry.mean_s + 0.01, 0.02)
    miss = score(entry, entry.mean_s + 9.0, 0.02)
    assert (hit.held, miss.held) == (True, False)
    log = [(entry, hit)] * 12 + [(entry, miss)] * 2
    assert reliability(log) == "of the last 14 advices 12 fell in the 90 % band"
    assert len(checked(log)) == 14
    vague = score(entry, entry.mean_s, abs(entry.mean_s))
    assert vague.held
    assert not vague.told, "laps that do not tell the gain from none say nothing of the band"
    assert reliability([*log, (entry, vague)]).endswith("90 % band; 1 not told by their laps")
    assert reliability([(entry, vague)]).startswith("no advice has been checked")
    with pytest.raises(BadInput, match="is not what was advised"):
        applied(found, {row.key: row.now}, question.sheet, 9, 77, 1, 8)


def test_the_table_has_a_row_of_all_that_is_best_at_once(question, advice):
    advised = {row.key: row.proposed for row in advice.rows if row.proposed is not None}
    two = dict(list(advised.items())[:2])
    assert len(two) == 2
    rows = tuple(
        replace(row, verdict=Verdict.ADVISED) if row.key in two else row for row in advice.rows
    )
    both = replace(advice, rows=rows, joint=Joint(two, rows[0].gain))
    known = SimpleNamespace(uses=(), fit=question.fit)
    shown = desk(SimpleNamespace(calibration=known, advice=both, log=()))
    assert shown.rows[0].key == TOGETHER
    assert shown.rows[0].can_apply
    assert proposed(both, TOGETHER) == two
    one = next(iter(two))
    assert proposed(both, one) == {one: two[one]}
    alone = replace(both, joint=Joint({one: two[one]}, rows[0].gain))
    shown = desk(SimpleNamespace(calibration=known, advice=alone, log=()))
    assert all(row.key != TOGETHER for row in shown.rows), "one change is its own row"
    meta = applied(both, proposed(both, TOGETHER), question.sheet, 9, 77, 1, 8)
    (new,) = sheets_in(meta)
    assert new.values == {**question.sheet.values, **two}
    assert any(row.plan.startswith("A-B-A") for row in shown.rows), "what is open has its plan"
