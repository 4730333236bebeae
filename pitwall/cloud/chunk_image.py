"""Chunk items read straight from an answer's JSON, many at a time.

A page of a stream is a thousand of them: one decoding for all, into typed fields, costs a fraction
of making every attribute of every item and asking it what it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pitwall.cloud.lines import Line

_N_DIGITS, _CRC_DIGITS, _T_DIGITS = 8, 10, 16


class _Text(msgspec.Struct, frozen=True, gc=False):
    S: str


class _Number(msgspec.Struct, frozen=True, gc=False):
    N: str


class _Binary(msgspec.Struct, frozen=True, gc=False):
    B: bytes


class ChunkImage(msgspec.Struct, frozen=True, gc=False):
    """An item as JSON, read for what a chunk's has; the other kinds have ``pk``, ``sk`` and ``k``
    too, and what they have besides is left out."""

    pk: _Text
    sk: _Text
    k: _Text
    e: _Text | None = None
    n: _Number | None = None
    c: _Number | None = None
    d: _Number | None = None
    p: _Binary | None = None

    def line(self, a: float, q: str) -> Line | None:
        """The chunk as an archive line has it; None when it has not all the parts of one, or one
        of them is not as :func:`parse_chunk` wants it."""
        e, n, c, d, p = self.e, self.n, self.c, self.d, self.p
        if e is None or n is None or c is None or d is None or p is None:
            return None
        # Plain ASCII digits of usual length: int() would take more than a count may be.
        digits = n.N + c.N + d.N
        if not (digits.isdigit() and digits.isascii() and n.N and c.N and d.N):
            return None
        if len(n.N) > _N_DIGITS or len(c.N) > _CRC_DIGITS or len(d.N) > _T_DIGITS:
            return None
        return Line(self.pk.S, self.sk.S, e.S, int(n.N), int(c.N), int(d.N), p.B, a, q)


_read_chunk_images = msgspec.json.Decoder(list[ChunkImage]).decode


def read_chunk_images(raws: Sequence[msgspec.Raw]) -> list[ChunkImage] | None:
    """Many items at once, from their JSON; None when one of them is not in the form of ours."""
    try:
        return _read_chunk_images(b"[%b]" % b",".join(raws))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
