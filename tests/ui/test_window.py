"""The window as a person uses it: keys, clicks, drags."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from pitwall.runtime import State
from pitwall.ui.actions import ACTIONS
from pitwall.ui.main_window import MainWindow
from pitwall.ui.model import Axis, ReferenceKind
from pitwall.ui.window import within
from tests.ui.session import T0, Wall

Open = Callable[..., MainWindow]
Key = Qt.Key
Shift = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def window(finished: Wall, open_window: Open) -> MainWindow:
    made = open_window(finished)
    made.activateWindow()
    return made


def press(qtbot: QtBot, window: MainWindow, key: Qt.Key, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.keyClick(window, key, modifier)


def test_every_action_has_a_key_a_sentence_and_a_handler(window: MainWindow) -> None:
    bound = {action.objectName(): action for action in window.actions()}
    assert set(bound) == {one.name for one in ACTIONS}
    keys = [key for one in ACTIONS for key in one.keys]
    assert len(keys) == len(set(keys))
    assert all(one.about and one.title and one.keys for one in ACTIONS)
    assert all(not action.shortcut().isEmpty() for action in bound.values())


def test_the_leader_is_shown_live_over_the_best_lap(window: MainWindow, finished: Wall) -> None:
    assert finished.timing is not None
    view, picture = window.workspace.view, window.panes.traces.picture
    assert view.live
    assert view.car == finished.timing.order[0]
    assert picture is not None
    assert picture.axis is Axis.DISTANCE
    assert picture.shown is not None
    assert picture.shown.open
    assert picture.reference is not None
    assert picture.reference.lap == finished.timing.best
    assert picture.delta is not None
    assert [t.title for t in picture.traces][:4] == ["Speed", "Throttle", "Brake", "Steering"]


def test_d_switches_the_axis_and_w_the_rolling_window(qtbot: QtBot, window: MainWindow) -> None:
    traces = window.panes.traces
    for key, axis in (
        (Key.Key_D, Axis.TIME),
        (Key.Key_D, Axis.DISTANCE),
        (Key.Key_W, Axis.ROLLING),
    ):
        press(qtbot, window, key)
        assert traces.picture is not None
        assert traces.picture.axis is axis
    low, high = traces.span
    assert high - low == pytest.approx(90.0)


def test_scrubbing_by_key_and_one_key_back_to_live(
    qtbot: QtBot, window: MainWindow, finished: Wall
) -> None:
    latest = finished.store.latest_us()
    press(qtbot, window, Key.Key_Left, Shift)
    assert window.workspace.view.moment == latest - 1_000_000
    assert not window.panes.timeline.button.on
    assert window.panes.header.text("clock") < "00:05:30"
    press(qtbot, window, Key.Key_End)
    assert window.workspace.view.live
    assert window.panes.timeline.button.on
    press(qtbot, window, Key.Key_Left, Shift)
    press(qtbot, window, Key.Key_L)
    assert window.workspace.view.live


def test_scrubbing_shows_the_field_as_it_was(window: MainWindow, finished: Wall) -> None:
    window.workspace.scrub(T0 + 100_000_000)
    rows = window.panes.timing.rows
    assert len(rows) == 3
    for row in rows:
        car = finished.timing.cars[str(row.key)]
        done = [lap for lap in car.laps if lap.t_end and lap.t_end <= T0 + 100_000_000]
        timed = [lap for lap in done if lap.time_us]
        assert (row.cells[3].text == "—") == (not timed)
    shown = window.panes.traces.picture.shown
    assert shown.lap.t_start <= T0 + 100_000_000 <= shown.t_end


def test_dragging_on_the_timeline_scrubs_while_live_goes_on(
    qtbot: QtBot, window: MainWindow, finished: Wall
) -> None:
    timeline = window.panes.timeline
    middle = timeline.height() // 2
    wanted = T0 + 150_000_000
    at = QPoint(round(timeline.pixel_of(wanted)), middle)
    qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=at)
    moment = window.workspace.view.moment
    assert moment is not None
    assert abs(moment - wanted) < 3_000_000
    qtbot.mouseMove(timeline, at + QPoint(10, 0))
    qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=at)
    edge = QPoint(round(timeline.pixel_of(finished.store.latest_us())) + 1, middle)
    qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=edge)
    assert window.workspace.view.live


def test_the_live_button_and_the_live_pill(qtbot: QtBot, window: MainWindow) -> None:
    window.workspace.scrub(T0 + 100_000_000)
    qtbot.mouseClick(window.panes.timeline.button, Qt.MouseButton.LeftButton)
    assert window.workspace.view.live
    window.workspace.select_lap(1)
    pill = window.panes.header.item_rect("live")
    assert pill is not None
    qtbot.mouseClick(window.panes.header, Qt.MouseButton.LeftButton, pos=pill.center())
    assert window.workspace.view.live


def test_a_click_shows_a_lap_and_a_second_one_makes_it_the_reference(
    qtbot: QtBot, window: MainWindow
) -> None:
    laps, left = window.panes.laps, Qt.MouseButton.LeftButton
    index = next(i for i, row in enumerate(laps.rows) if row.key == 1)
    qtbot.mouseClick(laps, left, pos=laps.row_rect(index).center())
    assert window.workspace.view.lap == 1
    assert window.panes.traces.picture.shown.lap.number == 1
    assert laps.rows[index].selected
    qtbot.mouseClick(laps, left, pos=laps.row_rect(index).center())
    view = window.workspace.view
    assert view.live
    assert (view.reference.kind, view.reference.lap) == (ReferenceKind.LAP, 1)
    assert laps.rows[index].marked
    other = next(i for i, row in enumerate(laps.rows) if row.key == 2)
    qtbot.mouseClick(laps, left, Shift, pos=laps.row_rect(other).center())
    assert window.workspace.view.reference.lap == 2


def test_cars_and_laps_by_key(qtbot: QtBot, window: MainWindow, finished: Wall) -> None:
    order = finished.timing.order
    press(qtbot, window, Key.Key_Down)
    assert window.workspace.view.car == order[1]
    press(qtbot, window, Key.Key_Up)
    assert window.workspace.view.car == order[0]
    current = finished.timing.cars[order[0]].current_lap
    press(qtbot, window, Key.Key_PageUp)
    assert window.workspace.view.lap == current - 1
    press(qtbot, window, Key.Key_PageDown)
    assert window.workspace.view.live


def test_a_click_in_the_timing_table_selects_the_car(
    qtbot: QtBot, window: MainWindow, finished: Wall
) -> None:
    timing = window.panes.timing
    qtbot.mouseClick(timing, Qt.MouseButton.LeftButton, pos=timing.row_rect(2).center())
    assert window.workspace.view.car == finished.timing.order[2]
    assert timing.rows[2].selected


def test_r_goes_through_the_references(qtbot: QtBot, window: MainWindow) -> None:
    kinds = []
    for _ in range(3):
        press(qtbot, window, Key.Key_R)
        kinds.append(window.workspace.view.reference.kind)
    assert kinds == [ReferenceKind.OWN_BEST, ReferenceKind.NONE, ReferenceKind.SESSION_BEST]


def test_zoom_by_wheel_pan_by_drag_and_key_and_reset(qtbot: QtBot, window: MainWindow) -> None:
    traces = window.panes.traces
    centre = QPointF(traces.width() * 0.6, traces.height() / 2)
    wheel = QWheelEvent(
        centre,
        traces.mapToGlobal(centre),
        QPoint(),
        QPoint(0, 480),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(traces, wheel)
    zoomed = window.workspace.view.span
    assert zoomed is not None
    full = traces.picture.full
    assert zoomed[1] - zoomed[0] < 0.5 * (full[1] - full[0])
    press(qtbot, window, Key.Key_Right)
    assert window.workspace.view.span[0] > zoomed[0]
    traces.grab()
    before = window.workspace.view.span
    start = centre.toPoint()
    qtbot.mousePress(traces, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(traces, start + QPoint(60, 0))
    qtbot.mouseRelease(traces, Qt.MouseButton.LeftButton, pos=start + QPoint(60, 0))
    assert window.workspace.view.span[0] < before[0]
    press(qtbot, window, Key.Key_0)
    assert window.workspace.view.span is None


def test_the_cursor_is_shared_and_can_be_pinned(qtbot: QtBot, window: MainWindow) -> None:
    traces = window.panes.traces
    window.workspace.select_lap(1)
    traces.grab()
    at = QPoint(traces.width() // 2, traces.height() // 2)
    qtbot.mouseMove(traces, at)
    hovered = window.workspace.view.cursor
    assert hovered is not None
    values = window.panes.values
    assert values.remark == "at the cursor"
    speed = next(row for row in values.rows if row.cells[0].text == "Speed")
    assert speed.cells[2].text not in ("", "—")
    qtbot.mouseClick(traces, Qt.MouseButton.LeftButton, pos=at)
    assert window.workspace.view.pinned
    qtbot.mouseMove(traces, at + QPoint(80, 0))
    assert window.workspace.view.cursor == pytest.approx(hovered, abs=200_000)
    press(qtbot, window, Key.Key_Escape)
    assert window.workspace.view.cursor is None


def test_the_cancel_button_calls(qtbot: QtBot, wall: Wall, open_window: Open) -> None:
    wall.advance(60)
    wall.say(state="history", history_done=0.4, history_text="Loading history")
    window = open_window(wall)
    bar = window.panes.loading
    assert bar.isVisible()
    assert "40 %" in bar.words
    assert "Loading history" in bar.words
    assert window.panes.header.text("live") == "LOADING 40 %"
    first = bar.words
    wall.say(history_done=0.7)
    window.refresh()
    assert bar.words != first
    assert window.panes.traces.picture is not None  # the picture is usable meanwhile
    qtbot.mouseClick(bar.button, Qt.MouseButton.LeftButton)
    assert wall.cancelled == 1
    assert not bar.button.isEnabled()
    wall.say(state="live", history_done=1.0)
    window.refresh()
    assert not bar.isVisible()


def test_holes_are_marked_with_their_length(window: MainWindow, finished: Wall) -> None:
    window.workspace.select_car(finished.race.cars[0])
    hole = finished.store.holes(finished.race.cars[0])[0]
    laps = finished.timing.cars[finished.race.cars[0]].laps
    lap = next(one for one in laps if one.t_start < hole.t_lo < (one.t_end or 1 << 62))
    window.workspace.select_lap(lap.number)
    picture = window.panes.traces.picture
    assert [mark.group for mark in picture.holes] == ["driver"]
    assert picture.holes[0].text.endswith("missing")
    assert picture.holes[0].x1 > picture.holes[0].x0
    row = next(row for row in window.panes.laps.rows if row.key == lap.number)
    assert row.cells[-1].text.endswith("missing")
    assert row.cells[-1].role == "attention"
    line = picture.lines[1]
    assert len(line.starts) == 2
    assert line.value_at((hole.t_lo + hole.t_hi) // 2) is None


def test_the_seam_is_marked(window: MainWindow) -> None:
    press_w = window.workspace.toggle_rolling
    press_w()
    assert [words for _, words in window.panes.traces.picture.seams] == ["archive ▸ stream"]


def test_purple_is_the_best_of_the_session_and_nothing_else(
    window: MainWindow, finished: Wall
) -> None:
    best = finished.timing.best
    rows = {str(row.key): row for row in window.panes.timing.rows}
    for car, row in rows.items():
        assert (row.cells[4].role == "best") == (car == best.car)
        last = finished.timing.cars[car].last
        is_best = last is not None and (last.car, last.number) == (best.car, best.number)
        assert (row.cells[3].role == "best") == is_best


def test_the_keys_overlay_opens_over_everything_and_any_key_closes_it(
    qtbot: QtBot, window: MainWindow
) -> None:
    press(qtbot, window, Key.Key_F1)
    overlay = window.findChild(type(window._keys))
    assert overlay.isVisible()
    assert overlay.size() == window.size()
    overlay.grab()
    qtbot.keyClick(overlay, Key.Key_Escape)
    assert not overlay.isVisible()


def test_theme_and_text_size_by_key(qtbot: QtBot, window: MainWindow) -> None:
    control = Qt.KeyboardModifier.ControlModifier
    assert window.theme.name == "dark"
    press(qtbot, window, Key.Key_T, control)
    assert window.theme.name == "sunlight"
    image = window.grab().toImage()
    assert image.pixelColor(image.width() // 2, image.height() - 4).lightnessF() > 0.7
    scale = window.theme.scale
    press(qtbot, window, Key.Key_Plus, control)
    assert window.theme.scale > scale
    for name in ("contrast", "dark"):
        press(qtbot, window, Key.Key_T, control)
        assert window.theme.name == name


def test_an_error_box_does_not_stop_the_window(qtbot: QtBot, window: MainWindow) -> None:
    window.show_error("race.pitwall: the disk is full; free some space")
    box = window.findChild(QMessageBox)
    assert box.isVisible()
    box.close()


def test_closing_says_so_and_stops_the_clock(
    qtbot: QtBot, finished: Wall, open_window: Open
) -> None:
    window = open_window(finished, run=True)
    with qtbot.waitSignal(window.closed):
        window.close()
    assert window.pump.interval_ms == 0


def test_nothing_known_yet_is_drawn_too(wall: Wall, open_window: Open) -> None:
    wall.say(state="joining", lag_us=None)
    window = open_window(wall)
    assert window.panes.header.text("ledger") == "no chunks yet"
    assert window.panes.header.text("live") == "JOINING"
    assert window.panes.timing.rows == ()


def test_no_data_is_not_called_silence_by_the_window(
    wall: Wall, open_window: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only who reads the service knows whether nothing came or nothing was to be had."""
    wall.advance(200)
    window = open_window(wall)
    at = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: at + 10)
    for state in State:
        wall.say(state=state)
        assert window.feed.health().state is state


