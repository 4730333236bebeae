"""One table: items by partition, sorted by sort key, every real change appended to the stream."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pitwall.cloud.local.errors import AwsError, invalid
from pitwall.cloud.local.expressions import KeyRange, Predicate
from pitwall.cloud.local.items import (
    MAX_ITEM_BYTES,
    Item,
    KeySchema,
    decode_json,
    encode_json,
    item_size,
)
from pitwall.cloud.local.records import INSERT, MODIFY, REMOVE
from pitwall.cloud.local.streamlog import StreamLog

PAGE_BYTES = 1 << 20
_ABSENT: tuple[bytes, int] = (b"", 0)


class Partition:
    """The items of one partition key: JSON and counted size by sort key, and the keys in order."""

    __slots__ = ("keys", "rows")

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.rows: dict[Any, tuple[bytes, int]] = {}


@dataclass(frozen=True, slots=True)
class QueryPage:
    """One page of a query.

    Attributes:
        images: JSON of the items, in order.
        sizes: their counted sizes.
        last_sk: sort key to continue after; None when the range is exhausted.
    """

    images: list[bytes]
    sizes: list[int]
    last_sk: Any


class Table:
    """A table with a change stream.

    Every method takes the table's lock, so that any thread may call.

    Args:
        name: table name.
        schema: its key.
        stream: where its changes go; None for a table without a stream.
        now_us: the clock that stamps changes.
    """

    def __init__(
        self,
        name: str,
        schema: KeySchema,
        stream: StreamLog | None,
        now_us: Callable[[], int],
    ) -> None:
        self.name = name
        self.schema = schema
        self.stream = stream
        self.lock = threading.RLock()
        self.created_us = now_us()
        self._now_us = now_us
        self._partitions: dict[Any, Partition] = {}
        self._count = 0

    @property
    def count(self) -> int:
        """Number of items."""
        return self._count

    def put(
        self, item: Item, condition: Predicate | None = None, created_us: int | None = None
    ) -> bytes:
        """Write an item; a write that changes nothing leaves no record in the stream.

        Args:
            item: in DynamoDB JSON form; binary values as base64 text.
            condition: must hold for the item that is there now (``{}`` when there is none).
            created_us: creation time of the stream record; now when None.

        Returns:
            JSON of the item that was there before; empty when there was none.

        Raises:
            AwsError: ConditionalCheckFailedException, or ValidationException for a bad item.
        """
        with self.lock:
            if condition is not None:
                old = self.get(*self.schema.of(item))
                if not condition(decode_json(old) if old else {}):
                    raise AwsError(
                        "ConditionalCheckFailedException",
                        "The conditional request failed",
                        extra={"Item": decode_json(old)} if old else {},
                    )
            return self._put(item, self._now_us() if created_us is None else created_us)

    def put_many(self, items: Iterable[Item], created_us: int | Sequence[int] | None = None) -> int:
        """Write items in order, without conditions: the bulk way for seeding.

        Args:
            items: as for :meth:`put`.
            created_us: one creation time for all stream records, one for each, or None for now.

        Returns:
            How many of them changed the table.
        """
        before = self.stream.total if self.stream else 0
        written = 0
        with self.lock:
            put = self._put
            if created_us is None or isinstance(created_us, int):
                moment = self._now_us() if created_us is None else created_us
                for item in items:
                    put(item, moment)
                    written += 1
            else:
                for item, moment in zip(items, created_us, strict=True):
                    put(item, moment)
                    written += 1
            return self.stream.total - before if self.stream else written

    def load(self, rows: Sequence[tuple[str, str, bytes, int, int]]) -> None:
        """Add new items in order from their stored form: the quick way for a long history.

        Args:
            rows: ``(pk, sk, image, size, created_us)`` each: text keys, the item's JSON as
                :func:`encode_json` gives it, its counted size, its record's creation time.

        Raises:
            ValueError: an item with that key is there already; what came before it was added.
        """
        with self.lock:
            partitions = self._partitions
            for at, (pk, sk, image, size, _) in enumerate(rows):
                partition = partitions.get(pk)
                if partition is None:
                    partition = partitions[pk] = Partition()
                keys, stored = partition.keys, partition.rows
                if not keys or sk > keys[-1]:
                    keys.append(sk)
                elif sk not in stored:
                    insort(keys, sk)
                else:
                    self._loaded(rows[:at])
                    raise ValueError(f"{pk} {sk} is in the table already")
                stored[sk] = (image, size)
            self._loaded(rows)

    def _loaded(self, rows: Sequence[tuple[str, str, bytes, int, int]]) -> None:
        self._count += len(rows)
        if self.stream is not None:
            self.stream.extend(rows)

    def _put(self, item: Item, created_us: int) -> bytes:
        schema = self.schema
        pk, sk = schema.of(item)
        size = item_size(item)
        if size > MAX_ITEM_BYTES:
            raise invalid("Item size has exceeded the maximum allowed size")
        image = encode_json(item)
        partition = self._partitions.get(pk)
        if partition is None:
            partition = self._partitions[pk] = Partition()
        old = partition.rows.get(sk, _ABSENT)
        if not old[1]:
            keys = partition.keys
            if not keys or sk > keys[-1]:
                keys.append(sk)
            else:
                insort(keys, sk)
            self._count += 1
            event = INSERT
        elif old[0] == image or decode_json(old[0]) == item:
            return old[0]
        else:
            event = MODIFY
        partition.rows[sk] = (image, size)
        if self.stream is not None:
            self.stream.append(event, pk, sk, image, size, created_us)
        return old[0]

    def delete(self, pk: Any, sk: Any, created_us: int | None = None) -> bytes:
        """Remove an item; removing what is not there leaves no record. Returns what was there."""
        with self.lock:
            partition = self._partitions.get(pk)
            old = partition.rows.pop(sk, _ABSENT) if partition else _ABSENT
            if partition is None or not old[1]:
                return b""
            del partition.keys[bisect_left(partition.keys, sk)]
            if not partition.keys:
                del self._partitions[pk]
            self._count -= 1
            if self.stream is not None:
                moment = self._now_us() if created_us is None else created_us
                self.stream.append(REMOVE, pk, sk, b"", old[1], moment)
            return old[0]

    def get(self, pk: Any, sk: Any) -> bytes:
        """JSON of an item, empty when there is none."""
        return self.row(pk, sk)[0]

    def row(self, pk: Any, sk: Any) -> tuple[bytes, int]:
        """JSON and counted size of an item; ``(b"", 0)`` when there is none."""
        with self.lock:
            partition = self._partitions.get(pk)
            return partition.rows.get(sk, _ABSENT) if partition else _ABSENT

    def query(
        self,
        pk: Any,
        keys: KeyRange,
        forward: bool = True,
        limit: int | None = None,
        start_after: Any = None,
    ) -> QueryPage:
        """One page of a partition: at most ``limit`` items and 1 MiB.

        Args:
            pk: partition key.
            keys: range of sort keys.
            forward: ascending when True.
            limit: most items; None for no limit.
            start_after: sort key of the last item of the page before.
        """
        with self.lock:
            partition = self._partitions.get(pk)
            if partition is None:
                return QueryPage([], [], None)
            ordered = partition.keys
            low, high = _bounds(ordered, keys)
            if start_after is not None:
                if forward:
                    low = max(low, bisect_right(ordered, start_after))
                else:
                    high = min(high, bisect_left(ordered, start_after))
            images: list[bytes] = []
            sizes: list[int] = []
            total = 0
            last: Any = None
            order = range(low, high) if forward else range(high - 1, low - 1, -1)
            for at in order:
                image, size = partition.rows[ordered[at]]
                total += size
                if images and total > PAGE_BYTES:
                    return QueryPage(images, sizes, last)
                images.append(image)
                sizes.append(size)
                last = ordered[at]
                # The service marks a page cut by Limit even when nothing follows.
                if len(images) == limit:
                    return QueryPage(images, sizes, last)
            return QueryPage(images, sizes, None)


def _bounds(ordered: list[Any], keys: KeyRange) -> tuple[int, int]:
    low, high = 0, len(ordered)
    if keys.prefix is not None:
        cut = len(keys.prefix)
        low = bisect_left(ordered, keys.prefix)
        high = bisect_right(ordered, keys.prefix, key=lambda key: key[:cut])
        return low, max(low, high)
    if keys.low is not None:
        low = (bisect_right if keys.low_open else bisect_left)(ordered, keys.low)
    if keys.high is not None:
        high = (bisect_left if keys.high_open else bisect_right)(ordered, keys.high)
    return low, max(low, high)
