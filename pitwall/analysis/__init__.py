"""Laps, progress, deltas and timing: pure functions of the store."""

from pitwall.analysis.coach import Advice, Finding
from pitwall.analysis.coach_report import coach_doc, coach_report, coach_text
from pitwall.analysis.compare import Comparison, compare, corner_lines
from pitwall.analysis.compare_report import compare_report, compare_text
from pitwall.analysis.corners import Corner, corners_of, find_corners, renamed
from pitwall.analysis.debrief import Bests, Debrief, DebriefEngine, LapRecord
from pitwall.analysis.delta import delta, live_delta_us
from pitwall.analysis.flags import RaceControl, race_control
from pitwall.analysis.identity import Identity, Match, identify
from pitwall.analysis.known_tracks import known_tracks
from pitwall.analysis.laps import Lap, LapKind
from pitwall.analysis.learn import Circuit, learn
from pitwall.analysis.official import (
    IDENTITY_META,
    OfficialTiming,
    confirmed_cars,
    confirming,
    official_timing,
)
from pitwall.analysis.passages import DriverSignals, LapPassages, Measure, over_metres
from pitwall.analysis.progress import LapAxis, lap_axis
from pitwall.analysis.report import info_report, info_text, lap_doc, laps_report, laps_text
from pitwall.analysis.sectors import Ideal, Rolling, ideal, mini_ends, rolling, split_times
from pitwall.analysis.signals import Signals
from pitwall.analysis.sources import LapSource
from pitwall.analysis.timing import TRACK_META, CarTiming, Timing, TimingEngine
from pitwall.analysis.track import TrackLine
from pitwall.analysis.track_report import track_of, track_text

__all__ = [
    "IDENTITY_META",
    "TRACK_META",
    "Advice",
    "Bests",
    "CarTiming",
    "Circuit",
    "Comparison",
    "Corner",
    "Debrief",
    "DebriefEngine",
    "DriverSignals",
    "Finding",
    "Ideal",
    "Identity",
    "Lap",
    "LapAxis",
    "LapKind",
    "LapPassages",
    "LapSource",
    "Match",
    "LapRecord",
    "Measure",
    "RaceControl",
    "OfficialTiming",
    "Rolling",
    "Signals",
    "Timing",
    "TimingEngine",
    "TrackLine",
    "coach_doc",
    "coach_report",
    "coach_text",
    "compare",
    "compare_report",
    "compare_text",
    "confirmed_cars",
    "confirming",
    "corner_lines",
    "corners_of",
    "delta",
    "find_corners",
    "ideal",
    "identify",
    "info_report",
    "info_text",
    "known_tracks",
    "lap_axis",
    "lap_doc",
    "laps_report",
    "laps_text",
    "learn",
    "live_delta_us",
    "mini_ends",
    "over_metres",
    "race_control",
    "official_timing",
    "renamed",
    "rolling",
    "split_times",
    "track_of",
    "track_text",
]
