"""The lap: how fast a car can be at each point of a track, for many cars at once.

Quasi-steady-state: at each point the car is in balance. The limit of the corners is lowered
backwards round the lap by what the brakes can do, then forwards by what drives the car; all in the
square of the speed, which is linear in the distance. A step's acceleration is that at its start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pitwall.prerace.batch import Batch, make_batch
from pitwall.prerace.conditions import Conditions
from pitwall.prerace.corner import corner_limits
from pitwall.prerace.drive import Drive, make_drive
from pitwall.prerace.energy import Store, fractions_within, uses_store
from pitwall.prerace.grip import Capacity, Road
from pitwall.prerace.lap_track import Floats, LapTrack
from pitwall.prerace.vehicle import Vehicle
from pitwall.telemetry import BadInput

AT_ONCE = 1024
"""Cars that go through the loops together: enough to hide the interpreter, few enough to stay in
the cache."""
_LAPS = 8
_CLOSED = 1e-6
_STOPPED = 0.25
"""(m/s)2: a car that cannot climb is not slower than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Laps:
    """One lap for each of B cars.

    Attributes:
        track: where.
        time_s: float64[B].
        speed_ms: float64[n, B] at the track's points.
        store_j: float64[B], what is left in the store at the line; NaN without one.
    """

    track: LapTrack
    time_s: Floats
    speed_ms: Floats
    store_j: Floats

    def at_m(self) -> Floats:
        """Distances of the points, m."""
        return np.arange(len(self.speed_ms), dtype=np.float64) * self.track.step_m

    def elapsed_s(self) -> Floats:
        """Time since the line at the points, and at the lap's end: float64[n + 1, B]."""
        out = np.zeros((len(self.speed_ms) + 1, self.speed_ms.shape[1]))
        np.cumsum(_durations(self.speed_ms, self.track.step_m), axis=0, out=out[1:])
        return out

    def sectors_s(self) -> Floats:
        """Sector times float64[sectors, B]; the whole lap where the track has none."""
        way = np.arange(len(self.speed_ms) + 1) * self.track.step_m
        ends = [0.0, *self.track.sectors, self.track.length_m]
        elapsed = self.elapsed_s()
        at_ends = np.array([[np.interp(e, way, column) for e in ends] for column in elapsed.T])
        return np.asarray(np.diff(at_ends.T, axis=0), np.float64)


def simulate(
    cars: Sequence[Vehicle], track: LapTrack, conditions: Conditions | None = None
) -> Laps:
    """The fastest flying lap of each car. Nothing is changed; equal input gives equal output,
    whatever the company a car is simulated in.

    Raises BadInput without cars.
    """
    if not cars:
        raise BadInput("no car to simulate")
    given = Conditions() if conditions is None else conditions
    with_store = np.array([uses_store(car, given.boost) for car in cars])
    groups = [np.flatnonzero(with_store), np.flatnonzero(~with_store)]
    parts = [g[k : k + AT_ONCE] for g in groups for k in range(0, len(g), AT_ONCE)]
    found = [_simulate([cars[i] for i in part], track, given) for part in parts]
    if len(found) == 1:
        return found[0]
    order = np.argsort(np.concatenate(parts))
    return Laps(
        track,
        np.concatenate([p.time_s for p in found])[order],
        np.concatenate([p.speed_ms for p in found], axis=1)[:, order],
        np.concatenate([p.store_j for p in found])[order],
    )


def simulate_one(car: Vehicle, track: LapTrack, conditions: Conditions | None = None) -> Laps:
    """The same for a single car."""
    return simulate([car], track, conditions)


def _simulate(cars: Sequence[Vehicle], track: LapTrack, conditions: Conditions) -> Laps:
    batch = make_batch(cars, conditions)
    road = Road(track, conditions.grip, conditions.drag_zones)
    stored = uses_store(cars[0], conditions.boost)
    drive = make_drive(batch.cars, stored=stored)
    w = corner_limits(batch, track, conditions.grip, conditions.corner_margin_ms)
    # Nothing drives a car beyond this, so no lap has it, and braking need not be followed there.
    level = batch.mass * (batch.rolling * min(road.normal) + min(road.climb))
    np.minimum(w, drive.most(batch.drag_open, level), out=w)
    # Where both passes begin is the track's tightest corner, not the batch's slowest: a car's lap
    # must not depend on the company.
    first = int(np.argmax(np.abs(track.curvature) / track.grip))
    _brake(batch, road, w, track.step_m, first)
    if stored:
        w, left = _within_store(batch, drive, road, w, track.step_m, Store.of(batch, drive))
    else:
        _accelerate(batch, drive, road, w, track.step_m, first)
        left = np.full(len(cars), np.nan)
    speed = np.sqrt(w, out=w)
    return Laps(track, _durations(speed, track.step_m).sum(axis=0), speed, left)


def _durations(speed: Floats, step_m: float) -> Floats:
    """Seconds from each point to the next: exact where the acceleration is even."""
    both = np.empty_like(speed)
    np.add(speed[:-1], speed[1:], out=both[:-1])
    np.add(speed[-1], speed[0], out=both[-1])
    return np.divide(2 * step_m, both, out=both)


