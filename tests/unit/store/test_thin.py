"""What is drawn of many samples: no extreme lost, no hole bridged, the same whatever came when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.store import Source, thin
from pitwall.store.bins import FINEST, extend, fold, no_bins
from pitwall.store.block import Block, pieces_of
from pitwall.store.chapter import BLOCKS, WIDTHS
from pitwall.store.columns import Columns
from pitwall.store.growth import BLOCK, GrowingColumns
from pitwall.store.samples import Samples
from pitwall.store.thin import NARROW
from pitwall.telemetry import Channel, Group

GROUP = Group("g", 100.0, 100, tuple(Channel(f"c{i}", "1", 0.1, 0, 1) for i in range(3)))
STEP = 10_000


def samples(numbers: np.ndarray, rng: np.random.Generator, nan: float = 0.0) -> Samples:
    """Chunks of 25 samples, 10 ms apart; the n-th chunk of the session is at its place."""
    t = (np.repeat(numbers * 25, 25) + np.tile(np.arange(25), len(numbers))) * STEP
    values = rng.normal(size=(3, len(t))).astype(np.float32)
    if nan:
        values[rng.random(values.shape) < nan] = np.nan
    n = np.repeat(numbers + 1, 25).astype(np.int32)
    none = np.zeros(len(t), np.uint16)
    source = np.full(len(t), Source.STREAM.code, np.uint8)
    return Samples(t.astype(np.int64), values, pieces_of(n, none, source, none))


def check(columns: Columns, t_lo: int, t_hi: int, width: int) -> None:
    """Against all samples: runs are those of the samples, and each bin holds exactly the extremes
    of the samples from its time to the next one's."""
    whole = columns.span(-(1 << 60), 1 << 60)
    thin = columns.thin((0, 2), t_lo, t_hi, width)
    inside = np.flatnonzero((whole.t >= t_lo) & (whole.t <= t_hi))
    if not len(thin.t):
        assert not len(inside)
        return
    assert (np.diff(thin.t) > 0).all()
    first = np.searchsorted(whole.t, thin.t)
    assert (whole.t[first] == thin.t).all()
    if len(inside):
        assert first[0] <= inside[0]
    begins = set(whole.starts.tolist())
    shown = {int(first[i]) for i in thin.starts[1:]}
    assert shown == {b for b in begins if first[0] < b <= first[-1]}
    # The last may be one more than the view needs: where it ends is not said.
    low = np.fmin.reduceat(whole.values[[0, 2]], first, axis=1)
    high = np.fmax.reduceat(whole.values[[0, 2]], first, axis=1)
    np.testing.assert_array_equal(thin.low[:, :-1], low[:, :-1])
    np.testing.assert_array_equal(thin.high[:, :-1], high[:, :-1])
    assert not (thin.high[:, -1] > high[:, -1]).any()
    assert not (thin.low[:, -1] < low[:, -1]).any()
    if len(inside) and inside[-1] == len(whole.t) - 1:
        np.testing.assert_array_equal(thin.high[:, -1], high[:, -1])


