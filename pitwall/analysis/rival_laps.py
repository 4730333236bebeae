"""Where a corner takes longer, or less, than on another car's laps, and what is done otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pitwall.analysis.chance import family_p, group_scores, labels, student
from pitwall.analysis.corners import Corner
from pitwall.analysis.findings import LEAST_GAIN_S, SEED, Finding, Stint
from pitwall.analysis.passages import Measure
from pitwall.analysis.signals import Floats


def against(
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
    rng = np.random.default_rng(SEED)
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
