"""The seeded history: what live publishing would have left behind, with its flaws and no others."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pitwall.cloud import chunk_item, parse_chunk, parse_head
from pitwall.cloud.archiver import make_handler
from pitwall.cloud.bulk import history
from pitwall.cloud.bundle import bundle_name, parse_bundle
from pitwall.cloud.feed import cut, live_chunks
from pitwall.cloud.lapbook import LapBook
from pitwall.cloud.local import seed as seed_module
from pitwall.cloud.local.items import decode_json
from pitwall.cloud.local.seed import Seeded, seed
from pitwall.cloud.local.seed_cache import load_log, save_log
from pitwall.cloud.local.seed_feed import FieldFeed
from pitwall.cloud.local.seed_log import build_log
from pitwall.cloud.local.seed_rows import SeriesRows
from pitwall.cloud.local.seed_spec import open_feed, parse_spec
from pitwall.cloud.local.service import Service, StandInConfig
from pitwall.store import Batch, Recording, Source
from pitwall.telemetry import BadInput, Head, Segment, Session

START = 1_790_000_000_000_000
SPEC: dict[str, Any] = {
    "seed": 3,
    "cars": 3,
    "seconds_history": 400,
    "stream_s": 100,
    "race_start_us": START,
    "cache": False,
}
CLEAN = {"duplicates": 0, "late_objects": 0, "table_only_holes": 0}


def stand_in(now_us: int = START + 400_000_000, **config: Any) -> Service:
    service = Service(StandInConfig(**config), lambda: now_us)
    service.attach(make_handler(service.firehose, service.config.delivery, report_failures=True))
    return service


def silent(share: float, what: str) -> None:
    pass


def everything(service: Service) -> dict[tuple[str, str], tuple[bytes, int]]:
    table = service.table
    return {
        (pk, sk): row for pk, part in table._partitions.items() for sk, row in part.rows.items()
    }


def chunk_rows(service: Service) -> dict[tuple[str, str], dict[str, Any]]:
    items = {key: decode_json(image) for key, (image, _) in everything(service).items()}
    return {key: item for key, item in items.items() if item["k"]["S"] == "c"}


def archived(service: Service) -> list[tuple[str, str]]:
    """Keys of the lines in the archive's raw objects, repeats included."""
    found = []
    store, bucket = service.objects, service.config.bucket
    for key, stored in store.list(bucket, "raw/", limit=10_000).objects:
        assert key.endswith(".gz")
        for line in gzip.decompress(stored.data).splitlines():
            row = json.loads(line)
            found.append((row["pk"], row["sk"]))
    return found


@pytest.fixture(scope="module")
def seeded() -> tuple[Service, Seeded]:
    service = stand_in()
    return service, seed(service, SPEC, silent)


def segments_of(spec: dict[str, Any], session: Session) -> list[Segment]:
    parsed = parse_spec(spec)
    log = build_log(
        open_feed(parsed, parsed.history_us / 1e6 + 5), parsed.history_us, lambda share: None
    )
    chunks = [
        chunk
        for one in log.series
        for chunk in SeriesRows(one, session, parsed.epoch).segments(0, len(one.payloads))
    ]
    return sorted(chunks, key=lambda chunk: chunk.t_hi)


