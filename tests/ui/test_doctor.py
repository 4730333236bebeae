"""The doctor's dialog, by keys, over a stand-in; healthy and not."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from pitwall.cloud.doctor import Finding
from pitwall.cloud.local.process import StandIn
from pitwall.cloud_desk import CloudDesk
from pitwall.telemetry import Failure
from pitwall.ui.address import Address
from pitwall.ui.dialogs import Desk, Patient
from pitwall.ui.dialogs.doctor import DoctorDialog
from pitwall.ui.remembered import Memory
from pitwall.ui.theme import load_theme
from tests.ui.cloud import LIVE, few_sessions

Key = Qt.Key
WAIT_MS = 30_000
FOUND = (
    Finding("ok", "region", "us-east-1"),
    Finding("warning", "clock", "7 s behind: ages on screen are corrected", "set the clock"),
    Finding("fault", "table pitwall", "there is none", "deploy the stack", {"items": 0}),
    Finding("ok", "limits", "far away"),
)


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    with few_sessions() as running:
        yield running


class Ward(CloudDesk):
    """A doctor that finds what the test says, one finding at each nod."""

    def __init__(self) -> None:
        self.nod = threading.Semaphore(0)
        self.patients: list[tuple[Address, Patient]] = []
        self.failure: Exception | None = None

    def examine(
        self,
        address: Address,
        patient: Patient,
        say: Callable[[Finding], object],
        cancelled: Callable[[], bool],
    ) -> None:
        self.patients.append((address, patient))
        if self.failure is not None:
            raise self.failure
        for finding in FOUND:
            self.nod.acquire(timeout=60)
            if cancelled():
                return
            say(finding)


class Room:
    def __init__(self, qtbot: QtBot, file: Path, cloud: Any) -> None:
        self.qtbot = qtbot
        self.memory = Memory(file)
        self.window = QWidget()
        self.desk = Desk(cloud, self.memory)
        qtbot.addWidget(self.window)

    def open(self, address: Address, session: str = "", theme: str = "dark") -> DoctorDialog:
        dialog = self.desk.doctor_over(self.window, load_theme(theme), address, session)
        self.qtbot.waitExposed(dialog)
        dialog.activateWindow()
        self.qtbot.waitUntil(dialog.isActiveWindow)
        return dialog

    def done(self, dialog: DoctorDialog) -> list[str]:
        """The grades, once it is through."""
        self.qtbot.waitUntil(lambda: dialog.again.isEnabled(), timeout=WAIT_MS)
        return grades(dialog)


def grades(dialog: DoctorDialog) -> list[str]:
    return [line.cells[0].text for line in dialog.findings.lines.lines]


@pytest.fixture
def ward() -> Ward:
    return Ward()


@pytest.fixture
def room(qtbot: QtBot, tmp_path: Path, ward: Ward) -> Iterator[Room]:
    made = Room(qtbot, tmp_path / "window.json", ward)
    yield made
    ward.nod.release(50)
    assert made.desk.stop(60)


def test_findings_come_one_by_one_in_words_and_marks(qtbot: QtBot, room: Room, ward: Ward) -> None:
    dialog = room.open(Address(table="pitwall"))
    ward.nod.release()
    qtbot.waitUntil(lambda: len(grades(dialog)) == 1)
    assert grades(dialog) == ["✓ ok"]
    assert dialog.status == "Checking… 1 ok · 0 warnings · 0 faults"
    assert not dialog.again.isEnabled()
    ward.nod.release(3)
    assert room.done(dialog) == ["✓ ok", "! warning", "✕ fault", "✓ ok"]
    assert dialog.status == "2 ok · 1 warning · 1 fault"
    # what wants doing is in view, with what to do
    assert dialog.findings.key == "2"
    assert dialog.findings.lines.lines[2].cells[2].text == "there is none\n→ deploy the stack"


def test_copy_as_text_and_as_json(qtbot: QtBot, room: Room, ward: Ward) -> None:
    ward.nod.release(4)
    dialog = room.open(Address())
    room.done(dialog)
    clipboard = QGuiApplication.clipboard()
    qtbot.keyClick(dialog, Key.Key_J, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: dialog.status == "Copied as JSON")  # a button stays down for a moment
    rows = json.loads(clipboard.text())["findings"]
    assert [row["grade"] for row in rows] == ["ok", "warning", "fault", "ok"]
    assert rows[2]["figures"] == {"items": 0}
    qtbot.keyClick(dialog, Key.Key_T, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: dialog.status == "Copied as text")
    text = clipboard.text()
    assert "fault    table pitwall" in text
    assert "-> deploy the stack" in text


def test_escape_stops_keeps_what_was_found_and_then_closes(
    qtbot: QtBot, room: Room, ward: Ward
) -> None:
    dialog = room.open(Address())
    ward.nod.release(2)
    qtbot.waitUntil(lambda: len(grades(dialog)) == 2)
    qtbot.keyClick(dialog, Key.Key_Escape)
    assert dialog.status.startswith("Stopped before the end")
    ward.nod.release(4)
    qtbot.wait(50)
    assert len(grades(dialog)) == 2
    assert dialog.copy_text.isEnabled()
    qtbot.keyClick(dialog, Key.Key_F5)
    ward.nod.release(4)
    assert len(room.done(dialog)) == 4
    qtbot.keyClick(dialog, Key.Key_Escape)
    assert room.desk.doctor is None


def test_a_role_that_is_narrowed_asks_to_what(qtbot: QtBot, room: Room, ward: Ward) -> None:
    ward.nod.release(4)
    dialog = room.open(Address())
    room.done(dialog)
    assert dialog.scope.isHidden()
    dialog.role.setFocus()
    qtbot.keyClick(dialog.role, Key.Key_Down)
    assert dialog.role.currentText() == "driver"
    assert dialog.scope.isVisible()
    assert grades(dialog) == []
    assert "cars that the driver is narrowed to" in dialog.findings.hint
    qtbot.keyClick(dialog.scope, Key.Key_Return)
    assert "name the cars" in dialog.trouble.text
    qtbot.keyClicks(dialog.scope, "7, 13")
    qtbot.keyClick(dialog.scope, Key.Key_Return)
    ward.nod.release(4)
    room.done(dialog)
    assert dialog.trouble.text == ""
    assert ward.patients[-1][1] == Patient("driver", cars=("7", "13"))
    dialog.role.setCurrentText("partner")
    dialog.role.activated.emit(2)
    assert dialog.scope.accessibleName() == "Channel groups"
    # the next time it is that role again
    assert room.memory.now.role == "driver"


def test_what_keeps_it_from_beginning_is_told_in_the_dialog(
    qtbot: QtBot, room: Room, ward: Ward
) -> None:
    ward.failure = Failure("AWS profile 'x' does not exist")
    dialog = room.open(Address(profile="x"))
    room.done(dialog)
    assert dialog.trouble.text == "AWS profile 'x' does not exist"
    assert not dialog.copy_text.isEnabled()


def test_every_part_has_a_name_and_a_place_in_the_tab_order(
    qtbot: QtBot, room: Room, ward: Ward
) -> None:
    ward.nod.release(4)
    dialog = room.open(Address())
    room.done(dialog)
    dialog.activateWindow()
    dialog.findings.setFocus()
    seen = []
    for _ in range(12):
        focus = dialog.focusWidget()
        if focus in seen:
            break
        seen.append(focus)
        qtbot.keyClick(focus, Key.Key_Tab)
    assert seen == [
        dialog.findings, dialog.again, dialog.copy_text, dialog.copy_json, dialog.close_button,
        dialog.role,
    ]  # fmt: skip
    assert all(widget.accessibleName() for widget in seen)


@pytest.mark.parametrize("theme", ["dark", "sunlight"])
def test_long_lines_are_wrapped_not_cut(qtbot: QtBot, room: Room, ward: Ward, theme: str) -> None:
    ward.nod.release(4)
    dialog = room.open(Address(table="t" * 60, endpoint="http://127.0.0.1:8000"), theme=theme)
    room.done(dialog)
    dialog.resize(dialog.minimumSizeHint())
    dialog.grab()
    view = dialog.findings
    heights = [view.rowHeight(row) for row in range(4)]
    assert heights[2] > heights[0]
    assert sum(view.columnWidth(i) for i in range(3)) <= max(view.viewport().width(), 1)
    assert dialog.height() < 700


# -- the real one


def test_the_whole_way_to_a_stand_in_is_examined_off_the_window_s_thread(
    qtbot: QtBot, tmp_path: Path, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[str] = set()
    real = CloudDesk.examine

    def noted(self: Any, *args: Any) -> None:
        threads.add(threading.current_thread().name)
        real(self, *args)

    monkeypatch.setattr(CloudDesk, "examine", noted)
    room = Room(qtbot, tmp_path / "window.json", CloudDesk())
    dialog = room.open(Address(endpoint=stand_in.endpoint), LIVE)
    found = room.done(dialog)
    assert threads == {"pitwall-doctor"}
    whats = [line.cells[1].text for line in dialog.findings.lines.lines]
    assert whats[:4] == ["region", "credentials", "clock", "table pitwall"]
    assert f"session {LIVE}" in whats
    assert "✕ fault" not in found
    retried = room.open(Address(endpoint=stand_in.endpoint, table="nowhere"))
    assert room.done(retried)[-1] == "✕ fault"
    assert "table nowhere" in [line.cells[1].text for line in retried.findings.lines.lines]
    assert room.desk.stop(60)
