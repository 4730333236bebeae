"""How often the coach is right: what is planted is said, and chance is not, over many seeds."""

from __future__ import annotations

import numpy as np
import pytest

from pitwall.analysis.coach import Advice, advise
from pitwall.analysis.coach_words import headline, sentence, sureness
from pitwall.analysis.passages import Measure
from tests.unit.analysis.coaching import CORNERS, SEVEN_OF_NINE, at_five, drive, exchanged, shuffled

SEEDS = 100
COST = 0.014


@pytest.fixture(scope="module")
def planted() -> list[Advice]:
    return [advise(CORNERS, drive(seed, early=SEVEN_OF_NINE)) for seed in range(SEEDS)]


def test_the_planted_habit_is_said_with_its_number(planted):
    said = [found[0] for advice in planted if (found := at_five(advice))]
    assert len(said) >= 0.85 * SEEDS
    metres = np.array([one.change for one in said])
    assert np.median(metres) == pytest.approx(10.0, abs=2.0)
    # the interval is of the gain that belongs to the metres that are said
    covered = [one.low_s <= COST * one.change <= one.high_s for one in said]
    assert np.mean(covered) >= 0.8
    one = said[0]
    assert headline(one).startswith(f"Brake {one.change:.0f} m later, as on laps ")
    assert (
        sentence(one) == f"Brake {one.change:.0f} m later into turn 5: {one.gain_s:.2f} s to gain."
    )
    assert "over 9 laps" in sureness(one)


def test_hardly_anything_else_is_said_of_it(planted):
    others = sum(any(f.corner.number != 5 for f in advice.findings) for advice in planted)
    assert others <= 5


def test_on_shuffled_laps_nothing_is_said_in_95_of_100_seeds():
    silent = 0
    for seed in range(SEEDS):
        laps = shuffled(drive(seed, early=SEVEN_OF_NINE), seed + 10_000)
        advice = advise(CORNERS, laps)
        silent += not advice.findings and not advice.strengths
    assert silent >= 95


def test_two_cars_whose_laps_are_dealt_anew_are_not_told_apart():
    silent = 0
    for seed in range(SEEDS):
        own, other = drive(seed, laps=9), drive(seed + 500, laps=12, car="22")
        a, b = exchanged(own, other, seed)
        advice = advise(CORNERS, a, b)
        silent += not any(f.against for f in (*advice.findings, *advice.strengths))
    assert silent >= 95


def test_one_odd_lap_is_not_advice():
    """One lap that brakes late and is quick by luck: telling for a line, nothing for a driver."""
    said = 0
    for seed in range(40):
        laps = drive(seed, cost_s_per_m=0.0)
        laps.laps[3].of(Measure.BRAKE)[4] += 25.0
        laps.laps[3].of(Measure.TIME)[4] -= 0.4
        said += bool(at_five(advise(CORNERS, laps)))
    assert said <= 1
