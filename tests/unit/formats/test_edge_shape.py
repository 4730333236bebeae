"""Where single-lap files were cut, by the shape of the track beside the cuts."""

from __future__ import annotations

import numpy as np
import pytest

from pitwall.formats.edge_shape import late_by
from pitwall.formats.lap_edges import EDGE_HALF_S, SHAPED_HALF_S, Edges
from pitwall.formats.source import Block

T0 = 1_757_184_000_000_000
LENGTH = 4_000.0
SPEED = 50.0


def curvature(way: np.ndarray, straight: bool) -> np.ndarray:
    """A track with two corners behind the line and two before it."""
    if straight:
        return np.zeros(len(way))
    place = way % LENGTH
    bends = ((300, 1 / 60), (520, -1 / 50), (3_350, 1 / 50), (3_700, -1 / 60))
    return sum(k * np.exp(-(((place - at) / 60.0) ** 2)) for at, k in bends)


def cut(
    edges: Edges, car: str, lap: int, begin_s: float, end_s: float, rng, straight: bool = False
) -> None:
    """A lap whose file begins ``begin_s`` and ends ``end_s`` after the line was crossed."""
    began = T0 + lap * 100_000_000
    seconds = np.arange(begin_s, LENGTH / SPEED + end_s, 0.043)
    t = began + np.rint(seconds * 1e6).astype(np.int64)
    shown = SPEED * 3.6 * (1 + 0.001 * rng.standard_normal())  # wheel speed is not calibrated
    lateral = curvature(seconds * SPEED, straight) * SPEED**2 / 9.81 + 0.03 * rng.standard_normal(
        len(t)
    )
    for at in np.array_split(np.arange(len(t)), 40):
        edges.see(Block(car, "chassis", lap, t[at], {"accel_lat": lateral[at]}))
        some = at[::5]
        edges.see(Block(car, "speed", lap, t[some], {"speed": np.full(len(some), shown)}))
        edges.see(Block(car, "lap", lap, t[at], {"lap": np.full(len(at), float(lap))}))


@pytest.mark.parametrize("seed", range(6))
def test_cuts_beside_the_line_are_put_back(seed):
    rng = np.random.default_rng(seed)
    edges = Edges()
    off = rng.uniform(-0.2, 0.2, (8, 2))
    for lap in range(8):
        cut(edges, "7", 2 * lap + 1, *off[lap], rng)
    (block,) = edges.marks()
    shaped = (block.values["line_mark"] == SHAPED_HALF_S).reshape(8, 2).all(axis=1)
    assert shaped.sum() >= 5  # one that is far off the others may have come another way
    found = (np.diff(block.t)[::2] / 1e6)[shaped]
    # all laps took the same; by the cuts they differ by up to 0.4 s. The mean cut stays.
    assert found.std() < 0.3 * (off[:, 1] - off[:, 0])[shaped].std()
    true = LENGTH / SPEED + (off[:, 1] - off[:, 0])[shaped].mean()
    assert found.mean() == pytest.approx(true, abs=0.1)


def test_marks_say_what_they_rest_on():
    rng = np.random.default_rng(3)
    for laps, straight, half in (
        (8, False, SHAPED_HALF_S),
        (3, False, EDGE_HALF_S),  # too few to know a shape from
        (8, True, EDGE_HALF_S),  # no place of a straight differs from another
    ):
        edges = Edges()
        for lap in range(laps):
            cut(edges, "7", 2 * lap + 1, 0.1, -0.1, rng, straight)
        (block,) = edges.marks()
        assert block.values["line_mark"].tolist() == [half] * (2 * laps)


def test_a_lap_that_came_another_way_stays_where_it_was_cut():
    rng = np.random.default_rng(4)
    edges = Edges()
    for lap in range(8):
        cut(edges, "7", 2 * lap + 1, 0.4 if lap == 5 else 0.02 * (lap % 3), 0.0, rng)
    (block,) = edges.marks()
    assert block.values["line_mark"][10] == EDGE_HALF_S
    assert block.t[10] == pytest.approx(T0 + 11 * 100_000_000 + 400_000, abs=25_000)
    assert (block.values["line_mark"] == SHAPED_HALF_S).sum() >= 13


def test_laps_that_follow_each_other_share_one_edge():
    rng = np.random.default_rng(5)
    edges = Edges()
    for car in ("7", "13"):
        for lap in range(4):
            began = lap * LENGTH / SPEED - lap * 100.0
            cut(edges, car, lap, began, began, rng)
    first, second = edges.marks()
    assert (first.car, second.car) == ("7", "13")
    assert len(first.t) == len(second.t) == 5


def test_nothing_is_made_of_nothing():
    assert late_by([]).tolist() == []
    edges = Edges()
    edges.see(Block("7", "lap", 1, np.array([T0]), {"lap": np.array([1.0])}))
    (block,) = edges.marks()
    assert block.values["line_mark"].tolist() == [EDGE_HALF_S, EDGE_HALF_S]
