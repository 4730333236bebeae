"""A small circuit, cars that drive it with known crossings, a store that holds what they sent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pitwall.analysis.track import Tangent
from pitwall.store import Batch, Recording, SessionStore, Source
from pitwall.telemetry import (
    Catalog,
    Channel,
    ClockKind,
    Group,
    Segment,
    Series,
    Session,
    chunk,
    encode,
)

T0 = 1_790_000_000_000_000
KEY = "2026-09-20-test-race"
HOME = Tangent(36.4, -86.9)

POSITION = (
    Channel("latitude", "deg", 1e-8, -90, 90),
    Channel("longitude", "deg", 1e-8, -180, 180),
)
SPEED = (Channel("speed", "km/h", 0.01, 0, 300),)
DISTANCE = (Channel("lap_distance", "m", 0.01, 0, 5000),)
LAP = (Channel("lap", "1", 1, 0, 200, step=True),)


def catalog(*channels: Channel, rate_hz: float = 20.0) -> Catalog:
    return Catalog((Group("pos", rate_hz, 250_000, channels),))


FULL = catalog(*POSITION, *SPEED, *DISTANCE)


def _ring() -> tuple[np.ndarray, np.ndarray]:
    a = np.linspace(0, 2 * np.pi, 20_001)[:-1]
    r = 320 * (1 + 0.28 * np.cos(2 * a + 0.4) + 0.1 * np.cos(3 * a))
    return r * np.cos(a), r * np.sin(a)


RING = _ring()
_WAY = np.concatenate(
    [
        [0.0],
        np.cumsum(
            np.hypot(np.diff(RING[0], append=RING[0][0]), np.diff(RING[1], append=RING[1][0]))
        ),
    ]
)
LENGTH = float(_WAY[-1])


def place(s: np.ndarray, beside: np.ndarray | float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """x and y at ``s`` metres, ``beside`` metres to the left."""
    x = np.interp(s % LENGTH, _WAY, np.append(RING[0], RING[0][0]))
    y = np.interp(s % LENGTH, _WAY, np.append(RING[1], RING[1][0]))
    x1 = np.interp((s + 1) % LENGTH, _WAY, np.append(RING[0], RING[0][0]))
    y1 = np.interp((s + 1) % LENGTH, _WAY, np.append(RING[1], RING[1][0]))
    size = np.hypot(x1 - x, y1 - y)
    return x - (y1 - y) / size * beside, y + (x1 - x) / size * beside


@dataclass
class Drive:
    """Laps of one car: the time each takes, the way before the first line, stops.

    ``crossings`` are event times in microseconds, exact.
    """

    lap_s: Sequence[float]
    before_m: float = 300.0
    start_us: int = T0
    stops: Sequence[tuple[float, float, float]] = ()
    """(metres from the first line, seconds, metres beside the track)."""
    part: float = 0.4
    """Part of a further lap that is driven at the end."""
    t: np.ndarray = field(init=False)
    way: np.ndarray = field(init=False)
    crossings: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        ways = [np.array([-self.before_m])]
        paces = []
        for i, seconds in enumerate([self.lap_s[0], *self.lap_s, self.lap_s[-1]]):
            lo = -self.before_m if i == 0 else (i - 1) * LENGTH
            hi = 0.0 if i == 0 else (i - 1 + (self.part if i > len(self.lap_s) else 1.0)) * LENGTH
            s = np.linspace(lo, hi, 4001)[1:]
            ways.append(s)
            paces.append(_pace(s) * seconds)
        self.way = np.concatenate(ways)
        pace = np.concatenate([paces[0][:1], *paces])
        step = np.diff(self.way) * (pace[1:] + pace[:-1]) / 2
        self.t = np.concatenate([[0.0], np.cumsum(step)])
        for at, seconds, _ in self.stops:
            i = int(np.searchsorted(self.way, at))
            self.t[i:] += seconds
            self.way = np.insert(self.way, i, self.way[i])
            self.t = np.insert(self.t, i, self.t[i] - seconds)
        lines = np.arange(len(self.lap_s) + 1) * LENGTH
        at = np.interp(lines, self.way, self.t)
        self.crossings = self.start_us + np.rint(at * 1e6).astype(np.int64)

    def sample(
        self, names: Iterable[str], rate_hz: float, noise_m: float = 0.0, seed: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        us = np.arange(0, int(self.t[-1] * 1e6), round(1e6 / rate_hz), dtype=np.int64)
        seconds = us / 1e6
        way = np.interp(seconds, self.t, self.way)
        speed = (
            np.interp(seconds + 0.01, self.t, self.way)
            - np.interp(seconds - 0.01, self.t, self.way)
        ) / 0.02
        beside = np.zeros(len(way))
        for at, _, side in self.stops:
            beside[np.abs(way - at) < 250] = side
        x, y = place(way, beside)
        x = x + rng.normal(0, noise_m, len(x)) if noise_m else x
        y = y + rng.normal(0, noise_m, len(y)) if noise_m else y
        lat, lon = to_degrees(HOME, x, y)
        columns = {
            "latitude": lat,
            "longitude": lon,
            "speed": speed * 3.6,
            "lap_distance": way % LENGTH,
            "lap": np.floor(way / LENGTH) + 1,
        }
        return self.start_us + us, np.stack([columns[n] for n in names])


def to_degrees(plane: Tangent, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude of places in metres: the plane's own map, backwards."""
    (east,), _ = plane.to_xy(np.array([plane.lat0]), np.array([plane.lon0 + 1.0]))
    _, (north,) = plane.to_xy(np.array([plane.lat0 + 1.0]), np.array([plane.lon0]))
    return y / north + plane.lat0, x / east + plane.lon0


