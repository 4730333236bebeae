"""`pitwall cloud seal` over a table and a bucket in memory: what it makes and what it leaves."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pitwall.cli import main
from pitwall.cloud import (
    bundle_name,
    catalog_item,
    chunk_item,
    history,
    parse_bundle,
    parse_catalog,
    parse_head,
    parse_sealed,
    publish,
    seal_lap,
    sealed_item,
)
from pitwall.cloud.bundle import form_objects
from pitwall.cloud.faults import explain
from pitwall.cloud.seal_session import Sealing, SessionSealer
from pitwall.cloud.seal_survey import runs_of
from pitwall.telemetry import BadInput, Failure, Segment, chunk
from pitwall.turbo import ObjectInfo
from pitwall.turbo.choose import newest_laps
from tests.unit.cloud import strategies as made
from tests.unit.cloud.fakes import FakeBucket, FakeClients, FakeTable, FakeTime, Throttled

CHUNKS, SAMPLES = made.field(2, 60.0, 5.0)
KEY = made.SESSION.key
LAPS = len({(c.series.car, c.lap) for c in CHUNKS})


class Table(FakeTable):
    """With reads."""

    queries = 0

    def query(self, **request: Any) -> dict[str, Any]:
        self.queries += 1
        values = request["ExpressionAttributeValues"]
        pk = values[":pk"]["S"]
        lo, hi = (values.get(name, {}).get("S") for name in (":lo", ":hi"))
        keys = sorted(k for k in self.items if k[0] == pk and (lo is None or lo <= k[1] <= hi))
        return {"Items": [self.items[key] for key in keys]}

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:
        ((table, spec),) = RequestItems.items()
        keys = [(key["pk"]["S"], key["sk"]["S"]) for key in spec["Keys"]]
        return {"Responses": {table: [self.items[key] for key in keys if key in self.items]}}


class Bucket(FakeBucket):
    """With a listing, five keys a page."""

    def list_objects_v2(
        self, Bucket: str, Prefix: str, ContinuationToken: str = ""
    ) -> dict[str, Any]:
        keys = sorted(k for k in self.objects if k.startswith(Prefix) and k > ContinuationToken)
        page = {"Contents": [{"Key": key, "Size": 1} for key in keys[:5]], "IsTruncated": False}
        if len(keys) > 5:
            page |= {"IsTruncated": True, "NextContinuationToken": keys[4]}
        return page


def clients() -> FakeClients:
    return FakeClients(Table(), Bucket())


def written(
    chunks: list[Segment] = CHUNKS, *, sealed: bool = False, end: bool = True
) -> FakeClients:
    """A table as a producer leaves it; without ``sealed`` one that knows of no laps."""
    out = clients()
    for write in history(chunks, made.SESSION, text=False, end=end):
        if write.item is not None and (sealed or write.item["k"]["S"] in "chm"):
            out.dynamodb.put_item("table", write.item)
        elif write.item is None and sealed:
            out.s3.put_object("bucket", write.key, write.body)
    return out


def run(world: FakeClients, **more: Any) -> Sealing:
    cars = more.pop("cars", ())
    options = {"wait": lambda seconds: None, **more}
    return SessionSealer(world, "table", "bucket", KEY, **options).run(cars)


def read_by_turbo(world: FakeClients) -> dict[Any, list[tuple[int, int]]]:
    """Counters by series in the objects that turbo would choose."""
    infos = [ObjectInfo(key, len(body), "") for key, body in world.s3.objects.items()]
    found: dict[Any, set[int]] = {}
    for info in newest_laps(KEY, infos):
        parsed = parse_bundle(world.s3.objects[info.key])
        assert not parsed.fault
        for s in parsed.segments:
            found.setdefault(s.series, set()).update(range(s.n_lo, s.n_hi + 1))
    return {series: sorted(n) for series, n in found.items()}  # type: ignore[misc]


def counters(chunks: list[Segment]) -> dict[Any, list[int]]:
    out: dict[Any, list[int]] = {}
    for c in sorted(chunks, key=lambda c: c.n_lo):
        out.setdefault(c.series, []).append(c.n_lo)
    return out


def test_it_makes_what_the_publisher_makes() -> None:
    ours, theirs = written(), written(sealed=True)
    done = run(ours)
    assert done.left == []
    assert ours.dynamodb.items == theirs.dynamodb.items
    # the publisher ends a block only when a lap after it is over: so does this
    assert ours.s3.objects == theirs.s3.objects
    assert (done.laps, done.sealed, done.again, done.complete) == (LAPS, LAPS, 0, 0)
    assert done.objects + done.blocks == len(theirs.s3.objects)
    assert read_by_turbo(ours) == counters(CHUNKS)


def test_the_same_again_does_nothing() -> None:
    world = written()
    run(world)
    before = len(world.dynamodb.log), dict(world.s3.objects)
    world.dynamodb.queries = 0
    done = run(world)
    assert (done.sealed, done.items, done.objects, done.blocks) == (0, 0, 0, 0)
    assert done.complete == done.laps == LAPS
    assert (len(world.dynamodb.log), world.s3.objects) == before
    assert world.dynamodb.queries == 3  # session, heads, catalog


def test_what_the_publisher_sealed_is_left_alone() -> None:
    world = written(sealed=True)
    before = len(world.dynamodb.log), dict(world.s3.objects)
    done = run(world)
    assert (done.sealed, done.left) == (0, [])
    assert (len(world.dynamodb.log), world.s3.objects) == before


def test_a_dry_run_writes_nothing_and_counts_the_same() -> None:
    world = written()
    before = len(world.dynamodb.log)
    dry = run(world, dry_run=True)
    assert (len(world.dynamodb.log), world.s3.objects) == (before, {})
    assert run(world) == dry


def test_only_one_car() -> None:
    world = written()
    done = run(world, cars=["2"])
    assert (done.cars, done.laps) == (1, len({c.lap for c in CHUNKS if c.series.car == "2"}))
    assert all("/2/" in key for key in world.s3.objects)
    with pytest.raises(BadInput, match="no car 9; there are: 1, 2"):
        run(world, cars=["9"])


def drop(world: FakeClients, which: Callable[[Segment], bool]) -> list[Segment]:
    gone = [c for c in CHUNKS if which(c)]
    for each in gone:
        item = chunk_item(each)
        del world.dynamodb.items[item["pk"]["S"], item["sk"]["S"]]
    return gone


def test_a_missing_chunk_leaves_its_lap_and_says_so() -> None:
    world = written()
    [gone] = drop(
        world, lambda c: (c.series.car, c.series.group, c.lap, c.n_lo) == ("1", "driver", 3, 66)
    )
    done = run(world)
    assert done.left == [("1", 3, "driver n 66 is missing")]
    assert done.sealed == LAPS - 1
    assert not [i for i in world.dynamodb.kind("l") if i["sk"]["S"] == "1#003"]
    assert not any(
        "/1/003-" in key or "/1/000-" in key and "-003-" in key for key in world.s3.objects
    )
    # it comes after all: only that lap is sealed, and its blocks
    world.dynamodb.put_item("table", chunk_item(gone))
    world.dynamodb.queries = 0
    done = run(world)
    assert (done.left, done.sealed, done.again) == ([], 1, 0)
    assert world.dynamodb.queries == 3 + 3 * 4  # its neighbours are looked at too
    assert read_by_turbo(world) == counters(CHUNKS)
    assert run(world).objects == 0


def test_a_chunk_missing_at_the_edge_leaves_both_laps_it_can_be_of() -> None:
    world = written()
    edge = max(c.n_lo for c in CHUNKS if c.lap == 2 and c.series.group == "driver")
    drop(world, lambda c: c.series.car == "1" and c.series.group == "driver" and c.n_lo == edge)
    assert [(car, lap) for car, lap, _ in run(world).left] == [("1", 2), ("1", 3)]


def test_a_whole_lap_of_a_group_missing() -> None:
    world = written()
    drop(world, lambda c: c.series.car == "1" and c.series.group == "engine" and c.lap == 5)
    assert [(car, lap) for car, lap, _ in run(world).left] == [("1", 4), ("1", 5), ("1", 6)]


def test_nothing_of_the_end_is_there() -> None:
    world = written()
    drop(world, lambda c: c.series.car == "1" and c.lap >= 10)
    assert [lap for _, lap, _ in run(world).left] == [9, 10, 11]


def test_a_session_that_goes_on() -> None:
    world = written(end=False)
    done = run(world)
    assert [(car, lap) for car, lap, _ in done.left] == [("1", 11), ("2", 12)]
    assert "has not said that it ended" in done.left[0][2]
    assert done.sealed == LAPS - 2


def sealed_without(world: FakeClients, late: list[Segment]) -> list[Segment]:
    """As if the lap of ``late`` had been sealed without them, before the head came to speak of
    them; its other chunks."""
    series, lap = late[0].series, late[0].lap
    mine = [c for c in CHUNKS if c.series == series and c.lap == lap and c not in late]
    items = world.dynamodb.items
    for key in [k for k in items if k[0] == f"{KEY}#{series.group}#{lap:03d}#{series.car}#sealed"]:
        del items[key]
    parts = seal_lap(mine, made.CATALOG.group(series.group), made.CATALOG.version)
    for part in parts:
        world.dynamodb.put_item("table", sealed_item(part))
    entry = parse_catalog(items[f"{KEY}#catalog", f"{series.car}#{lap:03d}"])
    runs = tuple((p.n_lo, p.n_hi) for p in parts)
    holed = type(entry)(
        entry.session, entry.car, entry.lap, entry.t_lo, entry.t_hi,
        {**entry.ranges, (series.group, series.epoch): runs}, True,
    )  # fmt: skip
    world.dynamodb.put_item("table", catalog_item(holed))
    for key, body in form_objects(series.car, lap, lap, parts, 1, 1):
        world.s3.put_object("bucket", key, body)
    return mine


def late_ones() -> list[Segment]:
    """Two in a row."""
    mine = [c for c in CHUNKS if c.series.car == "1" and c.series.group == "driver" and c.lap == 3]
    return mine[7:9]


def test_late_chunks_make_new_versions() -> None:
    """Sealed by somebody around what was still on its way; two late ones in a row."""
    late = late_ones()
    world = written()
    run(world)
    gone = [chunk_item(c) for c in late]
    items = world.dynamodb.items
    mine = sealed_without(world, late)
    for item in gone[1:]:
        del items[item["pk"]["S"], item["sk"]["S"]]
    done = run(world)
    assert [(car, lap) for car, lap, _ in done.left] == [("1", 3)]  # one is still missing
    world.dynamodb.put_item("table", gone[1])
    done = run(world)
    assert (done.left, done.sealed, done.again) == ([], 1, 1)
    entry = parse_catalog(items[f"{KEY}#catalog", "1#003"])
    assert entry.version == 2
    [(lo, hi)] = entry.ranges["driver", "boot1"]
    assert (lo, hi) == (mine[0].n_lo, mine[-1].n_lo)
    item = items[f"{KEY}#driver#003#1#sealed", f"boot1#{lo}"]
    assert item["v"]["N"] == "2"
    assert parse_sealed(item).n_hi == hi
    names = [bundle_name(KEY, key) for key in world.s3.objects]
    mine_only = [n for n in names if n and n.car == "1" and n.first == n.last == 3]
    assert [(n.part, n.version) for n in mine_only] == [(1, 1), (2000, 2)]
    assert read_by_turbo(world) == counters(CHUNKS)
    assert run(world).sealed == 0


@pytest.mark.parametrize("seed", range(10))
def test_interrupted_anywhere_and_run_again(seed: int) -> None:
    """Also between a lap's item and its object."""
    rng = random.Random(seed)
    world = written()
    put_item, put_object = world.dynamodb.put_item, world.s3.put_object
    for _ in range(4):
        left = [rng.randint(1, 30)]

        def counted(real: Any, left: list[int] = left) -> Any:
            def call(*args: Any, **kwargs: Any) -> Any:
                left[0] -= 1
                if left[0] < 0:
                    raise Throttled("AccessDenied", 403)
                return real(*args, **kwargs)

            return call

        world.dynamodb.put_item = counted(put_item)  # type: ignore[method-assign]
        world.s3.put_object = counted(put_object)  # type: ignore[method-assign]
        with pytest.raises(Failure, match="access denied"):
            run(world)
    world.dynamodb.put_item = put_item  # type: ignore[method-assign]
    world.s3.put_object = put_object  # type: ignore[method-assign]
    run(world)
    theirs = written(sealed=True)
    assert {k: v for k, v in world.dynamodb.items.items()} == theirs.dynamodb.items
    assert world.s3.objects == theirs.s3.objects


