"""Cases 1 to 21: finding shards, and reading parents before children.

Each is named after its number in the list of what went wrong in other consumers.
"""

from __future__ import annotations

from typing import Any

import pytest

from pitwall.stream import Listing, NotFound, Pace, Retryable, ShardInfo
from pitwall.stream.lineage import Lineage, Ready
from tests.simulation.service import Refused, Request
from tests.unit.stream.rig import ARN, SECOND, START, Rig, made, put
from tests.unit.stream.wire import Wire


def test_case_01_child_listed_late_is_found_and_the_stall_is_told() -> None:
    """A worker idled for ever after the end of a shard, found a day later (adapter#20, KCL#442)."""
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
    """A shard that a listing lacked was given up, or complained of at every look (adapter#21)."""
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
    """Five of 95 new shards were never read after resharding (KCL#339)."""
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
    """A parent that appeared open with children was an exception (KCL#210, #240, #282)."""
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
    """No lease was found and nothing blocked, nothing was said (KCL#150)."""
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


def test_case_05_a_shard_that_leaves_the_listings_while_it_waits_holds_up_no_children() -> None:
    """As above, at the edge of what the service keeps: the middle one of three is forgotten too."""
    middle, last = ShardInfo("p", ("g",), closed=True), ShardInfo("c", ("p",))
    tree = Lineage()
    tree.merge(Listing(ARN, True, (middle, last)), START)
    tree.merge(Listing(ARN, True, (last,)), START)
    assert tree.ready("p", lambda shard: False) is Ready.ORPHAN
    rig = Rig()
    put(rig, range(1, 3))
    [second] = rig.world.rotate()
    put(rig, range(3, 5))
    [third] = rig.world.rotate()
    put(rig, range(5, 7))
    first = rig.world.shards.pop(next(iter(rig.world.shards)))
    assert first.id not in (second, third)
    rig.start()
    rig.world.shards[second].gone = True
    rig.run(30)
    assert rig.applied() == [5, 6]
    assert rig.reader is not None
    assert rig.reader.status.gap_count == 1


def test_case_08_the_first_listing_alone_does_not_start_a_child() -> None:
    """As the case below, where the first listing happens to lack the oldest one."""
    rig = Rig(pace=Pace(limit=3))
    put(rig, range(1, 8))
    old = rig.world.open_ids[0]
    rig.world.rotate()
    put(rig, range(8, 15))
    rig.world.hide = lambda shard: shard == old
    rig.start()
    rig.world.hide = lambda shard: False
    rig.run(20)
    assert rig.applied() == list(range(1, 15))
    assert "gap" not in rig.names()


def test_case_08_the_oldest_of_a_long_stream_are_begun_at_once() -> None:
    """Parents that are not kept any more are no reason to wait long, nor a loss."""
    rig = Rig(4)
    for slot in range(4):
        rig.world.rotate(slot)
        rig.world.put(made(1, str(slot)), slot)
    for name in list(rig.world.shards)[:4]:
        rig.world.shards[name].gone = True
    rig.start()
    assert rig.run(10, lambda: len(rig.sink.bodies) == 4) < 1.0
    assert "gap" not in rig.names()


def test_case_06_a_finished_shard_is_not_read_again_and_is_forgotten_only_in_the_end() -> None:
    """A finished parent was read again from the horizon while it was still listed (KCL#511,
    #572)."""
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
    """Children were read in parallel with their parents (mapbox/kine#48, artie#422, harlow#155)."""
    rig = Rig(pace=Pace(limit=2))
    put(rig, range(1, 10))
    rig.world.rotate()
    put(rig, range(10, 15))
    rig.start()
    rig.run(10)
    assert rig.applied() == list(range(1, 15))


def test_case_08_three_generations_listed_at_the_start_are_read_in_order() -> None:
    """In three generations the middle one began before the oldest was drained (async-kinesis)."""
    rig = Rig(pace=Pace(limit=3))
    put(rig, range(1, 8))
    rig.world.rotate()
    put(rig, range(8, 15))
    rig.world.rotate()
    put(rig, range(15, 22))
    rig.start()
    rig.run(20)
    assert rig.applied() == list(range(1, 22))


