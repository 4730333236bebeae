"""The writer: grouped, in order, bounded, and honest when the disk fails."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from pitwall.store import Batch, Recording, SessionStore, Source, Writer, open_session
from pitwall.telemetry import Failure
from tests.unit.store.helpers import SESSION, head, one, series, values

WAIT = 20.0


@pytest.fixture
def parts(tmp_path: Path) -> tuple[Recording, SessionStore]:
    return open_session(tmp_path / "race.pitwall", SESSION)


def stream(*numbers: int) -> Batch:
    return Batch(Source.STREAM, tuple(one(n) for n in numbers))


class Blocker:
    """Holds the writer inside on_commit until told to go on."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, version: int) -> None:
        self.entered.set()
        assert self.go_on.wait(WAIT)


def test_what_is_flushed_is_on_disk_and_in_memory(parts: tuple[Recording, SessionStore]) -> None:
    recording, store = parts
    versions: list[int] = []
    writer = Writer(recording, store, on_commit=versions.append)
    writer.start()
    for n in range(1, 21):
        writer.submit(stream(n))
    writer.flush(WAIT)
    assert store.ledger().applied == 20
    columns = store.columns("11", "driver")
    assert columns is not None
    assert columns.samples == 100
    with Recording.open(recording.path, read_only=True) as reader:
        assert reader.ledger() == store.ledger()
    writer.stop(WAIT)
    # grouped, and every version was announced
    assert 1 <= len(versions) < 20
    assert versions == list(range(versions[0], store.version + 1))
    assert writer.stats.batches == 20
    assert writer.stats.chunks == 20
    assert writer.stats.commits == len(versions)
    assert writer.failure is None


def test_small_batches_share_a_transaction(parts: tuple[Recording, SessionStore]) -> None:
    writer = Writer(*parts, commit_every_s=30.0)
    writer.start()
    for n in range(1, 31):
        writer.submit(stream(n))
    # The first goes in at once, the others wait for the end of the interval.
    assert writer.stats.commits <= 1
    writer.flush(WAIT)
    assert writer.stats.commits <= 2
    writer.stop(WAIT)


def test_a_batch_after_a_pause_goes_in_at_once(parts: tuple[Recording, SessionStore]) -> None:
    seen = threading.Event()
    writer = Writer(*parts, commit_every_s=30.0, on_commit=lambda _: seen.set())
    writer.start()
    writer.submit(stream(1))
    assert seen.wait(WAIT)
    writer.stop(WAIT)


def test_batches_go_in_in_the_order_they_came(parts: tuple[Recording, SessionStore]) -> None:
    recording, store = parts
    writer = Writer(recording, store, commit_every_s=30.0)
    writer.start()
    for n in range(1, 10):
        segment = one(1, salt=n - 1)
        writer.submit(
            Batch(Source.STREAM, (segment,), checkpoints={"s": str(n)}, meta={"m": str(n)})
        )
    writer.flush(WAIT)
    assert store.window("11", "driver", 0, 0, 2**62).v[0] == np.float32(values(1)[0, 0])
    assert store.meta("m") == "9"
    writer.stop(WAIT)
    with Recording.open(recording.path, read_only=True) as reader:
        assert reader.checkpoints() == {"s": "9"}


def test_a_full_queue_holds_the_source_back(parts: tuple[Recording, SessionStore]) -> None:
    hold = Blocker()
    writer = Writer(*parts, commit_every_s=0, max_pending=3, on_commit=hold)
    writer.start()
    writer.submit(stream(1))
    assert hold.entered.wait(WAIT)
    for n in (2, 3, 4):
        writer.submit(stream(n))
    assert writer.stats.depth == 3
    with pytest.raises(Failure, match="not kept up"):
        writer.submit(stream(5), timeout_s=0.05)
    hold.go_on.set()
    writer.submit(stream(5), WAIT)
    writer.flush(WAIT)
    assert parts[1].ledger().applied == 5
    writer.stop(WAIT)


