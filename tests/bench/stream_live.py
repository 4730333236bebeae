"""Following live: cost, latency, many shards, rotation. Real clocks, the app's own tempo.

The race is served as it happens: a record is in no answer before its time. Servers and reader
share this machine's monotonic clock, so that times of both can be compared.
"""

from __future__ import annotations

import json
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from pitwall.cloud.clients import make_clients
from pitwall.cloud.items import parse_chunk
from pitwall.cloud.local.process import StandIn
from pitwall.store import Ledger
from pitwall.telemetry import Series
from tests.bench import stream_data as data
from tests.bench.canned import Canned
from tests.bench.pipeline import Pipeline

CARS = 40
SHARDS = 8
SECONDS = 30
MANY = 400
MANY_SECONDS = 30
POOL = 32
"""Connections that the app's clients keep."""
ROTATIONS = 5
_BETWEEN_S = 5.0
_SETTLE_S = 3.0
"""Not measured: shards are being found and opened."""
_WINDOWS = 6
_BATCH = 25


@dataclass
class Commits:
    """Notes what was applied when."""

    at: list[float] = field(default_factory=list)
    ledgers: list[Ledger] = field(default_factory=list)
    ours: Pipeline | None = None

    def __call__(self, version: int) -> None:
        assert self.ours is not None
        self.at.append(time.monotonic())
        self.ledgers.append(self.ours.store.ledger())

    def applied_at(self, chunks: list[tuple[Series, int]]) -> list[float]:
        """When each chunk was committed and shown; chunks of a series come in order."""
        newest: dict[Series, list[int]] = {}
        for series in {series for series, _ in chunks}:
            books = [ledger.series.get(series) for ledger in self.ledgers]
            newest[series] = [b.received[-1][1] if b and b.received else 0 for b in books]
        return [self.at[bisect_left(newest[series], n)] for series, n in chunks]


def write(folder: Path) -> tuple[data.Race, data.Race]:
    """The streams "live" and "many", a file each; their races."""
    live, many = data.race(CARS, SECONDS), data.race(CARS, MANY_SECONDS)
    _write(folder / "live", live, [int(w.key) % SHARDS for w in live.written], SHARDS)
    _write(folder / "many", many, [i % MANY for i in range(len(many.written))], MANY)
    return live, many


