"""Opening the SQLite file, and SQLite's errors in one line each."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from pitwall.store.rows import DamagedRow
from pitwall.store.schema import APPLICATION_ID
from pitwall.telemetry import BadInput, Failure, PitwallError

_BUSY_MS = 5_000
_FULL = {sqlite3.SQLITE_FULL}
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}


def translate(path: Path, error: sqlite3.Error) -> PitwallError:
    """The one line that says what a SQLite error means for this recording and what to do."""
    # Extended codes carry the primary one in their low byte.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if str(error).startswith("Could not decode"):
        # It would go on with the bytes themselves.
        return damaged(path, "text that is none")
    if code in _FULL:
        return Failure(
            f"{path}: the disk is full: make room and open it again; "
            "everything committed so far is safe"
        )
    if code in _READ_ONLY:
        return Failure(f"{path}: cannot be written (read-only): copy it to a folder that can be")
    if code in _BUSY:
        return Failure(f"{path}: locked by another program for too long: close it there")
    if code in _DAMAGED or isinstance(error, DamagedRow):
        return damaged(path, str(error))
    if code == sqlite3.SQLITE_CANTOPEN:
        return Failure(f"{path}: cannot be opened ({error}): check the folder and its permissions")
    return Failure(f"{path}: {error}: check the disk and open it again")


def damaged(path: Path, what: str) -> BadInput:
    """The one line for a file whose content is not what was written."""
    return BadInput(
        f"{path}: the file is damaged ({what}): open a copy of it, or join or import the session "
        "again"
    )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors inside the block into ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise translate(path, error) from error
    except UnicodeDecodeError as error:  # of SQLite's own message, where a damaged schema is cited
        raise damaged(path, "text that is none") from error


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """An autocommit connection to an existing recording, checked to be one.

    Raises BadInput when it is not a recording, Failure when it cannot be opened.
    """
    if not path.is_file():
        raise BadInput(f"{path}: no such file")
    _check_header(path)
    with explained(path):
        if not read_only:
            db = _connect(path, "rw")
            _set_up(db)
        else:
            db = _connect_for_reading(path)
        found = db.execute("PRAGMA application_id").fetchone()[0]
    if found != APPLICATION_ID:
        db.close()
        raise _not_a_recording(path)
    return db


def create(path: Path, fill: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    """An autocommit connection to a new database with our application id and what ``fill`` wrote.

    It is written beside its place and moved there when it is whole: whoever is killed meanwhile
    leaves no file that cannot be opened. The caller holds the writer's lock.

    Raises BadInput when the file exists, Failure when it cannot be made.
    """
    refuse_existing(path)
    new = path.with_name(path.name + "-new")
    with explained(path):
        try:
            # Left by a program that was killed, or whose file was removed: nobody else makes this
            # recording now, and SQLite would take an old log for the new file's.
            for ending in ("-new", "-wal", "-shm"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
            db = _connect(new, "rwc")
            try:
                # Without a journal beside it: a file that is not whole is thrown away.
                db.execute("PRAGMA journal_mode = MEMORY")
                # Before anything else is written: it cannot be changed later.
                db.execute("PRAGMA auto_vacuum = INCREMENTAL")
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                fill(db)
            finally:
                db.close()
            new.rename(path)
        except OSError as error:
            raise Failure(f"{path}: cannot be made ({error.strerror})") from error
        finally:
            with suppress(OSError):
                new.unlink(missing_ok=True)
        db = _connect(path, "rw")
        _set_up(db)
    return db


def refuse_existing(path: Path) -> None:
    """Raises BadInput when there is a file."""
    if path.exists():
        raise BadInput(f"{path}: exists already: choose another name or remove it")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    name = quote(os.fsencode(path.absolute().as_posix()), safe="/:")
    # One thread at a time uses it, but not the one that opened it.
    return sqlite3.connect(
        f"file://{'' if name.startswith('/') else '/'}{name}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=_BUSY_MS / 1000,
    )


def _connect_for_reading(path: Path) -> sqlite3.Connection:
    db = _connect(path, "ro")
    try:
        db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError:
        # A file left in WAL mode on a disk that cannot be written: readable as it is when
        # nothing waits in a log beside it.
        db.close()
        if path.with_name(path.name + "-wal").exists():
            raise
        db = _connect(path, "ro&immutable=1")
    return db


def _set_up(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    # A live commit touches a page of every series: let the log gather many versions of a page
    # before it goes into the file once.
    db.execute("PRAGMA wal_autocheckpoint = 4000")
    db.execute("PRAGMA journal_size_limit = 67108864")
    db.execute("PRAGMA cache_size = -16000")
    db.execute("PRAGMA temp_store = MEMORY")


def _check_header(path: Path) -> None:
    try:
        with path.open("rb") as file:
            header = file.read(100)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise Failure(f"{path}: cannot be read ({error.strerror})") from error
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        raise _not_a_recording(path)
    page = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big") * (65536 if page == 1 else page)
    if size < pages and not path.with_name(path.name + "-wal").exists():
        raise BadInput(
            f"{path}: the file is cut short ({size} of {pages} bytes): open a copy of it, or join "
            "or import the session again"
        )


def _not_a_recording(path: Path) -> BadInput:
    return BadInput(
        f"{path}: not a Pitwall recording: open a .pitwall file, or make one of this with "
        "'pitwall import'"
    )
