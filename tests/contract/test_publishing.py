"""`pitwall publish` as a team uses it: processes, kills, throttling and a table that is away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pitwall.cloud import (
    Clients,
    list_sessions,
    make_clients,
    read_catalog,
    read_chunks,
    read_heads,
    read_sealed,
    sealed_keys,
)
from pitwall.cloud.access import Place, Scope, policy_for
from pitwall.cloud.local.process import StandIn
from pitwall.store import Batch, Recording, Source
from pitwall.telemetry import Head, Segment, Series, Session, decode_many
from pitwall.telemetry.clock import now_us
from tests.unit.cloud import strategies as made

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="kills by signal"),
]

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 24.0
CHUNKS, _ = made.field(4, SECONDS, 7.0)
ENVIRONMENT = {**os.environ, "AWS_MAX_ATTEMPTS": "1"}
"""What is tried again is the publisher's to decide here."""
CARS = sorted({c.series.car for c in CHUNKS})


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    with StandIn.start(firehose_interval_s=0.5, shards=3) as running:
        yield running


@pytest.fixture(scope="module")
def clients(stand_in: StandIn) -> Iterator[Clients]:
    made_clients = make_clients(stand_in.endpoint)
    yield made_clients
    made_clients.close()


def recording(folder: Path, *cars: str) -> Path:
    path = folder / f"{'-'.join(cars)}.pitwall"
    mine = [c for c in CHUNKS if c.series.car in cars]
    with Recording.create(path, made.SESSION) as out:
        out.apply(Batch(Source.IMPORT, tuple(mine)))
    return path


class Publisher:
    """One process of the program."""

    def __init__(
        self, stand_in: StandIn, path: Path, session: str, *more: str, who: str | None = None
    ) -> None:
        self.spool = path.parent / "spool"
        words = [
            *(sys.executable, "-m", "pitwall", "publish", str(path), "--session", session),
            *("--endpoint-url", stand_in.endpoint, "--spool", str(self.spool), "--json", *more),
        ]
        signed = {"AWS_ACCESS_KEY_ID": who, "AWS_SECRET_ACCESS_KEY": "x"} if who else {}
        self.process = subprocess.Popen(
            words,
            cwd=ROOT,
            env={**ENVIRONMENT, **signed},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def end(self, code: int = 0) -> dict[str, Any]:
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == code, err.decode()
        return json.loads(out) if out else {"error": err.decode()}  # type: ignore[no-any-return]

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=20)


def heads_of(stand_in: StandIn, clients: Clients, session: str) -> list[Head]:
    return read_heads(clients.dynamodb, stand_in.table, session)


def wait_for(stand_in: StandIn, clients: Clients, session: str, chunks: int) -> None:
    """Until heads state so many chunks; another process writes them."""
    end = time.monotonic() + 30
    while sum(sum(h.n.values()) for h in heads_of(stand_in, clients, session)) < chunks:
        assert time.monotonic() < end
        time.sleep(0.02)


def check(stand_in: StandIn, clients: Clients, session: str, cars: list[str]) -> Session:
    """Everything of ``cars`` is in the table once, in order, sealed, and is what was recorded."""
    client, table = clients.dynamodb, stand_in.table
    [described] = [s for s in list_sessions(client, table) if s.key == session]
    heads = heads_of(stand_in, clients, session)
    assert sorted(h.car for h in heads) == cars, "one producer for each car"
    assert all(h.ended for h in heads)
    shift = described.started_us - made.SESSION.started_us
    entries = read_catalog(client, table, session)
    assert all(entry.sealed for entry in entries)
    sealed, bad = read_sealed(client, table, sealed_keys(entries))
    assert bad == []
    wanted = {(c.series.car, c.series.group, c.n_lo): c for c in CHUNKS if c.series.car in cars}
    found: dict[Any, Segment] = {}
    for group, lap, car in sorted({(c.series.group, c.lap, c.series.car) for c in wanted.values()}):
        chunks, bad = read_chunks(client, table, session, group, lap, car, 0, 10**16)
        assert bad == []
        for chunk in chunks:
            name = (car, group, chunk.n_lo)
            assert name not in found, "a counter with two contents"
            found[name] = chunk
    assert found.keys() == wanted.keys()
    for name, chunk in found.items():
        assert (chunk.t_lo - shift, chunk.lap) == (wanted[name].t_lo, wanted[name].lap)
    for head in heads:
        assert all(h == max(n for c, g, n in wanted if (c, g) == (head.car, group))
                   for group, h in head.n.items())  # fmt: skip
    crcs = {(s.series.car, s.series.group, n): crc for s in sealed
            for n, crc in zip(range(s.n_lo, s.n_hi + 1), s.crcs, strict=True)}  # fmt: skip
    assert crcs == {name: chunk.crcs[0] for name, chunk in found.items()}
    ours, theirs = values(found.values()), values(wanted.values())
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[key], theirs[key]) for key in ours)
    return described


