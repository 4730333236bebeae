"""Notes as the window sees them, and their way into the recording."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pitwall.store import Batch, Recording, SessionStore, Source, Writer
from pitwall.store.edit_keeper import EditKeeper, batch_of, write_into
from pitwall.store.note_book import NoteBook
from pitwall.telemetry import BadInput, Failure
from tests.unit.store.helpers import SESSION, T0, one

LIMIT_S = 20.0


def test_a_note_is_there_at_once_and_in_the_file_soon(tmp_path: Path) -> None:
    path = tmp_path / "x.pitwall"
    Recording.create(path, SESSION).close()
    keeper = EditKeeper(write_into(path))
    book = NoteBook((), keeper.put, now=lambda: 42)
    second = book.write("11", T0 + 9, 2, "  brakes \n long ")
    first = book.write("", T0 + 3, None, "rain")
    assert book.notes == (first, second)
    assert second.text == "brakes long"
    book.change(second.id, "brakes short")
    gone = book.write("22", T0, 0, "wrong car")
    assert book.drop(gone.id) == gone
    assert keeper.stop(LIMIT_S)
    with Recording.open(path, read_only=True) as recording:
        assert recording.notes() == book.notes == (first, replace(second, text="brakes short"))
    assert keeper.trouble == ""


def test_a_note_beside_live_data_goes_by_the_writer(tmp_path: Path) -> None:
    path = tmp_path / "x.pitwall"
    recording = Recording.create(path, SESSION)
    writer = Writer(recording, SessionStore(SESSION))
    writer.start()
    keeper = EditKeeper(lambda edits: writer.submit(batch_of(edits)))
    book = NoteBook((), keeper.put)
    writer.submit(Batch(Source.STREAM, (one(1),)))
    note = book.write("11", T0, 1, "lock-up")
    assert keeper.stop(LIMIT_S)
    writer.stop(LIMIT_S)
    with Recording.open(path, read_only=True) as again:
        assert again.notes() == (note,)
        assert again.ledger().applied == 1


def test_what_cannot_be_written_is_said_in_one_line_and_stays_on_screen(tmp_path: Path) -> None:
    path = tmp_path / "x.pitwall"
    with Recording.create(path, SESSION):  # somebody else writes it
        keeper = EditKeeper(write_into(path))
        book = NoteBook((), keeper.put)
        book.write("11", T0, 1, "lock-up")
        assert keeper.stop(LIMIT_S)
    assert "another Pitwall is writing this recording" in keeper.trouble
    assert "\n" not in keeper.trouble
    assert len(book.notes) == 1
    book.write("11", T0, 1, "too late")
    assert "closed" in book.trouble


def test_what_waits_is_bounded() -> None:
    begun, go = threading.Event(), threading.Event()

    def write(edits: object) -> None:
        begun.set()
        go.wait(LIMIT_S)

    keeper = EditKeeper(write)
    book = NoteBook((), keeper.put)
    book.write("", T0, None, "first")
    assert begun.wait(LIMIT_S)
    edit = batch_of(()).edits
    assert edit == ()
    with pytest.raises(Failure, match="fast enough"):
        keeper.put([object()] * 10_001)  # type: ignore[list-item]
    go.set()
    assert keeper.stop(LIMIT_S)


def test_a_note_has_words() -> None:
    book = NoteBook((), lambda _: None)
    with pytest.raises(BadInput, match="without words"):
        book.write("", T0, None, " \n ")
    note = book.write("", T0, None, "x" * 5000)
    assert len(note.text) == 2000
    with pytest.raises(BadInput):
        book.change(note.id, "")
    with pytest.raises(KeyError):
        book.drop(note.id + 1)
