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
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from pitwall.telemetry.channel import Group
from pitwall.telemetry.coding import (
    INTS,
    MAX_STEPS,
    NAN,
    RAW,
    WIDTHS,
    Floats,
    Ints,
    coded_size,
    dequantise,
    quantise_block,
    read_block,
    steps_of,
    width_code,
)
from pitwall.telemetry.errors import BadPayload

MAGIC = 0xA1
MAX_SAMPLES = 1 << 20
MAX_COLUMNS = 512
MAX_VALUES = 1 << 23
"""Samples times columns: bounds what a few bytes can claim in memory (64 MB)."""
MAX_BODY = 64 << 20
HEADER = struct.Struct("<BBHII")
ZSTD = 1
ZSTD_FROM = 192
"""Bodies below this many bytes are not compressed: the frame costs more than it saves."""
_of_thread = threading.local()


@dataclass(frozen=True, slots=True)
class Samples:
    """Decoded samples of one group.

    Attributes:
        t: int64[n], microseconds; relative to the segment's ``t_lo`` as decoded.
        values: float64[k, n], one row per channel of the group; float32 where the reader asked
            for it.
    """

    t: Ints
    values: NDArray[np.floating[Any]]


def encode(
    t: Ints,
    values: NDArray[np.floating[Any]],
    group: Group,
    catalog_version: int,
    *,
    squeeze: bool = True,
) -> bytes:
    """Pack ``t`` (int64[n], microseconds, non-decreasing or not, any spacing) and ``values``
    (float64[k, n], k = channels of ``group``) into one payload.

    Times are stored relative to ``t[0]``. ``squeeze=False`` leaves out zstd: half as long again,
    and quicker to make and to read, for what is packed anew before long. Raises BadPayload when
    shapes or bounds are wrong.
    """
    count = len(t)
    # In float32 the steps themselves would be rounded.
    values = np.asarray(values, np.float64)
    if (
        values.shape != (len(group.channels), count)
        or not 0 < count <= MAX_SAMPLES
        or values.size > MAX_VALUES
    ):
        raise BadPayload(
            f"payload of {group.name}: {values.shape} values for {count} times and "
            f"{len(group.channels)} channels"
        )
    times = t.astype(np.int64)
    kinds = bytearray()
    parts: list[bytes] = []
    with np.errstate(invalid="ignore", over="ignore"):
        for coded in (
            _code_ints(times[1:] - times[:-1]),
            *(_code_values(values[i], c.resolution) for i, c in enumerate(group.channels)),
        ):
            kinds.append(coded[0])
            parts.append(coded[1])
    body = bytes(kinds) + b"".join(parts)
    return assemble(body, len(group.channels), catalog_version, count, squeeze=squeeze)


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
    if len(payload) < HEADER.size:
        raise BadPayload(f"payload: {len(payload)} bytes, header needs {HEADER.size}")
    magic, _, _, _, count = HEADER.unpack_from(payload)
    if magic != MAGIC or not 0 < count <= MAX_SAMPLES:
        raise BadPayload(f"payload: not a packed payload (first byte {magic:#x}, {count} samples)")
    return int(count)


def catalog_of(payload: bytes) -> int:
    """Catalog version stated in the header. Raises BadPayload."""
    sample_count(payload)
    return int(HEADER.unpack_from(payload)[3])


def assemble(
    body: bytes, columns: int, catalog_version: int, count: int, *, squeeze: bool = True
) -> bytes:
    """Header and body as one payload; the body compressed where that is shorter."""
    flags = 0
    if len(body) > MAX_BODY:
        raise BadPayload(f"payload: {len(body)} bytes before packing, {MAX_BODY} at most")
    if squeeze and len(body) >= ZSTD_FROM:
        packed = _compressor().compress(body)
        if len(packed) < len(body):
            flags, body = ZSTD, packed
    return HEADER.pack(MAGIC, flags, columns, catalog_version, count) + body


def _compressor() -> zstandard.ZstdCompressor:
    """This thread's compressor: making one costs more than a chunk's compression."""
    found: zstandard.ZstdCompressor | None = getattr(_of_thread, "compressor", None)
    if found is None:
        found = _of_thread.compressor = zstandard.ZstdCompressor(level=6, write_checksum=False)
    return found


