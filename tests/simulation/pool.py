"""A pool whose jobs take virtual time: a call goes out at once and its answer comes later."""

from __future__ import annotations

import heapq
from itertools import count
from typing import Generic, TypeVar

from pitwall.stream import Done
from pitwall.stream.pool import Job
from tests.simulation.clock import VirtualTime

T = TypeVar("T")


class VirtualPool(Generic[T]):
    """Runs each job where it is put, while the world moves on by what its calls take; what comes
    of it can be taken when that time has passed."""

    def __init__(self, time: VirtualTime, workers: int) -> None:
        self._time = time
        self._workers = workers
        self._under_way: list[tuple[float, int, Done[T]]] = []
        self._order = count()

    def start(self) -> None:
        """Nothing to start."""

    def free(self) -> int:
        """Jobs that can be put now."""
        return self._workers - len(self._under_way)

    def put(self, key: str, job: Job[T]) -> None:
        """Run it."""
        time = self._time
        try:
            done: Done[T] = Done(key, job(), None)
        except Exception as error:  # noqa: BLE001 - handed to the owner, who decides
            done = Done(key, None, error)
        due = time.monotonic()
        time.ahead_us = 0
        heapq.heappush(self._under_way, (due, next(self._order), done))

    def take(self) -> list[Done[T]]:
        """What has come back by now."""
        out = []
        now = self._time.monotonic()
        while self._under_way and self._under_way[0][0] <= now:
            out.append(heapq.heappop(self._under_way)[2])
        return out

    @property
    def due(self) -> float:
        """When the next answer comes, monotonic seconds."""
        return self._under_way[0][0] if self._under_way else float("inf")

    def wait(self, seconds: float) -> None:
        """Time passes, until something comes back at most."""
        self._time.advance(min(max(self.due - self._time.monotonic(), 0.0), seconds))

    def wake(self) -> None:
        """Nothing waits."""

    def stop(self, timeout_s: float) -> bool:
        """Nothing to end."""
        return True
