"""Notes and the log of alarms in the recording, and recordings from before they were."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from pitwall.store import (
    Arrival,
    Batch,
    DropNote,
    Logged,
    Note,
    PutAlarm,
    PutNote,
    Recording,
    Source,
)
from pitwall.store.migrate import version_of
from pitwall.telemetry import BadInput, Failure
from tests.unit.store.helpers import SESSION, T0, one

NOTE = Note(7, "11", T0 + 5, 3, "understeer in T5", T0)
ENTRY = Logged(9, '{"name":"hot"}', "11", T0, None, T0 + 2, 131.5, Arrival.LATE)


def edit(recording: Recording, *edits: object) -> None:
    recording.apply(Batch(Source.TABLE, edits=edits))  # type: ignore[arg-type]


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "x.pitwall"
    later = replace(NOTE, id=8, t_us=T0 + 9, lap=None, car="")
    with Recording.create(path, SESSION) as recording:
        edit(recording, PutNote(later), PutNote(NOTE), PutAlarm(ENTRY))
    with Recording.open(path, read_only=True) as recording:
        assert recording.notes() == (NOTE, later)
        assert recording.alarms() == (ENTRY,)
    changed = replace(NOTE, text="no, oversteer")
    ended = replace(ENTRY, t_hi=T0 + 8, acknowledged_us=T0 + 99, withdrawn=True)
    with Recording.open(path) as recording:
        edit(recording, PutNote(changed), DropNote(8), PutAlarm(ended))
    with Recording.open(path) as recording:
        assert recording.notes() == (changed,)
        assert recording.alarms() == (ended,)


def test_an_edit_is_written_with_the_data_of_its_batch_or_not_at_all(tmp_path: Path) -> None:
    class Broken:
        def write(self, db: sqlite3.Connection) -> None:
            db.execute("no such statement")

    with Recording.create(tmp_path / "x.pitwall", SESSION) as recording:
        with pytest.raises(Failure):
            recording.apply(Batch(Source.STREAM, (one(1),), edits=(PutNote(NOTE), Broken())))
        assert recording.notes() == ()
        assert recording.ledger().applied == 0
        recording.apply(Batch(Source.STREAM, (one(1),), edits=(PutNote(NOTE),)))
        assert recording.notes() == (NOTE,)


def older(path: Path) -> None:
    """Make the file one of the first version."""
    Recording.create(path, SESSION).close()
    db = sqlite3.connect(path)
    db.executescript("DROP TABLE notes; DROP TABLE alarms; PRAGMA user_version = 1")
    db.close()


def test_an_older_recording_is_read_as_without_notes_and_upgraded_when_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.pitwall"
    older(path)
    with Recording.open(path, read_only=True) as recording:
        assert recording.notes() == ()
        assert recording.alarms() == ()
    with Recording.open(path) as recording:
        assert version_of(recording._db) == 2
        edit(recording, PutNote(NOTE))
        assert recording.notes() == (NOTE,)


def test_a_log_that_cannot_be_read_is_told_as_damage(tmp_path: Path) -> None:
    path = tmp_path / "x.pitwall"
    with Recording.create(path, SESSION) as recording:
        edit(recording, PutAlarm(ENTRY))
        recording._db.execute("UPDATE alarms SET arrival = 'sideways'")
        with pytest.raises(BadInput, match="damaged"):
            recording.alarms()
