"""Share of one core to append a whole field at 100 Hz, with least and greatest values kept up.

Baselines: ``numpy.append`` for every channel, and the bare write into arrays made beforehand.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from pitwall.store import SessionStore, Source
from pitwall.store.bins import FINEST, fold
from pitwall.store.block import chunk_pieces
from pitwall.store.ledger import Ledger
from pitwall.store.samples import Samples
from pitwall.telemetry import Catalog, Channel, Group, Session
from tests.bench.harness import Result, spread

CARS, GROUPS, CHANNELS, HZ, CHUNK = 40, 5, 20, 100, 25
HISTORY_S, LIVE_S, ROUNDS = 60, 10, 5
APPEND_HISTORY_S = 600
BULK = 10_000_000
LIMIT = 1.3
"""Memory goal: so many times the values and one axis of times for each group."""


def run() -> Result:
    """40 cars, five groups of 20 channels, chunks of 250 ms; a version shown every 125 ms."""
    shares, store = _ours()
    floor = _written()
    naive = _numpy_append()
    bulk, reshape, bounds = _bulk()
    samples = sum(c.samples for c in store.view().columns.values())
    raw = samples * (8 + 4 * CHANNELS)
    held = sum(c.nbytes for c in store.view().columns.values())
    ours = {
        "share of one core": spread(shares),
        "points per second of data": CARS * GROUPS * CHANNELS * HZ,
        "bulk of 1e7, ms": spread(bulk),
        "memory / raw": round(held / raw, 3),
        "memory / raw, group of 5 channels": round(_memory(5), 3),
    }
    baselines = {
        "numpy.append for each channel, ten minutes held": {"share of one core": spread(naive)},
        "bare write into arrays made beforehand": {"share of one core": spread(floor)},
        "reshape(-1, 16).min(1) and .max(1)": {"bulk of 1e7, ms": spread(reshape)},
        "one pass of min() and max()": {"bulk of 1e7, ms": spread(bounds)},
    }
    median = statistics.median
    return Result(
        ours,
        baselines,
        {
            "share": median(shares),
            "append_vs_numpy": median(naive) / median(shares),
            "append_vs_bare": median(shares) / median(floor),
            "bulk_vs_reshape": median(reshape) / median(bulk),
            "memory_vs_raw": held / raw,
        },
    )


def session(channels: int) -> Session:
    """Five groups of so many channels."""
    groups = tuple(
        Group(
            f"g{g}",
            float(HZ),
            250_000,
            tuple(Channel(f"c{g}_{i}", "1", 0.01, -10, 10) for i in range(channels)),
        )
        for g in range(GROUPS)
    )
    return Session("2025-09-06-bench-append", "Append", Catalog(groups), 0)


def chunk(values: np.ndarray, number: int, chunks: int = 1) -> Samples:
    """``chunks`` chunks from the ``number``-th on, as they come decoded."""
    count = chunks * CHUNK
    t = (number * CHUNK + np.arange(count, dtype=np.int64)) * (1_000_000 // HZ)
    n = np.arange(number + 1, number + chunks + 1)
    source = np.full(chunks, Source.STREAM.code, np.uint8)
    return Samples(
        t,
        values[:, :count].copy(),
        chunk_pieces(np.full(chunks, CHUNK), n, 0, source, np.zeros(chunks, np.uint16)),
    )


def filled(channels: int, cars: int = CARS) -> tuple[SessionStore, np.ndarray]:
    """A store with a minute of history, and values to go on with."""
    store = SessionStore(session(channels))
    rng = np.random.default_rng(1)
    values = rng.normal(size=(channels, HISTORY_S * HZ)).astype(np.float32)
    keys = [(str(car), f"g{g}") for car in range(cars) for g in range(GROUPS)]
    for key in keys:
        growing = store.growing(key)
        growing.epoch_index("a")
        growing.insert(chunk(values, 0, HISTORY_S * HZ // CHUNK))
    store.publish(keys, Ledger(), {}, {})
    return store, values


def _ours() -> tuple[list[float], SessionStore]:
    store, values = filled(CHANNELS)
    keys = list(store.view().columns)
    number = HISTORY_S * HZ // CHUNK
    shares = []
    for _ in range(ROUNDS):
        spent = 0.0
        for _ in range(LIVE_S * HZ // CHUNK):
            due = [(key, chunk(values, number)) for key in keys]
            begun = time.process_time()
            for half in (due[::2], due[1::2]):
                for key, samples in half:
                    store.growing(key).insert(samples)
                store.publish([key for key, _ in half], Ledger(), {}, {})
            spent += time.process_time() - begun
            number += 1
        shares.append(spent / LIVE_S)
    return shares, store


def _written() -> list[float]:
    """What no store can do without: copying the numbers to their places."""
    total = ROUNDS * LIVE_S * HZ
    room = np.empty((CARS, GROUPS, CHANNELS, total), np.float32)
    times = np.empty((CARS, GROUPS, total), np.int64)
    values = np.zeros((CHANNELS, CHUNK), np.float32)
    room[...] = 0
    shares, at = [], 0
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(LIVE_S * HZ // CHUNK):
            for car in range(CARS):
                for group in range(GROUPS):
                    room[car, group, :, at : at + CHUNK] = values
                    times[car, group, at : at + CHUNK] = at
            at += CHUNK
        shares.append((time.process_time() - begun) / LIVE_S)
    return shares


def _numpy_append() -> list[float]:
    """One car's channels, by the number of cars."""
    shares = []
    held = [np.zeros(APPEND_HISTORY_S * HZ, np.float32) for _ in range(GROUPS * CHANNELS)]
    new = np.zeros(CHUNK, np.float32)
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(HZ // CHUNK):
            held = [np.append(one, new) for one in held]
        shares.append((time.process_time() - begun) * CARS)
    return shares


def _bulk() -> tuple[list[float], list[float], list[float]]:
    values = np.random.default_rng(2).normal(size=(1, BULK)).astype(np.float32)
    row = values[0]
    shaped = row.reshape(-1, FINEST)
    low, high = fold(values)
    if not (low[0] == shaped.min(1)).all() or not (high[0] == shaped.max(1)).all():
        raise AssertionError("the two disagree")
    # In turn, so that whatever else the machine does meets all of them.
    rows = [
        (
            _ms(lambda: fold(values)),
            _ms(lambda: (row.reshape(-1, FINEST).min(1), row.reshape(-1, FINEST).max(1))),
            _ms(lambda: (row.min(), row.max())),
        )
        for _ in range(2 * ROUNDS + 1)
    ]
    ours, reshape, bounds = zip(*rows, strict=True)
    return list(ours), list(reshape), list(bounds)


def _memory(channels: int) -> float:
    store, _ = filled(channels, 1)
    columns = list(store.view().columns.values())
    for each in columns:
        each.thin(range(channels), 0, each.t_hi, 100)
    raw = sum(c.samples for c in columns) * (8 + 4 * channels)
    return sum(c.nbytes for c in columns) / raw


def _ms(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return (time.process_time() - begun) * 1000
