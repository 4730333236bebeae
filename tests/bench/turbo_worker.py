"""One way of getting a race into memory, in a process of its own, so that its peak is its own.

``python -m tests.bench.turbo_worker WAY FOLDER ENDPOINT [CARS SECONDS]`` prints one JSON object.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench import turbo_others as others
from tests.bench.turbo_others import BUCKET
from tests.bench.turbo_race import GROUP, LAP_S, RATE, SESSION, T0, Size, head_of

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
    readers = figures.get("readers_cpu_s", 0.0)
    figures.setdefault("cpu_s", round(_cpu_s() - before + readers, 3))
    figures["peak_mb"] = _peak_mb(resource.RUSAGE_SELF)
    print(json.dumps(figures))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_mb(whose: int) -> float:
    return round(resource.getrusage(whose).ru_maxrss / 1024, 1)


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
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            figures = (way or _joined)(Path(home), stand_in.table, size, mapping)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            readers = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            if readers > 0:
                figures["readers_cpu_s"] = round(readers, 3)
                figures["largest_reader_mb"] = _peak_mb(resource.RUSAGE_CHILDREN)
            return figures
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
    seen = -1
    try:
        while not everything:
            time.sleep(_LOOK_S)
            now = time.perf_counter() - begun
            if run.failure is not None or now > LIMIT_S:
                raise SystemExit(f"turbo: {run.failure or 'not done in time'}")
            if run.store.version == seen:
                continue
            seen = run.store.version
            if not picture and _usable(run.store, size):
                picture = now
            if _samples(run.store) >= size.samples:
                everything = now
        ledger = run.store.ledger()
        samples = _samples(run.store)
        _touch(run.store)
    finally:
        run.stop()
    if samples != size.samples or ledger.missing:
        raise SystemExit(f"turbo: {samples} of {size.samples} samples, {ledger.missing} missing")
    return {
        "picture_s": round(picture, 3),
        "everything_s": round(everything, 3),
    }


def _run(home: Path, table: str, mapping: Any) -> Any:
    from pitwall.address import CloudAddress
    from pitwall.run import Run

    address = CloudAddress(table, BUCKET, mapping=mapping)
    return Run.joined(SESSION.key, address, home / "race.pitwall", lambda name, details: None)


def _samples(store: Any) -> int:
    return sum(columns.samples for columns in store.view().columns.values())


def _touch(store: Any) -> None:
    """Read a value of every page: memory that a process of ours has filled is counted in the peak
    like all other."""
    for columns in store.view().columns.values():
        for block in columns.blocks:
            block.bins.fold()
            block.values[:, ::512].sum()


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


WAYS: dict[str, Callable[[Path, str, Size], dict[str, Any]]] = {
    "ours": ours,
    "plain": plain,
    "window": window,
    "stream": others.stream,
    "naive": others.naive,
    "best_reader": others.best_reader,
    "floor": others.floor,
}

if __name__ == "__main__":
    main()
