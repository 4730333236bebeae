"""Following by table reads: everything that the heads promise, once, and at a bounded cost."""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.cloud import LapEntry
from pitwall.store import Source
from pitwall.stream import (
    Denied,
    Listing,
    Page,
    Position,
    Rejected,
    Retryable,
    ShardInfo,
    StreamSource,
    after,
)
from pitwall.turbo import FollowerStatus, Phase, Tempo
from pitwall.turbo.permitted import check_readable
from pitwall.turbo.table_history import in_turn
from pitwall.turbo.table_source import READS_PER_S
from tests.unit.stream.scripted import ClientError
from tests.unit.turbo.rig import SECOND, SESSION, Car, series_of
from tests.unit.turbo.table_rig import TableJoined, TableRace, denied


def joined(race: TableRace, path: Path, seconds: float = 0.0, **options: Any) -> TableJoined:
    race.advance(seconds)
    return TableJoined(race, path, **options)


def check(one: TableJoined) -> None:
    """All of it, nothing twice, nothing unexplained."""
    ledger = one.store.ledger()
    assert not one.missing()
    assert ledger.missing == 0
    assert ledger.duplicates == 0
    assert ledger.conflicts == 0
    assert ledger.quarantined == 0


def test_history_and_live_chunk_by_chunk(tmp_path: Path) -> None:
    one = joined(TableRace(), tmp_path / "x", 200)
    one.follow(40)
    assert one.status.phase is Phase.STOPPED
    names = one.names()
    assert names.index("joined") < names.index("history") < names.index("live")
    assert dict(one.events)["live"]["missing"] == 0
    ledger = one.store.ledger()
    assert ledger.provable
    assert ledger.applied >= 3 * 236
    assert ledger.duplicates == ledger.repaired == 0


def test_books_are_not_open_for_a_moment_every_second(tmp_path: Path) -> None:
    one = joined(TableRace(), tmp_path / "x", 30)
    open_books: list[int] = []
    one.on_slice = lambda: (
        open_books.append(one.store.ledger().missing) if one.live() else None  # type: ignore[func-returns-value]
    )
    one.follow(30)
    assert len(open_books) > 200
    assert set(open_books) == {0}
    assert {"live", "silent", "late", "behind"} & set(one.names()) == {"live"}


def test_sealed_laps_come_first_and_only_those_that_are_not_here(tmp_path: Path) -> None:
    race = TableRace()
    race.advance(310)
    race.seal()
    one = TableJoined(race, tmp_path / "x")
    one.follow(5)
    assert "archive" not in one.names()
    told = dict(one.events)["table-laps"]
    assert told["chunks"] >= 3 * 290
    assert told["items"] == 3 * 5
    ledger = one.store.ledger()
    assert ledger.by_source[Source.TABLE_LAPS] == told["chunks"]
    assert ledger.by_source[Source.ARCHIVE] == ledger.repaired == 0
    # no partition of a lap that is sealed was read: only where a series is gone on with
    laps = Counter(pk.split("#")[2] for pk in race.dynamo.asked if pk.count("#") == 3)
    assert set(laps) <= {"004", "005"}
    assert one.store.ledger().duplicates == 0
    one.close()
    race.joined = None
    race.advance(130)
    race.seal()
    asked: list[str] = []
    race.dynamo.mood = lambda action, pk: asked.append(pk) if action == "BatchGetItem" else None
    again = TableJoined(race, tmp_path / "x", tempo=Tempo(archive_from=1))
    again.follow(5)
    assert {pk.split("#")[2] for pk in asked} == {"005", "006"}
    ledger = again.store.ledger()
    assert ledger.missing == ledger.duplicates_by_source[Source.STREAM] == 0


