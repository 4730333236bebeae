"""From the start window to a session and on to the next, the way the program does it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from pitwall import app, cloud_desk, desktop, intake, recordings
from pitwall.cloud.local.process import StandIn
from pitwall.desktop import Desktop
from pitwall.display import RunOptions
from pitwall.run import Run
from pitwall.store import Batch, Recording, Source
from pitwall.ui.address import Address
from pitwall.ui.layout_doc import to_bytes
from pitwall.ui.remembered import Memory
from pitwall.voice import Voice
from tests.ui.cloud import LIVE, OTHERS, beat, few_sessions
from tests.unit.store.helpers import SESSION, head, one

Key = Qt.Key
WAIT_MS = 30_000


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    with few_sessions() as running:
        yield running


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where recordings are kept in this test."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    for module in (app, desktop, cloud_desk, recordings, intake):
        monkeypatch.setattr(module, "recording_path", lambda key: folder / f"{key}.pitwall")
    return folder


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "race.pitwall"
    with Recording.create(path, SESSION) as made:
        made.apply(Batch(Source.STREAM, tuple(one(n) for n in range(1, 80)), (head(80),)))
    return path


class Started:
    """A desktop as `pitwall` alone begins it."""

    def __init__(self, qtbot: QtBot, memory: Memory) -> None:
        self.qtbot = qtbot
        self.memory = memory
        voice = Voice(time.monotonic(), quiet=True)
        self.quits = 0
        self.desktop = Desktop(RunOptions(size=(1366, 768)), voice, memory=memory)
        self.desktop._quit = self._quit  # type: ignore[method-assign]
        self.desktop.begin()

    def _quit(self) -> None:
        self.quits += 1

    @property
    def window(self) -> Any:
        return self.desktop.window

    @property
    def dialog(self) -> Any:
        return self.desktop.desk.dialog

    def wait(self, condition: Any) -> None:
        self.qtbot.waitUntil(condition, timeout=WAIT_MS)

    def press(self, window: Any, key: Qt.Key, *modifiers: Any) -> None:
        """A key while that window has the keyboard."""
        window.activateWindow()
        self.wait(window.isActiveWindow)
        self.qtbot.keyClick(window, key, *modifiers)

    def listed(self) -> Any:
        """The dialog with all its answers."""
        self.wait(lambda: self.dialog is not None)
        self.wait(lambda: self.dialog.cancel.isHidden())
        assert self.dialog.trouble.text == ""
        return self.dialog


@pytest.fixture
def started(qtbot: QtBot, tmp_path: Path, stand_in: StandIn, kept: Path) -> Iterator[Started]:
    beat(stand_in)
    memory = Memory(tmp_path / "window.json")
    memory.connected(Address(endpoint=stand_in.endpoint), "")
    made = Started(qtbot, memory)
    yield made
    made.desktop.finish()
    left = [thread.name for thread in threading.enumerate() if thread.name.startswith("pitwall-")]
    assert left == []


def test_started_without_a_session_it_asks_for_one_and_follows_it(
    qtbot: QtBot, started: Started, kept: Path
) -> None:
    dialog = started.listed()
    assert dialog.sessions.key == LIVE
    qtbot.keyClick(dialog.filter, Key.Key_Return)
    started.wait(lambda: started.window is not None)
    window = started.window
    assert window.isVisible()
    assert started.dialog is None
    assert started.desktop.start is None
    # the same following as `pitwall live`: history, then live, nothing missing
    started.wait(lambda: window._inputs.store.ledger().applied > 0)
    started.wait(lambda: window._inputs.health().state in ("live", "silent", "late"))
    ledger = window._inputs.store.ledger()
    assert ledger.missing == 0
    assert (kept / f"{LIVE}.pitwall").is_file()
    assert started.memory.now.session == LIVE
    assert started.memory.now.address.table == "pitwall"


def test_another_session_takes_the_window_over_and_the_first_one_ends(
    qtbot: QtBot, started: Started
) -> None:
    qtbot.keyClick(started.listed().filter, Key.Key_Return)
    started.wait(lambda: started.window is not None)
    first = started.window
    started.press(first, Key.Key_C)
    dialog = started.listed()
    # this one is followed already
    qtbot.keyClick(dialog.filter, Key.Key_Return)
    assert "follows that session already" in dialog.trouble.text
    qtbot.keyClicks(dialog.filter, OTHERS[0])
    qtbot.keyClick(dialog.filter, Key.Key_Return)
    started.wait(lambda: started.window is not first)
    assert started.window._inputs.store.session.key == OTHERS[0]
    assert started.window.isVisible()
    started.wait(lambda: not any(t.name == "pitwall-retire" for t in threading.enumerate()))
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("pitwall-analysis") == 1
    # a window that gives way does not end the program; one that is closed does
    assert started.quits == 0
    started.window.close()
    assert started.quits == 1


def test_a_session_that_cannot_be_followed_leaves_the_window_as_it_was(
    qtbot: QtBot, started: Started, kept: Path
) -> None:
    (kept / f"{OTHERS[1]}.pitwall").write_bytes(b"this is no recording" * 50)
    dialog = started.listed()
    qtbot.keyClicks(dialog.filter, OTHERS[1])
    qtbot.keyClick(dialog.filter, Key.Key_Return)
    started.wait(lambda: dialog.trouble.text != "")
    assert f"{OTHERS[1]}.pitwall" in dialog.trouble.text
    assert started.window is None
    assert started.desktop.start is not None
    assert started.desktop.start.isVisible()


def test_a_join_that_nobody_waits_for_is_stopped(
    qtbot: QtBot, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, stopped = threading.Event(), []
    real_join, real_stop = Run.joined, Run.stop

    def slow(*args: Any) -> Run:
        go.wait(60)
        return real_join(*args)

    def noted(run: Run) -> None:
        stopped.append(threading.current_thread().name)
        real_stop(run)

    monkeypatch.setattr(Run, "joined", slow)
    monkeypatch.setattr(Run, "stop", noted)
    dialog = started.listed()
    qtbot.keyClick(dialog.filter, Key.Key_Return)
    qtbot.keyClick(dialog, Key.Key_Escape)
    go.set()
    started.wait(lambda: stopped == ["pitwall-retire"])
    assert started.window is None
    assert dialog.isVisible()


def test_the_doctor_looks_at_what_the_window_follows(qtbot: QtBot, started: Started) -> None:
    qtbot.keyClick(started.listed().filter, Key.Key_Return)
    started.wait(lambda: started.window is not None)
    started.press(started.window, Key.Key_H, Qt.KeyboardModifier.ShiftModifier)
    doctor = started.desktop.desk.doctor
    assert doctor is not None
    assert doctor.parent() is started.window
    started.wait(lambda: doctor.again.isEnabled())
    whats = [line.cells[1].text for line in doctor.findings.lines.lines]
    assert f"session {LIVE}" in whats


def test_dialogs_take_the_window_s_theme_over(qtbot: QtBot, started: Started) -> None:
    qtbot.keyClick(started.listed().filter, Key.Key_Return)
    started.wait(lambda: started.window is not None)
    started.press(started.window, Key.Key_C)
    dialog = started.listed()
    started.press(started.window, Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    assert dialog.sessions.theme.name == "sunlight"


def test_recordings_are_listed_newest_first_and_open_by_return(
    qtbot: QtBot, started: Started, kept: Path, recording: Path
) -> None:
    started.listed().close()
    old = kept / "2020-01-01-old-r1.pitwall"
    old.write_bytes(b"")
    os.utime(old, (1e9, 1e9))
    started.memory.opened(recording)
    started.memory.opened(recording.parent / "gone.pitwall")
    start = started.desktop.start
    assert start is not None
    started.desktop._list_recent()
    started.wait(lambda: start.recent.isVisible())
    assert [line.cells[0].text for line in start.recent.lines.lines] == ["race", old.stem]
    start.recent.setFocus()
    qtbot.keyClick(start.recent, Key.Key_Return)
    started.wait(lambda: started.window is not None)
    assert started.window._inputs.store.session.key == SESSION.key
    assert started.memory.now.recordings[0] == str(recording)


def test_a_file_that_is_none_is_told_in_the_start_window(
    qtbot: QtBot, started: Started, tmp_path: Path
) -> None:
    started.listed().close()
    junk = tmp_path / "junk.pitwall"
    junk.write_bytes(b"x" * 5000)
    start = started.desktop.start
    assert start is not None
    start.open_requested.emit(junk)
    started.wait(lambda: start.said != "")
    assert "junk.pitwall" in start.said
    assert start.connect_button.isVisible()
    assert str(junk) not in started.memory.now.recordings
    # and from there on by key
    started.press(start, Key.Key_C)
    assert started.dialog is not None


def test_a_file_opened_from_a_session_s_window_takes_its_place(
    qtbot: QtBot, started: Started, recording: Path, tmp_path: Path
) -> None:
    qtbot.keyClick(started.listed().filter, Key.Key_Return)
    started.wait(lambda: started.window is not None)
    first = started.window
    width = first.width()
    first.open_requested.emit(recording)
    started.wait(lambda: started.window is not first)
    assert started.window._inputs.store.session.key == SESSION.key
    assert started.window.width() == width


def test_who_has_nothing_to_connect_to_sees_what_else_there_is(
    qtbot: QtBot, tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    (kept / "2020-01-01-old-r1.pitwall").write_bytes(b"")
    first = Started(qtbot, Memory(tmp_path / "none.json"))
    start = first.desktop.start
    assert start is not None
    first.wait(lambda: start.recent.isVisible())
    assert first.dialog is None
    assert start.connect_button.isVisible()
    assert start.demo_button.isVisible()
    first.press(start, Key.Key_C)
    first.wait(lambda: first.dialog.cancel.isHidden())
    assert "no region" in first.dialog.trouble.text
    first.desktop.finish()


# ------------------------------------------------------------------------- files


def drop_on(window: Any, *paths: Path) -> None:
    """Let files go over a window, as a file manager does."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    actions, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(200, 200), actions, data, left, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    drop = QDropEvent(QPointF(200, 200), actions, data, left, none)
    QApplication.sendEvent(window, drop)


