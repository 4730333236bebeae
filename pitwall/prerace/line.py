"""Tracks from lines: the curvature of what was driven, from positions that are not exact."""

from __future__ import annotations

import numpy as np

from pitwall.analysis import TrackLine
from pitwall.analysis.curvature import SMOOTH_M, STEP_M, curvature_of, smoothing_for
from pitwall.prerace.lap_track import Floats, LapTrack

__all__ = [
    "SMOOTH_M",
    "STEP_M",
    "curvature_of",
    "driven_curvature",
    "smoothing_for",
    "track_of_line",
]

_FINE_M = 1.0
_PER_RADIUS = 0.07
"""Bell for each metre of radius, where the noise does not ask for a wider one everywhere: an arc
keeps all of its curvature but half the square of it."""
_EXTRA_M = (0.0, 4.0, 6.0, 8.0, 10.0, 13.0, 16.0, 20.0)
_REACH = 1.5
"""Bells round a point within which a tighter corner keeps the bell narrow."""
_ROUGH_M = 15.0
_BLEND_M = 8.0


def driven_curvature(x: Floats, y: Floats, step_m: float = STEP_M) -> tuple[Floats, float]:
    """Curvature of a closed line of noisy positions as a car can have driven it, as
    :func:`curvature_of`: wide corners and straights are smoothed with a wider bell than hairpins.

    What noise is left of a line is the same everywhere, but the speed that it takes off is not: a
    kink that a hairpin hides is a corner of its own to a car at 60 m/s, which turns in over tens of
    metres. A line without noise is left as it is. Raises BadInput as :func:`curvature_of`.
    """
    asked = smoothing_for(x, y)
    if asked <= SMOOTH_M:
        return curvature_of(x, y, step_m, asked)
    fine, length = curvature_of(x, y, _FINE_M, asked)
    spacing = length / len(fine)
    rough = np.abs(_bell(fine, spacing, _ROUGH_M))
    extra = np.zeros(len(fine))
    for width in _EXTRA_M[1:]:
        tightest = _ring_max(rough, round(_REACH * width / spacing))
        extra[tightest * np.hypot(asked, width) <= _PER_RADIUS] = width
    extra = _bell(extra, spacing, _BLEND_M)
    layers = np.stack([_bell(fine, spacing, width) for width in _EXTRA_M])
    place = np.interp(extra, _EXTRA_M, np.arange(len(_EXTRA_M)))
    low = np.minimum(place.astype(np.intp), len(_EXTRA_M) - 2)
    at = np.arange(len(fine))
    part = place - low
    mixed = (1.0 - part) * layers[low, at] + part * layers[low + 1, at]
    n = max(round(length / step_m), 8)
    where = np.arange(n) * (len(fine) / n)
    return np.interp(where, np.arange(len(fine) + 1), np.append(mixed, mixed[0])), length


def track_of_line(line: TrackLine, name: str, smooth_m: float | None = None) -> LapTrack:
    """The lap along a session's own line: flat, evenly grippy, with the line's sectors; smoothed
    as much as its noise asks for, or by ``smooth_m`` everywhere.

    A line of positions says nothing of banking, grade and grip: grade comes with altitudes (see
    :func:`pitwall.prerace.grade.with_grade`), all of them from a file
    (:func:`pitwall.prerace.track_file.read_track`).
    """
    x, y = line.xy[:, 0], line.xy[:, 1]
    if smooth_m is None:
        curvature, length = driven_curvature(x, y)
    else:
        curvature, length = curvature_of(x, y, STEP_M, smooth_m)
    # The session's own length counts: sectors and laps are in its metres.
    part = line.length_m / length
    return LapTrack.of(
        name,
        line.length_m / len(curvature),
        curvature / part,
        sectors=tuple(line.sectors),
    )


def _bell(values: Floats, spacing: float, width: float) -> Floats:
    """Round the ring, smoothed with a bell of ``width`` metres."""
    frequency = 2 * np.pi * np.fft.rfftfreq(len(values), spacing)
    spectrum = np.fft.rfft(values) * np.exp(-0.5 * (frequency * width) ** 2)
    return np.fft.irfft(spectrum, len(values))


def _ring_max(values: Floats, half: int) -> Floats:
    """The largest within ``half`` points on both sides, round the ring."""
    half = min(half, len(values) // 2)
    ring = np.concatenate([values[len(values) - half :], values, values[:half]])
    windows = np.lib.stride_tricks.sliding_window_view(ring, 2 * half + 1)
    return np.asarray(windows.max(axis=1))
