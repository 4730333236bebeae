"""A window that is left leaves nothing: no widget, no pane, no session in memory, no loop ended."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QEventLoop, QObject, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from pitwall.store import Batch, Recording, Source
from pitwall.ui.qt import make_application
from pitwall.ui.roles import Role
from pitwall.ui.window import build_window
from tests.ui.conftest import loops_run
from tests.ui.session import SECONDS, Race, Wall, make_wall
from tests.ui.test_desktop import Started
from tests.unit.store.helpers import SESSION, head, one

NOT_NOW = {"open", "report", "quit"}
"""Actions that ask for a file, or end it all."""


def widgets() -> list[str]:
    return sorted(type(widget).__name__ for widget in QApplication.allWidgets())


@contextmanager
def nothing_left(settle: Callable[[], None]) -> Iterator[list[weakref.ref]]:
    """What is put into the list is gone afterwards, and there are no other widgets than before."""
    settle()
    gc.collect()
    before = widgets()
    mortal: list[weakref.ref] = []
    yield mortal
    for _ in range(2):  # deleting one may be what deletes the next
        settle()
        gc.collect()
    assert [type(ref()).__name__ for ref in mortal if ref() is not None] == []
    assert widgets() == before


def leave(window: QObject) -> None:
    """As the program leaves a window that another takes the place of."""
    window.pump.stop()
    window.close()
    window.deleteLater()


def live_in(race: Race, folder: Path, qtbot: QtBot, settle: Callable[[], None]) -> list:
    """Open a window, do everything in it that has a key, close it; what should be gone then."""
    folder.mkdir()
    wall: Wall = make_wall(race, folder)
    wall.advance(SECONDS)
    window = build_window(wall.inputs(), size=(1366, 768))
    with qtbot.waitExposed(window):
        window.show()
    window.start()
    window.bench.tear_off("map")
    for role in Role:
        window.bench.show_role(role)
        window.grab()
    for one_pane in window.bench.known:
        window.bench.open_pane(one_pane.name)
    settle()
    for name, act in window.controls.handlers.items():
        if name not in NOT_NOW:
            act()
    settle()
    window.grab()
    mortal = [window, *window.bench.made, window.feed, window.workspace, wall.store]
    leave(window)
    wall.close()
    return [weakref.ref(one) for one in mortal]


def test_a_window_in_which_everything_was_done_is_gone_when_it_is_left(
    race: Race, tmp_path: Path, qtbot: QtBot, settle: Callable[[], None]
) -> None:
    with nothing_left(settle) as mortal:
        mortal += live_in(race, tmp_path / "race", qtbot, settle)


def test_a_pane_put_back_where_its_workspace_is_not_shown_is_there_later(
    finished: Wall, open_window: Callable, settle: Callable[[], None]
) -> None:
    window = open_window(finished)
    window.bench.tear_off("timing")
    window.bench.show_role(Role.DRIVER)
    window.bench.windows["timing"].close()
    settle()
    assert shiboken6.isValid(window.panes.timing)
    assert not window.panes.timing.isVisible()
    window.refresh()
    window.bench.show_role(Role.ENGINEER)
    assert window.panes.timing.isVisible()
    assert window.panes.timing.window() is window


@pytest.fixture
def alone(qtbot: QtBot, tmp_path: Path) -> Iterator[Started]:
    """A desktop that knows no cloud."""
    from pitwall.ui.remembered import Memory

    made = Started(qtbot, Memory(tmp_path / "window.json"))
    yield made
    made.desktop.finish()


def recordings(folder: Path, count: int) -> list[Path]:
    paths = []
    for at in range(count):
        paths.append(folder / f"race{at}.pitwall")
        with Recording.create(paths[-1], SESSION) as made:
            made.apply(Batch(Source.STREAM, tuple(one(n) for n in range(1, 80)), (head(80),)))
    return paths


def test_one_session_after_another_and_only_the_last_is_kept(
    alone: Started, tmp_path: Path, settle: Callable[[], None]
) -> None:
    first, *others = recordings(tmp_path, 4)
    alone.desktop._open_file(first)
    alone.wait(lambda: alone.window is not None)
    with nothing_left(settle) as mortal:
        for path in others:
            before = alone.window
            mortal += [weakref.ref(before), weakref.ref(before._inputs.store)]
            mortal.append(weakref.ref(alone.desktop._run))
            alone.desktop._open_file(path)
            alone.wait(lambda before=before: alone.window is not before)
            alone.wait(lambda: not alone.desktop._retiring.busy)
            del before


def test_an_application_that_was_told_to_quit_outside_its_loop_is_noticed() -> None:
    """Then no loop begins any more, and nothing that is queued arrives."""
    application = make_application()
    assert loops_run()
    application.exit(0)
    assert QEventLoop().exec() == -1
    assert not loops_run()
    QTimer.singleShot(1, application, lambda: application.exit(0))
    application.exec()
    assert loops_run()
