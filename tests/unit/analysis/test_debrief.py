"""From what cars sent to what is said: the whole way, on a field whose habits are known."""

from __future__ import annotations

import numpy as np
import pytest

from pitwall.analysis import DebriefEngine, Measure, TimingEngine, coach_report, coach_text
from pitwall.analysis.debrief import MINI_DOUBT_S, clean_laps
from pitwall.analysis.laps import Lap, LapKind
from pitwall.telemetry import BadInput, ClockKind
from tests.ui.session import Wall, make_race, make_wall
from tests.unit.analysis.rig import FULL, Drive

CARS, SECONDS = 4, 1000


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory):
    race = make_race(CARS, SECONDS)
    wall = make_wall(race, tmp_path_factory.mktemp("debrief"))
    wall.advance(SECONDS, hole=False)
    yield wall
    wall.close()


@pytest.fixture(scope="module")
def debrief(field: Wall):
    return DebriefEngine(field.store).update(field.timing)


def test_the_parts_of_every_lap_add_up(field, debrief):
    finished = [
        lap for car in field.timing.cars.values() for lap in car.laps if lap.time_us is not None
    ]
    assert len(debrief.laps) >= len(finished) - CARS
    for record in debrief.laps.values():
        seconds = record.lap.time_us / 1e6
        assert record.passages.of(Measure.TIME).sum() == pytest.approx(seconds, abs=2e-6)
        assert record.sectors.sum() == pytest.approx(seconds, abs=2e-6)
        assert record.minis.sum() == pytest.approx(seconds, abs=2e-6)
        phases = [
            record.passages.of(m) for m in (Measure.ENTRY_TIME, Measure.MID_TIME, Measure.EXIT_TIME)
        ]
        assert np.sum(phases, axis=0) == pytest.approx(record.passages.of(Measure.TIME), abs=1e-6)


def test_speeds_and_places_are_those_of_the_corner(debrief):
    for record in list(debrief.laps.values())[:12]:
        p = record.passages
        slow = p.of(Measure.MINIMUM)
        known = np.isfinite(slow)
        assert (slow[known] <= p.of(Measure.ENTRY)[known] + 1e-9).all()
        for k, corner in enumerate(debrief.corners):
            brake, throttle = p.of(Measure.BRAKE)[k], p.of(Measure.THROTTLE)[k]
            if np.isfinite(brake):
                assert corner.apex_m - 260 < brake < corner.apex_m + 30
            if np.isfinite(throttle) and np.isfinite(brake):
                assert throttle > brake


def test_the_habit_of_the_field_is_found(field, debrief):
    """One of the drivers brakes too soon for one corner, every lap."""
    car = next(c for c in field.race.field.cars if c.early_corner is not None)
    advice = debrief.advice[car.number]
    (found,) = [f for f in advice.findings if f.corner.number == car.early_corner]
    assert found.against
    assert found.measure is Measure.BRAKE
    assert found.change > 5.0
    assert 0 < found.low_s < found.gain_s < found.high_s
    assert found.laps >= 5


def test_ideal_laps_are_no_slower_than_real_ones(field, debrief):
    for car, bests in debrief.bests.items():
        best = field.timing.cars[car].best
        if best is None or bests.sectors.seconds is None:
            continue
        real = best.time_us / 1e6
        assert bests.minis.seconds <= bests.sectors.seconds + 1e-6
        assert bests.sectors.seconds <= real + 1e-6
        assert bests.rolling.seconds <= real + 1e-6


def test_mini_sectors_are_told_where_places_are_known(field, debrief):
    fine = debrief.bests[field.timing.order[0]]
    assert fine.doubt_s < MINI_DOUBT_S
    assert fine.minis.seconds is not None


def test_nothing_is_worked_out_twice(field):
    engine = DebriefEngine(field.store)
    first = engine.update(field.timing)
    again = engine.update(field.timing)
    assert again.version == first.version
    for key, record in first.laps.items():
        assert again.laps[key] is record


def test_a_short_budget_is_gone_on_with_and_ends_alike(field, debrief):
    engine = DebriefEngine(field.store)
    found = engine.update(field.timing, budget_s=0.0)
    rounds = 0
    while engine.behind:
        rounds += 1
        found = engine.update(field.timing, budget_s=0.005)
        assert rounds < 5000
    assert found.laps.keys() == debrief.laps.keys()
    assert dict(found.advice) == dict(debrief.advice)


def test_the_report_answers_by_car_and_refuses_strangers(field):
    car = field.race.cars[0]
    report = coach_report(field.store, car)
    assert [c["car"] for c in report["cars"]] == [car]
    assert len(report["corners"]) == 13
    assert coach_text(report)[0] == field.store.session.key
    with pytest.raises(BadInput, match="not in this session"):
        coach_report(field.store, "999")
    with pytest.raises(BadInput, match="against itself"):
        coach_report(field.store, car, car)


def test_reconstructed_times_say_nothing_and_why(make_rig):
    rig = make_rig(FULL, ClockKind.RECONSTRUCTED)
    rig.add(rig.drive("1", Drive([50.0] * 8)))
    timing = TimingEngine().update(rig.store)
    engine = DebriefEngine(rig.store)
    advice = engine.update(timing).advice["1"]
    assert not advice.findings
    assert "reconstructed" in advice.silences[0].reason


def test_without_a_line_there_is_no_debrief(make_rig):
    rig = make_rig()
    engine = DebriefEngine(rig.store)
    assert engine.update(None).laps == {}
    assert engine.update(TimingEngine().update(rig.store)).corners == ()


def _lap(number: int, kind: LapKind, seconds: float, valid: bool = True) -> Lap:
    start = number * 100_000_000
    us = round(seconds * 1e6)
    return Lap("1", number, start, start + us, us, 1000, kind, valid, "")


def test_clean_laps_are_those_at_pace():
    laps = [_lap(0, LapKind.FIRST, 95.0)]
    laps += [_lap(i, LapKind.FLYING, 90.0 + 0.1 * i) for i in range(1, 6)]
    laps += [_lap(6, LapKind.FLYING, 97.0), _lap(7, LapKind.IN, 99.0), _lap(8, LapKind.OUT, 120.0)]
    laps += [_lap(9, LapKind.FLYING, 90.4), _lap(10, LapKind.FLYING, 90.2, valid=False)]
    assert [lap.number for lap in clean_laps(laps)] == [1, 2, 3, 4, 5, 9]


def test_a_long_last_stint_stands_alone():
    laps = [_lap(i, LapKind.FLYING, 90.0) for i in range(1, 6)] + [_lap(6, LapKind.IN, 99.0)]
    laps += [_lap(i, LapKind.FLYING, 90.0) for i in range(7, 20)]
    assert [lap.number for lap in clean_laps(laps)] == list(range(7, 20))
