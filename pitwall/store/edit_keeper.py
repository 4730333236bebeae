"""Writes what people add into the recording on a thread of its own, so that nobody waits."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from pitwall.store.batch import Batch, Source
from pitwall.store.edits import Edit
from pitwall.store.recording import Recording
from pitwall.store.writer import Writer
from pitwall.telemetry import Failure, PitwallError
from pitwall.telemetry.clock import now_us

_log = logging.getLogger(__name__)
MOST_WAITING = 10_000
AT_ONCE = 500
WRITE_S = 20.0
"""For edits to get behind what the writer has to do."""

Write = Callable[[tuple[Edit, ...]], None]
"""Writes edits and returns when they are safe, or raises PitwallError; on the keeper's thread."""


class EditKeeper:
    """Owns the thread ``pitwall-notes``, which is there only while there is something to write.

    Attributes:
        trouble: why something is not written, in one line; empty when all is well.
    """

    def __init__(self, write: Write) -> None:
        self.trouble = ""
        self._write = write
        self._waiting: deque[Edit] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = False

    def put(self, edits: Iterable[Edit]) -> None:
        """Have these written; any thread, never waits. Raises Failure when too many wait."""
        with self._lock:
            if self._stopping:
                raise Failure("the recording is closed: nothing can be added")
            more = tuple(edits)
            if len(self._waiting) + len(more) > MOST_WAITING:
                raise Failure("notes and alarms cannot be written fast enough: check the disk")
            self._waiting.extend(more)
            if self._thread is None and self._waiting:
                self._thread = threading.Thread(target=self._run, name="pitwall-notes", daemon=True)
                self._thread.start()

    def stop(self, limit_s: float) -> bool:
        """Write what waits, and end; True when that was done within ``limit_s``."""
        with self._lock:
            self._stopping = True
            thread = self._thread
        if thread is not None:
            thread.join(limit_s)
            return not thread.is_alive()
        return True

    def _run(self) -> None:
        while True:
            with self._lock:
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), AT_ONCE))]
                if not taken:
                    self._thread = None
                    return
            try:
                self._write(tuple(taken))
                self.trouble = ""
            except PitwallError as error:
                self.trouble = str(error)
            except Exception as error:  # noqa: BLE001 - what is not kept must be said
                _log.exception("notes are not written")
                self.trouble = f"not written ({error!r})"


def batch_of(edits: tuple[Edit, ...]) -> Batch:
    """Edits alone, as a writer takes them."""
    return Batch(Source.TABLE, received_us=now_us(), edits=edits)


def write_into(path: Path) -> Write:
    """Writes into a recording that nobody writes: it is opened for as long as that takes."""

    def write(edits: tuple[Edit, ...]) -> None:
        with Recording.open(path) as recording:
            recording.apply(batch_of(edits))

    return write


def write_to(path: Path, writer: Writer | None) -> Write:
    """Hands edits to ``writer``, or writes into the recording that has none: a file at rest."""
    if writer is None:
        return write_into(path)

    def write(edits: tuple[Edit, ...]) -> None:
        # Not flushed: before the writer has started, and while history loads, that fails though
        # the edit is in the queue, which is written to its end.
        writer.submit(batch_of(edits), timeout_s=WRITE_S)

    return write