def _pace(s: np.ndarray) -> np.ndarray:
    """Parts of a lap time per metre: faster on one side of the ring than on the other."""
    shape = 1 + 0.35 * np.sin(2 * np.pi * s / LENGTH) + 0.1 * np.cos(6 * np.pi * s / LENGTH)
    return shape / LENGTH


def segments(
    car: str,
    cat: Catalog,
    t: np.ndarray,
    values: np.ndarray,
    epoch: str = "a",
    laps: np.ndarray | None = None,
) -> list[Segment]:
    """Chunks of one car's group of so many channels; ``laps`` is the producer's lap at each
    sample, without it the producer does not count."""
    group = next(g for g in cat.groups if len(g.channels) == len(values))
    edges = np.flatnonzero(np.diff(t // group.chunk_us)) + 1
    out = []
    bounds = [0, *edges.tolist(), len(t)]
    for n, (a, b) in enumerate(zip(bounds[:-1], bounds[1:], strict=True), start=1):
        payload = encode(t[a:b], values[:, a:b], group, cat.version)
        series = Series(KEY, car, group.name, epoch)
        lap = int(laps[a]) if laps is not None else 0
        out.append(chunk(series, n, lap, int(t[a]), int(t[b - 1]), b - a, payload))
    return out


class Rig:
    """A recording and its store."""

    def __init__(
        self, folder: Path, cat: Catalog = FULL, clock: ClockKind = ClockKind.EVENT
    ) -> None:
        self.catalog = cat
        session = Session(KEY, "Test race", cat, T0, clock=clock)
        self.recording = Recording.create(folder / "rig.pitwall", session)
        self.store = SessionStore(session)

    def add(self, parts: Sequence[Segment]) -> None:
        for a in range(0, len(parts), 500):
            applied = self.recording.apply(Batch(Source.STREAM, tuple(parts[a : a + 500])))
            self.store.commit(applied)

    def drive(
        self,
        car: str,
        drive: Drive,
        noise_m: float = 0.0,
        seed: int = 0,
        lap_before: int | None = None,
    ) -> list[Segment]:
        """What ``car`` sends of ``drive``; not yet in the store. ``lap_before``: its producer
        counts laps, and this is the one before the first crossing."""
        group = self.catalog.groups[0]
        names = [c.name for c in group.channels]
        t, values = drive.sample(names, group.rate_hz, noise_m, seed)
        laps = None
        if lap_before is not None:
            laps = lap_before + np.searchsorted(drive.crossings, t, "right")
        return segments(car, self.catalog, t, values, laps=laps)

    def close(self) -> None:
        self.recording.close()


def closeness(found: Sequence[int], truth: np.ndarray) -> float:
    """Largest difference in milliseconds; infinite when there are more or fewer."""
    if len(found) != len(truth):
        return math.inf
    return float(np.abs(np.array(found) - truth).max()) / 1000
