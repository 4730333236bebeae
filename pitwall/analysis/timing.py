"""Timing of the whole field, kept up to date while data comes in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from pitwall.analysis.car import CarTracker
from pitwall.analysis.corners import CORNERS_META, corners_from_json
from pitwall.analysis.crossings import MAX_SPEED
from pitwall.analysis.laps import Lap, LapKind
from pitwall.analysis.learn import MAX_LAPS, Circuit, learn
from pitwall.analysis.progress import LapAxis
from pitwall.analysis.signals import Signals
from pitwall.analysis.sources import LapSource, only
from pitwall.analysis.track import TrackLine
from pitwall.store import SessionStore

TRACK_META = "track.line"
"""Key in the recording's table: the track line as JSON, where one was saved."""
_TRY_AGAIN = 1.04
_LEARN_AGAIN = 4.0
"""How many times the samples of the last attempt make it worth another: without a circuit, and
with one that was learnt from less than MAX_LAPS laps."""
_ABREAST_US = 500_000
"""A gap that is less than none by so much is still two cars side by side."""
_COAST_US = 3_000_000
"""How far a car's place is carried on at its speed, so that cars heard from at different moments
can be put in order."""


@dataclass(frozen=True, slots=True)
class CarTiming:
    """One car at the newest moment known of it.

    Attributes:
        car: the car.
        laps: all its laps; the last may be the one being driven.
        current_lap: number of the lap being driven.
        lap_start_us: event time of its start.
        progress: 0..1 round the lap, None where not known.
        distance_m: metres round the lap, None where not known.
        best, last: its best valid lap, its last finished lap.
        position: place in the running order, from 1; 0 when not known, as after a hole in which
            laps may have been lost.
        gap_us: time behind the leader at the same place; None for the leader or when unknown.
        xy: metres east and north on the track's plane.
        in_pit: in the pit lane.
        age_us: how much older the newest data of this car is than the newest of all.
    """

    car: str
    laps: tuple[Lap, ...] = ()
    current_lap: int = 0
    lap_start_us: int = 0
    progress: float | None = None
    distance_m: float | None = None
    best: Lap | None = None
    last: Lap | None = None
    position: int = 0
    gap_us: int | None = None
    xy: tuple[float, float] | None = None
    in_pit: bool = False
    age_us: int = 0


@dataclass(frozen=True, slots=True)
class Timing:
    """The field as of one version of the store.

    Attributes:
        version: version of the store.
        cars: by car.
        order: running order, leader first; cars without a place last.
        track: the track line, None before it is known.
        best: best valid lap of the session.
        circuit: what laps are measured on, None before the first whole lap.
    """

    version: int
    cars: Mapping[str, CarTiming]
    order: tuple[str, ...]
    track: TrackLine | None
    best: Lap | None
    circuit: Circuit | None = None


@dataclass(slots=True)
class _Live:
    """Where a car is: metres since the start of lap 0, and when that was."""

    t_us: int
    s: float
    v: float
    lap: int


