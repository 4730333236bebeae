"""Rows of the recording: how segments, accounts, heads and gaps lie in the tables."""

from __future__ import annotations

import json
import sqlite3
import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from sys import byteorder

import numpy as np
from numpy.typing import NDArray

from pitwall.store.accounts import Account
from pitwall.store.batch import LATE, Conflict, Gap, Quarantined, Source
from pitwall.store.intervals import IntervalSet
from pitwall.telemetry import Head, Segment, Series

SHIFT = 32
"""A segment's row id is ``series << SHIFT | n_lo``."""
MASK = (1 << SHIFT) - 1

_NUMBERS = struct.Struct("<6q")
_INSERT = """INSERT INTO segments (id, n_hi, lap, t_lo, t_hi, source, received_lo, received_hi,
    checksum, counts, crcs, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_COLUMNS = """id, n_hi, lap, t_lo, t_hi, source, received_lo, received_hi, checksum, counts, crcs,
    payload"""


@dataclass(frozen=True, slots=True)
class Row:
    """A stored segment.

    Attributes:
        segment: the run of chunks.
        source: which leg brought it.
        received_lo, received_hi: earliest and latest receipt time of its chunks.
        intact: False when the row is not what was written.
        late: whether it was late when it came, as the ledger counts it.
    """

    segment: Segment
    source: Source
    received_lo: int
    received_hi: int
    intact: bool = True
    late: bool = False


class DamagedRow(sqlite3.DatabaseError):
    """A row that no version of this program wrote."""


def insert_segments(db: sqlite3.Connection, rows: Iterable[tuple[int, Row]]) -> None:
    """Store ``(series id, row)`` pairs."""
    db.executemany(_INSERT, (_values(sid, row) for sid, row in rows))


def _values(sid: int, row: Row) -> tuple[int | bytes, ...]:
    s = row.segment
    row_id = sid << SHIFT | s.n_lo
    counts, crcs = _pack(s.counts, "H"), _pack(s.crcs, "I")
    source = row.source.code | (LATE if row.late else 0)
    return (
        row_id,
        s.n_hi,
        s.lap,
        s.t_lo,
        s.t_hi,
        source,
        row.received_lo,
        row.received_hi,
        _checksum(row_id, s.n_hi, s.lap, s.t_lo, s.t_hi, source, counts, crcs, s.payload),
        counts,
        crcs,
        s.payload,
    )


def _checksum(
    row_id: int,
    n_hi: int,
    lap: int,
    t_lo: int,
    t_hi: int,
    source: int,
    counts: bytes,
    crcs: bytes,
    payload: bytes,
) -> int:
    """crc32 of a row: SQLite has none of its own, and numbers must not be wrong in silence."""
    numbers = _NUMBERS.pack(row_id, n_hi, lap, t_lo, t_hi, source)
    return zlib.crc32(b"".join((numbers, counts, crcs, payload)))


def read_segments(
    db: sqlite3.Connection, sid: int, series: Series, n_lo: int = 1, n_hi: int = MASK
) -> Iterator[Row]:
    """Rows of one series that hold any of ``n_lo..n_hi``, in order of n."""
    base = sid << SHIFT
    low = db.execute(
        "SELECT max(id) FROM segments WHERE id BETWEEN ? AND ?", (base, base | n_lo)
    ).fetchone()[0]
    cursor = db.execute(
        f"SELECT {_COLUMNS} FROM segments WHERE id BETWEEN ? AND ? ORDER BY id",  # noqa: S608
        (base if low is None else low, base | n_hi),
    )
    for row in cursor:
        found = _row(row, series)
        if found.segment.n_hi >= n_lo:
            yield found


@dataclass(frozen=True, slots=True)
class Bulk:
    """Many rows of one series as columns, in order of n.

    Attributes:
        n_lo, n_hi, t_lo, lap: int64[m].
        source: int64[m], :attr:`Source.code`, with :data:`LATE` where it is so.
        intact: bool[m], False for a row that is not what was written.
        counts: int64[chunks of all rows].
        payloads: m of them.
    """

    n_lo: NDArray[np.int64]
    n_hi: NDArray[np.int64]
    t_lo: NDArray[np.int64]
    lap: NDArray[np.int64]
    source: NDArray[np.int64]
    intact: NDArray[np.bool_]
    counts: NDArray[np.int64]
    payloads: tuple[bytes, ...]


def read_bulk(db: sqlite3.Connection, sid: int, max_samples: int) -> Iterator[Bulk]:
    """All rows of one series, in portions of about ``max_samples`` samples.

    Raises sqlite3.DatabaseError when the file is damaged.
    """
    cursor = db.execute(_RAW, (sid << SHIFT, sid << SHIFT | MASK))
    rows: list[_Raw] = []
    samples = 0
    try:
        while more := cursor.fetchmany(64):
            rows += more
            counts = np.frombuffer(b"".join([r[7] for r in more]), "<u2")
            samples += int(counts.sum(dtype=np.int64))
            if samples >= max_samples:
                yield _bulk(rows)
                rows, samples = [], 0
        if rows:
            yield _bulk(rows)
    except (TypeError, ValueError, OverflowError, struct.error) as error:
        raise DamagedRow(f"a row cannot be read: {error}") from error


def read_between(db: sqlite3.Connection, sid: int, n_lo: int, n_hi: int) -> Bulk | None:
    """The rows of one series that hold any of ``n_lo..n_hi``; None when there are none. A few times
    quicker than :func:`read_segments` where the rows are chunks.

    Raises sqlite3.DatabaseError when the file is damaged.
    """
    base = sid << SHIFT
    low = db.execute(
        "SELECT max(id) FROM segments WHERE id BETWEEN ? AND ?", (base, base | n_lo)
    ).fetchone()[0]
    try:
        found = db.execute(_RAW, (base if low is None else low, base | n_hi)).fetchall()
        rows: list[_Raw] = [row for row in found if row[2] >= n_lo]
        return _bulk(rows) if rows else None
    except (TypeError, ValueError, OverflowError, struct.error) as error:
        raise DamagedRow(f"a row cannot be read: {error}") from error


_RAW = """SELECT checksum, id, n_hi, lap, t_lo, t_hi, source, counts, crcs, payload FROM segments
    WHERE id BETWEEN ? AND ? ORDER BY id"""
_Raw = tuple[int, int, int, int, int, int, int, bytes, bytes, bytes]


def _bulk(rows: list[_Raw]) -> Bulk:
    intact = [_checksum(*row[1:]) == row[0] for row in rows]
    _, ids, n_hi, lap, t_lo, _, source, counts, _, payloads = zip(*rows, strict=True)
    return Bulk(
        np.array(ids, np.int64) & MASK,
        np.array(n_hi, np.int64),
        np.array(t_lo, np.int64),
        np.array(lap, np.int64),
        np.array(source, np.int64),
        np.array(intact, np.bool_),
        np.frombuffer(b"".join(counts), "<u2").astype(np.int64),
        payloads,
    )


def held_crcs(db: sqlite3.Connection, sid: int, n_lo: int, n_hi: int) -> dict[int, int]:
    """crc of each stored chunk among ``n_lo..n_hi``."""
    base = sid << SHIFT
    out: dict[int, int] = {}
    cursor = db.execute(
        """SELECT id, n_hi, crcs FROM segments WHERE id BETWEEN
            coalesce((SELECT max(id) FROM segments WHERE id BETWEEN ? AND ?), ?) AND ?""",
        (base, base | n_lo, base, base | n_hi),
    )
    for row_id, last, raw in cursor:
        first = row_id & MASK
        crcs = np.frombuffer(raw, "<u4")
        for n in range(max(first, n_lo), min(last, n_hi) + 1):
            out[n] = int(crcs[n - first])
    return out


def _row(
    row: tuple[int, int, int, int, int, int, int, int, int, bytes, bytes, bytes], series: Series
) -> Row:
    try:
        row_id, n_hi, lap, t_lo, t_hi, source, received_lo, received_hi, checksum = row[:9]
        counts, crcs, payload = row[9:]
        intact = checksum == _checksum(row_id, n_hi, lap, t_lo, t_hi, source, counts, crcs, payload)
        segment = Segment(
            series,
            row_id & MASK,
            n_hi,
            lap,
            t_lo,
            t_hi,
            _unpack(counts, "<u2"),
            _unpack(crcs, "<u4"),
            payload,
        )
        late = bool(source & LATE)
        return Row(segment, Source.of_code(source), received_lo, received_hi, intact, late)
    except (TypeError, ValueError, KeyError, struct.error) as error:
        raise DamagedRow(f"a row cannot be read: {error!r}") from error


def _pack(numbers: tuple[int, ...], code: str) -> bytes:
    packed = array(code, numbers)
    if byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _unpack(raw: bytes, dtype: str) -> tuple[int, ...]:
    return tuple(np.frombuffer(raw, dtype).tolist())


def write_account(db: sqlite3.Connection, account: Account) -> None:
    """Store one account of the ledger."""
    db.execute(
        """INSERT OR REPLACE INTO ledger (series, received, quarantined, head, has_head, newest_us,
            by_source, duplicates, late, conflicts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            account.id,
            account.received.to_bytes(),
            account.quarantined.to_bytes(),
            account.head,
            int(account.has_head),
            account.newest_us,
            json.dumps(account.by_source),
            json.dumps(account.duplicates),
            account.late,
            account.conflicts,
        ),
    )


