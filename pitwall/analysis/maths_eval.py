"""Working expressions out over samples: numpy, and nothing that depends on where an array begins.

Each value is made of the samples within its expression's reach, by the same additions in the same
order however many samples are worked out at a time: what comes in live, a few samples at a time, is
what comes out of the whole history, bit for bit. A value that is made of something that is not
there is not there either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis.maths_tree import Node
from pitwall.store import Columns

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
_FIRST_US = 1_000_000
"""A lap whose first sample is later than this after its beginning has no known integral."""


@dataclass(slots=True)
class Frame:
    """The samples that an expression is worked out at.

    Attributes:
        t: int64[n], event time, rising.
        starts: indices at which an unbroken run starts; the first is 0 when n > 0.
        laps: int64[k], beginnings of the car's laps, rising.
        columns: by group.
        axis: the group that ``t`` is of.
    """

    t: Times
    starts: Times
    laps: Times
    columns: Mapping[str, Columns]
    axis: str
    _channels: dict[tuple[str, int], Floats] = field(default_factory=dict)

    def channel(self, place: tuple[str, int]) -> Floats:
        """A channel at ``t``: measured there where it is of the axis' group; otherwise between its
        samples by a straight line, or held where it jumps; NaN in its holes."""
        found = self._channels.get(place)
        if found is None:
            group, index = place
            columns = self.columns[group]
            if group == self.axis:
                window = columns.window(index, int(self.t[0]), int(self.t[-1]))
                found = np.ascontiguousarray(window.v, np.float64)
            else:
                found = read_at(columns, index, self.t)
            self._channels[place] = found
        return found


def read_at(columns: Columns, index: int, t: Times) -> Floats:
    """A channel at other times than its samples'; NaN where no run of samples holds the time."""
    window = columns.window(index, int(t[0]), int(t[-1]), 1)
    v = np.asarray(window.v, np.float64)
    good = np.isfinite(v)
    run = np.zeros(len(v), np.int64)
    run[window.starts] = 1
    run = (np.cumsum(run) + np.cumsum(~good))[good]
    at, v = window.t[good], v[good]
    if not len(at):
        return np.full(len(t), np.nan)
    before = np.searchsorted(at, t, "right") - 1
    known = before >= 0
    before = np.maximum(before, 0)
    after = np.minimum(before + 1, len(at) - 1)
    exact = at[before] == t
    inside = exact | ((after > before) & (run[after] == run[before]))
    out = v[before].copy()
    if not columns.group.channels[index].step:
        between = inside & ~exact
        a, z = before[between], after[between]
        share = (t[between] - at[a]) / (at[z] - at[a])
        out[between] = v[a] + (v[z] - v[a]) * share
    out[~(known & inside)] = np.nan
    return out


def evaluate(node: Node, frame: Frame) -> Floats:
    """The expression at each sample of the frame; NaN where it has no value."""
    with np.errstate(all="ignore"):
        value = np.asarray(_value(node, frame), np.float64)
        return np.ascontiguousarray(np.broadcast_to(value, frame.t.shape))


def constant(node: Node) -> float:
    """The value of an operation on numbers."""
    with np.errstate(all="ignore"):
        args = [_turned(np.asarray(a.numbers[0]), *t) for a, t in _pairs(node)]
        return float(ELEMENTARY[node.op](*args))


def _pairs(node: Node) -> list[tuple[Node, tuple[float, float]]]:
    return list(zip(node.args, node.turned, strict=True))


def _value(node: Node, frame: Frame) -> Any:
    if node.op == "number":
        return np.float64(node.numbers[0])
    if node.place is not None:
        return frame.channel(node.place)
    args = [_turned(_value(arg, frame), *turned) for arg, turned in _pairs(node)]
    if node.op == "lookup":
        return _lookup(args[0], node.numbers)
    simple = ELEMENTARY.get(node.op)
    if simple is not None:
        return simple(*args)
    x = np.ascontiguousarray(np.broadcast_to(args[0], frame.t.shape), np.float64)
    return _ALONG[node.op](x, frame, node.numbers)


def _turned(value: Any, scale: float, shift: float) -> Any:
    if scale != 1.0:
        value = value * scale
    return value + shift if shift else value


# -- operations on each sample by itself ----------------------------------------------------


def _known(result: Any, *args: Any) -> Any:
    """A comparison with something unknown is unknown, not false."""
    unknown = np.isnan(args[0])
    for arg in args[1:]:
        unknown = unknown | np.isnan(arg)
    return np.where(unknown, np.nan, result)


