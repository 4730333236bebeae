"""Many payloads at once: the same bytes and values as one by one, without a Python step per
column of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from pitwall.telemetry.channel import Group
from pitwall.telemetry.coding import (
    NAN,
    RAW,
    WIDTHS,
    Floats,
    Ints,
    block_bytes,
    code_block,
    coded_size,
    dequantise,
    quantise_block,
    read_block,
    read_small,
    scale,
)
from pitwall.telemetry.errors import BadPayload
from pitwall.telemetry.payload import (
    HEADER,
    MAGIC,
    MAX_BODY,
    MAX_SAMPLES,
    MAX_VALUES,
    ZSTD,
    ZSTD_FROM,
    Samples,
    assemble,
    decode,
    encode,
)

_FLOAT64: np.dtype[np.floating[Any]] = np.dtype(np.float64)
_FLOAT32 = np.dtype(np.float32)
_HEADER_DTYPE = np.dtype(
    [("magic", "u1"), ("flags", "u1"), ("columns", "<u2"), ("catalog", "<u4"), ("count", "<u4")]
)
Room = Callable[[int, int, np.dtype[np.floating[Any]]], NDArray[np.floating[Any]]]
"""Makes an array to be filled: rows, values in each, and what they are kept as."""
_ROOM = 1 << 16
"""Values of one column handled at a time: what numpy works on stays in the cache's reach."""
_EXACT = 1 << 24
"""Integers up to this are what they are in float32 too."""


def encode_many(t: Ints, values: Floats, group: Group, catalog_version: int) -> list[bytes]:
    """Pack many chunks of equal length at once, byte for byte as :func:`encode` would.

    ``t`` int64[m, n] and ``values`` float64[m, k, n] hold m chunks of n samples.
    """
    m, n = t.shape
    k = len(group.channels)
    if m == 0:
        return []
    columns: list[tuple[Ints, NDArray[np.bool_]]] = []
    whole = np.ones(m, np.bool_)
    steps = np.diff(t, axis=1)
    for i, channel in enumerate(group.channels):
        q, ok = quantise_block(values[:, i, :], channel.resolution)
        columns.append((q, ok))
        whole &= ok
    coded = [code_block(steps)] + [code_block(q) for q, _ in columns]
    kinds = np.stack([c[0] for c in coded], axis=1)
    out: list[bytes] = [b""] * m
    for i in np.flatnonzero(~whole).tolist():
        out[i] = encode(t[i], values[i], group, catalog_version)
    rows = np.flatnonzero(whole)
    if len(rows) == 0:
        return out
    signatures, inverse = np.unique(kinds[rows], axis=0, return_inverse=True)
    inverse = inverse.reshape(-1)
    for s, signature in enumerate(signatures):
        chosen = rows[inverse == s]
        parts = [np.broadcast_to(signature.astype(np.uint8), (len(chosen), k + 1))]
        parts += [
            block_bytes(first[chosen], deltas[chosen], int(kind))
            for (_, first, deltas), kind in zip(coded, signature, strict=True)
        ]
        block = np.concatenate(parts, axis=1)
        width = block.shape[1]
        flat = block.tobytes()
        if width < ZSTD_FROM:
            head = HEADER.pack(MAGIC, 0, k, catalog_version, n)
            for j, row in enumerate(chosen.tolist()):
                out[row] = head + flat[j * width : (j + 1) * width]
        else:
            for j, row in enumerate(chosen.tolist()):
                out[row] = assemble(flat[j * width : (j + 1) * width], k, catalog_version, n)
    return out


