"""The drift of a producer's clock, through bursts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.formats.clock_drift import DriftFit
from pitwall.formats.ecu_clock import EcuClock
from pitwall.formats.odometer import Stamp

T0 = 1_757_184_000_000_000
OFF = -42 * 3_600_000_000


def stamps(drift: float, seed: int, minutes: float = 45.0) -> tuple[np.ndarray, np.ndarray]:
    """Event times by the producer and receipt times, in bursts of 2.5 s with a blackout."""
    rng = np.random.default_rng(seed)
    true = np.sort(rng.uniform(0, minutes * 60, round(minutes * 200)))
    sent = np.where(rng.random(len(true)) < 0.2, true, np.ceil(true / 2.5) * 2.5)
    sent = (
        np.where((sent > 600) & (sent < 653), 653.0, sent) + 0.05 + rng.exponential(0.03, len(true))
    )
    event = T0 + OFF + np.rint(true / (1 + drift) * 1e6).astype(np.int64)
    return event, T0 + np.rint(np.maximum.accumulate(sent) * 1e6).astype(np.int64)


@settings(max_examples=20)
@given(st.sampled_from([-300e-6, -80e-6, 80e-6, 300e-6]), st.integers(0, 100))
def test_a_drift_is_found_through_bursts(drift, seed):
    fit = DriftFit()
    for event, receipt in zip(*(a.tolist() for a in stamps(drift, seed)), strict=True):
        fit.add(event, receipt)
    assert fit.drift() == pytest.approx(drift, abs=20e-6)


@settings(max_examples=20)
@given(st.integers(0, 100))
def test_a_clock_that_keeps_time_is_left_alone(seed):
    fit = DriftFit()
    for event, receipt in zip(*(a.tolist() for a in stamps(0.0, seed)), strict=True):
        fit.add(event, receipt)
    assert abs(fit.drift()) < 20e-6


def test_a_few_minutes_do_not_tell():
    fit = DriftFit()
    for event, receipt in zip(*(a.tolist() for a in stamps(300e-6, 1, minutes=5)), strict=True):
        fit.add(event, receipt)
    assert fit.drift() == 0.0


def test_stamps_run_at_the_receivers_pace():
    clock = EcuClock(drift=100e-6)
    out = []
    for second in range(0, 2000, 10):
        event = T0 + OFF + round(second * 1e6 / (1 + 100e-6))
        out += [us for _, us in clock.push(Stamp(T0 + second * 1_000_000, event, {"a": 1.0}))]
    out += [us for _, us in clock.finish()]
    assert out[-1] - out[0] == pytest.approx(1990e6, abs=3)