def test_behind_counts_on_while_nothing_arrives(finished: Wall, open_window: Open) -> None:
    window = open_window(finished)
    try:
        for age_us, words in ((None, "7.0 s"), (2_000_000, "7.0 s"), (9_000_000, "9.0 s")):
            finished.say(state="behind", lag_us=7_000_000, age_us=age_us)
            window.feed.lines()
            assert window.panes.header.text("live") == f"● BEHIND {words}"
    finally:
        finished.say(state="live", lag_us=400_000, age_us=None)


def test_while_history_loads_nothing_is_called_live_or_missing(
    qtbot: QtBot, wall: Wall, open_window: Open
) -> None:
    wall.advance(250)
    wall.say(state="history", history_done=0.5)
    window = open_window(wall, run=True)
    window.workspace.select_car(wall.race.cars[0])

    def words() -> str:
        remarks = [row.cells[-1].text for row in window.panes.laps.rows]
        titles = window.panes.traces.title_words
        holes = [hole.text for hole in window.feed.picture.holes]
        return " ".join([*remarks, *titles, *holes])

    assert "LOADING" in words()
    assert "not loaded yet" in words()
    assert not any(word in words() for word in ("LIVE", "missing", "predicted"))
    assert window.feed.picture.predicted_us is None
    assert window.feed.picture.delta is None
    wall.say(state="live")  # the load's end shows though no data came
    qtbot.waitUntil(lambda: "LIVE" in words())
    assert "missing" in words()
    assert "not loaded yet" not in words()
    assert window.feed.picture.delta is not None


def test_the_window_leaves_room_for_its_frame() -> None:
    assert within(1920, 1080) == (1916, 1040)
    assert within(5120, 2880) == (2560, 1440)
    assert within(800, 600) == (1100, 640)


def test_the_cars_that_are_looked_at_are_loaded_first(finished: Wall, open_window: Open) -> None:
    window = open_window(finished)
    for car in finished.store.cars()[:2]:
        window.workspace.select_car(car)
        assert finished.first == {car}
