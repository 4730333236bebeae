"""Laps, sectors and deltas of a 40-car race of 3.5 h from the store, and live by the chunk.

Baseline: what one would write in ten lines: laps where lap distance falls, then for each lap a mask
over the car's whole arrays and ``numpy.interp`` for sectors and delta; live, the same car again.
"""

from __future__ import annotations

import math
import statistics
import time

import numpy as np

from pitwall.analysis import TimingEngine, delta
from pitwall.analysis.timing import Timing
from pitwall.store import SessionStore, Source
from pitwall.store.samples import Samples
from pitwall.telemetry import Catalog, Channel, Group, Head, Session
from tests.bench.harness import Result, spread

CARS, SECONDS, HZ = 40, 12_600, 10
LAP_S, LENGTH = 90.0, 4_500.0
LIVE_S = 20
T0 = 1_757_184_000_000_000
LAT0, LON0 = 33.5, -86.6
GROUP = Group(
    "pos",
    float(HZ),
    250_000,
    (
        Channel("latitude", "deg", 1e-8, -90, 90),
        Channel("longitude", "deg", 1e-8, -180, 180),
        Channel("speed", "km/h", 0.01, 0, 300),
        Channel("lap_distance", "m", 0.01, 0, 5000),
    ),
)
SESSION = Session("2025-09-06-bench-laps", "Laps", Catalog((GROUP,)), T0)


def run() -> Result:
    """40 cars, 10 Hz: position, speed and lap distance; about 140 laps each."""
    field = [car(k) for k in range(CARS)]
    cut = (SECONDS - LIVE_S) * HZ
    store = SessionStore(SESSION)
    put(store, [(t[:cut], values[:, :cut]) for t, values in field])
    begun = time.process_time()
    engine = TimingEngine()
    timing = engine.update(store)
    laps_s = time.process_time() - begun
    begun = time.process_time()
    compared = deltas(engine, timing)
    deltas_s = time.process_time() - begun
    live = chunks(store, engine, field, cut)
    begun = time.process_time()
    plain_laps = [plain(*field[k]) for k in range(CARS)]
    plain_s = time.process_time() - begun
    plain_live = []
    for k in range(3):
        begun = time.process_time()
        plain(*field[k])
        plain_live.append((time.process_time() - begun) * 1e6)
    laps = sum(lap.time_us is not None for c in timing.cars.values() for lap in c.laps)
    ours = {
        "cars": CARS,
        "samples": CARS * cut,
        "laps": laps,
        "deltas": compared,
        "laps and sectors, CPU s": round(laps_s, 3),
        "deltas, CPU s": round(deltas_s, 3),
        "all, CPU s": round(laps_s + deltas_s, 3),
        "live, CPU us per chunk": spread(live, 1),
    }
    base = {
        "laps": sum(plain_laps),
        "all, CPU s": round(plain_s, 3),
        "live, CPU us per chunk": spread(plain_live, 1),
    }
    ratios = {
        "numpy.interp / ours, whole race": plain_s / (laps_s + deltas_s),
        "numpy.interp / ours, a live chunk": statistics.median(plain_live)
        / statistics.median(live),
    }
    return Result(ours, {"numpy.interp over whole arrays": base}, ratios)


def car(k: int) -> tuple[np.ndarray, np.ndarray]:
    """Times and channels of one car: laps of its own pace, on an egg-shaped ring."""
    t = T0 + np.arange(SECONDS * HZ, dtype=np.int64) * (1_000_000 // HZ) + k * 137
    seconds = (t - T0) / 1e6
    pace = LAP_S * (1 + 0.002 * k)
    way = np.maximum(seconds / pace * LENGTH + 40 * np.sin(seconds / 11), 0.0)
    angle = (way % LENGTH) / LENGTH * 2 * math.pi
    radius = LENGTH / (2 * math.pi) * (1 + 0.1 * np.cos(2 * angle))
    values = np.stack(
        [
            LAT0 + radius * np.cos(angle) / 111_195,
            LON0 + radius * np.sin(angle) / (111_195 * math.cos(math.radians(LAT0))),
            np.gradient(way, seconds) * 3.6,
            way % LENGTH,
        ]
    )
    return t, values


def put(store: SessionStore, parts: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Add samples as the writer does, with one new version at the end."""
    keys = []
    for k, (t, values) in enumerate(parts):
        key = (str(k + 1), GROUP.name)
        growing = store.growing(key)
        epoch = growing.epoch_index("bench")
        n = len(t)
        counters = ((t - T0) // GROUP.chunk_us + 1).astype(np.int32)
        growing.insert(
            Samples.of(
                t,
                values.astype(growing.dtype),
                counters,
                np.full(n, epoch, np.uint16),
                np.full(n, Source.STREAM.code, np.uint8),
                np.zeros(n, np.uint16),
            )
        )
        keys.append(key)
    heads = {
        (name, "bench"): Head(SESSION.key, name, "bench", T0, T0, 0, {}, ended=False)
        for name, _ in keys
    }
    store.publish(keys, store.ledger(), heads, {})


def deltas(engine: TimingEngine, timing: Timing) -> int:
    """The delta of every lap to its car's best."""
    count = 0
    for name, of_car in timing.cars.items():
        best = engine.axis(name, of_car.best.number) if of_car.best is not None else None
        for lap in of_car.laps:
            axis = engine.axis(name, lap.number) if lap.time_us is not None else None
            if axis is not None and best is not None:
                delta(axis, best)
                count += 1
    return count


def chunks(
    store: SessionStore,
    engine: TimingEngine,
    field: list[tuple[np.ndarray, np.ndarray]],
    cut: int,
) -> list[float]:
    """CPU microseconds of an update for each chunk of 0.25 s that is new, all cars at a time."""
    out = []
    step = 5  # samples: two chunks of each car
    for lo in range(cut, SECONDS * HZ, step):
        put(store, [(t[lo : lo + step], values[:, lo : lo + step]) for t, values in field])
        begun = time.process_time()
        engine.update(store)
        out.append((time.process_time() - begun) * 1e6 / (2 * CARS))
    return out


def plain(t: np.ndarray, values: np.ndarray) -> int:
    """Laps, thirds and deltas to the best lap of one car, the straightforward way."""
    distance = values[3]
    falls = np.flatnonzero(np.diff(distance) < -LENGTH / 2)
    before = distance[falls] - LENGTH
    part = -before / (distance[falls + 1] - before)
    marks = t[falls] + part * (t[falls + 1] - t[falls])
    times = np.diff(marks)
    if not len(times):
        return 0
    grid = np.linspace(0, LENGTH, round(LENGTH / 2))
    best = None
    order = [int(times.argmin()), *range(len(times))]
    for i in order:
        inside = (t >= marks[i]) & (t < marks[i + 1])
        s = np.concatenate([[0.0], distance[inside], [LENGTH]])
        at = np.concatenate([[marks[i]], t[inside], [marks[i + 1]]])
        np.interp([LENGTH / 3, 2 * LENGTH / 3], s, at)
        line = np.interp(grid, s, at) - marks[i]
        best = line if best is None else best
        _ = line - best
    return len(times)
