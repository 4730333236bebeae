"""Publishing through the spool: outages, restarts and kills, with order and identity kept."""

from __future__ import annotations

import dataclasses
import math
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pitwall.cloud import (
    PublishReport,
    bundle_name,
    parse_bundle,
    parse_catalog,
    parse_chunk,
    parse_head,
    parse_sealed,
    publish,
)
from pitwall.cloud.spool import Spool
from pitwall.telemetry import Failure, Segment
from tests.unit.cloud import strategies as made
from tests.unit.cloud.fakes import (
    EndpointConnectionError,
    FakeBucket,
    FakeClients,
    FakeTable,
    FakeTime,
    Throttled,
)
from tests.unit.cloud.test_publisher import check_sealed

CHUNKS, _ = made.field(2, 30.0, 5.0)
ALL = {(c.series, c.n_lo): c for c in CHUNKS}
KEY = made.SESSION.key


class Killed(BaseException):
    """The process is gone: nothing of ours may catch it."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "car.spool"


def run(
    clients: FakeClients, spool: Spool, chunks: list[Segment] = CHUNKS, **more: Any
) -> PublishReport:
    time = more.pop("time", None) or FakeTime()
    options = {"speed": math.inf, "now_us": time.now_us, "wait": time.wait, **more}
    return publish(iter(chunks), made.SESSION, clients, "table", "bucket", spool=spool, **options)


def killed(spool: Spool) -> None:
    """As the system leaves it: the connection and the lock are gone, nothing was tidied up."""
    spool._db.close()
    spool._lock.release()


def check_all(clients: FakeClients, chunks: list[Segment] = CHUNKS) -> None:
    """Every chunk is in the table under its identity, each first came in order, and the heads never
    stated what was not there."""
    newest: dict[Any, int] = {}
    for item in clients.dynamodb.log:
        kind = item["k"]["S"]
        if kind == "c":
            chunk = parse_chunk(item)
            assert chunk == ALL[chunk.series, chunk.n_lo]
            name = (chunk.series.car, chunk.series.group)
            assert chunk.n_lo <= newest.get(name, 0) + 1, "order within the series"
            newest[name] = max(newest.get(name, 0), chunk.n_lo)
        elif kind == "h":
            head = parse_head(item)
            for group, n in head.n.items():
                assert n <= newest.get((head.car, group), 0), "ahead of the chunks"
    there = {item["sk"]["S"] + item["pk"]["S"] for item in clients.dynamodb.kind("c")}
    assert len(there) == len(chunks)
    heads = [parse_head(i) for i in clients.dynamodb.items.values() if i["k"]["S"] == "h"]
    assert {head.ended for head in heads} == {True}
    assert sum(n for head in heads for n in head.n.values()) == len(chunks)
    check_sealed(clients, chunks)


def test_all_is_well(path: Path) -> None:
    clients = FakeClients()
    spool = Spool(path, KEY)
    report = run(clients, spool)
    assert (report.chunks, report.waiting, report.stopped) == (len(CHUNKS), 0, False)
    check_all(clients)
    assert list(spool.kept()) == []
    spool.close()


def test_the_source_goes_on_while_the_table_is_away(path: Path) -> None:
    """Ten minutes are far beyond what a publisher without a spool waits."""
    clients = FakeClients()
    time = FakeTime()
    spool = Spool(path, KEY)
    asked: list[int] = []
    began = time.us

    def mood(count: int) -> set[int]:
        if began + 5_000_000 < time.us < began + 605_000_000:
            raise EndpointConnectionError
        return set()

    clients.dynamodb.moods = mood

    def source() -> Iterator[Segment]:
        for chunk in CHUNKS:
            asked.append(time.us)
            yield chunk

    report = publish(
        source(), made.SESSION, clients, "table", "bucket", spool=spool, speed=1.0,
        now_us=time.now_us, wait=time.wait,
    )  # fmt: skip
    assert report.chunks == len(CHUNKS)
    assert report.failed > 10
    assert asked[-1] - began < 40_000_000, "the source did not wait for the table"
    check_all(clients)
    spool.close()


def test_it_is_said_once_why_a_table_takes_nothing(path: Path) -> None:
    clients = FakeClients()
    time = FakeTime()
    began = time.us
    told: list[str] = []

    def mood(count: int) -> set[int]:
        at = (time.us - began) / 1e6
        if 2 < at < 3 or 5 < at < 25:  # a second alone is nobody's business
            raise EndpointConnectionError
        return set(range(count)) if 25 <= at < 60 else set()

    clients.dynamodb.moods = mood
    spool = Spool(path, KEY)
    run(clients, spool, speed=1.0, time=time, on_notice=told.append)
    assert told == [
        "nothing is taken: cannot reach http://127.0.0.1:1/: check the network, the region and "
        "--endpoint-url",
        "nothing is taken: table table: takes none of a batch (throttled)",
    ]
    check_all(clients)
    spool.close()


@pytest.mark.parametrize("seed", range(16))
def test_killed_at_any_call_and_run_again(path: Path, seed: int) -> None:
    rng = random.Random(seed)
    clients = FakeClients()
    for death in [*(rng.randint(0, 60) for _ in range(rng.randint(1, 5))), None]:
        calls = 0

        def mood(count: int, death: int | None = death) -> set[int]:
            nonlocal calls
            calls += 1
            if death is not None and calls > death:
                raise Killed
            return {i for i in range(count) if rng.random() < 0.2}

        clients.dynamodb.moods = mood
        spool = Spool(path, KEY)
        try:
            run(clients, spool)
        except Killed:
            killed(spool)
        else:
            spool.close()
    check_all(clients)


@pytest.mark.parametrize("what", ["object", "catalog", "item"])
def test_killed_while_a_lap_is_being_sealed(path: Path, what: str) -> None:
    """The sealer stands still from here on, as a process that is gone does: what it had not come to
    is done by the next one."""
    clients = FakeClients()
    gone = threading.Event()
    put_item, put_object = clients.dynamodb.put_item, clients.s3.put_object

    def at(kind: str, go_on: Callable[[], Any]) -> Any:
        if threading.current_thread().name == "pitwall-sealer":
            if kind == what and len(clients.dynamodb.kind("s")) > 3:
                gone.set()
            if gone.is_set():
                raise Throttled("AccessDenied", 403)
        return go_on()

    def item(TableName: str, Item: dict[str, Any]) -> Any:
        kind = {"s": "item", "l": "catalog"}.get(Item["k"]["S"], "")
        return at(kind, lambda: put_item(TableName, Item))

    def thing(Bucket: str, Key: str, Body: bytes) -> Any:
        return at("object", lambda: put_object(Bucket, Key, Body))

    clients.dynamodb.put_item = item  # type: ignore[method-assign]
    clients.s3.put_object = thing  # type: ignore[method-assign]
    spool = Spool(path, KEY)
    forgotten = spool.sealed
    spool.sealed = lambda entry: None if gone.is_set() else forgotten(entry)  # type: ignore[method-assign]
    run(clients, spool)
    assert gone.is_set()
    killed(spool)
    clients.dynamodb.put_item = put_item  # type: ignore[method-assign]
    clients.s3.put_object = put_object  # type: ignore[method-assign]
    again = Spool(path, KEY)
    report = run(clients, again)
    assert report.known > 0
    check_all(clients)
    again.close()


def returning(lap: int, at: float) -> list[Segment]:
    """The field of one car, where a second of ``lap`` is told again at ``at`` seconds."""
    chunks = [c for c in CHUNKS if c.series.car == "1"]
    t = made.SESSION.started_us + round(at * 1e6)
    return [dataclasses.replace(c, lap=lap) if t <= c.t_lo < t + 1_000_000 else c for c in chunks]


@pytest.mark.parametrize("restart", [False, True])
def test_two_late_chunks_in_a_row(path: Path, restart: bool) -> None:
    """Lap 1 is over at 10 s, goes on at 22 s and again at 26 s; with a restart before each."""
    first = returning(1, 22.0)
    second = {(c.series, c.n_lo) for c in returning(1, 26.0) if c.lap == 1}
    chunks = [dataclasses.replace(c, lap=1) if (c.series, c.n_lo) in second else c for c in first]
    clients = FakeClients()
    cuts = [21.0, 24.5, 99.0] if restart else [99.0]
    for cut in cuts:
        spool = Spool(path, KEY)
        until = made.SESSION.started_us + round(cut * 1e6)
        mine = [c for c in chunks if c.t_hi < until]
        run(clients, spool, mine, end=cut == 99.0, speed=50.0)
        if cut == 99.0:
            spool.close()
        else:
            killed(spool)
    items = clients.dynamodb.items.values()
    entries = {(e.car, e.lap): e for e in (parse_catalog(i) for i in items if i["k"]["S"] == "l")}
    assert entries["1", 1].version == 3
    assert entries["1", 1].sealed
    for name, runs in entries["1", 1].ranges.items():
        mine = [c.n_lo for c in chunks if c.lap == 1 and (c.series.group, c.series.epoch) == name]
        assert [n for lo, hi in runs for n in range(lo, hi + 1)] == mine
    versions = {
        (parse_sealed(i).n_lo, parse_sealed(i).series.group): int(i["v"]["N"])
        for i in items
        if i["k"]["S"] == "s" and parse_sealed(i).lap == 1
    }
    assert sorted(versions.values()) == [1, 1, 2, 2, 3, 3]
    # what turbo reads: the newest version of each part of the lap, or its block and what is late
    from pitwall.turbo import ObjectInfo
    from pitwall.turbo.choose import newest_laps

    infos = [ObjectInfo(key, len(body), "") for key, body in clients.s3.objects.items()]
    read = [
        segment
        for info in newest_laps(KEY, infos)
        for segment in parse_bundle(clients.s3.objects[info.key]).segments
        if segment.lap == 1
    ]
    got = {(s.series.group, n) for s in read for n in range(s.n_lo, s.n_hi + 1)}
    assert got == {(c.series.group, c.n_lo) for c in chunks if c.lap == 1}
    names = [bundle_name(KEY, info.key) for info in infos]
    assert max(n.version for n in names if n and n.first == n.last == 1) == 3


def test_a_full_spool_makes_the_source_wait(path: Path) -> None:
    size = sum(len(c.payload) + 96 for c in CHUNKS)
    clients = FakeClients()
    time = FakeTime()
    spool = Spool(path, KEY, limit_bytes=size // 4)
    began = time.us
    told: list[str] = []
    most = 0

    def mood(count: int) -> set[int]:
        nonlocal most
        most = max(most, spool.waiting)
        if began + 2_000_000 < time.us < began + 200_000_000:
            raise Throttled
        return set()

    clients.dynamodb.moods = mood
    report = run(clients, spool, speed=1.0, time=time, on_notice=told.append)
    assert report.chunks == len(CHUNKS)
    assert most < len(CHUNKS) / 3
    told = [line for line in told if line.startswith("spool")]
    assert "is full" in told[0]
    assert "the source waits" in told[0]
    assert "room again" in told[1]
    check_all(clients)
    spool.close()


def test_a_car_that_cannot_wait_is_refused_and_told(path: Path) -> None:
    size = sum(len(c.payload) + 96 for c in CHUNKS)
    clients = FakeClients()
    time = FakeTime()
    spool = Spool(path, KEY, limit_bytes=size // 4)
    began = time.us

    def mood(count: int) -> set[int]:
        if time.us > began + 2_000_000:
            raise Throttled
        return set()

    clients.dynamodb.moods = mood
    with pytest.raises(Failure, match=r"is full: \d+ chunks wait .* no more are accepted"):
        run(clients, spool, speed=1.0, time=time, refuse=True)
    accepted = spool.waiting
    spool.close()
    # what was accepted goes out with the next run, and what comes after it follows
    clients.dynamodb.moods = lambda count: set()
    spool = Spool(path, KEY, limit_bytes=size)
    assert spool.waiting == accepted
    run(clients, spool)
    check_all(clients)
    spool.close()


def test_a_table_that_never_answered_is_given_up(path: Path) -> None:
    clients = FakeClients(FakeTable(lambda count: set(range(25))))
    spool = Spool(path, KEY)
    with pytest.raises(Failure, match="took nothing for 12[0-9] s"):
        run(clients, spool, speed=1.0)
    spool.close()


def test_stopped_while_the_table_is_away(path: Path) -> None:
    clients = FakeClients()
    time = FakeTime()
    stop = threading.Event()
    spool = Spool(path, KEY)
    began = time.us

    def mood(count: int) -> set[int]:
        if time.us > began + 3_000_000:
            if time.us > began + 9_000_000:
                stop.set()
            raise EndpointConnectionError
        return set()

    clients.dynamodb.moods = mood
    report = run(clients, spool, speed=1.0, time=time, stop=stop)
    assert report.stopped
    assert report.waiting > 30
    spool.close()
    clients.dynamodb.moods = lambda count: set()
    spool = Spool(path, KEY)
    report = run(clients, spool)
    assert report.chunks + report.known >= len(CHUNKS) - 80
    check_all(clients)
    spool.close()


def test_a_run_that_was_done_is_done_again_without_writing_chunks(path: Path) -> None:
    clients = FakeClients()
    spool = Spool(path, KEY)
    run(clients, spool)
    spool.close()
    before = len(clients.dynamodb.kind("c"))
    again = Spool(path, KEY)
    report = run(clients, again)
    assert report.chunks == 0
    assert len(clients.dynamodb.kind("c")) == before
    check_all(clients)
    again.close()


def test_a_lap_that_could_not_be_kept_is_not_sealed_in_part(path: Path) -> None:
    size = sum(len(c.payload) + 96 for c in CHUNKS)
    clients = FakeClients()
    spool = Spool(path, KEY, limit_bytes=size // 10)
    long_lap = [c for c in CHUNKS if c.series.car == "1"]
    long_lap = [dataclasses.replace(c, lap=0) for c in long_lap]
    run(clients, spool, long_lap[: len(long_lap) // 2], end=False)
    killed(spool)
    again = Spool(path, KEY, limit_bytes=size // 10)
    report = run(clients, again, long_lap)
    assert report.unsealed
    assert "pitwall cloud seal" in report.message
    assert clients.dynamodb.kind("s") == []
    again.close()


def test_what_a_bucket_refused_is_sealed_by_the_next_run(path: Path) -> None:
    refuses = [True]

    def fault(key: str) -> None:
        if refuses:
            raise Throttled("AccessDenied", 403)

    clients = FakeClients(bucket=FakeBucket(fault))
    spool = Spool(path, KEY)
    report = run(clients, spool)
    assert (report.laps, report.unsealed) == (0, len({(c.series.car, c.lap) for c in CHUNKS}))
    assert len(list(spool.kept())) == len(CHUNKS)
    spool.close()
    refuses.clear()
    again = Spool(path, KEY)
    report = run(clients, again)
    assert (report.chunks, report.unsealed) == (0, 0)
    assert list(again.kept()) == []
    check_all(clients)
    again.close()


def test_a_bucket_that_refuses_does_not_keep_more_than_the_limit(path: Path) -> None:
    def fault(key: str) -> None:
        raise Throttled("AccessDenied", 403)

    size = sum(len(c.payload) + 96 for c in CHUNKS)
    spool = Spool(path, KEY, limit_bytes=size // 4)
    run(FakeClients(bucket=FakeBucket(fault)), spool)
    assert sum(len(c.payload) + 96 for c in spool.kept()) <= size // 4
    spool.close()
