"""A recording of the demo's field, all that its cars measure; made without the cloud."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from pitwall.cloud.local.field import make_field
from pitwall.store import Batch, Recording, Source
from pitwall.telemetry import Catalog, Channel, Group, Series, Session, chunk, encode

T0 = 1_790_000_000_000_000
KEY = "2026-09-20-field-practice"


ALTITUDE = Group("height", 20.0, 250_000, (Channel("altitude", "m", 0.01, -500.0, 5000.0),))


def record(
    path: Path,
    seconds: float,
    cars: int = 1,
    seed: int = 3,
    groups: tuple[str, ...] = (),
    altitude_m: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> tuple[str, ...]:
    """Write it; the cars' numbers. All groups unless some are named, and ``altitude_m`` (of event
    time in us and lap distance in m) where that is given."""
    field = make_field(seed=seed, seconds=seconds, cars=cars)
    more = (ALTITUDE,) if altitude_m is not None else ()
    catalog = Catalog((*field.catalog.groups, *more))
    session = Session(KEY, "Field", catalog, T0, seconds)
    with Recording.create(path, session) as recording:
        for car in field.cars:
            parts = []
            for group in catalog.groups:
                if groups and group.name not in (*groups, ALTITUDE.name):
                    continue
                high = group is ALTITUDE and altitude_m is not None
                samples = field.samples(car.number, "pos" if high else group.name)
                t, values = samples.t_us + T0, samples.values
                if high:
                    way = values[field.catalog.group("pos").index("lap_distance")]
                    values = altitude_m(t, way)[None, :]
                bounds = [*range(0, len(t), 500), len(t)]
                for n, (a, b) in enumerate(zip(bounds[:-1], bounds[1:], strict=True), start=1):
                    payload = encode(t[a:b], values[:, a:b], group, catalog.version)
                    series = Series(KEY, car.number, group.name, "a")
                    lap = int(samples.lap[a])
                    times = int(t[a]), int(t[b - 1])
                    parts.append(chunk(series, n, lap, *times, b - a, payload))
            recording.apply(Batch(Source.ARCHIVE, tuple(parts)))
    return tuple(car.number for car in field.cars)
