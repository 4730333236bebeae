"""The track line: a closed line in metres on which progress is measured."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pitwall.telemetry import BadInput

Floats = NDArray[np.float64]

EARTH_A_M = 6_378_137.0
_EARTH_E2 = 6.69437999014e-3
"""WGS 84."""
_CELL_M = 8.0
_MARGIN_M = 60.0
_AT_ONCE = 8192
_FINE = 64.0
"""Squares of distances are told apart to 1/64 m²."""
MAX_POINTS = 20_000


@dataclass(frozen=True, slots=True)
class Tangent:
    """A plane that touches the earth at ``lat0``, ``lon0``: degrees to metres. ``planar``:
    positions are metres on some plane already, and stay what they are."""

    lat0: float
    lon0: float
    planar: bool = False

    def _radii(self) -> tuple[float, float]:
        phi = math.radians(self.lat0)
        w = 1 - _EARTH_E2 * math.sin(phi) ** 2
        meridian = EARTH_A_M * (1 - _EARTH_E2) / w**1.5
        normal = EARTH_A_M / math.sqrt(w)
        return math.radians(1) * meridian, math.radians(1) * normal * math.cos(phi)

    def to_xy(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Metres east and north of the origin."""
        if self.planar:
            return np.asarray(lat, np.float64), np.asarray(lon, np.float64)
        north, east = self._radii()
        return (np.asarray(lon) - self.lon0) * east, (np.asarray(lat) - self.lat0) * north


