"""What a car did in each corner of a lap: times, speeds, and where it braked and opened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pitwall.analysis.corners import Corner, zones
from pitwall.analysis.laps import Lap
from pitwall.analysis.progress import LapAxis
from pitwall.analysis.signals import Floats, Place, Times, place_of, read, speed_factor
from pitwall.store import SessionStore
from pitwall.telemetry import Catalog

BRAKES = ("brake", "brake_front", "pbrake_f", "brake_pressure")
THROTTLES = ("throttle", "throttle_pedal", "aps")
SPEEDS = ("speed", "gps_speed", "wheel_speed")
BRAKING = 0.06
"""Part of the lap's hardest braking from which the brake is on."""
OPEN = 0.5
"""Part of the lap's widest throttle from which the car is driven out of the corner."""
_BEFORE_M = 40.0
"""The throttle may be opened so far before the slowest place."""
_DRIVEN_LATE = 0.97


class Measure(StrEnum):
    """One figure of a passage; places are metres after the start line, speeds m/s, times s."""

    TIME = "time_s"
    ENTRY_TIME = "entry_s"
    """From where the corner's part of the lap begins to where the line begins to bend."""
    MID_TIME = "mid_s"
    """While the line bends."""
    EXIT_TIME = "exit_s"
    """From there to the next corner's part."""
    ENTRY = "entry_ms"
    """Highest speed before the corner."""
    MINIMUM = "minimum_ms"
    EXIT = "exit_ms"
    """Speed where the line ends to bend."""
    BRAKE = "brake_m"
    """Where the brake goes on."""
    THROTTLE = "throttle_m"
    """Where the throttle is half open again."""
    SLOWEST = "slowest_m"
    """Where the minimum is."""
    GEAR = "gear"
    """Lowest gear in the corner."""


MEASURES = tuple(Measure)
INDEX = {measure: i for i, measure in enumerate(MEASURES)}


@dataclass(frozen=True, slots=True)
class DriverSignals:
    """Where a session keeps what the driver does; None where it does not."""

    speed: Place | None
    brake: Place | None
    throttle: Place | None
    gear: Place | None
    speed_factor: float = 1 / 3.6

    @staticmethod
    def of(catalog: Catalog) -> DriverSignals:
        """Look them up by channel name."""
        speed = _first(catalog, SPEEDS)
        return DriverSignals(
            speed,
            _first(catalog, BRAKES),
            _first(catalog, THROTTLES),
            place_of(catalog, "gear"),
            speed_factor(catalog, speed),
        )


@dataclass(frozen=True, slots=True, eq=False)
class LapPassages:
    """All corners of one lap.

    Attributes:
        lap: the lap.
        values: float64[len(MEASURES), corners], NaN where not known.
        at_us: int64[corners + 1], event time at the bounds of the corners' parts; 0 where the car
            was not seen there.
        seen: bool[corners], False where the part has a hole, or rests on speed alone.
        split_s: float64[corners + 1], seconds since the start at the bounds, NaN as above.
    """

    lap: Lap
    values: Floats
    at_us: Times
    seen: np.ndarray
    split_s: Floats

    def of(self, measure: Measure) -> Floats:
        """One measure of every corner."""
        row: Floats = self.values[INDEX[measure]]
        return row


def passages(
    store: SessionStore,
    signals: DriverSignals,
    lap: Lap,
    axis: LapAxis,
    corners: tuple[Corner, ...],
    track_m: float,
) -> LapPassages:
    """What was done in each corner of a finished ``lap``; ``track_m`` is the length that the
    corners' places belong to."""
    scale = axis.length_m / track_m
    bounds = zones(corners, track_m) * scale
    split = axis.time_at(bounds)
    values = np.full((len(MEASURES), len(corners)), np.nan)
    values[INDEX[Measure.TIME]] = np.diff(split)
    bends = np.array([(c.entry_m, c.exit_m) for c in corners]).reshape(-1, 2) * scale
    bends = np.clip(bends, bounds[:-1, None], bounds[1:, None])
    marks = axis.time_at(bends.ravel()).reshape(-1, 2)
    values[INDEX[Measure.ENTRY_TIME]] = marks[:, 0] - split[:-1]
    values[INDEX[Measure.MID_TIME]] = marks[:, 1] - marks[:, 0]
    values[INDEX[Measure.EXIT_TIME]] = split[1:] - marks[:, 1]
    seen = np.isfinite(np.diff(split))
    for lo, hi in (*axis.blind, *axis.carried):
        seen &= (bounds[1:] <= lo) | (bounds[:-1] >= hi)
    t_end = lap.t_end if lap.t_end is not None else int(axis.t[-1])
    speed, brake, throttle, gear = (
        over_metres(store, lap, t_end, axis, at, factor)
        for at, factor in (
            (signals.speed, signals.speed_factor),
            (signals.brake, 1.0),
            (signals.throttle, 1.0),
            (signals.gear, 1.0),
        )
    )
    hardest = _top(brake)
    widest = _top(throttle)
    for k, corner in enumerate(corners):
        if not seen[k]:
            continue
        lo, hi = float(bounds[k]), float(bounds[k + 1])
        # Braking may begin before the part does, where corners follow each other closely.
        since = max(corners[k - 1].exit_m * scale if k else 0.0, 0.0)
        since = min(since, lo)
        _speeds(values[:, k], speed, since, hi, corner, scale)
        slowest = values[INDEX[Measure.SLOWEST], k]
        if np.isfinite(slowest):
            values[INDEX[Measure.BRAKE], k] = _rises(brake, since, slowest, BRAKING * hardest)
            values[INDEX[Measure.THROTTLE], k] = _opens(
                throttle, slowest - _BEFORE_M, hi, OPEN * widest
            )
        if gear is not None:
            inside = (gear[0] >= lo) & (gear[0] <= hi)
            if inside.any():
                values[INDEX[Measure.GEAR], k] = float(gear[1][inside].min())
    at = np.where(np.isfinite(split), lap.t_start + np.nan_to_num(split) * 1e6, 0.0)
    return LapPassages(lap, values, np.rint(at).astype(np.int64), seen, split)


