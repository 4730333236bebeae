"""The reader against a scripted service; numbers are those of the design's list of cases."""

from __future__ import annotations

import json

import pytest

from pitwall.store import Quarantined
from pitwall.stream import (
    Denied,
    Expired,
    Listing,
    NotFound,
    Pace,
    Page,
    Rejected,
    Retryable,
    Throttled,
    Trimmed,
)
from pitwall.telemetry import BadInput, Failure
from tests.unit.stream.rig import ARN, SECOND, START, Rig, World, head, made


def put(rig: Rig, numbers: range, car: str = "7", slot: int = 0) -> None:
    for n in numbers:
        rig.world.put(made(n, car), slot)


# ---------------------------------------------------------------- discovery and lineage


def test_case_01_child_listed_late_is_found_and_the_stall_is_told() -> None:
    rig = Rig()
    put(rig, range(1, 4))
    rig.start()
    rig.run(1)
    rig.world.rotate(delay_s=45)
    put(rig, range(4, 7))
    rig.run(44)
    assert rig.applied() == [1, 2, 3]
    assert "stalled" in rig.names()
    assert rig.reader is not None
    assert rig.reader.status.stalled
    rig.run(4, lambda: len(rig.applied()) == 6)
    assert rig.applied() == [1, 2, 3, 4, 5, 6]
    rig.run(1)
    assert not rig.reader.status.stalled


def test_case_02_a_shard_that_vanishes_from_the_listing_is_read_on() -> None:
    rig = Rig()
    put(rig, range(1, 3))
    rig.start()
    rig.run(1)
    rig.world.hide = lambda shard: True
    rig.run(70)
    put(rig, range(3, 5))
    rig.run(2)
    assert rig.applied() == [1, 2, 3, 4]
    assert rig.names() == []


def test_case_03_children_missing_from_each_of_several_listings_are_read_once() -> None:
    rig = Rig(40)
    for slot in range(40):
        rig.world.put(made(1, f"c{slot}"), slot)
    rig.start()
    rig.run(2)
    for slot in range(40):
        rig.world.rotate(slot)
        rig.world.put(made(2, f"c{slot}"), slot)
    hidden = {"round": 0}

    def hide(shard: str) -> bool:
        if rig.world.calls and rig.world.calls[-1][1] == "describe":
            hidden["round"] = sum(c[1] == "describe" for c in rig.world.calls)
        return hidden["round"] < 6 and (int(shard[-4:], 16) + hidden["round"]) % 2 == 0

    rig.world.hide = hide
    rig.run(60)
    for slot in range(40):
        assert rig.applied(f"c{slot}") == [1, 2]


def test_case_04_child_listed_while_its_parent_looks_open() -> None:
    rig = Rig()
    put(rig, range(1, 4))
    old = rig.world.open_ids[0]
    rig.world.rotate()
    put(rig, range(4, 6))
    rig.world.shards[old].end_seen_us = START + 3600 * SECOND
    rig.start()
    rig.run(3)
    assert rig.applied() == [1, 2, 3, 4, 5]


def test_case_05_a_shard_whose_parent_is_never_listed_is_read_and_told_of() -> None:
    rig = Rig()
    put(rig, range(1, 3))
    rig.start()
    rig.run(1)
    old = rig.world.open_ids[0]
    [middle] = rig.world.rotate()
    [last] = rig.world.rotate()
    put(rig, range(3, 5))
    rig.world.shards[middle].gone = True
    rig.run(70)
    assert rig.applied() == [1, 2, 3, 4]
    assert "gap" in rig.names()
    assert rig.reader is not None
    [gap] = rig.reader.status.gaps
    assert gap.shard == last
    assert gap.from_us <= gap.to_us
    assert old != last


