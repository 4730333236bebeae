"""The timeline as a recorder: scrub, zoom, play, typed places, notes, marks; live goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from pitwall.analysis import Timing
from pitwall.channels import ChannelDesk
from pitwall.runtime import Health, State
from pitwall.store import Recording, open_session
from pitwall.ui.inputs import Inputs
from pitwall.ui.main_window import MainWindow
from pitwall.ui.panes.timeline_band import MarkKind
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.window import build_window
from tests.ui.session import T0, Race, Wall, make_wall

Open = Callable[..., MainWindow]
SECOND = 1_000_000
LIMIT_MS = 30_000


class Noted:
    """A wall with notes, maths channels and alarms beside it."""

    def __init__(self, wall: Wall) -> None:
        self.wall = wall
        self.desk = ChannelDesk(wall.recording, wall.store, None, lambda: wall.timing)

    def inputs(self) -> Inputs:
        return replace(self.wall.inputs(), channels=self.desk)


@pytest.fixture(scope="module")
def kept(race: Race, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Timing]:
    """The race until its end, in a file at rest, and its timing."""
    wall = make_wall(race, tmp_path_factory.mktemp("kept"))
    wall.advance(330)
    wall.close()
    assert wall.timing is not None
    return wall.recording.path, wall.timing


@pytest.fixture
def noted(kept: tuple[Path, Timing], race: Race, tmp_path: Path) -> Iterator[Noted]:
    """The same in a file of the test's own."""
    path = tmp_path / "race.pitwall"
    shutil.copy(kept[0], path)
    wall = Wall(race, *open_session(path, read_only=True))
    wall.timing = kept[1]
    wall.health = Health(State.FILE, source="race.pitwall")
    made = Noted(wall)
    made.desk.start()
    yield made
    made.desk.stop(20)
    wall.close()


@pytest.fixture
def window(noted: Noted, qtbot: QtBot) -> MainWindow:
    made = build_window(noted.inputs(), size=(1366, 768))
    qtbot.addWidget(made, before_close_func=lambda w: w.pump.stop())
    with qtbot.waitExposed(made):
        made.show()
    made.refresh()
    made.grab()
    return made


def press(window: MainWindow, name: str) -> None:
    """As its key does."""
    action = window.findChild(QtGui.QAction, name)
    assert action is not None
    action.trigger()


def type_into(window: MainWindow, qtbot: QtBot, text: str) -> None:
    field = window.time.prompt.field
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, QtCore.Qt.Key.Key_Return)


