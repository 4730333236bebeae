"""The demo's circuit: the driven line with its curvature, corners, sectors and pit lane.

A track is two files in ``resources/tracks``: ``<name>.toml`` (name, origin, corners, sectors, pit
lane; distances along the centre line) and the CSV it names (``distance_m, x_m, y_m, width_m,
line_m``). What leaves this module is measured along the *driven* line, because that is the
distance a car's wheels count.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitwall.telemetry.errors import BadInput
from pitwall.telemetry.resources import resource_path

Floats = NDArray[np.float64]

NODE_M = 3.0
"""Spacing of the nodes on the line; slow corners are some 60 m long."""
STEER_M = 7.0
"""Over how many metres (1 sigma) hands and car round off the line's curvature."""
METRES_PER_DEGREE = 111_319.49


@dataclass(frozen=True, slots=True)
class Corner:
    """A corner, in metres along the driven line."""

    number: int
    name: str
    start: float
    apex: float
    end: float


@dataclass(frozen=True, slots=True)
class PitLane:
    """The pit lane: ``entry`` before the line and ``exit`` after it, in metres along the driven
    line; ``offset`` metres to the left of the centre line; ``limit`` in m/s; the boxes begin at
    ``first_box`` and lie ``spacing`` apart."""

    entry: float
    exit: float
    first_box: float
    spacing: float
    offset: float
    limit: float


@dataclass(frozen=True, slots=True)
class Track:
    """A closed line in n equal steps, node 0 on the start line.

    Attributes:
        name: the circuit's name.
        latitude, longitude: of x = y = 0, degrees.
        length: of the driven line, metres.
        x, y: float64[n], metres east and north of the origin.
        nx, ny: float64[n], unit normal to the left of the driving direction.
        curvature: float64[n], 1/m, positive to the left.
        centre: float64[n], metres from the line to the centre line, positive to the left.
        corners, sectors, pit: along the line; ``sectors`` are the ends of the sectors.
    """

    name: str
    latitude: float
    longitude: float
    length: float
    x: Floats
    y: Floats
    nx: Floats
    ny: Floats
    curvature: Floats
    centre: Floats
    corners: tuple[Corner, ...]
    sectors: tuple[float, ...]
    pit: PitLane

    @property
    def step(self) -> float:
        """Metres between two nodes."""
        return self.length / len(self.x)

    def degrees(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Latitude and longitude of points given in metres from the origin."""
        latitude = self.latitude + y / METRES_PER_DEGREE
        east = METRES_PER_DEGREE * np.cos(np.deg2rad(self.latitude))
        return latitude, self.longitude + x / east


def load_track(name: str = "larkspur-hollow", folder: Path | None = None) -> Track:
    """Read a track and lay ``NODE_M`` nodes on its driven line.

    Raises BadInput when a file is missing or is not a closed track.
    """
    path = (folder or resource_path("tracks")) / f"{name}.toml"
    try:
        doc: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        csv = path.parent / str(doc["centre_line"])
        table = np.loadtxt(csv, delimiter=",", skiprows=1, ndmin=2)
        return _build(doc, table)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise BadInput(f"{path}: not a track file ({error!r})") from error


def _build(doc: dict[str, Any], table: Floats) -> Track:
    distance, cx, cy, _, offset = table.T
    total = float(doc["length_m"])
    if len(distance) < 50 or not np.all(np.diff(distance) > 0) or distance[-1] >= total:
        raise ValueError("centre line: needs 50 points, rising, shorter than length_m")
    tx, ty = _periodic_gradient(cx), _periodic_gradient(cy)
    norm = np.hypot(tx, ty)
    lx, ly = cx - offset * ty / norm, cy + offset * tx / norm
    chords = np.hypot(np.diff(lx, append=lx[:1]), np.diff(ly, append=ly[:1]))
    along = np.concatenate([[0.0], np.cumsum(chords)])
    length = float(along[-1])
    n = max(64, round(length / NODE_M))
    s = np.arange(n) * (length / n)

    def on_line(values: Floats) -> Floats:
        there: Floats = np.interp(s, along, np.append(values, values[0]))
        return there

    x, y = _smooth(on_line(lx), STEER_M, length), _smooth(on_line(ly), STEER_M, length)
    dx, dy = _periodic_gradient(x), _periodic_gradient(y)
    slope = np.hypot(dx, dy)
    ddx, ddy = _periodic_gradient(dx), _periodic_gradient(dy)
    curvature = (dx * ddy - dy * ddx) / slope**3

    def along_line(centre_m: float) -> float:
        return float(np.interp(centre_m, np.append(distance, total), along))

    pit = doc["pit"]
    return Track(
        name=str(doc["name"]),
        latitude=float(doc["origin"]["latitude"]),
        longitude=float(doc["origin"]["longitude"]),
        length=length,
        x=x,
        y=y,
        nx=-dy / slope,
        ny=dx / slope,
        curvature=curvature,
        centre=on_line(-offset),
        corners=tuple(
            Corner(
                int(c["number"]),
                str(c["name"]),
                along_line(float(c["start_m"])),
                along_line(float(c["apex_m"])),
                along_line(float(c["end_m"])),
            )
            for c in doc["corner"]
        ),
        sectors=tuple(along_line(float(s["end_m"])) for s in doc["sector"]),
        pit=PitLane(
            entry=along_line(float(pit["entry_m"])),
            exit=along_line(float(pit["exit_m"])),
            first_box=along_line(float(pit["first_box_m"])),
            spacing=float(pit["box_spacing_m"]),
            offset=float(pit["offset_m"]),
            limit=float(pit["limit_kmh"]) / 3.6,
        ),
    )


def _periodic_gradient(values: Floats) -> Floats:
    slope: Floats = (np.roll(values, -1) - np.roll(values, 1)) / 2
    return slope


def _smooth(values: Floats, sigma: float, length: float) -> Floats:
    """Gaussian of ``sigma`` metres on a closed line of equal steps."""
    wave = 2 * np.pi * np.arange(len(values) // 2 + 1) / length
    smooth: Floats = np.fft.irfft(
        np.fft.rfft(values) * np.exp(-0.5 * (wave * sigma) ** 2), len(values)
    )
    return smooth
