"""Histogram, pairs and spectrum against truth, with holes and uneven times."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.store import SessionStore, Source
from pitwall.store.block import pieces_of
from pitwall.store.ledger import Ledger
from pitwall.store.samples import Samples
from pitwall.telemetry import Catalog, Channel, Group, Session
from pitwall.ui.chart_choice import ChartChoice
from pitwall.ui.charts import Part, histogram_of, pairs_of, spectrum_of
from pitwall.ui.panes.lap_chart import apart
from pitwall.ui.plot.choice import Trace, named
from pitwall.ui.trace_layout import ChannelName

FAST = Group(
    "fast",
    100.0,
    250_000,
    (Channel("accel_lat", "g", 0.0, -3.0, 3.0), Channel("accel_long", "g", 0.0, -3.0, 3.0)),
)
SLOW = Group(
    "slow",
    10.0,
    1_000_000,
    (Channel("oil", "bar", 0.5, 0.0, 8.0), Channel("gear", "1", 1.0, 0.0, 6.0, step=True)),
)
SESSION = Session("2025-09-06-test-charts", "Charts", Catalog((FAST, SLOW)), 0)


def trace(name: str) -> Trace:
    found = named(SESSION.catalog, ChannelName("", name))
    assert found is not None
    return found


def store_of(**groups: tuple[np.ndarray, np.ndarray]) -> SessionStore:
    """A car "1" with ``(seconds, values)`` for each group; a gap of half a second is a hole."""
    store = SessionStore(SESSION)
    keys = []
    for name, (seconds, values) in groups.items():
        t = np.round(seconds * 1e6).astype(np.int64)
        growing = store.growing(("1", name))
        growing.epoch_index("a")
        # One chunk for each run; where a counter is left out, the data breaks.
        gap = np.concatenate(([0], np.cumsum(np.diff(t) > 500_000)))
        none = np.zeros(len(t), np.uint16)
        source = np.full(len(t), Source.STREAM.code, np.uint8)
        pieces = pieces_of((2 * gap + 1).astype(np.int32), none, source, none)
        growing.insert(Samples(t, np.atleast_2d(values).astype(np.float32), pieces))
        keys.append(("1", name))
    store.publish(keys, Ledger(), {}, {})
    return store


def whole(number: int = 0, lo: float = 0.0, hi: float = 1e6) -> Part:
    return Part(number, "1", "1 L1", int(lo * 1e6), int(hi * 1e6))


def test_a_histogram_counts_what_numpy_counts() -> None:
    rng = np.random.default_rng(1)
    t = np.arange(5000) / 100
    y = rng.normal(size=5000).astype(np.float32)
    store = store_of(fast=(t, np.stack((y, y))))
    found = histogram_of(store, (whole(), whole(1, 10, 20)), trace("accel_lat"))
    both, part = found.shares
    assert both.count == 5000
    assert both.share.sum() == pytest.approx(1.0)
    assert both.mean == pytest.approx(y.mean(dtype=np.float64), abs=1e-6)
    assert both.deviation == pytest.approx(y.std(dtype=np.float64), abs=1e-6)
    truth = np.histogram(y.astype(np.float64), found.edges)[0]
    np.testing.assert_allclose(both.share * 5000, truth, atol=2)
    inside = y[(t >= 10) & (t <= 20)]
    assert part.count == len(inside)
    assert part.mean == pytest.approx(inside.mean(dtype=np.float64), abs=1e-6)


def test_no_bin_of_a_histogram_is_empty_because_of_the_sensors_step() -> None:
    t = np.arange(4000) / 10
    y = np.round(np.random.default_rng(2).uniform(0, 4, 4000) / 0.5) * 0.5
    found = histogram_of(store_of(slow=(t, np.stack((y, y)))), (whole(),), trace("oil"))
    assert (found.shares[0].share > 0).all()
    steps = np.random.default_rng(3).integers(1, 7, 4000).astype(float)
    found = histogram_of(store_of(slow=(t, np.stack((y, steps)))), (whole(),), trace("gear"))
    assert found.edges.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5]
    np.testing.assert_allclose(
        found.shares[0].share * 4000, [(steps == g).sum() for g in range(1, 7)]
    )


def test_pairs_of_one_group_are_those_measured_together() -> None:
    t = np.arange(300) / 100
    a, b = np.sin(t), np.cos(t)
    store = store_of(fast=(t, np.stack((a, b))))
    found = pairs_of(store, (whole(),), trace("accel_lat"), trace("accel_long"))
    cloud = found.clouds[0]
    assert found.how == ""
    assert cloud.count == 300
    truth = set(zip(a.astype(np.float32).tolist(), b.astype(np.float32).tolist(), strict=True))
    assert set(zip(cloud.x.tolist(), cloud.y.tolist(), strict=True)) <= truth


@pytest.mark.parametrize("swap", [False, True])
def test_pairs_of_two_groups_are_read_between_neighbours_and_never_over_a_hole(swap: bool) -> None:
    fast = np.arange(1000) / 100
    kept = (fast < 4.0) | (fast > 6.0)
    slow = np.arange(100) / 10 + 0.003
    store = store_of(
        fast=(fast[kept], np.stack((3 * fast, fast))[:, kept]),
        slow=(slow, np.stack((slow, np.zeros(100)))),
    )
    across, up = trace("accel_lat"), trace("oil")
    if swap:
        across, up = up, across
    found = pairs_of(store, (whole(),), across, up)
    cloud = found.clouds[0]
    x, y = (cloud.y, cloud.x) if swap else (cloud.x, cloud.y)
    np.testing.assert_allclose(x, 3 * y, atol=1e-4)
    assert not ((y > 4.0) & (y < 6.0)).any()
    assert cloud.left_out == int(((slow > 3.995) & (slow < 6.005)).sum())
    assert "straight line" in found.how


def test_a_channel_that_goes_in_steps_is_held_not_blended() -> None:
    slow = np.arange(100) / 10
    fast = np.arange(1000) / 100 + 0.001
    gears = np.where(slow < 5, 2.0, 4.0)
    store = store_of(fast=(fast, np.stack((fast, fast))), slow=(slow, np.stack((gears, gears))))
    found = pairs_of(store, (whole(),), trace("gear"), trace("accel_lat"))
    assert set(found.clouds[0].x.tolist()) == {2.0, 4.0}


def test_a_spectrum_adds_up_to_the_variance_and_finds_the_tone() -> None:
    rng = np.random.default_rng(4)
    t = np.arange(20_000) / 100
    noise = rng.normal(0, 0.5, len(t))
    tone = 1.5 * np.sin(2 * np.pi * 12.5 * t)
    store = store_of(fast=(t, np.stack((noise, noise + tone))))
    flat = spectrum_of(store, (whole(),), trace("accel_lat"))
    curve = flat.curves[0]
    assert flat.rate_hz == pytest.approx(100.0)
    total = curve.density.sum() * flat.resolution_hz
    assert total == pytest.approx(noise.var(), rel=0.05)
    np.testing.assert_allclose(np.median(curve.density), 0.25 / 50, rtol=0.15)
    peaked = spectrum_of(store, (whole(),), trace("accel_long")).curves[0]
    assert peaked.hz[peaked.density.argmax()] == pytest.approx(12.5, abs=flat.resolution_hz)
    total = peaked.density.sum() * flat.resolution_hz
    assert total == pytest.approx(noise.var() + 1.5**2 / 2, rel=0.05)


def test_a_spectrum_leaves_holes_out_and_says_so() -> None:
    t = np.arange(4000) / 100
    tone = np.sin(2 * np.pi * 10 * t)
    kept = (t < 15) | (t > 18.37)
    store = store_of(fast=(t[kept], np.stack((tone, tone))[:, kept]))
    found = spectrum_of(store, (whole(),), trace("accel_lat"))
    curve = found.curves[0]
    assert curve.samples == int(kept.sum())
    assert 0 < curve.used <= curve.samples
    # A window over the hole would smear the tone over all frequencies.
    away = np.abs(curve.hz - 10) > 3 * found.resolution_hz
    assert curve.density[away].max() < 1e-4 * curve.density.max()


def test_what_is_not_evenly_spaced_has_no_spectrum() -> None:
    rng = np.random.default_rng(5)
    t = np.cumsum(rng.uniform(0.005, 0.015, 3000))
    store = store_of(fast=(t, np.stack((t, t))))
    found = spectrum_of(store, (whole(),), trace("accel_lat"))
    assert found.curves == ()
    assert "not evenly spaced" in found.why_not
    few = spectrum_of(store, (whole(0, 0.0, 0.1),), trace("accel_lat"))
    assert "fewer than" in few.why_not


def test_the_usual_channels_of_charts() -> None:
    choice = ChartChoice()
    across, up = choice.trace("across", SESSION.catalog), choice.trace("up", SESSION.catalog)
    assert across is not None
    assert up is not None
    assert (across.channel.name, up.channel.name) == ("accel_lat", "accel_long")
    own = choice.with_single(ChannelName("slow", "oil"))
    found = own.trace("histogram", SESSION.catalog)
    assert found is not None
    assert found.channel.name == "oil"
    other = ChartChoice(histogram=ChannelName("x", "not_here"))
    assert other.trace("histogram", SESSION.catalog) is not None
    assert ChartChoice.from_plain(own.to_plain()) == own


@given(
    wanted=st.lists(st.floats(-50, 250), max_size=30),
    step=st.floats(1, 30),
)
def test_names_stand_apart_and_in_the_chart(wanted: list[float], step: float) -> None:
    places = apart(sorted(wanted), step, (0.0, 200.0))
    assert len(places) == len(wanted)
    possible = min(step, 200.0 / max(len(wanted) - 1, 1))
    assert all(b - a >= possible - 1e-6 for a, b in itertools.pairwise(places))
    assert all(-1e-6 <= y <= 200.0 + 1e-6 for y in places)


def test_names_that_have_room_stay_where_their_lines_end() -> None:
    assert apart([10.0, 40.0, 90.0], 12.0, (0.0, 100.0)) == [10.0, 40.0, 90.0]
