"""The archive that somebody else's Lambda wrote: every sample once, newest first, and no object
twice, whatever is wrong with some of them."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.address import CloudAddress
from pitwall.cloud.clients import make_clients
from pitwall.cloud.local.process import StandIn
from pitwall.cloud.mapping import PlainArchive, PlainMapping, load_mapping
from pitwall.run import Run
from pitwall.store import Batch, SessionStore, Source, open_session
from pitwall.stream import Done, InlinePool
from pitwall.telemetry import BadInput, Failure, decode
from pitwall.turbo import Loaded, Tempo
from pitwall.turbo.desk import Desk
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.plain_child import PlainChildren
from pitwall.turbo.plain_history import PlainHistory, _Times
from pitwall.turbo.plain_parts import PlainParts
from tests.unit.stream.rig import SECOND, VirtualTime
from tests.unit.turbo.rig import Bucket
from tests.unit.turbo.test_plain import FILE, KEY, T0

ARCHIVE = FILE + '[archive]\nprefix = "plain/"\n'


@pytest.fixture(scope="module")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> PlainMapping:
    path = tmp_path_factory.mktemp("mapping") / "m.toml"
    path.write_text(ARCHIVE)
    return load_mapping(path)


def record(car: str, i: int, **more: Any) -> dict[str, Any]:
    return {
        "event": "r1", "no": int(car), "ts": T0 + 50 * i, "lap": i // 30, "speed": i / 2,
        "rpm": 1000 + i, "more": [1, {"x": "}"}], **more,
    }  # fmt: skip


def packed(records: Sequence[dict[str, Any]], between: str = "\n") -> bytes:
    return gzip.compress("".join(json.dumps(r) + between for r in records).encode())


def typed(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"S": value} if isinstance(value, str) else {"N": str(value)}
        for name, value in values.items()
        if name != "more"
    }


def samples_of(parts: Any, mapping: PlainMapping) -> dict[tuple[str, int], tuple[float, ...]]:
    out: dict[tuple[str, int], tuple[float, ...]] = {}
    (group,) = mapping.catalog.groups
    for part in parts.parts:
        values = decode(part.payload, group, mapping.catalog.version).values
        for k, t in enumerate(part.times.tolist()):
            assert (part.car, t) not in out
            out[part.car, t] = (part.lap, *values[:, k].tolist())
        assert (np.diff(part.times) > 0).all()
    return out


def wanted(car: str, i: int) -> tuple[tuple[str, int], tuple[float, ...]]:
    return (car, (T0 + 50 * i) * 1000), (i // 30, i / 2, 1000.0 + i)


@settings(max_examples=60, deadline=None)
@given(
    objects=st.lists(
        st.lists(st.tuples(st.sampled_from("78"), st.integers(0, 99)), max_size=40), max_size=4
    ),
    between=st.sampled_from(["\n", "", "\n\n", " , "]),
    form=st.booleans(),
)
def test_every_sample_once(
    objects: list[list[tuple[str, int]]], between: str, form: bool, mapping: PlainMapping
) -> None:
    shape = (lambda r: r) if form else typed
    archive = PlainArchive("plain/", typed=not form)
    reader = PlainParts(replace(mapping, archive=archive))
    bodies = [packed([shape(record(car, i)) for car, i in each], between) for each in objects]
    parts = reader.read(bodies)
    assert samples_of(parts, mapping) == dict(wanted(*one) for each in objects for one in each)
    assert (between == " , ") == bool(parts.odd) or not any(objects)


def test_what_is_wrong_is_kept_and_stops_nothing(mapping: PlainMapping) -> None:
    good = [record("7", i) for i in range(40)]
    text = "".join(json.dumps(r) + "\n" for r in good[:20]) + '{"no": 7, "ts": ]\n'
    text += json.dumps(record("7", 99, lap=-3)) + "\n" + json.dumps(record("7", 5, event="x"))
    torn = packed(good[20:])
    bodies = [gzip.compress(text.encode()), torn[: len(torn) - 20], b"", packed(good[:3])]
    parts = PlainParts(mapping).read(bodies)
    found = samples_of(parts, mapping)
    assert dict(wanted("7", i) for i in range(20)).items() <= found.items()
    assert found.keys() <= {wanted("7", i)[0] for i in range(40)}
    assert {odd.object for odd in parts.odd} == {0, 1}
    assert any(b'"ts": ]' in odd.raw for odd in parts.odd)
    assert any("lap -3" in odd.reason for odd in parts.odd)
    assert any("truncated" in odd.reason for odd in parts.odd)


@given(st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=12, unique=True), max_size=8))
def test_times_that_are_known(runs: list[list[int]]) -> None:
    known, seen = _Times(None), set[int]()
    for run in runs:
        t = np.array(sorted(run), np.int64)
        again = known.among(t)
        held = [] if again is None else t[again].tolist()
        assert held == sorted(seen & set(run))
        new = t if again is None else t[~again]
        if len(new):
            known.add(new)
        seen |= set(run)


def test_a_reader_that_dies_is_replaced(mapping: PlainMapping) -> None:
    body = packed([record("7", i) for i in range(40)])
    children = PlainChildren(mapping, 1)
    try:
        first = children.read([body])
        assert first == PlainParts(mapping).read([body])
        (child,) = children._children._all
        os.kill(child._process.pid, signal.SIGKILL)
        child._process.wait(60)
        with pytest.raises(Failure, match="ended"):
            children.read([body])
        assert children.read([body, b"garbage"]).parts == first.parts
        (child,) = children._children._all
    finally:
        children.close()
    assert child._process.poll() == 0
    with pytest.raises(Failure, match="closed"):
        children.read([body])


# ------------------------------------------------------------------ the leg


class Backwards(InlinePool[Any]):
    """Gives back what is done one at a time, the newest first, when nothing more is put."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        self.was = -1
        self.kept: list[Done[Any]] = []

    def take(self) -> list[Done[Any]]:
        before, self.was = self.was, self.free()
        if before == self.was:
            self.kept += super().take()
        return [self.kept.pop()] if self.kept else []


