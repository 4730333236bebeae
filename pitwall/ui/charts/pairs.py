"""One channel against another, sample by sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.store import SessionStore
from pitwall.ui.charts.parts import Part, Series, series_of
from pitwall.ui.plot.choice import Trace

CELLS = 512
"""Points are told apart on a grid so fine; nobody sees finer."""
APART = 2.0
"""Neighbours further apart than this many sample intervals have nothing known between them."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Cloud:
    """One part's points, each place once.

    Attributes:
        part: of which samples.
        x, y: float64[m].
        count: pairs before places were counted once.
        left_out: samples of one channel for which the other had none near enough.
    """

    part: Part
    x: Floats
    y: Floats
    count: int
    left_out: int


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """All parts.

    Attributes:
        across, up: the channels.
        clouds: one for each part that has pairs.
        how: how samples were brought together; empty when both were measured together.
    """

    across: Trace
    up: Trace
    clouds: tuple[Cloud, ...]
    how: str


def pairs_of(store: SessionStore, parts: tuple[Part, ...], across: Trace, up: Trace) -> Pairs:
    """Pairs of two channels. Channels of one group were measured together. Otherwise the one that
    is sampled more often is read at the times of the other: on the straight line between its two
    neighbours, or for a channel that goes in steps, the newest before; never over a hole."""
    clouds = []
    how = ""
    for part in parts:
        a, b = series_of(store, part, across), series_of(store, part, up)
        if across.group == up.group:
            x, y, lost = _together(a, b)
        else:
            swap = len(a.t) > len(b.t)
            slow, fast = (b, a) if swap else (a, b)
            quick = across if swap else up
            values, good = _read(fast, slow.t, held=quick.channel.step)
            lost = int((~good).sum())
            mine, read = slow.y[good], values[good]
            x, y = (read, mine) if swap else (mine, read)
            way = "newest before" if quick.channel.step else "straight line between neighbours"
            how = f"{quick.title} read at the other's times ({way})"
        if len(x):
            seen = _once(x, y)
            clouds.append(Cloud(part, x[seen], y[seen], len(x), lost))
    return Pairs(across, up, tuple(clouds), how)


def _together(a: Series, b: Series) -> tuple[Floats, Floats, int]:
    if len(a.t) == len(b.t) and np.array_equal(a.t, b.t):
        return a.y, b.y, 0
    t, i, j = np.intersect1d(a.t, b.t, return_indices=True)
    return a.y[i], b.y[j], max(len(a.t), len(b.t)) - len(t)


def _read(series: Series, t: NDArray[np.int64], *, held: bool) -> tuple[Floats, NDArray[np.bool_]]:
    """Values at other times, and where they are known."""
    n = len(series.t)
    if n < 2:
        return np.zeros(len(t)), np.zeros(len(t), np.bool_)
    before = np.searchsorted(series.t, t, "right") - 1
    inside = (before >= 0) & (t <= series.t[-1])
    first = np.clip(before, 0, n - 2)
    broken = np.zeros(n, np.bool_)
    broken[series.starts] = True
    usual = float(np.median(np.diff(series.t)))
    exact = series.t[np.clip(before, 0, n - 1)] == t
    far = (series.t[first + 1] - series.t[first] > APART * usual) | broken[first + 1]
    good = inside & (exact | ~far)
    if held:
        return series.y[np.clip(before, 0, n - 1)], good
    return np.interp(t, series.t, series.y), good


def _once(x: Floats, y: Floats) -> NDArray[np.intp]:
    """One index for each place on the grid."""
    place = _grid(x) * (CELLS + 1) + _grid(y)
    first: NDArray[np.intp] = np.unique(place, return_index=True)[1]
    return first


def _grid(values: Floats) -> NDArray[np.int64]:
    low, high = float(values.min()), float(values.max())
    span = high - low if high > low else 1.0
    return ((values - low) * (CELLS / span)).astype(np.int64)
