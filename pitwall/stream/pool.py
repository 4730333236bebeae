"""A few threads for blocking calls; their results are handled by one owner thread."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
Job = Callable[[], T]


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """A finished job: its key, and its value or its error."""

    key: str
    value: T | None
    error: Exception | None


class Pool(Protocol[T]):
    """Where jobs run. All methods but :meth:`wake` belong to the owner's thread."""

    def start(self) -> None:
        """Begin work."""
        ...

    def free(self) -> int:
        """Jobs that can be put now."""
        ...

    def put(self, key: str, job: Job[T]) -> None:
        """Run ``job`` soon. Only when :meth:`free` is not 0."""
        ...

    def take(self) -> list[Done[T]]:
        """What has finished since the last call, without waiting."""
        ...

    def wait(self, seconds: float) -> None:
        """Until something has finished, someone calls :meth:`wake`, or ``seconds`` are over."""
        ...

    def wake(self) -> None:
        """End a :meth:`wait`."""
        ...

    def stop(self, timeout_s: float) -> bool:
        """Drop what has not begun and wait for the rest; True when all threads have ended."""
        ...


class ThreadPool(Generic[T]):
    """``workers`` daemon threads called ``name-0``, ``name-1``, ...

    As many jobs as there are workers may be under way: an idle worker is never asked to queue.
    ``on_thread`` is called first on each of the threads.
    """

    def __init__(
        self, name: str, workers: int, on_thread: Callable[[], None] | None = None
    ) -> None:
        self._name = name
        self._workers = workers
        self._on_thread = on_thread
        self._jobs: queue.Queue[tuple[str, Job[T]] | None] = queue.Queue(2 * workers)
        """Put by the owner, taken by the workers; None ends a worker."""
        self._done: deque[Done[T]] = deque()
        """Appended by the workers, emptied by the owner; never longer than ``workers``."""
        self._under_way = 0
        """Jobs put and not yet taken back; owner's thread only."""
        self._ready = threading.Event()
        """Set by the workers when a job is done and by ``wake``; cleared by the owner."""
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads; a second call does nothing."""
        if self._threads:
            return
        self._threads = [
            threading.Thread(target=self._work, name=f"{self._name}-{i}", daemon=True)
            for i in range(self._workers)
        ]
        for thread in self._threads:
            thread.start()

    def free(self) -> int:
        """Jobs that can be put now."""
        return self._workers - self._under_way

    def put(self, key: str, job: Job[T]) -> None:
        """Hand a job to a worker."""
        self._under_way += 1
        self._jobs.put_nowait((key, job))

    def take(self) -> list[Done[T]]:
        """Finished jobs."""
        self._ready.clear()
        out = []
        while self._done:
            out.append(self._done.popleft())
        self._under_way -= len(out)
        return out

    def wait(self, seconds: float) -> None:
        """Until a job has finished or ``seconds`` are over."""
        self._ready.wait(seconds)

    def wake(self) -> None:
        """End a wait."""
        self._ready.set()

    def stop(self, timeout_s: float) -> bool:
        """End the threads; one that hangs in a call is left to the call's own time limit."""
        while True:
            try:
                self._jobs.get_nowait()
            except queue.Empty:
                break
        for _ in self._threads:
            self._jobs.put_nowait(None)
        end = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(end - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        if self._on_thread is not None:
            self._on_thread()
        while (item := self._jobs.get()) is not None:
            key, job = item
            try:
                done = Done(key, job(), None)
            except Exception as error:  # noqa: BLE001 - handed to the owner, who decides
                done = Done(key, None, error)
            self._done.append(done)
            self._ready.set()


class InlinePool(Generic[T]):
    """Runs each job at once on the caller's thread: one thread, or tests with their own time."""

    def __init__(self, workers: int = 8) -> None:
        self._workers = workers
        self._done: list[Done[T]] = []

    def start(self) -> None:
        """Nothing to start."""

    def free(self) -> int:
        """Jobs that can be put now."""
        return self._workers - len(self._done)

    def put(self, key: str, job: Job[T]) -> None:
        """Run it."""
        try:
            self._done.append(Done(key, job(), None))
        except Exception as error:  # noqa: BLE001 - handed to the owner, who decides
            self._done.append(Done(key, None, error))

    def take(self) -> list[Done[T]]:
        """Finished jobs."""
        out, self._done = self._done, []
        return out

    def wait(self, seconds: float) -> None:
        """Returns at once: nothing is ever under way."""

    def wake(self) -> None:
        """Nothing waits."""

    def stop(self, timeout_s: float) -> bool:
        """Nothing to end."""
        return True