class TimingEngine:
    """Turns what the store holds into timing. Belongs to one thread.

    The cost of an update is that of the samples that are new, and of the lap they are in; a late
    chunk re-opens the laps from it on.
    """

    def __init__(self, track: TrackLine | None = None, source: LapSource | None = None) -> None:
        """``track``: the line, where it is given; ``source``: what alone tells of laps."""
        self._given = track
        self._source = source
        self._signals: Signals | None = None
        self._circuit: Circuit | None = None
        self._cars: dict[str, CarTracker] = {}
        self._timings: dict[str, CarTiming] = {}
        self._tried = 0
        self._corners: str | None = None
        """The entry that the circuit's corners are of; None for those that were found."""
        self._store: SessionStore | None = None

    def update(self, store: SessionStore) -> Timing:
        """The timing of ``store`` as it is now."""
        if store is not self._store:
            self._restart(store)
        version = store.version
        signals = self._signals
        assert signals is not None
        self._learn(store, signals)
        self._take_corners(store)
        circuit = self._circuit
        if circuit is None:
            return self._unmeasured(store, version)
        for car in store.cars():
            tracker = self._cars.get(car)
            if tracker is None:
                tracker = self._cars[car] = CarTracker(car, signals, circuit, signals.limit_us)
            tracker.update(store)
        return self._timing(store, circuit, version)

    def axis(self, car: str, number: int) -> LapAxis | None:
        """The axis of a lap, as of the last update; None when there is no such lap."""
        tracker = self._cars.get(car)
        lap = tracker.numbered(number) if tracker is not None else None
        return tracker.axis(lap) if tracker is not None and lap is not None else None

    def _restart(self, store: SessionStore) -> None:
        self._store = store
        signals = Signals.of(store.session.catalog)
        self._signals = signals if self._source is None else only(signals, self._source)
        self._circuit = None
        self._cars = {}
        self._timings = {}
        self._tried = 0
        self._corners = None

    def _learn(self, store: SessionStore, signals: Signals) -> None:
        """Find out about the circuit, and again once there is much more to learn from."""
        circuit = self._circuit
        if circuit is not None and circuit.marks >= MAX_LAPS:
            return
        samples = _samples(store, signals)
        more = _TRY_AGAIN if circuit is None else _LEARN_AGAIN
        if samples == 0 or samples < more * self._tried:
            return
        self._tried = samples
        given = self._given
        saved = store.meta(TRACK_META)
        if given is None and saved is not None:
            given = TrackLine.from_json(saved)
        learnt = learn(store, signals, given)
        if learnt is not None:
            self._circuit = learnt
            self._corners = store.meta(CORNERS_META)
            self._cars = {}

    def _take_corners(self, store: SessionStore) -> None:
        """Corners that somebody has named or moved meanwhile; laps do not depend on them."""
        text = store.meta(CORNERS_META)
        if self._circuit is None or text is None or text == self._corners:
            return
        self._corners = text
        self._circuit = replace(self._circuit, corners=corners_from_json(text))

    def _unmeasured(self, store: SessionStore, version: int) -> Timing:
        """Before anything marks a lap: one implicit lap for each car."""
        cars = {}
        newest = store.latest_us()
        for car in store.cars():
            latest = store.latest_us(car)
            starts = [
                c.t_lo
                for g in store.session.catalog.groups
                if (c := store.columns(car, g.name)) is not None
            ]
            laps: tuple[Lap, ...] = ()
            if starts:
                reason = "nothing marks laps so far"
                kind = LapKind.INCOMPLETE
                laps = (Lap(car, 0, min(starts), None, None, 0, kind, False, reason),)
            cars[car] = CarTiming(
                car, laps, lap_start_us=min(starts, default=0), age_us=newest - latest
            )
        return Timing(version, MappingProxyType(cars), tuple(cars), None, None)

    def _timing(self, store: SessionStore, circuit: Circuit, version: int) -> Timing:
        newest = store.latest_us()
        live = {car: _live(tracker) for car, tracker in self._cars.items()}
        order = _order(live, circuit, newest)
        counted = {car for car, at in live.items() if at is not None and self._counted(car)}
        # Behind a leader whose laps are not all counted no lap of the others is the same lap.
        leader = order[0] if order and order[0] in counted else None
        cars: dict[str, CarTiming] = {}
        best: Lap | None = None
        for place, car in enumerate(order, start=1):
            tracker = self._cars[car]
            at = live[car]
            timing = self._car(store, tracker, at, circuit)
            gap = None
            if leader is not None and car != leader and at is not None and car in counted:
                gap = self._gap(self._cars[leader], at)
            cars[car] = replace(
                timing,
                position=place if car in counted else 0,
                gap_us=gap,
                age_us=max(newest - store.latest_us(car), 0),
            )
            own = timing.best
            if own is not None and (best is None or _time(own) < _time(best)):
                best = own
        self._timings = cars
        by_car = {car: cars[car] for car in store.cars() if car in cars}
        return Timing(version, MappingProxyType(by_car), order, circuit.track, best, circuit)

    def _counted(self, car: str) -> bool:
        """Whether the lap that ``car`` is in is known for sure: told by the producer, or counted
        without a hole that may hide one."""
        tracker = self._cars[car]
        if tracker.told or not tracker.holes:
            return True
        circuit = self._circuit
        assert circuit is not None
        fastest = round(circuit.length_m / MAX_SPEED * 1e6)
        best = min((_time(lap) for lap in tracker.laps if lap.valid), default=fastest)
        return not tracker.may_have_lost_laps(best)

    def _car(
        self, store: SessionStore, tracker: CarTracker, at: _Live | None, circuit: Circuit
    ) -> CarTiming:
        laps = tuple(tracker.laps)
        done = [lap for lap in laps if lap.time_us is not None]
        valid = [lap for lap in done if lap.valid]
        best = min(valid, key=_time, default=None)
        current = laps[-1] if laps else None
        return CarTiming(
            tracker.car,
            laps,
            current.number if current else 0,
            current.t_start if current else 0,
            at.s / circuit.length_m if at else None,
            at.s if at else None,
            best,
            done[-1] if done else None,
            xy=_xy(store, self._signals, circuit.track, tracker.car),
            in_pit=bool(at and tracker.stays and tracker.stays[-1].t_hi >= at.t_us - 1_000_000),
        )

    def _gap(self, leader: CarTracker, at: _Live) -> int | None:
        """How long ago the leader was where this car is now."""
        lap = leader.numbered(at.lap)
        if lap is None or lap is leader.laps[0]:  # the first one's beginning was not seen
            return None
        then = float(leader.axis(lap).time_at(np.array([at.s]))[0])
        if not math.isfinite(then):
            return None
        gap = at.t_us - lap.t_start - round(then * 1e6)
        # Well before the leader: the data of one of them is older than the other's.
        return max(gap, 0) if gap > -_ABREAST_US else None


def _samples(store: SessionStore, signals: Signals) -> int:
    """Samples held that laps depend on."""
    return sum(
        columns.samples
        for car in store.cars()
        for group in signals.groups()
        if (columns := store.columns(car, group)) is not None
    )


def _time(lap: Lap) -> int:
    return lap.time_us if lap.time_us is not None else 1 << 62


def _live(tracker: CarTracker) -> _Live | None:
    way = tracker.way
    if not len(way.t) or not tracker.laps:
        return None
    return _Live(int(way.t[-1]), float(way.s[-1]), float(way.v[-1]), tracker.laps[-1].number)


def _order(live: Mapping[str, _Live | None], circuit: Circuit, newest: int) -> tuple[str, ...]:
    def place(car: str) -> float:
        at = live[car]
        if at is None:
            return -1.0
        late = min(max(newest - at.t_us, 0), _COAST_US) / 1e6
        return at.lap * circuit.length_m + at.s + at.v * late

    return tuple(sorted(live, key=place, reverse=True))


def _xy(
    store: SessionStore, signals: Signals | None, track: TrackLine | None, car: str
) -> tuple[float, float] | None:
    if track is None or signals is None or signals.position is None:
        return None
    columns = store.columns(car, signals.position.group)
    newest = columns.at(columns.t_hi) if columns is not None else None
    if newest is None:
        return None
    lat, lon = (float(newest[1][i]) for i in signals.position.rows)
    if not (math.isfinite(lat) and math.isfinite(lon)):
        return None
    x, y = track.to_xy(np.array([lat]), np.array([lon]))
    return float(x[0]), float(y[0])
