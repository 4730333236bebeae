"""Archive lines: one JSON object per chunk, as the archiver writes them.

Framing (gzip, newlines or none between objects) is the reader's business; this is one object.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from pitwall.cloud import keys
from pitwall.cloud.items import chunk_of
from pitwall.telemetry import BadInput, Segment
from pitwall.telemetry.names import shown

MAX_LINE = 600_000
"""Bytes of the longest line: a full item's payload in base64 and its keys."""


class Line(msgspec.Struct, frozen=True, gc=False):
    """The JSON object of a line, its types checked and ``p`` decoded from base64."""

    pk: str
    sk: str
    e: str
    n: int
    c: int
    d: int
    p: bytes
    a: float
    q: str


class Archived(NamedTuple):
    """One chunk from the archive: ``a`` is the stream's creation time in seconds since 1970 (UTC),
    ``q`` the sequence number it had there."""

    segment: Segment
    a: float
    q: str


_encoder = msgspec.json.Encoder()


def archived(line: Line) -> Archived:
    """The chunk of a decoded line. Raises BadInput."""
    if not 0 <= line.a < 1e11 or not (line.q.isascii() and line.q.isdigit()) or len(line.q) > 64:
        raise BadInput(f"archive line of {shown(line.pk)}: a is {line.a}, q is {shown(line.q)}")
    segment = chunk_of(line.pk, line.sk, line.e, line.n, line.c, line.d, line.p)
    return Archived(segment, line.a, line.q)


def format_line(segment: Segment, a: float, q: str) -> bytes:
    """The line of one chunk, with its newline, as the archiver would write it."""
    if segment.n_lo != segment.n_hi:
        raise BadInput("archive lines hold single chunks")
    s = segment.series
    line = Line(
        keys.chunk_pk(s.session, s.group, segment.lap, s.car),
        keys.chunk_sk(segment.t_lo, segment.n_lo),
        s.epoch,
        segment.n_lo,
        segment.crcs[0],
        segment.t_hi - segment.t_lo,
        segment.payload,
        a,
        q,
    )
    return _encoder.encode(line) + b"\n"
