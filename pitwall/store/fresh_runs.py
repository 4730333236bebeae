"""What a transaction has stored, as runs of samples for the columns.

A whole race that is loaded is hundreds of megabytes: stretches that were unpacked in one go become
blocks where they lie; copying them would cost more than unpacking did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.lib.stride_tricks import as_strided

from pitwall.store.batch import Fresh
from pitwall.store.block import Values, chunk_pieces
from pitwall.store.growth import BLOCK, GrowingColumns
from pitwall.store.samples import Samples


def samples_of(parts: Sequence[Fresh], growing: GrowingColumns) -> Iterator[Samples]:
    """Freshly applied segments of one (car, group) as runs of samples: a long stretch that was
    unpacked in one go as it lies in memory, all others copied into one run."""
    # laps come newest first: whole segments are put in order more cheaply than their samples
    parts = sorted(parts, key=lambda part: part.segment.t_lo)
    left: list[Fresh] = []
    # The newest first: what then goes before it is let in whole, behind it would fill up a block.
    for stretch in [*_stretches(parts)][::-1]:
        first = stretch[0].samples.values
        count = sum(map(_length, stretch))
        if count < BLOCK or first.dtype != growing.dtype:
            left += stretch
            continue
        # Each begins in memory where the one before it ends: one array is over all of them.
        shape = (first.shape[0], count)
        values = as_strided(first, shape, first.strides, writeable=False)
        yield _run(stretch, values, growing)
    if left:
        values = np.concatenate(
            [p.samples.values for p in left], axis=1, dtype=growing.dtype, casting="same_kind"
        )
        yield _run(left, values, growing)


def _stretches(parts: Sequence[Fresh]) -> Iterator[list[Fresh]]:
    """``parts`` cut where the values of one do not follow those of the one before in memory."""
    stretch: list[Fresh] = []
    end: tuple[object, ...] = ()
    for part in parts:
        values = part.samples.values
        at = values.__array_interface__["data"][0]
        # of one array, or else the end of one is next to the start of another by chance
        array = None if values.base is None else id(values.base)
        if stretch and (array is None or (array, values.strides, values.dtype, at) != end):
            yield stretch
            stretch = []
        stretch.append(part)
        end = (array, values.strides, values.dtype, at + values.shape[1] * values.itemsize)
    if stretch:
        yield stretch


def _length(part: Fresh) -> int:
    return len(part.samples.t)


def _run(parts: Sequence[Fresh], values: Values, growing: GrowingColumns) -> Samples:
    """``values`` of all ``parts``, with their times and what is known of their chunks."""
    lengths = list(map(_length, parts))
    t = np.concatenate([p.samples.t for p in parts])
    t += np.repeat(np.array([p.segment.t_lo for p in parts], np.int64), lengths)
    chunks = np.array([p.segment.chunks for p in parts], np.int64)
    ends = np.cumsum(chunks)
    first = np.array([p.segment.n_lo for p in parts], np.int64) - (ends - chunks)
    counters = np.arange(ends[-1]) + np.repeat(first, chunks)
    counts = np.fromiter(
        chain.from_iterable(p.segment.counts for p in parts), np.int64, int(ends[-1])
    )
    epochs = [growing.epoch_index(p.segment.series.epoch) for p in parts]
    pieces = chunk_pieces(
        counts,
        counters.astype(np.int32),
        np.repeat(np.array(epochs, np.uint16), chunks),
        np.repeat(np.array([p.code for p in parts], np.uint8), chunks),
        np.repeat(np.array([p.segment.lap for p in parts], np.uint16), chunks),
    )
    return Samples(t, values, pieces)
