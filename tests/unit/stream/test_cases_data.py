"""Cases 64 to 87, as far as they are the stream's: numbers, times, load.

Each is named after its number in the list of what went wrong in other consumers.
"""

from __future__ import annotations

import gc
import random
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from pitwall.stream import Expired, Pace, Page, Record, Throttled
from tests.simulation.service import Request
from tests.unit.stream.rig import SECOND, Rig, World, head, made, put
from tests.unit.stream.wire import Wire, body_of


@pytest.fixture
def zoned(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Puts this process into a time zone, and back in the end."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change a process's time zone")

    def move(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


def test_case_64_sequence_numbers_that_grow_a_digit() -> None:
    """Numbers were sorted as text (bloop 1.0)."""
    rig = Rig(pace=Pace(limit=2))
    rig.world.sequence = 10**21 - 30
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
    """Numbers that are none were an error (scylladb#7158)."""
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
            page = super().read(iterator, limit)
            records = tuple(
                Record(opaque[r.sequence], r.created_us, r.body, r.whole) for r in page.records
            )
            return Page(records, page.next_iterator)

    rig.start(source=Opaque())
    rig.run(1)
    rig.world.fail("read", "", lambda: Expired("expired"))
    rig.run(2)
    assert rig.applied() == [1, 2, 3]
    assert len(shard.records) == 3


@pytest.mark.parametrize("kinesis", [False, True])
def test_case_66_jumps_in_the_numbers_are_no_gaps(kinesis: bool) -> None:
    """Sequence numbers were expected to rise by one (aws-sdk-java#1798)."""
    wire = Wire(kinesis=kinesis, step=10**9)
    for n in range(1, 30):
        wire.put(range(n, n + 1))
        if n == 1:
            wire.start()
        wire.run(0.5)
    assert wire.reader is not None
    assert wire.applied() == list(range(1, 30))
    assert wire.reader.status.gap_count == 0
    assert wire.names() == []


def test_case_67_an_idle_stream_is_idle_and_not_late() -> None:
    """On an idle stream the lag grew (druid#11005, spark-sql-kinesis-connector#49)."""
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


@pytest.mark.parametrize("minutes", [-7, 0, 7])
def test_case_68_lag_is_right_whatever_this_machines_clock_says(minutes: int) -> None:
    """Lag was this machine's clock minus a rounded time: unusable (adapter#5)."""
    truth = Wire(clock_ahead_s=60 * minutes)
    now_us = truth.client.clock
    truth.decode = lambda record: head(int(record.body["n"]["N"]), int(record.body["t"]["N"]))
    reader = truth.start()
    for n in range(1, 40):
        late_s = 4 if n > 20 else 0
        truth.table.write(
            {
                "pk": {"S": "head"},
                "sk": {"S": "7"},
                "n": {"N": str(n)},
                "t": {"N": str(now_us() - late_s * SECOND)},
            }
        )
        truth.run(1)
        if n in (20, 39):
            lag = reader.status.lag_us
            assert lag is not None
            assert late_s * SECOND <= lag + SECOND // 2
            assert lag < late_s * SECOND + 1.5 * SECOND
    offset = reader.status.clock_offset_us
    assert offset is not None
    assert abs(offset + 60 * minutes * SECOND) < SECOND
    assert reader.status.gap_count == 0


@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Australia/Lord_Howe"])
def test_case_69_the_clock_is_put_back_an_hour(zone: str, zoned: Callable[[str], None]) -> None:
    """Naive local times went wrong when daylight saving ended."""
    zoned(zone)
    # 2026-11-01 06:00 UTC: in New York 02:00 becomes 01:00
    change = 1_793_512_800 * SECOND
    wire = Wire()
    wire.time.wall = change - 1800 * SECOND
    wire.put(range(1, 4))
    wire.time.advance(600)
    began = wire.time.wall
    wire.put(range(4, 6))
    wire.start(began - 5 * SECOND)
    wire.run(5)
    wire.client.expired_before_us = wire.time.wall
    wire.time.advance(3000)
    wire.put(range(6, 8))
    wire.run(5)
    # and with nothing read since, by time across the change
    wire.start(began - 5 * SECOND)
    wire.run(5)
    assert wire.applied() == [4, 5, 6, 7]
    assert wire.names() in ([], ["resumed"])


def test_case_70_one_head_that_is_off_does_not_move_the_lag() -> None:
    """Lag rose to 24 hours for one page (KCL#158)."""
    rig = Rig()
    rig.start()
    assert rig.reader is not None
    for n in range(1, 30):
        rig.world.put(head(n, rig.time.wall))
        if n == 10:
            rig.world.put(head(n, rig.time.wall - 24 * 3600 * SECOND))
        if n == 20:
            rig.world.put(head(n, rig.time.wall + 3600 * SECOND))
        rig.run(1)
        lag = rig.reader.status.lag_us
        assert lag is not None
        assert lag < 2 * SECOND
    # the head from the future must not hide what comes after it
    rig.world.fail("read", "", lambda: Throttled("slow down"), 6)
    rig.world.put(head(30, rig.time.wall))
    rig.run(30)
    lag = rig.reader.status.lag_us
    assert lag is not None
    assert lag > SECOND


@pytest.mark.parametrize("step_s", [-40, 40])
def test_case_70_a_producers_clock_that_is_set_is_no_lag(step_s: int) -> None:
    """As above, for a clock that steps during the race and stays so."""
    rig = Rig()
    rig.start()
    assert rig.reader is not None
    for n in range(1, 60):
        off = step_s * SECOND if n > 20 else 0
        rig.world.put(head(n, rig.time.wall + off))
        rig.run(1)
        lag = rig.reader.status.lag_us
        assert lag is not None
        assert lag < 2 * SECOND, n
    # and after it, what is late is seen to be late
    rig.world.fail("read", "", lambda: Throttled("slow down"), 6)
    rig.world.put(head(60, rig.time.wall + step_s * SECOND))
    rig.run(30)
    assert rig.reader.status.lag_us is not None
    assert rig.reader.status.lag_us > SECOND


def test_case_77_six_hours_leave_nothing_behind() -> None:
    """Performance decayed after hours (boto3#3016). The short form: six hours of a virtual
    clock."""
    rig = Rig(2, pace=Pace(poll=1.0, idle=4.0))
    rig.start()
    n = 0
    sizes: list[tuple[int, int, int]] = []
    for quarter in range(24):
        if quarter % 8 == 4:
            rig.world.rotate(0)
            rig.world.rotate(1)
        for _ in range(15):
            n += 1
            for slot in (0, 1):
                rig.world.put(made(n, str(slot)), slot)
            rig.world.put(head(n, rig.time.wall))
            end = rig.time.mono + 60
            while rig.time.mono < end:
                assert rig.reader is not None
                rig.time.advance(min(max(rig.reader.step(), 2.0), 4.0))
        assert rig.applied("0")[-1] == n
        # what the test itself keeps is not the reader's
        rig.sink.committed.clear()
        rig.world.calls.clear()
        for shard in rig.world.shards.values():
            rig.world.trim(shard.id, len(shard.records))
        if quarter % 4 != 3:
            continue
        gc.collect()
        tree = rig.reader._tree
        kept = len(tree.shards) + len(tree.seeks) + len(tree.lineage.nodes)
        sizes.append((len(gc.get_objects()), threading.active_count(), kept))
    objects = [size[0] for size in sizes]
    assert max(objects[3:]) - max(objects[:3]) < 500, objects
    assert sizes[-1][1] == sizes[0][1]
    assert max(size[2] for size in sizes) <= 2 * (2 + 6)
    assert rig.names().count("rotation") == 6


def test_case_81_what_the_table_forgets_stays_here() -> None:
    """Items that outlive their time arrive as removals by the service itself."""
    wire = Wire()
    wire.put(range(1, 6))
    wire.start()
    wire.run(2)
    for n in range(1, 4):
        wire.table.delete(body_of(n), by_age=True)
    wire.table.delete(body_of(4))
    wire.put(range(6, 8))
    wire.run(2)
    assert wire.applied() == [1, 2, 3, 4, 5, 6, 7]
    assert not [q for b in wire.sink.committed for q in b.quarantined]
    assert wire.reader is not None
    assert wire.reader.status.records == 11


@pytest.mark.parametrize("slack_s", [0.0, 0.4, 3.0])
def test_case_82_what_is_written_right_after_the_start_is_there(slack_s: float) -> None:
    """The write right after LATEST is sometimes missed by the service itself (scylladb)."""
    wire = Wire()
    wire.put(range(1, 3))
    wire.time.advance(60)

    def skip(request: Request) -> None:
        # a service whose LATEST settles only some time after it was asked for
        if request.operation == "GetShardIterator" and request.detail == "LATEST":
            wire.put(range(100, 101))

    wire.on_call = skip
    wire.start(wire.time.wall - 5 * SECOND)
    wire.put(range(3, 4))
    wire.run(0.01)
    wire.time.advance(slack_s)
    wire.put(range(4, 6))
    wire.run(10)
    assert wire.applied() == [3, 4, 5]


def test_case_84_the_last_version_of_everything_wins_over_five_rotations() -> None:
    """Without lineage, an item's changes arrived reversed across a rotation (redpanda)."""
    rig = Rig(2, pace=Pace(limit=50))
    table: dict[str, int] = {}
    rng = random.Random(5)
    writes = [str(i) for i in range(1000) for _ in range(3)]
    rng.shuffle(writes)
    rig.start()
    for at, item in enumerate(writes):
        table[item] = table.get(item, 0) + 1
        rig.world.put(head(table[item], rig.time.wall, item), item)
        if at % 600 == 599:
            for slot in (0, 1):
                rig.world.rotate(slot, delay_s=rng.choice((0.0, 2.0)))
        if at % 20 == 0:
            rig.run(0.1)
    rig.run(60)
    seen: dict[str, list[int]] = {}
    for batch in rig.sink.committed:
        for each in batch.heads:
            seen.setdefault(each.car, []).append(each.n["driver"])
    assert {item: versions[-1] for item, versions in seen.items()} == table
    assert all(versions == [1, 2, 3] for versions in seen.values())


def test_case_85_the_same_records_in_every_time_zone(zoned: Callable[[str], None]) -> None:
    """Timestamps of local time without a zone opened shards hours off (async-kinesis-client)."""
    found = []
    for zone in ("America/Los_Angeles", "UTC", "Asia/Tokyo"):
        zoned(zone)
        wire = Wire()
        wire.put(range(1, 4))
        wire.time.advance(3600)
        wire.put(range(4, 6))
        wire.start(wire.time.wall - 60 * SECOND)
        wire.run(3)
        assert "AT_TIMESTAMP" in wire.kinds()
        found.append(wire.applied())
    assert found == [[4, 5]] * 3


def test_case_87_throttled_every_third_call_for_ten_minutes() -> None:
    """Two laptops beside the team's Lambda: the third reader of a shard is refused."""
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


def test_case_87_others_reading_the_stream_are_told_of_while_they_do() -> None:
    """Two laptops beside the team's Lambda: the third reader of a shard is refused."""
    rig = Rig()
    world = rig.world

    class Crowded(World):
        every = 0
        count = 0

        def __init__(self) -> None:
            self.__dict__.update(world.__dict__)

        def read(self, iterator: str, limit: int) -> Page:
            self.count += 1
            if self.every and self.count % self.every == 0:
                raise Throttled("LimitExceeded")
            return super().read(iterator, limit)

    source = Crowded()
    reader = rig.start(source=source)
    rig.run(60)
    assert reader.status.message == ""
    source.every = 3
    for n in range(1, 301):
        world.put(made(n))
        rig.run(2)
    assert rig.applied() == list(range(1, 301))
    assert rig.names().count("crowded") == 1
    assert "more programs read this stream" in reader.status.message
    source.every = 0
    rig.run(70)
    assert reader.status.message == ""
    assert rig.names().count("gap") == 0


def test_case_87_a_reader_that_is_refused_asks_less_often() -> None:
    """As above: reads that share a limit leave room to the others, and come back."""
    rig = Rig()
    rig.world.fail("read", "", lambda: Throttled("LimitExceeded"), 6)
    for n in range(1, 400):
        rig.world.put(made(n))
    rig.pace = Pace(limit=1)
    rig.start()
    rig.run(60)
    reads = [at for at, op, _ in rig.world.calls if op == "read"]
    after = reads[6:]
    assert after[1] - after[0] >= 0.5
    assert after[-1] - after[-2] <= 0.25
