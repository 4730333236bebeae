"""The driver's view, the coach, the corner table, lap times, the tower and the report."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from pitwall.analysis.coach import Advice, Finding
from pitwall.analysis.corners import Corner
from pitwall.analysis.passages import Measure
from pitwall.store.notes import Note
from pitwall.telemetry import BadInput, Failure
from pitwall.ui.main_window import MainWindow
from pitwall.ui.panes.coach import CoachPane
from pitwall.ui.panes.corners import CornersPane
from pitwall.ui.panes.driver import DriverView
from pitwall.ui.panes.lap_chart import LapChart
from pitwall.ui.panes.tower import TowerPane
from pitwall.ui.qt import QtCore
from pitwall.ui.report import pages_of, stint_of, to_html
from pitwall.ui.report.desk import write_both
from pitwall.ui.roles import Role
from pitwall.ui.sector_bests import sector_bests
from tests.ui.conftest import Open
from tests.ui.session import T0, Wall

KEY = QtCore.Qt.Key


def driver_view(window: MainWindow, qtbot: QtBot) -> DriverView:
    window.bench.show_role(Role.DRIVER)
    pane = window.bench.pane("driver")
    assert isinstance(pane, DriverView)
    settle(pane, qtbot)
    window.grab()
    return pane


def settle(view: DriverView, qtbot: QtBot) -> None:
    """Until the curves of what is shown are there."""
    qtbot.waitUntil(lambda: view.curves is not None and not view.curves.busy)


def finding(number: int, gain: float, against: str = "") -> Finding:
    corner = Corner(number, f"T{number}", 400.0, 500.0, 600.0)
    return Finding(
        corner, Measure.BRAKE, 9.0, gain, gain - 0.04, gain + 0.04, 9, 7, (9, 12), against, 118.0,
        109.0, 0.01,
    )  # fmt: skip


def test_arrow_keys_go_from_lap_to_lap(finished: Wall, open_window: Open, qtbot: QtBot):
    window = open_window(finished)
    view = driver_view(window, qtbot)
    window.workspace.select_lap(2)
    settle(view, qtbot)
    assert [tile.number for tile in view.strip.tiles if tile.shown] == [2]
    view.setFocus()
    qtbot.keyClick(view, KEY.Key_Left)
    assert window.workspace.view.lap == 1
    qtbot.keyClick(view, KEY.Key_Right)
    assert window.workspace.view.lap == 2
    assert [tile.number for tile in view.strip.tiles if tile.shown] == [2]
    # the traces' own meaning of the key is not lost elsewhere
    assert window.workspace.view.span is None


def test_the_ghost_is_as_far_as_the_reference_was_by_then(
    finished: Wall, open_window: Open, qtbot: QtBot
):
    window = open_window(finished)
    view = driver_view(window, qtbot)
    window.workspace.select_lap(2)
    settle(view, qtbot)
    picture = window.feed.picture
    shown, reference = picture.shown, picture.reference
    assert reference is not None
    assert shown is not None
    window.workspace.set_cursor(shown.lap.t_start + 30_000_000, pin=True)
    (own, _), ghost = view.map._own, view.map._ghost
    track = finished.timing.track
    places = []
    for lap in (shown.lap, reference.lap):
        columns = finished.store.columns(lap.car, "pos")
        _, values = columns.at(lap.t_start + 30_000_000)
        x, y = track.to_xy(values[:1].astype(float), values[1:2].astype(float))
        places.append((float(x[0]), float(y[0])))
    # the place on the line is beside the car, a sample and the car's own line away at most
    for found, true in zip((own, ghost), places, strict=True):
        assert np.hypot(found[0] - true[0], found[1] - true[1]) < 12.0
    view.toggle_ghost()
    assert view.map._ghost is None


def test_the_lap_runs_and_stops(finished: Wall, open_window: Open, qtbot: QtBot):
    window = open_window(finished)
    view = driver_view(window, qtbot)
    window.workspace.select_lap(2)
    settle(view, qtbot)
    lap = window.feed.picture.shown.lap
    qtbot.keyClick(view, KEY.Key_Space)
    assert view.playing
    qtbot.waitUntil(
        lambda: (window.workspace.view.cursor or 0) > lap.t_start + 100_000, timeout=20_000
    )
    qtbot.keyClick(view, KEY.Key_Space)
    assert not view.playing
    at = window.workspace.view.cursor
    assert lap.t_start < at < lap.t_end
    view.toggle_play()
    window.bench.show_role(Role.ENGINEER)
    assert not view.playing  # nobody looks


def test_a_click_on_a_corner_shows_its_curves(finished: Wall, open_window: Open, qtbot: QtBot):
    window = open_window(finished)
    view = driver_view(window, qtbot)
    window.workspace.select_lap(2)
    settle(view, qtbot)
    badge = view.map.badges[5].toPoint()
    qtbot.mouseClick(view.map, QtCore.Qt.MouseButton.LeftButton, pos=badge)
    picture = view.corner.picture
    assert picture.corner.number == 5
    assert picture.lo < picture.corner.entry_m < picture.corner.apex_m < picture.hi
    assert picture.own is not None
    assert picture.other is not None
    assert 50 < picture.corner.apex_m - picture.own_brake_m < 250
    car = finished.timing.order[-1]
    window.workspace.select_car(car)
    assert view.corner.picture is None or view.corner.picture.corner.number != 5


def test_until_a_corner_is_driven_its_curves_are_of_the_last_whole_lap(
    finished: Wall, open_window: Open, qtbot: QtBot
):
    window = open_window(finished)
    window.workspace.go_live()
    view = driver_view(window, qtbot)
    shown = window.feed.picture.shown
    assert shown.open
    known = view._lap_curves(shown)
    qtbot.waitUntil(lambda: view._lap_curves(view._whole(shown)) is not None)
    here = float(known.axis.s[-1])
    corners = window.feed.scene().debrief.corners
    for corner in corners:
        view._selected = corner.number
        view.show_scene(window.feed.scene())
        late = corner.exit_m > here
        assert view.corner.picture.own_name == f"lap {shown.lap.number - late}"
        assert view.corner.picture.own is not None
    assert corners[0].exit_m < here or corners[-1].exit_m > here


def test_the_sentences_or_why_there_are_none(finished: Wall, open_window: Open, qtbot: QtBot):
    window = open_window(finished)
    view = driver_view(window, qtbot)
    assert view.cards.said == ()
    assert "5 are needed" in view.cards.reason
    advice = Advice("1", 12, (9, 10, 11, 12), (finding(5, 0.14), finding(9, 0.09)))
    view.cards.show_advice(advice, 5)
    assert "Brake 9 m later, as on laps 9 and 12." in view.cards.accessibleDescription()
    assert "0.14 s to gain" in view.cards.accessibleDescription()
    chosen = []
    view.cards.corner_chosen.connect(chosen.append)
    view.cards.resize(500, view.cards.wanted(500))
    view.cards.grab()


def test_missing_data_is_said_in_the_row_of_laps(finished: Wall, open_window: Open, qtbot: QtBot):
    window = open_window(finished)
    view = driver_view(window, qtbot)
    window.workspace.select_car(finished.race.cars[0])
    tiles = {tile.number: tile for tile in view.strip.tiles}
    assert tiles[0].role == "dim" or "missing" in tiles[0].text or tiles[0].text
    best = finished.timing.best
    if best.car == finished.race.cars[0]:
        assert tiles[best.number].role == "best"
    purple = [tile for tile in view.strip.tiles if tile.role == "best"]
    assert len(purple) <= 1  # the session's best and nothing else


def test_the_coach_beside_the_traces(finished: Wall, open_window: Open, qtbot: QtBot):
    window = open_window(finished)
    window.bench.open_pane("coach")
    pane = window.bench.pane("coach")
    assert isinstance(pane, CoachPane)
    assert pane.sentence == ""
    assert "5 are needed" in pane.reason  # told from the start, without another workspace first
    pane.said, pane.sentence = (finding(5, 0.14),), "Brake 9 m later into turn 5: 0.14 s to gain."
    y = pane._first_y(pane.width()) + 5
    qtbot.mouseClick(pane, QtCore.Qt.MouseButton.LeftButton, pos=QtCore.QPoint(40, y))
    lo, hi = window.workspace.view.span
    (five,) = [c for c in finished.ask_debrief().corners if c.number == 5]
    assert lo < five.entry_m < five.exit_m < hi


def test_the_corner_table_adds_up_to_the_delta(finished: Wall, open_window: Open, qtbot: QtBot):
    window = open_window(finished)
    window.bench.show_role(Role.DEBRIEF)
    pane = window.bench.pane("corners")
    assert isinstance(pane, CornersPane)
    window.workspace.select_lap(2)
    assert [row.key for row in pane.rows] == list(range(1, 14))
    total = sum(float(row.cells[1].text.replace("\u2212", "-")) for row in pane.rows)
    shown, reference = window.feed.picture.shown, window.feed.picture.reference
    expected = (shown.lap.time_us - reference.lap.time_us) / 1e6
    assert total == pytest.approx(expected, abs=0.0005 * 13 + 1e-6)
    qtbot.mouseClick(pane, QtCore.Qt.MouseButton.LeftButton, pos=pane.row_rect(2).center())
    assert window.workspace.view.span is not None


def test_while_a_lap_is_driven_the_corners_are_of_the_last_whole_one(
    finished: Wall, open_window: Open
):
    window = open_window(finished)
    window.bench.show_role(Role.DEBRIEF)
    pane = window.bench.pane("corners")
    window.workspace.go_live()
    shown = window.feed.picture.shown
    assert shown.open
    assert pane.title == f"Corners of car {shown.car}, lap {shown.lap.number - 1}"
    live = [row.cells for row in pane.rows]
    assert live[0][4].text.isdigit()
    window.workspace.select_lap(shown.lap.number - 1)
    assert [row.cells[4] for row in pane.rows] == [cells[4] for cells in live]


def test_before_the_first_whole_lap_there_are_none(wall: Wall, open_window: Open):
    wall.advance(120.0)
    window = open_window(wall)
    window.bench.show_role(Role.DEBRIEF)
    window.workspace.select_lap(0)
    assert all(cell.text == "\u2014" for row in window.bench.pane("corners").rows
               for cell in row.cells[1:])  # fmt: skip


def test_lap_times_over_the_race(finished: Wall, open_window: Open, qtbot: QtBot):
    window = open_window(finished)
    window.bench.show_role(Role.STRATEGY)
    pane = window.bench.pane("lap_chart")
    assert isinstance(pane, LapChart)
    window.grab()
    for run in pane.runs:
        laps = {lap.number: lap for lap in finished.timing.cars[run.car].laps}
        for number, seconds in zip(run.laps, run.seconds, strict=True):
            us = laps[number].time_us
            assert (us is None and np.isnan(seconds)) or seconds == pytest.approx(us / 1e6)
    assert pane.remark == "no flags are told of"
    run = pane.runs[0]
    x, y = pane._at(run.laps[1], run.seconds[1])
    qtbot.mouseClick(pane, QtCore.Qt.MouseButton.LeftButton, pos=QtCore.QPoint(round(x), round(y)))
    assert window.workspace.view.lap is not None


def test_purple_in_the_tower_is_the_sessions_best_only(finished: Wall, open_window: Open):
    window = open_window(finished)
    window.bench.show_role(Role.STRATEGY)
    pane = window.bench.pane("tower")
    assert isinstance(pane, TowerPane)
    bests = sector_bests(finished.timing, None)
    titles = [column.title for column in pane.columns]
    assert titles[6:9] == ["S1", "S2", "S3"]
    for row in pane.rows:
        last = finished.timing.cars[row.key].last
        for i, cell in enumerate(row.cells[6:9]):
            if cell.role == "best":
                assert last.sectors[i] == bests.session[i]
    everywhere = [
        lap.sectors[0]
        for car in finished.timing.cars.values()
        for lap in car.laps
        if lap.valid and lap.sectors[0] is not None
    ]
    assert bests.session[0] == min(everywhere)


def report(wall: Wall, notes: tuple[Note, ...] = ()):
    car = wall.race.cars[0]
    stint = stint_of(wall.store, wall.timing, wall.ask_debrief(), notes, car, None, None)
    return stint, pages_of(stint)


def test_a_report_holds_laps_corners_and_notes(finished: Wall):
    car = finished.race.cars[0]
    at = finished.timing.cars[car].best.t_start + 1_000_000
    note = Note(1, car, at, 1, "felt <loose> & light in 5", T0)
    stint, pages = report(finished, (note,))
    text = to_html(pages, "t")
    assert "felt &lt;loose&gt; &amp; light in 5" in text
    assert "<loose>" not in text
    for lap in stint.laps:
        assert f">{lap.number}</text>" in text
    assert "SIMULATED" in text
    assert text.count("<svg") == len(pages) >= 4
    assert re.search(r"1 / \d", text)
    assert "nan" not in text.lower().replace("finance", "")


def test_a_report_is_written_by_a_key(
    finished: Wall, open_window: Open, qtbot: QtBot, tmp_path: Path
):
    window = open_window(finished)
    window.reports.folder = tmp_path
    (action,) = [a for a in window.actions() if a.objectName() == "report"]
    action.trigger()
    qtbot.waitUntil(lambda: bool(window.reports.written), timeout=60_000)
    pdf, html = window.reports.written
    assert pdf.read_bytes()[:5] == b"%PDF-"
    assert html.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([pdf.name, html.name])
    qtbot.waitUntil(lambda: not window.reports.busy, timeout=20_000)


def test_no_half_report_is_left_behind(finished: Wall, tmp_path: Path):
    _, pages = report(finished)
    blocked = tmp_path / "file"
    blocked.write_text("here already")
    with pytest.raises(Failure, match="no report there"):
        write_both(pages, "t", blocked / "below", "r", lambda _: None)
    (tmp_path / "out").mkdir()
    old = tmp_path / "out" / "r.pdf"
    old.write_bytes(b"the last one")

    def fails(share: float) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(Failure, match="No space left"):
        write_both(pages, "t", tmp_path / "out", "r", fails)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["r.pdf"]
    assert old.read_bytes() == b"the last one"


def test_nothing_to_report_of_is_said(wall: Wall):
    wall.advance(20)
    with pytest.raises(BadInput, match="no report"):
        stint_of(wall.store, wall.timing, wall.ask_debrief(), (), wall.race.cars[0], None, None)
