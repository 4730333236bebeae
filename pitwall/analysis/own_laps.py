"""What goes with the time of a corner among a driver's own laps: then he has shown it himself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis.chance import (
    by_chance,
    evidence,
    family_p,
    reordered,
    slopes,
    student,
    without_trend,
)
from pitwall.analysis.corners import Corner
from pitwall.analysis.findings import (
    LEAST_GAIN_S,
    LEAST_LAPS,
    LEAST_SPEED_MS,
    SEED,
    Finding,
    Stint,
)
from pitwall.analysis.passages import Measure
from pitwall.analysis.signals import Floats

_ORDERS = 0.03
"""Of one place the probability that the same times in another order look as telling: two of nine
laps fall together by chance in one of 36 orders, one odd lap in one of nine."""
_UNUSUAL = 1.0
"""What braking earlier or opening later must be surer by, in deviations, to be advised."""
_TESTED = 6
"""Corners among which is looked: those whose time differs most from lap to lap. Which they are
does not depend on what goes with the time, so that the test stays what it is."""
_STILL = 1.3
"""How sure a line must be without any one of its laps, in deviations."""


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """One corner's laps: what was done (one row for each measure), and the time it took."""

    k: int
    rows: NDArray[np.intp]
    measures: tuple[Measure, ...]
    x: Floats
    raw: Floats
    y: Floats
    times: Floats
    order: Floats
    freedom: int


def among_own(
    corners: Sequence[Corner], own: Stint, asked: Sequence[Measure], level: float
) -> list[Finding]:
    """What ``own`` laps show of the figures ``asked``, one finding for each corner at most: chance
    alone would say anything at all of even scatter with the probability ``level``."""
    times = own.table(Measure.TIME)
    tables = {measure: own.table(measure) for measure in asked}
    order = np.array([lap.lap.number for lap in own.laps], np.float64)
    cases = [
        case for k in range(len(corners)) if (case := _case(k, times, tables, order)) is not None
    ]
    cases.sort(key=lambda case: -float(case.y @ case.y) / len(case.y))
    cases = cases[:_TESTED]
    if not cases:
        return []
    # Where more time is, less evidence will do, and more elsewhere: chance has the same part in all
    # of it, since how much a time varies says nothing of what it varies with.
    varied = np.array([float(case.y @ case.y) / len(case.y) for case in cases])
    weights = varied / varied.sum()
    rng = np.random.default_rng(SEED)
    chance = [
        evidence(_telling(by_chance(case.x, case.order, rng), case), weight)
        for case, weight in zip(cases, weights.tolist(), strict=True)
    ]
    family = np.concatenate(chance, axis=1)
    out = []
    for case, weight in zip(cases, weights.tolist(), strict=True):
        line = slopes(case.x, case.y, case.freedom)
        score = _telling(line.score, case)
        p = family_p(evidence(score, weight), family)
        for j in np.argsort(-score).tolist():
            if p[j] > level:
                break
            orders = _telling(reordered(case.x, case.y, case.order, rng), case)[:, j]
            if family_p(score[j : j + 1], orders[:, None])[0] > _ORDERS:
                continue
            made = _own_finding(corners[case.k], own, case, j, line.slope[j], line.error[j])
            if made is not None:
                out.append(replace(made, p=float(p[j])))
                break
    return out


def _telling(scores: Floats, case: _Case) -> Floats:
    """Scores as evidence for a change: the more positive the better, whatever the direction."""
    usual = np.array([-1.0 if m is not Measure.THROTTLE else 1.0 for m in case.measures])
    signed: Floats = scores * usual
    other = np.array([np.inf if m is Measure.MINIMUM else _UNUSUAL for m in case.measures])
    # Slower through is not quicker: something else is at work there.
    best: Floats = np.maximum(signed, -signed - other)
    return best


def _case(k: int, times: Floats, tables: Mapping[Measure, Floats], order: Floats) -> _Case | None:
    """A corner's laps on which the time and as many measures as possible are known."""
    rows = np.flatnonzero(np.isfinite(times[:, k]))
    measures = tuple(
        m for m, table in tables.items() if np.isfinite(table[rows, k]).sum() >= LEAST_LAPS
    )
    for measure in measures:
        rows = rows[np.isfinite(tables[measure][rows, k])]
    if len(rows) < LEAST_LAPS or not measures:
        return None
    raw = np.array([tables[m][rows, k] for m in measures])
    both, owed = without_trend(np.vstack([raw, times[rows, k][None, :]]), order[rows])
    if float(both[-1] @ both[-1]) < 1e-9:
        return None
    return _Case(
        k,
        rows,
        measures,
        both[:-1],
        raw,
        both[-1],
        times[rows, k],
        order[rows],
        len(rows) - owed - 1,
    )


def _own_finding(
    corner: Corner, own: Stint, case: _Case, j: int, slope: float, error: float
) -> Finding | None:
    """The change that the best laps show; None where it is too small to be said."""
    measure, x, raw = case.measures[j], case.x[j], case.raw[j]
    better = -np.sign(slope)
    order = np.argsort(-better * x)
    top = order[: max(2, round(len(order) / 4))]
    rest = order[len(top) :]
    change = float(x[top].mean() - np.median(x[rest]))
    gain = float(-slope * change)
    half = float(student(case.freedom) * error * abs(change))
    spacing = own.spacing_m.get(measure, np.inf)
    least = LEAST_SPEED_MS if measure is Measure.MINIMUM else 0.58 * spacing
    sure = abs(change) >= least
    if gain < LEAST_GAIN_S or gain - half <= 0 or not sure or not _on_several(case, j, slope):
        return None
    middle = (float(x[top].mean()) + float(np.median(x[rest]))) / 2
    usual = int((better * (x - middle) < 0).sum())
    typical = float(np.median(raw[rest]))
    target = typical + change
    if measure is not Measure.MINIMUM:
        typical, target = corner.apex_m - typical, corner.apex_m - target
    shown = tuple(sorted(own.laps[case.rows[i]].lap.number for i in top.tolist()))
    return Finding(
        corner, measure, change, gain, gain - half, gain + half, len(x), usual, shown, "",
        typical, target, 1.0,
    )  # fmt: skip


def _on_several(case: _Case, j: int, slope: float) -> bool:
    """Whether half of the slope, and some sureness, is left whichever lap is taken away: what rests
    on one lap does not repeat itself."""
    n = len(case.y)
    for out in range(n):
        keep = np.arange(n) != out
        values = np.vstack([case.raw[j : j + 1, keep], case.times[None, keep]])
        both, owed = without_trend(values, case.order[keep])
        line = slopes(both[:1], both[1], max(n - 1 - owed - 1, 1))
        if line.slope[0] / slope < 0.5 or abs(float(line.score[0])) < _STILL:
            return False
    return True
