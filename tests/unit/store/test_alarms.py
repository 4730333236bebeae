"""Alarms on arrival: what is found, told, kept and acknowledged, whatever the order of arrival."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.store import Arrival, Columns, PutAlarm, growth
from pitwall.store.alarm_rules import Kind, Rule
from pitwall.store.alarm_watch import Watch
from pitwall.store.alarms import AlarmEngine
from pitwall.store.batch import LATE, Source
from pitwall.store.changes import changed_from
from pitwall.store.growth import GrowingColumns
from pitwall.store.samples import Samples
from pitwall.telemetry import BadInput, Channel, Failure, Group

OIL = Channel("oil", "degC", 0.1, 60, 160)
GROUP = Group("engine", 1.0, 1_000_000, (Channel("rpm", "1/min", 1, 0, 9000), OIL))
SECOND = 1_000_000
HOT = Rule("hot oil", "oil", Kind.ABOVE, 0, 120, hysteresis=5, delay_s=2)
CHUNK = 4


class Car:
    """Columns of one car that grow chunk by chunk, a chunk being four seconds."""

    def __init__(self, values: list[float]) -> None:
        self.values = values
        self.growing = GrowingColumns(GROUP)
        self.version = 0
        self.columns: Columns | None = None

    def chunk(self, n: int, source: Source = Source.STREAM, *, late: bool = False) -> None:
        """Chunk ``n``, from 1, arrives."""
        i = np.arange((n - 1) * CHUNK, n * CHUNK)
        oil = np.array(self.values)[i]
        code = source.code | (LATE if late else 0)
        self.growing.epoch_index("a")
        self.growing.insert(
            Samples.of(
                i.astype(np.int64) * SECOND,
                np.stack([oil * 0, oil]),
                np.full(CHUNK, n, np.int32),
                np.zeros(CHUNK, np.uint16),
                np.full(CHUNK, code, np.uint8),
                np.zeros(CHUNK, np.uint16),
            )
        )
        self.version += 1
        self.columns = self.growing.snapshot(self.version)


def story(entries: Any) -> list[tuple[object, ...]]:
    return [(e.t_lo, e.raised_us, e.t_hi, e.worst) for e in entries if not e.withdrawn]


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.sampled_from([100.0, 116.0, 118.0, 121.0, 130.0]), min_size=32, max_size=32),
    st.permutations(range(1, 9)),
    st.integers(4, 8),
    st.sampled_from([0.0, 2.0, 5.0]),
)
def test_the_order_of_arrival_does_not_matter(
    values: list[float], order: list[int], how_many: int, delay_s: float
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growth, "BLOCK", 8)  # a stretch of its own for every two chunks
        patch.setattr(growth, "_ALONE", 4)
        arrive(values, order, how_many, delay_s)


def arrive(values: list[float], order: list[int], how_many: int, delay_s: float) -> None:
    car, rule = Car(values), replace(HOT, delay_s=delay_s)
    watch = Watch(rule, "7", [], told=True)
    for n in order[:how_many]:
        car.chunk(n)
        watch.follow(car.columns, 1)
    fresh = Watch(rule, "7", [], told=True)
    fresh.follow(car.columns, 1)
    assert story(watch.entries) == story(fresh.entries)
    ids = [entry.id for entry in watch.entries]
    assert len(set(ids)) == len(ids)


class Wall:
    """An engine over cars, and what it saved."""

    def __init__(self, *cars: Car, **given: Any) -> None:
        self.cars = {str(i + 1): car for i, car in enumerate(cars)}
        self.saved: dict[int, Any] = {}
        self.full = False
        self.engine = AlarmEngine(
            lambda: tuple(self.cars),
            lambda car, group: self.cars[car].columns,
            lambda name: ("engine", 1, OIL) if name == "oil" else None,
            **{"save": self.save, "now": lambda: 99, "rules": (HOT,), **given},
        )

    def save(self, edits: tuple[PutAlarm, ...]) -> None:
        if self.full:
            raise Failure("x.pitwall: the disk is full")
        for edit in edits:
            self.saved[edit.entry.id] = edit.entry


RISE = [100.0] * 4 + [125.0] * 8 + [110.0] * 4


def test_live_is_told_once_kept_and_acknowledged() -> None:
    car = Car(RISE)
    wall = Wall(car)
    car.chunk(1)
    assert wall.engine.update().alarms == ()
    car.chunk(2)
    board = wall.engine.update()
    (alarm,) = board.alarms
    assert alarm.going
    assert alarm.unseen
    assert alarm.entry.arrival is Arrival.LIVE
    assert (alarm.entry.t_lo, alarm.entry.raised_us) == (4 * SECOND, 6 * SECOND)
    assert alarm.unit == "degC"
    version = board.version
    assert wall.engine.update().version == version  # nothing new, nothing to show
    car.chunk(3)
    car.chunk(4)
    (alarm,) = wall.engine.update().alarms
    assert alarm.entry.t_hi == 12 * SECOND
    assert not alarm.going
    assert wall.saved == {alarm.entry.id: alarm.entry}
    wall.engine.acknowledge([alarm.entry.id])
    (alarm,) = wall.engine.update().alarms
    assert alarm.entry.acknowledged_us == 99
    assert not alarm.unseen
    assert wall.saved[alarm.entry.id] == alarm.entry


def test_an_alarm_in_late_data_says_so() -> None:
    car = Car([*RISE, *[100.0] * 8])
    wall = Wall(car)
    for n in (1, 5, 6):
        car.chunk(n)
        wall.engine.update()
    for n in (3, 2, 4):
        car.chunk(n, late=True)
        wall.engine.update()
    (alarm,) = wall.engine.board.alarms
    assert alarm.entry.arrival is Arrival.LATE
    assert (alarm.entry.t_lo, alarm.entry.t_hi) == (4 * SECOND, 12 * SECOND)
    assert wall.saved[alarm.entry.id] == alarm.entry


def test_what_the_books_call_late_is_late_even_as_the_newest_here() -> None:
    car = Car(RISE)
    wall = Wall(car)
    car.chunk(1)
    wall.engine.update()
    car.chunk(2, late=True)
    (alarm,) = wall.engine.update().alarms
    assert alarm.entry.arrival is Arrival.LATE


def test_history_needs_no_acknowledging_and_is_not_kept() -> None:
    car = Car([*RISE, *[100.0] * 8])
    wall = Wall(car)
    car.chunk(6)
    wall.engine.update()
    for n in (4, 3, 2, 1):
        car.chunk(n, Source.ARCHIVE)
        wall.engine.update()
    (alarm,) = wall.engine.board.alarms
    assert alarm.entry.arrival is Arrival.HISTORY
    assert not alarm.unseen
    assert wall.saved == {}


def test_a_repair_is_late_only_where_the_stream_was_before_it() -> None:
    history, live = Car([*RISE, *[100.0] * 8]), Car([*RISE, *[100.0] * 8])
    for car, first in ((history, Source.ARCHIVE), (live, Source.STREAM)):
        car.chunk(1, first)
        car.chunk(6)
    wall = Wall(history, live)
    wall.engine.update()
    for car in (history, live):
        for n in (2, 3, 4):
            car.chunk(n, Source.TABLE)
    wall.engine.update()
    found = {alarm.entry.car: alarm.entry.arrival for alarm in wall.engine.board.alarms}
    assert found == {"1": Arrival.HISTORY, "2": Arrival.LATE}


def test_what_was_over_before_the_rule_was_made_is_history() -> None:
    car = Car(RISE)
    wall = Wall(car, rules=())
    for n in (1, 2, 3, 4):
        car.chunk(n)
    assert wall.engine.update().alarms == ()
    wall.engine.set_rules([HOT])
    (alarm,) = wall.engine.update().alarms
    assert alarm.entry.arrival is Arrival.HISTORY


def test_an_alarm_that_late_data_takes_back_stays_and_says_so() -> None:
    # Two samples apart are beyond; what comes later says that it was not so in between.
    early, late = Car([100.0] * 4), Car([100.0] * 4)
    rule = replace(HOT, delay_s=1, hysteresis=0)
    wall = Wall(early, late, rules=(rule,))

    def give(car: Car, at_us: list[int], oil: list[float], n: int) -> None:
        car.growing.epoch_index("a")
        size = len(at_us)
        car.growing.insert(
            Samples.of(
                np.array(at_us, np.int64),
                np.stack([np.zeros(size), np.array(oil)]),
                np.full(size, n, np.int32),
                np.zeros(size, np.uint16),
                np.full(size, Source.STREAM.code, np.uint8),
                np.zeros(size, np.uint16),
            )
        )
        car.version += 1
        car.columns = car.growing.snapshot(car.version)

    give(early, [0, SECOND], [130.0, 131.0], 1)
    (told,) = wall.engine.update().alarms
    give(early, [SECOND // 2], [90.0], 1)
    (alarm,) = wall.engine.update().alarms
    assert alarm.entry == replace(told.entry, withdrawn=True)
    assert not alarm.unseen
    assert wall.saved[told.entry.id].withdrawn


def test_the_log_of_the_recording_is_taken_up_again() -> None:
    car = Car(RISE)
    first = Wall(car)
    for n in (1, 2, 3, 4):
        car.chunk(n)
        first.engine.update()
    (told,) = first.engine.board.alarms
    first.engine.acknowledge([told.entry.id])
    first.engine.update()
    again = Wall(car, log=list(first.saved.values()))
    assert [a.entry for a in again.engine.update().alarms] == list(first.saved.values())
    assert again.saved == {}
    # Data that is not here yet does not make what was told untrue.
    empty = Wall(Car(RISE), log=list(first.saved.values()))
    assert len(empty.engine.update().alarms) == 1


def test_other_limits_do_not_wipe_out_what_was_told() -> None:
    car = Car(RISE)
    wall = Wall(car)
    for n in (1, 2, 3, 4):
        car.chunk(n)
        wall.engine.update()
    wall.engine.set_rules([replace(HOT, high=200)])
    (alarm,) = wall.engine.update().alarms
    assert not alarm.current
    assert alarm.rule.high == 120
    wall.engine.acknowledge([alarm.entry.id])
    assert wall.engine.update().unseen == ()
    wall.engine.set_rules([replace(HOT, name="another name")])
    (alarm,) = wall.engine.update().alarms
    assert alarm.current
    assert alarm.rule.name == "another name"


def test_cars_and_rules_that_are_off_are_left_alone() -> None:
    hot, cool = Car(RISE), Car(RISE)
    wall = Wall(hot, cool, rules=(replace(HOT, cars=("2",)), replace(HOT, high=121, on=False)))
    for car in (hot, cool):
        for n in (1, 2, 3, 4):
            car.chunk(n)
    assert [alarm.entry.car for alarm in wall.engine.update().alarms] == ["2"]


def test_a_channel_that_nobody_has_is_named() -> None:
    wall = Wall(Car(RISE), rules=(replace(HOT, channel="coolant"),))
    assert wall.engine.update().unknown == ("coolant",)


def test_what_cannot_be_kept_is_said_in_one_line() -> None:
    car = Car(RISE)
    wall = Wall(car)
    wall.full = True
    for n in (1, 2):
        car.chunk(n)
        wall.engine.update()
    assert wall.engine.board.trouble == "alarms are not kept: x.pitwall: the disk is full"
    assert len(wall.engine.board.alarms) == 1


def test_two_that_go_off_alike_are_refused() -> None:
    wall = Wall(Car(RISE))
    with pytest.raises(BadInput, match="alike"):
        wall.engine.set_rules([HOT, replace(HOT, name="b")])
    with pytest.raises(BadInput, match="low limit"):
        wall.engine.set_rules([replace(HOT, kind=Kind.OUTSIDE, low=121)])


def test_a_file_at_rest_tells_nobody() -> None:
    car = Car(RISE)
    wall = Wall(car, told=False)
    for n in (1, 2, 3, 4):
        car.chunk(n)
        wall.engine.update()
    (alarm,) = wall.engine.board.alarms
    assert alarm.entry.arrival is Arrival.HISTORY
    assert wall.saved == {}


@settings(deadline=None, max_examples=100)
@given(st.permutations(range(1, 9)))
def test_a_change_is_found_where_it_was(order: list[int]) -> None:
    car, before = Car([100.0] * 32), None
    held: set[int] = set()
    for n in order:
        car.chunk(n)
        since = changed_from(before, car.columns)
        first = (n - 1) * CHUNK * SECOND
        assert since is not None
        assert since <= first
        if not held or n > max(held):
            assert since == first
        assert changed_from(car.columns, car.columns) is None
        before = car.columns
        held.add(n)