def values(chunks: Any) -> dict[tuple[str, str], Any]:
    by: dict[Series, list[Segment]] = {}
    for chunk in sorted(chunks, key=lambda c: c.n_lo):
        series = replace(chunk.series, session=made.SESSION.key, epoch="x")
        by.setdefault(series, []).append(chunk)
    out = {}
    for series, mine in by.items():
        group = made.CATALOG.group(series.group)
        out[series.car, series.group] = decode_many(
            [c.payload for c in mine], group, made.CATALOG.version
        )[1].values
    return out


def test_many_producers_at_once_are_one_session(
    stand_in: StandIn, clients: Clients, tmp_path: Path
) -> None:
    session = "2026-02-01-many-r1"
    running = [
        Publisher(stand_in, recording(tmp_path, car), session, "--speed", "15") for car in CARS
    ]
    reports = [each.end() for each in running]
    assert [r["joined"] for r in reports].count(False) == 1, "one of them began it"
    assert len({r["epoch"] for r in reports}) == len(CARS)
    assert sum(r["chunks"] for r in reports) == len(CHUNKS)
    check(stand_in, clients, session, CARS)


def test_killed_in_the_middle_and_gone_on_with(
    stand_in: StandIn, clients: Clients, tmp_path: Path
) -> None:
    session = "2026-02-01-killed-r1"
    path = recording(tmp_path, "1", "2")
    for chunks in (30, 120):
        publisher = Publisher(stand_in, path, session, "--speed", "10")
        wait_for(stand_in, clients, session, chunks)
        publisher.kill()
    last = Publisher(stand_in, path, session, "--speed", "20").end()
    assert last["resumed"]
    check(stand_in, clients, session, ["1", "2"])
    # nothing is left behind, and the same again is another publication
    assert list((tmp_path / "spool").iterdir()) == []


def test_throttled_and_away_it_is_only_slower(
    stand_in: StandIn, clients: Clients, tmp_path: Path
) -> None:
    session = "2026-02-01-slow-r1"
    path = recording(tmp_path, "1", "2")
    publisher = Publisher(stand_in, path, session, "--speed", "20")
    wait_for(stand_in, clients, session, 20)
    try:
        stand_in.control("fault", service="dynamodb", operation="BatchWriteItem",
                         type="Unprocessed", count=12)  # fmt: skip
        stand_in.control("fault", service="dynamodb", operation="BatchWriteItem",
                         type="ProvisionedThroughputExceededException", count=3)  # fmt: skip
        stand_in.control("outage", seconds=1.5)
        report = publisher.end()
    finally:
        stand_in.control("clear")
    assert report["retried"] > 3
    assert report["failed"] >= 1
    check(stand_in, clients, session, ["1", "2"])


