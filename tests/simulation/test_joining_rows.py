"""What can go wrong with a hand-over, row by row of the list of failures, each over both simulated
services: what the program does, and what its user sees. Numbers are those of
``test_joining_rows_all.py``.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pitwall.store import Source
from pitwall.stream import Denied, NotFound
from pitwall.telemetry import Failure
from pitwall.turbo import Phase, Tempo
from tests.simulation import kinds
from tests.simulation.join_foreign import MAPPING, ForeignRace
from tests.simulation.join_race import JoinRace
from tests.unit.stream.rig import SECOND
from tests.unit.turbo.rig import Car, Crash, Joined, chunk_of, series_of

LONG_S = 240
PLAIN = 1
"""Seed of a service that knows everything."""
OLD = 35
"""One that knows neither positions by time nor filters of listings, as emulators may."""
DAY_S = 26 * 3600
STEPS = ("connect", "roster", "listing", "get", "repair", "open", "read")
"""Calls that a hand-over makes, in their order."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "race.pitwall"


@pytest.fixture(params=kinds.SOURCES)
def race(request: pytest.FixtureRequest) -> JoinRace:
    return JoinRace(("1", "2"), 2, PLAIN, request.param)


def forget(race: JoinRace) -> None:
    """The stream loses all that it has."""
    stream = race.world.stream
    for name, shard in stream.shards.items():
        stream.trim(name, len(shard.changes))


def numbers(race: JoinRace) -> int:
    return len(race.written)


def follow(race: JoinRace, path: Path, seconds: float = 60, **options: Any) -> Joined:
    """Join now, until live."""
    joined = Joined(race, path, **options)
    joined.follow(seconds, joined.live)
    assert joined.live(), joined.status
    return joined


def ended(race: JoinRace, path: Path, **options: Any) -> Joined:
    """The cars end; everything that they wrote is there, once, and called complete."""
    race.writing = False
    for name, car in race.cars.items():
        if car.n:
            race.end(name)
    joined = Joined(race, path, **options)
    joined.follow(90, lambda: "ended" in joined.names())
    assert "ended" in joined.names()
    ledger = joined.store.ledger()
    assert ledger.applied == numbers(race)
    assert ledger.missing == ledger.named == 0
    assert ledger.complete
    assert joined.status.seam_proved
    samples = sum(columns.samples for columns in joined.store.view().columns.values())
    assert samples == 4 * numbers(race)
    return joined


# ---------------------------------------------------------------- the archive


def test_row_01_an_archive_that_is_fifteen_minutes_late(race: JoinRace, path: Path) -> None:
    race.advance(LONG_S)
    race.flaws.lag_s = (900, 900)
    race.advance(LONG_S)
    late = race.time.wall - (LONG_S + 200) * SECOND
    joined = follow(race, path)
    assert joined.status.anchor_us < late + 200 * SECOND
    ledger = joined.store.ledger()
    assert ledger.by_source[Source.STREAM] >= 2 * LONG_S
    assert ledger.repaired == 0
    assert joined.status.message == ""
    ended(race, path)


def test_row_02_disorder_and_repeats(race: JoinRace, path: Path) -> None:
    race.flaws.duplicates = 0.2
    race.flaws.lag_s = (5, 100)
    race.advance(LONG_S)
    joined = follow(race, path)
    ledger = joined.store.ledger()
    assert ledger.duplicates_by_source[Source.ARCHIVE] > 20
    assert ledger.conflicts == 0
    ended(race, path)


@pytest.mark.parametrize("kept", [True, False])
def test_row_03_records_that_the_delivery_stream_rejected(
    race: JoinRace, path: Path, kept: bool
) -> None:
    race.flaws.lose = lambda series, n: n in (50, 51, 100)
    race.advance(LONG_S)
    if not kept:
        forget(race)
    follow(race, path, tempo=Tempo(overlap_us=10 * SECOND, repair_most=20 if not kept else 1))
    ledger = ended(race, path).store.ledger()
    assert (ledger.repaired > 0) is not kept


