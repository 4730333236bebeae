"""The stream's log as a state machine: whatever happens to the shards, a reader that follows the
lineage reads each change once and in the order of its key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pitwall.cloud.local.errors import AwsError
from pitwall.cloud.local.items import DEFAULT_KEYS
from pitwall.cloud.local.streamlog import StreamLog
from tests.unit.cloud.local.helpers import SECOND_US, START_US


def log(shards: int = 2) -> StreamLog:
    return StreamLog(
        "arn:aws:dynamodb:us-east-1:000000000000:table/t", "t", DEFAULT_KEYS, "us-east-1", shards,
        START_US,
    )  # fmt: skip


def append(stream: StreamLog, pk: str, sk: str, created_us: int) -> int:
    return stream.append("INSERT", pk, sk, b"{}", 10, created_us)


class Lineage(RuleBasedStateMachine):
    """Writers, rotations and splits against a reader of any page size."""

    def __init__(self) -> None:
        super().__init__()
        self.stream = log(3)
        self.now_us = START_US
        self.written: dict[str, list[str]] = {}
        self.read: dict[str, list[str]] = {}
        self.positions: dict[str, int] = {}
        self.done: set[str] = set()

    @rule(pk=st.sampled_from("abcdef"), count=st.integers(1, 5))
    def write(self, pk: str, count: int) -> None:
        for _ in range(count):
            rows = self.written.setdefault(pk, [])
            rows.append(f"{len(rows):04}")
            append(self.stream, pk, rows[-1], self.now_us)

    @rule(us=st.integers(0, 10 * SECOND_US))
    def wait(self, us: int) -> None:
        self.now_us += us

    @rule(which=st.integers(0, 20))
    def rotate(self, which: int) -> None:
        open_now = [shard.id for shard in self.stream.shards() if shard.end is None]
        self.stream.rotate(self.now_us, open_now[which % len(open_now)])

    @rule()
    def rotate_all(self) -> None:
        self.stream.rotate(self.now_us)

    @rule()
    def split(self) -> None:
        if len(self.stream.shards()) < 40:
            self.stream.split(self.now_us)

    @rule(limit=st.integers(1, 7))
    def poll(self, limit: int) -> None:
        for shard in self.stream.shards():
            if shard.id in self.done or (shard.parent and shard.parent not in self.done):
                continue
            page, position, ended = self.stream.page(
                shard, self.positions.get(shard.id, 0), limit, 1 << 20
            )
            self.positions[shard.id] = position
            for record in page:
                self.read.setdefault(record.pk, []).append(record.sk)
            if ended:
                self.done.add(shard.id)

    @invariant()
    def every_key_in_order_and_once(self) -> None:
        for pk, rows in self.read.items():
            assert rows == self.written[pk][: len(rows)]

    @invariant()
    def open_shards_cover_the_keys(self) -> None:
        ranges = sorted((s.low, s.high) for s in self.stream.shards() if s.end is None)
        assert ranges[0][0] == 0
        assert ranges[-1][1] == 1 << 32
        assert all(a[1] == b[0] for a, b in zip(ranges, ranges[1:], strict=False))

    def teardown(self) -> None:
        for _ in range(len(self.stream.shards()) + 200):
            self.poll(1000)
        assert self.read == self.written


TestLineage = Lineage.TestCase


def test_event_and_answer_tell_the_same() -> None:
    stream = log(1)
    image = json.dumps({"pk": {"S": 'a"é'}, "sk": {"S": "b"}, "p": {"B": "AAEC"}}).encode()
    stream.append("INSERT", 'a"é', "b", image, 10, START_US + 1_999_999)
    stream.append("REMOVE", 'a"é', "b", b"", 10, START_US + 2_000_000)
    (shard,) = stream.shards()
    page, _, _ = stream.page(shard, 0, 10, 1 << 20)
    answered: list[dict[str, Any]] = json.loads(stream.writer.encode(page))
    given = stream.writer.event(page)["Records"]
    for row in given:
        assert row.pop("eventSourceARN") == stream.arn
    assert given == answered
    first = answered[0]["dynamodb"]
    assert first["ApproximateCreationDateTime"] == START_US // SECOND_US + 1
    assert first["NewImage"]["p"] == {"B": "AAEC"}
    assert answered[0]["eventID"] != answered[1]["eventID"]


def test_time_that_goes_back_is_searched_too() -> None:
    stream = log(1)
    for second in (5, 3, 9):
        append(stream, "a", str(second), START_US + second * SECOND_US)
    (shard,) = stream.shards()
    at = shard.since(START_US + 4 * SECOND_US)
    assert at is not None
    page, _, _ = stream.page(shard, at, 10, 1 << 20)
    assert [record.sk for record in page] == ["5", "3", "9"]
    assert shard.since(START_US + 10 * SECOND_US) is None


def test_only_an_open_shard_can_be_replaced() -> None:
    stream = log(1)
    old = stream.shards()[0].id
    stream.rotate(START_US)
    for shard in (old, "shardId-none"):
        with pytest.raises(AwsError) as refused:
            stream.rotate(START_US, shard)
        assert refused.value.type == "ResourceNotFoundException"


def test_begins_again_empty() -> None:
    stream = log(2)
    append(stream, "a", "1", START_US)
    stream.rotate(START_US)
    stream.reset(START_US - SECOND_US)
    assert stream.total == 0
    assert len(stream.shards()) == 2
    assert all(not shard.records for shard in stream.shards())
    stamp = f"{(START_US - SECOND_US) // 1000:020d}"
    assert all(stamp in shard.id for shard in stream.shards())
