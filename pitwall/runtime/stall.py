"""Noticing that nothing goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pitwall.runtime.threads import OwnedThread

_LOOK_S = 0.25


class StallWatch:
    """Says so when nothing has gone on for a while, and when it does again.

    For jobs that block: a thread of its own watches. :meth:`went_on` may be called by any thread.

    Args:
        limit_s: how long nothing may go on unsaid.
        say: told ``stalled`` and ``again``, each time one of them begins.
        stalled, again: the words.
    """

    def __init__(self, limit_s: float, say: Callable[[str], None], stalled: str, again: str):
        self._limit_s = limit_s
        self._say = say
        self._words = (stalled, again)
        self._newest = time.monotonic()
        self._thread = OwnedThread("pitwall-stall-watch", self._watch)

    def went_on(self) -> None:
        """Something went on."""
        self._newest = time.monotonic()

    def __enter__(self) -> StallWatch:
        self._newest = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._thread.stop(2.0)

    def _watch(self, stop: threading.Event) -> None:
        stalled, again = self._words
        told = False
        while not stop.wait(min(_LOOK_S, self._limit_s / 4)):
            quiet = time.monotonic() - self._newest >= self._limit_s
            if quiet != told:
                told = quiet
                self._say(stalled if quiet else again)
