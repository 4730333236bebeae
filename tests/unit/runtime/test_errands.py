"""Blocking work beside a window: only the newest answer counts."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from pitwall.runtime.errands import MOST, Errand, Errands


class Desk:
    """Errands, and what they have told."""

    def __init__(self) -> None:
        self.errands = Errands("test-errand")
        self.told: list[tuple[str, object]] = []
        self.stale: list[tuple[str, object]] = []
        self.errands.told.connect(lambda key, value: self.told.append((key, value)))
        self.errands.stale.connect(lambda key, value: self.stale.append((key, value)))


@pytest.fixture
def desk(qapp: object) -> Iterator[Desk]:
    made = Desk()
    yield made
    assert made.errands.stop(60)


def test_what_is_told_arrives_in_order_and_the_end_last(qtbot: QtBot, desk: Desk) -> None:
    def job(errand: Errand) -> None:
        errand.tell("a", 1)
        errand.tell("b", 2)

    desk.errands.run(job)
    assert desk.errands.busy
    qtbot.waitUntil(lambda: not desk.errands.busy)
    assert desk.told == [("a", 1), ("b", 2), ("ended", None)]


def test_of_one_key_only_the_newest_may_arrive(qtbot: QtBot, desk: Desk) -> None:
    done = threading.Event()

    def job(errand: Errand) -> None:
        for n in range(1000):
            errand.tell("n", n)
        done.set()

    desk.errands.run(job)
    assert done.wait(60)
    qtbot.waitUntil(lambda: not desk.errands.busy)
    assert desk.told == [("n", 999), ("ended", None)]


def test_an_error_is_told_and_then_the_end(qtbot: QtBot, desk: Desk) -> None:
    def job(errand: Errand) -> None:
        raise ValueError("no such thing")

    desk.errands.run(job)
    qtbot.waitUntil(lambda: not desk.errands.busy)
    (key, error), end = desk.told
    assert key == "failed"
    assert str(error) == "no such thing"
    assert end == ("ended", None)


def test_an_older_answer_is_stale(qtbot: QtBot, desk: Desk) -> None:
    let_go, seen = threading.Event(), []

    def slow(errand: Errand) -> None:
        let_go.wait(60)
        seen.append(errand.cancelled())
        errand.tell("answer", "old")

    desk.errands.run(slow)
    desk.errands.run(lambda errand: errand.tell("answer", "new"))
    qtbot.waitUntil(lambda: not desk.errands.busy)
    let_go.set()
    qtbot.waitUntil(lambda: ("ended", None) in desk.stale)
    assert seen == [True]
    assert desk.told == [("answer", "new"), ("ended", None)]
    assert ("answer", "old") in desk.stale


def test_what_was_told_before_the_cancel_is_stale_too(qtbot: QtBot, desk: Desk) -> None:
    told = threading.Event()

    def job(errand: Errand) -> None:
        errand.tell("answer", 1)
        told.set()

    desk.errands.run(job)
    assert told.wait(60)
    desk.errands.cancel()
    assert not desk.errands.busy
    qtbot.waitUntil(lambda: ("answer", 1) in desk.stale)
    assert desk.told == []


def test_with_all_threads_stuck_only_the_newest_waits(qtbot: QtBot, desk: Desk) -> None:
    let_go, started = threading.Event(), []

    def stuck(errand: Errand) -> None:
        started.append(errand.number)
        let_go.wait(60)

    for _ in range(MOST):
        desk.errands.run(stuck)
    qtbot.waitUntil(lambda: len(started) == MOST)
    desk.errands.run(lambda errand: errand.tell("never"))
    desk.errands.run(lambda errand: errand.tell("at last"))
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("test-errand") == MOST
    let_go.set()
    qtbot.waitUntil(lambda: not desk.errands.busy)
    assert desk.told == [("at last", None), ("ended", None)]
    assert ("never", None) not in desk.stale
