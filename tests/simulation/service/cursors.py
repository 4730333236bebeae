"""Iterators: a shard, a number and a time in one opaque word."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from zlib import crc32


class BadCursor(ValueError):
    """Not an iterator that was given out here."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """What an iterator says.

    Attributes:
        stream: name of the stream.
        shard: name of the shard.
        after: records above this number follow.
        made_us: when it was given out.
        serial: makes every iterator another one.
    """

    stream: str
    shard: str
    after: int
    made_us: int
    serial: int

    def text(self) -> str:
        """The iterator."""
        plain = f"{self.stream}|{self.shard}|{self.after}|{self.made_us}|{self.serial}".encode()
        return urlsafe_b64encode(b"%08x" % crc32(plain) + plain).decode()


def parse(text: object) -> Cursor:
    """Inverse of :meth:`Cursor.text`. Raises BadCursor on everything else."""
    try:
        raw = str(text).encode("ascii")
        plain = urlsafe_b64decode(raw)
        # The decoder skips what it does not know; an iterator has nothing of that.
        if urlsafe_b64encode(plain) != raw or b"%08x" % crc32(plain[8:]) != plain[:8]:
            raise BadCursor(str(text)[:40])
        stream, shard, after, made, serial = plain[8:].decode().split("|")
        return Cursor(stream, shard, int(after), int(made), int(serial))
    except (Error, ValueError) as error:
        raise BadCursor(str(text)[:40]) from error
