"""Frames of the traces while advice is worked out, and while it is not.

The real window over a recording of the demo's field, with a cursor that moves sixty times a second,
as a hand does. Its model is asked again as soon as it has answered, so that its threads and its
worker process are busy all the while; then nobody asks it. In turn, so that whatever else the
machine does meets both alike.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QEventLoop, QTimer

from pitwall.analysis import TimingEngine
from pitwall.model_desk import ModelDesk
from pitwall.prerace.sheet import Sheet, sheet_text
from pitwall.runtime import Health, State
from pitwall.store import open_session
from pitwall.ui.inputs import Inputs
from pitwall.ui.modelling import QUALIFYING, RACE, Asked
from pitwall.ui.qt import make_application
from pitwall.ui.window import build_window
from tests.bench.harness import Result, spread
from tests.bench.turbo_window import Hand
from tests.unit.prerace.field_recording import record

RACE_S = 760.0
ROUNDS, ROUND_S = 4, 6.0
FIRST_S = 120.0
_SIZE = (1920, 1080)


def run() -> Result:
    """About a minute."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "field.pitwall"
        (car,) = record(path, RACE_S)
        recording, store = open_session(path, read_only=True)
        timing = TimingEngine().update(store)
        desk = ModelDesk(recording, store, None, lambda: timing)
        desk.start()
        try:
            return _measured(desk, Inputs(store, lambda: timing, _at_rest, model=desk), car)
        finally:
            desk.stop(30.0)
            recording.close()


def _at_rest() -> Health:
    return Health(State.FILE, source="field.pitwall")


def _measured(desk: ModelDesk, inputs: Inputs, car: str) -> Result:
    make_application()
    window = build_window(inputs, size=_SIZE)
    hand = Hand(window)
    window.show()
    window.start()
    window.workspace.select_car(car)
    sheet = Sheet(car, 0, "grand-tourer", {"wing": 4.0, "brake_bias": 60.0}, 5)
    desk.keep({sheet.key: sheet_text(sheet)})
    answers = 0

    def ask_again() -> None:
        nonlocal answers
        asked = desk.asked
        answer = desk.answer
        if answer.advice is not None and answer.asked.variant == asked.variant:
            answers += 1
            other = QUALIFYING if asked.variant == RACE else RACE
            desk.ask(replace(asked, variant=other))

    desk.ask(Asked(car))
    until = time.perf_counter() + FIRST_S
    while desk.answer.advice is None and time.perf_counter() < until:
        _turn(0.1)
    if desk.answer.advice is None:
        raise AssertionError(f"no advice: {desk.answer.advice_trouble}")
    asking = QTimer(window)
    asking.timeout.connect(ask_again)
    rates: dict[bool, list[float]] = {True: [], False: []}
    gaps: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(ROUNDS):
        for busy in (True, False):
            if busy:
                asking.start(50)
            else:
                asking.stop()
                _turn(2.0)  # what was asked last is answered
            hand.painted.clear()
            _turn(ROUND_S)
            rates[busy].append(len(hand.painted) / ROUND_S)
            gaps[busy] += (np.diff(hand.painted) * 1000).tolist()
    window.close()
    return Result(
        {
            "frames a second, advice worked out": spread(rates[True], 1),
            "between frames, advice worked out, ms": _late(gaps[True]),
            "answers": answers,
        },
        {
            "nobody asks": {
                "frames a second": spread(rates[False], 1),
                "between frames, ms": _late(gaps[False]),
            }
        },
        {"frames_kept": float(np.median(rates[True]) / np.median(rates[False]))},
    )


def _turn(seconds: float) -> None:
    """The window's own life, for so long."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def _late(gaps: list[float]) -> dict[str, float]:
    return {f"p{q}": round(float(np.percentile(gaps, q)), 1) for q in (50, 95, 99)}
