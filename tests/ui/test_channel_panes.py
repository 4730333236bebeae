"""Notes, maths channels and alarms through the real window, as a person uses them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from pitwall.channels import ChannelDesk
from pitwall.runtime import Health, State
from pitwall.store import Arrival, Kind, Recording, Rule, Writer, open_session
from pitwall.ui.channel_books import AlarmBook, MathsBook
from pitwall.ui.dialogs.lines import ListColumn
from pitwall.ui.main_window import MainWindow
from pitwall.ui.panes.editor import PaneList
from pitwall.ui.panes.timeline_band import MarkKind
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import load_theme
from pitwall.ui.trace_layout import ChannelName
from pitwall.ui.window import build_window
from tests.ui.session import T0, Race, Wall, make_wall

Open = Callable[..., MainWindow]
SECOND = 1_000_000
LIMIT_MS = 30_000


@pytest.fixture(scope="module")
def kept(race: Race, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, object]:
    """Two minutes of the race in a file at rest, and its timing."""
    wall = make_wall(race, tmp_path_factory.mktemp("kept"))
    wall.advance(150)
    wall.close()
    return wall.recording.path, wall.timing


@pytest.fixture
def desk(kept: tuple[Path, object], race: Race, tmp_path: Path) -> Iterator[ChannelDesk]:
    path = tmp_path / "race.pitwall"
    shutil.copy(kept[0], path)
    wall = Wall(race, *open_session(path, read_only=True))
    wall.timing = kept[1]  # type: ignore[assignment]
    wall.health = Health(State.FILE, source="race.pitwall")
    made = ChannelDesk(wall.recording, wall.store, None, lambda: wall.timing)
    made.wall = wall  # type: ignore[attr-defined]
    made.start()
    yield made
    made.stop(20)
    wall.close()


@pytest.fixture
def window(desk: ChannelDesk, qtbot: QtBot) -> MainWindow:
    wall = desk.wall  # type: ignore[attr-defined]
    made = build_window(replace(wall.inputs(), channels=desk), size=(1600, 900))
    qtbot.addWidget(made, before_close_func=lambda w: w.pump.stop())
    with qtbot.waitExposed(made):
        made.show()
    made.start()
    made.workspace.select_car(wall.race.cars[0])
    return made


def press(window: MainWindow, name: str) -> None:
    action = window.findChild(QtGui.QAction, name)
    assert action is not None
    action.trigger()


def retype(qtbot: QtBot, field: QtWidgets.QLineEdit, text: str) -> None:
    field.selectAll()
    qtbot.keyClicks(field, text)


# -- maths ----------------------------------------------------------------------------------


def test_a_maths_channel_is_checked_as_it_is_typed_and_then_a_channel(
    window: MainWindow, qtbot: QtBot, desk: ChannelDesk
) -> None:
    press(window, "maths")
    pane = window.bench.pane("maths")
    assert pane.isVisible()
    retype(qtbot, pane.name, "fast")
    retype(qtbot, pane.field, "speed + rpm")
    line, carets, words = pane.told.text().split("\n")
    assert line == "speed + rpm"
    assert carets == "        ^^^"
    assert "cannot be added to km/h" in words
    qtbot.keyClick(pane.field, QtCore.Qt.Key.Key_Return)
    assert window.workspace.view.maths == MathsBook()
    assert pane.said.text().startswith("! Not kept")
    retype(qtbot, pane.field, "speed * 2")
    assert pane.told.text() == "fast in km/h"
    qtbot.keyClick(pane.field, QtCore.Qt.Key.Key_Return)
    assert [one.name for one in window.workspace.view.maths.definitions] == ["fast"]
    store = desk.wall.store  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: len(desk.maths.worked) == 1, timeout=LIMIT_MS)
    qtbot.waitUntil(
        lambda: bool(pane.list.lines.lines) and pane.list.lines.lines[0].cells[2].text != "—",
        timeout=LIMIT_MS,
    )
    # its value at the cursor is twice the speed
    car = window.workspace.view.car
    at = store.latest_us(car) - 5 * SECOND
    window.workspace.scrub(at)
    group, index = store.session.catalog.find("speed")
    speed = float(store.columns(car, group.name).at(at)[1][index])
    qtbot.waitUntil(
        lambda: pane.list.lines.lines[0].cells[2].text == f"{2 * speed:.5g}", timeout=LIMIT_MS
    )
    # and it can be drawn as any channel
    window.panes.traces.plots.insert(ChannelName("=fast", "fast"))
    window.refresh()
    names = [trace.channel.name for trace in window.panes.traces.picture.traces]
    assert "fast" in names
    window.grab()
    # undo takes it back
    pane.list.choose("fast")
    qtbot.keyClick(pane.list, QtCore.Qt.Key.Key_Delete)
    assert window.workspace.view.maths == MathsBook()
    qtbot.waitUntil(lambda: not desk.maths.worked, timeout=LIMIT_MS)
    press(window, "undo")
    qtbot.waitUntil(lambda: len(desk.maths.worked) == 1, timeout=LIMIT_MS)


def test_definitions_and_limits_are_parts_of_a_layout(window: MainWindow, qtbot: QtBot) -> None:
    press(window, "maths")
    pane = window.bench.pane("maths")
    retype(qtbot, pane.name, "fast")
    retype(qtbot, pane.field, "speed * 2")
    pane._keep()
    rule = Rule("quick", "speed", Kind.ABOVE, 0.0, 100.0, 5.0, 0.5)
    window.workspace.change(alarms=AlarmBook((rule,)))
    sheet = window.keeper.sheet
    assert MathsBook.from_plain(sheet.looks["maths"]) == window.workspace.view.maths
    assert AlarmBook.from_plain(sheet.looks["alarms"]) == AlarmBook((rule,))
    window.workspace.change(maths=MathsBook(), alarms=AlarmBook())
    window.keeper.show_sheet(sheet)
    assert window.workspace.view.alarms.rules == (rule,)
    assert [one.name for one in window.workspace.view.maths.definitions] == ["fast"]


# -- alarms ---------------------------------------------------------------------------------


def test_limits_are_set_from_the_channel_s_own_and_what_went_off_is_listed(
    window: MainWindow, qtbot: QtBot, desk: ChannelDesk
) -> None:
    press(window, "alarms")
    pane = window.bench.pane("alarms")
    assert pane.isVisible()
    window.refresh()
    pane._turn.click()
    form = pane.form
    at = form.channel.findText("speed")
    assert at >= 0
    form.channel.setCurrentIndex(at)
    form.channel.activated.emit(at)
    channel = desk.wall.store.session.catalog.find("speed")  # type: ignore[attr-defined]
    assert float(form.high.text()) == channel[0].channels[channel[1]].high
    form.kind.setCurrentIndex(form.kind.findData(Kind.ABOVE))
    assert not form.low.isEnabled()
    retype(qtbot, form.high, "abc")
    form.save.click()
    assert "the high limit is not a number" in form.said.text()
    retype(qtbot, form.high, "150")
    retype(qtbot, form.hysteresis, "10")
    retype(qtbot, form.name, "quick")
    form.save.click()
    (rule,) = window.workspace.view.alarms.rules
    assert (rule.title, rule.limits, rule.hysteresis) == ("quick", "> 150", 10.0)
    qtbot.waitUntil(lambda: bool(desk.alarms.alarms), timeout=LIMIT_MS)
    window.refresh()
    entries = [alarm.entry for alarm in desk.alarms.alarms]
    assert {entry.arrival for entry in entries} == {Arrival.HISTORY}
    assert all(entry.worst > 150 for entry in entries)
    assert len(pane.log.lines.lines) == len(entries)
    car = window.workspace.view.car
    marks = [m for m in window.panes.timeline._span.marks if m.kind is MarkKind.ALARM]
    assert len(marks) == sum(entry.car == car for entry in entries)
    window.panes.timeline.grab()
    # Return goes there
    pane._turn.click()
    pane.log.step(0, from_row=0)
    qtbot.keyClick(pane.log, QtCore.Qt.Key.Key_Return)
    newest = max(entries, key=lambda entry: entry.t_lo)
    assert window.workspace.view.moment == newest.raised_us
    assert window.workspace.view.car == newest.car
    # keys jump from one to the next, whatever pane is open
    press(window, "previous_alarm")
    assert window.workspace.view.moment < newest.raised_us
    # the same limits again are refused in one line
    pane._turn.click()
    form.edit(None)
    form.channel.setCurrentText("speed")
    form.kind.setCurrentIndex(form.kind.findData(Kind.ABOVE))
    retype(qtbot, form.high, "150")
    retype(qtbot, form.hysteresis, "10")
    retype(qtbot, form.delay, "0.5")
    form.save.click()
    assert "goes off alike" in form.said.text()


def test_a_live_alarm_is_said_once_acknowledged_and_kept(
    race: Race, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings: list[int] = []
    monkeypatch.setattr(QtWidgets.QApplication, "beep", lambda: rings.append(1))
    wall = make_wall(race, tmp_path)
    # The stream alone: everything is live.
    monkeypatch.setattr("tests.ui.session.ARCHIVE_S", 0)
    wall.advance(2)
    writer = Writer(wall.recording, wall.store)
    desk = ChannelDesk(wall.recording, wall.store, writer, lambda: wall.timing)
    window = build_window(replace(wall.inputs(), channels=desk), size=(1366, 768))
    qtbot.addWidget(window, before_close_func=lambda w: w.pump.stop())
    with qtbot.waitExposed(window):
        window.show()
    rule = Rule("moving", "speed", Kind.ABOVE, 0.0, 60.0, 5.0, 0.2, sound=True)
    window.workspace.change(alarms=AlarmBook((rule,)))
    desk.start()
    window.start()
    qtbot.waitUntil(lambda: desk.alarms.rules == (rule,), timeout=LIMIT_MS)
    wall.advance(20)
    qtbot.waitUntil(lambda: bool(desk.alarms.unseen), timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: "moving" in window.notice.text, timeout=LIMIT_MS)
    assert window.notice.text.startswith("Alarm · Car ")
    assert rings
    alarms = desk.alarms.alarms
    assert {alarm.entry.arrival for alarm in alarms} == {Arrival.LIVE}
    press(window, "acknowledge")
    qtbot.waitUntil(lambda: not desk.alarms.unseen, timeout=LIMIT_MS)
    window.pump.stop()
    writer.start()
    desk.stop(20)
    writer.stop(20)
    with Recording.open(wall.recording.path, read_only=True) as again:
        log = again.alarms()
    assert {entry.id for entry in log} == {alarm.entry.id for alarm in alarms}
    assert all(entry.acknowledged_us is not None for entry in log)


# -- notes ----------------------------------------------------------------------------------


def test_notes_are_found_changed_taken_away_and_put_back(
    window: MainWindow, qtbot: QtBot, desk: ChannelDesk
) -> None:
    book = desk.notes
    first = book.write(desk.wall.race.cars[0], T0 + 60 * SECOND, 1, "oversteer in T3")  # type: ignore[attr-defined]
    second = book.write(desk.wall.race.cars[1], T0 + 90 * SECOND, 1, "rain in the esses")  # type: ignore[attr-defined]
    press(window, "notes")
    pane = window.bench.pane("notes")
    window.refresh()
    assert [line.key for line in pane.list.lines.lines] == [str(first.id), str(second.id)]
    retype(qtbot, pane.search, "rai")
    assert [line.key for line in pane.list.lines.lines] == [str(second.id)]
    pane.list.choose(str(second.id))
    assert pane.field.text() == "rain in the esses"
    qtbot.keyClick(pane.list, QtCore.Qt.Key.Key_Return)
    assert (window.workspace.view.car, window.workspace.view.moment) == (second.car, second.t_us)
    retype(qtbot, pane.field, "rain everywhere")
    qtbot.keyClick(pane.field, QtCore.Qt.Key.Key_Return)
    assert book.of(second.id).text == "rain everywhere"
    pane.search.clear()
    pane.list.choose(str(first.id))
    qtbot.keyClick(pane.list, QtCore.Qt.Key.Key_Delete)
    assert [note.id for note in book.notes] == [second.id]
    pane._back.click()
    assert [note.id for note in book.notes] == [first.id, second.id]
    window.grab()


def test_a_button_with_the_keyboard_is_pressed_by_space(window: MainWindow, qtbot: QtBot) -> None:
    press(window, "alarms")
    pane = window.bench.pane("alarms")
    pane._turn.setFocus()
    qtbot.keyClick(pane._turn, QtCore.Qt.Key.Key_Space)
    assert pane._pages.currentIndex() == 1
    assert not window.time.playback.playing


def test_a_column_that_gave_way_stays_away_until_there_is_room(qtbot: QtBot) -> None:
    columns = (ListColumn("Setting"), ListColumn("Value", "1000.00"), ListColumn("Was", "1000.00"))
    theme = load_theme("dark")
    made = PaneList(theme, columns, "Settings", (2,), 180)
    qtbot.addWidget(made)
    made.show()
    for width, hidden in ((260, True), (261, True), (262, True), (500, False), (262, True)):
        made.resize(width, 120)
        made.grab()
        assert made.isColumnHidden(2) is hidden, width
        assert sum(made.columnWidth(i) for i in range(3)) == made.viewport().width()
    made.set_theme(theme.scaled(0.85))
    assert made.isColumnHidden(2)
    assert sum(made.columnWidth(i) for i in range(3)) == made.viewport().width()