def _brake(batch: Batch, road: Road, w: Floats, step_m: float, first: int) -> None:
    """Lower ``w`` backwards from point ``first`` round the lap to what the brakes allow.

    The force is that at the start of the step, which is not known yet: it is guessed from the
    step after it and corrected once.
    """
    n = len(w)
    capacity = Capacity(batch.axles, braking=True)
    share = batch.brake_front
    two = 2 * step_m
    slow = np.zeros(w.shape[1])
    ahead = w[first].copy()
    force = np.empty_like(ahead)
    for k in range(1, n + 1):
        i = (first - k) % n
        limit = w[i]
        if not (limit > ahead).any():
            # nobody has to brake for what comes
            np.subtract(limit, ahead, out=slow)
            slow /= two
            ahead = limit
            continue
        drag = batch.drag_open if road.zone[i] else batch.drag
        rolling = batch.rolling * batch.mass * road.normal[i]
        climb = road.climb[i]
        for _ in range(3):
            guess = np.minimum(ahead + two * slow, limit)
            axles = capacity(guess, slow, road, i)
            if share is None:
                np.add(axles[0], axles[1], out=force)
            else:
                np.minimum(axles[0] / share, axles[1] / (1 - share), out=force)
                np.copyto(force, axles[0] + axles[1], where=np.isnan(share))
            if batch.brake_use is not None:
                force *= batch.brake_use
            np.multiply(drag, guess, out=slow)
            slow += rolling
            slow += force
            slow /= batch.inertia
            if climb:
                slow += climb
        np.minimum(limit, ahead + two * slow, out=limit)
        np.maximum(limit, _STOPPED, out=limit)
        # what the car does here, braking or not, is the next guess: no car's depends on others'
        np.subtract(limit, ahead, out=slow)
        slow /= two
        ahead = limit


def _accelerate(
    batch: Batch,
    drive: Drive,
    road: Road,
    w: Floats,
    step_m: float,
    first: int,
) -> None:
    """Lower ``w`` forwards from point ``first`` round the lap to what drives the car, until the
    lap closes."""
    n = len(w)
    pull = _Pull(batch, road)
    two = 2 * step_m
    now = w[first].copy()
    for _ in range(_LAPS):
        began = now.copy()
        pull.start()
        for k in range(1, n + 1):
            here, there = (first + k - 1) % n, (first + k) % n
            now = now + two * pull(now, drive.engine.at(now), here)
            np.minimum(now, w[there], out=now)
            np.maximum(now, _STOPPED, out=now)
            w[there] = now
        if (np.abs(now - began) <= _CLOSED * now).all():
            return


def _within_store(
    batch: Batch, drive: Drive, road: Road, limit: Floats, step_m: float, store: Store
) -> tuple[Floats, Floats]:
    """Forwards with a store of energy: a hybrid's motor drives whenever it can until the store is
    empty, a car that has nothing else is held to the part of its power that lasts the lap."""

    def lap(fraction: Floats) -> tuple[Floats, Floats]:
        return _spend(batch, drive, road, limit, step_m, store, fraction)

    return fractions_within(store, lap)


def _spend(
    batch: Batch,
    drive: Drive,
    road: Road,
    limit: Floats,
    step_m: float,
    store: Store,
    fraction: Floats,
) -> tuple[Floats, Floats]:
    """Flying laps until the lap closes, each beginning at the line with a full store: squared
    speeds, and what is left at the end."""
    n = len(limit)
    pull = _Pull(batch, road)
    two = 2 * step_m
    out = np.empty_like(limit)
    now = limit[0].copy()
    left = store.full.copy()
    for _ in range(_LAPS):
        began = now.copy()
        pull.start()
        left = store.full.copy()
        for i in range(n):
            out[i] = now
            engine = drive.engine.at(now)
            engine *= fraction
            motor = store.motor_force(now, left)
            gain = pull(now, engine if motor is None else engine + motor, i)
            after = now + two * gain
            np.minimum(after, limit[(i + 1) % n], out=after)
            np.maximum(after, _STOPPED, out=after)
            needed = pull.needed(now, (after - now) / two, i)
            store.account(left, needed, engine, motor, fraction, now, after, step_m)
            now = after
        if (np.abs(now - began) <= _CLOSED * now).all():
            break
    return out, left


class _Pull:
    """Acceleration at full throttle, held by the grip of the driven axles."""

    def __init__(self, batch: Batch, road: Road) -> None:
        self._batch, self._road = batch, road
        self._driven = batch.driven
        self._capacity = Capacity(batch.axles, braking=False)
        self._slow = np.zeros(len(batch.mass))
        self._level = batch.rolling * batch.mass

    def start(self) -> None:
        """Forget the last lap's load transfer."""
        self._slow = np.zeros(len(self._batch.mass))

    def resistance(self, w: Floats, i: int) -> Floats:
        """Drag, rolling and slope, N."""
        road, batch = self._road, self._batch
        out: Floats = (batch.drag_open if road.zone[i] else batch.drag) * w
        out += self._level * road.normal[i]
        if road.climb[i]:
            out += batch.mass * road.climb[i]
        return out

    def needed(self, w: Floats, gain: Floats, i: int) -> Floats:
        """Force at the wheels that makes the acceleration ``gain``; negative for braking."""
        out: Floats = self._batch.inertia * gain
        out += self.resistance(w, i)
        return out

    def __call__(self, w: Floats, force: Floats, i: int) -> Floats:
        """m/s2 at point ``i``; the wheels' loads are those of the step before."""
        batch = self._batch
        axles = self._capacity(w, self._slow, self._road, i)
        if self._driven is None:
            share = batch.drive_front
            with np.errstate(divide="ignore", invalid="ignore"):
                most = np.fmin(axles[0] / share, axles[1] / (1 - share))
        else:
            most = axles[self._driven]
        if batch.drive_use is not None:
            most = most * batch.drive_use
        gain: Floats = np.minimum(force, most)
        gain -= self.resistance(w, i)
        gain /= batch.inertia
        np.negative(gain, out=self._slow)
        if self._road.climb[i]:
            self._slow -= self._road.climb[i]
        return gain
