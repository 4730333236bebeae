"""Laps of synthetic cars against the crossings they were driven with."""

from __future__ import annotations

import numpy as np
import pytest

from pitwall.analysis import LapKind, TimingEngine
from pitwall.telemetry import ClockKind
from tests.unit.analysis.rig import (
    DISTANCE,
    FULL,
    LAP,
    LENGTH,
    POSITION,
    SPEED,
    T0,
    Drive,
    catalog,
    closeness,
    segments,
)

TIMES = (52.0, 50.5, 51.25, 50.75, 51.0)


def starts(timing, car="1"):
    return [lap.t_start for lap in timing.cars[car].laps[1:]]


def test_lap_distance_alone_gives_exact_laps(make_rig):
    rig = make_rig(catalog(*SPEED, *DISTANCE))
    drive = Drive(TIMES)
    rig.add(rig.drive("1", drive))
    timing = TimingEngine().update(rig.store)
    assert closeness(starts(timing), drive.crossings) < 5
    laps = timing.cars["1"].laps
    assert [lap.number for lap in laps] == list(range(7))
    assert laps[0].kind is LapKind.INCOMPLETE
    assert laps[1].kind is LapKind.FIRST
    assert laps[-1].t_end is None
    assert all(lap.valid for lap in laps[1:-1])
    for lap, seconds in zip(laps[1:-1], TIMES, strict=True):
        assert abs(lap.time_us / 1e6 - seconds) < 0.005
        assert 0 < lap.uncertainty_us < 50_000
        assert sum(lap.sectors) == lap.time_us


def test_positions_with_a_lap_number_find_the_line(make_rig):
    # the lap number is two samples late: a hint, never the edge
    rig = make_rig(catalog(*POSITION, *SPEED, *LAP))
    drive = Drive(TIMES)
    t, values = drive.sample([c.name for c in rig.catalog.groups[0].channels], 20.0, 0.3)
    values[3] = np.concatenate([values[3][:1].repeat(2), values[3][:-2]])
    rig.add(segments("1", rig.catalog, t, values))
    laps = TimingEngine().update(rig.store).cars["1"].laps
    times = np.array([lap.time_us for lap in laps if lap.time_us is not None]) / 1e6
    assert len(times) == len(TIMES)
    # the gate stands where the number changes, a few metres late for all laps alike
    assert np.abs(times - TIMES).max() < 0.03


def test_noisy_positions_beside_rough_lap_distance(make_rig):
    """Lap distance that starts anew up to 8 m off the line is no witness; positions are."""
    rig = make_rig()
    drive = Drive(TIMES * 2)
    t, values = drive.sample([c.name for c in FULL.groups[0].channels], 20.0, 0.4)
    way = np.interp((t - T0) / 1e6, drive.t, drive.way)
    rng = np.random.default_rng(3)
    off = rng.uniform(-8, 8, 20)
    lap = np.floor(way / LENGTH).astype(int)
    rough = way - lap * LENGTH + off[lap + 1]
    early, late = rough < 0, rough > LENGTH
    values[3] = np.where(early, rough + LENGTH, np.where(late, rough - LENGTH, rough))
    rig.add(segments("1", FULL, t, values))
    timing = TimingEngine().update(rig.store)
    assert timing.circuit is not None
    assert not timing.circuit.exact
    times = [lap.time_us / 1e6 for lap in timing.cars["1"].laps if lap.time_us is not None]
    assert np.abs(np.array(times) - TIMES * 2).max() < 0.04


def test_exact_lap_distance_is_recognised(make_rig):
    rig = make_rig()
    rig.add(rig.drive("1", Drive(TIMES), 0.2))
    circuit = TimingEngine().update(rig.store).circuit
    assert circuit is not None
    assert circuit.exact
    assert circuit.distance_m == pytest.approx(LENGTH, abs=1.0)
    assert circuit.length_m == pytest.approx(LENGTH, rel=0.004)


def test_a_pit_stop_makes_an_in_lap_and_an_out_lap(make_rig):
    rig = make_rig()
    drive = Drive(TIMES, stops=[(3 * LENGTH - 60, 20.0, -15.0)])
    rig.add(rig.drive("1", drive))
    timing = TimingEngine().update(rig.store)
    kinds = [lap.kind for lap in timing.cars["1"].laps]
    assert kinds[3] is LapKind.IN
    assert kinds[4] is LapKind.OUT
    assert {kinds[2], kinds[5]} == {LapKind.FLYING}
    assert not timing.cars["1"].laps[3].valid
    assert timing.cars["1"].laps[3].reason == "through the pit lane"
    assert closeness(starts(timing), drive.crossings) < 30


