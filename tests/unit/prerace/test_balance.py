"""Which axle works harder, against what the lap itself knows of its limits."""

from __future__ import annotations

import numpy as np
import pytest

from pitwall.prerace import shipped_vehicle, simulate, with_values
from pitwall.prerace.balance import axle_use, balances
from pitwall.prerace.phases import Phase, corners_of_lap
from tests.unit.prerace.makes import circle, paper_car, road_course

TRACK = road_course(2)


@pytest.mark.parametrize("name", ["road-cup", "stock-car", "grand-tourer"])
def test_a_lap_at_the_limit_uses_an_axle_up_and_hardly_more(name):
    """The lap's load transfer is that of the step before, so that a little more is no mistake."""
    car = shipped_vehicle(name)
    laps = simulate([car], TRACK)
    use = axle_use([car], TRACK, laps.speed_ms)[:, :, 0]
    hardest = use.max(axis=0)
    assert 0.98 < np.quantile(hardest, 0.9) < 1.04
    assert hardest.max() < 1.12


def test_an_even_car_on_a_circle_is_in_balance():
    car = paper_car()
    ring = circle(60.0)
    laps = simulate([car], ring)
    use = axle_use([car], ring, laps.speed_ms)[:, :, 0]
    assert use[0] == pytest.approx(use[1], rel=1e-6)
    assert use.max() == pytest.approx(1.0, abs=0.01)


def test_slower_uses_less():
    car = shipped_vehicle("road-cup")
    speed = simulate([car], TRACK).speed_ms
    assert axle_use([car], TRACK, 0.9 * speed).max() < axle_use([car], TRACK, speed).max()


def test_less_front_grip_is_towards_understeer_everywhere():
    car = shipped_vehicle("road-cup")
    worse = with_values(car, {"front.mu_y": car.front.mu_y * 0.95})
    speed = simulate([car], TRACK).speed_ms
    both = np.repeat(speed, 2, axis=1)
    use = axle_use([car, worse], TRACK, both)
    corners = corners_of_lap(TRACK, speed[:, 0])
    before, after = (balances(use[:, :, k], corners) for k in (0, 1))
    for place, value in before.items():
        if place[1] is not Phase.BRAKING:
            assert after[place] >= value
    assert after["all", Phase.MID] > before["all", Phase.MID] + 0.02
