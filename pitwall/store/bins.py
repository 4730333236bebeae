"""Least and greatest values of stretches of samples: what is drawn of data denser than pixels.

The finest bins hold :data:`FINEST` samples and are kept up by the writer beside the values; coarser
ones are folded from them (:mod:`pitwall.store.chapter`). No bin reaches over the start of a run, so
that a hole stays a hole at every width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]
Values = NDArray[np.floating]
Index = NDArray[np.integer]

FINEST = 16
"""Samples in a bin. Two values for sixteen are an eighth of the values' memory."""
_PIECE = 32_768
"""Values folded in one go: what fits the cache."""

NO_INDEX: Index = np.zeros(0, np.int32)
NO_INDEX.flags.writeable = False


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Bins over the first ``covered`` samples of a block, in order.

    Attributes:
        first: int32[m], index of each bin's first sample; None where every bin has
            :data:`FINEST` samples and only the last may have fewer.
        low, high: float[k, m], least and greatest value in each bin, NaN left aside; NaN where a
            bin has nothing else.
        covered: number of samples in the bins.
    """

    first: Index | None
    low: Values
    high: Values
    covered: int

    def __len__(self) -> int:
        return int(self.low.shape[1])

    def firsts(self) -> Index:
        """int32[m], index of each bin's first sample."""
        if self.first is not None:
            return self.first
        return np.arange(0, self.covered, FINEST, dtype=np.int32)

    def times(self, t: Times) -> Times:
        """int64[m], time of each bin's first sample; ``t`` are the block's times."""
        return t[0 : self.covered : FINEST] if self.first is None else t[self.first]

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return self.low.nbytes + self.high.nbytes + (0 if self.first is None else self.first.nbytes)


def no_bins(values: Values) -> Bins:
    """Bins over nothing."""
    none = np.zeros((len(values), 0), values.dtype)
    return Bins(None, none, none, 0)


def extend(bins: Bins, values: Values, starts: NDArray[np.integer], upto: int) -> Bins:
    """The bins carried on to the first ``upto`` samples; what is there stays as it is.

    Args:
        bins: over a beginning of ``values`` that is a whole number of bins.
        values: float[k, n], all of the block's.
        starts: indices >= 1 where a run starts, ascending, all of the block's.
        upto: more than ``bins.covered``.
    """
    since = bins.covered
    new = values[:, since:upto]
    inner = starts[(starts > since) & (starts < upto)] - since
    # A run that starts where the old bins end needs no mark of its own: a bin begins there anyway.
    first: Index | None = None
    if len(inner):
        edges = np.union1d(np.arange(0, upto - since, FINEST), inner)
        low = np.fmin.reduceat(new, edges, axis=1)
        high = np.fmax.reduceat(new, edges, axis=1)
        first = (edges + since).astype(np.int32)
    else:
        low, high = fold(new)
    if since == 0:
        return Bins(first, low, high, upto)
    if bins.first is not None or first is not None:
        before = bins.firsts()
        if first is None:
            first = np.arange(since, upto, FINEST, dtype=np.int32)
        first = np.concatenate([before, first])
    return Bins(
        first,
        np.concatenate([bins.low, low], axis=1),
        np.concatenate([bins.high, high], axis=1),
        upto,
    )


def fold(values: Values) -> tuple[Values, Values]:
    """Least and greatest of every :data:`FINEST` neighbours in each row; the last may be fewer.

    Args:
        values: float[k, n].

    Returns:
        ``(low, high)``, float[k, ceil(n / FINEST)], NaN left aside.
    """
    k, n = values.shape
    whole = n // FINEST
    count = -(-n // FINEST)
    low = np.empty((k, count), values.dtype)
    high = np.empty((k, count), values.dtype)
    step = max(_PIECE // max(k * FINEST, 1), 1)
    # Neighbours laid one below the other: sixteen long rows are compared many times faster than
    # many rows of sixteen.
    room = np.empty((FINEST, k, min(step, max(whole, 1))), values.dtype)
    for a in range(0, whole, step):
        z = min(a + step, whole)
        part = room[:, :, : z - a]
        part[...] = values[:, a * FINEST : z * FINEST].reshape(k, z - a, FINEST).transpose(2, 0, 1)
        np.fmin.reduce(part, axis=0, out=low[:, a:z])
        np.fmax.reduce(part, axis=0, out=high[:, a:z])
    if whole < count:
        np.fmin.reduce(values[:, whole * FINEST :], axis=1, out=low[:, whole])
        np.fmax.reduce(values[:, whole * FINEST :], axis=1, out=high[:, whole])
    return low, high
