"""Threads that have a name, an owner and an end."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pitwall.telemetry import Failure


class OwnedThread:
    """One named thread whose owner can ask it to stop and wait for it with a limit.

    The target gets a ``threading.Event`` and returns soon after it is set. An exception that
    leaves the target is kept in :attr:`failure` and never printed.

    Attributes:
        name: the thread's name.
        failure: what ended the target, written once by the thread; None while all is well.
    """

    def __init__(self, name: str, target: Callable[[threading.Event], None]) -> None:
        self.name = name
        self.failure: BaseException | None = None
        self._target = target
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start it; a second call raises Failure."""
        if self._thread is not None:
            raise Failure(f"thread {self.name} was started already")
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Ask for the end and wait at most ``timeout_s`` seconds; True when it has ended."""
        self._stop.set()
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        """True between start and the target's return."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._target(self._stop)
        except BaseException as error:  # noqa: BLE001 - a thread has no caller to raise to
            self.failure = error
