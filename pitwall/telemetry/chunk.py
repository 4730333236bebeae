"""Series, chunks and segments: the identity that makes loss provable.

A chunk is one car's samples of one group over a short span; its identity is
``(series, n)``. A segment is a run of chunks ``n_lo..n_hi`` of one series in one payload:
a chunk is a segment of one.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Series:
    """One producer's counter line.

    Attributes:
        session: session key, ``<date>-<event>-<name>``.
        car: the car's number or id, as text.
        group: channel group name.
        epoch: the producer's boot id; a reboot starts a new counter line.
    """

    session: str
    car: str
    group: str
    epoch: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of chunks in one payload.

    Attributes:
        series: whose counter ``n`` is.
        n_lo, n_hi: first and last chunk counter, both included; counters start at 1.
        lap: lap of the first sample as the producer counts it (0 = before the first crossing).
        t_lo, t_hi: event time of the first and last sample, microseconds UTC.
        counts: samples in each chunk, ``n_hi - n_lo + 1`` entries.
        crcs: :func:`chunk_crc` of each original chunk, same length.
        payload: packed samples of the whole run (:mod:`pitwall.telemetry.payload`), with
            times relative to ``t_lo``.
    """

    series: Series
    n_lo: int
    n_hi: int
    lap: int
    t_lo: int
    t_hi: int
    counts: tuple[int, ...]
    crcs: tuple[int, ...]
    payload: bytes = field(repr=False)

    @property
    def chunks(self) -> int:
        """Number of chunks in the run."""
        return self.n_hi - self.n_lo + 1


@dataclass(frozen=True, slots=True)
class Head:
    """A producer's once-a-second record of its newest counters: heartbeat and completeness.

    Attributes:
        session, car, epoch: which producer.
        t_first: event time of the producer's first sample, microseconds UTC.
        t: event time of this head, microseconds UTC; it never falls within an epoch.
        lap: the producer's current lap.
        n: newest counter per group, 0 where nothing was written yet.
        ended: True in the last head of an epoch: the counters are final.
    """

    session: str
    car: str
    epoch: str
    t_first: int
    t: int
    lap: int
    n: dict[str, int]
    ended: bool = False


def chunk_crc(t_lo: int, payload: bytes) -> int:
    """crc32 over the chunk's start time (int64, little-endian) and its payload.

    The start time is part of it because payloads hold times relative to it: the same
    samples at another time are another chunk.
    """
    return zlib.crc32(payload, zlib.crc32(t_lo.to_bytes(8, "little", signed=True)))


def chunk(
    series: Series, n: int, lap: int, t_lo: int, t_hi: int, samples: int, payload: bytes
) -> Segment:
    """The segment of one chunk, with its crc computed."""
    return Segment(series, n, n, lap, t_lo, t_hi, (samples,), (chunk_crc(t_lo, payload),), payload)
