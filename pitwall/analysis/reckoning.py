"""The way round of a car that sends neither position nor usable lap distance: its speed, added up
from one mark of the line to the next."""

from __future__ import annotations

import numpy as np

from pitwall.analysis.signals import Floats, Signals, Times, read
from pitwall.analysis.sources import line_marks
from pitwall.store import SessionStore

_BACK_US = 900_000_000
"""The mark before may lie this far back: no lap takes longer."""
SAME_WAY = 0.03
"""Ways of whole laps differ by no more; beyond it a mark was missed, or speed is."""


def reckoned(
    store: SessionStore, signals: Signals, car: str, length: float, lo: int, hi: int
) -> tuple[Times, Floats]:
    """Moments of speed samples between ``lo`` and ``hi`` and metres on the lap there; what lies
    before the first mark counts backwards from it."""
    t, v = read(store, car, signals.speed, lo - _BACK_US, hi, margin=1)
    if len(t) < 2:
        return np.zeros(0, np.int64), np.zeros(0)
    own, _ = line_marks(store, signals, car, lo - _BACK_US, hi + _BACK_US)
    speed = v[0] * signals.speed_factor
    way = np.concatenate([[0.0], np.cumsum(np.diff(t) / 1e6 * (speed[1:] + speed[:-1]) / 2)])
    at = np.array([m.t_us for m in own], np.int64)
    marked = np.interp(at, t, way)
    which = np.searchsorted(at, t, "right")
    start = marked[np.maximum(which - 1, 0)] if len(at) else np.zeros(len(t))
    s = way - start
    if len(at):
        first = which == 0
        s[first] = length - (marked[0] - way[first])
        # both ends of a lap are known: its metres are scaled so that they meet
        laps = np.diff(marked)
        usual = np.abs(laps / length - 1) <= SAME_WAY
        scale = np.ones(len(at) + 1)
        scale[1:-1][usual] = length / laps[usual]
        s = np.where(first, s, s * scale[which])
    keep = (t >= lo) & (t <= hi) & (s >= 0)
    return t[keep], np.minimum(s[keep], np.nextafter(length, 0.0))
