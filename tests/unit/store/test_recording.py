"""The file: what comes back out, and what is said when it cannot be used."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pitwall.store import Batch, Gap, Quarantined, Recording, Source, intake, load, migrate
from pitwall.store.schema import STEPS
from pitwall.telemetry import (
    BadInput,
    Catalog,
    ClockKind,
    Failure,
    PitwallError,
    Session,
    chunk,
    chunk_crc,
    decode,
    encode,
)
from tests.unit.store.helpers import (
    CATALOG,
    DRIVER,
    SESSION,
    T0,
    head,
    one,
    run,
    series,
    times,
    values,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "race.pitwall"


def message(error: PitwallError, path: Path) -> str:
    """The error's text, checked to be one line that names the file."""
    text = str(error)
    assert "\n" not in text
    assert str(path) in text
    return text


def test_everything_comes_back(path: Path) -> None:
    session = Session(
        SESSION.key, "Größe & 'quotes'", CATALOG, T0, 2400.5, ClockKind.RECONSTRUCTED, True, T0 - 7
    )
    with Recording.create(path, session) as recording:
        recording.apply(
            Batch(
                Source.ARCHIVE,
                (one(1), one(2), one(5)),
                (head(6),),
                received_us=T0 + 77,
                gaps=(Gap(series(), 3, 3, T0, T0 + 9, "expired"),),
                checkpoints={"shard-1": '{"seq": "1"}', "shard-2": "{}"},
                meta={"track": "[1,2]"},
            ),
            Batch(Source.STREAM, checkpoints={"shard-1": '{"seq": "2"}'}),
        )
        before = recording.ledger()
    assert [f.name for f in path.parent.iterdir()] == [path.name]
    with Recording.open(path, read_only=True) as again:
        assert again.session == session
        assert again.ledger() == before
        assert again.checkpoints() == {"shard-1": '{"seq": "2"}', "shard-2": "{}"}
        assert again.meta("track") == "[1,2]"
        assert again.meta("other") is None
        assert again.heads() == {("11", "a"): head(6)}
        assert again.gaps() == (Gap(series(), 3, 3, T0, T0 + 9, "expired"),)
        rows = list(again.read_segments(series()))
        assert [row.segment for row in rows] == [one(1), one(2), one(5)]
        assert {row.source for row in rows} == {Source.ARCHIVE}
        assert {row.received_lo for row in rows} == {T0 + 77}
        assert [r.segment.n_lo for r in again.read_segments(series(), 2, 4)] == [2]
        assert list(again.read_segments(series("99"))) == []


def test_identity_counts_repeats_and_keeps_both_sides_of_a_conflict(path: Path) -> None:
    with Recording.create(path, SESSION) as recording:
        recording.apply(Batch(Source.ARCHIVE, (run(range(1, 5)),)))
        done = recording.apply(Batch(Source.STREAM, (one(2), one(3, salt=1), one(4), one(5))))
        assert (done.chunks, done.duplicates, done.conflicts) == (1, 2, 1)
        assert done.segments == (one(5),)
        ledger = recording.ledger()
        assert ledger.duplicates_by_source[Source.STREAM] == 2
        (conflict,) = recording.conflicts()
        assert (conflict.series, conflict.n, conflict.source) == (series(), 3, Source.STREAM)
        assert (conflict.first_crc, conflict.first_t) == (one(3).crcs[0], one(3).t_lo)
        # The first lay in a run and is cut out of it: the very bytes of the chunk.
        assert conflict.first == one(3).payload
        assert chunk_crc(conflict.first_t, conflict.first) == conflict.first_crc
        assert conflict.second == one(3, salt=1).payload
        # Read again after a restart it is the same conflict, not another.
        again = recording.apply(Batch(Source.STREAM, (one(3, salt=1),)))
        assert (again.duplicates, again.conflicts) == (1, 0)
        window = load(recording).window("11", "driver", 0, times(3)[0], times(3)[-1])
        assert window.v.tolist() == np.float32(values(3)[0]).tolist()


