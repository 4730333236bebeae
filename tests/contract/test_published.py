"""The publisher against the stand-in over HTTP, and everything read back."""

from __future__ import annotations

import gzip
import json
import math
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pitwall.cloud import (
    Clients,
    format_line,
    make_clients,
    parse_bundle,
    publish,
    read_catalog,
    read_chunks,
    read_heads,
    read_sealed,
    read_session,
    sealed_keys,
    sealed_prefix,
)
from pitwall.cloud.local.process import StandIn
from pitwall.telemetry import Failure, Segment
from tests.unit.cloud import strategies as made

pytestmark = pytest.mark.slow

CHUNKS, _ = made.field(3, 20.0, 6.0)
KEY = made.SESSION.key


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    with StandIn.start(firehose_interval_s=0.2, shards=3) as running:
        yield running


@pytest.fixture(scope="module")
def clients(stand_in: StandIn) -> Iterator[Clients]:
    made_clients = make_clients(stand_in.endpoint)
    report = publish(
        iter(CHUNKS), made.SESSION, made_clients, stand_in.table, stand_in.bucket, speed=math.inf
    )
    assert report.chunks == len(CHUNKS)
    assert report.unsealed == 0
    yield made_clients
    made_clients.close()


def test_the_table(stand_in: StandIn, clients: Clients) -> None:
    client, table = clients.dynamodb, stand_in.table
    assert read_session(client, table, KEY) == made.SESSION
    heads = read_heads(client, table, KEY)
    assert [(h.car, h.ended, h.n) for h in heads] == [
        (car, True, {"driver": 80, "engine": 20}) for car in ("1", "2", "3")
    ]
    got: list[Segment] = []
    for group, lap, car in {(c.series.group, c.lap, c.series.car) for c in CHUNKS}:
        found, bad = read_chunks(client, table, KEY, group, lap, car, 0, 10**16)
        assert bad == []
        got += found
    assert sorted(map(repr, got)) == sorted(map(repr, CHUNKS))


def test_sealed_laps_in_table_and_bucket(stand_in: StandIn, clients: Clients) -> None:
    entries = read_catalog(clients.dynamodb, stand_in.table, KEY)
    assert all(entry.sealed for entry in entries)
    sealed, bad = read_sealed(clients.dynamodb, stand_in.table, sealed_keys(entries))
    assert bad == []
    assert sum(s.chunks for s in sealed) == len(CHUNKS)
    listed = clients.s3.list_objects_v2(Bucket=stand_in.bucket, Prefix=sealed_prefix(KEY))
    objects = [
        segment
        for each in listed["Contents"]
        for segment in parse_bundle(
            clients.s3.get_object(Bucket=stand_in.bucket, Key=each["Key"])["Body"].read()
        ).segments
    ]
    assert sorted(map(repr, objects)) == sorted(map(repr, sealed))


def test_the_stream(stand_in: StandIn, clients: Clients) -> None:
    streams = clients.streams
    shards = streams.describe_stream(StreamArn=stand_in.stream_arn)["StreamDescription"]["Shards"]
    got: list[Segment] = []
    records = 0
    for shard in shards:
        iterator: str | None = streams.get_shard_iterator(
            StreamArn=stand_in.stream_arn,
            ShardId=shard["ShardId"],
            ShardIteratorType="TRIM_HORIZON",
        )["ShardIterator"]
        for _ in range(20):
            answer = streams.get_records(ShardIterator=iterator)
            for record in answer["Records"]:
                records += 1
                image: dict[str, Any] = record["dynamodb"]["NewImage"]
                what = made.parse_item(image)
                if image["k"]["S"] == "c":
                    assert isinstance(what, Segment)
                    got.append(what)
            iterator = answer.get("NextShardIterator")
            if iterator is None or not answer["Records"]:
                break
    assert sorted(map(repr, got)) == sorted(map(repr, CHUNKS))
    assert records > len(CHUNKS)


def archived(stand_in: StandIn, clients: Clients) -> list[bytes]:
    listed = clients.s3.list_objects_v2(Bucket=stand_in.bucket, Prefix="raw/")
    bodies = [
        clients.s3.get_object(Bucket=stand_in.bucket, Key=each["Key"])["Body"].read()
        for each in listed.get("Contents", [])
    ]
    return b"".join(gzip.decompress(body) for body in bodies).splitlines()


def test_the_archive(stand_in: StandIn, clients: Clients) -> None:
    deadline = time.monotonic() + 20
    # another process writes it: all that can be done is to look again
    while len(lines := archived(stand_in, clients)) < len(CHUNKS):
        assert time.monotonic() < deadline, f"{len(lines)} of {len(CHUNKS)} chunks archived"
        time.sleep(0.05)
    read = [made.parse_line(line) for line in lines]
    assert sorted(repr(line.segment) for line in read) == sorted(map(repr, CHUNKS))
    assert json.loads(format_line(*read[0])) == json.loads(lines[0])


def test_a_wrong_table_is_named(clients: Clients) -> None:
    with pytest.raises(Failure, match="table nope: Query: no such table"):
        read_heads(clients.dynamodb, "nope", KEY)
