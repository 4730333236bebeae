"""The sealed laps of the ``keyed-read`` benchmark: 40 cars, 250 laps each, as table items.

Laps of 45 s with 20 channels at 10 Hz, sealed as the publisher seals them. Four cars are measured
anew, the others repeat them: what a client costs does not depend on it.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np

from pitwall.cloud import sealed_item
from pitwall.telemetry import Segment, Series, chunk, encode, encode_many
from tests.bench.turbo_race import (
    CATALOG,
    CHUNK,
    EPOCH,
    GROUP,
    LAP_S,
    RATE,
    SESSION,
    T0,
    Size,
    name_of,
    signals,
)

CARS = 40
LAPS = 250
_MEASURED = 4
TABLE = "pitwall"


def build(path: Path) -> tuple[list[tuple[str, str]], int]:
    """Write the items for the server; their keys, in no order of cars or laps, and bytes in all."""
    laps = [_laps(car) for car in range(_MEASURED)]
    items: list[tuple[str, str, bytes]] = []
    for car in range(CARS):
        for lap in laps[car % _MEASURED]:
            s = lap.series
            mine = Segment(
                Series(s.session, name_of(car), s.group, s.epoch), lap.n_lo, lap.n_hi, lap.lap,
                lap.t_lo, lap.t_hi, lap.counts, lap.crcs, lap.payload,
            )  # fmt: skip
            item = sealed_item(mine, text=True)
            packed = json.dumps(item, separators=(",", ":")).encode()
            items.append((item["pk"]["S"], item["sk"]["S"], packed))
    path.write_bytes(msgspec.msgpack.encode(items))
    order = np.random.default_rng(7).permutation(len(items))
    return [items[i][:2] for i in order], sum(len(packed) for _, _, packed in items)


def _laps(car: int) -> list[Segment]:
    size = Size(1, LAPS * LAP_S)
    values = signals(size, car)
    steps = values.shape[1]
    t = T0 + np.arange(steps, dtype=np.int64) * (1_000_000 // RATE)
    series = Series(SESSION.key, name_of(car), GROUP.name, EPOCH)
    count = steps // CHUNK
    cut = np.ascontiguousarray(values.reshape(len(values), count, CHUNK).transpose(1, 0, 2))
    times = t.reshape(count, CHUNK)
    payloads = encode_many(times, cut, GROUP, CATALOG.version)
    out = []
    for lap in range(LAPS):
        a, z = lap * LAP_S, (lap + 1) * LAP_S
        chunks = [
            chunk(series, i + 1, lap, int(times[i, 0]), int(times[i, -1]), CHUNK, payloads[i])
            for i in range(a, z)
        ]
        some = slice(a * CHUNK, z * CHUNK)
        out.append(
            Segment(
                series,
                a + 1,
                z,
                lap,
                chunks[0].t_lo,
                chunks[-1].t_hi,
                (CHUNK,) * LAP_S,
                tuple(c.crcs[0] for c in chunks),
                encode(t[some], values[:, some], GROUP, CATALOG.version),
            )  # fmt: skip
        )
    return out
