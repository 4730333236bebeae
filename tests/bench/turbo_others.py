"""Other ways of getting the race: what it is measured against."""

from __future__ import annotations

import gzip
import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tests.bench.turbo_race import EPOCH, GROUP, SESSION, T0, Size, name_of

BUCKET = "race"
THREADS = 8
STREAM_SHARE = 20
"""The stream way reads one part of so many, and its time is projected."""
STREAM_SHARDS = 4
"""Of a table of this size; each is read five times a second."""


def _objects(endpoint: str, prefix: str) -> tuple[Any, list[str]]:
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3", endpoint_url=endpoint,
        config=Config(s3={"addressing_style": "path"}, max_pool_connections=THREADS),
    )  # fmt: skip
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    return client, [row["Key"] for page in pages for row in page.get("Contents", ())]


def naive(folder: Path, endpoint: str, size: Size) -> dict[str, Any]:
    """``get_object``, ``gzip``, ``json.loads``, append; arrays at the end."""
    begun = time.perf_counter()
    client, keys = _objects(endpoint, "plain/")
    names = [channel.name for channel in GROUP.channels]
    cars: dict[str, dict[str, list[float]]] = {}
    for key in keys:
        body = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        for line in gzip.decompress(body).splitlines():
            record = json.loads(line)
            columns = cars.get(record["car"])
            if columns is None:
                columns = cars[record["car"]] = {name: [] for name in ("t", *names)}
            columns["t"].append(record["t"])
            for name in names:
                columns[name].append(record[name])
    arrays = {
        car: {
            name: np.array(values, np.int64 if name == "t" else np.float32)
            for name, values in columns.items()
        }
        for car, columns in cars.items()
    }
    return _checked(begun, sum(len(c["t"]) for c in arrays.values()), size)


def best_reader(folder: Path, endpoint: str, size: Size) -> dict[str, Any]:
    """pyarrow.json with a schema, an object a thread, two threads; a block per car at the end."""
    import io

    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.json as pj
    from isal import isal_zlib

    begun = time.perf_counter()
    client, keys = _objects(endpoint, "plain/")
    names = [channel.name for channel in GROUP.channels]
    schema = pa.schema(
        [("car", pa.string()), ("lap", pa.int32()), ("t", pa.int64()), ("seq", pa.int64())]
        + [(name, pa.float32()) for name in names]
    )
    options = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    reading = pj.ReadOptions(use_threads=False, block_size=16 << 20)
    cars = [name_of(car) for car in range(size.cars)]

    def decode(key: str) -> list[tuple[Any, Any]]:
        body = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        text = isal_zlib.decompress(body, wbits=31)
        table = pj.read_json(io.BytesIO(text), reading, options)
        index = pc.index_in(table["car"], pa.array(cars)).to_numpy()
        order = np.argsort(index, kind="stable")
        t = table["t"].to_numpy()[order]
        values = np.stack([table[name].to_numpy() for name in names])[:, order]
        edges = np.searchsorted(index[order], np.arange(len(cars) + 1))
        return [(t[a:b], values[:, a:b]) for a, b in zip(edges, edges[1:], strict=False)]

    pa.set_cpu_count(1)
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(decode, keys))
    samples = 0
    joined = []
    for car in range(len(cars)):
        t = np.concatenate([part[car][0] for part in parts])
        joined.append((t, np.concatenate([part[car][1] for part in parts], axis=1)))
        samples += len(t)
    return _checked(begun, samples, size)


def floor(folder: Path, endpoint: str, size: Size) -> dict[str, Any]:
    """Download and inflating alone, of the objects that ours reads: what no reader can be faster
    than."""
    import zstandard

    from pitwall.cloud import parse_bundle
    from pitwall.telemetry.payload import HEADER, ZSTD
    from pitwall.turbo.choose import newest_laps
    from pitwall.turbo.objects import ObjectInfo

    client, keys = _objects(endpoint, "sealed/")
    chosen = [i.key for i in newest_laps(SESSION.key, [ObjectInfo(k, 0, k) for k in keys])]

    def load(key: str) -> int:
        body = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        unpack = zstandard.ZstdDecompressor().decompress
        raw = 0
        for segment in parse_bundle(body).segments:
            _, flags, *_ = HEADER.unpack_from(segment.payload)
            packed = memoryview(segment.payload)[HEADER.size :]
            raw += len(unpack(packed)) if flags & ZSTD else len(packed)
        return raw

    begun, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(2) as pool:
        raw = sum(pool.map(load, chosen))
    return {
        "everything_s": round(time.perf_counter() - begun, 3),
        "cpu_s": round(time.process_time() - cpu, 3),
        "raw_mb": round(raw / 1e6, 1),
    }


def stream(folder: Path, endpoint: str, size: Size) -> dict[str, Any]:
    """The first part of the race through the stream calls: our reader, from a canned server, at
    the five reads a second that each shard gives; the time of the whole is projected."""
    from pitwall.cloud import chunk_item, head_item
    from pitwall.telemetry import Head
    from tests.bench import stream_data as data
    from tests.bench.canned import Canned
    from tests.bench.pipeline import Pipeline

    seconds = size.seconds // STREAM_SHARE
    written: list[data.Written] = []
    for segment in _first_chunks(folder, seconds, size.cars):
        written.append(
            data.Written(segment.t_hi - T0, segment.series.car, chunk_item(segment, text=True))
        )
    chunks = len(written)
    last = T0 + seconds * 1_000_000
    for car in map(name_of, range(size.cars)):
        head = Head(SESSION.key, car, EPOCH, T0, last, 0, {GROUP.name: seconds}, True)
        written.append(data.Written(last - T0, car, head_item(head)))
    race = data.Race(SESSION, tuple(written), chunks)
    with tempfile.TemporaryDirectory() as home:
        canned = Path(home) / "canned"
        data.write_race(canned / "chunks", race, STREAM_SHARDS)
        with Canned(canned) as server:
            begun, cpu = time.perf_counter(), time.process_time()
            where = server.endpoint, server.arn("chunks")
            with Pipeline.over_dynamo(*where, SESSION, Path(home)) as ours:
                books = ours.until_applied(chunks)
                took, cpu = time.perf_counter() - begun, time.process_time() - cpu
    if books.missing or chunks != size.cars * seconds:
        raise SystemExit(f"stream: {chunks} chunks, {books.missing} missing")
    return {
        "everything_s": round(took * STREAM_SHARE, 3),
        "cpu_s": round(cpu * STREAM_SHARE, 3),
        "projected_from": f"{seconds} s of the race, {chunks} chunks, {STREAM_SHARDS} shards",
        "measured_s": round(took, 3),
    }


def _first_chunks(folder: Path, seconds: int, cars: int) -> list[Any]:
    """The chunks of the first ``seconds``, from the raw archive."""
    from pitwall.cloud import Line, archived

    decoder = msgspec.json.Decoder(Line)
    out: list[Any] = []
    for path in sorted((folder / "raw").rglob("*.gz")):
        for line in decoder.decode_lines(gzip.decompress(path.read_bytes())):
            if line.n <= seconds:
                out.append(archived(line).segment)
        if len(out) >= seconds * cars:
            break
    return out


def _checked(begun: float, samples: int, size: Size) -> dict[str, Any]:
    if samples != size.samples:
        raise SystemExit(f"{samples} of {size.samples} samples")
    return {"everything_s": round(time.perf_counter() - begun, 3)}
