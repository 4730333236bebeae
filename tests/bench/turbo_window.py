"""Frames while a race is loaded: the real window over the real app, with a picture wanted each
frame.

A timer moves the cursor sixty times a second, as a hand does, and counts the pictures of the trace
stack that come of it: while everything loads, and afterwards, when nothing else is going on.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, QTimer

from pitwall.run import Run
from pitwall.runtime import FrameStats
from pitwall.ui.inputs import Inputs
from pitwall.ui.main_window import MainWindow
from pitwall.ui.qt import make_application
from pitwall.ui.window import build_window

FRAME_MS = 16
IDLE_S = 5.0
_SETTLE_S = 2.0
_SIZE = (1920, 1080)
_STEP_US = 200_000


class Hand(QObject):
    """Moves the cursor, and keeps the times at which pictures came.

    Attributes:
        painted: of each picture, perf_counter.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.painted: list[float] = []
        self._window = window
        self._at = 0
        window.panes.traces.installEventFilter(self)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._move)
        self._timer.start(FRAME_MS)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Paint:
            self.painted.append(time.perf_counter())
        return False

    def _move(self) -> None:
        traces = self._window.panes.traces
        picture = traces.picture
        shown = picture.shown if picture is not None else None
        if shown is not None and shown.lap is not None:
            self._at += _STEP_US
            self._window.workspace.set_cursor(shown.lap.t_start + self._at % 40_000_000)
        traces.update()


def watch(run: Run, samples: int, limit_s: float) -> dict[str, Any]:
    """Start ``run`` under a window, wait for ``samples`` of them, and let it rest; the figures."""
    application = make_application()
    inputs = Inputs(
        store=run.store, timing=run.timing, health=run.health, detail=run.detail, commands=run,
        now_us=run.server_now_us, stats=FrameStats(),
    )  # fmt: skip
    window = build_window(inputs, size=_SIZE)
    hand = Hand(window)
    window.show()
    window.start()
    begun = time.perf_counter()
    done = [0.0]

    def look() -> None:
        now = time.perf_counter()
        held = sum(columns.samples for columns in run.store.view().columns.values())
        if not done[0] and (held >= samples or run.failure is not None):
            done[0] = now
        if now - begun > limit_s or (done[0] and now - done[0] > _SETTLE_S + IDLE_S):
            application.quit()

    looking = QTimer(window)
    looking.timeout.connect(look)
    run.start(beside_window=True)
    looking.start(100)
    application.exec()
    looking.stop()
    window.close()
    if not done[0] or run.failure is not None:
        raise SystemExit(f"turbo: {run.failure or 'not done in time'}")
    return _figures(np.array(hand.painted), begun, done[0])


def _figures(painted: np.ndarray[Any, np.dtype[np.float64]], begun: float, done: float) -> Any:
    loading = painted[(painted >= begun) & (painted < done)]
    idle = painted[painted >= done + _SETTLE_S]
    between = np.diff(loading) * 1000
    rates = [len(loading) / (done - begun), len(idle) / (idle[-1] - done - _SETTLE_S)]
    return {
        "everything_s": round(done - begun, 3),
        "fps_loading": round(rates[0], 1),
        "fps_idle": round(rates[1], 1),
        "kept": round(rates[0] / rates[1], 4),
        "frame_gap_p50_ms": round(float(np.percentile(between, 50)), 1),
        "frame_gap_p95_ms": round(float(np.percentile(between, 95)), 1),
        "frame_gap_most_ms": round(float(between.max()), 1),
        "platform": make_application().platformName(),
    }