class InProcess:
    def __init__(self, mapping: PlainMapping, count: int) -> None:
        self.read = PlainParts(mapping).read

    def close(self) -> None:
        """Nothing to end."""


class Leg:
    """The leg over a bucket in memory, and what it told."""

    def __init__(self, mapping: PlainMapping, path: Path, bucket: Bucket) -> None:
        self.bucket = bucket
        self.recording, self.store = open_session(path, mapping.session(KEY, 0))
        self.failure = None
        self.cancel = threading.Event()
        self.texts: list[str] = []
        self.desk = Desk(self, self.store, bucket.time, threading.Event(), self.told)
        self.history = PlainHistory(
            mapping, InProcess, bucket, self.store.session, self.desk, self, LapIndex(),
            self.cancel, self.recording.checkpoints(), lambda name, n: Backwards(n),
            random.Random(1), Tempo(),
        )  # fmt: skip

    def told(self, name: str, details: Any) -> None:
        """An event."""

    def submit(self, batch: Batch, timeout_s: float = 30.0) -> None:
        self.texts.append(self.desk.status.text)
        self.bucket.time.wall += SECOND
        self.bucket.time.mono += 1.0
        self.store.commit(self.recording.apply(batch))

    def flush(self, timeout_s: float = 30.0) -> None:
        """Nothing waits."""

    def load(self) -> Loaded:
        return self.history.load([], 0, lambda: None, held=None, shown=True)

    def times(self, car: str) -> list[int]:
        columns = self.store.columns(car, "car")
        blocks = columns.blocks if columns is not None else ()
        return [t // 1000 - T0 for block in blocks for t in block.t.tolist()]


def filled(count: int) -> Bucket:
    bucket = Bucket(VirtualTime())
    for k in range(count):
        body = packed([record(car, i) for i in range(10 * k, 10 * k + 12) for car in "78"])
        bucket.objects[f"plain/{k:03d}.gz"] = (body, 0)
    return bucket


def test_newest_first_in_whatever_order_objects_are_done(
    mapping: PlainMapping, tmp_path: Path
) -> None:
    bucket = filled(30)
    del bucket.objects["plain/011.gz"]
    leg = Leg(mapping, tmp_path / "s.pitwall", bucket)
    assert leg.load().objects == 29
    assert bucket.gets == sorted(bucket.objects, reverse=True)
    lost = range(112, 120)
    assert leg.times("7") == [50 * i for i in range(302) if i not in lost]
    window = leg.store.window("7", "car", 0, 0, 1 << 62)
    # nobody can prove that there was more, and nobody may draw a line where nothing is
    assert window.starts.tolist() == [0, 112]
    ledger = leg.store.ledger()
    assert ledger.missing == 0
    assert not ledger.provable
    leg.recording.close()


def test_cancelled_it_keeps_what_is_here_and_loads_the_rest_another_time(
    mapping: PlainMapping, tmp_path: Path
) -> None:
    bucket = filled(60)
    leg = Leg(mapping, tmp_path / "s.pitwall", bucket)
    bucket.on_get = lambda: leg.cancel.set() if len(bucket.gets) == 40 else None
    some = leg.load()
    assert 0 < some.objects < 60
    assert len(leg.times("7")) >= 10 * some.objects
    assert max(leg.times("7")) == 50 * 601
    leg.recording.close()
    bucket.on_get = lambda: None
    bucket.gets.clear()
    again = Leg(mapping, tmp_path / "s.pitwall", bucket)
    assert again.load().objects == 60 - some.objects
    assert set(bucket.gets).isdisjoint(some.keys)
    assert again.times("8") == [50 * i for i in range(602)]
    again.recording.close()


def test_progress_in_bytes_laps_and_seconds_left(mapping: PlainMapping, tmp_path: Path) -> None:
    leg = Leg(mapping, tmp_path / "s.pitwall", filled(60))
    leg.load()
    whole = sum(len(data) for data, _ in leg.bucket.objects.values()) / 1e6
    assert leg.texts[0] == f"archive: 0.0 of {whole:.1f} MB, 0 laps"
    done, left = leg.desk.status, re.compile(r"of 0.0 MB, ([\d,]+) laps, (\d+) s left")
    seen = [tuple(map(int, m.groups())) for m in map(left.search, leg.texts) if m]
    assert len(seen) > 8
    assert seen == sorted(seen, key=lambda pair: (pair[0], -pair[1]))
    assert done.progress == 1.0
    assert (done.laps, done.left_s) == (2 * 21, 0.0)
    assert done.bytes == done.bytes_total
    leg.recording.close()


def test_what_cannot_be_fetched_is_tried_another_time(
    mapping: PlainMapping, tmp_path: Path
) -> None:
    bucket = filled(20)
    leg = Leg(mapping, tmp_path / "s.pitwall", bucket)
    gone = bucket.objects.pop("plain/004.gz")
    bucket.objects["plain/004.gz"] = gone
    bucket.on_get = lambda: bucket.objects.pop("plain/004.gz", None)  # type: ignore[func-returns-value]
    assert list(leg.load().failed) == ["plain/004.gz"]
    bucket.objects["plain/004.gz"] = gone
    bucket.on_get = lambda: None
    leg.recording.close()
    again = Leg(mapping, tmp_path / "s.pitwall", bucket)
    assert again.load().keys == ["plain/004.gz"]
    assert again.times("7") == [50 * i for i in range(202)]
    again.recording.close()


# ------------------------------------------------------------------ end to end


def stored(store: SessionStore) -> int:
    return sum(columns.samples for columns in store.view().columns.values())


def test_history_from_the_bucket_and_the_rest_from_the_stream(
    mapping: PlainMapping, tmp_path: Path
) -> None:
    with StandIn.start(shards=2) as stand_in:
        clients = make_clients(stand_in.endpoint)

        def put(i: int, numbers: range, damage: bytes = b"") -> None:
            body = packed([record(car, n) for n in numbers for car in "78"]) + damage
            key = f"plain/2025/{i:02d}.json.gz"
            clients.s3.put_object(Bucket=stand_in.bucket, Key=key, Body=body)

        def write(numbers: range) -> None:
            for n in numbers:
                for car in "78":
                    row = {"pk": {"S": f"x#{car}"}, "sk": {"S": f"{n:06d}"}}
                    item = row | typed(record(car, n))
                    clients.dynamodb.put_item(TableName=stand_in.table, Item=item)

        for i in range(6):
            put(i, range(40 * i, 40 * i + 45))
        put(6, range(10), b"no gzip at all")
        write(range(230, 260))
        address = CloudAddress(
            stand_in.table, stand_in.bucket, endpoint_url=stand_in.endpoint, mapping=mapping
        )
        loaded: list[int] = []

        def note(name: str, details: Any) -> None:
            if name == "archive":
                loaded.append(details["objects"])

        for count, objects in ((260, 7), (300, 1)):
            run = Run.joined(KEY, address, tmp_path / "s.pitwall", note)
            run.start()
            try:
                if count == 300:
                    write(range(260, 300))
                end = time.monotonic() + 30
                while stored(run.store) < 2 * count and time.monotonic() < end:
                    threading.Event().wait(0.02)
                summary = run.settled_summary()
                assert stored(run.store) == 2 * count
                assert loaded.pop() == objects
                assert summary["ledger"]["missing"] == 0
                assert summary["ledger"]["quarantined"] == 1
                assert not summary["ledger"]["provable"]
                assert not summary["seam_proved"]
                columns = run.store.columns("8", "car")
                assert columns is not None
                t = np.concatenate([block.t for block in columns.blocks])
                assert t.tolist() == [(T0 + 50 * i) * 1000 for i in range(count)]
                # one line, also beside the object whose name is out of order and where archive
                # and stream meet
                assert run.store.window("8", "car", 0, 0, 1 << 62).starts.tolist() == [0]
                assert run.store.holes("8") == ()
                assert run.store.ledger().by_source[Source.ARCHIVE]
            finally:
                run.stop()
            put(7, range(250, 265))
        clients.close()


# ------------------------------------------------------------------ the mapping


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("[archive]\n", "archive.prefix is missing"),
        ('[archive]\nprefix = "x"\ntyped = 1\n', "archive.typed is 1"),
        ('[archive]\nprefix = "x"\nbare = true\n', "archive.bare is not known"),
        ("archive = 3\n", "archive is no table"),
    ],
)
def test_a_wrong_mapping_is_told(part: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(part + FILE if part.startswith("archive") else FILE + part)
    with pytest.raises(BadInput, match=told):
        load_mapping(path)


def test_an_archive_in_the_mapping(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(ARCHIVE + "typed = true\n")
    assert load_mapping(path).archive == PlainArchive("plain/", True)
    path.write_text(FILE)
    assert load_mapping(path).archive is None
