"""Values of blocks back from the recording, bit for bit as they were.

Has a connection of its own, for reading only: whoever writes goes on meanwhile.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pitwall.store import database
from pitwall.store.block import Block, lengths
from pitwall.store.page import Values
from pitwall.store.rows import Bulk, read_between
from pitwall.telemetry import Failure, Group, Series, Session, decode_many

_APART = 64
"""Chunks that lie so far from each other are read by themselves."""
Ints = NDArray[np.int64]
Line = tuple[str, str]
"""(car, group)."""


class Differs(Exception):
    """The recording does not give back what was asked for."""


@dataclass(frozen=True, slots=True)
class _Flat:
    """All chunks that were read, one after the other, in order of epoch and counter.

    Attributes:
        chunks: int64[c], ``epoch << 32 | n`` of each, ascending.
        first: int64[c + 1], where its samples begin; the last is their number.
        t: int64[n], event times.
        values: float[k, n].
    """

    chunks: Ints
    first: Ints
    t: Ints
    values: Values


class Shelf:
    """Reads pages. Any thread may; one at a time does."""

    def __init__(self, path: Path, session: Session) -> None:
        self._path = path
        self._session = session
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._ids: dict[tuple[str, str, str], int] = {}
        self._closed = False

    def read(self, line: Line, epochs: Sequence[str], blocks: Sequence[Block]) -> list[Values]:
        """The values of blocks of one car's group; ``epochs`` are those of its columns.

        Raises BadInput when the file is damaged, Failure when it cannot be read, Differs when it
        holds something else under the same counters.
        """
        group = self._session.catalog.group(line[1])
        dtype = blocks[0].bins.low.dtype
        with self._lock, database.explained(self._path):
            parts = list(self._read(line, epochs, blocks))
        flat = _flat(parts, group, self._session.catalog.version, dtype)
        return [_values(flat, block) for block in blocks]

    def close(self) -> None:
        """Let go of the file; what is away can no longer be read."""
        with self._lock:
            self._closed = True
            if self._db is not None:
                self._db.close()
                self._db = None

    def _read(
        self, line: Line, epochs: Sequence[str], blocks: Sequence[Block]
    ) -> Iterable[tuple[int, Bulk]]:
        """The stored runs that hold the blocks' chunks, each once, with its epoch."""
        db = self._connection()
        pieces = np.concatenate([b.pieces for b in blocks])
        for epoch in np.unique(pieces["epoch"]).tolist():
            series = Series(self._session.key, *line, epochs[epoch])
            numbers = np.unique(pieces["n"][pieces["epoch"] == epoch]).astype(np.int64)
            cuts = np.flatnonzero(np.diff(numbers) > _APART)
            seen = 0
            for a, z in zip([0, *(cuts + 1).tolist()], [*cuts.tolist(), -1], strict=True):
                # A long run may have held the ones before, too.
                lo, hi = max(int(numbers[a]), seen + 1), int(numbers[z])
                bulk = read_between(db, self._id(db, series), lo, hi) if lo <= hi else None
                if bulk is None:
                    continue
                seen = int(bulk.n_hi[-1])
                sound = bulk.intact & (bulk.n_hi >= bulk.n_lo)
                if not sound.all():
                    n = int(bulk.n_lo[int(sound.argmin())])
                    what = f"car {series.car}, {series.group}, chunk {n}"
                    raise database.damaged(self._path, what)
                yield epoch, bulk

    def _connection(self) -> sqlite3.Connection:
        if self._closed:
            raise Failure(f"{self._path}: closed: what was paged out can no longer be read")
        if self._db is None:
            self._db = database.connect(self._path, read_only=True)
        return self._db

    def _id(self, db: sqlite3.Connection, series: Series) -> int:
        key = (series.car, series.group, series.epoch)
        if key not in self._ids:
            found = db.execute(
                "SELECT id FROM series WHERE car = ? AND grp = ? AND epoch = ?", key
            ).fetchone()
            if found is None:
                raise Differs(f"no series {key}")
            self._ids[key] = int(found[0])
        return self._ids[key]


