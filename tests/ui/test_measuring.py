"""The second cursor: difference, least, greatest and mean between the two."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from pitwall.ui.main_window import MainWindow
from pitwall.ui.panes.values import COLUMNS, MEASURED
from tests.ui.session import Wall

Open = Callable[..., MainWindow]


@pytest.fixture
def window(finished: Wall, open_window: Open) -> MainWindow:
    window = open_window(finished)
    window.workspace.select_lap(1)
    window.grab()
    return window


def test_m_measures_from_the_cursor_and_esc_ends_it(
    qtbot: QtBot, window: MainWindow, finished: Wall
) -> None:
    workspace, values = window.workspace, window.panes.values
    start = window.panes.traces.picture.shown.lap.t_start
    workspace.set_cursor(start + 20_000_000, pin=True)
    qtbot.keyClick(window, Qt.Key.Key_M)
    assert workspace.view.mark == start + 20_000_000
    workspace.set_cursor(start + 32_000_000, pin=True)
    assert values.columns == MEASURED
    assert values.remark == "over +12.000 s"
    car = workspace.view.car
    group, index = finished.store.session.catalog.find("speed")
    span = finished.store.columns(car, group.name).span(start + 20_000_000, start + 32_000_000)
    row = next(r for r in values.rows if r.key == (group.name, index))
    shown = [cell.text for cell in row.cells]
    speed = span.values[index].astype(np.float64)
    assert float(shown[4]) == pytest.approx(np.nanmin(speed), abs=0.051)
    assert float(shown[5]) == pytest.approx(np.nanmean(speed), abs=0.051)
    assert f"min {shown[4]}, mean {shown[5]}, max {shown[6]}" in row.tip, (
        "all of it, however narrow"
    )
    assert float(shown[6]) == pytest.approx(np.nanmax(speed), abs=0.051)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert workspace.view.mark is None
    assert values.columns == COLUMNS


def test_measuring_paints_no_curve_and_leaves_nothing_behind(window: MainWindow) -> None:
    traces, workspace = window.panes.traces, window.workspace
    clean = traces.grab().toImage()
    renders = traces.curve_renders
    start = traces.picture.shown.lap.t_start
    workspace.set_cursor(start + 20_000_000)
    workspace.toggle_mark()
    traces.repaint()
    for i in range(21, 40):
        workspace.set_cursor(start + i * 1_000_000)
        traces.repaint()
    assert traces.grab().toImage() != clean
    assert traces.curve_renders == renders
    workspace.change(mark=None)
    workspace.set_cursor(None)
    assert traces.grab().toImage() == clean


def test_shift_click_sets_the_mark(qtbot: QtBot, window: MainWindow) -> None:
    traces, workspace = window.panes.traces, window.workspace
    at = QPoint(traces._boxes.left + 150, traces.height() // 2)
    qtbot.mouseClick(traces, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, at)
    assert workspace.view.mark == traces._time_at(at.x())
    assert not workspace.view.pinned


def test_the_cursor_goes_to_a_sample(window: MainWindow, finished: Wall) -> None:
    traces = window.panes.traces
    trace = traces.picture.traces[0]
    car = traces.picture.shown.car
    times = set(finished.store.columns(car, trace.group).span(0, 1 << 62).t.tolist())
    for px in range(traces._boxes.left + 20, traces._boxes.right - 20, 37):
        assert traces._time_at(px) in times


def test_another_lap_is_measured_anew(window: MainWindow) -> None:
    workspace = window.workspace
    workspace.change(cursor=window.panes.traces.picture.shown.lap.t_start + 5_000_000)
    workspace.toggle_mark()
    workspace.select_lap(2)
    assert workspace.view.mark is None
