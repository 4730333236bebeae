"""The writer's side of columns: appending, late data, bulk loading.

Appending is amortised O(1) per sample: the newest block lies in a buffer with room to spare, new
samples go behind those that readers can see, and a new, longer view is put in the old one's place.
Late samples make a copy of the one block they belong into.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pitwall.store.columns import (
    Block,
    Codes,
    Columns,
    Counters,
    Epochs,
    Laps,
    Times,
    Values,
    blackout_us,
    breaks_between,
    run_starts,
    source_shifts,
    values_dtype,
)
from pitwall.telemetry import Group

BLOCK = 4096
"""Most samples in a block."""
_FIRST = 256
_ALONE = BLOCK // 4
"""Late samples that stand together become blocks of their own from so many on."""


@dataclass(slots=True, eq=False)
class Samples:
    """Samples on their way into columns; arrays as in :class:`Block`, any order of time."""

    t: Times
    values: Values
    n: Counters
    epoch: Epochs
    source: Codes
    lap: Laps

    def __len__(self) -> int:
        return len(self.t)

    def part(self, i0: int, i1: int) -> Samples:
        """Views of samples i0..i1-1."""
        return Samples(
            self.t[i0:i1],
            self.values[:, i0:i1],
            self.n[i0:i1],
            self.epoch[i0:i1],
            self.source[i0:i1],
            self.lap[i0:i1],
        )

    def pick(self, index: Times) -> Samples:
        """Copies of the samples at ``index``."""
        return Samples(
            self.t[index],
            # take along the rows: several times faster than a fancy index over both axes
            np.take(self.values, index, axis=1),
            self.n[index],
            self.epoch[index],
            self.source[index],
            self.lap[index],
        )

    def in_order(self) -> Samples:
        """Sorted by time, then epoch and counter; itself when it is already."""
        if len(self.t) < 2 or bool((self.t[1:] >= self.t[:-1]).all()):
            return self
        return self.pick(np.lexsort((self.n, self.epoch, self.t)))


def join(parts: Sequence[Samples]) -> Samples:
    """One after the other."""
    if len(parts) == 1:
        return parts[0]
    return Samples(
        np.concatenate([p.t for p in parts]),
        np.concatenate([p.values for p in parts], axis=1),
        np.concatenate([p.n for p in parts]),
        np.concatenate([p.epoch for p in parts]),
        np.concatenate([p.source for p in parts]),
        np.concatenate([p.lap for p in parts]),
    )


class GrowingColumns:
    """The writer's handle on one car's group.

    Attributes:
        dtype: what its values are kept as.
    """

    def __init__(self, group: Group) -> None:
        self._group = group
        self.dtype = values_dtype(group)
        self._limit_us = blackout_us(group.rate_hz)
        self._blocks: list[Block] = []
        self._epochs: dict[str, int] = {}
        self._samples = 0
        self._buffer: Samples | None = None

    def epoch_index(self, epoch: str) -> int:
        """The number that stands for ``epoch`` in the blocks."""
        return self._epochs.setdefault(epoch, len(self._epochs))

    def snapshot(self, version: int) -> Columns:
        """The immutable form, marked with ``version``."""
        return Columns(
            self._group,
            version,
            tuple(self._blocks),
            tuple(self._epochs),
            self._samples,
            self._limit_us,
        )

    def insert(self, new: Samples) -> None:
        """Add samples; they must not be there yet. The arrays become this object's own."""
        if not len(new):
            return
        new = new.in_order()
        self._samples += len(new)
        late = int(np.searchsorted(new.t, self._blocks[-1].t_hi, "left")) if self._blocks else 0
        if late:
            self._merge(new.part(0, late))
        if late < len(new):
            self._append(new.part(late, len(new)))

    def _append(self, new: Samples) -> None:
        at = 0
        while at < len(new):
            tail = self._blocks[-1] if self._blocks else None
            if tail is None or len(tail) >= BLOCK:
                if len(new) - at >= BLOCK:
                    self._blocks.append(self._block(new.part(at, at + BLOCK)))
                    at += BLOCK
                    continue
                count = min(BLOCK, len(new) - at)
                self._buffer = self._room_for(count)
                self._fill(new.part(at, at + count), None)
            else:
                count = min(BLOCK - len(tail), len(new) - at)
                if self._buffer is None or len(self._buffer) < len(tail) + count:
                    grown = self._room_for(len(tail) + count)
                    _copy(_of(tail), grown, 0)
                    self._buffer = grown
                self._fill(new.part(at, at + count), tail)
            at += count

    def _room_for(self, count: int) -> Samples:
        size = _FIRST
        while size < min(count + count // 2, BLOCK):
            size *= 2
        k = len(self._group.channels)
        return Samples(
            np.empty(size, np.int64),
            np.empty((k, size), self.dtype),
            np.empty(size, np.int32),
            np.empty(size, np.uint16),
            np.empty(size, np.uint8),
            np.empty(size, np.uint16),
        )

    def _fill(self, new: Samples, tail: Block | None) -> None:
        """Put ``new`` behind ``tail`` in the buffer and the longer block in its place."""
        assert self._buffer is not None
        at = len(tail) if tail else 0
        _copy(new, self._buffer, at)
        block = self._block(new)
        if tail is None:
            starts, shifts = block.starts, block.shifts
        else:
            starts, shifts = tail.starts, tail.shifts
            joint = breaks_between(tail, at - 1, block, 0, self._limit_us)
            if joint or len(block.starts):
                first = [at] if joint else []
                starts = np.concatenate([starts, np.array(first, np.int64), block.starts + at])
            joint = bool(tail.source[-1] != block.source[0])
            if joint or len(block.shifts):
                first = [at] if joint else []
                shifts = np.concatenate([shifts, np.array(first, np.int64), block.shifts + at])
        whole = self._block(self._buffer.part(0, at + len(new)), starts, shifts)
        if tail is None:
            self._blocks.append(whole)
        else:
            self._blocks[-1] = whole

    def _merge(self, late: Samples) -> None:
        ends = np.array([b.t_hi for b in self._blocks], np.int64)
        which = np.searchsorted(ends, late.t, "left")
        places, firsts = np.unique(which, return_index=True)
        edges = [*firsts.tolist(), len(late)]
        # From the last block to the first, so that places stay valid while blocks split.
        for i in range(len(places) - 1, -1, -1):
            place = int(places[i])
            part = late.part(edges[i], edges[i + 1])
            block = self._blocks[place]
            if len(part) >= _ALONE and part.t[-1] < block.t_lo:
                # a stretch of its own between two blocks: neither is touched
                self._blocks[place:place] = self._pieces(part)
                continue
            if place == len(self._blocks) - 1:
                self._buffer = None
            whole = join([part, _of(block)]).in_order()
            self._blocks[place : place + 1] = self._pieces(whole)

    def _pieces(self, samples: Samples) -> list[Block]:
        count = -(-len(samples) // BLOCK)
        cuts = [len(samples) * p // count for p in range(count + 1)]
        return [self._block(samples.part(a, z)) for a, z in zip(cuts, cuts[1:], strict=False)]

    def _block(
        self, samples: Samples, starts: Times | None = None, shifts: Times | None = None
    ) -> Block:
        if starts is None:
            starts = run_starts(samples.t, samples.n, samples.epoch, self._limit_us)
        if shifts is None:
            shifts = source_shifts(samples.source)
        for array in (
            samples.t,
            samples.values,
            samples.n,
            samples.epoch,
            samples.source,
            samples.lap,
        ):
            array.flags.writeable = False
        return Block(
            samples.t,
            samples.values,
            samples.n,
            samples.epoch,
            samples.source,
            samples.lap,
            starts,
            shifts,
            int(samples.t[0]),
            int(samples.t[-1]),
        )


def _copy(what: Samples, into: Samples, at: int) -> None:
    end = at + len(what)
    into.t[at:end] = what.t
    into.values[:, at:end] = what.values
    into.n[at:end] = what.n
    into.epoch[at:end] = what.epoch
    into.source[at:end] = what.source
    into.lap[at:end] = what.lap


def _of(block: Block) -> Samples:
    return Samples(block.t, block.values, block.n, block.epoch, block.source, block.lap)
