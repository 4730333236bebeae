"""The settings: chosen without a confirmation, done at once, remembered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from pitwall.store import Pager, budget_bytes
from pitwall.ui.dialogs.settings import SettingsDialog
from pitwall.ui.main_window import MainWindow
from pitwall.ui.remembered import Memory
from pitwall.ui.units import UnitSystem
from pitwall.ui.window import build_window
from tests.ui.session import SECONDS, Race, Wall, make_wall
from tests.ui.test_desktop import Started
from tests.ui.test_leaving import recordings

Open = Callable[..., MainWindow]
Ctrl = Qt.KeyboardModifier.ControlModifier


def opened(qtbot: QtBot, window: MainWindow) -> SettingsDialog:
    window.activateWindow()
    window.panes.traces.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_Comma, Ctrl)
    assert window.settings.dialog is not None
    return window.settings.dialog


def choose(combo: object, data: object) -> None:
    """As a person does: Qt tells of a choice of the user's only."""
    at = combo.findData(data)
    assert at >= 0
    combo.setCurrentIndex(at)
    combo.activated.emit(at)


def typed(qtbot: QtBot, dialog: SettingsDialog, text: str) -> None:
    line = dialog.memory.lineEdit()
    line.setFocus()
    line.selectAll()
    line.insert(text)  # keys of QTest are ASCII only
    qtbot.keyClick(line, Qt.Key.Key_Return)


def test_looks_and_units_change_at_once(qtbot: QtBot, finished: Wall, open_window: Open) -> None:
    window = open_window(finished)
    dialog = opened(qtbot, window)
    assert not dialog.isModal()
    assert dialog.theme.currentData() == window.theme.name
    choose(dialog.theme, "sunlight")
    assert window.theme.name == "sunlight"
    choose(dialog.scale, 1.25)
    assert window.theme.scale == 1.25
    choose(dialog.units, UnitSystem.IMPERIAL)
    assert window.workspace.view.units.system is UnitSystem.IMPERIAL
    # a key in the window is seen in the dialog, once it looks
    qtbot.keyClick(window, Qt.Key.Key_T, Ctrl)
    assert dialog.theme.currentData() == window.theme.name == "contrast"
    assert "in memory whole" in dialog.used.text()
    assert not dialog.memory.isEnabled()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert window.settings.dialog is None


def test_it_ends_with_its_window(qtbot: QtBot, finished: Wall, open_window: Open) -> None:
    window = open_window(finished)
    dialog = opened(qtbot, window)
    window.close()
    assert not dialog.isVisible()
    assert window.settings.dialog is None


class Limited:
    """The window's commands, with a pager behind them."""

    def __init__(self, wall: Wall) -> None:
        self.pager = Pager(wall.store, wall.recording.path, 900_000_000)

    def limit_memory(self, budget: int) -> None:
        self.pager.limit(budget)

    def show_first(self, cars: frozenset[str]) -> None:
        self.pager.look_at(cars)


@pytest.fixture
def limited(race: Race, tmp_path: Path, qtbot: QtBot) -> tuple[MainWindow, Limited, list[int]]:
    from dataclasses import replace

    wall = make_wall(race, tmp_path)
    wall.advance(SECONDS)
    commands = Limited(wall)
    inputs = replace(wall.inputs(), commands=commands, paging=lambda: commands.pager.stats)
    window = build_window(inputs, size=(1366, 768))
    qtbot.addWidget(window, before_close_func=lambda w: w.pump.stop())
    with qtbot.waitExposed(window):
        window.show()
    window.refresh()
    commands.pager.start()
    chosen: list[int] = []
    window.settings.memory_chosen.connect(chosen.append)
    yield window, commands, chosen
    commands.pager.stop()
    wall.close()


def test_memory_is_said_and_limited_while_the_session_goes_on(
    qtbot: QtBot, limited: tuple[MainWindow, Limited, list[int]]
) -> None:
    window, commands, chosen = limited
    dialog = opened(qtbot, window)
    qtbot.waitUntil(lambda: commands.pager.stats.held > 0)
    dialog.look()
    assert "of 900 MB in memory now" in dialog.used.text()
    typed(qtbot, dialog, "640 mb")
    assert commands.pager.stats.budget == 640_000_000
    assert chosen == [640]
    choose(dialog.memory, 1000)
    assert commands.pager.stats.budget == 1_000_000_000
    choose(dialog.memory, 0)
    assert commands.pager.stats.budget == budget_bytes(None)
    assert chosen == [640, 1000, 0]


@pytest.mark.parametrize("text", ["much", "12", "-300", "1e9", "99999999", "²³⁴"])
def test_what_is_no_budget_is_said_and_changes_nothing(
    qtbot: QtBot, limited: tuple[MainWindow, Limited, list[int]], text: str
) -> None:
    window, commands, chosen = limited
    dialog = opened(qtbot, window)
    typed(qtbot, dialog, text)
    assert "give 64 to" in dialog.used.text()
    assert chosen == []
    assert commands.pager.stats.budget == 900_000_000


def test_what_was_chosen_is_there_at_the_next_start(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "window.json"
    (recording,) = recordings(tmp_path, 1)
    first = Started(qtbot, Memory(path))
    first.desktop._open_file(recording)
    first.wait(lambda: first.window is not None)
    dialog = opened(qtbot, first.window)
    fitting = first.window.theme.scale
    choose(dialog.theme, "contrast")
    assert json.loads(path.read_text("utf-8"))["scale"] == 0.0  # what fits is found anew
    choose(dialog.scale, 1.5)
    choose(dialog.memory, 500)
    assert first.window._inputs.paging().budget == 500_000_000
    first.desktop.finish()
    second = Started(qtbot, Memory(path))
    assert second.desktop.start.theme.name == "contrast"
    second.desktop._open_file(recording)
    second.wait(lambda: second.window is not None)
    assert (second.window.theme.name, second.window.theme.scale) == ("contrast", 1.5)
    assert second.window.theme.scale != fitting
    assert second.window._inputs.paging().budget == 500_000_000
    second.desktop.finish()


def test_a_damaged_memory_of_looks_is_as_if_there_were_none(tmp_path: Path) -> None:
    path = tmp_path / "window.json"
    for theme, scale in (("neon", 1.0), (3, "big"), (None, 99.0), ([], True)):
        doc = {"version": 1, "theme": theme, "scale": scale}
        path.write_text(json.dumps(doc), "utf-8")
        assert Memory(path).now.theme == ""
        assert Memory(path).now.scale in (0.0, 1.0)


def test_the_palette_outlives_the_field_that_had_the_keyboard(
    qtbot: QtBot, finished: Wall, open_window: Open
) -> None:
    window = open_window(finished)
    dialog = opened(qtbot, window)
    dialog.activateWindow()
    dialog.units.setFocus()
    qtbot.waitUntil(dialog.units.hasFocus)
    window.controls.handlers["palette"]()
    with qtbot.waitSignal(dialog.destroyed):
        dialog.close()
    del dialog
    assert window.palette_box.isVisible()
    window.palette_box.close_again()
    assert not window.palette_box.isVisible()