def test_progress_in_items_bytes_laps_and_seconds_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pitwall.turbo.table_history._LAPS_A_TURN", 2)
    race = TableRace()
    race.advance(610)
    race.seal()
    one = TableJoined(race, tmp_path / "x")
    seen: list[FollowerStatus] = []
    change = one.follower._desk.set

    def slow(**fields: Any) -> None:
        race.time.mono += 0.3
        change(**fields)
        if "objects" in fields:
            seen.append(one.status)

    monkeypatch.setattr(one.follower._desk, "set", slow)
    one.follow(5)
    items = dict(one.events)["table-laps"]["items"]
    assert seen[0].text.startswith(f"sealed laps of the table: 0 of {seen[0].objects_total} items")
    assert re.search(r"\d of [\d,]+ items, \d+\.\d MB, \d+ laps, \d+ s left$", seen[5].text)
    for name in ("progress", "objects", "bytes", "laps"):
        figures = [getattr(status, name) for status in seen]
        assert figures == sorted(figures)
    done = seen[-1]
    assert (done.progress, done.left_s) == (1.0, 0.0)
    assert done.objects == done.objects_total >= items
    assert done.bytes == dict(one.events)["table-laps"]["bytes"] > 0
    left = [status.left_s for status in seen if status.left_s is not None]
    assert len(left) > 5
    assert left[0] > left[-1]


@given(
    st.lists(st.tuples(st.sampled_from("1234"), st.integers(0, 30)), unique=True, max_size=60),
    st.lists(st.frozensets(st.sampled_from("12345")), min_size=1, max_size=5),
    st.integers(1, 9),
)
def test_newest_laps_then_chosen_cars_then_the_rest(
    laps: list[tuple[str, int]], choices: list[frozenset[str]], size: int
) -> None:
    entries = [LapEntry(SESSION.key, car, lap, 0, 0, {}, sealed=True) for car, lap in laps]
    choice = itertools.chain(choices, itertools.repeat(choices[-1]))
    made: list[frozenset[str]] = []

    def chosen() -> frozenset[str]:
        made.append(next(choice))
        return made[-1]

    turns = [[(e.car, e.lap) for e in turn] for turn in in_turn(entries, chosen, size)]
    assert all(len(turn) == size for turn in turns[:-1])
    order = [lap for turn in turns for lap in turn]
    assert sorted(order) == sorted(laps)
    newest = {car: max(lap for c, lap in laps if c == car) for car, _ in laps}
    assert set(order[: len(newest)]) == set(newest.items())
    left = set(laps) - set(newest.items())
    for turn, now in zip(turns, made, strict=True):
        for lap in turn:
            if lap in left:
                best = min(left, key=lambda lap: (lap[0] not in now, -lap[1], lap[0]))
                assert lap == best
                left.remove(lap)


def test_chosen_cars_are_asked_for_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pitwall.turbo.table_history._LAPS_A_TURN", 3)
    race = TableRace()
    race.advance(610)
    race.seal()
    asked: list[str] = []
    race.dynamo.mood = lambda action, pk: asked.append(pk) if action == "BatchGetItem" else None
    one = TableJoined(race, tmp_path / "x")
    one.follower.show_first(frozenset("3"))
    one.follow(5)
    cars = [pk.split("#")[3] for pk in dict.fromkeys(asked)]
    assert sorted(cars[:3]) == ["1", "2", "3"]
    mine = cars[3:].count("3")
    assert mine > 5
    assert set(cars[3 : 3 + mine - 2]) == {"3"}


def test_gone_on_with_from_its_checkpoints(tmp_path: Path) -> None:
    race = TableRace()
    one = joined(race, tmp_path / "x", 100)
    one.follow(20)
    one.close()
    race.joined = None
    race.advance(10)
    race.dynamo.asked.clear()
    again = TableJoined(race, tmp_path / "x")
    again.follow(3)
    ledger = again.store.ledger()
    assert again.live()
    assert ledger.duplicates == 0
    assert ledger.missing == 0
    # a look at the permissions, and each series where it was
    reads = [pk for pk in race.dynamo.asked if pk.count("#") == 3]
    assert len(reads) < 3 * 8


def test_chunks_that_are_accepted_out_of_order(tmp_path: Path) -> None:
    race = TableRace()
    race.late = lambda series, n: 2.5 if n % 7 == 0 else 0.0
    one = joined(race, tmp_path / "x", 60)
    one.follow(60)
    assert one.store.ledger().repaired == 0
    check_all_but_newest(one)


