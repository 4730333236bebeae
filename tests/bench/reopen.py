"""Seconds to open a race and have it in memory: as it was written live, and with packed laps.

Baseline: the same chunks in one SQLite table, read and unpacked one by one.
"""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

import numpy as np

from pitwall.store import Batch, Recording, Source, open_session
from pitwall.telemetry import (
    Catalog,
    Channel,
    Group,
    Segment,
    Series,
    Session,
    chunk,
    decode,
    encode_many,
)
from tests.bench.harness import Result, seconds, spread

CHUNKS = 200_000
CARS = 20
SAMPLES = 25
T0 = 1_757_184_000_000_000
GROUP = Group("driver", 100.0, 250_000, tuple(Channel(f"c{i}", "1", 0.1, 0, 100) for i in range(5)))
CATALOG = Catalog((GROUP,))
SESSION = Session("2025-09-06-bench-reopen", "Reopen", CATALOG, T0)


def run() -> Result:
    """20 cars, 10,000 chunks each, 25 samples of 5 channels in each chunk."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "race.pitwall"
        cars = race()
        written = seconds(lambda: write(path, cars), repeat=1, warm_up=0)
        loose_mb = path.stat().st_size / 1e6
        loose = seconds(lambda: reopen(path), repeat=5)
        naive = seconds(lambda: one_by_one(path), repeat=2, warm_up=0)
        packing = seconds(lambda: pack(path), repeat=1, warm_up=0)
        packed = seconds(lambda: reopen(path), repeat=5)
        packed_mb = path.stat().st_size / 1e6
    ours = {
        "chunks": CHUNKS,
        "samples": CHUNKS * SAMPLES,
        "apply, chunks per second": round(CHUNKS / written[0]),
        "reopen as written, s": spread(loose),
        "reopen packed, s": spread(packed),
        "packing, s": round(packing[0], 2),
        "file as written, MB": round(loose_mb, 1),
        "file packed, MB": round(packed_mb, 1),
    }
    base = {"reopen as written, s": spread(naive)}
    ratios = {
        "one by one / ours as written": float(np.median(naive) / np.median(loose)),
        "one by one / ours packed": float(np.median(naive) / np.median(packed)),
    }
    return Result(ours, {"one by one": base}, ratios)


def race() -> list[list[Segment]]:
    """Chunks of each car."""
    rng = np.random.default_rng(1)
    per_car = CHUNKS // CARS
    out = []
    for car in range(CARS):
        t = T0 + np.arange(per_car * SAMPLES).reshape(per_car, SAMPLES) * 10_000
        walk = np.cumsum(rng.normal(0, 0.4, (5, per_car * SAMPLES)), axis=1) + 50
        values = walk.reshape(5, per_car, SAMPLES).transpose(1, 0, 2)
        payloads = encode_many(t, values, GROUP, CATALOG.version)
        series = Series(SESSION.key, str(car), "driver", "a")
        out.append(
            [
                chunk(series, i + 1, i // 360, int(t[i, 0]), int(t[i, -1]), SAMPLES, payload)
                for i, payload in enumerate(payloads)
            ]
        )
    return out


def write(path: Path, cars: list[list[Segment]]) -> None:
    """As a live race: every transaction has some chunks of every car."""
    with Recording.create(path, SESSION) as recording:
        for at in range(0, len(cars[0]), 50):
            batch = tuple(s for car in cars for s in car[at : at + 50])
            recording.apply(Batch(Source.STREAM, batch))


def reopen(path: Path) -> None:
    """Open, load, close."""
    recording, store = open_session(path, read_only=True)
    recording.close()
    if sum(c.samples for c in store.view().columns.values()) != CHUNKS * SAMPLES:
        raise AssertionError("samples are missing")


def pack(path: Path) -> None:
    """Seal all laps locally."""
    with Recording.open(path) as recording:
        recording.compact()


def one_by_one(path: Path) -> None:
    """What a plain reader would do: a row, a payload, an array at a time."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    columns: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    for row_id, t_lo, payload in db.execute("SELECT id, t_lo, payload FROM segments ORDER BY id"):
        samples = decode(payload, GROUP, CATALOG.version)
        columns.setdefault(row_id >> 32, []).append(
            (samples.t + t_lo, samples.values.astype(np.float32))
        )
    db.close()
    for parts in columns.values():
        np.concatenate([p[0] for p in parts])
        np.concatenate([p[1] for p in parts], axis=1)
