"""Notes: what somebody wrote down at a moment of the session, kept in the recording."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass

MOST_CHARACTERS = 2000
MOST_NOTES = 10_000


@dataclass(frozen=True, slots=True)
class Note:
    """A note.

    Attributes:
        id: random, so that two windows over one recording never write each other's.
        car: which it is about; empty for the session.
        t_us: the moment it is about, event time, microseconds UTC.
        lap: of the car at that moment; None when not known.
        text: as written, without blanks at the ends.
        written_us: when it was last changed, this machine's clock, microseconds UTC.
    """

    id: int
    car: str
    t_us: int
    lap: int | None
    text: str
    written_us: int


def new_id() -> int:
    """A number that no other note or alarm has."""
    return secrets.randbits(62) + 1


def tidy(text: str) -> str:
    """What is kept of a text: one line, and no longer than :data:`MOST_CHARACTERS`."""
    return " ".join(text.split())[:MOST_CHARACTERS]


@dataclass(frozen=True, slots=True)
class PutNote:
    """Write a note, or another text in its place."""

    note: Note

    def write(self, db: sqlite3.Connection) -> None:
        """Make the change."""
        n = self.note
        db.execute(
            "INSERT OR REPLACE INTO notes (id, car, t, lap, body, written)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (n.id, n.car, n.t_us, n.lap, n.text, n.written_us),
        )


@dataclass(frozen=True, slots=True)
class DropNote:
    """Take a note away."""

    id: int

    def write(self, db: sqlite3.Connection) -> None:
        """Make the change."""
        db.execute("DELETE FROM notes WHERE id = ?", (self.id,))


def has_table(db: sqlite3.Connection, name: str) -> bool:
    """False in a recording of an older Pitwall that is only read."""
    found = db.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (name,))
    return found.fetchone() is not None


def read_notes(db: sqlite3.Connection) -> tuple[Note, ...]:
    """All notes in order of event time."""
    if not has_table(db, "notes"):
        return ()
    rows = db.execute("SELECT id, car, t, lap, body, written FROM notes ORDER BY t, id")
    return tuple(Note(*row) for row in rows)