def _flat(
    parts: Sequence[tuple[int, Bulk]], group: Group, version: int, dtype: np.dtype[np.floating]
) -> _Flat:
    payloads = [payload for _, bulk in parts for payload in bulk.payloads]
    counted, samples, bad = decode_many(payloads, group, version, dtype)
    if bad:
        raise Differs(str(next(iter(bad.values()))))
    t = samples.t + np.repeat(_joined([bulk.t_lo for _, bulk in parts]), counted)
    if any(int((b.n_hi - b.n_lo + 1).sum()) != len(b.counts) for _, b in parts):
        raise Differs("chunks and their counts do not agree")
    chunks = _joined([_numbers(bulk) | epoch << 32 for epoch, bulk in parts])
    first = np.concatenate(([0], np.cumsum(_joined([bulk.counts for _, bulk in parts]))))
    if first[-1] != len(t) or not bool((chunks[1:] > chunks[:-1]).all()):
        raise Differs("chunks and samples do not agree")
    return _Flat(chunks, first, t, samples.values)


def _joined(parts: list[Ints]) -> Ints:
    return np.concatenate(parts or [np.zeros(0, np.int64)])


def _numbers(bulk: Bulk) -> Ints:
    """int64[c], counter of each chunk of each row."""
    sizes = bulk.n_hi - bulk.n_lo + 1
    begins = np.cumsum(sizes) - sizes
    return np.repeat(bulk.n_lo - begins, sizes) + np.arange(int(sizes.sum()))


def _values(flat: _Flat, block: Block) -> Values:
    """The block's values out of all: its pieces say of which chunks how many samples are where."""
    pieces, count = block.pieces, len(block)
    wanted = pieces["n"].astype(np.int64) | pieces["epoch"].astype(np.int64) << 32
    at = np.searchsorted(flat.chunks, wanted)
    if not len(flat.chunks) or (flat.chunks[np.minimum(at, len(flat.chunks) - 1)] != wanted).any():
        raise Differs("a chunk is not there")
    held = lengths(pieces, count)
    begins = flat.first[at] + _before(flat, block, at, held)
    index = np.repeat(begins - pieces["at"], held) + np.arange(count)
    if index[-1] >= len(flat.t) or not np.array_equal(flat.t[index], block.t):
        raise Differs("times are not the same")
    if int(index[-1]) - int(index[0]) == count - 1 and bool((np.diff(index) == 1).all()):
        return np.ascontiguousarray(flat.values[:, index[0] : index[-1] + 1])
    return np.take(flat.values, index, axis=1)


def _before(flat: _Flat, block: Block, at: Ints, held: Ints) -> Ints:
    """How many samples of its chunk lie before each piece: in the block before, or further up."""
    before = np.zeros(len(at), np.int64)
    order = np.argsort(at, kind="stable")
    again = np.flatnonzero(at[order][1:] == at[order][:-1])
    for i in again.tolist():  # chunks whose jittery stamps cross: a piece here, a piece there
        before[order[i + 1]] = before[order[i]] + held[order[i]]
    sums = np.bincount(np.unique(at, return_inverse=True)[1], held)
    places, firsts = np.unique(at, return_index=True)
    cut = np.flatnonzero(sums < np.diff(flat.first)[places])
    for i in cut.tolist():  # those that the block's edges cut
        lo, hi = int(flat.first[places[i]]), int(flat.first[places[i] + 1])
        skipped = int(np.searchsorted(flat.t[lo:hi], block.t[pieces_at(block, firsts[i])]))
        before[at == places[i]] += skipped
    return before


def pieces_at(block: Block, piece: int) -> int:
    """Index of a piece's first sample."""
    return int(block.pieces["at"][piece])