def test_row_04_a_batch_that_the_archiver_wrote_twice(race: JoinRace, path: Path) -> None:
    race.advance(100)
    key = race.flush_archive()
    race.advance(100)
    data, seen = race.bucket.objects[key]
    race.bucket.objects[key.replace("-00", "-99")] = (data, seen)
    joined = follow(race, path)
    assert len(race.bucket.gets) == len(race.bucket.objects)
    assert joined.store.ledger().duplicates_by_source[Source.ARCHIVE] > 20
    ended(race, path)


def test_row_05_a_batch_that_the_archiver_gave_up(race: JoinRace, path: Path) -> None:
    race.advance(100)
    key = race.flush_archive()
    race.advance(140)
    del race.bucket.objects[key]
    joined = follow(race, path, tempo=Tempo(overlap_us=10 * SECOND))
    assert joined.store.ledger().repaired > 20
    ended(race, path)


def test_row_06_a_record_that_nobody_can_read(race: JoinRace, path: Path) -> None:
    race.advance(100)
    item = {"pk": {"S": f"{series_of('1').session}#driver#001#1"}, "sk": {"S": "broken"}}
    race.world.put(item | {"k": {"S": "c"}})
    race.advance(60)
    joined = follow(race, path)
    [kept] = joined.recorder.recording.quarantine()
    assert b"broken" in kept.raw
    assert kept.source is Source.STREAM
    assert "quarantined" in joined.names()
    assert ended(race, path).store.ledger().quarantined == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[: len(data) // 2] + b"\x00" * 40 + data[len(data) // 2 + 40 :],
        lambda data: gzip.compress(gzip.decompress(data)[:-150]),
        lambda data: b"not an archive",
    ],
)
def test_row_07_objects_cut_off_or_spoilt(
    race: JoinRace, path: Path, damage: Callable[[bytes], bytes]
) -> None:
    race.advance(95)
    key = race.flush_archive(damage)
    race.advance(145)
    joined = follow(race, path)
    assert key in race.bucket.gets
    assert joined.status.damaged >= 1
    assert any(key in q.where for q in joined.recorder.recording.quarantine())
    ended(race, path)


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_row_08_objects_that_were_deleted(race: JoinRace, path: Path, when: str) -> None:
    race.advance(LONG_S)
    key = sorted(race.bucket.objects)[1]
    if when == "before":
        del race.bucket.objects[key]
    else:
        race.bucket.flaws[key] = "vanished_object"
    joined = follow(race, path, tempo=Tempo(overlap_us=10 * SECOND))
    assert joined.store.ledger().repaired > 20
    told = [d for name, d in joined.events if name == "archive-absent"]
    assert [d["object"] for d in told] == ([] if when == "before" else [key])
    ended(race, path)


def test_row_09_a_car_that_the_archive_does_not_have(race: JoinRace, path: Path) -> None:
    race.flaws.lose = lambda series, n: series.car == "3"
    race.advance(100)
    race.cars["3"] = Car("3")
    race.advance(140)
    began = race.cars["3"].t_first
    joined = follow(race, path)
    assert began - 121 * SECOND <= joined.status.anchor_us <= began
    assert joined.store.ledger().tail(series_of("3")) > 130
    ended(race, path)


@pytest.mark.parametrize("old", [False, True])
def test_row_10_no_archive_at_all(race: JoinRace, path: Path, old: bool) -> None:
    race.advance(LONG_S)
    race.bucket.objects.clear()
    if old:
        forget(race)
    joined = follow(race, path)
    brought = joined.store.ledger().by_source
    assert brought[Source.ARCHIVE] == 0
    assert brought[Source.TABLE if old else Source.STREAM] >= 2 * (LONG_S - 5)
    race.flaws.lag_s = (9999, 9999)
    ended(race, path, bucket=False)


