"""Connecting as a person does it, by keys, to a stand-in over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget
from pytestqt.qtbot import QtBot

from pitwall.cloud.local.process import StandIn
from pitwall.cloud_desk import CloudDesk
from pitwall.ui.address import Address
from pitwall.ui.dialogs import Desk
from pitwall.ui.dialogs.connect import ConnectDialog
from pitwall.ui.remembered import Memory
from pitwall.ui.theme import load_theme
from tests.ui.cloud import ENDED, LIVE, OTHERS, POLICIES, beat, few_sessions

Key = Qt.Key
WAIT_MS = 20_000


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    with few_sessions() as running:
        yield running


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two profiles, one of which nobody has signed in to."""
    file = tmp_path / "config"
    file.write_text(
        "[default]\nregion = us-east-1\n"
        "[profile team]\nregion = eu-west-1\nsso_account_id = 123456789012\n"
        "sso_role_name = Engineer\nsso_region = eu-west-1\n"
        "sso_start_url = https://pitwall.invalid/start\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("HOME", str(tmp_path))


class Table:
    """A desk with a window, what it remembers, and what it was asked for."""

    def __init__(self, qtbot: QtBot, file: Path, cloud: Any = None) -> None:
        self.qtbot = qtbot
        self.memory = Memory(file)
        self.window = QWidget()
        self.desk = Desk(cloud or CloudDesk(), self.memory)
        self.wanted: list[tuple[Address, str]] = []
        self.cancelled = 0
        self.desk.connect_requested.connect(lambda *wanted: self.wanted.append(wanted))
        self.desk.join_cancelled.connect(self._cancelled)
        qtbot.addWidget(self.window)

    def _cancelled(self) -> None:
        self.cancelled += 1

    def open(self, theme: str = "dark", scale: float = 1.0) -> ConnectDialog:
        dialog = self.desk.connect_over(self.window, load_theme(theme, scale))
        self.qtbot.waitExposed(dialog)
        return dialog

    def settled(self, dialog: ConnectDialog) -> ConnectDialog:
        """Once everything that was asked is answered."""
        self.qtbot.waitUntil(lambda: dialog.cancel.isHidden(), timeout=WAIT_MS)
        return dialog


@pytest.fixture
def table(qtbot: QtBot, tmp_path: Path) -> Iterator[Table]:
    made = Table(qtbot, tmp_path / "window.json")
    yield made
    assert made.desk.stop(60)


@pytest.fixture
def near(table: Table, stand_in: StandIn) -> ConnectDialog:
    """The dialog over the stand-in, with everything listed."""
    beat(stand_in)
    table.memory.connected(Address(endpoint=stand_in.endpoint), "")
    return table.settled(table.open())


def keys_of(dialog: ConnectDialog) -> list[str]:
    return [line.key for line in dialog.sessions.lines.lines]


def cells_of(dialog: ConnectDialog, key: str) -> list[str]:
    (line,) = [line for line in dialog.sessions.lines.lines if line.key == key]
    return [cell.text for cell in line.cells]


def retyped(qtbot: QtBot, field: QWidget, text: str, end: Qt.Key = Key.Key_Tab) -> None:
    """What is in a field is typed over."""
    field.setFocus()
    qtbot.keyClick(field, Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(field, Key.Key_Delete)
    if text:
        qtbot.keyClicks(field, text)
    qtbot.keyClick(field, end)


def test_sessions_are_listed_with_the_live_one_chosen(near: ConnectDialog) -> None:
    assert near.form.address.table == "pitwall"
    assert keys_of(near) == [LIVE, ENDED, *OTHERS]
    assert near.sessions.key == LIVE
    assert cells_of(near, LIVE)[4:] == ["2", "1", "● LIVE"]
    assert cells_of(near, ENDED)[0::2] == ["2026-01-30", "test", "1", "✓ ended"]
    assert cells_of(near, OTHERS[0])[-1] == "○ silent 2 d"
    assert near.status.startswith("4 sessions in pitwall, 1 live at ")
    assert near.trouble.text == ""


def test_return_connects_and_the_place_is_remembered(
    qtbot: QtBot, table: Table, near: ConnectDialog, stand_in: StandIn
) -> None:
    qtbot.keyClick(near.filter, Key.Key_Return)
    ((address, session),) = table.wanted
    assert session == LIVE
    assert address == Address(endpoint=stand_in.endpoint, table="pitwall")
    assert near.status.startswith(f"Joining {LIVE}")
    qtbot.keyClick(near.filter, Key.Key_Return)
    assert len(table.wanted) == 1
    assert not near.form.isEnabled()
    near.joined()
    assert table.desk.dialog is None
    kept = json.loads((Path(table.memory._path or "")).read_text())
    assert kept["session"] == LIVE
    assert kept["address"]["endpoint"] == stand_in.endpoint
    # the next time it is there, and chosen
    again = table.settled(table.open())
    assert again.sessions.key == LIVE
    assert again.form.address.table == "pitwall"


def test_typing_filters_and_arrows_choose(qtbot: QtBot, table: Table, near: ConnectDialog) -> None:
    qtbot.keyClicks(near.filter, "OTHER p")
    assert keys_of(near) == list(OTHERS)
    assert near.sessions.key == OTHERS[0]
    assert near.status == "2 of 4 sessions"
    qtbot.keyClick(near.filter, Key.Key_Down)
    assert near.sessions.key == OTHERS[1]
    qtbot.keyClick(near.filter, Key.Key_Down)
    assert near.sessions.key == OTHERS[1]
    qtbot.keyClicks(near.filter, "nothing")
    assert keys_of(near) == []
    assert not near.connect_button.isEnabled()
    assert "Esc clears the filter" in near.sessions.hint
    qtbot.keyClick(near.filter, Key.Key_Return)
    assert table.wanted == []
    qtbot.keyClick(near, Key.Key_Escape)
    assert len(keys_of(near)) == 4
    assert near.isVisible()
    qtbot.keyClicks(near.filter, "live")
    assert keys_of(near) == [LIVE]
    qtbot.keyClick(near, Key.Key_Escape)
    qtbot.keyClick(near, Key.Key_Escape)
    assert table.desk.dialog is None


def test_tab_goes_from_the_filter_to_the_list_to_connect_and_round(
    qtbot: QtBot, near: ConnectDialog
) -> None:
    near.activateWindow()
    near.filter.setFocus()
    seen = []
    for _ in range(30):
        focus = near.focusWidget()
        seen.append(focus)
        qtbot.keyClick(focus, Key.Key_Tab)
        if near.focusWidget() is near.filter:
            break
    assert seen[:3] == [near.filter, near.sessions, near.connect_button]
    fields = {near.form.profile, near.form.region, near.form.table, near.form.endpoint}
    assert fields <= set(seen)
    assert all(widget.accessibleName() for widget in seen)


def test_no_letter_goes_to_two_places(near: ConnectDialog) -> None:
    near.trouble.say("something", "command")
    texts = [label.text() for label in near.findChildren(QLabel) if label.buddy() is not None]
    texts += [one.text() for one in near.findChildren(QAbstractButton)]
    letters = [text[text.index("&") + 1].lower() for text in texts if "&" in text]
    assert len(letters) >= 10
    assert len(letters) == len(set(letters)), sorted(letters)


def test_a_table_that_is_not_there_is_told_and_the_next_one_listed(
    qtbot: QtBot, table: Table, near: ConnectDialog
) -> None:
    edit = near.form.table.lineEdit()
    retyped(qtbot, edit, "nowhere", Key.Key_Return)
    table.settled(near)
    assert "no table nowhere" in near.trouble.text
    assert keys_of(near) == []
    # Return in a field asks; it does not connect
    assert table.wanted == []
    retyped(qtbot, edit, "pitwall", Key.Key_Return)
    table.settled(near)
    assert near.trouble.text == ""
    assert len(keys_of(near)) == 4


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("endpoint", "localhost:8000", "endpoint: a URL"),
        ("endpoint", "http://me:secret@127.0.0.1:1", "without name and password"),
        ("bucket", "My Bucket", "archive bucket"),
        ("kinesis", "a b", "Kinesis stream"),
    ],
)
def test_what_is_written_wrong_is_told_before_anybody_is_asked(
    qtbot: QtBot, table: Table, near: ConnectDialog, field: str, text: str, words: str
) -> None:
    retyped(qtbot, getattr(near.form, field), text)
    assert words in near.trouble.text
    assert near.cancel.isHidden()
    qtbot.keyClick(near, Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert table.wanted == []


def test_nobody_at_the_endpoint_is_told_in_the_dialog(
    qtbot: QtBot, table: Table, near: ConnectDialog
) -> None:
    retyped(qtbot, near.form.endpoint, "http://127.0.0.1:9")
    table.settled(near)
    assert "nothing answers at http://127.0.0.1:9" in near.trouble.text
    assert near.trouble.isVisible()


@pytest.mark.usefixtures("configured")
def test_a_profile_brings_its_region_and_its_login_is_explained(qtbot: QtBot, table: Table) -> None:
    dialog = table.open()
    qtbot.waitUntil(lambda: dialog.form.profile.count() == 2, timeout=WAIT_MS)
    assert dialog.form.address.profile == "default"
    assert dialog.form.address.region == "us-east-1"
    dialog.form.profile.setFocus()
    qtbot.keyClick(dialog.form.profile, Key.Key_Down)
    assert dialog.form.address.profile == "team"
    assert dialog.form.address.region == "eu-west-1"
    table.settled(dialog)
    assert "there is no SSO login for profile team yet" in dialog.trouble.text
    assert dialog.trouble.command == "aws sso login --profile team"
    qtbot.mouseClick(dialog.trouble.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "aws sso login --profile team"


def test_a_missing_permission_is_told_in_words(
    table: Table, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in.control("access", keys=POLICIES)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "INSTALLER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    try:
        table.memory.connected(Address(endpoint=stand_in.endpoint, table="pitwall"), "")
        dialog = table.settled(table.open())
        assert "permission dynamodb:Query" in dialog.trouble.text
        assert "role engineer has it" in dialog.trouble.text
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ENGINEER")
        dialog.refresh.click()
        table.settled(dialog)
        assert dialog.trouble.text == ""
        assert len(keys_of(dialog)) == 4
        assert "type another's name" in dialog.status
    finally:
        stand_in.control("access", keys=dict.fromkeys(POLICIES))


def test_a_failed_join_is_told_in_the_dialog_and_another_can_be_chosen(
    qtbot: QtBot, table: Table, near: ConnectDialog
) -> None:
    qtbot.keyClick(near.filter, Key.Key_Return)
    near.join_failed("the recording is in use by another window")
    assert near.trouble.text == "the recording is in use by another window"
    assert near.form.isEnabled()
    qtbot.keyClick(near.filter, Key.Key_Down)
    qtbot.keyClick(near.filter, Key.Key_Return)
    assert [session for _, session in table.wanted] == [LIVE, ENDED]
    assert near.trouble.text == ""


def test_escape_while_joining_stays_with_what_was(
    qtbot: QtBot, table: Table, near: ConnectDialog
) -> None:
    qtbot.keyClick(near.filter, Key.Key_Return)
    qtbot.keyClick(near, Key.Key_Escape)
    assert table.cancelled == 1
    assert near.isVisible()
    assert near.connect_button.isEnabled()


class Slow(CloudDesk):
    """A cloud whose answers come when the test says."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked: list[str] = []

    def browse(self, address: Address, say: Callable[[Any], object], cancelled: Any) -> None:
        self.asked.append(address.table)
        if address.table == "slow":
            self.go.wait(60)
        super().browse(address, say, cancelled)


def test_an_answer_to_an_older_question_is_dropped(
    qtbot: QtBot, tmp_path: Path, stand_in: StandIn
) -> None:
    cloud = Slow()
    table = Table(qtbot, tmp_path / "window.json", cloud)
    table.memory.connected(Address(endpoint=stand_in.endpoint, table="slow"), "")
    dialog = table.open()
    qtbot.waitUntil(lambda: cloud.asked == ["slow"])
    assert dialog.cancel.isVisible()
    retyped(qtbot, dialog.form.table.lineEdit(), "pitwall", Key.Key_Return)
    table.settled(dialog)
    assert len(keys_of(dialog)) == 4
    stale: list[str] = []
    dialog.errands.stale.connect(lambda key, _: stale.append(key))
    cloud.go.set()
    qtbot.waitUntil(lambda: "ended" in stale, timeout=WAIT_MS)
    assert dialog.trouble.text == ""
    assert len(keys_of(dialog)) == 4
    assert table.desk.stop(60)


def test_cancelled_it_says_nothing_more_and_can_be_asked_again(
    qtbot: QtBot, tmp_path: Path, stand_in: StandIn
) -> None:
    cloud = Slow()
    table = Table(qtbot, tmp_path / "window.json", cloud)
    table.memory.connected(Address(endpoint=stand_in.endpoint, table="slow"), "")
    dialog = table.open()
    qtbot.waitUntil(lambda: cloud.asked == ["slow"])
    qtbot.keyClick(dialog, Key.Key_Escape)
    assert dialog.cancel.isHidden()
    assert dialog.isVisible()
    cloud.go.set()
    qtbot.keyClick(dialog, Key.Key_F5)
    table.settled(dialog)
    assert "no table slow" in dialog.trouble.text
    assert table.desk.stop(60)


@pytest.mark.parametrize(("theme", "scale"), [("dark", 0.7), ("sunlight", 0.85), ("dark", 2.0)])
def test_nothing_is_clipped(table: Table, stand_in: StandIn, theme: str, scale: float) -> None:
    table.memory.connected(Address(endpoint=stand_in.endpoint, table="nowhere"), "")
    dialog = table.settled(table.open(theme, scale))
    dialog.trouble.say("the SSO login has expired: " + "type the command below " * 6, "aws sso x")
    dialog.resize(dialog.minimumSizeHint())
    dialog.grab()
    if scale <= 1:
        assert dialog.width() <= 1366
        assert dialog.height() <= 768 - 40
    for widget in dialog.findChildren(QWidget):
        if widget.isVisible() and isinstance(widget, QLabel) and widget.text():
            needed = widget.heightForWidth(widget.width()) if widget.wordWrap() else -1
            assert widget.height() >= max(needed, widget.minimumSizeHint().height())


def test_it_never_waits_on_the_window_s_thread(
    table: Table, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: set[str] = set()
    cloud = CloudDesk

    for name in ("configuration", "browse"):
        real = getattr(cloud, name)

        def noted(self: Any, *args: Any, real: Any = real) -> Any:
            names.add(threading.current_thread().name)
            return real(self, *args)

        monkeypatch.setattr(cloud, name, noted)
    table.memory.connected(Address(endpoint=stand_in.endpoint), "")
    table.settled(table.open())
    assert names == {"pitwall-connect"}
