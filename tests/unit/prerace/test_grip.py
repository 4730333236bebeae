"""The corner's limit and the grip left at it are worked out apart: they must agree."""

from __future__ import annotations

import numpy as np
import pytest

from pitwall.prerace import Conditions, LapTrack
from pitwall.prerace.batch import make_batch
from pitwall.prerace.corner import corner_limits
from pitwall.prerace.grip import Capacity, Road
from tests.unit.prerace.makes import paper_car

DAY = Conditions(air_kg_m3=1.2)


@pytest.mark.parametrize("turn", [1.0, -1.0])
@pytest.mark.parametrize("banking", [0.0, 0.12])
@pytest.mark.parametrize("cross", [0.0, 1800.0, -1800.0])
@pytest.mark.parametrize("exponent", [2.0, 1.6])
def test_nothing_is_left_at_the_limit(turn, banking, cross, exponent):
    """A front that gives up first, of a car driven by the rear."""
    car = paper_car(
        **{
            "cg_height_m": 0.5,
            "cross_n": cross,
            "front.load_y": -5e-5,
            "rear.load_y": -5e-5,
            "rear.mu_y": 1.6,
            "aero.front_m2": 1.0,
            "aero.rear_m2": 1.2,
            "drive_front": 0.0,
            "friction_exponent": exponent,
        }
    )
    track = LapTrack.of("ring", 5.0, np.full(60, turn / 80.0), banking=turn * banking)
    batch = make_batch([car], DAY)
    limit = corner_limits(batch, track, DAY.grip, 0.0)[0]
    for braking in (True, False):
        left = Capacity(batch.axles, braking=braking)
        road = Road(track, DAY.grip, zones=False)
        at = left(limit, np.zeros(1), road, 0).copy()[:, 0]
        slower = left(limit * 0.9, np.zeros(1), road, 0).copy()[:, 0]
        assert at[0] < 0.1 * slower[0]
        assert at[1] > 1000.0


def test_what_one_axle_cannot_carry_the_other_has_to():
    car = paper_car(**{"rear.mu_y": 1.6, "drive_front": 0.0})
    track = LapTrack.of("ring", 5.0, np.full(60, 1 / 80.0))
    batch = make_batch([car], DAY)
    limit = corner_limits(batch, track, 1.0, 0.0)[0]
    left = Capacity(batch.axles, braking=False)
    road = Road(track, 1.0, zones=False)
    rear = [float(left(limit * k, np.zeros(1), road, 0)[1, 0]) for k in (0.98, 1.0, 1.02)]
    assert rear[1] - rear[2] > 1.5 * (rear[0] - rear[1])


def test_braking_moves_load_to_the_front():
    car = paper_car(**{"cg_height_m": 0.4})
    track = LapTrack.of("straight", 5.0, np.zeros(60))
    batch = make_batch([car], DAY)
    left = Capacity(batch.axles, braking=True)
    front, rear = left(np.array([900.0]), np.array([10.0]), Road(track, 1.0, zones=False), 0)[:, 0]
    moved = 1000.0 * 10.0 * 0.4 / 3.0
    assert front == pytest.approx(1.2 * (1000 * 9.81 / 2 + moved))
    assert rear == pytest.approx(1.2 * (1000 * 9.81 / 2 - moved))
