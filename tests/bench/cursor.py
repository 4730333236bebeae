"""What a move of the cursor costs over eight plots.

Baseline: pyqtgraph with a line in each of eight plots, moved together.
"""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import statistics
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyqtgraph as pg

from pitwall.ui.qt import make_application
from tests.bench import traces
from tests.bench.harness import Result, spread
from tests.bench.traces import Painted, Work, frames

PLOTS, SAMPLES, WINDOW_S = 8, 1_000_000, 90.0
FRAMES = 150


def run() -> Result:
    """The pointer goes over 90 s of a session of 1e6 samples; one move, one paint."""
    app = make_application()
    t, values = traces.data(SAMPLES)
    ours = frames(app, _ours(t, values, marked=False), FRAMES)
    between = frames(app, _ours(t, values, marked=True), FRAMES)
    theirs = frames(app, _lines(t, values), FRAMES // 4)
    median = statistics.median
    return Result(
        {
            "move, ms": spread(ours, 3),
            "move with a second cursor and what lies between, ms": spread(between, 3),
        },
        {"pyqtgraph, eight InfiniteLines": {"move, ms": spread(theirs, 3)}},
        {
            "cursor_ms": median(ours),
            "cursor_between_ms": median(between),
            "cursor_vs_pyqtgraph": median(theirs) / median(ours),
        },
    )


def _ours(t: np.ndarray, values: np.ndarray, *, marked: bool) -> Iterator[Work]:
    widget, workspace = traces.stack(traces.filled(t, values))
    picture = widget.picture
    assert picture is not None
    widget.show_picture(replace(picture, traces=picture.traces[:PLOTS]), widget.theme.car(0))
    end = int(t[-1] * 1e6)
    start = end - int(WINDOW_S * 1e6)
    workspace.change(mark=start + 1_000_000 if marked else None)
    yield widget, lambda i: workspace.set_cursor(start + 500_000 * (i + 4)), Painted(widget)
    if widget.curve_renders > 2:
        raise AssertionError("a move of the cursor painted curves")
    widget.deleteLater()


def _lines(t: np.ndarray, values: np.ndarray) -> Iterator[Work]:
    widget = pg.GraphicsLayoutWidget()
    lines = []
    end = float(t[-1])
    part = slice(-int(WINDOW_S * traces.HZ), None)
    for row in range(PLOTS):
        plot = widget.addPlot(row=row, col=0)
        plot.addItem(pg.PlotDataItem(t[part], values[row][part], pen=pg.mkPen("#4fb3ff", width=1)))
        plot.disableAutoRange()
        plot.setXRange(end - WINDOW_S, end, padding=0)
        plot.setYRange(-100, 100, padding=0)
        line = pg.InfiniteLine(end - WINDOW_S, angle=90)
        plot.addItem(line)
        lines.append(line)

    def move(frame: int) -> None:
        for line in lines:
            line.setValue(end - WINDOW_S + 0.5 * (frame + 4))

    yield widget, move, Painted(widget.viewport())
    widget.deleteLater()
