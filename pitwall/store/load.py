"""Reopening: a recording's samples back into memory, in bulk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pitwall.store import database
from pitwall.store.block import chunk_pieces
from pitwall.store.growth import GrowingColumns
from pitwall.store.identity import MAX_DECODED
from pitwall.store.intervals import IntervalSet
from pitwall.store.recording import Recording
from pitwall.store.samples import Samples, join
from pitwall.store.session_store import Key, SessionStore
from pitwall.telemetry import BadInput, Group, Series, Session, decode_many
from pitwall.telemetry.names import UNCOUNTED


def load(recording: Recording) -> SessionStore:
    """Fill memory from the file. Raises BadInput when the file is damaged."""
    store = SessionStore(recording.session)
    by_key: dict[Key, list[Series]] = {}
    for series in recording.series():
        by_key.setdefault((series.car, series.group), []).append(series)
    changed: list[Key] = []
    for key, lines in by_key.items():
        growing = store.growing(key, counted=lines[0].epoch != UNCOUNTED)
        group = recording.session.catalog.group(key[1])
        parts = [p for series in lines for p in _series(recording, series, group, growing)]
        if parts:
            growing.insert(join(parts))
            changed.append(key)
    store.fold()
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
    held = IntervalSet()
    for rows in recording.read_bulk(series, MAX_DECODED):
        before = np.concatenate([[held.last], rows.n_hi[:-1]])
        wrong = ~rows.intact | (rows.n_lo <= before) | (rows.n_hi < rows.n_lo)
        if wrong.any():
            raise _damaged(recording, series, int(rows.n_lo[int(np.argmax(wrong))]))
        lengths, samples, bad = decode_many(rows.payloads, group, version)
        if bad:
            raise _damaged(recording, series, int(rows.n_lo[min(bad)]))
        # Counters of all chunks: the rows' first ones, counted up within each row.
        chunks = rows.n_hi - rows.n_lo + 1
        ends = np.cumsum(chunks)
        counters = np.arange(ends[-1]) + np.repeat(rows.n_lo - (ends - chunks), chunks)
        # Rows without holes between them are one interval.
        breaks = np.flatnonzero(rows.n_lo[1:] > rows.n_hi[:-1] + 1)
        for a, z in zip([0, *(breaks + 1).tolist()], [*breaks.tolist(), -1], strict=True):
            held.add(int(rows.n_lo[a]), int(rows.n_hi[z]))
        yield Samples(
            samples.t + np.repeat(rows.t_lo, lengths),
            samples.values.astype(growing.dtype),
            chunk_pieces(
                rows.counts,
                counters,
                epoch,
                np.repeat(rows.source, chunks),
                np.repeat(rows.lap, chunks),
            ),
        )
    if held.intervals() != recording.ledger().series[series].received:
        raise database.damaged(
            recording.path, f"car {series.car}, {series.group}: chunks and ledger disagree"
        )


def _damaged(recording: Recording, series: Series, n: int) -> BadInput:
    return database.damaged(recording.path, f"car {series.car}, {series.group}, chunk {n}")
