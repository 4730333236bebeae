"""The packed payload: columns at the sensor's resolution, delta, byte shuffle, zstd.

Layout (little-endian), described in full in ``docs/wire.md``::

    header  magic u8 = 0xA1 | flags u8 (bit 0: body is zstd) | columns u16 | catalog u32 | count u32
    body    kind u8 for the time column and each value column, then each column's data

Values become integer steps of the channel's resolution, differences of neighbours are stored in
the narrowest of 0, 1, 2, 4, 8 bytes that holds them all, bytes of equal weight side by side.
Times are microseconds since the segment's first sample; their differences are coded like a value
column, so that a steady rate costs nothing per sample. NaN costs one bit per sample in a column
that has any. What does not fit (infinite, beyond 2**52 steps, resolution 0) is stored as float64.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import zstandard
from numpy.typing import NDArray

from pitwall.telemetry.channel import Group
from pitwall.telemetry.errors import BadPayload

MAGIC = 0xA1
MAX_SAMPLES = 1 << 20
MAX_COLUMNS = 512
MAX_BODY = 64 << 20
_HEADER = struct.Struct("<BBHII")
_ZSTD = 1
_ZSTD_FROM = 192
"""Bodies below this many bytes are not compressed: the frame costs more than it saves."""
_WIDTHS = (0, 1, 2, 4, 8)
_NAN = 0x40
_RAW = 0x80
_MAX_STEPS = float(1 << 52)
_INTS = {1: np.dtype("<i1"), 2: np.dtype("<i2"), 4: np.dtype("<i4"), 8: np.dtype("<i8")}

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Samples:
    """Decoded samples of one group.

    Attributes:
        t: int64[n], microseconds; relative to the segment's ``t_lo`` as decoded.
        values: float64[k, n], one row per channel of the group.
    """

    t: Ints
    values: Floats


def encode(t: Ints, values: Floats, group: Group, catalog_version: int) -> bytes:
    """Pack ``t`` (int64[n], microseconds, non-decreasing or not, any spacing) and ``values``
    (float64[k, n], k = channels of ``group``) into one payload.

    Times are stored relative to ``t[0]``. Raises BadPayload when shapes or bounds are wrong.
    """
    count = len(t)
    if values.shape != (len(group.channels), count) or not 0 < count <= MAX_SAMPLES:
        raise BadPayload(
            f"payload of {group.name}: {values.shape} values for {count} times and "
            f"{len(group.channels)} channels"
        )
    kinds = bytearray()
    parts: list[bytes] = []
    for coded in (
        _code_ints(np.diff(t.astype(np.int64))),
        *(
            _code_values(values[i], channel.resolution)
            for i, channel in enumerate(group.channels)
        ),
    ):
        kinds.append(coded[0])
        parts.append(coded[1])
    body = bytes(kinds) + b"".join(parts)
    return _assemble(body, len(group.channels), catalog_version, count)


def decode(payload: bytes, group: Group, catalog_version: int) -> Samples:
    """Unpack one payload. Raises BadPayload when it is damaged, truncated, beyond the bounds or
    of another catalog version."""
    columns, catalog, count, body = _open(payload)
    if catalog != catalog_version or columns != len(group.channels):
        raise BadPayload(
            f"payload of {group.name}: catalog {catalog:08x} with {columns} columns, expected "
            f"{catalog_version:08x} with {len(group.channels)}"
        )
    kinds = body[: columns + 1]
    if len(kinds) < columns + 1:
        raise BadPayload("payload: truncated column kinds")
    at = columns + 1
    steps, at = _take_ints(body, at, kinds[0], count - 1)
    t = np.zeros(count, np.int64)
    np.cumsum(steps, out=t[1:])
    values = np.empty((columns, count))
    for i, channel in enumerate(group.channels):
        values[i], at = _take_values(body, at, kinds[i + 1], count, channel.resolution)
    if at != len(body):
        raise BadPayload(f"payload: {len(body) - at} bytes too many")
    return Samples(t, values)


def sample_count(payload: bytes) -> int:
    """Number of samples stated in the header. Raises BadPayload."""
    if len(payload) < _HEADER.size:
        raise BadPayload(f"payload: {len(payload)} bytes, header needs {_HEADER.size}")
    magic, _, _, _, count = _HEADER.unpack_from(payload)
    if magic != MAGIC or not 0 < count <= MAX_SAMPLES:
        raise BadPayload(f"payload: not a packed payload (first byte {magic:#x}, {count} samples)")
    return int(count)


def catalog_of(payload: bytes) -> int:
    """Catalog version stated in the header. Raises BadPayload."""
    sample_count(payload)
    return int(_HEADER.unpack_from(payload)[3])


def encode_many(
    t: Ints, values: Floats, group: Group, catalog_version: int
) -> list[bytes]:
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
        q, ok = _quantise_block(values[:, i, :], channel.resolution)
        columns.append((q, ok))
        whole &= ok
    coded = [_code_block(steps)] + [_code_block(q) for q, _ in columns]
    kinds = np.stack([c[0] for c in coded], axis=1)
    out: list[bytes] = [b""] * m
    for i in np.flatnonzero(~whole):
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
            _block_bytes(first[chosen], deltas[chosen], int(kind))
            for (_, first, deltas), kind in zip(coded, signature, strict=True)
        ]
        block = np.concatenate(parts, axis=1)
        width = block.shape[1]
        flat = block.tobytes()
        if width < _ZSTD_FROM:
            head = _HEADER.pack(MAGIC, 0, k, catalog_version, n)
            for j, row in enumerate(chosen.tolist()):
                out[row] = head + flat[j * width : (j + 1) * width]
        else:
            for j, row in enumerate(chosen.tolist()):
                out[row] = _assemble(flat[j * width : (j + 1) * width], k, catalog_version, n)
    return out


def decode_many(
    payloads: Sequence[bytes], group: Group, catalog_version: int
) -> tuple[Ints, Samples, dict[int, BadPayload]]:
    """Unpack many payloads into one run of samples.

    Returns ``(counts, samples, bad)``: samples per payload (int64[m], 0 for a bad one), all
    samples one after the other in the order given, times relative to each payload's own start,
    and the error of each payload that could not be read, by position.
    """
    m = len(payloads)
    k = len(group.channels)
    counts = np.zeros(m, np.int64)
    bad: dict[int, BadPayload] = {}
    alike: dict[tuple[int, bytes], list[int]] = {}
    single: list[tuple[int, Samples]] = []
    prefix = _HEADER.size + k + 1
    for i, payload in enumerate(payloads):
        if len(payload) >= prefix and payload[1] == 0:
            alike.setdefault((len(payload), payload[:prefix]), []).append(i)
        else:
            _decode_one(i, payload, group, catalog_version, single, bad)
    blocks: list[tuple[list[int], Ints, Floats]] = []
    for (_, head), members in alike.items():
        done = _decode_block([payloads[i] for i in members], head, group, catalog_version)
        if done is None:
            for i in members:
                _decode_one(i, payloads[i], group, catalog_version, single, bad)
        else:
            counts[members] = done[0].shape[1]
            blocks.append((members, *done))
    for i, samples in single:
        counts[i] = len(samples.t)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]) if m else counts
    total = int(counts.sum())
    t = np.empty(total, np.int64)
    values = np.empty((k, total))
    for members, bt, bv in blocks:
        where = (starts[members][:, None] + np.arange(bt.shape[1])).reshape(-1)
        t[where] = bt.reshape(-1)
        values[:, where] = bv.reshape(k, -1)
    for i, samples in single:
        at = int(starts[i])
        t[at : at + len(samples.t)] = samples.t
        values[:, at : at + len(samples.t)] = samples.values
    return counts, Samples(t, values), bad


def _decode_one(
    i: int,
    payload: bytes,
    group: Group,
    catalog_version: int,
    single: list[tuple[int, Samples]],
    bad: dict[int, BadPayload],
) -> None:
    try:
        single.append((i, decode(payload, group, catalog_version)))
    except BadPayload as error:
        bad[i] = error


def _decode_block(
    payloads: list[bytes], head: bytes, group: Group, catalog_version: int
) -> tuple[Ints, Floats] | None:
    """Payloads of one length and one head at once: times int64[m, n], values float64[k, m, n].
    None when they need the careful path (NaN, raw floats, damage)."""
    magic, _, columns, catalog, count = _HEADER.unpack_from(head)
    kinds = head[_HEADER.size :]
    if (
        magic != MAGIC
        or columns != len(group.channels)
        or catalog != catalog_version
        or not 0 < count <= MAX_SAMPLES
        or any(kind & (_NAN | _RAW) or kind >> 3 > 4 or kind & 7 > 4 for kind in kinds)
    ):
        return None
    m = len(payloads)
    raw = np.frombuffer(b"".join(payloads), np.uint8).reshape(m, -1)
    at = _HEADER.size + columns + 1
    sizes = [_coded_size(kinds[0], count - 1)] + [_coded_size(x, count) for x in kinds[1:]]
    if at + sum(sizes) != raw.shape[1]:
        return None
    t = np.zeros((m, count), np.int64)
    steps = _read_block(raw[:, at : at + sizes[0]], kinds[0], count - 1)
    np.cumsum(steps, axis=1, out=t[:, 1:])
    at += sizes[0]
    values = np.empty((columns, m, count))
    for i, channel in enumerate(group.channels):
        q = _read_block(raw[:, at : at + sizes[i + 1]], kinds[i + 1], count)
        values[i] = _dequantise(q, channel.resolution)
        at += sizes[i + 1]
    return t, values


def _coded_size(kind: int, count: int) -> int:
    if count <= 0:
        return 0
    return _WIDTHS[kind >> 3] + _WIDTHS[kind & 7] * (count - 1)


def _read_block(raw: NDArray[np.uint8], kind: int, count: int) -> Ints:
    m = len(raw)
    out = np.zeros((m, max(count, 0)), np.int64)
    if count <= 0:
        return out
    wf, wd = _WIDTHS[kind >> 3], _WIDTHS[kind & 7]
    if wf:
        out[:, 0] = np.ascontiguousarray(raw[:, :wf]).view(_INTS[wf])[:, 0]
    if wd and count > 1:
        planes = raw[:, wf:].reshape(m, wd, count - 1)
        out[:, 1:] = np.ascontiguousarray(planes.transpose(0, 2, 1)).view(_INTS[wd])[:, :, 0]
    result: Ints = np.cumsum(out, axis=1)
    return result


def _assemble(body: bytes, columns: int, catalog_version: int, count: int) -> bytes:
    flags = 0
    if len(body) >= _ZSTD_FROM:
        packed = zstandard.ZstdCompressor(level=6, write_checksum=False).compress(body)
        if len(packed) < len(body):
            flags, body = _ZSTD, packed
    return _HEADER.pack(MAGIC, flags, columns, catalog_version, count) + body


def _open(payload: bytes) -> tuple[int, int, int, bytes]:
    count = sample_count(payload)
    _, flags, columns, catalog, _ = _HEADER.unpack_from(payload)
    body = payload[_HEADER.size :]
    if flags & ~_ZSTD or columns > MAX_COLUMNS:
        raise BadPayload(f"payload: unknown flags {flags:#x} or {columns} columns")
    if flags & _ZSTD:
        try:
            if not 0 < zstandard.frame_content_size(body) <= MAX_BODY:
                raise BadPayload(f"payload: body claims more than {MAX_BODY} bytes or no size")
            body = zstandard.ZstdDecompressor().decompress(body, max_output_size=MAX_BODY)
        except zstandard.ZstdError as error:
            raise BadPayload(f"payload: damaged zstd body ({error})") from error
    return columns, catalog, count, body


def _scale(resolution: float) -> tuple[float, bool]:
    """``(factor, divide)``: steps / factor or steps * factor gives the value. Dividing by a whole
    number gives the decimal nearest to what the sensor said (0.1 is not a binary fraction)."""
    inverse = round(1 / resolution) if resolution < 1 else 0
    if inverse and abs(inverse * resolution - 1) < 1e-12:
        return float(inverse), True
    return resolution, False


def _dequantise(q: Ints, resolution: float) -> Floats:
    factor, divide = _scale(resolution)
    return q / factor if divide else q * factor


def _quantise_block(values: Floats, resolution: float) -> tuple[Ints, NDArray[np.bool_]]:
    """Steps int64[m, n] and which rows fit the integer form."""
    if resolution <= 0:
        return np.zeros(values.shape, np.int64), np.zeros(len(values), np.bool_)
    factor, divide = _scale(resolution)
    with np.errstate(invalid="ignore", over="ignore"):
        steps = np.rint(values * factor if divide else values / factor)
        fits = np.abs(steps) <= _MAX_STEPS
    ok: NDArray[np.bool_] = fits.all(axis=1)
    return np.where(fits, steps, 0).astype(np.int64), ok


def _code_block(q: Ints) -> tuple[NDArray[np.uint8], Ints, Ints]:
    """Kinds uint8[m], first values int64[m], differences int64[m, n-1] of rows of integers."""
    m, n = q.shape
    if n == 0:
        return np.zeros(m, np.uint8), np.zeros(m, np.int64), np.zeros((m, 0), np.int64)
    first = q[:, 0]
    deltas = np.diff(q, axis=1)
    kinds = _width_codes(first) << 3
    if n > 1:
        kinds |= np.maximum(_width_codes(deltas.min(axis=1)), _width_codes(deltas.max(axis=1)))
    return kinds, first, deltas


def _width_codes(x: Ints) -> NDArray[np.uint8]:
    codes = (x != 0).astype(np.uint8)
    for limit in (7, 15, 31):
        codes += ((x < -(1 << limit)) | (x >= 1 << limit)).astype(np.uint8)
    return codes


def _block_bytes(first: Ints, deltas: Ints, kind: int) -> NDArray[np.uint8]:
    m = len(first)
    wf, wd = _WIDTHS[kind >> 3], _WIDTHS[kind & 7]
    parts = []
    if wf:
        parts.append(first.astype(_INTS[wf]).view(np.uint8).reshape(m, wf))
    if wd and deltas.shape[1]:
        planes = deltas.astype(_INTS[wd]).view(np.uint8).reshape(m, -1, wd)
        parts.append(planes.transpose(0, 2, 1).reshape(m, -1))
    return np.concatenate(parts, axis=1) if parts else np.zeros((m, 0), np.uint8)


def _code_ints(q: Ints) -> tuple[int, bytes]:
    kinds, first, deltas = _code_block(q.reshape(1, -1))
    kind = int(kinds[0])
    return kind, _block_bytes(first, deltas, kind).tobytes()


def _code_values(values: Floats, resolution: float) -> tuple[int, bytes]:
    nan = np.isnan(values)
    filled = values
    mask = b""
    if nan.any():
        # A NaN takes the value before it, so that it costs a zero difference and one mask bit.
        last = np.maximum.accumulate(np.where(nan, -1, np.arange(len(values))))
        filled = np.where(last >= 0, values[np.maximum(last, 0)], 0.0)
        mask = np.packbits(nan).tobytes()
    q, ok = _quantise_block(filled.reshape(1, -1), resolution)
    if not ok[0]:
        raw = values.astype("<f8").view(np.uint8).reshape(-1, 8)
        return _RAW, raw.T.tobytes()
    kind, data = _code_ints(q[0])
    return (kind | _NAN, mask + data) if mask else (kind, data)


def _slice(body: bytes, at: int, size: int) -> bytes:
    part = body[at : at + size]
    if len(part) != size:
        raise BadPayload(f"payload: truncated at byte {at} of the body, {size} expected")
    return part


def _take_ints(body: bytes, at: int, kind: int, count: int) -> tuple[Ints, int]:
    if kind & (_NAN | _RAW) or kind >> 3 > 4 or kind & 7 > 4:
        raise BadPayload(f"payload: unknown column kind {kind:#x}")
    size = _coded_size(kind, count)
    raw = np.frombuffer(_slice(body, at, size), np.uint8).reshape(1, size)
    return _read_block(raw, kind, count)[0], at + size


def _take_values(
    body: bytes, at: int, kind: int, count: int, resolution: float
) -> tuple[Floats, int]:
    if kind == _RAW:
        raw = np.frombuffer(_slice(body, at, 8 * count), np.uint8).reshape(8, count)
        floats = np.ascontiguousarray(raw.T).view("<f8").reshape(count).astype(np.float64)
        return floats, at + 8 * count
    if resolution <= 0:
        raise BadPayload(f"payload: column kind {kind:#x} for a channel stored as float64")
    nan: NDArray[np.bool_] | None = None
    if kind & _NAN:
        size = (count + 7) // 8
        bits = np.frombuffer(_slice(body, at, size), np.uint8)
        nan = np.unpackbits(bits, count=count).astype(np.bool_)
        at += size
    q, at = _take_ints(body, at, kind & ~_NAN, count)
    values = _dequantise(q, resolution)
    if nan is not None:
        values[nan] = np.nan
    return values, at
