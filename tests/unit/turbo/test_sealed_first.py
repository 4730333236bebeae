"""Sealed laps first: fewer objects, the same numbers, and nothing that depends on them."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pitwall.store import SessionStore, Source
from pitwall.stream import ThreadPool
from pitwall.turbo import ArchiveLoader, Loaded
from pitwall.turbo.laps import LapIndex
from tests.unit.turbo.rig import SESSION, Joined, Race, Recorder, series_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "race.pitwall"


def settled(race: Race, path: Path) -> Joined:
    """A follower that has everything there is."""
    race.writing = False
    joined = Joined(race, path)
    joined.follow(30)
    assert joined.missing() == {}
    assert joined.store.ledger().closes
    assert joined.store.ledger().conflicts == 0
    return joined


def raw_read(race: Race) -> int:
    return sum(key.startswith("raw/") for key in race.bucket.gets)


def samples_of(store: SessionStore) -> dict[tuple[str, str], tuple[bytes, bytes]]:
    return {
        key: (
            np.concatenate([b.t for b in columns.blocks]).tobytes(),
            np.concatenate([b.values for b in columns.blocks], axis=1).tobytes(),
        )
        for key, columns in store.view().columns.items()
    }


def test_only_the_end_is_read_raw_and_the_numbers_are_the_same(tmp_path: Path) -> None:
    plain, sealed = Race(), Race()
    for race in (plain, sealed):
        race.advance(900)
    sealed.seal()
    raw = sum(key.startswith("raw/") for key in sealed.bucket.objects)
    one = settled(plain, tmp_path / "plain.pitwall")
    two = settled(sealed, tmp_path / "sealed.pitwall")
    assert raw_read(plain) == raw
    assert raw_read(sealed) < raw / 3
    assert samples_of(one.store) == samples_of(two.store)
    assert two.store.ledger().by_source[Source.ARCHIVE] > 3 * 600


def test_the_newest_laps_come_first(path: Path) -> None:
    race = Race(("1",))
    race.advance(600)
    race.seal()
    settled(race, path)
    laps = [int(key.split("/")[-1][:3]) for key in race.bucket.gets if key.startswith("sealed/")]
    assert laps == sorted(laps, reverse=True)
    assert len(laps) == 10


def test_a_small_hole_comes_from_the_table_not_from_the_whole_archive(path: Path) -> None:
    race = Race()
    race.flaws.lose = lambda series, n: series.car == "2" and n in (100, 101)
    race.advance(900)
    race.seal()
    joined = settled(race, path)
    raw = sum(key.startswith("raw/") for key in race.bucket.objects)
    assert raw_read(race) < raw / 3
    assert joined.store.ledger().repaired == 60  # its lap was not sealed


def test_a_large_hole_comes_from_the_raw_objects(path: Path) -> None:
    race = Race(("1",))
    race.advance(3600)
    race.seal()
    for key in list(race.bucket.objects):
        if key.startswith("sealed/") and not 45 < int(key.split("/")[-1][:3]) < 50:
            del race.bucket.objects[key]
    joined = settled(race, path)
    assert raw_read(race) > 90
    assert joined.store.ledger().repaired == 0


def test_damage_costs_a_lap_not_the_join(path: Path) -> None:
    race = Race(("1",))
    race.advance(600)
    race.seal()
    key = next(k for k in race.bucket.objects if "/004-004-" in k)
    data, seen = race.bucket.objects[key]
    race.bucket.objects[key] = (data[: len(data) // 2], seen)
    joined = settled(race, path)
    assert joined.status.damaged == 1
    assert joined.store.ledger().quarantined == 1
    assert joined.store.ledger().tail(series_of("1")) == race.cars["1"].n


def test_a_newer_version_replaces_the_older(path: Path) -> None:
    race = Race(("1",))
    race.advance(300)
    race.seal()
    for key in list(race.bucket.objects):
        if key.startswith("sealed/"):
            race.bucket.objects[key] = (b"old", 0)
    race.seal(version=2)
    joined = settled(race, path)
    assert joined.status.damaged == 0
    assert not any(key.endswith("-v1.seg") for key in race.bucket.gets)


def test_what_is_here_is_not_loaded_again(path: Path) -> None:
    race = Race()
    race.advance(600)
    race.seal()
    first = Joined(race, path)
    first.follow(60, first.live)
    before = len(race.bucket.gets)
    race.advance(1200)
    race.seal()
    settled(race, path)
    again = race.bucket.gets[before:]
    assert again
    assert not set(again) & set(race.bucket.gets[:before])


def test_what_is_being_fetched_is_not_waited_for_when_told_to_stop(path: Path) -> None:
    race = Race(("1",))
    race.advance(600)
    race.seal()
    cancel, abandoned = threading.Event(), threading.Event()

    def fetch(keys: Sequence[str]) -> dict[str, bytes]:
        cancel.set()
        assert abandoned.wait(30)
        return {}

    pool: ThreadPool[Loaded] = ThreadPool("test-archive", 2)
    loader = ArchiveLoader(
        race.bucket, SESSION, Recorder(path), pool, race.time, random.Random(1), LapIndex(),
        cancel, {}, fetch=fetch, abandon=abandoned.set,
    )  # fmt: skip
    objects = loader.find_sealed()
    pool.start()
    try:
        assert loader.load(objects, lambda total: None).objects == 0
    finally:
        pool.stop(20)
    assert race.bucket.gets == []


def test_the_bucket_is_asked_for_what_is_not_quicker_to_be_had(path: Path) -> None:
    race = Race(("1",))
    race.advance(600)
    race.seal()
    recorder = Recorder(path)
    given: list[str] = []

    def fetch(keys: Sequence[str]) -> dict[str, bytes]:
        some = list(keys[::2])
        given.extend(some)
        return {key: race.bucket.objects[key][0] for key in some}

    pool: ThreadPool[Loaded] = ThreadPool("test-archive", 2)
    loader = ArchiveLoader(
        race.bucket, SESSION, recorder, pool, race.time, random.Random(1), LapIndex(),
        threading.Event(), {}, fetch=fetch,
    )  # fmt: skip
    objects = loader.find_sealed()
    pool.start()
    try:
        loaded = loader.load(objects, lambda total: None)
    finally:
        pool.stop(20)
    assert loaded.failed == {}
    assert 0 < len(given) < len(objects)
    assert sorted([*given, *race.bucket.gets]) == sorted(info.key for info in objects)
    recorder.apply()
    assert recorder.store.ledger().applied == loaded.chunks > 0
