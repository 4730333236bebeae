"""Stints made of numbers: what each corner took and what was done there, with known truth."""

from __future__ import annotations

import numpy as np

from pitwall.analysis.coach import Advice, Stint
from pitwall.analysis.corners import Corner
from pitwall.analysis.findings import Finding
from pitwall.analysis.laps import Lap, LapKind
from pitwall.analysis.passages import INDEX, MEASURES, LapPassages, Measure

CORNERS = tuple(
    Corner(i + 1, f"T{i + 1}", 280.0 * i + 150, 280.0 * i + 200, 280.0 * i + 250) for i in range(13)
)
SPACING = {Measure.BRAKE: 3.0, Measure.THROTTLE: 3.0, Measure.MINIMUM: 3.0}
BRAKE_AT = np.array([corner.apex_m - 90.0 for corner in CORNERS])
THROTTLE_AT = np.array([corner.apex_m + 10.0 for corner in CORNERS])

SEVEN_OF_NINE = {lap: 10.0 for lap in (1, 2, 3, 4, 6, 7, 8)}
"""Metres by which a car brakes earlier, by lap."""


def at_five(advice: Advice) -> list[Finding]:
    """What is said of the braking into turn 5."""
    return [f for f in advice.findings if f.corner.number == 5 and f.measure is Measure.BRAKE]


def drive(
    seed: int,
    laps: int = 9,
    *,
    early: dict[int, float] | None = None,
    corner: int = 5,
    cost_s_per_m: float = 0.014,
    scatter_s: float = 0.03,
    pace_s: float = 0.0,
    trend_s: float = 0.004,
    car: str = "13",
    spacing: dict[Measure, float] | None = None,
) -> Stint:
    """Laps of one car. ``early``: metres by which it brakes earlier into ``corner``, by lap; each
    costs ``cost_s_per_m``, there as in its usual scatter of 2.5 m. Everything else scatters by
    itself: throttle points by 3 m, speeds by 0.4 m/s, times by ``scatter_s``."""
    rng = np.random.default_rng(seed)
    n, k = laps, len(CORNERS)
    brake = rng.normal(0.0, 2.5, (n, k))
    throttle = rng.normal(0.0, 3.0, (n, k))
    minimum = 25.0 + rng.normal(0.0, 0.4, (n, k))
    times = 7.0 + pace_s + rng.normal(0.0, scatter_s, (n, k)) + trend_s / 13 * np.arange(n)[:, None]
    for lap, metres in (early or {}).items():
        brake[lap - 1, corner - 1] -= metres
    times[:, corner - 1] -= cost_s_per_m * brake[:, corner - 1]
    return stint(times, brake + BRAKE_AT, throttle + THROTTLE_AT, minimum, car, spacing or SPACING)


def stint(times, brake, throttle, minimum, car="13", spacing=SPACING) -> Stint:
    """A stint of these tables, [laps, corners]."""
    laps = []
    start = 1_790_000_000_000_000
    for i in range(len(times)):
        values = np.full((len(MEASURES), len(CORNERS)), np.nan)
        for measure, table in (
            (Measure.TIME, times),
            (Measure.BRAKE, brake),
            (Measure.THROTTLE, throttle),
            (Measure.MINIMUM, minimum),
        ):
            values[INDEX[measure]] = table[i]
        split = np.concatenate([[0.0], np.cumsum(times[i])])
        at = start + np.rint(split * 1e6).astype(np.int64)
        lap = Lap(
            car, i + 1, int(at[0]), int(at[-1]), int(at[-1] - at[0]), 4000, LapKind.FLYING, True, ""
        )
        seen = np.ones(len(CORNERS), np.bool_)
        laps.append(LapPassages(lap, values, at, seen, split))
        start = int(at[-1])
    return Stint(car, tuple(laps), np.zeros((len(times), len(CORNERS)), np.bool_), spacing)


def shuffled(one: Stint, seed: int) -> Stint:
    """The same passages, but who did what and how long it took no longer belong together."""
    rng = np.random.default_rng(seed)
    tables = {}
    for measure in (Measure.TIME, Measure.BRAKE, Measure.THROTTLE, Measure.MINIMUM):
        table = np.array([lap.of(measure) for lap in one.laps])
        tables[measure] = table
    order = rng.random(tables[Measure.TIME].shape).argsort(axis=0)
    times = np.take_along_axis(tables[Measure.TIME], order, axis=0)
    return stint(
        times,
        tables[Measure.BRAKE],
        tables[Measure.THROTTLE],
        tables[Measure.MINIMUM],
        one.car,
        dict(one.spacing_m),
    )


def exchanged(a: Stint, b: Stint, seed: int) -> tuple[Stint, Stint]:
    """The laps of both cars dealt anew: nobody is better anywhere."""
    rng = np.random.default_rng(seed)
    laps = list(a.laps) + list(b.laps)
    order = rng.permutation(len(laps))
    n = len(a.laps)

    def part(rows, car):
        chosen = [laps[i] for i in rows]
        tables = [
            np.array([lap.of(m) for lap in chosen])
            for m in (Measure.TIME, Measure.BRAKE, Measure.THROTTLE, Measure.MINIMUM)
        ]
        return stint(*tables, car, dict(a.spacing_m))

    return part(order[:n], a.car), part(order[n:], b.car)
