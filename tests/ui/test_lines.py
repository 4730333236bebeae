"""Lists in dialogs: rows that come, go and change places."""

from __future__ import annotations

import random
from typing import Any

from pytestqt.qtbot import QtBot

from pitwall.ui.dialogs.lines import Line, ListColumn, ListView
from pitwall.ui.panes.rows import Cell
from pitwall.ui.theme import load_theme

COLUMNS = (ListColumn("Name"), ListColumn("Count", "000", right=True))


def lines_of(text: str, count: int = 0) -> list[Line]:
    return [Line(key, (Cell(key), Cell(str(count)))) for key in text]


def test_rows_change_in_any_way_and_the_model_keeps_its_promises(
    qtbot: QtBot, qtmodeltester: Any
) -> None:
    view = ListView(load_theme("dark"), COLUMNS, "List")
    qtbot.addWidget(view)
    qtmodeltester.check(view.lines)
    dice = random.Random(1)
    for turn in range(200):
        keys = "".join(dice.sample("abcdefgh", dice.randrange(9)))
        view.lines.set_lines(lines_of(keys, turn))
        assert [view.lines.index(i, 0).data() for i in range(len(keys))] == list(keys)


def test_the_choice_stays_while_rows_go_on_behind_it(qtbot: QtBot) -> None:
    view = ListView(load_theme("dark"), COLUMNS, "List")
    qtbot.addWidget(view)
    view.lines.set_lines(lines_of("abc"))
    view.choose("b")
    view.lines.set_lines(lines_of("abcdef", 1))
    assert view.key == "b"
    # other rows: what was chosen is not whatever stands in its place now
    view.lines.set_lines(lines_of("cab"))
    assert view.key == ""
    view.choose("nowhere")
    assert view.key == "c"
    view.lines.set_lines(())
    view.choose("a")
    assert view.key == ""
