"""A race that drives itself inside this process: forty cars, at any pace, into the real writer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np

from pitwall.cloud.chunking import chunk_samples
from pitwall.cloud.local.field import Field, make_field
from pitwall.run import Run
from pitwall.runtime import Health, OwnedThread, State
from pitwall.store import Batch, Recording, SessionStore, Source, Writer
from pitwall.telemetry import Head, Segment, Series, Session
from pitwall.telemetry.clock import SECOND_US

T0 = 1_757_180_461_000_000
DRIVERS = 16
"""So many drive by themselves; the other cars are theirs again, some seconds behind."""
BEHIND_S = 1.7
AHEAD_S = 60.0
"""So much of a car's race is packed in one go."""
STEP_S = 1.0
"""So much of the race goes to the writer in one go, of event time."""


class RaceRun(Run):
    """A session whose data comes from here: everything behind the window is the program's own.

    Attributes:
        fed_s: seconds of the race that have been handed over.
    """

    def __init__(self, recording: Recording, store: SessionStore, source: RaceSource) -> None:
        super().__init__(recording, store, "soak")
        self._writer = Writer(recording, store)
        self._race = source
        self.fed_s = 0.0
        self._feeder = OwnedThread("soak-feeder", self._feed)

    def start(self, *, beside_window: bool = False) -> None:
        """As the program does, and the cars start."""
        assert self._writer is not None
        self._writer.start()
        super().start(beside_window=beside_window)
        self._feeder.start()

    def stop(self) -> None:
        """The cars first."""
        self._feeder.stop(30.0)
        super().stop()

    @property
    def over(self) -> bool:
        """Everything has been handed over, or the cars have stopped for a reason of their own."""
        return not self._feeder.alive

    def failed(self) -> BaseException | None:
        """What ended the feeder, the writer or the analysis."""
        return self._feeder.failure or self.failure

    def server_now_us(self) -> int:
        """The race's own clock."""
        return T0 + round(self.fed_s * SECOND_US) + 500_000

    def health(self) -> Health:
        """Live, and half a second old."""
        failure = self.failed()
        if failure is not None:
            return Health(State.FAULT, source="soak", message=repr(failure))
        return Health(State.LIVE, source="soak", lag_us=500_000, shift_us=0)

    def _feed(self, stop: threading.Event) -> None:
        assert self._writer is not None
        begun = time.monotonic()
        for at_s, batch in self._race.batches():
            due = begun + at_s / self._race.speed
            if stop.wait(max(due - time.monotonic(), 0.0)):
                return
            self._writer.submit(batch)
            self.fed_s = at_s
        self._writer.flush()


class RaceSource:
    """The cars' chunks in order of time, packed a minute ahead.

    Attributes:
        session, field: what is driven.
        speed: event seconds per second.
    """

    def __init__(self, seconds: float, cars: int, speed: float) -> None:
        self.field: Field = make_field(3, seconds, min(cars, DRIVERS))
        self.speed = speed
        self.session = Session(
            "2025-09-06-soak-r1", "Soak", self.field.catalog, T0, seconds, simulated=True
        )
        self._seconds = seconds
        drivers = [car.number for car in self.field.cars]
        self._cars = [
            (drivers[i] if i < len(drivers) else str(100 + i), drivers[i % len(drivers)],
             i // len(drivers) * BEHIND_S)
            for i in range(cars)
        ]  # fmt: skip
        self._next: dict[tuple[str, str], int] = {}

    def batches(self) -> Iterator[tuple[float, Batch]]:
        """``(seconds of the race, what had come by then)``."""
        at_s = 0.0
        waiting: list[Segment] = []
        while at_s < self._seconds:
            for car, driver, behind_s in self._cars:
                waiting += self._packed(car, driver, behind_s, at_s, at_s + AHEAD_S)
            waiting.sort(key=lambda one: one.t_lo)
            until_s = min(at_s + AHEAD_S, self._seconds)
            done = 0
            while at_s < until_s:
                at_s = min(at_s + STEP_S, until_s)
                edge = T0 + round(at_s * SECOND_US)
                first = done
                while done < len(waiting) and waiting[done].t_lo < edge:
                    done += 1
                part = tuple(waiting[first:done])
                yield at_s, Batch(Source.STREAM, part, self._heads(part, edge), edge)
            waiting = waiting[done:]

    def _packed(
        self, car: str, driver: str, behind_s: float, from_s: float, to_s: float
    ) -> list[Segment]:
        found: list[Segment] = []
        for group in self.field.catalog.groups:
            samples = self.field.samples(driver, group.name)
            t = samples.t_us + round(behind_s * SECOND_US)
            # Whole chunks, so that the next minute goes on with one of its own.
            edges = [
                round(at * SECOND_US) // group.chunk_us * group.chunk_us for at in (from_s, to_s)
            ]
            a, z = np.searchsorted(t, edges).tolist()
            if a == z:
                continue
            n = self._next.get((car, group.name), 1)
            chunks = chunk_samples(
                Series(self.session.key, car, group.name, "a1"),
                group,
                t[a:z] + T0,
                samples.values[:, a:z],
                samples.lap[a:z].astype(np.int64),
                self.field.catalog.version,
                n,
                origin_us=T0,
            )
            self._next[car, group.name] = n + len(chunks)
            found += chunks
        return found

    def _heads(self, part: tuple[Segment, ...], edge: int) -> tuple[Head, ...]:
        counters: dict[str, dict[str, int]] = {}
        lap: dict[str, int] = {}
        for one in part:
            mine = counters.setdefault(one.series.car, {})
            mine[one.series.group] = max(mine.get(one.series.group, 0), one.n_hi)
            lap[one.series.car] = one.lap
        return tuple(
            Head(self.session.key, car, "a1", T0, edge, lap[car], n) for car, n in counters.items()
        )
