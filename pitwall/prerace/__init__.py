"""The model of car, track and lap before the race."""

from pitwall.prerace.conditions import Conditions
from pitwall.prerace.lap import Laps, simulate, simulate_one
from pitwall.prerace.lap_track import LapTrack
from pitwall.prerace.vehicle import Vehicle, value_at, with_values

__all__ = [
    "Conditions",
    "LapTrack",
    "Laps",
    "Vehicle",
    "simulate",
    "simulate_one",
    "value_at",
    "with_values",
]
