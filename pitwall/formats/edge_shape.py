"""By how much the cuts of single-lap files are early or late, by the shape of the track beside.

A logger's lap count rises up to some tenths of a second beside the line, differently each time.
From the line to the corners behind it, and from the corners before it to the line, the way is the
same on every lap of every car: so each lap's curvature (lateral acceleration over speed squared,
by the way driven) is laid over that of all laps, at both ends, and what it has to be moved by is
what its cut is off. Where the line lies in the mean is not told by this: the mean cut stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pitwall.formats.source import Block

Floats = NDArray[np.float64]

LEAST_LAPS = 4
"""Fewer tell no shape that is not mostly their own."""
_HELD_US = 45_000_000
_GRAVITY = 9.81
_STEP_M = 0.5
_SEEK_M = 25.0
_FAR_M = 1_500.0
_SMOOTH = 11
"""Steps over which curvature is the mean: some samples at racing speed."""
_TURN = np.pi
"""So much bend is compared, either way: both flanks of a corner at least. Wheel speed is not
calibrated, so that farther corners tell less."""
_LOWEST = 8.0
_STRAY = 4.0
"""A lap whose place differs by so many times the usual has been driven another way there."""
_ROUNDS = 8

_NEEDED = ("speed", "accel_lat")


@dataclass(slots=True)
class LapShape:
    """What a lap's two ends are told by: event times (int64, microseconds) with speed in km/h and
    with lateral acceleration in g, of the first and the last 45 s."""

    _parts: dict[str, list[tuple[NDArray[np.int64], Floats]]] = field(default_factory=dict)

    def see(self, block: Block) -> None:
        """Keep what is needed of a block. Memory is bounded by 90 s of samples and two blocks."""
        for name in _NEEDED:
            values = block.values.get(name)
            if values is None:
                continue
            known = np.isfinite(values)
            if not known.any():
                continue
            parts = self._parts.setdefault(name, [])
            parts.append((block.t[known], values[known]))
            begin, end = int(parts[0][0][0]), int(parts[-1][0][-1])
            while len(parts) > 2:
                k = next((i for i, (t, _) in enumerate(parts) if t[0] > begin + _HELD_US), None)
                if k is None or parts[k][0][-1] >= end - _HELD_US:
                    break
                del parts[k]

    def ends(self, lo: int, hi: int) -> tuple[_End, _End] | None:
        """The lap's begin and end for its cuts at ``lo`` and ``hi``; None where it tells nothing
        of them."""
        if any(name not in self._parts for name in _NEEDED):
            return None
        begin = self._end(lo, min(lo + _HELD_US, hi))
        end = self._end(max(hi - _HELD_US, lo), hi)
        if begin is None or end is None:
            return None
        way, curve, speed = end
        return _End(*begin[:2], begin[2][0]), _End(way[-1] - way[::-1], curve[::-1], speed[-1])

    def _end(self, lo: int, hi: int) -> tuple[Floats, Floats, Floats] | None:
        at = np.arange(lo, hi, 20_000)
        if len(at) < 2:
            return None
        read = []
        for name in _NEEDED:
            t = np.concatenate([t for t, _ in self._parts[name]])
            if not ((t >= lo) & (t <= hi)).any():
                return None
            values = np.concatenate([values for _, values in self._parts[name]])
            read.append(np.interp(at, t, values))
        speed = read[0] / 3.6
        way = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) * 0.01)])
        return way, read[1] * _GRAVITY / np.maximum(speed, _LOWEST) ** 2, speed


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    """Curvature (1/m) by the way from a cut (m), and the speed there in m/s."""

    way: Floats
    curve: Floats
    speed: float


def late_by(ends: Sequence[_End]) -> Floats:
    """By how many seconds of driving each cut lies nearer to what it is beside than cuts do in the
    mean; NaN where a lap's shape does not tell, everywhere with fewer than four laps."""
    nothing = np.full(len(ends), np.nan)
    if len(ends) < LEAST_LAPS:
        return nothing
    grid = np.arange(0.0, _FAR_M, _STEP_M)
    smooth = np.ones(_SMOOTH) / _SMOOTH
    curves = np.array([np.convolve(np.interp(grid, e.way, e.curve), smooth, "same") for e in ends])
    turned = np.cumsum(np.abs(np.median(curves, axis=0))) * _STEP_M
    if turned[-1] < _TURN:
        return nothing  # nothing but straights: no place differs from another
    reach = round(_SEEK_M / _STEP_M)
    core = np.arange(reach, min(int(np.searchsorted(turned, _TURN)), len(grid) - reach))
    if len(core) < 2 * reach:
        return nothing
    places = core + np.arange(-reach, reach + 1)[:, None]
    off = np.zeros(len(ends))
    for _ in range(_ROUNDS):
        laid = [np.interp(grid[core] + d, grid, c) for d, c in zip(off, curves, strict=True)]
        shape = np.median(laid, axis=0)
        apart = [((c[places] - shape) ** 2).mean(axis=1) for c in curves]
        off = np.array([_least(row) for row in apart]) * _STEP_M - _SEEK_M
        off -= np.median(off)
    spread = 1.4826 * float(np.median(np.abs(off)))
    usual = np.abs(off) <= max(_STRAY * spread, _STEP_M)
    if usual.sum() < LEAST_LAPS:
        return nothing
    off = np.where(usual, off - off[usual].mean(), np.nan)
    return np.asarray(-off / np.maximum([e.speed for e in ends], _LOWEST))


def _least(values: Floats) -> float:
    """Where a row is least, between its places."""
    k = int(values.argmin())
    if 0 < k < len(values) - 1:
        before, at, after = values[k - 1 : k + 2]
        bend = before - 2 * at + after
        if bend > 0:
            return k + float(0.5 * (before - after) / bend)
    return float(k)