def test_repeats_that_are_left_out_are_in_the_books(path: Path) -> None:
    with Recording.create(path, SESSION) as recording:
        recording.apply(Batch(Source.ARCHIVE, (run(range(1, 5)),)))
        done = recording.apply(Batch(Source.ARCHIVE, repeats={series(): 3}))
        assert (done.chunks, done.duplicates) == (0, 3)
        assert recording.ledger().duplicates_by_source[Source.ARCHIVE] == 3
    with Recording.open(path) as again:
        assert again.ledger().duplicates_by_source[Source.ARCHIVE] == 3


def test_a_run_that_is_partly_known_is_cut(path: Path) -> None:
    with Recording.create(path, SESSION) as recording:
        recording.apply(Batch(Source.STREAM, (one(3), one(4), one(7))))
        done = recording.apply(Batch(Source.ARCHIVE, (run(range(1, 10)),)))
        assert [(s.n_lo, s.n_hi) for s in done.segments] == [(1, 2), (5, 6), (8, 9)]
        assert (done.chunks, done.duplicates) == (6, 3)
        for segment in done.segments:
            whole = run(range(segment.n_lo, segment.n_hi + 1))
            assert segment == whole
        stored = [row.segment for row in recording.read_segments(series())]
        assert [(s.n_lo, s.n_hi) for s in stored] == [
            (1, 2),
            (3, 3),
            (4, 4),
            (5, 6),
            (7, 7),
            (8, 9),
        ]
        for n in range(1, 10):
            segment = next(s for s in stored if s.n_lo <= n <= s.n_hi)
            assert segment.crcs[n - segment.n_lo] == one(n).crcs[0]
        assert recording.ledger().by_source[Source.ARCHIVE] == 6


def test_sample_times_decide_over_the_announced_end(path: Path) -> None:
    with Recording.create(path, SESSION) as recording:
        done = recording.apply(Batch(Source.STREAM, (replace(one(1), t_hi=one(1).t_hi + 5),)))
        assert done.segments == (one(1),)


def bad_segments() -> dict[str, object]:
    good = one(3)
    empty = Catalog(())
    other = encode(times(3), values(3), DRIVER, empty.version)
    return {
        "crc does not match": replace(good, t_lo=good.t_lo + 1, t_hi=good.t_hi + 1),
        "belongs to session": replace(good, series=replace(series(), session="2025-01-01-x-y")),
        "unknown channel group": replace(good, series=replace(series(), group="wings")),
        "car id": replace(good, series=replace(series(), car="a#b")),
        "epoch": replace(good, series=replace(series(), epoch="A!")),
        "counters 0..0": replace(good, n_lo=0, n_hi=0),
        "counters 3..2": replace(good, n_hi=2, counts=(), crcs=()),
        "counters 100000000": replace(good, n_lo=10**8, n_hi=10**8),
        "2 counts and 1 crcs for 1": replace(good, counts=(2, 3)),
        "5 samples, 6 announced": replace(good, counts=(6,)),
        "empty or too large": replace(good, counts=(0,)),
        "32 bits": replace(good, crcs=(-1,)),
        "lap -1": replace(good, lap=-1),
        "time is out of bounds": replace(good, t_lo=0, t_hi=9),
        "not a packed payload": chunk(series(), 3, 0, T0, T0, 5, b"hello, I am not telemetry"),
        "catalog": chunk(series(), 3, 0, int(times(3)[0]), int(times(3)[-1]), 5, other),
        "bytes, header needs": chunk(series(), 3, 0, T0, T0, 5, b""),
        "bytes too many": chunk(series(), 3, 0, T0, T0, 5, good.payload + b"\0"),
    }


@pytest.mark.parametrize("reason", bad_segments())
def test_a_bad_segment_goes_into_quarantine_and_nowhere_else(path: Path, reason: str) -> None:
    bad = bad_segments()[reason]
    with Recording.create(path, SESSION) as recording:
        recording.apply(Batch(Source.STREAM, (one(1), one(2), one(4))))
        done = recording.apply(Batch(Source.STREAM, (bad, one(5))))  # type: ignore[arg-type]
        assert done.segments == (one(5),)
        (record,) = recording.quarantine()
        assert reason in record.reason
        assert record.raw == bad.payload  # type: ignore[attr-defined]
        ledger = recording.ledger()
        assert (ledger.expected, ledger.applied, ledger.quarantined) == (5, 4, 1)
        assert ledger.closes
        # Its identity counts where it is a possible one; the true chunk heals it.
        assert ledger.quarantined_only == (record.n == 3)
        assert list(ledger.series) == [series()]
        healed = recording.apply(Batch(Source.TABLE, (one(3),))).ledger
        assert (healed.missing, healed.quarantined_only, healed.repaired) == (0, 0, 1)
        assert healed.quarantined == 1