@pytest.mark.parametrize("fault", [NotFound("NoSuchBucket"), Denied("s3:ListBucket")])
def test_row_11_an_archive_that_may_not_be_read(
    race: JoinRace, path: Path, fault: Exception
) -> None:
    race.advance(LONG_S)
    race.bucket.listing_faults = [fault] * 999  # type: ignore[list-item]
    joined = follow(race, path)
    assert "archive-absent" in joined.names()
    assert joined.status.message.startswith("no archive (")
    assert str(fault) in joined.status.message
    ended(race, path)


def test_row_11_an_object_that_may_not_be_read(race: JoinRace, path: Path) -> None:
    race.advance(LONG_S)
    key = sorted(race.bucket.objects)[1]
    race.bucket.flaws[key] = "forbidden_object"
    joined = follow(race, path)
    assert ("archive-absent", {"object": key, "reason": "s3:GetObject"}) in joined.events
    assert joined.store.ledger().by_source[Source.ARCHIVE] > 0
    ended(race, path)


def test_row_12_what_nothing_has_any_more_is_named(race: JoinRace, path: Path) -> None:
    lost = range(100, 104)
    race.flaws.lose = lambda series, n: series.car == "2" and n in lost
    race.advance(LONG_S)
    forget(race)
    race.table.gone = {(series_of("2"), n) for n in lost}
    joined = follow(race, path)
    [gap] = joined.recorder.recording.gaps()
    assert (gap.series.car, gap.n_lo, gap.n_hi) == ("2", lost[0], lost[-1])
    items = race.table.items[series_of("2")]
    # exact: from the last sample before it to the first after it
    assert (gap.t_lo, gap.t_hi) == (items[99].t_hi, items[104].t_lo)
    ledger = joined.store.ledger()
    assert (ledger.missing, ledger.named) == (4, 4)
    assert not ledger.complete
    assert ("named", 4) in [(name, d.get("chunks")) for name, d in joined.events]
    [hole] = [h for h in joined.store.holes("2") if h.n_lo]
    assert hole.named_reason


# ---------------------------------------------------------------- the stream


def turning_over(race: JoinRace, turn: Callable[[], None]) -> list[int]:
    """While objects are fetched, ``turn`` happens."""
    done: list[int] = []

    def on_get() -> None:
        race.advance(1.0)
        if len(done) < 4:
            done.append(1)
            turn()

    race.bucket.on_get = on_get
    return done


def test_row_13_shards_that_turn_over_while_the_archive_loads(race: JoinRace, path: Path) -> None:
    race.advance(LONG_S)
    done = turning_over(race, lambda: race.world.rotate(0))
    follow(race, path)
    assert len(done) == 4
    # all of it by the stream: the table would make up for what the reader loses
    assert ended(race, path).store.ledger().repaired == 0


def test_row_14_shards_that_split_while_the_archive_loads(race: JoinRace, path: Path) -> None:
    race.advance(LONG_S)
    done = turning_over(race, lambda: race.world.rotate(0, 2, 1.0))
    follow(race, path)
    assert len(done) == 4
    # all of it by the stream: the table would make up for what the reader loses
    assert ended(race, path).store.ledger().repaired == 0


@pytest.mark.parametrize("when", ["loading", "live"])
def test_row_15_a_stream_that_is_switched_off_and_on(path: Path, when: str) -> None:
    race = JoinRace(("1", "2"), 2, PLAIN, kinds.DYNAMODB)
    race.advance(LONG_S)
    switched: list[float] = []
    joined = Joined(race, path)

    def switch() -> None:
        if not switched and (when == "loading" or joined.live()):
            switched.append(race.time.mono)
            race.world.switch(on=False)
        elif len(switched) == 1 and race.time.mono > switched[0] + 4:
            switched.append(race.time.mono)
            race.world.switch(on=True)

    if when == "loading":
        race.bucket.on_get = switch
    joined.on_slice = switch
    joined.follow(100)
    assert len(switched) == 2
    assert "disabled" in joined.names()
    assert "renewed" in joined.names()
    race.bucket.on_get = lambda: None
    assert ended(race, path).store.ledger().repaired >= 2


