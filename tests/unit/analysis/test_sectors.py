"""Properties of sectors, comparisons, best parts and corners' parts of the lap."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.analysis import LapAxis, compare, ideal, mini_ends, rolling, split_times
from pitwall.analysis.corners import Corner, zones
from pitwall.analysis.laps import Lap, LapKind
from tests.unit.analysis.test_delta import LENGTH, ways

ENDS = st.lists(st.floats(1.0, LENGTH - 1.0), min_size=1, max_size=8, unique=True).map(
    lambda ends: tuple(sorted(ends))
)


@given(ways(), ENDS)
def test_sectors_add_up_to_the_lap(axis, ends):
    total = (axis.t[-1] - axis.t[0]) / 1e6
    assert split_times(axis, ends, LENGTH).sum() == pytest.approx(total, abs=1e-9)


@given(ways(), ENDS)
def test_a_lap_beside_itself_is_level_in_every_sector(axis, ends):
    found = compare(axis, axis, ends, LENGTH)
    assert (found.behind_s == 0.0).all()
    assert (found.sectors_s == 0.0).all()
    assert found.total_s == 0.0


@given(ways(), ways(), ENDS)
def test_the_other_way_round_only_the_sign_changes(a, b, ends):
    one, other = compare(a, b, ends, LENGTH), compare(b, a, ends, LENGTH)
    assert (one.behind_s == -other.behind_s).all()
    assert (one.sectors_s == -other.sectors_s).all()


@given(ways(), ways(), ENDS)
def test_a_difference_adds_up_over_the_sectors(a, b, ends):
    found = compare(a, b, ends, LENGTH)
    assert found.sectors_s.sum() == pytest.approx(found.total_s, abs=1e-9)


def lap(number: int, car: str = "1", us: int = 60_000_000) -> Lap:
    start = number * us
    return Lap(car, number, start, start + us, us, 1000, LapKind.FLYING, True, "")


TIMES = st.integers(3, 8).flatmap(
    lambda n: st.lists(
        st.lists(st.floats(5.0, 9.0), min_size=n, max_size=n), min_size=1, max_size=6
    )
)


@given(TIMES)
def test_the_best_parts_are_no_slower_than_any_lap(table):
    laps = [(lap(i + 1), np.array(row)) for i, row in enumerate(table)]
    found = ideal(laps)
    assert found.seconds is not None
    assert found.seconds <= min(sum(row) for row in table) + 1e-9
    for k, part in enumerate(found.parts):
        assert part.seconds == min(row[k] for row in table)
        assert table[part.lap - 1][k] == part.seconds


@given(TIMES)
def test_the_rolling_best_is_the_best_of_all_ways_round(table):
    laps = [(lap(i + 1), np.array(row)) for i, row in enumerate(table)]
    found = rolling(laps, 1800.0)
    flat = list(itertools.chain.from_iterable(table))
    n = len(table[0])
    every = [sum(flat[i : i + n]) for i in range(len(flat) - n + 1)]
    assert found.seconds == pytest.approx(min(every), abs=1e-9)


def test_a_part_that_nobody_drove_whole_makes_no_ideal_lap():
    row = np.array([5.0, np.nan, 6.0])
    found = ideal([(lap(1), row), (lap(2), row)])
    assert found.seconds is None
    assert found.parts[1] is None
    assert found.parts[0].seconds == 5.0


def test_no_way_round_leads_over_a_lap_that_is_missing():
    laps = [(lap(1), np.array([9.0, 9.0, 1.0])), (lap(3), np.array([1.0, 9.0, 9.0]))]
    assert rolling(laps, 900.0).seconds == 19.0


def test_laps_of_another_length_are_cut_at_the_same_parts():
    t = np.arange(0, 11, dtype=np.int64) * 1_000_000
    longer = LapAxis(t, np.linspace(0, 1020, 11), 1020.0, whole=True)
    assert split_times(longer, (500.0,), 1000.0) == pytest.approx([5.0, 5.0])


def test_mini_sectors_are_of_one_length():
    ends = np.array([0.0, *mini_ends(3903.0), 3903.0])
    assert np.ptp(np.diff(ends)) < 1e-9
    assert 100 < np.diff(ends)[0] < 200


@given(st.lists(st.tuples(st.floats(20, 200), st.floats(0, 400)), min_size=1, max_size=20))
def test_the_corners_parts_cover_the_lap_once(sizes):
    corners, at = [], 0.0
    for i, (size, straight) in enumerate(sizes):
        entry = at + straight
        corners.append(Corner(i + 1, f"T{i + 1}", entry, entry + size / 2, entry + size))
        at = entry + size
    length = at + 300.0
    bounds = zones(tuple(corners), length)
    assert bounds[0] == 0.0
    assert bounds[-1] == length
    assert (np.diff(bounds) > 0).all()
    for k, corner in enumerate(corners[1:], start=1):
        assert bounds[k] <= corner.entry_m + 1.0 * k
        assert bounds[k] >= corners[k - 1].exit_m - 1e-9 or bounds[k] >= bounds[k - 1] + 1.0
