"""The producer contract, against a table that throttles, leaves items out and breaks off."""

from __future__ import annotations

import itertools
import math
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.cloud import (
    PublishReport,
    bundle_name,
    history,
    parse_bundle,
    parse_catalog,
    parse_chunk,
    parse_head,
    parse_sealed,
    publish,
    sealed,
    sealed_keys,
)
from pitwall.cloud.writer import TableWriter
from pitwall.telemetry import BadInput, Failure, Head, Segment
from tests.unit.cloud import strategies as made
from tests.unit.cloud.fakes import (
    EndpointConnectionError,
    FakeBucket,
    FakeClients,
    FakeTable,
    FakeTime,
    Throttled,
)

CHUNKS, SAMPLES = made.field(2, 12.0, 5.0)
BY_N = {(c.series, c.n_lo): c for c in CHUNKS}


def run(
    clients: FakeClients, chunks: list[Segment] = CHUNKS, time: FakeTime | None = None, **more: Any
) -> PublishReport:
    time = time or FakeTime()
    options = {"speed": math.inf, "now_us": time.now_us, "wait": time.wait, **more}
    return publish(iter(chunks), made.SESSION, clients, "table", "bucket", **options)


def check_contract(log: list[dict[str, Any]], resumed: dict[Any, int] | None = None) -> None:
    """In the order the table accepted things."""
    newest: dict[Any, int] = dict(resumed or {})
    heads: dict[Any, Head] = {}
    for item in log:
        what = made.parse_item(item)
        if isinstance(what, Head):
            who = (what.car, what.epoch)
            before = heads.get(who)
            assert before is None or (what.t >= before.t and not before.ended)
            heads[who] = what
            for group, n in what.n.items():
                assert n <= newest.get((what.car, what.epoch, group), 0), "ahead of the chunks"
        elif isinstance(what, Segment) and item["k"]["S"] == "c":
            series = what.series
            assert (series.car, series.epoch) in heads or resumed, "chunk before the first head"
            name = (series.car, series.epoch, series.group)
            assert what.n_lo == newest.get(name, 0) + 1, "order within the series"
            assert what == BY_N[series, what.n_lo]
            newest[name] = what.n_lo
    for head in heads.values():
        assert head.ended
        for group, n in head.n.items():
            assert n == newest[head.car, head.epoch, group], "the last head states everything"


def check_sealed(clients: FakeClients, chunks: list[Segment]) -> None:
    wanted: dict[Any, list[Segment]] = {}
    for c in chunks:
        wanted.setdefault((c.series, c.lap), []).append(c)
    sealed = [parse_sealed(i) for i in clients.dynamodb.items.values() if i["k"]["S"] == "s"]
    assert {(s.series, s.lap) for s in sealed} == wanted.keys()
    for s in sealed:
        mine = wanted[s.series, s.lap]
        assert s.crcs == tuple(c.crcs[0] for c in mine)
        assert (s.n_lo, s.n_hi) == (mine[0].n_lo, mine[-1].n_lo)
    assert segments_in(clients.s3.objects) == sorted(map(repr, sealed))
    catalog = [parse_catalog(i) for i in clients.dynamodb.items.values() if i["k"]["S"] == "l"]
    assert {(e.car, e.lap) for e in catalog} == {(c.series.car, c.lap) for c in chunks}
    assert all(entry.sealed for entry in catalog)


def test_everything_is_written() -> None:
    clients = FakeClients()
    report = run(clients)
    assert clients.dynamodb.log[0]["k"]["S"] == "m"
    check_contract(clients.dynamodb.log)
    check_sealed(clients, CHUNKS)
    laps = len({(c.series, c.lap) for c in CHUNKS})
    driven = len({(c.series.car, c.lap) for c in CHUNKS})
    assert (report.chunks, report.laps) == (len(CHUNKS), driven)
    assert driven < laps, "several groups make one lap"
    assert report.objects == len(clients.s3.objects) < laps
    assert (report.retried, report.failed, report.unsealed, report.stopped) == (0, 0, 0, False)
    assert report.t_hi == CHUNKS[-1].t_hi
    assert "pitwall-sealer" not in {t.name for t in threading.enumerate()}


