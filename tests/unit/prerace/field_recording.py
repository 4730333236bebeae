"""A recording of the demo's field, all that its cars measure; made without the cloud."""

from __future__ import annotations

from pathlib import Path

from pitwall.cloud.local.field import make_field
from pitwall.store import Batch, Recording, Source
from pitwall.telemetry import Series, Session, chunk, encode

T0 = 1_790_000_000_000_000
KEY = "2026-09-20-field-practice"


def record(
    path: Path, seconds: float, cars: int = 1, seed: int = 3, groups: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Write it; the cars' numbers. All groups unless some are named."""
    field = make_field(seed=seed, seconds=seconds, cars=cars)
    session = Session(KEY, "Field", field.catalog, T0, seconds)
    with Recording.create(path, session) as recording:
        for car in field.cars:
            parts = []
            for group in field.catalog.groups:
                if groups and group.name not in groups:
                    continue
                samples = field.samples(car.number, group.name)
                t = samples.t_us + T0
                bounds = [*range(0, len(t), 500), len(t)]
                for n, (a, b) in enumerate(zip(bounds[:-1], bounds[1:], strict=True), start=1):
                    payload = encode(t[a:b], samples.values[:, a:b], group, field.catalog.version)
                    series = Series(KEY, car.number, group.name, "a")
                    lap = int(samples.lap[a])
                    times = int(t[a]), int(t[b - 1])
                    parts.append(chunk(series, n, lap, *times, b - a, payload))
            recording.apply(Batch(Source.ARCHIVE, tuple(parts)))
    return tuple(car.number for car in field.cars)
