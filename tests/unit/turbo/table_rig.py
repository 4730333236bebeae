"""A race in a table that lives in memory, and a follower that reads the table in place of a
stream: on the virtual clock of :mod:`tests.unit.turbo.rig`."""

from __future__ import annotations

import bisect
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pitwall.cloud import LapEntry, catalog_item, chunk_item, head_item, seal_lap, sealed_item
from pitwall.stream import InlinePool, ServerClock
from pitwall.telemetry import Segment, Series
from pitwall.turbo import Follower, Tempo
from pitwall.turbo.connect import table_sources
from tests.unit.stream.scripted import ClientError, Exceptions
from tests.unit.turbo.rig import (
    CATALOG,
    DRIVER,
    SESSION,
    Car,
    Joined,
    Race,
    Recorder,
    series_of,
)

Item = dict[str, Any]


def denied(action: str) -> ClientError:
    error = ClientError("AccessDeniedException")
    error.response["Error"]["Message"] = (
        f"User: u is not authorized to perform: dynamodb:{action} on resource: arn:t"
    )
    return error


class Dynamo:
    """Query and BatchGetItem over items in memory; ``mood`` may raise for a call's first key."""

    exceptions = Exceptions()

    def __init__(self, page: int = 40) -> None:
        self.partitions: dict[str, dict[str, Item]] = defaultdict(dict)
        self.page = page
        self.lock = threading.Lock()
        self.asked: list[str] = []
        self.mood: Callable[[str, str], None] = lambda action, pk: None

    def put(self, item: Item) -> None:
        self.partitions[item["pk"]["S"]][item["sk"]["S"]] = item

    def query(self, **request: Any) -> Any:
        values = {k: v["S"] for k, v in request["ExpressionAttributeValues"].items()}
        pk = values[":pk"]
        with self.lock:
            self.asked.append(pk)
        self.mood("Query", pk)
        assert request["ConsistentRead"]
        rows = self.partitions.get(pk, {})
        order = sorted(rows)
        lo, hi = 0, len(order)
        if ":sk" in values:
            assert request["KeyConditionExpression"] == "pk = :pk AND sk > :sk"
            lo = bisect.bisect_right(order, values[":sk"])
        if ":lo" in values:
            lo = bisect.bisect_left(order, values[":lo"])
            hi = bisect.bisect_right(order, values[":hi"])
        if "ExclusiveStartKey" in request:
            lo = max(lo, bisect.bisect_right(order, request["ExclusiveStartKey"]["sk"]["S"]))
        some = order[lo : min(hi, lo + min(self.page, request.get("Limit", 1000)))]
        answer: dict[str, Any] = {"Items": [rows[sk] for sk in some]}
        if some and some[-1] != order[hi - 1]:
            answer["LastEvaluatedKey"] = {"pk": {"S": pk}, "sk": {"S": some[-1]}}
        return answer

    def batch_get_item(self, RequestItems: dict[str, Any]) -> Any:
        [(table, spec)] = RequestItems.items()
        found = []
        for key in spec["Keys"]:
            self.mood("BatchGetItem", key["pk"]["S"])
            item = self.partitions.get(key["pk"]["S"], {}).get(key["sk"]["S"])
            if item is not None:
                found.append(item)
        return {"Responses": {table: found}, "UnprocessedKeys": {}}


class TableRace(Race):
    """Producers that write into a table; ``late`` says by how many seconds a chunk is late."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.dynamo = Dynamo()
        self.late: Callable[[Series, int], float] = lambda series, n: 0.0
        self.absent: set[tuple[Series, int]] = set()
        self.coming: list[tuple[int, Segment]] = []
        self.taken: dict[Series, set[int]] = defaultdict(set)
        self.shown: dict[Series, int] = defaultdict(int)
        """Newest n of which all before it are accepted: what a head may state."""
        self.every.append(self._arrive)

    def put(self, segment: Segment) -> None:
        series, n = segment.series, segment.n_lo
        self.table.items[series][n] = segment
        self.written[series, n] = segment.crcs[0]
        self.coming.append((self.time.wall + round(self.late(series, n) * 1e6), segment))
        self._arrive()

    def _arrive(self) -> None:
        due = [each for each in self.coming if each[0] <= self.time.wall]
        self.coming = [each for each in self.coming if each[0] > self.time.wall]
        for _, segment in due:
            series, n = segment.series, segment.n_lo
            if (series, n) not in self.absent:
                self.dynamo.put(chunk_item(segment))
            self.taken[series].add(n)
            while self.shown[series] + 1 in self.taken[series]:
                self.shown[series] += 1

    def accepted(self, car: Car) -> int:
        return self.shown[series_of(car.name, car.epoch)]

    def head(self, car: Car, ended: bool = False) -> None:
        super().head(car, ended)
        self.dynamo.put(head_item(self.table.head_items[car.name, car.epoch]))

    def seal(self, version: int = 1) -> None:
        """Sealed items and catalog of the laps that are over."""
        now = max(s.lap for items in self.table.items.values() for s in items.values())
        runs: dict[tuple[str, int], dict[tuple[str, str], tuple[tuple[int, int], ...]]]
        runs = defaultdict(dict)
        for series, items in self.table.items.items():
            laps: dict[int, list[Segment]] = defaultdict(list)
            for n, segment in sorted(items.items()):
                if n in self.taken[series] and (series, n) not in self.absent:
                    laps[segment.lap].append(segment)
            for lap, chunks in laps.items():
                if lap == now:
                    continue
                sealed = seal_lap(chunks, DRIVER, CATALOG.version)
                for each in sealed:
                    self.dynamo.put(sealed_item(each, version))
                runs[series.car, lap][series.group, series.epoch] = tuple(
                    (each.n_lo, each.n_hi) for each in sealed
                )
        for (car, lap), ranges in runs.items():
            self.dynamo.put(catalog_item(LapEntry(SESSION.key, car, lap, 0, 1, ranges, True)))


class _Clients:
    def __init__(self, dynamo: Dynamo) -> None:
        self.dynamodb = dynamo
        self.s3 = None


class _SourceTime:
    """The race's clock; a wait of the source lets the race go on and nothing else."""

    def __init__(self, race: TableRace) -> None:
        self._race = race
        self.now_us = race.time.now_us
        self.monotonic = race.time.monotonic

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self._race.advance(seconds)
        return event.is_set()


class TableJoined(Joined):
    """Follows a :class:`TableRace` by table reads."""

    race: TableRace

    def __init__(self, race: TableRace, path: Path, *, tempo: Tempo | None = None) -> None:
        self.race = race
        self.plain = False
        if race.joined is not None:
            race.joined.close()
        race.joined = self
        self.recorder = Recorder(path)
        self.events: list[tuple[str, Mapping[str, object]]] = []
        self.until = lambda: True
        self.deadline = 0.0
        self.on_slice = lambda: None
        self.slice_s = 0.1
        self.on_event = lambda name: None
        server = ServerClock(race.time)
        self.follower = Follower(
            table_sources(
                _Clients(race.dynamo), "t", SESSION.key, self.store, server, _SourceTime(race)
            ),
            SESSION,
            self.recorder.recording.checkpoints(),
            self.recorder.store,
            self.recorder,
            time=race.time,
            rng=race.rng,
            on_event=self._told,
            make_pool=lambda name, workers: InlinePool(workers),
            spawn=False,
            tempo=tempo,
        )
        race.time.on_wait = self._wait
