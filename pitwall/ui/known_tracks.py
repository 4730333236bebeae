"""Corner names for a line learnt from GPS, when it lies on a circuit whose file we ship."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from pitwall.analysis import TrackLine
from pitwall.telemetry import Failure
from pitwall.telemetry.resources import resource_path

NEAR_M = 1500.0
LENGTH_SLACK = 0.04
"""A learnt lap may differ this much from the centre line's length."""


@dataclass(frozen=True, slots=True)
class Corner:
    """A corner's name and where its apex is, in metres after the line."""

    name: str
    distance_m: float


@dataclass(frozen=True, slots=True)
class KnownTrack:
    """A circuit from ``resources/tracks``: where it is, how long, and its corners."""

    name: str
    latitude: float
    longitude: float
    length_m: float
    corners: tuple[Corner, ...]


def corners_of(track: TrackLine) -> tuple[Corner, ...]:
    """The corners of ``track``, scaled to its length; empty when the circuit is not known."""
    for known in known_tracks():
        ratio = track.length_m / known.length_m
        if abs(ratio - 1) <= LENGTH_SLACK and _near(track, known):
            return tuple(Corner(c.name, c.distance_m * ratio) for c in known.corners)
    return ()


@cache
def known_tracks() -> tuple[KnownTrack, ...]:
    """Every circuit that ships with the program and can be read."""
    try:
        paths = sorted(resource_path("tracks").glob("*.toml"))
    except Failure:
        return ()
    found = []
    for path in paths:
        try:
            found.append(_known(tomllib.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # corner names are a convenience; a damaged file costs only them
    return tuple(found)


def _known(doc: dict[str, Any]) -> KnownTrack:
    corners = tuple(
        Corner(f"T{int(c['number'])}", float(c["apex_m"])) for c in doc.get("corner", ())
    )
    origin = doc["origin"]
    return KnownTrack(
        str(doc["name"]),
        float(origin["latitude"]),
        float(origin["longitude"]),
        float(doc["length_m"]),
        corners,
    )


def _near(track: TrackLine, known: KnownTrack) -> bool:
    x, y = track.to_xy(np.array([known.latitude]), np.array([known.longitude]))
    return bool(np.hypot(track.xy[:, 0] - x, track.xy[:, 1] - y).min() < NEAR_M)
