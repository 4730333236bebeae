"""Curvature of what was driven, from positions that are not exact."""

from __future__ import annotations

import numpy as np

from pitwall.analysis.signals import Floats
from pitwall.analysis.track import close_line
from pitwall.telemetry import BadInput

STEP_M = 5.0
SMOOTH_M = 4.0
"""Standard deviation of the bell by which a line's positions are smoothed. A corner of radius R
keeps all of its curvature but a part of about ``(SMOOTH_M / R)2``."""
WIDTHS_M = (SMOOTH_M, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0)
_WIDEST = 20.0
_QUIET = 1.01
_ARC_POINTS = 6


def curvature_of(x: Floats, y: Floats, step_m: float, smooth_m: float) -> tuple[Floats, float]:
    """Curvature (left turns positive) of a closed line at even distances nearest to ``step_m``,
    starting at its first point; and its length.

    The line is smoothed with a bell of ``smooth_m`` along itself. Raises BadInput for a line of
    fewer than eight different points.
    """
    points = np.stack([np.asarray(x, np.float64), np.asarray(y, np.float64)], axis=1)
    if points.ndim != 2 or not np.isfinite(points).all():
        raise BadInput("line: positions must be numbers")
    moved = np.hypot(*np.diff(points, axis=0, append=points[:1]).T) > 1e-6
    points = points[moved]
    if len(points) < 8:
        raise BadInput(f"line: {len(points)} different points, at least 8 needed")
    round_points = _round(points)
    # Finer than both what is asked for and the bell, so that corners between points stay round.
    spacing = min(step_m, max(smooth_m, 1.0)) / 4
    fine, length = close_line(round_points[:, 0], round_points[:, 1], spacing)
    frequency = 2 * np.pi * np.fft.fftfreq(len(fine), length / len(fine))
    spectrum = np.fft.fft(fine[:, 0] + 1j * fine[:, 1])
    spectrum *= np.exp(-0.5 * (frequency * smooth_m) ** 2)
    first = np.fft.ifft(1j * frequency * spectrum)
    second = np.fft.ifft(-(frequency**2) * spectrum)
    curvature = (first.conjugate() * second).imag / np.maximum(np.abs(first), 1e-6) ** 3
    n = max(round(length / step_m), 8)
    at = np.arange(n) * (len(fine) / n)
    ring = np.append(curvature, curvature[0])
    return np.interp(at, np.arange(len(ring)), ring), length


def _round(points: Floats) -> Floats:
    """Points on cubic arcs through ``points``, so that a corner is not cut by its chords."""
    after = np.roll(points, -1, axis=0)
    chord = np.hypot(*(after - points).T)[:, None]
    before = np.roll(chord, 1, axis=0)
    slope = (after - points) / chord
    tangent = (slope * before + np.roll(slope, 1, axis=0) * chord) / (chord + before)
    begin, end = tangent * chord, np.roll(tangent, -1, axis=0) * chord
    u = np.arange(_ARC_POINTS)[:, None, None] / _ARC_POINTS
    arcs = (
        (2 * u**3 - 3 * u**2 + 1) * points
        + (u**3 - 2 * u**2 + u) * begin
        + (3 * u**2 - 2 * u**3) * after
        + (u**3 - u**2) * end
    )
    return np.asarray(arcs.transpose(1, 0, 2).reshape(-1, 2))


def smoothing_for(x: Floats, y: Floats) -> float:
    """The narrowest bell, of those in ``WIDTHS_M``, that leaves no noise in the curvature.

    What a car turns through in a lap, left and right added up, is a corner's own however round the
    corner is made, but noise adds to it: a bell is wide enough when one half as wide again would
    take off less than a hundredth. Raises BadInput as :func:`curvature_of` does.
    """
    return next(
        (s for s in WIDTHS_M if _turned(x, y, s) < _QUIET * _turned(x, y, 1.5 * s)), _WIDEST
    )


def _turned(x: Floats, y: Floats, smooth_m: float) -> float:
    curvature, length = curvature_of(x, y, STEP_M, smooth_m)
    return float(np.abs(curvature).sum() * length / len(curvature))
