"""Joining a race: history, seam, repair, live, on a virtual clock. What can go wrong is in
``test_joining_rows.py``."""

from __future__ import annotations

import gzip
import itertools
from pathlib import Path

import pytest

from pitwall.cloud import chunk_item
from pitwall.store import Source
from pitwall.stream import Denied, Retryable
from pitwall.telemetry import Failure
from pitwall.turbo import Phase, Tempo
from tests.unit.stream.rig import SECOND, START, World
from tests.unit.turbo.rig import Joined, Race, joined_after, series_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "race.pitwall"


def all_here(joined: Joined) -> None:
    assert joined.missing() == {}
    ledger = joined.store.ledger()
    assert ledger.closes
    assert ledger.complete
    assert ledger.conflicts == 0


def test_a_race_of_twenty_minutes_is_joined_and_followed(path: Path) -> None:
    race = Race()
    joined = joined_after(race, path, 600)
    joined.follow(60, joined.live)
    status = joined.status
    assert status.time_to_live_s is not None
    assert status.time_to_live_s < 5
    assert status.seam_proved
    assert status.progress == 1.0
    assert joined.names()[:3] == ["joined", "archive", "history"]
    joined = Joined(race, path)
    joined.follow(20)
    race.writing = False
    joined.close()
    joined = Joined(race, path)
    joined.follow(5)
    all_here(joined)
    by_source = joined.store.ledger().by_source
    assert by_source[Source.ARCHIVE] > 1300
    assert by_source[Source.STREAM] > 60
    assert by_source[Source.TABLE] == 0


def test_the_stream_is_read_from_shortly_before_the_archives_end(path: Path) -> None:
    race = Race(shards=1)
    joined = joined_after(race, path, 900)
    joined.follow(60, joined.live)
    reader = joined.follower.reader
    assert reader is not None
    # 120 s of overlap and up to 90 s that the archive is behind, of 900
    assert reader.status.records < 2 * 3 * 260
    assert joined.status.anchor_us >= race.time.wall - 260 * SECOND


def test_case_83_a_car_that_is_nowhere_but_in_the_buffer_and_has_retired(path: Path) -> None:
    """A car that retired while all it sent was in the archive's buffer was never seen."""
    race = Race(("1", "2", "ghost"))
    ghost = race.cars["ghost"]
    ghost.ended = True
    race.advance(600)
    race.pending.clear()
    ghost.ended = False
    race.flaws.lag_s = (600, 601)
    race.advance(5)
    race.end("ghost")
    race.flaws.lag_s = (30, 60)
    race.advance(240)
    heads = race.table.head_items
    joined = Joined(race, path)
    joined.follow(60, joined.live)
    assert ("ghost", "e1") in heads
    assert joined.store.ledger().tail(series_of("ghost")) == ghost.n
    assert not joined.missing({series_of("ghost"): set(range(1, ghost.n + 1))})


def test_case_83_without_the_roster_it_is_lost(path: Path) -> None:
    """A car that retired while all it sent was in the archive's buffer was never seen."""
    race = Race(("1", "2", "ghost"))
    race.cars["ghost"].ended = True
    race.advance(600)
    race.cars["ghost"].ended = False
    race.flaws.lag_s = (600, 601)
    race.advance(5)
    race.end("ghost")
    race.flaws.lag_s = (30, 60)
    race.advance(240)
    del race.table.head_items["ghost", "e1"]
    joined = Joined(race, path)
    joined.follow(60, joined.live)
    assert joined.missing({series_of("ghost"): {1, 2, 3}})


def test_case_71_holes_in_the_archive_are_filled_from_the_table(path: Path) -> None:
    """Firehose's rejected records were ignored: the archive had holes (aws-lambda-fanout#38)."""
    race = Race()
    race.flaws.lose = lambda series, n: series.car == "2" and n in (100, 101, 250)
    joined = joined_after(race, path, 600)
    joined.follow(60, joined.live)
    race.writing = False
    joined = Joined(race, path)
    joined.follow(10)
    all_here(joined)
    assert joined.store.ledger().repaired == 3