def test_the_table_is_what_publishing_leaves(seeded: tuple[Service, Seeded]) -> None:
    service, made = seeded
    other = stand_in()
    written = list(history(segments_of(SPEC, made.session), made.session))
    other.table.put_many([one.item for one in written if one.item])
    ours, theirs = everything(service), everything(other)
    assert ours.keys() == theirs.keys()
    heads = [key for key in ours if key[0].endswith("#head")]
    assert len(heads) == 3
    for key, row in theirs.items():
        if key in heads:
            # a head's own time is the moment it was written
            mine, other_head = (parse_head(decode_json(r[0])) for r in (ours[key], row))
            assert mine.n == other_head.n
            assert mine.lap == other_head.lap
            assert mine.t_first == other_head.t_first
            assert other_head.t <= mine.t <= START + 400_000_000
        else:
            assert decode_json(ours[key][0]) == decode_json(row[0]), key
            assert ours[key][1] == row[1]  # size as the service counts it
    objects = {one.key: one.body for one in written if one.key}
    stored = service.objects.list(service.config.bucket, "sealed/", limit=10_000).objects
    assert {key for key, _ in stored} < objects.keys()
    for key, got in stored:
        name = bundle_name(made.session.key, key)
        assert name is not None
        if name.first == name.last:
            assert got.data == objects[key]
        else:  # a block lacks the lap that the archive lost
            whole = parse_bundle(objects[key]).segments
            assert [s for s in whole if s in parse_bundle(got.data).segments]
            assert len(whole) - len(parse_bundle(got.data).segments) in (0, 5)


def test_every_chunk_is_whole_and_numbered(seeded: tuple[Service, Seeded]) -> None:
    service, made = seeded
    chunks = [parse_chunk(item) for item in chunk_rows(service).values()]  # checks every crc
    assert len(chunks) == made.chunks == 3 * 11 * 400
    numbers: dict[Any, set[int]] = {}
    for chunk in chunks:
        numbers.setdefault(chunk.series, set()).add(chunk.n_lo)
        assert START <= chunk.t_lo <= chunk.t_hi < START + 400_000_000
    assert len(numbers) == 15
    assert all(n == set(range(1, len(n) + 1)) for n in numbers.values())


def test_archive_has_its_flaws_and_no_others(seeded: tuple[Service, Seeded]) -> None:
    service, made = seeded
    rows = chunk_rows(service)
    got = archived(service)
    assert set(got) <= rows.keys()
    assert len(got) > len(set(got))  # duplicates
    # what is not there yet: the hole, the late object, the buffer that is still open
    missing = rows.keys() - set(got)
    assert made.lost == 66
    with service.pinned(START + 500_000_000):
        service.tick()
    after = rows.keys() - set(archived(service))
    assert len(missing) > len(after) == made.lost
    cars = {pk.rsplit("#", 1)[1] for pk, _ in after}
    times = [int(sk[:16]) - START for _, sk in after]
    assert len(cars) == 1
    assert max(times) - min(times) < 6e6
    # the late object lies under a later time than its content
    late = [
        stored
        for key, stored in service.objects.list(service.config.bucket, "raw/").objects
        if stored.modified_us >= START + 420_000_000
    ]
    assert late


def test_only_the_table_fills_the_hole(seeded: tuple[Service, Seeded]) -> None:
    service, _ = seeded
    with service.pinned(START + 500_000_000):
        service.tick()
    hole = chunk_rows(service).keys() - set(archived(service))
    streamed = {(r.pk, r.sk) for shard in service.stream.shards() for r in shard.records}
    assert not hole & streamed
    sealed = set()
    for _, stored in service.objects.list(service.config.bucket, "sealed/", limit=9999).objects:
        for segment in parse_bundle(stored.data).segments:
            s = segment.series
            sealed |= {(s.car, s.group, n) for n in range(segment.n_lo, segment.n_hi + 1)}
    for pk, sk in hole:
        _, group, _, car = pk.split("#")
        assert (car, group, int(sk[17:])) not in sealed
        assert service.table.get(pk, sk)
    assert sealed  # the other laps are there


def test_the_stream_holds_the_end_only(seeded: tuple[Service, Seeded]) -> None:
    service, _ = seeded
    records = [r for shard in service.stream.shards() for r in shard.records]
    assert min(r.created_us for r in records) >= START + 300_000_000
    kept = {(r.pk, r.sk) for r in records if r.image and b'"k":{"S":"c"}' in r.image}
    want = {key for key in chunk_rows(service) if int(key[1][:16]) >= START + 301_000_000}
    assert want <= kept
    heads = [r for r in records if r.pk.endswith("#head")]
    assert len(heads) > 3 * 95  # one a second and car
    for shard in service.stream.shards():
        created = [r.created_us for r in shard.records]
        assert created == sorted(created)
        assert max(created) <= START + 400_000_000 + 100_000


