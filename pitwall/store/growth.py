"""The writer's side of columns: appending, late data, bulk loading.

Appending is amortised O(1) per sample: the newest block lies in a buffer with room to spare, new
samples go behind those that readers can see, and a new, longer view is put in the old one's place.
Late samples make a copy of the one block they belong into.
"""

from __future__ import annotations

import numpy as np

from pitwall.store.bins import FINEST, Bins, extend, no_bins
from pitwall.store.block import (
    PIECE,
    Block,
    Pieces,
    Times,
    Values,
    run_starts,
    source_shifts,
)
from pitwall.store.chapter import BLOCKS, Chapter
from pitwall.store.columns import Columns, rule_of, values_dtype
from pitwall.store.page import Page
from pitwall.store.samples import Samples, join
from pitwall.telemetry import Group

BLOCK = 4096
"""Most samples in a block."""
_FIRST = 256
_FOLD = 16 * FINEST
"""New samples of a growing block that are put into bins together; fewer are drawn as they are."""
_ALONE = BLOCK // 4
"""Late samples that stand together become blocks of their own from so many on."""


class _Buffer:
    """Room that a growing block's arrays are views of."""

    __slots__ = ("count", "pieces", "size", "t", "values")

    def __init__(self, channels: int, size: int, dtype: np.dtype[np.floating]) -> None:
        self.t: Times = np.empty(size, np.int64)
        self.values: Values = np.empty((channels, size), dtype)
        self.pieces: Pieces = np.empty(max(size // 16, 8), PIECE)
        self.size = size
        self.count = 0

    def put(self, t: Times, values: Values, pieces: Pieces, at: int) -> None:
        """Put samples at place ``at``, behind everything."""
        end = at + len(t)
        self.t[at:end] = t
        self.values[:, at:end] = values
        until = self.count + len(pieces)
        if until > len(self.pieces):
            # Readers keep their views of the old one.
            room = np.empty(until + until // 2, PIECE)
            room[: self.count] = self.pieces[: self.count]
            self.pieces = room
        part = self.pieces[self.count : until]
        part[...] = pieces
        part["at"] += at
        self.count = until


class GrowingColumns:
    """The writer's handle on one car's group.

    Args:
        group: what is sampled.
        counted: see :class:`pitwall.store.block.Rule`.

    Attributes:
        dtype: what its values are kept as.
    """

    def __init__(self, group: Group, *, counted: bool = True) -> None:
        self._group = group
        self.dtype = values_dtype(group)
        self._rule = rule_of(group.rate_hz, counted=counted)
        self._blocks: list[Block] = []
        self._chapters: list[Chapter] = []
        self._gathered = 0
        """Blocks that are in a chapter: the first so many."""
        self._epochs: dict[str, int] = {}
        self._samples = 0
        self._buffer: _Buffer | None = None
        self._unfolded: list[Bins] = []
        """Those that nobody may have asked for yet."""

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
            self._rule,
            tuple(self._chapters),
        )

    def insert(self, new: Samples) -> None:
        """Add samples; they must not be there yet. The arrays become this object's own."""
        if not len(new):
            return
        new = new.in_order()
        self._samples += len(new)
        late = 0
        if self._blocks and int(new.t[0]) < self._blocks[-1].t_hi:
            late = int(new.t.searchsorted(self._blocks[-1].t_hi, "left"))
            self._merge(new.part(0, late))
            new = new.part(late, len(new))
        if len(new):
            self._append(new)
        self._gather()

    def fold(self) -> bool:
        """Fold the bins of one block that nobody has asked for. False when there is none."""
        while self._unfolded:
            if self._unfolded.pop().fold():
                return True
        return False

    def _append(self, new: Samples) -> None:
        at, count = 0, len(new)
        while at < count:
            tail = self._blocks[-1] if self._blocks else None
            held = len(tail) if tail is not None else BLOCK
            if held == BLOCK:
                whole = (count - at) // BLOCK * BLOCK
                if whole:
                    self._blocks += self._cut(new.part(at, at + whole))
                    at += whole
                    continue
                tail, held = None, 0
            size = min(BLOCK - held, count - at)
            if tail is None or self._buffer is None or self._buffer.size < held + size:
                self._buffer = self._room_for(held + size)
                if tail is not None:
                    self._buffer.put(tail.t, tail.values, tail.pieces, 0)
            self._fill(new if size == count else new.part(at, at + size), tail)
            at += size

    def _room_for(self, count: int) -> _Buffer:
        """A series that has filled a block will fill another; a short one gets little."""
        size = BLOCK if self._blocks and self._samples > BLOCK else _FIRST
        while size < min(count + count // 2, BLOCK):
            size *= 2
        return _Buffer(len(self._group.channels), size, self.dtype)

    def _fill(self, new: Samples, tail: Block | None) -> None:
        """Put ``new`` behind ``tail`` in the buffer and the longer block in its place."""
        buffer = self._buffer
        assert buffer is not None
        at = len(tail) if tail else 0
        buffer.put(new.t, new.values, new.pieces, at)
        starts = run_starts(new.t, new.pieces, self._rule)
        shifts = source_shifts(new.pieces)
        if tail is not None:
            starts, shifts = self._carried_on(tail, new, starts, shifts)
        end = at + len(new)
        values = buffer.values[:, :end]
        bins = tail.bins if tail else no_bins(values)
        if end == BLOCK or end - bins.covered >= _FOLD:
            upto = end if end == BLOCK else end - end % FINEST
            bins = extend(bins, values, starts, upto)
        pieces = buffer.pieces[: buffer.count]
        whole = _block(buffer.t[:end], values, pieces, starts, shifts, bins)
        if tail is None:
            self._blocks.append(whole)
        else:
            self._blocks[-1] = whole

    def _carried_on(
        self, tail: Block, new: Samples, starts: Times, shifts: Times
    ) -> tuple[Times, Times]:
        """The tail's starts and shifts with those of ``new`` behind it."""
        at = len(tail)
        _, n0, epoch0, _, source0 = tail.pieces[-1].item()
        _, n1, epoch1, _, source1 = new.pieces[0].item()
        rule = self._rule
        apart = int(new.t[0]) - tail.t_hi > rule.limit_us
        joint = apart or epoch0 != epoch1 or (rule.counted and abs(n1 - n0) > 1)
        return (
            _behind(tail.starts, starts, at, joint),
            _behind(tail.shifts, shifts, at, source0 != source1),
        )

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
                self._replace(place, 0, self._cut(part))
                continue
            last = place == len(self._blocks) - 1
            if last:
                self._buffer = None
            whole = join([part, Samples(block.t, block.values, block.pieces)]).in_order()
            self._replace(place, 1, self._cut(whole, last=last))

    def _replace(self, place: int, count: int, new: list[Block]) -> None:
        """``new`` in the place of ``count`` blocks, in the chapter that they are in as well."""
        self._blocks[place : place + count] = new
        if place >= self._gathered:
            return
        self._gathered += len(new) - count
        for i, chapter in enumerate(self._chapters):
            if place < len(chapter.blocks):
                blocks = (*chapter.blocks[:place], *new, *chapter.blocks[place + count :])
                wide = len(blocks) if len(blocks) < 2 * BLOCKS else BLOCKS
                self._chapters[i : i + 1] = [
                    Chapter(blocks[a : a + wide], self._rule) for a in range(0, len(blocks), wide)
                ]
                return
            place -= len(chapter.blocks)

    def _gather(self) -> None:
        """Chapters of all blocks but the newest, which may grow; the last chapter grows by being
        made anew, and is folded when it is drawn."""
        while self._gathered < len(self._blocks) - 1:
            blocks: tuple[Block, ...] = ()
            if self._chapters and len(self._chapters[-1].blocks) < BLOCKS:
                blocks = self._chapters.pop().blocks
            until = min(len(self._blocks) - 1, self._gathered + BLOCKS - len(blocks))
            blocks += tuple(self._blocks[self._gathered : until])
            self._chapters.append(Chapter(blocks, self._rule))
            self._gathered = until

    def _cut(self, samples: Samples, *, last: bool = False) -> list[Block]:
        """Blocks of about the same size; ``last`` when nothing comes after them."""
        count = -(-len(samples) // BLOCK)
        cuts = [len(samples) * p // count for p in range(count + 1)]
        return [
            self._block(samples.part(a, z), last and z == len(samples))
            for a, z in zip(cuts, cuts[1:], strict=False)
        ]

    def _block(self, samples: Samples, growing: bool) -> Block:
        starts = run_starts(samples.t, samples.pieces, self._rule)
        if growing:
            # It may grow on: its bins must be whole.
            whole = len(samples) - len(samples) % FINEST
            bins = extend(no_bins(samples.values), samples.values, starts, whole)
        else:
            bins = Bins.later(samples.values, starts)
            self._unfolded.append(bins)
        shifts = source_shifts(samples.pieces)
        return _block(samples.t, samples.values, samples.pieces, starts, shifts, bins)


def _block(
    t: Times, values: Values, pieces: Pieces, starts: Times, shifts: Times, bins: Bins
) -> Block:
    for array in (t, values, pieces):
        array.flags.writeable = False
    return Block(t, Page(values), pieces, starts, shifts, bins, int(t[0]), int(t[-1]))


def _behind(old: Times, new: Times, at: int, joint: bool) -> Times:
    if joint:
        return np.concatenate([old, np.array([at], np.int64), new + at])
    return np.concatenate([old, new + at]) if len(new) else old
