"""From one mark of the session to the next. No Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stop:
    """A place to jump to: its event time, the car it is about (empty for none), and in words."""

    t_us: int
    car: str
    words: str


def next_stop(stops: Iterable[Stop], here_us: int, step: int) -> Stop | None:
    """The nearest stop after (``step`` 1) or before (-1) a moment; None when there is none."""
    if step > 0:
        later = [one for one in stops if one.t_us > here_us]
        return min(later, key=lambda one: one.t_us, default=None)
    earlier = [one for one in stops if one.t_us < here_us]
    return max(earlier, key=lambda one: one.t_us, default=None)
