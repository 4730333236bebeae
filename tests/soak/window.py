"""A whole race in minutes, through the window: does anything grow that should not?

``python -m tests.soak.window`` runs two race hours of a forty-car field at twenty times their pace
(six minutes; ``--minutes`` makes it shorter) from a source inside this process through recording,
store, analysis and the real window, with somebody at its keys. A machine that packs, writes and
paints twenty races at once more slowly takes longer: the race is driven to its end. Frame times,
memory, timers, threads, open files and the reference count of None are taken all along; the command
ends with 1 when they are not alike at the beginning (after a quarter) and at the end.
"""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import argparse
import gc
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PySide6 import QtCore, QtWidgets

from pitwall.runtime import FrameStats, usage
from pitwall.store import SessionStore, open_session
from pitwall.ui.inputs import Inputs
from pitwall.ui.main_window import MainWindow
from pitwall.ui.qt import make_application
from pitwall.ui.window import build_window
from tests.soak.race_source import RaceRun, RaceSource

CARS, SPEED, MINUTES = 40, 20.0, 6.0
WARM = 0.25
"""This part of the run is not compared: pools fill, caches grow to their size."""
SLOWER = 1.5
SLACK_MS = 4.0
"""A frame may take so many times as long at the end, and so much more. Judged is the processor time
of the window's thread: how long a frame takes by the clock depends on who else is at work, here
(twenty races at once) and on the machine."""
GROWTH_MB = 40.0
"""Memory beyond the session's own data may grow by so much."""
LOOKS = 24
PATIENCE = 3.0
"""A run may take so many times as long as its pace says."""
STEP_MS = 250
"""The person at the keys does something so often."""


@dataclass(frozen=True)
class Look:
    """What was found at one moment.

    Attributes:
        race_s: seconds of the race that had been driven.
        frames: painted so far.
        frame_cpu_ms: processor time of the window's thread for each frame since the last look,
            with everything that it does between frames.
        frame_p50_ms, frame_p95_ms: of those frames, by the clock: preparing and painting.
        memory_mb: of the process.
        data_mb: of it, columns in memory and what timing keeps of each car's way.
        away_mb: paged out to the recording.
        timers, threads, files: alive.
        none_refs: reference count of None.
        depth: batches that wait for the writer.
    """

    race_s: float
    frames: int
    frame_cpu_ms: float
    frame_p50_ms: float
    frame_p95_ms: float
    memory_mb: float
    data_mb: float
    away_mb: float
    timers: int
    threads: int
    files: int
    none_refs: int
    depth: int


class Stats(FrameStats):
    """Keeps the frames since the last look too."""

    def __init__(self) -> None:
        super().__init__()
        self.since: list[float] = []

    def add_frame(self, paint_ms: float) -> None:
        """As ever."""
        super().add_frame(paint_ms)
        self.since.append(self._frame_ms[-1])