def test_what_passes_is_tried_again() -> None:
    world = written()
    rng = random.Random(3)
    put_item = world.dynamodb.put_item

    def flaky(**words: Any) -> Any:
        if rng.random() < 0.2:
            raise Throttled
        return put_item(**words)

    world.dynamodb.put_item = flaky  # type: ignore[method-assign]
    assert run(world).sealed == LAPS


def test_a_publisher_that_died_between_item_and_object() -> None:
    world = written(sealed=True)
    key = next(k for k in world.s3.objects if "/1/009-009-" in k)
    body = world.s3.objects.pop(key)
    done = run(world)
    assert (done.sealed, done.objects) == (0, 1)
    assert world.s3.objects[key] == body


def test_a_publisher_without_a_bucket() -> None:
    theirs = written(sealed=True)
    world = written(sealed=True)
    world.s3.objects.clear()
    done = run(world)
    assert (done.sealed, done.objects + done.blocks) == (0, len(theirs.s3.objects))
    assert world.s3.objects == theirs.s3.objects


def test_conflicts_damage_and_strangers_are_left() -> None:
    world = written()
    mine = [c for c in CHUNKS if c.series.car == "1" and c.series.group == "driver"]
    # the same n at another time: another key, another crc
    twin = chunk(
        mine[45].series,
        46,
        mine[45].lap,
        mine[45].t_lo + 5,
        mine[45].t_hi + 5,
        25,
        mine[45].payload,
    )
    world.dynamodb.put_item("table", chunk_item(twin))
    bad = {**chunk_item(mine[90]), "c": {"N": "1"}}
    world.dynamodb.put_item("table", bad)
    done = {lap: why for _, lap, why in run(world).left}
    assert "driver n 46 is there twice" in done[mine[45].lap]
    assert "cannot be read" in done[mine[90].lap]