def test_case_06_a_finished_shard_is_not_read_again_and_is_forgotten_only_in_the_end() -> None:
    rig = Rig(pace=Pace(listing=3600.0, save=1e9))
    put(rig, range(1, 3))
    rig.start()
    old = rig.world.open_ids[0]
    rig.run(1)
    rig.world.rotate()
    rig.run(5)
    # listed for 20 hours more; then the program starts again
    rig.time.advance(20 * 3600)
    rig.start()
    rig.run(5)
    reads = [c for c in rig.world.calls if c[2] == old and c[1] == "read"]
    assert rig.applied() == [1, 2]
    assert reads[-1][0] < 1100
    rig.world.shards[old].gone = True
    rig.time.advance(20 * 3600)
    rig.start()
    assert rig.reader is not None
    rig.run(2)
    assert rig.reader.status.total == 2
    rig.time.advance(10 * 3600)
    rig.start()
    rig.run(1)
    assert rig.reader.status.total == 1


def test_case_07_a_child_is_not_read_before_its_parent_is_drained() -> None:
    rig = Rig(pace=Pace(limit=2))
    put(rig, range(1, 10))
    rig.world.rotate()
    put(rig, range(10, 15))
    rig.start()
    rig.run(10)
    assert rig.applied() == list(range(1, 15))


def test_case_08_three_generations_listed_at_the_start_are_read_in_order() -> None:
    rig = Rig(pace=Pace(limit=3))
    put(rig, range(1, 8))
    rig.world.rotate()
    put(rig, range(8, 15))
    rig.world.rotate()
    put(rig, range(15, 22))
    rig.start()
    rig.run(20)
    assert rig.applied() == list(range(1, 22))


def test_case_11_six_rotations_over_a_day() -> None:
    rig = Rig(2)
    rig.start()
    n = {0: 0, 1: 0}
    for _ in range(6):
        for _ in range(10):
            for slot in (0, 1):
                n[slot] += 1
                rig.world.put(made(n[slot], str(slot)), slot)
            rig.run(12)
        rig.time.advance(4 * 3600 - 120)
        for slot in (0, 1):
            rig.world.rotate(slot)
    rig.run(10)
    assert rig.applied("0") == list(range(1, n[0] + 1))
    assert rig.applied("1") == list(range(1, n[1] + 1))
    assert rig.reader is not None
    assert rig.reader.status.rotations == 12


def test_case_14_one_shard_that_never_opens_holds_up_no_other() -> None:
    rig = Rig(60)
    bad = rig.world.open_ids[7]
    rig.world.fail("open", bad, lambda: Retryable("500"), 10**6)
    for slot in range(60):
        rig.world.put(made(1, str(slot)), slot)
    rig.start()
    rig.run(20)
    assert rig.reader is not None
    assert len(rig.sink.bodies) == 59
    assert rig.reader.status.failing == 1


def test_case_16_a_stream_that_is_switched_off_is_told_of_and_not_searched() -> None:
    rig = Rig()
    put(rig, range(1, 3))
    rig.start()
    rig.run(1)
    rig.world.end(rig.world.open_ids[0])
    rig.world.enabled = False
    rig.run(60)
    calls = len(rig.world.calls)
    rig.run(60)
    assert rig.applied() == [1, 2]
    assert "disabled" in rig.names()
    assert len(rig.world.calls) - calls <= 4


@pytest.mark.parametrize("delay", [0.0, 40.0])
def test_case_18_a_child_is_read_from_its_first_record(delay: float) -> None:
    rig = Rig()
    rig.start(START)
    rig.run(5)
    rig.world.rotate(delay_s=delay)
    rig.time.advance(0.001)
    put(rig, range(1, 2))
    rig.run(60)
    assert rig.applied() == [1]


def test_case_20_a_rotation_adds_less_than_two_seconds() -> None:
    worst = 0.0
    for seed in range(20):
        rig = Rig(4, seed=seed)
        rig.start()
        rig.run(3 + seed / 20)
        for slot in range(4):
            rig.world.rotate(slot)
            rig.world.put(made(1, str(slot)), slot)
        worst = max(worst, rig.run(60, lambda rig=rig: len(rig.sink.bodies) == 4))
    assert worst < 2.0


