"""A short set of random schedules of joining, killing and joining again."""

from __future__ import annotations

import pytest

from tests.simulation.joins import run_joins

BLOCKS = 5
SEEDS = 50


@pytest.mark.parametrize("block", range(BLOCKS))
def test_written_is_there_once_or_named(block: int) -> None:
    count = SEEDS // BLOCKS
    report = run_joins(block * count, count)
    assert not report.red
    assert report.joins == count
    assert report.lost == report.repeated == report.misnamed == report.conflicts == 0
    assert len(report.faults) > 8