def decode_many(
    payloads: Sequence[bytes],
    group: Group,
    catalog_version: int,
    dtype: np.dtype[np.floating[Any]] = _FLOAT64,
    room: Room | None = None,
) -> tuple[Ints, Samples, dict[int, BadPayload]]:
    """Unpack many payloads into one run of samples; values as float64, or as ``dtype``, which is
    then what float64 would be rounded to, bit for bit. ``room`` says where the values go.

    Returns ``(counts, samples, bad)``: samples per payload (int64[m], 0 for a bad one), all
    samples one after the other in the order given, times relative to each payload's own start,
    and the error of each payload that could not be read, by position.
    """
    m = len(payloads)
    k = len(group.channels)
    bodies = _Bodies(payloads, group, catalog_version)
    counts = bodies.counts
    # Whatever is not plainly right goes the careful way, which says what is wrong with it.
    single: dict[int, Samples] = {}
    bad: dict[int, BadPayload] = {}
    for i in np.flatnonzero(~bodies.plain).tolist():
        counts[i] = 0
        try:
            single[i] = decode(payloads[i], group, catalog_version)
            counts[i] = len(single[i].t)
        except BadPayload as error:
            bad[i] = error
    starts = np.zeros(m, np.int64)
    np.cumsum(counts[:-1], out=starts[1:])
    total = int(counts.sum())
    # Payloads of one length lie in the result like the rows of a table.
    table = m > 0 and bool((counts == counts[0]).all())
    where = None if table else starts
    t = np.zeros(total, np.int64)
    values = room(k, total, dtype) if room is not None else np.empty((k, total), dtype)
    for rows, kind, count in bodies.alike(0):
        if count > 1:
            steps = read_block(bodies.column(rows, 0, coded_size(kind, count - 1)), kind, count - 1)
            times = np.zeros((len(rows), count), np.int64)
            np.cumsum(steps, axis=1, out=times[:, 1:])
            _place(times, t, rows, where)
    with np.errstate(over="ignore", invalid="ignore"):
        for c, channel in enumerate(group.channels):
            for rows, kind, count in bodies.alike(c + 1):
                _read_values(bodies, rows, c + 1, kind, count, channel.resolution, values[c], where)
        for i, samples in single.items():
            at = int(starts[i])
            t[at : at + len(samples.t)] = samples.t
            values[:, at : at + len(samples.t)] = samples.values
    return counts, Samples(t, values), bad


_LONG = 128
"""Bytes of a column from which it is copied as one."""


