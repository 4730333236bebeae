"""Chunks that are missing for longer than their journey takes.

A producer's head runs ahead of its chunks by a moment, so that something is always "missing" on
a live session. What was missing two seconds ago and is missing still is worth an alarm.
"""

from __future__ import annotations

from collections import deque

from pitwall.store import Hole, Ledger

GRACE_S = 2.0
Intervals = tuple[tuple[int, int], ...]


class Overdue:
    """Compares the present books with those of :data:`GRACE_S` ago."""

    def __init__(self) -> None:
        self._past: deque[tuple[float, Ledger]] = deque(maxlen=64)

    def count(self, books: Ledger, now_s: float, *, at_rest: bool) -> int:
        """Chunks missing now and then; all that are missing when nothing can arrive any more.
        ``now_s`` is a steady clock."""
        if at_rest:
            return books.missing
        if not self._past or now_s - self._past[-1][0] >= GRACE_S / 8:
            self._past.append((now_s, books))
        while len(self._past) > 1 and now_s - self._past[1][0] >= GRACE_S:
            self._past.popleft()
        then_s, then = self._past[0]
        if now_s - then_s < GRACE_S or not books.missing:
            return 0
        return sum(
            overlap(now.missing, then.series[series].missing)
            for series, now in books.series.items()
            if now.missing and series in then.series
        )


def awaited(hole: Hole) -> bool:
    """Whether a load that still runs may fill the hole: chunks are missing, nobody knows why."""
    return hole.n_hi > 0 and hole.named_reason is None


def overlap(a: Intervals, b: Intervals) -> int:
    """How many integers lie in both lists of intervals (each sorted, ends included)."""
    i = j = total = 0
    while i < len(a) and j < len(b):
        low, high = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if low <= high:
            total += high - low + 1
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return total
