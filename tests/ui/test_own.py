"""The program's own figures, in one key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from pitwall.runtime import Health, HealthDetail, State
from pitwall.store import PagerStats
from pitwall.ui.main_window import MainWindow
from pitwall.ui.window import build_window
from tests.ui.session import Wall

Open = Callable[..., MainWindow]


@pytest.fixture
def window(finished: Wall, qtbot: QtBot) -> MainWindow:
    health = Health(State.LIVE, source="table", lag_us=400_000)
    inputs = replace(
        finished.inputs(),
        paging=lambda: PagerStats(400 << 20, held=300_000_000, away=90_000_000, slowest_ms=41.0),
        detail=lambda: HealthDetail(health, finished.store.ledger(), queue=7, commit_age_us=0),
    )
    made = build_window(inputs, size=(1366, 768))
    qtbot.addWidget(made, before_close_func=lambda w: w.pump.stop())
    with qtbot.waitExposed(made):
        made.show()
    made.refresh()
    return made


def test_one_key_shows_them_and_takes_them_away(window: MainWindow, qtbot: QtBot) -> None:
    own = window.own
    assert not own.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_F12)
    qtbot.waitUntil(own.isVisible)
    assert own.geometry().right() < window.width()
    assert "ms, p95" in own.value("Frame")
    assert own.value("CPU").endswith("of a core")
    assert own.value("Memory").endswith("MB")
    assert own.value("Session") == "300 MB of 419 MB"
    assert own.value("Paged out") == "90 MB, back in 41 ms at most"
    assert own.value("Queue").startswith("7 waiting, written 0.0 s ago")
    window.grab()
    qtbot.keyClick(window, Qt.Key.Key_F12)
    assert not own.isVisible()
    assert not own._second.isActive()


def test_it_says_what_gives_way(window: MainWindow) -> None:
    window.own.toggle()
    assert window.own.value("Painted") in ("every change", _slow(window))
    for _ in range(80):
        window._inputs.stats.add_frame(5000.0)
    window.own.look()
    assert window.own.value("Painted") == "at most 5 a second, coarser history"
    assert "5000.0" in window.own.value("Frame")
    for _ in range(80):
        window._inputs.stats.add_frame(3.0)
    window.own.look()
    assert window.own.value("Painted") == "every change"


def _slow(window: MainWindow) -> str:
    return f"at most {1000 / window._inputs.stats.pace.interval_ms:.0f} a second"