def test_a_sealed_item_of_other_chunks_is_not_taken_for_this_lap() -> None:
    world = written()
    run(world)
    items = world.dynamodb.items
    key = f"{KEY}#driver#003#1#sealed", "boot1#61"
    right = items[key]
    crcs = bytearray(right["cs"]["B"])
    crcs[5] ^= 1
    items[key] = {**right, "cs": {"B": bytes(crcs)}}
    entry = parse_catalog(items[f"{KEY}#catalog", "1#003"])
    world.dynamodb.put_item("table", catalog_item(replace(entry, sealed=False)))
    done = run(world)
    assert (done.sealed, done.again, done.items) == (1, 1, 1)
    assert items[key] == {**right, "v": {"N": "2"}}


def test_no_such_session() -> None:
    with pytest.raises(BadInput, match="is not in table"):
        SessionSealer(clients(), "table", "bucket", KEY)


def test_a_live_publisher_and_a_seal_agree() -> None:
    """Sealing while somebody publishes: the same bytes under the same keys."""
    world = clients()
    time = FakeTime()
    publish(
        iter(CHUNKS[: len(CHUNKS) // 2]), made.SESSION, world, "table", "bucket",
        speed=math.inf, end=False, now_us=time.now_us, wait=time.wait,
    )  # fmt: skip
    objects = dict(world.s3.objects)
    done = run(world)
    assert {car for car, _, _ in done.left} == {"1", "2"}
    assert all(world.s3.objects[key] == body for key, body in objects.items())
    assert [parse_head(i).ended for i in world.dynamodb.kind("h")].count(True) == 0


def test_runs() -> None:
    some = [c for c in CHUNKS if c.series == CHUNKS[0].series]
    assert list(runs_of([*some[:3], *some[5:7]])) == [(1, 3), (6, 7)]
    assert list(runs_of([])) == []


def test_who_may_not_seal_is_told_of_the_role_that_may(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = ClientError(
        {
            "Error": {
                "Code": "AccessDeniedException",
                "Message": "User: arn:x is not authorized to perform: s3:ListBucket on resource: y",
            }
        },
        "ListObjectsV2",
    )

    def made_by(*_: Any, **__: Any) -> None:
        raise Failure(f"bucket b: {explain(refused)}") from refused

    monkeypatch.setattr(SessionSealer, "__init__", made_by)
    words = ["cloud", "seal", "--session", made.SESSION.key, "--bucket", "b"]
    assert main([*words, "--endpoint-url", "http://127.0.0.1:9"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(". Sealing needs what `pitwall cloud policy sealer` prints")