def test_case_09_a_merged_shard_waits_for_both_parents() -> None:
    """The adjacent parent was ignored, so a merged shard waited for one only (async-kinesis)."""
    wire = Wire(2, kinesis=True, pace=Pace(limit=2))
    left, right = wire.stream.open
    cars = {
        shard: next(c for c in "abcdefgh" if wire.stream.home(c).id == shard)
        for shard in (left, right)
    }
    wire.put(range(1, 4), cars[left])
    wire.put(range(1, 60), cars[right])
    wire.stream.merge(left, right)
    wire.put(range(4, 6), cars[left])
    wire.put(range(60, 63), cars[right])
    wire.start()
    wire.run(30)
    order = [(s.series.car, s.n_lo) for s in wire.sink.bodies]
    assert wire.applied(cars[left]) == list(range(1, 6))
    assert wire.applied(cars[right]) == list(range(1, 63))
    assert order.index((cars[left], 4)) > order.index((cars[right], 59))
    assert wire.reader is not None
    assert wire.reader.status.gap_count == 0


def test_case_09_a_merged_shard_waits_while_one_parent_is_not_listed_yet() -> None:
    """As above, with a listing that has not caught up with one of the parents."""
    first, second = ShardInfo("a", closed=True), ShardInfo("b", closed=True)
    child = ShardInfo("c", ("a", "b"))
    tree = Lineage()
    tree.merge(Listing(ARN, True, (first, child)), START)
    assert tree.ready("c", lambda shard: True) is Ready.WAIT
    tree.merge(Listing(ARN, True, (first, second, child)), START)
    assert tree.ready("c", lambda shard: shard == "a") is Ready.WAIT
    assert tree.ready("c", lambda shard: True) is Ready.NOW


def test_case_11_six_rotations_over_a_day() -> None:
    """The tree of shards was never looked at again after the start (camel#24861)."""
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


@pytest.mark.parametrize("hidden", [False, True])
def test_case_13_a_listing_is_complete_or_dropped(hidden: bool) -> None:
    """A page that was lost left a part of the shards unread for good (KCL#339 and others)."""
    wire = Wire(6, page=2, pace=Pace(listing=5.0))
    for car in "abcdefghijkl":
        wire.put(range(1, 2), car)
    source = wire.source()
    first = source.describe()
    assert len(first.shards) == 6
    middle = first.shards[1].id
    failing = {"left": 3}

    def fail(request: Request) -> None:
        if request.operation == "DescribeStream" and request.detail == middle and failing["left"]:
            failing["left"] -= 1
            raise Refused("InternalServerError", "later")

    wire.on_call = fail
    for _ in range(3):
        with pytest.raises(Retryable):
            source.describe()
    assert source.describe() == first
    wire.start()
    failing["left"] = 3
    for index in range(6):
        wire.rotate(index)
    for car in "abcdefghijkl":
        wire.put(range(2, 3), car)
    wire.run(60)
    assert all(wire.applied(car) == [1, 2] for car in "abcdefghijkl")


@pytest.mark.parametrize("tokens", [("a", "a"), ("a", "b", "a")])
def test_case_13_a_token_that_comes_again_ends_the_listing(tokens: tuple[str, ...]) -> None:
    """A listing that went in circles held its worker for ever."""
    wire = Wire()
    pages = [*tokens] * 4

    def answer(request: Request) -> Any:
        if request.operation != "DescribeStream":
            return None
        return {
            "StreamDescription": {
                "StreamArn": wire.stream.name,
                "StreamStatus": "ENABLED",
                "Shards": [],
                "LastEvaluatedShardId": pages[len(wire.asked) - 1],
            }
        }

    wire.on_call = answer
    with pytest.raises(Retryable, match="does not advance"):
        wire.source().describe()
    assert len(wire.asked) == len(tokens)


def test_case_14_one_shard_that_never_opens_holds_up_no_other() -> None:
    """One shard that could not be opened threw the whole discovery away (flink#252,
    redpanda#4737)."""
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
    """After a change of the whole topology the old shards were asked for ever (scylladb#8012)."""
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


