"""The health, frame statistics and the process's own figures."""

from __future__ import annotations

import pytest

from pitwall.runtime import FrameStats, Health, ProcessUsage, State


def test_connected_means_more_may_come() -> None:
    at_rest = {State.FILE, State.ENDED, State.FAULT}
    assert {state for state in State if not Health(state).connected} == at_rest


def test_a_frame_is_its_preparation_and_its_painting() -> None:
    stats = FrameStats()
    assert stats.frame_ms.count == 0
    stats.add_work(3.0)
    stats.add_frame(2.0)
    stats.add_frame(1.0)
    assert stats.frame_ms.p50 == pytest.approx(3.0)
    assert stats.frames == 2


def test_latency_counts_each_advance_once() -> None:
    stats = FrameStats()
    stats.add_shown(1_000_000, 1_400_000)
    stats.add_shown(1_000_000, 9_000_000)
    stats.add_shown(2_000_000, 2_600_000)
    latency = stats.latency_ms
    assert latency.count == 2
    assert latency.p50 == pytest.approx(500.0)
    assert latency.p95 == pytest.approx(590.0)


def test_the_process_knows_its_own_size() -> None:
    usage = ProcessUsage()
    sum(i * i for i in range(200_000))
    sample = usage.sample()
    assert sample.cpu > 0
    assert 10e6 < sample.memory < 20e9
