"""What is missing when nothing goes wrong any more is looked for in the table, and named."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from pitwall.cloud import LapEntry
from pitwall.store import Batch, SessionStore, load
from pitwall.stream import InlinePool, OnEvent
from pitwall.telemetry import Failure, Head
from pitwall.turbo.desk import Desk
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.repair import Repairer
from pitwall.turbo.splice import unexplained
from pitwall.turbo.table import Found
from tests.simulation.clock import VirtualTime
from tests.simulation.laptop import Laptop
from tests.simulation.paddock import Paddock


def repair(laptop: Laptop, paddock: Paddock, time: VirtualTime, on_event: OnEvent) -> None:
    """Let the program's own repair look for every hole up to the cars' last word."""
    recording = laptop.recording
    ledger = recording.ledger()
    heads = recording.heads()
    holes = [
        hole
        for series, books in ledger.series.items()
        for hole in unexplained(
            ledger, series, max(books.head, heads[series.car, series.epoch].n["driver"])
        )
    ]
    if not holes:
        return
    store = load(recording)
    desk = Desk(_Recorder(laptop, store), store, time, threading.Event(), on_event)
    repairer = Repairer(_Table(paddock), desk, LapIndex())
    repairer.repair(holes, lambda hole: "not in the table either", InlinePool(4))


class _Recorder:
    """The writer, made to wait for."""

    failure = None
    depth = 0

    def __init__(self, laptop: Laptop, store: SessionStore) -> None:
        self._laptop = laptop
        self._store = store

    def submit(self, batch: Batch, timeout_s: float = 30.0) -> None:
        self._store.commit(self._laptop.recording.apply(batch))

    def flush(self, timeout_s: float = 30.0) -> None:
        """Everything is on the disk at once."""


class _Table:
    """Keyed reads of what the table still has."""

    def __init__(self, paddock: Paddock) -> None:
        self._paddock = paddock

    def heads(self) -> list[Head]:
        raise Failure("not asked for here")

    def catalog(self) -> list[LapEntry]:
        return []

    def chunks(self, group: str, lap: int, car: str, t_lo: int, t_hi: int) -> Found:
        paddock = self._paddock
        return [
            segment
            for key, segment in paddock.segments.items()
            if key[0] == car
            and segment.lap == lap
            and t_lo <= segment.t_lo <= t_hi
            and paddock.in_table(key)
        ], []

    def sealed(self, entries: Sequence[LapEntry]) -> Found:
        return [], []
