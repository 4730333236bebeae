"""What laps are called: by the producer's count where it has one, by crossings otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.analysis import LapKind, TimingEngine
from pitwall.analysis.numbering import number_laps
from pitwall.store import load
from tests.unit.analysis.rig import Drive, closeness

SECOND = 1_000_000


def holed(drive: Drive, parts: list, first: int, last: int, after_s: float = 10.0) -> list:
    """The parts without those from ``after_s`` behind crossing ``first`` to as much behind
    ``last``."""
    lo = int(drive.crossings[first]) + round(after_s * SECOND)
    hi = int(drive.crossings[last]) + round(after_s * SECOND)
    return [p for p in parts if not lo < p.t_lo < hi]


@pytest.mark.parametrize("after_s", [10.0, 30.0])
def test_laps_after_a_hole_of_laps_are_called_as_the_producer_calls_them(make_rig, after_s):
    rig = make_rig()
    drive = Drive([50.0] * 6)
    rig.add(holed(drive, rig.drive("1", drive, lap_before=0), 1, 4, after_s))
    car = TimingEngine().update(rig.store).cars["1"]
    # crossing 1 began lap 2; three laps later the car is in lap 5
    assert [lap.number for lap in car.laps] == [0, 1, 2, 5, 6, 7]
    assert car.current_lap == 7
    known = [lap.t_start for lap in car.laps if lap.number in (1, 2, 6, 7)]
    assert closeness(known, drive.crossings[[0, 1, 5, 6]]) < 10
    assert [lap.number for lap in car.laps if lap.valid] == [1, 6]


def test_a_hole_of_whole_laps_is_no_single_lap(make_rig):
    """Behind it the car is further round than before it: positions alone show no crossing."""
    rig = make_rig()
    drive = Drive([50.0] * 6)
    parts = rig.drive("1", drive, lap_before=0)
    lo, hi = int(drive.crossings[1]) + 10 * SECOND, int(drive.crossings[3]) + 20 * SECOND
    rig.add([p for p in parts if not lo < p.t_lo < hi])
    laps = TimingEngine().update(rig.store).cars["1"].laps
    assert [lap.number for lap in laps] == [0, 1, 2, 4, 5, 6, 7]
    assert [lap.time_us is None for lap in laps[2:4]] == [True, True]


def test_without_the_producers_count_crossings_are_counted(make_rig):
    rig = make_rig()
    drive = Drive([50.0] * 6)
    rig.add(holed(drive, rig.drive("1", drive), 1, 4))
    car = TimingEngine().update(rig.store).cars["1"]
    assert [lap.number for lap in car.laps] == list(range(len(car.laps)))


def test_history_that_never_came_is_counted_too(make_rig):
    """Loading was cancelled: the data begin in the producer's lap 20."""
    rig = make_rig()
    drive = Drive([50.0] * 3)
    rig.add(rig.drive("1", drive, lap_before=20))
    engine = TimingEngine()
    car = engine.update(rig.store).cars["1"]
    assert [lap.number for lap in car.laps] == [20, 21, 22, 23, 24]
    assert {lap.kind for lap in car.laps[1:-1]} == {LapKind.FLYING}
    assert car.best is not None
    axis = engine.axis("1", car.best.number)
    assert axis is not None
    assert axis.t[0] == car.best.t_start
    assert engine.axis("1", 2) is None


def test_the_place_is_known_where_the_producer_counts(make_rig):
    rig = make_rig()
    for car, start in (("1", 0), ("2", 2)):
        drive = Drive([50.0] * 6, start_us=1_790_000_000_000_000 + start * SECOND)
        parts = rig.drive(car, drive, lap_before=0)
        rig.add(holed(drive, parts, 1, 4) if car == "2" else parts)
    timing = TimingEngine().update(rig.store)
    assert timing.order == ("1", "2")
    assert [timing.cars[c].position for c in timing.order] == [1, 2]
    assert timing.cars["2"].gap_us == pytest.approx(2 * SECOND, abs=20_000)


def test_laps_that_come_in_pieces_are_called_the_same_in_the_end(make_rig):
    rig = make_rig()
    drive = Drive([50.0] * 5)
    parts = rig.drive("1", drive, lap_before=0)
    lo, hi = drive.crossings[1] + 10 * SECOND, drive.crossings[4] + 10 * SECOND
    late = [p for p in parts if lo < p.t_lo < hi]
    rig.add([p for p in parts if p not in late])
    engine = TimingEngine()
    assert [lap.number for lap in engine.update(rig.store).cars["1"].laps] == [0, 1, 2, 5, 6]
    rig.add(late)
    laps = engine.update(rig.store).cars["1"].laps
    assert [lap.number for lap in laps] == list(range(7))
    assert all(lap.valid for lap in laps[1:-1])


def test_a_reopened_recording_calls_them_the_same(make_rig):
    rig = make_rig()
    drive = Drive([50.0] * 3)
    rig.add(rig.drive("1", drive, lap_before=20))
    again = TimingEngine().update(load(rig.recording)).cars["1"].laps
    assert [lap.number for lap in again] == [20, 21, 22, 23, 24]


def test_a_counter_that_stands_still_is_not_believed():
    assert number_laps([5, 5, 5, 5], [True] * 4).of == (0, 1, 2, 3)
    assert number_laps([0, 0, 0], [True, True, False]).of == (0, 1, 2)


def test_a_counter_that_is_wrong_for_a_lap_is_overruled_by_its_neighbours():
    assert number_laps([1, 1, 2, 3, 9, 5], [True] * 6).of == (0, 1, 2, 3, 4, 5)


@given(
    st.lists(st.tuples(st.none() | st.integers(0, 999), st.booleans()), max_size=60),
)
def test_numbers_rise_whatever_the_producer_says(laps):
    numbers = number_laps([count for count, _ in laps], [sure for _, sure in laps])
    assert len(numbers.of) == len(laps)
    assert all(np.diff([-1, *numbers.of]) >= 1)
