"""Corners found, named, kept and read again; flags of official timing."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from pitwall.analysis import find_corners, known_tracks, renamed
from pitwall.analysis.corners import CORNERS_META, corners_from_json, corners_to_json
from pitwall.analysis.flags import Caution, flag_word, race_control
from pitwall.analysis.laps import Lap, LapKind
from pitwall.analysis.timing import TimingEngine
from pitwall.analysis.track import Tangent, TrackLine, close_line
from pitwall.analysis.track_report import TrackDoc, track_of, track_text
from pitwall.cli import main
from pitwall.store import Batch, Source
from pitwall.telemetry import BadInput
from pitwall.telemetry.official import (
    OFFICIAL_META,
    Official,
    OfficialFlag,
    OfficialLap,
    OfficialStop,
    TableClock,
    official_to_json,
)
from tests.unit.analysis.rig import Drive

KNOWN = known_tracks()[0]


def line(x: np.ndarray, y: np.ndarray) -> TrackLine:
    xy, length = close_line(x, y, 3.0)
    return TrackLine(xy, length, Tangent(10.0, 10.0))


def rounded_square(side: float, radius: float) -> TrackLine:
    """Four left turns of one radius, begun in the middle of a straight."""
    points = []
    half = side / 2 - radius
    for k in range(4):
        turn = np.linspace(-np.pi / 2, 0, 40) + k * np.pi / 2
        cx, cy = [(half, -half), (half, half), (-half, half), (-half, -half)][k]
        points.append(np.stack([cx + radius * np.cos(turn), cy + radius * np.sin(turn)], axis=1))
    xy = np.concatenate([[[0.0, -side / 2]], *points])
    return line(xy[:, 0], xy[:, 1])


@pytest.mark.parametrize("radius", [25.0, 60.0, 120.0])
def test_corners_of_a_square_are_its_four(radius):
    track = rounded_square(800.0, radius)
    corners = find_corners(track)
    assert [c.number for c in corners] == [1, 2, 3, 4]
    assert all(c.left for c in corners)
    for corner in corners:
        assert corner.radius_m == pytest.approx(radius, rel=0.12)
        assert corner.exit_m - corner.entry_m == pytest.approx(radius * np.pi / 2, abs=30.0)
        assert corner.entry_m < corner.apex_m < corner.exit_m


def test_a_wide_circle_has_no_corner():
    a = np.linspace(0, 2 * np.pi, 500)[:-1]
    assert find_corners(line(700 * np.cos(a), 700 * np.sin(a))) == ()


def test_bends_find_what_the_file_says():
    """Without its place on earth the circuit's corners are found by the line alone."""
    track = line(KNOWN.centre[1], KNOWN.centre[2])
    found = find_corners(track)
    assert len(found) == len(KNOWN.corners)
    for ours, file in zip(found, KNOWN.corners, strict=True):
        assert ours.apex_m == pytest.approx(file.apex_m, abs=30.0)
        assert ours.entry_m == pytest.approx(file.start_m, abs=50.0)


def test_corners_survive_being_kept():
    corners = renamed(find_corners(rounded_square(800.0, 60.0)), {2: "Foundry"})
    again = corners_from_json(corners_to_json(corners))
    assert [c.name for c in again] == ["T1", "Foundry", "T3", "T4"]
    assert again[1].spoken == "Foundry"
    assert again[0].spoken == "turn 1"
    for a, b in zip(corners, again, strict=True):
        assert a.apex_m == pytest.approx(b.apex_m, abs=0.01)


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '[{"number":1}]', '[{"number":1,"name":"x","entry_m":9,"apex_m":5,'
    '"exit_m":7,"left":true,"radius_m":null}]'],
)  # fmt: skip
def test_damaged_corners_are_refused(text):
    with pytest.raises(BadInput, match="corners"):
        corners_from_json(text)


@pytest.mark.parametrize("names", [{9: "x"}, {1: ""}, {1: "a" * 60}, {1: "T2"}, {1: "a\nb"}])
def test_names_that_cannot_be_are_refused(names):
    with pytest.raises(BadInput):
        renamed(find_corners(rounded_square(800.0, 60.0)), names)


def test_corners_are_kept_with_the_session_and_taken_to_the_next(make_rig, tmp_path, capsys):
    rig = make_rig()
    rig.add(rig.drive("1", Drive([50.0] * 4)))
    path = rig.recording.path
    before = track_of(rig.store)
    assert before.corners
    rig.recording.close()
    out = tmp_path / "track.json"
    assert main(["track", str(path), "--name", "1=Home", "--out", str(out), "--json"]) == 0
    doc = json.loads(capsys.readouterr().out)
    assert doc["corners"][0]["name"] == "Home"
    assert main(["track", str(path)]) == 0
    assert "Home" in capsys.readouterr().out
    other = make_rig()
    other.add(other.drive("7", Drive([52.0] * 4)))
    again = other.recording.path
    other.recording.close()
    assert main(["track", str(again), "--from", str(out)]) == 0
    assert "Home" in capsys.readouterr().out
    taken = TrackDoc.from_json(out.read_text())
    assert taken.line.length_m == pytest.approx(before.line.length_m)
    assert track_text(taken)[1].strip().startswith("1  Home")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--name", "1"], "as in 5=Foundry"),
        (["--name", "99=X"], "there are"),
        (["--from", "missing.json"], "no such file"),
    ],
)
def test_track_says_what_is_wrong(make_rig, capsys, words, said):
    rig = make_rig()
    rig.add(rig.drive("1", Drive([50.0] * 4)))
    path = rig.recording.path
    rig.recording.close()
    assert main(["track", str(path), *words]) == 2
    assert said in capsys.readouterr().err


