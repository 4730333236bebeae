"""Event times of sessions that are played at another pace than they were driven."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pitwall.telemetry import Catalog, Session

SECOND = 1_000_000
DRIVEN = Session("2026-01-31-test-r1", "Test", Catalog(()), 1_700_000_000 * SECOND, 3600.0)


@given(st.floats(0.05, 1000), st.integers(0, 3600 * SECOND), st.floats(1, 12_600, allow_nan=False))
def test_nothing_is_due_before_it_has_happened(pace: float, at: int, length_s: float) -> None:
    session = replace(DRIVEN, pace=pace, length_s=length_s, driven_us=1)
    t = session.started_us + round(at * length_s / 3600)
    due = session.due_us(t)
    assert due >= t
    assert abs(session.event_us(due) - t) <= max(pace, 1)
    end = session.started_us + round(length_s * SECOND)
    if pace > 1:
        assert session.due_us(end) == end  # it is over now
    # a second of the clock is so many of the race
    assert abs(session.event_us(due + SECOND) - t - round(pace * SECOND)) <= max(2 * pace, 2)


def test_a_session_that_is_driven_now_is_due_at_once() -> None:
    assert DRIVEN.due_us(123) == DRIVEN.event_us(123) == 123