def check_all_but_newest(one: TableJoined) -> None:
    ledger = one.store.ledger()
    for series, n in one.race.shown.items():
        assert ledger.frontier(series) >= n - 6, (series, n)
    assert ledger.duplicates == ledger.conflicts == ledger.quarantined == 0


def test_a_car_that_boots_again_and_one_that_comes_later(tmp_path: Path) -> None:
    race = TableRace()
    one = joined(race, tmp_path / "x", 130)

    def come() -> None:
        if one.live() and "9" not in race.cars:
            race.cars["1"] = Car("1", "e2")
            race.cars["9"] = Car("9")
            one.deadline = race.time.mono + 20
            one.until = lambda: one.store.ledger().tail(series_of("9")) > 5

    one.on_slice = come
    one.follow(60)
    ledger = one.store.ledger()
    assert ledger.tail(series_of("1", "e2")) > 5
    assert ledger.missing == 0
    assert ledger.repaired == 0


def test_a_producer_that_dies_after_chunks_that_no_head_speaks_of(tmp_path: Path) -> None:
    race = TableRace(["1"])
    one = joined(race, tmp_path / "x", 50)

    def die() -> None:
        if one.live() and race.writing:
            race.writing = False
            # the last of them on the next lap, and one between them lost
            for _ in range(14):
                race.time.wall += SECOND
                race.write(race.cars["1"])
            race.absent.add((series_of("1"), 60))
            for rows in race.dynamo.partitions.values():
                for sk in [sk for sk in rows if sk.endswith("#00000060")]:
                    del rows[sk]

    one.on_slice = die
    one.follow(30, lambda: one.store.ledger().named > 0)
    ledger = one.store.ledger()
    newest = race.cars["1"].n
    assert newest > 62
    assert ledger.tail(series_of("1")) == newest
    reads = len(race.dynamo.asked)
    assert one.missing() == {series_of("1"): {60}} or ledger.missing == 1
    assert reads < 150


def test_a_place_that_is_none(tmp_path: Path) -> None:
    race = TableRace(["1"])
    one = joined(race, tmp_path / "x", 10)
    source = one.follower._ways.sources.connect()
    [_, series] = source.describe().shards
    for wrong in ("12", "x" * 27):
        with pytest.raises(Rejected):
            source.open(series.id, after(wrong))
    # one that the recording knows and no head speaks of any more
    assert source.read(source.open("gone", after("0" * 27)), 10).records == ()


def test_what_the_table_has_not_is_named(tmp_path: Path) -> None:
    race = TableRace()
    race.absent = {(series_of("2"), 20), (series_of("2"), 75)}
    one = joined(race, tmp_path / "x", 60)
    one.follow(60, lambda: one.store.ledger().named == 2)
    ledger = one.store.ledger()
    assert ledger.named == 2
    assert ledger.tail(series_of("2")) > 76
    assert one.missing() == {} or max(min(v) for v in one.missing().values()) > 76


def only(*cars: str, but: str = "") -> Any:
    """The service's refusal of every other car's rows."""

    def mood(action: str, pk: str) -> None:
        parts = pk.split("#")
        if action == but or (len(parts) >= 4 and parts[3] not in cars):
            raise denied(action)

    return mood


def test_just_what_is_permitted(tmp_path: Path) -> None:
    race = TableRace()
    race.dynamo.mood = only("2")
    race.advance(130)
    race.seal()
    one = TableJoined(race, tmp_path / "x")
    asked = len(race.dynamo.asked)
    one.follow(20)
    told = dict(one.events)
    assert told["joined"]["cars"] == 1
    assert told["limited"]["reason"] == one.status.limited
    assert one.status.limited.startswith(
        "shown: 1 of 3 cars (2), all 1 group; for the rest: access denied: these credentials may "
        "not read these rows of the table: permission dynamodb:Query on arn:t is missing"
    )
    assert {s.car for s in one.store.ledger().series} == {"2"}
    assert {head.car for head in one.store.heads().values()} == {"2"}
    assert one.store.ledger().missing == 0
    # what is refused is asked for once
    others = [pk for pk in race.dynamo.asked[asked:] if pk.endswith(("#1", "#3"))]
    assert len(others) == 2