def test_clean_history_is_complete_in_archive_and_stream() -> None:
    service = stand_in()
    made = seed(service, {**SPEC, "faults": CLEAN}, silent)
    assert made.lost == 0
    with service.pinned(START + 470_000_000):
        service.tick()
    got = archived(service)
    assert len(got) == len(set(got)) == made.chunks
    keys = [k for k, _ in service.objects.list(service.config.bucket, "raw/").objects]
    assert keys
    assert len({k[:18] for k in keys}) <= 2  # the hour of the race, not of the seeding


def test_the_publisher_goes_on_where_history_ends(seeded: tuple[Service, Seeded]) -> None:
    service, made = seeded
    spec = parse_spec(SPEC)
    heads = [
        parse_head(decode_json(row[0]))
        for (pk, _), row in everything(service).items()
        if pk.endswith("#head")
    ]
    # a longer race than the one that was seeded
    feed = open_feed(spec, 520.0)
    source = live_chunks(feed, made.session, spec.epoch, heads)
    rows = chunk_rows(service)
    known: list[Segment] = []
    new: list[Segment] = []
    counters = {(h.car, g): n for h in heads for g, n in h.n.items()}
    last = 0
    for chunk in source:
        assert chunk.t_hi >= last
        last = chunk.t_hi
        place = (chunk.series.car, chunk.series.group)
        (known if chunk.n_lo <= counters[place] else new).append(chunk)
    for chunk in known:
        item = chunk_item(chunk, text=True)
        assert rows[item["pk"]["S"], item["sk"]["S"]] == item
    first: dict[tuple[str, str], int] = {}
    for chunk in new:
        first.setdefault((chunk.series.car, chunk.series.group), chunk.n_lo)
    assert first == {place: n + 1 for place, n in counters.items()}
    assert last >= START + 519_000_000
    # laps that are open at the seam are there from their beginning, in every series
    book = LapBook()
    closed = [lap for chunk in [*known, *new] for lap in book.add(chunk) if lap.chunks]
    whole = {(lap.chunks[0].series, lap.chunks[0].lap): len(lap.chunks) for lap in closed}
    full = LapBook()
    for chunk in live_chunks(feed, made.session, spec.epoch):
        for lap in full.add(chunk):
            if lap.chunks and (lap.chunks[0].series, lap.chunks[0].lap) in whole:
                assert whole[lap.chunks[0].series, lap.chunks[0].lap] == len(lap.chunks)
    assert whole


def test_another_start_changes_times_and_nothing_else() -> None:
    spec = {**SPEC, "seconds_history": 60, "stream_s": 20, "cars": 1, "faults": CLEAN}
    one, two = stand_in(), stand_in()
    later = START + 86_400_000_000
    seed(one, spec, silent)
    seed(two, {**spec, "race_start_us": later, "session": "2026-09-21-demo-r1"}, silent)
    a = sorted(
        (parse_chunk(item) for item in chunk_rows(one).values()), key=lambda c: (c.series, c.n_lo)
    )
    b = sorted(
        (parse_chunk(item) for item in chunk_rows(two).values()), key=lambda c: (c.series, c.n_lo)
    )
    assert [c.payload for c in a] == [c.payload for c in b]
    assert all(y.t_lo - x.t_lo == 86_400_000_000 for x, y in zip(a, b, strict=True))
    assert all(x.crcs != y.crcs for x, y in zip(a, b, strict=True))


def test_history_ends_now_unless_told_otherwise() -> None:
    service = stand_in(now_us=START)
    spec = {"cars": 1, "seconds_history": 60, "stream_s": 20, "cache": False, "faults": CLEAN}
    made = seed(service, spec, silent)
    assert made.session.started_us == START - 60_000_000
    assert made.session.simulated
    assert made.session.length_s == 3000
    assert made.session.key == "2026-09-21-demo-r1"


