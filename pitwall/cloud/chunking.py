"""Cutting a series' samples into chunks, many at a time."""

from __future__ import annotations

from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from pitwall.cloud import keys
from pitwall.telemetry import BadInput, Group, Segment, Series, chunk, encode_many
from pitwall.telemetry.names import MAX_LAP, MAX_N, check_series

Ints = NDArray[np.int64]

_AT_ONCE = 1 << 20
"""Samples handed to the encoder in one go: bounds the memory that a whole race takes."""
_MAX_COUNT = 65_535
"""Samples in one chunk: what a sealed lap's counts hold."""


def chunk_samples(
    series: Series,
    group: Group,
    t_us: Ints,
    values: NDArray[np.float64],
    lap: Ints,
    catalog_version: int,
    first_n: int = 1,
    *,
    origin_us: int = 0,
) -> list[Segment]:
    """Cut samples into chunks of ``group.chunk_us`` of event time, in order.

    Args:
        series: whose samples; its counter runs on from ``first_n``.
        group: the channels of ``values`` and the span of a chunk.
        t_us: int64[n], event time, microseconds UTC, never falling.
        values: float64[k, n], a row per channel of ``group``.
        lap: int[n], lap of each sample; a chunk belongs to the lap of its first sample.
        catalog_version: what the payloads state.
        origin_us: a chunk boundary lies here (the session's start) and every ``chunk_us`` from it.

    Returns:
        One segment per chunk that has samples; n rises by one from each to the next.

    Raises:
        BadInput: shapes that do not fit, times that fall, laps or times that keys cannot hold.
    """
    count = len(t_us)
    if values.shape != (len(group.channels), count) or len(lap) != count:
        raise BadInput(
            f"samples of {group.name}: {values.shape} values and {len(lap)} laps for {count} times"
        )
    if group.chunk_us <= 0:
        raise BadInput(f"group {group.name}: chunks of {group.chunk_us} µs")
    check_series(series)
    if count == 0:
        return []
    _check_bounds(group, t_us, lap)
    starts, sizes, payloads = encode_chunks(
        group, t_us, values, catalog_version, origin_us=origin_us
    )
    if first_n < 1 or first_n + len(starts) - 1 > MAX_N:
        raise BadInput(f"samples of {group.name}: n from {first_n} on does not fit 8 digits")
    t_lo = t_us[starts].tolist()
    t_hi = t_us[starts + sizes - 1].tolist()
    numbers = range(first_n, first_n + len(starts))
    laps = lap[starts].tolist()
    return list(map(chunk, repeat(series), numbers, laps, t_lo, t_hi, sizes.tolist(), payloads))


def encode_chunks(
    group: Group,
    t_us: Ints,
    values: NDArray[np.float64],
    catalog_version: int,
    *,
    origin_us: int = 0,
) -> tuple[Ints, Ints, list[bytes]]:
    """The cuts and payloads of :func:`chunk_samples`, without identities: ``(starts, sizes,
    payloads)``, the first sample and the number of samples of each chunk. Payloads hold relative
    times, so they stay the same when times and origin are shifted together."""
    starts = _starts((t_us - origin_us) // group.chunk_us)
    sizes = np.diff(np.append(starts, len(t_us)))
    return starts, sizes, _encode(t_us, values, starts, sizes, group, catalog_version)


def _check_bounds(group: Group, t_us: Ints, lap: Ints) -> None:
    falls = np.flatnonzero(np.diff(t_us) < 0)
    if len(falls):
        raise BadInput(
            f"samples of {group.name}: time falls from {t_us[falls[0]]} to {t_us[falls[0] + 1]} µs "
            f"at sample {falls[0] + 1}"
        )
    if t_us[0] < 0 or t_us[-1] > keys.MAX_T:
        raise BadInput(f"samples of {group.name}: times outside 0..{keys.MAX_T} µs")
    if lap.min() < 0 or lap.max() > MAX_LAP:
        raise BadInput(
            f"samples of {group.name}: laps {lap.min()} to {lap.max()}, keys hold 0..{MAX_LAP}"
        )


def _starts(bins: Ints) -> Ints:
    """First sample of each chunk; a bin with more samples than a chunk may hold is cut again."""
    starts = np.append(0, np.flatnonzero(np.diff(bins)) + 1)
    sizes = np.diff(np.append(starts, len(bins)))
    for i in np.flatnonzero(sizes > _MAX_COUNT)[::-1]:
        cuts = np.arange(starts[i] + _MAX_COUNT, starts[i] + sizes[i], _MAX_COUNT)
        starts = np.insert(starts, i + 1, cuts)
    return starts


def _encode(
    t_us: Ints,
    values: NDArray[np.float64],
    starts: Ints,
    sizes: Ints,
    group: Group,
    catalog_version: int,
) -> list[bytes]:
    """Payload of each chunk; chunks of equal length go through the encoder together."""
    out: list[bytes] = [b""] * len(starts)
    for size in np.unique(sizes).tolist():
        alike = np.flatnonzero(sizes == size)
        step = max(1, _AT_ONCE // size)
        for at in range(0, len(alike), step):
            some = alike[at : at + step]
            where = starts[some][:, None] + np.arange(size)
            block = values[:, where].transpose(1, 0, 2)
            for i, payload in zip(
                some.tolist(), encode_many(t_us[where], block, group, catalog_version), strict=True
            ):
                out[i] = payload
    return out