class _Bodies:
    """The inflated bodies of payloads, side by side, and where each column of each lies.

    Attributes:
        counts: int64[m], samples as the header states them.
        plain: bool[m], True where header, kinds and sizes all fit together.
    """

    def __init__(self, payloads: Sequence[bytes], group: Group, catalog_version: int) -> None:
        m = len(payloads)
        columns = len(group.channels)
        self.counts = np.zeros(m, np.int64)
        self.plain = np.zeros(m, np.bool_)
        if m == 0:
            return
        short = HEADER.size + columns + 1
        blank = bytes(HEADER.size)
        heads = np.frombuffer(
            b"".join([p[: HEADER.size] if len(p) >= HEADER.size else blank for p in payloads]),
            _HEADER_DTYPE,
        )
        self.counts[:] = heads["count"]
        good = (heads["magic"] == MAGIC) & (heads["flags"] <= ZSTD)
        good &= (heads["columns"] == columns) & (heads["catalog"] == catalog_version)
        good &= (self.counts > 0) & (self.counts <= MAX_SAMPLES)
        good &= self.counts * columns <= MAX_VALUES
        parts: list[bytes] = [b""] * m
        skip = np.zeros(m, np.int64)
        zipped = good & (heads["flags"] == ZSTD)
        for i in np.flatnonzero(good & ~zipped).tolist():
            parts[i] = payloads[i]
            skip[i] = HEADER.size
        inflate = zstandard.ZstdDecompressor()
        for i in np.flatnonzero(zipped).tolist():
            body = payloads[i][HEADER.size :]
            try:
                if 0 < zstandard.frame_content_size(body) <= MAX_BODY:
                    parts[i] = inflate.decompress(body, allow_extra_data=False)
            except zstandard.ZstdError:
                continue
        lengths = np.array([len(p) for p in parts], np.int64)
        self._flat: NDArray[np.uint8] = np.frombuffer(b"".join(parts), np.uint8)
        base = np.cumsum(lengths) - lengths + skip
        lengths -= skip
        good &= lengths >= short - HEADER.size
        rows = np.flatnonzero(good)
        self._kinds = np.zeros((m, columns + 1), np.uint8)
        self._kinds[rows] = self._flat[base[rows][:, None] + np.arange(columns + 1)]
        sizes, known = _sizes(self._kinds, self.counts)
        for c, channel in enumerate(group.channels):
            if channel.resolution <= 0:
                known &= self._kinds[:, c + 1] == RAW
        self.plain[:] = good & known & (sizes.sum(axis=1) + columns + 1 == lengths)
        self._at = base[:, None] + (columns + 1) + np.cumsum(sizes, axis=1) - sizes

    def alike(self, column: int) -> Iterator[tuple[Ints, int, int]]:
        """Plain payloads whose ``column`` has one kind and one count: rows, kind, count."""
        rows = np.flatnonzero(self.plain)
        if not len(rows):
            return
        sort = self._kinds[rows, column].astype(np.int64) << 32 | self.counts[rows]
        order = np.argsort(sort, kind="stable")
        rows, sort = rows[order], sort[order]
        edges = [0, *(np.flatnonzero(np.diff(sort)) + 1).tolist(), len(rows)]
        for a, z in zip(edges, edges[1:], strict=False):
            count = int(sort[a]) & 0xFFFFFFFF
            step = max(_ROOM // count, 1)
            for b in range(a, z, step):
                yield rows[b : min(b + step, z)], int(sort[a]) >> 32, count

    def column(self, rows: Ints, column: int, size: int, skip: int = 0) -> NDArray[np.uint8]:
        """uint8[len(rows), size]: a column's bytes, after its first ``skip``."""
        at = self._at[rows, column] + skip
        if len(rows) == 1:
            return self._flat[int(at[0]) : int(at[0]) + size].reshape(1, size)
        if size < _LONG:
            found: NDArray[np.uint8] = self._flat[at[:, None] + np.arange(size)]
            return found
        # copying long stretches one by one beats looking up every byte
        found = np.empty((len(rows), size), np.uint8)
        for i, first in enumerate(at.tolist()):
            found[i] = self._flat[first : first + size]
        return found


def _sizes(kinds: NDArray[np.uint8], counts: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Bytes int64[m, k+1] of each column, and for which payloads every kind is a known one."""
    widths = np.array([*WIDTHS, 0, 0, 0], np.int64)
    code = kinds & 7
    first = kinds >> 3 & 7
    masked = (kinds & NAN) != 0
    raw = kinds == RAW
    count = np.repeat(counts[:, None], kinds.shape[1], axis=1)
    count[:, 0] -= 1
    sizes = np.where(count > 0, widths[first] + widths[code] * (count - 1), 0)
    sizes += np.where(masked, (count + 7) // 8, 0)
    sizes = np.where(raw, 8 * count, sizes)
    known = raw | ((code <= 4) & (first <= 4) & (kinds < RAW))
    known[:, 0] = (code[:, 0] <= 4) & (first[:, 0] <= 4) & (kinds[:, 0] < NAN)
    return sizes, known.all(axis=1)


def _read_values(
    bodies: _Bodies,
    rows: Ints,
    column: int,
    kind: int,
    count: int,
    resolution: float,
    into: NDArray[np.floating[Any]],
    starts: Ints | None,
) -> None:
    """Put the values of a column of some payloads where they belong in ``into``."""
    m = len(rows)
    if kind == RAW:
        planes = bodies.column(rows, column, 8 * count).reshape(m, 8, count)
        floats = np.ascontiguousarray(planes.transpose(0, 2, 1)).view("<f8")
        _place(floats.reshape(m, count).astype(np.float64), into, rows, starts)
        return
    mask = (count + 7) // 8 if kind & NAN else 0
    data = bodies.column(rows, column, coded_size(kind & ~NAN, count), mask)
    values: NDArray[np.floating[Any]]
    factor, divide = scale(resolution)
    if into.dtype == _FLOAT32 and _largest(kind & ~NAN, count) <= _EXACT and _in_float32(factor):
        # Both numbers are exact in float32, and so the one rounding of the one operation gives
        # what rounding float64's result would: 53 bits are more than twice 24 and two.
        steps = read_small(data, kind & ~NAN, count).astype(_FLOAT32)
        place = None if mask else _table_part(into, rows, starts, count)
        values = steps if place is None else place
        (np.divide if divide else np.multiply)(steps, np.float32(factor), out=values)
        if place is not None:
            return
    else:
        values = dequantise(read_block(data, kind & ~NAN, count), resolution)
    if mask:
        bits = np.unpackbits(bodies.column(rows, column, mask), axis=1, count=count)
        values[bits.astype(np.bool_)] = np.nan
    _place(values, into, rows, starts)


def _largest(kind: int, count: int) -> int:
    """What no integer of a column of this kind goes beyond."""
    first, step = WIDTHS[kind >> 3], WIDTHS[kind & 7]
    return (1 << 8 * first >> 1) + (1 << 8 * step >> 1) * max(count - 1, 0)


def _in_float32(number: float) -> bool:
    return float(np.float32(number)) == number


def _place(
    block: NDArray[np.int64] | NDArray[np.floating[Any]],
    into: NDArray[np.int64] | NDArray[np.floating[Any]],
    rows: Ints,
    starts: Ints | None,
) -> None:
    """Put block[i] where the samples of payload rows[i] belong; without ``starts`` all payloads
    are of one length."""
    count = block.shape[1]
    if starts is not None:
        into[starts[rows][:, None] + np.arange(count)] = block
        return
    part = _table_part(into, rows, starts, count)
    if part is None:
        into.reshape(-1, count)[rows] = block
    else:
        part[...] = block


def _table_part(
    into: NDArray[Any], rows: Ints, starts: Ints | None, count: int
) -> NDArray[Any] | None:
    """The part of ``into`` where the samples of all ``rows`` lie one after the other; None where
    they do not."""
    first, last = int(rows[0]), int(rows[-1])
    if starts is not None or last - first != len(rows) - 1:  # rows rise
        return None
    return into.reshape(-1, count)[first : last + 1]
