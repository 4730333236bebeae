"""Cases 44 to 63: what is kept of a shard, and what a crash leaves.

Each is named after its number in the list of what went wrong in other consumers.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from pitwall.store import Quarantined
from pitwall.stream import (
    HORIZON,
    Denied,
    Fault,
    Pace,
    Reader,
    Record,
    Retryable,
    Throttled,
)
from pitwall.stream.checkpoint import dump, load
from pitwall.stream.shard import Shard, State
from pitwall.stream.tree import ShardTree
from pitwall.telemetry import BadInput
from tests.unit.stream.rig import ARN, SECOND, START, Rig, Sink, made, put


def test_case_44_what_comes_after_a_loss_does_not_cover_it() -> None:
    """The highest acknowledgement was kept over a hole in the row (redpanda#4510)."""
    rig = Rig(pace=Pace(limit=1))
    put(rig, range(1, 9))
    rig.sink.auto = False
    rig.start()
    rig.run(2, lambda: len(rig.sink.queue) >= 4)
    assert len(rig.sink.queue) >= 4
    # two batches reach the disk, then the program is killed with the third and the fourth queued
    while rig.applied() != [1, 2]:
        rig.sink.commit(1)
    rig.sink.crash()
    rig.sink.auto = True
    rig.start()
    rig.run(3)
    assert rig.applied() == list(range(1, 9))


def test_case_44_a_batch_that_the_writer_refuses_is_offered_again() -> None:
    """As above, where the third is refused and the reader would go on with the fourth."""
    rig = Rig(pace=Pace(limit=1))
    put(rig, range(1, 9))
    room = rig.sink.room
    rig.start()
    while len(rig.applied()) < 2:
        rig.run(0.05)
    rig.sink.room = 0
    rig.run(5)
    assert rig.applied() == [1, 2]
    rig.sink.room = room
    rig.run(5)
    assert rig.applied() == list(range(1, 9))


def test_case_45_a_crash_with_a_full_queue_loses_nothing() -> None:
    """Records were checkpointed when they were queued, not when they were delivered
    (pulsar#8192)."""
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
    """A queue that stayed full for 30 s dropped the rest of the batch (async-kinesis)."""
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


def test_case_46_held_up_by_the_disk_is_said_and_taken_back() -> None:
    """A queue that stayed full for 30 s dropped the rest of the batch (async-kinesis)."""
    rig = Rig(3, pace=Pace(limit=5))
    rig.sink.auto = False
    rig.sink.room = 2
    for n in range(1, 121):
        rig.world.put(made(n, str(n % 3)), n % 3)
    rig.start()
    rig.run(60)
    assert rig.reader is not None
    reads = sum(c[1] == "read" for c in rig.world.calls)
    rig.run(60)
    assert sum(c[1] == "read" for c in rig.world.calls) == reads
    held = [s for s in rig.reader._tree.shards.values() if s.taken is not None]
    assert len(held) <= 3
    assert all(len(s.taken.segments) <= 5 for s in held if s.taken is not None)
    assert rig.names().count("held") == 1
    assert "disk" in rig.reader.status.message
    rig.sink.auto = True
    rig.sink.commit()
    rig.run(20)
    assert rig.reader.status.message == ""
    for car in "012":
        assert rig.applied(car) == [n for n in range(1, 121) if n % 3 == int(car)]


@pytest.mark.parametrize("fault", [Throttled("slow down"), Retryable("500"), Denied("no")])
def test_case_47_one_shard_that_fails_holds_up_no_other_checkpoint(fault: Fault) -> None:
    """One failing shard stopped the checkpoints of all others (async-kinesis#79)."""
    rig = Rig(5)
    bad = rig.world.open_ids[2]
    rig.start()
    rig.run(2)
    rig.world.fail("read", bad, lambda: fault, 10**6)
    for round_ in range(1, 6):
        for slot in range(5):
            rig.world.put(made(round_, str(slot)), slot)
        rig.run(3)
        newest = {s.id: s.records[-1].sequence for s in rig.world.shards.values()}
        for name in rig.world.open_ids:
            saved = json.loads(rig.sink.checkpoints[name])["seq"]
            assert saved == ("" if name == bad else newest[name])


def test_case_48_an_empty_page_moves_the_checkpoint_too() -> None:
    """After an empty batch a checkpoint was impossible (KCL#40)."""
    rig = Rig()
    rig.start(START)
    name = rig.world.open_ids[0]
    seen = []
    for _ in range(10):
        rig.run(60)
        seen.append(json.loads(rig.sink.checkpoints[name])["verified"])
    assert sorted(set(seen)) == seen
    assert seen[-1] > START + 9 * 60 * SECOND


def test_case_49_the_first_record_of_a_child_is_kept() -> None:
    """A child stayed at its horizon without progress and was replayed (KCL#751)."""
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


def test_case_50_saving_an_idle_shard_keeps_what_was_known() -> None:
    """Renewing the lease erased the checkpoint beside it (gokini#3)."""
    rig = Rig()
    rig.start(START - 60 * SECOND)
    old = rig.world.open_ids[0]
    put(rig, range(1, 4))
    rig.run(2)
    [child] = rig.world.rotate()
    put(rig, range(4, 6))
    rig.run(5)
    before = {name: json.loads(text) for name, text in rig.sink.checkpoints.items()}
    assert set(before) == {old, child}
    rig.run(600)
    after = {name: json.loads(text) for name, text in rig.sink.checkpoints.items()}
    moved = after[child].pop("verified") - before[child].pop("verified")
    assert moved > 500 * SECOND
    assert after == before
    assert after[child]["seq"]
    assert after[child]["parents"] == [old]
    assert after[old]["state"] == "finished"


def test_case_51_a_damaged_checkpoint_is_opened_by_time_and_told_of() -> None:
    """A stored number that the service does not know stopped the consumer (whale2#3)."""
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


def test_case_52_an_idle_shard_survives_a_restart() -> None:
    """An idle shard has no number to keep, and was begun anew (spiceai#7880)."""
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


def test_case_53_checkpoints_of_another_stream_are_left_alone() -> None:
    """A stale checkpoint poisoned every new start (spiceai#10754)."""
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


def test_case_53_a_dead_stream_writes_no_checkpoints() -> None:
    """A stream that had died kept writing checkpoints that looked healthy (spiceai#10754)."""
    rig = Rig()
    put(rig, range(1, 3))
    rig.start()
    rig.run(5)
    rig.world.fail("read", "", lambda: Retryable("500"), 10**6)
    rig.world.fail("open", "", lambda: Retryable("500"), 10**6)
    rig.world.fail("describe", "", lambda: Retryable("500"), 10**6)
    rig.run(10)
    before = dict(rig.sink.checkpoints)
    batches = len(rig.sink.committed)
    rig.run(1200)
    assert rig.sink.checkpoints == before
    assert len(rig.sink.committed) == batches
    assert rig.reader is not None
    rig.reader._publish(running=True)
    [shard] = rig.reader.status.shards
    assert shard.checkpoint_age_us is not None
    assert shard.checkpoint_age_us > 1200 * SECOND


def test_case_55_two_windows_on_one_stream_do_not_disturb_each_other() -> None:
    """Without a consumer's name in its key, one overwrote the other's place (redpanda#4319)."""
    rig = Rig(2)
    other = Sink()

    def step(sink: Sink, seconds: float, reader: Reader | None) -> Reader:
        rig.sink = sink
        if reader is None:
            reader = rig.start()
        rig.reader = reader
        rig.run(seconds)
        return reader

    mine = rig.sink
    for n in range(1, 11):
        rig.world.put(made(n, str(n % 2)), n % 2)
    one = step(mine, 3, None)
    for n in range(11, 21):
        rig.world.put(made(n, str(n % 2)), n % 2)
    step(other, 3, None)
    rig.world.rotate(0)
    for n in range(21, 31):
        rig.world.put(made(n, str(n % 2)), n % 2)
    step(mine, 5, one)
    # the second is started anew: it goes on from its own places
    step(other, 5, None)
    for sink in (mine, other):
        rig.sink = sink
        for car in "01":
            assert rig.applied(car) == [n for n in range(1, 31) if n % 2 == int(car)]


def test_case_56_a_record_that_cannot_be_applied_stops_its_shard_and_then_goes_aside() -> None:
    """An exception skipped the rest of the batch (KCL#10, KCL#1403)."""
    rig = Rig(2)
    tries: list[float] = []

    def decode(record: Record) -> Any:
        if record.body.n_lo == 3 and record.body.series.car == "7":
            tries.append(rig.time.mono)
            raise ZeroDivisionError("not meant to happen")
        return record.body

    rig.decode = decode
    put(rig, range(1, 11))
    for n in range(1, 4):
        rig.world.put(made(n, "8"), 1)
    rig.start()
    rig.run(5, lambda: bool(rig.applied()))
    assert rig.applied() == [1, 2]
    rig.run(10)
    assert rig.applied() == [1, 2, *range(4, 11)]
    assert rig.applied("8") == [1, 2, 3]
    assert len(tries) == 3
    assert tries[1] - tries[0] >= 0.05
    [bad] = [q for b in rig.sink.committed for q in b.quarantined]
    assert "ZeroDivisionError" in bad.reason
    assert bad.raw
    assert rig.names().count("balked") == 2
    rig.start()
    rig.run(3)
    assert rig.applied() == [1, 2, *range(4, 11)]


def test_case_56_an_error_that_passes_costs_nothing() -> None:
    """As above, where the second try works: the record is applied, in its place, once."""
    rig = Rig()
    failed = []

    def decode(record: Record) -> Any:
        if record.body.n_lo in (1, 4) and record.sequence not in failed:
            failed.append(record.sequence)
            raise MemoryError
        return record.body

    rig.decode = decode
    put(rig, range(1, 8))
    rig.start()
    rig.run(10)
    assert rig.applied() == list(range(1, 8))
    assert not [q for b in rig.sink.committed for q in b.quarantined]


def test_case_57_poison_is_kept_raw_and_stops_nothing() -> None:
    """One record of bad JSON killed a shard's thread (spring-integration-aws#84)."""
    rig = Rig()
    rig.start()

    def decode(record: Record) -> Any:
        body = record.body
        if body == "poison":
            raise BadInput("not readable")
        return body

    rig.decode = decode
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
    """Records were merged by whole seconds, which may step back, and came in another order
    (bloop)."""
    rig = Rig()
    for n, created in enumerate((10, 12, 11, 15, 9), start=1):
        rig.world.put(made(n), created_us=START + created * SECOND)
    rig.start()
    rig.run(2)
    assert rig.applied() == [1, 2, 3, 4, 5]


def test_case_60_places_are_kept_whole_at_every_step_of_a_rotation() -> None:
    """A closed shard that the token still listed was added again (bloop)."""
    rig = Rig(pace=Pace(limit=2))
    put(rig, range(1, 6))
    rig.start()
    steps = 0

    def follow(seconds: float) -> None:
        nonlocal steps
        until = rig.time.mono + seconds
        while rig.time.mono < until:
            rig.run(0.05)
            assert rig.reader is not None
            for shard in rig.reader._tree.shards.values():
                if shard.state is State.WAITING:
                    continue
                token = shard.token(ARN, shard.taken)
                assert load(shard.id, dump(token)) == token
                back = Shard.restored(token)
                assert back.token(ARN, None) == token
                steps += 1
            # what was committed leads a new reader to the same end, wherever it starts
            saved = rig.sink.checkpoints
            other = ShardTree(rig.world.describe(), HORIZON, saved, rig.time.wall, rig.time.mono)
            for name, text in saved.items():
                assert other.shards[name].over is (json.loads(text)["state"] != "open")

    follow(1)
    rig.world.rotate(delay_s=2)
    put(rig, range(6, 10))
    follow(5)
    rig.world.rotate(pieces=2)
    put(rig, range(10, 12))
    follow(3)
    assert steps > 30
    assert rig.applied() == list(range(1, 12))


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_case_61_killed_at_every_step_of_a_rotation(limit: int) -> None:
    """The end of a shard and the checkpoint raced, and its lineage was lost (flink#193)."""
    for step in range(14):
        rig = Rig(2, pace=Pace(limit=limit))
        put(rig, range(1, 4))
        put(rig, range(1, 4), "8", 1)
        rig.start()
        rig.run(1)
        rig.world.rotate(0, pieces=2 if step % 2 else 1, delay_s=0.3)
        put(rig, range(4, 7))
        put(rig, range(4, 7), "8", len(rig.world.open_ids) - 1)
        for _ in range(step):
            assert rig.reader is not None
            rig.time.advance(min(max(rig.reader.step(), 0.01), 0.25))
        rig.sink.auto = False
        assert rig.reader is not None
        rig.reader.step()
        rig.sink.commit(len(rig.sink.queue) * step % 3)
        rig.sink.crash()
        rig.sink.auto = True
        rig.start()
        rig.run(8)
        assert rig.applied() == list(range(1, 7)), step
        assert rig.applied("8") == list(range(1, 7)), step


def test_case_62_a_shard_is_known_by_its_name_alone() -> None:
    """A closed shard did not match its listing at restore and was read again (FLINK-8484)."""
    rig = Rig()
    put(rig, range(1, 4))
    rig.start()
    old = rig.world.open_ids[0]
    rig.run(1)
    rig.world.rotate()
    put(rig, range(4, 6))
    rig.run(3)
    before = len(rig.world.calls)
    # the next listing says other things of it: open again, and with a parent
    rig.world.shards[old].end_seen_us = rig.time.wall + 3600 * SECOND
    rig.world.shards[old].parent = "shardId-00000000000000000000-00000000"
    rig.start()
    rig.run(60)
    assert rig.applied() == [1, 2, 3, 4, 5]
    assert not [c for c in rig.world.calls[before:] if c[2] == old and c[1] in ("open", "read")]
