"""A race's chunks in bulk: packed, by series, with times since the race began.

Payloads hold relative times, so the same log serves every start of the race: what depends on the
hour (keys, crcs) is put on when the history is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.cloud.chunking import encode_chunks
from pitwall.cloud.feed import Feed, cut
from pitwall.cloud.sealed import MAX_CHUNKS, MAX_SEALED
from pitwall.telemetry import Catalog, ClockKind, encode
from pitwall.telemetry.payload import MAX_SAMPLES

Ints = NDArray[np.int64]
Tick = Callable[[float], None]
"""Told the share that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class SeriesLog:
    """One series' chunks; n of chunk i is i + 1.

    Attributes:
        car, group: whose.
        t_lo, t_hi: int64[m], first and last sample, microseconds since the start.
        lap: int64[m], lap of the first sample.
        counts: int64[m], samples.
        payloads: m packed payloads.
        sealed: packed payload of a whole lap by the index of its first chunk, for the laps that
            are over and fit one item.
    """

    car: str
    group: str
    t_lo: Ints
    t_hi: Ints
    lap: Ints
    counts: Ints
    payloads: list[bytes]
    sealed: dict[int, bytes]

    def runs(self) -> list[tuple[int, int]]:
        """``(first, past the last)`` chunk of each run of one lap, in order."""
        edges = np.flatnonzero(np.diff(self.lap)) + 1
        cuts = [0, *edges.tolist(), len(self.lap)]
        return list(zip(cuts, cuts[1:], strict=False)) if len(self.lap) else []


@dataclass(frozen=True, slots=True)
class ChunkLog:
    """A race up to some moment.

    Attributes:
        title, catalog, clock, simulated: of the session.
        history_us: how much of the race the log holds.
        feed_s: length of the feed it was made from.
        series: every series that has chunks, cars in the order of the field.
        driven_us, key: of the recording it was made from; 0 and empty for the synthetic field.
    """

    title: str
    catalog: Catalog
    clock: ClockKind
    simulated: bool
    history_us: int
    feed_s: float
    series: tuple[SeriesLog, ...]
    driven_us: int = 0
    key: str = ""

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return sum(len(s.payloads) for s in self.series)


def build_log(feed: Feed, history_us: int, tick: Tick) -> ChunkLog:
    """Pack the first ``history_us`` of a feed."""
    version = feed.catalog.version
    series: list[SeriesLog] = []
    for i, car in enumerate(feed.cars):
        for j, group in enumerate(feed.catalog.groups):
            tick((i + j / len(feed.catalog.groups)) / len(feed.cars))
            whole = feed.samples(car, group.name)
            if whole is None:
                continue
            samples = cut(whole, group, history_us)
            t_us = samples.t_us
            if not len(t_us):
                continue
            starts, sizes, payloads = encode_chunks(group, t_us, samples.values, version)
            lap = samples.lap[starts].astype(np.int64)
            ends = starts + sizes - 1
            log = SeriesLog(car, group.name, t_us[starts], t_us[ends], lap, sizes, payloads, {})
            for first, past in log.runs()[:-1]:
                a, b = int(starts[first]), int(starts[past])
                if b - a > MAX_SAMPLES or past - first > MAX_CHUNKS:
                    continue
                payload = encode(t_us[a:b], samples.values[:, a:b], group, version)
                if len(payload) <= MAX_SEALED:
                    log.sealed[first] = payload
            series.append(log)
    tick(1.0)
    return ChunkLog(
        feed.title,
        feed.catalog,
        feed.clock,
        feed.simulated,
        history_us,
        feed.seconds,
        tuple(series),
        feed.driven_us,
        feed.key,
    )
