"""Values and their packing: channels, chunks, sessions, clocks, units. No I/O, no Qt, no cloud."""

from pitwall.telemetry.bulk import decode_many, encode_many
from pitwall.telemetry.channel import Catalog, Channel, Group
from pitwall.telemetry.chunk import Head, Segment, Series, chunk, chunk_crc
from pitwall.telemetry.errors import BadInput, BadPayload, Failure, PitwallError
from pitwall.telemetry.payload import (
    Samples,
    catalog_of,
    decode,
    encode,
    sample_count,
)
from pitwall.telemetry.session import ClockKind, Session

__all__ = [
    "BadInput",
    "BadPayload",
    "Catalog",
    "Channel",
    "ClockKind",
    "Failure",
    "Group",
    "Head",
    "PitwallError",
    "Samples",
    "Segment",
    "Series",
    "Session",
    "catalog_of",
    "chunk",
    "chunk_crc",
    "decode",
    "decode_many",
    "encode",
    "encode_many",
    "sample_count",
]
