"""The rows of setup advice where there is little room."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from pitwall.prerace.desk import Desk, DeskRow
from pitwall.ui.modelling import NoModel
from pitwall.ui.panes.advice import AdvicePane
from pitwall.ui.theme import load_theme

KEYS = ("wing", "brake_bias", "arb", "camber", "ride")


def _row(key: str) -> DeskRow:
    return DeskRow(
        key, key, "4 step", "5 step", "advised", "physics", "+0.09 s", "+0.02 to +0.15", "97 %",
        (0.1, 0.45, 0.75), why="a reason", can_apply=True,
    )  # fmt: skip


@pytest.fixture
def pane(qtbot: QtBot) -> AdvicePane:
    made = AdvicePane(load_theme("dark", 0.85), NoModel())
    qtbot.addWidget(made)
    rows = tuple(map(_row, KEYS))
    made.shown = Desk("Car 7", rows, (), 0.2, "no advice has been checked", (), (), ("grip 1.02",))
    made.resize(324, 141)
    made.show()
    made.grab()
    return made


def test_the_three_best_are_seen_on_a_laptop(pane: AdvicePane) -> None:
    assert [key for _, key in pane._zones] == list(KEYS[:3])


def test_a_row_that_is_opened_stays_in_view(pane: AdvicePane, qtbot: QtBot) -> None:
    zone = next(zone for zone, key in pane._zones if key == "arb")
    qtbot.mouseClick(pane, Qt.MouseButton.LeftButton, pos=zone.center())
    pane.grab()
    assert pane.chosen == "arb"
    assert "arb" in [key for _, key in pane._zones]


def test_rows_are_tall_where_they_fit(pane: AdvicePane) -> None:
    pane.resize(440, 500)
    pane.grab()
    assert {key for _, key in pane._zones} == set(KEYS)
    assert all(zone.height() == pane.theme.px(46) for zone, _ in pane._zones)
