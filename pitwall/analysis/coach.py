"""What a driver can gain, where, and how sure that is: only what is repeatable.

Two questions, each with its own yardstick of chance (:mod:`pitwall.analysis.chance`):

- among the driver's own laps: where he brakes, opens the throttle, or how fast he goes through,
  goes with the time of the corner. Then he has shown it himself, and on which laps.
- against another car's laps: a corner takes longer, or less, and something he does differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis.chance import (
    by_chance,
    family_p,
    group_scores,
    labels,
    reordered,
    slopes,
    student,
    without_trend,
)
from pitwall.analysis.corners import Corner
from pitwall.analysis.passages import LapPassages, Measure
from pitwall.analysis.signals import Floats

LEAST_LAPS = 5
MOST_LAPS = 24
LEVEL = 0.02
"""Probability that anything at all is said of laps in which nothing is to be found, their scatter
being even."""
_LEVELS = (0.015, 0.01)
"""The same, shared out between the own laps and the other car's, where both are asked."""
_ORDERS = 0.03
"""And of one place the probability that the same times in another order look as telling: two of
nine laps fall together by chance in one of 36 orders, one odd lap in one of nine."""
_UNUSUAL = 1.0
"""What braking earlier or opening later must be surer by, in deviations, to be advised."""
LEAST_GAIN_S = 0.03
LEAST_SPEED_MS = 0.28
"""1 km/h: less is nothing to aim at."""
_WORTH = 0.6
SAID = 3
_TESTED = 6
"""Corners among which is looked: those whose time differs most from lap to lap. Which they are
does not depend on what goes with the time, so that the test stays what it is."""
_ASKED = (Measure.BRAKE, Measure.THROTTLE, Measure.MINIMUM)
_SEED = 20250906
_STILL = 1.3
"""How sure a line must be without any one of its laps, in deviations."""
_WIDE_M = 30.0
"""Samples further apart than this tell nothing of a place."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to change, or to keep.

    Attributes:
        corner: where.
        measure: what to change; None where nothing that is measured explains the time.
        change: by how much: metres (places; later is positive) or m/s.
        gain_s: seconds a lap to gain; below 0 of a strength.
        low_s, high_s: 90 % interval of it.
        laps: passages that this rests on.
        usual: how many of them are on the slower (of a strength: quicker) side.
        shown_on: laps on which the driver did it himself; empty against another car.
        against: the other car; empty among the driver's own laps.
        typical, target: the measure as usual, and as it would be; metres before the apex for
            places, m/s for speeds; NaN without a measure.
        p: probability that chance finds something like it anywhere on the lap.
    """

    corner: Corner
    measure: Measure | None
    change: float
    gain_s: float
    low_s: float
    high_s: float
    laps: int
    usual: int
    shown_on: tuple[int, ...]
    against: str
    typical: float
    target: float
    p: float