def test_row_16_a_table_that_is_deleted(race: JoinRace, path: Path) -> None:
    race.advance(LONG_S)
    joined = follow(race, path)
    here = joined.store.ledger().applied
    race.writing = False

    def gone() -> Any:
        raise Failure("dynamodb: no such table or stream in this account and region")

    race.table.heads = gone  # type: ignore[method-assign]
    joined = Joined(race, path)
    joined.follow(20)
    assert joined.status.phase is Phase.FAILED
    assert "no such table" in joined.status.message
    assert joined.store.ledger().applied == here


def test_row_17_iterators_that_expire_while_the_archive_loads(race: JoinRace, path: Path) -> None:
    race.advance(LONG_S)
    joined = Joined(race, path)
    expired: list[int] = []

    def expire() -> None:
        if joined.follower.reader is not None and len(expired) < 5:
            expired.append(1)
            race.world.client.expired_before_us = race.time.wall

    joined.on_slice = expire
    joined.follow(60, joined.live)
    assert joined.live()
    assert race.world.met["expired"] >= 1
    assert joined.store.ledger().duplicates_by_source[Source.STREAM] < 2 * 240
    assert ended(race, path).store.ledger().repaired == 0


# ---------------------------------------------------------------- the machine


@pytest.mark.parametrize(
    ("step", "minutes"),
    [
        *((step, 1560) for step in STEPS),
        ("get", 20),
        ("repair", 540),
        ("read", 540),
    ],
)
def test_row_18_a_laptop_that_sleeps_at_any_step(
    race: JoinRace, path: Path, step: str, minutes: int
) -> None:
    race.flaws.lose = lambda series, n: n == 30
    race.advance(120)
    slept: list[int] = []

    def sleep(point: str) -> None:
        if point == step and not slept:
            slept.append(1)
            race.doze(20, minutes * 60 - 40)
            race.doze(20)

    race.bucket.on_call = race.table.on_call = race.world.on_call = sleep
    tempo = Tempo(overlap_us=10 * SECOND)
    joined = Joined(race, path, tempo=tempo)
    joined.follow(40)
    assert slept
    assert joined.live(), joined.status
    assert joined.missing({series: set(range(1, 120)) for series in joined.missing()}) == {}
    ended(race, path, tempo=tempo)


@pytest.mark.parametrize("minutes", [20, 1560])
def test_row_18_caught_up_after_sleep(race: JoinRace, path: Path, minutes: int) -> None:
    race.advance(120)
    joined = Joined(race, path)
    slept: list[float] = []

    def sleep() -> None:
        if joined.live() and not slept:
            slept.append(race.time.mono)
            race.doze(20, minutes * 60 - 40)
            race.doze(20)

    joined.on_slice = sleep
    joined.follow(60, lambda: bool(slept) and race.time.mono > slept[0] + 30)
    assert "resumed" in joined.names()
    # older than the stream keeps: told where it can be, and read by key
    assert (joined.store.ledger().repaired > 0) is (minutes > 24 * 60)
    ended(race, path)


@pytest.mark.parametrize("seconds", [-400, 7, 400])
def test_row_19_a_laptop_whose_clock_is_wrong(race: JoinRace, path: Path, seconds: int) -> None:
    race.time.offset_us = seconds * SECOND
    race.advance(LONG_S)
    joined = follow(race, path)
    right = race.time.wall - (120 + 95) * SECOND
    assert abs(joined.status.anchor_us - right) < 95 * SECOND
    assert joined.status.reader is not None
    assert abs(joined.status.reader.clock_offset_us - seconds * SECOND) <= SECOND
    ended(race, path)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_row_20_killed_with_part_of_what_it_was_given_on_the_disk(
    race: JoinRace, path: Path, share: float
) -> None:
    """Nothing on it is the crash in the middle of a batch, all of it the one in between (21)."""
    race.advance(120)
    for count in (1, 2, 4, 8):
        race.advance(3)
        joined = Joined(race, path)
        submit = joined.recorder.submit
        left = [count]

        def submit_or_die(
            batch: Any,
            timeout_s: float = 30.0,
            joined: Joined = joined,
            submit: Any = submit,
            left: list[int] = left,
        ) -> None:
            left[0] -= 1
            if left[0] < 0:
                joined.recorder.apply(round(share * len(joined.recorder.queue)))
                joined.recorder.dead = True
            submit(batch, timeout_s)

        joined.recorder.submit = submit_or_die  # type: ignore[method-assign]
        with pytest.raises(Crash):
            joined.follow(30)
        joined.recorder.queue.clear()
    # what was handed over with a place is there: nothing has to be asked for by key
    assert ended(race, path).store.ledger().repaired == 0


