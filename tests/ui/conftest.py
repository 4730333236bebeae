"""The race every test of the window looks at, and windows that close themselves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QMetaObject, Qt, QTimer
from pytestqt.qtbot import QtBot

from pitwall.ui.main_window import MainWindow
from pitwall.ui.qt import make_application
from pitwall.ui.window import build_window
from tests.ui.session import SECONDS, Race, Wall, make_race, make_wall

Open = Callable[..., MainWindow]


@pytest.fixture(scope="session")
def qapp_cls() -> type:
    """The application is ours, made the way the program makes it."""
    return type(make_application())


def loops_run() -> bool:
    """False once the application was told to quit while its own loop was not at work.

    Qt keeps that for good: every loop that begins later ends at once, so no test after it gets a
    signal that is queued. The closing of the last window in ``QApplication.exec`` leaves such a
    word in the queue.
    """
    QCoreApplication.sendPostedEvents(None, QEvent.Type.Quit.value)
    loop = QEventLoop()
    QMetaObject.invokeMethod(loop, "quit", Qt.ConnectionType.QueuedConnection)
    return loop.exec() != -1


@pytest.fixture(autouse=True)
def nobody_ended_the_loops(qapp: object) -> Iterator[None]:
    """Fail the test after which nothing would be delivered, not the ones that wait for it."""
    yield
    if not loops_run():
        QTimer.singleShot(1, qapp, lambda: QCoreApplication.exit(0))
        QCoreApplication.exec()  # its end makes loops begin again
        pytest.fail("the application was told to quit outside its loop", pytrace=False)


@pytest.fixture(scope="session")
def race() -> Race:
    """Three cars, three laps and a bit."""
    return make_race()


@pytest.fixture(scope="session")
def finished(race: Race, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wall]:
    """The race up to its end, shared: tests that add data make their own."""
    wall = make_wall(race, tmp_path_factory.mktemp("race"))
    wall.advance(SECONDS)
    yield wall
    wall.close()


@pytest.fixture
def wall(race: Race, tmp_path: Path) -> Iterator[Wall]:
    """An empty wall that a test fills."""
    made = make_wall(race, tmp_path)
    yield made
    made.close()


@pytest.fixture
def open_window(qtbot: QtBot) -> Open:
    """Open a shown, painted window over a wall; it is closed after the test."""

    def make(wall: Wall, size: tuple[int, int] = (1366, 768), *, run: bool = False) -> MainWindow:
        window = build_window(wall.inputs(), size=size)
        qtbot.addWidget(window, before_close_func=lambda w: w.pump.stop())
        with qtbot.waitExposed(window):
            window.show()
        if run:
            window.start()
        else:
            window.refresh()
        window.grab()
        return window

    return make


@pytest.fixture
def settle(qtbot: QtBot) -> Callable[[], None]:
    """Let the events that are waiting be handled."""

    def wait() -> None:
        deadline = time.monotonic() + 0.05
        qtbot.waitUntil(lambda: time.monotonic() >= deadline)

    return wait
