"""Shard iterators: a position written down, with nothing kept in the server.

An iterator is the stream's name and a token of shard, position, time of issue and a counter
(so that no two are equal), closed by a checksum (so that a mangled one is refused).
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass

import msgspec

from pitwall.cloud.local.errors import AwsError, invalid

ITERATOR_LIFE_US = 15 * 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader stands: the next record is the first in ``shard`` numbered above ``after``."""

    arn: str
    shard: str
    after: int


def encode_iterator(position: Position, now_us: int, counter: int) -> str:
    """The iterator for a position, issued at ``now_us``."""
    body = msgspec.json.encode([position.shard, str(position.after), now_us, counter])
    sealed = body + zlib.crc32(position.arn.encode() + body).to_bytes(4, "big")
    return f"{position.arn}|1|{base64.b64encode(sealed).decode()}"


def decode_iterator(text: object, now_us: int) -> Position:
    """The position that an iterator stands for.

    Raises:
        AwsError: ValidationException when it is none of ours, ExpiredIteratorException after
            fifteen minutes.
    """
    try:
        if not isinstance(text, str) or len(text) > 2048:
            raise ValueError
        arn, version, token = text.split("|")
        sealed = base64.b64decode(token, validate=True)
        body, check = sealed[:-4], sealed[-4:]
        if version != "1" or zlib.crc32(arn.encode() + body).to_bytes(4, "big") != check:
            raise ValueError
        shard, after, issued_us, _ = msgspec.json.decode(body)
        position = Position(arn, str(shard), int(after))
    except (ValueError, TypeError, binascii.Error, msgspec.MsgspecError):
        raise invalid("Invalid ShardIterator") from None
    if now_us - issued_us > ITERATOR_LIFE_US:
        raise AwsError(
            "ExpiredIteratorException",
            "The iterator has expired: it was issued more than 15 minutes ago",
        )
    return position
