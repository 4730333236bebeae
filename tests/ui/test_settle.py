"""Official cars and corners' names in the window."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from pitwall.analysis import renamed
from pitwall.analysis.feeds import feed_matches
from pitwall.analysis.identity import identify
from pitwall.analysis.official import OfficialTiming
from pitwall.telemetry import Official, OfficialLap, TableClock
from pitwall.ui.panes.corners import CornersPane
from pitwall.ui.qt import QtCore, QtWidgets
from pitwall.ui.roles import Role
from pitwall.ui.settling import Cars
from pitwall.ui.window import build_window
from tests.ui.session import Wall


class Desk:
    """What is settled, at once and in memory."""

    def __init__(self, wall: Wall) -> None:
        self.wall = wall
        self.said: dict[str, str] = {}
        self.before: list[tuple[str, dict[str, str]]] = []
        self.names: dict[int, str] = {}
        self.trouble = ""
        self.turn = 0

    @property
    def steps(self) -> int:
        return len(self.before)

    @property
    def version(self) -> object:
        return (self.turn, self.trouble)

    @property
    def cars(self) -> Cars:
        laps = {car: at.laps for car, at in self.wall.timing.cars.items()}
        rows = []
        for k, car in enumerate(self.wall.timing.order):
            done = [lap for lap in laps[car] if lap.time_us is not None]
            rows += [
                OfficialLap(str(50 + k), lap.number, lap.time_us + 40_000, lap.t_end)
                for lap in done
            ]
        rows.append(OfficialLap("99", 1, 90_000_000, 1_757_000_000_000_000))
        table = Official("laps.csv", "laps", TableClock.UTC, tuple(rows))
        identity = identify(laps, table, confirmed=self.said)
        official = OfficialTiming((table,), table, identity, self.said)
        own = {m.car: {n: table.laps[i] for n, i in m.pairs} for m in identity.matches}
        return Cars(official, feed_matches(official), own)

    def confirm(self, car: str, official: str | None) -> None:
        self.before.append((f"{car} is official car {official}", dict(self.said)))
        self.said = {k: v for k, v in self.said.items() if k != car}
        if official is not None:
            self.said[car] = official
        self.turn += 1

    def rename(self, number: int, name: str) -> None:
        renamed(self.wall.timing.circuit.corners, {number: name})
        self.names[number] = name

    def undo(self) -> str:
        if not self.before:
            return ""
        words, self.said = self.before.pop()
        self.turn += 1
        return words


@pytest.fixture
def desk(finished: Wall) -> Desk:
    return Desk(finished)


@pytest.fixture
def window(finished: Wall, desk: Desk, qtbot: QtBot):
    made = build_window(replace(finished.inputs(), settled=desk), size=(1600, 900))
    qtbot.addWidget(made, before_close_func=lambda w: w.pump.stop())
    with qtbot.waitExposed(made):
        made.show()
    made.refresh()
    return made


def row_of(dialog, car: str):
    return next(line for line in dialog.list.lines.lines if line.key == f"car {car}")


def test_a_car_is_confirmed_and_taken_back_in_a_dialog_that_stops_nothing(window, desk, qtbot):
    window.controls.handlers["official_cars"]()
    dialog = window.settle.dialog
    assert not dialog.isModal()
    assert "Without telemetry: 99" in dialog.without.text()
    car = desk.wall.timing.order[0]
    assert row_of(dialog, car).cells[1].text == "50"
    dialog.list.choose(f"car {car}")
    assert dialog.choice.currentText() == "50"
    dialog.choice.setCurrentText("99")
    qtbot.mouseClick(dialog.confirm_button, QtCore.Qt.MouseButton.LeftButton)
    assert desk.said == {car: "99"}
    assert [cell.text for cell in row_of(dialog, car).cells][1] == "99"
    assert row_of(dialog, car).cells[4].text.startswith("confirmed")
    qtbot.mouseClick(dialog.crossings_button, QtCore.Qt.MouseButton.LeftButton)
    assert desk.said == {}
    qtbot.keyClick(dialog, QtCore.Qt.Key.Key_Z, QtCore.Qt.KeyboardModifier.ControlModifier)
    assert desk.said == {car: "99"}
    assert "Taken back" in dialog.said.text()
    dialog.undo_button.click()
    assert desk.said == {}
    assert not dialog.undo_button.isEnabled()
    dialog.close()
    qtbot.waitUntil(lambda: window.settle.dialog is None)


def test_what_cannot_be_kept_is_said_once(window, desk):
    desk.trouble = "the disk is full"
    window.settle.look()
    assert "the disk is full" in window.notice.text


def test_somebody_should_look_at_cars_that_are_not_sure(window, desk, monkeypatch):
    asked = desk.cars
    loose = tuple(replace(m, sure=False, reason="why") for m in asked.official.identity.matches)
    identity = replace(asked.official.identity, matches=loose)
    unsure = Cars(replace(asked.official, identity=identity), ())
    assert unsure.open == len(loose)
    monkeypatch.setattr(Desk, "cars", unsure)
    window.settle.look()
    assert f"{len(loose)} cars not surely matched" in window.notice.text


def test_laps_stand_beside_the_official_ones(window, desk):
    pane = window.panes.laps
    at = [column.title for column in pane.columns].index("Official")
    done = [
        row for row in pane.rows if row.cells[1].role != "faint" and "≈" not in row.cells[1].text
    ]
    assert done
    # ours is 0.04 s beside it, more than its interval
    assert {row.cells[at].role for row in done if "start" not in row.cells[-1].text} == {
        "attention"
    }
    assert "laps.csv" in done[0].tip


def test_a_corner_is_named_by_key_and_by_double_click(window, desk, qtbot):
    window.controls.handlers["corner_name"]()
    prompt = window.time.prompt
    prompt.field.setText("5 Hairpin")
    prompt.field.returnPressed.emit()
    assert desk.names == {5: "Hairpin"}
    window.controls.handlers["corner_name"]()
    prompt.field.setText("Hairpin")
    prompt.field.returnPressed.emit()
    assert "number comes first" in prompt.said.text()
    prompt.field.setText("77 Hairpin")
    prompt.field.returnPressed.emit()
    assert "corner 77" in prompt.said.text()
    prompt.hide()
    window.bench.show_role(Role.DEBRIEF)
    pane = window.bench.pane("corners")
    assert isinstance(pane, CornersPane)
    window.workspace.select_lap(2)
    window.grab()
    place = QtCore.QPoint(20, int(pane.first_y + pane.row_height * 1.5))
    qtbot.mouseDClick(pane, QtCore.Qt.MouseButton.LeftButton, pos=place)
    box = pane.asking
    assert box is not None
    field = box.findChild(QtWidgets.QLineEdit)
    assert field.text() == "T2"
    field.setText("Bus Stop")
    next(b for b in box.findChildren(QtWidgets.QPushButton) if b.text() == "Save").click()
    assert desk.names[2] == "Bus Stop"


def test_laps_that_lag_behind_the_data_are_said_to(finished: Wall, window):
    context = window.feed._context
    timing = finished.timing
    assert context.behind_us(timing, 100.0) is None
    older = replace(timing, version=timing.version - 1)
    assert context.behind_us(older, 101.0) is None
    assert context.behind_us(older, 103.0) is None
    assert context.behind_us(older, 113.0) == 12_000_000
    assert context.behind_us(timing, 114.0) is None
    pane = window.panes.laps
    pane.show_laps("7", (), None, None, None, None, None, None, (), older_us=12_000_000)
    assert "12 s behind" in pane.remark
