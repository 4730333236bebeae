"""The model of car, track and lap before the race."""

from pitwall.prerace.conditions import Conditions
from pitwall.prerace.fit import UNKNOWNS, Fit, Unknown, fit_car
from pitwall.prerace.lap import Laps, simulate, simulate_one
from pitwall.prerace.lap_track import LapTrack
from pitwall.prerace.line import curvature_of, track_of_line
from pitwall.prerace.series import SERIES, Series, Setting, Trust, series_of
from pitwall.prerace.track_file import read_track
from pitwall.prerace.vehicle import Vehicle, value_at, with_values
from pitwall.prerace.vehicle_file import (
    parse_vehicle,
    read_vehicle,
    shipped_vehicle,
    shipped_vehicles,
    write_vehicle,
)

__all__ = [
    "SERIES",
    "UNKNOWNS",
    "Conditions",
    "Fit",
    "LapTrack",
    "Laps",
    "Series",
    "Setting",
    "Trust",
    "Unknown",
    "Vehicle",
    "curvature_of",
    "fit_car",
    "parse_vehicle",
    "read_track",
    "read_vehicle",
    "series_of",
    "shipped_vehicle",
    "shipped_vehicles",
    "simulate",
    "simulate_one",
    "track_of_line",
    "value_at",
    "with_values",
    "write_vehicle",
]
