"""Our laps against the reference's: lap times, speed profiles, and what a change is worth.

``python -m tests.golden`` prints it as a table, ``--json`` as one object.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pitwall.prerace import Laps, LapTrack, curvature_of, simulate, simulate_one
from tests.golden import reference

CLEAR_S = 0.05
"""A reference's change of at least this has a sign."""


@dataclass(frozen=True)
class LapRow:
    """One lap beside the reference's; ``speed_rms_ms`` is NaN where it gives no profile."""

    track: str
    source: str
    mode: reference.Mode
    wanted_s: float
    ours_s: float
    speed_rms_ms: float

    @property
    def error_pct(self) -> float:
        """Of the lap time, positive when ours is slower."""
        return 100 * (self.ours_s / self.wanted_s - 1)


@dataclass(frozen=True)
class DeltaRow:
    """What a change is worth, theirs and ours."""

    track: str
    car: str
    change: str
    wanted_s: float
    ours_s: float


@dataclass(frozen=True)
class DeltaSums:
    """How well changes agree."""

    n: int
    correlation: float
    slope: float
    rms_s: float
    worst_s: float
    signs_right: int
    signs: int


def lap_rows(shared: Path) -> list[LapRow]:
    """Every lap of the reference on a track whose curvature, or else whose line, is given."""
    cars, times = reference.cars(shared), reference.lap_times(shared)
    profiles = reference.speeds(shared)
    tracks = [(t, "curvature") for t in reference.tracks(shared).values()]
    known = {track.name for track, _ in tracks}
    tracks += [(t, "line") for t in line_tracks(shared) if t.name not in known]
    rows = []
    for track, source in tracks:
        for mode in reference.MODES:
            wanted = times[track.name, mode.car, mode.mode]
            laps = simulate_one(cars[mode.car], track, mode.conditions)
            profile = profiles.get((track.name, mode.car, mode.mode))
            rms = np.nan if profile is None else _rms(laps.speed_ms[:, 0] - profile)
            rows.append(LapRow(track.name, source, mode, wanted, float(laps.time_s[0]), float(rms)))
    return rows


def line_tracks(shared: Path) -> list[LapTrack]:
    """Tracks made by us from the race lines beside the checkout; no drag zones are known there."""
    out = []
    for path in sorted((shared / "tracks" / "racelines").glob("*.csv")):
        x, y = np.loadtxt(path, delimiter=",", comments="#").T
        curvature, length = curvature_of(x, y, 5.0, 4.0)
        out.append(LapTrack.of(path.stem, length / len(curvature), curvature))
    return out


def delta_rows(shared: Path) -> list[DeltaRow]:
    """Every change of the reference but those that are wrong on purpose."""
    doc = reference.document(reference.folder(shared) / "lapsim_sensitivities.json")
    cars, tracks = reference.cars(shared), reference.tracks(shared)
    rows = []
    for name, track in tracks.items():
        for mode in (m for m in reference.MODES if m.mode == "default"):
            given = [
                r
                for r in doc["sensitivities"]
                if r["track"] == name and r["car"] == mode.car and "stale" not in r["change"]
            ]
            changed = [reference.changed(cars[mode.car], r["change"]) for r in given]
            # all that only change the car go round together
            together: Laps = simulate(
                [cars[mode.car], *(car for car, _ in changed)], track, mode.conditions
            )
            base = float(together.time_s[0])
            for row, (car, day), time in zip(given, changed, together.time_s[1:], strict=True):
                if day:
                    time = simulate_one(car, track, replace(mode.conditions, **day)).time_s[0]  # noqa: PLW2901
                rows.append(
                    DeltaRow(name, mode.car, row["change"], row["delta_s"], float(time) - base)
                )
    return rows


def sums(rows: list[DeltaRow]) -> DeltaSums:
    """Correlation, slope (ours over theirs), RMS and worst difference, and signs."""
    wanted, ours = np.array([r.wanted_s for r in rows]), np.array([r.ours_s for r in rows])
    clear = np.abs(wanted) > CLEAR_S
    return DeltaSums(
        n=len(rows),
        correlation=float(np.corrcoef(wanted, ours)[0, 1]),
        slope=float((wanted @ ours) / (wanted @ wanted)),
        rms_s=float(_rms(ours - wanted)),
        worst_s=float(np.abs(ours - wanted).max()),
        signs_right=int((np.sign(wanted) == np.sign(ours))[clear].sum()),
        signs=int(clear.sum()),
    )


def of_setup(rows: list[DeltaRow]) -> list[DeltaRow]:
    """Without the driver's margin, which the reference only takes off where it would be passed."""
    return [r for r in rows if not r.change.startswith("vsub")]


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))
