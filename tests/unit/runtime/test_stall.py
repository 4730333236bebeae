"""What does not go on is told of, once, and so is that it does again."""

from __future__ import annotations

import queue
import threading
import time

from pitwall.runtime import StallWatch


def test_a_stall_and_its_end_are_told_once_each() -> None:
    said: queue.Queue[str] = queue.Queue()
    with StallWatch(0.05, said.put, "stalled", "again") as watch:
        assert said.get(timeout=5) == "stalled"
        going = threading.Event()

        def go_on() -> None:
            while not going.wait(0.005):
                watch.went_on()

        worker = threading.Thread(target=go_on)
        worker.start()
        try:
            assert said.get(timeout=5) == "again"
        finally:
            going.set()
            worker.join(5)
        assert said.get(timeout=5) == "stalled"
    assert said.empty()


def test_what_goes_on_is_not_spoken_of() -> None:
    said: list[str] = []
    with StallWatch(0.5, said.append, "stalled", "again") as watch:
        until = time.monotonic() + 0.8
        while time.monotonic() < until:
            watch.went_on()
    assert said == []
