"""The health board, frame statistics and the process's own figures."""

from __future__ import annotations

import threading

import pytest

from pitwall.runtime import FrameStats, Health, HealthBoard, ProcessUsage


def test_an_equal_value_is_no_change() -> None:
    board = HealthBoard()
    board.set(Health("live", lag_us=5))
    version = board.version
    board.set(Health("live", lag_us=5))
    board.change(lag_us=5)
    assert board.version == version
    board.change(lag_us=6)
    assert board.version == version + 1
    assert board.get() == Health("live", lag_us=6)


def test_many_threads_may_change_it() -> None:
    board = HealthBoard()
    threads = [
        threading.Thread(target=lambda i=i: [board.change(retries=i * 100 + k) for k in range(50)])
        for i in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5.0)
    assert board.version >= 50
    assert board.get().retries >= 0


def test_connected_means_more_may_come() -> None:
    states = ("joining", "history", "live", "silent", "behind")
    assert all(Health(state).connected for state in states)
    assert not any(Health(state).connected for state in ("file", "ended", "fault"))


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
