"""Kinesis Data Streams behind the calls of its client."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tests.simulation.service.client import Doc, Network, Request, SimulatedClient, after_time
from tests.simulation.service.dynamodb import cut, shard_of
from tests.simulation.service.errors import Refused
from tests.simulation.service.features import kinesis_model
from tests.simulation.service.shards import SECOND, Change, Shard, Stream

MAX_RECORDS = 10_000
MAX_BYTES = 10 << 20
MAX_SHARDS = 1000
TOKEN_LIFE_US = 300 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_NUMBER = 4965 * 10**52
"""Numbers of 56 digits, as they are now."""


class SimulatedKinesis(SimulatedClient):
    """The ``kinesis`` client. Positions that were trimmed read from the horizon, and nobody says
    so.

    Args:
        clock: the service's time, microseconds UTC.
        page: shards in a page of a listing.
        network: what happens on the way.
    """

    iterator_life_us = 5 * 60 * SECOND
    bad_request = "InvalidArgumentException"

    def __init__(
        self,
        clock: Callable[[], int],
        *,
        page: int = MAX_SHARDS,
        network: Network | None = None,
    ) -> None:
        super().__init__(clock, kinesis_model(), network)
        self._page = page

    def create_stream(self, name: str, **options: Any) -> Stream:
        """A stream whose numbers and names are Kinesis's."""
        options = {"first": FIRST_NUMBER, **options}
        stream = Stream(self.clock, arn_of(name), marked=True, long_names=False, **options)
        stream.seconds = False
        return self.put(stream)

    def put_record(self, StreamName: str, Data: bytes, PartitionKey: str, tag: Any = None) -> Doc:
        """PutRecord. ``tag`` is for whoever judges."""
        change = write(self._named(StreamName, None), PartitionKey, Data, tag)
        return {"ShardId": change.shard, "SequenceNumber": str(change.number)}

    def _named(self, name: str | None, arn: str | None) -> Stream:
        if (name is None) == (arn is None):
            raise self._bad("either StreamName or StreamARN")
        return self._stream(arn if arn is not None else arn_of(str(name)))

    # -- listings

    def describe_stream_summary(
        self, StreamName: str | None = None, StreamARN: str | None = None
    ) -> Doc:
        """DescribeStreamSummary."""

        def answer() -> Doc:
            stream = self._named(StreamName, StreamARN)
            return {"StreamDescriptionSummary": self._summary(stream)}

        return self._call(Request("DescribeStreamSummary"), answer)

    def _summary(self, stream: Stream) -> Doc:
        return {
            "StreamName": stream.name.split("/")[-1],
            "StreamARN": stream.name,
            "StreamStatus": "ACTIVE" if stream.enabled else "DELETING",
            "RetentionPeriodHours": stream.retention_us // (3600 * SECOND),
            "StreamCreationTimestamp": _EPOCH + timedelta(microseconds=stream.made_us),
            "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
            "OpenShardCount": len(stream.open),
        }

    def describe_stream(
        self,
        StreamName: str | None = None,
        StreamARN: str | None = None,
        Limit: int | None = None,
        ExclusiveStartShardId: str | None = None,
    ) -> Doc:
        """DescribeStream."""

        def answer() -> Doc:
            stream = self._named(StreamName, StreamARN)
            shards, more = self._page_of(stream, ExclusiveStartShardId, Limit, None)
            described = [_described(s, self.clock()) for s in shards]
            description = {**self._summary(stream), "Shards": described, "HasMoreShards": more}
            return {"StreamDescription": description}

        return self._call(Request("DescribeStream", "", ExclusiveStartShardId or ""), answer)

    def list_shards(
        self,
        StreamName: str | None = None,
        StreamARN: str | None = None,
        NextToken: str | None = None,
        ExclusiveStartShardId: str | None = None,
        MaxResults: int | None = None,
        ShardFilter: dict[str, Any] | None = None,
    ) -> Doc:
        """ListShards. A token names the stream by itself and lives for five minutes."""

        def answer() -> Doc:
            if NextToken is None:
                stream = self._named(StreamName, StreamARN)
                start, wanted = ExclusiveStartShardId, ShardFilter
            else:
                if not (StreamName is None and StreamARN is None and ShardFilter is None):
                    raise self._bad("NextToken stands alone")
                stream, start, wanted = self._continued(NextToken)
            shards, more = self._page_of(stream, start, MaxResults, wanted)
            doc: Doc = {"Shards": [_described(s, self.clock()) for s in shards]}
            if more:
                last = shards[-1].id if shards else str(start)
                doc["NextToken"] = self._token(stream, last, wanted)
            return doc

        return self._call(Request("ListShards", "", NextToken or ""), answer)

    def _token(self, stream: Stream, last: str, wanted: Mapping[str, Any] | None) -> str:
        kind = json.dumps(wanted, default=str) if wanted else ""
        plain = "\n".join([stream.name, last, str(self.clock()), kind])
        return b64encode(plain.encode()).decode()

    def _continued(self, token: str) -> tuple[Stream, str, dict[str, Any] | None]:
        try:
            name, last, made, kind = b64decode(token, validate=True).decode().split("\n")
            made_us = int(made)
        except ValueError:
            raise self._bad("Invalid NextToken") from None
        if self.clock() - made_us > TOKEN_LIFE_US:
            raise Refused("ExpiredNextTokenException", "NextToken expired")
        return self._stream(name), last, json.loads(kind) if kind else None

    def _page_of(
        self,
        stream: Stream,
        start: str | None,
        limit: int | None,
        wanted: Mapping[str, Any] | None,
    ) -> tuple[list[Shard], bool]:
        most = min(self._limit(limit, MAX_SHARDS), self._page)
        shards = self.network.page(stream.listed())
        if wanted is not None:
            shards = [s for s in shards if self._passes(s, wanted)]
        if start is not None:
            shards = [s for s in shards if s.id > start]
        return shards[:most], len(shards) > most

    def _passes(self, shard: Shard, wanted: Mapping[str, Any]) -> bool:
        kind = wanted.get("Type")
        if kind in ("FROM_TRIM_HORIZON", "AT_TRIM_HORIZON"):
            return True
        if kind == "AT_LATEST":
            return shard.ended_us is None
        if kind == "AFTER_SHARD_ID":
            return shard.id > str(wanted.get("ShardId"))
        raise self._bad(f"ShardFilter {kind}")

    # -- reading

    def get_shard_iterator(
        self,
        ShardId: str,
        ShardIteratorType: str,
        StreamName: str | None = None,
        StreamARN: str | None = None,
        StartingSequenceNumber: str | None = None,
        Timestamp: datetime | None = None,
    ) -> Doc:
        """GetShardIterator."""

        def answer() -> Doc:
            stream = self._named(StreamName, StreamARN)
            shard = self._shard(stream, ShardId)
            after = self._after(stream, shard, ShardIteratorType, StartingSequenceNumber, Timestamp)
            return {"ShardIterator": self._iterator(stream, shard, after)}

        return self._call(Request("GetShardIterator", ShardId, ShardIteratorType), answer)

    def _after(
        self, stream: Stream, shard: Shard, kind: str, number: str | None, moment: object
    ) -> int:
        if kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
            if number is None:
                raise self._bad(f"{kind} needs a StartingSequenceNumber")
            value = self._number(stream, shard, number)
            if value % 10_000 != shard.index % 10_000:
                raise self._bad(
                    f"StartingSequenceNumber {number} encodes another shard, "
                    f"while it was used in a call to {shard.id}"
                )
            return value - (kind == "AT_SEQUENCE_NUMBER")
        if number is not None:
            raise self._bad(f"{kind} takes no StartingSequenceNumber")
        if kind == "AT_TIMESTAMP":
            return after_time(stream, shard, self._moment_us(moment))
        if kind == "TRIM_HORIZON":
            return shard.trimmed
        if kind == "LATEST":
            return max(shard.numbers[-1] if shard.numbers else 0, shard.trimmed)
        raise self._bad(f"Unknown ShardIteratorType {kind}")

    def get_records(
        self, ShardIterator: str, Limit: int | None = None, StreamARN: str | None = None
    ) -> Doc:
        """GetRecords."""

        def answer() -> Doc:
            most = self._limit(Limit, MAX_RECORDS)
            stream, shard, after = self._opened(ShardIterator)
            page = cut(shard, after, most, MAX_BYTES)
            if page:
                after = page[-1].number
            left = shard.after(after) < len(shard.changes)
            doc: Doc = {
                "Records": [change.body for change in page],
                "MillisBehindLatest": self._behind_ms(shard, after) if left else 0,
            }
            if shard.last is None or left or shard.lingers():
                doc["NextShardIterator"] = self._iterator(stream, shard, after)
            else:
                # The end itself tells the children, whatever listings know yet.
                doc["ChildShards"] = [
                    {"ShardId": s.id, "ParentShards": list(s.parents), "HashKeyRange": _range(s)}
                    for s in stream.shards.values()
                    if shard.id in s.parents and not s.gone
                ]
            return doc

        return self._call(Request("GetRecords", shard_of(ShardIterator), ShardIterator), answer)

    def _behind_ms(self, shard: Shard, after: int) -> int:
        oldest = shard.changes[shard.after(after)]
        return max(self.clock() - oldest.created_us, 0) // 1000


