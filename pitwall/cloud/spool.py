"""The spool: a producer's chunks on disk until the table has them and their lap is sealed.

Whatever is slow, away or killed between a car and the table, a chunk that the spool has taken is
sent, once it can be, under the same counter and with the same content, in the order it came in. One
SQLite file for each producer's process; a transaction is on the disk before anything in it is sent,
so a counter can never be given out for something else.

The spool is bounded. When chunks that wait come to ``limit_bytes`` it takes no more and says so
(:meth:`Spool.room`); it never lets one go. Chunks that the table has are kept until their lap is
sealed, so that a restart can seal it whole; of these the oldest laps are let go when they come to
the same limit, and left to ``pitwall cloud seal``.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pitwall.cloud.items import LapEntry, catalog_item, parse_catalog
from pitwall.store.lock import WriterLock
from pitwall.telemetry import BadInput, Failure, Head, Segment, Series

DEFAULT_LIMIT = 512 * 1024 * 1024
"""Bytes of chunks that may wait: hours of a car, most of an hour of a field."""
_ROW = 96
"""Bytes that a chunk takes beside its payload, about."""
_WINDOW = 2000
"""Chunks that wait in memory as well."""
_TOGETHER = 256
_LONGEST_S = 0.25
_VERSION = "1"
_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE series (
    id INTEGER PRIMARY KEY, car TEXT NOT NULL, grp TEXT NOT NULL, epoch TEXT NOT NULL,
    added INTEGER NOT NULL, accepted INTEGER NOT NULL, UNIQUE (car, grp, epoch));
CREATE TABLE chunk (
    seq INTEGER PRIMARY KEY, series INTEGER NOT NULL, n INTEGER NOT NULL, lap INTEGER NOT NULL,
    t_lo INTEGER NOT NULL, t_hi INTEGER NOT NULL, samples INTEGER NOT NULL, crc INTEGER NOT NULL,
    payload BLOB NOT NULL, UNIQUE (series, n));
CREATE TABLE head (
    car TEXT NOT NULL, epoch TEXT NOT NULL, t_first INTEGER NOT NULL, t INTEGER NOT NULL,
    lap INTEGER NOT NULL, PRIMARY KEY (car, epoch)) WITHOUT ROWID;
CREATE TABLE lap (
    car TEXT NOT NULL, lap INTEGER NOT NULL, entry TEXT NOT NULL, PRIMARY KEY (car, lap)
    ) WITHOUT ROWID;
"""


class _Line:
    """What is known of a series."""

    __slots__ = ("accepted", "added", "id", "moved")

    def __init__(self, number: int, added: int = 0, accepted: int = 0) -> None:
        self.id, self.added, self.accepted = number, added, accepted
        self.moved = False