def test_stop_commits_what_is_queued_and_closes(parts: tuple[Recording, SessionStore]) -> None:
    recording, store = parts
    hold = Blocker()
    writer = Writer(recording, store, commit_every_s=0, on_commit=hold)
    writer.start()
    writer.submit(stream(1))
    assert hold.entered.wait(WAIT)
    for n in range(2, 60):
        writer.submit(stream(n))
    hold.go_on.set()
    writer.stop(WAIT)
    writer.stop(WAIT)
    with pytest.raises(Failure, match="closed"):
        writer.submit(stream(60))
    with Recording.open(recording.path) as again:
        assert again.ledger().applied == 59
        # packed on the way out: laps of 40 chunks
        assert again.row_count() == 2


def test_a_full_disk_stops_the_writer_and_says_so(parts: tuple[Recording, SessionStore]) -> None:
    recording, store = parts
    writer = Writer(recording, store)
    writer.start()
    writer.submit(stream(1))
    writer.flush(WAIT)
    version = store.version
    recording._db.execute("PRAGMA max_page_count = 1")
    writer.submit(Batch(Source.STREAM, tuple(one(n) for n in range(2, 3000))))
    with pytest.raises(Failure, match="the disk is full"):
        writer.flush(WAIT)
    assert isinstance(writer.failure, Failure)
    with pytest.raises(Failure, match="the disk is full"):
        writer.submit(stream(3))
    # Memory has not run ahead of the disk.
    assert store.version == version
    assert store.ledger().applied == 1
    writer.stop(WAIT)
    with Recording.open(recording.path) as again:
        assert again.ledger().applied == 1


def test_a_source_that_waits_for_room_learns_of_the_failure(
    parts: tuple[Recording, SessionStore],
) -> None:
    recording, _ = parts
    hold = Blocker()
    writer = Writer(*parts, commit_every_s=0, max_pending=1, on_commit=hold)
    writer.start()
    writer.submit(stream(1))
    assert hold.entered.wait(WAIT)
    writer.submit(Batch(Source.STREAM, tuple(one(n) for n in range(2, 3000))))
    said: list[Exception] = []

    def wait_for_room() -> None:
        try:
            writer.submit(stream(3000), WAIT)
            writer.submit(stream(3001), WAIT)
        except Failure as error:
            said.append(error)

    source = threading.Thread(target=wait_for_room, name="source")
    source.start()
    recording._db.execute("PRAGMA max_page_count = 1")
    hold.go_on.set()
    source.join(WAIT)
    assert not source.is_alive()
    assert len(said) == 1
    assert "disk is full" in str(said[0])
    writer.stop(WAIT)


def test_a_listener_that_raises_is_a_failure_not_a_silence(
    parts: tuple[Recording, SessionStore],
) -> None:
    def listener(version: int) -> None:
        raise ValueError("no")

    writer = Writer(*parts, on_commit=listener)
    writer.start()
    writer.submit(stream(1))
    writer.stop(WAIT)
    assert isinstance(writer.failure, Failure)
    with pytest.raises(Failure, match="writing stopped"):
        writer.submit(stream(2))


def test_never_started(parts: tuple[Recording, SessionStore]) -> None:
    writer = Writer(*parts)
    writer.stop(WAIT)
    Recording.open(parts[0].path).close()


def test_many_sources_at_once(parts: tuple[Recording, SessionStore]) -> None:
    recording, store = parts
    writer = Writer(recording, store, commit_every_s=0.01, max_pending=4)
    writer.start()

    def source(car: int) -> None:
        # two shards of one car overlap: everything arrives twice
        for n in range(1, 60):
            writer.submit(Batch(Source.STREAM, (one(n, series(str(car // 2))),)))

    threads = [threading.Thread(target=source, args=(car,), name=f"s{car}") for car in range(6)]
    for thread in threads:
        thread.start()
    seen = 0
    while any(thread.is_alive() for thread in threads):
        view = store.view()
        assert view.version >= seen
        seen = view.version
        # One version agrees with itself: chunks in the books are samples in the columns.
        for books in view.ledger.series.values():
            columns = view.columns[(books.series.car, "driver")]
            assert columns.samples == 5 * books.applied
    for thread in threads:
        thread.join(WAIT)
    writer.submit(Batch(Source.TABLE, heads=tuple(head(59, str(c)) for c in range(3))))
    writer.flush(WAIT)
    ledger = store.ledger()
    assert (ledger.applied, ledger.duplicates, ledger.missing) == (3 * 59, 3 * 59, 0)
    assert ledger.complete
    writer.stop(WAIT)
