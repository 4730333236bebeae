"""Timing while data comes in: partial laps, late chunks, several cars."""

from __future__ import annotations

import time

import numpy as np
import pytest

from pitwall.analysis import TRACK_META, LapKind, TimingEngine
from pitwall.store import Batch, Source
from tests.unit.analysis.rig import FULL, LENGTH, Drive, closeness, segments

SECOND = 1_000_000


def comparable(timing):
    """What must not depend on how the data came."""
    return {
        car: [
            (lap.number, lap.t_start, lap.t_end, lap.kind, lap.valid, lap.reason) for lap in c.laps
        ]
        for car, c in timing.cars.items()
    }


def close(a, b, within_us=3_000):
    for car in a:
        assert len(a[car]) == len(b[car])
        for x, y in zip(a[car], b[car], strict=True):
            assert x[0] == y[0]
            assert x[3:5] == y[3:5]
            assert abs(x[1] - y[1]) <= within_us
            assert (x[2] is None) == (y[2] is None)


def test_updates_as_data_comes_in_give_what_one_update_gives(make_rig):
    rig = make_rig()
    drives = {
        "1": Drive([50.0, 50.5, 49.8, 50.2], stops=[(2 * LENGTH - 50, 75.0, -14.0)]),
        "2": Drive([51.0, 50.4, 50.6, 50.9], before_m=320),
    }
    parts = sorted(
        (p for c, d in drives.items() for p in rig.drive(c, d, 0.2)), key=lambda p: p.t_hi
    )
    engine = TimingEngine()
    was_in = False
    for a in range(0, len(parts), 9):
        rig.add(parts[a : a + 9])
        live = engine.update(rig.store)
        is_in = LapKind.IN in {lap.kind for lap in live.cars["1"].laps}
        assert is_in or not was_in, "a stop that was seen may not be forgotten"
        was_in = is_in
    close(comparable(live), comparable(TimingEngine().update(rig.store)))
    assert {LapKind.IN, LapKind.OUT} <= {lap.kind for lap in live.cars["1"].laps}
    for tracker in engine._cars.values():
        assert (np.diff(tracker.way.t) > 0).all()
    for car, drive in drives.items():
        assert closeness([lap.t_start for lap in live.cars[car].laps[1:]], drive.crossings) < 10


def test_late_chunks_reopen_their_lap(make_rig):
    rig = make_rig()
    drive = Drive([50.0, 50.5, 49.8, 50.2])
    parts = rig.drive("1", drive)
    line = int(drive.crossings[2])
    late = [p for p in parts if line - 5 * SECOND < p.t_lo < line + 5 * SECOND]
    engine = TimingEngine()
    rig.add([p for p in parts if p not in late])
    before = engine.update(rig.store)
    assert [lap.time_us is None for lap in before.cars["1"].laps[1:5]] == [False, True, True, False]
    rig.add(late[::-1])
    after = engine.update(rig.store)
    assert closeness([lap.t_start for lap in after.cars["1"].laps[1:]], drive.crossings) < 10
    assert all(lap.valid for lap in after.cars["1"].laps[1:5])


def test_history_may_come_in_any_order(make_rig):
    rig = make_rig()
    drive = Drive([50.0, 50.5, 49.8, 50.2])
    parts = rig.drive("1", drive)
    shuffled = np.random.default_rng(1).permutation(len(parts))
    engine = TimingEngine()
    for a in range(0, len(parts), 60):
        rig.add([parts[i] for i in shuffled[a : a + 60]])
        timing = engine.update(rig.store)
    assert closeness([lap.t_start for lap in timing.cars["1"].laps[1:]], drive.crossings) < 10
    assert all(lap.valid for lap in timing.cars["1"].laps[1:5])


def test_nothing_new_changes_nothing(make_rig):
    rig = make_rig()
    rig.add(rig.drive("1", Drive([50.0, 50.5])))
    engine = TimingEngine()
    assert engine.update(rig.store) == engine.update(rig.store)


def test_the_lap_being_driven(make_rig):
    rig = make_rig()
    rig.add(rig.drive("1", Drive([50.0, 49.0, 50.0, 52.0], part=0.5)))
    car = TimingEngine().update(rig.store).cars["1"]
    assert car.best is not None
    assert car.best.number == 2
    assert car.last is not None
    assert car.last.number == 4
    assert car.current_lap == 5
    assert car.progress == pytest.approx(0.5, abs=0.003)


def test_order_and_gaps(make_rig):
    rig = make_rig()
    behind = {"1": 0.0, "2": 1.7, "3": 4.2}
    for car, seconds in behind.items():
        drive = Drive([50.0] * 3)
        t, values = drive.sample([c.name for c in FULL.groups[0].channels], 20.0)
        keep = t + round(seconds * 1e6) <= t[-1]
        rig.add(segments(car, FULL, t[keep] + round(seconds * 1e6), values[:, keep]))
    timing = TimingEngine().update(rig.store)
    assert timing.order == ("1", "2", "3")
    assert [timing.cars[c].position for c in timing.order] == [1, 2, 3]
    assert timing.cars["1"].gap_us is None
    for car in ("2", "3"):
        assert timing.cars[car].gap_us / 1e6 == pytest.approx(behind[car], abs=0.01)


