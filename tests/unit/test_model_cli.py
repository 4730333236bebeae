"""``pitwall model lap``."""

from __future__ import annotations

import json

import pytest

from pitwall.cli import main
from pitwall.prerace import shipped_vehicle, write_vehicle
from pitwall.telemetry.resources import resource_path

TRACK = str(resource_path("tracks", "larkspur-hollow.csv"))


def answer(capsys, *words):
    code = main(["model", "lap", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_lap_as_json(capsys):
    code, out, _ = answer(capsys, TRACK, "--vehicle", "road-cup", "--json")
    doc = json.loads(out)
    assert code == 0
    assert 85 < doc["time_s"] < 120
    assert doc["gain_s"] == 0.0
    assert sum(doc["sectors_s"]) == pytest.approx(doc["time_s"], abs=1e-3)
    assert doc["store_left_j"] is None
    assert doc["breaches"] == []
    assert "profile" not in doc


def test_changes_and_what_they_gain(capsys, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(write_vehicle(shipped_vehicle("formula-hybrid")), encoding="utf-8")
    words = (
        "--vehicle",
        str(path),
        "--set",
        "mass_kg=590",
        "--set",
        "wing=2",
        "--profile",
        "--json",
    )
    code, out, _ = answer(capsys, TRACK, *words)
    doc = json.loads(out)
    assert code == 0
    assert doc["changes"] == {"mass_kg": 590.0, "wing": 2.0}
    assert doc["gain_s"] > 0.5
    assert doc["breaches"] == ["590.0 kg without fuel; the least is 600.0 kg"]
    assert len(doc["profile"]["speed_ms"]) == len(doc["profile"]["distance_m"]) > 700
    assert doc["store_left_j"] > 0


def test_a_lap_for_people(capsys):
    code, out, _ = answer(
        capsys, TRACK, "--vehicle", "road-cup", "--grip", "0.9", "--set", "fuel=50"
    )
    assert code == 0
    assert out.splitlines()[0].startswith("Road cup coupe on larkspur-hollow (")
    assert "fuel = 50: +" in out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((TRACK, "--vehicle", "kart"), 2, "no vehicle 'kart'"),
        ((TRACK, "--vehicle", "none.toml"), 1, "none.toml: No such file"),
        (
            (TRACK, "--vehicle", "road-cup", "--set", "wing=99"),
            2,
            "wing = 99.0 holes is not within",
        ),
        ((TRACK, "--vehicle", "road-cup", "--set", "wing"), 2, "'wing' is not SETTING=VALUE"),
        ((TRACK, "--vehicle", "road-cup", "--set", "wing=x"), 2, "'x' is not a number"),
        ((TRACK, "--vehicle", "road-cup", "--set", "wings=1"), 2, "no such vehicle parameter"),
        ((TRACK, "--vehicle", "road-cup", "--set", "engine=3"), 2, "engine cannot be 3.0"),
        ((TRACK, "--vehicle", "road-cup", "--set", "camber_front=-2"), 2, "only laps tell"),
        ((TRACK, "--vehicle", "road-cup", "--set", "mass_kg=0"), 2, "mass_kg = 0.0 is not within"),
        ((TRACK, "--vehicle", "road-cup", "--grip", "9"), 2, "conditions: grip = 9.0"),
        (("none.pitwall", "--vehicle", "road-cup"), 1, "none.pitwall: no such file"),
        (("none.csv", "--vehicle", "road-cup"), 1, "none.csv: No such file"),
    ],
)
def test_what_is_wrong_in_one_line(capsys, words, code, message):
    got, out, err = answer(capsys, *words)
    assert (got, out) == (code, "")
    assert message in err
    assert err.count("\n") == 1