def test_coach_answers_on_the_command_line(make_rig, capsys):
    rig = make_rig()
    rig.add(rig.drive("1", Drive([50.0] * 4)))
    path = rig.recording.path
    rig.recording.close()
    assert main(["coach", str(path), "--json"]) == 0
    (car,) = json.loads(capsys.readouterr().out)["cars"]
    assert car["findings"] == []
    assert "5 are needed" in car["quiet"]
    assert main(["coach", str(path), "--car", "8"]) == 2
    assert "car 8 is not in this session" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("GF", "green"), ("FCY", "caution"), ("yellow", "caution"), ("SC", "caution"),
        ("VSC", "caution"), ("SCDeployed", "caution"), ("yellow, SC", "caution"), ("red", "red"),
        ("green", "green"), ("AllClear", "green"), ("", ""), ("checkered", ""), ("white", ""),
    ],
)  # fmt: skip
def test_flags_as_tables_write_them(text, word):
    assert flag_word(text) == word


def lap(number: int, car: str = "1") -> Lap:
    start = number * 100_000_000
    return Lap(car, number, start, start + 90_000_000, 90_000_000, 0, LapKind.FLYING, True, "")


def test_what_race_control_says_of_a_lap(make_rig):
    rig = make_rig()
    told = (
        Official(
            "laps", "laps", TableClock.NONE,
            laps=(OfficialLap("1", 2, flag="GF"), OfficialLap("1", 3, flag="FCY", pit=True)),
            stops=(OfficialStop("2", 7),),
        ),
        Official(
            "flags", "flags", TableClock.RACE,
            flags=(OfficialFlag("green", lap=1), OfficialFlag("yellow", lap=8),
                   OfficialFlag("green", lap=10)),
        ),
        Official(
            "feed", "feed", TableClock.UTC,
            flags=(OfficialFlag("red", at_us=2_050_000_000),
                   OfficialFlag("AllClear", at_us=2_060_000_000)),
        ),
    )  # fmt: skip
    applied = rig.recording.apply(Batch(Source.TABLE, meta={OFFICIAL_META: official_to_json(told)}))
    rig.store.commit(applied)
    control = race_control(rig.store)
    assert [control.word(lap(n)) for n in (1, 2, 3, 8, 9, 11)] == [
        "", "", "caution", "caution", "caution", "",
    ]  # fmt: skip
    assert control.word(lap(20)) == "red"
    assert control.stops == {"1": frozenset({3}), "2": frozenset({7})}
    assert control.cautions == (Caution(8, 10, "caution"),)


def test_nothing_told_is_nothing_known(make_rig):
    control = race_control(make_rig().store)
    assert control.word(lap(1)) == ""
    assert control.cautions == ()


def test_corners_in_a_recording_that_are_damaged_are_said(make_rig):
    rig = make_rig()
    rig.add(rig.drive("1", Drive([50.0] * 4)))
    rig.store.commit(rig.recording.apply(Batch(Source.TABLE, meta={CORNERS_META: "{"})))
    with pytest.raises(BadInput, match="corners"):
        TimingEngine().update(rig.store)


def test_places_in_metres_make_a_line_too(make_rig):
    from pitwall.telemetry import Channel
    from tests.unit.analysis.rig import DISTANCE, LENGTH, SPEED, catalog, place, segments

    cat = catalog(Channel("x", "m", 0.01, -5e3, 5e3), Channel("y", "m", 0.01, -5e3, 5e3), *SPEED,
                  *DISTANCE)  # fmt: skip
    rig = make_rig(cat)
    drive = Drive([50.0] * 4)
    t, values = drive.sample(["speed", "lap_distance"], 20.0)
    way = np.interp((t - drive.start_us) / 1e6, drive.t, drive.way)
    x, y = place(way)
    rig.add(segments("1", cat, t, np.vstack([x, y, values])))
    circuit = TimingEngine().update(rig.store).circuit
    assert circuit.track.tangent.planar
    assert circuit.length_m == pytest.approx(LENGTH, rel=2e-3)
    again = TrackLine.from_json(circuit.track.to_json())
    assert again.tangent.planar
    assert replace(again, sectors=()).length_m == circuit.track.length_m


def test_a_known_circuit_keeps_its_corners_on_a_rough_line(monkeypatch):
    from pitwall.analysis import corners as room

    xy, length = close_line(KNOWN.centre[1], KNOWN.centre[2], 3.0)
    track = TrackLine(xy, length, Tangent(KNOWN.latitude, KNOWN.longitude))
    monkeypatch.setattr(room, "find_corners", lambda _: ())
    corners = room.corners_of(track)
    assert len(corners) == len(KNOWN.corners)
    assert all(np.isnan(corner.radius_m) for corner in corners)


def test_a_line_without_corners_has_a_debrief_that_says_so(make_rig, monkeypatch):
    from pitwall.analysis import DebriefEngine, learn

    monkeypatch.setattr(sys.modules[learn.__module__], "corners_of", lambda _: ())
    rig = make_rig()
    rig.add(rig.drive("1", Drive([50.0] * 7)))
    debrief = DebriefEngine(rig.store).update(TimingEngine().update(rig.store))
    assert debrief.corners == ()
    assert debrief.laps
    assert debrief.advice["1"].silences[0].reason == "no corners are known"
