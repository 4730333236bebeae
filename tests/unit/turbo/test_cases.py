"""Cases 37 to 84, as far as they are the hand-over's or the recording's.

Each is named after its number in the list of what went wrong in other consumers; 71 to 73 and 83
are among the tests of the follower.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pitwall.cloud import chunk_item, head_item
from pitwall.cloud.items import kind_of, parse_chunk, parse_head
from pitwall.store import Batch, Source
from pitwall.stream import (
    Decoded,
    DynamoSource,
    InlinePool,
    Pace,
    Reader,
    Record,
    ServerClock,
    StreamSource,
    features_of,
)
from pitwall.telemetry import Failure, Head
from pitwall.turbo import ObjectInfo, Phase, make_follower
from tests.simulation.service import SimulatedDynamoStreams, SimulatedTable
from tests.unit.stream.rig import SECOND, START, VirtualTime, World
from tests.unit.turbo.rig import (
    SESSION,
    Joined,
    Race,
    Recorder,
    chunk_of,
    joined_after,
    series_of,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "race.pitwall"


def head_of(car: str, n: int, t_us: int, ended: bool = False) -> Head:
    return Head(SESSION.key, car, "e1", START, t_us, 1, {"driver": n}, ended)


def decode(record: Record) -> Decoded:
    return parse_chunk(record.body) if kind_of(record.body) == "c" else parse_head(record.body)


class Followed:
    """A stream that is read into a recording, without archive and repair."""

    def __init__(self, path: Path, time: VirtualTime) -> None:
        self.time = time
        self.recorder = Recorder(path)

    def reader(self, source: StreamSource, pace: Pace | None = None) -> Reader:
        return Reader(
            source,
            self.recorder,
            decode,
            listing=source.describe(),
            anchor_us=None,
            saved=self.recorder.recording.checkpoints(),
            server=ServerClock(self.time),
            time=self.time,
            pool=InlinePool(8),
            rng=random.Random(1),
            on_event=lambda name, details: None,
            pace=pace,
        )

    def run(self, seconds: float, *readers: Reader) -> None:
        end = self.time.mono + seconds
        while self.time.mono < end:
            pause = min(reader.step() for reader in readers)
            self.recorder.apply()
            self.time.advance(min(max(pause, 0.01), 0.25))

    @property
    def ledger(self) -> Any:
        return self.recorder.store.ledger()


class OfATable(Followed):
    """As above, from a table of the simulated service."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, VirtualTime())
        self.client = SimulatedDynamoStreams(self.time.now_us)
        self.table = SimulatedTable(self.time.now_us, self.client)

    def source(self) -> DynamoSource:
        return DynamoSource(
            self.client,
            self.table.stream.name,
            features=features_of(self.client),
            server=ServerClock(self.time),
            time=self.time,
        )


def test_case_54_the_archive_takes_longer_than_the_stream_keeps(path: Path) -> None:
    """The backfill took more than a day, and its place in the stream was gone (spiceai#10582,
    data-prepper#7150)."""
    race = Race(("1",), shards=1)
    race.advance(600)
    loading: list[int] = []

    def slowly() -> None:
        if loading:
            return
        race.advance(60)
        loading.append(race.cars["1"].n)
        race.time.advance(25 * 3600)
        race.world.trim(race.world.open_ids[0], 10**6)
        race._next_write = race._next_flush = race.time.wall + SECOND

    race.bucket.on_get = slowly
    joined = Joined(race, path)
    joined.follow(120)
    assert loading
    first = joined.names()
    race.writing = False
    joined.close()
    joined = Joined(race, path)
    joined.follow(15)
    ledger = joined.store.ledger()
    assert joined.missing() == {}
    assert ledger.complete
    # what the archive did not have yet came from the table, and that is said
    assert ledger.repaired >= 60
    assert "repaired" in first


def test_case_58_two_readers_of_one_recording(path: Path) -> None:
    """Two owners of a shard overlapped until the loser noticed (KCL#108, #380, #537)."""
    time = VirtualTime()
    world = World(time, 2)
    followed = Followed(path, time)
    written = []

    def write(numbers: range) -> None:
        for n in numbers:
            for car in ("1", "2"):
                segment = chunk_of(car, n, START + n * SECOND)
                world.put(chunk_item(segment), car)
                written.append((segment.series, n))

    write(range(1, 21))
    one = followed.reader(world, Pace(limit=7))
    followed.run(0.1, one)
    # the second begins where the first had got to on disk, while a page of it is under way
    one.step()
    two = followed.reader(world, Pace(limit=5))
    for at in range(4):
        write(range(21 + at * 10, 31 + at * 10))
        world.rotate(at % 2)
        followed.run(1.5, one, two)
    for car in ("1", "2"):
        world.put(head_item(head_of(car, 60, time.wall)), car)
    followed.run(5, one, two)
    ledger = followed.ledger
    assert ledger.applied == ledger.expected == len(written) == 120
    assert ledger.complete
    assert ledger.conflicts == 0
    assert sum(ledger.duplicates_by_source.values()) > 40


