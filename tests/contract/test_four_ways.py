"""One session, loaded four ways: raw archive, sealed laps, stream, table. The same bits."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pitwall.cloud import Clients, make_clients, publish, read_session
from pitwall.cloud.local.process import StandIn
from pitwall.store import Source, Writer, open_session
from pitwall.telemetry import Segment, Series, decode_many
from pitwall.turbo import Phase, make_follower
from tests.unit.cloud import strategies as made

pytestmark = pytest.mark.slow

CHUNKS, _ = made.field(3, 40.0, 7.0)
KEY = made.SESSION.key
LIMIT_S = 40.0
WAYS = {
    "stream": Source.STREAM,
    "raw": Source.ARCHIVE,
    "sealed": Source.ARCHIVE,
    "table": Source.TABLE,
}


@dataclass(frozen=True)
class Loaded:
    """What one way gave.

    Attributes:
        columns: times and values as bytes, by car and group.
        samples: times and values as they are in the recording, unpacked, by series.
        identity: counts and crcs of each chunk, by series and n.
        books: of each series, without the way it came.
        total: the session's books.
        by_source: chunks by the way they came.
        conflicts: chunks that came with other content.
        fetched_here: objects that this process fetched itself.
    """

    columns: dict[tuple[str, str], tuple[bytes, bytes]]
    samples: dict[Series, tuple[bytes, bytes]]
    identity: dict[tuple[Series, int], tuple[int, int]]
    books: dict[Series, Any]
    total: tuple[Any, ...]
    by_source: Mapping[Source, int]
    conflicts: int
    fetched_here: int


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Loaded]]:
    """All four, from one stand-in: each way from a bucket that has nothing else, and after the
    first the stream has forgotten everything."""
    folder = tmp_path_factory.mktemp("ways")
    with StandIn.start(firehose_interval_s=0.2, shards=3) as stand_in:
        clients = make_clients(stand_in.endpoint)
        report = publish(
            iter(CHUNKS), made.SESSION, clients, stand_in.table, stand_in.bucket, speed=math.inf
        )
        assert (report.chunks, report.unsealed) == (len(CHUNKS), 0)
        until(lambda: archived(stand_in.status()), "the archive to be written")
        for bucket, prefix in (
            ("raw-only", "raw/"),
            ("sealed-only", "sealed/"),
            ("none-at-all", ""),
        ):
            clients.s3.create_bucket(Bucket=bucket)
            if prefix:
                copy(clients, stand_in.bucket, bucket, prefix)
        out = {"stream": load(clients, stand_in, "none-at-all", folder / "stream.pitwall")}
        stand_in.control("trim")
        for way, bucket in (
            ("raw", "raw-only"),
            ("sealed", "sealed-only"),
            ("table", "none-at-all"),
        ):
            out[way] = load(clients, stand_in, bucket, folder / f"{way}.pitwall")
        yield out
        clients.close()


def archived(status: dict[str, Any]) -> bool:
    handled = status["function"]["handled"] == status["records_ever"]
    return handled and not status["firehose"]["buffered"]


def until(condition: Callable[[], bool], what: str) -> None:
    """Another process does it: all that can be done is to look again."""
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, f"waited for {what}"
        time.sleep(0.05)


def copy(clients: Clients, source: str, target: str, prefix: str) -> None:
    listed = clients.s3.list_objects_v2(Bucket=source, Prefix=prefix)["Contents"]
    for each in listed:
        body = clients.s3.get_object(Bucket=source, Key=each["Key"])["Body"].read()
        clients.s3.put_object(Bucket=target, Key=each["Key"], Body=body)
    assert listed


def load(clients: Clients, stand_in: StandIn, bucket: str, path: Path) -> Loaded:
    """As the program joins: archive, stream, repair, whichever of them has anything."""
    session = read_session(clients.dynamodb, stand_in.table, KEY)
    recording, store = open_session(path, session)
    changed = threading.Condition()

    def told(*_: Any) -> None:
        with changed:
            changed.notify_all()

    fetched: list[object] = []
    clients.s3.meta.events.register(
        "before-call.s3.GetObject", lambda **_: fetched.append(1), unique_id="fetched"
    )
    writer = Writer(recording, store, on_commit=told)
    follower = make_follower(
        clients, stand_in.table, bucket, session, recording, store, writer, told
    )
    writer.start()
    follower.start()
    end = time.monotonic() + LIMIT_S
    with changed:
        while follower.status.phase is not Phase.ENDED:
            assert time.monotonic() < end, (follower.status, store.ledger())
            changed.wait(0.5)
    assert follower.stop(60)
    samples, identity = recorded(recording, session)
    ledger = store.ledger()
    columns = {
        key: (
            np.concatenate([b.t for b in columns.blocks]).tobytes(),
            np.concatenate([b.values for b in columns.blocks], axis=1).tobytes(),
        )
        for key, columns in store.view().columns.items()
    }
    writer.stop(60)
    clients.s3.meta.events.unregister("before-call.s3.GetObject", unique_id="fetched")
    books = {
        series: (
            b.expected, b.head, b.applied, b.received, b.missing, b.absent, b.quarantined_only,
            b.named, b.gaps, b.conflicts, b.newest_us, b.provable,
        )
        for series, b in ledger.series.items()
    }  # fmt: skip
    total = (
        ledger.expected, ledger.applied, ledger.missing, ledger.named, ledger.quarantined,
        ledger.provable, ledger.complete, ledger.closes,
    )  # fmt: skip
    return Loaded(
        columns, samples, identity, books, total, ledger.by_source, ledger.conflicts, len(fetched)
    )


def recorded(recording: Any, session: Any) -> tuple[dict[Series, Any], dict[Any, Any]]:
    samples, identity = {}, {}
    for series in recording.series():
        segments = sorted(
            (r.segment for r in recording.read_segments(series)), key=lambda s: s.n_lo
        )
        samples[series] = unpacked(segments, session)
        for s in segments:
            for i, n in enumerate(range(s.n_lo, s.n_hi + 1)):
                assert (series, n) not in identity
                identity[series, n] = (s.counts[i], s.crcs[i])
    return samples, identity


def unpacked(segments: list[Segment], session: Any) -> tuple[bytes, bytes]:
    group = session.catalog.group(segments[0].series.group)
    counts, samples, bad = decode_many(
        [s.payload for s in segments], group, session.catalog.version
    )
    assert not bad
    times = samples.t + np.repeat(np.array([s.t_lo for s in segments], np.int64), counts)
    return times.tobytes(), np.asarray(samples.values, np.float64).tobytes()


@pytest.mark.parametrize("way", WAYS)
def test_it_came_that_way_and_no_other(loaded: dict[str, Loaded], way: str) -> None:
    assert loaded[way].by_source[WAYS[way]] == len(CHUNKS)
    assert sum(loaded[way].by_source.values()) == len(CHUNKS)
    assert loaded[way].conflicts == 0


@pytest.mark.parametrize("way", ["raw", "sealed"])
def test_objects_are_fetched_by_processes_of_their_own(loaded: dict[str, Loaded], way: str) -> None:
    assert loaded[way].fetched_here == 0


@pytest.mark.parametrize("way", WAYS)
def test_the_recording_has_what_the_cars_sent(loaded: dict[str, Loaded], way: str) -> None:
    by_series: dict[Series, list[Segment]] = {}
    for chunk in sorted(CHUNKS, key=lambda c: c.n_lo):
        by_series.setdefault(chunk.series, []).append(chunk)
    assert loaded[way].samples == {s: unpacked(c, made.SESSION) for s, c in by_series.items()}
    assert loaded[way].identity == {(c.series, c.n_lo): (c.counts[0], c.crcs[0]) for c in CHUNKS}


@pytest.mark.parametrize("way", [way for way in WAYS if way != "raw"])
def test_columns_and_books_are_those_of_the_raw_archive(
    loaded: dict[str, Loaded], way: str
) -> None:
    one, other = loaded["raw"], loaded[way]
    assert one.columns.keys() == other.columns.keys()
    for key, columns in one.columns.items():
        assert columns == other.columns[key], key
    assert one.books == other.books
    assert one.total == other.total
    assert one.total[6:] == (True, True)  # complete, and the books close
