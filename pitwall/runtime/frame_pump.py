"""The one clock of the window: about 60 Hz while something changes, at rest otherwise.

Nothing pushes pictures. The pump asks each source for its version and tells the window which
ones moved; the window repaints those. While nothing moves the fast timer is off and a coarse
one looks a few times a second, or not at all when nothing can arrive. Where frames take long it
looks less often (:mod:`pitwall.runtime.pace`): what came meanwhile is in the next picture.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

FRAME_MS = 16
REST_MS = 100
"""Poll while connected and quiet; costs well under 1 % of a core."""
ASLEEP_MS = 500
"""Poll while nothing is connected: only a command of the user can change anything."""
LINGER_S = 0.6
"""How long the fast timer stays on after the last change; longer than the store's commits."""
SECOND_MS = 1000


class FramePump(QObject):
    """Asks "what changed?" and says so.

    Attributes:
        ticks: polls so far; for tests and the idle budget.

    Signals:
        changed: frozenset of the names of the sources whose version moved.
        second: once a second while connected; for labels that show an age.
    """

    changed = Signal(object)
    second = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.ticks = 0
        self._probes: dict[str, Callable[[], Hashable]] = {}
        self._seen: dict[str, Hashable] = {}
        self._steps: list[Callable[[], bool]] = []
        self._connected: Callable[[], bool] = lambda: False
        self._frame_ms: Callable[[], int] = lambda: FRAME_MS
        self._last_change = 0.0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        self._seconds = QTimer(self)
        self._seconds.setInterval(SECOND_MS)
        self._seconds.timeout.connect(self.second)

    def watch(self, name: str, probe: Callable[[], Hashable]) -> None:
        """Report ``name`` whenever ``probe()`` returns another value than before."""
        self._probes[name] = probe

    def drive(self, step: Callable[[], bool]) -> None:
        """Call ``step`` with every tick, before anybody is asked; while it says True something
        moves by itself, and the pump stays at frame rate."""
        self._steps.append(step)

    def connected_when(self, connected: Callable[[], bool]) -> None:
        """How to know whether anything may arrive by itself."""
        self._connected = connected

    def paced_by(self, interval_ms: Callable[[], int]) -> None:
        """What the time between two frames must be at least, asked at each look."""
        self._frame_ms = interval_ms

    def start(self) -> None:
        """Begin; the first tick reports every source."""
        self._last_change = time.monotonic()
        self._pace(FRAME_MS)

    def stop(self) -> None:
        """Stop both timers."""
        self._timer.stop()
        self._seconds.stop()

    def wake(self) -> None:
        """Something is about to change: look at frame rate for a while."""
        self._last_change = time.monotonic()
        if self._timer.isActive() and self._timer.interval() in (REST_MS, ASLEEP_MS):
            self._pace(FRAME_MS)

    @property
    def interval_ms(self) -> int:
        """The present poll interval; 0 when stopped."""
        return self._timer.interval() if self._timer.isActive() else 0

    def _tick(self) -> None:
        self.ticks += 1
        # All of them: a list, so that none is left out once one has said yes.
        if any([step() for step in self._steps]):
            self._last_change = time.monotonic()
        moved = []
        for name, probe in self._probes.items():
            version = probe()
            if name not in self._seen or self._seen[name] != version:
                self._seen[name] = version
                moved.append(name)
        now = time.monotonic()
        connected = self._connected()
        if moved:
            self._last_change = now
            self.changed.emit(frozenset(moved))
        if connected != self._seconds.isActive():
            self._seconds.start() if connected else self._seconds.stop()
        if now - self._last_change < LINGER_S:
            self._pace(max(self._frame_ms(), FRAME_MS))
        else:
            self._pace(REST_MS if connected else ASLEEP_MS)

    def _pace(self, ms: int) -> None:
        if self._timer.isActive() and self._timer.interval() == ms:
            return
        precise = ms not in (REST_MS, ASLEEP_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer if precise else Qt.TimerType.CoarseTimer)
        self._timer.start(ms)