@pytest.mark.parametrize("restart", [False, True])
def test_case_63_of_two_versions_the_producers_own_decides(path: Path, restart: bool) -> None:
    """Versions were a second and a counter that began anew at a restart, so that the newer of two
    lost (data-prepper)."""
    heads = [head_of("1", n, START + t * SECOND) for n, t in ((5, 1), (9, 2), (9, 1), (7, 2))]
    for i, order in enumerate(permutations(heads)):
        target = path.with_name(f"{i}.pitwall")
        recorder = Recorder(target)
        for at, head in enumerate(order):
            recorder.submit(Batch(Source.STREAM, heads=(head,), received_us=START))
            recorder.apply()
            if restart and at == 1:
                recorder.recording.close()
                recorder = Recorder(target)
        [(key, kept)] = recorder.store.heads().items()
        assert key == ("1", "e1")
        assert kept.n == {"driver": 9}
        assert kept.t == START + 2 * SECOND
        recorder.recording.close()


def test_case_70_one_odd_page_does_not_bring_the_archive_back(path: Path) -> None:
    """Lag rose to 24 hours for one page (KCL#158): no reason to begin again with the archive."""
    race = Race()
    joined = joined_after(race, path, 300)
    odd: list[float] = []

    def disturb() -> None:
        if joined.live() and race.time.mono > joined.deadline - 40 and not odd:
            odd.append(race.time.mono)
            for t_us in (race.time.wall - 24 * 3600 * SECOND, race.time.wall + 3600 * SECOND):
                item = head_item(head_of("1", 1, t_us))
                race.world.put(item, item["pk"]["S"] + item["sk"]["S"])

    joined.on_slice = disturb
    phases: set[Phase] = set()
    slices = joined.on_slice

    def watch() -> None:
        slices()
        if odd and race.time.mono > odd[0] + 3:
            phases.add(joined.status.phase)

    joined.on_slice = watch
    gets = len(race.bucket.gets)
    joined.follow(80)
    assert odd
    assert joined.names().count("archive") == 1
    assert len(race.bucket.gets) > gets
    assert phases <= {Phase.LIVE, Phase.STOPPED}


@pytest.mark.parametrize("first", [Source.STREAM, Source.ARCHIVE])
def test_case_74_what_came_later_never_overwrites_what_is_here(path: Path, first: Source) -> None:
    """Rows of the snapshot overwrote newer changes (debezium-server-iceberg#544,
    materialize#14211)."""
    sources = [first, Source.ARCHIVE if first is Source.STREAM else Source.STREAM]
    segments = [chunk_of("1", 5, START, salt=salt) for salt in (1, 2)]
    recorder = Recorder(path)
    for source, segment in zip(sources, segments, strict=True):
        recorder.submit(Batch(source, (segment,), received_us=START))
        recorder.apply()
    columns = recorder.store.columns("1", "driver")
    assert columns is not None
    [row] = recorder.recording.read_segments(series_of("1"))
    assert row.segment.payload == segments[0].payload
    assert recorder.store.ledger().conflicts == 1
    [conflict] = recorder.recording.conflicts()
    assert conflict.n == 5
    recorder.recording.close()


def test_case_75_objects_of_one_second_are_all_read(path: Path) -> None:
    """Objects with an equal lastModified were skipped (data-prepper#4124)."""
    race = Race()
    race.advance(300)
    [*waiting], race.pending = race.pending, []
    keys = []
    for i in range(3):
        race.pending = waiting[i::3]
        keys.append(race.flush_archive(due_us=race.time.wall + 3600 * SECOND))
    assert len({race.bucket.objects[key][1] for key in keys}) == 1
    everything = race.bucket.list
    race.bucket.list = lambda prefix: [  # type: ignore[method-assign]
        ObjectInfo(info.key, 1000, "one tag") for info in everything(prefix)
    ]
    race.skip_stream = lambda series, n: True
    race.world.trim(race.world.open_ids[0], 10**6)
    race.world.trim(race.world.open_ids[1], 10**6)
    race.writing = False
    race.table.items.clear()
    joined = Joined(race, path)
    joined.follow(20, joined.live)
    assert set(keys) <= set(race.bucket.gets)
    ledger = joined.store.ledger()
    assert ledger.by_source[Source.ARCHIVE] == ledger.applied == len(race.written)


