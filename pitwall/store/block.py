"""A stretch of samples in memory, and what is known of the chunks they came in.

Chunk counter, epoch, source and lap are kept once for each run of equal ones, not for every sample:
otherwise they would weigh as much as two channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pitwall.store.bins import Bins
from pitwall.store.page import Page

Times = NDArray[np.int64]
Values = NDArray[np.floating]
Counters = NDArray[np.int32]
Epochs = NDArray[np.uint16]
Codes = NDArray[np.uint8]
Laps = NDArray[np.uint16]
Pieces = NDArray[np.void]

NO_TIMES: Times = np.zeros(0, np.int64)
NO_TIMES.flags.writeable = False

PIECE = np.dtype([("at", "<i4"), ("n", "<i4"), ("epoch", "<u2"), ("lap", "<u2"), ("source", "u1")])
"""Neighbouring samples of one chunk: index of the first, the chunk's counter, index into
:attr:`Columns.epochs`, the producer's lap, :attr:`Source.code` of the leg that brought it (with
:data:`pitwall.store.batch.LATE` where it came late)."""


class Rule(NamedTuple):
    """When samples that follow each other are not of one run: another epoch, chunks missing in
    between, or no sample for too long.

    Attributes:
        limit_us: the longest time between two samples of a run.
        counted: chunks missing in between show in their counters. Numbers of our own
            (:data:`pitwall.telemetry.names.UNCOUNTED`) jump where nothing is missing, and do not
            where something is: there time alone decides.
    """

    limit_us: int
    counted: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A stretch of samples; never changed once it is in a :class:`Columns`.

    Its values may be paged out to the recording; all the rest is always in memory, so that where
    data is, where it has holes and what its least and greatest values are needs no reading.

    Attributes:
        t: int64[n], event time, microseconds UTC, ascending.
        page: holds :attr:`values`.
        pieces: :data:`PIECE` [j], in order; the first begins at 0.
        starts: int64[j], indices >= 1 where an unbroken run starts, by the :class:`Rule`.
        shifts: int64[j], indices >= 1 where the source changes, or whether it came late.
        bins: least and greatest values over all samples, or all but the newest few of the block
            that still grows.
        t_lo, t_hi: first and last time.
    """

    t: Times
    page: Page
    pieces: Pieces
    starts: Times
    shifts: Times
    bins: Bins
    t_lo: int
    t_hi: int

    def __len__(self) -> int:
        return len(self.t)

    @property
    def values(self) -> Values:
        """float[k, n], a row per channel of the group (:func:`values_dtype`). Of a block that is
        paged out they are read from the recording. Raises BadInput or Failure when that fails."""
        held = self.page.held
        return held if held is not None else self.page.read(self)

    @property
    def resident(self) -> bool:
        """True when the values are in memory."""
        return self.page.held is not None

    @property
    def n(self) -> Counters:
        """int32[n], counter of the chunk each sample came in."""
        each: Counters = self._each("n")
        return each

    @property
    def epoch(self) -> Epochs:
        """uint16[n], index into :attr:`Columns.epochs`."""
        each: Epochs = self._each("epoch")
        return each

    @property
    def source(self) -> Codes:
        """uint8[n], :attr:`Source.code` of the leg that brought it, and :data:`LATE`."""
        each: Codes = self._each("source")
        return each

    @property
    def lap(self) -> Laps:
        """uint16[n], lap of the chunk each sample came in, as the producer counts."""
        each: Laps = self._each("lap")
        return each

    def piece(self, i: int) -> tuple[int, int, int, int]:
        """Counter, epoch, lap and source code of the chunk that sample ``i`` came in; the code has
        :data:`LATE` where it came late."""
        at = piece_at(self.pieces, i) if 0 < i < len(self.t) - 1 else -int(i > 0)
        _, n, epoch, lap, source = self.pieces[at].item()
        return n, epoch, lap, source

    def laps(self, i0: int, i1: int) -> Laps:
        """uint16[i1 - i0], laps of samples i0..i1-1."""
        part = cut(self.pieces, i0, i1)
        return np.repeat(part["lap"], lengths(part, i1 - i0))

    @property
    def nbytes(self) -> int:
        """Memory held, without what a growing block has in reserve."""
        return self.rest_bytes + (self.page.size if self.resident else 0)

    @property
    def rest_bytes(self) -> int:
        """Memory of what is never paged out."""
        own = (self.t, self.pieces, self.starts, self.shifts)
        return sum(a.nbytes for a in own) + self.bins.nbytes

    def _each(self, name: str) -> Any:
        return np.repeat(self.pieces[name], lengths(self.pieces, len(self.t)))


