"""A short set of random schedules of the stream reader."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation.reader_schedules import FAULTS, Schedule

SEEDS = 200


@pytest.mark.parametrize("block", range(10))
def test_written_is_applied_or_in_a_gap(block: int) -> None:
    for seed in range(block * SEEDS // 10, (block + 1) * SEEDS // 10):
        schedule = Schedule(seed)
        outcome = schedule.run()
        assert outcome.good, f"seed {seed}\n{schedule.describe()}"
        assert outcome.applied + outcome.gapped == outcome.written


def test_the_schedules_meet_every_fault() -> None:
    met: Counter[str] = Counter()
    gapped = 0
    for seed in range(60):
        outcome = Schedule(seed, records=100).run()
        met += Counter(dict.fromkeys(outcome.met, 1))
        gapped += outcome.gapped
    assert set(met) == set(FAULTS)
    assert gapped > 0