def test_nothing_permitted_is_a_failure(tmp_path: Path) -> None:
    race = TableRace()
    race.dynamo.mood = only()
    one = joined(race, tmp_path / "x", 10)
    one.follow(10)
    assert one.status.phase is Phase.FAILED
    assert one.status.message.startswith("no row of this session may be read: shown: 0 of 3 cars")


def test_without_sealed_laps_it_is_slower_not_less(tmp_path: Path) -> None:
    race = TableRace()
    race.dynamo.mood = only("1", "2", "3", but="BatchGetItem")
    race.advance(130)
    race.seal()
    one = TableJoined(race, tmp_path / "x")
    one.follow(20)
    reason = str(dict(one.events)["table-laps-absent"]["reason"])
    assert "may not read sealed laps from the table" in reason
    assert one.live()
    assert one.store.ledger().missing == 0


def test_history_given_up(tmp_path: Path) -> None:
    race = TableRace()
    one = joined(race, tmp_path / "x", 200)
    one.follower.cancel_history()
    one.follow(30, lambda: one.live())
    assert one.live()
    ledger = one.store.ledger()
    assert ledger.named > 100
    assert ledger.missing == ledger.named
    assert one.missing() == {}


@pytest.mark.parametrize("code", ["InternalServerError", "ProvisionedThroughputExceededException"])
def test_a_table_that_does_not_answer_for_a_while(tmp_path: Path, code: str) -> None:
    race = TableRace()
    one = joined(race, tmp_path / "x", 60)
    phases: set[Phase] = set()
    began = [0.0]

    def fail(action: str, pk: str) -> None:
        raise ClientError(code, 500 if code.startswith("Int") else 400)

    def go() -> None:
        phases.add(one.status.phase)
        now = race.time.mono
        if one.live() and not began[0]:
            began[0] = now
            race.dynamo.mood = fail
        elif began[0] and now > began[0] + 25:
            race.dynamo.mood = lambda action, pk: None

    one.on_slice = go
    one.follow(70)
    assert phases & {Phase.OFFLINE, Phase.THROTTLED}
    assert one.names()[-1] == "live"
    assert one.store.ledger().missing == 0
    check_all_but_newest(one)


def test_reads_are_bounded_however_many_series_there_are(tmp_path: Path) -> None:
    race = TableRace([str(i) for i in range(150)])
    one = joined(race, tmp_path / "x", 3)
    marks: list[tuple[float, int]] = []
    open_books: set[int] = set()

    def look() -> None:
        marks.append((race.time.mono, len(race.dynamo.asked)))
        if one.live():
            open_books.add(one.store.ledger().missing)

    one.on_slice = look
    one.follow(15)
    assert one.live()
    live = [mark for mark in marks if mark[0] > marks[0][0] + 5]
    (since, before), (until, after) = live[0], live[-1]
    rate = (after - before) / (until - since)
    assert READS_PER_S / 2 < rate <= READS_PER_S + 4
    # heads are told of when what they speak of is here
    assert open_books == {0}
    assert not {"late", "behind", "silent"} & set(one.names())


def test_a_damaged_item_is_kept_and_named(tmp_path: Path) -> None:
    race = TableRace()
    race.advance(30)
    pk = f"{SESSION.key}#driver#000#2"
    sk = sorted(race.dynamo.partitions[pk])[10]
    race.dynamo.partitions[pk][sk] = {**race.dynamo.partitions[pk][sk], "p": {"B": b"x"}}
    odd = {"pk": {"S": pk}, "sk": {"S": "zzz"}, "k": {"S": "c"}, "e": {"S": "e1"}}
    race.dynamo.put(odd)
    one = TableJoined(race, tmp_path / "x")
    one.follow(30)
    ledger = one.store.ledger()
    assert ledger.quarantined >= 2
    assert ledger.tail(series_of("2")) > 40