def test_wild_sample_times_go_into_quarantine(path: Path) -> None:
    t = np.array([0, 10**15, 0], np.int64) + T0
    payload = encode(t, np.zeros((2, 3)), DRIVER, CATALOG.version)
    with Recording.create(path, SESSION) as recording:
        done = recording.apply(Batch(Source.STREAM, (chunk(series(), 1, 0, T0, T0, 3, payload),)))
        assert done.fresh == ()
        assert "sample times" in recording.quarantine()[0].reason


@pytest.mark.parametrize(
    "bad",
    [
        replace(head(5), session="2025-01-01-x-y"),
        replace(head(5), n={"driver": -1}),
        replace(head(5), n={"driver": 10**8}),
        replace(head(5), n={"wings": 3}),
        replace(head(5), t=0),
        replace(head(5), car="#"),
    ],
)
def test_a_bad_head_promises_nothing(path: Path, bad: object) -> None:
    with Recording.create(path, SESSION) as recording:
        recording.apply(Batch(Source.TABLE, heads=(bad,)))  # type: ignore[arg-type]
        assert recording.ledger().expected == 0
        assert len(recording.quarantine()) == 1
        assert recording.heads() == {}


def test_heads_never_take_back_a_promise(path: Path) -> None:
    with Recording.create(path, SESSION) as recording:
        recording.apply(Batch(Source.STREAM, heads=(head(9), head(4))))
        recording.apply(Batch(Source.STREAM, heads=(head(3, ended=True),)))
        kept = recording.heads()[("11", "a")]
        assert (kept.n, kept.t, kept.ended) == ({"driver": 9}, head(9).t, True)
        assert recording.ledger().missing == 9


def test_completeness_is_only_claimed_where_it_is_proved(path: Path) -> None:
    with Recording.create(path, SESSION) as recording:
        assert not recording.ledger().provable
        assert not recording.apply(Batch(Source.STREAM, (one(1),))).ledger.provable
        ledger = recording.apply(Batch(Source.TABLE, heads=(head(2),))).ledger
        assert ledger.provable
        assert not ledger.complete
        ledger = recording.apply(Batch(Source.STREAM, (one(2),))).ledger
        assert ledger.complete
        # A second producer that has shown no head.
        other = series("7")
        assert not recording.apply(Batch(Source.STREAM, (one(1, other),))).ledger.provable
    with Recording.create(path.with_name("import.pitwall"), SESSION) as imported:
        ledger = imported.apply(Batch(Source.IMPORT, (one(1), one(2)))).ledger
        assert (ledger.provable, ledger.complete, ledger.expected) == (True, True, 2)


def test_quarantine_is_bounded_and_counts_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MAX_QUARANTINE_ROWS", 3)
    monkeypatch.setattr(intake, "MAX_RAW", 10)
    records = tuple(Quarantined(Source.STREAM, f"#{i}", "bad", bytes(50)) for i in range(7))
    with Recording.create(path, SESSION) as recording:
        assert recording.apply(Batch(Source.STREAM, quarantined=records)).quarantined == 7
        assert [len(r.raw) for r in recording.quarantine()] == [10, 10, 10]
        assert recording.counters()["quarantine_beyond"] == 4
        # The same records read once more are no news as far as they are on record.
        assert recording.apply(Batch(Source.STREAM, quarantined=records[:3])).quarantined == 0
    monkeypatch.setattr(intake, "MAX_QUARANTINE_ROWS", 100)
    monkeypatch.setattr(intake, "MAX_QUARANTINE_BYTES", 45)
    with Recording.open(path) as recording:
        recording.apply(
            Batch(Source.STREAM, quarantined=(replace(records[3], where="x"), records[5]))
        )
        assert len(recording.quarantine()) == 4
        assert recording.ledger().quarantined == 9


