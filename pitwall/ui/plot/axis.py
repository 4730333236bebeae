"""From values to pixels and back, and where the ticks go."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
SMALLEST, LARGEST = 1e-12, 1e300
"""Spans beyond these are no axis: a constant, or not a number."""
_MINUTE_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600)


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight map of ``low..high`` to the pixels ``start..end`` (end may lie below start).

    Attributes:
        low, high: values at the two ends; different from each other.
        start, end: pixels at the two ends.
    """

    low: float
    high: float
    start: float
    end: float

    @property
    def factor(self) -> float:
        """Pixels per unit; negative when the axis runs upwards."""
        return (self.end - self.start) / (self.high - self.low)

    def pixel(self, value: float) -> float:
        """Where ``value`` lies."""
        return self.start + (value - self.low) * self.factor

    def pixels(self, values: NDArray[np.floating] | NDArray[np.integer]) -> NDArray[np.float64]:
        """Where each of ``values`` lies."""
        out: NDArray[np.float64] = values.astype(np.float64)
        out -= self.low
        out *= self.factor
        out += self.start
        return out

    def value(self, pixel: float) -> float:
        """What lies at ``pixel``."""
        return self.low + (pixel - self.start) / self.factor


def nice_step(span: float, wanted: int) -> float:
    """The round step that cuts ``span`` into about ``wanted`` parts or fewer."""
    raw = span / max(wanted, 1)
    if not SMALLEST < raw < LARGEST:
        return 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    for step in _STEPS:
        if step * power >= raw * (1 - 1e-9):
            return step * power
    return 10 * power


def nice_ticks(low: float, high: float, wanted: int) -> tuple[float, ...]:
    """Round values within ``low..high``, about ``wanted`` of them."""
    step = nice_step(high - low, wanted)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(round(i * step, 10) for i in range(first, last + 1)) if last - first < 200 else ()


def nice_limits(low: float, high: float) -> tuple[float, float]:
    """``low..high`` widened to round numbers; a flat range gets some room."""
    if high - low <= SMALLEST:
        room = max(abs(low) * 0.1, 1.0)
        low, high = low - room, high + room
    step = nice_step(high - low, 4)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def time_step(span_s: float, wanted: int) -> int:
    """Whole seconds between ticks of a clock that shows ``span_s`` seconds."""
    for step in _MINUTE_STEPS:
        if span_s / step <= wanted:
            return step
    return _MINUTE_STEPS[-1]


def tick_text(value: float, step: float) -> str:
    """``value`` with as many decimals as ``step`` needs."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    if decimals < 6 and abs(step * 10**decimals - round(step * 10**decimals)) > 1e-9:
        decimals += 1
    return f"{value:.{decimals}f}"