def _write(folder: Path, race: data.Race, shards: list[int], count: int) -> None:
    lines: list[list[Any]] = [[] for _ in range(count)]
    for i, (written, shard) in enumerate(zip(race.written, shards, strict=True)):
        record = data.stream_record(written.item, i, (data.T0 + written.at_us) // 1_000_000)
        lines[shard].append([written.at_us / 1e6, record])
    folder.mkdir()
    (folder / "live.json").write_text(json.dumps(lines))


def live(server: Canned, race: data.Race, folder: Path) -> dict[str, list[float]]:
    """40 cars, 4 groups, 4 chunks a second each: percent of a core, and latencies."""
    commits = Commits()
    arn = server.arn("live")
    with Pipeline.over_dynamo(
        server.endpoint, arn, race.session, folder, on_commit=commits
    ) as ours:
        commits.ours = ours
        time.sleep(_SETTLE_S)
        shares = [_share((SECONDS - 2 * _SETTLE_S) / _WINDOWS) for _ in range(_WINDOWS)]
        _proved(ours.until_applied(race.chunks), race)
    stats = server.stats("live")
    lines: list[list[data.Written]] = [[] for _ in range(SHARDS)]
    for written in race.written:
        lines[int(written.key) % SHARDS].append(written)
    seen, asked, chunks = [], [], []
    for shard, first, last, at in stats["served"]:
        for written in lines[shard][first:last]:
            if written.item["k"]["S"] == "c" and written.at_us > _SETTLE_S * 1e6:
                segment = parse_chunk(written.item)
                chunks.append((segment.series, segment.n_lo))
                seen.append(stats["start"] + written.at_us / 1e6)
                asked.append(at)
    applied = commits.applied_at(chunks)
    return {
        "percent of a core": shares,
        "visible to applied, ms": [1e3 * (a - s) for a, s in zip(applied, seen, strict=True)],
        "visible to asked for, ms": [1e3 * (q - s) for q, s in zip(asked, seen, strict=True)],
        "asked for to applied, ms": [1e3 * (a - q) for a, q in zip(applied, asked, strict=True)],
    }


def _share(seconds: float) -> float:
    """Percent of a core that this process takes in the next ``seconds``."""
    wall, cpu = time.monotonic(), time.process_time()
    time.sleep(seconds)
    return 100 * (time.process_time() - cpu) / (time.monotonic() - wall)


def many(server: Canned, race: data.Race, folder: Path) -> dict[str, float]:
    """400 shards with a record now and then: the longest any of them waited, and connections."""
    before = server.stats("many")["opened"]
    arn = server.arn("many")
    with Pipeline.over_dynamo(server.endpoint, arn, race.session, folder) as ours:
        begun = time.monotonic()
        share = _share(MANY_SECONDS)
        _proved(ours.until_applied(race.chunks), race)
        ended = time.monotonic()
    stats = server.stats("many")
    polls = list(stats["polls"].values())
    waits = [b - a for moments in polls for a, b in pairwise([begun, *moments, ended])]
    opened = stats["opened"] - before - 1
    if len(polls) != MANY or opened > POOL:
        raise AssertionError(f"{len(polls)} shards polled over {opened} connections")
    return {
        "shards": float(MANY),
        "longest wait of any, s": max(waits),
        "connections": float(opened),
        "percent of a core": share,
    }


def rotation(folder: Path) -> dict[str, list[float]]:
    """Seconds from written to applied, around turning over all shards of the stand-in."""
    race = data.race(4, ROTATIONS * _BETWEEN_S + 2 * _SETTLE_S)
    commits = Commits()
    with StandIn.start(shards=4) as stand_in:
        clients = make_clients(stand_in.endpoint)
        table = clients.dynamodb
        with Pipeline.over_dynamo(
            stand_in.endpoint, stand_in.stream_arn, race.session, folder, on_commit=commits
        ) as ours:
            commits.ours = ours
            begun = time.monotonic()
            turns = [begun + _SETTLE_S + i * _BETWEEN_S for i in range(ROTATIONS)]
            turned: list[float] = []
            chunks: list[tuple[Series, int]] = []
            written: list[float] = []
            waiting = list(race.written)[::-1]
            while waiting:
                now = time.monotonic()
                if turns and now >= turns[0]:
                    turned.append(turns.pop(0))
                    stand_in.control("rotate")
                some = []
                while waiting and waiting[-1].at_us / 1e6 <= now - begun and len(some) < _BATCH:
                    some.append(waiting.pop().item)
                if not some:
                    time.sleep(0.005)
                    continue
                put = [{"PutRequest": {"Item": _bytes(item)}} for item in some]
                table.batch_write_item(RequestItems={stand_in.table: put})
                at = time.monotonic()
                for segment in (parse_chunk(item) for item in some if item["k"]["S"] == "c"):
                    chunks.append((segment.series, segment.n_lo))
                    written.append(at)
            _proved(ours.until_applied(race.chunks), race)
            if ours.status.rotations < 4 * ROTATIONS:
                raise AssertionError(f"{ours.status.rotations} shards turned over")
        clients.close()
    ages = [a - w for a, w in zip(commits.applied_at(chunks), written, strict=True)]
    near = [
        max(age for age, at in zip(ages, written, strict=True) if 0 <= at - turn < _BETWEEN_S / 2)
        for turn in turned
    ]
    quiet = [
        age
        for age, at in zip(ages, written, strict=True)
        if any(_BETWEEN_S / 2 <= at - turn < _BETWEEN_S - 0.5 for turn in turned)
    ]
    return {"slowest after each rotation, s": near, "between rotations, s": quiet}


def _bytes(item: dict[str, Any]) -> dict[str, Any]:
    """As a client takes it: binary as bytes."""
    if "p" not in item:
        return item
    return item | {"p": {"B": parse_chunk(item).payload}}


def _proved(books: Ledger, race: data.Race) -> None:
    found = (books.applied, books.missing, books.conflicts, books.provable)
    if found != (race.chunks, 0, 0, True):
        raise AssertionError(f"not everything came: {found} of {race.chunks}")
