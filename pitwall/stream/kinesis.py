"""Kinesis Data Streams as a :class:`pitwall.stream.source.StreamSource`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import starmap
from typing import Any

from pitwall.stream.calls import call
from pitwall.stream.envelope import FOREIGN, Form, as_it_is, at_once, read_body
from pitwall.stream.faults import Retryable
from pitwall.stream.moments import micros, moment
from pitwall.stream.skew import ServerClock
from pitwall.stream.source import Anchor, Listing, Page, Position, Record, ShardInfo
from pitwall.stream.timing import Time
from pitwall.telemetry import BadInput
from pitwall.telemetry.clock import SECOND_US, iso

MAX_PAGE = 10_000
"""The service refuses a larger Limit. A page also ends at 10 MB; a shard serves 2 MB a second, so
that longer pages bring nothing sooner."""
_MAX_LISTING_PAGES = 2000


@dataclass(frozen=True, slots=True)
class _Summary:
    """A stream as the service sums it up.

    Attributes:
        identity: its ARN and when it was created: a stream that was deleted and made again under
            the same name has another.
        flows: records come out of it.
        retention_us: how long it keeps them.
    """

    identity: str
    flows: bool
    retention_us: int


class KinesisSource:
    """One stream, over a low-level ``kinesis`` client made elsewhere.

    Holds no state that changes, so any thread may call it; the client is thread-safe. It stands
    for the stream that :meth:`connect` found: when another has taken its name, :meth:`describe`
    says that this one is switched off.
    """

    by_time = True

    def __init__(
        self,
        client: Any,
        name: str,
        table: str,
        identity: str,
        server: ServerClock,
        time: Time,
        form: Form = at_once,
    ) -> None:
        self._client = client
        self._stream = {"StreamARN" if name.startswith("arn:") else "StreamName": name}
        self._name = name
        self._table = table
        self._identity = identity
        self._server = server
        self._time = time
        self._form = form

    @classmethod
    def connect(
        cls,
        client: Any,
        name: str,
        table: str,
        server: ServerClock,
        time: Time,
        form: Form = at_once,
    ) -> KinesisSource:
        """The stream that has that name now.

        Args:
            client: a ``kinesis`` client.
            name: the stream's name or ARN.
            table: whose changes are wanted, where the records name a table.
            server: server time; notes the dates of answers.
            time: this machine's clocks.
            form: what items are given as, from their JSON.

        Raises:
            Fault: NotFound when there is no such stream.
        """
        now = cls(client, name, table, "", server, time)._summary()
        return cls(client, name, table, now.identity, server, time, form)

    def describe(self) -> Listing:
        """All pages, or the Fault that kept one of them back; a page whose token has run out
        loses the listing."""
        summary = self._summary()
        if summary.identity != self._identity:
            return Listing(self._identity, False, ())
        shards: dict[str, ShardInfo] = {}
        asked: dict[str, Any] = self._stream
        for _ in range(_MAX_LISTING_PAGES):
            doc = self._call(self._client.list_shards, asked)
            for shard in doc.get("Shards") or ():
                info = _listed(shard)
                shards[info.id] = info
            token = doc.get("NextToken")
            # As with DynamoDB, the token counts and never the page.
            if not token:
                return Listing(
                    self._identity, summary.flows, tuple(shards.values()), summary.retention_us
                )
            if asked.get("NextToken") == token:
                raise Retryable(f"listing of {self._name} does not advance")
            # The token stands for the stream: the service refuses a name beside it.
            asked = {"NextToken": token}
        raise Retryable(f"listing of {self._name} has more than {_MAX_LISTING_PAGES} pages")

    def children(self, shard: str) -> tuple[ShardInfo, ...]:
        """By a full listing, for services that do not tell them with a shard's last page."""
        return tuple(s for s in self.describe().shards if shard in s.parents)

    def open(self, shard: str, position: Position) -> str:
        """GetShardIterator."""
        request: dict[str, Any] = {**self._stream, "ShardId": shard}
        if position.anchor is Anchor.AFTER:
            request |= {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "StartingSequenceNumber": position.sequence,
            }
        elif position.anchor is Anchor.TIME:
            request |= {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": moment(position.at_us)}
        else:
            request |= {"ShardIteratorType": "TRIM_HORIZON"}
        iterator = self._call(self._client.get_shard_iterator, request).get("ShardIterator")
        if not isinstance(iterator, str) or not iterator:
            raise Retryable(f"answer for {shard} has no iterator")
        return iterator

    def read(self, iterator: str, limit: int) -> Page:
        """GetRecords. Absent and null ``NextShardIterator`` are the same; an answer with neither
        key is no answer. The last page of a shard that was split or merged names its children."""
        request = {"ShardIterator": iterator, "Limit": min(limit, MAX_PAGE)}
        if "StreamARN" in self._stream:
            request |= self._stream
        doc = self._call(self._client.get_records, request)
        if "Records" not in doc and "NextShardIterator" not in doc:
            raise Retryable("answer has neither Records nor NextShardIterator")
        found = doc.get("Records") or ()
        # Answers whose members are read lazily give what is wanted of all records at once.
        rows = getattr(found, "rows", None)
        each = rows() if rows else map(_row, found)
        records = tuple(
            starmap(Record, each) if self._form is as_it_is else map(self._record, each)
        )
        return Page(
            records,
            doc.get("NextShardIterator") or None,
            tuple(_child(each) for each in doc.get("ChildShards") or ()),
            sum(record.body is None and record.whole is None for record in records),
        )

    def _record(self, row: tuple[str, int, bytes]) -> Record:
        sequence, created_us, data = row
        try:
            body = read_body(data, self._table, self._form)
        except BadInput as error:
            return Record(sequence, created_us, None, data, str(error))
        if body is FOREIGN:
            return Record(sequence, created_us, None)
        return Record(sequence, created_us, body, data)

    def _summary(self) -> _Summary:
        doc = self._call(self._client.describe_stream_summary, self._stream)
        summary = doc.get("StreamDescriptionSummary")
        if not isinstance(summary, dict) or not summary.get("StreamARN"):
            raise Retryable(f"answer for {self._name} has no StreamDescriptionSummary")
        created = iso(micros(summary.get("StreamCreationTimestamp")))
        return _Summary(
            f"{summary['StreamARN']}/{created}",
            summary.get("StreamStatus") != "DELETING",
            int(summary.get("RetentionPeriodHours") or 0) * 3600 * SECOND_US,
        )

    def _call(self, operation: Callable[..., Any], request: dict[str, Any]) -> dict[str, Any]:
        return call(self._client, operation, request, self._server, self._time)


def _row(record: dict[str, Any]) -> tuple[str, int, bytes]:
    return (
        str(record.get("SequenceNumber", "")),
        micros(record.get("ApproximateArrivalTimestamp")),
        record.get("Data", b""),
    )


def _listed(shard: dict[str, Any]) -> ShardInfo:
    parents = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
    ends = (shard.get("SequenceNumberRange") or {}).get("EndingSequenceNumber")
    return ShardInfo(_named(shard), tuple(p for p in parents if p), ends is not None)


def _child(shard: dict[str, Any]) -> ShardInfo:
    return ShardInfo(_named(shard), tuple(shard.get("ParentShards") or ()))


def _named(shard: dict[str, Any]) -> str:
    name = shard.get("ShardId")
    if not isinstance(name, str) or not name:
        raise Retryable("listing has a shard without a name")
    return name
