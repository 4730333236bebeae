"""Answers for the command line."""

from __future__ import annotations

import json

import pytest

from pitwall.analysis import info_report, info_text, laps_report, laps_text
from pitwall.store import Batch, Source
from pitwall.telemetry import BadInput, ClockKind
from tests.unit.analysis.rig import Drive


@pytest.fixture
def store(make_rig):
    rig = make_rig(clock=ClockKind.RECONSTRUCTED)
    rig.add(rig.drive("7", Drive([50.0, 50.5])))
    rig.add(rig.drive("8", Drive([51.0, 51.5])))
    return rig.store


def test_laps_have_stable_keys_and_si_units(store):
    doc = json.loads(json.dumps(laps_report(store)))
    assert doc["clock"] == "reconstructed"
    assert doc["clock_text"] == "times reconstructed from receipt bursts"
    assert [car["car"] for car in doc["cars"]] == ["7", "8"]
    lap = doc["cars"][0]["laps"][1]
    keys = "car end kind lap official reason sectors_s start time_s uncertainty_s valid"
    assert sorted(lap) == keys.split()
    assert lap["time_s"] == pytest.approx(50.0, abs=0.2)
    assert lap["start"].endswith("Z")
    assert lap["uncertainty_s"] > 0.1
    assert doc["best"]["car"] == "7"


def test_one_car_or_an_error_that_names_the_cars(store):
    assert [c["car"] for c in laps_report(store, "8")["cars"]] == ["8"]
    with pytest.raises(BadInput, match=r"car 99 is not in this session \(cars: 7, 8\)"):
        laps_report(store, "99")


def test_laps_as_lines(store):
    lines = laps_text(laps_report(store, "8"))
    assert "car 8" in lines
    assert any("0:5" in line or "51." in line for line in lines)


def test_info_says_what_is_there(store):
    doc = json.loads(json.dumps(info_report(store)))
    assert [c["car"] for c in doc["cars"]] == ["7", "8"]
    assert doc["cars"][0]["groups"][0]["rate_hz"] == pytest.approx(20.0, rel=0.01)
    assert {c["channel"] for c in doc["channels"]} >= {"latitude", "speed", "lap_distance"}
    assert doc["ledger"]["missing"] == 0
    assert info_text(doc)[0].startswith("2026-09-20-test-race")


@pytest.mark.parametrize(
    ("source", "applied", "provable", "told"),
    [
        ("imported", 12, True, "all that the files hold; what the logger dropped is not known"),
        ("live", 12, True, "proved by the producers' counts"),
        ("live", 12, False, "completeness not provable"),
        # a live recording that got nothing yet, or nothing at all
        ("live", 0, True, "proved by the producers' counts"),
        ("live", 0, False, "completeness not provable"),
    ],
)
def test_the_books_are_told_by_how_the_recording_began(store, source, applied, provable, told):
    doc = info_report(store)
    assert not doc["imported"]
    doc["imported"] = source == "imported"
    doc["ledger"] |= {
        "expected": 9_900,
        "applied": applied,
        "imported": applied if source == "imported" else 0,
        "missing": 9_900 - applied,
        "provable": provable,
    }
    [line] = [line for line in info_text(doc) if line.startswith("chunks: ")]
    assert line.endswith(f"; {told}")


def test_a_recording_made_of_files_is_told_as_such(make_rig):
    rig = make_rig()
    rig.store.commit(rig.recording.apply(Batch(Source.IMPORT, meta={"import.notes": "[]"})))
    doc = info_report(rig.store)
    assert doc["imported"]
    assert any("all that the files hold" in line for line in info_text(doc))
