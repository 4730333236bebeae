"""What people write into a recording beside its data: notes, and what became of alarms."""

from __future__ import annotations

import sqlite3
from typing import Protocol


class Edit(Protocol):
    """One change; it is written in the transaction of the batch that it came in."""

    def write(self, db: sqlite3.Connection) -> None:
        """Make the change."""
