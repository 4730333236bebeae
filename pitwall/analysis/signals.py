"""Where a session keeps the quantities that laps are made of, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.store import SessionStore
from pitwall.telemetry import Catalog

Times = NDArray[np.int64]
Floats = NDArray[np.float64]

SPARSE_HZ = 2.0
"""Lap distance that comes more seldom than this is no witness of a crossing where another is."""

_NO_TIMES: Times = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Place:
    """Columns of one group: ``rows`` are indices of channels in it."""

    group: str
    rows: tuple[int, ...]
    rate_hz: float


@dataclass(frozen=True, slots=True)
class Signals:
    """Where to find position, speed, lap distance and lap number; None where there is none.

    ``planar``: positions are metres east and north on the track's plane, not degrees. ``beacon``:
    codes of the beacons passed, ``beacon_doubt`` how well each moment is known; ``running``:
    seconds since the logger's last lap began; ``marks``: crossings that a file was cut at, with
    the 90 % half width of each in seconds.
    """

    position: Place | None
    speed: Place | None
    distance: Place | None
    lap: Place | None
    delay: Place | None
    speed_factor: float = 1 / 3.6
    planar: bool = False
    beacon: Place | None = None
    beacon_doubt: Place | None = None
    running: Place | None = None
    marks: Place | None = None

    @staticmethod
    def of(catalog: Catalog) -> Signals:
        """Look them up by channel name."""
        position = place_of(catalog, "latitude", "longitude")
        planar = position is None
        if planar:
            position = place_of(catalog, "x", "y")
        speed = place_of(catalog, "speed")
        distance = place_of(catalog, "lap_distance")
        beacon, lap = place_of(catalog, "beacon"), place_of(catalog, "lap")
        if distance is not None and distance.rate_hz < SPARSE_HZ and (beacon or lap):
            distance = None
        # Lap distance goes on where the position fix is lost, so that its delay is the better one.
        carrier = distance or position
        delay = place_of(catalog, f"receipt_delay_{carrier.group}") if carrier is not None else None
        return Signals(
            position,
            speed,
            distance,
            lap,
            delay,
            speed_factor(catalog, speed),
            planar and position is not None,
            beacon,
            place_of(catalog, "beacon_doubt"),
            place_of(catalog, "running_lap_time"),
            place_of(catalog, "line_mark"),
        )

    @property
    def limit_us(self) -> int:
        """Time without a position from which there is a hole: as the store's silences."""
        rates = [p.rate_hz for p in (self.position, self.distance) if p is not None]
        if not rates and self.speed is not None:
            rates = [self.speed.rate_hz]  # the way is reckoned from it
        rate = max(rates, default=1.0)
        return round(max(5.0 / max(rate, 0.1), 2.0) * 1e6)

    def groups(self) -> tuple[str, ...]:
        """The groups that laps depend on."""
        places = (
            self.position,
            self.speed,
            self.distance,
            self.lap,
            self.beacon,
            self.running,
            self.marks,
        )
        return tuple(dict.fromkeys(p.group for p in places if p is not None))


def speed_factor(catalog: Catalog, speed: Place | None) -> float:
    """What makes m/s of the speeds at ``speed``; km/h is taken where the unit says nothing."""
    if speed is None:
        return 1 / 3.6
    unit = catalog.group(speed.group).channels[speed.rows[0]].unit
    return {"m/s": 1.0, "mph": 0.44704}.get(unit, 1 / 3.6)


def place_of(catalog: Catalog, *names: str) -> Place | None:
    """The first group that has all of these channels; None when none has."""
    for group in catalog.groups:
        have = [c.name for c in group.channels]
        if all(name in have for name in names):
            return Place(group.name, tuple(have.index(n) for n in names), group.rate_hz)
    return None


def read(
    store: SessionStore, car: str, place: Place | None, t_lo: int, t_hi: int, margin: int = 0
) -> tuple[Times, Floats]:
    """Whole samples of ``place`` with ``t_lo <= t <= t_hi`` and ``margin`` more on each side:
    times int64[n] and values float64[rows, n]; samples with a NaN are left out."""
    columns = store.columns(car, place.group) if place is not None else None
    if place is None or columns is None:
        return _NO_TIMES, np.zeros((len(place.rows) if place else 1, 0))
    span = columns.span(t_lo, t_hi, margin)
    values = span.values[list(place.rows)].astype(np.float64)
    whole = np.isfinite(values).all(axis=0)
    if whole.all():
        return span.t, values
    return span.t[whole], values[:, whole]
