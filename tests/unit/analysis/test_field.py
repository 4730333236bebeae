"""Laps of the demo's field against the crossings that its generator states."""

from __future__ import annotations

import numpy as np
import pytest

from pitwall.analysis import LapKind, TimingEngine
from pitwall.cloud.local.field import make_field
from pitwall.store import Batch, Recording, SessionStore, Source
from pitwall.telemetry import Series, Session, chunk, encode

T0 = 1_790_000_000_000_000
KEY = "2026-09-20-field-race"


@pytest.fixture(scope="module")
def raced(tmp_path_factory):
    """A race with a stop, its store and its timing."""
    field = make_field(seed=3, seconds=1300, cars=3)
    session = Session(KEY, "Field", field.catalog, T0)
    folder = tmp_path_factory.mktemp("field")
    with Recording.create(folder / "field.pitwall", session) as recording:
        store = SessionStore(session)
        group = field.catalog.group("pos")
        for car in field.cars:
            samples = field.samples(car.number, "pos")
            t = samples.t_us + T0
            bounds = [*range(0, len(t), 500), len(t)]
            parts = []
            for n, (a, b) in enumerate(zip(bounds[:-1], bounds[1:], strict=True), start=1):
                payload = encode(t[a:b], samples.values[:, a:b], group, field.catalog.version)
                series = Series(KEY, car.number, "pos", "a")
                lap = int(samples.lap[a])
                parts.append(chunk(series, n, lap, int(t[a]), int(t[b - 1]), b - a, payload))
            store.commit(recording.apply(Batch(Source.ARCHIVE, tuple(parts))))
    return field, store, TimingEngine().update(store)


def test_crossings_and_lap_times_are_within_10_ms(raced):
    field, _, timing = raced
    for car in field.cars:
        truth = field.crossings(car.number) + T0
        laps = timing.cars[car.number].laps
        found = np.array([lap.t_start for lap in laps[1:]])
        assert len(found) == len(truth)
        assert np.abs(found - truth).max() < 10_000
        times = np.array([lap.time_us for lap in laps[1:-1]])
        assert np.abs(times - np.diff(truth)).max() < 10_000


def test_intervals_hold_the_truth(raced):
    field, _, timing = raced
    inside = []
    for car in field.cars:
        truth = np.diff(field.crossings(car.number))
        laps = timing.cars[car.number].laps[1:-1]
        inside += [
            abs(lap.time_us - t) <= lap.uncertainty_us for lap, t in zip(laps, truth, strict=True)
        ]
    assert np.mean(inside) >= 0.9


def test_stops_are_marked(raced):
    field, _, timing = raced
    stops = 0
    for car in field.cars:
        kinds = [lap.kind for lap in timing.cars[car.number].laps]
        driven = {stop.lap for stop in field.pit_stops(car.number) if stop.lap + 1 < len(kinds) - 1}
        assert {i for i, kind in enumerate(kinds) if kind is LapKind.IN} >= driven
        for lap in driven:
            assert kinds[lap + 1] is LapKind.OUT
        stops += len(driven)
    assert stops >= 1


def test_the_order_is_that_of_the_crossings(raced):
    field, store, timing = raced

    def place(car: str) -> tuple[int, int]:
        crossed = field.crossings(car)
        return -len(crossed), int(crossed[-1])

    leader = min((c.number for c in field.cars), key=place)
    assert timing.order[0] == leader
    assert store.latest_us() > 0


def test_sectors_are_the_circuits_own(raced):
    field, _, timing = raced
    assert timing.track.sectors
    for car in field.cars:
        for lap in timing.cars[car.number].laps[1:-1]:
            if all(lap.sectors):
                assert sum(lap.sectors) == lap.time_us
    parts = np.array([*timing.track.sectors]) / timing.track.length_m
    assert parts == pytest.approx(np.array([1250.0, 2740.0]) / 3960.0, abs=0.01)
