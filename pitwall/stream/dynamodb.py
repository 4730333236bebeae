"""DynamoDB Streams as a :class:`pitwall.stream.source.StreamSource`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import starmap
from typing import Any

from pitwall.stream.calls import call
from pitwall.stream.faults import Retryable
from pitwall.stream.moments import micros, moment
from pitwall.stream.skew import ServerClock
from pitwall.stream.source import Anchor, Listing, Page, Position, Record, ShardInfo
from pitwall.stream.timing import Time

MAX_PAGE = 1000
"""The service refuses a larger Limit."""
_MAX_LISTING_PAGES = 2000
_PAGE_S = 0.125
"""Between pages of one listing: the service serves 10 a second to the whole account."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the installed service model knows.

    Attributes:
        at_timestamp: GetShardIterator takes AT_TIMESTAMP.
        shard_filter: DescribeStream takes ShardFilter (children of one shard).
    """

    at_timestamp: bool
    shard_filter: bool


def features_of(client: Any) -> Features:
    """Read them off a client's service model; a client without one has neither."""
    try:
        model = client.meta.service_model
        kinds = model.shape_for("ShardIteratorType").enum
        members = model.operation_model("DescribeStream").input_shape.members
    except Exception:  # noqa: BLE001 - whatever stands in for a client, it has no such model
        return Features(False, False)
    return Features("AT_TIMESTAMP" in kinds, "ShardFilter" in members)


class DynamoSource:
    """One table's stream, over a low-level ``dynamodbstreams`` client made elsewhere.

    Holds no state that changes, so any thread may call it; the client is thread-safe.
    """

    def __init__(
        self,
        client: Any,
        stream_arn: str,
        *,
        features: Features,
        server: ServerClock,
        time: Time,
    ) -> None:
        self._client = client
        self._arn = stream_arn
        self._features = features
        self._server = server
        self._time = time
        self._never = threading.Event()

    @property
    def by_time(self) -> bool:
        """True when AT_TIMESTAMP is known."""
        return self._features.at_timestamp

    def describe(self) -> Listing:
        """All pages, or the Fault that kept one of them back. A token that comes back would go
        round for ever: Retryable, and the listing is dropped."""
        shards: dict[str, ShardInfo] = {}
        token: str | None = None
        seen: set[str | None] = set()
        for page in range(_MAX_LISTING_PAGES):
            if page:
                self._time.wait(self._never, _PAGE_S)
            asked = {} if token is None else {"ExclusiveStartShardId": token}
            doc = self._description(**asked)
            for shard in _shards(doc):
                shards[shard.id] = shard
            following = doc.get("LastEvaluatedShardId")
            # The token counts, never the page: a page without shards is not the last one.
            if not following:
                enabled = doc.get("StreamStatus") not in ("DISABLED", "DISABLING")
                return Listing(
                    str(doc.get("StreamArn", self._arn)), enabled, tuple(shards.values())
                )
            seen.add(token)
            if following in seen:
                raise Retryable(f"listing of {self._arn} does not advance past {token}")
            token = following
        raise Retryable(f"listing of {self._arn} has more than {_MAX_LISTING_PAGES} pages")

    def children(self, shard: str) -> tuple[ShardInfo, ...]:
        """By ShardFilter where there is one, by a full listing otherwise."""
        if self._features.shard_filter:
            doc = self._description(ShardFilter={"Type": "CHILD_SHARDS", "ShardId": shard})
            found: tuple[ShardInfo, ...] = tuple(_shards(doc))
        else:
            found = self.describe().shards
        return tuple(s for s in found if shard in s.parents)

    def open(self, shard: str, position: Position) -> str:
        """GetShardIterator."""
        request: dict[str, Any] = {"StreamArn": self._arn, "ShardId": shard}
        if position.anchor is Anchor.AFTER:
            request |= {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "SequenceNumber": position.sequence,
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
        key is no answer."""
        request = {"ShardIterator": iterator, "Limit": min(limit, MAX_PAGE)}
        doc = self._call(self._client.get_records, request)
        if "Records" not in doc and "NextShardIterator" not in doc:
            raise Retryable("answer has neither Records nor NextShardIterator")
        found = doc.get("Records") or ()
        # Answers whose members are read lazily give what is wanted of all records at once.
        rows = getattr(found, "rows", None)
        records = tuple(starmap(Record, rows()) if rows else map(_record, found))
        return Page(records, doc.get("NextShardIterator") or None)

    def _description(self, **asked: Any) -> dict[str, Any]:
        doc = self._call(self._client.describe_stream, {"StreamArn": self._arn, **asked})
        description = doc.get("StreamDescription")
        if not isinstance(description, dict):
            raise Retryable(f"answer for {self._arn} has no StreamDescription")
        return description

    def _call(self, operation: Callable[..., Any], request: dict[str, Any]) -> dict[str, Any]:
        return call(self._client, operation, request, self._server, self._time)


def _shards(doc: dict[str, Any]) -> list[ShardInfo]:
    out = []
    for shard in doc.get("Shards") or ():
        name = shard.get("ShardId")
        if not isinstance(name, str) or not name:
            raise Retryable("listing has a shard without a name")
        parent = shard.get("ParentShardId")
        ends = (shard.get("SequenceNumberRange") or {}).get("EndingSequenceNumber")
        out.append(ShardInfo(name, (parent,) if parent else (), ends is not None))
    return out


def _record(doc: dict[str, Any]) -> Record:
    change = doc.get("dynamodb") or {}
    return Record(
        str(change.get("SequenceNumber", "")),
        micros(change.get("ApproximateCreationDateTime")),
        # A removal (a lap's time to live, say) has no new image: nothing held is touched by it.
        change.get("NewImage") if doc.get("eventName") != "REMOVE" else None,
        doc,
    )
