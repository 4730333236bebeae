"""Layouts of the trace stack: edits, bounds, and documents that come back the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.telemetry import BadInput
from pitwall.ui.chart_choice import ChartChoice
from pitwall.ui.trace_layout import (
    LOWEST,
    MOST_CHANNELS,
    MOST_LAPS,
    MOST_PLOTS,
    TALLEST,
    ChannelName,
    KeptScale,
    LapChoice,
    PlotChoice,
    TraceLayout,
)

words = st.text("abcdefgh_1é", min_size=1, max_size=12)
names = st.builds(ChannelName, words, words)
plots = st.builds(
    PlotChoice,
    st.lists(names, min_size=1, max_size=MOST_CHANNELS, unique=True).map(tuple),
    st.floats(LOWEST, TALLEST),
)
numbers = st.floats(-1e6, 1e6)
scales = st.builds(
    lambda name, low, span: KeptScale(name, low, low + span), names, numbers, st.floats(1e-3, 1e6)
)
layouts = st.builds(
    TraceLayout,
    st.lists(plots, max_size=6).map(tuple),
    st.lists(st.builds(LapChoice, words, st.integers(-1, 200)), max_size=7).map(tuple),
    st.booleans(),
    st.lists(scales, max_size=4).map(tuple),
)
A, B, C = (ChannelName("driver", name) for name in "abc")
THREE = TraceLayout((PlotChoice((A,), 2.0), PlotChoice((B,)), PlotChoice((C,))))


@given(layouts)
def test_a_layout_comes_back_the_same(layout: TraceLayout) -> None:
    text = json.dumps(layout.to_plain())
    again = TraceLayout.from_plain(json.loads(text))
    assert again == layout
    assert json.dumps(again.to_plain()) == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["plots", "laps", "scales", "apart", "channels", "height", "own"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_a_document_says_it_is_a_layout_or_bad_input(doc: object) -> None:
    for read in (TraceLayout.from_plain, ChartChoice.from_plain):
        try:
            found = read(doc)
        except BadInput:
            continue
        assert read(json.loads(json.dumps(found.to_plain()))) == found


@pytest.mark.parametrize(
    "doc",
    [
        {"plots": [{"channels": []}]},
        {"plots": [{"channels": [["g", "a"], ["g", "a"]]}]},
        {"plots": [{"channels": [["g", "a"]], "height": 100}]},
        {"plots": [{"channels": [["g", "a"]], "height": True}]},
        {"plots": [{"channels": [["g", "a" * 200]]}]},
        {"plots": [{"channels": [["g", "a"]]}] * (MOST_PLOTS + 1)},
        {"laps": [["7", 1]] * MOST_LAPS},
        {"laps": [["7", -2]]},
        {"laps": [["7", True]]},
        {"scales": [["g", "a", 1.0, 1.0]]},
        {"scales": [["g", "a", 0.0, float("inf")]]},
        {"apart": 1},
        [],
    ],
)
def test_what_is_beyond_the_bounds_is_bad_input(doc: object) -> None:
    with pytest.raises(BadInput, match="traces"):
        TraceLayout.from_plain(doc)


def test_channels_go_in_and_out() -> None:
    over = THREE.with_channel(B, 0)
    assert over.plots[0].channels == (A, B)
    assert over.with_channel(B, 0) is over
    assert over.without_channel(A, 0).plots[0] == PlotChoice((B,), 2.0)
    assert [p.channels for p in THREE.without_channel(B, 1).plots] == [(A,), (C,)]
    last = TraceLayout((PlotChoice((A,)),))
    assert last.without_channel(A, 0) is last, "a stack without plots would be the usual one"
    full = last
    for i in range(20):
        full = full.with_channel(ChannelName("g", f"x{i}"), 0)
    assert len(full.plots[0].channels) == MOST_CHANNELS
    for i in range(40):
        full = full.with_plot(ChannelName("g", f"y{i}"))
    assert len(full.plots) == MOST_PLOTS
    assert TraceLayout.from_plain(full.to_plain()) == full


@pytest.mark.parametrize("plot", range(3))
@pytest.mark.parametrize("before", range(4))
def test_a_moved_plot_lies_before_the_one_that_was_named(plot: int, before: int) -> None:
    moved = THREE.moved(plot, before).plots
    rest = [p for i, p in enumerate(THREE.plots) if i != plot]
    assert sorted(p.channels for p in moved) == sorted(p.channels for p in THREE.plots)
    assert [p for p in moved if p != THREE.plots[plot]] == rest
    after = THREE.plots[before] if before < 3 else None
    if before in (plot, plot + 1):
        assert moved == THREE.plots
    elif after is None:
        assert moved[-1] == THREE.plots[plot]
    else:
        assert moved[moved.index(after) - 1] == THREE.plots[plot]


def test_the_oldest_of_too_many_laps_goes() -> None:
    layout = TraceLayout()
    for lap in range(12):
        layout = layout.with_lap(LapChoice("7", lap))
    assert [one.lap for one in layout.laps] == list(range(5, 12))
    assert TraceLayout.from_plain(layout.to_plain()) == layout
    assert layout.without_lap(LapChoice("7", 6)).laps[1].lap == 7


def test_scales_are_kept_by_channel() -> None:
    layout = THREE.with_scale(A, 0.0, 10.0).with_scale(B, -1.0, 1.0).with_scale(A, 5.0, 6.0)
    assert layout.scale_of(A) == (5.0, 6.0)
    assert layout.scale_of(C) is None
    assert layout.with_scale(A, 3.0, 3.0) is layout
    assert THREE.with_height(0, 99.0).plots[0].height == TALLEST
