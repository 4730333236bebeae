"""Practice laps as the model wants them: which count, and what was measured along them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np

from pitwall.analysis import Lap, LapKind, Signals, Timing, lap_axis
from pitwall.prerace.along import Channels, at_times, first_in_lap
from pitwall.prerace.lap_track import Floats, LapTrack
from pitwall.store import SessionStore
from pitwall.telemetry import BadInput

SLOWEST = 1.03
"""A lap that takes this much longer than the car's best was not driven at the limit."""
OUTLIER = 3.0
"""Robust standard deviations by which a lap may be slower than the middle one."""
TRAFFIC_US = 700_000
"""A car so close ahead at both ends of a lap was in the way all round it."""
LIFT_S = 1.0
FEWEST = 3
"""Laps below which a calibration means nothing."""
_SPREAD_FLOOR_S = 0.15
_FLAT, _LIFTED = 0.95, 0.6
_PART_MEASURED = 0.8
_CALIBRATION = (0.95, 1.05)


def _none() -> Floats:
    return np.empty(0)


@dataclass(frozen=True, slots=True, eq=False)
class PracticeLap:
    """One lap that was screened. Arrays are float64[n] at the track's points, NaN where the car was
    not seen; empty for a lap that does not count.

    Attributes:
        lap: as timed.
        speed_ms: speed.
        dropped: why it does not count; empty when it does.
        stint: number of the stint, from 1.
        age: laps that the tyres had done at its start: those since the last stop.
        fuel_kg: fuel at its start, NaN where the session does not measure it.
        at_us: event time at the points.
        throttle, brake: pedals; the throttle 0..1, the brake in its channel's unit.
        steering: rad at the wheel, as the car measures it.
    """

    lap: Lap
    speed_ms: Floats
    dropped: str
    stint: int = 1
    age: int = 0
    fuel_kg: float = float("nan")
    at_us: Floats = field(default_factory=_none)
    throttle: Floats = field(default_factory=_none)
    brake: Floats = field(default_factory=_none)
    steering: Floats = field(default_factory=_none)

    @property
    def time_s(self) -> float:
        """Lap time, NaN without one."""
        return self.lap.time_us / 1e6 if self.lap.time_us is not None else float("nan")


def practice_laps(
    store: SessionStore,
    timing: Timing,
    car: str,
    track: LapTrack,
    without: Collection[int] = (),
) -> tuple[PracticeLap, ...]:
    """All finished laps of a car, with what was measured along those that a calibration may use:
    whole flying laps, nearly as fast as its best, without another car in the way, a lift where all
    others are flat out, or a time far off the rest. ``without`` names laps that the engineer
    leaves out (a wet track is not in the data).

    Raises BadInput when the car or the track is not known.
    """
    if car not in timing.cars or timing.circuit is None:
        known = ", ".join(timing.cars) or "none"
        raise BadInput(f"car {car}: no laps with a line in this recording (cars: {known})")
    laps = [lap for lap in timing.cars[car].laps if lap.time_us is not None]
    times = [lap.time_us for lap in laps if lap.valid and lap.time_us is not None]
    best = min(times, default=0)
    signals, channels = Signals.of(store.session.catalog), Channels.of(store.session.catalog)
    out = []
    stint, began = 1, None
    for lap in laps:
        if lap.kind in (LapKind.OUT, LapKind.PIT):
            stint, began = stint + 1, lap.number
        began = lap.number if began is None else began
        reason = "left out by hand" if lap.number in without else _why_not(lap, best)
        reason = reason or _in_traffic(timing, lap)
        found = PracticeLap(
            lap,
            np.empty(0),
            reason,
            stint,
            lap.number - began,
            first_in_lap(store, car, channels.fuel, lap),
        )
        if not reason:
            axis = lap_axis(store, car, lap, timing.circuit, signals)
            n = len(track.curvature)
            edges = np.arange(-1, n + 2) / n
            at = axis.time_at(np.clip(edges, 0.0, 1.0) * axis.length_m)
            at_us = lap.t_start + at[1:-2] * 1e6
            found = replace(
                found,
                speed_ms=_measured(
                    _speeds(at, track.length_m / n),
                    at_times(store, car, channels.speed, at_us),
                    track.length_m / n,
                ),
                at_us=at_us,
                throttle=at_times(store, car, channels.throttle, at_us),
                brake=at_times(store, car, channels.brake, at_us),
                steering=at_times(store, car, channels.steering, at_us),
            )
        out.append(found)
    return _screened(out, track.length_m / max(len(track.curvature), 1))


