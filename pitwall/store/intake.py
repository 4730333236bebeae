"""One transaction: batches in, exactly-once rows and closed books out.

Everything is worked out on copies of the accounts it touches; :class:`State` takes them over only
when the file has committed, so that what the program knows never runs ahead of the disk.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from pitwall.store.accounts import Account, Books
from pitwall.store.batch import Applied, Batch, Fresh, Gap, Quarantined, Source
from pitwall.store.identity import (
    Candidate,
    cut,
    decode_all,
    head_fault,
    quarantined,
    segment_fault,
    series_fault,
)
from pitwall.store.rows import (
    Row,
    held_crcs,
    insert_segments,
    read_segments,
    write_account,
    write_gaps,
    write_head,
)
from pitwall.telemetry import BadPayload, Head, Segment, Series, Session, decode
from pitwall.telemetry.names import MAX_N

MAX_QUARANTINE_ROWS = 10_000
MAX_QUARANTINE_BYTES = 64 << 20
MAX_RAW = 1 << 20
"""Longer raw records are kept cut to this length."""
MAX_CONFLICT_ROWS = 1_000
_NEAR = 512
"""Repeats with fewer chunks than this between them are compared in one read of the file."""
Repeat = tuple[int, int, Candidate]
"""Chunks ``n_lo..n_hi`` of a candidate that are stored already."""


@dataclass(slots=True)
class State:
    """What the program knows of a recording: always exactly what the file has committed."""

    session: Session
    books: Books = field(default_factory=Books)
    heads: Mapping[tuple[str, str], Head] = field(default_factory=dict)
    meta: Mapping[str, str] = field(default_factory=dict)
    counters: Mapping[str, int] = field(default_factory=dict)


class Intake:
    """The working copy of one transaction."""

    def __init__(self, db: sqlite3.Connection, state: State, batches: Sequence[Batch]) -> None:
        self._db = db
        self._state = state
        self._session = state.session
        self._batches = batches
        self._accounts: dict[Series, Account] = {}
        self._regapped: set[Series] = set()
        self._heads = dict(state.heads)
        self._new_heads: dict[tuple[str, str], Head] = {}
        self._meta = dict(state.meta)
        self._counters = dict(state.counters)
        self._candidates: list[Candidate] = []
        self._rejected: list[Quarantined] = []
        self._pending: list[tuple[int, Row]] = []
        self._fresh: list[Fresh] = []
        self._repeats: dict[Series, list[Repeat]] = {}
        self._received_us = max((b.received_us for b in batches), default=0)
        self._sums = dict.fromkeys(("chunks", "duplicates", "conflicts", "late", "repaired"), 0)

    def prepare(self) -> None:
        """Check and decode what may be new. Touches neither the file nor the state."""
        unknown: list[Candidate] = []
        for batch in self._batches:
            self._rejected += batch.quarantined
            opened = batch.samples or (None,) * len(batch.segments)
            for segment, samples in zip(batch.segments, opened, strict=True):
                candidate = Candidate(segment, batch.source, batch.received_us, samples)
                books = self._state.books.get(segment.series)
                # who has opened it has looked
                fault = segment_fault(segment) if samples is None else None
                if books is None:
                    fault = series_fault(segment.series, self._session) or fault
                if fault is not None:
                    self._rejected.append(quarantined(candidate, fault, self._session))
                    continue
                self._candidates.append(candidate)
                if books is None or books.received.missing(segment.n_lo, segment.n_hi):
                    unknown.append(candidate)
        bad = decode_all(unknown, self._session)
        self._rejected += [quarantined(c, reason, self._session) for c, reason in bad]
        faulty = {id(c) for c, _ in bad}
        self._candidates = [c for c in self._candidates if id(c) not in faulty]

    def run(self) -> None:
        """Write everything; the caller has opened the transaction and will commit it."""
        for batch in self._batches:
            for head in batch.heads:
                self._head(head, batch)
        for head in self._new_heads.values():
            write_head(self._db, head)
        for candidate in self._candidates:
            self._segment(candidate)
        insert_segments(self._db, self._pending)
        for series, repeats in self._repeats.items():
            self._compare(self._accounts[series], repeats)
        for record in self._rejected:
            self._quarantine(record)
        for batch in self._batches:
            for gap in batch.gaps:
                self._gap(gap)
            for series, count in batch.repeats.items():
                self._account(series).duplicates[batch.source] += count
                self._sums["duplicates"] += count
            self._db.executemany(
                "INSERT OR REPLACE INTO checkpoints (shard, state) VALUES (?, ?)",
                batch.checkpoints.items(),
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", batch.meta.items()
            )
            self._meta.update(batch.meta)
            for edit in batch.edits:
                edit.write(self._db)
        for series, account in self._accounts.items():
            write_account(self._db, account)
            before = self._state.books.get(series)
            if account.gaps != (before.gaps if before else ()):
                write_gaps(self._db, account)
        self._db.executemany(
            "INSERT OR REPLACE INTO counters (name, value) VALUES (?, ?)",
            (
                (name, value)
                for name, value in self._counters.items()
                if self._state.counters.get(name) != value
            ),
        )

    def publish(self) -> Applied:
        """Make the committed transaction the state."""
        state = self._state
        quarantine = self._counters.get("quarantined", 0)
        added = quarantine - state.counters.get("quarantined", 0)
        ledger = state.books.replace(self._accounts.values(), quarantine)
        state.heads = MappingProxyType(self._heads)
        state.meta = MappingProxyType(self._meta)
        state.counters = MappingProxyType(self._counters)
        return Applied(
            fresh=tuple(self._fresh),
            quarantined=added,
            ledger=ledger,
            heads=state.heads,
            meta=state.meta,
            **self._sums,
        )

    def _account(self, series: Series) -> Account:
        account = self._accounts.get(series)
        if account is not None:
            return account
        known = self._state.books.get(series)
        account = known.copy() if known else self._new_account(series)
        self._accounts[series] = account
        return account

    def _new_account(self, series: Series) -> Account:
        row = (series.car, series.group, series.epoch)
        cursor = self._db.execute("INSERT INTO series (car, grp, epoch) VALUES (?, ?, ?)", row)
        account = Account(int(cursor.lastrowid or 0), series)
        head = self._heads.get((series.car, series.epoch))
        # A head without counters tells how new the data is and bounds nothing.
        if head is not None and head.n:
            account.has_head = True
            account.head = head.n.get(series.group, 0)
        # A record may have gone into quarantine before its series was known.
        for n, n_hi in self._db.execute(
            """SELECT n, n_hi FROM quarantine
                WHERE car = ? AND grp = ? AND epoch = ? AND n IS NOT NULL""",
            row,
        ):
            account.quarantined.add(n, n_hi)
        return account

    def _head(self, head: Head, batch: Batch) -> None:
        fault = head_fault(head, self._session)
        if fault is not None:
            where = f"head of {head.car[:40]}/{head.epoch[:40]}"
            self._rejected.append(
                Quarantined(batch.source, where, fault, repr(head).encode()[:MAX_RAW])
            )
            return
        key = (head.car, head.epoch)
        before = self._heads.get(key)
        merged = _newest(before, head) if before else head
        if merged == before:
            return
        self._heads[key] = merged
        self._new_heads[key] = merged
        for group, n in merged.n.items():
            series = Series(head.session, head.car, group, head.epoch)
            if n or series in self._accounts or self._state.books.get(series):
                account = self._account(series)
                account.has_head = True
                account.head = max(account.head, n)

    def _segment(self, candidate: Candidate) -> None:
        segment = candidate.segment
        account = self._account(segment.series)
        unknown = account.received.missing(segment.n_lo, segment.n_hi)
        if unknown != [(segment.n_lo, segment.n_hi)]:
            for lo, hi in account.received.common(segment.n_lo, segment.n_hi):
                self._repeats.setdefault(segment.series, []).append((lo, hi, candidate))
        if candidate.samples is None:
            return
        for lo, hi in unknown:
            part, samples = segment, candidate.samples
            if (lo, hi) != (segment.n_lo, segment.n_hi):
                part, samples = cut(segment, samples, lo, hi, self._session)
            late = account.apply(lo, hi, part.t_hi, candidate.source)
            received_us = candidate.received_us
            row = Row(part, candidate.source, received_us, received_us, late=late > 0)
            self._pending.append((account.id, row))
            self._fresh.append(Fresh(part, candidate.source, samples, late > 0))
            self._sums["chunks"] += part.chunks
            self._sums["late"] += late
            if candidate.source is Source.TABLE:
                self._sums["repaired"] += part.chunks

    def _compare(self, account: Account, repeats: list[Repeat]) -> None:
        """Chunks that came again against those that are stored; a read serves all that lie near
        each other."""
        repeats.sort(key=lambda repeat: repeat[0])
        held: dict[int, int] = {}
        read_to = 0
        for i, (lo, hi, candidate) in enumerate(repeats):
            if hi > read_to:
                read_to = hi
                for later_lo, later_hi, _ in repeats[i + 1 :]:
                    if later_lo > read_to + _NEAR:
                        break
                    read_to = max(read_to, later_hi)
                held = held_crcs(self._db, account.id, lo, read_to)
            segment = candidate.segment
            same = 0
            for n in range(lo, hi + 1):
                crc = segment.crcs[n - segment.n_lo]
                stored = held.get(n)
                if stored is None:
                    continue
                if stored == crc or not self._conflict(account, candidate, n):
                    same += 1
            account.duplicates[candidate.source] += same
            self._sums["duplicates"] += same

    def _conflict(self, account: Account, candidate: Candidate, n: int) -> bool:
        """Keep both chunks raw. False when this very conflict is on record already."""
        crc = candidate.segment.crcs[n - candidate.segment.n_lo]
        stored = self._counters.get("conflicts_stored", 0)
        if stored < MAX_CONFLICT_ROWS:
            row = next(read_segments(self._db, account.id, account.series, n, n))
            first = _chunk_of(row.segment, n, self._session)
            second = _chunk_of(candidate.segment, n, self._session)
            added = self._db.execute(
                """INSERT OR IGNORE INTO conflicts (series, n, first_crc, first_t, first,
                    second_crc, second_t, second, source, received)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                (
                    account.id,
                    n,
                    row.segment.crcs[n - row.segment.n_lo],
                    *first,
                    crc,
                    *second,
                    candidate.source.code,
                    candidate.received_us,
                ),
            ).rowcount
            if not added:
                return False
            self._counters["conflicts_stored"] = stored + 1
        account.conflicts += 1
        self._sums["conflicts"] += 1
        return True

    def _quarantine(self, record: Quarantined) -> None:
        count = self._counters
        series = record.series
        if series is not None and series_fault(series, self._session) is not None:
            series = None
        n_lo = record.n if series and record.n and 1 <= record.n <= MAX_N else None
        n_hi = None
        if n_lo is not None:
            n_hi = min(max(record.n_hi or n_lo, n_lo), MAX_N)
        raw = record.raw[:MAX_RAW]
        # The same record read again (a replayed shard, the archive's repeats) is no news.
        digest = hashlib.blake2b(
            repr((record.where, record.reason, series, n_lo, n_hi, record.raw)).encode(),
            digest_size=16,
        ).digest()
        if self._db.execute("SELECT 1 FROM quarantine WHERE digest = ?", (digest,)).fetchone():
            return
        if (
            count.get("quarantine_rows", 0) >= MAX_QUARANTINE_ROWS
            or count.get("quarantine_bytes", 0) + len(raw) > MAX_QUARANTINE_BYTES
        ):
            count["quarantine_beyond"] = count.get("quarantine_beyond", 0) + 1
        else:
            self._db.execute(
                """INSERT INTO quarantine (digest, source, place, reason, car, grp, epoch, n, n_hi,
                    received, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                (
                    digest,
                    record.source.code,
                    record.where,
                    record.reason,
                    series.car if series else None,
                    series.group if series else None,
                    series.epoch if series else None,
                    n_lo,
                    n_hi,
                    self._received_us,
                    raw,
                ),
            )
            count["quarantine_rows"] = count.get("quarantine_rows", 0) + 1
            count["quarantine_bytes"] = count.get("quarantine_bytes", 0) + len(raw)
        count["quarantined"] = count.get("quarantined", 0) + 1
        # Only a series that good chunks or heads have shown: a damaged record proves none.
        if series and n_lo and n_hi and (series in self._accounts or self._state.books.get(series)):
            self._account(series).quarantined.add(n_lo, n_hi)

    def _gap(self, gap: Gap) -> None:
        fault = series_fault(gap.series, self._session)
        if fault is None and 1 <= gap.n_lo <= gap.n_hi <= MAX_N:
            self._account(gap.series).add_gap(gap)


def _newest(before: Head, after: Head) -> Head:
    """Heads arrive in any order and never take back what they promised."""
    newer = after if after.t >= before.t else before
    n = {group: max(before.n.get(group, 0), after.n.get(group, 0)) for group in before.n | after.n}
    return replace(
        newer,
        n=n,
        t_first=min(before.t_first, after.t_first),
        ended=before.ended or after.ended,
    )


def _chunk_of(segment: Segment, n: int, session: Session) -> tuple[int, bytes]:
    """Start time and payload of one chunk of a segment; the whole run where it cannot be cut."""
    if segment.chunks == 1:
        return segment.t_lo, segment.payload
    group = session.catalog.group(segment.series.group)
    try:
        samples = decode(segment.payload, group, session.catalog.version)
        part, _ = cut(segment, samples, n, n, session)
    except BadPayload:
        return segment.t_lo, segment.payload
    return part.t_lo, part.payload
