"""What chapters keep of their blocks says the same as the blocks one by one."""

from __future__ import annotations

from dataclasses import replace
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.store import growth
from pitwall.store.batch import LATE
from pitwall.store.block import Block
from pitwall.store.columns import Columns
from pitwall.store.growth import GrowingColumns
from pitwall.store.holes import runs_of
from pitwall.store.samples import Samples
from tests.unit.store.test_columns import GROUP, arrivals, samples


def grown(batches: list[Samples], late: list[bool], *, counted: bool = True) -> Columns:
    """Blocks of a few samples, three in a chapter."""
    with mock.patch.object(growth, "BLOCK", 8), mock.patch.object(growth, "BLOCKS", 3):
        growing = GrowingColumns(GROUP, counted=counted)
        growing.epoch_index("a"), growing.epoch_index("b")
        for new, behind in zip(batches, late, strict=False):
            if behind:
                new.pieces["source"] |= LATE
            growing.insert(new)
        return growing.snapshot(1)


@settings(max_examples=80)
@given(arrivals(), st.lists(st.booleans(), min_size=80, max_size=80), st.booleans(), st.data())
def test_they_say_what_the_blocks_say(
    batches: list[Samples], late: list[bool], counted: bool, data: st.DataObject
) -> None:
    columns = grown(batches, late, counted=counted)
    plain = replace(columns, chapters=())
    assert runs_of(columns) == runs_of(plain)
    moment = st.integers(-200_000, 45_000_000)
    spans = data.draw(st.lists(st.tuples(moment, moment), min_size=8, max_size=8))
    for t_lo, t_hi in [(-(10**9), 10**9), *map(sorted, spans)]:
        assert columns.sources(t_lo, t_hi) == plain.sources(t_lo, t_hi)
        assert columns.late(t_lo, t_hi) == plain.late(t_lo, t_hi)


def test_a_long_session_is_not_gone_through_block_by_block() -> None:
    t = np.arange(8 * 3 * 40)
    columns = grown([samples(t, t // 10 + 1)], [False])
    assert len(columns.chapters) >= 30
    everything = (columns.t_lo, columns.t_hi)

    def ask() -> None:
        runs_of(columns), columns.sources(*everything), columns.late(*everything)

    ask()
    with mock.patch.object(Block, "piece", autospec=True, side_effect=Block.piece) as looked_at:
        ask()
    # The ends of the blocks that are in no chapter yet, and of each chapter's last.
    assert looked_at.call_count <= 2 * len(columns.chapters) + 20
