"""What the reader keeps to: calls a second, work at a time, memory, and a disk that is full."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from pitwall.store import Batch, Recording, Writer, load
from pitwall.stream import (
    Listing,
    NotFound,
    Pace,
    Page,
    Reader,
    Rejected,
    ServerClock,
    SystemTime,
    ThreadPool,
    Throttled,
)
from pitwall.telemetry import Catalog, Channel, Failure, Group, Session
from tests.unit.stream.rig import ARN, SECOND, SESSION, START, Rig, VirtualTime, World, made, put


def most_in_a_second(times: list[float]) -> int:
    return max(sum(t <= u < t + 1.0 - 1e-6 for u in times) for t in times)


def test_listings_and_look_ups_keep_below_ten_a_second() -> None:
    rig = Rig(30)
    rig.start()
    rig.run(2)
    for slot in range(30):
        rig.world.rotate(slot, delay_s=20 + slot % 7)
    rig.run(40)
    asked = [at for at, op, _ in rig.world.calls if op in ("describe", "children")]
    assert len(asked) > 50
    assert most_in_a_second(asked) <= 10
    assert rig.reader is not None
    assert rig.reader.status.open == 30


@pytest.mark.parametrize("fault", [Throttled("slow"), Rejected("bad"), NotFound("gone")])
@pytest.mark.parametrize("operation", ["open", "read"])
def test_a_shard_that_fails_is_not_asked_more_often_than_one_that_works(
    operation: str, fault: Exception
) -> None:
    rig = Rig(pace=Pace(limit=1))
    put(rig, range(1, 60))
    rig.start()
    rig.run(1)
    for _ in range(10):
        rig.world.fail(operation, "", lambda: fault)  # type: ignore[arg-type, return-value]
        rig.run(3)
    for op in ("open", "read"):
        assert most_in_a_second([at for at, what, _ in rig.world.calls if what == op]) <= 5


def test_awake_again_400_shards_are_not_asked_all_at_once() -> None:
    rig = Rig(400)
    rig.start()
    rig.run(5)
    rig.time.sleep(3600)
    busiest = 0
    end = rig.time.mono + 3
    while rig.time.mono < end:
        before = len(rig.world.calls)
        rig.run(0.011)
        busiest = max(busiest, len(rig.world.calls) - before)
    # no more than the pool has places, an opening and a reading each
    assert busiest <= 2 * 2 * 16


def test_pages_are_held_one_a_shard_while_the_disk_is_slow() -> None:
    rig = Rig(6, pace=Pace(limit=10))
    for n in range(1, 1201):
        rig.world.put(made(n, str(n % 6)), n % 6)
    rig.sink.auto = False
    rig.sink.room = 4
    rig.start()
    most = 0
    for _ in range(60):
        rig.run(1)
        assert rig.reader is not None
        held = [s for s in rig.reader._tree.shards.values() if s.taken is not None]
        most = max(most, len(held) + len(rig.sink.queue))
    assert most <= 4 + 6
    rig.sink.auto = True
    rig.sink.commit()
    rig.run(30)
    for car in range(6):
        assert rig.applied(str(car)) == [n for n in range(1, 1201) if n % 6 == car]


def test_pages_are_short_while_the_writer_is_behind() -> None:
    rig = Rig(8)
    for n in range(1, 60_001):
        rig.world.put(made(n, str(n % 8)), n % 8)
    limits: list[int] = []
    world = rig.world

    class Noting(World):
        def __init__(self) -> None:
            self.__dict__.update(world.__dict__)

        def read(self, iterator: str, limit: int) -> Page:
            limits.append(limit)
            return super().read(iterator, limit)

    rig.sink.auto = False
    rig.start(source=Noting())
    rig.run(2, lambda: len(rig.sink.queue) >= 8)
    rig.sink.commit()
    assert set(limits) == {1000}
    while len(rig.sink.queue) < 33:
        rig.sink.queue.append(rig.sink.committed[0])
    rig.run(1)
    limits.clear()
    rig.run(5)
    assert set(limits) == {100}
    rig.sink.queue.clear()
    rig.run(1)
    limits.clear()
    rig.run(3)
    assert set(limits) == {1000}


def test_a_gap_at_the_end_of_a_shard_has_an_end() -> None:
    rig = Rig()
    put(rig, range(1, 6))
    rig.start()
    rig.run(2)
    name = rig.world.open_ids[0]
    put(rig, range(6, 9))
    rig.world.trim(name, 8)
    rig.world.rotate()
    put(rig, range(9, 11))
    rig.time.sleep(20 * 60)
    rig.run(10)
    assert rig.reader is not None
    [gap] = rig.reader.status.gaps
    assert gap.shard == name
    assert START <= gap.from_us < gap.to_us <= rig.time.wall
    assert rig.applied() == [1, 2, 3, 4, 5, 9, 10]


def test_a_full_disk_stops_reading_and_says_so(tmp_path: Path) -> None:
    group = Group("driver", 4.0, SECOND, (Channel("speed", "km/h", 0.1, 0, 300),))
    session = Session(SESSION, "Test", Catalog((group,)), START)
    recording = Recording.create(tmp_path / "race.pitwall", session)
    writer = Writer(recording, load(recording), commit_every_s=0.01)
    apply = recording.apply
    room = {"left": 3}

    def until_full(*batches: Batch) -> object:
        if not room["left"]:
            raise Failure("race.pitwall: the disk is full")
        room["left"] -= 1
        return apply(*batches)

    recording.apply = until_full  # type: ignore[method-assign, assignment]
    world = World(VirtualTime(), 2)
    for n in range(1, 401):
        world.put(made(n, str(n % 2)), n % 2)
    time = SystemTime()
    ended = threading.Event()
    reader = Reader(
        world,
        writer,
        lambda record: record.body,
        listing=Listing(ARN, True, world.describe().shards),
        anchor_us=None,
        saved={},
        server=ServerClock(time),
        time=time,
        pool=ThreadPool("pitwall-stream-io", 2),
        rng=random.Random(1),
        on_event=lambda name, details: None,
        pace=Pace(poll=0.01, limit=5),
    )
    publish = reader._publish

    def noting(running: bool) -> None:
        publish(running)
        if not running:
            ended.set()

    reader._publish = noting  # type: ignore[method-assign]
    writer.start()
    reader.start()
    assert ended.wait(20)
    assert not reader.status.running
    assert "the disk is full" in str(reader.failure)
    calls = len(world.calls)
    assert reader.stop(60)
    assert len(world.calls) == calls
    writer.stop()
    # what was committed is whole: no place is ahead of its records
    with Recording.open(tmp_path / "race.pitwall") as again:
        assert set(again.checkpoints()) <= set(world.shards)
