"""Setup sheets: rules, history, files."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.cli import main
from pitwall.prerace import shipped_vehicle, write_vehicle
from pitwall.prerace.log import Logged, log_in, reliability, score
from pitwall.prerace.log_file import log_toml, read_log
from pitwall.prerace.series import Trust
from pitwall.prerace.sheet import (
    Change,
    Sheet,
    changes,
    in_force,
    sheet_at,
    sheet_text,
    sheets_in,
)
from pitwall.prerace.sheet_file import read_sheets, write_csv, write_toml
from pitwall.store import Recording
from pitwall.telemetry import BadInput, Failure
from pitwall.telemetry.resources import resource_path
from tests.unit.prerace.field_recording import record

SETTINGS = {"wing": 3.0, "brake_bias": 62.5, "pressure_lf": 175.0}


def sheet(lap=1, written=5, **settings):
    return Sheet("22", lap, "road-cup", settings or SETTINGS, written)


@given(
    st.dictionaries(st.sampled_from(["wing", "ballast"]), st.integers(0, 8), max_size=2),
    st.integers(0, 99),
    st.text(max_size=20),
)
def test_a_sheet_is_read_back_as_it_was_written(values, lap, note):
    one = Sheet("7", lap, "road-cup", {k: float(v) for k, v in values.items()}, 11, note)
    assert sheets_in({one.key: sheet_text(one)}) == (one,)


def test_the_last_written_sheet_of_a_lap_counts_and_laps_have_theirs():
    old, new, later = sheet(1, 5), sheet(1, 6, wing=4.0), sheet(9, 5, wing=5.0)
    meta = {s.key: sheet_text(s) for s in (old, new, later)}
    found = sheets_in(meta, "22")
    assert found == (old, new, later), "the history stays"
    assert in_force(found, "22") == (new, later)
    assert sheet_at(found, "22", 8) == new
    assert sheet_at(found, "22", 9) == later
    assert sheet_at(found, "22", 0) is None
    assert sheet_at(found, "7", 9) is None
    assert changes(new, later) == (Change("wing", "holes", 4.0, 5.0),)
    assert [c.key for c in changes(None, old)] == ["wing", "brake_bias", "pressure_lf"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"wing": 12.0}, "wing = 12 holes is not within 0 to 8"),
        ({"wings": 1.0}, "has no setting 'wings'"),
    ],
)
def test_a_sheet_that_the_rules_do_not_allow(values, words):
    with pytest.raises(BadInput, match=words):
        Sheet("22", 1, "road-cup", values)


def test_an_entry_that_is_no_sheet():
    with pytest.raises(BadInput, match="sheet/22/00001/5: not a setup sheet"):
        sheets_in({"sheet/22/00001/5": "{"})


@pytest.mark.parametrize(("write", "name"), [(write_toml, "s.toml"), (write_csv, "s.csv")])
def test_files_are_read_back(tmp_path, write, name):
    given_sheets = (sheet(1, 7), Sheet("22", 9, "road-cup", {"wing": 5.0}, 7, 'a "note"'))
    path = tmp_path / name
    path.write_text(write(given_sheets), encoding="utf-8")
    assert read_sheets(path, 7) == given_sheets


def test_a_vehicle_of_ones_own_goes_into_the_sheet(tmp_path):
    (tmp_path / "mine.toml").write_text(write_vehicle(shipped_vehicle("road-cup")))
    path = tmp_path / "s.toml"
    path.write_text('car = "1"\nfrom_lap = 1\nvehicle = "mine.toml"\n[settings]\nwing = 1\n')
    (one,) = read_sheets(path, 3)
    assert one.base() == shipped_vehicle("road-cup")
    assert sheets_in({one.key: sheet_text(one)}) == (one,)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("s.toml", "car = 3", "from_lap is missing|car is missing"),
        ("s.toml", "car = [", "s.toml: "),
        ("s.toml", 'car = "1"\nfrom_lap = 1\nvehicle = "kart"\n[settings]\n', "no vehicle 'kart'"),
        ("s.toml", 'car = "1"\nwing = 3\n', "wing is not known"),
        ("s.csv", "car,from_lap\n", "no column 'setting'"),
        ("s.csv", "car,from_lap,vehicle,setting,value\n1,x,road-cup,wing,3\n", "line 2: invalid"),
        ("s.csv", "car,from_lap,vehicle,setting,value\n", "no setting in it"),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path, name, text, words):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(BadInput, match=words):
        read_sheets(path, 0)


def test_no_file(tmp_path):
    with pytest.raises(Failure, match="No such file"):
        read_sheets(tmp_path / "none.toml", 0)


def test_the_demos_sheets_can_be_read():
    sheets = read_sheets(resource_path("sheets", "demo.toml"), 1)
    assert len({s.car for s in sheets}) == len(sheets) == 8


def test_on_the_command_line(tmp_path, capsys):
    path = tmp_path / "f.pitwall"
    record(path, 5.0, groups=("pos",))
    source = tmp_path / "s.toml"
    source.write_text(write_toml([sheet(1), sheet(4, wing=4.0, brake_bias=62.5)]))
    assert main(["model", "sheet", str(path), "--import", str(source), "--json"]) == 0
    docs = json.loads(capsys.readouterr().out)["sheets"]
    assert [d["from_lap"] for d in docs] == [1, 4]
    assert {c["setting"]: (c["before"], c["after"]) for c in docs[1]["changes"]} == {
        "wing": (3.0, 4.0),
        "pressure_lf": (175.0, None),
    }
    out = tmp_path / "back.csv"
    assert main(["model", "sheet", str(path), "--export", str(out)]) == 0
    assert "wing 3 -> 4 holes" in capsys.readouterr().out
    assert len(read_sheets(out, 0)) == 2
    assert main(["model", "sheet", str(path), "--export", str(out)]) == 2
    assert "exists already" in capsys.readouterr().err
    words = ["model", "say", str(path), "--car", "22", "--lap", "4", "--corner", "T5"]
    said = [*words, "--phase", "mid", "--symptom", "understeer"]
    assert main(said) == 0
    assert "understeer at T5 mid (strength 2)" in capsys.readouterr().out
    assert main([*words, "--phase", "mid", "--symptom", "wobbly"]) == 2
    assert "known are understeer" in capsys.readouterr().err
    with Recording.open(path, read_only=True) as recording:
        assert sum(k.startswith("words/") for k in recording.all_meta()) == 1
    assert main(["model", "advise", str(path), "--car", "9", "--processes", "0"]) == 2
    assert "car 9 has no setup sheet" in capsys.readouterr().err


JUDGED = Logged(
    "7",
    77,
    {"wing": 5.0, "brake_bias": 61.0},
    0.2,
    0.1,
    0.3,
    0.02,
    Trust.MIXED,
    3,
    200,
    "sheet/7/1/2",
)


def test_what_came_of_advice_goes_into_the_file_and_to_the_next_session(tmp_path):
    hit, vague = score(JUDGED, 0.19, 0.03), replace(JUDGED, written_us=78)
    log = ((JUDGED, hit), (vague, score(vague, 0.1, 0.5)), (replace(JUDGED, written_us=79), None))
    path = tmp_path / "s.toml"
    path.write_text(write_toml([sheet()]) + log_toml(log), encoding="utf-8")
    assert [s.values for s in read_sheets(path, 5)] == [sheet().values]
    assert log_in(read_log(path)) == log[:2], "what no lap has judged is of no use elsewhere"
    assert reliability(log_in(read_log(path))).startswith("the last advice fell in")
    assert read_log(tmp_path / "none.csv") == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("obtained_s = 0.19", ""),
        ("obtained_s = 0.19", "obtained_s = nan"),
        ("held = true", "held = 1"),
        ("mean_s = 0.2", 'mean_s = "much"'),
        ('class = "mixed"', 'class = "sure"'),
        ("[[advice]]", "[advice]"),
        ("[advice.values]", "[advice.other]"),
    ],
)
def test_a_log_that_is_none(tmp_path, old, new):
    path = tmp_path / "s.toml"
    text = log_toml(((JUDGED, score(JUDGED, 0.19, 0.03)),))
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BadInput, match="s.toml"):
        read_log(path)
