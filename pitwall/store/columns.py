"""Samples in memory: immutable blocks per car and channel group, ordered by event time.

A reader takes one :class:`Columns` and has one consistent version for as long as it likes; the
writer (:mod:`pitwall.store.growth`) makes the next one beside it and swaps a reference.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from pitwall.store.batch import LATE, Source
from pitwall.store.between import Between, Totals, ends, summed, totals_of
from pitwall.store.block import NO_TIMES, Block, Laps, Rule, Times, Values, breaks_between
from pitwall.store.chapter import Chapter, sources_of
from pitwall.store.thin import Thin, thin_of
from pitwall.telemetry import Group

_BLACKOUT_US = 2_000_000
_EXACT_STEPS = 2**24
"""Whole steps that a float32 can tell apart."""


def values_dtype(group: Group) -> np.dtype[np.floating]:
    """What a group's values are kept as: float32, which is exact to the step of nearly every
    sensor, or float64 where a channel has more steps than that, as coordinates do."""
    for channel in group.channels:
        largest = max(abs(channel.low), abs(channel.high))
        if channel.resolution > 0 and largest / channel.resolution > _EXACT_STEPS:
            return np.dtype(np.float64)
    return np.dtype(np.float32)


def blackout_us(rate_hz: float) -> int:
    """Spacing of neighbouring samples beyond which the source is said to have been silent:
    five sample intervals, at least two seconds."""
    return max(_spacing_us(rate_hz), _BLACKOUT_US)


def rule_of(rate_hz: float, *, counted: bool) -> Rule:
    """What breaks the line between two samples of a group. Where counters show what is missing,
    a silence is a break from :func:`blackout_us` on; where they do not, time without samples is
    all that does, and it is a break from five sample intervals on."""
    return Rule(blackout_us(rate_hz) if counted else _spacing_us(rate_hz), counted)


def _spacing_us(rate_hz: float) -> int:
    return int(5.0 / rate_hz * 1_000_000) if rate_hz > 0 else _BLACKOUT_US


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Samples of one channel between two times.

    Attributes:
        t: int64[m], microseconds UTC, ascending.
        v: float[m].
        starts: int64[r], indices at which an unbroken run starts; the first is 0 when m > 0.
            Between runs nothing may be drawn.
        sources: ``(i0, i1, source)`` in order, covering 0..m.
    """

    t: Times
    v: Values
    starts: Times
    sources: tuple[tuple[int, int, Source], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """As :class:`Window`, with several channels: ``values`` is float[k, m]; ``lap`` uint16[m] is
    the producer's lap of the chunk each sample came in."""

    t: Times
    values: Values
    lap: Laps
    starts: Times
    sources: tuple[tuple[int, int, Source], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """All samples of one car and group, as of one version of the store.

    Attributes:
        group: names the rows of ``values``.
        version: version of the store at which this last changed.
        blocks: in time order, each non-empty; a block ends no later than the next begins.
        epochs: epoch names that :attr:`Block.epoch` indexes.
        samples: how many there are.
        rule: where the line between samples is broken.
        chapters: the blocks from the first on, gathered; the newest are in none yet.
    """

    group: Group
    version: int
    blocks: tuple[Block, ...]
    epochs: tuple[str, ...]
    samples: int = 0
    rule: Rule = field(default=Rule(0))
    chapters: tuple[Chapter, ...] = ()

    @property
    def limit_us(self) -> int:
        """See :func:`blackout_us`."""
        return blackout_us(self.group.rate_hz)

    @property
    def t_lo(self) -> int:
        """Time of the first sample, 0 when there is none."""
        return self.blocks[0].t_lo if self.blocks else 0

    @property
    def t_hi(self) -> int:
        """Time of the last sample, 0 when there is none."""
        return self.blocks[-1].t_hi if self.blocks else 0

    def window(self, channel: int, t_lo: int, t_hi: int, margin: int = 0) -> Window:
        """Samples of one channel with ``t_lo <= t <= t_hi``, and ``margin`` more on each side.

        Views of the block when all of them are in one, else joined copies.
        """
        parts = self._parts(t_lo, t_hi, margin)
        if len(parts) == 1:
            block, i0, i1 = parts[0]
            t, v = block.t[i0:i1], block.values[channel, i0:i1]
        elif parts:
            t = np.concatenate([b.t[i:j] for b, i, j in parts])
            v = np.concatenate([b.values[channel, i:j] for b, i, j in parts])
        else:
            t, v = NO_TIMES, np.zeros(0, values_dtype(self.group))
        return Window(t, v, self._starts(parts), _sources(parts))

    def span(self, t_lo: int, t_hi: int, margin: int = 0) -> Span:
        """As :meth:`window`, all channels at once."""
        parts = self._parts(t_lo, t_hi, margin)
        if len(parts) == 1:
            block, i0, i1 = parts[0]
            t, values, lap = block.t[i0:i1], block.values[:, i0:i1], block.laps(i0, i1)
        elif parts:
            t = np.concatenate([b.t[i:j] for b, i, j in parts])
            values = np.concatenate([b.values[:, i:j] for b, i, j in parts], axis=1)
            lap = np.concatenate([b.laps(i, j) for b, i, j in parts])
        else:
            t = NO_TIMES
            values = np.zeros((len(self.group.channels), 0), values_dtype(self.group))
            lap = np.zeros(0, np.uint16)
        return Span(t, values, lap, self._starts(parts), _sources(parts))

    def between(self, t_lo: int, t_hi: int) -> Between:
        """Least, greatest and mean value of each channel, both times included. Whole blocks are
        counted once for all."""
        channels = len(self.group.channels)
        first, i0, last, i1 = ends(self.blocks, t_lo, t_hi)
        found: list[Totals] = []
        single: list[tuple[Block, int, int]] = []
        at = 0
        for chapter in self.chapters:
            size = len(chapter.blocks)
            a, z = max(first + 1 - at, 0), min(last - at, size)
            if a < z:
                found.append(chapter.totals().part(a, z))
            at += size
        for place in sorted({first, last, *range(max(at, first), last + 1)}):
            if first <= place <= last:
                block = self.blocks[place]
                a, z = i0 if place == first else 0, i1 if place == last else len(block)
                if a < z:
                    single.append((block, a, z))
        if single:
            found.append(totals_of(single, channels))
        return summed(found, channels)

    def nearest(self, t: int) -> int | None:
        """Time of the sample nearest to ``t``; None when there is none."""
        after = bisect_left(self.blocks, t, key=lambda b: b.t_hi)
        found: list[int] = []
        for block in self.blocks[max(after - 1, 0) : after + 1]:
            i = int(block.t.searchsorted(t, "left"))
            found += block.t[max(i - 1, 0) : i + 1].tolist()
        return min(found, key=lambda at: abs(at - t), default=None)

    def sources(self, t_lo: int, t_hi: int) -> tuple[tuple[int, Source], ...]:
        """Which leg brought the samples between two times: the first sample's, and each from
        which on it is another."""
        out: list[tuple[int, Source]] = []
        for part in self._gathered(t_lo, t_hi):
            found = part.sources()[0] if isinstance(part, Chapter) else sources_of([part])
            for t, source in found:
                if not out or out[-1][1] is not source:
                    out.append((t, source))
        return tuple(out)

    def late(self, t_lo: int, t_hi: int) -> tuple[tuple[int, int], ...]:
        """The stretches between two times whose chunks came late: times of the first and the last
        sample of each, in order; a break of the data ends a stretch.

        Late is what the ledger counts as late: the stream brought it when its series had samples
        more than two seconds newer. It is kept in the recording. Whoever draws it apart draws
        ``first <= t <= last`` of each pair in another way; cost: chapters and the shifts in view,
        not samples.
        """
        out: list[tuple[int, int]] = []
        going = False
        before: tuple[Block, int] | None = None
        for block, i0, i1 in self._of_which_some_late(t_lo, t_hi):
            broken = before is None or breaks_between(*before, block, i0, self.rule)
            before = (block, i1 - 1)
            going = going and not broken
            if not (len(block.shifts) or block.piece(i0)[3] & LATE):
                going = False
                continue
            inside = np.union1d(block.shifts, block.starts)
            edges = [i0, *inside[(inside > i0) & (inside < i1)].tolist(), i1]
            starts = set(block.starts.tolist())
            for a, z in zip(edges, edges[1:], strict=False):
                late = bool(block.piece(a)[3] & LATE)
                if late:
                    first = out.pop()[0] if going and a not in starts else int(block.t[a])
                    out.append((first, int(block.t[z - 1])))
                going = late
        return tuple(out)

    def at(self, t: int) -> tuple[int, Values] | None:
        """Newest sample at or before ``t``: its time and float[k]; None when there is none."""
        i = bisect_right(self.blocks, t, key=lambda b: b.t_lo) - 1
        if i < 0:
            return None
        block = self.blocks[i]
        j = int(np.searchsorted(block.t, t, "right")) - 1
        return int(block.t[j]), block.values[:, j]

    def thin(self, channels: Sequence[int], t_lo: int, t_hi: int, columns: int) -> Thin:
        """Least and greatest values of some channels between two times, in stretches several
        times narrower than one of ``columns`` equal parts of the samples in view; the samples
        themselves where they are few. One stretch more on each side, where there is one.

        The work does not depend on how much lies outside, and hardly on how much lies inside.
        """
        return thin_of(self.blocks, self.chapters, self.rule, channels, (t_lo, t_hi), columns)

    def away(self, t_lo: int, t_hi: int) -> tuple[Block, ...]:
        """The blocks with samples between two times whose values are paged out."""
        blocks = self.blocks
        first = bisect_left(blocks, t_lo, key=lambda b: b.t_hi)
        last = bisect_right(blocks, t_hi, key=lambda b: b.t_lo)
        return tuple([b for b in blocks[first:last] if b.page.held is None])

    @property
    def nbytes(self) -> int:
        """Memory held, without what the growing block has in reserve."""
        gathered = sum(len(chapter.blocks) for chapter in self.chapters)
        rest = sum(block.nbytes for block in self.blocks[gathered:])
        return rest + sum(chapter.held_bytes for chapter in self.chapters)

    def _of_which_some_late(self, t_lo: int, t_hi: int) -> Iterator[tuple[Block, int, int]]:
        """As :meth:`_parts`; of whole chapters in which nothing came late, the last block."""
        for part in self._gathered(t_lo, t_hi):
            if not isinstance(part, Chapter):
                yield part
            elif part.sources()[1]:
                yield from [(block, 0, len(block)) for block in part.blocks]
            else:
                yield part.blocks[-1], 0, len(part.blocks[-1])

    def _gathered(self, t_lo: int, t_hi: int) -> Iterator[Chapter | tuple[Block, int, int]]:
        """What lies between two times: whole chapters as such, pieces of blocks for the rest."""
        blocks = self.blocks
        first, i0, last, i1 = ends(blocks, t_lo, t_hi)

        def pieces(a: int, z: int) -> Iterator[tuple[Block, int, int]]:
            for at in range(max(a, first), min(z, last + 1)):
                i = i0 if at == first else 0
                j = i1 if at == last else len(blocks[at])
                if i < j:
                    yield blocks[at], i, j

        at = 0
        for chapter in self.chapters:
            start, at = at, at + len(chapter.blocks)
            begun = first < start or (first == start and i0 == 0)
            if begun and (at <= last or (at == last + 1 and i1 == len(blocks[last]))):
                yield chapter
            else:
                yield from pieces(start, at)
        yield from pieces(at, len(blocks))

    def _parts(self, t_lo: int, t_hi: int, margin: int) -> list[tuple[Block, int, int]]:
        """The pieces of blocks that hold the samples asked for."""
        blocks = self.blocks
        if t_hi < t_lo or not blocks:
            return []
        first = bisect_left(blocks, t_lo, key=lambda b: b.t_hi)
        last = bisect_right(blocks, t_hi, key=lambda b: b.t_lo) - 1
        i0 = int(np.searchsorted(blocks[first].t, t_lo, "left")) if first < len(blocks) else 0
        i1 = int(np.searchsorted(blocks[last].t, t_hi, "right")) if last >= 0 else 0
        first, i0 = _back(blocks, first, i0, margin)
        last, i1 = _forth(blocks, last, i1, margin)
        parts = []
        for b in range(first, last + 1):
            a = i0 if b == first else 0
            z = i1 if b == last else len(blocks[b])
            if a < z:
                parts.append((blocks[b], a, z))
        return parts

    def _starts(self, parts: list[tuple[Block, int, int]]) -> Times:
        if not parts:
            return NO_TIMES
        found: list[Times] = []
        at = 0
        before: tuple[Block, int] | None = None
        for block, i0, i1 in parts:
            if before is None or breaks_between(*before, block, i0, self.rule):
                found.append(np.array([at], np.int64))
            lo, hi = np.searchsorted(block.starts, (i0 + 1, i1))
            found.append(block.starts[lo:hi] + (at - i0))
            before = (block, i1 - 1)
            at += i1 - i0
        return np.concatenate(found)


def _back(blocks: tuple[Block, ...], b: int, i: int, margin: int) -> tuple[int, int]:
    while margin > 0:
        if i >= margin:
            return b, i - margin
        margin -= i
        if b == 0:
            return 0, 0
        b -= 1
        i = len(blocks[b])
    return b, i


def _forth(blocks: tuple[Block, ...], b: int, i: int, margin: int) -> tuple[int, int]:
    while margin > 0:
        room = len(blocks[b]) - i if b >= 0 else 0
        if room >= margin:
            return b, i + margin
        margin -= room
        if b + 1 >= len(blocks):
            return (b, len(blocks[b])) if b >= 0 else (b, i)
        b += 1
        i = 0
    return b, i


def _sources(parts: list[tuple[Block, int, int]]) -> tuple[tuple[int, int, Source], ...]:
    out: list[tuple[int, int, Source]] = []
    at = 0
    for block, i0, i1 in parts:
        lo, hi = np.searchsorted(block.shifts, (i0 + 1, i1))
        edges = [i0, *block.shifts[lo:hi].tolist(), i1]
        for a, z in zip(edges, edges[1:], strict=False):
            source = Source.of_code(block.piece(a)[3])
            if out and out[-1][2] is source:
                out[-1] = (out[-1][0], at + z - a, source)
            else:
                out.append((at, at + z - a, source))
            at += z - a
    return tuple(out)
