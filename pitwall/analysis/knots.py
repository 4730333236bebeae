"""Where on the lap a car was, sample by sample, from position and lap distance together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pitwall.analysis.learn import Circuit
from pitwall.analysis.marks import clean_distance
from pitwall.analysis.reckoning import reckoned
from pitwall.analysis.signals import Floats, Signals, Times, read
from pitwall.store import SessionStore

_MARGIN_US = 6_000_000
_MARGIN_EXACT_US = 1_500_000
_SPARSE_US = 800_000
"""Where positions are further apart than this, lap distance fills in."""
_BIAS_M = 40.0
_JUMP_M = 25.0


@dataclass(frozen=True, slots=True, eq=False)
class Knots:
    """A car's way round, in order of time.

    Attributes:
        t: int64[n], event time, microseconds UTC, strictly ascending.
        s: float64[n], metres on the lap, 0 <= s < length of the circuit.
        v: float64[n], speed in m/s.
        side: float64[n], metres beside the track line, NaN where not known.
        delay: float64[n], seconds from event to receipt, 0 where the source does not tell.
        lap: float64[n], lap as the producer counts; of the chunk, so that up to a chunk's length
            behind the line it is the one before.
    """

    t: Times
    s: Floats
    v: Floats
    side: Floats
    delay: Floats
    lap: Floats

    def part(self, lo: int, hi: int) -> Knots:
        """Views of knots lo..hi-1."""
        return Knots(
            self.t[lo:hi],
            self.s[lo:hi],
            self.v[lo:hi],
            self.side[lo:hi],
            self.delay[lo:hi],
            self.lap[lo:hi],
        )


def margin_us(circuit: Circuit) -> int:
    """Neighbourhood that decides about a sample: what lies further away does not change it."""
    return _MARGIN_EXACT_US if circuit.exact else _MARGIN_US


def ahead(s0: Floats, s1: Floats, length: float) -> Floats:
    """Signed way from ``s0`` to ``s1`` round a lap of ``length``, the shorter way."""
    return np.asarray((s1 - s0 + length / 2) % length - length / 2)


def knots(
    store: SessionStore,
    signals: Signals,
    circuit: Circuit,
    car: str,
    t_lo: int,
    t_hi: int,
    *,
    counts: bool = True,
) -> Knots:
    """The car's way with ``t_lo <= t <= t_hi``; without ``counts`` the producer's laps are zeros.

    Lap distance alone where it is exact; otherwise positions, with lap distance (shifted to agree
    with the positions beside) where these are sparse.
    """
    margin = margin_us(circuit)
    lo, hi = t_lo - margin, t_hi + margin
    length = circuit.length_m
    ts, speed = read(store, car, signals.speed, lo, hi, margin=1)
    td, sd = _by_distance(store, signals, circuit, car, lo, hi)
    tg, sg, side = _by_position(store, signals, circuit, car, lo, hi)
    if not len(ts) and len(tg) > 1:
        # No speed sensor: the way between positions gives it.
        ts = tg
        step = np.abs(ahead(sg[:-1], sg[1:], length)) / np.maximum(np.diff(tg) / 1e6, 1e-3)
        speed = np.concatenate([step[:1], step])[None, :] / signals.speed_factor
    if circuit.track is None and circuit.marked:
        t, s = reckoned(store, signals, car, length, lo, hi)
        beside = np.full(len(t), np.nan)
    elif circuit.exact and len(td):
        t, s = td, sd
        beside = np.interp(t, tg, side, left=np.nan, right=np.nan) if len(tg) else t * np.nan
    else:
        t, s, beside = _fuse(tg, sg, side, td, sd, length)
    v = np.interp(t, ts, speed[0] * signals.speed_factor) if len(ts) else np.zeros(len(t))
    keep = _plausible(t, s, v, length)
    keep &= (t >= t_lo) & (t <= t_hi)
    t, s, v, beside = t[keep], s[keep], v[keep], beside[keep]
    delay = np.zeros(len(t))
    if signals.delay is not None and len(t):
        tr, r = read(store, car, signals.delay, lo, hi)
        if len(tr):
            delay = np.interp(t, tr, r[0])
    laps = _producer_laps(store, signals, car, t) if counts else np.zeros(len(t))
    return Knots(t, s, v, beside, delay, laps)


def _producer_laps(store: SessionStore, signals: Signals, car: str, t: Times) -> Floats:
    """The producer's lap at each of ``t``, times of samples; of two groups the later lap, since
    their chunks end at different moments."""
    laps = np.zeros(len(t))
    for place in (signals.position, signals.distance):
        columns = store.columns(car, place.group) if place is not None else None
        if columns is None or not len(t):
            continue
        span = columns.span(int(t[0]), int(t[-1]), 1)
        at = np.maximum(np.searchsorted(span.t, t, "right") - 1, 0)
        if len(span.t):
            laps = np.maximum(laps, span.lap[at])
    return laps


def _by_distance(
    store: SessionStore, signals: Signals, circuit: Circuit, car: str, lo: int, hi: int
) -> tuple[Times, Floats]:
    if signals.distance is None or not np.isfinite(circuit.distance_m):
        return np.zeros(0, np.int64), np.zeros(0)
    t, d = read(store, car, signals.distance, lo, hi)
    keep = clean_distance(t, d[0])
    s = d[0][keep] * (circuit.length_m / circuit.distance_m)
    # Just before the line lap distance may exceed the usual lap.
    return t[keep], np.clip(s, 0.0, np.nextafter(circuit.length_m, 0.0))


def _by_position(
    store: SessionStore, signals: Signals, circuit: Circuit, car: str, lo: int, hi: int
) -> tuple[Times, Floats, Floats]:
    track = circuit.track
    if track is None or signals.position is None:
        return np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
    t, p = read(store, car, signals.position, lo, hi)
    s, side = track.place(*track.to_xy(p[0], p[1]))
    known = np.isfinite(s)
    return t[known], s[known], side[known]


def _fuse(
    tg: Times, sg: Floats, side: Floats, td: Times, sd: Floats, length: float
) -> tuple[Times, Floats, Floats]:
    if not len(td):
        return tg, sg, side
    if not len(tg):
        return td, sd, np.full(len(td), np.nan)
    after = np.searchsorted(tg, td)
    t0 = tg[np.maximum(after - 1, 0)]
    t1 = tg[np.minimum(after, len(tg) - 1)]
    inside = (after > 0) & (after < len(tg))
    use = np.where(inside, t1 - t0 > _SPARSE_US, np.minimum(abs(td - t0), abs(td - t1)) > 100_000)
    if not use.any():
        return tg, sg, side
    bias = _bias(tg, sg, td, sd, length)[use]
    t = np.concatenate([tg, td[use]])
    s = np.concatenate([sg, (sd[use] + bias) % length])
    beside = np.concatenate([side, np.full(int(use.sum()), np.nan)])
    order = np.argsort(t, kind="stable")
    t, s, beside = t[order], s[order], beside[order]
    first = np.concatenate([[True], np.diff(t) > 0])
    return t[first], s[first], beside[first]


def _bias(tg: Times, sg: Floats, td: Times, sd: Floats, length: float) -> Floats:
    """What to add to lap distance so that it agrees with the positions before and after. Lap
    distance starts anew at the line, so that nothing is carried over it."""
    i = np.clip(np.searchsorted(td, tg), 1, len(td) - 1) if len(td) > 1 else None
    if i is None:
        return np.zeros(len(td))
    step = ahead(sd[i - 1], sd[i], length)
    w = (tg - td[i - 1]) / np.maximum(td[i] - td[i - 1], 1)
    own = sd[i - 1] + w * step
    near = (np.abs(w - 0.5) <= 0.5) & (td[i] - td[i - 1] < 2_000_000) & (sd[i] >= sd[i - 1])
    off = ahead(own % length, sg, length)
    near &= np.abs(off) < _BIAS_M
    if not near.any():
        return np.zeros(len(td))
    t, off = tg[near], off[near]
    lap = np.cumsum(np.concatenate([[0], (np.diff(sd) < -length / 2).astype(np.int64)]))
    lap_at = lap[i[near]]
    after = np.searchsorted(t, td)
    a, b = np.maximum(after - 1, 0), np.minimum(after, len(t) - 1)
    has_a = (after > 0) & (lap_at[a] == lap)
    has_b = (after < len(t)) & (lap_at[b] == lap)
    span = np.maximum(t[b] - t[a], 1)
    mix = np.clip((td - t[a]) / span, 0.0, 1.0)
    both = off[a] * (1 - mix) + off[b] * mix
    return np.where(has_a & has_b, both, np.where(has_a, off[a], np.where(has_b, off[b], 0.0)))


def _plausible(t: Times, s: Floats, v: Floats, length: float) -> np.ndarray:
    """False for single samples that jump away and back against the speed."""
    keep = np.ones(len(t), np.bool_)
    for _ in range(2):
        at = np.flatnonzero(keep)
        if len(at) < 3:
            break
        dt = np.diff(t[at]) / 1e6
        driven = (v[at][1:] + v[at][:-1]) / 2 * dt
        off = ahead(s[at][:-1], s[at][1:], length) - driven
        bad = np.abs(off) > _JUMP_M + 0.5 * driven
        spike = bad[:-1] & bad[1:] & (off[:-1] * off[1:] < 0)
        if not spike.any():
            break
        keep[at[1:-1][spike]] = False
    return keep
