"""What marks laps, in order of trust; and crossings beside holes."""

from __future__ import annotations

import numpy as np
import pytest

from pitwall.analysis import LapSource, TimingEngine, laps_report
from pitwall.analysis.sources import gate_times
from pitwall.store import Batch, Source
from pitwall.telemetry import GATE_META, BadInput, Catalog, Channel, Gate, Group
from tests.unit.analysis.rig import (
    FULL,
    HOME,
    LAP,
    LENGTH,
    RING,
    SPEED,
    Drive,
    catalog,
    closeness,
    segments,
    to_degrees,
)

SECOND = 1_000_000


def _way_at(k: int) -> float:
    """Metres along the ring at its point ``k``."""
    return float(np.hypot(np.diff(RING[0][: k + 1]), np.diff(RING[1][: k + 1])).sum())


def numbered(laps):
    return [(lap.number, lap.time_us) for lap in laps if lap.time_us is not None]


def timed(rig, source=None):
    timing = TimingEngine(source=source).update(rig.store)
    return timing, timing.cars["1"].laps


def test_a_gate_comes_before_lap_distance(make_rig):
    """The gate stands a fifth of the lap behind the place where lap distance starts anew."""
    rig = make_rig()
    drive = Drive([50.0, 50.4, 49.8])
    rig.add(rig.drive("1", drive))
    timing, laps = timed(rig)
    assert timing.circuit.source is LapSource.DISTANCE
    k = len(RING[0]) // 5
    x, y = RING[0][k : k + 2], RING[1][k : k + 2]
    lat, lon = to_degrees(HOME, x[:1], y[:1])
    heading = np.degrees(np.arctan2(x[1] - x[0], y[1] - y[0])) % 360
    gate = Gate(float(lat[0]), float(lon[0]), float(heading))
    rig.store.commit(rig.recording.apply(Batch(Source.STREAM, meta={GATE_META: gate.to_json()})))
    timing, laps = timed(rig)
    assert timing.circuit.source is LapSource.GATE
    at = np.interp(_way_at(k) + LENGTH * np.arange(3), drive.way, drive.t)
    truth = drive.start_us + np.rint(at * 1e6).astype(np.int64)
    starts = [lap.t_start for lap in laps if lap.start_known]
    assert closeness(starts[:3], truth) < 20


@pytest.mark.parametrize("heading", [90.0, 270.0, 100.0])
def test_a_gate_is_passed_in_proportion_between_samples_and_not_beside_it(heading):
    t = np.arange(4) * SECOND
    x = np.array([-30.0, -10.0, 10.0, 30.0])
    assert gate_times(t, x, np.zeros(4), heading, 12.5).tolist() == [1_500_000]
    assert gate_times(t, x, np.full(4, 14.0), heading, 12.5).tolist() == []


def test_a_gate_is_not_passed_backwards_by_a_car_that_turns_round():
    t = np.arange(6) * SECOND
    x = np.array([-10.0, 10.0, -10.0, 10.0, -10.0, 10.0])
    assert gate_times(t, x, np.zeros(6), 90.0, 12.5).tolist() == [500_000, 2_500_000, 4_500_000]


BEACON = Group(
    "beacon",
    0.05,
    SECOND,
    (Channel("beacon", "1", 1, 0, 255, step=True), Channel("beacon_doubt", "s", 0.001, 0, 1)),
)


def test_laps_by_beacon_where_nothing_tells_the_place(make_rig):
    rig = make_rig(Catalog((*catalog(*SPEED).groups, BEACON)))
    drive = Drive([50.0, 50.4, 49.8])
    rig.add(rig.drive("1", drive))
    passes = np.array([c + 7 for c in drive.crossings], np.int64)
    split = (passes[:-1] + passes[1:]) // 2
    t = np.sort(np.concatenate([passes, split]))
    code = np.where(np.isin(t, passes), 100.0, 56.0)
    rig.add(segments("1", rig.catalog, t, np.stack([code, np.full(len(t), 0.006)])))
    timing, laps = timed(rig)
    assert timing.circuit.source is LapSource.BEACON
    want = [int(b - a) for a, b in zip(passes[:-1], passes[1:], strict=True)]
    assert [time for _, time in numbered(laps)] == want
    assert {lap.uncertainty_us for lap in laps if lap.time_us is not None} == {8485}
    assert timing.circuit.length_m == pytest.approx(LENGTH, rel=0.02)


def test_a_mark_that_came_late_is_refused_by_the_way(make_rig):
    rig = make_rig(catalog(*SPEED, *LAP))
    t, values = Drive([50.0] * 6).sample(["speed", "lap"], 20.0)
    rise = int(np.flatnonzero(values[1] == 4)[0])
    values[1, rise : rise + 100] = 3  # five seconds
    rig.add(segments("1", rig.catalog, t, values))
    _, laps = timed(rig)
    refused = [lap for lap in laps if lap.time_us is not None and not lap.valid]
    assert len(refused) == 2
    assert any("impossible: only" in lap.reason for lap in refused)
    assert any("a crossing was missed" in lap.reason for lap in refused)


def test_one_source_alone_or_an_error(make_rig):
    rig = make_rig(FULL)
    rig.add(rig.drive("1", Drive([50.0, 50.4])))
    timing, _ = timed(rig, LapSource.DISTANCE)
    assert timing.circuit.track is None
    with pytest.raises(BadInput, match="no lap is told by beacon"):
        laps_report(rig.store, None, LapSource.BEACON)


def test_nothing_marks_laps_one_implicit_lap(make_rig):
    rig = make_rig(catalog(*SPEED))
    rig.add(rig.drive("1", Drive([50.0, 50.4])))
    timing, laps = timed(rig)
    assert timing.circuit is None
    (lap,) = laps
    assert (lap.number, lap.time_us, lap.reason) == (0, None, "nothing marks laps so far")


def test_crossings_right_beside_a_hole_are_known_and_laps_in_it_are_not_claimed(make_rig):
    """Segments: laps 1 and 4 are there from line to line, 2 and 3 are not."""
    rig = make_rig(FULL)
    drive = Drive([50.0] * 5)
    parts = rig.drive("1", drive, lap_before=0)
    c = drive.crossings
    rig.add([p for p in parts if not c[1] + SECOND // 5 < p.t_lo < c[3] - SECOND // 5])
    _, laps = timed(rig)
    whole = [lap for lap in laps if lap.valid]
    assert [round(lap.time_us / 1e6, 2) for lap in whole][:1] == [50.0]
    across = [lap for lap in laps if "without data" in lap.reason]
    assert all(not lap.valid for lap in across)
    assert not any(lap.valid and lap.t_start < c[2] < (lap.t_end or 0) for lap in laps)