class Spool:
    """One spool file, made when it is not there. Used by one thread.

    Args:
        path: the file; its folder is made.
        session: key of the session whose chunks it holds.
        limit_bytes: of chunks that wait, and again of those that are kept for sealing.

    Raises:
        Failure: another process has it, it cannot be written, or it is damaged; in every method
            also when the disk is full.
        BadInput: it holds another session.
    """

    def __init__(self, path: Path, session: str, limit_bytes: int = DEFAULT_LIMIT) -> None:
        self.path = path
        self.session = session
        self._limit = limit_bytes
        self.waiting = 0
        """Chunks that the table has not accepted."""
        self._waiting_bytes = self._kept_bytes = 0
        self._lines: dict[Series, _Line] = {}
        self._fresh: list[tuple[int, Segment]] = []
        self._window: deque[Segment] = deque()
        self._seq = self._read_to = 0
        self._behind = False
        """Chunks wait on disk that are not in the window."""
        self._dirty = False
        self._committed = time.monotonic()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Failure(f"spool {path}: its folder cannot be made: {error.strerror}") from error
        self._lock = WriterLock(path, "spool")
        try:
            with self._told():
                self._db = sqlite3.connect(path, isolation_level=None, timeout=5.0)
        except BaseException:
            self._lock.release()
            raise
        self._is_open = True
        try:
            with self._told():
                self._open()
        except BaseException:
            self._close()
            raise

    # ------------------------------------------------------------------ what it holds

    @property
    def about(self) -> dict[str, Any]:
        """What :meth:`describe` stated; empty for a new one."""
        with self._told():
            rows = dict(self._db.execute("SELECT name, value FROM about WHERE name = 'about'"))
        return dict(json.loads(rows["about"])) if rows else {}

    def describe(self, about: Mapping[str, Any]) -> None:
        """State, for a later process, what is being published. Values are JSON's."""
        self._execute("INSERT OR REPLACE INTO about VALUES ('about', ?)", (json.dumps(about),))
        self.commit()

    @property
    def room(self) -> bool:
        """Whether one more chunk may come."""
        return self._waiting_bytes < self._limit

    @property
    def used(self) -> bool:
        """Whether any chunk ever came."""
        return bool(self._lines)

    def has(self, chunk: Segment) -> bool:
        """Whether ``chunk`` came already."""
        line = self._lines.get(chunk.series)
        return line is not None and chunk.n_hi <= line.added

    def heads(self) -> list[Head]:
        """What each producer may state: counters of the chunks that the table has, and the newest
        head's time; none for a producer without a head in the table."""
        counters: dict[tuple[str, str], dict[str, int]] = {}
        for series, line in self._lines.items():
            counters.setdefault((series.car, series.epoch), {})[series.group] = line.accepted
        with self._told():
            rows = self._db.execute("SELECT car, epoch, t_first, t, lap FROM head").fetchall()
        return [
            Head(self.session, car, epoch, t_first, t, lap, counters.get((car, epoch), {}))
            for car, epoch, t_first, t, lap in rows
        ]

    def entries(self) -> list[LapEntry]:
        """Catalog entries of the laps that were sealed."""
        with self._told():
            rows = self._db.execute("SELECT entry FROM lap WHERE entry != ''").fetchall()
        return [parse_catalog(json.loads(text)) for (text,) in rows]

    def let_go(self) -> set[tuple[str, int]]:
        """(car, lap) of laps that an earlier process could not keep whole."""
        with self._told():
            return set(self._db.execute("SELECT car, lap FROM lap WHERE entry = ''"))

    def kept(self) -> Iterator[Segment]:
        """Chunks that the table has and whose lap is not sealed, in the order they came."""
        self.commit()
        after = 0
        while True:
            # a part at a time: they may be as many as the limit lets
            with self._told():
                found = list(self._chunks("c.n <= s.accepted", after, _WINDOW))
            if not found:
                return
            after = found[-1][0]
            for _, chunk in found:
                yield chunk

    # ------------------------------------------------------------------ what comes and goes

    def add(self, chunk: Segment) -> None:
        """Take ``chunk``, the next of its series. It is safe, and may be sent, once :meth:`take`
        gives it. Raises BadInput when it is not the next."""
        series = chunk.series
        line = self._lines.get(series)
        if series.session != self.session:
            raise BadInput(f"chunk of session {series.session} published as {self.session}")
        expected = line.added + 1 if line else 1
        if chunk.n_lo != expected or chunk.n_hi != expected:
            raise BadInput(f"{series}: n {chunk.n_lo} to {chunk.n_hi} where {expected} is next")
        if line is None:
            line = self._lines[series] = _Line(len(self._lines) + 1)
            self._execute(
                "INSERT INTO series VALUES (?, ?, ?, ?, 0, 0)",
                (line.id, series.car, series.group, series.epoch),
            )
        line.added = expected
        line.moved = True
        self._seq += 1
        row = (
            self._seq, line.id, expected, chunk.lap, chunk.t_lo, chunk.t_hi, chunk.counts[0],
            chunk.crcs[0], chunk.payload,
        )  # fmt: skip
        self._execute("INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        self._fresh.append((self._seq, chunk))
        self.waiting += 1
        self._waiting_bytes += len(chunk.payload) + _ROW

    def take(self) -> Segment | None:
        """The next chunk to send, in the order they came, each once; None when none waits."""
        if not self._window and (self._fresh or self._behind):
            self.commit()
            if self._behind:
                self._refill()
        return self._window.popleft() if self._window else None

    def accepted(self, chunk: Segment) -> None:
        """The table has ``chunk``."""
        line = self._lines[chunk.series]
        line.accepted = max(line.accepted, chunk.n_hi)
        line.moved = self._dirty = True
        size = len(chunk.payload) + _ROW
        self.waiting -= 1
        self._waiting_bytes -= size
        self._kept_bytes += size

    def stated(self, head: Head) -> None:
        """The table has ``head``."""
        self._execute(
            "INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?, ?)",
            (head.car, head.epoch, head.t_first, head.t, head.lap),
        )

    def sealed(self, entry: LapEntry) -> None:
        """The lap was sealed, or given up: its chunks need not be kept."""
        for (group, epoch), runs in entry.ranges.items():
            line = self._lines.get(Series(entry.session, entry.car, group, epoch))
            if line is not None:
                for lo, hi in runs:
                    self._drop("series = ? AND n BETWEEN ? AND ?", (line.id, lo, hi))
        self._execute(
            "INSERT OR REPLACE INTO lap VALUES (?, ?, ?)",
            (entry.car, entry.lap, json.dumps(catalog_item(entry))),
        )

    def commit(self, *, lazily: bool = False) -> None:
        """Make everything so far safe; ``lazily`` only when it is much or long ago."""
        if not (self._fresh or self._dirty or self._db.in_transaction):
            return
        much = len(self._fresh) >= _TOGETHER
        if lazily and not much and time.monotonic() - self._committed < _LONGEST_S:
            return
        if self._kept_bytes > self._limit:
            self._let_go()
        for line in self._lines.values():
            if line.moved:
                line.moved = False
                self._execute(
                    "UPDATE series SET added = ?, accepted = ? WHERE id = ?",
                    (line.added, line.accepted, line.id),
                )
        with self._told():
            if self._db.in_transaction:
                self._db.execute("COMMIT")
        self._committed = time.monotonic()
        self._dirty = False
        for seq, chunk in self._fresh:
            if self._behind or len(self._window) >= _WINDOW:
                self._behind = True
                break
            self._window.append(chunk)
            self._read_to = seq
        self._fresh.clear()

    def close(self) -> None:
        """Commit and close. Calling it again does nothing."""
        try:
            if self._is_open:
                self.commit()
        finally:
            self._close()

    def remove(self) -> None:
        """Close it and remove the file: everything in it has arrived."""
        self._close()
        for end in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)

    # ------------------------------------------------------------------ the file

    def _open(self) -> None:
        db = self._db
        db.execute("PRAGMA journal_mode = WAL")
        # a counter that was sent must not be forgotten when the power goes
        db.execute("PRAGMA synchronous = FULL")
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'about'").fetchone():
            db.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
            db.execute("INSERT INTO about VALUES ('version', ?)", (_VERSION,))
            db.execute("INSERT INTO about VALUES ('session', ?)", (self.session,))
        stated = dict(db.execute("SELECT name, value FROM about"))
        if stated.get("version") != _VERSION or stated.get("session") != self.session:
            raise BadInput(
                f"spool {self.path}: holds session {stated.get('session')} in form "
                f"{stated.get('version')}, not {self.session}: give another --spool"
            )
        rows = db.execute("SELECT id, car, grp, epoch, added, accepted FROM series")
        for number, car, group, epoch, added, accepted in rows:
            self._lines[Series(self.session, car, group, epoch)] = _Line(number, added, accepted)
        sums = (
            "SELECT count(*), coalesce(sum(length(payload) + ?), 0), coalesce(max(seq), 0) FROM "
            "chunk c JOIN series s ON s.id = c.series WHERE c.n "
        )
        self.waiting, self._waiting_bytes, newest = db.execute(
            sums + "> s.accepted", (_ROW,)
        ).fetchone()
        _, self._kept_bytes, newest_kept = db.execute(sums + "<= s.accepted", (_ROW,)).fetchone()
        self._seq = max(newest, newest_kept)
        self._behind = self.waiting > 0

    def _refill(self) -> None:
        """Read on where the window ended."""
        with self._told():
            found = list(self._chunks("c.n > s.accepted", self._read_to, _WINDOW))
        for seq, chunk in found:
            self._read_to = seq
            self._window.append(chunk)
        self._behind = len(found) == _WINDOW

    def _chunks(self, where: str, after: int, limit: int) -> Iterator[tuple[int, Segment]]:
        rows = self._db.execute(
            "SELECT c.seq, s.car, s.grp, s.epoch, c.n, c.lap, c.t_lo, c.t_hi, c.samples, c.crc, "
            "c.payload FROM chunk c JOIN series s ON s.id = c.series "
            f"WHERE {where} AND c.seq > ? ORDER BY c.seq LIMIT ?",  # noqa: S608 - our own words
            (after, limit),
        )
        for seq, car, group, epoch, n, lap, t_lo, t_hi, samples, crc, payload in rows:
            series = Series(self.session, car, group, epoch)
            yield seq, Segment(series, n, n, lap, t_lo, t_hi, (samples,), (crc,), payload)

    def _drop(self, where: str, values: tuple[Any, ...]) -> None:
        with self._told():
            (size,) = self._db.execute(
                f"SELECT coalesce(sum(length(payload) + {_ROW}), 0) FROM chunk WHERE {where}",  # noqa: S608
                values,
            ).fetchone()
        self._kept_bytes -= size
        self._execute(f"DELETE FROM chunk WHERE {where}", values)  # noqa: S608

    def _let_go(self) -> None:
        """Give up the oldest laps that are only kept for sealing."""
        while self._kept_bytes > self._limit // 2:
            with self._told():
                oldest = self._db.execute(
                    "SELECT s.car, c.lap FROM chunk c JOIN series s ON s.id = c.series "
                    "WHERE c.n <= s.accepted ORDER BY c.seq LIMIT 1"
                ).fetchone()
            if oldest is None:
                return
            car, lap = oldest
            for series, line in self._lines.items():
                if series.car == car:
                    self._drop("series = ? AND lap = ? AND n <= ?", (line.id, lap, line.accepted))
            self._execute("INSERT OR REPLACE INTO lap VALUES (?, ?, '')", (car, lap))

    def _execute(self, statement: str, values: Sequence[Any]) -> None:
        with self._told():
            if not self._db.in_transaction:
                self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(statement, values)

    def _close(self) -> None:
        self._is_open = False
        self._db.close()
        self._lock.release()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:
                raise Failure(
                    f"spool {self.path}: the disk is full, no more chunks are accepted; "
                    f"{self.waiting} wait there. Make room and run the same again"
                ) from error
            raise Failure(
                f"spool {self.path}: {error}; if it is damaged, move it away: what waited in it is "
                "not in the table"
            ) from error