def test_case_21_four_hundred_shards_are_each_polled_every_ten_seconds() -> None:
    rig = Rig(400)
    rig.start()
    rig.run(25)
    last: dict[str, float] = {}
    longest = 0.0
    for at, operation, shard in rig.world.calls:
        if operation == "read":
            longest = max(longest, at - last.get(shard, at))
            last[shard] = at
    assert len(last) == 400
    assert longest < 10.0


# ---------------------------------------------------------------- ends and iterators


def test_case_22_the_last_page_of_a_shard_is_kept() -> None:
    rig = Rig()
    put(rig, range(1, 8))
    rig.world.end(rig.world.open_ids[0])
    rig.start()
    rig.run(1)
    assert rig.applied() == [1, 2, 3, 4, 5, 6, 7]
    assert rig.reader is not None
    assert rig.reader.status.finished == 1


def test_case_25_a_crash_between_the_last_records_and_the_end_replays_nothing_twice() -> None:
    rig = Rig(pace=Pace(limit=3))
    put(rig, range(1, 7))
    rig.world.rotate()
    put(rig, range(7, 9))
    for committed in range(8):
        rig.sink = type(rig.sink)()
        rig.sink.auto = False
        rig.start()
        rig.run(2)
        rig.sink.commit(committed)
        rig.sink.crash()
        rig.sink.auto = True
        rig.start()
        rig.run(3)
        assert rig.applied() == [1, 2, 3, 4, 5, 6, 7, 8], committed


def test_case_26_an_empty_parent_ends_and_its_child_is_read() -> None:
    rig = Rig()
    rig.world.rotate()
    put(rig, range(1, 3))
    rig.start()
    rig.run(2)
    assert rig.applied() == [1, 2]
    # and after a restart the empty parent is not looked at again
    before = len(rig.world.calls)
    rig.start()
    rig.run(2)
    assert rig.applied() == [1, 2]
    parent = next(iter(rig.world.shards))
    assert not [c for c in rig.world.calls[before:] if c[2] == parent]


def test_case_27_the_end_of_a_shard_does_not_overtake_what_is_queued() -> None:
    rig = Rig(pace=Pace(limit=100))
    put(rig, range(1, 501))
    rig.world.rotate()
    put(rig, range(501, 503))
    rig.sink.auto = False
    rig.start()
    rig.run(5)
    rig.sink.crash()
    rig.sink.auto = True
    rig.start()
    rig.run(5)
    assert rig.applied() == list(range(1, 503))


def test_case_30_expired_while_the_laptop_slept() -> None:
    rig = Rig()
    put(rig, range(1, 4))
    rig.start()
    rig.run(2)
    put(rig, range(4, 7))
    rig.time.sleep(20 * 60)
    rig.run(3)
    assert rig.applied() == [1, 2, 3, 4, 5, 6]
    assert "resumed" in rig.names()


def test_case_31_expired_before_anything_was_read() -> None:
    rig = Rig()
    rig.world.put(made(1), created_us=START - 60 * SECOND)
    rig.start(START - 5 * SECOND)
    rig.run(1)
    rig.time.advance(600)
    put(rig, range(2, 7))
    rig.time.advance(360)
    rig.run(3)
    assert rig.applied() == [2, 3, 4, 5, 6]


def test_case_32_expiry_repeats_nothing() -> None:
    rig = Rig()
    rig.start()
    for n in range(1, 40):
        put(rig, range(n, n + 1))
        rig.world.fail("read", "", lambda: Expired("expired"))
        rig.run(1.5)
    assert rig.applied() == list(range(1, 40))


def test_case_33_expired_and_then_deleted_is_a_gap_with_bounds_and_goes_on() -> None:
    rig = Rig()
    put(rig, range(1, 3))
    rig.start()
    rig.run(2)
    old = rig.world.open_ids[0]
    last_us = rig.time.wall
    rig.world.rotate()
    put(rig, range(3, 5))
    rig.world.shards[old].gone = True
    rig.run(30)
    assert rig.applied() == [1, 2, 3, 4]
    assert rig.reader is not None
    [gap] = rig.reader.status.gaps
    assert gap.shard == old
    assert START <= gap.from_us <= last_us <= gap.to_us <= rig.time.wall
    assert rig.reader.status.lost == 1


