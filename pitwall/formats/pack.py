"""From blocks of samples to numbered segments and heads: the producer's side of an import."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pitwall.formats.source import Block
from pitwall.telemetry import (
    Catalog,
    Group,
    Head,
    Segment,
    Series,
    chunk_crc,
    encode,
    encode_many,
)

EPOCH = "import"
_MAX_CHUNK = 4096
_MAX_RUN = 4096
"""Samples in one segment: a few minutes at these rates."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(slots=True)
class _CarState:
    n: dict[str, int] = field(default_factory=dict)
    t_first: int = 0
    t_last: int = 0
    lap: int = 0
    samples: int = 0


class Packer:
    """Numbers and packs the samples of all cars of one session."""

    def __init__(self, session: str, catalog: Catalog) -> None:
        self._session = session
        self._groups = {g.name: g for g in catalog.groups}
        self._version = catalog.version
        self._cars: dict[str, _CarState] = {}

    def segments(self, car: str, block: Block) -> Iterator[Segment]:
        """The segments of ``block``, as car ``car``."""
        group = self._groups[block.group]
        state = self._cars.setdefault(car, _CarState(t_first=int(block.t[0])))
        values = np.full((len(group.channels), len(block.t)), np.nan)
        for name, column in block.values.items():
            values[group.index(name)] = column
        state.t_first = min(state.t_first, int(block.t.min()))
        state.t_last = max(state.t_last, int(block.t.max()))
        state.lap = max(state.lap, block.lap)
        state.samples += len(block.t)
        for a in range(0, len(block.t), _MAX_RUN):
            b = a + _MAX_RUN
            yield self._segment(car, state, group, block.lap, block.t[a:b], values[:, a:b])

    def heads(self) -> tuple[Head, ...]:
        """The last head of every car: what there is, and that it is complete."""
        return tuple(
            Head(self._session, car, EPOCH, s.t_first, s.t_last, s.lap, dict(s.n), ended=True)
            for car, s in self._cars.items()
        )

    def totals(self) -> dict[str, tuple[int, int]]:
        """``car -> (samples, chunks)`` packed so far."""
        return {car: (s.samples, sum(s.n.values())) for car, s in self._cars.items()}

    def _segment(
        self, car: str, state: _CarState, group: Group, lap: int, t: Ints, values: Floats
    ) -> Segment:
        edges = _chunk_edges(t, group.chunk_us)
        crcs = self._crcs(group, t, values, edges)
        n_lo = state.n.get(group.name, 0) + 1
        n_hi = n_lo + len(edges) - 2
        state.n[group.name] = n_hi
        return Segment(
            Series(self._session, car, group.name, EPOCH),
            n_lo,
            n_hi,
            lap,
            int(t[0]),
            int(t[-1]),
            tuple(np.diff(edges).tolist()),
            crcs,
            encode(t, values, group, self._version),
        )

    def _crcs(self, group: Group, t: Ints, values: Floats, edges: Ints) -> tuple[int, ...]:
        sizes = np.diff(edges)
        out = [0] * len(sizes)
        for size in np.unique(sizes).tolist():
            which = np.flatnonzero(sizes == size)
            at = edges[which][:, None] + np.arange(size)
            payloads = encode_many(t[at], values[:, at].transpose(1, 0, 2), group, self._version)
            for i, payload in zip(which.tolist(), payloads, strict=True):
                out[i] = chunk_crc(int(t[edges[i]]), payload)
        return tuple(out)


def _chunk_edges(t: Ints, chunk_us: int) -> Ints:
    """Boundaries of the chunks of a run: a new one each ``chunk_us`` of event time."""
    slot = t // chunk_us
    starts = np.flatnonzero(np.diff(slot)) + 1
    edges = np.concatenate([[0], starts, [len(t)]])
    while (wide := np.flatnonzero(np.diff(edges) > _MAX_CHUNK)).size:
        edges = np.sort(np.concatenate([edges, edges[wide] + _MAX_CHUNK]))
    return edges.astype(np.int64)
