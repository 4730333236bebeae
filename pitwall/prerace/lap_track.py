"""The track that a lap is computed on: what the road does, on an even mesh of distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pitwall.telemetry import BadInput

Floats = NDArray[np.float64]
MIN_POINTS, MAX_POINTS = 8, 40_000
_MAX_CURVATURE = 1.0
_MAX_ANGLE = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class LapTrack:
    """A closed lap on an even mesh; point 0 is on the line.

    Attributes:
        name: as written.
        step_m: distance between the points, and from the last to the first.
        curvature: float64[n], 1/m along the driven line, left turns positive.
        banking: float64[n], rad, positive where the road falls to the left: with left turns.
        grade: float64[n], rad, uphill positive.
        grip: float64[n], multiplies the tyres' friction.
        drag_zone: bool[n], where an adjustable wing may be flat.
        sectors: ends of the sectors but the last, m.

    All arrays are read-only copies. Raises BadInput for arrays that make no track.
    """

    name: str
    step_m: float
    curvature: Floats
    banking: Floats
    grade: Floats
    grip: Floats
    drag_zone: NDArray[np.bool_]
    sectors: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.curvature)
        if not MIN_POINTS <= n <= MAX_POINTS:
            raise BadInput(f"track {self.name}: {n} points, not {MIN_POINTS} to {MAX_POINTS}")
        if not 0.1 <= self.step_m <= 200.0:
            raise BadInput(f"track {self.name}: a step of {self.step_m} m, not 0.1 to 200")
        limits = {
            "curvature": (-_MAX_CURVATURE, _MAX_CURVATURE),
            "banking": (-_MAX_ANGLE, _MAX_ANGLE),
            "grade": (-_MAX_ANGLE, _MAX_ANGLE),
            "grip": (0.05, 5.0),
        }
        for label, (low, high) in limits.items():
            values = np.array(getattr(self, label), np.float64)
            if values.shape != (n,) or not ((values >= low) & (values <= high)).all():
                raise BadInput(f"track {self.name}: {label} needs {n} values of {low} to {high}")
            values.flags.writeable = False
            object.__setattr__(self, label, values)
        zone = np.array(self.drag_zone, np.bool_)
        if zone.shape != (n,):
            raise BadInput(f"track {self.name}: drag_zone needs {n} values")
        zone.flags.writeable = False
        object.__setattr__(self, "drag_zone", zone)
        if list(self.sectors) != sorted(self.sectors) or any(
            not 0 < s < self.length_m for s in self.sectors
        ):
            raise BadInput(f"track {self.name}: sector ends {self.sectors} are not along the lap")

    @property
    def length_m(self) -> float:
        """Length of the lap."""
        return len(self.curvature) * self.step_m

    @property
    def plain(self) -> bool:
        """Whether it is flat and equally grippy all round, so that curvature says it all."""
        flat = not self.banking.any() and not self.grade.any()
        return flat and bool((self.grip == self.grip[0]).all())

    @classmethod
    def of(
        cls,
        name: str,
        step_m: float,
        curvature: Floats,
        *,
        banking: Floats | float = 0.0,
        grade: Floats | float = 0.0,
        grip: Floats | float = 1.0,
        drag_zone: NDArray[np.bool_] | bool = False,
        sectors: tuple[float, ...] = (),
    ) -> Self:
        """A track of its curvature; what else is one number holds all round. Raises BadInput."""
        n = len(curvature)

        def whole(value: Floats | float) -> Floats:
            return np.broadcast_to(np.asarray(value, np.float64), (n,)) if n else np.zeros(0)

        zone = np.broadcast_to(np.asarray(drag_zone, np.bool_), (n,)) if n else np.zeros(0, bool)
        return cls(
            name,
            step_m,
            curvature,
            whole(banking),
            whole(grade),
            whole(grip),
            zone,
            sectors,
        )
