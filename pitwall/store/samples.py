"""Samples on their way into columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pitwall.store.block import (
    Codes,
    Counters,
    Epochs,
    Laps,
    Pieces,
    Times,
    Values,
    cut,
    lengths,
    pieces_of,
)


@dataclass(slots=True, eq=False)
class Samples:
    """As in :class:`~pitwall.store.block.Block`, in any order of time.

    Attributes:
        t: int64[n].
        values: float[k, n].
        pieces: :data:`~pitwall.store.block.PIECE` [j]; the first begins at 0 when n > 0.
    """

    t: Times
    values: Values
    pieces: Pieces

    @classmethod
    def of(
        cls, t: Times, values: Values, n: Counters, epoch: Epochs, source: Codes, lap: Laps
    ) -> Samples:
        """Samples for each of which counter, epoch, source and lap are given."""
        return cls(t, values, pieces_of(n, epoch, source, lap))

    def __len__(self) -> int:
        return len(self.t)

    def part(self, i0: int, i1: int) -> Samples:
        """Views of samples i0..i1-1."""
        return Samples(self.t[i0:i1], self.values[:, i0:i1], cut(self.pieces, i0, i1))

    def in_order(self) -> Samples:
        """Sorted by time, then epoch and counter; itself when it is already."""
        if len(self.t) < 2 or bool((self.t[1:] >= self.t[:-1]).all()):
            return self
        piece = np.repeat(np.arange(len(self.pieces)), lengths(self.pieces, len(self.t)))
        index = np.lexsort((self.pieces["n"][piece], self.pieces["epoch"][piece], self.t))
        piece = piece[index]
        at = np.flatnonzero(np.concatenate(([True], piece[1:] != piece[:-1])))
        pieces = self.pieces[piece[at]]
        pieces["at"] = at
        # take along the rows: several times faster than a fancy index over both axes
        return Samples(self.t[index], np.take(self.values, index, axis=1), pieces)


def join(parts: Sequence[Samples]) -> Samples:
    """One after the other."""
    if len(parts) == 1:
        return parts[0]
    pieces = np.concatenate([p.pieces for p in parts])
    before = np.cumsum([0, *(len(p) for p in parts[:-1])])
    pieces["at"] += np.repeat(before, [len(p.pieces) for p in parts]).astype(np.int32)
    return Samples(
        np.concatenate([p.t for p in parts]),
        np.concatenate([p.values for p in parts], axis=1),
        pieces,
    )
