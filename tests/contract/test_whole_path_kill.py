"""kill -9 of the app over real processes, in its short form: see :mod:`tests.soak.kill`."""

from __future__ import annotations

import json
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest

from pitwall.store import Batch, Recording, Source
from tests.soak import reading
from tests.soak.kill import torture
from tests.soak.race import Child, RaceSpec, live_words, race
from tests.unit.store.helpers import SESSION, head, one, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM for the cars to end"),
]


def test_killed_and_reopened_nothing_is_lost_or_there_twice(tmp_path: Path) -> None:
    report = torture(4, RaceSpec(), tmp_path, moments=("opened", "loading", "trimmed", "start"))
    assert len(report.kills) == 4
    assert report.chunks > 3 * 11 * 120
    # one was in the middle of things, one came back to a recording that had all of it
    assert report.kills[-1].chunks >= report.kills[2].chunks > 0
    assert report.final["chunks"]["archive"] > 0
    assert report.final["chunks"]["stream"] > 0
    assert report.final["chunks"]["repair"] > 0


def test_asked_to_end_it_ends_tidily(tmp_path: Path) -> None:
    recording = tmp_path / "race.pitwall"
    with race(RaceSpec(cars=2, history_s=60.0, stream_s=20.0)) as running:
        for number in (signal.SIGINT, signal.SIGTERM):
            with Child(live_words(running, recording)) as app:
                told = {"line": "event"}
                while told["line"] != "health":
                    line = app.line(60)
                    assert line is not None, app.errors()
                    told = json.loads(line)
                app.process.send_signal(number)
                assert app.wait() == 0
                last = json.loads(app.lines()[-1])
                assert app.errors() == ""
            assert last["final"]
            # one file, without log or lock, and everything that was told is in it
            assert [file.name for file in tmp_path.iterdir()] == [recording.name]
            assert len(reading.held(recording)) == last["ledger"]["applied"] > 0


class TestTheReading:
    """What finds a loss must be seen to find one."""

    LINE = ("11", "driver", "a")
    WANT: ClassVar = {
        n: reading.TableChunk(n, c.t_lo, c.crcs[0], c.payload)
        for n in range(1, 6)
        for c in [one(n)]
    }

    @pytest.fixture
    def recording(self, tmp_path: Path) -> Path:
        path = tmp_path / "race.pitwall"
        with Recording.create(path, SESSION) as made:
            made.apply(Batch(Source.STREAM, (run(range(1, 4)), one(4), one(5)), (head(5),)))
        return path

    def compare(self, recording: Path, *statements: str) -> None:
        with closing(sqlite3.connect(recording)) as db, db:
            for statement in statements:
                db.execute(statement)
        catalog, rows = reading.recording_rows(recording)
        reading.compare_line(self.LINE, self.WANT, rows[self.LINE], catalog)

    def test_the_same_is_the_same(self, recording: Path) -> None:
        self.compare(recording)
        assert sorted(n for _, n in reading.held(recording)) == [1, 2, 3, 4, 5]

    @pytest.mark.parametrize(
        ("statement", "found"),
        [
            ("DELETE FROM segments WHERE n_hi = 3", r"lost \[1, 2, 3\]"),
            (
                "UPDATE segments SET n_hi = 4, crcs = CAST(crcs || x'00000000' AS BLOB) "
                "WHERE n_hi = 3",
                r"n \[4\] is there more than once",
            ),
            ("UPDATE segments SET t_lo = t_lo + 1 WHERE n_hi = 3", "sample times differ"),
            ("UPDATE segments SET t_lo = t_lo + 1 WHERE n_hi = 4", "the payload is not its crc's"),
            ("UPDATE segments SET crcs = x'01000000' WHERE n_hi = 5", "n 5 has crc 00000001"),
            (
                "UPDATE segments SET payload = (SELECT payload FROM segments WHERE n_hi = 4) "
                "WHERE n_hi = 5",
                "the payload is not its crc's",
            ),
        ],
    )
    def test_finds(self, recording: Path, statement: str, found: str) -> None:
        with pytest.raises(reading.Mismatch, match=found):
            self.compare(recording, statement)

    def test_finds_other_values(self, recording: Path) -> None:
        payload = run(range(1, 4), salt=1).payload.hex()
        with pytest.raises(reading.Mismatch, match="values differ"):
            self.compare(recording, f"UPDATE segments SET payload = x'{payload}' WHERE n_hi = 3")
