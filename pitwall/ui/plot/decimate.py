"""At most two points per pixel column, and no extreme lost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def decimate(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Thin one unbroken run to at most two points per pixel column.

    Args:
        x: float64[n], positions in pixels, non-decreasing.
        y: float64[n], finite.

    Returns:
        ``(x, y)``. A column with one sample keeps it; one with more keeps its least and its
        greatest value, in the order in which the column was entered and left, at the places of
        its first and last sample. A run that is thin enough comes back unchanged.
    """
    n = len(x)
    if n < 3:
        return x, y
    column = np.floor(x)
    first = np.flatnonzero(np.concatenate(([True], column[1:] != column[:-1])))
    if 2 * len(first) >= n and np.diff(first, append=n).max() <= 2:
        return x, y
    last = np.append(first[1:], n) - 1
    low, high = np.minimum.reduceat(y, first), np.maximum.reduceat(y, first)
    rising = y[first] <= y[last]
    out_x = np.empty((len(first), 2))
    out_y = np.empty((len(first), 2))
    out_x[:, 0], out_x[:, 1] = x[first], x[last]
    out_y[:, 0] = np.where(rising, low, high)
    out_y[:, 1] = np.where(rising, high, low)
    keep = np.ones((len(first), 2), np.bool_)
    keep[:, 1] = last > first
    return out_x[keep], out_y[keep]


def steps(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The corners of a quantity that holds its value until the next sample."""
    return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]


def envelope(
    x: Floats, low: Floats, high: Floats, columns: int
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Least and greatest value in each of ``columns`` pixel columns that has a sample.

    Args:
        x: float64[n], positions in pixels, non-decreasing; outside 0..columns is left out.
        low, high: float64[n], finite; least and greatest value from each position to the next.

    Returns:
        ``(column int64[m], low float64[m], high float64[m])``.
    """
    inside = slice(*np.searchsorted(x, (0.0, float(columns))))
    x, low, high = x[inside], low[inside], high[inside]
    if not len(x):
        empty = np.empty(0)
        return np.empty(0, np.int64), empty, empty
    column = x.astype(np.int64)
    first = np.flatnonzero(np.concatenate(([True], column[1:] != column[:-1])))
    return column[first], np.minimum.reduceat(low, first), np.maximum.reduceat(high, first)