@pytest.fixture
def laps_file(tmp_path: Path) -> Path:
    """A logger file: VBO, a minute of it."""
    rows = ["File created on 01/06/2025 at 12:00:00", "", "[header]", "satellites", "time"]
    rows += ["latitude", "longitude", "velocity kmh", "", "[column names]"]
    rows += ["sats time lat long velocity", "", "[data]"]
    for i in range(600):
        rows.append(
            f"008 1200{i // 10:02d}.{i % 10}0 +02912.{i:05d} +04500.{i:05d} {100 + i % 7:07.3f}"
        )
    path = tmp_path / "stint.vbo"
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def test_a_recording_that_is_dropped_is_opened(
    qtbot: QtBot, started: Started, recording: Path
) -> None:
    started.listed().close()
    drop_on(started.desktop.start, recording)
    started.wait(lambda: started.window is not None)
    assert started.window._inputs.store.session.key == SESSION.key


def test_what_nobody_can_read_is_told_with_its_name(
    qtbot: QtBot, started: Started, tmp_path: Path, kept: Path
) -> None:
    started.listed().close()
    odd = tmp_path / "picture.jpg"
    odd.write_bytes(bytes(range(256)) * 40)
    drop_on(started.desktop.start, odd)
    started.wait(lambda: started.desktop.start.said != "")
    assert "picture.jpg" in started.desktop.start.said
    assert list(kept.glob("picture*")) == []
    two = tmp_path / "two.pitwall"
    drop_on(started.desktop.start, odd, two)
    assert "drop one recording" in started.desktop.start.said


