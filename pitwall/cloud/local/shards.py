"""The append-only log of a table's changes and the tree of shards that it is read through.

Positions are sequence numbers, never list indices: "after ``n``" means the next record whose
number is greater, so trimming and seeding cannot shift a reader. Numbers are unique and rising
over the whole log, so the ranges of sibling shards overlap, as the service's do; they leave
holes, and their length grows from 21 to 22 digits early in a log's life, which catches readers
that count on neighbours or compare text.
"""

from __future__ import annotations

import datetime
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, NamedTuple

from pitwall.cloud.local.errors import AwsError, not_found
from pitwall.cloud.local.items import KeySchema, decode_json, encode_json

FIRST_SEQUENCE = 10**21 - 20_000
HASH_SPACE = 1 << 32
LISTED_AFTER_TRIM_US = 3_600_000_000
INSERT, MODIFY, REMOVE = "INSERT", "MODIFY", "REMOVE"

# Odd, so that multiplying by it mixes the bits of a number and keeps numbers apart.
_EVENT_MIX = 0x9E3779B97F4A7C15F39CC0605CEDC835
_EVENT_MASK = (1 << 128) - 1

_sequence_of = itemgetter(0)
_created_of = itemgetter(1)


class Record(NamedTuple):
    """One change of one item.

    Attributes:
        sequence: its number, rising over the log.
        created_us: when it entered the log.
        event: ``INSERT``, ``MODIFY`` or ``REMOVE``.
        pk, sk: the item's key in sorting form.
        image: JSON of the item as it became; empty for ``REMOVE``.
        size: bytes that count for pages.
    """

    sequence: int
    created_us: int
    event: str
    pk: Any
    sk: Any
    image: bytes
    size: int


