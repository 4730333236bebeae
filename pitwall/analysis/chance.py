"""What chance alone does: tests over many places at once, and intervals. Plain numpy.

All tests of one question are judged together: the largest score of the whole family in each round
of chance makes the yardstick (Westfall and Young 1993), so that "at least one of all these is said
by chance" has the stated probability.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis.signals import Floats

ROUNDS = 1999
_TINY = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """How a time goes with several figures, over the same laps.

    Attributes:
        slope: float64[m], change of the time per unit of each figure.
        error: float64[m], its standard error.
        score: float64[m], the slope over its error as a normal deviate.
        freedom: degrees of freedom left.
    """

    slope: Floats
    error: Floats
    score: Floats
    freedom: int


def slopes(x: Floats, y: Floats, freedom: int) -> Slopes:
    """Straight lines through ``y`` float64[n] over each row of ``x`` float64[m, n]; both have had
    taken off what they owe to anything else, which left ``freedom`` degrees."""
    xx = (x * x).sum(axis=1)
    slope = (x @ y) / np.maximum(xx, _TINY)
    left = (y[None, :] - slope[:, None] * x) ** 2
    error = np.sqrt(left.sum(axis=1) / max(freedom, 1) / np.maximum(xx, _TINY))
    t = np.where(xx > _TINY, slope / np.maximum(error, _TINY), 0.0)
    return Slopes(slope, error, deviate(t, freedom), freedom)


def scores_of(x: Floats, many: Floats, order: Floats) -> Floats:
    """The scores of :func:`slopes` for many times at once, ``many`` float64[rounds, n]: each is
    freed of mean and trend as ``x`` was. float64[rounds, m]."""
    free, owed = without_trend(many, order)
    freedom = max(x.shape[1] - owed - 1, 1)
    xx = np.maximum((x * x).sum(axis=1), _TINY)
    yy = np.maximum((free * free).sum(axis=1), _TINY)
    dots = free @ x.T
    r2 = np.clip(dots**2 / (yy[:, None] * xx), 0.0, 1.0 - 1e-12)
    return deviate(np.sign(dots) * np.sqrt(r2 * freedom / (1 - r2)), freedom)


def by_chance(x: Floats, order: Floats, rng: np.random.Generator, rounds: int = ROUNDS) -> Floats:
    """Scores of times that have nothing to do with ``x``, float64[rounds, m]."""
    return scores_of(x, rng.normal(size=(rounds, x.shape[1])), order)


def reordered(
    x: Floats, y: Floats, order: Floats, rng: np.random.Generator, rounds: int = ROUNDS
) -> Floats:
    """Scores of the times themselves in another order, float64[rounds, m]: what one odd lap can do
    to a line they know, and normal scatter does not."""
    return scores_of(x, y[rng.random((rounds, len(y))).argsort(axis=1)], order)


def group_scores(values: Floats, first: NDArray[np.bool_]) -> Floats:
    """Difference of means of two groups of laps over its error, as a normal deviate, for each
    column of ``values`` float64[n, p] (NaN is not known): float64[p], 0 with fewer than three laps
    on a side. ``first`` bool[n] or bool[rounds, n] says which laps are the first group."""
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    # Centred, so that squares do not eat the digits.
    filled = np.where(known, filled - filled.sum(axis=0) / np.maximum(known.sum(axis=0), 1), 0.0)
    groups = np.atleast_2d(first).astype(np.float64)
    parts = []
    for mask in (groups, 1.0 - groups):
        n = mask @ known
        mean = mask @ filled / np.maximum(n, 1)
        square = np.maximum(mask @ (filled * filled) / np.maximum(n, 1) - mean**2, 0.0)
        variance = square * n / np.maximum(n - 1, 1)
        parts.append((n, mean, variance / np.maximum(n, 1)))
    (n1, m1, e1), (n2, m2, e2) = parts
    error = np.sqrt(np.maximum(e1 + e2, _TINY))
    freedom = (e1 + e2) ** 2 / np.maximum(
        e1**2 / np.maximum(n1 - 1, 1) + e2**2 / np.maximum(n2 - 1, 1), _TINY**2
    )
    enough = (n1 >= 3) & (n2 >= 3) & (e1 + e2 > _TINY)
    t = np.where(enough, (m1 - m2) / error, 0.0)
    scores = deviate(t, np.maximum(freedom, 1.0))
    return scores[0] if first.ndim == 1 else scores


def labels(
    n: int, of_first: int, rng: np.random.Generator, rounds: int = ROUNDS
) -> NDArray[np.bool_]:
    """``of_first`` of ``n`` laps chosen anew for each round, bool[rounds, n]."""
    rank = rng.random((rounds, n)).argsort(axis=1).argsort(axis=1)
    return rank < of_first


def evidence(scores: Floats, weight: float) -> Floats:
    """How little chance makes of ``scores`` (normal deviates), in powers of e, where a test may
    take the part ``weight`` of all the error that is allowed (weighted as by Genovese, Roeder and
    Wasserman 2006); any shape."""
    tail = 0.5 * np.array([math.erfc(z) for z in (scores.ravel() / math.sqrt(2)).tolist()])
    return np.asarray(math.log(weight) - np.log(np.maximum(tail, 1e-300))).reshape(scores.shape)


def family_p(observed: Floats, shuffled: Floats) -> Floats:
    """Probability of each observed score, or a larger one, anywhere in the family: ``shuffled`` is
    float64[rounds, members] of all its members."""
    largest = shuffled.max(axis=1)
    beyond = (largest[:, None] >= observed[None, :] - 1e-9).sum(axis=0)
    p: Floats = (beyond + 1) / (len(largest) + 1)
    return p


def deviate(t: Floats, freedom: Floats | int) -> Floats:
    """Student's t as a normal deviate of the same probability (Wallace 1959), so that tests with
    different numbers of laps are on one scale."""
    v = np.asarray(freedom, np.float64)
    z: Floats = np.sign(t) * (8 * v + 1) / (8 * v + 3) * np.sqrt(v * np.log1p(t * t / v))
    return z


def student(freedom: float, z: float = 1.6449) -> float:
    """Student's quantile that belongs to the normal one ``z`` (Cornish and Fisher): 1.86 for 90 %
    and 8 degrees."""
    v = max(freedom, 1.0)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / v + second / v**2 + third / v**3


def without_trend(values: Floats, order: Floats) -> tuple[Floats, int]:
    """Rows of ``values`` float64[k, n] without their mean and, with seven laps or more, without
    what goes evenly with ``order`` (fuel, tyres, a drying track); and what they owe: 1 or 2."""
    centred = values - values.mean(axis=1, keepdims=True)
    if len(order) < 7:
        return centred, 1
    at = order - order.mean()
    size = float(at @ at)
    if size <= _TINY:
        return centred, 1
    return centred - (centred @ at / size)[:, None] * at[None, :], 2