def test_a_logger_file_that_is_dropped_is_imported_and_opened(
    started: Started, kept: Path, laps_file: Path
) -> None:
    started.listed().close()
    drop_on(started.desktop.start, laps_file)
    started.wait(lambda: started.window is not None)
    assert started.window._inputs.store.session.key == "2025-06-01-stint"
    assert [one.name for one in kept.glob("stint*")] == ["stint.pitwall"]
    first = started.window
    drop_on(first, laps_file)  # once more: the one before stays
    started.wait(lambda: started.window is not first)
    names = sorted(one.name for one in kept.glob("stint*.pitwall"))
    assert names == ["stint-2.pitwall", "stint.pitwall"]


def test_an_import_can_be_cancelled_and_nothing_is_left(
    qtbot: QtBot,
    started: Started,
    recording: Path,
    kept: Path,
    laps_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began, go_on = threading.Event(), threading.Event()
    real = intake.import_dropped

    def slow(paths: Any, note: Any, unwanted: threading.Event) -> Path:
        note(0.25, "importing stint.vbo: checking")
        began.set()
        assert go_on.wait(30)
        return real(paths, note, unwanted)

    monkeypatch.setattr(desktop, "import_dropped", slow)
    started.listed().close()
    drop_on(started.desktop.start, recording)
    started.wait(lambda: started.window is not None)
    window = started.window
    drop_on(window, laps_file)
    started.wait(began.is_set)
    started.wait(lambda: window.job.isVisible() and "25" in window.job.words)
    qtbot.mouseClick(window.job.button, Qt.MouseButton.LeftButton)
    go_on.set()
    assert not window.job.isVisible()
    started.wait(lambda: not started.desktop._starts.alive)
    assert list(kept.glob("stint*")) == []
    assert started.window is window


def test_a_layout_that_is_dropped_is_shown_and_a_damaged_one_is_told(
    qtbot: QtBot, started: Started, recording: Path, tmp_path: Path
) -> None:
    started.listed().close()
    drop_on(started.desktop.start, recording)
    started.wait(lambda: started.window is not None)
    window = started.window
    window.bench.close_pane("values")
    path = tmp_path / "mine.pitwall-layout"
    path.write_bytes(to_bytes(window.keeper.sheet))
    window.bench.reset()
    drop_on(window, path)
    started.wait(lambda: "values" not in window.bench.visible)
    path.write_bytes(b"{}")
    drop_on(window, path)
    started.wait(lambda: window.findChild(QMessageBox) is not None)
    assert "mine.pitwall-layout" in window.findChild(QMessageBox).text()


def test_recordings_are_found_by_a_few_letters_of_what_is_in_them(
    qtbot: QtBot, started: Started, recording: Path, kept: Path, tmp_path: Path
) -> None:
    started.listed().close()
    drop_on(started.desktop.start, recording)
    started.wait(lambda: started.window is not None)
    (kept / "broken.pitwall").write_bytes(b"x" * 99)
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    started.press(started.window, Key.Key_O, control | shift)
    dialog = started.desktop.desk.recordings
    assert dialog is not None
    started.wait(lambda: not dialog.errands.busy and len(dialog._found) == 2)
    lines = {line.cells[0].text: line.cells[1].text for line in dialog.list.lines.lines}
    assert lines["race"] == SESSION.title
    assert lines["broken"].startswith("! ")
    qtbot.keyClicks(dialog.filter, SESSION.title.split()[0])
    assert [line.cells[0].text for line in dialog.list.lines.lines] == ["race"]
    first = started.window
    qtbot.keyClick(dialog.filter, Key.Key_Return)
    started.wait(lambda: started.window is not first)
    assert started.desktop.desk.recordings is None
