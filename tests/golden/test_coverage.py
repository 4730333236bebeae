"""Intervals of gains against another program: they hold, and they are not wide."""

from __future__ import annotations

import numpy as np

from tests.golden.coverage import held_out, predictions, sums


def test_intervals_hold_and_are_narrow(shared_data):
    tracks = ("Budapest", "Silverstone", "Shanghai", "IMS")
    rows = predictions(shared_data, ("FE",), tracks, draws=24)
    assert len(rows) >= 24
    found = sums(held_out(rows))
    assert 0.80 <= found.coverage <= 0.99
    assert found.width_over_rms <= 6.0
    assert found.median_relative_error <= 0.10
    assert found.signs_right == found.signs
    assert found.coverage_parameters_only < 0.8, "noise alone is overconfident"


def test_a_flat_out_oval_says_that_it_does_not_know(shared_data):
    rows = predictions(shared_data, ("FE",), ("IMS",), draws=24)
    drag = next(r for r in rows if r.change == "cwA_minus5pct")
    assert drag.sd_s > 0.05
    assert np.isfinite(drag.mean_s)
