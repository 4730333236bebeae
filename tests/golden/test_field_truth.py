"""Gains on the demo field against the field's own solver."""

from __future__ import annotations

from tests.golden.field_truth import rows


def test_the_demo_fields_truth_lies_in_the_intervals():
    found = rows()
    assert len(found) == 5
    for name, real, gain in found:
        assert real > 0.05, name
        assert gain.p_gain > 0.9, name
    held = sum(gain.lo_s <= real <= gain.hi_s for _, real, gain in found)
    assert held >= 4
