"""Drag and power from the straights: what the car gains at full throttle, and loses rolling.

On a straight the forces add up: inertia times acceleration = power part x engine force - drag part
x air - rolling. Two parts are unknown. At full throttle alone they are nearly collinear, since the
engine's force falls with the speed as the drag rises; the answer says how nearly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pitwall.prerace.batch import make_batch
from pitwall.prerace.conditions import Conditions
from pitwall.prerace.drive import make_drive
from pitwall.prerace.lap_track import Floats, LapTrack
from pitwall.prerace.practice import PracticeLap
from pitwall.prerace.vehicle import G, Vehicle
from pitwall.telemetry import BadInput

PRIOR = (0.1, 0.15)
"""How far off the car's file may be: standard deviations of the parts of power and drag."""
_STRAIGHT = 1 / 400.0
"""Curvature (1/m) below which tyres scrub hardly any speed off."""
_FASTEST_SHARE = 0.45
_FLAT = 0.97
_WIDE_M = 15.0
_FEWEST = 20
_MODEL_N = 0.03
_SCALE_FLOOR = 0.05
_AROUND_M = 25.0
_FLOOR_N = 100.0


@dataclass(frozen=True, slots=True)
class Straights:
    """What the straights tell.

    Attributes:
        power, drag: parts of what the car's file says.
        power_sd, drag_sd: their standard deviations, with the file as prior.
        correlation: between the two; near 1 they are not told from each other.
        points: how many points of the track were used, all laps together.
        residual_ms2: RMS of measured minus modelled acceleration.
    """

    power: float
    drag: float
    power_sd: float
    drag_sd: float
    correlation: float
    points: int
    residual_ms2: float


def straights(
    car: Vehicle,
    track: LapTrack,
    laps: Sequence[PracticeLap],
    conditions: Conditions | None = None,
) -> Straights | None:
    """Fit power and drag to the places where all is flat out; None where there is no throttle
    channel or too few such places. Raises BadInput for a car that is not driven by an engine."""
    if car.engine is None:
        raise BadInput(f"{car.name}: straights say something about a combustion engine only")
    day = Conditions() if conditions is None else conditions
    rows = [_points(track, lap) for lap in laps if not lap.dropped]
    used = [row for row in rows if row is not None and len(row[0])]
    if sum(len(row[0]) for row in used) < _FEWEST:
        return None
    w, gain, climb = (np.concatenate(parts) for parts in zip(*used, strict=True))
    batch = make_batch([car], day)
    drive = make_drive(batch.cars, stored=False)
    force = np.array([float(drive.engine.at(np.array([x]))[0]) for x in w])
    pulled = force > _FLOOR_N  # beyond the last gear nothing pulls
    w, gain, climb, force = w[pulled], gain[pulled], climb[pulled], force[pulled]
    if len(w) < _FEWEST:
        return None
    rolling = float(batch.rolling[0] * batch.mass[0]) * G
    # inertia * gain + rolling + climb = p * force - d * drag * w
    wanted = (float(batch.inertia[0]) * gain + rolling + float(batch.mass[0]) * climb) / force
    columns = np.stack([np.ones_like(w), -float(batch.drag[0]) * w / force], axis=1)
    theta, precision = np.ones(2), np.diag(np.array(PRIOR) ** -2.0)
    weight = np.ones_like(w)
    scale = _SCALE_FLOOR
    for _ in range(8):
        residual = wanted - columns @ theta
        scale = max(1.4826 * float(np.median(np.abs(residual))), _SCALE_FLOOR * _MODEL_N)
        weight = np.minimum(1.0, 1.5 * scale / np.maximum(np.abs(residual), 1e-12))
        # a stretch of straight is one observation, not one for each point of it
        each = weight / (scale**2 * max(_AROUND_M / track.step_m, 1.0))
        normal = (columns.T * each) @ columns + precision
        theta = np.linalg.solve(normal, (columns.T * each) @ wanted + precision @ np.ones(2))
    covariance = np.linalg.inv(normal)
    sd = np.sqrt(np.diag(covariance))
    off = (wanted - columns @ theta) * force / float(batch.inertia[0])
    return Straights(
        power=float(theta[0]),
        drag=float(theta[1]),
        power_sd=float(sd[0]),
        drag_sd=float(sd[1]),
        correlation=float(covariance[0, 1] / (sd[0] * sd[1])),
        points=len(w),
        residual_ms2=float(np.sqrt(np.mean(off**2))),
    )


def _points(track: LapTrack, lap: PracticeLap) -> tuple[Floats, Floats, Floats] | None:
    """Squared speed, acceleration and slope's part where a lap is flat out on a straight and fast
    enough for the tyres to hold the engine; None without a throttle."""
    if not np.isfinite(lap.throttle).any():
        return None
    wide = max(int(round(_WIDE_M / track.step_m)), 1)
    square = lap.speed_ms**2
    gain = (np.roll(square, -wide) - np.roll(square, wide)) / (4 * wide * track.step_m)
    flat = np.nan_to_num(lap.throttle, nan=0.0) >= _FLAT
    # away from shifts and lifts: flat out well before and after as well
    for shift in range(-wide, wide + 1):
        flat &= np.nan_to_num(np.roll(lap.throttle, shift), nan=0.0) >= _FLAT
    top = np.nanmax(lap.speed_ms)
    with np.errstate(invalid="ignore"):
        use = (
            flat
            & (np.abs(track.curvature) < _STRAIGHT)
            & ~track.drag_zone
            & (lap.speed_ms > _FASTEST_SHARE * top)
            & np.isfinite(gain)
        )
    return square[use], gain[use], G * np.sin(track.grade[use])
