"""Interval sets are sets."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pitwall.store.intervals import IntervalSet, minus, size

N = st.integers(1, 60)


class AgainstASet(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.ours = IntervalSet()
        self.model: set[int] = set()

    @rule(a=N, b=N)
    def add(self, a: int, b: int) -> None:
        self.ours.add(a, b)
        self.model |= set(range(a, b + 1))

    @rule(a=N, b=N)
    def remove(self, a: int, b: int) -> None:
        self.ours.remove(a, b)
        self.model -= set(range(a, b + 1))

    @rule(a=N, b=N)
    def ask(self, a: int, b: int) -> None:
        wanted = set(range(a, b + 1))
        missing = self.ours.missing(a, b)
        common = self.ours.common(a, b)
        assert members(missing) == wanted - self.model
        assert members(common) == wanted & self.model
        assert size(missing) == len(wanted - self.model)
        assert members(minus([(a, b)] if a <= b else [], self.ours)) == wanted - self.model

    @rule()
    def store(self) -> None:
        self.ours = IntervalSet.from_bytes(self.ours.to_bytes())

    @rule()
    def copy(self) -> None:
        old = self.ours
        self.ours = old.copy()
        old.add(1, 60)

    @invariant()
    def same(self) -> None:
        intervals = self.ours.intervals()
        assert members(intervals) == self.model
        assert self.ours.size == len(self.model)
        assert len(self.ours) == len(intervals)
        # sorted, disjoint and joined where they touch
        edges = [x for interval in intervals for x in interval]
        assert edges == sorted(edges)
        assert all(b - a > 1 for (_, a), (b, _) in zip(intervals, intervals[1:], strict=False))
        assert self.ours.last == max(self.model, default=0)
        frontier = 0
        while frontier + 1 in self.model:
            frontier += 1
        assert self.ours.frontier == frontier
        assert all((n in self.ours) == (n in self.model) for n in range(62))


def members(intervals: object) -> set[int]:
    return {n for lo, hi in intervals for n in range(lo, hi + 1)}  # type: ignore[attr-defined]


TestAgainstASet = AgainstASet.TestCase


@pytest.mark.parametrize("pairs", [[(3, 2)], [(1, 4), (5, 6)], [(4, 5), (1, 2)], [(1, 4), (3, 6)]])
def test_a_damaged_form_is_refused(pairs: list[tuple[int, int]]) -> None:
    raw = b"".join(n.to_bytes(4, "little") for pair in pairs for n in pair)
    with pytest.raises(ValueError, match="sorted"):
        IntervalSet.from_bytes(raw)
