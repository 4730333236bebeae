"""Cases 22 to 43: ends of shards, and places that do not hold.

Each is named after its number in the list of what went wrong in other consumers.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from pitwall.stream import HORIZON, Expired, NotFound, Pace, Page, Position, Trimmed
from tests.simulation.service import Request, unreachable
from tests.unit.stream.rig import SECOND, START, Rig, World, made, put
from tests.unit.stream.wire import Wire


def test_case_22_the_last_page_of_a_shard_is_kept() -> None:
    """The last batch, which has no next iterator, was dropped (bloop#111, teleport#53795)."""
    rig = Rig()
    put(rig, range(1, 8))
    rig.world.end(rig.world.open_ids[0])
    rig.start()
    rig.run(1)
    assert rig.applied() == [1, 2, 3, 4, 5, 6, 7]
    assert rig.reader is not None
    assert rig.reader.status.finished == 1


def test_case_23_a_page_that_is_not_behind_is_taken_all_the_same() -> None:
    """MillisBehindLatest of 0 ended the reading before the records were taken
    (materialize#2288)."""
    wire = Wire(kinesis=True)
    wire.put(range(1, 4))
    wire.start()
    wire.run(1)
    wire.put(range(4, 7))
    wire.rotate()
    wire.put(range(7, 9))
    wire.run(5)
    with_records = [doc for doc in wire.given if doc.get("Records")]
    assert all(doc["MillisBehindLatest"] == 0 for doc in with_records)
    assert wire.applied() == list(range(1, 9))


def test_case_24_an_answer_with_neither_key_is_asked_for_again() -> None:
    """A key that was missing closed the shard, or an explicit null did not (async-kinesis#97)."""
    wire = Wire()
    wire.put(range(1, 4))
    broken = {"left": 2}

    def damage(request: Request) -> Any:
        if request.operation == "GetRecords" and broken["left"]:
            broken["left"] -= 1
            return {}
        return None

    wire.on_call = damage
    wire.start()
    wire.run(5)
    assert wire.applied() == [1, 2, 3]
    assert wire.reader is not None
    assert wire.reader.status.finished == 0
    assert wire.reader.status.retries == 2


def test_case_24_a_closed_shard_may_give_empty_pages_before_its_last_records() -> None:
    """A closed shard gives empty pages with an iterator for a while (kinesalite#20)."""
    wire = Wire()
    wire.put(range(1, 4))
    [old] = wire.stream.open
    wire.rotate()
    wire.put(range(4, 6))
    empty = {"left": 4}

    def first_nothing(request: Request) -> Any:
        if request.operation == "GetRecords" and request.shard == old and empty["left"]:
            empty["left"] -= 1
            return {"Records": [], "NextShardIterator": request.detail}
        return None

    wire.on_call = first_nothing
    wire.start()
    wire.run(5)
    assert wire.applied() == [1, 2, 3, 4, 5]


def test_case_25_a_crash_between_the_last_records_and_the_end_replays_nothing_twice() -> None:
    """A crash between the last record and the end of a shard led to loops (KCL#211, #261,
    #1733)."""
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
    """A parent without records never ended, its children never began (zio-kinesis#902)."""
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
    """The checkpoint of a shard's end overtook records in flight (fs2-aws#422)."""
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


@pytest.mark.parametrize("end", [{}, {"NextShardIterator": None}, {"NextShardIterator": ""}])
def test_case_28_a_last_page_without_records_ends_the_shard(end: dict[str, Any]) -> None:
    """With no records and no iterator in the last answer, the shard never ended (data-
    prepper#5958)."""
    wire = Wire()
    wire.put(range(1, 3))
    wire.start()
    wire.run(1)
    old = wire.stream.open[0]
    wire.rotate()
    wire.put(range(3, 5))

    def last(request: Request) -> Any:
        ends = request.operation == "GetRecords" and request.shard == old
        return {"Records": [], **end} if ends else None

    wire.on_call = last
    wire.run(5)
    assert wire.applied() == [1, 2, 3, 4]
    assert wire.reader is not None
    assert wire.reader.status.finished == 1


def test_case_29_a_closed_shard_is_read_whatever_its_ending_number_gives() -> None:
    """Nothing at the ending number was taken for an empty shard, which was skipped
    (data-prepper#6260)."""
    wire = Wire()
    wire.put(range(1, 10))
    [shard] = wire.stream.shards.values()
    wire.rotate()
    ending = wire.client.describe_stream(wire.stream.name)["StreamDescription"]["Shards"][0]
    number = ending["SequenceNumberRange"]["EndingSequenceNumber"]
    at_end = wire.client.get_shard_iterator(
        wire.stream.name, shard.id, "AT_SEQUENCE_NUMBER", number
    )
    assert wire.client.get_records(at_end["ShardIterator"])["Records"] == []
    wire.start()
    wire.run(3)
    assert wire.applied() == list(range(1, 10))


def test_case_30_expired_while_the_laptop_slept() -> None:
    """An expired iterator was retried for ever, or ended the consumer (redpanda#4545,
    harlow#166)."""
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
    """Expired before anything was read, LATEST was asked for again (ironSource#13, tenzir#6188)."""
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
    """AT in place of AFTER repeated a record (KCL#1014)."""
    rig = Rig()
    rig.start()
    for n in range(1, 40):
        put(rig, range(n, n + 1))
        rig.world.fail("read", "", lambda: Expired("expired"))
        rig.run(1.5)
    assert rig.applied() == list(range(1, 40))


def test_case_33_expired_and_then_deleted_is_a_gap_with_bounds_and_goes_on() -> None:
    """Expired, and then the shard was deleted: an endless loop (redpanda#4722)."""
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


def test_case_34_offline_for_a_while_after_a_night_of_sleep() -> None:
    """After the system slept, the consumer could not recover (spring-integration-aws#223)."""
    wire = Wire(2)
    wire.put(range(1, 4))
    wire.start()
    wire.run(5)
    for _ in range(9):
        wire.time.sleep(3600)
        wire.put(range(len(wire.table.items) + 1, len(wire.table.items) + 3))
    wire.rotate()
    written = len(wire.table.items)

    def offline(request: Request) -> None:
        raise unreachable()

    wire.on_call = offline
    wire.run(180)
    assert wire.reader is not None
    assert wire.reader.status.failing
    wire.on_call = lambda request: None
    wire.run(30)
    assert wire.applied() == list(range(1, written + 1))
    assert wire.names().count("resumed") == 1
    assert wire.reader.status.gap_count == 0


def test_case_34_a_machine_whose_clock_runs_on_in_sleep() -> None:
    """As above, on systems where both clocks go on while the machine sleeps."""
    rig = Rig()
    put(rig, range(1, 4))
    rig.start()
    rig.run(2)
    rig.time.advance(1200)
    put(rig, range(4, 6))
    rig.run(3)
    assert rig.applied() == [1, 2, 3, 4, 5]
    assert rig.names() == ["resumed"]


def test_case_35_not_found_once_rebuilds_the_iterator() -> None:
    """An iterator of an unknown shard was taken for a shard that is gone (localstack#12036)."""
    rig = Rig()
    put(rig, range(1, 3))
    rig.start()
    rig.run(1)
    rig.world.fail("read", "", lambda: NotFound("Invalid ShardId in ShardIterator"))
    put(rig, range(3, 5))
    rig.run(2)
    assert rig.applied() == [1, 2, 3, 4]
    assert rig.names() == []


def test_case_35_a_shard_that_can_be_opened_is_not_given_up() -> None:
    """As above, where the service goes on like that for some seconds, and where it never ends."""
    rig = Rig()
    put(rig, range(1, 3))
    rig.start()
    rig.run(1)
    rig.world.fail("read", "", lambda: NotFound("Invalid ShardId in ShardIterator"), 9)
    rig.world.rotate()
    put(rig, range(3, 5))
    rig.run(50)
    assert rig.applied() == [1, 2, 3, 4]
    assert "gap" not in rig.names()
    old = rig.world.open_ids[0]
    put(rig, range(5, 7))
    rig.world.fail("read", old, lambda: NotFound("Invalid ShardId in ShardIterator"), 10**6)
    rig.run(300)
    assert "gap" not in rig.names()
    rig.world.rotate()
    put(rig, range(7, 9))
    rig.run(120)
    assert rig.applied() == [1, 2, 3, 4, 7, 8]
    assert rig.names().count("gap") == 1


@pytest.mark.parametrize("before", [0, 3])
def test_case_35_time_asleep_does_not_count_against_a_shard(before: int) -> None:
    """As above, where the machine slept before, or in the middle of it."""
    rig = Rig(pace=Pace(limit=2))
    put(rig, range(1, 9))
    rig.start()
    rig.run(0.1)
    rig.world.rotate()
    put(rig, range(9, 11))
    rig.run(0.1)
    rig.world.fail("read", "", lambda: NotFound("Invalid ShardId in ShardIterator"), before + 6)
    if before:
        rig.run(1)
    rig.time.sleep(3600)
    rig.run(60)
    assert "gap" not in rig.names()
    assert rig.applied() == list(range(1, 11))


def test_case_36_trimmed_on_a_new_table_is_no_gap() -> None:
    """A new table answered that data was trimmed (aws-sdk-java#2923)."""
    rig = Rig()
    rig.world.fail("read", "", lambda: Trimmed("trimmed"), 2)
    put(rig, range(1, 3))
    rig.start()
    rig.run(3)
    assert rig.applied() == [1, 2]
    assert "gap" not in rig.names()


def test_case_37_a_checkpoint_behind_the_horizon_is_a_gap_and_goes_on() -> None:
    """A checkpoint behind the horizon wedged the consumer for ever, silently (floci#3412)."""
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


def test_case_37_a_service_that_does_not_say_what_it_trimmed() -> None:
    """Behind the horizon the consumer was wedged, silently (floci#3412). Kinesis goes on with the
    oldest record and says nothing, so what it keeps is compared with the time since."""
    wire = Wire(kinesis=True)
    wire.put(range(1, 4))
    wire.start()
    wire.run(5)
    last_us = wire.time.wall
    wire.put(range(4, 6))
    wire.time.sleep(25 * 3600)
    wire.put(range(6, 9))
    wire.run(5)
    assert wire.applied() == [1, 2, 3, 6, 7, 8]
    assert wire.reader is not None
    [gap] = wire.reader.status.gaps
    assert START <= gap.from_us <= last_us
    assert last_us + 24 * 3600 * SECOND < gap.to_us <= wire.time.wall
    # a short sleep is none
    wire.time.sleep(3 * 3600)
    wire.put(range(9, 11))
    wire.run(5)
    assert wire.applied()[-2:] == [9, 10]
    assert wire.reader.status.gap_count == 1


@pytest.mark.parametrize("simulated", [True, False])
def test_case_38_iterators_are_places_in_the_sequence_and_not_in_a_list(simulated: bool) -> None:
    """An iterator that was a place in a list skipped records when older ones were trimmed
    (floci#3313). Holds for what the other cases are tested with."""
    if simulated:
        wire = Wire()
        wire.put(range(1, 11))
        [shard] = wire.stream.shards.values()
        source: Any = wire.source()
        trim = lambda: wire.stream.trim(shard.id, 2)  # noqa: E731
        name = shard.id
        number = lambda record: int(record.body["sk"]["S"])  # noqa: E731
    else:
        rig = Rig()
        put(rig, range(1, 11))
        source, name = rig.world, rig.world.open_ids[0]
        trim = lambda: rig.world.trim(name, 2)  # noqa: E731
        number = lambda record: record.body.n_lo  # noqa: E731
    page = source.read(source.open(name, HORIZON), 3)
    assert [number(r) for r in page.records] == [1, 2, 3]
    trim()
    page = source.read(page.next_iterator, 3)
    assert [number(r) for r in page.records] == [4, 5, 6]


def test_case_39_a_page_that_comes_again_and_again_is_got_out_of() -> None:
    """The same last result was given for ever (scylladb#6942)."""
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


def test_case_39_a_shard_that_repeats_itself_is_told_of_and_asked_less_and_less() -> None:
    """The same last result was given for ever (scylladb#6942)."""
    rig = Rig()
    put(rig, range(1, 4))
    world = rig.world

    class Stuck(World):
        stuck = True

        def __init__(self) -> None:
            self.__dict__.update(world.__dict__)

        def open(self, shard: str, position: Position) -> str:
            return super().open(shard, HORIZON if self.stuck else position)

        def read(self, iterator: str, limit: int) -> Page:
            page = super().read(iterator, limit)
            return Page(page.records, iterator) if self.stuck else page

    source = Stuck()
    rig.start(source=source)
    rig.run(60)
    assert rig.reader is not None
    [name] = world.open_ids
    assert rig.names().count("stalled") == 1
    assert rig.reader.status.stalled == (name,)
    reads = [at for at, op, _ in world.calls if op == "read"]
    assert len([at for at in reads if at > reads[0] + 30]) < 60
    source.stuck = False
    rig.world.put(made(4))
    rig.run(20)
    assert set(rig.applied()) == {1, 2, 3, 4}
    assert rig.applied()[-1] == 4
    assert rig.reader.status.stalled == ()


def test_case_41_two_hundred_empty_pages_are_not_the_end() -> None:
    """Five empty pages counted as caught up (bloop); they can be hundreds (KCL#445)."""
    rig = Rig()
    rig.start()
    rig.run(150)
    put(rig, range(1, 3))
    rig.run(2)
    assert rig.applied() == [1, 2]
    assert rig.reader is not None
    assert rig.reader.status.lag_us is None


def test_case_42_a_sequence_of_another_shard_falls_back_by_time() -> None:
    """A number of another shard was refused, for ever (KCL#391)."""
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


@pytest.mark.parametrize("by_time", [True, False])
def test_case_42_a_refused_position_is_never_replaced_by_the_newest(by_time: bool) -> None:
    """A number of another shard was refused (KCL#391); starting at the newest record loses."""
    wire = Wire(2, at_timestamp=by_time)
    wire.put(range(1, 6), "a")
    wire.put(range(1, 6), "b")
    wire.start()
    wire.run(3)
    tokens = {name: json.loads(text) for name, text in wire.sink.checkpoints.items()}
    first, second = tokens
    tokens[first]["seq"], tokens[second]["seq"] = "9" * 38, tokens[first]["seq"]
    wire.sink.checkpoints = {
        name: json.dumps(token, sort_keys=True, separators=(",", ":"))
        for name, token in tokens.items()
    }
    wire.put(range(6, 9), "a")
    wire.put(range(6, 9), "b")
    wire.time.advance(120)
    wire.asked.clear()
    wire.start()
    wire.run(5)
    assert set(wire.applied("a")) == set(wire.applied("b")) == set(range(1, 9))
    assert "LATEST" not in wire.kinds()
    assert ("AT_TIMESTAMP" in wire.kinds()) is by_time
    assert "reopened" in wire.names()


@pytest.mark.parametrize("by_time", [True, False])
@pytest.mark.parametrize("trimmed", [0, 3, 5])
def test_case_42_what_was_trimmed_behind_a_refused_position_is_told(
    by_time: bool, trimmed: int
) -> None:
    """As above, where part of what followed the position is gone meanwhile."""
    wire = Wire(at_timestamp=by_time)
    wire.put(range(1, 4))
    wire.start()
    wire.run(2)
    [(name, text)] = wire.sink.checkpoints.items()
    token = json.loads(text)
    last_us = token["last"]
    token["seq"] = "9" * 38
    wire.sink.checkpoints[name] = json.dumps(token, sort_keys=True, separators=(",", ":"))
    for n in range(4, 9):
        wire.time.advance(2)
        wire.put(range(n, n + 1))
    wire.stream.trim(name, trimmed)
    reader = wire.start()
    wire.run(5)
    assert set(wire.applied()) == {1, 2, 3} | set(range(trimmed + 1, 9))
    if trimmed < 3:
        assert reader.status.gap_count == 0
    else:
        [gap] = reader.status.gaps
        assert gap.from_us == last_us
        assert gap.to_us == wire.stream.shards[name].changes[0].created_us


@pytest.mark.parametrize("by_time", [True, False])
def test_case_42_a_start_between_the_refusal_and_the_loss_forgets_neither(by_time: bool) -> None:
    """The place was refused, the program was killed, and only then came what follows."""
    wire = Wire(at_timestamp=by_time)
    wire.put(range(1, 4))
    wire.start()
    wire.run(2)
    [(name, text)] = wire.sink.checkpoints.items()
    token = json.loads(text)
    last_us = token["last"]
    token["seq"] = "9" * 38
    wire.sink.checkpoints[name] = json.dumps(token, sort_keys=True, separators=(",", ":"))
    wire.start()
    wire.run(0.05)
    assert not json.loads(wire.sink.checkpoints[name])["seq"]
    for n in range(4, 9):
        wire.time.advance(2)
        wire.put(range(n, n + 1))
    wire.stream.trim(name, 5)
    reader = wire.start()
    wire.run(5)
    assert set(wire.applied()) == {1, 2, 3, 6, 7, 8}
    [gap] = reader.status.gaps
    assert gap.from_us == last_us
    assert gap.to_us == wire.stream.shards[name].changes[0].created_us


def test_case_43_only_numbers_that_were_read_are_read_after() -> None:
    """AFTER the shard's starting number skipped its first record (dsync#202)."""
    wire = Wire(2, pace=Pace(limit=3))
    numbers: list[str] = []
    get = wire.client.get_shard_iterator

    def note(**request: Any) -> Any:
        numbers.append(request.get("SequenceNumber", ""))
        return get(**request)

    wire.client.get_shard_iterator = note
    for n in range(1, 30):
        wire.put(range(n, n + 1), "a")
        wire.put(range(n, n + 1), "b")
        if n % 7 == 0:
            wire.client.expired_before_us = wire.time.wall
            wire.rotate(n % 2)
        if n % 10 == 0 or n == 1:
            wire.start()
        wire.run(1)
    wire.run(5)
    assert wire.applied("a") == wire.applied("b") == list(range(1, 30))
    read = {str(c.number) for s in wire.stream.shards.values() for c in s.changes}
    asked = set(numbers) - {""}
    assert asked
    assert asked <= read
    assert wire.kinds() == {"TRIM_HORIZON", "AFTER_SEQUENCE_NUMBER"}
