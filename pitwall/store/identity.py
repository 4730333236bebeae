"""What a segment must be to be let in, and cutting runs of chunks to size.

Damage ends in quarantine with its reason; it never raises, never reaches the columns and never
moves the books, except that a known identity is booked as "quarantined".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitwall.store.batch import Quarantined, Source
from pitwall.store.columns import values_dtype
from pitwall.telemetry import (
    BadPayload,
    Group,
    Head,
    Samples,
    Segment,
    Series,
    Session,
    chunk_crc,
    decode,
    decode_many,
    encode,
    sample_count,
)
from pitwall.telemetry.names import MAX_LAP, MAX_N, is_car, is_epoch

MAX_CHUNK_SAMPLES = 65_535
MAX_SPAN_US = 24 * 3600 * 1_000_000
T_MIN = 946_684_800_000_000
"""2000-01-01, microseconds UTC."""
T_MAX = 4_102_444_800_000_000
"""2100-01-01."""
MAX_DECODED = 1 << 20
"""Samples decoded at a time: bounds the memory a batch can claim."""
LONG = 4096
"""Samples of one series that are worth an array of their own."""
Unpack = Callable[
    [Sequence[bytes], Group, int, np.dtype[np.floating[Any]]],
    tuple[NDArray[np.int64], Samples, dict[int, BadPayload]],
]
"""Unpacks payloads of a group, of a catalog's version, into values of a type."""


@dataclass(slots=True)
class Candidate:
    """A segment on its way in."""

    segment: Segment
    source: Source
    received_us: int
    samples: Samples | None = None


def series_fault(series: Series, session: Session) -> str | None:
    """Why this series cannot belong to the session; None when it can."""
    if series.session != session.key:
        return f"belongs to session {series.session[:80]!r}"
    if not is_car(series.car):
        return "car id is not 1 to 16 printable characters without '#'"
    if not is_epoch(series.epoch):
        return "epoch is not 1 to 16 of a-z and 0-9"
    try:
        session.catalog.group(series.group)
    except KeyError:
        return f"unknown channel group {series.group[:40]!r}"
    return None


def segment_fault(segment: Segment) -> str | None:
    """What is wrong with a segment, apart from its series, before its payload is opened; None
    when nothing is."""
    if not 1 <= segment.n_lo <= segment.n_hi <= MAX_N:
        return f"counters {segment.n_lo}..{segment.n_hi} are out of bounds"
    chunks = segment.chunks
    if len(segment.counts) != chunks or len(segment.crcs) != chunks:
        return f"{len(segment.counts)} counts and {len(segment.crcs)} crcs for {chunks} chunks"
    if not 0 <= segment.lap <= MAX_LAP:
        return f"lap {segment.lap} is out of bounds"
    if not T_MIN <= segment.t_lo <= T_MAX or abs(segment.t_hi - segment.t_lo) > MAX_SPAN_US:
        return "time is out of bounds"
    if min(segment.counts) < 1 or max(segment.counts) > MAX_CHUNK_SAMPLES:
        return "a chunk is empty or too large"
    if min(segment.crcs) < 0 or max(segment.crcs) > 0xFFFFFFFF:
        return "a crc is not 32 bits"
    if chunks == 1 and chunk_crc(segment.t_lo, segment.payload) != segment.crcs[0]:
        return "crc does not match"
    try:
        stated = sample_count(segment.payload)
    except BadPayload as error:
        return str(error)
    if stated != sum(segment.counts):
        return f"payload has {stated} samples, {sum(segment.counts)} announced"
    return None


def head_fault(head: Head, session: Session) -> str | None:
    """What is wrong with a head; None when nothing is."""
    for group in head.n:
        fault = series_fault(Series(head.session, head.car, group, head.epoch), session)
        if fault is not None:
            return fault
    if not all(0 <= n <= MAX_N for n in head.n.values()):
        return "a counter is out of bounds"
    if not (T_MIN <= head.t <= T_MAX and T_MIN <= head.t_first <= T_MAX):
        return "time is out of bounds"
    if not 0 <= head.lap <= MAX_LAP:
        return f"lap {head.lap} is out of bounds"
    return None


def open_segments(
    segments: Sequence[Segment], session: Session, unpack: Unpack = decode_many
) -> tuple[tuple[Segment, ...], tuple[Samples | None, ...]]:
    """Decode segments where there is time for it: the writer then need not.

    Returns the segments, each ``t_hi`` as its samples have it, and their samples, None for those
    that the writer will find a fault with. Any thread may call it; ``unpack`` does the work as
    :func:`pitwall.telemetry.decode_many` does it.
    """
    candidates = [Candidate(segment, Source.ARCHIVE, 0) for segment in segments]
    sound = [
        candidate
        for candidate in candidates
        if series_fault(candidate.segment.series, session) is None
        and segment_fault(candidate.segment) is None
    ]
    for candidate, _ in decode_all(sound, session, unpack):
        candidate.samples = None
    return tuple(c.segment for c in candidates), tuple(c.samples for c in candidates)


