"""Owned threads, refreshers and the order of the end."""

from __future__ import annotations

import threading
import time

import pytest

from pitwall.runtime import OwnedThread, Refresher, Shutdown
from pitwall.telemetry import Failure


def test_a_thread_ends_when_asked_and_carries_its_name() -> None:
    seen: list[str] = []

    def work(stop: threading.Event) -> None:
        seen.append(threading.current_thread().name)
        stop.wait(60)

    thread = OwnedThread("pitwall-test", work)
    assert not thread.alive
    thread.start()
    with pytest.raises(Failure):
        thread.start()
    assert thread.alive
    assert thread.stop(60)
    assert not thread.alive
    assert seen == ["pitwall-test"]


def test_a_failure_is_kept_for_the_owner() -> None:
    def work(_stop: threading.Event) -> None:
        raise Failure("no network")

    thread = OwnedThread("pitwall-test", work)
    thread.start()
    assert thread.stop(60)
    assert str(thread.failure) == "no network"


def test_a_thread_that_does_not_listen_is_reported_in_time() -> None:
    release = threading.Event()
    thread = OwnedThread("pitwall-deaf", lambda _stop: release.wait(60) and None)
    thread.start()
    started = time.monotonic()
    assert not thread.stop(0.05)
    assert time.monotonic() - started < 1.0
    release.set()
    assert thread.stop(60)


def test_stopping_before_starting_is_fine() -> None:
    assert OwnedThread("pitwall-test", lambda stop: None).stop(0.1)


def test_a_refresher_follows_the_version_and_rests_without_changes() -> None:
    version = [1]
    ready = threading.Event()
    refresher = Refresher(
        "pitwall-timing",
        lambda: version[0],
        lambda: version[0] * 10,
        poll_s=0.005,
        min_interval_s=0.0,
        on_ready=ready.set,
    )
    refresher.start()
    try:
        assert ready.wait(60)
        assert refresher.latest == 10
        ready.clear()
        version[0] = 2
        assert ready.wait(60)
        assert refresher.latest == 20
        assert refresher.runs == 2
    finally:
        assert refresher.stop(60)
    assert refresher.failure is None


def test_a_refresher_that_breaks_says_why() -> None:
    def compute() -> int:
        raise ValueError("bad lap")

    refresher = Refresher("pitwall-timing", lambda: 1, compute)
    refresher.start()
    assert refresher.stop(60)
    assert isinstance(refresher.failure, ValueError)


def test_shutdown_runs_every_step_in_order_whatever_one_of_them_does() -> None:
    order: list[str] = []

    def ok(limit: float) -> bool:
        order.append(f"ok {limit}")
        return True

    def slow(limit: float) -> bool:
        order.append("slow")
        return False

    def broken(limit: float) -> None:
        order.append("broken")
        raise OSError("disk is gone")

    shutdown = Shutdown()
    shutdown.add("stream", slow, 1.0)
    shutdown.add("writer", broken, 2.0)
    shutdown.add("server", ok, 3.0)
    results = shutdown.run()
    assert order == ["slow", "broken", "ok 3.0"]
    assert [(r.name, r.ok) for r in results] == [
        ("stream", False),
        ("writer", False),
        ("server", True),
    ]
    assert "not finished within 1 s" in results[0].error
    assert results[1].error == "disk is gone"
    assert shutdown.run() == ()
