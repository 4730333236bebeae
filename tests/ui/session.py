"""A small race on the real store and the real timing engine, for the tests of the window."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pitwall.analysis import Debrief, DebriefEngine, Timing, TimingEngine
from pitwall.cloud.chunking import chunk_samples
from pitwall.cloud.local.field import Field, make_field
from pitwall.runtime import FrameStats, Health, HealthDetail, State
from pitwall.store import Batch, Recording, SessionStore, Source
from pitwall.telemetry import ClockKind, Head, Segment, Series, Session
from pitwall.ui.inputs import Inputs

T0 = 1_757_180_461_000_000
SECONDS = 330
ARCHIVE_S = 300
HOLE = ("driver", 200.0, 203.2)
"""A group of the first car, and the seconds that are missing from it."""


@dataclass
class Race:
    """What is needed to build a session, and its chunks in order of time."""

    field: Field
    session: Session
    chunks: list[Segment]

    @property
    def cars(self) -> list[str]:
        """Car numbers in grid order."""
        return [car.number for car in self.field.cars]


def make_race(cars: int = 3, seconds: int = SECONDS, clock: ClockKind = ClockKind.EVENT) -> Race:
    """Drive a race and cut it into chunks."""
    field = make_field(1, float(seconds), cars)
    session = Session(
        "2025-09-06-larkspur-r1",
        "Larkspur Hollow · Race 1",
        field.catalog,
        T0,
        2700.0,
        clock,
        simulated=True,
    )
    chunks = []
    for car in field.cars:
        for group in field.catalog.groups:
            samples = field.samples(car.number, group.name)
            chunks += chunk_samples(
                Series(session.key, car.number, group.name, "aa1"),
                group,
                samples.t_us + T0,
                samples.values,
                samples.lap.astype(np.int64),
                field.catalog.version,
                origin_us=T0,
            )
    chunks.sort(key=lambda c: c.t_lo)
    return Race(field, session, chunks)


@dataclass
class Wall:
    """A store that is filled step by step, its timing, and a health that tests may set."""

    race: Race
    recording: Recording
    store: SessionStore
    engine: TimingEngine = field(default_factory=TimingEngine)
    timing: Timing | None = None
    health: Health = field(
        default_factory=lambda: Health(State.LIVE, source="table", lag_us=400_000)
    )
    stats: FrameStats = field(default_factory=FrameStats)
    first: frozenset[str] = frozenset()
    detail: HealthDetail | None = None
    details: int = 0
    """How often the detail was asked for."""
    now_us: int = 0
    """Server time; 0 for a little after the newest sample."""
    cancelled: int = 0
    debriefing: DebriefEngine | None = None
    debriefed: tuple[int, Debrief] | None = None
    reached_s: float = 0.0

    def cancel_history(self) -> None:
        """The window's command."""
        self.cancelled += 1

    def show_first(self, cars: frozenset[str]) -> None:
        """Remembers it."""
        self.first = cars

    def advance(self, until_s: float, *, hole: bool = True) -> None:
        """Commit everything up to ``until_s`` after the start, archive first, then stream."""
        archive: list[Segment] = []
        stream: list[Segment] = []
        first = self.race.cars[0]
        group, hole_lo, hole_hi = HOLE
        for chunk in self.race.chunks:
            at = (chunk.t_lo - T0) / 1e6
            if not self.reached_s <= at < until_s:
                continue
            series = chunk.series
            if hole and (series.car, series.group) == (first, group) and hole_lo < at < hole_hi:
                continue
            (archive if at < ARCHIVE_S else stream).append(chunk)
        self.reached_s = until_s
        for source, chunks in ((Source.ARCHIVE, archive), (Source.STREAM, stream)):
            if chunks:
                batch = Batch(source, tuple(chunks), self._heads(until_s), T0)
                self.store.commit(self.recording.apply(batch))
        self.timing = self.engine.update(self.store)

    def _heads(self, until_s: float) -> tuple[Head, ...]:
        heads = []
        for car in self.race.cars:
            n: dict[str, int] = {}
            for chunk in self.race.chunks:
                if chunk.series.car == car and (chunk.t_lo - T0) / 1e6 < until_s:
                    n[chunk.series.group] = chunk.n_hi
            t = T0 + int(until_s * 1e6)
            heads.append(Head(self.race.session.key, car, "aa1", T0, t, 1, n))
        return tuple(heads)

    def inputs(self) -> Inputs:
        """What a window over this wall is given."""
        return Inputs(
            self.store,
            lambda: self.timing,
            lambda: self.health,
            detail=self.ask_detail,
            commands=self,
            now_us=lambda: self.now_us or self.store.latest_us() + 400_000,
            stats=self.stats,
            debrief=self.ask_debrief,
        )

    def ask_debrief(self) -> Debrief | None:
        """The debrief of what there is, made when it is first asked for."""
        if self.debriefing is None:
            self.debriefing = DebriefEngine(self.store)
        version = self.store.version
        if self.debriefed is None or self.debriefed[0] != version:
            self.debriefed = (version, self.debriefing.update(self.timing))
        return self.debriefed[1]

    def ask_detail(self) -> HealthDetail | None:
        """The health in full, as the test has set it."""
        self.details += 1
        return self.detail

    def say(self, **fields: object) -> None:
        """Change the health; a state may be given by its name."""
        if "state" in fields:
            fields["state"] = State(fields["state"])
        self.health = replace(self.health, **fields)  # type: ignore[arg-type]

    def close(self) -> None:
        """Close the file behind it."""
        self.recording.close()


def make_wall(race: Race, folder: Path) -> Wall:
    """An empty wall for a race."""
    recording = Recording.create(folder / "race.pitwall", race.session)
    return Wall(race, recording, SessionStore(race.session))
