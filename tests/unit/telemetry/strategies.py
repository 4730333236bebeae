"""Hypothesis strategies for groups and samples."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pitwall.telemetry import Channel, Group

RESOLUTIONS = [0.0, 1.0, 0.1, 0.01, 0.001, 1e-7, 0.25, 1 / 3, 5.0, 60.0, 0.0005]


@st.composite
def groups(draw: st.DrawFn, max_channels: int = 5) -> Group:
    resolutions = draw(st.lists(st.sampled_from(RESOLUTIONS), min_size=1, max_size=max_channels))
    channels = tuple(
        Channel(f"c{i}", "1", resolution, -1e6, 1e6) for i, resolution in enumerate(resolutions)
    )
    return Group("g", draw(st.sampled_from([1.0, 10.0, 100.0])), 250_000, channels)


def times(count: int) -> st.SearchStrategy[np.ndarray]:
    """Steady, irregular, repeated and backward microsecond stamps."""
    start = st.integers(0, 4_102_444_800_000_000)
    steady = st.builds(
        lambda a, step: a + step * np.arange(count, dtype=np.int64), start, st.integers(0, 10**6)
    )
    jumpy = st.builds(
        lambda a, steps: a + np.cumsum(steps, dtype=np.int64),
        start,
        hnp.arrays(np.int64, count, elements=st.integers(-(10**9), 10**9)),
    )
    return st.one_of(steady, jumpy)


_any = st.floats(allow_nan=True, allow_infinity=True, width=64)
_usual = st.floats(-1e6, 1e6, allow_nan=False)
_quiet = st.sampled_from([0.0, 1.0, 1.1, -0.3, 100.0, float("nan")])


def values(channels: int, count: int) -> st.SearchStrategy[np.ndarray]:
    """Usual readings, readings of few kinds with NaN, anything that is a float64."""
    return st.one_of(
        *(
            hnp.arrays(np.float64, (channels, count), elements=elements)
            for elements in (_usual, _quiet, _any)
        )
    )


@st.composite
def samples(draw: st.DrawFn, max_count: int = 60) -> tuple[Group, np.ndarray, np.ndarray]:
    group = draw(groups())
    count = draw(st.integers(1, max_count))
    return group, draw(times(count)), draw(values(len(group.channels), count))