def test_row_21_stopped_and_started_goes_on_where_it_was(race: JoinRace, path: Path) -> None:
    race.advance(LONG_S)
    follow(race, path)
    before = len(race.bucket.gets)
    for _ in range(3):
        joined = follow(race, path)
        assert joined.store.ledger().duplicates < numbers(race) / 2
    assert len(race.bucket.gets) == before
    ended(race, path)


def test_row_22_a_full_disk_stops_reading_and_is_told(race: JoinRace, path: Path) -> None:
    race.advance(LONG_S)
    joined = Joined(race, path)
    polls: list[int] = []

    def fill() -> None:
        if joined.live() and joined.recorder.failure is None:
            joined.recorder.failure = Failure("race.pitwall: the disk is full")
            polls.append(joined.status.reader.polls)

    joined.on_slice = fill
    joined.follow(60)
    assert joined.status.phase is Phase.FAILED
    assert "disk is full" in joined.status.message
    assert joined.status.reader.polls <= polls[0] + 2
    ended(race, path)


def test_row_23_other_readers_of_the_same_stream(race: JoinRace, path: Path) -> None:
    race.advance(LONG_S)
    race.world.network.trouble("two_readers", ("GetRecords",), 200, 30)
    joined = Joined(race, path)
    joined.follow(60)
    assert race.world.met["two_readers"] > 5
    assert joined.live()
    assert joined.status.reader.throttles > 5
    ended(race, path)


def test_row_27_positions_by_time_refused(path: Path) -> None:
    for seed, refuses in ((OLD, False), (PLAIN, True)):
        race = JoinRace(("1", "2"), 2, seed, kinds.DYNAMODB)
        race.advance(LONG_S)
        if refuses:
            race.world.network.trouble("refused_time", ("GetShardIterator",), 99, 1e6)
        own = path.with_name(f"{seed}.pitwall")
        joined = follow(race, own)
        # slower: all that the stream has is read again
        assert joined.store.ledger().duplicates_by_source[Source.STREAM] > 100
        ended(race, own)


# ---------------------------------------------------------------- the cars


def test_row_24_a_producer_that_starts_anew(race: JoinRace, path: Path) -> None:
    race.advance(120)
    race.cars["1"].ended = True
    race.cars["1/2"] = Car("1", "e2")
    race.advance(60)
    joined = Joined(race, path)

    def again() -> None:
        if joined.live() and "1/3" not in race.cars:
            race.cars["1/2"].ended = True
            race.cars["1/3"] = Car("1", "e3")

    joined.on_slice = again
    joined.follow(30)
    joined = ended(race, path)
    assert {series.epoch for series in joined.store.ledger().series} == {"e1", "e2", "e3"}


def test_row_25_one_identity_with_two_contents(race: JoinRace, path: Path) -> None:
    race.advance(120)
    first = race.table.items[series_of("1")][50]
    again = chunk_of("1", 50, first.t_lo, salt=9)
    race.archive(again, "1")
    race.advance(100)
    joined = follow(race, path)
    ledger = joined.store.ledger()
    assert ledger.conflicts == 1
    [conflict] = joined.recorder.recording.conflicts()
    assert (conflict.n, conflict.first, conflict.second) == (50, first.payload, again.payload)
    assert joined.missing() == {} or max(map(len, joined.missing().values())) <= 2


