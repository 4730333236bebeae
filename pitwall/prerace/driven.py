"""What the driver uses of what the car can do, by corner and phase: kept apart from the car."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pitwall.prerace.lap_track import Floats, LapTrack
from pitwall.prerace.phases import CornerPhases, Phase

_LEAST_POINTS = 2
_LEAST_MS2 = 1.0
_LEAD_M = 60.0
_HARD = 0.8


@dataclass(frozen=True, slots=True)
class Use:
    """One phase of one corner.

    Attributes:
        corner, phase: where.
        part: acceleration, along and across together, as part of the modelled car's: 0.91 is 91 %
            of what the car could do there; of braking how hard it gets. NaN where not seen.
        loss_s: time lost on the modelled car there, on average over the laps; below 0 is gained.
        scatter_s: standard deviation of ``loss_s`` from lap to lap.
    """

    corner: str
    phase: Phase
    part: float
    loss_s: float
    scatter_s: float


def uses(
    track: LapTrack,
    corners: Sequence[CornerPhases],
    possible_ms: Floats,
    speeds: Sequence[Floats],
) -> tuple[Use, ...]:
    """Each phase of each corner: laps (m/s at the track's points) beside the lap that the car could
    do with a driver who uses all of it (``possible_ms``)."""
    laps = np.stack([np.asarray(s, np.float64) for s in speeds])
    slow, size = _acceleration(track, laps)
    could_slow, could_size = _acceleration(track, possible_ms[None, :])
    lead = max(round(_LEAD_M / track.step_m), 1)
    n = len(possible_ms)
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = track.step_m * (1 / laps - 1 / possible_ms)
    out = []
    for corner in corners:
        for phase, at in corner.points.items():
            if len(at) < _LEAST_POINTS:
                continue
            braking = phase is Phase.BRAKING
            if braking:
                # who brakes early does so before the car had to
                at = np.concatenate([(at[0] - np.arange(lead, 0, -1)) % n, at])  # noqa: PLW2901
            seen = np.isfinite(size[:, at]).all(axis=1) & np.isfinite(lost[:, at]).all(axis=1)
            if not seen.any():
                continue
            loss = lost[seen][:, at].sum(axis=1)
            if braking:
                could = float(np.quantile(could_slow[0, at], _HARD))
                did = float(np.quantile(slow[seen][:, at], _HARD, axis=1).mean())
            else:
                could = float(could_size[0, at].mean())
                did = float(size[seen][:, at].mean())
            part = did / could if could > _LEAST_MS2 else float("nan")
            scatter = float(loss.std(ddof=1)) if len(loss) > 1 else float("nan")
            out.append(Use(corner.name, phase, part, float(loss.mean()), scatter))
    return tuple(out)


def _acceleration(track: LapTrack, speeds: Floats) -> tuple[Floats, Floats]:
    """Deceleration, and size of the acceleration in the road's plane, float64[laps, n]."""
    square = speeds**2
    along = (np.roll(square, -1, axis=1) - np.roll(square, 1, axis=1)) / (4 * track.step_m)
    return -along, np.asarray(np.hypot(along, square * track.curvature))
