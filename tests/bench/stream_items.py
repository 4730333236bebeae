"""Plain items of 24 numbers, from the response to numpy columns: ours, and what one would write.

Ours is the way the app goes: parser, source, records, :class:`PlainItems`. The naive way is the
stock parser, a TypeDeserializer and ``float``; for Kinesis ``json.loads`` of the data before that.
Both are measured twice: from the response's bytes, and with the whole call over the loopback,
whose cost (signing, sockets) is the same for both and hides what is compared.
"""

from __future__ import annotations

import gc
import json
import time
from pathlib import Path
from typing import Any

import boto3
import numpy as np
from boto3.dynamodb.types import TypeDeserializer
from botocore.awsrequest import HeadersDict
from botocore.parsers import ResponseParserFactory
from numpy.typing import NDArray

from pitwall.cloud.clients import make_clients
from pitwall.cloud.image import Image
from pitwall.cloud.mapping import PlainMapping, load_mapping
from pitwall.cloud.parser import FastParserFactory
from pitwall.cloud.plain import PlainItems
from pitwall.stream import (
    HORIZON,
    DynamoSource,
    KinesisSource,
    ServerClock,
    StreamSource,
    SystemTime,
    features_of,
)
from pitwall.stream.envelope import as_it_is
from tests.bench import stream_data as data
from tests.bench.canned import Canned

Columns = NDArray[np.float64]
Figures = dict[tuple[str, str], list[float]]
RECORDS = 10_000
CARS = 10
NAMES = [f"ch{i:02d}" for i in range(data.CHANNELS)]
STREAMS = ("plain", "kinesis", "envelope")
"""A table's stream; bare JSON in a Kinesis stream; a table's changes in a Kinesis stream."""
WAYS = ("naive", "ours", "naive, with the call", "ours, with the call")
_TABLE = "somebodys"
_COLUMNS = ("t", "lap", *NAMES)


def write(folder: Path) -> PlainMapping:
    """The bodies of the streams; returns how their items are read."""
    created = data.T0 // 1_000_000
    records: dict[str, list[bytes]] = {name: [] for name in STREAMS}
    for i, item in enumerate(data.plain_items(RECORDS, CARS)):
        image = data.typed(item)
        bare, envelope = data.dumped(item), data.dumped(_envelope(image))
        for name, record in (
            ("plain", data.stream_record(image, i, created)),
            ("kinesis", data.kinesis_record(bare, i, created, item["car"])),
            ("envelope", data.kinesis_record(envelope, i, created, item["car"])),
        ):
            records[name].append(data.dumped(record))
    for name, lines in records.items():
        data.write_pages(folder / name, 0, lines)
    path = folder.parent / "plain.toml"
    channels = "".join(f"[channels.{n}]\nlow = 0\nhigh = 200\nresolution = 1e-4\n" for n in NAMES)
    path.write_text(
        f'time = "t"\ntime_unit = "ms"\ncar = "car"\nlap = "lap"\nrate_hz = 20\n{channels}'
    )
    return load_mapping(path)


def _envelope(image: dict[str, Any]) -> dict[str, Any]:
    """A change of a table as "Kinesis for DynamoDB" tells it."""
    return {
        "awsRegion": "us-east-1",
        "eventID": "0f0a2f8e-4f0e-4c1b-9b0a-000000000000",
        "eventName": "INSERT",
        "userIdentity": None,
        "recordFormat": "application/json",
        "tableName": _TABLE,
        "dynamodb": {
            "ApproximateCreationDateTime": 1_757_184_000_000,
            "Keys": {"pk": image["pk"], "sk": image["sk"]},
            "NewImage": image,
            "SizeBytes": 420,
        },
        "eventSource": "aws:dynamodb",
    }