def test_holes_after_the_anchor_are_left_to_the_stream(path: Path) -> None:
    race = Race()
    race.advance(600)
    race.flaws.lose = lambda series, n: series.car == "2" and n % 5 == 0
    race.advance(100)
    race.flaws.lose = lambda series, n: False
    race.advance(100)
    joined = Joined(race, path)
    joined.follow(60, joined.live)
    assert joined.missing({series_of("2"): set(range(1, 701))}) == {}


def test_case_72_duplicates_are_applied_once(path: Path) -> None:
    """Random duplicates lay in the archive (lambda-streams-to-firehose#33)."""
    race = Race()
    race.flaws.duplicates = 0.03
    joined = joined_after(race, path, 600)
    joined.follow(60, joined.live)
    ledger = joined.store.ledger()
    assert joined.missing() == {} or max(map(len, joined.missing().values())) <= 2
    assert ledger.duplicates_by_source[Source.ARCHIVE] > 20
    assert ledger.conflicts == 0


def test_case_73_older_than_the_stream_keeps(path: Path) -> None:
    """A record that was logged as sent was never delivered (lambda-streams-to-firehose#47)."""
    race = Race(("1",), shards=1)
    race.flaws.lose = lambda series, n: 100 <= n < 160
    race.advance(600)
    shard = race.world.open_ids[0]
    race.world.trim(shard, 700)
    joined = Joined(race, path)
    joined.follow(60, joined.live)
    race.writing = False
    assert joined.store.ledger().repaired == 60
    assert joined.missing({series_of("1"): set(range(1, 600))}) == {}


def test_what_not_even_the_table_has_is_named(path: Path) -> None:
    race = Race()
    race.flaws.lose = lambda series, n: series.car == "2" and 200 <= n <= 202
    race.advance(600)
    race.table.gone = {(series_of("2"), n) for n in (200, 201, 202)}
    joined = Joined(race, path)
    joined.follow(60, joined.live)
    assert joined.live()
    assert not joined.store.ledger().complete
    [gap] = joined.recorder.recording.gaps()
    assert (gap.series.car, gap.n_lo, gap.n_hi) == ("2", 200, 202)
    assert START + 198 * SECOND < gap.t_lo < gap.t_hi < START + 205 * SECOND
    assert "named" in joined.names()
    [hole] = [h for h in joined.store.holes("2") if h.n_lo]
    assert hole.named_reason
    # the next start looks again, and finds it when it has come back
    race.table.gone.clear()
    joined.close()
    joined = Joined(race, path)
    joined.follow(30, joined.live)
    assert joined.recorder.recording.gaps() == ()


def test_no_bucket_at_all(path: Path) -> None:
    race = Race()
    joined = joined_after(race, path, 300, bucket=False)
    joined.follow(60, joined.live)
    assert joined.live()
    assert joined.status.archive_to_us is None


def test_a_listing_that_fails_now_and_then_is_tried_again(path: Path) -> None:
    race = Race()
    faults = iter([1, 1, 0] * 20)
    listed = race.bucket.list

    def sometimes(prefix: str) -> object:
        if next(faults):
            raise Retryable("503")
        return listed(prefix)

    race.bucket.list = sometimes  # type: ignore[method-assign, assignment]
    joined = joined_after(race, path, 600)
    joined.follow(60, joined.live)
    assert joined.store.ledger().by_source[Source.ARCHIVE] > 500


def test_a_late_object_changes_nothing_but_the_work(path: Path) -> None:
    race = Race()
    race.advance(295)
    key = race.flush_archive(seen_us=START + 630 * SECOND)
    race.advance(305)
    joined = Joined(race, path, tempo=Tempo(crosscheck_us=45 * SECOND))
    joined.follow(50)
    assert joined.live()
    assert key not in race.bucket.gets
    assert joined.missing({series_of("1"): set(range(1, 601))}) == {}


