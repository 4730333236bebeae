"""Items of other producers: every sample once, whatever comes twice, and nothing called proved."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.address import CloudAddress
from pitwall.cloud.clients import make_clients
from pitwall.cloud.image import Image
from pitwall.cloud.local.process import StandIn
from pitwall.cloud.mapping import PlainMapping, load_mapping
from pitwall.run import Run
from pitwall.store import Batch, Recording, SessionStore, Source, open_session
from pitwall.stream import KinesisSource, Record, ServerClock, SystemTime
from pitwall.stream.envelope import as_it_is
from pitwall.stream.lag import HeadLag
from pitwall.stream.source import Page
from pitwall.telemetry import BadInput
from pitwall.turbo.plain import PlainDecoder
from tests.unit.stream.taking import take

KEY = "2025-09-06-club-r1"
T0 = 1_757_184_000_000
FILE = """
time = "ts"
time_unit = "ms"
car = "no"
lap = "lap"
rate_hz = 20
[match]
event = "r1"
[channels.speed]
low = 0
high = 300
resolution = 0.5
[channels.rpm]
low = 0
high = 9000
"""


@pytest.fixture(scope="module")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> PlainMapping:
    path = tmp_path_factory.mktemp("mapping") / "m.toml"
    path.write_text(FILE)
    return load_mapping(path)


def item(car: str, i: int, **more: Any) -> dict[str, Any]:
    return {
        "pk": {"S": f"x#{car}"},
        "sk": {"S": f"{i:06d}"},
        "event": {"S": "r1"},
        "no": {"N": car},
        "ts": {"N": str(T0 + 50 * i)},
        "lap": {"N": str(i // 30)},
        "speed": {"N": str(i / 2)},
        "rpm": {"N": str(1000 + i)},
        **more,
    }


def record(i: int, doc: dict[str, Any] | None) -> Record:
    body = None if doc is None else Image(msgspec.Raw(json.dumps(doc).encode()))
    return Record(str(i), (T0 + 50 * i) * 1000, body)


class Desk:
    """A recording that takes pages as the writer does, at once or later."""

    def __init__(self, path: Path, mapping: PlainMapping) -> None:
        self.mapping = mapping
        self.path = path
        self.recording, self.store = open_session(path, mapping.session(KEY, T0 * 1000))
        self.decoder = PlainDecoder(mapping, self.store)
        self.waiting: list[Batch] = []
        self.lag = HeadLag()

    def page(self, records: list[Record], *, late: bool = False) -> Any:
        got = take(Page(tuple(records), "n"), self.decoder, self.lag, T0 * 1000)
        self.waiting.append(
            Batch(
                Source.STREAM,
                got.segments,
                got.heads,
                1,
                quarantined=got.quarantined,
                samples=got.samples,
            )
        )
        if not late:
            self.store.commit(self.recording.apply(*self.waiting))
            self.waiting.clear()
        return got

    def again(self) -> None:
        """Closed and opened again; what waited is lost."""
        self.recording.close()
        self.__init__(self.path, self.mapping)  # type: ignore[misc]

    def samples(self, car: str) -> dict[int, tuple[float, float]]:
        columns = self.store.columns(car, "car")
        out: dict[int, tuple[float, float]] = {}
        for block in columns.blocks if columns else ():
            for t, speed, rpm in zip(block.t.tolist(), *block.values.tolist(), strict=True):
                assert t not in out, "a sample twice"
                out[t] = (speed, rpm)
        return out


def wanted(numbers: Any) -> dict[int, tuple[float, float]]:
    return {(T0 + 50 * i) * 1000: (i / 2, 1000.0 + i) for i in numbers}


@settings(max_examples=40, deadline=None)
@given(
    pages=st.lists(
        st.tuples(st.lists(st.tuples(st.sampled_from("78"), st.integers(0, 99))), st.booleans()),
        max_size=8,
    ),
    restart=st.integers(0, 8),
)
def test_every_sample_once(
    pages: list[tuple[list[tuple[str, int]], bool]],
    restart: int,
    mapping: PlainMapping,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    desk = Desk(tmp_path_factory.mktemp("plain") / "s.pitwall", mapping)
    sent: dict[str, set[int]] = {"7": set(), "8": set()}
    unsaved: list[list[Record]] = []
    for at, (samples, late) in enumerate(pages):
        if at == restart:
            desk.again()
            for records in unsaved:  # no checkpoint covered them: the stream gives them again
                desk.page(records)
            unsaved = []
        records = [record(i, item(car, i)) for car, i in samples]
        desk.page(records, late=late)
        unsaved = [*unsaved, records] if late else []
        for car, i in samples:
            sent[car].add(i)
    desk.page([])
    for car, numbers in sent.items():
        assert desk.samples(car) == wanted(numbers)
    ledger = desk.store.ledger()
    assert (ledger.missing, ledger.duplicates, ledger.conflicts) == (0, 0, 0)
    assert not ledger.provable
    desk.recording.close()


def test_a_page_that_cannot_be_packed_counts_as_not_given(
    mapping: PlainMapping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path / "s.pitwall", mapping)
    records = [record(i, item(car, i)) for i in range(4) for car in "78"]
    calls = iter([True, False])

    def encode(*args: Any) -> bytes:
        if not next(calls, True):
            raise MemoryError
        return real(*args)

    from pitwall.turbo import plain

    real = plain.encode
    monkeypatch.setattr(plain, "encode", encode)
    with pytest.raises(MemoryError):
        desk.decoder.many([records])
    desk.page(records)
    assert desk.samples("7") == wanted(range(4))
    assert desk.samples("8") == wanted(range(4))
    assert desk.store.ledger().missing == 0
    desk.recording.close()


def test_what_is_wrong_is_kept_raw_and_what_is_not_ours_is_left(
    mapping: PlainMapping, tmp_path: Path
) -> None:
    desk = Desk(tmp_path / "s.pitwall", mapping)
    docs = [item("7", 0), item("7", 1, ts={"N": "5"}), item("7", 2, event={"S": "r2"}), None]
    faulty = Record("9", 0, None, b"raw", "the source could not read it")
    got = desk.page([*(record(i, doc) for i, doc in enumerate(docs)), faulty])
    assert desk.samples("7") == wanted([0])
    first, second = got.quarantined
    assert "none of this century" in first.reason
    assert json.loads(first.raw) == docs[1]
    assert (second.reason, second.raw) == ("the source could not read it", b"raw")
    assert len(desk.recording.quarantine()) == 2
    desk.recording.close()


def test_how_new_the_data_is(mapping: PlainMapping, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "s.pitwall", mapping)
    got = desk.page([record(i, item("7", i)) for i in range(3)])
    (head,) = got.heads
    assert (head.car, head.t, head.n, head.ended) == ("7", (T0 + 100) * 1000, {}, False)
    assert desk.lag.lag_us is not None
    desk.recording.close()


def test_followed_from_a_table(mapping: PlainMapping, tmp_path: Path) -> None:
    with StandIn.start(shards=2) as stand_in:
        clients = make_clients(stand_in.endpoint)

        def put(numbers: range) -> None:
            for car in "78":
                for i in numbers:
                    clients.dynamodb.put_item(TableName=stand_in.table, Item=item(car, i))

        put(range(40))
        address = CloudAddress(stand_in.table, "", endpoint_url=stand_in.endpoint, mapping=mapping)
        path = tmp_path / "s.pitwall"
        for count in (60, 80):
            run = Run.joined(KEY, address, path, lambda name, details: None)
            run.start()
            try:
                put(range(count - 20, count))
                end = time.monotonic() + 20
                while (stored := _stored(run.store)) < 2 * count and time.monotonic() < end:
                    time.sleep(0.02)
                assert stored == 2 * count
                summary = run.summary()
                assert summary["state"] == "live"
                assert summary["ledger"]["missing"] == 0
                assert not summary["ledger"]["provable"]
                assert not summary["seam_proved"]
            finally:
                run.stop()
        clients.close()
    with Recording.open(path, read_only=True) as recording:
        assert [s.car for s in recording.series()] in (["7", "8"], ["8", "7"])
    recording, store = open_session(path, read_only=True)
    recording.close()
    columns = store.columns("7", "car")
    assert columns is not None
    t = np.concatenate([block.t for block in columns.blocks])
    assert t.tolist() == [(T0 + 50 * i) * 1000 for i in range(80)]


def _stored(store: SessionStore) -> int:
    return sum(columns.samples for columns in store.view().columns.values())


def test_another_mapping_wants_another_recording(mapping: PlainMapping, tmp_path: Path) -> None:
    Desk(tmp_path / "s.pitwall", mapping).recording.close()
    (tmp_path / "n.toml").write_text(FILE.replace("0.5", "0.1"))
    other = load_mapping(tmp_path / "n.toml")
    with pytest.raises(BadInput, match="other channels"):
        open_session(tmp_path / "s.pitwall", other.session(KEY, 0))


class BareStream:
    """A Kinesis client of one stream with one shard and one page."""

    class exceptions:  # noqa: N801 - as a client has it
        ClientError = RuntimeError

    def __init__(self, datas: list[bytes]) -> None:
        self.datas = datas

    def describe_stream_summary(self, **asked: Any) -> dict[str, Any]:
        return {"StreamDescriptionSummary": {"StreamARN": "arn:x", "StreamStatus": "ACTIVE"}}

    def get_records(self, **asked: Any) -> dict[str, Any]:
        return {
            "Records": [
                {"SequenceNumber": str(i), "ApproximateArrivalTimestamp": T0 / 1e3, "Data": data}
                for i, data in enumerate(self.datas)
            ],
            "NextShardIterator": "n",
        }


def test_bare_items_in_a_kinesis_stream(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text("bare = true" + FILE)
    mapping = load_mapping(path)
    good = {"event": "r1", "no": 7, "ts": T0, "lap": 0, "speed": 0, "rpm": 1000}
    other = good | {"event": "r2", "ts": T0 + 50}
    time = SystemTime()
    source = KinesisSource.connect(
        BareStream([json.dumps(good).encode(), b"\x00garbage", json.dumps(other).encode()]),
        "race",
        "",
        ServerClock(time),
        time,
        as_it_is,
    )
    page = source.read("i", 1000)
    assert page.skipped == 0
    desk = Desk(tmp_path / "s.pitwall", mapping)
    got = desk.page(list(page.records))
    assert desk.samples("7") == wanted([0])
    (poison,) = got.quarantined
    assert poison.raw == b"\x00garbage"
    desk.recording.close()
