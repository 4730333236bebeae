"""From a lap's samples to curves against the shared axis. Plain numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis import LapAxis
from pitwall.store import SessionStore
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.picture import Floats, Line, Mapping, Shown, Times
from pitwall.ui.plot.choice import Trace


def line_of(store: SessionStore, car: str, trace: Trace, t_lo: int, t_hi: int) -> Line:
    """A channel's samples between two times, not on an axis yet; it breaks at holes."""
    window = store.window(car, trace.group, trace.index, t_lo, t_hi)
    t = np.asarray(window.t)
    y = np.asarray(window.v, np.float64)
    starts = np.asarray(window.starts, np.intp)
    good = np.isfinite(y)
    if not good.all():
        t, y, starts = finite(t, y, starts, good)
    return Line(t, np.empty(0), y, starts)


def known_part(s: Floats, seconds_behind: Floats) -> tuple[Floats, Floats] | None:
    """The part of a delta that both laps have driven, NaN where one of them was not seen; None
    when there is none."""
    good = np.flatnonzero(np.isfinite(seconds_behind))
    if not len(good):
        return None
    part = slice(int(good[0]), int(good[-1]) + 1)
    return s[part], seconds_behind[part]


def delta_line(
    behind: tuple[Floats, Floats] | None, axis: LapAxis | None, mapping: Mapping
) -> Line | None:
    """The delta over the shared axis, whatever that counts; it breaks where it is not known."""
    if behind is None or axis is None:
        return None
    good = np.flatnonzero(np.isfinite(behind[1]))
    t = np.interp(behind[0][good], axis.s, axis.t).astype(np.int64)
    starts = np.flatnonzero(np.diff(good, prepend=-9) > 1)
    return Line(t, mapping.to_x(t), behind[1][good], starts.astype(np.intp))


def carried_parts(now: LapAxis, then: LapAxis, mapping: Mapping) -> tuple[tuple[float, float], ...]:
    """Where on the shared axis the delta rests on progress that one of the laps was carried to by
    its speed."""
    scale = now.length_m / then.length_m
    stretches = [*now.carried, *((lo * scale, hi * scale) for lo, hi in then.carried)]
    t = np.interp(np.array(stretches).reshape(-1), now.s, now.t).astype(np.int64)
    x = mapping.to_x(t).reshape(-1, 2)
    return tuple(sorted((float(lo), float(hi)) for lo, hi in x if hi > lo))


def mapping_of(shown: Shown, axis: LapAxis | None) -> Mapping:
    """Event time to metres where the axis is known, else to seconds after the line."""
    if axis is not None:
        return Mapping(axis.t, axis.s)
    t0, t1 = shown.lap.t_start, shown.t_end
    return Mapping(np.array([t0, t1]), np.array([0.0, (t1 - t0) / SECOND_US]))


def carried_on(mapping: Mapping, reference: Mapping | None, end: float) -> Mapping:
    """A running lap's mapping carried on to the end of the axis, at the reference's pace where
    there is one, so that the cursor can be ahead of the car."""
    t_edge, x_edge = int(mapping.t[-1]), float(mapping.x[-1])
    if reference is not None:
        ahead = reference.x > x_edge
        t = reference.t[ahead] - reference.to_time(x_edge) + t_edge
        x = reference.x[ahead]
    elif len(mapping.x) > 1 and x_edge > mapping.x[0] and end > x_edge:
        pace = (t_edge - int(mapping.t[0])) / (x_edge - float(mapping.x[0]))
        t, x = np.array([t_edge + int((end - x_edge) * pace)]), np.array([end])
    else:
        return mapping
    return Mapping(np.concatenate((mapping.t, t)), np.concatenate((mapping.x, x)))


def against_axis(line: Line, mapping: Mapping) -> Line:
    """The line with its places on the axis."""
    return Line(line.t, mapping.to_x(line.t), line.y, line.starts)


def finite(
    t: Times, y: Floats, starts: NDArray[np.intp], good: NDArray[np.bool_]
) -> tuple[Times, Floats, NDArray[np.intp]]:
    """Drop samples that are not numbers; a run breaks where some were dropped."""
    run = np.zeros(len(t), np.int64)
    run[starts[starts < len(t)]] = 1
    run = np.cumsum(run) + np.cumsum(~good)
    run = run[good]
    broken = np.flatnonzero(np.concatenate(([True], run[1:] != run[:-1]))) if len(run) else run
    return t[good], y[good], broken.astype(np.intp)