@pytest.mark.parametrize("seed", range(10))
def test_whatever_happens_all_of_it_comes(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    race = TableRace([str(i) for i in range(rng.randint(1, 4))], seed=seed)
    race.dynamo.page = rng.choice([1, 3, 40, 1000])
    race.late = lambda series, n: rng.choice([0.0, 0.0, 0.0, 0.7, 3.0])
    race.advance(rng.uniform(5, 180))
    if rng.random() < 0.5:
        race.seal()

    def shaky(action: str, pk: str) -> None:
        if rng.random() < 0.05:
            raise ClientError("InternalServerError", 500)

    for leg in range(3):
        one = TableJoined(race, tmp_path / "x")
        race.dynamo.mood = shaky
        if leg == 1:
            name = rng.choice(list(race.cars))
            race.cars[name] = Car(name, f"b{leg}")
        one.follow(rng.uniform(3, 25))
        race.advance(rng.uniform(0, 20))
    race.writing = False
    race.advance(5)
    for name in race.cars:
        race.end(name)
    last = TableJoined(race, tmp_path / "x")
    race.dynamo.mood = lambda action, pk: None
    last.follow(60, lambda: last.live() and not last.missing())
    check(last)


def test_the_stream_is_refused(tmp_path: Path) -> None:
    race = TableRace()
    one = joined(race, tmp_path / "x", 30)

    def refuse() -> StreamSource:
        raise Denied("no") from denied("DescribeStream")

    by_table = one.follower._ways.sources
    one.follower._ways.sources = replace(
        by_table, connect=refuse, by_table=None, otherwise=lambda: by_table
    )
    one.follow(10)
    assert "may not follow the table's stream" in str(dict(one.events)["by-table"]["reason"])
    assert one.live()


class Half:
    """A stream that may be looked up; ``refuse`` raises for what may not be done with it."""

    by_time = True

    def __init__(self, refuse: Callable[[str, str], None]) -> None:
        self.refuse = refuse
        self.asked: list[str] = []

    def describe(self) -> Listing:
        return Listing("s", True, tuple(ShardInfo(f"s{i}") for i in range(5)))

    def children(self, shard: str) -> tuple[ShardInfo, ...]:
        return ()

    def open(self, shard: str, position: Position) -> str:
        self.asked.append(shard)
        self.refuse("GetShardIterator", shard)
        return shard

    def read(self, iterator: str, limit: int) -> Page:
        self.refuse("GetRecords", iterator)
        return Page((), iterator)


@pytest.mark.parametrize("action", ["GetShardIterator", "GetRecords"])
def test_the_stream_may_be_looked_up_but_not_read(tmp_path: Path, action: str) -> None:
    race = TableRace()
    one = joined(race, tmp_path / "x", 30)

    def refuse(what: str, shard: str) -> None:
        if what == action and shard != "s4":
            raise Denied("no") from denied(action)
        if shard == "s4":  # says nothing of permissions
            raise Retryable("busy")

    half = Half(refuse)
    by_table = one.follower._ways.sources
    one.follower._ways.sources = replace(
        by_table, connect=lambda: half, by_table=None, otherwise=lambda: by_table
    )
    one.follow(10)
    reason = str(dict(one.events)["by-table"]["reason"])
    assert "may not follow the table's stream" in reason
    assert f"dynamodb:{action}" in reason
    assert one.live()
    assert half.asked == ["s4", "s3"]


def test_trouble_of_shards_is_no_refusal() -> None:
    def trouble(what: str, shard: str) -> None:
        raise Retryable("busy")

    half = Half(trouble)
    check_readable(half, half.describe())
    assert half.asked == ["s4", "s3", "s2"]


def test_credentials_that_have_run_out_are_no_missing_permission(tmp_path: Path) -> None:
    race = TableRace()
    one = joined(race, tmp_path / "x", 30)

    def refuse() -> StreamSource:
        raise Denied("no") from ClientError("ExpiredTokenException")

    by_table = one.follower._ways.sources
    one.follower._ways.sources = replace(
        by_table, connect=refuse, by_table=None, otherwise=lambda: by_table
    )
    one.follow(10)
    assert one.status.phase is Phase.FAILED
    assert "by-table" not in one.names()
