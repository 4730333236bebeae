"""The yardsticks: they hold their level, and their quantiles are those of the books."""

from __future__ import annotations

import numpy as np
import pytest

from pitwall.analysis.chance import (
    by_chance,
    deviate,
    family_p,
    group_scores,
    labels,
    slopes,
    student,
    without_trend,
)


@pytest.mark.parametrize(
    ("freedom", "book"), [(3, 2.353), (5, 2.015), (8, 1.860), (20, 1.725), (1000, 1.646)]
)
def test_student_is_that_of_the_books(freedom, book):
    assert student(freedom) == pytest.approx(book, abs=0.012)


@pytest.mark.parametrize(("t", "freedom", "z"), [(2.353, 3, 1.645), (1.86, 8, 1.645), (0.0, 5, 0)])
def test_a_deviate_has_the_same_probability(t, freedom, z):
    assert float(deviate(np.array(t), freedom)) == pytest.approx(z, abs=0.03)
    assert float(deviate(np.array(-t), freedom)) == pytest.approx(-z, abs=0.03)


def test_a_slope_is_found_with_its_error():
    rng = np.random.default_rng(1)
    order = np.arange(40.0)
    x = rng.normal(0, 5, (1, 40))
    y = 0.02 * x[0] + 0.01 * order + rng.normal(0, 0.05, 40)
    both, owed = without_trend(np.vstack([x, y[None, :]]), order)
    line = slopes(both[:1], both[1], 40 - owed - 1)
    assert abs(line.slope[0] - 0.02) < 3 * line.error[0]
    assert line.score[0] > 5


def test_the_family_keeps_its_level():
    """Of families in which nothing is, one in twenty is below 0.05."""
    rng = np.random.default_rng(5)
    order = np.arange(9.0)
    below = 0
    for _ in range(200):
        cases = []
        scores = []
        for _ in range(6):
            x, owed = without_trend(rng.normal(size=(3, 9)), order)
            y, _ = without_trend(rng.normal(size=(1, 9)), order)
            scores.append(np.abs(slopes(x, y[0], 9 - owed - 1).score))
            cases.append(np.abs(by_chance(x, order, rng, 499)))
        below += family_p(np.concatenate(scores), np.concatenate(cases, axis=1)).min() <= 0.05
    assert 2 <= below <= 22


def test_groups_that_differ_are_told_apart_and_dealt_ones_not():
    rng = np.random.default_rng(2)
    values = rng.normal(0, 1, (20, 5))
    values[:10, 2] += 3.0
    values[3, 0] = np.nan
    first = np.arange(20) < 10
    scores = group_scores(values, first)
    p = family_p(np.abs(scores), np.abs(group_scores(values, labels(20, 10, rng))))
    assert p[2] <= 0.01
    assert p[[0, 1, 3, 4]].min() > 0.05


def test_a_side_of_two_laps_is_no_group():
    values = np.random.default_rng(0).normal(size=(12, 2))
    values[2:10, 0] = np.nan
    assert group_scores(values, np.arange(12) < 10)[0] == 0.0
