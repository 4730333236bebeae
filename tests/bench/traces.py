"""Frames of twelve stacked plots, from 1e4 to 1e7 points in each.

Baselines, side by side: pyqtgraph's PlotDataItem as it comes; the same with peak downsampling and
clipping to the view; a widget that only fills itself. One frame is one change of the view and one
paint, through the event loop.
"""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6 import QtCore, QtGui, QtWidgets

from pitwall.store import SessionStore, Source
from pitwall.store.block import chunk_pieces
from pitwall.store.ledger import Ledger
from pitwall.store.samples import Samples
from pitwall.telemetry import Catalog, Channel, Group, Session
from pitwall.ui.lapview import LapView
from pitwall.ui.model import Axis, Workspace
from pitwall.ui.plot.choice import choose
from pitwall.ui.plot.trace_stack import TraceStack
from pitwall.ui.qt import make_application
from pitwall.ui.theme import load_theme
from tests.bench.harness import Result, spread

SIZE = (1600, 900)
GROUPS, CHANNELS, HZ = 4, 3, 100
LENGTHS = (10_000, 100_000, 1_000_000, 10_000_000)
STOCK_MOST = 1_000_000
"""A frame of more points as they come takes seconds, and gigabytes."""
LIVE_S = 90.0
FRAMES = {"ours": 60, "empty": 60, "peak": 16, "stock": 6}
SECONDS_MOST = 12.0
"""For one figure; at least three frames."""
WARM_UP = 2
VIEWS = ("pan", "full", "live")


def run() -> Result:
    """Pan a tenth of the session, the whole of it with its edge moving, the last 90 s going on."""
    app = make_application()
    pg.setConfigOptions(antialias=False, useOpenGL=False)
    ours: dict[str, Any] = {}
    peak: dict[str, Any] = {}
    stock: dict[str, Any] = {}
    empty: dict[str, Any] = {}
    medians: dict[tuple[str, str, int], float] = {}

    def note(into: dict[str, Any], who: str, view: str, n: int, figures: list[float]) -> None:
        into[f"{view} {n:.0e}, ms".replace("e+0", "e")] = spread(figures, 3)
        medians[who, view, n] = statistics.median(figures)

    note(empty, "empty", "fill", 0, frames(app, _empty(), FRAMES["empty"]))
    for n in LENGTHS:
        t, values = data(n)
        for view in VIEWS:
            note(ours, "ours", view, n, frames(app, _ours(t, values, view), FRAMES["ours"]))
            how = _pyqtgraph(t, values, view, peak=True)
            note(peak, "peak", view, n, frames(app, how, FRAMES["peak"]))
            if n <= STOCK_MOST:
                how = _pyqtgraph(t, values, view, peak=False)
                note(stock, "stock", view, n, frames(app, how, FRAMES["stock"]))
        del t, values
        gc.collect()
    ratios = {
        "pan_1e6_vs_peak": medians["peak", "pan", 10**6] / medians["ours", "pan", 10**6],
        "pan_1e6_vs_stock": medians["stock", "pan", 10**6] / medians["ours", "pan", 10**6],
        "full_1e7_vs_peak": medians["peak", "full", 10**7] / medians["ours", "full", 10**7],
        "growth_1e4_to_1e7": medians["ours", "pan", 10**7] / medians["ours", "pan", 10**4],
        "growth_full_1e4_to_1e7": medians["ours", "full", 10**7] / medians["ours", "full", 10**4],
        "worst_frame_ms": max(ms for (who, _, _), ms in medians.items() if who == "ours"),
        "pan_1e6_vs_empty": medians["ours", "pan", 10**6] / medians["empty", "fill", 0],
    }
    baselines = {
        "pyqtgraph PlotDataItem, peak downsampling, clipped to the view": peak,
        "pyqtgraph PlotDataItem as it comes": stock,
        "a widget that fills itself": empty,
    }
    return Result(ours, baselines, ratios)


