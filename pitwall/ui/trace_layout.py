"""What the user has put into the trace stack: plots, their channels and heights, laps laid over.

A :class:`TraceLayout` is part of what is looked at (:attr:`pitwall.ui.model.View.traces`). It never
changes: each ``with_`` and ``without_`` gives another one, so that undo is keeping the one before.
A layout document keeps it through :meth:`TraceLayout.to_plain` (lists, strings and numbers, always
the same for equal layouts) and :meth:`TraceLayout.from_plain`, which takes nothing beyond the
bounds here. Channels and cars are named; what a session does not have is left out when it is drawn
and stays in the layout. No Qt.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pitwall.telemetry import BadInput

MOST_PLOTS = 24
MOST_CHANNELS = 8
"""In one plot."""
MOST_LAPS = 8
"""Over each other, the shown one included."""
MOST_SCALES = 256
LOWEST, TALLEST = 0.25, 8.0
LONGEST = 128


@dataclass(frozen=True, slots=True, order=True)
class ChannelName:
    """A channel, by its group's name and its own; the group counts where two have the same."""

    group: str
    channel: str


@dataclass(frozen=True, slots=True)
class PlotChoice:
    """One plot: its channels over each other, and its share of the stack's height."""

    channels: tuple[ChannelName, ...]
    height: float = 1.0


@dataclass(frozen=True, slots=True, order=True)
class LapChoice:
    """A lap that is laid over the shown one; ``lap`` -1 is whichever the car is driving."""

    car: str
    lap: int = -1


@dataclass(frozen=True, slots=True)
class KeptScale:
    """Limits of a channel's axis, in the unit of the stored values."""

    channel: ChannelName
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TraceLayout:
    """See the module.

    Attributes:
        plots: from top to bottom; empty is the usual choice for the car.
        laps: laid over the shown lap, at most 7.
        apart: True when each lap has plots of its own instead of lying over the others.
        scales: axes that are not those of the channel's limits.
    """

    plots: tuple[PlotChoice, ...] = ()
    laps: tuple[LapChoice, ...] = ()
    apart: bool = False
    scales: tuple[KeptScale, ...] = ()

    # -- channels -----------------------------------------------------------------------

    def with_channel(self, name: ChannelName, plot: int) -> TraceLayout:
        """``name`` over the others of a plot. Unchanged when that plot is full or has it."""
        there = self.plots[plot]
        if name in there.channels or len(there.channels) >= MOST_CHANNELS:
            return self
        return self._put(plot, replace(there, channels=(*there.channels, name)))

    def with_plot(
        self, name: ChannelName, before: int | None = None, height: float = 1.0
    ) -> TraceLayout:
        """A plot of its own for ``name``, before another one or at the end. Unchanged when there
        are no more to be had."""
        if len(self.plots) >= MOST_PLOTS:
            return self
        at = len(self.plots) if before is None else before
        made = PlotChoice((name,), height)
        return replace(self, plots=(*self.plots[:at], made, *self.plots[at:]))

    def without_channel(self, name: ChannelName, plot: int) -> TraceLayout:
        """Take a channel out of a plot, and the plot with its last one. The last plot stays: a
        stack without plots would be the usual one again."""
        rest = tuple(one for one in self.plots[plot].channels if one != name)
        if rest:
            return self._put(plot, replace(self.plots[plot], channels=rest))
        return self.without_plot(plot)

    def without_plot(self, plot: int) -> TraceLayout:
        """Take a plot away, but for the last one."""
        if len(self.plots) <= 1:
            return self
        return replace(self, plots=(*self.plots[:plot], *self.plots[plot + 1 :]))

    def moved(self, plot: int, before: int) -> TraceLayout:
        """A plot before another one; ``before`` may be the number of plots."""
        rest = [*self.plots[:plot], *self.plots[plot + 1 :]]
        at = before - 1 if before > plot else before
        rest.insert(max(0, min(at, len(rest))), self.plots[plot])
        return replace(self, plots=tuple(rest))

    def with_height(self, plot: int, height: float) -> TraceLayout:
        """Another share of the height."""
        bounded = min(max(height, LOWEST), TALLEST)
        return self._put(plot, replace(self.plots[plot], height=round(bounded, 4)))

    def _put(self, plot: int, made: PlotChoice) -> TraceLayout:
        return replace(self, plots=(*self.plots[:plot], made, *self.plots[plot + 1 :]))

    # -- laps ---------------------------------------------------------------------------

    def with_lap(self, lap: LapChoice) -> TraceLayout:
        """One more lap over the others; the oldest goes when there are too many."""
        rest = tuple(one for one in self.laps if one != lap)
        return replace(self, laps=(*rest, lap)[-(MOST_LAPS - 1) :])

    def without_lap(self, lap: LapChoice) -> TraceLayout:
        """One lap less."""
        return replace(self, laps=tuple(one for one in self.laps if one != lap))

    # -- scales -------------------------------------------------------------------------

    def scale_of(self, name: ChannelName) -> tuple[float, float] | None:
        """Limits that were kept for a channel."""
        found = next((one for one in self.scales if one.channel == name), None)
        return (found.low, found.high) if found is not None else None

    def with_scale(self, name: ChannelName, low: float, high: float) -> TraceLayout:
        """Keep limits for a channel; such as no axis can have are not kept."""
        if not _usable(low, high):
            return self
        rest = tuple(one for one in self.scales if one.channel != name)
        return replace(self, scales=(*rest, KeptScale(name, low, high))[-MOST_SCALES:])

    # -- documents ----------------------------------------------------------------------

    def to_plain(self) -> dict[str, object]:
        """For a saved layout: lists, strings, numbers and booleans."""
        return {
            "plots": [
                {
                    "channels": [[c.group, c.channel] for c in plot.channels],
                    "height": float(plot.height),
                }
                for plot in self.plots
            ],
            "laps": [[one.car, one.lap] for one in self.laps],
            "apart": self.apart,
            "scales": [
                [one.channel.group, one.channel.channel, float(one.low), float(one.high)]
                for one in self.scales
            ],
        }

    @staticmethod
    def from_plain(doc: object) -> TraceLayout:
        """From :meth:`to_plain`'s form. Raises BadInput on anything else, or beyond the bounds."""
        if not isinstance(doc, Mapping):
            raise BadInput("traces: not a layout of plots")
        plots = tuple(_plot(one) for one in _rows(doc, "plots", MOST_PLOTS))
        laps = tuple(_lap(one) for one in _rows(doc, "laps", MOST_LAPS - 1))
        scales = tuple(_scale(one) for one in _rows(doc, "scales", MOST_SCALES))
        apart = doc.get("apart", False)
        if not isinstance(apart, bool):
            raise BadInput(f"traces: apart is {apart!r}, neither true nor false")
        return TraceLayout(plots, laps, apart, scales)


