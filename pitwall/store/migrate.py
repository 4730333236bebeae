"""Schema versions: a recording of an older Pitwall is upgraded, one of a newer is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from pitwall.store.schema import ADDING, STEPS, Step
from pitwall.telemetry import BadInput


def version_of(db: sqlite3.Connection) -> int:
    """The schema version that the file states."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def check(db: sqlite3.Connection, path: Path, steps: Sequence[Step] | None = None) -> bool:
    """True when the file is up to date, False when it needs :func:`upgrade`.

    Raises BadInput when it was written by a newer Pitwall.
    """
    steps = STEPS if steps is None else steps
    version = version_of(db)
    if version > len(steps):
        raise BadInput(
            f"{path}: written by a newer Pitwall (recording version {version}, this one knows "
            f"{len(steps)}): update Pitwall to open it"
        )
    return version == len(steps)


def readable(db: sqlite3.Connection) -> bool:
    """True when the file can be read as it is: what it lacks are tables of their own."""
    return version_of(db) > 0 and all(step in ADDING for step in STEPS[version_of(db) :])


def upgrade(db: sqlite3.Connection, path: Path, steps: Sequence[Step] | None = None) -> int:
    """Run the missing steps in order, all in one transaction. Returns how many were run.

    The connection must be in autocommit mode. A failing step leaves the file as it was.
    """
    steps = STEPS if steps is None else steps
    if check(db, path, steps):
        return 0
    db.execute("BEGIN IMMEDIATE")
    try:
        version = version_of(db)
        for step in steps[version:]:
            step(db)
        db.execute(f"PRAGMA user_version = {len(steps)}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    return len(steps) - version
