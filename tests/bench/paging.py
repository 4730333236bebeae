"""Milliseconds until a car that was paged out is back: a lap of it, and all of its hour.

Baseline: reading the whole recording again, which is what a program without pages would do. The
budget is six tenths of what the race takes; the memory of the process is told before and after.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pitwall.runtime import usage
from pitwall.store import Batch, Pager, Recording, SessionStore, Source, open_session
from pitwall.telemetry import Catalog, Channel, Group, Segment, Series, Session, chunk, encode_many
from tests.bench.harness import Result, spread

CARS, GROUPS, CHANNELS, HZ, HOUR_S = 12, 3, 8, 50, 3600
CHUNK, LAP_S = 25, 90
LIMIT_S = 120.0
T0 = 1_757_184_000_000_000
CATALOG = Catalog(
    tuple(
        Group(
            f"g{g}",
            float(HZ),
            500_000,
            tuple(Channel(f"c{g}_{i}", "1", 0.01, 0, 100) for i in range(CHANNELS)),
        )
        for g in range(GROUPS)
    )
)
SESSION = Session("2025-09-06-bench-paging", "Paging", CATALOG, T0)


def run() -> Result:
    """An hour of twelve cars, three groups of eight channels at 50 Hz."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "race.pitwall"
        _record(path)
        begun = time.perf_counter()
        recording, store = open_session(path, read_only=True)
        reopened_ms = (time.perf_counter() - begun) * 1000
        whole = sum(c.nbytes for c in store.view().columns.values())
        resident = usage.resident_bytes()
        pager = Pager(store, path, whole * 6 // 10)
        pager.look_at(frozenset({"0"}))
        pager.start()
        _until(lambda: pager.stats.away > 0 and not pager.stats.over)
        paged = usage.resident_bytes()
        stats = pager.stats
        laps, cars = [], []
        for car in range(1, CARS):
            end = T0 + (HOUR_S // 2 + LAP_S) * 1_000_000
            laps.append(_timed(lambda car=car, end=end: _lap(store, str(car), end)))  # type: ignore[misc]
            cars.append(_timed(lambda car=car: _car(store, pager, str(car))))  # type: ignore[misc]
            _until(lambda: not pager.stats.over)
        pager.stop()
        recording.close()
    columns = len(CATALOG.groups) * CARS
    raw = columns * HOUR_S * HZ * (8 + 4 * CHANNELS)
    median = statistics.median
    return Result(
        {
            "a lap of a car that was away, ms": spread(laps, 1),
            "the whole hour of it, ms": spread(cars, 1),
            "memory held / raw, nothing away": round(whole / raw, 3),
            "budget, MB": round(stats.budget / 1e6, 1),
            "held within it, MB": round(stats.held / 1e6, 1),
            "away, MB": round(stats.away / 1e6, 1),
            "process before, MB": round(resident / 1e6, 1),
            "process after, MB": round(paged / 1e6, 1),
        },
        {"the recording read again": {"ms": round(reopened_ms, 1)}},
        {
            "lap_back_ms": median(laps),
            "car_back_ms": median(cars),
            "lap_vs_reading_again": median(laps) / reopened_ms,
            "memory_vs_raw": whole / raw,
            "held_vs_budget": stats.held / stats.budget,
        },
    )


def _record(path: Path) -> None:
    """As a finished race: packed laps."""
    rng = np.random.default_rng(1)
    count = HOUR_S * HZ // CHUNK
    t = T0 + np.arange(count * CHUNK, dtype=np.int64).reshape(count, CHUNK) * (1_000_000 // HZ)
    with Recording.create(path, SESSION) as recording:
        for car in range(CARS):
            segments: list[Segment] = []
            for group in CATALOG.groups:
                walk = np.cumsum(rng.normal(0, 0.4, (CHANNELS, count * CHUNK)), axis=1) + 50
                values = walk.reshape(CHANNELS, count, CHUNK).transpose(1, 0, 2)
                payloads = encode_many(t, values, group, CATALOG.version)
                series = Series(SESSION.key, str(car), group.name, "a")
                for i, payload in enumerate(payloads):
                    lo, hi = int(t[i, 0]), int(t[i, -1])
                    lap = i * CHUNK // (LAP_S * HZ)
                    segments.append(chunk(series, i + 1, lap, lo, hi, CHUNK, payload))
            recording.apply(Batch(Source.ARCHIVE, tuple(segments), received_us=T0))
        recording.compact()


def _lap(store: SessionStore, car: str, end: int) -> None:
    span = end - LAP_S * 1_000_000, end
    _until(lambda: all([store.ready(car, g.name, *span) for g in CATALOG.groups]))


def _car(store: SessionStore, pager: Pager, car: str) -> None:
    pager.look_at(frozenset({car}))
    view = store.view()
    _until(lambda: not any(view.columns[car, g.name].away(0, 2**62) for g in CATALOG.groups))


def _timed(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def _until(happens: Callable[[], bool]) -> None:
    """Looks as often as a window's pump does, and more."""
    wait, end = threading.Event(), time.monotonic() + LIMIT_S
    while not happens():
        if time.monotonic() > end:
            raise AssertionError("the pager did not answer")
        wait.wait(0.002)
