"""Least and greatest values of stretches of samples: what is drawn of data denser than pixels.

The finest bins hold :data:`FINEST` samples and are kept up by the writer beside the values; coarser
ones are folded from them (:mod:`pitwall.store.chapter`). No bin reaches over the start of a run, so
that a hole stays a hole at every width.
"""

from __future__ import annotations

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


class Bins:
    """Bins over the first ``covered`` samples of a block, in order; never changed.

    Those of a block that is loaded whole are folded when they are first asked for, by whoever asks,
    or by the writer when it has time: a race is loaded sooner than it is looked at. Two that fold
    at the same time make the same.

    Attributes:
        covered: number of samples in the bins.
    """

    __slots__ = ("_first", "_high", "_low", "_source", "covered")

    def __init__(self, first: Index | None, low: Values, high: Values, covered: int) -> None:
        self.covered = covered
        self._first = first
        self._low, self._high = low, high
        self._source: tuple[Values, NDArray[np.integer]] | None = None
        """What they are still to be folded of, values and starts; None when they are."""

    @classmethod
    def later(cls, values: Values, starts: NDArray[np.integer]) -> Bins:
        """Bins over all of a block's ``values``, not folded yet."""
        none = values[:, :0]
        made = cls(None, none, none, values.shape[1])
        made._source = (values, starts)
        return made

    @property
    def first(self) -> Index | None:
        """int32[m], index of each bin's first sample; None where every bin has :data:`FINEST`
        samples and only the last may have fewer."""
        self.fold()
        return self._first

    @property
    def low(self) -> Values:
        """float[k, m], least value in each bin, NaN left aside; NaN where there is nothing else."""
        self.fold()
        return self._low

    @property
    def high(self) -> Values:
        """float[k, m], greatest value in each bin, as :attr:`low`."""
        self.fold()
        return self._high

    def __len__(self) -> int:
        return int(self.low.shape[1])

    def fold(self) -> bool:
        """Fold them, if they are not. False when they were."""
        source = self._source
        if source is None:
            return False
        values, starts = source
        made = extend(no_bins(values), values, starts, self.covered)
        self._first, self._low, self._high = made._first, made._low, made._high
        self._source = None  # the last step: whoever sees it sees the rest
        return True

    def firsts(self) -> Index:
        """int32[m], index of each bin's first sample."""
        if self.first is not None:
            return self.first
        return np.arange(0, self.covered, FINEST, dtype=np.int32)

    def times(self, t: Times) -> Times:
        """int64[m], time of each bin's first sample; ``t`` are the block's times."""
        first = self.first
        return t[0 : self.covered : FINEST] if first is None else t[first]

    @property
    def nbytes(self) -> int:
        """Memory held; that of bins which are not folded yet as it will be, by and large."""
        if self._source is not None:
            values = self._source[0]
            return 2 * len(values) * -(-self.covered // FINEST) * values.itemsize
        first = self._first
        return self._low.nbytes + self._high.nbytes + (0 if first is None else first.nbytes)


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
