"""A worker thread that recomputes one value whenever its input has a new version."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from pitwall.runtime.threads import OwnedThread

T = TypeVar("T")
_REST = 4.0
"""Rest after a run, in durations of that run: at most a fifth of the interpreter."""


class Refresher(Generic[T]):
    """Keeps ``latest = compute()`` up to date with ``version()``, off the Qt thread.

    Readers take :attr:`latest` without a lock: it is replaced whole.

    Attributes:
        latest: the newest value, None before the first; written by the worker only.
        runs: number of computations so far; written by the worker only.
    """

    def __init__(
        self,
        name: str,
        version: Callable[[], int],
        compute: Callable[[], T],
        *,
        poll_s: float = 0.05,
        min_interval_s: float = 0.1,
        on_ready: Callable[[], None] | None = None,
    ) -> None:
        self.latest: T | None = None
        self.runs = 0
        self._version = version
        self._compute = compute
        self._poll_s = poll_s
        self._min_interval_s = min_interval_s
        self._on_ready = on_ready
        self._thread = OwnedThread(name, self._loop)

    def start(self) -> None:
        """Start the worker."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """End the worker; True when it ended within ``timeout_s`` seconds."""
        return self._thread.stop(timeout_s)

    @property
    def failure(self) -> BaseException | None:
        """What ended the worker before its time, if anything did."""
        return self._thread.failure

    def _loop(self, stop: threading.Event) -> None:
        seen: int | None = None
        idle_s = self._poll_s
        while not stop.is_set():
            version = self._version()
            if version == seen:
                # A file at rest: look less and less often, down to twice a second.
                stop.wait(idle_s)
                idle_s = min(idle_s * 1.5, 0.5)
                continue
            started = time.monotonic()
            self.latest = self._compute()
            took_s = time.monotonic() - started
            self.runs += 1
            seen, idle_s = version, self._poll_s
            if self._on_ready is not None:
                self._on_ready()
            # While history pours in, each run takes long: the load must not wait for it.
            stop.wait(max(self._min_interval_s - took_s, _REST * took_s))
