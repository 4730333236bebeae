"""Laps, progress, deltas and timing: pure functions of the store."""

from pitwall.analysis.corners import Corner, corners_of, find_corners
from pitwall.analysis.delta import delta, live_delta_us
from pitwall.analysis.known_tracks import known_tracks
from pitwall.analysis.laps import Lap, LapKind
from pitwall.analysis.learn import Circuit, learn
from pitwall.analysis.progress import LapAxis, lap_axis
from pitwall.analysis.report import info_report, info_text, laps_report, laps_text
from pitwall.analysis.signals import Signals
from pitwall.analysis.timing import TRACK_META, CarTiming, Timing, TimingEngine
from pitwall.analysis.track import TrackLine

__all__ = [
    "TRACK_META",
    "CarTiming",
    "Circuit",
    "Corner",
    "Lap",
    "LapAxis",
    "LapKind",
    "Signals",
    "Timing",
    "TimingEngine",
    "TrackLine",
    "corners_of",
    "delta",
    "find_corners",
    "info_report",
    "info_text",
    "known_tracks",
    "lap_axis",
    "laps_report",
    "laps_text",
    "learn",
    "live_delta_us",
]
