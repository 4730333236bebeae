"""Coarse bins over many blocks: what makes a whole session as quick to draw as a minute of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from pitwall.store.batch import LATE, Source
from pitwall.store.between import Totals, totals_of
from pitwall.store.bins import FINEST, NO_INDEX, Index, Times, Values
from pitwall.store.block import Block, Rule, breaks_between
from pitwall.store.runs import RunFold

BLOCKS = 128
"""Blocks in a chapter, once it is full."""
WIDTHS = (FINEST, 64, 128, 256, 512, 1024, 2048, 4096)
"""Samples in a bin of each level; twice the one before, but for the first, which takes most of the
memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """Bins of one width.

    Attributes:
        t: int64[m], time of each bin's first sample.
        low, high: float[k, m].
        starts: int32[j], bins >= 1 at which an unbroken run starts.
    """

    t: Times
    low: Values
    high: Values
    starts: Index


class Chapter:
    """Some whole blocks, one after the other; never changed.

    Its levels are folded when they are first drawn, by whoever draws: most cars of a field are not
    looked at, and two readers that fold at the same time make the same.

    Attributes:
        blocks: in time order.
        samples: how many they hold.
        t_lo, t_hi: first and last time.
    """

    __slots__ = (
        "_levels",
        "_rest",
        "_rule",
        "_runs",
        "_sources",
        "_totals",
        "blocks",
        "samples",
        "t_hi",
        "t_lo",
    )

    def __init__(self, blocks: tuple[Block, ...], rule: Rule) -> None:
        self.blocks = blocks
        self.samples = sum(map(len, blocks))
        self.t_lo, self.t_hi = blocks[0].t_lo, blocks[-1].t_hi
        self._rule = rule
        self._levels: tuple[Level, ...] = ()
        self._totals: Totals | None = None
        self._runs: RunFold | None = None
        self._sources: tuple[tuple[tuple[int, Source], ...], bool] | None = None
        self._rest = 0

    def level(self, index: int) -> Level:
        """Bins of WIDTHS[index] samples."""
        levels = self._levels
        if not levels:
            levels = self._levels = self._fold()
        return levels[index]

    def totals(self) -> Totals:
        """Of each whole block; counted when they are first asked for."""
        if self._totals is None:
            whole = [(block, 0, len(block)) for block in self.blocks]
            self._totals = totals_of(whole, len(self.blocks[0].bins.low))
        return self._totals

    def runs(self) -> RunFold:
        """Its unbroken runs, for :meth:`RunFold.join`; put together when first asked for."""
        if self._runs is None:
            fold = RunFold(self._rule)
            fold.add(self.blocks)
            self._runs = fold
        return self._runs

    def sources(self) -> tuple[tuple[tuple[int, Source], ...], bool]:
        """Which leg brought the samples, as :func:`sources_of` says it, and whether any came late;
        looked up when first asked for."""
        if self._sources is None:
            whole = [(block, 0, len(block)) for block in self.blocks]
            late = any(len(block.shifts) or block.piece(0)[3] & LATE for block in self.blocks)
            self._sources = (tuple(sources_of(whole)), late)
        return self._sources

    def let_go(self) -> None:
        """Forget the levels; they are folded again when they are next drawn."""
        self._levels = ()

    @property
    def held_bytes(self) -> int:
        """Memory of the blocks and of the levels that have been folded; O(blocks)."""
        if not self._rest:
            self._rest = sum(block.rest_bytes for block in self.blocks)
        pages = [block.page for block in self.blocks]
        return self._rest + sum([p.size for p in pages if p.held is not None]) + self.nbytes

    @property
    def nbytes(self) -> int:
        """Memory of the levels that have been folded."""
        return sum(a.nbytes for one in self._levels for a in (one.t, one.low, one.high, one.starts))

    def _fold(self) -> tuple[Level, ...]:
        levels = [finest(self.blocks, self._rule)]
        for narrow, wide in zip(WIDTHS, WIDTHS[1:], strict=False):
            levels.append(coarser(levels[-1], wide // narrow))
        return tuple(levels)


def sources_of(parts: Iterable[tuple[Block, int, int]]) -> Iterator[tuple[int, Source]]:
    """Which leg brought samples i..j-1 of each block: the time of the first sample, and of each
    from which on it is another."""
    before: Source | None = None
    for block, i0, i1 in parts:
        lo, hi = np.searchsorted(block.shifts, (i0 + 1, i1))
        for i in (i0, *block.shifts[lo:hi].tolist()):
            source = Source.of_code(block.piece(i)[3])
            if source is not before:
                before = source
                yield int(block.t[i]), source


def finest(blocks: tuple[Block, ...], rule: Rule) -> Level:
    """The bins of blocks that are covered whole, one after the other."""
    starts: list[Index] = []
    at = 0
    before: Block | None = None
    for block in blocks:
        if before is not None and breaks_between(before, len(before) - 1, block, 0, rule):
            starts.append(np.array([at], np.int32))
        starts.append(bin_starts(block) + np.int32(at))
        at += len(block.bins)
        before = block
    return Level(
        np.concatenate([b.bins.times(b.t) for b in blocks]),
        np.concatenate([b.bins.low for b in blocks], axis=1),
        np.concatenate([b.bins.high for b in blocks], axis=1),
        np.concatenate(starts) if starts else NO_INDEX,
    )


def bin_starts(block: Block) -> Index:
    """int32[j], bins of the block at which an unbroken run starts."""
    inside = block.starts[block.starts < block.bins.covered]
    if not len(inside):
        return NO_INDEX
    if block.bins.first is None:
        return (inside // FINEST).astype(np.int32)
    return np.searchsorted(block.bins.first, inside).astype(np.int32)


def coarser(level: Level, ratio: int) -> Level:
    """``ratio`` neighbours in one, but never across the start of a run."""
    edges = np.arange(0, len(level.t), ratio)
    if len(level.starts):
        edges = np.union1d(edges, level.starts)
    return Level(
        level.t[edges],
        np.fmin.reduceat(level.low, edges, axis=1),
        np.fmax.reduceat(level.high, edges, axis=1),
        np.searchsorted(edges, level.starts).astype(np.int32),
    )
