"""Race times and best stops against another program; what a race file may say."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pitwall.cli import main
from pitwall.strategy.race import (
    Compound,
    PitLoss,
    Race,
    Stop,
    Strategy,
    best_stop,
    lap_times,
    race_time,
)
from pitwall.telemetry import BadInput


@pytest.fixture(scope="module")
def reference(shared_data):
    return json.loads((shared_data / "reference" / "race_strategy.json").read_text())


def race_of(doc, wear):
    """The reference's race: all of its parameters as ours."""
    p = doc["parameters"]
    track, driver = p["track"], p["driver"]
    tyres = {
        name: Compound(row["k_0"], row["k_1_lin"])
        if wear == "lin"
        else Compound(row["k_0"], 0.0, row["k_1_ln"], row["k_2_ln"])
        for name, row in driver["tire_pars"].items()
        if isinstance(row, dict)
    }
    return Race(
        laps=p["race"]["tot_no_laps"],
        base_s=driver["t_base"],
        per_kg_s=track["t_lap_sens_mass"],
        fuel_kg=driver["m_fuel_init"],
        per_lap_kg=driver["m_fuel_init"] / p["race"]["tot_no_laps"],
        compounds=tyres,
        cold_s=driver["tire_pars"]["t_add_coldtires"],
        first_lap_s=track["t_loss_firstlap"] + track["t_loss_pergridpos"] * (driver["p_grid"] - 1),
        stand_s=driver["t_pit_tirechange"],
        green=PitLoss(track["t_pitdrive_inlap"], track["t_pitdrive_outlap"]),
    )


def test_race_times_are_the_references(reference):
    assert len(reference["strategies"]) == 5
    for row in reference["strategies"]:
        start, *stops = row["strategy_list"]
        strategy = Strategy(start[1], tuple(Stop(s[0], s[1]) for s in stops))
        race = race_of(reference, row["tire_model"])
        times = lap_times(race, strategy)
        assert race_time(race, strategy) == pytest.approx(row["race_time_s"], abs=0.01)
        assert times[0] == pytest.approx(row["lap1_s"], abs=0.01)
        assert times[:20].sum() == pytest.approx(row["t_after_lap_20_s"], abs=0.01)
        assert times[:40].sum() == pytest.approx(row["t_after_lap_40_s"], abs=0.01)


def test_best_stops_are_the_references_and_flat(reference):
    race = race_of(reference, "lin")
    for row in reference["one_stop_optimum_linear"]:
        lap, times = best_stop(race, row["first"], row["second"])
        assert lap == row["best_inlap"]
        around = [row["minus1"], row["race_time_s"], row["plus1"]]
        assert times[lap - 2 : lap + 1] == pytest.approx(around, abs=0.01)


def test_refuelling_stands_as_long_as_it_takes():
    race = Race(10, 60.0, 0.03, 20.0, 4.0, per_kg_stand_s=0.5, stand_s=3.0)
    short = race_time(race, Strategy("", (Stop(5, "", 2.0),)))
    long = race_time(race, Strategy("", (Stop(5, "", 20.0),)))
    assert long - short == pytest.approx(7.0 + 0.03 * 18.0 * 5 - 0.03 * 0, abs=1.0)
    assert long > short


@pytest.mark.parametrize(
    "strategy",
    [
        Strategy("x"),
        Strategy("", (Stop(0, ""),)),
        Strategy("", (Stop(10, ""),)),
        Strategy("", (Stop(5, ""), Stop(5, ""))),
        Strategy("", (Stop(5, "y"),)),
    ],
)
def test_strategies_that_cannot_be(strategy):
    with pytest.raises(BadInput, match="strategy"):
        lap_times(Race(10, 60.0), strategy)


RACE = """
[race]
laps = 55
base_s = 92.0
per_kg_s = 0.03
fuel_kg = 100.0
per_lap_kg = 1.8181818181818181
cold_s = 1.0
first_lap_s = 2.5
stand_s = 3.0
[tyres.A5]
per_lap_s = 0.09
[tyres.A4]
base_s = 0.5
per_lap_s = 0.05
[pit.green]
into_s = 2.0
out_s = 16.5
[chances]
cautions = "formula"
lap_sd_s = 0.6
[[strategy]]
start = "A5"
stops = [{lap = 25, tyre = "A4"}]
[[strategy]]
start = "A5"
stops = [{lap = 5, tyre = "A4"}]
"""


def test_a_race_file_on_the_command_line(tmp_path, capsys):
    path = tmp_path / "race.toml"
    path.write_text(RACE)
    assert main(["strategy", str(path), "--json"]) == 0
    doc = json.loads(capsys.readouterr().out)
    times = {row["strategy"]: row for row in doc["strategies"]}
    assert times["A5, lap 25 A4"]["race_time_s"] == pytest.approx(5233.75, abs=0.01)
    assert doc["strategies"][0]["strategy"] == "A5, lap 25 A4"
    assert times["A5, lap 5 A4"]["loss_s"] > 0
    assert sum(row["p_best"] for row in doc["strategies"]) == pytest.approx(1.0)
    assert main(["strategy", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == doc, "the same seed, the same races"
    assert main(["strategy", str(path)]) == 0
    assert "best in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("laps = 55", "laps = 5.5"), "race.laps = 5.5 is not a number of laps"),
        (("laps = 55", ""), "race.laps is missing"),
        (("base_s = 92.0", "base = 92.0"), "race.base is not known"),
        (('"formula"', '"oval"'), "no cautions 'oval'"),
        (('tyre = "A4"}]\n[[', 'tyre = "B"}]\n[['), "no tyre 'B'"),
        (("lap = 25", "lap = 99"), "stops must rise, within 1..54"),
        (("[pit.green]", "[pit.blue]"), "pit.blue is not known"),
        (("[race]", "[race"), "race.toml: "),
    ],
)
def test_what_is_wrong_with_a_race_file(tmp_path, capsys, change, words):
    path = tmp_path / "race.toml"
    path.write_text(RACE.replace(*change))
    assert main(["strategy", str(path)]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_a_lap_without_wear_is_the_same_all_race():
    assert np.ptp(lap_times(Race(20, 60.0), Strategy(""))) == 0.0
