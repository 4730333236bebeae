"""`pitwall cloud seal` where the table no longer has the chunks, or does not give them."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pitwall.cloud import format_line, parse_catalog
from pitwall.cloud.seal_session import Sealing
from pitwall.cloud.shelf import Shelf, arrivals
from pitwall.stream import Denied, NotFound
from pitwall.telemetry import Failure, Segment, Series
from pitwall.telemetry.chunk import chunk_crc
from pitwall.turbo import ObjectInfo, RawChunks
from tests.unit.cloud import strategies as made
from tests.unit.cloud.fakes import FakeClients, Throttled
from tests.unit.cloud.test_seal_session import (
    CHUNKS,
    KEY,
    LAPS,
    drop,
    late_ones,
    run,
    sealed_without,
    written,
)

HOUR_US = 3_600_000_000


class Raw:
    """Objects of a bucket by key."""

    def __init__(self, chunks: Iterable[Segment] = CHUNKS) -> None:
        self.objects: dict[str, bytes] = {}
        self.refuses = False
        self.listed = 0
        for at, some in enumerate(portions(chunks)):
            lines = [format_line(each, 1e9, "1") for each in some]
            lines += lines[:3]  # Firehose delivers at least once
            self.put(at, b"".join(lines), some[0].t_lo)

    def put(self, at: int, content: bytes, t_us: int) -> None:
        hour = datetime.fromtimestamp(t_us / 1e6, UTC)
        self.objects[f"raw/{hour:%Y/%m/%d/%H}/{at:03d}"] = gzip.compress(content)

    def list(self, prefix: str) -> list[ObjectInfo]:
        self.listed += 1
        if self.refuses:
            raise Denied("no") from Throttled("AccessDenied", 403)
        return [ObjectInfo(k, 1, "") for k in sorted(self.objects) if k.startswith(prefix)]

    def get(self, key: str) -> bytes:
        if key not in self.objects:
            raise NotFound(key)
        return self.objects[key]


def portions(chunks: Iterable[Segment]) -> list[list[Segment]]:
    mixed = list(chunks)
    random.Random(5).shuffle(mixed)
    return [mixed[at : at + 40] for at in range(0, len(mixed), 40)]


def sealed_parts(world: FakeClients) -> dict[Any, Any]:
    """Sealed laps and catalog."""
    return {k: v for k, v in world.dynamodb.items.items() if v["k"]["S"] in "sl"}


def aged(raw: Raw | None = None, **more: Any) -> tuple[FakeClients, Sealing]:
    """A session whose chunks the table has let go of, sealed."""
    world = written()
    drop(world, lambda c: True)
    return world, run(world, archive=RawChunks(raw or Raw()), **more)


def test_the_same_bytes_as_from_the_table() -> None:
    theirs = written(sealed=True)
    world, done = aged()
    assert (done.left, done.sealed, done.again, done.archive) == ([], LAPS, 0, "")
    assert (done.from_archive, done.damaged) == (len(CHUNKS), 0)
    assert sealed_parts(world) == sealed_parts(theirs)
    assert world.s3.objects == theirs.s3.objects
    raw = Raw()
    again = run(world, archive=RawChunks(raw))
    assert (again.sealed, again.complete, raw.listed) == (0, LAPS, 0)


def test_half_here_and_half_there() -> None:
    world = written()
    rng = random.Random(1)
    gone = drop(world, lambda c: rng.random() < 0.5)
    raw = Raw()
    done = run(world, archive=RawChunks(raw))
    assert (done.left, done.from_archive) == ([], len(gone))
    assert world.s3.objects == written(sealed=True).s3.objects


def test_the_archive_is_read_once_and_only_when_it_is_needed() -> None:
    raw = Raw()
    assert run(written(), archive=RawChunks(raw)).left == []
    assert raw.listed == 0
    aged(raw)
    assert 0 < raw.listed <= 80  # hours of two days and of today


def test_a_late_chunk_that_only_the_archive_has_makes_a_new_version() -> None:
    late = late_ones()
    theirs, world = written(), written()
    for each in (theirs, world):
        run(each)
        sealed_without(each, late)
    run(theirs)
    drop(world, lambda c: True)
    done = run(world, archive=RawChunks(Raw()))
    assert (done.left, done.sealed, done.again) == ([], 1, 1)
    assert parse_catalog(world.dynamodb.items[f"{KEY}#catalog", "1#003"]).version == 2
    assert sealed_parts(world) == sealed_parts(theirs)
    assert world.s3.objects == theirs.s3.objects


def test_who_may_not_read_the_rows_of_chunks() -> None:
    world = written()
    query = world.dynamodb.query

    def refusing(**request: Any) -> Any:
        pk = request["ExpressionAttributeValues"][":pk"]["S"]
        if pk.count("#") > 1:
            raise Throttled("AccessDeniedException")
        return query(**request)

    world.dynamodb.query = refusing
    with pytest.raises(Failure, match="access denied"):
        run(world)
    done = run(world, archive=RawChunks(Raw()))
    assert (done.left, done.sealed) == ([], LAPS)
    assert "access denied" in done.table
    assert sealed_parts(world) == sealed_parts(written(sealed=True))
    denied = Raw()
    denied.refuses = True
    with pytest.raises(Failure, match="table table: access denied"):
        run(written_refusing(refusing), archive=RawChunks(denied))


def written_refusing(query: Any) -> FakeClients:
    world = written()
    world.dynamodb.query = query
    return world


def test_an_archive_that_is_refused_leaves_laps_and_says_why() -> None:
    raw = Raw()
    raw.refuses = True
    said: list[str] = []
    world, done = aged(raw, say=said.append)
    assert len(done.left) == LAPS
    assert all("is missing" in why for _, _, why in done.left)
    assert "access denied" in done.archive
    assert any("raw archive: access denied" in line for line in said)


def test_conflicts_and_damage_in_the_archive() -> None:
    raw = Raw()
    first = CHUNKS[0]
    payload = CHUNKS[40].payload
    other = replace(first, payload=payload, crcs=(chunk_crc(first.t_lo, payload),))
    raw.put(998, format_line(other, 1e9, "1"), first.t_lo)
    raw.put(999, b'{"pk": "half\n' + format_line(CHUNKS[1], 1e9, "1")[:60], first.t_lo)
    key = f"{KEY[:-1]}9"
    stranger = replace(first, series=Series(key, "1", "driver", "boot1"))
    raw.put(997, format_line(stranger, 1e9, "1"), first.t_lo)
    _, done = aged(raw)
    [(car, lap, why)] = done.left
    assert (car, lap) == (first.series.car, first.lap)
    assert "is there twice, with different content" in why
    assert done.damaged > 0


def test_what_cannot_be_inflated_is_counted_and_the_rest_used() -> None:
    raw = Raw()
    first, second = sorted(raw.objects)[:2]
    raw.objects[first] = raw.objects[first][:-20]
    raw.objects[second] = b"\x1f\x8bnothing"
    _, done = aged(raw)
    assert done.damaged >= 2
    assert done.left
    assert 0 < done.sealed < LAPS or done.from_archive < len(CHUNKS)


def test_lines_without_newlines_and_plain_objects() -> None:
    raw = Raw()
    for key, data in raw.objects.items():
        raw.objects[key] = gzip.decompress(data).replace(b"\n", b"")
    _, done = aged(raw)
    assert done.left == []


def test_a_shelf_gives_back_what_was_put() -> None:
    shelf = Shelf(KEY)
    shelf.put(CHUNKS)
    shelf.put(CHUNKS[:7])
    for car in ("1", "2"):
        for lap in {c.lap for c in CHUNKS}:
            mine = [c for c in CHUNKS if (c.series.car, c.lap) == (car, lap)]
            key = lambda c: (c.series.group, c.n_lo)  # noqa: E731
            assert list(shelf.take(car, lap)) == sorted(mine, key=key)
    assert not list(shelf.take("9", 1))
    shelf.close()


def test_when_chunks_may_have_arrived() -> None:
    day = 24 * HOUR_US
    now = 1000 * day
    assert arrivals(900 * day, 901 * day, now)[0] == (900 * day - HOUR_US, 903 * day)
    assert arrivals(999 * day, now, now)[0][1] == now + HOUR_US
    assert arrivals(900 * day, 901 * day, now)[1] == (now - day, now + HOUR_US)
    assert made.SESSION.started_us > 0