@dataclass(frozen=True, slots=True, eq=False)
class TrackLine:
    """A closed track line.

    Attributes:
        xy: float64[n, 2], metres east and north of the origin; point 0 is on the start line, the
            points are ``length_m / n`` apart, and the last is that far from point 0.
        length_m: length round.
        tangent: the origin.
        sectors: ends of the sectors but the last, in metres; thirds where nothing is known.
        laps: laps it was learnt from, 0 when it came from a file.
    """

    xy: Floats
    length_m: float
    tangent: Tangent
    sectors: tuple[float, ...] = ()
    laps: int = 0
    _index: _Index = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", _Index(self.xy))

    @property
    def sector_ends(self) -> tuple[float, ...]:
        """Ends of all sectors but the last."""
        return self.sectors or (self.length_m / 3, 2 * self.length_m / 3)

    def to_xy(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """Metres east and north of the origin."""
        return self.tangent.to_xy(lat, lon)

    def project(self, lat: Floats, lon: Floats) -> Floats:
        """Metres along the line, 0 <= s < length_m, of the nearest point of the line; NaN beyond
        60 m from it."""
        return self.place(*self.to_xy(lat, lon))[0]

    def place(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """``(s, d)`` of points in metres: along the line, and beside it (left positive)."""
        if len(x) > _AT_ONCE:
            cuts = range(0, len(x), _AT_ONCE)
            parts = [self.place(x[c : c + _AT_ONCE], y[c : c + _AT_ONCE]) for c in cuts]
            return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        n = len(self.xy)
        first = self._index.nearest(x, y)
        # The nearest of the points around the grid cell's, then the segments beside it, all
        # positions at once: [segment, position].
        reach = 1 + math.ceil(_CELL_M / (self.length_m / n))
        nearest = self._index.nearest_of(first, reach, x, y)
        i = (nearest + np.arange(-1, 1)[:, None]) % n
        ax, ay, bx, by = self._index.segment(i)
        px, py = x - ax, y - ay
        square = bx * bx + by * by
        w = np.clip((px * bx + py * by) / square, 0.0, 1.0)
        dx, dy = px - w * bx, py - w * by
        away = dx * dx + dy * dy
        best = np.where(np.isnan(away), np.inf, away).argmin(axis=0)[None, :]

        def chosen(values: Floats) -> Floats:
            return np.asarray(np.take_along_axis(values, best, axis=0)[0])

        s = chosen((i + w) * (self.length_m / n))
        side = chosen((bx * py - by * px) / np.sqrt(square))
        far = (first < 0) | ~(chosen(away) <= _MARGIN_M**2)
        s[far] = np.nan
        side[far] = np.nan
        return s % self.length_m, side

    def at(self, s: Floats) -> tuple[Floats, Floats]:
        """x and y in metres at ``s`` metres along the line."""
        n = len(self.xy)
        f = (np.asarray(s) % self.length_m) / self.length_m * n
        i = f.astype(np.int64) % n
        w = f - np.floor(f)
        p = self.xy[i] * (1 - w)[..., None] + self.xy[(i + 1) % n] * w[..., None]
        return p[..., 0], p[..., 1]

    def to_json(self) -> str:
        """For the recording's key/value table."""
        return json.dumps(
            {
                "lat0": self.tangent.lat0,
                "lon0": self.tangent.lon0,
                "planar": self.tangent.planar,
                "length_m": self.length_m,
                "sectors": list(self.sectors),
                "laps": self.laps,
                "xy": [[round(float(a), 3), round(float(b), 3)] for a, b in self.xy],
            },
            separators=(",", ":"),
        )

    @staticmethod
    def from_json(text: str) -> TrackLine:
        """Parse :meth:`to_json`'s form. Raises BadInput."""
        try:
            doc = json.loads(text)
            xy = np.array(doc["xy"], np.float64)
            tangent = Tangent(
                float(doc["lat0"]), float(doc["lon0"]), bool(doc.get("planar", False))
            )
            length = float(doc["length_m"])
            sectors = tuple(float(v) for v in doc["sectors"])
            laps = int(doc["laps"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadInput(f"track line: not readable ({error!r})") from error
        if xy.ndim != 2 or xy.shape[1] != 2 or not 8 <= len(xy) <= MAX_POINTS or not length > 0:
            raise BadInput(f"track line: {xy.shape} points on {length} m")
        return TrackLine(xy, length, tangent, sectors, laps)


class _Index:
    """A grid that knows the nearest point of the line for each cell."""

    def __init__(self, xy: Floats) -> None:
        self._a = xy
        self._b = np.roll(xy, -1, axis=0) - xy
        self._low = xy.min(axis=0) - _MARGIN_M
        size = np.ceil((xy.max(axis=0) + _MARGIN_M - self._low) / _CELL_M).astype(np.int64)
        # A long track gets larger cells rather than an unbounded grid.
        self._cell = _CELL_M * max(1.0, math.sqrt(float(size.prod()) / 250_000))
        self._size = np.maximum((size * (_CELL_M / self._cell)).astype(np.int64) + 1, 1)
        self._grid = self._fill()

    def nearest(self, x: Floats, y: Floats) -> NDArray[np.int64]:
        """Index of a point of the line near each position; -1 outside of the grid."""
        with np.errstate(invalid="ignore"):
            i = np.floor((x - self._low[0]) / self._cell)
            j = np.floor((y - self._low[1]) / self._cell)
            inside = (i >= 0) & (j >= 0) & (i < self._size[0]) & (j < self._size[1])
        cell = np.where(inside, i, 0).astype(np.int64) * self._size[1]
        cell += np.where(inside, j, 0).astype(np.int64)
        return np.where(inside, self._grid[cell], -1)

    def nearest_of(
        self, first: NDArray[np.int64], reach: int, x: Floats, y: Floats
    ) -> NDArray[np.int64]:
        """Index of the nearest point of the line from ``reach`` before ``first`` to ``reach`` after
        it, for each position."""
        n = len(self._a)
        lx, ly = (np.pad(self._a[:, k], reach, mode="wrap") for k in (0, 1))
        near, best = first, np.full(len(x), np.inf)
        for step in range(2 * reach + 1):
            at = first + step
            away = (x - lx[at]) ** 2 + (y - ly[at]) ** 2
            nearer = away < best
            near, best = np.where(nearer, at, near), np.where(nearer, away, best)
        return np.asarray((near - reach) % n)

    def segment(self, i: NDArray[np.int64]) -> tuple[Floats, Floats, Floats, Floats]:
        """Start and direction of segments ``i``."""
        return self._a[i, 0], self._a[i, 1], self._b[i, 0], self._b[i, 1]

    def _fill(self) -> NDArray[np.int64]:
        """Nearest point of the line for each cell within reach of it, -1 elsewhere."""
        reach = math.ceil((_MARGIN_M + self._cell) / self._cell)
        step = np.arange(-reach, reach + 1)
        di, dj = (a.reshape(-1) for a in np.meshgrid(step, step, indexing="ij"))
        home = np.floor((self._a - self._low) / self._cell).astype(np.int64)
        i, j = home[:, :1] + di, home[:, 1:] + dj
        inside = (i >= 0) & (j >= 0) & (i < self._size[0]) & (j < self._size[1])
        dx = self._low[0] + (i + 0.5) * self._cell - self._a[:, :1]
        dy = self._low[1] + (j + 0.5) * self._cell - self._a[:, 1:]
        away = (dx * dx + dy * dy)[inside]
        cell = (i * self._size[1] + j)[inside]
        point = np.broadcast_to(np.arange(len(self._a))[:, None], inside.shape)[inside]
        # Distance and point in one number, so that the least of a cell is the nearest point's.
        nothing = np.iinfo(np.int64).max
        grid = np.full(int(self._size.prod()), nothing)
        np.minimum.at(grid, cell, (away * _FINE).astype(np.int64) * len(self._a) + point)
        return np.where(grid == nothing, -1, grid % len(self._a))


def close_line(x: Floats, y: Floats, spacing_m: float) -> tuple[Floats, float]:
    """Points at uniform spacing (nearest to ``spacing_m`` that divides the length) along the
    closed polygon through ``x``, ``y``; with the length of the polygon through them."""
    points = np.stack([x, y], axis=1)
    for _ in range(2):
        # Twice: the resampled polygon is a little shorter than the one it was taken from.
        ring = np.concatenate([points, points[:1]])
        way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))])
        n = max(int(round(way[-1] / spacing_m)), 8)
        at = np.arange(n) * (way[-1] / n)
        points = np.stack([np.interp(at, way, ring[:, k]) for k in (0, 1)], axis=1)
    ring = np.concatenate([points, points[:1]])
    return points, float(np.hypot(*np.diff(ring, axis=0).T).sum())