def enough(laps: tuple[PracticeLap, ...]) -> list[Floats]:
    """The speeds of those that count. Raises BadInput when they are too few to mean anything."""
    used = [lap.speed_ms for lap in laps if not lap.dropped]
    if len(used) < FEWEST:
        why = sorted({lap.dropped for lap in laps if lap.dropped})
        raise BadInput(
            f"{len(used)} of {len(laps)} laps can be used, at least {FEWEST} are needed"
            + (f" (others: {'; '.join(why)})" if why else "")
        )
    return used


def _screened(laps: list[PracticeLap], step_m: float) -> tuple[PracticeLap, ...]:
    """Drop what only shows beside the other laps: lifts, and times far off."""
    used = [lap for lap in laps if not lap.dropped]
    if len(used) < FEWEST:
        return tuple(laps)
    throttle = np.stack([lap.throttle for lap in used])
    flat = (np.where(np.isfinite(throttle), throttle, 0.0) >= _FLAT).mean(axis=0) > 0.5
    times = np.array([lap.time_s for lap in used])
    middle = float(np.median(times))
    # A few laps alike by chance must not make the next one an outlier.
    spread = max(1.4826 * float(np.median(np.abs(times - middle))), _SPREAD_FLOOR_S)
    out = []
    for lap in laps:
        reason = lap.dropped
        if not reason:
            lifted = flat & (lap.throttle < _LIFTED)
            seconds = float((step_m / np.maximum(lap.speed_ms[lifted], 1.0)).sum())
            if seconds >= LIFT_S:
                reason = f"lifted for {seconds:.1f} s where other laps are flat out"
            elif lap.time_s - middle > OUTLIER * spread:
                reason = f"{lap.time_s - middle:.1f} s slower than the middle lap"
        out.append(replace(lap, dropped=reason, speed_ms=np.empty(0)) if reason else lap)
    return tuple(out)


def _why_not(lap: Lap, best: int) -> str:
    if not lap.valid:
        return lap.reason or "not a lap time"
    if lap.kind is not LapKind.FLYING:
        return f"{lap.kind.value} lap"
    if lap.time_us is None or lap.time_us > SLOWEST * best:
        return f"over {SLOWEST:.0%} of the car's best"
    return ""


def _in_traffic(timing: Timing, lap: Lap) -> str:
    """Which car was just ahead at both ends of the lap; empty when none was."""
    for other, of in timing.cars.items():
        if other == lap.car or lap.t_end is None:
            continue
        ends = np.array([x.t_end for x in of.laps if x.t_end is not None], np.int64)
        ahead = [t - ends[ends <= t].max(initial=0) for t in (lap.t_start, lap.t_end)]
        if max(ahead) < TRAFFIC_US:
            return f"in traffic: car {other} {max(ahead) / 1e6:.1f} s ahead"
    return ""


def _measured(by_time: Floats, measured: Floats, step_m: float) -> Floats:
    """The car's own speed, scaled so that it drives the lap in its time (wheels have a calibration
    of their own); where it was not measured, or not of this lap, the speed by way and time, which
    is noisy between sparse positions."""
    both = np.isfinite(by_time) & np.isfinite(measured) & (measured > 1.0)
    if both.mean() < _PART_MEASURED:
        return by_time
    scale = float((step_m / measured[both]).sum() / (step_m / by_time[both]).sum())
    if not _CALIBRATION[0] <= scale <= _CALIBRATION[1]:
        return by_time
    return np.where(both, measured * scale, by_time)


def _speeds(at: Floats, step_m: float) -> Floats:
    """Speed at the points from the times at them: over the step before and the step after. At the
    line there is one step only."""
    before, after = at[1:-2] - at[:-3], at[2:-1] - at[1:-2]
    ways = step_m * (2.0 - (before <= 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        speed = ways / (before + after)
    return np.where(np.isfinite(speed), speed, np.nan)
