"""What a transaction has stored, as runs of samples for the columns.

A whole race that is loaded is hundreds of megabytes: stretches that were unpacked in one go become
blocks where they lie; copying them would cost more than unpacking did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pitwall.store.batch import Fresh
from pitwall.store.block import Values, chunk_pieces
from pitwall.store.growth import BLOCK, GrowingColumns
from pitwall.store.samples import Samples


def runs_of(parts: Sequence[Fresh], growing: GrowingColumns) -> Iterator[Samples]:
    """Freshly applied segments of one (car, group) as runs of samples: a long stretch that was
    unpacked in one go as it lies in memory, all others copied into one run."""
    # laps come newest first: whole segments are put in order more cheaply than their samples
    parts = sorted(parts, key=lambda part: part.segment.t_lo)
    left: list[Fresh] = []
    for stretch in _stretches(parts):
        values = _whole(stretch) if sum(map(_length, stretch)) >= BLOCK else None
        if values is None or values.dtype != growing.dtype:
            left += stretch
        else:
            yield _run(stretch, values, growing)
    if left:
        values = np.concatenate(
            [p.samples.values for p in left], axis=1, dtype=growing.dtype, casting="same_kind"
        )
        yield _run(left, values, growing)


def _stretches(parts: Sequence[Fresh]) -> Iterator[list[Fresh]]:
    """``parts`` cut where the values of one do not follow those of the one before in memory."""
    stretch: list[Fresh] = []
    end: tuple[int, int] | None = None
    for part in parts:
        values = part.samples.values
        at = values.__array_interface__["data"][0]
        if stretch and (id(values.base), at) != end:
            yield stretch
            stretch = []
        stretch.append(part)
        end = (id(values.base), at + values.shape[1] * values.itemsize)
    if stretch:
        yield stretch


def _whole(stretch: Sequence[Fresh]) -> Values | None:
    """The values of a stretch as one view; None when they are not of one array."""
    first = stretch[0].samples.values
    base = first.base
    if not isinstance(base, np.ndarray) or base.shape[:1] != first.shape[:1]:
        return first if len(stretch) == 1 else None
    if base.dtype != first.dtype or base.strides != first.strides:
        return None
    start = first.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    at = start // base.itemsize
    whole: Values = base[:, at : at + sum(map(_length, stretch))]
    return whole


def _length(part: Fresh) -> int:
    return len(part.samples.t)


def _run(parts: Sequence[Fresh], values: Values, growing: GrowingColumns) -> Samples:
    """``values`` of all ``parts``, with their times and what is known of their chunks."""
    lengths = list(map(_length, parts))
    t = np.concatenate([p.samples.t for p in parts])
    t += np.repeat(np.array([p.segment.t_lo for p in parts], np.int64), lengths)
    chunks = [p.segment.n_hi - p.segment.n_lo + 1 for p in parts]
    counters = [n for p in parts for n in range(p.segment.n_lo, p.segment.n_hi + 1)]
    counts = np.array([c for p in parts for c in p.segment.counts], np.int64)
    epochs = [growing.epoch_index(p.segment.series.epoch) for p in parts]
    pieces = chunk_pieces(
        counts,
        np.array(counters, np.int32),
        np.repeat(np.array(epochs, np.uint16), chunks),
        np.repeat(np.array([p.code for p in parts], np.uint8), chunks),
        np.repeat(np.array([p.segment.lap for p in parts], np.uint16), chunks),
    )
    return Samples(t, values, pieces)
