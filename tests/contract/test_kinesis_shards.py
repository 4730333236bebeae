"""Kinesis shards that split and merge: over every implementation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.kinesis import SECOND_US, Kinesis, ending, starting

TICK_US = 20_000
KEYS = [f"car{i}" for i in range(10)]


def listed(stream: Kinesis, shard: str) -> dict[str, Any]:
    """A shard as the listing has it."""
    (found,) = [s for s in stream.shards() if s["ShardId"] == shard]
    return found


def closed(stream: Kinesis, shard: str) -> bool:
    return "EndingSequenceNumber" in listed(stream, shard)["SequenceNumberRange"]


# -- a split


def test_a_split_closes_the_parent_and_opens_two_children(stream: Kinesis) -> None:
    parent = stream.only()
    left, right = stream.divide(parent)
    assert stream.ids() == [parent, left, right]
    assert closed(stream, parent)
    for child in (left, right):
        assert listed(stream, child)["ParentShardId"] == parent
        assert "AdjacentParentShardId" not in listed(stream, child)
        assert not closed(stream, child)
    whole = listed(stream, parent)
    assert starting(listed(stream, left)) == starting(whole)
    assert ending(listed(stream, left)) + 1 == starting(listed(stream, right))
    assert ending(listed(stream, right)) == ending(whole)


def test_a_split_loses_nothing(stream: Kinesis) -> None:
    parent = stream.only()
    for key in KEYS:
        stream.put(key, f"{key} before")
    left, right = stream.divide(parent)
    for key in KEYS:
        stream.put(key, f"{key} after")
    assert stream.drain(stream.iterator(parent)) == [f"{key} before" for key in KEYS]
    parts = [stream.read(stream.iterator(child))[0] for child in (left, right)]
    assert all(parts)
    assert sorted(parts[0] + parts[1]) == sorted(f"{key} after" for key in KEYS)


def test_numbers_of_children_lie_behind_the_parents(stream: Kinesis) -> None:
    parent = stream.put("a", "0")
    stream.pass_(SECOND_US)  # numbers count in time, of which some keep no more than seconds
    children = stream.divide(parent)
    end = int(listed(stream, parent)["SequenceNumberRange"]["EndingSequenceNumber"])
    assert int(stream.numbers["0"]) < end
    home = stream.put("a", "1")
    assert home in children
    assert int(stream.numbers["1"]) > int(stream.numbers["0"])
    for child in children:
        start = listed(stream, child)["SequenceNumberRange"]["StartingSequenceNumber"]
        assert int(start) > int(stream.numbers["0"])


def test_only_open_shards_are_counted(stream: Kinesis) -> None:
    stream.divide(stream.only())
    answer = stream.client.describe_stream_summary(StreamName=stream.name)
    assert answer["StreamDescriptionSummary"]["OpenShardCount"] == 2


# -- the end of a shard


def test_the_end_comes_after_the_last_records(stream: Kinesis) -> None:
    parent = stream.put("a", "0", "1", "2")
    stream.divide(parent)
    rows, following = stream.read(stream.iterator(parent), limit=2)
    assert rows == ["0", "1"]
    assert following is not None
    assert stream.drain(following, limit=2) == ["2"]


def test_a_reader_that_waits_at_the_tip_learns_of_the_end(stream: Kinesis) -> None:
    parent = stream.put("a", "0")
    rows, waiting = stream.read(stream.iterator(parent))
    assert rows == ["0"]
    stream.pass_(TICK_US)
    stream.divide(parent)
    assert stream.drain(waiting) == []


def test_a_parent_without_records_ends_too(stream: Kinesis) -> None:
    parent = stream.only()
    stream.pass_(TICK_US)
    stream.divide(parent)
    assert stream.drain(stream.iterator(parent)) == []


def test_a_closed_shard_can_be_opened_anywhere(stream: Kinesis) -> None:
    parent = stream.put("a", "0", "1", "2")
    stream.pass_(TICK_US)
    stream.divide(parent)
    number = {"StartingSequenceNumber": stream.numbers["1"]}
    at = stream.iterator(parent, "AT_SEQUENCE_NUMBER", **number)
    after = stream.iterator(parent, "AFTER_SEQUENCE_NUMBER", **number)
    last = {"StartingSequenceNumber": stream.numbers["2"]}
    assert stream.drain(at) == ["1", "2"]
    assert stream.drain(after) == ["2"]
    assert stream.drain(stream.iterator(parent, "AFTER_SEQUENCE_NUMBER", **last)) == []


def test_the_latest_of_a_closed_shard_is_its_end(stream: Kinesis) -> None:
    parent = stream.put("a", "0")
    stream.pass_(TICK_US)
    stream.divide(parent)
    stream.pass_(TICK_US)
    assert stream.drain(stream.iterator(parent, "LATEST")) == []


def test_the_last_page_names_the_children(stream: Kinesis) -> None:
    parent = stream.put("a", "0")
    children = stream.divide(parent)
    iterator: str | None = stream.iterator(parent)
    page: dict[str, Any] = {}
    for _ in range(10):
        page = stream.client.get_records(ShardIterator=iterator)
        iterator = page.get("NextShardIterator")
        if iterator is None:
            break
        assert not page.get("ChildShards")
    assert iterator is None
    assert [child["ShardId"] for child in page["ChildShards"]] == children
    assert all(child["ParentShards"] == [parent] for child in page["ChildShards"])


def test_a_child_can_be_read_before_its_parent_is(stream: Kinesis) -> None:
    parent = stream.put("a", "0")
    stream.divide(parent)
    child = stream.put("a", "1")
    rows, following = stream.read(stream.iterator(child))
    assert rows == ["1"]
    assert following is not None


# -- a merge


def test_a_merge_has_two_parents(new_stream: Callable[..., Kinesis]) -> None:
    stream = new_stream(2)
    left, right = [s["ShardId"] for s in sorted(stream.shards(), key=starting)]
    child = stream.join(left, right)
    assert listed(stream, child)["ParentShardId"] == left
    assert listed(stream, child)["AdjacentParentShardId"] == right
    assert closed(stream, left)
    assert closed(stream, right)
    assert not closed(stream, child)
    assert starting(listed(stream, child)) == starting(listed(stream, left))
    assert ending(listed(stream, child)) == ending(listed(stream, right))


def test_a_merge_loses_nothing(new_stream: Callable[..., Kinesis]) -> None:
    stream = new_stream(2)
    left, right = [s["ShardId"] for s in sorted(stream.shards(), key=starting)]
    homes = {key: stream.put(key, f"{key} before") for key in KEYS}
    assert set(homes.values()) == {left, right}
    child = stream.join(left, right)
    assert {stream.put(key, f"{key} after") for key in KEYS} == {child}
    for parent in (left, right):
        expected = [f"{key} before" for key in KEYS if homes[key] == parent]
        assert stream.drain(stream.iterator(parent)) == expected
    assert stream.read(stream.iterator(child))[0] == [f"{key} after" for key in KEYS]


def test_both_parents_of_a_merge_name_the_child(new_stream: Callable[..., Kinesis]) -> None:
    stream = new_stream(2)
    left, right = [s["ShardId"] for s in sorted(stream.shards(), key=starting)]
    child = stream.join(left, right)
    for parent in (left, right):
        iterator: str | None = stream.iterator(parent)
        page: dict[str, Any] = {}
        for _ in range(10):
            if iterator is None:
                break
            page = stream.client.get_records(ShardIterator=iterator)
            iterator = page.get("NextShardIterator")
        (named,) = page["ChildShards"]
        assert named["ShardId"] == child
        assert set(named["ParentShards"]) == {left, right}


def test_three_generations(stream: Kinesis) -> None:
    root = stream.put("a", "root")
    left, right = stream.divide(root)
    middle = stream.put("a", "middle")
    assert middle in (left, right)
    last = stream.join(left, right)
    assert stream.put("a", "last") == last
    assert stream.ids() == [root, left, right, last]
    assert stream.drain(stream.iterator(root)) == ["root"]
    assert stream.drain(stream.iterator(middle)) == ["middle"]
    assert stream.read(stream.iterator(last))[0] == ["last"]


@pytest.mark.parametrize("limit", [1, 2])
def test_listings_of_many_generations_come_in_pages(stream: Kinesis, limit: int) -> None:
    parts = stream.divide(stream.only())
    parts = [child for part in parts for child in stream.divide(part)]
    stream.join(parts[1], parts[2])
    ids = stream.ids()
    assert len(ids) == 8
    assert ids == sorted(set(ids))
    assert [shard["ShardId"] for shard in stream.shards(MaxResults=limit)] == ids
