"""Advice, what the driver says and the pit window, from laps in a recording, by keys and taps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from pitwall.analysis import TimingEngine
from pitwall.model_desk import ModelDesk
from pitwall.prerace.sheet import Sheet, in_force, sheet_text
from pitwall.prerace.sheet_file import read_sheets
from pitwall.runtime import Health, State
from pitwall.store import open_session
from pitwall.ui.inputs import Inputs
from pitwall.ui.main_window import MainWindow
from pitwall.ui.modelling import Asked
from pitwall.ui.panes.advice import AdvicePane
from pitwall.ui.panes.driver_says import DriverSaysPane
from pitwall.ui.panes.pit_window import PitWindowPane
from pitwall.ui.panes.sheet import SheetPane
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.window import build_window
from tests.unit.prerace.field_recording import record

LIMIT_MS = 110_000
LEFT = QtCore.Qt.MouseButton.LeftButton


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator[tuple[ModelDesk, Inputs, str]]:
    path = tmp_path / "f.pitwall"
    (car,) = record(path, 760.0)
    recording, store = open_session(path, read_only=True)
    timing = TimingEngine().update(store)
    desk = ModelDesk(recording, store, None, lambda: timing)
    desk.start()
    health = Health(State.FILE, source="f.pitwall")
    yield desk, Inputs(store, lambda: timing, lambda: health, model=desk), car
    assert desk.stop(30.0)
    recording.close()


@pytest.fixture
def window(at_work: tuple[ModelDesk, Inputs, str], qtbot: QtBot) -> MainWindow:
    made = build_window(at_work[1])
    qtbot.addWidget(made)
    made.resize(1920, 1080)
    made.show()
    qtbot.waitExposed(made)
    made.start()
    made.workspace.select_car(at_work[2])
    return made


def press(qtbot: QtBot, window: MainWindow, text: str) -> None:
    key = QtGui.QKeySequence(text)[0]
    qtbot.keyClick(window, key.key(), key.keyboardModifiers())


def pane_of(window: MainWindow, name: str) -> QtWidgets.QWidget:
    pane = window.bench.pane(name)
    assert pane is not None
    return pane


def test_advice_is_shown_and_applied(
    window: MainWindow, at_work: tuple[ModelDesk, Inputs, str], qtbot: QtBot
) -> None:
    desk, _, car = at_work
    press(qtbot, window, "E")
    pane = pane_of(window, "advice")
    assert isinstance(pane, AdvicePane)
    qtbot.waitUntil(lambda: "has no setup sheet" in pane.reason, timeout=LIMIT_MS)
    sheet = Sheet(car, 0, "grand-tourer", {"wing": 4.0, "brake_bias": 60.0}, 5)
    desk.keep({sheet.key: sheet_text(sheet)})
    qtbot.waitUntil(lambda: pane.shown is not None, timeout=LIMIT_MS)
    assert pane.shown is not None
    assert {"wing", "brake_bias"} <= {row.key for row in pane.shown.rows}
    forecast = window.panes.traces.forecast
    assert forecast is not None
    assert forecast.car == car
    press(qtbot, window, "T")
    assert window.panes.traces.forecast is None
    press(qtbot, window, "E")
    assert window.panes.traces.forecast is forecast
    pane.grab()
    zone, key = next(each for each in pane._zones)
    qtbot.mouseClick(pane, LEFT, pos=zone.center())
    assert pane.chosen == key
    advised = next((row for row in pane.shown.rows if row.can_apply), None)
    pane.chosen = "" if advised is not None else key
    press(qtbot, window, "Ctrl+Shift+A")
    if advised is None:
        assert pane.said == "Choose a change that is advised first."
        return
    assert pane.sure
    assert len(in_force(desk.papers(car).sheets, car)) == 1
    press(qtbot, window, "Ctrl+Shift+A")
    sheets = in_force(desk.papers(car).sheets, car)
    assert len(sheets) == 2
    assert f"{sheets[-1].values[advised.key]:g}" == advised.proposed.split()[0]
    assert len(desk.papers(car).log) == 1
    press(qtbot, window, "Q")
    assert desk.asked.variant == "qualifying"


def test_two_taps_are_kept(
    window: MainWindow, at_work: tuple[ModelDesk, Inputs, str], qtbot: QtBot
) -> None:
    desk, _, car = at_work
    press(qtbot, window, "T")
    pane = pane_of(window, "driver_says")
    assert isinstance(pane, DriverSaysPane)
    qtbot.waitUntil(lambda: bool(pane._car), timeout=LIMIT_MS)
    pane.grab()

    def tap(what: tuple[str, str] | tuple[str, int]) -> None:
        pane.grab()
        zone = next(zone for zone, each in pane._zones if each == what)
        qtbot.mouseClick(pane, LEFT, pos=zone.center())

    assert ("understeer", 2) not in [what for _, what in pane._zones]
    tap(("all", "mid"))
    assert pane.place == ("all", "mid")
    tap(("understeer", 2))
    (word,) = desk.papers(car).words
    assert (word.corner, word.phase, word.symptom.value, word.strength) == (
        "all",
        "mid",
        "understeer",
        2,
    )
    assert pane.place is None
    assert "understeer at all mid (strength 2)" in pane.lines[0]


def test_the_pit_window_is_drawn_for_the_selected_car(
    window: MainWindow, at_work: tuple[ModelDesk, Inputs, str], qtbot: QtBot
) -> None:
    desk, _, car = at_work
    desk.ask(Asked(car, laps=30))
    press(qtbot, window, "P")
    pane = pane_of(window, "pit_window")
    assert isinstance(pane, PitWindowPane)
    qtbot.waitUntil(lambda: pane.shown is not None, timeout=LIMIT_MS)
    assert pane.shown is not None
    assert pane.shown.title.startswith(f"Car {car}")
    assert pane.shown.verdict
    press(qtbot, window, "Shift+P")
    assert desk.asked.cautions == "formula"
    assert desk.asked.laps == 30
    pane.grab()


def test_sheets_come_from_files_are_listed_and_go_into_files(
    window: MainWindow, at_work: tuple[ModelDesk, Inputs, str], qtbot: QtBot, tmp_path: Path
) -> None:
    desk, _, car = at_work
    press(qtbot, window, "Shift+S")
    pane = pane_of(window, "sheet")
    assert isinstance(pane, SheetPane)
    qtbot.waitUntil(lambda: "has no setup sheet" in pane.values.hint, timeout=LIMIT_MS)
    file = tmp_path / "a.toml"
    file.write_text(
        f'car = "{car}"\nfrom_lap = 0\nvehicle = "grand-tourer"\n[settings]\nwing = 400\n'
    )
    pane.import_file(file)
    qtbot.waitUntil(lambda: "is not within" in pane.said.text(), timeout=LIMIT_MS)
    assert str(file) in pane.said.text()
    assert "\n" not in pane.said.text()
    assert not desk.papers(car).sheets
    file.write_text(file.read_text().replace("400", "4"))
    pane.import_file(file)
    qtbot.waitUntil(lambda: bool(pane.shown), timeout=LIMIT_MS)
    assert pane.said.text() == f"Taken: 1 of car {car}"
    assert [cell.text for cell in pane.values.lines.lines[0].cells] == ["Rear wing", "4 holes", ""]
    second = Sheet(car, 3, "grand-tourer", {"wing": 5.0, "brake_bias": 60.0}, 7)
    desk.keep({second.key: sheet_text(second)})
    qtbot.waitUntil(lambda: len(pane.shown or ()) == 2, timeout=LIMIT_MS)
    rows = [[cell.text for cell in line.cells] for line in pane.history.lines.lines]
    assert rows[0][:2] == ["L3", "Rear wing 4 → 5, Brake bias, front not written → 60"]
    assert rows[1][0] == "L0"
    pane.history.step(1)
    assert "no longer in force" in pane.remark
    assert [line.cells[1].text for line in pane.values.lines.lines] == ["4 holes"]
    for name in ("b.csv", "b.toml"):
        pane.export_file(tmp_path / name)
        qtbot.waitUntil(lambda name=name: name in pane.said.text(), timeout=LIMIT_MS)
        back = read_sheets(tmp_path / name, 0)
        assert [(s.from_lap, dict(s.values)) for s in back] == [
            (0, {"wing": 4.0}),
            (3, {"wing": 5.0, "brake_bias": 60.0}),
        ]
    pane.export_file(tmp_path / "nowhere" / "c.csv")
    qtbot.waitUntil(lambda: "choose another place" in pane.said.text(), timeout=LIMIT_MS)


def typed(window: MainWindow, qtbot: QtBot, keys: str, text: str) -> None:
    press(qtbot, window, keys)
    field = window.time.prompt.field
    assert field.isVisible()
    field.setText(text)
    qtbot.keyClick(field, QtCore.Qt.Key.Key_Return)


def test_a_sheet_is_typed_from_nothing_and_changed(
    window: MainWindow, at_work: tuple[ModelDesk, Inputs, str], qtbot: QtBot
) -> None:
    desk, inputs, car = at_work
    typed(window, qtbot, "Ctrl+Shift+S", "wing 5")
    assert window.time.prompt.isVisible(), "what is wrong is said, and the field stays"
    assert "which vehicle it is first" in window.time.prompt.said.text()
    qtbot.keyClick(window.time.prompt.field, QtCore.Qt.Key.Key_Escape)
    typed(window, qtbot, "Ctrl+Shift+S", "vehicle grand-tourer, wing 4")
    typed(window, qtbot, "Ctrl+Shift+S", "wing 5")
    first, second = in_force(desk.papers(car).sheets, car)
    assert (first.from_lap, first.values) == (0, {"wing": 4.0})
    timing = inputs.timing()
    assert timing is not None
    newest = timing.cars[car].last
    assert newest is not None
    assert (second.from_lap, second.values) == (newest.number + 1, {"wing": 5.0})


def test_the_races_length_is_typed(
    window: MainWindow, at_work: tuple[ModelDesk, Inputs, str], qtbot: QtBot
) -> None:
    desk, _, _ = at_work
    typed(window, qtbot, "Alt+P", "45 stop")
    assert (desk.asked.laps, desk.asked.must_stop) == (45, True)
    typed(window, qtbot, "Alt+P", "45 km")
    assert "no length of a race" in window.time.prompt.said.text()
    qtbot.keyClick(window.time.prompt.field, QtCore.Qt.Key.Key_Escape)
    assert desk.asked.laps == 45
    typed(window, qtbot, "Alt+P", "")
    assert (desk.asked.laps, desk.asked.must_stop) == (None, False)
