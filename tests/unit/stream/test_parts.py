"""Checkpoints, lineage, server time and the pool."""

from __future__ import annotations

import json
import random
import threading
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.stream import (
    HORIZON,
    Expired,
    Listing,
    Pace,
    Position,
    Retryable,
    ServerClock,
    ShardInfo,
    ThreadPool,
    at_time,
)
from pitwall.stream.checkpoint import Token, dump, load, newer
from pitwall.stream.lag import HeadLag
from pitwall.stream.lineage import Lineage, Ready
from pitwall.stream.recover import recover
from pitwall.stream.report import Report
from pitwall.stream.shard import Shard, State, Taken
from pitwall.stream.tree import ShardTree
from pitwall.telemetry import BadInput, Catalog, Session
from tests.unit.stream.rig import ARN, SECOND, START, VirtualTime, head

US = st.integers(0, 10**16 - 1)
NAMES = st.from_regex(r"[!-~]{1,65}", fullmatch=True)
TOKENS = st.builds(
    Token,
    stream=st.just(ARN),
    shard=NAMES,
    parents=st.lists(NAMES, max_size=2).map(tuple),
    state=st.sampled_from(["open", "finished", "gap"]),
    start=st.one_of(st.just(HORIZON), US.map(at_time)),
    sequence=st.one_of(st.just(""), st.from_regex(r"[0-9]{21,40}", fullmatch=True)),
    opened_us=US,
    verified_us=US,
    last_us=US,
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@given(TOKENS)
def test_a_token_comes_back_as_it_went(token: Token) -> None:
    assert load(token.shard, dump(token)) == token


@given(
    TOKENS,
    st.sampled_from(sorted(json.loads(dump(Token("s", "a", (), "open", HORIZON, "", 0, 0, 0))))),
    JUNK,
)  # noqa: E501
def test_case_51_any_damaged_field_is_refused_or_harmless(
    token: Token, field: str, junk: object
) -> None:
    """A stored number that the service does not know stopped the consumer (whale2#3)."""
    doc = json.loads(dump(token))
    doc[field] = junk
    try:
        back = load(token.shard, json.dumps(doc))
    except BadInput:
        return
    assert back.shard == token.shard
    assert isinstance(back.start, Position)
    assert back.state in ("open", "finished", "gap")


@given(st.text(max_size=200))
def test_any_text_is_refused_in_one_way(text: str) -> None:
    with pytest.raises(BadInput):
        load("a", text)


def test_deep_and_long_texts_are_refused() -> None:
    for text in ("[" * 4000, "{" * 4000, "1" * 5000):
        with pytest.raises(BadInput):
            load("a", text)


def test_case_64_numbers_compare_as_numbers() -> None:
    """Numbers were sorted as text (bloop 1.0)."""
    assert newer("1" + "0" * 21, "9" * 21)
    assert not newer("9" * 21, "1" + "0" * 21)
    assert not newer("5", "5")
    assert newer("5", "")
    assert newer("b", "a")
    assert newer("a", "b")
    assert not newer("a", "a")


def lineage(*shards: ShardInfo) -> Lineage:
    out = Lineage()
    out.merge(Listing(ARN, True, shards), START)
    return out


def test_case_09_a_merged_shard_waits_for_both_parents() -> None:
    tree = lineage(ShardInfo("a"), ShardInfo("b"), ShardInfo("c", ("a", "b")))
    assert tree.ready("c", lambda s: s == "a") is Ready.WAIT
    assert tree.ready("c", lambda s: s == "b") is Ready.WAIT
    assert tree.ready("c", lambda s: True) is Ready.NOW


def test_a_shard_without_its_parent_waits_for_two_listings() -> None:
    orphan = ShardInfo("c", ("p",))
    tree = lineage(orphan)
    assert tree.ready("c", lambda s: False) is Ready.WAIT
    tree.merge(Listing(ARN, True, (orphan,)), START)
    assert tree.ready("c", lambda s: False) is Ready.ORPHAN
    tree.merge(Listing(ARN, True, (ShardInfo("p"),)), START)
    assert tree.ready("c", lambda s: False) is Ready.WAIT


def test_what_one_listing_lacks_another_brings() -> None:
    tree = lineage(ShardInfo("a", closed=True))
    tree.merge(Listing(ARN, True, (ShardInfo("b", ("a",)),)), START + 1)
    tree.merge(Listing(ARN, True, (ShardInfo("a"),)), START + 2)
    assert set(tree.nodes) == {"a", "b"}
    assert tree.nodes["a"].info.closed
    assert tree.children("a") == ["b"]


def stamped(t_us: int) -> str:
    return formatdate(t_us // SECOND, usegmt=True)


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**7), min_size=30, max_size=60))
def test_server_time_is_found_to_well_under_a_second(offset: int, gaps: list[int]) -> None:
    time = VirtualTime()
    clock = ServerClock(time)
    for gap in gaps:
        time.wall += gap
        sent = time.wall
        time.wall += 20_000
        clock.note(stamped(time.wall + offset), sent, time.wall)
    found = clock.offset_us
    assert found is not None
    assert abs(found - offset) <= 520_000
    assert abs(clock.now_us() - (time.wall + offset)) <= 520_000