def test_case_16_another_stream_under_the_same_name_is_not_taken_for_ours() -> None:
    """After a change of the whole topology the old shards were asked for ever (scylladb#8012)."""
    rig = Rig(2)
    put(rig, range(1, 3))
    rig.start()
    rig.run(1)
    old = set(rig.world.shards)
    for shard in rig.world.shards.values():
        shard.gone = True
    rig.world.arn = ARN + "-new"
    rig.world.open_ids = [rig.world._add(None) for _ in range(2)]
    put(rig, range(1, 4))
    rig.run(60)
    assert rig.reader is not None
    assert "replaced" in rig.names()
    assert not rig.reader.status.enabled
    assert ARN + "-new" in rig.reader.status.message
    assert {c[2] for c in rig.world.calls if c[1] == "read"} <= old
    calls = len(rig.world.calls)
    rig.run(60)
    assert len(rig.world.calls) - calls <= 4


def test_case_16_a_stream_that_is_gone_is_not_searched_for_children() -> None:
    """As above, where the old stream is not known any more at all."""
    rig = Rig()
    put(rig, range(1, 3))
    rig.start()
    rig.run(1)
    rig.world.shards[rig.world.open_ids[0]].gone = True
    rig.world.fail("describe", "", lambda: NotFound("no such stream"), 10**6)
    rig.run(120)
    assert rig.reader is not None
    assert "gone" in rig.names()
    assert not rig.reader.status.enabled
    assert rig.names().count("gap") == 1
    # and when it answers again after all, everything goes on
    rig.world.faults.clear()
    [child] = rig.world.rotate()
    put(rig, range(3, 5))
    rig.run(60)
    assert rig.reader.status.enabled
    assert rig.applied() == [1, 2, 3, 4]
    assert child in {s.id for s in rig.reader.status.shards}


@pytest.mark.parametrize("found_after", [0.0, 3.0, 20.0])
def test_case_17_started_at_now_in_the_middle_of_a_split(found_after: float) -> None:
    """Started at LATEST, the ancestors and children were begun at the wrong place (FLINK-36523)."""
    wire = Wire()
    wire.put(range(1, 4))
    wire.time.advance(30)
    began = wire.time.wall
    wire.rotate(pieces=2, delay_s=found_after)
    wire.put(range(4, 8))
    wire.start(began - 5 * SECOND)
    wire.put(range(8, 10))
    wire.run(found_after + 5)
    wire.put(range(10, 12))
    wire.run(60)
    assert wire.applied() == list(range(4, 12))


@pytest.mark.parametrize("delay", [0.0, 40.0])
def test_case_18_a_child_is_read_from_its_first_record(delay: float) -> None:
    """The child of a split was opened at LATEST (teleport#65534)."""
    rig = Rig()
    rig.start(START)
    rig.run(5)
    rig.world.rotate(delay_s=delay)
    rig.time.advance(0.001)
    put(rig, range(1, 2))
    rig.run(60)
    assert rig.applied() == [1]


def test_case_19_a_reader_of_the_present_never_asks_for_latest() -> None:
    """Children without a checkpoint were opened with the consumer's LATEST (async-kinesis)."""
    for at_timestamp in (True, False):
        wire = Wire(at_timestamp=at_timestamp)
        wire.start(wire.time.wall - 5 * SECOND)
        wire.run(5)
        wire.rotate(delay_s=40)
        wire.time.advance(0.001)
        wire.put(range(1, 2))
        wire.run(60)
        assert wire.applied() == [1]
        assert "LATEST" not in wire.kinds()


@pytest.mark.parametrize("shards", [1, 4])
def test_case_20_a_rotation_adds_less_than_two_seconds(shards: int) -> None:
    """A rotation cost a minute, because shards were only looked for so often (data-
    prepper#7041)."""
    worst = 0.0
    for seed in range(20):
        rig = Rig(shards, seed=seed)
        rig.start()
        rig.run(3 + seed / 20)
        for slot in range(shards):
            rig.world.rotate(slot)
            rig.world.put(made(1, str(slot)), slot)
        worst = max(worst, rig.run(60, lambda rig=rig: len(rig.sink.bodies) == shards))
    assert worst < 2.0


def test_case_21_four_hundred_shards_are_each_polled_every_ten_seconds() -> None:
    """Shard 151 starved until another one closed (data-prepper#5208)."""
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
