"""Where a picture goes: boxes, the shared axis, and a scale for each channel of each plot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pitwall.ui.picture import Line, Picture, Plot
from pitwall.ui.plot.axis import Scale, nice_limits
from pitwall.ui.plot.boxes import Box, Boxes
from pitwall.ui.plot.columns import Curves
from pitwall.ui.plot.furniture import Style
from pitwall.ui.units import shown

Limits = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Strip:
    """One plot where it is drawn.

    Attributes:
        plot: what it shows.
        box: where.
        y: for each of its rows, stored values to pixels.
        ticks: the first row's values as they are shown, to pixels.
    """

    plot: Plot
    box: Box
    y: tuple[Scale, ...]
    ticks: Scale


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a picture goes: the boxes, the shared x scale, and the plots under the delta's."""

    boxes: Boxes
    x: Scale
    strips: tuple[Strip, ...]


@dataclass(frozen=True, slots=True)
class Painted:
    """What was drawn where, for the cursor.

    Attributes:
        x: the shared axis.
        y: one scale per plot, that of its first channel; the delta's first where there is one.
        strips: the plots without the delta's.
    """

    x: Scale
    y: tuple[Scale, ...]
    strips: tuple[Strip, ...]


def lay_out(
    picture: Picture,
    boxes: Boxes,
    span: tuple[float, float],
    style: Style,
    curves: Iterable[Curves] = (),
) -> Frame:
    """Scales for a picture within ``boxes``, ``span`` of the axis in view; ``curves`` are those of
    a whole session, one for each car."""
    x = boxes.x_scale(*span)
    under = boxes.plots[1:] if picture.delta is not None else boxes.plots
    known = tuple(curves)
    strips = []
    for plot, box in zip(picture.stack, under, strict=True):
        limits = _plot_limits(picture, plot, x, style, known)
        y = tuple(box.scale(*each) for each in limits)
        how = shown(picture.traces[plot.rows[0]].channel, style.units).conversion
        low, high = how.value(y[0].low), how.value(y[0].high)
        strips.append(Strip(plot, box, y, Scale(low, high, y[0].start, y[0].end)))
    return Frame(boxes, x, tuple(strips))


def _plot_limits(
    picture: Picture, plot: Plot, x: Scale, style: Style, curves: tuple[Curves, ...]
) -> list[Limits]:
    """Limits of each row; rows of one unit have them in common, so that they can be compared."""
    own = [_limits(picture, row, x, style, curves) for row in plot.rows]
    if len(own) == 1:
        return own
    traces = [picture.traces[row] for row in plot.rows]
    units = [shown(trace.channel, style.units).unit for trace in traces]
    out = []
    for unit in units:
        alike = [limits for limits, other in zip(own, units, strict=True) if other == unit]
        out.append((min(low for low, _ in alike), max(high for _, high in alike)))
    return out


def _limits(
    picture: Picture, row: int, x: Scale, style: Style, curves: tuple[Curves, ...]
) -> Limits:
    """Those kept, else the channel's own, else of what is in view."""
    trace = picture.traces[row]
    kept = style.layout.scale_of(trace.name) if style.layout.scales else None
    if kept is not None:
        return kept
    if trace.channel.high > trace.channel.low:
        return trace.channel.low, trace.channel.high
    found = seen_limits(picture, row, x, curves)
    return nice_limits(*found) if found is not None else (0.0, 1.0)


def seen_limits(
    picture: Picture, row: int, x: Scale, curves: tuple[Curves, ...] = ()
) -> Limits | None:
    """Least and greatest value of a channel in view, of all laps and cars; None without any."""
    trace = picture.traces[row]
    sets = (picture.lines, picture.reference_lines, *(one.lines for one in picture.others))
    parts = [visible(line, x)[1] for lines in sets if (line := at(lines, row)) is not None]
    for each in curves:
        curve = each.get(trace.key)
        if curve is not None:
            parts += curve.bounds()
    parts = [part for part in parts if len(part)]
    if not parts:
        return None
    return min(float(p.min()) for p in parts), max(float(p.max()) for p in parts)


def at(lines: tuple[Line, ...], index: int) -> Line | None:
    """The line of a trace, where there is one."""
    return lines[index] if index < len(lines) else None


def visible(line: Line, x: Scale) -> tuple[slice, np.ndarray]:
    """The part of the line within the axis and one sample either side."""
    first, last = np.searchsorted(line.x, (x.low, x.high))
    part = slice(max(int(first) - 1, 0), int(last) + 1)
    return part, line.y[part]
