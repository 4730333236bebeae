"""Progress round a lap as a function of time: the axis on which laps are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pitwall.analysis.knots import Knots, ahead, knots
from pitwall.analysis.laps import Lap
from pitwall.analysis.learn import Circuit
from pitwall.analysis.signals import Floats, Signals, Times
from pitwall.store import SessionStore

_FINE_US = 60_000
_BACK_M = 40.0
"""A fall of progress beyond this at the ends of a lap is the neighbouring lap's."""


@dataclass(frozen=True, slots=True, eq=False)
class LapAxis:
    """Time against progress on one lap.

    Attributes:
        t: int64[n], event time, strictly ascending.
        s: float64[n], metres, never falling; 0 at the start line.
        length_m: lap length; ``s[-1]`` of a finished lap.
        whole: True when the lap is finished, so that both ends are crossings.
    """

    t: Times
    s: Floats
    length_m: float
    whole: bool

    def time_at(self, s: Floats) -> Floats:
        """Seconds since the start of the lap at progress ``s``, NaN beyond what was driven."""
        seconds = (self.t - self.t[0]) / 1e6
        times: Floats = np.interp(s, self.s, seconds, right=np.nan)
        return times

    def progress_at(self, t: Times) -> Floats:
        """Metres at event times ``t``, held at the ends."""
        return np.interp(t, self.t, self.s)


def axis_of(way: Knots, t_start: int, t_end: int | None, length: float) -> LapAxis:
    """The axis of a lap from the car's ``way`` within it.

    The ends are exact: 0 at ``t_start`` and ``length`` at ``t_end``; in between progress never
    falls, and follows the speed where samples are sparse.
    """
    inside = way.t > t_start
    if t_end is not None:
        inside &= way.t < t_end
    t, s, v = way.t[inside], way.s[inside], way.v[inside]
    if len(t):
        # Noise may put the first samples before the line and the last ones behind it.
        middle = t_start + ((t_end or int(t[-1])) - t_start) / 2
        s = np.where((t < middle) & (s > length - _BACK_M), 0.0, s)
        if t_end is not None:
            s = np.where((t > middle) & (s < _BACK_M), length, s)
        s = np.minimum(np.maximum.accumulate(np.maximum(s, 0.0)), length)
    t = np.concatenate([[t_start], t]).astype(np.int64)
    s = np.concatenate([[0.0], s])
    v = np.concatenate([v[:1] if len(v) else [0.0], v])
    if t_end is not None:
        t = np.concatenate([t, [t_end]]).astype(np.int64)
        s = np.concatenate([s, [length]])
        v = np.concatenate([v, v[-1:]])
    t, s = _fine(t, s, v)
    return LapAxis(t, s, length, t_end is not None)


def lap_axis(
    store: SessionStore, car: str, lap: Lap, circuit: Circuit, signals: Signals | None = None
) -> LapAxis:
    """The axis of any lap, read from the store. A lap that is not finished ends with the data."""
    signals = signals or Signals.of(store.session.catalog)
    t_end = lap.t_end if lap.t_end is not None else store.latest_us(car)
    way = knots(store, signals, circuit, car, lap.t_start, t_end)
    return axis_of(way, lap.t_start, lap.t_end, circuit.length_m)


def _fine(t: Times, s: Floats, v: Floats) -> tuple[Times, Floats]:
    """Insert points where samples are further apart than 60 ms: cubic pieces whose slopes are the
    speeds, limited so that progress cannot fall (Fritsch and Carlson 1980)."""
    dt = np.diff(t)
    pieces = np.minimum(np.maximum(np.ceil(dt / _FINE_US).astype(np.int64), 1), 50)
    if len(t) < 2 or (pieces == 1).all():
        return t, s
    h = dt / 1e6
    secant = np.diff(s) / np.maximum(h, 1e-9)
    lo, hi = v[:-1], v[1:]
    # Scale the speeds to the way that was driven: they may be a little off.
    ratio = np.clip(2 * secant / np.maximum(lo + hi, 1e-6), 0.5, 2.0)
    lo = np.clip(lo * ratio, 0.0, 3 * secant)
    hi = np.clip(hi * ratio, 0.0, 3 * secant)
    which = np.repeat(np.arange(len(dt)), pieces)
    first = np.concatenate([[0], np.cumsum(pieces)[:-1]])
    u = (np.arange(len(which)) - first[which]) / pieces[which]
    u2, u3 = u * u, u * u * u
    at = (
        s[:-1][which] * (2 * u3 - 3 * u2 + 1)
        + s[1:][which] * (3 * u2 - 2 * u3)
        + h[which] * (lo[which] * (u3 - 2 * u2 + u) + hi[which] * (u3 - u2))
    )
    times = t[:-1][which] + np.rint(u * dt[which]).astype(np.int64)
    t_all = np.concatenate([times, t[-1:]])
    s_all = np.maximum.accumulate(np.concatenate([at, s[-1:]]))
    s_all = np.minimum(s_all, s[-1])
    keep = np.concatenate([np.diff(t_all) > 0, [True]])
    return t_all[keep], s_all[keep]


def way_length(s: Floats, length: float) -> float:
    """Metres driven forward along knots ``s``."""
    return float(np.maximum(ahead(s[:-1], s[1:], length), 0.0).sum())