def read_accounts(db: sqlite3.Connection, session: str) -> Iterator[Account]:
    """All accounts in order of first appearance, with their gaps."""
    gaps = read_gaps(db, session)
    cursor = db.execute(
        """SELECT s.id, s.car, s.grp, s.epoch, l.received, l.quarantined, l.head, l.has_head,
            l.newest_us, l.by_source, l.duplicates, l.late, l.conflicts
            FROM series s JOIN ledger l ON l.series = s.id ORDER BY s.id"""
    )
    for sid, car, grp, epoch, received, quarantined, *numbers, by, dup, late, conflicts in cursor:
        head, has_head, newest_us = numbers
        yield Account(
            sid,
            Series(session, car, grp, epoch),
            IntervalSet.from_bytes(received),
            IntervalSet.from_bytes(quarantined),
            head,
            bool(has_head),
            newest_us,
            _by_source(by),
            _by_source(dup),
            late,
            conflicts,
            tuple(gaps.get(sid, ())),
        )


def _by_source(text: str) -> dict[Source, int]:
    doc = json.loads(text)
    # a source that is newer than the file brought nothing to it
    return {source: int(doc.get(source, 0)) for source in Source}


def write_gaps(db: sqlite3.Connection, account: Account) -> None:
    """Store the gaps of one series in place of those stored before."""
    db.execute("DELETE FROM gaps WHERE series = ?", (account.id,))
    db.executemany(
        "INSERT INTO gaps (series, n_lo, n_hi, t_lo, t_hi, reason) VALUES (?, ?, ?, ?, ?, ?)",
        ((account.id, g.n_lo, g.n_hi, g.t_lo, g.t_hi, g.reason) for g in account.gaps),
    )