_moods = st.lists(
    st.one_of(
        st.sets(st.integers(0, 24), max_size=6),
        st.just(set(range(25))),
        st.sampled_from(["throttle", "server", "connection"]),
    ),
    max_size=60,
)


@settings(max_examples=60)
@given(_moods)
def test_the_contract_holds_whatever_the_table_does(moods: list[Any]) -> None:
    left = iter(moods)

    def mood(count: int) -> set[int]:
        what = next(left, set())
        if what == "throttle":
            raise Throttled
        if what == "server":
            raise Throttled("InternalServerError", 500)
        if what == "connection":
            raise EndpointConnectionError
        return set(what)

    clients = FakeClients(FakeTable(mood))
    time = FakeTime()
    report = run(clients, time=time)
    check_contract(clients.dynamodb.log)
    check_sealed(clients, CHUNKS)
    assert report.chunks == len(CHUNKS)
    assert report.failed == sum(isinstance(m, str) for m in moods[: clients.dynamodb.calls])
    assert all(0 < pause <= 5.0 for pause in time.waits)


def test_waits_grow_while_nothing_is_taken_and_then_it_fails() -> None:
    clients = FakeClients(FakeTable(lambda count: set(range(25))))
    time = FakeTime()
    with pytest.raises(Failure, match="took nothing for 12[0-9] s"):
        run(clients, time=time)
    assert time.waits[0] <= 0.05
    assert 2.5 <= time.waits[-1] <= 5.0
    assert clients.dynamodb.log == []


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Throttled("AccessDeniedException"), "table: access denied: BatchWriteItem"),
        (Throttled("ResourceNotFoundException"), "no such table"),
        (Throttled("ValidationException"), "ValidationException: slow down"),
    ],
)
def test_a_refusal_is_final(fault: Exception, says: str) -> None:
    def mood(count: int) -> set[int]:
        raise fault

    clients = FakeClients(FakeTable(mood))
    with pytest.raises(Failure, match=says):
        run(clients)
    assert clients.dynamodb.calls == 1


def test_pace_and_heads() -> None:
    clients = FakeClients()
    time = FakeTime()
    accepted: list[tuple[int, dict[str, Any]]] = []
    put = clients.dynamodb.put_item

    def stamped(TableName: str, Item: dict[str, Any]) -> dict[str, Any]:
        accepted.append((time.us, Item))
        return put(TableName, Item)

    clients.dynamodb.put_item = stamped  # type: ignore[method-assign]
    began = time.us
    run(clients, time=time, speed=2.0)
    took = (time.us - began) / 1e6
    event = (CHUNKS[-1].t_hi - CHUNKS[0].t_hi) / 1e6
    assert took == pytest.approx(event / 2, abs=0.05)
    for at, item in accepted:
        if item["k"]["S"] == "c":
            due = began + (parse_chunk(item).t_hi - CHUNKS[0].t_hi) / 2
            assert due - 1 <= at <= due + 50_000
    for car in ("1", "2"):
        beats = [at for at, i in accepted if i["k"]["S"] == "h" and parse_head(i).car == car]
        assert len(beats) == pytest.approx(took + 2, abs=1)
        gaps = [b - a for a, b in itertools.pairwise(beats)]
        assert max(gaps) <= 1_300_000


