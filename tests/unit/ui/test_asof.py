"""The table live: what is said of cars that are not heard from at the same time."""

from __future__ import annotations

from pitwall.analysis import CarTiming, Timing
from pitwall.ui.asof import standings


def field(age_us: int) -> Timing:
    """A leader on lap 30, and a car that is on lap 28, a quarter of a lap further round."""
    cars = {
        "88": CarTiming("88", current_lap=30, progress=0.25, position=1),
        "30": CarTiming("30", current_lap=28, progress=0.5, position=2, gap_us=1, age_us=age_us),
    }
    return Timing(1, cars, ("88", "30"), None, None)


def test_laps_down_are_told_of_cars_that_are_heard_from() -> None:
    assert standings(field(0), None)[1].laps_down == 1
    assert standings(field(4_000_000), None)[1].laps_down == 1


def test_of_a_car_that_is_silent_no_laps_down_are_claimed() -> None:
    assert standings(field(79_000_000), None)[1].laps_down == 0