class Shard:
    """A run of records for one range of key hashes.

    Attributes:
        id: ``shardId-<20 digits of creation ms>-<hash>``.
        parent: id of the shard it continues; None for a root.
        low, high: half-open range of the 32-bit key hash.
        start: its StartingSequenceNumber (may precede the first record).
        end: its EndingSequenceNumber; None while open.
        closed_us: when it was closed; None while open.
        trimmed: number of the newest record that is gone, 0 when all are there.
    """

    __slots__ = (
        "closed_us", "created_us", "end", "high", "id", "low",
        "parent", "records", "sorted_by_time", "start", "trimmed",
    )  # fmt: skip

    def __init__(
        self, id: str, parent: str | None, low: int, high: int, start: int, created_us: int
    ) -> None:
        self.id = id
        self.parent = parent
        self.low = low
        self.high = high
        self.start = start
        self.created_us = created_us
        self.end: int | None = None
        self.closed_us: int | None = None
        self.trimmed = 0
        self.records: list[Record] = []
        self.sorted_by_time = True

    def index_after(self, sequence: int) -> int:
        """Index of the first record numbered above ``sequence``."""
        return bisect_right(self.records, sequence, key=_sequence_of)

    def trim(self, horizon_us: int) -> int:
        """Drop records created before ``horizon_us`` from the front; returns how many."""
        records = self.records
        if not records or records[0].created_us >= horizon_us:
            return 0
        count = 0
        while count < len(records) and records[count].created_us < horizon_us:
            count += 1
        self.trimmed = records[count - 1].sequence
        del records[:count]
        return count

    def since(self, timestamp_us: int) -> int | None:
        """Position just before the first record whose *rounded* creation time is at or after.

        The service documents AT_TIMESTAMP over ApproximateCreationDateTime, which is rounded down
        to the second: a record of 12:00:00.7 is not "at or after" 12:00:00.5.

        Returns:
            A position, or None when no record qualifies.
        """
        wanted = -(-timestamp_us // 1_000_000) * 1_000_000
        if self.sorted_by_time:
            at = bisect_right(self.records, wanted - 1, key=_created_of)
            return self.records[at].sequence - 1 if at < len(self.records) else None
        for record in self.records:
            if record.created_us >= wanted:
                return record.sequence - 1
        return None


class StreamLog:
    """All changes of one table, spread over shards by a hash of the partition key.

    Not locked: the owner serialises calls.

    Attributes:
        arn: the stream's name, made of the table's and a label of its creation time.
        table: the table's name.
        schema: the table's key.
        region: AWS region shown in records.
        last: highest sequence number given out.
        total: records ever appended.
    """

    def __init__(
        self, table_arn: str, table: str, schema: KeySchema, region: str, shards: int, now_us: int
    ) -> None:
        if not 1 <= shards <= 4096:
            raise ValueError(f"a stream has 1 to 4096 shards, not {shards}")
        self.label = iso_label(now_us)
        self.arn = f"{table_arn}/stream/{self.label}"
        self.table = table
        self.schema = schema
        self.region = region
        self._roots = shards
        self._salt = zlib.crc32(self.arn.encode()) << 96
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

    def event(self, records: Iterable[Record]) -> dict[str, Any]:
        """Records as the event that a Lambda function is given.

        The same members as :meth:`encode` gives, and ``eventSourceARN``; built directly because
        decoding them from JSON takes twice as long, and history is made of many.
        """
        salt, region, arn = self._salt, self.region, self.arn
        keys = self.schema.attributes
        rows: list[dict[str, Any]] = []
        for sequence, created_us, event, pk, sk, image, size in records:
            change: dict[str, Any] = {
                "ApproximateCreationDateTime": created_us // 1_000_000,
                "Keys": keys(pk, sk),
            }
            if image:
                change["NewImage"] = decode_json(image)
            change["SequenceNumber"] = str(sequence)
            change["SizeBytes"] = size
            change["StreamViewType"] = "NEW_IMAGE"
            rows.append(
                {
                    "eventID": f"{(sequence * _EVENT_MIX ^ salt) & _EVENT_MASK:032x}",
                    "eventName": event,
                    "eventVersion": "1.1",
                    "eventSource": "aws:dynamodb",
                    "awsRegion": region,
                    "dynamodb": change,
                    "eventSourceARN": arn,
                }
            )
        return {"Records": rows}

    def encode(self, records: Iterable[Record]) -> bytes:
        """Records as the JSON list that GetRecords answers with."""
        region = encode_json(self.region)
        salt = self._salt
        keys = self._key_encoder()
        out: list[bytes] = []
        for sequence, created_us, event, pk, sk, image, size in records:
            out.append(
                b'{"eventID":"%032x","eventName":"%b","eventVersion":"1.1",'
                b'"eventSource":"aws:dynamodb","awsRegion":%b,'
                b'"dynamodb":{"ApproximateCreationDateTime":%d,"Keys":%b,%b%b%b'
                b'"SequenceNumber":"%d","SizeBytes":%d,"StreamViewType":"NEW_IMAGE"}}'
                % (
                    (sequence * _EVENT_MIX ^ salt) & _EVENT_MASK,
                    event.encode(),
                    region,
                    created_us // 1_000_000,
                    keys(pk, sk),
                    b'"NewImage":' if image else b"",
                    image,
                    b"," if image else b"",
                    sequence,
                    size,
                )
            )
        return b"[%b]" % b",".join(out)

    def _key_encoder(self) -> Callable[[Any, Any], bytes]:
        schema = self.schema
        if schema.sk is None or schema.pk.type + schema.sk.type != "SS":
            return lambda pk, sk: encode_json(schema.attributes(pk, sk))
        pk_name, sk_name = encode_json(schema.pk.name), encode_json(schema.sk.name)

        def texts(pk: str, sk: str) -> bytes:
            return b'{%b:{"S":%b},%b:{"S":%b}}' % (
                pk_name,
                encode_json(pk),
                sk_name,
                encode_json(sk),
            )

        return texts

    def status(self) -> dict[str, Any]:
        """Counts for the control endpoint."""
        shards = self._shards.values()
        return {
            "shards": len(self._shards),
            "open_shards": len(self._open),
            "records": sum(len(shard.records) for shard in shards),
            "records_ever": self.total,
        }


def trimmed() -> AwsError:
    """The refusal to read what retention has removed."""
    return AwsError(
        "TrimmedDataAccessException",
        "The operation attempted to read past the oldest stream record in a shard",
    )


def iso_label(now_us: int) -> str:
    """A stream's label: its creation time as ``2026-11-23T05:00:00.000``."""
    moment = datetime.datetime.fromtimestamp(now_us / 1e6, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now_us // 1000 % 1000:03d}"
