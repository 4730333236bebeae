"""What the simulated clients have in common: the way of a call, there and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any, Protocol

from tests.simulation.service import cursors
from tests.simulation.service.errors import Exceptions, Refused, client_error
from tests.simulation.service.features import ServiceModel
from tests.simulation.service.shards import SECOND, Shard, Stream

Doc = dict[str, Any]
Answer = Callable[[], Doc]


@dataclass(frozen=True, slots=True)
class Request:
    """A call, as far as those on the way look at it.

    Attributes:
        operation: in the service's words.
        shard: which shard it is about; empty when none.
        detail: the iterator of GetRecords, the type of GetShardIterator, where the page of a
            listing starts.
    """

    operation: str
    shard: str = ""
    detail: str = ""


class Network(Protocol):
    """What lies between a caller and the service, and everything that can go wrong there."""

    def carry(self, request: Request, answer: Answer) -> Doc:
        """Take a request over and bring what comes back; may raise Refused or any error of a
        connection, before or after ``answer`` was called, and may change the answer."""
        ...

    def page(self, shards: list[Shard]) -> list[Shard]:
        """The shards that a page of a listing may show."""
        ...


class Perfect:
    """Nothing goes wrong and nothing takes time."""

    def carry(self, request: Request, answer: Answer) -> Doc:
        """The answer."""
        return answer()

    def page(self, shards: list[Shard]) -> list[Shard]:
        """All of them."""
        return shards


class SimulatedClient:
    """A client as far as callers look at it: operations, ``exceptions`` and ``meta``.

    Args:
        clock: the service's time, microseconds UTC.
        model: which features its service model knows.
        network: what happens on the way.
    """

    iterator_life_us: int
    bad_request: str
    """Code of the error for requests that cannot be."""

    def __init__(
        self, clock: Callable[[], int], model: ServiceModel, network: Network | None = None
    ) -> None:
        self.clock = clock
        self.network: Network = network or Perfect()
        self.exceptions = Exceptions()
        self.meta = SimpleNamespace(service_model=model)
        self.streams: dict[str, Stream] = {}
        self.expired_before_us = 0
        """Iterators made before this are too old, whatever their age."""
        self._serial = 0
        self._date = (-1, "")

    def close(self) -> None:
        """Nothing is open."""

    def put(self, stream: Stream) -> Stream:
        """Serve this stream too."""
        self.streams[stream.name] = stream
        return stream

    # -- a call

    def _call(self, request: Request, answer: Answer) -> Doc:
        try:
            doc = self.network.carry(request, answer)
        except Refused as refused:
            raise client_error(refused, request.operation, self._http_date()) from None
        doc["ResponseMetadata"] = {
            "HTTPStatusCode": 200,
            "HTTPHeaders": {"date": self._http_date()},
        }
        return doc

    def _http_date(self) -> str:
        second = self.clock() // SECOND
        if second != self._date[0]:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]

    # -- what requests name

    def _bad(self, message: str) -> Refused:
        return Refused(self.bad_request, message)

    def _stream(self, name: object) -> Stream:
        stream = self.streams.get(str(name))
        if stream is None:
            raise Refused("ResourceNotFoundException", f"Requested resource not found: {name}")
        stream.tidy()
        return stream

    def _shard(self, stream: Stream, name: object) -> Shard:
        shard = stream.shards.get(str(name))
        if shard is None or shard.gone:
            raise Refused("ResourceNotFoundException", f"Shard {name} does not exist")
        return shard

    def _limit(self, value: object, most: int) -> int:
        if value is None:
            return most
        if not isinstance(value, int) or not 1 <= value <= most:
            raise self._bad(f"Limit must be 1 to {most}")
        return value

    def _number(self, stream: Stream, shard: Shard, text: object) -> int:
        """A number of this shard."""
        word = str(text)
        if not word.isascii() or not word.isdecimal() or word[0] == "0" or len(word) > 128:
            raise self._bad(f"Invalid SequenceNumber: {word[:60]}")
        number = int(word)
        last = stream.number if shard.last is None else shard.last
        if not shard.first <= number <= last:
            raise self._bad(f"SequenceNumber {word} is not of shard {shard.id}")
        return number

    def _moment_us(self, value: object) -> int:
        """A Timestamp parameter."""
        stamp = value.timestamp() if hasattr(value, "timestamp") else value
        if not isinstance(stamp, int | float) or isinstance(stamp, bool):
            raise self._bad("Timestamp is missing or none")
        at_us = round(stamp * SECOND)
        if at_us > self.clock():
            raise self._bad("Timestamp is in the future")
        return at_us

    def _opened(self, iterator: str) -> tuple[Stream, Shard, int]:
        """What an iterator stands for; refuses one that is none, or too old."""
        try:
            cursor = cursors.parse(iterator)
        except cursors.BadCursor:
            raise self._bad("Invalid ShardIterator") from None
        if self._expired(cursor.made_us):
            raise Refused("ExpiredIteratorException", "Iterator expired")
        stream = self._stream(cursor.stream.rsplit("@", 1)[0])
        if stream.identity != cursor.stream:
            raise Refused("ResourceNotFoundException", "Invalid ShardId in ShardIterator")
        return stream, self._shard(stream, cursor.shard), cursor.after

    def _iterator(self, stream: Stream, shard: Shard, after: int) -> str:
        self._serial += 1
        return cursors.Cursor(stream.identity, shard.id, after, self.clock(), self._serial).text()

    def _expired(self, made_us: int) -> bool:
        return self.clock() - made_us > self.iterator_life_us or made_us < self.expired_before_us


def after_time(stream: Stream, shard: Shard, at_us: int) -> int:
    """The number behind which records created at or after a time begin; a time before the trim
    horizon means the horizon, however creation times are rounded."""
    if at_us < stream.clock() - stream.retention_us:
        return shard.trimmed
    for change in shard.changes:
        if change.created_us >= at_us:
            return change.number - 1
    return max(stream.number if shard.last is None else shard.last, shard.trimmed)