def arn_of(name: str) -> str:
    """A stream's ARN."""
    return f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}"


def write(stream: Stream, key: str, data: bytes, tag: Any = None) -> Change:
    """Put a record into a stream."""
    body: Doc = {"Data": data, "PartitionKey": key}
    change = stream.add(key, body, len(data) + len(key), tag)
    body["SequenceNumber"] = str(change.number)
    body["ApproximateArrivalTimestamp"] = _EPOCH + timedelta(microseconds=change.created_us)
    return change


def table_change(
    item: Mapping[str, Any], created_us: int, *, event: str = "INSERT", table: str = "pitwall"
) -> bytes:
    """The data of a record by which a table tells a Kinesis stream of a change.

    ``item`` is in typed form; binary becomes base64 text. A removal has no new image.
    """
    keys = {"pk": item["pk"], "sk": item["sk"]}
    change: Doc = {
        "ApproximateCreationDateTime": created_us // 1000,
        "Keys": keys,
        "SizeBytes": 100,
    }
    if event != "REMOVE":
        change["NewImage"] = {name: _texts(value) for name, value in item.items()}
    doc = {
        "awsRegion": "us-east-1",
        "eventID": f"{created_us:032x}",
        "eventName": event,
        "userIdentity": None,
        "recordFormat": "application/json",
        "tableName": table,
        "dynamodb": change,
        "eventSource": "aws:dynamodb",
    }
    return msgspec.json.encode(doc)


def _texts(value: Mapping[str, Any]) -> dict[str, Any]:
    if "B" in value:
        return {"B": b64encode(bytes(value["B"])).decode()}
    return dict(value)


def _range(shard: Shard) -> Doc:
    # The ring here is of 32 bits, the service's of 128.
    return {
        "StartingHashKey": str(shard.lo << 96),
        "EndingHashKey": str((shard.hi << 96) - 1),
    }


def _described(shard: Shard, now_us: int) -> Doc:
    numbers = {"StartingSequenceNumber": str(shard.first)}
    if shard.last is not None and shard.end_seen_us <= now_us:
        numbers["EndingSequenceNumber"] = str(shard.last)
    doc: Doc = {
        "ShardId": shard.id,
        "HashKeyRange": _range(shard),
        "SequenceNumberRange": numbers,
    }
    if shard.parents:
        doc["ParentShardId"] = shard.parents[0]
    if len(shard.parents) > 1:
        doc["AdjacentParentShardId"] = shard.parents[1]
    return doc
