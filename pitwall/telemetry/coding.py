"""Columns of numbers as bytes: steps of a resolution, differences, narrow widths, byte planes.

The kind byte of an integer column: bits 0-2 code the width of the differences, bits 3-5 that of
the first value, bit 6 says that a NaN mask stands before it; 0x80 alone is plain float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTHS = (0, 1, 2, 4, 8)
NAN = 0x40
RAW = 0x80
MAX_STEPS = float(1 << 52)
INTS: dict[int, np.dtype[np.signedinteger[Any]]] = {
    width: np.dtype(f"<i{width}") for width in WIDTHS if width
}

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def coded_size(kind: int, count: int) -> int:
    """Bytes of an integer column of ``count`` values, without its NaN mask."""
    if count <= 0:
        return 0
    return WIDTHS[kind >> 3] + WIDTHS[kind & 7] * (count - 1)


def read_block(raw: NDArray[np.uint8], kind: int, count: int) -> Ints:
    """Integers int64[m, count] of m columns of one kind; ``raw`` is uint8[m, coded_size]."""
    m = len(raw)
    out = np.zeros((m, max(count, 0)), np.int64)
    if count <= 0:
        return out
    wf, wd = WIDTHS[kind >> 3], WIDTHS[kind & 7]
    if wf:
        out[:, 0] = np.ascontiguousarray(raw[:, :wf]).view(INTS[wf])[:, 0]
    if wd and count > 1:
        planes = raw[:, wf:].reshape(m, wd, count - 1)
        out[:, 1:] = np.ascontiguousarray(planes.transpose(0, 2, 1)).view(INTS[wd])[:, :, 0]
    result: Ints = np.cumsum(out, axis=1)
    return result


def read_small(raw: NDArray[np.uint8], kind: int, count: int) -> NDArray[np.int32]:
    """As :func:`read_block`, for columns that cannot go beyond 32 bits: in half the memory."""
    m = len(raw)
    out = np.zeros((m, max(count, 0)), np.int32)
    if count <= 0:
        return out
    wf, wd = WIDTHS[kind >> 3], WIDTHS[kind & 7]
    if wf:
        out[:, 0] = np.ascontiguousarray(raw[:, :wf]).view(INTS[wf])[:, 0]
    if wd == 1:
        out[:, 1:] = raw[:, wf:].view(np.int8)
    elif wd and count > 1:
        # byte planes put together by arithmetic: cheaper than side by side in memory
        planes = raw[:, wf:].reshape(m, wd, count - 1)
        out[:, 1:] = planes[:, wd - 1].view(np.int8)
        for plane in range(wd - 2, -1, -1):
            out[:, 1:] <<= 8
            out[:, 1:] |= planes[:, plane]
    result: NDArray[np.int32] = np.cumsum(out, axis=1, dtype=np.int32, out=out)
    return result


def scale(resolution: float) -> tuple[float, bool]:
    """``(factor, divide)``: steps / factor or steps * factor gives the value. Dividing by a whole
    number gives the decimal nearest to what the sensor said (0.1 is not a binary fraction)."""
    inverse = round(1 / resolution) if resolution < 1 else 0
    if inverse and abs(inverse * resolution - 1) < 1e-12:
        return float(inverse), True
    return resolution, False


def dequantise(q: Ints, resolution: float) -> Floats:
    """Values of integer steps."""
    factor, divide = scale(resolution)
    return np.divide(q, factor) if divide else np.multiply(q, factor, dtype=np.float64)


def steps_of(values: Floats, resolution: float) -> Floats:
    """Values in whole steps of a resolution above 0, still as floats of values' shape."""
    factor, divide = scale(resolution)
    return np.rint(values * factor if divide else values / factor)


def quantise_block(values: Floats, resolution: float) -> tuple[Ints, NDArray[np.bool_]]:
    """Steps int64[m, n] and which rows fit the integer form."""
    if resolution <= 0:
        return np.zeros(values.shape, np.int64), np.zeros(len(values), np.bool_)
    with np.errstate(invalid="ignore", over="ignore"):
        steps = steps_of(values, resolution)
        fits = np.abs(steps) <= MAX_STEPS
    ok: NDArray[np.bool_] = np.all(fits, axis=1)
    return np.where(fits, steps, 0).astype(np.int64), ok


def code_block(q: Ints) -> tuple[NDArray[np.uint8], Ints, Ints]:
    """Kinds uint8[m], first values int64[m], differences int64[m, n-1] of rows of integers."""
    m, n = q.shape
    if n == 0:
        return np.zeros(m, np.uint8), np.zeros(m, np.int64), np.zeros((m, 0), np.int64)
    first = q[:, 0]
    deltas: Ints = q[:, 1:] - q[:, :-1]
    kinds = _width_codes(first) << np.uint8(3)
    if n > 1:
        kinds |= np.maximum(_width_codes(deltas.min(axis=1)), _width_codes(deltas.max(axis=1)))
    return kinds, first, deltas


def _width_codes(x: Ints) -> NDArray[np.uint8]:
    codes: NDArray[np.uint8] = (x != 0).astype(np.uint8)
    for limit in (7, 15, 31):
        codes += (x < -(1 << limit)) | (x >= 1 << limit)
    return codes


def width_code(low: int, high: int) -> int:
    """The code of the narrowest width that holds both."""
    if low == high == 0:
        return 0
    for code, limit in ((1, 7), (2, 15), (3, 31)):
        if -(1 << limit) <= low and high < 1 << limit:
            return code
    return 4


def block_bytes(first: Ints, deltas: Ints, kind: int) -> NDArray[np.uint8]:
    """The data of m columns of one kind: uint8[m, coded_size]."""
    m = len(first)
    wf, wd = WIDTHS[kind >> 3], WIDTHS[kind & 7]
    parts: list[NDArray[np.uint8]] = []
    if wf:
        parts.append(first.astype(INTS[wf]).view(np.uint8).reshape(m, wf))
    if wd and deltas.shape[1]:
        planes = deltas.astype(INTS[wd]).view(np.uint8).reshape(m, -1, wd)
        parts.append(planes.transpose(0, 2, 1).reshape(m, -1))
    if not parts:
        return np.zeros((m, 0), np.uint8)
    data: NDArray[np.uint8] = np.concatenate(parts, axis=1)
    return data
