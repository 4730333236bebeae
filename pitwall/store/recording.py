"""The recording: one SQLite file per session, everything that arrived and nothing twice."""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType

from pitwall.store import database, migrate
from pitwall.store.alarm_log import Logged, read_alarms
from pitwall.store.batch import Applied, Batch, Conflict, Gap, Quarantined
from pitwall.store.compact import Compactor
from pitwall.store.intake import Intake, State
from pitwall.store.ledger import Ledger
from pitwall.store.lock import WriterLock
from pitwall.store.notes import Note, read_notes
from pitwall.store.rows import (
    Bulk,
    Row,
    read_accounts,
    read_bulk,
    read_conflicts,
    read_heads,
    read_quarantine,
    read_segments,
)
from pitwall.telemetry import BadInput, Catalog, ClockKind, Failure, Head, Series, Session


class Recording:
    """An open recording. Used by one thread at a time; the writer's, once there is one.

    Attributes:
        path: the file.
        session: what it holds.
        read_only: True when nothing can be applied.
    """

    def __init__(
        self, path: Path, db: sqlite3.Connection, lock: WriterLock | None, state: State
    ) -> None:
        """Not for callers: use :meth:`create` or :meth:`open`."""
        self.path = path
        self.read_only = lock is None
        self._db = db
        self._lock = lock
        self._state = state
        self._closed = False
        self._compactor = Compactor(db, state.session, state.books)

    @property
    def session(self) -> Session:
        """What the recording holds."""
        return self._state.session

    @staticmethod
    def create(path: str | Path, session: Session) -> Recording:
        """Make a new recording. Raises BadInput when the file exists, Failure when it cannot
        be made."""
        path = Path(path)
        database.refuse_existing(path)
        if not path.parent.is_dir():
            raise Failure(f"{path}: cannot be made (there is no such folder)")
        lock = WriterLock(path)

        def fill(db: sqlite3.Connection) -> None:
            migrate.upgrade(db, path)
            _write_session(db, session)

        try:
            return Recording(path, database.create(path, fill), lock, State(session))
        except BaseException:
            lock.release()
            raise

    @staticmethod
    def open(path: str | Path, *, read_only: bool = False) -> Recording:
        """Open an existing recording, upgrading it when an older Pitwall wrote it.

        Raises BadInput (no such file, not a recording, damaged, newer than this program) or
        Failure (another writer, cannot be written), each in one clear line.
        """
        path = Path(path)
        db = database.connect(path, read_only=True)
        lock: WriterLock | None = None
        try:
            if read_only:
                if not migrate.check(db, path) and not migrate.readable(db):
                    raise BadInput(
                        f"{path}: written by an older Pitwall: open it once for writing to upgrade"
                    )
            else:
                migrate.check(db, path)
                db.close()
                lock = WriterLock(path)
                db = database.connect(path, read_only=False)
                with database.explained(path):
                    migrate.upgrade(db, path)
            with database.explained(path):
                state = _read_state(db, path)
            return Recording(path, db, lock, state)
        except BaseException:
            db.close()
            if lock is not None:
                lock.release()
            raise

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def apply(self, *batches: Batch) -> Applied:
        """Commit batches as one transaction, in the order given.

        Segments, heads, quarantine, gaps, checkpoints, meta entries and the ledger are all in the
        file when it returns, or none of them is when it raises Failure (disk full, read-only).
        Bad segments and heads do not raise: they go into quarantine.
        """
        if self.read_only or self._closed:
            raise Failure(f"{self.path}: opened read-only or closed: nothing can be added")
        intake = Intake(self._db, self._state, batches)
        intake.prepare()
        with database.explained(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                intake.run()
                self._db.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled back already.
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise
        applied = intake.publish()
        for fresh in applied.fresh:
            self._compactor.added(fresh.segment)
        return applied

    def compact(self, budget_s: float = math.inf, *, everything: bool = True) -> bool:
        """Pack rows of single chunks into rows of whole laps, for about ``budget_s`` seconds.

        Samples, counters, crcs and books stay as they are, bit for bit; it only makes the file
        smaller and quicker to open. ``everything``: also laps that are still being driven.
        Returns True when nothing is left to do. Raises Failure (disk full).
        """
        if self.read_only or self._closed:
            return True
        with database.explained(self.path):
            return self._compactor.step(budget_s, everything=everything)

    def ledger(self) -> Ledger:
        """The books as committed."""
        return self._state.books.ledger

    def heads(self) -> Mapping[tuple[str, str], Head]:
        """Newest head of each (car, epoch)."""
        return self._state.heads

    def meta(self, key: str) -> str | None:
        """An entry of the key/value table; set it with ``Batch.meta``."""
        return self._state.meta.get(key)

    def all_meta(self) -> Mapping[str, str]:
        """The whole key/value table."""
        return self._state.meta

    def counters(self) -> Mapping[str, int]:
        """Counters beside the ledger: ``quarantined``, ``quarantine_beyond`` (not kept raw)."""
        return self._state.counters

    def checkpoints(self) -> dict[str, str]:
        """Shard id -> its last committed state."""
        with database.explained(self.path):
            return dict(self._db.execute("SELECT shard, state FROM checkpoints").fetchall())

    def quarantine(self) -> tuple[Quarantined, ...]:
        """Quarantined records, oldest first."""
        with database.explained(self.path):
            return tuple(read_quarantine(self._db, self.session.key))

    def conflicts(self) -> tuple[Conflict, ...]:
        """Conflicts, oldest first."""
        with database.explained(self.path):
            return tuple(read_conflicts(self._db, self.session.key))

    def gaps(self) -> tuple[Gap, ...]:
        """Named holes that are still open."""
        return tuple(g for account in self._state.books.accounts() for g in account.gaps)

    def notes(self) -> tuple[Note, ...]:
        """The notes, in order of event time."""
        with database.explained(self.path):
            return read_notes(self._db)

    def alarms(self) -> tuple[Logged, ...]:
        """The log of the alarms, in order of event time."""
        with database.explained(self.path):
            return read_alarms(self._db)

    def series(self) -> tuple[Series, ...]:
        """All series in order of first appearance."""
        return tuple(account.series for account in self._state.books.accounts())

    def read_segments(
        self, series: Series, n_lo: int = 1, n_hi: int = (1 << 32) - 1
    ) -> Iterator[Row]:
        """Stored rows of one series that hold any of ``n_lo..n_hi``, in order of n."""
        account = self._state.books.get(series)
        if account is None:
            return
        with database.explained(self.path):
            yield from read_segments(self._db, account.id, series, n_lo, n_hi)

    def read_bulk(self, series: Series, max_samples: int) -> Iterator[Bulk]:
        """All stored rows of one series as columns, in portions of about ``max_samples``."""
        account = self._state.books.get(series)
        if account is None:
            return
        with database.explained(self.path):
            yield from read_bulk(self._db, account.id, max_samples)

    def row_count(self) -> int:
        """Number of stored segments."""
        with database.explained(self.path):
            return int(self._db.execute("SELECT count(*) FROM segments").fetchone()[0])

    def close(self) -> None:
        """Fold the log into the file and let go of it. Calling it again does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._lock is not None:
                # Without the log the file is one piece and can be read from anywhere, also from a
                # disk that cannot be written. Another reader may be in the way: then it stays.
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("PRAGMA busy_timeout = 0")
                    _give_back(self._db)
                    self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    self._db.execute("PRAGMA journal_mode = DELETE")
            self._db.close()
        finally:
            if self._lock is not None:
                self._lock.release()


def _write_session(db: sqlite3.Connection, session: Session) -> None:
    doc = {
        "key": session.key,
        "title": session.title,
        "catalog": session.catalog.version,
        "started_us": session.started_us,
        "length_s": session.length_s,
        "clock": session.clock,
        "simulated": session.simulated,
        "driven_us": session.driven_us,
        "pace": session.pace,
    }
    db.execute("BEGIN IMMEDIATE")
    db.execute(
        "INSERT INTO catalogs (version, json) VALUES (?, ?)",
        (session.catalog.version, session.catalog.to_json()),
    )
    db.execute("INSERT INTO session (id, doc) VALUES (1, ?)", (json.dumps(doc),))
    db.execute("COMMIT")


def _read_state(db: sqlite3.Connection, path: Path) -> State:
    try:
        meta = dict(db.execute("SELECT key, value FROM meta").fetchall())
        doc = json.loads(db.execute("SELECT doc FROM session").fetchone()[0])
        catalog = db.execute(
            "SELECT json FROM catalogs WHERE version = ?", (doc["catalog"],)
        ).fetchone()[0]
        session = Session(
            key=doc["key"],
            title=doc["title"],
            catalog=Catalog.from_json(catalog),
            started_us=doc["started_us"],
            length_s=doc["length_s"],
            clock=ClockKind(doc["clock"]),
            simulated=doc["simulated"],
            # Not in recordings made before sessions said so.
            driven_us=doc.get("driven_us", 0),
            pace=doc.get("pace", 1.0),
        )
        state = State(session, heads=read_heads(db, session.key), meta=meta)
        counters = dict(db.execute("SELECT name, value FROM counters").fetchall())
        state.counters = counters
        state.books.replace(read_accounts(db, session.key), counters.get("quarantined", 0))
    except (BadInput, KeyError, TypeError, ValueError) as error:
        raise database.damaged(path, f"its description cannot be read: {error!r}") from error
    return state


def _give_back(db: sqlite3.Connection) -> None:
    """Return the pages that packing has freed, where they are a good part of the file."""
    free = int(db.execute("PRAGMA freelist_count").fetchone()[0])
    pages = int(db.execute("PRAGMA page_count").fetchone()[0])
    if free > pages // 8:
        # A script: a single statement frees a single page.
        db.executescript("PRAGMA incremental_vacuum")