def test_a_stop_behind_the_line_does_too(make_rig):
    rig = make_rig(catalog(*SPEED, *DISTANCE))
    drive = Drive(TIMES, stops=[(3 * LENGTH + 80, 15.0, 0.0)])
    rig.add(rig.drive("1", drive))
    kinds = [lap.kind for lap in TimingEngine().update(rig.store).cars["1"].laps]
    assert kinds[3] is LapKind.IN
    assert kinds[4] is LapKind.OUT


def test_a_stop_out_on_the_track_is_no_pit_stop(make_rig):
    rig = make_rig()
    drive = Drive(TIMES, stops=[(2.5 * LENGTH, 30.0, 0.0)])
    rig.add(rig.drive("1", drive))
    lap = TimingEngine().update(rig.store).cars["1"].laps[3]
    assert lap.kind is LapKind.FLYING
    assert not lap.valid
    assert lap.reason == "stood 30 s on the track"


def test_a_hole_is_not_bridged(make_rig):
    rig = make_rig()
    drive = Drive(TIMES)
    parts = rig.drive("1", drive)
    hole = (drive.crossings[1] + 20_000_000, drive.crossings[1] + 26_000_000)
    rig.add([p for p in parts if not hole[0] < p.t_lo < hole[1]])
    laps = TimingEngine().update(rig.store).cars["1"].laps
    assert laps[2].kind is LapKind.INCOMPLETE
    assert not laps[2].valid
    assert laps[2].reason.endswith("s without data")
    assert laps[1].valid
    assert laps[3].valid


def test_a_hole_over_the_line_leaves_two_laps_without_a_time(make_rig):
    rig = make_rig()
    drive = Drive(TIMES)
    parts = rig.drive("1", drive)
    hole = (drive.crossings[2] - 4_000_000, drive.crossings[2] + 4_000_000)
    rig.add([p for p in parts if not hole[0] < p.t_lo < hole[1]])
    laps = TimingEngine().update(rig.store).cars["1"].laps
    assert [lap.number for lap in laps] == list(range(7))
    assert [lap.time_us is None for lap in laps] == [True, False, True, True, False, False, True]
    assert "not seen" in laps[2].reason
    assert "not seen" in laps[3].reason


def test_an_impossible_lap_is_refused_with_the_reason(make_rig):
    """Lap distance that starts anew in the middle of a lap, as after a logger's restart."""
    rig = make_rig(catalog(*SPEED, *DISTANCE))
    drive = Drive(TIMES)
    names = [c.name for c in rig.catalog.groups[0].channels]
    t, values = drive.sample(names, 20.0)
    at = (t > drive.crossings[3]) & (t < drive.crossings[4])
    lap = values[1][at]
    values[1][at] = np.where(lap > 0.55 * LENGTH, lap - 0.55 * LENGTH, lap)
    rig.add(segments("1", rig.catalog, t, values))
    laps = TimingEngine().update(rig.store).cars["1"].laps
    refused = [lap for lap in laps if lap.reason.startswith("impossible")]
    assert refused
    assert all(not lap.valid for lap in refused)
    assert all(
        abs(lap.time_us / 1e6 - seconds) < 0.01
        for lap, seconds in zip(laps[1:4], TIMES[:3], strict=True)
    )


def test_jitter_of_a_car_that_stands_on_the_line_is_one_crossing(make_rig):
    rig = make_rig(catalog(*POSITION, *SPEED, *LAP))
    drive = Drive(TIMES, stops=[(2 * LENGTH, 8.0, 0.0)])
    rig.add(rig.drive("1", drive, noise_m=1.0))
    laps = TimingEngine().update(rig.store).cars["1"].laps
    assert len(laps) == 7


def test_without_marks_there_is_one_implicit_lap(make_rig):
    rig = make_rig(catalog(*SPEED))
    rig.add(rig.drive("1", Drive(TIMES)))
    timing = TimingEngine().update(rig.store)
    (lap,) = timing.cars["1"].laps
    assert lap.kind is LapKind.INCOMPLETE
    assert lap.t_start == T0
    assert lap.reason == "nothing marks laps so far"
    assert timing.order == ("1",)


def test_an_empty_store_has_no_laps(make_rig):
    timing = TimingEngine().update(make_rig().store)
    assert timing.cars == {}
    assert timing.order == ()
    assert timing.best is None


def test_reconstructed_times_have_wider_intervals(make_rig):
    widths = []
    for clock in (ClockKind.EVENT, ClockKind.RECONSTRUCTED):
        rig = make_rig(catalog(*POSITION, *SPEED, *LAP), clock)
        rig.add(rig.drive("1", Drive(TIMES)))
        laps = TimingEngine().update(rig.store).cars["1"].laps
        widths.append(max(lap.uncertainty_us for lap in laps))
    assert widths[1] > widths[0] + 100_000
