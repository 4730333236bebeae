"""The demo's field: a seeded race of cars that exist nowhere, sampled as a real car's logger would.

``make_field`` is pure: the same seed gives the same field, and a longer race begins exactly like
a shorter one. Nothing here knows of ``prerace``: advice can be judged against a truth of
different make.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.cloud.local.field_catalog import CATALOG
from pitwall.cloud.local.field_driver import draw_drivers
from pitwall.cloud.local.field_race import Run, Stop, race
from pitwall.cloud.local.field_sensors import FieldSamples, sample_field
from pitwall.cloud.local.field_track import Track, load_track
from pitwall.telemetry.channel import Catalog
from pitwall.telemetry.errors import BadInput

Ints = NDArray[np.int64]

MAX_SECONDS = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class FieldCar:
    """Who drives what.

    Attributes:
        number: the car's id in keys, as text.
        driver: the driver's name.
        grid: place on the grid, from 1.
        early_corner: number of the corner this driver brakes too early for on every lap, or
            None; truth for whoever judges the coach.
    """

    number: str
    driver: str
    grid: int
    early_corner: int | None


@dataclass(frozen=True, slots=True)
class Field:
    """A race: its cars, their samples and the truth behind them. Times are int64 microseconds
    since the green flag."""

    seed: int
    seconds: float
    track: Track
    catalog: Catalog
    cars: tuple[FieldCar, ...]
    _samples: dict[tuple[str, str], FieldSamples]
    _crossings: dict[str, Ints]
    _stops: dict[str, tuple[Stop, ...]]

    def samples(self, car: str, group: str) -> FieldSamples:
        """All samples of one group of one car. Raises KeyError."""
        return self._samples[car, group]

    def crossings(self, car: str) -> Ints:
        """When the car crossed the line, int64[m]; lap i runs from entry i-1 to entry i.
        Raises KeyError."""
        return self._crossings[car]

    def pit_stops(self, car: str) -> tuple[Stop, ...]:
        """The car's stops whose in-lap began before the end. Raises KeyError."""
        return self._stops[car]


def make_field(
    seed: int = 1,
    seconds: float = 3000.0,
    cars: int = 8,
    tick: Callable[[], None] = lambda: None,
) -> Field:
    """Drive a race of ``seconds`` with ``cars`` cars and sample it; ``tick`` is called many times
    a second meanwhile.

    Raises BadInput when there are more cars than drivers or the length is out of reason.
    """
    if not 1.0 <= seconds <= MAX_SECONDS:
        raise BadInput(f"field: {seconds} s asked for; a race has 1 to {MAX_SECONDS:.0f} s")
    if seed < 0:
        raise BadInput(f"field: seed {seed}; it must not be negative")
    track = load_track()
    drivers = draw_drivers(seed, cars)
    runs = race(track, drivers, seed, seconds, tick)
    crossings = [_before_end(run.crossings, seconds) for run in runs]
    numbers = [d.number for d in drivers]
    samples = sample_field(track, runs, crossings, seed, seconds, tick)
    return Field(
        seed=seed,
        seconds=seconds,
        track=track,
        catalog=CATALOG,
        cars=tuple(FieldCar(d.number, d.name, d.grid + 1, d.early_corner) for d in drivers),
        _samples={
            (number, group): values
            for number, groups in zip(numbers, samples, strict=True)
            for group, values in groups.items()
        },
        _crossings=dict(zip(numbers, crossings, strict=True)),
        _stops={
            driver.number: _stops(driver.stop_lap, run, seconds)
            for driver, run in zip(drivers, runs, strict=True)
        },
    )


def _before_end(crossings: NDArray[np.float64], seconds: float) -> Ints:
    inside: Ints = np.rint(crossings[crossings < seconds] * 1e6).astype(np.int64)
    return inside


def _stops(lap: int, run: Run, seconds: float) -> tuple[Stop, ...]:
    if run.stop_s[0] >= seconds:
        return ()
    return (Stop(lap, *(round(t * 1e6) for t in run.stop_s)),)
