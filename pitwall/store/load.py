"""Reopening: a recording's samples back into memory, in bulk."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pitwall.store.growth import GrowingColumns, Samples, join
from pitwall.store.identity import MAX_DECODED
from pitwall.store.recording import Recording
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
    version = recording.session.catalog.version
    epoch = growing.epoch_index(series.epoch)
    last = 0
    for rows in recording.read_bulk(series, MAX_DECODED):
        checksums = np.array([zlib.crc32(p) for p in rows.payloads], np.int64)
        before = np.concatenate([[last], rows.n_hi[:-1]])
        wrong = (checksums != rows.checksum) | (rows.n_lo <= before) | (rows.n_hi < rows.n_lo)
        lengths, samples, bad = decode_many(rows.payloads, group, version)
        chunks = rows.n_hi - rows.n_lo + 1
        if bad or wrong.any() or chunks.sum() != len(rows.counts):
            first = int(rows.n_lo[min([*bad, *np.flatnonzero(wrong).tolist(), len(wrong) - 1])])
            raise BadInput(
                f"{recording.path}: the file is damaged (car {series.car}, {series.group}, chunk "
                f"{first}): open a copy of it, or join or import the session again"
            )
        last = int(rows.n_hi[-1])
        # Counters of all chunks: the rows' first ones, counted up within each row.
        ends = np.cumsum(chunks)
        counters = np.arange(ends[-1]) + np.repeat(rows.n_lo - (ends - chunks), chunks)
        if rows.counts.sum() != len(samples.t):
            raise BadInput(
                f"{recording.path}: the file is damaged (car {series.car}, {series.group}, chunks "
                f"{int(rows.n_lo[0])} to {last}): open a copy of it, or join or import the "
                "session again"
            )
        yield Samples(
            samples.t + np.repeat(rows.t_lo, lengths),
            samples.values.astype(np.float32),
            np.repeat(counters.astype(np.int32), rows.counts),
            np.full(len(samples.t), epoch, np.uint16),
            np.repeat(rows.source.astype(np.uint8), lengths),
        )
