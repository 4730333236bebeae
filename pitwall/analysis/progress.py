"""Progress round a lap as a function of time: the axis on which laps are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pitwall.analysis.knots import Knots, knots
from pitwall.analysis.laps import Lap, largest_gap_us
from pitwall.analysis.learn import Circuit
from pitwall.analysis.signals import Floats, Signals, Times, read
from pitwall.store import SessionStore

Stretches = tuple[tuple[float, float], ...]

_FINE_US = 60_000
_SAME_WAY = (0.8, 1.25)
"""The way by speed may differ so much from that between positions; otherwise something is wrong
with one of them, a lap in the hole perhaps."""
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
        carried: (from, to) in metres where no position came and the way was driven by the
            measured speed, scaled to end where positions come again.
        blind: (from, to) in metres where nothing tells when the car was where.
        over: True when samples go on behind the line of a lap that has no end yet, because the
            timing has not come so far; they are the next lap's, and not in here.
    """

    t: Times
    s: Floats
    length_m: float
    whole: bool
    carried: Stretches = ()
    blind: Stretches = ()
    over: bool = False

    def time_at(self, s: Floats) -> Floats:
        """Seconds since the start of the lap at progress ``s``, NaN beyond what was driven and
        where the car was not seen."""
        seconds = (self.t - self.t[0]) / 1e6
        times: Floats = np.interp(s, self.s, seconds, right=np.nan)
        # Of samples that noise puts on the line itself the crossing is the first.
        times[np.asarray(s) <= self.s[0]] = 0.0
        for lo, hi in self.blind:
            times[(s > lo) & (s < hi)] = np.nan
        return times


def axis_of(
    way: Knots,
    t_start: int,
    t_end: int | None,
    length: float,
    limit_us: int | None = None,
    speed: tuple[Times, Floats] | None = None,
) -> LapAxis:
    """The axis of a lap from the car's ``way`` within it.

    The ends are exact: 0 at ``t_start`` and ``length`` at ``t_end``; in between progress never
    falls, and follows the speed where samples are sparse. Without a sample for longer than
    ``limit_us`` it is carried by ``speed`` (times and m/s) where that goes on, else not known.
    """
    inside = way.t > t_start
    if t_end is not None:
        inside &= way.t < t_end
    t, s, v = way.t[inside], way.s[inside], way.v[inside]
    over = False
    if len(t):
        # Noise may put the first samples before the line and the last ones behind it.
        middle = t_start + ((t_end or int(t[-1])) - t_start) / 2
        s = np.where((t < middle) & (s > length - _BACK_M), 0.0, s)
        ends = np.flatnonzero((np.diff(s) < -length / 2) & (t_end is None))
        if len(ends):
            over, last = True, int(ends[0]) + 1
            t, s, v = t[:last], s[:last], v[:last]
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
    carried: list[tuple[float, float]] = []
    blind: list[tuple[float, float]] = []
    if limit_us is not None:
        for i in np.flatnonzero(np.diff(t) > limit_us)[::-1].tolist():
            between = _driven(t[i : i + 2], s[i : i + 2], limit_us, speed)
            (blind if between is None else carried).insert(0, (float(s[i]), float(s[i + 1])))
            if between is not None:
                t, s, v = (np.insert(a, i + 1, b) for a, b in zip((t, s, v), between, strict=True))
    t, s = _fine(t, s, v)
    return LapAxis(t, s, length, t_end is not None, tuple(carried), tuple(blind), over)


def _driven(
    t: Times, s: Floats, limit_us: int, speed: tuple[Times, Floats] | None
) -> tuple[Times, Floats, Floats] | None:
    """Times, metres and speeds between two samples that are far apart, by the speed that was
    measured there; None when it was not, or does not agree with the way between them."""
    if speed is None:
        return None
    lo, hi = np.searchsorted(speed[0], t, "right")
    ts, vs = speed[0][lo:hi], speed[1][lo:hi]
    if hi - lo < 2 or np.diff(np.concatenate([t[:1], ts, t[1:]])).max() > limit_us:
        return None
    ends = np.concatenate([t[:1], ts, t[1:]]).astype(np.int64)
    v = np.concatenate([vs[:1], vs, vs[-1:]])
    way = np.concatenate([[0.0], np.cumsum(np.diff(ends) / 1e6 * (v[1:] + v[:-1]) / 2)])
    scale = float(s[1] - s[0]) / max(float(way[-1]), 1e-9)
    if not _SAME_WAY[0] <= scale <= _SAME_WAY[1]:
        return None
    inner = ts < t[1]
    return ts[inner], s[0] + scale * way[1:-1][inner], vs[inner]


def lap_axis(
    store: SessionStore, car: str, lap: Lap, circuit: Circuit, signals: Signals | None = None
) -> LapAxis:
    """The axis of any lap, read from the store. A lap that is not finished ends with the data."""
    signals = signals or Signals.of(store.session.catalog)
    t_end = lap.t_end if lap.t_end is not None else store.latest_us(car)
    way = knots(store, signals, circuit, car, lap.t_start, t_end, counts=False)
    speed = None
    if largest_gap_us(way.t, lap.t_start, t_end) > signals.limit_us:
        t, v = read(store, car, signals.speed, lap.t_start, t_end)
        speed = (t, v[0] * signals.speed_factor)
    return axis_of(way, lap.t_start, lap.t_end, circuit.length_m, signals.limit_us, speed)


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