def test_killed_while_the_table_is_away(
    stand_in: StandIn, clients: Clients, tmp_path: Path
) -> None:
    """What waits on disk is sent by the next run, whose recording is not asked for it again."""
    session = "2026-02-01-away-r1"
    path = recording(tmp_path, "3")
    publisher = Publisher(stand_in, path, session, "--speed", "10")
    wait_for(stand_in, clients, session, 20)
    stand_in.control("fault", service="dynamodb", operation="BatchWriteItem",
                     type="ProvisionedThroughputExceededException", count=1000)  # fmt: skip
    try:
        end = time.monotonic() + 20
        spool = next((tmp_path / "spool").glob("*.spool"))
        before = spool.with_name(spool.name + "-wal").stat().st_size
        while spool.with_name(spool.name + "-wal").stat().st_size < before + 12_000:
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        publisher.kill()
        stand_in.control("clear")
    resumed = Publisher(stand_in, path, session, "--speed", "20").end()
    assert resumed["resumed"]
    check(stand_in, clients, session, ["3"])


def test_asked_to_end_it_goes_on_from_there_or_begins_again(
    stand_in: StandIn, clients: Clients, tmp_path: Path
) -> None:
    session = "2026-02-01-stop-r1"
    path = recording(tmp_path, "4")
    publisher = Publisher(stand_in, path, session, "--speed", "10")
    wait_for(stand_in, clients, session, 40)
    publisher.process.terminate()
    publisher.end(130)
    heads = heads_of(stand_in, clients, session)
    assert [head.ended for head in heads] == [False]
    busy = Publisher(stand_in, path, session, "--speed", "0.5")
    wait_for(stand_in, clients, session, sum(heads[0].n.values()) + 1)
    second = Publisher(stand_in, path, session)
    assert "another Pitwall is writing this spool: end it" in second.end(1)["error"]
    busy.process.terminate()
    busy.end(130)
    assert Publisher(stand_in, path, session, "--speed", "50").end()["resumed"]
    check(stand_in, clients, session, ["4"])


def test_a_changed_recording_and_another_catalog(
    stand_in: StandIn, clients: Clients, tmp_path: Path
) -> None:
    session = "2026-02-01-changed-r1"
    path = recording(tmp_path, "4")
    publisher = Publisher(stand_in, path, session, "--speed", "10")
    wait_for(stand_in, clients, session, 10)
    publisher.kill()
    os.utime(path)
    refused = Publisher(stand_in, path, session).end(2)["error"]
    assert "has changed since its publishing was interrupted; give --restart" in refused
    again = Publisher(stand_in, path, session, "--restart", "--speed", "1000").end()
    assert not again["resumed"]
    assert again["chunks"] == sum(c.series.car == "4" for c in CHUNKS)


def test_a_spool_without_room_for_a_car_that_cannot_wait(
    stand_in: StandIn, clients: Clients, tmp_path: Path
) -> None:
    session = "2026-02-01-full-r1"
    path = recording(tmp_path, "2")
    small = ("--spool-mb", "0.01", "--when-full", "refuse")
    publisher = Publisher(stand_in, path, session, "--speed", "10", *small)
    wait_for(stand_in, clients, session, 10)
    stand_in.control("fault", service="dynamodb", operation="BatchWriteItem",
                     type="ProvisionedThroughputExceededException", count=1000)  # fmt: skip
    try:
        said = publisher.end(1)["error"]
    finally:
        stand_in.control("clear")
    assert "is full" in said
    assert "no more are accepted. What was accepted is kept: run the same again" in said
    Publisher(stand_in, path, session, "--speed", "10").end()
    check(stand_in, clients, session, ["2"])


def test_nothing_is_written_before_its_time_has_come(
    stand_in: StandIn, clients: Clients, tmp_path: Path
) -> None:
    """However fast it is played, and also when it goes on faster than it began."""
    session = "2026-02-01-ahead-r1"
    path = recording(tmp_path, *CARS[:2])
    for speed in ("4", "40"):
        publisher = Publisher(stand_in, path, session, "--speed", speed)
        wait_for(stand_in, clients, session, 20)
        while publisher.process.poll() is None:
            newest = max(head.t for head in heads_of(stand_in, clients, session))
            assert newest <= now_us()
            if speed == "4":
                publisher.kill()
    publisher.end()
    described = check(stand_in, clients, session, CARS[:2])
    assert described.pace == 4.0
    other = Publisher(stand_in, recording(tmp_path, CARS[2]), session, "--speed", "2").end(2)
    assert "is under way in table pitwall at --speed 4: give the same" in other["error"]


