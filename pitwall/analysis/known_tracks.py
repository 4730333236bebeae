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
class KnownCorner:
    """A corner of a circuit's file: places along its centre line, in metres after the line."""

    number: int
    start_m: float
    apex_m: float
    end_m: float


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
    corners: tuple[KnownCorner, ...]
    sectors: tuple[float, ...]


def with_sectors(track: TrackLine) -> TrackLine:
    """``track`` with its circuit's own sectors, when it has none and the circuit is known."""
    known = circuit_of(track) if not track.sectors else None
    if known is None or not known.sectors:
        return track
    ends = places_on(known, track, np.array(known.sectors))
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
        KnownCorner(
            int(c["number"]),
            float(c.get("start_m", c["apex_m"])),
            float(c["apex_m"]),
            float(c.get("end_m", c["apex_m"])),
        )
        for c in doc.get("corner", ())
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


def circuit_of(track: TrackLine) -> KnownTrack | None:
    """The circuit that ``track`` lies on; None when it is not one of ours."""
    if track.tangent.planar:
        return None  # metres on a plane of their own: nobody knows where on earth
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


def places_on(known: KnownTrack, track: TrackLine, distances: Floats) -> tuple[float, ...]:
    """Where places of the centre line are on ``track``: beside them; by parts of the length where
    the lines lie too far apart."""
    at = np.asarray(distances, np.float64)
    x0, y0 = _origin(known, track)
    s, side = track.place(
        np.interp(at, known.centre[0], known.centre[1]) + x0,
        np.interp(at, known.centre[0], known.centre[2]) + y0,
    )
    by_part = at * (track.length_m / known.length_m)
    beside = np.isfinite(s) & (np.abs(side) <= _BESIDE_M)
    return tuple(np.where(beside, s, by_part).tolist())