@settings(max_examples=40)
@given(st.data())
def test_the_same_whatever_came_when(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    count = data.draw(st.sampled_from([3, 40, 400]))
    numbers = np.flatnonzero(rng.random(count) < data.draw(st.sampled_from([1.0, 0.9, 0.5])))
    late = rng.random(len(numbers)) < data.draw(st.sampled_from([0.0, 0.05, 0.5]))
    arrivals = [*np.array_split(numbers[~late], data.draw(st.integers(1, 9)))]
    arrivals += np.array_split(rng.permutation(numbers[late]), 3)
    growing = GrowingColumns(GROUP)
    growing.epoch_index("a")
    for some in arrivals:
        if len(some):
            growing.insert(samples(some, rng, data.draw(st.sampled_from([0.0, 0.2, 1.0]))))
    columns = growing.snapshot(1)
    end = count * 25 * STEP
    t_lo = data.draw(st.integers(-STEP, end))
    t_hi = data.draw(st.integers(t_lo, end + STEP))
    check(columns, t_lo, t_hi, data.draw(st.sampled_from([1, 3, 20, 100])))
    check(columns, -1, end, data.draw(st.sampled_from([1, 20])))


@pytest.fixture(scope="module")
def long() -> Columns:
    """Several chapters and an open end, a hole, and laps that came late."""
    rng = np.random.default_rng(5)
    growing = GrowingColumns(GROUP)
    growing.epoch_index("a")
    chunks = 2 * BLOCKS * BLOCK // 25 + 3000
    numbers = np.arange(chunks)
    numbers = numbers[(numbers < 5000) | (numbers > 5200)]
    late = (numbers > 8000) & (numbers < 8400)
    for some in np.array_split(numbers[~late], 6):
        growing.insert(samples(some, rng))
    growing.insert(samples(numbers[late], rng))
    growing.insert(samples(np.array([5100]), rng))
    return growing.snapshot(1)


@pytest.mark.parametrize("width", [3, 40, 400, 4000])
def test_every_width_over_chapters(long: Columns, width: int) -> None:
    assert len(long.chapters) >= 2
    assert sum(len(c.blocks) for c in long.chapters) < len(long.blocks)
    assert long.blocks[: len(long.chapters[0].blocks)] == long.chapters[0].blocks
    end = long.t_hi
    check(long, 0, end, width)
    check(long, end // 3, end // 2, width)
    check(long, end - 90_000_000, end, width)


def test_a_single_sample_of_all_is_seen_at_every_width(long: Columns) -> None:
    growing = GrowingColumns(GROUP)
    growing.epoch_index("a")
    numbers = np.arange(12_000)
    whole = samples(numbers, np.random.default_rng(1))
    at = [0, 17, 4095, 4096, 100_001, 262_143, 262_144, len(whole) - 1]
    whole.values[1, at] = 1000.0 + np.arange(len(at))
    growing.insert(whole)
    columns = growing.snapshot(1)
    for width in (1, 7, 300, 5000):
        thin = columns.thin((1,), 0, 1 << 60, width)
        assert thin.high.max() == 1000.0 + len(at) - 1
        assert set(thin.high[0][thin.high[0] > 999]) <= set(range(1000, 1000 + len(at)))
        if width > 7:
            assert (thin.high[0] > 999).sum() >= len(at) - 3


def test_work_is_bounded_by_the_width(long: Columns) -> None:
    for width in (100, 1500):
        for share in (1, 4, 16):
            thin = long.thin((0,), 0, long.t_hi // share, width)
            assert len(thin.t) <= 2 * NARROW * width * (WIDTHS[1] // FINEST) + 2 * BLOCK // FINEST


def test_memory_is_little_more_than_the_samples() -> None:
    rng = np.random.default_rng(0)
    group = Group("g", 100.0, 250_000, tuple(Channel(f"c{i}", "1", 0.1, 0, 1) for i in range(5)))
    growing = GrowingColumns(group)
    growing.epoch_index("a")
    for some in np.array_split(np.arange(20_000), 100):
        new = samples(some, rng)
        new.values = rng.normal(size=(5, len(new.t))).astype(np.float32)
        growing.insert(new)
    columns = growing.snapshot(1)
    columns.thin((0,), 0, 1 << 60, 10)  # folds every chapter
    raw = columns.samples * (8 + 5 * 4)
    assert columns.nbytes <= 1.3 * raw


def test_a_late_chunk_leaves_other_chapters_alone() -> None:
    rng = np.random.default_rng(0)
    growing = GrowingColumns(GROUP)
    growing.epoch_index("a")
    numbers = np.arange(3 * BLOCKS * BLOCK // 25)
    growing.insert(samples(np.delete(numbers, 12_000), rng))
    before = growing.snapshot(1)
    growing.insert(samples(numbers[12_000:12_001], rng))
    after = growing.snapshot(2)
    assert len(before.chapters) == len(after.chapters)
    same = [a is b for a, b in zip(before.chapters, after.chapters, strict=True)]
    assert same.count(False) == 1
    flat = tuple(b for c in after.chapters for b in c.blocks)
    assert flat == after.blocks[: len(flat)]
    check(after, 0, after.t_hi, 50)


@pytest.mark.parametrize("n", [1, 15, 16, 17, 300, 40_000])
def test_fold(n: int) -> None:
    values = np.random.default_rng(n).normal(size=(2, n)).astype(np.float32)
    values[:, :: max(n // 5, 1)] = np.nan
    low, high = fold(values)
    for i in range(-(-n // FINEST)):
        part = values[:, i * FINEST : (i + 1) * FINEST]
        np.testing.assert_array_equal(low[:, i], np.fmin.reduce(part, axis=1))
        np.testing.assert_array_equal(high[:, i], np.fmax.reduce(part, axis=1))


def test_bins_step_by_step_are_the_same_as_at_once() -> None:
    values = np.random.default_rng(0).normal(size=(2, 1000)).astype(np.float32)
    starts = np.array([40, 500, 512, 777])
    bins = no_bins(values)
    for upto in (32, 512, 528, 1000):
        bins = extend(bins, values, starts, upto)
    whole = extend(no_bins(values), values, starts, 1000)
    assert set(whole.firsts().tolist()) <= set(bins.firsts().tolist())
    assert set(starts.tolist()) <= set(bins.firsts().tolist())
    t = np.arange(1000) * 7
    assert (bins.times(t) == t[bins.firsts()]).all()
    edges = bins.firsts()
    np.testing.assert_array_equal(bins.low, np.fmin.reduceat(values, edges, axis=1))
    np.testing.assert_array_equal(bins.high, np.fmax.reduceat(values, edges, axis=1))


def test_what_the_pager_takes_while_it_is_drawn_is_drawn_all_the_same(
    long: Columns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drawing waits for no recording."""
    blocks = long.blocks[:6]
    t_lo, t_hi = blocks[0].t_lo, blocks[5].t_hi
    before = long.thin((0,), t_lo, t_hi, 10_000)
    assert before.exact
    real, kept = thin._raw, [block.page.held for block in blocks]

    def taken(block: Block, *rest: Any) -> Any:
        for one in blocks:
            one.page.put_away(lambda _: pytest.fail("the recording was read"))
        return real(block, *rest)

    monkeypatch.setattr(thin, "_raw", taken)
    after = long.thin((0,), t_lo, t_hi, 10_000)
    for block, values in zip(blocks, kept, strict=True):
        block.page.bring(values)
    assert after.t.tolist() == before.t.tolist()
    assert np.array_equal(after.low, before.low, equal_nan=True)
