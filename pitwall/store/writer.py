"""The one thread that writes: queue, transaction, then memory."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pitwall.store.batch import Batch
from pitwall.store.recording import Recording
from pitwall.store.session_store import SessionStore
from pitwall.telemetry import Failure, PitwallError
from pitwall.telemetry.clock import now_us

_log = logging.getLogger(__name__)

MAX_HELD = 96 << 20
"""Bytes of opened samples that may wait."""
MAX_CHUNKS = 5_000
"""Chunks in one transaction: bounds how long readers wait for the next version."""
_IDLE_S = 1.0
_SLICE_S = 0.01
"""Packing of finished laps at a time, while nothing waits: at least one row of a lap; and folding
of bins that were put off."""
_CATCHING_UP = 500
"""Chunks in one transaction that no live race brings: more is on its way, packing can wait."""
_TIDY_S = 3.0
"""Packing when the recording is closed; what is left is done another time."""


@dataclass(frozen=True, slots=True)
class WriterStats:
    """What the writer has done so far.

    Attributes:
        commits: transactions.
        batches: batches in them.
        chunks: new chunks in them.
        depth: batches waiting now.
        last_commit_us: this machine's clock at the last commit, 0 before the first.
        busy_s: time spent in transactions and in showing them.
    """

    commits: int
    batches: int
    chunks: int
    depth: int
    last_commit_us: int
    busy_s: float


class Writer:
    """Owns the thread ``pitwall-writer`` and, once started, the recording.

    Batches are grouped into one transaction about every ``commit_every_s``; when it is on disk the
    samples go into the store, and ``on_commit(version)`` is called on the writer's thread (it must
    be quick and must not raise). A full disk or any other failure stops the writer: what was
    committed stays, the reason is in :attr:`failure` and in every later call.
    """

    def __init__(
        self,
        recording: Recording,
        store: SessionStore,
        commit_every_s: float = 0.15,
        max_pending: int = 64,
        on_commit: Callable[[int], None] | None = None,
    ) -> None:
        self.recording = recording
        self.store = store
        self.on_commit = on_commit
        self.on_thread: Callable[[], None] | None = None
        """Called first on the writer's thread; set it before the start."""
        self._every = commit_every_s
        self._max = max_pending
        self._queue: deque[Batch] = deque()
        self._held = 0
        """Bytes of opened samples in the queue; under the condition."""
        self._waiting = 0
        """Chunks in the queue; under the condition."""
        self._changed = threading.Condition()
        self._submitted = 0
        self._done = 0
        self._hurry = 0
        self._committed = -math.inf
        self._stopping = False
        self._failure: PitwallError | None = None
        self._stats = WriterStats(0, 0, 0, 0, 0, 0.0)
        self._thread = threading.Thread(target=self._run, name="pitwall-writer", daemon=True)

    @property
    def failure(self) -> PitwallError | None:
        """Why the writer stopped by itself; None while it is well."""
        return self._failure

    @property
    def stats(self) -> WriterStats:
        """A snapshot of the counters."""
        with self._changed:
            s = self._stats
            return WriterStats(
                s.commits, s.batches, s.chunks, len(self._queue), s.last_commit_us, s.busy_s
            )

    @property
    def depth(self) -> int:
        """Batches accepted and not committed yet."""
        return self._submitted - self._done

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, batch: Batch, timeout_s: float = 30.0) -> None:
        """Queue a batch; waits while the queue is full, which slows its source down.

        Raises Failure when the writer has failed or stopped, or the queue stays full.
        """
        with self._changed:
            held = batch.held
            room = self._changed.wait_for(
                lambda: self._failure or self._stopping or self._room(held), timeout_s
            )
            self._check()
            if not room:
                raise Failure(
                    f"{self.recording.path}: writing has not kept up for {timeout_s:g} s: "
                    "check the disk"
                )
            self._queue.append(batch)
            self._held += held
            self._waiting += batch.chunks
            self._submitted += 1
            self._changed.notify_all()

    def flush(self, timeout_s: float = 30.0) -> None:
        """Return when all that was submitted so far is on disk and in the store.

        Raises Failure when the writer has failed, or not finished in time.
        """
        with self._changed:
            goal = self._submitted
            self._hurry = max(self._hurry, goal)
            self._changed.notify_all()
            done = self._changed.wait_for(
                lambda: self._failure or self._done >= goal or not self._thread.is_alive(),
                timeout_s,
            )
            if self._failure:
                raise self._failure
            if not done or self._done < goal:
                raise Failure(f"{self.recording.path}: writing took more than {timeout_s:g} s")

    def stop(self, timeout_s: float = 30.0) -> None:
        """Commit what is queued, tidy and close the recording, end the thread.

        Does not raise for an earlier failure (see :attr:`failure`); raises Failure when the thread
        does not end in time. Calling it again does nothing.
        """
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.ident is None:
            self.recording.close()
            return
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise Failure(f"{self.recording.path}: the writer did not stop in {timeout_s:g} s")

    def _check(self) -> None:
        if self._failure:
            raise self._failure
        if self._stopping or (self._thread.ident is not None and not self._thread.is_alive()):
            raise Failure(f"{self.recording.path}: the recording is closed")

    def _run(self) -> None:
        if self.on_thread is not None:
            self.on_thread()
        try:
            try:
                while self._step():
                    pass
                self.recording.compact(_TIDY_S)
            finally:
                self.recording.close()
        except PitwallError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - a dead writer must say why, not vanish
            _log.exception("writer stopped")
            self._fail(Failure(f"{self.recording.path}: writing stopped ({error!r})"))

    def _fail(self, error: PitwallError) -> None:
        with self._changed:
            self._failure = error
            self._queue.clear()
            self._held = self._waiting = 0
            self._changed.notify_all()

    def _step(self) -> bool:
        """Wait for work and do one transaction. False when it is time to end."""
        taken = self._take()
        if not taken:
            if not self._stopping:
                self.recording.compact(_SLICE_S, everything=False)
            while self.store.fold(_SLICE_S) and not (self._queue or self._stopping):
                pass
            return not self._stopping or bool(self._queue)
        begun = time.perf_counter()
        applied = self.recording.apply(*taken)
        version = self.store.commit(applied)
        with self._changed:
            s = self._stats
            self._stats = WriterStats(
                s.commits + 1,
                s.batches + len(taken),
                s.chunks + applied.chunks,
                0,
                now_us(),
                s.busy_s + time.perf_counter() - begun,
            )
            self._done += len(taken)
            self._committed = time.monotonic()
            self._changed.notify_all()
        if self.on_commit is not None:
            self.on_commit(version)
        if not self._queue and applied.chunks < _CATCHING_UP:
            self.recording.compact(_SLICE_S, everything=False)
            self.store.fold(_SLICE_S)
        return True

    def _take(self) -> list[Batch]:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._stopping, _IDLE_S)
            if not self._queue:
                return []
            # After a pause at once, in a flow at intervals: what comes meanwhile (other shards,
            # other cars) shares the next transaction.
            wait_s = self._committed + self._every - time.monotonic()
            if wait_s > 0:
                self._changed.wait_for(self._urgent, wait_s)
            taken: list[Batch] = []
            chunks = 0
            while self._queue and (not taken or chunks < MAX_CHUNKS):
                batch = self._queue.popleft()
                self._held -= batch.held
                chunks += batch.chunks
                taken.append(batch)
            self._waiting -= chunks
            self._changed.notify_all()
            return taken

    def _room(self, held: int) -> bool:
        # a batch larger than the limit goes in alone
        fits = not self._held or self._held + held <= MAX_HELD
        return len(self._queue) < self._max and fits

    def _urgent(self) -> bool:
        full = len(self._queue) >= self._max or self._held > MAX_HELD // 4
        # A transaction full of chunks gains nothing by waiting for more.
        full = full or self._waiting >= MAX_CHUNKS
        return self._stopping or full or self._hurry > self._done
