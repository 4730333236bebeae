"""Where the numbers of cars stand on the map: beside their dots, and on nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pitwall.ui.qt import QtCore

Floats = NDArray[np.float64]
LINE_STEP = 4
"""Of the outline's points every so many-th is enough to stay away from it: they lie closer than the
line is wide."""
RINGS = (1.0, 2.6, 4.4, 6.4)
"""Distances from a dot at which a place for its number is looked for, the nearest first."""


# left = x + a * away + b * width; top = y + c * away + d * height
_AROUND = np.array(
    [
        (1, 0, 0, -0.5),
        (-1, -1, 0, -0.5),
        (0, -0.5, -1, -1),
        (0, -0.5, 1, 0),
        (0.8, 0, -1, -0.6),
        (-0.8, -1, -1, -0.6),
        (0.8, 0, 0.7, 0),
        (-0.8, -1, 0.7, 0),
    ]
)
"""Eight places for a label around a dot, the best first."""


def box(rect: QtCore.QRectF) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    left, top = rect.x(), rect.y()
    return left, top, left + rect.width(), top + rect.height()


def free_spot(
    x: float,
    y: float,
    away: float,
    width: float,
    height: float,
    taken: Floats,
    line: tuple[Floats, Floats],
    room: QtCore.QRectF,
) -> QtCore.QRectF | None:
    """A place for a label beside a dot that hits nothing drawn so far, as near as there is one, and
    of those the one furthest from the track's ``line``; None when there is none within ``room``.

    All places against all boxes (``taken``, float64[m, 4]: left, top, right, bottom) at once: a
    field of forty has a hundred thousand pairs.
    """
    aways = np.repeat(np.array(RINGS) * away, len(_AROUND))
    a, b, c, d = np.tile(_AROUND, (len(RINGS), 1)).T
    left, top = x + a * aways + b * width, y + c * aways + d * height
    right, bottom = left + width, top + height
    x0, y0, x1, y1 = box(room)
    free = (left >= x0) & (top >= y0) & (right <= x1) & (bottom <= y1)
    boxes = taken.T[:, :, None]
    hits = (left - 2 < boxes[2]) & (right + 2 > boxes[0])
    hits &= (top - 2 < boxes[3]) & (bottom + 2 > boxes[1])
    free &= ~hits.any(axis=0)
    for first in range(0, len(free), len(_AROUND)):
        spots = np.flatnonzero(free[first : first + len(_AROUND)]) + first
        if not len(spots):
            continue
        best = int(spots[0])
        if len(line[0]):
            # Words are wider than high: a line above or below is further away than one beside.
            across: Floats = (left[spots] + width / 2)[:, None] - line[0]
            along: Floats = ((top[spots] + height / 2)[:, None] - line[1]) * 1.4
            best = int(spots[int(np.argmax((across**2 + along**2).min(axis=1)))])
        return QtCore.QRectF(left[best], top[best], width, height)
    return None


def nearest_edge(spot: QtCore.QRectF, x: float, y: float) -> QtCore.QPointF:
    """The point of a label's edge that is nearest to its dot."""
    return QtCore.QPointF(
        min(max(x, spot.left() - 2), spot.right() + 2),
        min(max(y, spot.top() - 2), spot.bottom() + 2),
    )