def test_other_sessions_in_the_archive_are_left_alone(path: Path) -> None:
    race = Race()
    other = b"2026-09-20-other-r1"
    race.advance(295)

    def with_others(data: bytes) -> bytes:
        lines = gzip.decompress(data)
        foreign = lines.replace(b"2026-09-20-test-r1", other)
        return gzip.compress(foreign + lines + foreign[:100] + b"\n")

    race.flush_archive(with_others)
    race.advance(300)
    joined = Joined(race, path)
    joined.follow(60, joined.live)
    assert joined.recorder.recording.quarantine() == ()
    assert {s.session for s in joined.store.ledger().series} == {"2026-09-20-test-r1"}


def test_a_second_start_loads_only_what_is_new(path: Path) -> None:
    race = Race()
    joined = joined_after(race, path, 600)
    joined.follow(60, joined.live)
    gets = len(race.bucket.gets)
    joined.close()
    race.advance(120)
    joined = Joined(race, path)
    joined.follow(60, joined.live)
    assert len(race.bucket.gets) == gets
    race.writing = False
    joined.close()
    joined = Joined(race, path)
    joined.follow(10)
    all_here(joined)
    assert joined.store.ledger().duplicates < 3 * 240


def test_a_hole_that_opens_live_is_read_by_key_after_five_seconds(path: Path) -> None:
    race = Race()
    race.skip_stream = lambda series, n: series.car == "3" and n in (630, 631)
    joined = joined_after(race, path, 600)
    seen: list[float] = []

    def watch() -> None:
        books = joined.store.ledger().series.get(series_of("3"))
        if books and race.cars["3"].n >= 632 and not seen and books.frontier >= 632:
            seen.append(race.time.mono)
        if race.cars["3"].n == 630 and not begun:
            begun.append(race.time.mono)

    begun: list[float] = []
    joined.on_slice = watch
    joined.follow(60, lambda: bool(seen))
    assert seen
    assert 4.5 <= seen[0] - begun[0] <= 9
    assert joined.store.ledger().repaired == 2
    assert "repaired" in joined.names()


def test_a_producer_that_starts_anew_is_repaired_from_its_first_chunk(path: Path) -> None:
    race = Race()
    race.skip_stream = lambda series, n: series.epoch == "e2" and n <= 4
    joined = joined_after(race, path, 600)
    joined.follow(30, joined.live)
    joined.close()
    car = race.cars["2"]
    race.end("2")
    race.cars["2b"] = type(car)("2", "e2")
    joined = Joined(race, path)
    joined.follow(30)
    race.writing = False
    joined = Joined(race, path)
    joined.follow(10)
    all_here(joined)
    assert joined.store.ledger().repaired >= 4


def test_the_race_ends(path: Path) -> None:
    race = Race()
    joined = joined_after(race, path, 300)

    def finish() -> None:
        if race.time.mono > joined.deadline - 30:
            for name, car in race.cars.items():
                if not car.ended:
                    race.end(name)

    joined.on_slice = finish
    joined.follow(60)
    assert "ended" in joined.names()
    assert joined.names().count("ended") == 1
    all_here(joined)


def test_a_race_that_was_over_long_ago(path: Path) -> None:
    race = Race()
    race.advance(600)
    for name in race.cars:
        race.end(name)
    race.advance(40 * 3600)
    for shard in list(race.world.open_ids):
        race.world.trim(shard, 10**6)
    joined = Joined(race, path)
    joined.follow(30, lambda: "ended" in joined.names())
    assert joined.names()[-1] == "ended"
    all_here(joined)


def test_a_silent_source_is_told_apart_from_being_behind(path: Path) -> None:
    race = Race()
    joined = joined_after(race, path, 300)
    joined.follow(20, joined.live)
    race.writing = False
    joined = Joined(race, path)
    phases: list[Phase] = []

    def watch() -> None:
        if not phases or phases[-1] is not joined.status.phase:
            phases.append(joined.status.phase)
        if race.time.mono > joined.deadline - 20:
            race.writing = True

    joined.on_slice = watch
    joined.follow(60)
    assert Phase.SILENT in phases
    assert phases[-1] is Phase.LIVE
    assert Phase.BEHIND not in phases