def test_case_35_not_found_once_rebuilds_the_iterator() -> None:
    rig = Rig()
    put(rig, range(1, 3))
    rig.start()
    rig.run(1)
    rig.world.fail("read", "", lambda: NotFound("Invalid ShardId in ShardIterator"))
    put(rig, range(3, 5))
    rig.run(2)
    assert rig.applied() == [1, 2, 3, 4]
    assert rig.names() == []


def test_case_36_trimmed_on_a_new_table_is_no_gap() -> None:
    rig = Rig()
    rig.world.fail("read", "", lambda: Trimmed("trimmed"), 2)
    put(rig, range(1, 3))
    rig.start()
    rig.run(3)
    assert rig.applied() == [1, 2]
    assert "gap" not in rig.names()


def test_case_37_a_checkpoint_behind_the_horizon_is_a_gap_and_goes_on() -> None:
    rig = Rig()
    put(rig, range(1, 3))
    rig.start()
    rig.run(2)
    put(rig, range(3, 6))
    rig.time.advance(25 * 3600)
    put(rig, range(6, 9))
    rig.world.trim(rig.world.open_ids[0], 5)
    rig.start()
    rig.run(3)
    assert rig.applied() == [1, 2, 6, 7, 8]
    assert rig.reader is not None
    [gap] = rig.reader.status.gaps
    assert START <= gap.from_us < START + 10 * SECOND
    assert gap.to_us >= START + 25 * 3600 * SECOND


def test_case_39_a_page_that_comes_again_and_again_is_got_out_of() -> None:
    rig = Rig()
    put(rig, range(1, 4))
    world = rig.world

    class Stuck(World):
        stuck = 30

        def __init__(self) -> None:
            self.__dict__.update(world.__dict__)

        def read(self, iterator: str, limit: int) -> Page:
            page = super().read(iterator, limit)
            if page.records and self.stuck:
                self.stuck -= 1
                return Page(page.records, iterator)
            return page

    stuck = Stuck()
    rig.start(source=stuck)
    rig.run(20)
    rig.world.put(made(4))
    rig.run(3)
    assert sorted(set(rig.applied())) == [1, 2, 3, 4]
    opens = [c for c in world.calls if c[1] == "open"]
    assert len(opens) > 1


def test_case_41_two_hundred_empty_pages_are_not_the_end() -> None:
    rig = Rig()
    rig.start()
    rig.run(150)
    put(rig, range(1, 3))
    rig.run(2)
    assert rig.applied() == [1, 2]
    assert rig.reader is not None
    assert rig.reader.status.lag_us is None


def test_case_42_a_sequence_of_another_shard_falls_back_by_time() -> None:
    rig = Rig()
    put(rig, range(1, 4))
    rig.start()
    rig.run(2)
    name = rig.world.open_ids[0]
    token = json.loads(rig.sink.checkpoints[name])
    token["seq"] = "123456789012345678901234567890123"
    rig.sink.checkpoints[name] = json.dumps(token, sort_keys=True, separators=(",", ":"))
    put(rig, range(4, 6))
    rig.start()
    rig.run(3)
    assert sorted(set(rig.applied())) == [1, 2, 3, 4, 5]
    assert "reopened" in rig.names()


def test_case_43_no_position_is_after_a_number_that_was_not_read() -> None:
    rig = Rig()
    put(rig, range(1, 2))
    rig.start()
    rig.run(2)
    read = {r.sequence for s in rig.world.shards.values() for r in s.records}
    saved = {json.loads(t)["seq"] for t in rig.sink.checkpoints.values()} - {""}
    assert saved <= read


# ---------------------------------------------------------------- checkpoints and state


def test_case_44_45_a_crash_with_a_full_queue_loses_nothing() -> None:
    rig = Rig(2, pace=Pace(limit=5))
    for n in range(1, 101):
        rig.world.put(made(n, str(n % 2)), n % 2)
    for committed in range(0, 30, 3):
        rig.sink = type(rig.sink)()
        rig.sink.auto = False
        rig.start()
        rig.run(3)
        rig.sink.commit(committed)
        rig.sink.crash()
        rig.sink.auto = True
        rig.start()
        rig.run(8)
        for car in ("0", "1"):
            assert rig.applied(car) == [n for n in range(1, 101) if n % 2 == int(car)], committed