def test_row_26_heads_that_stall_are_a_silent_source_and_not_us_behind(
    race: JoinRace, path: Path
) -> None:
    race.advance(120)
    joined = Joined(race, path)
    phases: list[Phase] = []
    begun: list[float] = []

    def stall() -> None:
        if joined.live() and not begun:
            begun.append(race.time.mono)
            race.stalled = {name: race.time.wall + 15 * SECOND for name in race.cars}
        if begun and phases[-1:] != [joined.status.phase]:
            phases.append(joined.status.phase)

    joined.on_slice = stall
    joined.follow(40)
    assert Phase.SILENT in phases
    assert Phase.BEHIND not in phases
    assert joined.names()[-1] == "live"
    ended(race, path)


# ---------------------------------------------------------------- beyond the list


def test_row_28_concatenated_without_delimiters(race: JoinRace, path: Path) -> None:
    race.advance(95)
    race.flush_archive(lambda data: gzip.compress(gzip.decompress(data).replace(b"\n", b"")))
    race.advance(60)
    race.flush_archive(lambda data: gzip.decompress(data).replace(b"\n", b""))
    race.advance(60)
    race.flush_archive(lambda data: data + data)
    race.advance(30)
    arrived = numbers(race) - len(race.pending)
    joined = follow(race, path)
    assert joined.status.damaged == 0
    assert joined.store.ledger().by_source[Source.ARCHIVE] == arrived > 2 * 150
    ended(race, path)


@pytest.mark.parametrize("step", STEPS)
def test_row_29_killed_at_every_step(race: JoinRace, path: Path, step: str) -> None:
    race.flaws.lose = lambda series, n: n == 30
    race.advance(120)
    deaths: list[int] = []
    tempo = Tempo(overlap_us=10 * SECOND)

    def die(point: str) -> None:
        if point == step and not deaths:
            deaths.append(1)
            raise Crash

    race.bucket.on_call = race.table.on_call = race.world.on_call = die
    joined = Joined(race, path, tempo=tempo)
    with pytest.raises(Crash):
        joined.follow(30)
    joined.recorder.queue.clear()
    race.advance(20)
    assert ended(race, path, tempo=tempo).store.ledger().repaired >= 2


@pytest.mark.parametrize("source", kinds.SOURCES)
def test_row_30_items_without_the_contract_are_never_called_complete(
    path: Path, source: str
) -> None:
    race = ForeignRace(("1", "2"), 2, PLAIN, source)
    race.advance(60)
    for _ in range(2):
        joined = Joined(race, path, plain=MAPPING)
        joined.follow(20)
        ledger = joined.store.ledger()
        assert (ledger.provable, ledger.complete, joined.status.seam_proved) == (False,) * 3
        assert (ledger.missing, ledger.named) == (0, 0)
        assert joined.live()
        assert "ended" not in joined.names()
    race.writing = False
    joined = Joined(race, path, plain=MAPPING)
    joined.follow(10)
    samples = sum(columns.samples for columns in joined.store.view().columns.values())
    assert samples == len(race.samples)


def test_row_30_a_car_without_heads_among_others(race: JoinRace, path: Path) -> None:
    race.silent.add("2")
    race.advance(120)
    joined = follow(race, path)
    race.writing = False
    race.end("1")
    joined = Joined(race, path)
    joined.follow(30)
    ledger = joined.store.ledger()
    assert ledger.applied == numbers(race)
    assert ledger.series[series_of("1")].provable
    assert not ledger.series[series_of("2")].provable
    assert not ledger.provable
    assert not ledger.complete


def test_row_31_a_hole_older_than_the_stream_keeps(race: JoinRace, path: Path) -> None:
    race.flaws.lose = lambda series, n: 40 <= n < 70
    race.advance(120)
    race.jump(DAY_S)
    race.advance(60)
    joined = follow(race, path)
    assert joined.store.ledger().repaired == 60
    ended(race, path)
