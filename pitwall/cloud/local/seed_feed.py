"""The synthetic field as a feed."""

from __future__ import annotations

from collections.abc import Callable

from pitwall.cloud.feed import FeedSamples
from pitwall.telemetry import ClockKind


class FieldFeed:
    """The synthetic field as a feed; see :func:`pitwall.cloud.local.field.make_field`."""

    clock = ClockKind.EVENT
    simulated = True
    driven_us = 0
    key = ""

    def __init__(
        self, seed: int, seconds: float, cars: int, tick: Callable[[], None] = lambda: None
    ) -> None:
        from pitwall.cloud.local.field import make_field

        self._field = field = make_field(seed, seconds, cars, tick)
        self.title = f"{field.track.name}, simulated race"
        self.catalog = field.catalog
        self.cars = tuple(car.number for car in field.cars)
        self.seconds = seconds

    def samples(self, car: str, group: str) -> FeedSamples | None:
        """All samples of one group of one car."""
        got = self._field.samples(car, group)
        return FeedSamples(got.t_us, got.values, got.lap)
