"""Practice laps as the model wants them: which count, and the speed along them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pitwall.analysis import Lap, LapKind, Signals, Timing, lap_axis
from pitwall.prerace.lap_track import Floats, LapTrack
from pitwall.store import SessionStore
from pitwall.telemetry import BadInput

SLOWEST = 1.03
"""A lap that takes this much longer than the car's best was not driven at the limit."""
_FEWEST = 3


@dataclass(frozen=True, slots=True, eq=False)
class PracticeLap:
    """One lap that was screened.

    Attributes:
        lap: as timed.
        speed_ms: float64[n] at the track's points, NaN where the car was not seen; empty for a
            lap that does not count.
        dropped: why it does not count; empty when it does.
    """

    lap: Lap
    speed_ms: Floats
    dropped: str


def practice_laps(
    store: SessionStore, timing: Timing, car: str, track: LapTrack
) -> tuple[PracticeLap, ...]:
    """All finished laps of a car, with the speed of those that a calibration may use: whole flying
    laps, nearly as fast as its best. Raises BadInput when the car or the track is not known."""
    if car not in timing.cars or timing.circuit is None:
        known = ", ".join(timing.cars) or "none"
        raise BadInput(f"car {car}: no laps with a line in this recording (cars: {known})")
    laps = [lap for lap in timing.cars[car].laps if lap.time_us is not None]
    times = [lap.time_us for lap in laps if lap.valid and lap.time_us is not None]
    best = min(times, default=0)
    signals = Signals.of(store.session.catalog)
    out = []
    for lap in laps:
        reason = _why_not(lap, best)
        speed = np.empty(0)
        if not reason:
            axis = lap_axis(store, car, lap, timing.circuit, signals)
            n = len(track.curvature)
            edges = np.arange(-1, n + 2) / n
            at = axis.time_at(np.clip(edges, 0.0, 1.0) * axis.length_m)
            speed = _speeds(at, track.length_m / n)
        out.append(PracticeLap(lap, speed, reason))
    return tuple(out)


def enough(laps: tuple[PracticeLap, ...]) -> list[Floats]:
    """The speeds of those that count. Raises BadInput when they are too few to mean anything."""
    used = [lap.speed_ms for lap in laps if not lap.dropped]
    if len(used) < _FEWEST:
        why = sorted({lap.dropped for lap in laps if lap.dropped})
        raise BadInput(
            f"{len(used)} of {len(laps)} laps can be used, at least {_FEWEST} are needed"
            + (f" (others: {'; '.join(why)})" if why else "")
        )
    return used


def _why_not(lap: Lap, best: int) -> str:
    if not lap.valid:
        return lap.reason or "not a lap time"
    if lap.kind is not LapKind.FLYING:
        return f"{lap.kind.value} lap"
    if lap.time_us is None or lap.time_us > SLOWEST * best:
        return f"over {SLOWEST:.0%} of the car's best"
    return ""


def _speeds(at: Floats, step_m: float) -> Floats:
    """Speed at the points from the times at them: over the step before and the step after. At the
    line there is one step only."""
    before, after = at[1:-2] - at[:-3], at[2:-1] - at[1:-2]
    ways = step_m * (2.0 - (before <= 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        speed = ways / (before + after)
    return np.where(np.isfinite(speed), speed, np.nan)
