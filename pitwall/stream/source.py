"""The small protocol behind which every kind of stream stands, and its values."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import msgspec


@dataclass(frozen=True, slots=True)
class ShardInfo:
    """A shard as a listing shows it.

    Attributes:
        id: the shard's name; equality of shards is equality of names.
        parents: the shards it continues; none for a root, two after a merge (Kinesis).
        closed: True when the listing knows its end. False proves nothing: listings lag behind.
    """

    id: str
    parents: tuple[str, ...] = ()
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A complete listing of a stream: all pages of it.

    Attributes:
        stream: the stream's name (ARN); a stream that was switched off and on has another.
        enabled: False when the stream is switched off: nothing new will come.
        shards: every listed shard, in the service's order.
        retention_us: how long the service keeps records; 0 where it does not say, which is the
            24 hours of DynamoDB Streams.
    """

    stream: str
    enabled: bool
    shards: tuple[ShardInfo, ...]
    retention_us: int = 0


class Anchor(StrEnum):
    """Ways to say where reading begins. There is no "latest": a bare one loses records when its
    iterator runs out before the first record."""

    AFTER = "after"
    TIME = "time"
    HORIZON = "horizon"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a shard is read from.

    Attributes:
        anchor: which of the other fields counts.
        sequence: of the last record taken (AFTER); always one that this reader took itself.
        at_us: creation time from which records are wanted, microseconds UTC (TIME).
    """

    anchor: Anchor
    sequence: str = ""
    at_us: int = 0


HORIZON = Position(Anchor.HORIZON)
"""From the oldest record that the service still has."""


def at_time(at_us: int) -> Position:
    """From the first record created at or after ``at_us``."""
    return Position(Anchor.TIME, at_us=at_us)


def after(sequence: str) -> Position:
    """From the record that follows ``sequence``."""
    return Position(Anchor.AFTER, sequence=sequence)


class Record(msgspec.Struct, frozen=True):
    """One stream record. No dataclass: a page has a thousand of them, and frozen ones take ten
    times as long to make.

    Attributes:
        sequence: its number in the shard, as text; rising, with holes, of any length.
        created_us: the service's creation time, microseconds UTC. DynamoDB rounds it down to the
            second and it may step back: nothing is ordered or told apart by it.
        body: the item as it became, in the source's own form; None when there is none (a removal).
        whole: the record as it came, kept for quarantine.
        fault: why the source could not read it; empty when it could. It goes into quarantine.
    """

    sequence: str
    created_us: int
    body: Any
    whole: Any = None
    fault: str = ""

    def raw(self) -> bytes:
        """What a quarantine keeps: the record's bytes where it came as bytes, else the record as
        JSON, binary in base64."""
        whole = self.whole if self.whole is not None else self.body
        if isinstance(whole, bytes):
            return whole
        return json.dumps(whole, default=_plain, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Page:
    """What one read gave.

    Attributes:
        records: in the shard's order; often none, which proves nothing.
        next_iterator: where to go on; None when the shard has ended *after* these records.
        children: the shards that continue an ended one, where the service says so with its last
            page; they need not be looked for then.
        skipped: records among these that are somebody else's (their body is None).
    """

    records: tuple[Record, ...]
    next_iterator: str | None
    children: tuple[ShardInfo, ...] = ()
    skipped: int = 0


class StreamSource(Protocol):
    """A stream. Calls block, may come from several threads at once, and raise
    :class:`pitwall.stream.faults.Fault` and nothing else."""

    @property
    def by_time(self) -> bool:
        """True when :meth:`open` takes a TIME position."""
        ...

    def describe(self) -> Listing:
        """All pages of the listing; raises when one of them could not be had."""
        ...

    def children(self, shard: str) -> tuple[ShardInfo, ...]:
        """The shards that continue ``shard``, as far as they are listed yet."""
        ...

    def open(self, shard: str, position: Position) -> str:
        """An iterator."""
        ...

    def read(self, iterator: str, limit: int) -> Page:
        """The next records, at most ``limit``."""
        ...


def _plain(value: object) -> object:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return b64encode(bytes(value)).decode("ascii")
    # Bodies that are read lazily keep their JSON, which may be what is wrong with them.
    unread = getattr(value, "raw", None)
    if unread is not None:
        try:
            return json.loads(bytes(unread))
        except (ValueError, RecursionError):
            return bytes(unread).decode(errors="backslashreplace")
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)
    return str(value)
