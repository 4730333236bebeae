"""A table with a stream: which writes leave a record, and of what kind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.simulation.service.dynamodb import SimulatedDynamoStreams, arn_of
from tests.simulation.service.errors import Exceptions, Refused, client_error
from tests.simulation.service.shards import SECOND, Change, Stream

Item = dict[str, dict[str, Any]]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SimulatedTable:
    """The writes of the ``dynamodb`` client, of one table with the keys ``pk`` and ``sk``.

    A record carries the new image. Writing an item as it is leaves none, nor does deleting what
    is not there.

    Args:
        clock: the service's time, microseconds UTC.
        streams: the client that serves its stream.
        name: the table's.
        options: of the stream; see :class:`tests.simulation.service.shards.Stream`.
    """

    def __init__(
        self,
        clock: Callable[[], int],
        streams: SimulatedDynamoStreams,
        name: str = "pitwall",
        **options: Any,
    ) -> None:
        self.clock = clock
        self.name = name
        self.exceptions = Exceptions()
        self.items: dict[tuple[str, str], Item] = {}
        self.stream: Stream
        self._streams = streams
        self._options = options
        self._enable()

    def _enable(self) -> None:
        options = dict(self._options)
        self.stream = self._streams.put(
            Stream(self.clock, arn_of(self.name, self.clock()), **options)
        )

    # -- the client's calls

    def put_item(self, TableName: str, Item: Item, **more: Any) -> dict[str, Any]:
        """PutItem."""
        self.write(Item)
        return {}

    def update_item(
        self, TableName: str, Key: Item, AttributeUpdates: dict[str, Any], **more: Any
    ) -> dict[str, Any]:
        """UpdateItem, of plain values; makes the item where there is none."""
        before = self.items.get(_key(Key), Key)
        self.write(before | {name: update["Value"] for name, update in AttributeUpdates.items()})
        return {}

    def delete_item(self, TableName: str, Key: Item, **more: Any) -> dict[str, Any]:
        """DeleteItem."""
        self.delete(Key)
        return {}

    def update_table(self, TableName: str, StreamSpecification: dict[str, Any]) -> dict[str, Any]:
        """UpdateTable, of its stream: on or off; its view cannot be changed while it is on."""
        on = StreamSpecification["StreamEnabled"]
        if on and self.stream.enabled:
            refused = Refused("ValidationException", "Table already has an enabled stream")
            raise client_error(refused, "UpdateTable", "")
        if not on:
            self.stream.switch_off()
        else:
            self._enable()
        return self.describe_table(TableName)

    def describe_table(self, TableName: str) -> dict[str, Any]:
        """DescribeTable, as far as its stream goes."""
        return {"Table": {"TableName": self.name, "LatestStreamArn": self.stream.name}}

    # -- the same without ceremony

    def write(self, item: Item, tag: Any = None) -> Change | None:
        """Write an item; its record, or nothing when it was so already."""
        key = _key(item)
        before = self.items.get(key)
        if before == item:
            return None
        self.items[key] = item
        if not self.stream.enabled:
            return None
        return self._record("INSERT" if before is None else "MODIFY", item, item, tag)

    def delete(self, key: Item, *, by_age: bool = False, tag: Any = None) -> Change | None:
        """Delete an item, by hand or because its time to live is over."""
        if self.items.pop(_key(key), None) is None or not self.stream.enabled:
            return None
        return self._record("REMOVE", key, None, tag, by_age=by_age)

    def _record(
        self, event: str, key: Item, image: Item | None, tag: Any, *, by_age: bool = False
    ) -> Change:
        keys = {"pk": key["pk"], "sk": key["sk"]}
        size = _size(keys) + (_size(image) if image is not None else 0)
        stream_record: dict[str, Any] = {
            "Keys": keys,
            "SizeBytes": size,
            "StreamViewType": "NEW_IMAGE",
        }
        if image is not None:
            stream_record["NewImage"] = image
        body: dict[str, Any] = {
            "eventName": event,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "dynamodb": stream_record,
        }
        if by_age:
            body["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
        change = self.stream.add(key["pk"]["S"], body, size, tag)
        body["eventID"] = f"{change.number:032x}"
        stream_record["SequenceNumber"] = str(change.number)
        stream_record["ApproximateCreationDateTime"] = _EPOCH + timedelta(
            microseconds=change.created_us // SECOND * SECOND
        )
        return change


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], next(iter(item["sk"].values()))


def _size(item: Item) -> int:
    return sum(len(name) + _length(next(iter(value.values()))) for name, value in item.items())


def _length(value: Any) -> int:
    return len(value) if hasattr(value, "__len__") else 1