def read_gaps(db: sqlite3.Connection, session: str) -> dict[int, list[Gap]]:
    """Named holes by series id."""
    out: dict[int, list[Gap]] = {}
    for sid, car, grp, epoch, *rest in db.execute(
        """SELECT g.series, s.car, s.grp, s.epoch, g.n_lo, g.n_hi, g.t_lo, g.t_hi, g.reason
            FROM gaps g JOIN series s ON s.id = g.series ORDER BY g.series, g.n_lo"""
    ):
        out.setdefault(sid, []).append(Gap(Series(session, car, grp, epoch), *rest))
    return out


def write_head(db: sqlite3.Connection, head: Head) -> None:
    """Store one head."""
    db.execute(
        """INSERT OR REPLACE INTO heads (car, epoch, t_first, t, lap, n, ended)
            VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (
            head.car,
            head.epoch,
            head.t_first,
            head.t,
            head.lap,
            json.dumps(head.n, sort_keys=True),
            int(head.ended),
        ),
    )


def read_heads(db: sqlite3.Connection, session: str) -> dict[tuple[str, str], Head]:
    """Newest heads by (car, epoch)."""
    return {
        (car, epoch): Head(session, car, epoch, t_first, t, lap, json.loads(n), bool(ended))
        for car, epoch, t_first, t, lap, n, ended in db.execute(
            "SELECT car, epoch, t_first, t, lap, n, ended FROM heads"
        )
    }


def read_conflicts(db: sqlite3.Connection, session: str) -> Iterator[Conflict]:
    """Conflicts in order of arrival."""
    for car, grp, epoch, n, c1, t1, raw1, c2, t2, raw2, source in db.execute(
        """SELECT s.car, s.grp, s.epoch, c.n, c.first_crc, c.first_t, c.first, c.second_crc,
            c.second_t, c.second, c.source FROM conflicts c JOIN series s ON s.id = c.series
            ORDER BY c.rowid"""
    ):
        yield Conflict(
            Series(session, car, grp, epoch), n, c1, t1, raw1, c2, t2, raw2, Source.of_code(source)
        )


def read_quarantine(db: sqlite3.Connection, session: str) -> Iterator[Quarantined]:
    """Quarantined records in order of arrival."""
    for source, place, reason, raw, car, grp, epoch, n, n_hi in db.execute(
        "SELECT source, place, reason, raw, car, grp, epoch, n, n_hi FROM quarantine ORDER BY id"
    ):
        series = None if car is None else Series(session, car, grp, epoch)
        yield Quarantined(Source.of_code(source), place, reason, raw, series, n, n_hi)