def _speeds(
    row: Floats,
    speed: tuple[Floats, Floats] | None,
    lo: float,
    hi: float,
    corner: Corner,
    scale: float,
) -> None:
    """Speeds of one passage into its column of values."""
    if speed is None:
        return
    s, v = speed
    bend_lo, bend_hi = corner.entry_m * scale, corner.exit_m * scale
    # The slowest place lies in the bend, or a little beside it on another line.
    inside = np.flatnonzero((s >= max(bend_lo - 40.0, lo)) & (s <= min(bend_hi + 40.0, hi)))
    if len(inside) < 2:
        return
    slowest = inside[int(np.argmin(v[inside]))]
    before = np.flatnonzero((s >= lo) & (s <= s[slowest]))
    row[INDEX[Measure.MINIMUM]] = v[slowest]
    if slowest != inside[0]:
        # Else it is driven through without slowing down: pedals belong to the corner before.
        row[INDEX[Measure.SLOWEST]] = s[slowest]
    row[INDEX[Measure.ENTRY]] = float(v[before].max()) if len(before) else np.nan
    row[INDEX[Measure.EXIT]] = float(np.interp(min(bend_hi, hi), s, v))


def _rises(channel: tuple[Floats, Floats] | None, lo: float, hi: float, level: float) -> float:
    """Where the braking that is at work before ``hi`` began; NaN without one."""
    if channel is None or not level > 0:
        return float("nan")
    s, y = channel
    inside = np.flatnonzero((s >= lo) & (s <= hi))
    if len(inside) < 2:
        return float("nan")
    on = y[inside] > level
    if not on.any() or on.all():
        return float("nan")
    rises = np.flatnonzero(on[1:] & ~on[:-1]) + 1
    if not len(rises):
        return float("nan")
    # Of several, the one of the hardest braking: a brush of the pedal is no brake point.
    hardest = [float(y[inside[a:b]].max()) for a, b in zip(rises, [*rises[1:], None], strict=True)]
    i = inside[int(rises[int(np.argmax(hardest))])]
    return _between(s, y, int(i), level)


def _opens(channel: tuple[Floats, Floats] | None, lo: float, hi: float, level: float) -> float:
    """Where the throttle goes beyond ``level`` for good; NaN where it never left it."""
    if channel is None or not level > 0:
        return float("nan")
    s, y = channel
    inside = np.flatnonzero((s >= lo) & (s <= hi))
    if len(inside) < 2:
        return float("nan")
    on = y[inside] > level
    rises = np.flatnonzero(on[1:] & ~on[:-1]) + 1
    if not len(rises):
        return float("nan")
    # The first after which it stays open; the next corner's lift lies in the next part.
    for rise in rises.tolist():
        after = on[rise:]
        if after.mean() > _DRIVEN_LATE or rise == rises[-1]:
            return _between(s, y, int(inside[rise]), level)
    return float("nan")


def _between(s: Floats, y: Floats, i: int, level: float) -> float:
    """Where ``y`` passes ``level`` between sample ``i - 1`` and ``i``: a pedal goes down in less
    than the time between two samples, so that the middle is the best guess when it jumps."""
    y0, y1 = float(y[i - 1]), float(y[i])
    part = (level - y0) / (y1 - y0) if y1 > y0 else 0.5
    return float(s[i - 1] + part * (s[i] - s[i - 1]))


def over_metres(
    store: SessionStore,
    lap: Lap,
    t_end: int,
    axis: LapAxis,
    place: Place | None,
    factor: float = 1.0,
) -> tuple[Floats, Floats] | None:
    """A channel of a lap up to ``t_end`` over its metres, times ``factor``; None without any."""
    if place is None:
        return None
    t, v = read(store, lap.car, place, lap.t_start, t_end)
    if len(t) < 2:
        return None
    s: Floats = np.interp(t, axis.t, axis.s)
    return s, v[0] * factor


def _top(channel: tuple[Floats, Floats] | None) -> float:
    return float(np.percentile(channel[1], 99)) if channel is not None else 0.0


def _first(catalog: Catalog, names: tuple[str, ...]) -> Place | None:
    return next((p for name in names if (p := place_of(catalog, name)) is not None), None)
