"""The append-only log of a table's changes and the tree of shards that it is read through.

Sequence numbers are unique and rising over the whole log, so the ranges of sibling shards overlap,
as the service's do; they leave holes, and their length grows from 21 to 22 digits early in a log's
life, which catches readers that count on neighbours or compare text.
"""

from __future__ import annotations

import datetime
import zlib
from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from pitwall.cloud.local.errors import not_found
from pitwall.cloud.local.items import KeySchema
from pitwall.cloud.local.records import INSERT, Record, RecordWriter
from pitwall.cloud.local.shards import Shard, trimmed

FIRST_SEQUENCE = 10**21 - 20_000
HASH_SPACE = 1 << 32
LISTED_AFTER_TRIM_US = 3_600_000_000


class StreamLog:
    """All changes of one table, spread over shards by a hash of the partition key.

    Not locked: the owner serialises calls.

    Attributes:
        arn: the stream's name, made of the table's and a label of its creation time.
        table: the table's name.
        schema: the table's key.
        view: its view type.
        writer: tells its records.
        last: highest sequence number given out.
        total: records ever appended.
    """

    def __init__(
        self,
        table_arn: str,
        table: str,
        schema: KeySchema,
        region: str,
        shards: int,
        now_us: int,
        view: str = "NEW_IMAGE",
    ) -> None:
        if not 1 <= shards <= 4096:
            raise ValueError(f"a stream has 1 to 4096 shards, not {shards}")
        self.label = iso_label(now_us)
        self.arn = f"{table_arn}/stream/{self.label}"
        self.table = table
        self.schema = schema
        self.view = view
        self._roots = shards
        self.writer = RecordWriter(self.arn, region, schema, view)
        self.reset(now_us)

    def reset(self, now_us: int) -> None:
        """Forget everything and begin again at ``now_us`` under the same name."""
        self.created_us = now_us
        self.last = FIRST_SEQUENCE
        self.total = 0
        self._born = 0
        self._shards: dict[str, Shard] = {}
        self._open: list[Shard] = []
        self._lows: list[int] = []
        for i in range(self._roots):
            low, high = (HASH_SPACE * j // self._roots for j in (i, i + 1))
            self._open.append(self._open_shard(None, low, high, now_us))
        self._route()

    # -- writing

    def append(self, event: str, pk: Any, sk: Any, image: bytes, size: int, created_us: int) -> int:
        """Add one change; returns its sequence number."""
        digest = zlib.crc32(pk.encode() if isinstance(pk, str) else repr(pk).encode())
        shard = self._open[bisect_right(self._lows, digest) - 1]
        self.last = sequence = self.last + 1 + digest % 5
        records = shard.records
        if records and records[-1].created_us > created_us:
            shard.sorted_by_time = False
        records.append(Record(sequence, created_us, event, pk, sk, image, size))
        self.total += 1
        return sequence

    def extend(self, rows: Iterable[tuple[str, str, bytes, int, int]]) -> None:
        """Add new items, ``(pk, sk, image, size, created_us)`` each, as :meth:`append` would."""
        routes: dict[str, tuple[Shard, int]] = {}
        make = Record._make
        sequence = self.last
        for pk, sk, image, size, created_us in rows:
            route = routes.get(pk)
            if route is None:
                digest = zlib.crc32(pk.encode())
                shard = self._open[bisect_right(self._lows, digest) - 1]
                route = routes[pk] = (shard, 1 + digest % 5)
            shard, step = route
            sequence += step
            records = shard.records
            if records and records[-1][1] > created_us:
                shard.sorted_by_time = False
            records.append(make((sequence, created_us, INSERT, pk, sk, image, size)))
            self.total += 1
        self.last = sequence

    def rotate(self, now_us: int, shard_id: str | None = None) -> list[str]:
        """Close every open shard (or one) and open a child of each; returns the children's ids."""
        return self._replace(now_us, shard_id, 1)

    def split(self, now_us: int, shard_id: str | None = None) -> list[str]:
        """As :meth:`rotate`, with two children that share the parent's hash range."""
        return self._replace(now_us, shard_id, 2)

    def _replace(self, now_us: int, shard_id: str | None, pieces: int) -> list[str]:
        if shard_id is not None and all(shard.id != shard_id for shard in self._open):
            raise not_found(f"No open shard {shard_id}")
        following: list[Shard] = []
        children: list[str] = []
        for shard in self._open:
            if shard_id not in (None, shard.id) or shard.high - shard.low < pieces:
                following.append(shard)
                continue
            self.last += 1
            shard.end = self.last
            shard.closed_us = now_us
            width = shard.high - shard.low
            for i in range(pieces):
                low, high = (shard.low + width * j // pieces for j in (i, i + 1))
                child = self._open_shard(shard, low, high, now_us)
                following.append(child)
                children.append(child.id)
        self._open = following
        self._route()
        return children

    def _open_shard(self, parent: Shard | None, low: int, high: int, now_us: int) -> Shard:
        self.last += 1
        self._born += 1
        # A child sorts after its parent even when a test's clock stands still.
        if parent is not None:
            now_us = max(now_us, parent.created_us + 1000)
        digest = zlib.crc32(f"{self.arn}:{self._born}".encode())
        shard = Shard(
            f"shardId-{now_us // 1000:020d}-{digest:08x}",
            parent.id if parent else None,
            low,
            high,
            self.last,
            now_us,
        )
        self._shards[shard.id] = shard
        return shard

    def _route(self) -> None:
        self._lows = [shard.low for shard in self._open]

    def trim(self, horizon_us: int) -> int:
        """Drop records created before ``horizon_us``, and shards long closed.

        Returns:
            How many records were dropped.
        """
        dropped = sum(shard.trim(horizon_us) for shard in self._shards.values())
        gone = [
            shard.id
            for shard in self._shards.values()
            if shard.closed_us is not None
            and not shard.records
            and shard.closed_us < horizon_us - LISTED_AFTER_TRIM_US
        ]
        for shard_id in gone:
            del self._shards[shard_id]
        return dropped

    # -- reading

    def shard(self, shard_id: str) -> Shard:
        """A shard by id.

        Raises:
            AwsError: ResourceNotFoundException.
        """
        shard = self._shards.get(shard_id)
        if shard is None:
            raise not_found(f"Requested resource not found: Shard does not exist: {shard_id}")
        return shard

    def shards(self) -> list[Shard]:
        """Every listed shard, by id."""
        return [self._shards[shard_id] for shard_id in sorted(self._shards)]

    def children(self, shard_id: str) -> list[Shard]:
        """The listed children of a shard, which need not be listed itself."""
        return [shard for shard in self.shards() if shard.parent == shard_id]

    def page(
        self, shard: Shard, after: int, limit: int, max_bytes: int
    ) -> tuple[list[Record], int, bool]:
        """Records numbered above ``after``.

        Returns:
            (records, position after them, True when nothing can follow).

        Raises:
            AwsError: TrimmedDataAccessException when records after that position are gone.
        """
        if after < shard.trimmed:
            raise trimmed()
        records = shard.records
        start = shard.index_after(after)
        stop = start
        size = 0
        top = min(len(records), start + limit)
        while stop < top:
            size += records[stop].size
            if size > max_bytes and stop > start:
                break
            stop += 1
        page = records[start:stop]
        position = page[-1].sequence if page else after
        return page, position, shard.end is not None and stop == len(records)

    def status(self) -> dict[str, Any]:
        """Counts for the control endpoint."""
        shards = self._shards.values()
        return {
            "shards": len(self._shards),
            "open_shards": len(self._open),
            "records": sum(len(shard.records) for shard in shards),
            "records_ever": self.total,
        }


def iso_label(now_us: int) -> str:
    """A stream's label: its creation time as ``2026-11-23T05:00:00.000``."""
    moment = datetime.datetime.fromtimestamp(now_us / 1e6, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now_us // 1000 % 1000:03d}"
