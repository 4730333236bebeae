"""Blocks that an interruption has cut: what was published in pieces leaves the same objects."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from pitwall.cloud import LapEntry, publish
from pitwall.cloud.feed import RecordingFeed, lap_chunks, live_chunks
from pitwall.cloud.skipped_blocks import cuts_of, write_skipped
from pitwall.cloud.spool import Spool
from pitwall.store import Batch, Recording, Source
from pitwall.telemetry import Failure
from tests.unit.cloud import strategies as made
from tests.unit.cloud.fakes import FakeBucket, FakeClients, FakeTime, Throttled
from tests.unit.cloud.test_publisher_spool import Killed, killed

KEY = made.SESSION.key
CHUNKS, _ = made.field(2, 120.0, 5.0)
"""Two dozen laps each: blocks of 4 and of 16."""


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> RecordingFeed:
    path = tmp_path_factory.mktemp("feed") / "race.pitwall"
    with Recording.create(path, made.SESSION) as out:
        out.apply(Batch(Source.IMPORT, tuple(CHUNKS)))
    return RecordingFeed(path)


def run(feed: RecordingFeed, clients: FakeClients, spool: Spool) -> bool:
    """One process; whether it came to its end."""
    time = FakeTime()
    about: Any = spool.about
    if about:
        cuts = cuts_of(feed.cars, spool.entries(), about["cuts"])
        spool.describe({"cuts": cuts})
    else:
        spool.describe({"cuts": {}})
    try:
        report = publish(
            live_chunks(feed, made.SESSION, "boot1"), made.SESSION, clients, "table", "bucket",
            spool=spool, speed=20.0, now_us=time.now_us, wait=time.wait,
        )  # fmt: skip
    except Killed:
        killed(spool)
        return False
    assert report.unsealed == 0
    write_skipped(feed, made.SESSION, "boot1", clients.s3, "bucket", spool.about["cuts"])
    spool.close()
    return True


@pytest.fixture(scope="module")
def whole(feed: RecordingFeed, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an uninterrupted run leaves."""
    clients = FakeClients()
    assert run(feed, clients, Spool(tmp_path_factory.mktemp("spool") / "a.spool", KEY))
    assert any("/1/000-015-" in key for key in clients.s3.objects)
    assert all(key.endswith("-1-v1.seg") for key in clients.s3.objects)
    return clients.s3.objects


@pytest.mark.parametrize("seed", range(12))
def test_in_pieces_as_in_one(
    feed: RecordingFeed, whole: dict[str, bytes], tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    clients = FakeClients()
    for death in [*(rng.randint(0, 300) for _ in range(rng.randint(1, 4))), None]:
        calls = 0

        def mood(count: int, death: int | None = death) -> set[int]:
            nonlocal calls
            calls += 1
            if death is not None and calls > death:
                raise Killed
            return set()

        clients.dynamodb.moods = mood
        if run(feed, clients, Spool(tmp_path / "a.spool", KEY)):
            break
    assert sorted(clients.s3.objects) == sorted(whole)
    assert clients.s3.objects == whole


def test_what_was_never_cut_is_not_written_again(feed: RecordingFeed) -> None:
    bucket = FakeBucket()
    assert write_skipped(feed, made.SESSION, "boot1", bucket, "bucket", {}) == 0
    assert write_skipped(feed, made.SESSION, "boot1", bucket, "bucket", {"1": []}) == 0
    assert write_skipped(feed, made.SESSION, "boot1", bucket, "bucket", {"1": [9]}) == 2
    assert sorted(key.split("/")[-1][:7] for key in bucket.objects) == ["000-015", "008-011"]


def test_a_bucket_that_refuses_is_a_failure(feed: RecordingFeed) -> None:
    def refuse(key: str) -> None:
        raise Throttled("AccessDenied", 403)

    bucket = FakeBucket(refuse)
    with pytest.raises(Failure, match="bucket bucket: access denied"):
        write_skipped(feed, made.SESSION, "boot1", bucket, "bucket", {"1": [9]})


def test_where_the_cuts_are() -> None:
    def sealed(car: str, lap: int) -> LapEntry:
        return LapEntry(KEY, car, lap, 0, 1, {}, True)

    entries = [sealed("1", lap) for lap in (2, 3, 5)]
    cuts = cuts_of(["1", "2"], entries, {"1": [1], "3": [7]})
    assert cuts == {"1": [1, 4, 6], "2": [0]}


def test_chunks_of_some_laps(feed: RecordingFeed) -> None:
    everything = list(live_chunks(feed, made.SESSION, "boot1"))
    for first, last in ((0, 3), (5, 5), (20, 99), (300, 400)):
        wanted = [c for c in everything if c.series.car == "2" and first <= c.lap <= last]
        found = lap_chunks(feed, made.SESSION, "boot1", "2", first, last)
        assert sorted(found, key=str) == sorted(wanted, key=str)
