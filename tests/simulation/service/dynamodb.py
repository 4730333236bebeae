"""DynamoDB Streams behind the calls of its client."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.simulation.service import cursors
from tests.simulation.service.client import Doc, Network, Request, SimulatedClient, after_time
from tests.simulation.service.errors import Refused
from tests.simulation.service.features import dynamodb_model
from tests.simulation.service.shards import SECOND, Change, Shard, Stream

MAX_RECORDS = 1000
MAX_BYTES = 1 << 20
MAX_SHARDS = 100


class SimulatedDynamoStreams(SimulatedClient):
    """The ``dynamodbstreams`` client.

    Args:
        clock: the service's time, microseconds UTC.
        at_timestamp, shard_filter: what its service model knows; the service refuses the rest.
        page: shards in a page of a listing, at most 100.
        network: what happens on the way.
    """

    iterator_life_us = 15 * 60 * SECOND
    bad_request = "ValidationException"

    def __init__(
        self,
        clock: Callable[[], int],
        *,
        at_timestamp: bool = True,
        shard_filter: bool = True,
        page: int = MAX_SHARDS,
        network: Network | None = None,
    ) -> None:
        super().__init__(clock, dynamodb_model(at_timestamp, shard_filter), network)
        self._at_timestamp = at_timestamp
        self._shard_filter = shard_filter
        self._page = page
        self.young_trims = 0
        """So many first reads of a shard are refused as trimmed although nothing is."""
        self.young_trims_met = 0

    # -- listings

    def list_streams(self, TableName: str | None = None, **more: Any) -> Doc:
        """ListStreams."""

        def answer() -> Doc:
            return {
                "Streams": [
                    {"StreamArn": arn, "TableName": table_of(arn), "StreamLabel": label_of(arn)}
                    for arn in self.streams
                    if TableName in (None, table_of(arn))
                ]
            }

        return self._call(Request("ListStreams"), answer)

    def describe_stream(
        self,
        StreamArn: str,
        Limit: int | None = None,
        ExclusiveStartShardId: str | None = None,
        ShardFilter: dict[str, str] | None = None,
    ) -> Doc:
        """DescribeStream."""

        def answer() -> Doc:
            stream = self._stream(StreamArn)
            most = min(self._limit(Limit, MAX_SHARDS), self._page)
            shards = self.network.page(stream.listed())
            if ShardFilter is not None:
                shards = self._children(shards, ShardFilter)
            if ExclusiveStartShardId is not None:
                shards = [s for s in shards if s.id > ExclusiveStartShardId]
            description: Doc = {
                "StreamArn": stream.name,
                "StreamLabel": label_of(stream.name),
                "StreamStatus": "ENABLED" if stream.enabled else "DISABLED",
                "StreamViewType": "NEW_IMAGE",
                "TableName": table_of(stream.name),
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                "Shards": [_described(s, self.clock()) for s in shards[:most]],
            }
            if len(shards) > most:
                description["LastEvaluatedShardId"] = shards[most - 1].id
            return {"StreamDescription": description}

        request = Request(
            "DescribeStream", (ShardFilter or {}).get("ShardId", ""), ExclusiveStartShardId or ""
        )
        return self._call(request, answer)

    def _children(self, shards: list[Shard], wanted: dict[str, str]) -> list[Shard]:
        if not self._shard_filter:
            raise self._bad("Unknown parameter ShardFilter")
        if wanted.get("Type") != "CHILD_SHARDS" or "ShardId" not in wanted:
            raise self._bad("ShardFilter needs Type CHILD_SHARDS and a ShardId")
        return [s for s in shards if wanted["ShardId"] in s.parents]

    # -- reading

    def get_shard_iterator(
        self,
        StreamArn: str,
        ShardId: str,
        ShardIteratorType: str,
        SequenceNumber: str | None = None,
        Timestamp: datetime | None = None,
    ) -> Doc:
        """GetShardIterator."""

        def answer() -> Doc:
            stream = self._stream(StreamArn)
            shard = self._shard(stream, ShardId)
            after = self._after(stream, shard, ShardIteratorType, SequenceNumber, Timestamp)
            return {"ShardIterator": self._iterator(stream, shard, after)}

        return self._call(Request("GetShardIterator", ShardId, ShardIteratorType), answer)

    def _after(
        self, stream: Stream, shard: Shard, kind: str, number: str | None, moment: object
    ) -> int:
        if kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
            if number is None or moment is not None:
                raise self._bad(f"{kind} takes a SequenceNumber and nothing else")
            wanted = self._number(stream, shard, number) - (kind == "AT_SEQUENCE_NUMBER")
            if shard.trimmed >= shard.first and wanted < shard.trimmed:
                raise Refused("TrimmedDataAccessException", f"{number} is beyond the trim horizon")
            return wanted
        if number is not None:
            raise self._bad(f"{kind} takes no SequenceNumber")
        if kind == "AT_TIMESTAMP" and self._at_timestamp:
            return max(after_time(stream, shard, self._moment_us(moment)), shard.trimmed)
        if moment is not None:
            raise self._bad(f"{kind} takes no Timestamp")
        if kind == "TRIM_HORIZON":
            return shard.trimmed
        if kind == "LATEST":
            return max(shard.numbers[-1] if shard.numbers else 0, shard.trimmed)
        raise self._bad(f"Unknown ShardIteratorType {kind}")

    def get_records(self, ShardIterator: str, Limit: int | None = None) -> Doc:
        """GetRecords."""

        def answer() -> Doc:
            most = self._limit(Limit, MAX_RECORDS)
            stream, shard, after = self._opened(ShardIterator)
            if shard.trimmed >= shard.first and after < shard.trimmed:
                raise Refused("TrimmedDataAccessException", "The data is beyond the trim horizon")
            if self.young_trims and after < shard.first:
                self.young_trims -= 1
                self.young_trims_met += 1
                raise Refused("TrimmedDataAccessException", "The data is beyond the trim horizon")
            page = cut(shard, after, most, MAX_BYTES)
            if page:
                after = page[-1].number
            doc: Doc = {"Records": [change.body for change in page]}
            if shard.last is None or shard.after(after) < len(shard.changes) or shard.lingers():
                doc["NextShardIterator"] = self._iterator(stream, shard, after)
            return doc

        return self._call(Request("GetRecords", shard_of(ShardIterator), ShardIterator), answer)


def shard_of(iterator: str) -> str:
    """The shard an iterator is of; nothing when it is none."""
    try:
        return cursors.parse(iterator).shard
    except cursors.BadCursor:
        return ""


def cut(shard: Shard, after: int, most: int, most_bytes: int) -> list[Change]:
    """The records of one page."""
    at = shard.after(after)
    page = shard.changes[at : at + most]
    size = 0
    for i, change in enumerate(page):
        size += change.size
        if size > most_bytes and i:
            return page[:i]
    return page


def table_of(arn: str) -> str:
    """The table's name in a stream's ARN."""
    return arn.split("/")[1]


def label_of(arn: str) -> str:
    """The moment in a stream's ARN."""
    return arn.split("/")[-1]


def arn_of(table: str, made_us: int) -> str:
    """A stream's ARN."""
    moment = datetime.fromtimestamp(made_us // 1000 / 1000, UTC)
    label = f"{moment:%Y-%m-%dT%H:%M:%S}.{made_us // 1000 % 1000:03d}"
    return f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}/stream/{label}"


def _described(shard: Shard, now_us: int) -> Doc:
    numbers = {"StartingSequenceNumber": str(shard.first)}
    if shard.last is not None and shard.end_seen_us <= now_us:
        numbers["EndingSequenceNumber"] = str(shard.last)
    doc: Doc = {"ShardId": shard.id, "SequenceNumberRange": numbers}
    if shard.parents:
        doc["ParentShardId"] = shard.parents[0]
    return doc
