"""Which samples a chart is of: what of each lap or car on screen is in view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.store import SessionStore
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.model import View
from pitwall.ui.picture import Mapping, Picture, Shown
from pitwall.ui.plot.choice import Trace

REFERENCE = -1


@dataclass(frozen=True, slots=True)
class Part:
    """A car's samples between two times.

    Attributes:
        number: 0 for the shown lap, 1 and up for those laid over it, -1 for the reference lap.
        car: whose.
        words: how it is called.
        t_lo, t_hi: event times, both included.
    """

    number: int
    car: str
    words: str
    t_lo: int
    t_hi: int


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A channel's samples.

    Attributes:
        t: int64[n], event time, rising.
        y: float64[n], finite.
        starts: intp[r], where unbroken runs begin; the first is 0 when n > 0.
    """

    t: NDArray[np.int64]
    y: NDArray[np.float64]
    starts: NDArray[np.intp]


def parts_of(picture: Picture, view: View) -> tuple[Part, ...]:
    """What is in view, lap by lap or car by car; the reference lap comes last."""
    low, high = view.span or picture.opening or picture.full
    if picture.session is not None:
        start = picture.session.start_us
        span = start + int(low * SECOND_US), start + int(high * SECOND_US)
        cars = (picture.session.car, *picture.session.others)
        return tuple(Part(i, car, f"car {car}", *span) for i, car in enumerate(cars))
    found: list[Part | None] = []
    if picture.shown is not None and picture.mapping is not None:
        found.append(_part(0, picture.shown, picture.mapping, low, high))
    for number, other in enumerate(picture.others, start=1):
        found.append(_part(number, other.shown, other.mapping, low, high))
    if picture.reference is not None and picture.reference_mapping is not None:
        found.append(_part(REFERENCE, picture.reference, picture.reference_mapping, low, high))
    return tuple(part for part in found if part is not None)


def series_of(store: SessionStore, part: Part, trace: Trace) -> Series:
    """A channel's samples within a part; those that are no numbers are left out, and break it."""
    window = store.window(part.car, trace.group, trace.index, part.t_lo, part.t_hi)
    t, y = np.asarray(window.t), np.asarray(window.v, np.float64)
    good = np.isfinite(y)
    run = np.zeros(len(t), np.int64)
    run[np.asarray(window.starts, np.intp)] = 1
    run = (np.cumsum(run) + np.cumsum(~good))[good]
    if not len(run):
        return Series(t[good], y[good], np.zeros(0, np.intp))
    starts = np.flatnonzero(np.concatenate(([True], run[1:] != run[:-1])))
    return Series(t[good], y[good], starts)


def _part(number: int, shown: Shown, mapping: Mapping, low: float, high: float) -> Part | None:
    first, last = shown.lap.t_start, shown.t_end
    if low > mapping.x[0]:
        first = max(first, mapping.to_time(low))
    if high < mapping.x[-1]:
        last = min(last, mapping.to_time(high))
    words = f"{shown.car} L{shown.lap.number}"
    return Part(number, shown.car, words, first, last) if last > first else None
