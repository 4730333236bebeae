"""Ten thousand sealed laps by key: a hundred keys a call, beside one Query for each.

40 cars, 250 laps, served by a static server on loopback in a process of its own. ``ours`` ends with
checked segments, the others with botocore's items. Both ways use the same number of threads and one
shared client. The projection to 40 ms and 100 Mbit/s is checked against a server that keeps both.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from pitwall.cloud import iter_sealed, make_clients
from pitwall.cloud.batch_read import BATCH_KEYS, THREADS
from pitwall.telemetry import Segment
from tests.bench.harness import Result, spread
from tests.bench.keyed_data import TABLE, build
from tests.bench.keyed_server import KeyedServer

REPEAT = 7
DELAY_MS = 40.0
MBIT = 100.0
_SOME = 2000
"""Queries that are made over the slow line: ten thousand would take minutes."""
Keys = list[tuple[str, str]]


def run() -> Result:
    """Ours seven times, the other ways once or twice: a Query each takes half a minute."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "items"
        keys, size = build(path)
        with KeyedServer(path) as server:
            ours = [_measured(lambda: _ours(server.endpoint, keys), keys) for _ in range(REPEAT)]
            batch = [_measured(lambda: _batches(server.endpoint, keys), keys) for _ in range(2)]
            query = [_measured(lambda: _queries(server.endpoint, keys), keys) for _ in range(2)]
        with KeyedServer(path, DELAY_MS, MBIT) as slow:
            far = _measured(lambda: _ours(slow.endpoint, keys), keys)
            some = _measured(lambda: _queries(slow.endpoint, keys[:_SOME]), keys[:_SOME])
    wall, each = spread([w for w, _ in ours]), spread([w for w, _ in query])
    cpu, each_cpu = spread([c for _, c in ours]), spread([c for _, c in query])
    calls = -(-len(keys) // BATCH_KEYS)
    return Result(
        {
            "partitions": len(keys),
            "megabytes of answers": round(size / 1e6, 1),
            "calls": calls,
            "threads": THREADS,
            "seconds": wall,
            "cpu, s": cpu,
            "projection, 40 ms and 100 Mbit/s": _projected(calls, size, cpu["median"]),
            "measured, 40 ms and 100 Mbit/s, s": round(far[0], 2),
        },
        {
            "one Query each (boto3)": {
                "threads": THREADS,
                "seconds": each,
                "cpu, s": each_cpu,
                "projection, 40 ms and 100 Mbit/s": _projected(len(keys), size, each_cpu["median"]),
                f"measured, 40 ms and 100 Mbit/s, s, of {_SOME}": round(some[0], 2),
            },
            "BatchGetItem (boto3)": {
                "threads": THREADS,
                "seconds": spread([w for w, _ in batch]),
                "cpu, s": spread([c for _, c in batch]),
            },
        },
        {
            "vs_query_per_key": each["median"] / wall["median"],
            "vs_query_per_key_cpu": each_cpu["median"] / cpu["median"],
            "vs_boto3_batches": spread([w for w, _ in batch])["median"] / wall["median"],
            "vs_query_per_key_far": some[0] * len(keys) / _SOME / far[0],
        },
    )


def _projected(calls: int, size: int, cpu_s: float) -> dict[str, Any]:
    """The largest of three floors: each thread waits for its calls one after the other, all share
    the line, and the interpreter runs one thread at a time."""
    floors = {
        "round trips": calls * DELAY_MS / 1e3 / THREADS,
        "line": size * 8 / (MBIT * 1e6),
        "cpu": cpu_s,
    }
    return {
        "formula": "max(calls * 0.040 / threads, megabytes * 8 / 100, cpu)",
        **{name: round(seconds, 2) for name, seconds in floors.items()},
        "seconds": round(max(floors.values()), 2),
    }


def _measured(work: Callable[[], int], keys: Keys) -> tuple[float, float]:
    """Wall and CPU seconds."""
    begun, cpu = time.perf_counter(), time.process_time()
    found = work()
    spent = time.perf_counter() - begun, time.process_time() - cpu
    if found != len(keys):
        raise RuntimeError(f"{found} of {len(keys)} items came")
    return spent


def _ours(endpoint: str, keys: Keys) -> int:
    clients = make_clients(endpoint)
    try:
        found = iter_sealed(clients.dynamodb, TABLE, keys, threads=THREADS)
        return sum(isinstance(each, Segment) for each in found)
    finally:
        clients.close()


def _boto3(endpoint: str) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(max_pool_connections=THREADS),
    )


def _queries(endpoint: str, keys: Keys) -> int:
    client = _boto3(endpoint)

    def one(key: tuple[str, str]) -> int:
        answer = client.query(
            TableName=TABLE,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": key[0]}},
        )
        return len(answer["Items"])

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(one, keys))


def _batches(endpoint: str, keys: Keys) -> int:
    client = _boto3(endpoint)

    def one(at: int) -> int:
        some = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys[at : at + BATCH_KEYS]]
        answer = client.batch_get_item(RequestItems={TABLE: {"Keys": some}})
        return len(answer["Responses"][TABLE])

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(one, range(0, len(keys), BATCH_KEYS)))
