"""Blocking work for a window: one errand counts at a time, and answers to an older one are stale.

A call that waits for a network cannot be broken off. So an errand that is no longer wanted is left
to its end on its thread, and what it brings back is dropped.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from pitwall.runtime.handover import Handover
from pitwall.runtime.threads import OwnedThread

MOST = 4
"""Threads at once, those of errands that are no longer wanted included."""


class Errand:
    """What a job is given, on its thread."""

    def __init__(self, number: int, mail: Handover) -> None:
        self.number = number
        self._mail = mail
        self._unwanted = threading.Event()

    def cancelled(self) -> bool:
        """True once nobody wants the answer; any thread."""
        return self._unwanted.is_set()

    def cancel(self) -> None:
        """Nobody wants the answer any more; any thread."""
        self._unwanted.set()

    def tell(self, key: str, value: object = None) -> None:
        """Bring something back. Of several values of one key only the newest may arrive."""
        self._mail.post(f"{self.number} {key}", (self, key, value))


Job = Callable[[Errand], None]


class Errands(QObject):
    """Runs jobs, each on a named thread, and hands over what they tell. Lives on the Qt thread.

    When :data:`MOST` threads are stuck, the newest job waits until one of them comes back.

    Signals:
        told: (key, value) from the errand that counts; ``failed`` with the exception that left a
            job, ``ended`` with None after everything else.
        stale: (key, value) from one that does not count any more, for what must be closed.
    """

    told = Signal(str, object)
    stale = Signal(str, object)

    def __init__(self, name: str) -> None:
        # Without a parent: a thread that comes back late must find the mailbox.
        super().__init__()
        self._name = name
        self._mail = Handover()
        self._mail.delivered.connect(self._delivered)
        self._threads: list[OwnedThread] = []
        self._current: Errand | None = None
        self._waiting: tuple[Errand, Job] | None = None
        self._started = 0

    @property
    def busy(self) -> bool:
        """True while the newest job is at work or waits."""
        return self._current is not None

    @property
    def alive(self) -> bool:
        """True while any thread has not come back."""
        return any(thread.alive for thread in self._threads)

    def run(self, job: Job) -> None:
        """Start ``job``; an older one does not count any more."""
        self.cancel()
        self._started += 1
        self._current = errand = Errand(self._started, self._mail)
        self._threads = [thread for thread in self._threads if thread.alive]
        if len(self._threads) >= MOST:
            self._waiting = (errand, job)
        else:
            self._start(errand, job)

    def cancel(self) -> None:
        """The job at work does not count any more."""
        if self._current is not None:
            self._current.cancel()
        self._current = self._waiting = None

    def stop(self, limit_s: float) -> bool:
        """Cancel, and wait for the threads; True when all have ended within ``limit_s``."""
        self.cancel()
        until = time.monotonic() + limit_s
        return all([t.stop(max(0.0, until - time.monotonic())) for t in self._threads])

    def _start(self, errand: Errand, job: Job) -> None:
        def work(_stop: threading.Event) -> None:
            try:
                job(errand)
            except Exception as error:  # noqa: BLE001 - whoever asked is told what went wrong
                errand.tell("failed", error)
            errand.tell("ended")

        thread = OwnedThread(self._name, work)
        self._threads.append(thread)
        thread.start()

    def _delivered(self, _post: str, value: tuple[Errand, str, object]) -> None:
        errand, key, told = value
        if errand is not self._current:
            self.stale.emit(key, told)
        elif key == "ended":
            self._current = None
            self.told.emit(key, None)
        else:
            self.told.emit(key, told)
        if key == "ended":
            self._start_waiting()

    def _start_waiting(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._start(*waiting)