def _comparing(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: _known(compare(a, b), a, b)


ELEMENTARY: Mapping[str, Callable[..., Any]] = {
    "plus": lambda a, b: a + b,
    "minus": lambda a, b: a - b,
    "times": lambda a, b: a * b,
    "over": lambda a, b: np.divide(a, b),
    "power": lambda a, b: np.power(np.asarray(a, np.float64), b),
    "negative": lambda a: -a,
    "same": lambda a: a,
    "<": _comparing(np.less),
    "<=": _comparing(np.less_equal),
    ">": _comparing(np.greater),
    ">=": _comparing(np.greater_equal),
    "==": _comparing(np.equal),
    "!=": _comparing(np.not_equal),
    "and": lambda a, b: _known((a != 0) & (b != 0), a, b),
    "or": lambda a, b: _known((a != 0) | (b != 0), a, b),
    "not": lambda a: _known(a == 0, a),
    "where": lambda test, a, b: np.where(np.isnan(test), np.nan, np.where(test != 0, a, b)),
    "min": np.minimum,
    "max": np.maximum,
    "abs": np.abs,
    "sign": np.sign,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "atan2": np.arctan2,
    "hypot": np.hypot,
}


def _lookup(x: Any, numbers: tuple[float, ...]) -> Any:
    """Straight between the points, level beyond them."""
    at, what = np.array(numbers[0::2]), np.array(numbers[1::2])
    return np.where(np.isnan(x), np.nan, np.interp(x, at, what))


# -- operations along the run ---------------------------------------------------------------


def _runs(x: Floats, frame: Frame) -> tuple[Times, Times]:
    """For each sample the first of its unbroken run of numbers, and the one behind its last."""
    begins = ~np.isfinite(x)
    begins[1:] |= begins[:-1]
    begins[frame.starts] = True
    begins[:1] = True
    at = np.flatnonzero(begins)
    number = np.cumsum(begins) - 1
    return at[number], np.append(at[1:], len(x))[number]


def _sums(x: Floats, first: Times, end: Times) -> Floats:
    """The sum of ``x[first:end]`` for each pair, newest first in powers of two: the same for the
    same numbers, wherever in the array they are."""
    count, last = end - first, end - 1
    total = np.zeros(len(first))
    part = np.where(np.isfinite(x), x, 0.0)
    size = 1
    while True:
        odd = np.flatnonzero(count & size)
        total[odd] += part[last[odd]]
        last[odd] -= size
        if not len(count) or 2 * size > int(count.max()):
            return total
        doubled = part.copy()
        doubled[size:] += part[:-size]
        part, size = doubled, 2 * size


def _mean_over(x: Floats, frame: Frame, back_us: int, ahead_us: int) -> Floats:
    lo, hi = _runs(x, frame)
    first = np.maximum(np.searchsorted(frame.t, frame.t - back_us, "left"), lo)
    end = np.minimum(np.searchsorted(frame.t, frame.t + ahead_us, "right"), hi)
    out = _sums(x, first, end) / (end - first)
    return np.where(np.isfinite(x), out, np.nan)


def _smooth(x: Floats, frame: Frame, numbers: tuple[float, ...]) -> Floats:
    half = int(numbers[0]) // 2
    return _mean_over(x, frame, half, half)


def _mean(x: Floats, frame: Frame, numbers: tuple[float, ...]) -> Floats:
    return _mean_over(x, frame, int(numbers[0]) - 1, 0)


def _lag(x: Floats, frame: Frame, numbers: tuple[float, ...]) -> Floats:
    t, wanted = frame.t, frame.t - int(numbers[0])
    lo, _ = _runs(x, frame)
    before = np.searchsorted(t, wanted, "right") - 1
    known = before >= 0
    before = np.maximum(before, 0)
    after = np.minimum(before + 1, len(t) - 1)
    exact = t[before] == wanted
    inside = known & (exact | ((after > before) & (lo[after] == lo[before])))
    width = np.maximum(t[after] - t[before], 1)
    out = x[before] + (x[after] - x[before]) * ((wanted - t[before]) / width)
    return np.where(inside, np.where(exact, x[before], out), np.nan)


def _derivative(x: Floats, frame: Frame, numbers: tuple[float, ...]) -> Floats:
    lo, hi = _runs(x, frame)
    here = np.arange(len(x))
    a, z = np.maximum(here - 1, lo), np.minimum(here + 1, hi - 1)
    seconds = (frame.t[z] - frame.t[a]) * 1e-6
    return np.where(seconds > 0, (x[z] - x[a]) / seconds, np.nan)


def _integral(x: Floats, frame: Frame, numbers: tuple[float, ...]) -> Floats:
    """Since the beginning of the lap; unknown from the first hole in a lap to its end."""
    t = frame.t
    lo, _ = _runs(x, frame)
    out = np.full(len(x), np.nan)
    edges = np.searchsorted(t, frame.laps, "left")
    for lap, begin in enumerate(edges.tolist()):
        end = int(edges[lap + 1]) if lap + 1 < len(edges) else len(t)
        if begin >= end:
            continue
        start = int(frame.laps[lap])
        joined = begin > 0 and lo[begin] < begin
        if not joined and int(t[begin]) - start > _FIRST_US:
            continue
        parts = np.empty(end - begin)
        since = (int(t[begin]) - start) * 1e-6
        level = x[begin]
        if joined and not numbers[0]:
            share = (start - t[begin - 1]) / (t[begin] - t[begin - 1])
            level = x[begin - 1] + (x[begin] - x[begin - 1]) * share
        parts[0] = (level + x[begin]) / 2 * since
        seconds = np.diff(t[begin:end]) * 1e-6
        parts[1:] = (x[begin : end - 1] + x[begin + 1 : end]) / 2 * seconds
        broken = np.flatnonzero(lo[begin:end] > begin)
        until = int(broken[0]) if len(broken) else end - begin
        out[begin : begin + until] = np.cumsum(parts[:until])
    return out


_ALONG: Mapping[str, Callable[[Floats, Frame, tuple[float, ...]], Floats]] = {
    "smooth": _smooth,
    "mean": _mean,
    "lag": _lag,
    "derivative": _derivative,
    "integral": _integral,
}
