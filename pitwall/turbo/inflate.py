"""Bounded, incremental inflation of archive objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from isal import isal_zlib

from pitwall.telemetry import BadInput

BLOCK = 1 << 20
"""Bytes per step: what is held inflated at a time."""
MAX_INFLATED = 4 << 30
"""Bytes one object may inflate to; Firehose buffers at most 128 MiB before packing."""
_GZIP = 31
"""Window bits that mean: gzip framing, checksum verified."""
_DAMAGED = cast("type[Exception]", isal_zlib.error)
"""The package's own stubs call it an instance."""
_MAGIC = b"\x1f\x8b"


def inflate(data: bytes, most: int = MAX_INFLATED) -> Iterator[bytes]:
    """The content of ``data`` in blocks of at most :data:`BLOCK` bytes.

    Takes gzip, several members one after the other too, and passes plain content through. Raises
    BadInput, after everything that could be had, when the object is truncated or damaged, or
    inflates to more than ``most`` bytes.
    """
    if not data.startswith(_MAGIC):
        for at in range(0, len(data), BLOCK):
            yield data[at : at + BLOCK]
        return
    total = 0
    while data:
        member = isal_zlib.decompressobj(wbits=_GZIP)
        rest = data
        while not member.eof:
            try:
                block = member.decompress(rest, BLOCK)
            except _DAMAGED as error:
                raise BadInput(f"damaged gzip after {total} bytes of content ({error})") from error
            rest = member.unconsumed_tail
            total += len(block)
            if total > most:
                raise BadInput(f"inflates to more than {most} bytes")
            if block:
                yield block
            elif not rest and not member.eof:
                raise BadInput(f"truncated gzip: ends after {total} bytes of content")
        data = member.unused_data
        if data and not data.startswith(_MAGIC):
            if data.strip(b"\0"):
                raise BadInput(
                    f"{len(data)} bytes that are not gzip after {total} bytes of content"
                )
            return
