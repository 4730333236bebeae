"""Every arrow of the path carries something: with any one of them cut, the healthy run is not.

Each cut says exactly what then is wrong, so that a second, hidden way from one room to another
would show too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pitwall.analysis import TimingEngine
from pitwall.cloud import Bundler
from pitwall.cloud.local.mapping import EventSourceMapping
from pitwall.cloud.local.streamlog import StreamLog
from pitwall.run import Run
from pitwall.store import SessionStore, intake
from tests.contract.whole_path import CARS, SEEDED, TOTAL, World, drive, ended, world

pytestmark = pytest.mark.slow

FOREVER = 10**9


def fault(service: str, operation: str, kind: str = "InternalServerError") -> dict[str, Any]:
    return {"service": service, "operation": operation, "type": kind, "count": FOREVER}


def struck(world: World, times: int = 1) -> bool:
    """True once the rule in force has failed so many calls."""
    return any(rule["count"] <= FOREVER - times for rule in world.service.faults.status()["faults"])


def test_a_healthy_run(tmp_path: Path) -> None:
    runs: list[Run] = []
    with world(tmp_path) as made:
        assert drive(made, lambda w, run: runs.append(run) or ended(w, run)) == set()
        assert made.failure is None
        status = made.service.status()
    summary = runs[-1].summary()
    chunks, ledger = summary["chunks"], summary["ledger"]
    # each leg brought what only it could bring
    lost = status["function"]["lost"]
    assert chunks["repair"] == ledger["repaired"] >= lost > 0
    assert 0 < chunks["archive"] <= made.archived["chunks"]
    assert chunks["archive"] + chunks["repair"] == SEEDED
    assert chunks["stream"] == TOTAL - SEEDED
    assert sum(chunks.values()) == ledger["applied"] == ledger["expected"] == TOTAL
    assert ledger["duplicates"] > 0
    assert summary["cars"] == CARS
    assert summary["seam_proved"]
    # of a machine that is busy it may be late or silent for a while, and live again
    steps = ("joined", "archive", "history", "live", "ended")
    assert tuple(dict.fromkeys(event for event in made.events if event in steps)) == steps


class TestCut:
    """One arrow at a time."""

    def test_publisher_to_table(self, tmp_path: Path) -> None:
        with world(tmp_path) as made:
            made.on_event = lambda name: (
                made.service.faults.add(fault("dynamodb", "BatchWriteItem"))
                if name == "history"
                else None
            )
            wrong = drive(made, lambda w, run: struck(w, 2) and "live" in w.events)
        assert wrong == {"stream", "all of it", "ended"}

    def test_table_to_stream(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(StreamLog, "append", lambda *args: 0)
        monkeypatch.setattr(StreamLog, "extend", lambda *args: None)
        with world(tmp_path) as made:
            wrong = drive(made, lambda w, run: w.published and "silent" in w.events)
        # what came after the join may come with a sealed lap that a keyed read brings whole
        assert wrong | {"all of it"} == {"archive", "stream", "all of it", "ended"}

    def test_stream_to_archiver(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(EventSourceMapping, "poll", lambda *args, **named: 0)
        with world(tmp_path) as made:
            assert drive(made) == {"archive"}

    def test_archiver_to_firehose(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tests.contract.whole_path.BEFORE", [fault("firehose", "*")])
        with world(tmp_path) as made:
            assert struck(made, 2)
            assert drive(made) == {"archive"}

    def test_firehose_to_s3(self, tmp_path: Path) -> None:
        with world(tmp_path, firehose_interval_s=900.0) as made:
            assert drive(made) == {"archive"}

    @pytest.mark.parametrize("operation", ["ListObjectsV2", "GetObject"])
    def test_s3_to_turbo(self, tmp_path: Path, operation: str) -> None:
        with world(tmp_path) as made:
            made.service.faults.add(fault("s3", operation, "AccessDenied"))
            assert drive(made) == {"archive", "sealed"}
            assert struck(made)
        assert "archive-absent" in made.events

    def test_sealer_to_s3(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Bundler, "add", lambda *args: [])
        with world(tmp_path) as made:
            assert drive(made) == {"sealed"}

    def test_stream_to_reader(self, tmp_path: Path) -> None:
        with world(tmp_path) as made:
            made.service.faults.add(fault("streams", "GetRecords"))
            wrong = drive(made, lambda w, run: struck(w, 6) and w.published)
        assert wrong == {"stream", "all of it", "ended"}

    def test_table_to_repair(self, tmp_path: Path) -> None:
        def cut(name: str) -> None:
            if name == "joined":
                for operation in ("Query", "BatchGetItem", "GetItem"):
                    made.service.faults.add(fault("dynamodb", operation))

        runs: list[Run] = []

        def enough(w: World, run: Run) -> bool:
            runs.append(run)
            ledger = run.store.ledger()
            # heads come by another shard and may say what exists before it is here
            here = ledger.applied >= TOTAL - w.service.status()["function"]["lost"]
            return struck(w, 1) and w.published and ledger.expected == TOTAL and here

        with world(tmp_path) as made:
            made.on_event = cut
            wrong = drive(made, enough)
            lost = made.service.status()["function"]["lost"]
        assert wrong == {"repair", "closed", "ended"}
        ledger = runs[-1].store.ledger()
        assert ledger.missing == lost
        assert len({series.car for series, books in ledger.series.items() if books.missing}) == 1
        assert "named" not in made.events  # the table was not asked: nothing is given up

    def test_writer_to_recording(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(intake, "insert_segments", lambda db, rows: None)
        with world(tmp_path) as made:
            assert drive(made) == {"recording", "reopened", "store"}

    def test_recording_to_store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def books_only(store: SessionStore, applied: Any) -> int:
            return store.publish((), applied.ledger, applied.heads, applied.meta)

        monkeypatch.setattr(SessionStore, "commit", books_only)
        with world(tmp_path) as made:
            assert drive(made) == {"store", "timing"}

    def test_store_to_analysis(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        update: Callable[..., Any] = TimingEngine.update
        monkeypatch.setattr(
            TimingEngine,
            "update",
            lambda engine, store: update(engine, SessionStore(store.session)),
        )
        with world(tmp_path) as made:
            wrong = drive(made, lambda w, run: run.summary()["state"] == "ended" and w.published)
        assert wrong == {"timing"}
