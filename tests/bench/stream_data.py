"""What the canned server of the benchmark ``stream`` answers with, as the services send it.

Chunk items are those of the demo's cars, cut and packed by the publisher's own code; heads once a
second between them. Plain items are what somebody else's producer writes: a number per attribute.
"""

from __future__ import annotations

import base64
import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from pitwall.cloud.chunking import chunk_samples
from pitwall.cloud.items import Item, chunk_item, head_item
from pitwall.cloud.local.field import make_field
from pitwall.telemetry import Catalog, Head, Series, Session

PAGE = 1000
"""Records in a body: the most that GetRecords gives."""
EPOCH = "bench1"
T0 = 1_757_184_000_000_000
GROUPS = ("pos", "driver", "chassis", "engine")
CHUNK_US = 250_000
_FIELD_CARS = 16
"""Cars that one seed of the demo's field has."""
CHANNELS = 24
"""Number attributes of a plain item."""


@dataclass(frozen=True, slots=True)
class Written:
    """An item and when it was written.

    Attributes:
        at_us: microseconds since the race began.
        key: what its partition is found by.
        item: typed form, binary in base64.
    """

    at_us: int
    key: str
    item: Item


@dataclass(frozen=True, slots=True)
class Race:
    """A session and everything that its producers wrote, in order."""

    session: Session
    written: tuple[Written, ...]
    chunks: int


def race(cars: int, seconds: float) -> Race:
    """The demo's field, as many seeds of it as there must be for ``cars``, four groups in chunks
    of 250 ms, a head for each car and second."""
    lines: list[list[Written]] = []
    catalog: Catalog | None = None
    chunks = 0
    for first in range(0, cars, _FIELD_CARS):
        field = make_field(
            seed=1 + first // _FIELD_CARS,
            seconds=seconds + 1.0,
            cars=min(_FIELD_CARS, cars - first),
        )
        catalog = Catalog(
            tuple(
                replace(group, chunk_us=CHUNK_US)
                for group in field.catalog.groups
                if group.name in GROUPS
            )
        )
        for i, car in enumerate(field.cars):
            name = str(first + i + 1)
            crossings = field.crossings(car.number)
            newest: dict[str, list[int]] = {}
            for group in catalog.groups:
                samples = field.samples(car.number, group.name)
                some = samples.t_us < seconds * 1e6
                found = chunk_samples(
                    Series(SESSION, name, group.name, EPOCH),
                    group,
                    samples.t_us[some] + T0,
                    samples.values[:, some],
                    np.searchsorted(crossings, samples.t_us[some], side="right"),
                    catalog.version,
                    origin_us=T0,
                )
                chunks += len(found)
                newest[group.name] = [chunk.t_hi for chunk in found]
                lines.append(
                    [
                        Written(chunk.t_hi - T0, name, chunk_item(chunk, text=True))
                        for chunk in found
                    ]
                )
            lines.append(list(_heads(name, newest, int(seconds))))
    assert catalog is not None
    session = Session(SESSION, "Bench", catalog, T0, seconds, simulated=True)
    merged = heapq.merge(*lines, key=lambda written: written.at_us)
    return Race(session, tuple(merged), chunks)


SESSION = "2025-09-06-bench-stream"


def _heads(car: str, newest: dict[str, list[int]], seconds: int) -> Iterator[Written]:
    for second in range(1, seconds + 1):
        t = T0 + second * 1_000_000
        n = {g: int(np.searchsorted(times, t, side="right")) for g, times in newest.items()}
        yield Written(
            second * 1_000_000,
            car,
            head_item(Head(SESSION, car, EPOCH, T0, t, 0, n, second == seconds)),
        )


def plain_items(count: int, cars: int) -> Iterator[dict[str, Any]]:
    """Items of ``CHANNELS`` numbers, one sample of one car each, 20 a second; numbers as the
    producer has them, four decimals."""
    rng = np.random.default_rng(5)
    walk = np.cumsum(rng.normal(0, 0.5, (count, CHANNELS)), axis=0) + 100
    for i, row in enumerate(walk.round(4).tolist()):
        step, car = divmod(i, cars)
        yield {
            "car": f"{car + 1}",
            "t": T0 // 1000 + step * 50,
            "lap": step // 1800,
            **{f"ch{c:02d}": value for c, value in enumerate(row)},
        }


def typed(item: dict[str, Any]) -> Item:
    """A plain item in DynamoDB's typed form."""
    return {
        "pk": {"S": f"race#{item['car']}"},
        "sk": {"N": str(item["t"])},
        "car": {"S": item["car"]},
        **{k: {"N": str(v)} for k, v in item.items() if k != "car"},
    }


def stream_record(image: Item, sequence: int, created_s: int) -> dict[str, Any]:
    """One record of DynamoDB Streams, as GetRecords gives it."""
    return {
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": created_s,
            "Keys": {"pk": image["pk"], "sk": image["sk"]},
            "NewImage": image,
            "SequenceNumber": str(10**20 + sequence),
            "SizeBytes": 420,
            "StreamViewType": "NEW_IMAGE",
        },
        "eventID": f"{sequence * 0x9E3779B97F4A7C15 % 2**128:032x}",
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "eventVersion": "1.1",
    }


def kinesis_record(data: bytes, sequence: int, created_s: int, key: str) -> dict[str, Any]:
    """One record of Kinesis, as GetRecords gives it."""
    return {
        "ApproximateArrivalTimestamp": created_s + 0.123,
        "Data": base64.b64encode(data).decode(),
        "EncryptionType": "NONE",
        "PartitionKey": key,
        "SequenceNumber": str(49_590_338_271_490_256_608_559_692_538_361_571_095 + sequence),
    }


def shard_of(key: str, shards: int) -> int:
    """Which shard a partition is in."""
    return crc32(key.encode()) % shards


def write_pages(folder: Path, shard: int, records: list[bytes], *, ends: bool = False) -> int:
    """The bodies of one shard as files ``<shard>/<page>.json``. Returns how many."""
    place = folder / f"{shard:04d}"
    place.mkdir(parents=True)
    pages = [records[at : at + PAGE] for at in range(0, len(records), PAGE)]
    for i, page in enumerate(pages):
        following = (
            b""
            if ends and i + 1 == len(pages)
            else b'"NextShardIterator":"%s:%d:%d",'
            % (
                folder.name.encode(),
                shard,
                i + 1,
            )
        )
        (place / f"{i:05d}.json").write_bytes(b'{%b"Records":[%b]}' % (following, b",".join(page)))
    return len(pages)


def dumped(record: dict[str, Any]) -> bytes:
    """JSON without blanks."""
    return json.dumps(record, separators=(",", ":")).encode()


def write_race(folder: Path, found: Race, shards: int) -> None:
    """A race as the bodies of a table's stream; a car's items stay in one shard."""
    lines: list[list[bytes]] = [[] for _ in range(shards)]
    for i, written in enumerate(found.written):
        record = stream_record(written.item, i, (T0 + written.at_us) // 1_000_000)
        lines[int(written.key) % shards].append(dumped(record))
    for shard, records in enumerate(lines):
        write_pages(folder, shard, records)