def test_history_can_be_cancelled(path: Path) -> None:
    race = Race()
    race.advance(600)
    joined = Joined(race, path)
    count = []

    def on_get() -> None:
        count.append(1)
        if len(count) == 8:
            joined.follower.cancel_history()

    race.bucket.on_get = on_get
    joined.follow(60, joined.live)
    ledger = joined.store.ledger()
    assert joined.live()
    assert 300 < ledger.applied < 1700
    assert ledger.named == ledger.missing > 0
    assert not joined.status.seam_proved
    # the next start loads what was left
    joined.close()
    race.bucket.on_get = lambda: None
    joined = Joined(race, path, tempo=Tempo(archive_from=100))
    joined.follow(60, joined.live)
    race.writing = False
    joined = Joined(race, path)
    joined.follow(10)
    all_here(joined)
    # only what the interrupted job held is fetched twice
    assert 1 <= len(race.bucket.gets) - len(set(race.bucket.gets)) <= 4


@pytest.mark.parametrize("resumed", [True, False])
def test_what_a_cancelled_history_lacks_is_asked_for_again_whatever_came_since(
    path: Path, resumed: bool
) -> None:
    race = Race(("1", "2"))
    race.advance(300)
    race.end("2")
    race.advance(300)
    for shard in list(race.world.open_ids):
        race.world.trim(shard, 10**6)
    joined = Joined(race, path)
    race.bucket.on_get = joined.follower.cancel_history
    joined.follow(20, joined.live)
    named = joined.store.ledger().named
    assert named > 500
    joined.close()
    # nothing of the second car has come, and none of its shards brings it
    race.bucket.on_get = lambda: None
    race.bucket.objects.clear()
    race.writing = False
    joined = Joined(race, path)
    if not resumed:
        joined.follower._kit.saved.clear()  # type: ignore[attr-defined]
    joined.follow(30)
    all_here(joined)
    assert joined.store.ledger().named == 0


def test_a_second_start_asks_only_the_laps_around_a_hole(path: Path) -> None:
    """What the first start had seen of the laps is in the recording, heads or no heads."""
    race = Race(("1",), shards=1)
    race.skip_stream = lambda series, n: 310 <= n <= 320
    race.table.heads = list  # type: ignore[method-assign]
    joined = Joined(race, path, bucket=False)
    refused = race.table.chunks

    def refuse(*asked: object) -> object:
        raise Failure("not now")

    race.table.chunks = refuse  # type: ignore[method-assign, assignment]
    joined.follow(900)
    assert joined.missing() == {series_of("1"): set(range(310, 321))}
    joined.close()
    race.table.chunks = refused  # type: ignore[method-assign]
    race.writing = False
    joined = Joined(race, path, bucket=False)
    joined.follow(20)
    assert joined.missing() == {}
    assert joined.store.ledger().repaired == 11
    assert race.table.reads == 1


def test_the_seam_is_proved_when_what_was_given_up_has_come_after_all(path: Path) -> None:
    race = Race()
    race.skip_stream = lambda series, n: series.car == "2" and n == 200
    race.advance(300)
    race.table.gone.add((series_of("2"), 200))
    joined = Joined(race, path, bucket=False)
    seen: list[bool] = []

    def watch() -> None:
        if joined.live() and joined.store.ledger().named and not seen:
            seen.append(joined.status.seam_proved)
            item = chunk_item(race.table.items[series_of("2")][200])
            race.world.put(item, item["pk"]["S"])

    joined.on_slice = watch
    joined.follow(20)
    assert seen == [False]
    assert joined.store.ledger().named == 0
    assert joined.status.seam_proved


