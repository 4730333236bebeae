"""A small session and chunks of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np

from pitwall.telemetry import (
    Catalog,
    Channel,
    Group,
    Head,
    Segment,
    Series,
    Session,
    chunk,
    encode,
)

T0 = 1_757_184_000_000_000
SAMPLES = 5
STEP_US = 50_000
CHUNK_US = SAMPLES * STEP_US

DRIVER = Group(
    "driver",
    20.0,
    CHUNK_US,
    (Channel("speed", "km/h", 0.1, 0, 300), Channel("gear", "1", 1, 0, 8, step=True)),
)
TYRE = Group("tyre", 1.0, 1_000_000, (Channel("pressure", "bar", 0.01, 0, 4),))
CATALOG = Catalog((DRIVER, TYRE))
SESSION = Session("2025-09-06-barber-r1", "Barber Race 1", CATALOG, T0)


def series(car: str = "11", epoch: str = "a", group: str = "driver") -> Series:
    return Series(SESSION.key, car, group, epoch)


def times(n: int, lag_us: int = 0) -> np.ndarray:
    return T0 + lag_us + (n - 1) * CHUNK_US + np.arange(SAMPLES, dtype=np.int64) * STEP_US


def values(n: int, salt: int = 0) -> np.ndarray:
    speed = np.round(100 + 50 * np.sin(0.1 * (n * SAMPLES + np.arange(SAMPLES))) + salt, 1)
    return np.stack([speed, np.full(SAMPLES, 1.0 + n % 6)])


@cache
def one(
    n: int, of: Series | None = None, *, salt: int = 0, lag_us: int = 0, lap: int | None = None
) -> Segment:
    """Chunk n of a driver series."""
    t = times(n, lag_us)
    payload = encode(t, values(n, salt), DRIVER, CATALOG.version)
    lap = (n - 1) // 40 if lap is None else lap
    return chunk(of or series(), n, lap, int(t[0]), int(t[-1]), SAMPLES, payload)


def run(numbers: Iterable[int], of: Series | None = None, salt: int = 0) -> Segment:
    """Chunks as one segment."""
    parts = [one(n, of, salt=salt) for n in numbers]
    t = np.concatenate([times(p.n_lo) for p in parts])
    v = np.concatenate([values(p.n_lo, salt) for p in parts], axis=1)
    return Segment(
        parts[0].series,
        parts[0].n_lo,
        parts[-1].n_hi,
        parts[0].lap,
        parts[0].t_lo,
        parts[-1].t_hi,
        tuple(SAMPLES for _ in parts),
        tuple(p.crcs[0] for p in parts),
        encode(t, v, DRIVER, CATALOG.version),
    )


def head(n: int, car: str = "11", epoch: str = "a", *, ended: bool = False) -> Head:
    return Head(
        SESSION.key, car, epoch, T0, T0 + n * CHUNK_US, max(n - 1, 0) // 40, {"driver": n}, ended
    )
