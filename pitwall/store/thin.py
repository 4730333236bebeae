"""Samples of a stretch of time, as thin as the screen can show them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pitwall.store.bins import FINEST, NO_INDEX, Index, Times, Values
from pitwall.store.block import Block, Rule, breaks_between
from pitwall.store.chapter import WIDTHS, Chapter, bin_starts

NARROW = 2
"""A bin is at most a column divided by this."""


_WHOLE = (False, False)


@dataclass(frozen=True, slots=True, eq=False)
class Thin:
    """Neighbouring samples, or bins of them, in order of time.

    Attributes:
        t: int64[m], time of the (first) sample.
        low, high: float[k, m], least and greatest value, NaN where there is none; the same array
            when ``exact``.
        starts: int64[j], indices at which an unbroken run starts; the first is 0 when m > 0.
        exact: True when these are the samples themselves.
    """

    t: Times
    low: Values
    high: Values
    starts: Times
    exact: bool


class _Part(NamedTuple):
    """What one block or chapter gives: a :class:`Level` cut to the view, and the samples at its
    ends, by which neighbours know whether they belong to one run."""

    t: Times
    low: Values
    high: Values
    starts: Index | Times
    first: tuple[Block, int]
    last: tuple[Block, int]
    cut: tuple[bool, bool]
    """Whether something was left out before and after it."""


def thin_of(
    blocks: tuple[Block, ...],
    chapters: tuple[Chapter, ...],
    rule: Rule,
    channels: Sequence[int],
    view: tuple[int, int],
    columns: int,
) -> Thin:
    """See :meth:`Columns.thin`."""
    t_lo, t_hi = view
    first = max(bisect_left(blocks, t_lo, key=lambda b: b.t_hi) - 1, 0)
    last = min(bisect_right(blocks, t_hi, key=lambda b: b.t_lo), len(blocks) - 1)
    rows = _rows(channels)
    each = _samples_seen(blocks, chapters, first, last, view) / max(columns, 1) / NARROW
    if each < FINEST:
        # What is paged out is drawn from its bins: nothing is lost but their inside. Whatever is
        # held now stays while this is drawn, also where the pager lets go of it meanwhile.
        inside = blocks[first : last + 1]
        held = [block.page.held for block in inside]
        values = [one for one in held if one is not None]
        if len(values) == len(inside):
            parts = _seen(_raw(b, v, rows, view) for b, v in zip(inside, values, strict=True))
            return _joined(parts, blocks, rows, len(channels), rule, exact=True)
    level = 0
    while level + 1 < len(WIDTHS) and WIDTHS[level + 1] <= each:
        level += 1
    parts = _seen(_binned(blocks, chapters, level, (first, last), rows, view))
    return _joined(parts, blocks, rows, len(channels), rule, exact=False)


def _seen(parts: Iterable[_Part | None]) -> list[_Part]:
    """Each part brings one stretch more than is in view; kept is one at each end."""
    found: list[_Part] = []
    for part in parts:
        if part is None:
            continue
        if part.cut[0]:
            found.clear()
        found.append(part)
        if part.cut[1]:
            break
    return found


def _rows(channels: Sequence[int]) -> slice | list[int]:
    """Neighbouring rows as a slice: a view instead of a copy."""
    rows = list(channels)
    if rows and rows == list(range(rows[0], rows[0] + len(rows))):
        return slice(rows[0], rows[0] + len(rows))
    return rows


def _samples_seen(
    blocks: tuple[Block, ...],
    chapters: tuple[Chapter, ...],
    first: int,
    last: int,
    view: tuple[int, int],
) -> int:
    """How many samples are in view; exact at its edges, so that a view that moves keeps its
    width of bins."""
    count = at = 0
    for chapter in chapters:
        end = at + len(chapter.blocks)
        if end > first and at <= last:
            if chapter.t_lo >= view[0] and chapter.t_hi <= view[1]:
                count += chapter.samples
            else:
                count += _seen_in(chapter.blocks[max(first - at, 0) : last + 1 - at], view)
        at = end
    return count + _seen_in(blocks[max(at, first) : last + 1], view)


def _seen_in(blocks: tuple[Block, ...], view: tuple[int, int]) -> int:
    count = 0
    for block in blocks:
        if block.t_lo >= view[0] and block.t_hi <= view[1]:
            count += len(block.t)
        else:
            lo, hi = block.t.searchsorted(view, "left")
            count += int(hi) - int(lo)
    return count


def _raw(
    block: Block, held: Values, rows: slice | list[int], view: tuple[int, int]
) -> _Part | None:
    i0, i1 = _inside(block.t, view)
    if i0 >= i1:
        return None
    values = held[rows, i0:i1]
    lo, hi = block.starts.searchsorted((i0 + 1, i1))
    starts = block.starts[lo:hi] - i0
    ends = (block, i0), (block, i1 - 1)
    cut = (i0 > 0, i1 < len(block))
    return _Part(block.t[i0:i1], values, values, starts, *ends, cut)


def _binned(
    blocks: tuple[Block, ...],
    chapters: tuple[Chapter, ...],
    level: int,
    span: tuple[int, int],
    rows: slice | list[int],
    view: tuple[int, int],
) -> Iterator[_Part | None]:
    """The parts of blocks ``span[0]..span[1]``: their chapters' bins, and the finest of blocks
    that are in no chapter yet."""
    first, last = span
    at = 0
    for chapter in chapters:
        end = at + len(chapter.blocks)
        if end > first and at <= last:
            yield _of_chapter(chapter, level, rows, view)
        at = end
    for place in range(max(at, first), last + 1):
        yield from _of_block(blocks[place], rows, view)


def _of_chapter(
    chapter: Chapter, level: int, rows: slice | list[int], view: tuple[int, int]
) -> _Part | None:
    bins = chapter.level(level)
    if view[0] < chapter.t_lo and chapter.t_hi < view[1]:
        first, last = chapter.blocks[0], chapter.blocks[-1]
        ends = (first, 0), (last, len(last.t) - 1)
        return _Part(bins.t, bins.low[rows], bins.high[rows], bins.starts, *ends, _WHOLE)
    i0, i1 = _inside(bins.t, view)
    if i0 >= i1:
        return None
    blocks = chapter.blocks
    lo, hi = bins.starts.searchsorted((i0 + 1, i1))
    return _Part(
        bins.t[i0:i1],
        bins.low[rows, i0:i1],
        bins.high[rows, i0:i1],
        bins.starts[lo:hi] - i0,
        (blocks[0], 0),
        (blocks[-1], len(blocks[-1]) - 1),
        (i0 > 0, i1 < len(bins.t)),
    )


def _of_block(block: Block, rows: slice | list[int], view: tuple[int, int]) -> Iterator[_Part]:
    """The finest bins of a block, then the samples that are in none yet."""
    bins = block.bins
    count = len(block)
    if view[0] < block.t_lo and block.t_hi < view[1] and bins.covered == count:
        yield _Part(
            bins.times(block.t),
            bins.low[rows],
            bins.high[rows],
            bin_starts(block) if len(block.starts) else NO_INDEX,
            (block, 0),
            (block, count - 1),
            _WHOLE,
        )
        return
    if bins.covered:
        t = bins.times(block.t)
        i0, i1 = _inside(t, view)
        if i0 < i1:
            starts = bin_starts(block)
            if len(starts):
                lo, hi = starts.searchsorted((i0 + 1, i1))
                starts = starts[lo:hi] - i0
            yield _Part(
                t[i0:i1],
                bins.low[rows, i0:i1],
                bins.high[rows, i0:i1],
                starts,
                (block, 0),
                (block, bins.covered - 1),
                (i0 > 0, i1 < len(t)),
            )
    if bins.covered < count:
        t = block.t[bins.covered :]
        i0, i1 = _inside(t, view)
        if i0 < i1:
            a, z = i0 + bins.covered, i1 + bins.covered
            values = block.values[rows, a:z]
            lo, hi = block.starts.searchsorted((a + 1, z))
            starts = block.starts[lo:hi] - a
            ends = (block, a), (block, z - 1)
            yield _Part(t[i0:i1], values, values, starts, *ends, (i0 > 0, i1 < len(t)))


def _inside(t: Times, view: tuple[int, int]) -> tuple[int, int]:
    """Indices within the view, and one more on each side."""
    i0 = int(t.searchsorted(view[0], "left"))
    i1 = int(t.searchsorted(view[1], "right"))
    return max(i0 - 1, 0), min(i1 + 1, len(t))


def _joined(
    parts: list[_Part],
    blocks: tuple[Block, ...],
    rows: slice | list[int],
    count: int,
    rule: Rule,
    *,
    exact: bool,
) -> Thin:
    if not parts:
        dtype = blocks[0].bins.low.dtype if blocks else np.dtype(np.float32)
        none = np.zeros((count, 0), dtype)
        return Thin(np.zeros(0, np.int64), none, none, np.zeros(0, np.int64), exact)
    starts: list[Index | Times] = []
    at = 0
    before: _Part | None = None
    for part in parts:
        if before is None or breaks_between(*before.last, *part.first, rule):
            starts.append(np.array([at], np.int64))
        if len(part.starts):
            starts.append(part.starts + at)
        at += len(part.t)
        before = part
    if len(parts) == 1:
        only = parts[0]
        return Thin(only.t, only.low, only.high, np.concatenate(starts, dtype=np.int64), exact)
    low = np.concatenate([p.low for p in parts], axis=1)
    high = low if exact else np.concatenate([p.high for p in parts], axis=1)
    t = np.concatenate([p.t for p in parts])
    return Thin(t, low, high, np.concatenate(starts, dtype=np.int64), exact)