def _open(payload: bytes) -> tuple[int, int, int, bytes]:
    count = sample_count(payload)
    _, flags, columns, catalog, _ = HEADER.unpack_from(payload)
    body = payload[HEADER.size :]
    if flags & ~ZSTD or columns > MAX_COLUMNS or columns * count > MAX_VALUES:
        raise BadPayload(f"payload: unknown flags {flags:#x}, or {columns} columns of {count}")
    if flags & ZSTD:
        try:
            if not 0 < zstandard.frame_content_size(body) <= MAX_BODY:
                raise BadPayload(f"payload: body claims more than {MAX_BODY} bytes or no size")
            body = zstandard.ZstdDecompressor().decompress(body, allow_extra_data=False)
        except zstandard.ZstdError as error:
            raise BadPayload(f"payload: damaged zstd body ({error})") from error
    return columns, catalog, count, body


def _code_ints(q: Ints) -> tuple[int, bytes]:
    """One row of :func:`pitwall.telemetry.coding.code_block`, without the cost of blocks."""
    count = len(q)
    if count == 0:
        return 0, b""
    first = int(q[0])
    kind = width_code(first, first) << 3
    data = first.to_bytes(WIDTHS[kind >> 3], "little", signed=True) if kind else b""
    if count > 1:
        deltas = q[1:] - q[:-1]
        code = width_code(int(deltas.min()), int(deltas.max()))
        if code:
            width = WIDTHS[code]
            data += deltas.astype(INTS[width]).view(np.uint8).reshape(-1, width).T.tobytes()
        kind |= code
    return kind, data


def _code_values(values: Floats, resolution: float) -> tuple[int, bytes]:
    if resolution > 0:
        steps = steps_of(values, resolution)
        # Not so for NaN and infinities either.
        if np.abs(steps).max() <= MAX_STEPS:
            return _code_ints(steps.astype(np.int64))
    nan = np.isnan(values)
    filled = values
    mask = b""
    if nan.any():
        # A NaN takes the value before it, so that it costs a zero difference and one mask bit.
        last = np.maximum.accumulate(np.where(nan, -1, np.arange(len(values))))
        filled = np.where(last >= 0, values[np.maximum(last, 0)], 0.0)
        mask = np.packbits(nan).tobytes()
    q, ok = quantise_block(filled.reshape(1, -1), resolution)
    if not ok[0]:
        raw = values.astype("<f8").view(np.uint8).reshape(-1, 8)
        return RAW, raw.T.tobytes()
    kind, data = _code_ints(q[0])
    return (kind | NAN, mask + data) if mask else (kind, data)


def _slice(body: bytes, at: int, size: int) -> bytes:
    part = body[at : at + size]
    if len(part) != size:
        raise BadPayload(f"payload: truncated at byte {at} of the body, {size} expected")
    return part


def _take_ints(body: bytes, at: int, kind: int, count: int) -> tuple[Ints, int]:
    if kind & (NAN | RAW) or kind >> 3 > 4 or kind & 7 > 4:
        raise BadPayload(f"payload: unknown column kind {kind:#x}")
    size = coded_size(kind, count)
    raw = np.frombuffer(_slice(body, at, size), np.uint8).reshape(1, size)
    return read_block(raw, kind, count)[0], at + size


def _take_values(
    body: bytes, at: int, kind: int, count: int, resolution: float
) -> tuple[Floats, int]:
    if kind == RAW:
        raw = np.frombuffer(_slice(body, at, 8 * count), np.uint8).reshape(8, count)
        floats = np.ascontiguousarray(raw.T).view("<f8").reshape(count).astype(np.float64)
        return floats, at + 8 * count
    if resolution <= 0:
        raise BadPayload(f"payload: column kind {kind:#x} for a channel stored as float64")
    nan: NDArray[np.bool_] | None = None
    if kind & NAN:
        size = (count + 7) // 8
        bits = np.frombuffer(_slice(body, at, size), np.uint8)
        nan = np.unpackbits(bits, count=count).astype(np.bool_)
        at += size
    q, at = _take_ints(body, at, kind & ~NAN, count)
    values = dequantise(q, resolution)
    if nan is not None:
        values[nan] = np.nan
    return values, at
