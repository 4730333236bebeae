"""The coach says what is planted, with number and interval, and is silent about chance."""

from __future__ import annotations

import pytest

from pitwall.analysis.coach import Stint, advise
from pitwall.analysis.coach_words import headline, quiet, radio, sureness
from pitwall.analysis.corners import Corner
from pitwall.analysis.findings import LEAST_GAIN_S, Finding
from pitwall.analysis.passages import Measure
from tests.unit.analysis.coaching import CORNERS, SEVEN_OF_NINE, SPACING, at_five, drive

COST = 0.014


def test_a_habit_of_every_lap_takes_another_car_to_be_seen():
    always = {lap: 28.0 for lap in range(1, 10)}
    own, other = drive(3, early=always), drive(7, laps=12, car="22")
    assert not [f for f in advise(CORNERS, own).findings if abs(f.change) > 15]
    (loss,) = [f for f in advise(CORNERS, own, other).findings if f.against == "22"]
    assert loss.corner.number == 5
    assert loss.measure is Measure.BRAKE
    assert loss.change == pytest.approx(28.0, abs=4.0)
    assert loss.low_s < COST * 28 < loss.high_s
    assert "as car 22 does" in headline(loss)


def test_what_is_good_is_said_too():
    other = drive(7, laps=12, car="22", early={lap: 28.0 for lap in range(1, 13)})
    advice = advise(CORNERS, drive(3), other)
    best = advice.strengths[0]
    assert best.corner.number == 5
    assert best.gain_s < -LEAST_GAIN_S
    assert "Keep it" in headline(best)
    assert best.usual >= 2 * best.laps / 3
    if not advice.findings:
        assert "turn 5 is good" in radio(advice).lower()


def test_too_few_laps_say_nothing_and_why():
    advice = advise(CORNERS, drive(1, laps=4, early={1: 10.0, 2: 10.0}))
    assert advice.findings == ()
    assert "5 are needed" in quiet(advice)
    assert radio(advice) == ""


def test_a_sparse_channel_says_nothing_and_why():
    sparse = SPACING | {Measure.BRAKE: 45.0}
    laps = drive(0, early={lap: 30.0 for lap in (1, 2, 3, 4, 6, 7, 8)}, spacing=sparse)
    advice = advise(CORNERS, laps)
    assert not at_five(advice)
    assert any("brake comes every 45 m" in s.reason for s in advice.silences)


def test_passages_behind_another_car_do_not_count():
    laps = drive(0, early={lap: 30.0 for lap in (1, 2, 3, 4, 6, 7, 8)})
    assert at_five(advise(CORNERS, laps))
    held = laps.held_up.copy()
    held[:6, 4] = True
    advice = advise(CORNERS, Stint(laps.car, laps.laps, held, laps.spacing_m))
    assert not at_five(advice)
    (silence,) = [s for s in advice.silences if s.corner is not None]
    assert silence.corner.number == 5
    assert "6 behind another car of 9" in silence.reason


def test_a_gap_in_a_corner_is_not_judged():
    laps = drive(0, early={lap: 30.0 for lap in (1, 2, 3, 4, 6, 7, 8)})
    for lap in laps.laps[:5]:
        lap.seen[4] = False
    advice = advise(CORNERS, laps)
    assert not at_five(advice)
    assert any("5 without data of 9" in s.reason for s in advice.silences)


def test_the_same_laps_give_the_same_words():
    first = advise(CORNERS, drive(0, early=SEVEN_OF_NINE))
    assert first == advise(CORNERS, drive(0, early=SEVEN_OF_NINE))


@pytest.mark.parametrize(
    ("measure", "change", "typical", "target", "said", "from_to"),
    [
        (Measure.BRAKE, 18.4, 191.6, 172.9, "Brake 18 m later", "192 → 174 m before the apex"),
        (Measure.THROTTLE, -6.6, -20.4, -13.0, "throttle 7 m earlier", "20 → 13 m after the apex"),
        (Measure.MINIMUM, 0.47, 29.1, 29.5, "Carry 2 km/h more", "105 → 107 km/h"),
    ],
)
def test_what_is_said_and_from_where_to_where_agree(
    measure, change, typical, target, said, from_to
):
    one = Finding(
        Corner(5, "T5", 400.0, 500.0, 600.0), measure, change, 0.1, 0.05, 0.15, 9, 7, (), "88",
        typical, target, 0.01,
    )  # fmt: skip
    assert said in headline(one)
    assert sureness(one).endswith(from_to)
