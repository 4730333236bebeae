"""The stream reader: records a second to the commit, items to columns, live cost and latency.

Everything is read from canned loopback servers (:mod:`tests.bench.canned`) in processes of their
own, ours and the baselines in turn, several times over; the turning over of shards is measured
over the stand-in. CPU is that of this process, all threads: it says more than the wall clock on a
machine that does other things as well.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import boto3
import numpy as np

from pitwall.runtime import collector
from tests.bench import stream_data as data
from tests.bench import stream_items, stream_live
from tests.bench.canned import Canned
from tests.bench.harness import Result, spread
from tests.bench.pipeline import Pipeline

CARS = 40
SHARDS = CARS
"""So many that the documented five reads a second of each, which we keep to and the bare loop does
not, are not what is measured."""
SECONDS = 240
REPEAT = 5
Figures = dict[str, list[float]]


def run() -> Result:
    """All of it, about four minutes."""
    collector.ease()  # as the app has it; the baselines gain by it too
    result = Result({}, {"bare boto3 loop": {}, "naive": {}})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        canned = folder / "canned"
        race = data.race(CARS, SECONDS)
        data.write_race(canned / "chunks", race, SHARDS)
        mapping = stream_items.write(canned)
        live, many = stream_live.write(canned)
        with Canned(canned) as server:
            _chunks(result, server, race, folder)
            _items(result, stream_items.measure(canned, server, mapping, REPEAT))
            for label, figures in stream_live.live(server, live, folder).items():
                result.ours[f"live, {label}"] = _percentiles(figures)
            for label, figure in stream_live.many(server, many, folder).items():
                result.ours[f"400 shards, {label}"] = round(figure, 2)
        turned = stream_live.rotation(folder)
    for label, figures in turned.items():
        result.ours[f"rotation, {label}"] = _percentiles(figures, 3)
    slowest, usual = (np.array(figures) for figures in turned.values())
    result.ours["rotation adds at most, s"] = round(float(slowest.max() - np.median(usual)), 3)
    return result


def _chunks(result: Result, server: Canned, race: data.Race, folder: Path) -> None:
    """Chunk items of 40 cars: our whole path to the committed recording, and the bare loop."""
    ours: Figures = {}
    bare: Figures = {}
    for _ in range(REPEAT):
        measure(bare, lambda: count(server, "chunks"))
        measure(ours, lambda: follow(server, race, folder))
    result.ours.update({f"chunk items, committed, {k}": spread(v, 2) for k, v in ours.items()})
    result.baselines["bare boto3 loop"].update(
        {f"chunk items, counted, {k}": spread(v, 2) for k, v in bare.items()}
    )
    result.ratios["throughput_vs_bare_loop"] = _ratio(ours[RATE], bare[RATE])
    result.ratios["cpu_vs_bare_loop"] = _ratio(bare[CPU], ours[CPU])


def _items(result: Result, figures: stream_items.Figures) -> None:
    """Items of 24 numbers to columns."""
    for (stream, way), found in figures.items():
        label, _, call = way.partition(", ")
        into = result.ours if label == "ours" else result.baselines["naive"]
        into[f"{stream} items to columns, CPU us each" + f", {call}" * bool(call)] = spread(
            found, 2
        )
    for stream in stream_items.STREAMS:
        for call in ("", ", with the call"):
            ratio = _ratio(figures[stream, "naive" + call], figures[stream, "ours" + call])
            result.ratios[f"{stream}_vs_naive" + "_with_the_call" * bool(call)] = ratio


def _ratio(above: list[float], below: list[float]) -> float:
    """Median of the ratios of each repetition: those were taken one after the other, so what else
    the machine did was much the same for both."""
    return float(np.median(np.array(above) / np.array(below)))


def _percentiles(figures: list[float], digits: int = 1) -> dict[str, Any]:
    p50, p95, most = np.percentile(figures, (50, 95, 100))
    return {
        "median": round(float(p50), digits),
        "p95": round(float(p95), digits),
        "min": round(min(figures), digits),
        "max": round(float(most), digits),
        "n": len(figures),
    }


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