def test_case_46_a_writer_that_takes_nothing_for_a_minute_loses_nothing() -> None:
    rig = Rig(pace=Pace(limit=5))
    rig.sink.auto = False
    rig.sink.room = 3
    put(rig, range(1, 60))
    rig.start()
    rig.run(60)
    assert rig.reader is not None
    assert rig.reader.status.blocked
    assert len(rig.sink.queue) == 3
    while rig.applied() != list(range(1, 60)):
        rig.sink.commit(1)
        rig.run(0.5)
        assert rig.time.mono < 2000
    rig.run(1)
    assert not rig.reader.status.blocked


def test_case_48_52_an_idle_shard_survives_a_restart() -> None:
    rig = Rig()
    rig.start(START)
    rig.run(1)
    [token] = rig.sink.checkpoints.values()
    assert json.loads(token)["seq"] == ""
    assert json.loads(token)["start"] == START
    rig.run(120)
    assert json.loads(rig.sink.checkpoints[rig.world.open_ids[0]])["verified"] > START + 60 * SECOND
    put(rig, range(1, 3))
    # an anchor of a later start does not move a shard that was opened before
    rig.time.advance(30)
    rig.start(rig.time.wall)
    rig.run(2)
    assert rig.applied() == [1, 2]


def test_case_49_the_first_record_of_a_child_is_kept() -> None:
    rig = Rig()
    rig.start()
    rig.run(1)
    [child] = rig.world.rotate()
    put(rig, range(1, 2))
    rig.run(3)
    rig.start()
    rig.run(3)
    assert rig.applied() == [1]
    assert json.loads(rig.sink.checkpoints[child])["seq"]


def test_case_51_a_damaged_checkpoint_is_opened_by_time_and_told_of() -> None:
    rig = Rig()
    rig.world.put(made(1), created_us=START - 3600 * SECOND)
    rig.start(START - 7200 * SECOND)
    rig.run(2)
    rig.sink.checkpoints[rig.world.open_ids[0]] = '{"v":1,"seq":'
    put(rig, range(2, 4))
    rig.start(START - 120 * SECOND)
    rig.run(3)
    assert rig.applied() == [1, 2, 3]
    assert rig.names().count("reopened") == 1


def test_case_53_checkpoints_of_another_stream_are_left_alone() -> None:
    rig = Rig()
    put(rig, range(1, 3))
    rig.sink.checkpoints["shardId-old"] = json.dumps(
        {
            "v": 1, "stream": ARN + "-old", "shard": "shardId-old", "parents": [], "state": "open",
            "start": "horizon", "seq": "1" * 21, "opened": 0, "verified": 0, "last": 0,
        }
    )  # fmt: skip
    rig.start()
    rig.run(2)
    assert rig.applied() == [1, 2]
    assert not [c for c in rig.world.calls if c[2] == "shardId-old"]


def test_case_56_57_poison_is_kept_raw_and_stops_nothing() -> None:
    rig = Rig()
    rig.start()
    assert rig.reader is not None

    def decode(record: object) -> object:
        body = record.body  # type: ignore[attr-defined]
        if body == "poison":
            raise BadInput("not readable")
        return body

    rig.reader._decode = decode  # type: ignore[assignment]
    rig.world.put(made(1))
    record = rig.world.put("poison")
    rig.world.put(made(2))
    rig.run(2)
    assert rig.applied() == [1, 2]
    [bad] = [q for b in rig.sink.committed for q in b.quarantined]
    assert isinstance(bad, Quarantined)
    assert bad.raw == b'"poison"'
    assert record.sequence in bad.where


def test_case_59_order_within_a_shard_is_never_changed() -> None:
    rig = Rig()
    for n, created in enumerate((10, 12, 11, 15, 9), start=1):
        rig.world.put(made(n), created_us=START + created * SECOND)
    rig.start()
    rig.run(2)
    assert rig.applied() == [1, 2, 3, 4, 5]