@dataclass(frozen=True, slots=True)
class Silence:
    """Why nothing is said: of a corner, or of the whole lap (``corner`` is None)."""

    reason: str
    corner: Corner | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """What there is to say to one car's driver.

    Attributes:
        car: which.
        lap: number of the newest lap that counts in it; -1 without one.
        laps: numbers of the laps that it rests on.
        findings: most time first, at most three.
        strengths: most time first, at most three.
        silences: why something, or everything, is not said.
    """

    car: str
    lap: int
    laps: tuple[int, ...]
    findings: tuple[Finding, ...] = ()
    strengths: tuple[Finding, ...] = ()
    silences: tuple[Silence, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Stint:
    """Laps of one car to be judged.

    Attributes:
        car: which.
        laps: in order, those that count.
        held_up: bool[laps, corners], where another car was close ahead.
        spacing_m: metres between samples at full speed, by measure; infinite where it is not
            measured.
    """

    car: str
    laps: tuple[LapPassages, ...]
    held_up: NDArray[np.bool_]
    spacing_m: Mapping[Measure, float]

    def table(self, measure: Measure) -> Floats:
        """float64[laps, corners], NaN where the passage does not count."""
        values = np.array([lap.of(measure) for lap in self.laps])
        seen = np.array([lap.seen for lap in self.laps])
        return np.where(seen & ~self.held_up, values, np.nan)


def advise(corners: Sequence[Corner], own: Stint, other: Stint | None = None) -> Advice:
    """What can be said of ``own`` laps, by themselves and against the ``other`` car's."""
    numbers = tuple(lap.lap.number for lap in own.laps)
    lap = numbers[-1] if numbers else -1
    if len(own.laps) < LEAST_LAPS or not corners:
        short = "no corners are known" if not corners else _few(len(own.laps))
        return Advice(own.car, lap, numbers, silences=(Silence(short),))
    asked, silences = _asked(own)
    beside = other is not None and len(other.laps) >= LEAST_LAPS
    levels = _LEVELS if beside else (LEVEL, 0.0)
    found = _among_own(corners, own, asked, levels[0]) if asked else []
    strengths: list[Finding] = []
    if beside and other is not None:
        both = [m for m in asked if other.spacing_m.get(m, np.inf) <= _WIDE_M]
        losses, strengths = _against(corners, own, other, both, levels[1])
        found = _one_each(found, losses)
    found.sort(key=lambda finding: -finding.gain_s)
    strengths.sort(key=lambda finding: finding.gain_s)
    silences += _unseen(corners, own)
    return Advice(
        own.car, lap, numbers, tuple(found[:SAID]), tuple(strengths[:SAID]), tuple(silences)
    )


def _one_each(own: list[Finding], losses: list[Finding]) -> list[Finding]:
    """One finding for each corner: what the driver has done himself says more than what somebody
    else does, unless that is worth much more."""
    out = {finding.corner.number: finding for finding in own}
    for loss in losses:
        known = out.get(loss.corner.number)
        if known is None or known.gain_s < _WORTH * loss.gain_s:
            out[loss.corner.number] = loss
    return list(out.values())


def _few(laps: int) -> str:
    have = "no clean lap" if laps == 0 else f"{laps} clean lap{'s' if laps > 1 else ''}"
    return f"{have} so far; {LEAST_LAPS} are needed"


_WORDS = {Measure.BRAKE: "brake", Measure.THROTTLE: "throttle", Measure.MINIMUM: "speed"}


def _asked(own: Stint) -> tuple[list[Measure], list[Silence]]:
    """What the data can tell, and why not the rest."""
    asked, silences = [], []
    for measure in _ASKED:
        spacing = own.spacing_m.get(measure, np.inf)
        if spacing <= _WIDE_M:
            asked.append(measure)
        elif not np.isfinite(spacing):
            silences.append(Silence(f"no {_WORDS[measure]} is measured"))
        else:
            text = f"{_WORDS[measure]} comes every {spacing:.0f} m: too sparse for a place"
            silences.append(Silence(text))
    return asked, silences


def _unseen(corners: Sequence[Corner], own: Stint) -> list[Silence]:
    """Corners of which too few passages count."""
    out = []
    seen = np.array([lap.seen for lap in own.laps])
    counted = (seen & ~own.held_up).sum(axis=0)
    for k, corner in enumerate(corners):
        if counted[k] >= LEAST_LAPS:
            continue
        parts = []
        holes, traffic = int((~seen[:, k]).sum()), int((seen[:, k] & own.held_up[:, k]).sum())
        if holes:
            parts.append(f"{holes} without data")
        if traffic:
            parts.append(f"{traffic} behind another car")
        out.append(Silence(f"{' and '.join(parts)} of {len(own.laps)} passages", corner))
    return out


# -- among the driver's own laps -----------------------------------------------------------


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


def _among_own(
    corners: Sequence[Corner], own: Stint, asked: Sequence[Measure], level: float
) -> list[Finding]:
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
    rng = np.random.default_rng(_SEED)
    chance = [_telling(by_chance(case.x, case.order, rng), case) for case in cases]
    family = np.concatenate(chance, axis=1)
    out = []
    for case in cases:
        line = slopes(case.x, case.y, case.freedom)
        score = _telling(line.score, case)
        p = family_p(score, family)
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


# -- against another car ------------------------------------------------------------------


def _against(
    corners: Sequence[Corner],
    own: Stint,
    other: Stint,
    asked: Sequence[Measure],
    level: float,
) -> tuple[list[Finding], list[Finding]]:
    """Losses and strengths against the other car."""
    names = (Measure.TIME, *asked)
    mine = [own.table(m) for m in names]
    theirs = [other.table(m) for m in names]
    values = np.concatenate([np.hstack(mine), np.hstack(theirs)])
    first = np.arange(len(values)) < len(own.laps)
    rng = np.random.default_rng(_SEED)
    scores = group_scores(values, first)
    chance = group_scores(values, labels(len(values), len(own.laps), rng))
    p = family_p(np.abs(scores), np.abs(chance))
    k_all = len(corners)
    losses: list[Finding] = []
    strengths: list[Finding] = []
    for k, corner in enumerate(corners):
        if p[k] > level:
            continue
        a, b = _known(mine[0][:, k]), _known(theirs[0][:, k])
        gain, half = _difference(a, b)
        if abs(gain) < LEAST_GAIN_S or abs(gain) <= half:
            continue
        usual = int((a > np.median(b)).sum()) if gain > 0 else int((a < np.median(b)).sum())
        if 3 * usual < 2 * len(a):
            continue  # not what usually happens
        why = _explained(k, k_all, asked, scores, p, level) if gain > 0 else None
        measure = asked[why] if why is not None else None
        change, typical, target = 0.0, float("nan"), float("nan")
        if why is not None and measure is not None:
            typical = float(np.median(_known(mine[why + 1][:, k])))
            target = float(np.median(_known(theirs[why + 1][:, k])))
            change = target - typical
            if measure is not Measure.MINIMUM:
                typical, target = corner.apex_m - typical, corner.apex_m - target
        finding = Finding(
            corner, measure, change, gain, gain - half, gain + half, len(a), usual, (),
            other.car, typical, target, float(p[k]),
        )  # fmt: skip
        (losses if gain > 0 else strengths).append(finding)
    return losses, strengths


def _explained(
    k: int,
    k_all: int,
    asked: Sequence[Measure],
    scores: Floats,
    p: Floats,
    level: float,
) -> int | None:
    """Which of ``asked`` differs in the direction that costs time, most surely; None if none."""
    best, found = 0.0, None
    for j, measure in enumerate(asked):
        at = (j + 1) * k_all + k
        # Braking earlier, opening later and going slower through cost time.
        costs = scores[at] > 0 if measure is Measure.THROTTLE else scores[at] < 0
        if costs and p[at] <= level and abs(scores[at]) > best:
            best, found = abs(float(scores[at])), j
    return found


def _known(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def _difference(a: Floats, b: Floats) -> tuple[float, float]:
    """Difference of means, and the half width of its 90 % interval (Welch)."""
    ea, eb = float(a.var(ddof=1)) / len(a), float(b.var(ddof=1)) / len(b)
    total = max(ea + eb, 1e-12)
    freedom = total**2 / max(ea**2 / (len(a) - 1) + eb**2 / (len(b) - 1), 1e-24)
    return float(a.mean() - b.mean()), student(freedom) * float(np.sqrt(total))
