"""Scales and round numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.ui.plot.axis import Scale, nice_limits, nice_step, nice_ticks, tick_text, time_step


@given(st.floats(-1e5, 1e5), st.floats(0.01, 1e5), st.floats(-1e5, 1e5))
def test_a_scale_goes_there_and_back(low: float, width: float, value: float) -> None:
    scale = Scale(low, low + width, 20.0, 720.0)
    assert scale.value(scale.pixel(value)) == pytest.approx(value, abs=1e-6 * (abs(value) + width))
    assert scale.pixels(np.array([value]))[0] == pytest.approx(scale.pixel(value))


def test_an_axis_that_runs_upwards() -> None:
    scale = Scale(0.0, 100.0, 300.0, 100.0)
    assert scale.pixel(0.0) == 300.0
    assert scale.pixel(100.0) == 100.0
    assert scale.factor == -2.0


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(1, 12))
def test_ticks_are_round_inside_and_few(low: float, width: float, wanted: int) -> None:
    ticks = nice_ticks(low, low + width, wanted)
    step = nice_step(width, wanted)
    assert len(ticks) <= wanted + 1
    slack = step * 1e-6 + 1e-9
    assert all(low - slack <= t <= low + width + slack for t in ticks)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_limits_hold_what_they_are_for(low: float, width: float) -> None:
    a, b = nice_limits(low, low + width)
    slack = 1e-6 * (abs(low) + width + 1)
    assert a <= low + slack
    assert b >= low + width - slack
    assert b > a


def test_texts_have_the_decimals_of_their_step() -> None:
    assert tick_text(0.5, 0.5) == "0.5"
    assert tick_text(2.5, 2.5) == "2.5"
    assert tick_text(0.25, 0.25) == "0.25"
    assert tick_text(1500.0, 500.0) == "1500"
    assert time_step(90, 6) == 15
    assert time_step(1e9, 6) == 3600
