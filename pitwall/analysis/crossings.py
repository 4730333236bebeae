"""Line crossings, interpolated in event time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis.knots import Knots, ahead
from pitwall.analysis.learn import Circuit
from pitwall.analysis.signals import Times
from pitwall.analysis.sources import LapSource
from pitwall.telemetry import ClockKind

MAX_SPEED = 115.0
"""m/s: no car laps faster than its lap length at this speed."""
_EXACT_NOISE_M = 0.25
_RESET_NOISE_M = 0.05
"""Where lap distance starts anew is known no better than this."""
_NEAR_LINE_S = 1.0
"""A car that is first or last seen this long from the line crossed it at its speed there."""
_BESIDE_US = 1_500_000
_ONE_SIDED = 2.0
"""How much less is known of a crossing that was seen from one side only."""
_QUICK = 10.0
"""m/s: only then; a slower car may do anything."""
_POSITION_NOISE_M = 2.0
_DISTANCE_NOISE_M = 18.0
"""90 % half widths of where a sample says the car is, along the track."""
_ACCEL = 4.0
"""m/s²: how much speed between two samples may differ from a straight line."""
_NEAR_US = 4_000_000
"""Samples this near to a crossing help to place it."""
_MIN_SPEED = 3.0
_CLOCK_S = 0.13
_CLOCK_DELAY = 0.01
"""Reconstructed time: 90 % half width, plus a part of the delay of the nearest receipts."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """One crossing of the start line.

    Attributes:
        t_us: event time.
        half_us: 90 % half width of it.
        sure: False when no sample lies near the line, so that the moment is not known.
    """

    t_us: int
    half_us: int
    sure: bool


def find_crossings(
    way: Knots,
    circuit: Circuit,
    clock: ClockKind,
    limit_us: int,
    armed: bool,
    *,
    begins: bool = False,
    ended: bool = False,
) -> list[Crossing]:
    """Crossings between neighbouring knots, in order of time.

    ``armed`` is True when the car has been on the far side of the lap since the last crossing, so
    that jitter of a car that stands on the line does not count. ``begins``: nothing is known of
    the car before the first knot; ``ended``: nothing will come after the last.
    """
    length = circuit.length_m
    s, t = way.s, way.t
    if len(s) == 0:
        return []
    far = (s > 0.25 * length) & (s < 0.9 * length)
    step = ahead(s[:-1], s[1:], length)
    over = (step > 0) & (s[1:] < s[:-1])
    # A hole longer than half a lap hides on which side of it the line was crossed.
    gap = np.diff(t)
    driven = (way.v[1:] + way.v[:-1]) / 2 * gap / 1e6
    blind = (gap > limit_us) & (driven > length / 2) & (s[1:] < s[:-1])
    blind |= (gap > limit_us) & _counted_on(way, length)
    events = np.flatnonzero(over | blind)
    found: list[Crossing] = []
    first = _behind(way, 0, circuit, clock) if begins else None
    if first is not None:
        found.append(first)
        armed = False
    seen = 0
    for i in events.tolist():
        armed = armed or bool(far[seen : i + 1].any())
        seen = i + 1
        if not armed and not blind[i]:
            continue
        armed = False
        if gap[i] <= limit_us:
            found.append(_crossing(way, i, circuit, clock))
            continue
        beside = _in_hole(way, i, circuit, clock)
        # Behind a hole of a lap or more the car may be just before the line again.
        armed = gap[i] > length / MAX_SPEED * 1e6 and beside[-1].t_us < t[i + 1] - gap[i] / 2
        found += beside
    armed = armed or bool(far[seen:].any())
    last = _before(way, len(s) - 1, circuit, clock) if ended and armed else None
    if last is not None:
        found.append(last)
    return found


def at_gate(found: list[Crossing], passes: Times) -> list[Crossing]:
    """``found`` with the moment of each that was seen taken from the pass through the gate beside
    it: the learnt line is smoothed, the gate is where it is."""
    if not len(passes):
        return found
    out = []
    for crossing in found:
        nearest = int(passes[np.argmin(np.abs(passes - crossing.t_us))])
        beside = crossing.sure and abs(nearest - crossing.t_us) < _BESIDE_US
        out.append(replace(crossing, t_us=nearest) if beside else crossing)
    return out


def _in_hole(way: Knots, i: int, circuit: Circuit, clock: ClockKind) -> list[Crossing]:
    """Crossings in the hole behind knot ``i``: the one right at its beginning and the one right at
    its end, both where at least a lap may lie between; else one of which nothing is known but
    that it lies in the hole."""
    end = _before(way, i, circuit, clock)
    start = _behind(way, i + 1, circuit, clock)
    if end is not None and start is not None:
        if start.t_us - end.t_us > circuit.length_m / MAX_SPEED * 1e6:
            return [end, start]
        return [min(end, start, key=lambda c: c.half_us)]
    if end is not None or start is not None:
        return [c for c in (end, start) if c is not None]
    t0, t1 = int(way.t[i]), int(way.t[i + 1])
    return [Crossing((t0 + t1) // 2, (t1 - t0) // 2, sure=False)]


def _behind(way: Knots, i: int, circuit: Circuit, clock: ClockKind) -> Crossing | None:
    """The crossing just before knot ``i``, by its distance from the line and its speed."""
    return _near(way, i, float(way.s[i]), -1, circuit, clock)


def _before(way: Knots, i: int, circuit: Circuit, clock: ClockKind) -> Crossing | None:
    """The crossing just after knot ``i``."""
    return _near(way, i, circuit.length_m - float(way.s[i]), 1, circuit, clock)


def _near(
    way: Knots, i: int, metres: float, side: int, circuit: Circuit, clock: ClockKind
) -> Crossing | None:
    v = float(way.v[i])
    if v < _QUICK or metres > _NEAR_LINE_S * v:
        return None
    seconds = metres / v
    if not circuit.exact:
        # all that is seen on this side of the hole
        lo, hi = (i, len(way.t)) if side < 0 else (0, i + 1)
        level = _levelled(way, int(way.t[i]), lo, hi, circuit)
        seconds = seconds if level is None else abs(level)
    place = _place_noise(circuit, math.isfinite(float(way.side[i])), after=side < 0)
    if not circuit.exact:
        place *= _ONE_SIDED
    half = math.hypot(place / v, _ACCEL * seconds * seconds / 2 / v)
    if clock is ClockKind.RECONSTRUCTED:
        half = math.hypot(half, _CLOCK_S + _CLOCK_DELAY * _least_delay(way, i))
    return Crossing(int(way.t[i]) + side * round(seconds * 1e6), round(half * 1e6), sure=True)


def _counted_on(way: Knots, length: float) -> NDArray[np.bool_]:
    """Between which neighbouring knots the producer counted a lap. In a hole of whole laps that is
    all that tells of them: progress may be larger behind it than before it.

    Right behind the line a chunk still counts as the lap before, so that a count of one more says
    nothing there.
    """
    more = np.diff(way.lap)
    s0, s1 = way.s[:-1], way.s[1:]
    enough = np.diff(way.t) / 1e6 * MAX_SPEED >= length + s1 - s0
    lagging = (s0 < 0.1 * length) & (more < 2)
    return np.asarray((more >= 1) & ((s1 < s0) | (enough & ~lagging)))


def _crossing(way: Knots, i: int, circuit: Circuit, clock: ClockKind) -> Crossing:
    length = circuit.length_m
    t0, t1 = int(way.t[i]), int(way.t[i + 1])
    dt = (t1 - t0) / 1e6
    before = length - float(way.s[i])
    after = float(way.s[i + 1])
    v0, v1 = float(way.v[i]), float(way.v[i + 1])
    if circuit.exact:
        return _restart(way, i, circuit, clock)
    part = before / max(before + after, 1e-9)
    at = dt * _time_part(part, v0, v1)
    if clock is ClockKind.RECONSTRUCTED or circuit.source is not LapSource.GATE:
        level = _levelled(way, t0, 0, len(way.t), circuit, i)
        at = at if level is None else level
    v = max(v0 + (v1 - v0) * at / max(dt, 1e-9), 1.0)
    seen = math.isfinite(float(way.side[i])) and math.isfinite(float(way.side[i + 1]))
    place = _place_noise(circuit, seen, after=False) / v
    bend = _ACCEL * max(at * (dt - at), 0.0) / 2 / v
    half = math.hypot(place, bend)
    if clock is ClockKind.RECONSTRUCTED:
        half = math.hypot(half, _CLOCK_S + _CLOCK_DELAY * _least_delay(way, i))
    return Crossing(t0 + round(at * 1e6), round(half * 1e6), sure=True)


def _levelled(
    way: Knots, t0: int, first: int, last: int, circuit: Circuit, i: int | None = None
) -> float | None:
    """Seconds after ``t0`` at which the line was crossed, from all knots first..last-1 near it;
    None where they do not tell. ``i``: knot before the line, where it lies between two.

    Single samples are some metres off, as place and time are not quite of the same moment: the way
    driven by speed is laid through them at the median. Without positions only lap distances after
    the line are used, which start at zero there; where lap distance ends before the line differs
    from lap to lap.
    """
    t1 = t0 if i is None else int(way.t[i + 1])
    lo, hi = np.searchsorted(way.t, (t0 - _NEAR_US, t1 + _NEAR_US))
    lo, hi = max(int(lo), first), min(int(hi), last)
    seconds = (way.t[lo:hi] - t0) / 1e6
    scale = circuit.length_m / circuit.distance_m if math.isfinite(circuit.distance_m) else 1.0
    v = way.v[lo:hi] * scale
    if len(v) < 3 or v.min() < _MIN_SPEED:
        return None
    driven = np.concatenate([[0.0], np.cumsum(np.diff(seconds) * (v[1:] + v[:-1]) / 2)])
    place = ahead(np.zeros(len(v)), way.s[lo:hi], circuit.length_m)
    use = np.isfinite(way.side[lo:hi])
    behind = np.arange(lo, hi) > (i if i is not None else -1)
    if i is not None and (not use[~behind].any() or not use[behind].any()) or use.sum() < 3:
        use = ~use & behind
    if not use.any():
        return None
    at_line = float(np.median(driven[use] - place[use]))
    if at_line < 0:
        return float(seconds[0] + at_line / v[0])
    if at_line > driven[-1]:
        return float(seconds[-1] + (at_line - driven[-1]) / v[-1])
    return float(np.interp(at_line, driven, seconds))


def _restart(way: Knots, i: int, circuit: Circuit, clock: ClockKind) -> Crossing:
    """Where lap distance starts anew, from the distance behind the line: before it, it ends
    differently on every lap."""
    t0, t1 = int(way.t[i]), int(way.t[i + 1])
    dt = max((t1 - t0) / 1e6, 1e-6)
    v0, v1 = float(way.v[i]), float(way.v[i + 1])
    rate = (v1 - v0) / dt
    since = float(way.s[i + 1]) / max(v1, 1.0)
    since = float(way.s[i + 1]) / max(v1 - rate * since / 2, 1.0)
    since = min(max(since, 0.0), dt)
    v = max(v1, 1.0)
    half = math.hypot(
        _place_noise(circuit, seen=True, after=True) / v, _ACCEL * since * since / 2 / v
    )
    if clock is ClockKind.RECONSTRUCTED:
        half = math.hypot(half, _CLOCK_S + _CLOCK_DELAY * _least_delay(way, i))
    return Crossing(t1 - round(since * 1e6), round(half * 1e6), sure=True)


def _place_noise(circuit: Circuit, seen: bool, *, after: bool) -> float:
    """90 % half width in metres of how far a knot is from the line; ``after`` it, where exact lap
    distance has just begun to count; ``seen`` by its position."""
    if not circuit.exact:
        return _POSITION_NOISE_M if seen else _DISTANCE_NOISE_M
    spread = 1.645 * circuit.spread_m if math.isfinite(circuit.spread_m) else _EXACT_NOISE_M
    if after:
        return min(max(spread, _RESET_NOISE_M), _EXACT_NOISE_M)
    ends = circuit.end_spread_m
    return max(spread, 1.645 * ends if math.isfinite(ends) else 0.002 * circuit.length_m)


def _least_delay(way: Knots, i: int) -> float:
    near = slice(max(0, i - 40), i + 40)
    return float(way.delay[near].min())


def _time_part(part: float, v0: float, v1: float) -> float:
    """Part of the time after which ``part`` of the way is done, speed changing evenly from ``v0``
    to ``v1``."""
    if v0 + v1 <= 0.2:
        return part
    if abs(v1 - v0) < 1e-6 * (v0 + v1):
        return part
    # way(x) = (v0 x + (v1 - v0) x² / 2) / ((v0 + v1) / 2) = part
    root = math.sqrt(max(v0 * v0 + (v1 * v1 - v0 * v0) * part, 0.0))
    return min(max((root - v0) / (v1 - v0), 0.0), 1.0)
