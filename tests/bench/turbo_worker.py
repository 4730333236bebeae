"""One way of getting a race into memory, in a process of its own, so that its peak is its own.

``python -m tests.bench.turbo_worker WAY FOLDER ENDPOINT [CARS SECONDS]`` prints one JSON object.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.turbo_race import GROUP, LAP_S, RATE, SESSION, T0, Size, head_of, name_of

BUCKET = "race"
THREADS = 8
PICTURE_LAPS = 5
"""The picture is usable when so many newest laps of every car are there."""
LIMIT_S = 600.0
_LOOK_S = 0.01


def main() -> None:
    """Run one way."""
    way, folder, endpoint = sys.argv[1:4]
    size = Size(*map(int, sys.argv[4:6]))
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    before = _cpu_s()
    figures = WAYS[way](Path(folder), endpoint, size)
    figures["cpu_s"] = round(_cpu_s() - before, 3)
    figures["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    print(json.dumps(figures))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


# ------------------------------------------------------------------ ours


def ours(folder: Path, endpoint: str, size: Size) -> dict[str, Any]:
    """The app without its window: join, load, commit."""
    return _at_stand_in(folder, endpoint, size, None)


def plain(folder: Path, endpoint: str, size: Size) -> dict[str, Any]:
    """The same, of the archive that somebody else's Lambda wrote, through a mapping."""
    from pitwall.cloud.mapping import PlainArchive, PlainMapping

    names = tuple(channel.name for channel in GROUP.channels)
    archive = PlainArchive("plain/")
    mapping = PlainMapping("", "t", "car", "lap", 1e3, {}, SESSION.catalog, names, archive=archive)
    return _at_stand_in(folder, endpoint, size, mapping)


def window(folder: Path, endpoint: str, size: Size) -> dict[str, Any]:
    """The app with its window, and a cursor that moves all the time."""
    return _at_stand_in(folder, endpoint, size, None, _watched)


def _watched(home: Path, table: str, size: Size, mapping: Any) -> dict[str, Any]:
    from tests.bench.turbo_window import watch

    run = _run(home, table, mapping)
    try:
        return watch(run, size.samples, LIMIT_S)
    finally:
        run.stop()


def _at_stand_in(
    folder: Path,
    endpoint: str,
    size: Size,
    mapping: Any,
    way: Callable[[Path, str, Size, Any], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    from pitwall.cloud.items import head_item, session_item
    from pitwall.cloud.local.process import StandIn

    with tempfile.TemporaryDirectory() as home:
        stand_in = StandIn.start()
        try:
            os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = stand_in.endpoint
            os.environ["AWS_ENDPOINT_URL_DYNAMODB_STREAMS"] = stand_in.endpoint
            os.environ["AWS_ENDPOINT_URL_S3"] = endpoint
            _in_a_process(stand_in.endpoint, stand_in.table, [
                session_item(SESSION),
                *(head_item(head_of(d)) for d in json.loads((folder / "heads.json").read_text())),
            ])  # fmt: skip
            return (way or _joined)(Path(home), stand_in.table, size, mapping)
        finally:
            stand_in.stop()


def _in_a_process(endpoint: str, table: str, items: list[dict[str, Any]]) -> None:
    """Put items with a client that is not ours to warm up."""
    import subprocess

    program = (
        "import json,sys,boto3;"
        "c=boto3.client('dynamodb',endpoint_url=sys.argv[1]);"
        "[c.put_item(TableName=sys.argv[2],Item=i) for i in json.load(sys.stdin)]"
    )
    subprocess.run(
        [sys.executable, "-c", program, endpoint, table],
        input=json.dumps(items), text=True, check=True, timeout=60,
    )  # fmt: skip


def _joined(home: Path, table: str, size: Size, mapping: Any) -> dict[str, Any]:
    begun = time.perf_counter()
    run = _run(home, table, mapping)
    run.start()
    picture = everything = 0.0
    try:
        while not everything:
            time.sleep(_LOOK_S)
            now = time.perf_counter() - begun
            if run.failure is not None or now > LIMIT_S:
                raise SystemExit(f"turbo: {run.failure or 'not done in time'}")
            if not picture and _usable(run.store, size):
                picture = now
            if _samples(run.store) >= size.samples:
                everything = now
        ledger = run.store.ledger()
        samples = _samples(run.store)
    finally:
        run.stop()
    if samples != size.samples or ledger.missing:
        raise SystemExit(f"turbo: {samples} of {size.samples} samples, {ledger.missing} missing")
    return {
        "picture_s": round(picture, 3),
        "everything_s": round(everything, 3),
    }


def _run(home: Path, table: str, mapping: Any) -> Any:
    from pitwall.run import CloudAddress, Run

    address = CloudAddress(table, BUCKET, mapping=mapping)
    return Run.joined(SESSION.key, address, home / "race.pitwall", lambda name, details: None)


def _samples(store: Any) -> int:
    return sum(columns.samples for columns in store.view().columns.values())


def _usable(store: Any, size: Size) -> bool:
    """Every car has its newest laps."""
    first = T0 + (size.seconds - PICTURE_LAPS * LAP_S) * 1_000_000
    columns = store.view().columns
    if len(columns) < size.cars:
        return False
    for each in columns.values():
        newest = sum(int((block.t >= first).sum()) for block in each.blocks if block.t[-1] >= first)
        if newest < PICTURE_LAPS * LAP_S * RATE:
            return False
    return True


# ------------------------------------------------------------------ others


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
    """Download alone, of the objects that ours reads: what no reader can be faster than."""
    import zstandard

    from pitwall.cloud import parse_bundle
    from pitwall.telemetry.payload import HEADER, ZSTD
    from pitwall.turbo.choose import newest_laps
    from pitwall.turbo.objects import ObjectInfo

    begun = time.perf_counter()
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

    with ThreadPoolExecutor(2) as pool:
        raw = sum(pool.map(load, chosen))
    return {"everything_s": round(time.perf_counter() - begun, 3), "raw_mb": round(raw / 1e6, 1)}


def _checked(begun: float, samples: int, size: Size) -> dict[str, Any]:
    if samples != size.samples:
        raise SystemExit(f"{samples} of {size.samples} samples")
    return {"everything_s": round(time.perf_counter() - begun, 3)}


WAYS: dict[str, Callable[[Path, str, Size], dict[str, Any]]] = {
    "ours": ours,
    "plain": plain,
    "window": window,
    "naive": naive,
    "best_reader": best_reader,
    "floor": floor,
}

if __name__ == "__main__":
    main()
