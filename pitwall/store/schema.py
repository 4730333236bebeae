"""The recording's tables, and the ordered steps that build and upgrade them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

APPLICATION_ID = 0x50545731
"""SQLite's application id of a recording: "PTW1"."""

Step = Callable[[sqlite3.Connection], None]

# A segment's id is series << 32 | n_lo: clustered by series and counter, unique without an index,
# and the row that holds a given chunk is the last one at or below series << 32 | n.
# payload is the last column so that reading the others skips its overflow pages.
_V1 = """
CREATE TABLE session (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    doc TEXT NOT NULL
) STRICT;
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE catalogs (
    version INTEGER PRIMARY KEY,
    json TEXT NOT NULL
) STRICT;
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    car TEXT NOT NULL,
    grp TEXT NOT NULL,
    epoch TEXT NOT NULL,
    UNIQUE (car, grp, epoch)
) STRICT;
CREATE TABLE segments (
    id INTEGER PRIMARY KEY,
    n_hi INTEGER NOT NULL,
    lap INTEGER NOT NULL,
    t_lo INTEGER NOT NULL,
    t_hi INTEGER NOT NULL,
    source INTEGER NOT NULL,
    received_lo INTEGER NOT NULL,
    received_hi INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    counts BLOB NOT NULL,
    crcs BLOB NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE TABLE checkpoints (
    shard TEXT PRIMARY KEY,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE heads (
    car TEXT NOT NULL,
    epoch TEXT NOT NULL,
    t_first INTEGER NOT NULL,
    t INTEGER NOT NULL,
    lap INTEGER NOT NULL,
    n TEXT NOT NULL,
    ended INTEGER NOT NULL,
    PRIMARY KEY (car, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE ledger (
    series INTEGER PRIMARY KEY,
    received BLOB NOT NULL,
    quarantined BLOB NOT NULL,
    head INTEGER NOT NULL,
    has_head INTEGER NOT NULL,
    newest_us INTEGER NOT NULL,
    by_source TEXT NOT NULL,
    duplicates TEXT NOT NULL,
    late INTEGER NOT NULL,
    conflicts INTEGER NOT NULL
) STRICT;
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE conflicts (
    series INTEGER NOT NULL,
    n INTEGER NOT NULL,
    first_crc INTEGER NOT NULL,
    first_t INTEGER NOT NULL,
    first BLOB NOT NULL,
    second_crc INTEGER NOT NULL,
    second_t INTEGER NOT NULL,
    second BLOB NOT NULL,
    source INTEGER NOT NULL,
    received INTEGER NOT NULL,
    UNIQUE (series, n, second_crc)
) STRICT;
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    source INTEGER NOT NULL,
    place TEXT NOT NULL,
    reason TEXT NOT NULL,
    car TEXT,
    grp TEXT,
    epoch TEXT,
    n INTEGER,
    n_hi INTEGER,
    received INTEGER NOT NULL,
    raw BLOB NOT NULL
) STRICT;
CREATE TABLE gaps (
    series INTEGER NOT NULL,
    n_lo INTEGER NOT NULL,
    n_hi INTEGER NOT NULL,
    t_lo INTEGER NOT NULL,
    t_hi INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (series, n_lo)
) STRICT, WITHOUT ROWID;
"""


def _create(db: sqlite3.Connection) -> None:
    for statement in _V1.split(";"):
        if statement.strip():
            db.execute(statement)


_V2 = """
CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    car TEXT NOT NULL,
    t INTEGER NOT NULL,
    lap INTEGER,
    body TEXT NOT NULL,
    written INTEGER NOT NULL
) STRICT;
CREATE TABLE alarms (
    id INTEGER PRIMARY KEY,
    rule TEXT NOT NULL,
    car TEXT NOT NULL,
    t_lo INTEGER NOT NULL,
    t_hi INTEGER,
    raised INTEGER NOT NULL,
    worst REAL NOT NULL,
    arrival TEXT NOT NULL,
    acknowledged INTEGER,
    withdrawn INTEGER NOT NULL
) STRICT;
"""


def _annotate(db: sqlite3.Connection) -> None:
    for statement in _V2.split(";"):
        if statement.strip():
            db.execute(statement)


STEPS: Sequence[Step] = (_create, _annotate)
"""``STEPS[v]`` turns version v into v + 1; version 0 is an empty file."""
ADDING: frozenset[Step] = frozenset({_annotate})
"""Steps that only add tables: who reads a file without them reads it as if those were empty."""
