"""The thread that seals finished laps while live writing goes on."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pitwall.cloud.bundle import Bundler
from pitwall.cloud.faults import explain, is_passing
from pitwall.cloud.items import LapEntry, catalog_item, sealed_item
from pitwall.cloud.lapbook import ClosedLap, Parts
from pitwall.telemetry import BadInput, Catalog, Failure, Segment

_TRIES = 3
_QUEUED = 512
"""Closed laps that may wait: a field of forty cars with a dozen groups crosses the line at once."""


@dataclass(slots=True)
class SealStats:
    """Counts of one sealer: laps of cars that were sealed or could not be, each once, whatever
    number of groups it has, and objects written; ``message`` is the last failure in one line."""

    laps: int = 0
    objects: int = 0
    failed: int = 0
    message: str = ""


class Sealer:
    """Seals closed laps in order: the item, the object in the bucket when all groups of the car's
    lap have closed, then the catalog entry.

    Owns the thread ``pitwall-sealer``. A lap that cannot be sealed is counted and its catalog entry
    stays unsealed; live writing is not held up by it, and its chunks are all in the table.

    Args:
        dynamodb, s3: clients; without ``s3`` or ``bucket`` only the table is written.
        resumed: (car, epoch) of producers that an earlier process sealed laps of.

    Attributes:
        done: catalog entries of laps that all groups have left and that were sealed; to be taken
            from by whoever submits.
    """

    def __init__(
        self,
        dynamodb: Any,
        s3: Any | None,
        table: str,
        bucket: str,
        catalog: Catalog,
        resumed: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.stats = SealStats()
        self.done: deque[LapEntry] = deque()
        self._dynamodb = dynamodb
        self._s3 = s3 if bucket else None
        self._table = table
        self._bucket = bucket
        self._catalog = catalog
        self._parts = Parts()
        self._bundler = Bundler(resumed)
        self._sealed: set[tuple[str, int]] = set()
        self._unsealed: set[tuple[str, int]] = set()
        self._queue: queue.Queue[ClosedLap | None] = queue.Queue(_QUEUED)
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pitwall-sealer", daemon=True)
        self._started = False

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()
        self._started = True

    def submit(self, lap: ClosedLap, timeout_s: float = 60.0) -> None:
        """Queue a lap; blocks when too many wait. Raises Failure when that lasts too long."""
        try:
            self._queue.put(lap, timeout=timeout_s)
        except queue.Full:
            raise Failure(
                f"sealing laps fell behind by {_QUEUED} laps: {self.stats.message}"
            ) from None

    def stop(self, timeout_s: float) -> bool:
        """Finish what is queued, within ``timeout_s`` seconds, and end the thread; whether it did.
        Past the limit, no failed call is tried again and the rest stays unsealed."""
        if not self._started:
            return True
        try:
            self._queue.put(None, timeout=timeout_s)
        except queue.Full:
            self._hurry.set()
        self._thread.join(timeout_s)
        self._hurry.set()
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._hurry.is_set():
            try:
                lap = self._queue.get(timeout=0.5)
            except queue.Empty:
                continue
            if lap is None:
                return
            self._seal(lap)

    def _seal(self, lap: ClosedLap) -> None:
        place = (lap.entry.car, lap.entry.lap)
        try:
            self._write(lap)
        except Exception as error:  # noqa: BLE001 - told and counted; the thread must live on
            self._missed(place, str(error) if isinstance(error, BadInput) else explain(error))
        entry = self._parts.listed(lap.entry)
        entry = replace(entry, sealed=entry.sealed and place not in self._unsealed)
        try:
            self._call(lambda: self._put_item(catalog_item(entry)))
        except Exception as error:  # noqa: BLE001 - as above
            self._missed(place, explain(error))
            return
        if entry.sealed:
            self._sealed.add(place)
            self.stats.laps = len(self._sealed)
            self.done.append(entry)

    def _missed(self, place: tuple[str, int], why: str) -> None:
        self._unsealed.add(place)
        self.stats.failed = len(self._unsealed)
        self.stats.message = why

    def _write(self, lap: ClosedLap) -> None:
        segments: list[Segment] = []
        try:
            segments = lap.seal(self._catalog)
            self._parts.note(segments)
            for segment in segments:
                item = sealed_item(segment, lap.entry.version)
                self._call(lambda item=item: self._put_item(item))
        finally:
            # what other groups have of the lap is written whatever became of this one
            entry = lap.entry
            for key, body in self._bundler.add(
                entry.car, entry.lap, segments, entry.sealed, entry.version
            ):
                if self._s3 is not None:
                    self._call(lambda key=key, body=body: self._put_object(key, body))
                    self.stats.objects += 1

    def _put_item(self, item: dict[str, dict[str, Any]]) -> None:
        self._dynamodb.put_item(TableName=self._table, Item=item)

    def _put_object(self, key: str, body: bytes) -> None:
        assert self._s3 is not None
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)

    def _call(self, call: Any) -> None:
        for left in range(_TRIES - 1, -1, -1):
            try:
                call()
            except Exception as error:
                if not left or self._hurry.is_set() or not is_passing(error):
                    raise
                self._hurry.wait(0.5 * (_TRIES - left))
            else:
                return