def test_a_clock_that_is_set_starts_the_bounds_again() -> None:
    time = VirtualTime()
    clock = ServerClock(time)
    clock.note(stamped(time.wall), time.wall, time.wall)
    time.wall -= 3600 * SECOND
    clock.note(stamped(time.wall + 3600 * SECOND), time.wall, time.wall)
    assert clock.offset_us is not None
    assert abs(clock.offset_us - 3600 * SECOND) <= SECOND
    clock.note("not a date", time.wall, time.wall)
    clock.note(None, time.wall, time.wall)
    known = clock.offset_us
    clock.forget()
    assert clock.offset_us == known
    clock.forget(set_back_us=60 * SECOND)
    assert clock.offset_us == known + 60 * SECOND
    clock.note(stamped(time.wall), time.wall, time.wall)
    assert abs(clock.offset_us) <= SECOND
    assert abs(clock.now_us() - time.wall) <= SECOND


def test_lag_of_a_replayed_race_is_taken_against_its_own_first_head() -> None:
    lag = HeadLag()
    server = START + 365 * 24 * 3600 * SECOND
    for i in range(5):
        lag.note(head(i, START + i * SECOND), server + i * SECOND, server + i * SECOND + 200_000)
    assert lag.lag_us == 200_000


@pytest.mark.parametrize("pace", [0.5, 10.0])
def test_lag_of_a_race_that_is_played_at_another_pace_is_against_what_is_due(pace: float) -> None:
    """Event time runs ahead of the clock by nine seconds a second: a reader that falls behind must
    not look up to date for minutes."""
    replay = Session("2026-01-31-test-r1", "", Catalog(()), START, 600.0, driven_us=1, pace=pace)
    lag = HeadLag(replay.due_us)
    began = replay.due_us(START)
    for i in range(0, 50, 5):
        clock = began + i * SECOND
        lag.note(head(i + 1, replay.event_us(clock)), clock, clock + 200_000)
        assert lag.lag_us == 200_000
    # one head, read four seconds late
    clock = began + 51 * SECOND
    lag.note(head(60, replay.event_us(clock)), clock, clock + 4 * SECOND)
    assert lag.lag_us == 4 * SECOND
    assert lag.shift_us == 0


def test_an_older_head_does_not_make_the_lag_worse() -> None:
    lag = HeadLag()
    lag.note(head(9, START, "1"), START, START + 100_000)
    lag.note(head(9, START - 5 * SECOND, "2"), START, START + 100_000)
    assert lag.lag_us == 100_000


def test_the_pool_runs_so_many_at_a_time_and_hands_errors_over() -> None:
    pool: ThreadPool[int] = ThreadPool("pitwall-test", 2)
    pool.start()
    pool.start()
    go = threading.Event()
    assert pool.free() == 2
    pool.put("a", lambda: go.wait(60) and 1 or 0)
    pool.put("b", lambda: 1 // 0)
    assert pool.free() == 0
    got = {}
    while len(got) < 2:
        pool.wait(60)
        for done in pool.take():
            got[done.key] = done
            go.set()
    assert got["a"].value == 1
    assert isinstance(got["b"].error, ZeroDivisionError)
    assert pool.free() == 2
    assert pool.stop(60)
    assert not [t for t in threading.enumerate() if t.name.startswith("pitwall-test")]


def test_an_answer_about_a_place_ends_the_pauses_for_a_network_that_was_away() -> None:
    shard = Shard(ShardInfo("s", ()), State.OPEN, sequence="1" * 21, last_us=START)
    for away in range(1, 9):
        assert not recover(shard, Retryable("away"), True, START).at_once
        assert shard.faults == away
    assert recover(shard, Expired("old"), True, START).at_once
    assert not recover(shard, Expired("old"), True, START).at_once
    assert shard.faults == 2
    recover(shard, Retryable("away"), True, START)
    assert shard.faults == 3


def test_a_rotation_says_how_long_the_child_was_waited_for() -> None:
    parent = ShardInfo("a", ())
    tree = ShardTree(Listing(ARN, True, (parent,)), HORIZON, {}, START, 0.0)
    list(tree.start_ready(True, START, 0.0))
    tree.shards["a"].accept(Taken(ends=True))
    tree.ended(tree.shards["a"], 10.0)
    tree.sought("a", Pace(), random.Random(1), 11.0)
    tree.add((ShardInfo("b", ("a",)),), START)
    tree.sought("a", Pace(), random.Random(1), 14.0)
    [started] = tree.start_ready(True, START, 14.5)
    assert started.follows == (("a", 4.5),)


def test_a_refusal_of_one_kind_of_calls_is_told_once_beside_good_ones_of_another() -> None:
    told: list[str] = []
    report = Report(lambda event, details: told.append(event))
    for _ in range(5):
        report.denied("listings", "may not list")
        report.answered("reads")
    assert told == ["denied"]
    assert report.message == "may not list"
    report.answered("listings")
    assert report.message == ""
