"""From when on two versions of a column differ: what whoever follows it has to look at again."""

from __future__ import annotations

import numpy as np

from pitwall.store.block import Block
from pitwall.store.columns import Columns


def changed_from(old: Columns | None, new: Columns) -> int | None:
    """The event time from which on samples were added since ``old``; None when none were.

    Appending gives the time of the first new sample; a late chunk that of the stretch it went
    into. Costs as much as there are blocks, and what was added, not what is there.
    """
    if old is None or not old.blocks:
        return new.t_lo if new.blocks else None
    at = _alike(old.blocks, new.blocks)
    while at < len(old.blocks) and at < len(new.blocks):
        before, after = old.blocks[at], new.blocks[at]
        if not _begins_with(after, before):
            return min(before.t_lo, after.t_lo)
        if len(after) > len(before):
            # More behind what was there: appended when nothing came after it.
            return int(after.t[len(before)])
        at += 1
    return new.blocks[at].t_lo if at < len(new.blocks) else None


def _alike(old: tuple[Block, ...], new: tuple[Block, ...]) -> int:
    """How many blocks at the beginning are the very same."""
    known = len(old) - 1
    if known <= len(new) and old[:known] == new[:known]:  # compares by identity first
        return known
    count = 0
    for a, b in zip(old, new, strict=False):
        if a is not b:
            break
        count += 1
    return count


def _begins_with(whole: Block, part: Block) -> bool:
    count = len(part)
    if whole is part:
        return True
    if len(whole) < count or whole.t_lo != part.t_lo:
        return False
    if part.t.base is not None and whole.t.base is part.t.base:
        return True  # the same growing buffer
    return np.array_equal(whole.t[:count], part.t) and np.array_equal(
        whole.values[:, :count], part.values, equal_nan=True
    )
