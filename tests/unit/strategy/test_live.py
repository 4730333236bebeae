"""The race as it stands: pace learnt lap by lap, the window, rivals, a recording."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from pitwall.analysis import TimingEngine
from pitwall.cli import main
from pitwall.store import open_session
from pitwall.strategy.cautions import NONE, caution_model
from pitwall.strategy.desk import desk
from pitwall.strategy.live import plan, situation
from pitwall.strategy.montecarlo import Chances
from pitwall.strategy.race import Compound, PitLoss, Race, Strategy, best_stop
from pitwall.strategy.refit import RacedLap, burn_of, refit
from pitwall.strategy.rivals import duel
from pitwall.strategy.window import pit_window
from pitwall.telemetry import BadInput
from tests.unit.prerace.field_recording import record


def laps_of(n, wear=0.1, base=90.0, sd=0.1, seed=1, stop=None, fuel=100.0):
    rng = np.random.default_rng(seed)
    out, age = [], 0
    for k in range(n):
        if stop is not None and k == stop:
            age = 0
        left = fuel - 2 * k
        time = base + wear * age + 0.03 * (left - fuel) + rng.normal(0, sd)
        out.append(RacedLap(k + 1, time, age, left))
        age += 1
    return out


def test_pace_and_wear_are_learnt():
    found = refit(laps_of(25), 0.03)
    assert found.wear_s == pytest.approx(0.1, abs=3 * found.wear_sd)
    assert found.wear_sd < 0.03
    assert found.seen
    assert found.lap_sd_s == pytest.approx(0.1, abs=0.08)
    few = refit(laps_of(3), 0.03)
    assert not few.seen
    assert few.wear_sd > found.wear_sd


def test_a_stop_resets_the_age_and_not_the_wear():
    found = refit(laps_of(30, stop=15), 0.03)
    assert found.wear_s == pytest.approx(0.1, abs=0.03)
    assert found.lap_s(0, found.fuel_kg) == pytest.approx(90.0 - 0.03 * 58, abs=0.4)


def test_a_caution_lap_hardly_counts_and_scatter_widens_the_band():
    clean = refit(laps_of(20), 0.03)
    laps = laps_of(20)
    laps[12] = RacedLap(13, laps[12].time_s + 30.0, 12, laps[12].fuel_kg)
    assert refit(laps, 0.03).wear_s == pytest.approx(clean.wear_s, abs=0.06)
    assert refit(laps_of(20, sd=0.8), 0.03).wear_sd > 2 * clean.wear_sd


def test_what_was_long_ago_is_forgotten():
    old = laps_of(40, wear=0.0, sd=0.02)
    new = [RacedLap(k + 41, 88.0, k % 5, 20.0) for k in range(40)]
    found = refit([*old, *new], 0.0)
    assert found.base_s == pytest.approx(88.0, abs=0.5)
    with pytest.raises(BadInput, match="at least 2"):
        refit(laps_of(1))


def test_burn():
    found = burn_of(laps_of(10))
    assert found.per_lap_kg == pytest.approx(2.0)
    nothing = [RacedLap(k, 90.0, k, float("nan")) for k in range(5)]
    assert burn_of(nothing) is None


RACE = Race(
    40,
    90.0,
    compounds={"now": Compound(0.0, 0.09), "new": Compound(0.0, 0.09)},
    stand_s=3.0,
    green=PitLoss(2.0, 16.5),
    slow=PitLoss(1.0, 12.0),
    safety=PitLoss(0.0, 9.0),
)


def test_the_window_holds_the_best_lap_and_is_one():
    best, times = best_stop(RACE, "now", "new")
    found = pit_window(RACE, Strategy("now"), ["new"], Chances(NONE, 0.3, 0.0, 0.0))
    assert found.first <= best <= found.last
    inside = [r.lap for r in found.laps if r.inside]
    assert inside == list(range(found.first, found.last + 1))
    for row in found.laps:
        assert row.inside == (row.loss_s <= 1.0)
        assert row.loss_s == pytest.approx(times[row.lap - 1] - times.min(), abs=1e-6)
    assert found.stay_out_s > 0


def test_laps_are_those_of_the_whole_race():
    found = pit_window(RACE, Strategy("now", age=4.0), ["new"], Chances(NONE, first=20, of=60))
    assert found.laps[0].lap == 21
    assert found.laps[-1].lap == 59


def test_fresh_tyres_are_not_worth_it_late():
    short = Race(4, 90.0, compounds=RACE.compounds, green=PitLoss(2.0, 16.5))
    found = pit_window(short, Strategy("now", age=10.0), ["new"], Chances(NONE))
    assert found.first is None
    assert found.stay_out_s < 0
    must = pit_window(short, Strategy("now"), ["new"], Chances(NONE), may_stay_out=False)
    assert must.first is not None


def test_the_tank_ends_the_window():
    found = pit_window(RACE, Strategy("now"), ["new"], Chances(NONE), latest=9, may_stay_out=False)
    assert found.laps[-1].lap == 9
    assert found.last == 9


def test_a_caution_near_the_window_is_worth_a_stop_and_one_far_before_is_not():
    found = pit_window(RACE, Strategy("now", age=15.0), ["new"], Chances(NONE, 0.3, 0.0, 0.0))
    gains = {c.lap: c.gain_s for c in found.cautions}
    assert gains[8] > 2.0
    fresh = pit_window(RACE, Strategy("now"), ["new"], Chances(NONE, 0.3, 0.0, 0.0))
    assert fresh.cautions[0].gain_s < gains[8]


def test_an_undercut_needs_worn_tyres_ahead_and_a_small_gap():
    ours, theirs = refit(laps_of(20, seed=2)), refit(laps_of(20, seed=3))
    near = duel(RACE, ours, 20, theirs, 20, "7", 0.8)
    far = duel(RACE, ours, 20, theirs, 20, "7", 9.0)
    fresh = duel(RACE, ours, 20, theirs, 2, "7", 0.8)
    assert (near.kind, near.car) == ("undercut", "7")
    assert near.p_ahead > 0.5 > far.p_ahead
    assert near.p_ahead > fresh.p_ahead
    behind = duel(RACE, ours, 20, theirs, 20, "9", -0.8)
    assert behind.kind == "cover"
    assert behind.p_ahead < duel(RACE, ours, 20, theirs, 20, "9", -15.0).p_ahead
    # tyres of twenty laps: each lap out longer helps who stopped first
    assert near.late_gain_s > near.gain_s > 0
    assert near.late_p_ahead > near.p_ahead
    assert behind.late_gain_s < behind.gain_s < 0
    assert behind.late_p_ahead < behind.p_ahead


def test_a_duel_is_the_laps_between_the_stops():
    """One lap of new tyres against one of old ones, no more: the rival may answer at once."""
    pace = replace(refit(laps_of(20, seed=2)), wear_s=0.1, base_s=90.0)
    race = replace(RACE, cold_s=0.4)
    found = duel(race, pace, 20, pace, 20, "7", 1.0)
    assert found.gain_s == pytest.approx(0.1 * 21 - 0.4)
    assert found.late_gain_s == pytest.approx(0.1 * (21 + 22 + 23) - 0.1 * (0 + 1 + 2) - 0.4)


@pytest.fixture(scope="module")
def raced(tmp_path_factory):
    path = tmp_path_factory.mktemp("raced") / "race.pitwall"
    cars = record(path, 1500.0, cars=3, groups=("pos", "engine"))
    recording, store = open_session(path, read_only=True)
    with recording:
        yield path, store, TimingEngine().update(store), cars


def test_a_recording(raced):
    _, store, timing, cars = raced
    here = situation(store, timing, cars[0])
    assert here.lap >= 14
    assert here.left <= 2
    assert here.pace is not None
    assert 0.05 < here.pace.wear_s < 0.5
    assert here.burn.per_lap_kg == pytest.approx(1.79, abs=0.12)
    assert len(here.laps) == here.lap
    found = plan(store, timing, cars[0], caution_model("road-cup"), 45)
    assert found.situation.left == 45 - here.lap
    assert found.fuel.p_dry < 0.5
    shown = desk(found)
    assert shown.last_lap == 45
    assert shown.title == f"Car {cars[0]}"
    assert shown.state.startswith(f"lap {here.lap}, ")
    assert shown.verdict
    assert any("assumed" in note for note in shown.notes)
    assert found.reason or len(found.duels) == 2
    for bar in shown.bars:
        assert bar.lo_s <= bar.loss_s <= bar.hi_s


def test_a_longer_race_has_a_window_and_rivals(raced):
    _, store, timing, cars = raced
    found = plan(store, timing, cars[0], NONE, 90)
    assert found.window.first is not None
    assert found.window.first > found.situation.lap
    assert len(found.duels) == 2
    shown = desk(found)
    assert all("P(ahead)" in line and "next lap" in line for line in shown.rivals)
    assert shown.verdict.startswith(("Pit window", "Stop on lap"))
    assert shown.fuel_alarm, "ninety laps are more than a tank"


def test_on_the_command_line(raced, capsys):
    path, _, _, cars = raced
    words = ["strategy", str(path), "--car", cars[1], "--laps", "40"]
    assert main([*words, "--json"]) == 0
    doc = json.loads(capsys.readouterr().out)
    assert doc["car"] == cars[1]
    assert doc["pace"]["laps"] > 8
    assert doc["fuel"]["left_kg"] > 50
    assert doc["window"] is None or doc["window"]["laps"]
    assert main(words) == 0
    assert "laps done" in capsys.readouterr().out
    assert main(["strategy", str(path), "--car", "x"]) == 2
    assert "car x: no laps" in capsys.readouterr().err
    assert main(["strategy", str(path)]) == 2
    assert "--car is missing" in capsys.readouterr().err


def test_a_race_without_a_length_asks_for_it(raced, monkeypatch):
    _, store, timing, cars = raced
    session = type("S", (), {"length_s": 0.0, "catalog": store.session.catalog})()
    monkeypatch.setattr(store, "session", session)
    with pytest.raises(BadInput, match="--laps N"):
        situation(store, timing, cars[0])
