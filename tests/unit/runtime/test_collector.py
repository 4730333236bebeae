"""What is put aside lives on; what is left comes back."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from pitwall.runtime import collector


class Knot:
    """Only the collector can end it."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.freeze()  # as tests/conftest.py has it


def test_what_was_put_aside_and_left_is_given_back() -> None:
    knot = Knot()
    gone = weakref.ref(knot)
    collector.ease()
    del knot
    gc.collect()
    assert gone() is not None
    collector.let_go()
    assert gone() is None


def test_what_is_held_for_a_moment_longer_is_not_kept_for_good() -> None:
    knot = Knot()
    gone = weakref.ref(knot)
    collector.ease()
    collector.let_go()
    del knot
    gc.collect()
    assert gone() is None
    assert gc.get_threshold() == collector.THRESHOLD


def test_it_looks_rarely_from_the_start() -> None:
    gc.set_threshold(700, 10, 10)
    collector.rarely()
    assert gc.get_threshold() == collector.THRESHOLD
