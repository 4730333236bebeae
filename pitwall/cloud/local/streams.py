"""DynamoDB Streams' API over the tables' logs."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from msgspec import Raw

from pitwall.cloud.local.errors import AwsError, invalid, not_found
from pitwall.cloud.local.iterators import Position, decode_iterator, encode_iterator
from pitwall.cloud.local.shards import Shard, trimmed
from pitwall.cloud.local.streamlog import StreamLog
from pitwall.cloud.local.table import Table

PAGE_RECORDS = 1000
PAGE_BYTES = 1 << 20
PAGE_SHARDS = 100
PAGE_STREAMS = 100

Answer = dict[str, Any]


class Streams:
    """The operations over every table's stream.

    Args:
        tables: by name.
        now_us: the clock of expiry, trimming and "the future".
        horizon_us: creation time before which a table's records are gone.
    """

    def __init__(
        self,
        tables: dict[str, Table],
        now_us: Callable[[], int],
        horizon_us: Callable[[], int],
    ) -> None:
        self._tables = tables
        self._now_us = now_us
        self._horizon_us = horizon_us
        self._counter = itertools.count(1)
        self.operations: dict[str, Callable[[dict[str, Any]], Answer]] = {
            "ListStreams": self._list_streams,
            "DescribeStream": self._describe_stream,
            "GetShardIterator": self._get_shard_iterator,
            "GetRecords": self._get_records,
        }

    def call(self, operation: str, request: dict[str, Any], partial: bool = False) -> Answer:
        """Answer one request; ``partial`` has no meaning here.

        Raises:
            AwsError: as the service would.
        """
        handler = self.operations.get(operation)
        if handler is None:
            raise AwsError("UnknownOperationException", f"{operation} is not supported here")
        return handler(request)

    def _stream(self, arn: Any) -> tuple[Table, StreamLog]:
        for table in self._tables.values():
            if table.stream is not None and table.stream.arn == arn:
                return table, table.stream
        raise not_found(f"Requested resource not found: Stream: {arn} not found")

    def _list_streams(self, request: dict[str, Any]) -> Answer:
        wanted = request.get("TableName")
        streams = sorted(
            (
                table.stream
                for table in self._tables.values()
                if table.stream is not None and wanted in (None, table.name)
            ),
            key=lambda stream: stream.arn,
        )
        start = request.get("ExclusiveStartStreamArn")
        if start is not None:
            streams = [stream for stream in streams if stream.arn > start]
        limit = _limit(request, PAGE_STREAMS)
        answer: Answer = {
            "Streams": [
                {"StreamArn": s.arn, "StreamLabel": s.label, "TableName": s.table}
                for s in streams[:limit]
            ]
        }
        if len(streams) > limit:
            answer["LastEvaluatedStreamArn"] = streams[limit - 1].arn
        return answer

    def _describe_stream(self, request: dict[str, Any]) -> Answer:
        table, stream = self._stream(request.get("StreamArn"))
        limit = _limit(request, PAGE_SHARDS)
        with table.lock:
            stream.trim(self._horizon_us())
            wanted = request.get("ShardFilter")
            if wanted is not None:
                if wanted.get("Type") != "CHILD_SHARDS" or not wanted.get("ShardId"):
                    raise invalid("ShardFilter needs Type CHILD_SHARDS and a ShardId")
                shards = stream.children(wanted["ShardId"])
            else:
                shards = stream.shards()
            start = request.get("ExclusiveStartShardId")
            if start is not None:
                shards = [shard for shard in shards if shard.id > start]
            description: Answer = {
                "StreamArn": stream.arn,
                "StreamLabel": stream.label,
                "StreamStatus": "ENABLED",
                "StreamViewType": stream.view,
                "CreationRequestDateTime": stream.created_us / 1e6,
                "TableName": stream.table,
                "KeySchema": stream.schema.describe(),
                "Shards": [_description(shard) for shard in shards[:limit]],
            }
        if len(shards) > limit:
            description["LastEvaluatedShardId"] = shards[limit - 1].id
        return {"StreamDescription": description}

    def _get_shard_iterator(self, request: dict[str, Any]) -> Answer:
        table, stream = self._stream(request.get("StreamArn"))
        with table.lock:
            stream.trim(self._horizon_us())
            shard = stream.shard(str(request.get("ShardId")))
            after = self._position(stream, shard, request)
        return {"ShardIterator": self._iterator(Position(stream.arn, shard.id, after))}

    def _position(self, stream: StreamLog, shard: Shard, request: dict[str, Any]) -> int:
        kind = request.get("ShardIteratorType")
        number, timestamp = request.get("SequenceNumber"), request.get("Timestamp")
        if (number is not None) != (kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")):
            raise invalid(f"SequenceNumber and ShardIteratorType {kind} do not go together")
        if (timestamp is not None) != (kind == "AT_TIMESTAMP"):
            raise invalid(f"Timestamp and ShardIteratorType {kind} do not go together")
        if kind == "TRIM_HORIZON":
            return shard.trimmed
        if kind == "LATEST":
            return stream.last
        if timestamp is not None:
            return self._at_timestamp(stream, shard, timestamp)
        if number is None:
            raise invalid(f"ShardIteratorType {kind} is not one of the service's")
        if not isinstance(number, str) or not number.isdecimal() or not 21 <= len(number) <= 40:
            raise invalid("Invalid SequenceNumber: 21 to 40 digits are needed")
        sequence = int(number)
        if sequence <= shard.trimmed:
            raise trimmed()
        last = stream.last if shard.end is None else shard.end
        if not shard.start <= sequence <= last:
            raise invalid(f"Invalid SequenceNumber {number}: not one of shard {shard.id}")
        return sequence - 1 if kind == "AT_SEQUENCE_NUMBER" else sequence

    def _at_timestamp(self, stream: StreamLog, shard: Shard, timestamp: Any) -> int:
        if isinstance(timestamp, bool) or not isinstance(timestamp, int | float):
            raise invalid("Timestamp must be a number of seconds")
        moment_us = round(timestamp * 1e6)
        if moment_us > self._now_us():
            raise invalid("Timestamp must not be in the future")
        if moment_us < self._horizon_us():
            return shard.trimmed
        found = shard.since(moment_us)
        return stream.last if found is None else found

    def _get_records(self, request: dict[str, Any]) -> Answer:
        position = decode_iterator(request.get("ShardIterator"), self._now_us())
        limit = _limit(request, PAGE_RECORDS)
        table, stream = self._stream(position.arn)
        with table.lock:
            stream.trim(self._horizon_us())
            shard = stream.shard(position.shard)
            page, after, ended = stream.page(shard, position.after, limit, PAGE_BYTES)
        answer: Answer = {"Records": Raw(stream.writer.encode(page))}
        if not ended:
            following = Position(position.arn, position.shard, after)
            answer["NextShardIterator"] = self._iterator(following)
        return answer

    def _iterator(self, position: Position) -> str:
        return encode_iterator(position, self._now_us(), next(self._counter))


def _description(shard: Shard) -> Answer:
    numbers = {"StartingSequenceNumber": str(shard.start)}
    if shard.end is not None:
        numbers["EndingSequenceNumber"] = str(shard.end)
    answer: Answer = {"ShardId": shard.id, "SequenceNumberRange": numbers}
    if shard.parent is not None:
        answer["ParentShardId"] = shard.parent
    return answer


def _limit(request: dict[str, Any], most: int) -> int:
    limit = request.get("Limit", most)
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= most:
        raise invalid(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy "
            f"constraint: Member must be 1 to {most}"
        )
    return limit
