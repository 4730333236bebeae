"""Curves of any length by pixel columns: least and greatest value in each, and no more.

The store gives bins narrower than a column (:meth:`pitwall.store.Columns.thin`), so that the work
is the same for a minute and for a day. Such a curve is filled column by column, with soft ends; a
pen would go over the same pixels again and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitwall.store import SessionStore, Thin
from pitwall.ui.plot.axis import Scale
from pitwall.ui.plot.canvas import Layer, Pixels
from pitwall.ui.plot.choice import Trace
from pitwall.ui.qt import QtCore, QtGui

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
Key = tuple[str, int]
"""Group and channel of a trace."""

FEW = 2
"""Samples fewer than the columns divided by this are joined by lines."""
SOFT = 4.0
"""Curves whose columns are shorter on average, in logical pixels, get soft ends; in a band nobody
sees them."""
LONGER_MOST = 16
DASH, DASHES = 3, 5
"""Columns drawn, of so many, where times were computed and not seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """A channel, a stroke for each pixel column that has samples.

    Attributes:
        column: intp[m], device pixel columns counted from the plot's left edge, rising; -1 and one
            beyond the last are neighbours out of view.
        low, high: float[m], finite. Neighbours of one run overlap or touch.
        starts: indices at which an unbroken run starts; the first is 0 when m > 0.
        closed: whether each run has a stroke in every column, so that it can be filled.
    """

    column: Index
    low: Floats
    high: Floats
    starts: Index
    closed: bool

    def bounds(self) -> list[Floats]:
        """Arrays that hold its least and greatest values."""
        return [self.low, self.high]


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """A channel whose samples are no more than the pixels.

    Attributes:
        t: int64[m], event time.
        y: float[m], finite.
        starts: as of :class:`Dense`.
    """

    t: NDArray[np.int64]
    y: Floats
    starts: Index

    def bounds(self) -> list[Floats]:
        """Arrays that hold its least and greatest values."""
        return [self.y]


_NOUGHT: Index = np.zeros(1, np.intp)

Curves = Mapping[Key, Dense | Sparse]


