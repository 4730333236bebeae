"""The machine that reads: a recording on its disk, a writer, and ways to be killed.

The recording is the real one, in a folder in memory where the system has one: a crash is a copy of
its files as they are at that moment, opened again; what was not in them is gone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pitwall.store import Batch, Recording
from pitwall.telemetry import Failure, PitwallError, Session

QUEUE = 64
CRASHES = (
    "crash_before_accepting",
    "crash_accepted",
    "crash_in_transaction",
    "crash_committed",
    "crash_between",
)
"""Before the writer has a page; when it has it in its queue; in its transaction; when it is on
disk and nobody knows; when a part of the queue is on disk."""


class Crash(BaseException):
    """The program is killed here."""


class _Doomed:
    """A connection that dies at the end of the next transaction, before it or after it."""

    def __init__(self, db: sqlite3.Connection, when: str, die: Callable[[bool], None]) -> None:
        self._db = db
        self._when = when
        self._die = die

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def execute(self, sql: str, *more: Any) -> Any:
        if sql != "COMMIT":
            return self._db.execute(sql, *more)
        if self._when == "crash_in_transaction":
            self._die(False)
        self._db.execute(sql)
        return self._die(True)


class Laptop:
    """The disk and the writer; see :class:`pitwall.stream.Sink`.

    Args:
        folder: an empty one of its own.
        session: what is recorded.
        template: a recording of it with nothing in it, made once for many.
    """

    def __init__(self, folder: Path, session: Session, template: Path) -> None:
        self.met: Counter[str] = Counter()
        self.committed: list[tuple[str, int]] = []
        """Every chunk (car, n) in the order in which transactions took them, repeats included."""
        self.failure: PitwallError | None = None
        self.armed = ""
        """How the program is killed at the next occasion."""
        self.full = False
        """The disk is full at the next commit."""
        self.stuck = False
        """The disk does nothing."""
        self.queue: list[Batch] = []
        self._folder = folder
        self._boots = 0
        self.path = folder / "0.pitwall"
        shutil.copyfile(template, self.path)
        self.recording = Recording.open(self.path)

    # -- the sink

    @property
    def depth(self) -> int:
        """Batches accepted and not committed yet."""
        return len(self.queue)

    def submit(self, batch: Batch, timeout_s: float = 30.0) -> None:
        """Queue a batch."""
        if self.failure is not None:
            raise self.failure
        if len(self.queue) >= QUEUE or (self.stuck and len(self.queue) >= 2):
            self.met["back_pressure"] += 1
            raise Failure("writing has not kept up")
        telling = bool(batch.segments)
        if telling and self.armed == "crash_before_accepting":
            self._die()
        self.queue.append(batch)
        if telling and self.armed == "crash_accepted":
            self._die()

    # -- the writer

    def commit(self) -> None:
        """One transaction with what is queued."""
        if not self.queue or self.stuck or self.failure is not None:
            return
        if self.full:
            self.full = False
            self.met["disk_full"] += 1
            self.failure = Failure(f"{self.path}: the disk is full")
            return
        batches = list(self.queue)
        if any(b.segments for b in batches):
            if self.armed == "crash_between" and len(batches) > 1:
                del batches[(len(batches) + 1) // 2 :]
            elif self.armed in ("crash_in_transaction", "crash_committed"):
                self.recording._db = _Doomed(  # type: ignore[assignment]
                    self.recording._db, self.armed, lambda done: self._die(batches if done else ())
                )
        self.recording.apply(*batches)
        self._note(batches)
        del self.queue[: len(batches)]
        if len(batches) and self.armed == "crash_between" and self.queue:
            self._die()

    def _note(self, batches: list[Batch] | tuple[()]) -> None:
        self.committed += [
            (s.series.car, n)
            for b in batches
            for s in b.segments
            for n in range(s.n_lo, s.n_hi + 1)
        ]

    def _die(self, done: list[Batch] | tuple[()] = ()) -> None:
        """The files stay as they are now."""
        self.met[self.armed] += 1
        self.armed = ""
        self._note(done)
        self._copy()
        raise Crash

    def _copy(self) -> None:
        self._boots += 1
        new = self._folder / f"{self._boots}.pitwall"
        for ending in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(f"{self.path}{ending}", f"{new}{ending}")
        self._next = new

    # -- starting again

    def reboot(self) -> None:
        """The program is started again after a crash, on what it left."""
        self.abandon()
        self.path = self._next
        self.recording = Recording.open(self.path)

    def restart(self) -> None:
        """The program is ended as it should be, or by a full disk, and started again."""
        self.abandon(orderly=True)
        self.recording = Recording.open(self.path)

    def abandon(self, *, orderly: bool = False) -> None:
        """Let go of the recording; in disorder nothing of it reaches the files any more."""
        self.queue.clear()
        self.failure = None
        if orderly:
            self.recording.close()
            return
        db = self.recording._db
        self.recording._db = getattr(db, "_db", db)
        self.recording._db.close()
        if self.recording._lock is not None:
            self.recording._lock.release()
        for ending in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{self.path}{ending}")
