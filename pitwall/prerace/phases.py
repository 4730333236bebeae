"""Corners and their phases along a lap: braking, entry, mid, exit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pitwall.prerace.lap_track import Floats, LapTrack

_CURVED = 1 / 250.0
_APART_M = 60.0
_LOOK_M = 60.0
_MID = 1.03
_TURNED = 0.35
_LONGEST_M = 400.0
SLOW_MS = 33.0
"""A corner driven slower than this is a slow one, any other a fast one."""

Indices = NDArray[np.intp]


class Phase(StrEnum):
    """Part of a corner."""

    BRAKING = "braking"
    ENTRY = "entry"
    MID = "mid"
    EXIT = "exit"


@dataclass(frozen=True, slots=True, eq=False)
class CornerPhases:
    """One corner on the mesh of a track.

    Attributes:
        name: as the circuit calls it, else T1, T2 ... by distance.
        apex: the point of least speed.
        slow: whether it is a slow corner.
        points: the mesh points of each phase, in order of distance; phases may be empty.
    """

    name: str
    apex: int
    slow: bool
    points: dict[Phase, Indices]


def corners_of_lap(
    track: LapTrack, speed_ms: Floats, named: Sequence[tuple[str, float]] = ()
) -> tuple[CornerPhases, ...]:
    """The corners of a lap driven at ``speed_ms`` (float64[n], a modelled lap: without noise).

    ``named`` gives (name, metres of the apex) where the circuit is known; else corners are where
    the curvature is largest for 60 m around.
    """
    n, step = len(track.curvature), track.step_m
    places = [(name, round(s / step) % n) for name, s in named] or _largest(track)
    look = max(round(_LOOK_M / step), 1)
    found = []
    for name, place in places:
        around = (np.arange(-look, look + 1) + place) % n
        found.append((name, int(around[np.argmin(speed_ms[around])])))
    apexes = sorted({apex for _, apex in found})
    out = []
    for name, apex in found:
        others = [a for a in apexes if a != apex]
        before = min(((apex - a) % n for a in others), default=n // 2)
        after = min(((a - apex) % n for a in others), default=n // 2)
        points = _phases(track, speed_ms, apex, before, after)
        out.append(CornerPhases(name, apex, bool(speed_ms[apex] < SLOW_MS), points))
    return tuple(out)


def _largest(track: LapTrack) -> list[tuple[str, int]]:
    n = len(track.curvature)
    size = np.abs(track.curvature)
    apart = max(round(_APART_M / track.step_m), 1)
    near = np.stack([np.roll(size, k) for k in range(-apart, apart + 1)])
    peak = np.flatnonzero((size >= near.max(axis=0)) & (size > _CURVED))
    # a long even corner has many equal peaks: one is enough
    kept = [int(p) for i, p in enumerate(peak) if i == 0 or p - peak[i - 1] > apart]
    return [(f"T{i}", p) for i, p in enumerate(kept, start=1) if p < n]


def _phases(track: LapTrack, v: Floats, apex: int, before: int, after: int) -> dict[Phase, Indices]:
    n = len(v)
    most = max(round(_LONGEST_M / track.step_m), 1)
    back = 0
    while back < min(before, most) and v[(apex - back - 1) % n] > v[(apex - back) % n]:
        back += 1
    ahead = 0
    while ahead < min(after, most) and v[(apex + ahead + 1) % n] > v[(apex + ahead) % n]:
        ahead += 1
    run = np.arange(-back, ahead + 1)
    at = (run + apex) % n
    turned = np.abs(track.curvature[at]) >= _TURNED * np.abs(track.curvature[apex])
    mid = turned & (v[at] <= _MID * v[apex])
    early, late = (run < 0) & ~mid, (run > 0) & ~mid
    return {
        Phase.BRAKING: at[early & ~turned].astype(np.intp),
        Phase.ENTRY: at[early & turned].astype(np.intp),
        Phase.MID: at[mid].astype(np.intp),
        Phase.EXIT: at[late & turned].astype(np.intp),
    }
