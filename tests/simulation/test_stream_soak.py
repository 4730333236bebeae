"""A short soak of the stream: twenty minutes in seconds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulation import kinds
from tests.soak.stream import Held, flat, soak


@pytest.mark.parametrize("source", kinds.SOURCES)
def test_twenty_minutes_leave_nothing_behind(source: str) -> None:
    report = soak(1 / 3, source)
    assert report["applied"] == report["written"] > 3000
    assert report["rotations"] >= 4
    assert report["stream_gaps"] == 0
    assert len(report["troubles"]) >= 3
    start, end = report["start"], report["end"]
    for name in ("threads", "timers", "handles"):
        assert end[name] <= start[name], name
    # Memory is for the long form: in this process other tests have left and leave their own.


def test_growth_is_seen() -> None:
    start = Held(100.0, 1000, 9, 0, 10, 4)
    assert flat(start, replace(start, rss_mb=104.0, shards=60))
    assert not flat(start, replace(start, rss_mb=120.0))
    assert not flat(start, replace(start, threads=10))
    assert not flat(start, replace(start, timers=1))
    assert not flat(start, replace(start, handles=12))
