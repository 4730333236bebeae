"""Curves of any length by pixel columns: least and greatest value in each, and no more.

The store gives bins narrower than a column (:meth:`pitwall.store.Columns.thin`), so that the work
is the same for a minute and for a day. A curve that goes up and down more than along is filled
column by column; a pen would go over the same pixels again and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.store import SessionStore, Thin
from pitwall.ui.plot.axis import Scale
from pitwall.ui.plot.canvas import Canvas
from pitwall.ui.plot.choice import Trace
from pitwall.ui.qt import QtCore

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
Key = tuple[str, int]
"""Group and channel of a trace."""

STEEP = 3.0
"""Pixels up and down for each one along, from which on a curve is filled."""
DASH, DASHES = 3, 5
"""Columns drawn, of so many, where times were computed and not seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """A channel, a stroke for each pixel column that has samples.

    Attributes:
        column: intp[m], device pixel columns counted from the plot's left edge, rising; -1 and one
            beyond the last are neighbours out of view.
        low, high: float[m], finite.
        rises: bool[m], whether the curve leaves the column higher than it came.
        starts: indices at which an unbroken run starts; the first is 0 when m > 0.
    """

    column: Index
    low: Floats
    high: Floats
    rises: NDArray[np.bool_]
    starts: Index


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


Curves = Mapping[Key, Dense | Sparse]


def curves_of(
    store: SessionStore,
    car: str,
    traces: Iterable[Trace],
    span: tuple[int, int],
    width: int,
) -> dict[Key, Dense | Sparse]:
    """What is seen of a car's channels between two event times on ``width`` device pixels.
    Channels without samples there are left out."""
    rows: dict[str, list[int]] = {}
    for trace in traces:
        wanted = rows.setdefault(trace.group, [])
        if trace.index not in wanted:
            wanted.append(trace.index)
    found: dict[Key, Dense | Sparse] = {}
    for group, indices in rows.items():
        columns = store.columns(car, group)
        if columns is None:
            continue
        indices.sort()
        thin = columns.thin(indices, *span, width)
        if not len(thin.t):
            continue
        if thin.exact and len(thin.t) <= 2 * width:
            for row, index in enumerate(indices):
                found[group, index] = _sparse(thin, row)
        else:
            for index, dense in zip(indices, _dense(thin, span, width), strict=True):
                found[group, index] = dense
    return found


def _sparse(thin: Thin, row: int) -> Sparse:
    y = thin.low[row].astype(np.float64)
    good = np.isfinite(y)
    if good.all():
        return Sparse(thin.t, y, thin.starts)
    return Sparse(thin.t[good], y[good], _broken(thin.starts, good))


def _dense(thin: Thin, span: tuple[int, int], width: int) -> list[Dense]:
    """All channels of a group: where their samples fall is found once."""
    place = (thin.t - span[0]) * (width / max(span[1] - span[0], 1))
    column = np.clip(np.floor(place), -1, width).astype(np.intp)
    first = np.flatnonzero(np.concatenate(([True], column[1:] != column[:-1])))
    last = np.append(first[1:], len(column)) - 1
    low = np.fmin.reduceat(thin.low, first, axis=1)
    high = low if thin.exact and len(first) == len(column) else None
    if high is None:
        high = np.fmax.reduceat(thin.high, first, axis=1)
    came = thin.low[:, first] + thin.high[:, first]
    left = thin.low[:, last] + thin.high[:, last]
    rises = ~(left < came)
    # A run that starts within a column is a hole narrower than a pixel.
    begins = np.isin(first, thin.starts)
    begins[0] = True
    column = column[first]
    starts = np.flatnonzero(begins)
    made = []
    for row in range(len(low)):
        good = np.isfinite(low[row]) & np.isfinite(high[row])
        if good.all():
            made.append(Dense(column, low[row], high[row], rises[row], starts))
            continue
        where = _broken(starts, good)
        made.append(
            Dense(column[good], low[row][good], high[row][good], rises[row][good], where)
        )
    return made


def _broken(starts: Index | NDArray[np.int64], good: NDArray[np.bool_]) -> Index:
    """The starts of what is left of some samples; where others were left out, one more."""
    run = np.zeros(len(good), np.int64)
    run[starts] = 1
    run = (np.cumsum(run) + np.cumsum(~good))[good]
    if not len(run):
        return np.zeros(0, np.intp)
    return np.flatnonzero(np.concatenate(([True], run[1:] != run[:-1])))


def corners(dense: Dense, y: Scale) -> tuple[Floats, Floats]:
    """The points of a line through all columns, two for each: ``(column, pixel)``."""
    px = np.empty((len(dense.column), 2))
    upper = np.where(dense.rises, dense.low, dense.high)
    lower = np.where(dense.rises, dense.high, dense.low)
    px[:, 0], px[:, 1] = y.pixels(upper), y.pixels(lower)
    return np.repeat(dense.column + 0.5, 2), px.reshape(-1)


def steep(dense: Dense, y: Scale) -> bool:
    """Whether to fill it rather than to draw a line."""
    if len(dense.column) < 2:
        return False
    inner = np.diff(dense.column) == 1
    inner[dense.starts[1:] - 1] = True
    up = float((dense.high - dense.low).sum()) * abs(y.factor)
    return bool(inner.all()) and up > STEEP * len(dense.column)


def fill(
    canvas: Canvas,
    dense: Dense,
    y: Scale,
    area: QtCore.QRect,
    colour: int,
    *,
    thick: float,
    dashed: bool = False,
) -> None:
    """Fill a curve's columns with ``colour``, 0xffRRGGBB.

    Args:
        canvas: what to paint on.
        dense: the curve.
        y: values to logical pixels.
        area: the plot in logical pixels; nothing beyond it is touched.
        colour: of the curve.
        thick: height of a level line, logical pixels.
        dashed: leave out two columns of five.
    """
    ratio = canvas.ratio
    left, top = round(area.left() * ratio), round(area.top() * ratio)
    pixels = canvas.pixels[
        top : round((area.bottom() + 1) * ratio), left : round((area.right() + 1) * ratio)
    ]
    height, width = pixels.shape
    upper = y.pixels(dense.high) * ratio - top
    lower = y.pixels(dense.low) * ratio - top
    # Each column reaches to where the one before it ended.
    joined = np.ones(len(upper), np.bool_)
    joined[dense.starts] = False
    joined = joined[1:]
    reach_up = np.where(joined, np.minimum(upper[1:], lower[:-1]), upper[1:])
    reach_down = np.where(joined, np.maximum(lower[1:], upper[:-1]), lower[1:])
    upper[1:], lower[1:] = reach_up, reach_down
    half = thick * ratio / 2
    seen = (dense.column >= 0) & (dense.column < width)
    if dashed:
        seen &= dense.column % DASHES < DASH
    first = np.full(width, height, np.int16)
    last = np.full(width, -1, np.int16)
    at = dense.column[seen]
    first[at] = np.clip(np.floor(upper[seen] - half + 0.5), 0, height)
    last[at] = np.clip(np.ceil(lower[seen] + half - 0.5), -1, height - 1)
    lo, hi = int(first.min()), int(last.max()) + 1
    if lo >= hi:
        return
    rows = np.arange(lo, hi, dtype=np.int16)[:, None]
    inside = rows >= first
    inside &= rows <= last
    np.copyto(pixels[lo:hi], np.uint32(colour), where=inside)