def test_conflicts_are_bounded_and_count_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MAX_CONFLICT_ROWS", 1)
    with Recording.create(path, SESSION) as recording:
        recording.apply(Batch(Source.STREAM, (one(1), one(2))))
        done = recording.apply(Batch(Source.STREAM, (one(1, salt=1), one(2, salt=1))))
        assert done.conflicts == 2
        assert len(recording.conflicts()) == 1


# what is said when a file cannot be used


def test_no_such_file(path: Path) -> None:
    with pytest.raises(BadInput, match="no such file") as error:
        Recording.open(path)
    message(error.value, path)


@pytest.mark.parametrize(
    "content", [b"", b"time,speed\n1,2\n", bytes(5000), b"SQLite format 3\0" + bytes(40)]
)
def test_not_a_recording(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(BadInput, match="not a Pitwall recording") as error:
        Recording.open(path)
    message(error.value, path)
    assert path.read_bytes() == content


def test_a_database_of_somebody_else(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE t (x)")
    db.commit()
    db.close()
    with pytest.raises(BadInput, match="not a Pitwall recording"):
        Recording.open(path)
    assert [f.name for f in path.parent.iterdir()] == [path.name]


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        Recording.open(tmp_path)


def test_an_existing_file_is_never_overwritten(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(BadInput, match="exists already"):
        Recording.create(path, SESSION)
    assert path.read_text() == "precious"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "no" / "x.pitwall"
    with pytest.raises(Failure) as error:
        Recording.create(path, SESSION)
    message(error.value, path)


def test_one_writer_at_a_time(path: Path) -> None:
    with Recording.create(path, SESSION) as recording:
        recording.apply(Batch(Source.STREAM, (one(1),)))
        with pytest.raises(Failure, match="another Pitwall") as error:
            Recording.open(path)
        message(error.value, path)
        assert "--recording OTHER" in str(error.value)
        # Reading beside the writer is welcome.
        with Recording.open(path, read_only=True) as reader:
            assert reader.ledger().applied == 1
            recording.apply(Batch(Source.STREAM, (one(2),)))
    with Recording.open(path) as recording:
        assert recording.ledger().applied == 2


def test_one_writer_over_processes(path: Path) -> None:
    Recording.create(path, SESSION).close()
    code = (
        "import sys\nfrom pitwall.store import Recording\n"
        "r = Recording.open(sys.argv[1])\nprint('open', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"open\n"
        with pytest.raises(Failure, match="another Pitwall"):
            Recording.open(path)
        child.kill()
    Recording.open(path).close()


def test_a_full_disk_stops_and_loses_nothing(path: Path) -> None:
    recording = Recording.create(path, SESSION)
    recording.apply(Batch(Source.STREAM, (one(1),), checkpoints={"s": "1"}))
    before = recording.ledger()
    pages = recording._db.execute("PRAGMA page_count").fetchone()[0]
    recording._db.execute(f"PRAGMA max_page_count = {pages + 4}")
    segments = tuple(one(n) for n in range(2, 2000))
    with pytest.raises(Failure, match="the disk is full") as error:
        recording.apply(Batch(Source.STREAM, segments, checkpoints={"s": "2"}))
    message(error.value, path)
    assert recording.ledger() is before
    assert recording.checkpoints() == {"s": "1"}
    assert recording.row_count() == 1
    # With room again the same batch goes in.
    recording._db.execute("PRAGMA max_page_count = 100000")
    assert recording.apply(Batch(Source.STREAM, segments)).chunks == 1998
    recording.close()


def test_a_disk_that_cannot_be_written(path: Path) -> None:
    recording = Recording.create(path, SESSION)
    recording._db.execute("PRAGMA query_only = ON")
    with pytest.raises(Failure, match="read-only") as error:
        recording.apply(Batch(Source.STREAM, (one(1),)))
    message(error.value, path)
    assert recording.ledger().applied == 0
    recording.close()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_folder_that_cannot_be_written(path: Path) -> None:
    with Recording.create(path, SESSION) as recording:
        recording.apply(Batch(Source.STREAM, (one(1),)))
    path.parent.chmod(0o500)
    try:
        with pytest.raises(Failure, match="cannot be opened for writing"):
            Recording.open(path)
        with Recording.open(path, read_only=True) as reader:
            assert reader.ledger().applied == 1
    finally:
        path.parent.chmod(0o700)


def test_read_only_cannot_be_written_to(path: Path) -> None:
    Recording.create(path, SESSION).close()
    before = path.read_bytes()
    with Recording.open(path, read_only=True) as reader, pytest.raises(Failure, match="read-only"):
        reader.apply(Batch(Source.STREAM, (one(1),)))
    assert path.read_bytes() == before


def fill(path: Path) -> None:
    with Recording.create(path, SESSION) as recording:
        recording.apply(Batch(Source.STREAM, tuple(one(n) for n in range(1, 400))))


@pytest.mark.parametrize("part", [0.02, 0.3, 0.9, 0.999])
def test_a_file_cut_short(path: Path, part: float) -> None:
    fill(path)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * part)])
    with pytest.raises(BadInput, match="cut short") as error:
        Recording.open(path)
    message(error.value, path)


def test_a_damaged_file_is_an_error_and_never_wrong_numbers(path: Path) -> None:
    fill(path)
    with Recording.open(path) as recording:
        wanted = load(recording).window("11", "driver", 0, 0, 2**62)
    raw = path.read_bytes()
    rng = np.random.default_rng(3)
    refused = 0
    for at in rng.integers(100, len(raw), 40).tolist():
        path.write_bytes(raw[:at] + rng.bytes(16) + raw[at + 16 :])
        try:
            with Recording.open(path) as recording:
                got = load(recording).window("11", "driver", 0, 0, 2**62)
        except BadInput as error:
            message(error, path)  # noqa: PT017
            refused += 1
        else:
            assert np.array_equal(got.v, wanted.v)
            assert np.array_equal(got.t, wanted.t)
    assert refused >= 10


# versions


def test_a_newer_version_is_refused(path: Path) -> None:
    Recording.create(path, SESSION).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    db.commit()
    db.close()
    for read_only in (True, False):
        with pytest.raises(BadInput, match="newer Pitwall") as error:
            Recording.open(path, read_only=read_only)
        message(error.value, path)


def test_an_older_version_is_upgraded_step_by_step(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Recording.create(path, SESSION) as recording:
        recording.apply(Batch(Source.STREAM, (one(1), one(2))))

    def add(db: sqlite3.Connection) -> None:
        db.execute("ALTER TABLE segments ADD COLUMN weather TEXT NOT NULL DEFAULT 'dry'")

    def rain(db: sqlite3.Connection) -> None:
        db.execute("UPDATE segments SET weather = 'wet' WHERE n_hi = 2")

    steps = (*STEPS, add, rain)
    monkeypatch.setattr(migrate, "STEPS", steps)
    with pytest.raises(BadInput, match="open it once for writing"):
        Recording.open(path, read_only=True)
    with Recording.open(path) as recording:
        assert migrate.version_of(recording._db) == len(steps)
        found = recording._db.execute("SELECT weather FROM segments ORDER BY id").fetchall()
        assert found == [("dry",), ("wet",)]
        assert recording.ledger().applied == 2
    Recording.open(path, read_only=True).close()


def test_a_step_that_fails_changes_nothing(path: Path) -> None:
    Recording.create(path, SESSION).close()

    def halfway(db: sqlite3.Connection) -> None:
        db.execute("DROP TABLE gaps")
        db.execute("no such statement")

    db = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        migrate.upgrade(db, path, (*STEPS, halfway))
    assert migrate.version_of(db) == len(STEPS)
    db.execute("SELECT * FROM gaps")
    db.close()


def test_payloads_are_what_was_given(path: Path) -> None:
    with Recording.create(path, SESSION) as recording:
        recording.apply(Batch(Source.STREAM, (one(1),)))
        (row,) = recording.read_segments(series())
        samples = decode(row.segment.payload, DRIVER, CATALOG.version)
        assert np.array_equal(samples.values, values(1))
        assert np.array_equal(samples.t + row.segment.t_lo, times(1))