class Replayed:
    """A client whose GetRecords answers come from memory: what is left is its parser.

    Args:
        client: tells the service; asked for everything else.
        pages: bodies in order.
        fast: with our parser; else with botocore's own.
    """

    def __init__(self, client: Any, pages: list[bytes], *, fast: bool) -> None:
        factory: Any = ResponseParserFactory()
        self._parser = (FastParserFactory(factory) if fast else factory).create_parser("json")
        self._shape = client.meta.service_model.operation_model("GetRecords").output_shape
        self._client = client
        self._pages = iter(pages)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_records(self, **asked: Any) -> Any:
        """The next answer; empty after the last."""
        body = next(self._pages, b'{"Records":[],"NextShardIterator":"end"}')
        response = {"status_code": 200, "headers": HeadersDict(), "body": body, "context": {}}
        return self._parser.parse(response, self._shape)


def source_of(client: Any, server: Canned, stream: str) -> StreamSource:
    """As the app makes it."""
    system = SystemTime()
    clock = ServerClock(system)
    if stream == "plain":
        arn = server.arn(stream)
        return DynamoSource(client, arn, features=features_of(client), server=clock, time=system)
    form = as_it_is if stream == "kinesis" else Image
    return KinesisSource.connect(client, stream, _TABLE, clock, system, form)


def ours(source: StreamSource, mapping: PlainMapping, stream: str, iterator: str) -> Columns:
    """All columns of one stream, page by page, through its source."""
    reader = PlainItems(mapping, typed=stream != "kinesis")
    parts = []
    while (page := source.read(iterator, data.PAGE)).records:
        bodies = [record.body for record in page.records]
        raws = bodies if stream == "kinesis" else [body.raw for body in bodies]
        found = reader.read(raws)
        if found.odd or len(found.cars) != len(bodies):
            raise AssertionError(f"not every item was read: {found.odd[:1]}")
        parts.append(np.vstack((found.t // 1000, found.lap, found.values)))
        iterator = str(page.next_iterator)
    return np.concatenate(parts, axis=1).T


def naive(client: Any, stream: str, iterator: str) -> Columns:
    """The same as the documentation shows it."""
    plain = TypeDeserializer().deserialize
    rows = []
    while found := (page := client.get_records(ShardIterator=iterator))["Records"]:
        for record in found:
            if stream == "kinesis":
                item = json.loads(record["Data"])
            else:
                change = record if stream == "plain" else json.loads(record["Data"])
                image = change["dynamodb"]["NewImage"]
                item = {name: plain(value) for name, value in image.items()}
            rows.append([float(item[name]) for name in _COLUMNS])
        iterator = page["NextShardIterator"]
    return np.array(rows)


def stock_client(server: Canned, stream: str) -> Any:
    """boto3 as it comes."""
    service = "dynamodbstreams" if stream == "plain" else "kinesis"
    return boto3.client(
        service,
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - a stand-in's
    )


def measure(folder: Path, server: Canned, mapping: PlainMapping, repeat: int) -> Figures:
    """CPU microseconds per record by stream and way."""
    figures: Figures = {}
    clients = make_clients(server.endpoint)
    for stream in STREAMS:
        pages = [p.read_bytes() for p in sorted((folder / stream / "0000").iterdir())]
        mine = clients.streams if stream == "plain" else clients.kinesis
        stock = stock_client(server, stream)
        for _ in range(repeat):
            found: dict[str, Columns] = {}
            for way in WAYS:
                client = mine if way.startswith("ours") else stock
                if "call" not in way:
                    client = Replayed(client, pages, fast=client is mine)
                source = source_of(client, server, stream)
                first = source.open(source.describe().shards[0].id, HORIZON)
                gc.collect()
                begun = time.process_time()
                if way.startswith("ours"):
                    found[way] = ours(source, mapping, stream, first)
                else:
                    found[way] = naive(client, stream, first)
                took = time.process_time() - begun
                figures.setdefault((stream, way), []).append(took / RECORDS * 1e6)
            if not all(np.array_equal(each, found["naive"]) for each in found.values()):
                raise AssertionError(f"{stream}: the ways give different numbers")
        stock.close()
    clients.close()
    return figures