def test_some_cars_of_one_recording_from_two_machines(
    stand_in: StandIn, clients: Clients, tmp_path: Path
) -> None:
    """Whoever begins the session, all that is published of it is where it was in the recording."""
    session = "2026-02-01-some-r1"
    path = recording(tmp_path, *CARS[:3])
    one, two = CARS[0], CARS[2]
    publishers = [
        Publisher(stand_in, path, session, "--car", car, "--speed", "20") for car in (one, two)
    ]
    reports = [publisher.end() for publisher in publishers]
    assert [report["cars"] for report in reports] == [[one], [two]]
    assert sorted(report["joined"] for report in reports) == [False, True]
    check(stand_in, clients, session, [one, two])
    strange = Publisher(stand_in, path, session, "--car", "77").end(2)["error"]
    assert f"no car 77; there are: {', '.join(CARS[:3])}" in strange


def test_a_car_that_begins_late_begins_now(
    stand_in: StandIn, clients: Clients, tmp_path: Path
) -> None:
    """Alone in its session it is not waited for, and its times are those of now."""
    session = "2026-02-01-late-r1"
    path = tmp_path / "late.pitwall"
    late = [
        c
        for c in CHUNKS
        if c.series.car == CARS[0] or c.t_lo >= made.SESSION.started_us + 15_000_000
    ]
    first: dict[Series, int] = {}
    late = [
        replace(c, n_lo=n, n_hi=n)
        for c in late
        for n in [first.setdefault(c.series, c.n_lo)]
        for n in [c.n_lo - n + 1]
    ]
    with Recording.create(path, made.SESSION) as out:
        out.apply(Batch(Source.IMPORT, tuple(late)))
    began_us = now_us()
    publisher = Publisher(stand_in, path, session, "--car", CARS[1])
    wait_for(stand_in, clients, session, 4)
    publisher.process.terminate()
    publisher.end(130)
    [head] = heads_of(stand_in, clients, session)
    [described] = [s for s in list_sessions(clients.dynamodb, stand_in.table) if s.key == session]
    assert described.started_us <= head.t_first - 15_000_000
    assert began_us <= head.t_first <= head.t <= now_us() + 1_000_000


def test_whose_car_is_refused_is_named_before_anything_is_written(tmp_path: Path) -> None:
    session = "2026-02-01-own-r1"
    one, two, three = CARS[:3]
    path = recording(tmp_path, one, two, three)
    with StandIn.start(firehose_interval_s=0.5) as guarded:
        keys = {
            "ALL": policy_for("engineer", Place()),
            "OWN": policy_for("producer", Place(), Scope(cars=(two,))),
        }
        guarded.control("access", keys=keys)
        words = ("--speed", "1000", "--bucket", guarded.bucket)
        error = Publisher(guarded, path, session, *words, who="OWN").end(1)["error"]
        assert error.count("\n") == 1
        assert f"may not write 2 cars of 3 ({one}, {three}), nothing was published" in error
        assert f"publish your own with `--car {two}`" in error
        assert f"`pitwall cloud policy producer --car {one} --car {three}`" in error
        error = Publisher(guarded, path, session, *words, who="ALL").end(1)["error"]
        assert "may not write 3 cars of 3" in error
        assert "dynamodb:PutItem" in error
        assert "role producer" in error
        report = Publisher(guarded, path, session, *words, "--car", two, who="OWN").end()
        assert (report["cars"], report["unsealed"]) == ([two], 0)
        guarded.control("access", keys={})
        reader = make_clients(guarded.endpoint)
        check(guarded, reader, session, [two])
        reader.close()
