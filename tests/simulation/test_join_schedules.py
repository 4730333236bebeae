"""A short set of random schedules of joining, killing and joining again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.simulation import kinds
from tests.simulation.join_schedules import JoinSchedule
from tests.simulation.joins import run_joins

SEEDS = 60


@pytest.mark.parametrize("block", range(6))
def test_written_is_applied_once_or_named(block: int, tmp_path: Path) -> None:
    met: Counter[str] = Counter()
    for seed in range(block * SEEDS // 6, (block + 1) * SEEDS // 6):
        schedule = JoinSchedule(seed, tmp_path / f"{seed}.pitwall")
        outcome = schedule.run()
        assert outcome.good, f"seed {seed}\n{schedule.describe()}"
        assert outcome.applied + outcome.named == outcome.written
        schedule.joined.close()
        met += outcome.met
    assert len(met) > 8


@pytest.mark.parametrize("source", kinds.SOURCES)
def test_so_it_is_over_the_simulated_services(source: str) -> None:
    report = run_joins(1000, 10, source=source)
    assert not report.red
    assert report.joins == 10
    assert report.lost == report.repeated == report.misnamed == report.conflicts == 0
    assert len(report.faults) > 8