def piece_at(pieces: Pieces, i: int) -> int:
    """Index of the piece that sample ``i`` is in."""
    return int(pieces["at"].searchsorted(i, "right")) - 1


def lengths(pieces: Pieces, count: int) -> NDArray[np.int64]:
    """int64[j], samples in each piece of ``count`` samples."""
    ends = np.append(pieces["at"][1:], count)
    counts: NDArray[np.int64] = (ends - pieces["at"]).astype(np.int64)
    return counts


def cut(pieces: Pieces, i0: int, i1: int) -> Pieces:
    """Copy of the pieces of samples i0..i1-1, counted from i0."""
    if i1 <= i0:
        return pieces[:0]
    part = pieces[piece_at(pieces, i0) : int(pieces["at"].searchsorted(i1, "left"))].copy()
    part["at"] -= i0
    part["at"][0] = 0
    return part


def pieces_of(n: Counters, epoch: Epochs, source: Codes, lap: Laps) -> Pieces:
    """The pieces of samples for each of which everything is given."""
    new = np.ones(len(n), np.bool_)
    new[1:] = n[1:] != n[:-1]
    for each in (epoch, source, lap):
        new[1:] |= each[1:] != each[:-1]
    at = np.flatnonzero(new)
    return _made(at, n[at], epoch[at], source[at], lap[at])


def chunk_pieces(
    counts: NDArray[np.int64],
    n: NDArray[np.integer],
    epoch: NDArray[np.integer] | int,
    source: NDArray[np.integer],
    lap: NDArray[np.integer],
) -> Pieces:
    """The pieces of whole chunks one after the other: samples in each, and what they are."""
    pieces = _made(np.cumsum(counts) - counts, n, epoch, source, lap)
    return pieces if counts.all() else pieces[counts > 0]


def _made(
    at: NDArray[np.integer],
    n: NDArray[np.integer],
    epoch: NDArray[np.integer] | int,
    source: NDArray[np.integer],
    lap: NDArray[np.integer],
) -> Pieces:
    out = np.empty(len(at), PIECE)
    out["at"], out["n"], out["epoch"], out["source"], out["lap"] = at, n, epoch, source, lap
    return out


def run_starts(t: Times, pieces: Pieces, rule: Rule) -> Times:
    """Indices >= 1 at which an unbroken run starts, as :attr:`Block.starts` has them.

    Neighbouring chunks whose jittery stamps cross (n goes back by one) are unbroken.
    """
    starts = NO_TIMES
    if len(t) > 1 and int(t[-1]) - int(t[0]) > rule.limit_us:
        starts = (t[1:] - t[:-1] > rule.limit_us).nonzero()[0] + 1
    if len(pieces) > 1:
        n, epoch = pieces["n"], pieces["epoch"]
        broken = epoch[1:] != epoch[:-1]
        if rule.counted:
            broken |= np.abs(n[1:] - n[:-1]) > 1
        at = pieces["at"][1:][broken].astype(np.int64)
        if len(at):
            starts = np.union1d(starts, at) if len(starts) else at
    return starts


def source_shifts(pieces: Pieces) -> Times:
    """Indices >= 1 at which the source changes, or whether it came late."""
    if len(pieces) < 2:
        return NO_TIMES
    source = pieces["source"]
    shifts: Times = pieces["at"][1:][source[1:] != source[:-1]].astype(np.int64)
    return shifts


def breaks_between(a: Block, i: int, b: Block, j: int, rule: Rule) -> bool:
    """True when sample ``j`` of ``b`` starts a run after sample ``i`` of ``a``."""
    _, n0, epoch0, _, _ = a.pieces[-1 if i == len(a.t) - 1 else piece_at(a.pieces, i)].item()
    _, n1, epoch1, _, _ = b.pieces[0 if j == 0 else piece_at(b.pieces, j)].item()
    if epoch0 != epoch1 or int(b.t[j]) - int(a.t[i]) > rule.limit_us:
        return True
    return rule.counted and abs(n1 - n0) > 1
