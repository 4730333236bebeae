"""What lies between two times is the same as counting every sample."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.store.chapter import BLOCKS
from pitwall.store.growth import BLOCK, GrowingColumns
from tests.unit.store.test_thin import GROUP, STEP, samples


def grown(count: int, nan: float) -> GrowingColumns:
    rng = np.random.default_rng(count)
    growing = GrowingColumns(GROUP)
    growing.epoch_index("a")
    numbers = np.arange(count)
    numbers = numbers[(numbers < count // 3) | (numbers > count // 2)]
    growing.insert(samples(numbers, rng, nan))
    return growing


SHORT = grown(700, 0.1).snapshot(1)
LONG = grown((BLOCKS + 40) * BLOCK // 25 * 2, 0.0).snapshot(1)


@settings(max_examples=60)
@given(st.sampled_from([SHORT, LONG]), st.floats(-0.1, 1.1), st.floats(-0.1, 1.1))
def test_between(columns, a: float, b: float) -> None:
    t_lo, t_hi = sorted((int(a * columns.t_hi), int(b * columns.t_hi)))
    found = columns.between(t_lo, t_hi)
    values = columns.span(t_lo, t_hi).values.astype(np.float64)
    assert found.count.tolist() == np.isfinite(values).sum(axis=1).tolist()
    for row, some in enumerate(values):
        if not np.isfinite(some).any():
            assert np.isnan([found.low[row], found.high[row], found.mean[row]]).all()
            continue
        assert found.low[row] == np.nanmin(some)
        assert found.high[row] == np.nanmax(some)
        np.testing.assert_allclose(found.mean[row], np.nanmean(some), rtol=1e-9, atol=1e-9)


def test_nothing_between() -> None:
    empty = GrowingColumns(GROUP).snapshot(0)
    assert empty.between(0, 10).count.tolist() == [0, 0, 0]
    assert empty.nearest(5) is None
    assert SHORT.between(-10, -5).count.tolist() == [0, 0, 0]


@settings(max_examples=60)
@given(st.floats(-0.1, 1.1))
def test_nearest(a: float) -> None:
    t = int(a * SHORT.t_hi)
    whole = SHORT.span(-1, 1 << 60).t
    found = SHORT.nearest(t)
    assert abs(found - t) == np.abs(whole - t).min()
    assert SHORT.nearest(STEP) == STEP


def test_sources_are_those_of_the_samples() -> None:
    assert [s.value for _, s in LONG.sources(0, 1 << 60)] == ["stream"]
    assert LONG.sources(-10, -5) == ()
