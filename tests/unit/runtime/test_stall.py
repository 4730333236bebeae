"""What does not go on is told of, once, and so is that it does again."""

from __future__ import annotations

import queue
import threading

import pytest

from pitwall.runtime import StallWatch


def test_a_stall_and_its_end_are_told_once_each() -> None:
    said: queue.Queue[str] = queue.Queue()
    with StallWatch(0.05, said.put, "stalled", "again") as watch:
        assert said.get(timeout=60) == "stalled"
        going = threading.Event()

        def go_on() -> None:
            while not going.wait(0.005):
                watch.went_on()

        worker = threading.Thread(target=go_on)
        worker.start()
        try:
            assert said.get(timeout=60) == "again"
        finally:
            going.set()
            worker.join(60)
        assert said.get(timeout=60) == "stalled"
    assert said.empty()


class Clock:
    """Goes on when it is told to, and knows how often the watch has looked at it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.looks = threading.Semaphore(0)

    def monotonic(self) -> float:
        if threading.current_thread() is not threading.main_thread():
            self.looks.release()
        return self.now


def test_what_goes_on_is_not_spoken_of(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("pitwall.runtime.stall.time", clock)
    said: queue.Queue[str] = queue.Queue()
    with StallWatch(0.04, said.put, "stalled", "again") as watch:
        for _ in range(20):
            clock.now += 0.03
            watch.went_on()
            for _ in range(2):
                assert clock.looks.acquire(timeout=60)
        assert said.empty()
        clock.now += 0.05
        assert said.get(timeout=60) == "stalled"
