"""Records a second of the stream reader, commit included, beside a bare client loop that counts.

Everything is read from one canned loopback server (:mod:`tests.bench.canned`), in turn and several
times over. CPU seconds are those of this process, all threads; the server has its own.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import boto3

from pitwall.run import GC_THRESHOLD
from tests.bench import stream_data as data
from tests.bench.canned import Canned
from tests.bench.harness import Result, spread
from tests.bench.pipeline import Pipeline

SHARDS = 16
CARS = 40
SECONDS = 120
REPEAT = 5
Figures = dict[str, list[float]]


def run() -> Result:
    """Chunk items of 40 cars: our whole path to the committed recording, and the bare loop."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLD)  # as the app has it; the baselines gain by it too
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        race = data.race(CARS, SECONDS)
        data.write_race(folder / "canned" / "chunks", race, SHARDS)
        with Canned(folder / "canned") as server:
            ours: Figures = {}
            bare: Figures = {}
            for _ in range(REPEAT):
                measure(bare, lambda: count(server, "chunks"))
                measure(ours, lambda: follow(server, race, folder))
    return Result(
        {"chunk items, committed: " + k: spread(v, 2) for k, v in ours.items()},
        {"bare boto3 loop": {"chunk items, counted: " + k: spread(v, 2) for k, v in bare.items()}},
        {
            "throughput_vs_bare_loop": _median(ours, RATE) / _median(bare, RATE),
            "cpu_bare_loop_vs_ours": _median(bare, CPU) / _median(ours, CPU),
        },
    )


RATE = "records/s"
CPU = "CPU s per 100,000 records"


def measure(into: Figures, work: Callable[[], AbstractContextManager[int]]) -> None:
    """Enter ``work``, which gives how many records it took, and note its figures; what comes after
    (closing) is not in them."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    with work() as records:
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    into.setdefault(RATE, []).append(records / wall)
    into.setdefault(CPU, []).append(cpu / records * 1e5)


def _median(figures: Figures, name: str) -> float:
    return spread(figures[name])["median"]


@contextmanager
def count(server: Canned, stream: str) -> Iterator[int]:
    """boto3 as it comes: one client, one thread, shard after shard; counts and keeps nothing."""
    client = boto3.client(
        "dynamodbstreams",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - a stand-in's
    )
    arn = server.arn(stream)
    records = 0
    for shard in client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = client.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while found := (page := client.get_records(ShardIterator=iterator))["Records"]:
            records += len(found)
            iterator = page["NextShardIterator"]
    yield records
    client.close()


@contextmanager
def follow(server: Canned, race: data.Race, folder: Path) -> Iterator[int]:
    """Read the whole race into a new recording; every chunk must be there, proved."""
    arn = server.arn("chunks")
    with Pipeline.over_dynamo(server.endpoint, arn, race.session, folder) as ours:
        books = ours.until_applied(race.chunks)
        if (books.applied, books.missing, books.duplicates) != (race.chunks, 0, 0) or (
            not books.provable
        ):
            raise AssertionError(f"not everything came, each once: {books}")
        yield len(race.written)