def test_case_64_sequence_numbers_that_grow_a_digit() -> None:
    rig = Rig(pace=Pace(limit=2))
    rig.world.sequence = 10**21 - 8
    put(rig, range(1, 12))
    lengths = {len(r.sequence) for s in rig.world.shards.values() for r in s.records}
    assert lengths == {21, 22}
    rig.start()
    for n in range(12, 20):
        rig.world.fail("read", "", lambda: Expired("expired"))
        put(rig, range(n, n + 1))
        rig.run(2)
    assert rig.applied() == list(range(1, 20))


def test_case_65_sequence_numbers_that_are_no_numbers() -> None:
    rig = Rig()
    shard = rig.world.shards[rig.world.open_ids[0]]
    records = [rig.world.put(made(n)) for n in (1, 2, 3)]
    opaque = {r.sequence: f"x{r.sequence[-3:]}" for r in records}
    back = {v: k for k, v in opaque.items()}
    world = rig.world

    class Opaque(World):
        def __init__(self) -> None:
            self.__dict__.update(world.__dict__)

        def open(self, name, position):  # type: ignore[no-untyped-def]
            from dataclasses import replace

            if position.sequence:
                position = replace(position, sequence=back[position.sequence])
            return super().open(name, position)

        def read(self, iterator: str, limit: int) -> Page:
            from dataclasses import replace

            page = super().read(iterator, limit)
            records = tuple(replace(r, sequence=opaque[r.sequence]) for r in page.records)
            return Page(records, page.next_iterator)

    rig.start(source=Opaque())
    rig.run(1)
    rig.world.fail("read", "", lambda: Expired("expired"))
    rig.run(2)
    assert rig.applied() == [1, 2, 3]
    assert len(shard.records) == 3


# ---------------------------------------------------------------- limits, lag, faults


def test_no_shard_is_read_more_than_five_times_in_any_second() -> None:
    rig = Rig(3)
    rig.start()
    for n in range(1, 41):
        for slot in range(3):
            rig.world.put(made(n, str(slot)), slot)
        rig.run(0.3)
    for shard in rig.world.shards:
        times = [at for at, op, name in rig.world.calls if op == "read" and name == shard]
        for i in range(len(times) - 5):
            assert times[i + 5] - times[i] >= 1.0 - 1e-6


def test_an_idle_shard_is_read_once_a_second_and_at_once_faster_when_data_comes() -> None:
    rig = Rig()
    rig.start()
    rig.run(30)
    begin = len(rig.world.calls)
    rig.run(30)
    assert 25 <= len(rig.world.calls) - begin <= 33
    rig.world.put(made(1))
    rig.run(1.1)
    begin = len(rig.world.calls)
    rig.run(1)
    assert len(rig.world.calls) - begin >= 4


def test_case_87_throttled_every_third_call_for_ten_minutes() -> None:
    rig = Rig()
    rig.start()
    for n in range(1, 201):
        rig.world.put(made(n))
        if n % 3 == 0:
            rig.world.fail("read", "", lambda: Throttled("LimitExceeded"), 2)
        rig.run(3)
    assert rig.applied() == list(range(1, 201))
    assert rig.reader is not None
    assert rig.reader.status.throttles > 100


def test_backoff_grows_and_is_jittered() -> None:
    rig = Rig()
    rig.world.fail("open", "", lambda: Retryable("500"), 8)
    rig.start()
    rig.run(30)
    opens = [at for at, op, _ in rig.world.calls if op == "open"]
    gaps = [b - a for a, b in zip(opens, opens[1:], strict=False)]
    assert len(opens) == 9
    assert gaps[6] > 4 * gaps[1]
    assert max(gaps) <= 6


def test_denied_is_told_once_and_tried_again() -> None:
    rig = Rig()
    rig.world.fail("read", "", lambda: Denied("not allowed: dynamodb:GetRecords"), 5)
    put(rig, range(1, 3))
    rig.start()
    rig.run(20)
    assert rig.names().count("denied") == 1
    assert rig.applied() == [1, 2]