# -- the cache


def no_feed(*args: Any, **kwargs: Any) -> Any:
    raise AssertionError("the race was driven again")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(seed_module, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


SMALL = {"cars": 2, "seconds_history": 130, "stream_s": 40, "race_start_us": START}


def test_second_start_reads_the_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = stand_in(), stand_in()
    assert not seed(one, SMALL, silent).cached
    (file,) = folder.iterdir()
    assert file.suffix == ".log"
    monkeypatch.setattr(seed_module, "open_feed", no_feed)
    assert seed(two, SMALL, silent).cached
    assert everything(one) == everything(two)


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "text"])
def test_damaged_cache_is_made_anew(folder: Path, damage: str) -> None:
    one, two, three = stand_in(), stand_in(), stand_in()
    seed(one, SMALL, silent)
    (file,) = folder.iterdir()
    data = bytearray(file.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    file.write_bytes(
        {"flip": bytes(data), "cut": bytes(data[:-7]), "empty": b"", "text": b"hello\n"}[damage]
    )
    assert not seed(two, SMALL, silent).cached
    assert everything(one) == everything(two)
    assert seed(three, SMALL, silent).cached


def test_cache_that_cannot_be_written_costs_nothing_else(folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    assert seed(stand_in(), SMALL, silent).chunks > 0


def test_log_round_trip(tmp_path: Path) -> None:
    log = build_log(FieldFeed(2, 130.0, 2), 120_000_000, lambda share: None)
    path = tmp_path / "a" / "x.log"
    assert save_log(path, log)
    back = load_log(path)
    assert back is not None
    assert back.catalog == log.catalog
    assert (back.history_us, back.feed_s) == (log.history_us, log.feed_s)
    for a, b in zip(log.series, back.series, strict=True):
        assert (a.car, a.group, a.payloads, a.sealed) == (b.car, b.group, b.payloads, b.sealed)
        for name in ("t_lo", "t_hi", "lap", "counts"):
            assert (getattr(a, name) == getattr(b, name)).all()
    assert [p.name for p in path.parent.iterdir()] == ["x.log"]


# -- a recording


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    feed = FieldFeed(4, 220.0, 2)
    session = Session(
        "2025-05-04-somewhere-r2", "Somewhere, race 2", feed.catalog, 1_500_000_000_000_000
    )
    chunks = list(live_chunks(feed, session, "ab"))
    path = tmp_path / "race.pitwall"
    with Recording.create(path, session) as made:
        made.apply(Batch(source=Source.IMPORT, segments=tuple(chunks), received_us=START))
    return path


def test_recording_takes_the_same_way(recording: Path) -> None:
    service = stand_in()
    spec = {
        "from": str(recording), "seconds_history": 2400, "stream_s": 40, "race_start_us": START,
        "session": "2026-09-21-replay-r1", "faults": {"late_objects": 0},
    }  # fmt: skip
    made = seed(service, spec, silent)
    assert made.session.title == "Somewhere, race 2"
    assert made.session.driven_us == 1_500_000_000_000_000
    assert not made.session.simulated
    assert made.session.length_s == pytest.approx(220, abs=1)
    rows = chunk_rows(service)
    times = [int(sk[:16]) - START for _, sk in rows]
    # a fifth is left to happen live
    assert 170e6 < max(times) < 180e6
    assert made.lost == 66
    feed = open_feed(parse_spec(spec))
    heads = [
        parse_head(decode_json(row[0]))
        for (pk, _), row in everything(service).items()
        if pk.endswith("#head")
    ]
    new = [c for c in live_chunks(feed, made.session, "demo1", heads) if fresh(c, heads)]
    assert len(rows) + len(new) == sum(
        len(set((got.t_us // group.chunk_us).tolist()))
        for car in feed.cars
        for group in feed.catalog.groups
        if (got := feed.samples(car, group.name)) is not None
    )


@pytest.mark.parametrize(("seconds", "lost"), [(15, 0), (70, 66)])
def test_a_short_recording_is_shown_too(tmp_path: Path, seconds: int, lost: int) -> None:
    feed = FieldFeed(4, float(seconds), 1)
    session = Session("2025-05-04-shakedown-fp1", "Shakedown", feed.catalog, START)
    path = tmp_path / "short.pitwall"
    with Recording.create(path, session) as made:
        chunks = tuple(live_chunks(feed, session, "ab"))
        made.apply(Batch(source=Source.IMPORT, segments=chunks, received_us=START))
    service = stand_in()
    # as the demo asks for it
    spec = {"from": str(path), "seconds_history": 2400, "stream_s": 600, "race_start_us": START}
    shown = seed(service, spec, silent)
    assert 11 * 0.7 * seconds < shown.chunks <= 11 * 0.8 * seconds
    assert shown.lost == lost
    assert shown.session.key == session.key


def fresh(chunk: Segment, heads: list[Head]) -> bool:
    (head,) = [h for h in heads if h.car == chunk.series.car]
    return chunk.n_lo > head.n[chunk.series.group]


def test_no_recording(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="gone"):
        seed(stand_in(), {"from": str(tmp_path / "gone.pitwall")}, silent)


# -- the rest


def test_cut_leaves_whole_chunks() -> None:
    feed = FieldFeed(1, 12.0, 1)
    for group in feed.catalog.groups:
        whole = feed.samples(feed.cars[0], group.name)
        assert whole is not None
        part = cut(whole, group, 5_900_000)
        bins = set((part.t_us // group.chunk_us).tolist())
        assert max(bins) == 5_900_000 // group.chunk_us - 1
        assert part.values.shape[1] == len(part.t_us) == len(part.lap)


def test_progress_rises_and_can_give_up() -> None:
    shares: list[float] = []
    seed(stand_in(), SPEC, lambda share, what: shares.append(share))
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1

    class Enough(Exception):
        pass

    def give_up(share: float, what: str) -> None:
        if share > 0.01:
            raise Enough

    with pytest.raises(Enough):
        seed(stand_in(), SPEC, give_up)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"second_history": 3}, "second_history"),
        ({"seconds_history": "long"}, "seconds_history"),
        ({"seconds_history": -1}, "seconds_history"),
        ({"cars": 99}, "cars"),
        ({"cars": 2.5}, "cars"),
        ({"seed": True}, "seed"),
        ({"faults": {"fire": 1}}, "faults"),
        ({"faults": 3}, "faults"),
        ({"session": "Nowhere"}, "session"),
        ({"epoch": "A B"}, "epoch"),
        ({"seconds_history": 60, "stream_s": 60}, "no room"),
    ],
)
def test_bad_specification(spec: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        seed(stand_in(), {"cache": False, **spec}, silent)


@pytest.mark.parametrize("interval_s", [5.0, 10.0, 25.0, 60.0])
def test_late_object_is_older_than_the_stream_and_comes_after_the_join(interval_s: float) -> None:
    service = stand_in(firehose_interval_s=interval_s)
    faults = {"duplicates": 0, "late_objects": 1, "table_only_holes": 0}
    seed(service, {**SPEC, "faults": faults}, silent)
    assert service.delivery.status()["held_objects"] == 1
    before = set(archived(service))
    with service.pinned(START + 400_000_000 + 15_000_000):
        service.tick()
    missing = chunk_rows(service).keys() - set(archived(service))
    # the newest are still in the delivery buffer, and in the stream
    held = {key for key in missing if int(key[1][:16]) < START + 330_000_000}
    assert held
    assert all(int(sk[:16]) < START + 300_000_000 for _, sk in held)
    with service.pinned(START + 400_000_000 + 40_000_000):
        service.tick()
    assert held <= set(archived(service)) - before