def data(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Times, s, and twelve channels as a car has them: laps, noise and rare spikes."""
    rng = np.random.default_rng(3)
    t = np.arange(n) / HZ
    values = np.empty((GROUPS * CHANNELS, n), np.float32)
    for row in range(len(values)):
        phase = (2 * np.pi * (1 + row % 5) / 95.0) * t + row
        values[row] = 40 * np.sin(phase) + 20 * np.sin(7 * phase)
        values[row] += rng.normal(0, 2 + row % 3, n).astype(np.float32)
        values[row, rng.integers(0, n, max(n // 50_000, 1))] = 95
    return t, values


Work = tuple[QtWidgets.QWidget, Callable[[int], None], "Painted"]


class Painted(QtCore.QObject):
    """Says once for each paint of a widget that it is done."""

    done = QtCore.Signal()

    def __init__(self, widget: QtWidgets.QWidget) -> None:
        super().__init__(widget)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802
        if event.type() == QtCore.QEvent.Type.Paint:
            self.done.emit()
        return False


def frames(app: QtWidgets.QApplication, work: Iterator[Work], count: int) -> list[float]:
    """CPU time of each of ``count`` frames, ms: from one paint to the next."""
    widget, step, painted = next(work)
    widget.resize(*SIZE)
    widget.show()
    loop = QtCore.QEventLoop()
    figures: list[float] = []
    state = {"frame": 0, "at": 0.0, "until": time.monotonic() + SECONDS_MOST}

    def next_frame() -> None:
        now = time.process_time()
        if state["frame"] > WARM_UP:
            figures.append((now - state["at"]) * 1000)
        enough = len(figures) >= 3 and time.monotonic() > state["until"]
        if len(figures) >= count or enough:
            loop.quit()
            return
        state["frame"] += 1
        state["at"] = time.process_time()
        step(int(state["frame"]))

    # Queued: the step comes after the paint has ended, and one paint can follow it only.
    painted.done.connect(next_frame, QtCore.Qt.ConnectionType.QueuedConnection)
    QtCore.QTimer.singleShot(60_000, loop.quit)
    loop.exec()
    painted.done.disconnect(next_frame)
    widget.hide()
    next(work, None)
    app.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
    if len(figures) < 3:
        raise AssertionError("the widget did not paint")
    return figures


def spans(view: str, end: float) -> Callable[[int], tuple[float, float]]:
    """What is in view in the i-th frame."""
    if view == "pan":
        return lambda i: (end * 0.8 * (i % 60) / 60, end * (0.8 * (i % 60) / 60 + 0.1))
    if view == "full":
        return lambda i: (0.0, end * (1 - 0.0005 * (i % 60)))
    wide = min(LIVE_S, end / 2)
    return lambda i: (end - wide - 10 + 0.1 * i, end - 10 + 0.1 * i)


def _empty() -> Iterator[Work]:
    class Filled(QtWidgets.QWidget):
        def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: N802
            painter = QtGui.QPainter(self)
            painter.fillRect(event.rect(), QtGui.QColor("#141920"))
            painter.end()

    widget = Filled()
    widget.setAttribute(QtCore.Qt.WidgetAttribute.WA_OpaquePaintEvent)
    yield widget, lambda _: widget.update(), Painted(widget)
    widget.deleteLater()


def filled(t: np.ndarray, values: np.ndarray) -> SessionStore:
    """A session with one car and these channels."""
    groups = tuple(
        Group(
            f"g{g}",
            float(HZ),
            250_000,
            tuple(Channel(f"c{g}_{i}", "1", 0.01, -100, 100) for i in range(CHANNELS)),
        )
        for g in range(GROUPS)
    )
    store = SessionStore(Session("2025-09-06-bench-traces", "Traces", Catalog(groups), 0))
    chunks = len(t) // 25
    pieces = chunk_pieces(
        np.full(chunks, 25),
        np.arange(1, chunks + 1),
        0,
        np.full(chunks, Source.STREAM.code, np.uint8),
        np.zeros(chunks, np.uint16),
    )
    keys = [("1", group.name) for group in groups]
    for g, key in enumerate(keys):
        growing = store.growing(key)
        growing.epoch_index("a")
        rows = values[g * CHANNELS : (g + 1) * CHANNELS]
        times = np.arange(len(t), dtype=np.int64) * (1_000_000 // HZ)
        growing.insert(Samples(times, rows.copy(), pieces.copy()))
    store.publish(keys, Ledger(), {}, {})
    return store


def stack(store: SessionStore) -> tuple[TraceStack, Workspace]:
    """The trace stack over a session."""
    workspace = Workspace()
    workspace.change(car="1", axis=Axis.ROLLING)
    widget = TraceStack(load_theme("dark"), workspace, store)
    traces = choose(store.session.catalog)
    picture = LapView(store, traces).picture(workspace.view, None)
    widget.show_picture(replace(picture, traces=traces), widget.theme.car(0))
    workspace.subscribe(widget.view_changed)
    return widget, workspace


def _ours(t: np.ndarray, values: np.ndarray, view: str) -> Iterator[Work]:
    widget, workspace = stack(filled(t, values))
    where = spans(view, float(t[-1]))
    yield widget, lambda i: workspace.change(span=where(i)), Painted(widget)
    widget.deleteLater()


def _pyqtgraph(t: np.ndarray, values: np.ndarray, view: str, *, peak: bool) -> Iterator[Work]:
    widget = pg.GraphicsLayoutWidget()
    plots = []
    for row in range(len(values)):
        plot = widget.addPlot(row=row, col=0)
        plot.setMouseEnabled(x=False, y=False)
        plot.hideButtons()
        plot.setYRange(-100, 100, padding=0)
        plot.getAxis("left").setWidth(60)
        if row < len(values) - 1:
            plot.hideAxis("bottom")
        if plots:
            plot.setXLink(plots[0])
        plot.disableAutoRange()
        item = pg.PlotDataItem(pen=pg.mkPen("#4fb3ff", width=1))
        plot.addItem(item)
        if peak:
            item.setDownsampling(auto=True, method="peak")
            item.setClipToView(True)
        item.setData(t, values[row])
        plots.append(plot)
    where = spans(view, float(t[-1]))
    plots[0].setXRange(*where(0), padding=0)
    yield (
        widget,
        lambda i: plots[0].setXRange(*where(i), padding=0),
        Painted(widget.viewport()),
    )
    widget.deleteLater()
