"""Cutting samples into chunks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.cloud import chunk_samples
from pitwall.telemetry import BadInput, Series, chunk, decode, encode
from tests.unit.cloud.strategies import CATALOG, GROUP, SESSION

SERIES = Series(SESSION.key, "13", GROUP.name, "b1")
V = CATALOG.version


@given(
    st.lists(st.integers(0, 400_000), min_size=1, max_size=80),
    st.integers(-10_000_000, 10_000_000),
    st.integers(1, 1000),
    st.data(),
)
def test_nothing_is_lost_and_the_grid_is_kept(
    steps: list[int], shift: int, first_n: int, data: st.DataObject
) -> None:
    origin = SESSION.started_us + 123_457
    t = origin + shift + np.cumsum(steps)
    values = np.round(np.random.default_rng(len(steps)).normal(100, 9, (2, len(t))), 0)
    lap = np.sort(
        np.array(data.draw(st.lists(st.integers(0, 5), min_size=len(t), max_size=len(t))))
    )
    cut = chunk_samples(SERIES, GROUP, t, values, lap, V, first_n, origin_us=origin)

    assert [c.n_lo for c in cut] == list(range(first_n, first_n + len(cut)))
    at = 0
    for c in cut:
        samples = decode(c.payload, GROUP, V)
        (count,) = c.counts
        assert np.array_equal(samples.t + c.t_lo, t[at : at + count])
        assert np.array_equal(samples.values, values[:, at : at + count])
        assert c.lap == lap[at]
        # the same chunk as made by itself
        alone = encode(t[at : at + count], values[:, at : at + count], GROUP, V)
        assert c == chunk(
            SERIES, c.n_lo, int(lap[at]), int(t[at]), int(t[at + count - 1]), count, alone
        )
        at += count
    assert at == len(t)
    spans = [{(int(c.t_lo) - origin) // 250_000, (int(c.t_hi) - origin) // 250_000} for c in cut]
    assert all(len(span) == 1 for span in spans)
    assert len({min(span) for span in spans}) == len(cut)


def test_a_steady_group_has_chunks_of_one_length() -> None:
    t = SESSION.started_us + np.arange(1000) * 10_000
    cut = chunk_samples(
        SERIES, GROUP, t, np.zeros((2, 1000)), np.zeros(1000, int), V, origin_us=SESSION.started_us
    )
    assert {c.counts for c in cut} == {(25,)}
    assert len(cut) == 40


def test_more_samples_than_a_chunk_may_hold_are_cut_again() -> None:
    count = 150_000
    t = np.full(count, SESSION.started_us)
    cut = chunk_samples(SERIES, GROUP, t, np.zeros((2, count)), np.zeros(count, int), V)
    assert [c.counts[0] for c in cut] == [65_535, 65_535, 18_930]
    assert [c.n_lo for c in cut] == [1, 2, 3]


def test_no_samples_no_chunks() -> None:
    empty = np.zeros(0, np.int64)
    assert chunk_samples(SERIES, GROUP, empty, np.zeros((2, 0)), empty, V) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"t_us": np.array([5, 4])}, "time falls from 5 to 4"),
        ({"t_us": np.array([-5, 4])}, "outside"),
        ({"t_us": np.array([5, 10**16])}, "outside"),
        ({"lap": np.array([0, 1000])}, "laps 0 to 1000"),
        ({"lap": np.array([-1, 0])}, "laps -1"),
        ({"lap": np.array([0])}, "1 laps for 2 times"),
        ({"values": np.zeros((3, 2))}, r"\(3, 2\) values"),
        ({"first_n": 0}, "n from 0"),
        ({"first_n": 10**8}, "8 digits"),
        ({"series": dataclasses.replace(SERIES, car="1#2")}, "car"),
        ({"group": dataclasses.replace(GROUP, chunk_us=0)}, "chunks of 0"),
    ],
)
def test_what_cannot_be_cut(change: dict[str, object], says: str) -> None:
    given_ = {
        "series": SERIES,
        "group": GROUP,
        "t_us": np.array([5, 6]),
        "values": np.zeros((2, 2)),
        "lap": np.zeros(2, int),
        "catalog_version": V,
        **change,
    }
    with pytest.raises(BadInput, match=says):
        chunk_samples(**given_)  # type: ignore[arg-type]