def test_a_leader_that_stands_still_in_our_data_is_no_gap_of_nothing(make_rig):
    rig = make_rig()
    drive = Drive([50.0] * 3)
    t, values = drive.sample([c.name for c in FULL.groups[0].channels], 20.0)
    late = t + 5 * SECOND
    rig.add(segments("1", FULL, late[late <= t[-1]], values[:, late <= t[-1]]))
    heard = t <= t[-1] - 20 * SECOND
    rig.add(segments("2", FULL, t[heard], values[:, heard]))
    timing = TimingEngine().update(rig.store)
    assert timing.order == ("1", "2")
    assert timing.cars["2"].gap_us is None
    assert timing.cars["2"].age_us == pytest.approx(20 * SECOND, abs=SECOND)


@pytest.mark.parametrize("over_the_line", [True, False])
def test_a_running_lap_with_a_hole_has_no_sectors(make_rig, over_the_line):
    rig = make_rig()
    drive = Drive([50.0, 49.0, 50.0, 52.0], part=0.7)
    parts = rig.drive("1", drive)
    at = int(drive.crossings[-1]) + (0 if over_the_line else 10 * SECOND)
    late = [p for p in parts if at - 4 * SECOND < p.t_lo < at + 4 * SECOND]
    rig.add([p for p in parts if p not in late])
    engine = TimingEngine()
    car = engine.update(rig.store).cars["1"]
    assert car.current_lap == 5
    assert car.laps[-1].start_known != over_the_line
    assert not any(car.laps[-1].sectors)
    assert car.position == 1
    rig.add(late)
    car = engine.update(rig.store).cars["1"]
    assert car.laps[-1].start_known
    assert any(car.laps[-1].sectors)


@pytest.mark.parametrize("holed", ["1", "2"])
def test_a_car_that_may_have_lost_laps_has_no_place_and_no_gap(make_rig, holed):
    rig = make_rig()
    names = [c.name for c in FULL.groups[0].channels]
    late = []
    for car, seconds in (("1", 0.0), ("2", 1.7), ("3", 4.2)):
        drive = Drive([50.0] * 5)
        t, values = drive.sample(names, 20.0)
        keep = t + round(seconds * 1e6) <= t[-1]
        parts = segments(car, FULL, t[keep] + round(seconds * 1e6), values[:, keep])
        if car == holed:
            # more than two laps: one of the crossings in them cannot be known
            lo = int(drive.crossings[1]) + 10 * SECOND
            late = [p for p in parts if lo < p.t_lo < lo + 105 * SECOND]
        rig.add([p for p in parts if car != holed or p not in late])
    engine = TimingEngine()
    timing = engine.update(rig.store)
    assert set(timing.order) == {"1", "2", "3"}
    assert timing.cars[holed].position == 0
    assert timing.cars[holed].gap_us is None
    for place, car in enumerate(timing.order, start=1):
        assert timing.cars[car].position == (0 if car == holed else place)
    rig.add(late)
    timing = engine.update(rig.store)
    assert [timing.cars[c].position for c in ("1", "2", "3")] == [1, 2, 3]
    assert timing.cars["2"].gap_us / 1e6 == pytest.approx(1.7, abs=0.01)


def test_a_saved_line_is_used_as_it_is(make_rig):
    first = make_rig()
    first.add(first.drive("1", Drive([50.0, 50.5])))
    track = TimingEngine().update(first.store).track
    assert track is not None
    second = make_rig()
    meta = {TRACK_META: track.to_json()}
    second.store.commit(second.recording.apply(Batch(Source.STREAM, meta=meta)))
    second.add(second.drive("1", Drive([50.0, 50.5])))
    again = TimingEngine().update(second.store).track
    assert again is not None
    assert np.abs(again.xy - track.xy).max() < 0.001


def test_an_update_costs_what_is_new(make_rig):
    """Eight times the history may not make a small update three times as dear."""
    cost = []
    for laps in (3, 24):
        rig = make_rig()
        parts = rig.drive("1", Drive([30.0] * laps, part=0.9))
        engine = TimingEngine()
        rig.add(parts[:-60])
        engine.update(rig.store)
        engine.update(rig.store)
        taken = []
        for a in range(-60, 0, 2):
            rig.add(parts[a : a + 2 or None])
            began = time.thread_time()
            engine.update(rig.store)
            taken.append(time.thread_time() - began)
        cost.append(sorted(taken)[len(taken) // 2])
    assert cost[1] < 3 * cost[0]
