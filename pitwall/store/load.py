"""Reopening: a recording's samples back into memory, in bulk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pitwall.store.growth import GrowingColumns, Samples, join
from pitwall.store.identity import MAX_DECODED
from pitwall.store.recording import Recording
from pitwall.store.rows import Row
from pitwall.store.session_store import Key, SessionStore
from pitwall.telemetry import BadInput, Group, Series, Session, decode_many


def load(recording: Recording) -> SessionStore:
    """Fill memory from the file. Raises BadInput when the file is damaged."""
    store = SessionStore(recording.session)
    by_key: dict[Key, list[Series]] = {}
    for series in recording.series():
        by_key.setdefault((series.car, series.group), []).append(series)
    changed: list[Key] = []
    for key, lines in by_key.items():
        growing = store.growing(key)
        group = recording.session.catalog.group(key[1])
        parts = [p for series in lines for p in _series(recording, series, group, growing)]
        if parts:
            growing.insert(join(parts))
            changed.append(key)
    store.publish(changed, recording.ledger(), recording.heads(), recording.all_meta())
    return store


def open_session(
    path: str | Path, session: Session | None = None, *, read_only: bool = False
) -> tuple[Recording, SessionStore]:
    """Open a recording and load it; with ``session``, make it when the file does not exist.

    Raises BadInput or Failure in one line; also when the file holds another session.
    """
    path = Path(path)
    if session is not None and not path.exists() and not read_only:
        recording = Recording.create(path, session)
    else:
        recording = Recording.open(path, read_only=read_only)
    try:
        if session is not None and recording.session.key != session.key:
            raise BadInput(
                f"{path}: holds session {recording.session.key}, not {session.key}: "
                "choose another file"
            )
        if session is not None and recording.session.catalog != session.catalog:
            raise BadInput(
                f"{path}: holds session {session.key} with other channels than the source has now: "
                "choose another file"
            )
        return recording, load(recording)
    except BaseException:
        recording.close()
        raise


def _series(
    recording: Recording, series: Series, group: Group, growing: GrowingColumns
) -> Iterator[Samples]:
    epoch = growing.epoch_index(series.epoch)
    last = 0
    for rows in _portions(recording.read_segments(series)):
        for row in rows:
            if row.segment.n_lo <= last or not row.intact:
                raise BadInput(
                    f"{recording.path}: the file is damaged (car {series.car}, {series.group}, "
                    f"chunk {row.segment.n_lo}): open a copy of it, or join or import the session "
                    "again"
                )
            last = row.segment.n_hi
        yield _decode(recording, rows, group, epoch)


def _portions(rows: Iterator[Row]) -> Iterator[list[Row]]:
    part: list[Row] = []
    room = MAX_DECODED
    for row in rows:
        part.append(row)
        room -= sum(row.segment.counts)
        if room <= 0:
            yield part
            part, room = [], MAX_DECODED
    if part:
        yield part


def _decode(recording: Recording, rows: list[Row], group: Group, epoch: int) -> Samples:
    version = recording.session.catalog.version
    segments = [row.segment for row in rows]
    lengths, samples, bad = decode_many([s.payload for s in segments], group, version)
    if bad:
        first = segments[min(bad)]
        raise BadInput(
            f"{recording.path}: the file is damaged (car {first.series.car}, {group.name}, chunk "
            f"{first.n_lo}: {bad[min(bad)]}): open a copy of it, or join or import the session "
            "again"
        )
    t = samples.t + np.repeat(np.array([s.t_lo for s in segments], np.int64), lengths)
    counters = np.concatenate([np.arange(s.n_lo, s.n_hi + 1, dtype=np.int32) for s in segments])
    counts = np.array([c for s in segments for c in s.counts], np.int64)
    return Samples(
        t,
        samples.values.astype(np.float32),
        np.repeat(counters, counts),
        np.full(len(t), epoch, np.uint16),
        np.repeat(np.array([row.source.code for row in rows], np.uint8), lengths),
    )
