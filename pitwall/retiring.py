"""Sessions that are no longer shown: stopped beside the one that is, their memory given back."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from pitwall.runtime import OwnedThread, collector
from pitwall.runtime.handover import Handover

if TYPE_CHECKING:
    from pitwall.run import Run


class Retiring:
    """Owns the threads ``pitwall-retire``. Lives on the Qt thread."""

    def __init__(self) -> None:
        self._threads: list[OwnedThread] = []
        self._mail = Handover()
        self._mail.delivered.connect(self._let_go)

    @property
    def busy(self) -> bool:
        """True while a session is still being stopped."""
        return any(thread.alive for thread in self._threads)

    def retire(self, run: Run) -> None:
        """Stop a session; its writer may take a while."""
        # Whoever keeps the thread keeps no session with it.
        last, mail = [run], self._mail

        def stop(_stop: threading.Event) -> None:
            try:
                last.pop().stop()
            finally:
                mail.post("stopped")

        thread = OwnedThread("pitwall-retire", stop)
        self._threads.append(thread)
        thread.start()

    def stop(self, limit_s: float) -> bool:
        """Wait for all of them; True when they ended within ``limit_s`` together."""
        until = time.monotonic() + limit_s
        return all([t.stop(max(0.0, until - time.monotonic())) for t in self._threads])

    def _let_go(self) -> None:
        self._threads = [thread for thread in self._threads if thread.alive]
        collector.let_go()
