"""What people write into a recording beside its data: notes, and what became of alarms."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Protocol


class Edit(Protocol):
    """One change; it is written in the transaction of the batch that it came in."""

    def write(self, db: sqlite3.Connection) -> None:
        """Make the change."""


@dataclass(frozen=True, slots=True)
class MetaEntry:
    """An entry of the recording's key/value table."""

    key: str
    text: str

    def write(self, db: sqlite3.Connection) -> None:
        """Set it."""
        db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (self.key, self.text))