def curves_of(
    store: SessionStore,
    car: str,
    traces: Iterable[Trace],
    span: tuple[int, int],
    width: int,
    coarse: int = 1,
) -> dict[Key, Dense | Sparse]:
    """What is seen of a car's channels between two event times on ``width`` device pixels.
    Channels without samples there are left out. ``coarse``: from stretches so many times wider,
    of which the least and the greatest values are drawn all the same."""
    rows: dict[str, list[int]] = {}
    stepped: dict[str, list[bool]] = {}
    for trace in sorted(traces, key=lambda t: t.index):
        wanted = rows.setdefault(trace.group, [])
        if trace.index not in wanted:
            wanted.append(trace.index)
            stepped.setdefault(trace.group, []).append(trace.channel.step)
    found: dict[Key, Dense | Sparse] = {}
    for group, indices in rows.items():
        columns = store.columns(car, group)
        if columns is None:
            continue
        thin = columns.thin(indices, *span, max(width // coarse, 1))
        if not len(thin.t):
            continue
        if thin.exact and FEW * len(thin.t) <= width:
            for row, index in enumerate(indices):
                found[group, index] = _sparse(thin, row)
            continue
        place = (thin.t - span[0]).astype(np.float64)
        place *= width / max(span[1] - span[0], 1)
        if thin.exact and len(thin.t) <= 2 * width:
            for row, index in enumerate(indices):
                found[group, index] = _joined(thin, row, place, width, stepped[group][row])
        else:
            for index, dense in zip(indices, _dense(thin, place, width), strict=True):
                found[group, index] = dense
    return found


def _sparse(thin: Thin, row: int) -> Sparse:
    y = thin.low[row].astype(np.float64)
    good = np.isfinite(y)
    if good.all():
        return Sparse(thin.t, y, thin.starts)
    return Sparse(thin.t[good], y[good], _broken(thin.starts, good))


def _joined(thin: Thin, row: int, place: Floats, width: int, stepped: bool) -> Dense:
    """About as many samples as columns: the line between them, by columns. ``place`` are the
    samples' positions in columns; a stepped channel holds its value until the next sample."""
    some = _sparse(thin, row)
    y, starts = some.y, some.starts
    if len(y) < len(place):
        place = place[np.isfinite(thin.low[row])]
    if not len(y):
        return Dense(np.zeros(0, np.intp), y, y, starts, True)
    # What the line reads at each border of a column; nothing outside of runs.
    borders = np.arange(width + 1, dtype=np.float64)
    before = np.searchsorted(place, borders, "right") - 1
    read = y[np.maximum(before, 0)] if stepped else np.interp(borders, place, y)
    outside = (before < 0) | (borders > place[-1])
    ends = np.zeros(len(y), np.bool_)
    ends[starts[1:] - 1] = True
    outside |= ends[np.maximum(before, 0)] & (borders > place[np.maximum(before, 0)])
    read[outside] = np.nan
    low, high = np.fmin(read[:-1], read[1:]), np.fmax(read[:-1], read[1:])
    inside = slice(*np.searchsorted(place, (0.0, float(width))))
    column = place[inside].astype(np.intp)
    if len(column):
        first = np.flatnonzero(np.concatenate(([True], column[1:] != column[:-1])))
        at = column[first]
        low[at] = np.fmin(low[at], np.fmin.reduceat(y[inside], first))
        high[at] = np.fmax(high[at], np.fmax.reduceat(y[inside], first))
    seen = np.flatnonzero(np.isfinite(low))
    # Where columns are left out a run ends; neighbours of two runs have no border in common.
    apart = np.diff(seen, prepend=-2) > 1
    apart[1:] |= ~np.isfinite(read[seen[1:]])
    low, high = low[seen], high[seen]
    return Dense(seen, low, high, np.flatnonzero(apart), True)


def _dense(thin: Thin, place: Floats, width: int) -> list[Dense]:
    """All channels of a group: where their samples fall is found once."""
    column = np.floor(np.clip(place, -1.0, width)).astype(np.intp)
    first = np.flatnonzero(column[1:] != column[:-1]) + 1
    first = np.concatenate((_NOUGHT, first))
    low = reduced(np.fmin, thin.low, first)
    high = reduced(np.fmax, thin.high, first)
    column = column[first]
    starts: Index = _NOUGHT
    if len(thin.starts) > 1:
        # A run that starts within a column is a hole narrower than a pixel.
        begins = np.isin(first, thin.starts)
        begins[0] = True
        starts = np.flatnonzero(begins)
    good = np.isfinite(low) & np.isfinite(high)
    if good.all():
        whole = _closed(column, starts)
        _join(low, high, starts)
        return [Dense(column, low[row], high[row], starts, whole) for row in range(len(low))]
    made = []
    for row, some in enumerate(good):
        where = _broken(starts, some)
        lower, upper, at = low[row][some], high[row][some], column[some]
        _join(lower, upper, where)
        made.append(Dense(at, lower, upper, where, _closed(at, where)))
    return made


def _join(low: Floats, high: Floats, starts: Index) -> None:
    """Each column reaches to where the one before ended; not over the start of a run."""
    below = np.minimum(low[..., 1:], high[..., :-1])
    above = np.maximum(high[..., 1:], low[..., :-1])
    inner = starts[1:] - 1
    if len(inner):
        below[..., inner] = low[..., inner + 1]
        above[..., inner] = high[..., inner + 1]
    low[..., 1:], high[..., 1:] = below, above


def _closed(column: Index, starts: Index) -> bool:
    inner = column[1:] - column[:-1] == 1
    if len(starts) > 1:
        inner[starts[1:] - 1] = True
    return bool(inner.all())


def reduced(least: np.ufunc, values: NDArray[np.floating], first: Index) -> Any:
    """As ``least.reduceat(values, first, axis=1)``, for ``np.fmin`` or ``np.fmax``.

    Stretches of about the same length are covered by two of a power of two that overlap: a few
    operations on whole rows instead of one for each stretch.
    """
    ends = first[2:]
    begin = first[1:-1]
    lengths = ends - begin
    if len(lengths) < 8:
        return least.reduceat(values, first, axis=1)
    power = 1 << (int(lengths.min()).bit_length() - 1)
    # A few may be longer, as those of the newest samples are, which are in no wide bins yet.
    longer = np.flatnonzero(lengths > 2 * power)
    if len(longer) > LONGER_MOST:
        return least.reduceat(values, first, axis=1)
    doubled, reach = values, 1
    while reach < power:
        doubled = least(doubled[:, :-reach], doubled[:, reach:])
        reach *= 2
    out = np.empty((len(values), len(first)), values.dtype)
    out[:, 1:-1] = doubled.take(begin, axis=1)
    if int(lengths.max()) > power:
        least(out[:, 1:-1], doubled.take(ends - power, axis=1), out=out[:, 1:-1])
    for i in longer.tolist():
        least.reduce(values[:, begin[i] : ends[i]], axis=1, out=out[:, i + 1])
    # The outermost hold what is left over of the stretch beyond the view.
    least.reduce(values[:, : first[1]], axis=1, out=out[:, 0])
    least.reduce(values[:, first[-1] :], axis=1, out=out[:, -1])
    return out


def _broken(starts: Index | NDArray[np.int64], good: NDArray[np.bool_]) -> Index:
    """The starts of what is left of some samples; where others were left out, one more."""
    run = np.zeros(len(good), np.int64)
    run[starts] = 1
    run = (np.cumsum(run) + np.cumsum(~good))[good]
    if not len(run):
        return np.zeros(0, np.intp)
    return np.flatnonzero(np.concatenate(([True], run[1:] != run[:-1])))


def corners(dense: Dense, y: Scale) -> tuple[Floats, Floats]:
    """The points of a line through all columns, up and down each: ``(column, pixel)``."""
    px = np.stack((y.pixels(dense.low), y.pixels(dense.high)), axis=1)
    return np.repeat(dense.column + 0.5, 2), px.reshape(-1)


def fill(
    painter: QtGui.QPainter,
    layer: Layer,
    dense: Dense,
    y: Scale,
    area: QtCore.QRect,
    colour: QtGui.QColor,
    *,
    thick: float,
    dashed: bool = False,
) -> None:
    """Fill a curve's columns.

    Args:
        painter: where to; it clips to ``area``.
        layer: room for the pixels on their way there.
        dense: the curve.
        y: values to logical pixels.
        area: the plot in logical pixels.
        colour: of the curve.
        thick: height of a level line, logical pixels.
        dashed: leave out two columns of five.
    """
    ratio = layer.ratio
    width, height = round(area.width() * ratio), round(area.height() * ratio)
    half = thick * ratio / 2
    slope = y.factor * ratio
    shift = (y.start - y.low * y.factor - area.top()) * ratio
    upper = dense.high * slope
    upper += shift - half
    lower = dense.low * slope
    lower += shift + half
    column = dense.column
    if dashed or (len(column) and (column[0] < 0 or column[-1] >= width)):
        seen = (column >= 0) & (column < width)
        if dashed:
            seen &= column % DASHES < DASH
        column, upper, lower = column[seen], upper[seen], lower[seen]
    if not len(column):
        return
    for ends in (upper, lower):
        np.maximum(ends, -1.0, out=ends)
        np.minimum(ends, height, out=ends)
    soft = float((lower - upper).sum()) < (SOFT + thick) * ratio * len(column)
    if soft:
        begin, end = np.ceil(upper), np.floor(lower)
    else:  # whole pixels, one at least
        begin, end = np.rint(upper), np.rint(lower)
        np.maximum(end, begin + 1.0, out=end)
    # A row more on each side for what is covered in part; the painter cuts off what is too much.
    top = int(begin.min()) - 1
    rows = int(end.max()) + 1 - top
    pixels = layer.taken(rows, width)
    # Whole pixels of each column: as unsigned numbers, rows above the first count as far below.
    kind = np.uint8 if rows < 256 else np.uint16
    if len(column) == width:
        first, count = (begin - top).astype(kind), np.maximum(end - begin, 0.0).astype(kind)
    else:
        first, count = np.zeros(width, kind), np.zeros(width, kind)
        first[column], count[column] = begin - top, np.maximum(end - begin, 0.0)
    rank = np.arange(rows).astype(kind)[:, None]
    inside = np.subtract(rank, first) < count
    np.multiply(inside, np.uint32(colour.rgb()), out=pixels)
    if soft:
        above, below = begin - upper, lower - end
        within = begin > end  # all of it in one pixel
        if within.any():
            above = np.where(within, lower - upper, above)
            below = np.where(within, 0.0, below)
        ramp = _ramp(colour.rgb())
        for row, part in ((end - top, below), (begin - (top + 1), above)):
            part *= 255.0
            pixels[row.astype(np.intp), column] = ramp[part.astype(np.intp)]
    painter.drawImage(QtCore.QPointF(area.left(), area.top() + top / ratio), layer.image())


@lru_cache(maxsize=64)
def _ramp(colour: int) -> Pixels:
    """uint32[256], the colour at each opacity, premultiplied as Qt wants it."""
    alpha = np.arange(256, dtype=np.uint32)
    out: Pixels = alpha << np.uint32(24)
    for shift in (0, 8, 16):
        part = np.uint32((colour >> shift) & 255) * alpha // np.uint32(255)
        out |= part << np.uint32(shift)
    return out