def turn(widget: QtWidgets.QWidget, x: float, notches: int, *, shift: bool = False) -> None:
    """The wheel over a place."""
    at = QtCore.QPointF(x, 40)
    keys = QtCore.Qt.KeyboardModifier
    event = QtGui.QWheelEvent(
        at,
        widget.mapToGlobal(at),
        QtCore.QPoint(),
        QtCore.QPoint(0, 120 * notches),
        QtCore.Qt.MouseButton.NoButton,
        keys.ShiftModifier if shift else keys.NoModifier,
        QtCore.Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QtWidgets.QApplication.sendEvent(widget, event)


def test_the_wheel_zooms_around_the_pointer_and_a_double_click_ends_it(
    window: MainWindow, qtbot: QtBot
) -> None:
    timeline = window.panes.timeline
    whole = timeline.view
    under = timeline.time_at(600)
    turn(timeline, 600, 3)
    low, high = timeline.view
    assert high - low < (whole[1] - whole[0]) / 2
    assert abs(timeline.time_at(600) - under) < SECOND
    turn(timeline, 600, -1, shift=True)
    assert timeline.view[1] - timeline.view[0] == pytest.approx(high - low, rel=0.01)
    assert timeline.view != (low, high)
    turn(timeline, 600, 50)
    assert timeline.view[1] - timeline.view[0] >= 5 * SECOND
    timeline.grab()
    at = QtCore.QPoint(600, 40)
    qtbot.mouseDClick(timeline, QtCore.Qt.MouseButton.LeftButton, pos=at)
    assert timeline.view == whole
    press(window, "timeline_in")
    assert timeline.view != whole
    press(window, "timeline_whole")
    assert timeline.view == whole


def test_dragging_in_a_part_scrubs_exactly(window: MainWindow, qtbot: QtBot) -> None:
    timeline = window.panes.timeline
    window.workspace.scrub(T0 + 150 * SECOND)
    press(window, "timeline_in")
    press(window, "timeline_in")
    x = round(timeline.pixel_of(T0 + 140 * SECOND))
    at = QtCore.QPoint(x, 40)
    qtbot.mousePress(timeline, QtCore.Qt.MouseButton.LeftButton, pos=at)
    assert abs(window.workspace.view.moment - (T0 + 140 * SECOND)) < SECOND


def test_space_plays_by_the_window_s_own_clock_and_rests_after(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.start()
    window.workspace.scrub(T0 + 100 * SECOND)
    for _ in range(4):
        press(window, "faster")
    assert window.time.playback.speed == 16
    press(window, "play")
    assert window.panes.timeline._playing == "▶ 16×"
    qtbot.waitUntil(
        lambda: (window.workspace.view.moment or 0) > T0 + 103 * SECOND, timeout=LIMIT_MS
    )
    press(window, "play")
    stayed = window.workspace.view.moment
    assert window.panes.timeline._playing == ""
    qtbot.waitUntil(lambda: window.pump.interval_ms > 16, timeout=LIMIT_MS)
    assert window.workspace.view.moment == stayed
    assert window.panes.header.text("clock")[:6] == "00:01:"
    press(window, "play")
    press(window, "live")
    assert window.workspace.view.live
    assert not window.time.playback.playing


def test_a_typed_place_is_gone_to_and_nonsense_is_told(
    window: MainWindow, qtbot: QtBot, noted: Noted
) -> None:
    first = noted.wall.race.cars[0]
    window.workspace.select_car(first)
    press(window, "go_to")
    prompt = window.time.prompt
    assert prompt.isVisible()
    type_into(window, qtbot, "1:30.250")
    assert window.workspace.view.moment == T0 + 90_250_000
    assert not prompt.isVisible()
    press(window, "go_to")
    type_into(window, qtbot, "L99")
    assert prompt.isVisible()
    assert f"car {first} has no lap 99" in prompt.said.text()
    assert window.workspace.view.moment == T0 + 90_250_000
    other = noted.wall.race.cars[1]
    type_into(window, qtbot, f"{other} L1")
    assert window.workspace.view.car == other
    lap = noted.wall.timing.cars[other].laps[1]
    assert window.workspace.view.moment == lap.t_start
    press(window, "go_to")
    qtbot.keyClick(prompt.field, QtCore.Qt.Key.Key_Escape)
    assert not prompt.isVisible()
    assert window.workspace.view.pinned  # Escape was the field's, not the cursor's


def test_keys_typed_into_the_field_are_text(window: MainWindow, qtbot: QtBot) -> None:
    press(window, "note")
    field = window.time.prompt.field
    before = window.workspace.view
    qtbot.keyClicks(field, "d w n 1 space")
    assert field.text() == "d w n 1 space"
    assert window.workspace.view == before


def test_a_note_is_on_the_timeline_and_in_the_recording(
    window: MainWindow, qtbot: QtBot, noted: Noted
) -> None:
    car = noted.wall.race.cars[0]
    window.workspace.select_car(car)
    window.workspace.scrub(T0 + 120 * SECOND)
    press(window, "note")
    assert window.time.prompt.label.text().startswith("Note at 00:02:00, car ")
    type_into(window, qtbot, "brakes long into T1")
    window.refresh()
    (note,) = noted.desk.notes.notes
    assert (note.car, note.t_us, note.text) == (car, T0 + 120 * SECOND, "brakes long into T1")
    assert note.lap is not None
    timeline = window.panes.timeline
    (mark,) = [m for m in timeline._span.marks if m.kind is MarkKind.NOTE]
    assert mark.words == note.text
    timeline.grab()
    # clicked, it is gone to, whatever car is looked at
    window.workspace.select_car(noted.wall.race.cars[1])
    window.workspace.go_live()
    at = QtCore.QPoint(round(timeline.pixel_of(note.t_us)), 8)
    qtbot.mouseClick(timeline, QtCore.Qt.MouseButton.LeftButton, pos=at)
    assert (window.workspace.view.car, window.workspace.view.moment) == (car, note.t_us)
    window.workspace.go_live()
    press(window, "previous_note")
    assert window.workspace.view.moment == note.t_us
    press(window, "previous_note")
    assert window.notice.text == "No note before this"
    assert noted.desk.stop(20)
    with Recording.open(noted.wall.recording.path, read_only=True) as again:
        assert again.notes() == (note,)


def test_a_note_that_cannot_be_written_is_said(
    window: MainWindow, qtbot: QtBot, noted: Noted
) -> None:
    with Recording.open(noted.wall.recording.path):  # somebody writes it
        window.workspace.scrub(T0 + 120 * SECOND)
        press(window, "note")
        type_into(window, qtbot, "rain")
        qtbot.waitUntil(lambda: bool(noted.desk.trouble), timeout=LIMIT_MS)
    assert "another Pitwall is writing" in noted.desk.trouble
    assert len(noted.desk.notes.notes) == 1


def test_gaps_are_gone_to_one_by_one(window: MainWindow, noted: Noted) -> None:
    car = noted.wall.race.cars[0]
    window.workspace.select_car(car)
    holes = noted.wall.store.holes(car)
    window.workspace.scrub(T0 + 1 * SECOND)
    press(window, "next_gap")
    assert window.workspace.view.moment == holes[0].t_lo
    assert "missing" in window.notice.text
    for _ in holes:
        press(window, "next_gap")
    assert window.notice.text == "No gap after this"


def test_the_live_edge_goes_on_while_the_past_is_looked_at(wall: Wall, open_window: Open) -> None:
    wall.advance(200)
    window = open_window(wall)
    window.workspace.scrub(T0 + 100 * SECOND)
    timeline = window.panes.timeline
    before = timeline._span.latest_us
    picture = window.panes.traces.picture
    wall.advance(210)
    window.refresh()
    assert timeline._span.latest_us > before
    assert window.workspace.view.moment == T0 + 100 * SECOND
    assert window.panes.traces.picture.shown.lap == picture.shown.lap
    # one key back
    press(window, "live")
    assert window.panes.traces.picture.edge is not None


def test_a_part_that_follows_the_edge_turns_its_page(wall: Wall, open_window: Open) -> None:
    wall.advance(200)
    window = open_window(wall)
    timeline = window.panes.timeline
    for _ in range(6):
        press(window, "timeline_in")
    low, high = timeline.view
    assert high < T0 + 250 * SECOND
    wall.advance(260)
    window.refresh()
    assert timeline.view[0] > low
    assert timeline.view[0] <= timeline._span.latest_us <= timeline.view[1]
    assert timeline.view[1] - timeline.view[0] == pytest.approx(high - low, rel=0.01)


def test_a_step_back_begins_where_somebody_looks(window: MainWindow) -> None:
    view = window.workspace
    latest = window._inputs.store.latest_us()
    view.select_lap(2)
    window.refresh()
    shown = window.panes.traces.picture.shown
    assert shown.lap.number == 2
    press(window, "back_1")
    assert view.view.moment == shown.t_end - SECOND
    view.go_live()
    pinned = latest - 100 * SECOND
    view.set_cursor(pinned, pin=True)
    press(window, "forward_1")
    assert view.view.moment == pinned + SECOND
    view.go_live()
    view.set_cursor(pinned)  # only under the pointer
    press(window, "back_10")
    assert view.view.moment == latest - 10 * SECOND
    press(window, "forward_10")
    assert view.view.moment is None