def test_a_stall_is_made_up_for_without_a_burst() -> None:
    clients = FakeClients()
    time = FakeTime()
    at: list[int] = []
    put = clients.dynamodb.put_item

    def stamped(TableName: str, Item: dict[str, Any]) -> dict[str, Any]:
        if Item["k"]["S"] == "c":
            at.append(time.us)
            if len(at) == 40:
                time.us += 4_000_000  # the machine slept
        return put(TableName, Item)

    clients.dynamodb.put_item = stamped  # type: ignore[method-assign]
    began = time.us
    run(clients, time=time, speed=1.0)
    event = (CHUNKS[-1].t_hi - CHUNKS[0].t_hi) / 1e6
    assert (time.us - began) / 1e6 == pytest.approx(event, abs=0.5)  # caught up by the end
    steady = sum(t < began + 1_000_000 for t in at)
    busiest = max(sum(t <= other < t + 500_000 for other in at) for t in at)
    assert busiest <= 4 * steady / 2 + steady  # four times as fast, and what was due already
    assert busiest > steady  # it does catch up


def test_a_slow_source_does_not_shift_the_present() -> None:
    clients = FakeClients()
    time = FakeTime()
    began = time.us

    def source() -> Any:
        time.us += 3_000_000  # it had to be made first
        yield from CHUNKS

    publish(
        source(), made.SESSION, clients, "table", speed=1.0, start_us=CHUNKS[0].t_hi,
        now_us=time.now_us, wait=time.wait,
    )  # fmt: skip
    event = (CHUNKS[-1].t_hi - CHUNKS[0].t_hi) / 1e6
    assert (time.us - began) / 1e6 == pytest.approx(event, abs=0.3)


def test_a_clock_set_back_does_not_stop_it() -> None:
    clients = FakeClients()
    time = FakeTime()
    waits = itertools.count()

    def wait(seconds: float) -> None:
        time.wait(seconds)
        if next(waits) == 10:
            time.us -= 3600 * 1_000_000

    report = run(clients, time=time, speed=4.0, wait=wait)
    assert report.chunks == len(CHUNKS)
    assert len(time.waits) < 1000


@pytest.mark.parametrize("stop_ends", [False, True])
def test_stopping_states_what_was_written_and_ends_no_epoch(stop_ends: bool) -> None:
    clients = FakeClients()
    stop = threading.Event()

    def source() -> Any:
        for i, chunk in enumerate(CHUNKS):
            if i == 50:
                stop.set()
            yield chunk

    time = FakeTime()
    report = publish(
        source(), made.SESSION, clients, "table", speed=1.0, stop=stop, stop_ends=stop_ends,
        now_us=time.now_us, wait=time.wait,
    )  # fmt: skip
    assert report.stopped
    assert 0 < report.chunks <= 50
    heads = [parse_head(i) for i in clients.dynamodb.items.values() if i["k"]["S"] == "h"]
    assert {head.ended for head in heads} == {stop_ends}
    assert sum(n for head in heads for n in head.n.values()) == report.chunks
    assert clients.s3.objects == {}  # no bucket was given


def test_resuming_goes_on_where_the_heads_are() -> None:
    for cut in (1, 37, 60, len(CHUNKS) - 1):
        clients = FakeClients()
        table = clients.dynamodb
        known = CHUNKS[:cut]
        for write in history(known, made.SESSION, text=False, samples=SAMPLES):
            if write.item is not None:
                table.put_item("table", write.item)
            else:
                clients.s3.put_object("bucket", write.key, write.body)
        heads = [parse_head(i) for i in table.items.values() if i["k"]["S"] == "h"]
        report = run(clients, resume=heads)
        assert (report.known, report.chunks) == (cut, len(CHUNKS) - cut)
        check_contract(table.log)
        check_sealed(clients, CHUNKS)
        assert len(table.kind("c")) == len(CHUNKS)


def test_an_ended_epoch_is_not_resumed() -> None:
    clients = FakeClients()
    run(clients)
    heads = [parse_head(i) for i in clients.dynamodb.items.values() if i["k"]["S"] == "h"]
    with pytest.raises(BadInput, match="epoch boot1 has ended"):
        run(clients, resume=heads)


