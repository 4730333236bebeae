"""What the demo's sensors report of a race: times, channels, noise and resolution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.cloud.local.field_car import (
    FUEL_FULL,
    GRAVITY,
    POWER,
    engine_force,
    gears,
    pedals,
    revs,
)
from pitwall.cloud.local.field_catalog import CATALOG
from pitwall.cloud.local.field_race import Run
from pitwall.cloud.local.field_thermal import fluids, tyres
from pitwall.cloud.local.field_track import Track

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FAST_US = 50_000
WHEELBASE_M = 2.62
STEERING_RATIO = 12.5
UNDERSTEER = 0.0014
"""Extra radians at the wheels per m/s2 of lateral acceleration."""
FUEL_IDLE = 0.0009
FUEL_FULL_POWER = 0.0330
"""kg/s at idle and at full power."""
HOLD_BAR = 14.0


@dataclass(frozen=True, slots=True)
class FieldSamples:
    """One group of one car.

    Attributes:
        t_us: int64[n], microseconds since the green flag.
        values: float64[k, n], a row per channel of the group, on the channel's resolution.
        lap: int32[n], 0 before the first crossing of the line.
    """

    t_us: Ints
    values: Floats
    lap: NDArray[np.int32]


class _Noise:
    """Noise of one car: one generator per use, so that lengths do not mix."""

    def __init__(self, seed: int, car: int) -> None:
        self._key = [seed, 7, car]
        self._uses = 0

    def white(self, n: int, sigma: float) -> Floats:
        self._uses += 1
        rng = np.random.default_rng([*self._key, self._uses])
        drawn: Floats = rng.standard_normal(n, dtype=np.float32).astype(np.float64)
        drawn *= sigma
        return drawn

    def slow(self, n: int, every: int, sigma: float) -> Floats:
        """Wander with a value of its own every ``every`` samples, smooth in between."""
        knots = self.white(n // every + 3, sigma)
        at = np.arange(n) / every
        i = at.astype(np.int64)
        w = at - i
        w = w * w * (3.0 - 2.0 * w)
        wander: Floats = knots[i] * (1.0 - w) + knots[i + 1] * w
        return wander


def sample_field(
    track: Track,
    runs: Sequence[Run],
    crossings: Sequence[Ints],
    seed: int,
    seconds: float,
    tick: Callable[[], None] = lambda: None,
) -> list[dict[str, FieldSamples]]:
    """Every group of every car, in the order of ``runs``; ``tick`` is called after each car."""
    # every logger has its own phase, its rate is exact
    phases = np.random.default_rng([seed, 8]).integers(0, FAST_US, len(runs))
    fast = []
    for i, (run, crossed) in enumerate(zip(runs, crossings, strict=True)):
        fast.append(_fast(track, run, crossed, _Noise(seed, i), int(phases[i]), seconds))
        tick()
    return _slow(fast, seed)


@dataclass(frozen=True, slots=True)
class _Fast:
    """One car at 20 Hz: what the slower sensors see of it."""

    t_us: Ints
    lap: NDArray[np.int32]
    speed: Floats
    accel: Floats
    lateral: Floats
    throttle: Floats
    gear: Ints
    groups: dict[str, FieldSamples]


def _fast(
    track: Track, run: Run, crossings: Ints, noise: _Noise, phase: int, seconds: float
) -> _Fast:
    t_us = np.arange(phase, int(seconds * 1e6), FAST_US, dtype=np.int64)
    n = len(t_us)
    t = t_us * 1e-6
    i = np.clip(np.searchsorted(run.t, t, side="right") - 1, 0, len(run.t) - 2)
    t0 = run.t[i]
    dt = run.t[i + 1] - t0
    w = (t - t0) / dt
    v0 = run.v[i]
    dv = run.v[i + 1] - v0
    speed = v0 + dv * w
    s = run.s[i] + (v0 + 0.5 * dv * w) * (t - t0)

    def along(values: Floats) -> Floats:
        start = values[i]
        return start + (values[i + 1] - start) * w

    accel, mass, offset = along(run.accel), along(run.mass), along(run.offset)
    lap = np.searchsorted(crossings, t_us, side="right").astype(np.int32)
    distance = np.clip(s - (lap - 1.0) * track.length, 0.0, track.length)
    f = distance / track.step
    node = f.astype(np.int64)
    f -= node
    node %= len(track.x)
    after = (node + 1) % len(track.x)

    def here(values: Floats) -> Floats:
        start = values[node]
        return start + (values[after] - start) * f

    curvature = here(track.curvature)
    lateral = speed**2 * curvature
    off = offset + noise.slow(n, 60, 0.16) + noise.white(n, 0.02)
    back = noise.slow(n, 60, 0.16) + noise.white(n, 0.02)
    nx, ny = here(track.nx), here(track.ny)
    # back is along the line: the tangent is the normal turned to the right
    latitude, longitude = track.degrees(
        here(track.x) + nx * off + ny * back, here(track.y) + ny * off - nx * back
    )
    standing = speed < 0.3
    throttle, brake = pedals(speed, accel, mass)
    throttle, brake = _feet(throttle, brake, standing, noise)
    gear = gears(speed)
    hands = WHEELBASE_M * curvature + UNDERSTEER * lateral
    busy = np.minimum(np.abs(lateral) / 12.0, 1.2) + 0.15
    steering = np.rad2deg(hands) * STEERING_RATIO + busy * noise.slow(n, 5, 1.3)
    buzz = 0.004 + 0.012 * np.minimum(speed / 60.0, 1.2)
    long_g = accel / GRAVITY + buzz * noise.white(n, 1.0)
    lat_g = lateral / GRAVITY + buzz * noise.white(n, 1.0)
    shown = np.where(standing, 0.0, np.maximum(speed * 3.6 + noise.white(n, 0.03), 0.0))
    columns = {
        "pos": (latitude, longitude, shown, distance),
        "driver": (throttle * 100.0, brake, steering, gear.astype(np.float64)),
        "chassis": (long_g, lat_g),
    }
    groups = {name: FieldSamples(t_us, _rounded(name, c), lap) for name, c in columns.items()}
    return _Fast(t_us, lap, speed, accel, lateral, throttle, gear, groups)


def _feet(
    throttle: Floats, brake: Floats, standing: NDArray[np.bool_], noise: _Noise
) -> tuple[Floats, Floats]:
    """Pedals as feet press them: full is full, nothing is nothing, in between it trembles."""
    n = len(throttle)
    tremble = noise.slow(n, 4, 0.035) * 4.0 * throttle * (1.0 - throttle)
    throttle = np.clip((throttle + tremble - 0.015) / 0.95, 0.0, 1.0)
    brake = brake * (1.0 + noise.slow(n, 4, 0.02)) + noise.white(n, 0.06)
    brake = np.where(brake < 0.6, 0.0, brake)
    return np.where(standing, 0.0, throttle), np.where(standing, HOLD_BAR, brake)


def _slow(fast: Sequence[_Fast], seed: int) -> list[dict[str, FieldSamples]]:
    """Add the engine (10 Hz) and the tyres (1 Hz), whose heat is reckoned for all cars at once."""
    whole = min(len(car.t_us) for car in fast)
    n = -(-whole // 20)

    def second_means(values: Sequence[Floats]) -> Floats:
        # a second that the race's end cuts short repeats its last sample
        rows = [np.append(v[:whole], np.full(n * 20 - whole, v[whole - 1])) for v in values]
        means: Floats = np.stack(rows).reshape(len(rows), n, 20).mean(axis=2)
        return means

    power = [car.throttle * engine_force(car.speed) * car.speed / POWER for car in fast]
    speed = second_means([car.speed for car in fast])
    accel = second_means([car.accel for car in fast])
    lateral = second_means([car.lateral for car in fast])
    water, oil = fluids(speed, second_means(power))
    temp, press = tyres(speed, accel, lateral, speed < 0.5)
    out = []
    for i, car in enumerate(fast):
        noise = _Noise(seed, 1000 + i)
        t10, lap10 = car.t_us[::2], car.lap[::2]
        m = len(t10)
        at = np.arange(m) / 10.0
        rpm = revs(car.speed, car.gear, car.throttle)[::2]
        burnt = np.cumsum((FUEL_IDLE + FUEL_FULL_POWER * power[i]) * (FAST_US * 1e-6))[::2]
        engine = (
            rpm + noise.white(m, 9.0),
            np.interp(at, np.arange(n), water[i]) + noise.white(m, 0.05),
            np.interp(at, np.arange(n), oil[i]) + noise.white(m, 0.05),
            np.maximum(FUEL_FULL - burnt, 0.5),
        )
        t1, lap1 = car.t_us[::20], car.lap[::20]
        k = len(t1)
        wheels = [temp[i, j, :k] + noise.white(k, 0.15) for j in range(4)]
        wheels += [press[i, j, :k] + noise.white(k, 0.003) for j in range(4)]
        groups = dict(car.groups)
        groups["engine"] = FieldSamples(t10, _rounded("engine", engine), lap10)
        groups["tyre"] = FieldSamples(t1, _rounded("tyre", wheels), lap1)
        out.append(groups)
    return out


def _rounded(group: str, columns: Sequence[Floats]) -> Floats:
    """The columns as float64[k, n] on their channels' resolutions, within their limits."""
    channels = CATALOG.group(group).channels
    out = np.empty((len(columns), len(columns[0])))
    for row, column, channel in zip(out, columns, channels, strict=True):
        if channel.resolution < 1.0:
            scale = round(1.0 / channel.resolution)
            np.divide(np.rint(column * scale), scale, out=row)
        else:
            np.rint(column, out=row)
        np.clip(row, channel.low, channel.high, out=row)
    return out
