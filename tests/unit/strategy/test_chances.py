"""What chance does: cautions as often as counted, the same races for every strategy."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pitwall.strategy.cautions import (
    CAUTIONS,
    NONE,
    SAFETY,
    CautionModel,
    Cautions,
    caution_model,
    draw_cautions,
)
from pitwall.strategy.fuel import fuel_to_end
from pitwall.strategy.montecarlo import Chances, run_races
from pitwall.strategy.race import Compound, PitLoss, Race, Stop, Strategy, race_time
from pitwall.strategy.refit import Burn
from pitwall.telemetry import BadInput

RACES = 40_000
RACE = Race(
    50,
    90.0,
    0.03,
    100.0,
    2.0,
    {"soft": Compound(0.0, 0.09), "hard": Compound(0.5, 0.05)},
    1.0,
    stand_s=3.0,
)


def within(part, wanted, n):
    """Three standard errors."""
    return abs(part - wanted) <= 3 * np.sqrt(wanted * (1 - wanted) / n) + 1e-12


def test_cautions_come_as_often_as_they_were_counted(shared_data):
    text = (shared_data / "reference" / "caution_model.json").read_text()
    counted = json.loads(text)["caution_model"]
    model = caution_model("formula")
    found = draw_cautions(model, 55, RACES, np.random.default_rng(3))
    for k, wanted in enumerate(counted["p_sc_quant"]):
        assert within((found.count == k).mean(), wanted, RACES)
    called = found.start >= 0
    n = int(called.sum())
    starts = found.start[called]
    fifth = np.where(starts == 0, 0, 1 + np.floor((starts - 1) / 54 * 5).astype(int))
    for k, wanted in enumerate(counted["p_sc_start"]):
        # a lap that lies across the border of two fifths counts to one of them
        assert abs((fifth == k).mean() - wanted) < 3 * np.sqrt(wanted / n) + 0.004
    lengths = found.length[called]
    for k, wanted in enumerate(counted["p_sc_duration_laps_1_to_10"], start=1):
        assert within((lengths == k).mean(), wanted, n)


def test_stock_cars_have_two_in_a_hundred_miles():
    model = caution_model("stock-car")
    laps, lap_m = 200, 2414.0
    found = draw_cautions(model, laps, 6000, np.random.default_rng(4), lap_m=lap_m)
    miles = laps * lap_m / 1609.344
    assert found.count.mean() / miles * 100 == pytest.approx(2.1, abs=0.1)
    assert found.count.var() > found.count.mean(), "tracks and days differ"
    assert (found.status[50:54] == SAFETY).all(), "a stage's end is a known caution"


def test_a_race_that_runs_draws_only_what_may_still_come():
    model = caution_model("formula")
    rest = draw_cautions(model, 50, 2000, np.random.default_rng(5), first=30)
    assert rest.status.shape == (20, 2000)
    none = draw_cautions(NONE, 50, 10, np.random.default_rng(5))
    assert not none.status.any()


def test_presets_by_name():
    assert {m.key for m in CAUTIONS} == {"formula", "stock-car", "road-cup", "none"}
    with pytest.raises(BadInput, match="no cautions 'x'"):
        caution_model("x")
    with pytest.raises(BadInput, match="probabilities"):
        CautionModel("x", "x", counts=(0.5, 0.6))


def test_without_chance_it_is_the_race_itself():
    plans = [Strategy("soft", (Stop(k, "hard"),)) for k in (10, 25, 40)] + [Strategy("hard")]
    quiet = Chances(NONE, 0.0, 0.0, 0.0)
    found = run_races(RACE, plans, quiet, 3)
    for row, plan in zip(found.times, plans, strict=True):
        assert row == pytest.approx([race_time(RACE, plan)] * 3, abs=1e-6)


def test_strategies_meet_the_same_chances():
    plans = [Strategy("soft", (Stop(24, "hard"),)), Strategy("soft", (Stop(25, "hard"),))]
    chances = Chances(caution_model("formula"))
    found = run_races(RACE, plans, chances, 4000)
    alone = run_races(RACE, plans[1:], chances, 4000)
    assert found.times[1] == pytest.approx(alone.times[0], abs=1e-6), "the company changes nothing"
    apart = float(np.std(found.times[1] - found.times[0]))
    assert apart < 0.1 * float(np.std(found.times[0]))
    ranks = [run_races(RACE, plans, chances, 4000, seed).best() for seed in range(6)]
    assert len(set(ranks)) <= 2


def test_a_lap_by_lap_race_under_caution_agrees():
    """The matrix form against a plain loop over the laps."""
    status = np.zeros((50, 1), np.int8)
    status[9:13] = SAFETY
    race = Race(50, 90.0, compounds={"a": Compound(0.0, 0.1)}, stand_s=3.0, green=PitLoss(2, 16))
    plan = Strategy("a", (Stop(20, "a"),))
    empty = np.zeros((1, 0), np.int64)
    given = Cautions(status, np.zeros(1, np.int64), empty, empty)
    found = run_races(race, [plan], Chances(NONE, 0, 0, 0), 1, cautions=given).times[0, 0]
    total, age = 0.0, 0.0
    for lap in range(50):
        if lap == 20:
            age = 0.0
            total += 16 + 3
        if lap == 19:
            total += 2
        total += 90.0 * race.safety_x if status[lap, 0] else 90.0 + 0.1 * age
        age += 0.25 if status[lap, 0] else 1.0
    assert found == pytest.approx(total, abs=1e-6)


def test_a_stop_behind_the_safety_car_is_cheaper():
    status = np.zeros((50, 1), np.int8)
    status[19:24] = SAFETY
    empty = np.zeros((1, 0), np.int64)
    given = Cautions(status, np.zeros(1, np.int64), empty, empty)
    plans = [Strategy("soft", (Stop(k, "hard"),)) for k in (20, 30)]
    found = run_races(RACE, plans, Chances(NONE, 0, 0, 0), 1, cautions=given)
    assert found.times[1, 0] - found.times[0, 0] > 5.0


def test_only_the_lap_into_the_lane_is_under_the_caution():
    """A caution that ends as the car stops: the lane in is cheap, the way out is not."""
    status = np.zeros((50, 1), np.int8)
    status[15:20] = SAFETY
    empty = np.zeros((1, 0), np.int64)
    given = Cautions(status, np.zeros(1, np.int64), empty, empty)
    race = Race(50, 90.0, stand_s=0.0, green=PitLoss(7.0, 20.0), safety=PitLoss(1.0, 3.0))
    plans = [Strategy("", (Stop(20, ""),)), Strategy("", (Stop(30, ""),))]
    under, green = run_races(race, plans, Chances(NONE, 0, 0, 0), 1, cautions=given).times[:, 0]
    assert green - under == pytest.approx((7.0 + 20.0) - (1.0 + 20.0))


def test_a_caution_of_before_does_not_go_on_in_what_is_left():
    model = CautionModel(
        "x", "x", counts=(0.0, 1.0), starts=(1.0, 0, 0, 0, 0, 0), durations=(0,) * 9 + (1.0,)
    )
    whole = draw_cautions(model, 20, 50, np.random.default_rng(1))
    assert (whole.status[:10] == SAFETY).all()
    rest = draw_cautions(model, 20, 50, np.random.default_rng(1), first=5)
    assert not rest.status.any(), "what was called before is over, or is seen in the laps"


def test_what_does_not_fit_is_refused():
    with pytest.raises(BadInput, match="needs a strategy"):
        run_races(RACE, [])
    with pytest.raises(BadInput, match="cautions"):
        draw_cautions(NONE, 0, 1, np.random.default_rng(1))


def test_fuel_to_the_end():
    burn = Burn(2.0, 0.05, 0.01, 20)
    safe = fuel_to_end(60.0, 20, burn, NONE)
    assert safe.p_dry == 0.0
    assert safe.margin_kg == pytest.approx(20.0, abs=0.1)
    assert safe.save_kg == 0.0
    edge = fuel_to_end(40.0, 20, burn, NONE)
    assert 0.3 < edge.p_dry < 0.7
    short = fuel_to_end(36.0, 20, burn, NONE)
    assert short.p_dry > 0.99
    assert 16 <= short.reaches_laps <= 17
    assert short.save_kg == pytest.approx(0.2, abs=0.05)
    helped = fuel_to_end(38.0, 20, burn, caution_model("formula"), of=50)
    assert helped.p_dry < fuel_to_end(38.0, 20, burn, NONE).p_dry, "cautions save fuel"
    assert fuel_to_end(5.0, 0, burn, NONE).p_dry == 0.0
