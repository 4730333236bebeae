"""The reader against a scripted service; numbers are those of the design's list of cases."""

from __future__ import annotations

import pytest

from pitwall.stream import (
    Denied,
    Listing,
    Rejected,
    Retryable,
)
from pitwall.telemetry import Failure
from tests.unit.stream.rig import ARN, SECOND, START, Rig, World, made, put

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
    assert done.wait(60)
    assert reader.stop(60)
    assert not reader.status.running
    assert sorted(s.n_lo for s in sink.bodies) == list(range(1, 31))
    names = {t.name for t in threading.enumerate()}
    assert not any(name.startswith("pitwall-stream") for name in names)


def test_the_end_of_a_shard_says_nothing_of_what_its_children_hold() -> None:
    """A repair that took the parent's end for the present read by key what the child was about to
    bring, and called it missing where the table had it no more."""
    rig = Rig()
    put(rig, range(1, 4))
    ended = rig.time.wall
    rig.world.rotate()
    rig.time.advance(3600)
    put(rig, range(4, 7))
    rig.world.hide = lambda shard: shard == rig.world.open_ids[0]
    reader = rig.start()
    rig.run(1)
    assert rig.applied() == [1, 2, 3]
    assert reader.status.passed_us <= ended + SECOND
    rig.world.hide = lambda shard: False
    rig.run(40)
    assert rig.applied() == [1, 2, 3, 4, 5, 6]
    assert rig.time.wall - reader.status.passed_us < 5 * SECOND
