"""Counters and losses of a reader after another one."""

from __future__ import annotations

from pitwall.stream import ReaderStatus, StreamGap
from pitwall.turbo.renewed import NOTHING, on_top_of


def test_counters_add_up_and_losses_stay() -> None:
    gap, other = StreamGap("a", 1, 2, "trimmed"), StreamGap("b", 3, 0, "gone")
    before = ReaderStatus(polls=5, records=7, retries=1, gaps=(gap,), gap_count=1, open=2, total=4)
    now = ReaderStatus(polls=2, records=1, throttles=3, gaps=(other,), gap_count=1, open=1, total=1)
    found = on_top_of(before, now)
    assert (found.polls, found.records, found.retries, found.throttles) == (7, 8, 1, 3)
    assert (found.gaps, found.gap_count) == ((gap, other), 2)
    assert (found.open, found.total) == (1, 1)
    assert on_top_of(NOTHING, now) is now