class Soak:
    """One run. Owns the window and what is behind it."""

    def __init__(self, folder: Path, seconds: float, cars: int, speed: float, budget: int) -> None:
        self.app = make_application()
        source = RaceSource(seconds * speed, cars, speed)
        recording, self.store = open_session(folder / "soak.pitwall", source.session)
        self.run = RaceRun(recording, self.store, source)
        self.run.limit_memory(budget)
        self.stats = Stats()
        self.looks: list[Look] = []
        self.window: MainWindow = build_window(
            Inputs(
                store=self.store,
                timing=self.run.timing,
                health=self.run.health,
                commands=self.run,
                now_us=self.run.server_now_us,
                stats=self.stats,
                debrief=self.run.debrief,
                paging=self.run.paging,
            ),
            size=(1920, 1080),
        )
        self._seconds = seconds
        self._acts = 0
        self._spent = (0.0, 0)
        self.took_s = 0.0

    def go(self, tell: Callable[[Look], None]) -> None:
        """Drive the race to its end."""
        person = QtCore.QTimer(self.window)
        person.timeout.connect(self._act)
        person.start(STEP_MS)
        looking = QtCore.QTimer(self.window)
        looking.timeout.connect(lambda: tell(self._look()))
        looking.start(round(self._seconds * 1000 / LOOKS))
        self.run.start(beside_window=True)
        self.window.start()
        self.window.show()
        # A loop of its own: the application's, told to quit, leaves a second word to quit behind
        # (its last window closes), and whoever runs this in a test has no loop afterwards.
        loop = QtCore.QEventLoop()
        ending = QtCore.QTimer(self.window)
        ending.timeout.connect(lambda: loop.quit() if self.run.over else None)
        ending.start(1000)
        QtCore.QTimer.singleShot(round(self._seconds * PATIENCE * 1000), loop, loop.quit)
        begun = time.monotonic()
        loop.exec()
        self.took_s = time.monotonic() - begun
        tell(self._look())

    def close(self) -> None:
        """Everything, in order."""
        self.window.pump.stop()
        self.window.close()
        self.run.stop()

    def _act(self) -> None:
        """Cursor, cars, axis, laps, zoom: what somebody does in a race, again and again."""
        self._acts += 1
        step, window = self._acts, self.window
        workspace = window.workspace
        cars = self.store.cars()
        if not cars:
            return
        if step % 24 == 0:
            workspace.select_car(cars[step // 24 % len(cars)])
        elif step % 24 == 9 or step % 24 == 13:
            workspace.toggle_rolling()
        elif step % 24 == 17 or step % 24 == 19:
            workspace.toggle_axis()
        elif step % 24 == 21:
            workspace.scrub(self.store.latest_us() - 300_000_000)
        elif step % 24 == 23:
            workspace.go_live()
        elif step % 2:
            latest = self.store.latest_us(workspace.view.car)
            workspace.set_cursor(latest - step % 7 * 1_000_000)

    def _look(self) -> Look:
        spent, frames = time.thread_time(), self.stats.frames
        took = (spent - self._spent[0]) * 1000 / max(frames - self._spent[1], 1)
        gc.collect()
        self._spent = (time.thread_time(), frames)
        since, self.stats.since = self.stats.since, []
        p50, p95 = np.percentile(since, (50, 95)) if since else (0.0, 0.0)
        paging = self.run.paging()
        writer = self.run._writer
        look = Look(
            round(self.run.fed_s, 1),
            frames,
            round(took, 2),
            round(float(p50), 2),
            round(float(p95), 2),
            round(usage.resident_bytes() / 1e6, 1),
            round((held(self.store) + ways(self.run)) / 1e6, 1),
            round(paging.away / 1e6, 1) if paging else 0.0,
            timers(self.window),
            threading.active_count(),
            files(),
            sys.getrefcount(None),
            writer.stats.depth if writer is not None else 0,
        )
        self.looks.append(look)
        return look


def held(store: SessionStore) -> int:
    """Bytes of the columns in memory."""
    return sum(c.nbytes for c in store.view().columns.values())


def ways(run: RaceRun) -> int:
    """Bytes of what timing keeps of each car's way round the track."""
    trackers = run._engine._cars.values()
    return sum(t._way._t.nbytes + t._way._f.nbytes for t in trackers)


def timers(window: MainWindow) -> int:
    """Timers that the event loop keeps for anything of the window or the application."""
    dispatcher = QtCore.QAbstractEventDispatcher.instance()
    objects: list[QtCore.QObject] = [QtWidgets.QApplication.instance(), window]  # type: ignore[list-item]
    for one in tuple(objects):
        objects += one.findChildren(QtCore.QObject)
    return sum(len(dispatcher.registeredTimers(one)) for one in objects)


def files() -> int:
    """Open file handles; 0 where they cannot be counted."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


def judge(looks: list[Look]) -> list[str]:
    """What has grown, in words; nothing when all is well."""
    looks = [look for look in looks if look.frame_p95_ms]
    warm = looks[int(len(looks) * WARM) :]
    third = max(len(warm) // 3, 1)
    early, late = warm[:third], warm[-third:]
    faults = []
    if len(warm) < 4:
        return ["too short to tell"]

    def mean(part: list[Look], name: str) -> float:
        return float(np.mean([getattr(look, name) for look in part]))

    before, after = mean(early, "frame_cpu_ms"), mean(late, "frame_cpu_ms")
    if after > before * SLOWER + SLACK_MS:
        faults.append(f"frames grew from {before:.1f} to {after:.1f} ms")
    spare = [mean(part, "memory_mb") - mean(part, "data_mb") for part in (early, late)]
    if spare[1] - spare[0] > GROWTH_MB:
        faults.append(f"memory beside the data grew from {spare[0]:.0f} to {spare[1]:.0f} MB")
    for name, slack in (("timers", 2), ("threads", 1), ("files", 3)):
        low, high = max(getattr(x, name) for x in early), min(getattr(x, name) for x in late)
        if high > low + slack:
            faults.append(f"{name} grew from {low} to {high}")
    frames = warm[-1].frames - warm[0].frames
    lost = warm[0].none_refs - warm[-1].none_refs
    if lost > max(frames // 10, 200):
        faults.append(f"None lost {lost} references in {frames} frames")
    return faults


def soak(
    minutes: float, cars: int, speed: float, budget_mb: int, tell: Callable[[Look], None]
) -> dict[str, Any]:
    """Run it; the document that ``--json`` prints."""
    begun = time.process_time()
    seconds = minutes * 60
    with tempfile.TemporaryDirectory() as folder:
        run = Soak(Path(folder), seconds, cars, speed, budget_mb << 20)
        try:
            run.go(tell)
            failure = run.run.failed()
        finally:
            run.close()
        faults = judge(run.looks)
        if failure is not None:
            faults.append(repr(failure))
        if run.run.fed_s < seconds * speed:
            faults.append(f"only {run.run.fed_s:.0f} s of the race were driven")
        ledger = run.store.ledger()
        if ledger.missing or ledger.quarantined or not ledger.applied:
            faults.append(f"the books do not close: {ledger.missing} missing")
        warm = run.looks[int(len(run.looks) * WARM) :]
        return {
            "name": "soak.window",
            "cars": cars,
            "speed": speed,
            "race_s": run.run.fed_s,
            "chunks": ledger.applied,
            "frames": run.stats.frames,
            "took_s": round(run.took_s, 1),
            "cpu_share": round((time.process_time() - begun) / run.took_s, 2),
            "first": asdict(warm[0]),
            "last": asdict(warm[-1]),
            "faults": faults,
        }


def main(arguments: list[str] | None = None) -> int:
    """0 when nothing grew, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.window", description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--cars", type=int, default=CARS)
    parser.add_argument("--speed", type=float, default=SPEED)
    parser.add_argument("--budget", type=int, default=256, metavar="MB")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)

    def tell(look: Look) -> None:
        if not options.json:
            print("  ".join(f"{name} {value}" for name, value in asdict(look).items()), flush=True)

    document = soak(options.minutes, options.cars, options.speed, options.budget, tell)
    print(json.dumps(document))
    return 1 if document["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
