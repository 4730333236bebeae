"""Advice on truths that were planted in another solver."""

from __future__ import annotations

import pytest

from pitwall.prerace.advice import Verdict
from tests.golden.planted import Truth, advised, null_runs, settle, track


@pytest.mark.parametrize(("kind", "start"), [("fast", 0), ("even", 8)])
def test_the_planted_wing_is_found_within_a_step(kind, start):
    truth, where = Truth(), track(kind)
    best = truth.best_wing(where)
    assert 0 < best < 8
    wing, _ = settle(where, truth, start, seed=11)
    assert abs(wing - best) <= 1


def test_the_bound_is_returned_and_named():
    truth, where = Truth(), track("slow")
    assert truth.best_wing(where) == 8
    (row,) = [r for r in advised(where, truth, 5, 5).rows if r.key == "wing"]
    assert (row.proposed, row.verdict) == (8.0, Verdict.ADVISED)
    assert row.stopped_by == "the most allowed is 8 holes"
    gain = truth.lap(where, 5)[1] - truth.lap(where, 8)[1]
    assert row.gain.lo_s <= gain <= row.gain.hi_s


def test_where_nothing_matters_nothing_is_advised():
    """A hundred seeds are run by ``python -m tests.golden.planted``."""
    assert null_runs(range(12)) == 12
