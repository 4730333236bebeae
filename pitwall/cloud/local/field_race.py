"""The demo's race: every car's way along the line in time, from drivers and track.

All laps of all cars are solved at once. Each lap is solved in a window that begins a few corners
before the line and ends a few corners after it; what a driver does there is the same in both
windows that see it, so that neighbouring laps meet without a step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pitwall.cloud.local.field_car import (
    DRY_MASS,
    FUEL_FULL,
    TOP_SPEED,
    Limits,
    speed_squared,
)
from pitwall.cloud.local.field_driver import Driver, corner_form, corner_offset
from pitwall.cloud.local.field_track import Track

Floats = NDArray[np.float64]

FRICTION = 1.40
FASTEST_LAP_S = 76.0
"""No lap is faster: bounds how many laps a race of given length can have."""
WINDOW_M = 820.0
EASE_M = 7.0
"""Metres (1 sigma) over which a driver goes from one pedal to the other."""
COLD_LOSS = 0.035
COLD_LAPS = 0.45
ROLL_SPEED = 22.0
GRID_M = 150.0
GRID_ROW_M = 14.0
PIT_EASE_M = 45.0


@dataclass(frozen=True, slots=True)
class Stop:
    """One pit stop: the in-lap and, in microseconds, when the car entered the lane, stood,
    left the box and left the lane."""

    lap: int
    enter_us: int
    stop_us: int
    go_us: int
    exit_us: int


@dataclass(frozen=True, slots=True)
class Run:
    """One car's race at the nodes it passed, in time order (standing still is two knots).

    Attributes:
        t: seconds since the green flag.
        s: metres since the first crossing of the line; negative before it.
        v: m/s.
        accel: m/s2 along the line.
        mass: kg.
        offset: metres to the left of the common line.
        crossings: float64[laps], seconds, each time the car passed the line.
        stop_s: the seconds at which it (entered the lane, stood, left the box, left the lane).
    """

    t: Floats
    s: Floats
    v: Floats
    accel: Floats
    mass: Floats
    offset: Floats
    crossings: Floats
    stop_s: tuple[float, float, float, float]


def race(
    track: Track,
    drivers: tuple[Driver, ...],
    seed: int,
    seconds: float,
    tick: Callable[[], None] = lambda: None,
) -> tuple[Run, ...]:
    """Drive the race for at least ``seconds``; ``tick`` is called many times a second."""
    n = len(track.x)
    laps = int(np.ceil(seconds / FASTEST_LAP_S)) + 1
    lead = int(np.ceil(WINDOW_M / track.step))
    nodes = np.arange(-lead, laps * n + lead)
    cars = len(drivers)
    grip, mass, braking, cap, offset = (np.empty((cars, len(nodes))) for _ in range(5))
    for i, driver in enumerate(drivers):
        tick()
        grip[i], mass[i], braking[i], cap[i], offset[i] = _course(track, driver, seed, i, nodes)
    width = n + 2 * lead

    def windows(values: Floats) -> Floats:
        seen = sliding_window_view(values, width, axis=1)[:, ::n][:, :laps]
        return np.ascontiguousarray(seen.reshape(cars * laps, width).T)

    where = np.arange(-lead, n + lead) % n
    v2 = speed_squared(
        Limits(
            curvature=track.curvature[where][:, None],
            grip=windows(grip),
            mass=windows(mass),
            braking=windows(braking),
            cap=windows(cap),
            step=track.step,
        ),
        _early(track, drivers, laps, lead),
        tick,
    )
    inner = v2[lead : lead + n].T.reshape(cars, laps * n)
    first = v2[:lead, ::laps].T
    whole = np.concatenate([first, inner], axis=1)
    kept = nodes[: whole.shape[1]]
    return tuple(
        _run(track, driver, kept, whole[i], mass[i], offset[i], cap[i])
        for i, driver in enumerate(drivers)
    )


def box_node(track: Track, driver: Driver, car_place: int) -> int:
    """Node at which the car stands in its stop, counted from the first crossing."""
    at = track.pit.first_box + track.pit.spacing * (car_place % 8)
    return (driver.stop_lap - 1) * len(track.x) + round(at / track.step)


def _course(
    track: Track, driver: Driver, seed: int, car: int, nodes: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Grip, mass, braking, speed cap and lateral offset of one car at each node of its race."""
    n = len(track.x)
    s: Floats = nodes * np.float64(track.step)
    laps = int(nodes[-1] // n) + 1
    apexes = np.array([c.apex for c in track.corners])
    # the lead-in counts as lap 0 and is driven like lap 1
    knots = (np.arange(-1, laps)[:, None] * track.length + apexes).reshape(-1)
    form = corner_form(seed, car, driver, laps, len(apexes))
    shift = corner_offset(seed, car, laps, len(apexes))
    form_at = np.interp(s, knots, np.concatenate([form[:1], form]).reshape(-1))
    offset = np.interp(s, knots, np.concatenate([shift[:1], shift]).reshape(-1))

    lap = s / track.length
    box = box_node(track, driver, driver.grid)
    stop_lap = box / n
    age = np.where(nodes > box, lap - stop_lap, np.maximum(lap, 0.0))
    # the field is close together at first: the further back, the more dirty air and caution
    crowd = 0.0022 * driver.grid * np.clip(1.0 - lap / 2.5, 0.0, 1.0)
    tyres = (1.0 - driver.fade * age) * (1.0 - COLD_LOSS * np.exp(-age / COLD_LAPS))
    grip = FRICTION * driver.grip * form_at * tyres * (1.0 - crowd)
    mass = DRY_MASS + np.maximum(FUEL_FULL - driver.burn * np.maximum(lap, 0.0), 2.0)
    braking = np.full(len(s), driver.braking)

    cap = np.full(len(s), TOP_SPEED)
    grid_s = -(GRID_M + GRID_ROW_M * (driver.grid // 2))
    cap[s <= grid_s] = ROLL_SPEED
    side = 3.0 if driver.grid % 2 else -3.0
    offset = offset + side * (1.0 - _ease((s - grid_s) / 420.0))

    enter, leave = _pit_span(track, driver)
    lane = (s >= enter) & (s <= leave)
    cap[lane] = track.pit.limit * 0.985
    cap[nodes == box] = 0.0
    grip = np.where(lane, grip * 0.72, grip)
    braking = np.where(lane, 0.55, braking)
    blend = _ease((s - enter) / 110.0 + 0.5) * _ease((leave - s) / 110.0 + 0.5)
    centre = track.centre[nodes % n]
    offset = offset * (1.0 - blend) + blend * (centre + track.pit.offset)
    return grip, mass, braking, cap, offset


def _pit_span(track: Track, driver: Driver) -> tuple[float, float]:
    """Where, in metres since the first crossing, the driver enters and leaves the pit lane."""
    before = (driver.stop_lap - 1) * track.length
    return before + track.pit.entry, before + track.length + track.pit.exit


def _ease(x: Floats) -> Floats:
    """0 below 0, 1 above 1, smooth in between."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def _early(
    track: Track, drivers: tuple[Driver, ...], laps: int, lead: int
) -> tuple[tuple[slice, slice, int], ...]:
    out = []
    for i, driver in enumerate(drivers):
        for corner in track.corners:
            if corner.number == driver.early_corner:
                first = lead + int((corner.start - 200.0) / track.step)
                last = lead + int(corner.apex / track.step)
                rows = slice(i * laps, (i + 1) * laps)
                out.append((slice(first, last), rows, round(driver.early_m / track.step)))
    return tuple(out)


def _run(
    track: Track,
    driver: Driver,
    nodes: NDArray[np.int64],
    v2: Floats,
    mass: Floats,
    offset: Floats,
    cap: Floats,
) -> Run:
    n = len(track.x)
    s: Floats = nodes * np.float64(track.step)
    enter, leave = _pit_span(track, driver)
    v2 = _eased(v2, track.step, s, enter, leave)
    begin = int(np.argmax(cap > ROLL_SPEED))
    nodes, s, v2 = nodes[begin:], s[begin:], v2[begin:]
    mass, offset = mass[begin : begin + len(s)], offset[begin : begin + len(s)]
    v = np.sqrt(np.maximum(v2, 0.0))
    accel = np.gradient(v2, track.step) / 2.0
    t = np.concatenate([[0.0], np.cumsum(2.0 * track.step / (v[1:] + v[:-1]))])
    crossings = t[nodes % n == 0]

    box = box_node(track, driver, driver.grid)
    at = box - int(nodes[0])
    times = (np.inf, np.inf, np.inf, np.inf)
    if at < len(t) - 1:
        t[at + 1 :] += driver.stop_s
        crossings = np.where(crossings > t[at], crossings + driver.stop_s, crossings)
        accel[at] = 0.0
        twice = np.insert(np.arange(len(t)), at, at)
        t, s, v, accel, mass, offset = (a[twice] for a in (t, s, v, accel, mass, offset))
        t[at + 1] += driver.stop_s
        lane = np.interp([enter, leave], s, t)
        times = (float(lane[0]), float(t[at]), float(t[at + 1]), float(lane[1]))
    return Run(t, s, v, accel, mass, offset, crossings, times)


def _eased(v2: Floats, step: float, s: Floats, enter: float, leave: float) -> Floats:
    """The speed with the corners of its profile rounded: feet need time. Not in the pit lane,
    where the car must stand still at its box and the limiter holds the speed."""
    reach = int(np.ceil(3 * EASE_M / step))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / EASE_M) ** 2)
    padded = np.concatenate([np.full(reach, v2[0]), v2, np.full(reach, v2[-1])])
    smooth = np.convolve(padded, kernel / kernel.sum(), "valid")
    near = np.clip(np.minimum(s - enter, leave - s) / PIT_EASE_M + 1.0, 0.0, 1.0)
    eased: Floats = smooth + near * (v2 - smooth)
    return eased
