"""Sealing laps locally: rows of single chunks become rows of whole laps, bit for bit the same.

A live race is written a quarter of a second at a time; read back like that it is hundreds of
thousands of rows. Finished laps are packed again as one run each, a few hundred times fewer rows
and about half the bytes. Every run is unpacked and compared before the old rows go, in one
transaction with the new row coming, so that stopping at any moment loses nothing.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

import numpy as np

from pitwall.store.accounts import Books
from pitwall.store.rows import MASK, SHIFT, Row, insert_segments, read_segments
from pitwall.telemetry import (
    BadPayload,
    Samples,
    Segment,
    Series,
    Session,
    decode,
    decode_many,
    encode,
)
from pitwall.telemetry.payload import MAX_VALUES

MAX_ROW_SAMPLES = 1 << 16
"""Samples in a packed row: a lap of a slow track at 400 Hz; bounds what one read unpacks."""


@dataclass(slots=True)
class _Line:
    """What is known of one series: rows below ``scan`` are as large as they get."""

    scan: int = 1
    lap: int = -1
    settled_lap: int = -1


class Compactor:
    """Finds and merges the loose rows of a recording, a little at a time."""

    def __init__(self, db: sqlite3.Connection, session: Session, books: Books) -> None:
        self._db = db
        self._session = session
        self._books = books
        self._lines: dict[Series, _Line] = {a.series: _Line() for a in books.accounts()}
        self._dirty: set[Series] = set(self._lines)
        self._merged = 0

    def added(self, segment: Segment) -> None:
        """Take note of a newly committed segment."""
        line = self._lines.get(segment.series)
        if line is None:
            line = self._lines[segment.series] = _Line()
        if segment.lap > line.lap:
            line.lap = segment.lap
        late = segment.n_lo < line.scan
        if late:
            line.scan = segment.n_lo
        if late or line.lap > line.settled_lap + 1:
            self._dirty.add(segment.series)

    def step(self, budget_s: float, *, everything: bool = False) -> bool:
        """Merge for about ``budget_s`` seconds, at least one row. True when nothing is left to do.

        Laps that are still being driven are left alone unless ``everything``.
        """
        end = time.monotonic() + budget_s
        self._merged = 0
        if everything:
            self._dirty.update(self._lines)
        while self._dirty:
            series = next(iter(self._dirty))
            account = self._books.get(series)
            if account is None or self._merge_line(account.id, series, end, everything):
                self._dirty.discard(series)
            if self._merged and time.monotonic() >= end:
                break
        return not self._dirty

    def _merge_line(self, sid: int, series: Series, end: float, everything: bool) -> bool:
        """Merge what can be merged of one series. False when time ran out first."""
        line = self._lines[series]
        rows = self._db.execute(
            """SELECT id, n_hi, lap, source, counts FROM segments WHERE id BETWEEN
                coalesce((SELECT max(id) FROM segments WHERE id BETWEEN ? AND ?), ?) AND ?
                ORDER BY id""",
            (
                sid << SHIFT,
                sid << SHIFT | max(line.scan - 1, 0),
                sid << SHIFT,
                sid << SHIFT | MASK,
            ),
        ).fetchall()
        newest = max((row[2] for row in rows), default=-1)
        line.lap = max(line.lap, newest)
        k = len(self._session.catalog.group(series.group).channels)
        room = min(MAX_ROW_SAMPLES, MAX_VALUES // max(k, 1))
        run: list[tuple[int, int]] = []
        samples = 0
        before: tuple[int, int, int] | None = None
        for row_id, n_hi, lap, source, counts in rows:
            n_lo = row_id & MASK
            if lap >= line.lap and not everything:
                break
            size = int(np.frombuffer(counts, "<u2").sum(dtype=np.int64))
            if before != (n_lo - 1, lap, source) or samples + size > room:
                if not self._merge(sid, series, run, end):
                    return False
                line.scan = n_lo
                run, samples = [], 0
            run.append((n_lo, n_hi))
            samples += size
            before = (n_hi, lap, source)
        if not self._merge(sid, series, run, end):
            return False
        if run:
            line.scan = run[0][0]
        line.settled_lap = line.lap - 1
        return True

    def _merge(self, sid: int, series: Series, run: list[tuple[int, int]], end: float) -> bool:
        """Merge neighbouring rows into one. False when there is no time for it."""
        if len(run) < 2:
            return True
        # At least one: looking for it may have taken all the time there was.
        if self._merged and time.monotonic() >= end:
            return False
        self._merged += 1
        rows = list(read_segments(self._db, sid, series, run[0][0], run[-1][1]))
        merged = merge(rows, self._session)
        if merged is None:
            return True
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.execute(
                "DELETE FROM segments WHERE id BETWEEN ? AND ?",
                (sid << SHIFT | run[0][0], sid << SHIFT | run[-1][1]),
            )
            insert_segments(self._db, [(sid, merged)])
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return True


def merge(rows: list[Row], session: Session) -> Row | None:
    """Neighbouring rows of one series as one row with exactly their samples, counts and crcs.

    None when that cannot be done or would not give back every bit: then they stay as they are.
    """
    segments = [row.segment for row in rows]
    first, last = segments[0], segments[-1]
    group = session.catalog.group(first.series.group)
    version = session.catalog.version
    lengths, samples, bad = decode_many([s.payload for s in segments], group, version)
    if bad or not all(row.intact for row in rows):
        return None
    t = samples.t + np.repeat(np.array([s.t_lo for s in segments], np.int64), lengths)
    try:
        payload = encode(t, samples.values, group, version)
        back = decode(payload, group, version)
    except BadPayload:
        return None
    if not _same(back, Samples(t - first.t_lo, samples.values)):
        return None
    merged = Segment(
        first.series,
        first.n_lo,
        last.n_hi,
        first.lap,
        first.t_lo,
        last.t_hi,
        tuple(c for s in segments for c in s.counts),
        tuple(c for s in segments for c in s.crcs),
        payload,
    )
    return Row(
        merged,
        rows[0].source,
        min(row.received_lo for row in rows),
        max(row.received_hi for row in rows),
        late=rows[0].late,
    )


def _same(a: Samples, b: Samples) -> bool:
    """Equal bit for bit: 0.0 is not -0.0; any NaN is any other."""
    return (
        np.array_equal(a.t, b.t)
        and np.array_equal(a.values, b.values, equal_nan=True)
        and np.array_equal(np.signbit(a.values), np.signbit(b.values))
    )