def test_case_80_a_write_that_changes_nothing_is_not_missed(path: Path) -> None:
    """Writing an item as it was leaves no record, so that writes are not what is counted."""
    of = OfATable(path)
    reader = of.reader(of.source())
    records = 0
    for n in range(1, 41):
        item = chunk_item(chunk_of("1", n, START + n * SECOND))
        records += of.table.write(item) is not None
        # the producer was not told that it had been written, and writes it again
        for _ in range(n % 3):
            records += of.table.write(item) is not None
        if n % 4 == 0:
            # by another way, with an attribute more: a record more, of the same chunk
            records += of.table.write(item | {"x": {"S": "1"}}) is not None
        of.table.write(head_item(head_of("1", n, of.time.wall)))
        of.run(0.3, reader)
    of.run(3, reader)
    assert records == 50
    ledger = of.ledger
    assert ledger.applied == ledger.expected == 40
    assert ledger.complete
    assert ledger.duplicates_by_source[Source.STREAM] == 10
    assert ledger.conflicts == 0


@pytest.mark.parametrize("by_age", [True, False])
def test_case_81_laps_that_the_table_forgets_stay_in_the_recording(
    path: Path, by_age: bool
) -> None:
    """Items that outlive their time arrive as removals by the service itself."""
    of = OfATable(path)
    items = [chunk_item(chunk_of("1", n, START + n * SECOND)) for n in range(1, 11)]
    for item in items:
        of.table.write(item)
    of.table.write(head_item(head_of("1", 10, of.time.wall)))
    reader = of.reader(of.source())
    of.run(2, reader)
    before = of.ledger
    assert before.complete
    for item in items[:7]:
        assert of.table.delete(item, by_age=by_age) is not None
    of.run(3, reader)
    assert reader.status.records == 18
    assert of.ledger.applied == 10
    assert of.ledger.complete
    assert of.ledger.quarantined == 0
    assert (
        sum(row.segment.chunks for row in of.recorder.recording.read_segments(series_of("1"))) == 10
    )


def test_case_86_what_clients_find_out_is_an_event(path: Path) -> None:
    """The account's own endpoint was blocked, and nobody was told why nothing came."""
    recorder = Recorder(path)
    clients = SimpleNamespace(on_notice=None)
    events: list[tuple[str, Any]] = []
    make_follower(
        clients,
        "table",
        "",
        SESSION,
        recorder.recording,
        recorder.store,
        recorder,
        lambda name, details: events.append((name, details)),
    )
    clients.on_notice("blocked")
    assert events == [("endpoint", {"reason": "blocked"})]
    recorder.recording.close()


@pytest.mark.parametrize("slack", [lambda n: n == 1, lambda n: n <= 3])
def test_case_82_joining_at_the_first_record_loses_none(
    path: Path, slack: Callable[[int], bool]
) -> None:
    """The write right after LATEST is sometimes missed by the service itself (scylladb)."""
    race = Race(("1",), shards=1)
    race.flaws.lose = lambda series, n: slack(n)
    joined = Joined(race, path)
    joined.follow(40)
    race.writing = False
    joined.close()
    joined = Joined(race, path)
    joined.follow(10)
    assert joined.missing() == {}
    assert joined.store.ledger().by_source[Source.STREAM] == race.cars["1"].n


def test_a_full_disk_ends_the_following_and_says_so(path: Path) -> None:
    race = Race()
    joined = joined_after(race, path, 120)

    def fill() -> None:
        if joined.live():
            joined.recorder.failure = Failure("race.pitwall: the disk is full")

    submit = joined.recorder.submit

    def full(batch: Batch, timeout_s: float = 30.0) -> None:
        if joined.recorder.failure is not None:
            raise joined.recorder.failure
        submit(batch, timeout_s)

    joined.recorder.submit = full  # type: ignore[method-assign]
    joined.on_slice = fill
    joined.follow(60)
    assert joined.status.phase is Phase.FAILED
    assert "disk is full" in joined.status.message
    assert joined.names()[-1] == "failed"
