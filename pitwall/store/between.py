"""Least, greatest and mean value between two times, whatever lies between them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.store.block import Block

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Between:
    """Of each channel of a group, over the samples between two times, both included.

    Attributes:
        count: int64[k], samples that are numbers.
        low, high, mean: float64[k]; NaN where there are none. Each sample counts the same.
    """

    count: NDArray[np.int64]
    low: Floats
    high: Floats
    mean: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """The same of a chapter's whole blocks, with sums: arrays [k, blocks]."""

    count: NDArray[np.int64]
    low: Floats
    high: Floats
    total: Floats

    def part(self, a: int, z: int) -> Totals:
        """Of blocks a..z-1."""
        return Totals(self.count[:, a:z], self.low[:, a:z], self.high[:, a:z], self.total[:, a:z])


def totals_of(parts: list[tuple[Block, int, int]], channels: int) -> Totals:
    """Of samples i..j-1 of each block."""
    found = Totals(
        np.zeros((channels, len(parts)), np.int64),
        np.full((channels, len(parts)), np.nan),
        np.full((channels, len(parts)), np.nan),
        np.zeros((channels, len(parts))),
    )
    for at, (block, i, j) in enumerate(parts):
        kept = block.page.totals if j - i == len(block) else None
        if kept is not None:
            found.count[:, at], found.total[:, at] = kept.count[:, 0], kept.total[:, 0]
            found.low[:, at], found.high[:, at] = kept.low[:, 0], kept.high[:, 0]
            continue
        values = block.values[:, i:j]
        good = np.isfinite(values)
        found.count[:, at] = good.sum(axis=1)
        found.low[:, at] = np.fmin.reduce(values, axis=1)
        found.high[:, at] = np.fmax.reduce(values, axis=1)
        if not good.all():
            values = np.where(good, values, 0.0)
        found.total[:, at] = values.sum(axis=1, dtype=np.float64)
    return found


def summed(parts: list[Totals], channels: int) -> Between:
    """All of them together."""
    if not parts:
        nothing = np.full(channels, np.nan)
        return Between(np.zeros(channels, np.int64), nothing, nothing, nothing)
    count = np.concatenate([p.count for p in parts], axis=1).sum(axis=1)
    total = np.concatenate([p.total for p in parts], axis=1).sum(axis=1)
    mean = np.full(channels, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return Between(
        count,
        np.fmin.reduce(np.concatenate([p.low for p in parts], axis=1), axis=1),
        np.fmax.reduce(np.concatenate([p.high for p in parts], axis=1), axis=1),
        mean,
    )


def ends(blocks: tuple[Block, ...], t_lo: int, t_hi: int) -> tuple[int, int, int, int]:
    """``(first, i0, last, i1)``: the samples from number i0 of block ``first`` up to, not with,
    number i1 of block ``last`` lie between the two times."""
    first = bisect_left(blocks, t_lo, key=lambda b: b.t_hi)
    last = bisect_right(blocks, t_hi, key=lambda b: b.t_lo) - 1
    if first > last:
        return 0, 0, -1, 0
    i0 = int(blocks[first].t.searchsorted(t_lo, "left"))
    i1 = int(blocks[last].t.searchsorted(t_hi, "right"))
    return first, i0, last, i1
