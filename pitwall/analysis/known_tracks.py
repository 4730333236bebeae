"""Corners and sectors for a line learnt from GPS, when it lies on a circuit whose file we ship."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from pitwall.analysis.signals import Floats
from pitwall.analysis.track import TrackLine
from pitwall.telemetry import Failure
from pitwall.telemetry.resources import resource_path

NEAR_M = 1500.0
LENGTH_SLACK = 0.04
"""A learnt lap may differ this much from the centre line's length."""
_BESIDE_M = 30.0
"""How far a place of the centre line may lie from the line that was driven."""


@dataclass(frozen=True, slots=True)
class Corner:
    """A corner's name and where its apex is, in metres after the line."""

    name: str
    distance_m: float


@dataclass(frozen=True, slots=True, eq=False)
class KnownTrack:
    """A circuit from ``resources/tracks``.

    Attributes:
        name: as written.
        latitude, longitude: of the origin of ``centre``.
        length_m: length of the centre line.
        centre: float64[3, n], distance along the centre line, metres east and north.
        corners: where they are on the centre line.
        sectors: where they end there, but the last.
    """

    name: str
    latitude: float
    longitude: float
    length_m: float
    centre: Floats
    corners: tuple[Corner, ...]
    sectors: tuple[float, ...]


def corners_of(track: TrackLine) -> tuple[Corner, ...]:
    """The corners of ``track`` in its own metres; empty when the circuit is not known."""
    known = _of(track)
    if known is None:
        return ()
    places = _places(known, track, [corner.distance_m for corner in known.corners])
    return tuple(Corner(c.name, s) for c, s in zip(known.corners, places, strict=True))


def with_sectors(track: TrackLine) -> TrackLine:
    """``track`` with its circuit's own sectors, when it has none and the circuit is known."""
    known = _of(track) if not track.sectors else None
    if known is None or not known.sectors:
        return track
    ends = _places(known, track, known.sectors)
    return replace(track, sectors=ends) if list(ends) == sorted(ends) else track


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
            doc = tomllib.loads(path.read_text(encoding="utf-8"))
            lines = path.with_name(str(doc["centre_line"])).read_text(encoding="utf-8")
            found.append(_known(doc, lines))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # names and sectors are a convenience; a damaged file costs only them
    return tuple(found)


def _known(doc: dict[str, Any], lines: str) -> KnownTrack:
    corners = tuple(
        Corner(f"T{int(c['number'])}", float(c["apex_m"])) for c in doc.get("corner", ())
    )
    ends = sorted(float(s["end_m"]) for s in doc.get("sector", ()))
    rows = [[float(v) for v in line.split(",")[:3]] for line in lines.splitlines()[1:] if line]
    origin = doc["origin"]
    return KnownTrack(
        str(doc["name"]),
        float(origin["latitude"]),
        float(origin["longitude"]),
        float(doc["length_m"]),
        np.array(rows).T,
        corners,
        tuple(ends[:-1]),
    )


def _of(track: TrackLine) -> KnownTrack | None:
    """The circuit that ``track`` lies on."""
    for known in known_tracks():
        if abs(track.length_m / known.length_m - 1) > LENGTH_SLACK:
            continue
        x, y = _origin(known, track)
        if float(np.hypot(track.xy[:, 0] - x, track.xy[:, 1] - y).min()) < NEAR_M:
            return known
    return None


def _origin(known: KnownTrack, track: TrackLine) -> tuple[float, float]:
    x, y = track.to_xy(np.array([known.latitude]), np.array([known.longitude]))
    return float(x[0]), float(y[0])


def _places(
    known: KnownTrack, track: TrackLine, distances: tuple[float, ...] | list[float]
) -> tuple[float, ...]:
    """Where places of the centre line are on ``track``: beside them; by parts of the length where
    the lines lie too far apart."""
    at = np.array(distances, np.float64)
    x0, y0 = _origin(known, track)
    s, side = track.place(
        np.interp(at, known.centre[0], known.centre[1]) + x0,
        np.interp(at, known.centre[0], known.centre[2]) + y0,
    )
    by_part = at * (track.length_m / known.length_m)
    beside = np.isfinite(s) & (np.abs(side) <= _BESIDE_M)
    return tuple(np.where(beside, s, by_part).tolist())