def test_what_lies_behind_a_rotation_is_left_to_the_stream(path: Path) -> None:
    race = Race()
    race.advance(100)
    race.world.rotate(0)
    race.world.rotate(1)
    race.advance(200)
    for child in race.world.open_ids:
        race.world.fail("open", child, lambda: Retryable("500"), 2)
    joined = Joined(race, path, bucket=False)
    joined.follow(20, joined.live)
    assert joined.live()
    assert race.table.reads == 0
    assert joined.store.ledger().by_source[Source.STREAM] >= 900


def test_the_table_out_of_reach_at_the_start_fails_in_one_line(path: Path) -> None:
    race = Race()
    race.advance(100)
    race.table.heads = _refuse  # type: ignore[method-assign]
    joined = Joined(race, path)
    joined.follow(5)
    assert joined.status.phase is Phase.FAILED
    assert joined.status.message == "access denied: dynamodb:Query"
    assert joined.names() == ["failed"]


def _refuse() -> object:
    from pitwall.telemetry import Failure

    raise Failure("access denied: dynamodb:Query")


def test_repairs_wait_while_the_table_cannot_be_read(path: Path) -> None:
    race = Race()
    race.flaws.lose = lambda series, n: series.car == "2" and n == 100
    race.table.failing = 3
    joined = joined_after(race, path, 600)
    joined.follow(90, joined.live)
    assert joined.live()
    assert joined.store.ledger().repaired == 1
    assert joined.recorder.recording.gaps() == ()


def test_a_stream_that_cannot_be_read_at_all_is_stood_in_for_by_the_table(path: Path) -> None:
    race = Race()
    race.world.fail("open", "", lambda: Denied("dynamodb:GetShardIterator"), 10**9)
    joined = joined_after(race, path, 300)
    joined.follow(120)
    assert "denied" in joined.names()
    ledger = joined.store.ledger()
    assert ledger.by_source[Source.STREAM] == 0
    for name, car in race.cars.items():
        assert ledger.frontier(series_of(name)) > car.n - 60
    assert joined.names().count("live") <= 1
    assert joined.status.reader.message == "dynamodb:GetShardIterator"


def test_case_16_a_stream_switched_off_and_on_again_is_followed_under_its_new_name(
    path: Path,
) -> None:
    """After a change of the whole topology the old shards were asked for ever (scylladb#8012)."""
    race = Race()
    joined = joined_after(race, path, 300)
    switched: list[float] = []

    def switch() -> None:
        if not joined.live() or race.time.mono < joined.deadline - 100:
            return
        if not switched:
            switched.append(race.time.mono)
            race.world.enabled = False
            for shard in race.world.open_ids:
                race.world.end(shard)
            race.skip_stream = lambda series, n: True
        elif len(switched) == 1 and race.time.mono > switched[0] + 5:
            switched.append(race.time.mono)
            old, race.world = race.world, World(race.time, 2)
            race.world.arn = old.arn + "-new"
            race.skip_stream = lambda series, n: False

    counted: list[tuple[int, int]] = []

    def look() -> None:
        switch()
        reader = joined.status.reader
        if reader is not None:
            counted.append((reader.polls, reader.records))

    joined.on_slice = look
    joined.follow(150)
    assert len(switched) == 2
    # The pane counts since following began, whatever the stream is called.
    assert all(
        a <= b
        for one, other in itertools.pairwise(counted)
        for a, b in zip(one, other, strict=True)
    )
    assert "disabled" in joined.names()
    assert "renewed" in joined.names()
    assert joined.status.phase is Phase.STOPPED
    race.writing = False
    joined = Joined(race, path)
    joined.follow(15)
    all_here(joined)
    assert joined.store.ledger().repaired >= 3


def test_an_error_of_our_own_is_told_and_ends_the_follower(path: Path) -> None:
    race = Race()
    race.advance(60)
    joined = Joined(race, path)
    race.table.heads = lambda: 1 // 0  # type: ignore[method-assign, assignment, return-value]
    joined.follow(5)
    assert joined.status.phase is Phase.FAILED
    assert "ZeroDivisionError" in joined.status.message
