"""The modelled lap under the speed: drawn where it belongs, dotted, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from pitwall.analysis import TimingEngine
from pitwall.runtime import Health, State
from pitwall.store import open_session
from pitwall.ui.inputs import Inputs
from pitwall.ui.main_window import MainWindow
from pitwall.ui.model import Axis
from pitwall.ui.plot.forecast import Forecast, fits
from pitwall.ui.qt import QtGui
from pitwall.ui.window import build_window
from tests.unit.prerace.field_recording import record

LIMIT_MS = 60_000


@pytest.fixture
def window(tmp_path: Path, qtbot: QtBot) -> Iterator[MainWindow]:
    path = tmp_path / "f.pitwall"
    (car,) = record(path, 300.0)
    recording, store = open_session(path, read_only=True)
    timing = TimingEngine().update(store)
    health = Health(State.FILE, source="f.pitwall")
    made = build_window(Inputs(store, lambda: timing, lambda: health))
    qtbot.addWidget(made)
    made.resize(1600, 1000)
    made.show()
    qtbot.waitExposed(made)
    made.start()
    made.workspace.select_car(car)
    qtbot.waitUntil(lambda: made.panes.traces.picture is not None, timeout=LIMIT_MS)
    yield made
    recording.close()


def modelled(window: MainWindow) -> Forecast:
    picture = window.panes.traces.picture
    assert picture is not None
    assert picture.car is not None
    at = np.linspace(0.0, picture.full[1], 800, endpoint=False)
    speed = 40.0 + 10.0 * np.sin(at / 90.0)
    return Forecast(picture.car, picture.full[1], at, speed, at / at[-1] * 0.18, "with Wing 7")


def drawn(window: MainWindow) -> QtGui.QImage:
    return window.panes.traces.grab().toImage()


def press(qtbot: QtBot, window: MainWindow, text: str) -> None:
    key = QtGui.QKeySequence(text)[0]
    qtbot.keyClick(window, key.key(), key.keyboardModifiers())


def test_it_is_drawn_under_the_speed_and_taken_away_by_its_key(
    window: MainWindow, qtbot: QtBot
) -> None:
    traces, one = window.panes.traces, modelled(window)
    without = drawn(window)
    traces.show_forecast(one)
    with_it = drawn(window)
    assert with_it != without
    press(qtbot, window, "Shift+E")
    assert traces.forecast is None
    assert drawn(window) == without
    press(qtbot, window, "Shift+E")
    assert drawn(window) == with_it
    traces.show_forecast(None)
    assert drawn(window) == without


def test_where_it_does_not_belong_nothing_is_drawn(window: MainWindow, qtbot: QtBot) -> None:
    traces, one = window.panes.traces, modelled(window)
    without = drawn(window)
    longer = replace(one, length_m=one.length_m * 1.03)
    for other in (replace(one, car="another"), longer):
        assert traces.picture is not None
        assert not fits(other, traces.picture)
        traces.show_forecast(other)
        assert drawn(window) == without
    traces.show_forecast(None)
    assert traces.picture is not None
    assert fits(one, traces.picture)
    assert not fits(one, replace(traces.picture, axis=Axis.TIME))
    press(qtbot, window, "D")
    over_time = drawn(window)
    traces.show_forecast(one)
    assert drawn(window) == over_time


def test_new_data_of_the_lap_does_not_paint_it_again(window: MainWindow) -> None:
    traces = window.panes.traces
    traces.show_forecast(modelled(window))
    drawn(window)
    grounds, curves = traces.ground_renders, traces.curve_renders
    assert traces.picture is not None
    traces.show_picture(traces.picture, QtGui.QColor("#e69f00"))
    traces.show_picture(traces.picture, QtGui.QColor("#e69f00"))
    drawn(window)
    assert traces.curve_renders == curves + 1
    first = traces.ground_renders
    traces.show_picture(traces.picture, QtGui.QColor("#e69f00"))
    drawn(window)
    assert traces.ground_renders == first
    assert first <= grounds + 1
