"""Sets of integers as sorted, disjoint, closed intervals."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

import numpy as np

Interval = tuple[int, int]


class IntervalSet:
    """A mutable set of integers; neighbours join, so that a counter line without holes is one
    interval however many chunks it has.

    Adding at the end is O(1); elsewhere O(log k) and a move of the list's tail.
    """

    __slots__ = ("_hi", "_lo", "size")

    def __init__(self, intervals: Iterable[Interval] = ()) -> None:
        self._lo: list[int] = []
        self._hi: list[int] = []
        self.size = 0
        for lo, hi in intervals:
            self.add(lo, hi)

    def copy(self) -> IntervalSet:
        """An independent copy."""
        other = IntervalSet()
        other._lo = self._lo.copy()
        other._hi = self._hi.copy()
        other.size = self.size
        return other

    def add(self, lo: int, hi: int) -> None:
        """Add ``lo..hi``, both included. Nothing happens when ``hi < lo``."""
        if hi < lo:
            return
        los, his = self._lo, self._hi
        if his and lo == his[-1] + 1:
            his[-1] = hi
            self.size += hi - lo + 1
            return
        i = bisect_left(his, lo - 1)
        j = bisect_right(los, hi + 1)
        if i < j:
            lo = min(lo, los[i])
            hi = max(hi, his[j - 1])
            for k in range(i, j):
                self.size -= his[k] - los[k] + 1
        los[i:j] = [lo]
        his[i:j] = [hi]
        self.size += hi - lo + 1

    def remove(self, lo: int, hi: int) -> None:
        """Take ``lo..hi`` out, both included."""
        i = bisect_left(self._hi, lo)
        j = bisect_right(self._lo, hi)
        if hi < lo or i >= j:
            return
        left = (self._lo[i], lo - 1)
        right = (hi + 1, self._hi[j - 1])
        for k in range(i, j):
            self.size -= self._hi[k] - self._lo[k] + 1
        kept = [x for x in (left, right) if x[0] <= x[1]]
        self._lo[i:j] = [x[0] for x in kept]
        self._hi[i:j] = [x[1] for x in kept]
        self.size += sum(x[1] - x[0] + 1 for x in kept)

    def missing(self, lo: int, hi: int) -> list[Interval]:
        """The parts of ``lo..hi`` that are not in the set."""
        if lo <= hi and (not self._hi or lo > self._hi[-1]):
            return [(lo, hi)]
        out: list[Interval] = []
        i = bisect_left(self._hi, lo)
        while lo <= hi:
            if i == len(self._lo) or self._lo[i] > hi:
                out.append((lo, hi))
                break
            if self._lo[i] > lo:
                out.append((lo, self._lo[i] - 1))
            lo = self._hi[i] + 1
            i += 1
        return out

    def common(self, lo: int, hi: int) -> list[Interval]:
        """The parts of ``lo..hi`` that are in the set."""
        out: list[Interval] = []
        i = bisect_left(self._hi, lo)
        while i < len(self._lo) and self._lo[i] <= hi:
            out.append((max(lo, self._lo[i]), min(hi, self._hi[i])))
            i += 1
        return out

    def __contains__(self, n: int) -> bool:
        i = bisect_left(self._hi, n)
        return i < len(self._lo) and self._lo[i] <= n

    def __len__(self) -> int:
        """Number of intervals, not of integers (that is :attr:`size`)."""
        return len(self._lo)

    @property
    def last(self) -> int:
        """Largest member, 0 when empty."""
        return self._hi[-1] if self._hi else 0

    @property
    def frontier(self) -> int:
        """Largest n such that 1..n are all members, 0 when 1 is not."""
        return self._hi[0] if self._lo and self._lo[0] <= 1 else 0

    def intervals(self) -> tuple[Interval, ...]:
        """All intervals in order."""
        return tuple(zip(self._lo, self._hi, strict=True))

    def to_bytes(self) -> bytes:
        """Little-endian u32 pairs."""
        return np.array(self.intervals(), "<u4").tobytes()

    @staticmethod
    def from_bytes(raw: bytes) -> IntervalSet:
        """Inverse of :meth:`to_bytes`. Raises ValueError when it is not sorted and disjoint."""
        pairs = np.frombuffer(raw, "<u4").reshape(-1, 2).astype(np.int64)
        flat = pairs.reshape(-1)
        if len(flat) and ((pairs[:, 1] < pairs[:, 0]).any() or (np.diff(flat)[1::2] < 2).any()):
            raise ValueError("intervals are not sorted and disjoint")
        out = IntervalSet()
        out._lo = pairs[:, 0].tolist()
        out._hi = pairs[:, 1].tolist()
        out.size = int((pairs[:, 1] - pairs[:, 0] + 1).sum())
        return out


def minus(intervals: Iterable[Interval], taken: IntervalSet) -> list[Interval]:
    """The intervals without the members of ``taken``."""
    out: list[Interval] = []
    for lo, hi in intervals:
        out.extend(taken.missing(lo, hi))
    return out


def size(intervals: Iterable[Interval]) -> int:
    """Number of integers in disjoint intervals."""
    return sum(hi - lo + 1 for lo, hi in intervals)
