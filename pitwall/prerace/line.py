"""Tracks from lines: the curvature of what was driven, from positions that are not exact."""

from __future__ import annotations

from pitwall.analysis import TrackLine
from pitwall.analysis.curvature import SMOOTH_M, STEP_M, curvature_of, smoothing_for
from pitwall.prerace.lap_track import LapTrack

__all__ = ["SMOOTH_M", "STEP_M", "curvature_of", "smoothing_for", "track_of_line"]


def track_of_line(line: TrackLine, name: str, smooth_m: float | None = None) -> LapTrack:
    """The lap along a session's own line: flat, evenly grippy, with the line's sectors; smoothed
    as much as its noise asks for, or by ``smooth_m``.

    A line of positions says nothing of banking, grade and grip; where they matter they come from
    a file, see :func:`pitwall.prerace.track_file.read_track`.
    """
    x, y = line.xy[:, 0], line.xy[:, 1]
    curvature, length = curvature_of(x, y, STEP_M, smooth_m or smoothing_for(x, y))
    # The session's own length counts: sectors and laps are in its metres.
    part = line.length_m / length
    return LapTrack.of(
        name,
        line.length_m / len(curvature),
        curvature / part,
        sectors=tuple(line.sectors),
    )