def test_bulk_and_live_write_the_same_items() -> None:
    clients = FakeClients()
    run(clients)
    bulk: dict[Any, dict[str, Any]] = {}
    objects = {}
    log = []
    for write in history(CHUNKS, made.SESSION, text=False, end=True, samples=SAMPLES):
        if write.item is not None:
            bulk[write.item["pk"]["S"], write.item["sk"]["S"]] = write.item
            log.append(write.item)
        else:
            objects[write.key] = write.body
    assert bulk == clients.dynamodb.items
    # which of two groups closes a lap is chance, and with it what an object holds
    assert segments_in(objects) == segments_in(clients.s3.objects)
    check_contract(log)
    spelled = [made.parse_item(w.item) for w in history(CHUNKS, made.SESSION, end=True) if w.item]
    assert spelled == [made.parse_item(item) for item in log]


def segments_in(objects: dict[str, bytes]) -> list[str]:
    """What is in the laps' own objects, in their newest versions."""
    newest: dict[Any, tuple[int, bytes]] = {}
    for key, body in objects.items():
        name = bundle_name(made.SESSION.key, key)
        assert name is not None
        if name.first == name.last:
            place = (name.car, name.epoch, name.first, name.part)
            newest[place] = max(newest.get(place, (0, b"")), (name.version, body))
    return sorted(repr(s) for _, body in newest.values() for s in parse_bundle(body).segments)


def test_laps_too_big_for_an_item_are_listed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "MAX_CHUNKS", 7)
    clients = FakeClients()
    run(clients)
    items = clients.dynamodb.items
    entries = [parse_catalog(i) for i in items.values() if i["k"]["S"] == "l"]
    listed = set(sealed_keys(entries))
    assert listed == {key for key, item in items.items() if item["k"]["S"] == "s"}
    parts = [parse_sealed(items[key]) for key in listed]
    assert sum(part.chunks for part in parts) == len(CHUNKS)
    assert max(part.chunks for part in parts) <= 7
    assert all(entry.sealed for entry in entries)
    bulk = {(w.item["pk"]["S"], w.item["sk"]["S"]): w.item for w in written(end=True) if w.item}
    assert bulk == items


def written(**options: Any) -> Any:
    return history(CHUNKS, made.SESSION, text=False, **options)


@pytest.mark.parametrize(
    ("chunks", "says"),
    [
        ([], "no chunks"),
        ([CHUNKS[0], CHUNKS[0]], "n 1 to 1 where 2 is next"),
        ([c for c in CHUNKS if c.n_lo != 3], "where 3 is next"),
        (made.field(1, 1.0)[0][1:2], "where 1 is next"),
    ],
)
def test_what_cannot_be_published(chunks: list[Segment], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        run(FakeClients(), chunks)
    with pytest.raises(BadInput, match="speed 0"):
        run(FakeClients(), speed=0)


def test_a_bucket_that_fails_leaves_laps_unsealed_and_says_so() -> None:
    def fault(key: str) -> None:
        if "/1/001-001-" in key:
            raise Throttled("AccessDenied", 403)

    clients = FakeClients(bucket=FakeBucket(fault))
    report = run(clients)
    assert report.chunks == len(CHUNKS)
    assert report.unsealed >= 1  # the object of the lap
    assert "access denied" in report.message
    entries = [parse_catalog(i) for i in clients.dynamodb.items.values() if i["k"]["S"] == "l"]
    assert {(e.car, e.lap) for e in entries if not e.sealed} == {("1", 1)}


def test_lanes_do_not_wait_for_each_other() -> None:
    stuck = {"pk": {"S": "a"}, "sk": {"S": "1"}}
    table = FakeTable(lambda count: {0})
    writer = TableWriter(table, "t", lambda seconds: None)
    done: list[str] = []
    writer.put("a", stuck, lambda: done.append("a"))
    for i in range(3):
        item = {"pk": {"S": "b"}, "sk": {"S": str(i)}, "k": {"S": "x"}}
        writer.put("b", item, lambda i=i: done.append(f"b{i}"))
    for _ in range(3):
        writer.step()
    assert done == ["b0", "b1", "b2"]
    assert writer.pending == 1
    table.moods = lambda count: set()
    writer.drain()
    assert done[-1] == "a"
    assert writer.step() == 0
