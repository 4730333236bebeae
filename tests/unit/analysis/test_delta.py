"""Properties of progress and delta."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.analysis import LapAxis, TimingEngine, delta, lap_axis, live_delta_us
from pitwall.analysis.knots import Knots
from pitwall.analysis.progress import axis_of
from pitwall.telemetry import Catalog, Group
from tests.unit.analysis.rig import DISTANCE, POSITION, SPEED, Drive, segments
from tests.unit.analysis.rig import LENGTH as RING_M

LENGTH = 1800.0


@st.composite
def ways(draw, whole=True):
    """Noisy knots of one lap: progress may step back, samples are irregular, speed is a bit off."""
    n = draw(st.integers(2, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    start = draw(st.integers(0, 10**12))
    t = start + np.cumsum(rng.integers(1_000, draw(st.sampled_from([60_000, 1_500_000])), n))
    s = np.cumsum(rng.uniform(-3, 60, n))
    s = np.clip(s - s.min(), 0, None)
    s = s / max(s.max(), 1.0) * LENGTH * 0.999
    speed = rng.uniform(0, 80, n)
    zero = np.zeros(n)
    way = Knots(t, s, speed, zero, zero, zero)
    end = int(t[-1]) + draw(st.integers(1_000, 900_000)) if whole else None
    return axis_of(way, start, end, LENGTH)


@given(ways())
def test_progress_never_falls_and_ends_exactly(axis):
    assert (np.diff(axis.t) > 0).all()
    assert (np.diff(axis.s) >= 0).all()
    assert axis.s[0] == 0.0
    assert axis.s[-1] == LENGTH
    assert axis.whole


@given(ways())
def test_a_lap_is_level_with_itself(axis):
    s, d = delta(axis, axis)
    assert s[0] == 0.0
    assert s[-1] == LENGTH
    assert (d == 0.0).all()


@given(ways(), ways())
def test_swapping_laps_changes_the_sign_and_no_more(a, b):
    assert (delta(a, b)[1] == -delta(b, a)[1]).all()


@given(ways(), ways(), ways())
def test_deltas_add_up(a, b, c):
    total = delta(a, b)[1] + delta(b, c)[1]
    assert np.abs(total - delta(a, c)[1]).max() < 1e-9


@given(ways(), ways())
def test_the_last_delta_is_the_difference_of_the_lap_times(a, b):
    difference = ((a.t[-1] - a.t[0]) - (b.t[-1] - b.t[0])) / 1e6
    d = delta(a, b)[1]
    assert d[0] == 0.0
    assert d[-1] == pytest.approx(difference, abs=1e-9)


@given(ways(whole=False), ways())
def test_a_lap_being_driven_is_compared_as_far_as_it_goes(live, ref):
    s, d = delta(live, ref)
    done = s <= live.s[-1]
    assert np.isfinite(d[done]).all()
    assert np.isnan(d[~done]).all()
    now = live_delta_us(live, ref)
    assert now is not None
    expected = (live.t[-1] - live.t[0]) / 1e6 - ref.time_at(live.s[-1:])[0]
    assert now / 1e6 == pytest.approx(expected, abs=1e-6)


def test_laps_of_different_length_are_compared_by_parts():
    t = np.arange(0, 11, dtype=np.int64) * 1_000_000
    short = LapAxis(t, np.linspace(0, 1000, 11), 1000.0, whole=True)
    long = LapAxis(t, np.linspace(0, 1020, 11), 1020.0, whole=True)
    _, d = delta(short, long)
    assert np.abs(d).max() < 1e-9


def test_the_delta_follows_the_truth(make_rig):
    """A car that loses half a second between two places loses it there."""
    rig = make_rig()
    drive = Drive([50.0, 50.0, 50.5, 50.0])
    rig.add(rig.drive("1", drive))
    engine = TimingEngine()
    timing = engine.update(rig.store)
    laps = timing.cars["1"].laps
    slow = lap_axis(rig.store, "1", laps[3], timing.circuit)
    fast = lap_axis(rig.store, "1", laps[2], timing.circuit)
    s, d = delta(slow, fast)
    # the pace differs by the same part everywhere, so the loss grows with the time of the lap
    expected = 0.5 * fast.time_at(s) / 50.0
    assert np.abs(d - expected).max() < 0.02
    assert d[-1] == pytest.approx(0.5, abs=0.005)


SPLIT = Catalog(
    (
        Group("pos", 20.0, 250_000, POSITION + DISTANCE),
        Group("engine", 20.0, 250_000, SPEED),
    )
)


def holed_lap(make_rig, lost: tuple[str, ...]):
    """Four laps; in the third ``lost`` groups are missing for 5 s. The axis of that lap and of the
    one before, and where the hole was, in metres."""
    rig = make_rig(SPLIT)
    drive = Drive([50.0, 50.0, 50.5, 50.0])
    hole = (int(drive.crossings[2]) + 20_000_000, int(drive.crossings[2]) + 25_000_000)
    for group in SPLIT.groups:
        t, values = drive.sample([c.name for c in group.channels], 20.0)
        parts = segments("1", SPLIT, t, values)
        rig.add([p for p in parts if group.name not in lost or not hole[0] < p.t_lo < hole[1]])
    timing = TimingEngine().update(rig.store)
    laps = timing.cars["1"].laps
    axes = [lap_axis(rig.store, "1", laps[i], timing.circuit) for i in (3, 2)]
    way = np.interp((np.array(hole) - drive.start_us) / 1e6, drive.t, drive.way)
    return *axes, way - 2 * RING_M, timing


def test_nothing_is_said_of_a_place_that_nothing_tells_of(make_rig):
    slow, fast, (lo, hi), _ = holed_lap(make_rig, ("pos", "engine"))
    assert slow.carried == ()
    ((a, z),) = slow.blind
    assert (a, z) == pytest.approx((lo, hi), abs=25.0)
    s, d = delta(slow, fast)
    unknown = (s > a) & (s < z)
    assert unknown.any()
    assert np.isnan(d[unknown]).all()
    assert np.isfinite(d[~unknown]).all()


def test_speed_carries_a_car_through_a_hole_of_positions(make_rig):
    slow, fast, (lo, hi), _ = holed_lap(make_rig, ("pos",))
    assert slow.blind == ()
    assert slow.carried[0] == pytest.approx((lo, hi), abs=25.0)
    s, d = delta(slow, fast)
    expected = 0.5 * fast.time_at(s) / 50.0
    assert np.abs(d - expected).max() < 0.02