def _rows(doc: Mapping[Any, Any], key: str, most: int) -> list[Any]:
    rows = doc.get(key, [])
    if not isinstance(rows, list) or len(rows) > most:
        raise BadInput(f"traces: {key} is no list of at most {most}")
    return rows


def _plot(row: Any) -> PlotChoice:
    if not isinstance(row, Mapping):
        raise BadInput(f"traces: {row!r} is not a plot")
    channels = tuple(_name(one) for one in _rows(row, "channels", MOST_CHANNELS))
    height = _number(row.get("height", 1.0))
    if not channels or not LOWEST <= height <= TALLEST or len(set(channels)) < len(channels):
        raise BadInput(f"traces: a plot without channels, with one twice, or {height} high")
    return PlotChoice(channels, height)


def _name(row: Any) -> ChannelName:
    if not isinstance(row, list) or len(row) != 2:
        raise BadInput(f"traces: {row!r} is not a channel")
    return ChannelName(_text(row[0]), _text(row[1]))


def _lap(row: Any) -> LapChoice:
    good = isinstance(row, list) and len(row) == 2 and type(row[1]) is int
    if not good or not -1 <= row[1] < 1 << 16:
        raise BadInput(f"traces: {row!r} is not a car's lap")
    return LapChoice(_text(row[0]), row[1])


def _scale(row: Any) -> KeptScale:
    if not isinstance(row, list) or len(row) != 4:
        raise BadInput(f"traces: {row!r} is not a channel's scale")
    low, high = _number(row[2]), _number(row[3])
    if not _usable(low, high):
        raise BadInput(f"traces: no axis goes from {low} to {high}")
    return KeptScale(ChannelName(_text(row[0]), _text(row[1])), low, high)


def _usable(low: float, high: float) -> bool:
    return math.isfinite(high - low) and high - low > 1e-12 * max(abs(low), abs(high), 1.0)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        raise BadInput(f"traces: {value!r} is not a name")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadInput(f"traces: {value!r} is not a number")
    return float(value)