def test_at_timestamp_refused_falls_back_to_the_horizon() -> None:
    rig = Rig()
    rig.world.by_time = True
    rig.world.fail("open", "", lambda: Rejected("unknown type AT_TIMESTAMP"))
    rig.world.put(made(1), created_us=START - 3600 * SECOND)
    put(rig, range(2, 3))
    rig.start(START - 60 * SECOND)
    rig.run(2)
    assert rig.applied() == [1, 2]


def test_without_at_timestamp_everything_retained_is_read() -> None:
    rig = Rig()
    rig.world.by_time = False
    rig.world.put(made(1), created_us=START - 3600 * SECOND)
    rig.start(START)
    rig.run(2)
    assert rig.applied() == [1]


def test_case_68_lag_comes_from_heads_and_server_time() -> None:
    rig = Rig()
    # this laptop's clock is seven minutes slow
    rig.server.note(
        "Mon, 21 Sep 2026 14:20:20 GMT", rig.time.wall - 420 * SECOND, rig.time.wall - 420 * SECOND
    )
    offset = rig.server.offset_us
    assert offset is not None
    rig.start()
    assert rig.reader is not None
    for i in range(20):
        server = rig.server.now_us()
        rig.world.put(head(i, server), created_us=server)
        rig.run(1)
        lag = rig.reader.status.lag_us
        assert lag is not None
        assert 0 <= lag < 1.5 * SECOND
    assert rig.reader.status.clock_offset_us == -offset


def test_case_67_an_idle_stream_is_idle_and_not_late() -> None:
    rig = Rig()
    rig.start()
    assert rig.reader is not None
    rig.world.put(head(1, rig.time.wall))
    rig.run(2)
    lag = rig.reader.status.lag_us
    rig.run(600)
    assert rig.reader.status.lag_us == lag
    age = rig.reader.status.head_age_us
    assert age is not None
    assert age > 590 * SECOND
    assert rig.time.wall - rig.reader.status.passed_us < 5 * SECOND


def test_the_writers_failure_ends_the_reader() -> None:
    rig = Rig()
    put(rig, range(1, 3))
    rig.start()
    rig.sink.failure = Failure("disk full")
    with pytest.raises(Failure, match="disk full"):
        rig.run(1)


def test_a_listing_that_fails_is_tried_again_and_takes_nothing_away() -> None:
    rig = Rig(2)
    rig.start()
    rig.run(1)
    rig.world.fail("describe", "", lambda: Retryable("500"), 3)
    rig.run(60)
    assert rig.reader is not None
    assert rig.reader.status.total == 2
    assert sum(c[1] == "describe" for c in rig.world.calls) >= 5


def test_a_real_thread_reads_and_stops() -> None:
    import random
    import threading

    from pitwall.stream import Reader, ServerClock, SystemTime, ThreadPool
    from tests.unit.stream.rig import Sink, VirtualTime

    world = World(VirtualTime(), 3)
    for n in range(1, 31):
        world.put(made(n, str(n % 3)), n % 3)
    done = threading.Event()

    class Telling(Sink):
        def submit(self, batch, timeout_s=30.0):  # type: ignore[no-untyped-def]
            super().submit(batch, timeout_s)
            if len(self.bodies) >= 30:
                done.set()

    sink = Telling()
    time = SystemTime()
    reader = Reader(
        world,
        sink,
        lambda record: record.body,
        listing=Listing(ARN, True, world.describe().shards),
        anchor_us=None,
        saved={},
        server=ServerClock(time),
        time=time,
        pool=ThreadPool("pitwall-stream-io", 3),
        rng=random.Random(1),
        on_event=lambda name, details: None,
    )
    reader.start()
    assert done.wait(10)
    assert reader.stop(5)
    assert not reader.status.running
    assert sorted(s.n_lo for s in sink.bodies) == list(range(1, 31))
    names = {t.name for t in threading.enumerate()}
    assert not any(name.startswith("pitwall-stream") for name in names)
