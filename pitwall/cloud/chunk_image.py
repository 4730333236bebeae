"""Chunk items read straight from an answer's JSON, many at a time.

A page of a stream is a thousand of them: one decoding for all, into typed fields, costs a fraction
of making every attribute of every item and asking it what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from pitwall.cloud import keys
from pitwall.cloud.lines import Line


class _Text(msgspec.Struct, frozen=True, gc=False):
    S: str


class _Count(msgspec.Struct, frozen=True, gc=False):
    """A whole number, which tables hold as text. Larger than any of ours is nobody's chunk."""

    N: Annotated[int, msgspec.Meta(ge=0, le=keys.MAX_T)]


class _Binary(msgspec.Struct, frozen=True, gc=False):
    B: bytes


class ChunkImage(msgspec.Struct, frozen=True, gc=False):
    """An item, read for what a chunk has; the other kinds have ``pk``, ``sk`` and ``k`` too, and
    what they have besides is left out."""

    pk: _Text
    sk: _Text
    k: _Text
    e: _Text | None = None
    n: _Count | None = None
    c: _Count | None = None
    d: _Count | None = None
    p: _Binary | None = None

    def line(self, a: float, q: str) -> Line | None:
        """The chunk as an archive line has it; None when it has not all the parts of one. Whether
        the parts agree with each other is not looked at."""
        e, n, c, d, p = self.e, self.n, self.c, self.d, self.p
        if e is None or n is None or c is None or d is None or p is None:
            return None
        return Line(self.pk.S, self.sk.S, e.S, n.N, c.N, d.N, p.B, a, q)


_read_chunk_images = msgspec.json.Decoder(list[ChunkImage], strict=False).decode


def read_chunk_images(raws: Sequence[msgspec.Raw]) -> list[ChunkImage] | None:
    """Many items at once, from their JSON; None when one of them is not in the form of ours."""
    try:
        return _read_chunk_images(b"[%b]" % b",".join(raws))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