def decode_all(
    candidates: Sequence[Candidate], session: Session, unpack: Unpack = decode_many
) -> list[tuple[Candidate, str]]:
    """Fill in ``samples`` of each candidate that has none. Returns those that cannot be used, with
    the reason."""
    bad: list[tuple[Candidate, str]] = []
    by_group: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        if candidate.samples is not None:
            continue
        by_group.setdefault(candidate.segment.series.group, []).append(candidate)
    version = session.catalog.version
    for name, members in by_group.items():
        group = session.catalog.group(name)
        for part in _portions(members):
            bad += _decode_portion(part, group, version, unpack)
    return bad


def _portions(members: list[Candidate]) -> list[list[Candidate]]:
    """Those whose samples are unpacked into one array: of one series where that makes it long,
    for then the array as a whole can go into the columns, and out of them."""
    out: list[list[Candidate]] = [[]]
    room = MAX_DECODED
    held = 0
    for candidate in members:
        samples = sum(candidate.segment.counts)
        mine = not out[-1] or out[-1][-1].segment.series == candidate.segment.series
        if (samples > room or (not mine and held >= LONG)) and out[-1]:
            out.append([])
            room, held = MAX_DECODED, 0
        held += samples
        out[-1].append(candidate)
        room -= samples
    return out


def _decode_portion(
    part: list[Candidate], group: Group, version: int, unpack: Unpack
) -> list[tuple[Candidate, str]]:
    bad: list[tuple[Candidate, str]] = []
    # As they are kept: what is rounded afterwards costs twice the memory meanwhile.
    counts, samples, errors = unpack(
        [c.segment.payload for c in part], group, version, values_dtype(group)
    )
    ends = np.cumsum(counts)
    good = np.flatnonzero(counts)
    starts = (ends - counts)[good]
    low, high, last = np.zeros((3, len(part)), np.int64)
    if len(good):
        low[good] = np.minimum.reduceat(samples.t, starts)
        high[good] = np.maximum.reduceat(samples.t, starts)
        last[good] = samples.t[ends[good] - 1]
    wild = ((low < -MAX_SPAN_US) | (high > MAX_SPAN_US)).tolist()
    at = 0
    for i, (candidate, end, span) in enumerate(
        zip(part, ends.tolist(), last.tolist(), strict=True)
    ):
        if i in errors:
            bad.append((candidate, str(errors[i])))
            continue
        candidate.samples = Samples(samples.t[at:end], samples.values[:, at:end])
        at = end
        segment = candidate.segment
        if wild[i]:
            bad.append((candidate, "sample times are out of bounds"))
        elif segment.t_hi != segment.t_lo + span:
            # t_hi travels outside the crc, the sample times inside: these decide.
            candidate.segment = replace(segment, t_hi=segment.t_lo + span)
    return bad


def cut(
    segment: Segment, samples: Samples, n_lo: int, n_hi: int, session: Session
) -> tuple[Segment, Samples]:
    """The part ``n_lo..n_hi`` of a run as a segment of its own, packed again.

    Values, times, counts and crcs are those of the original chunks. Raises BadPayload.
    """
    group = session.catalog.group(segment.series.group)
    if samples.values.dtype != np.float64:
        # Rounded for the columns: what is packed anew is what the payload says.
        samples = decode(segment.payload, group, session.catalog.version)
    first, last = n_lo - segment.n_lo, n_hi - segment.n_lo + 1
    a = sum(segment.counts[:first])
    b = a + sum(segment.counts[first:last])
    t = samples.t[a:b]
    values = samples.values[:, a:b]
    start = int(t[0])
    payload = encode(t, values, group, session.catalog.version)
    part = Segment(
        segment.series,
        n_lo,
        n_hi,
        segment.lap,
        segment.t_lo + start,
        segment.t_lo + int(t[-1]),
        segment.counts[first:last],
        segment.crcs[first:last],
        payload,
    )
    return part, Samples(t - start, values)


def quarantined(candidate: Candidate, reason: str, session: Session) -> Quarantined:
    """The quarantine record of a segment; its identity is kept when it is a possible one."""
    segment = candidate.segment
    known = (
        series_fault(segment.series, session) is None and 1 <= segment.n_lo <= segment.n_hi <= MAX_N
    )
    return Quarantined(
        candidate.source,
        f"{segment.series.car}/{segment.series.group}/{segment.series.epoch}"
        f"#{segment.n_lo}-{segment.n_hi}",
        reason,
        segment.payload,
        segment.series if known else None,
        segment.n_lo if known else None,
        segment.n_hi if known else None,
    )
