"""Race times per second of vectorised strategies, beside a loop over races and laps of our own.

One race time is one strategy in one race with its own cautions, driver's laps and standing times;
140 strategies with one and two stops over 55 laps, 4,000 races. The loop does the same lap by lap,
race by race, in plain Python, with the same cautions. Processor time, one core.
"""

from __future__ import annotations

import time

import numpy as np

from pitwall.strategy import (
    Chances,
    Compound,
    Race,
    Stop,
    Strategy,
    caution_model,
    draw_cautions,
    lap_times,
    run_races,
)
from tests.bench.harness import Result, spread

REFERENCE_RACES_PER_S = 3.5
"""Recorded: a whole field, lap by lap, with random influences; ours is one car without traffic."""
RACES, LOOP_RACES = 4000, 12
REPEATS = 5


def run() -> Result:
    """Both, in this process."""
    race, strategies, chances = _race(), _strategies(), Chances(caution_model("formula"))
    run_races(race, strategies, chances, 200)
    rates = []
    for turn in range(REPEATS):
        begun = time.process_time()
        run_races(race, strategies, chances, RACES, turn)
        rates.append(RACES * len(strategies) / (time.process_time() - begun))
    loop = []
    for turn in range(3):
        begun = time.process_time()
        _loop(race, strategies, chances, LOOP_RACES, turn)
        loop.append(LOOP_RACES * len(strategies) / (time.process_time() - begun))
    ours, theirs = spread(rates, 0), spread(loop, 0)
    return Result(
        {"race_times_per_s": ours, "strategies": len(strategies), "laps": race.laps},
        {
            "loop over races and laps": {"race_times_per_s": theirs},
            "reference, whole field (recorded, not like for like)": {
                "races_per_s": REFERENCE_RACES_PER_S
            },
        },
        {"race_times_vs_loop": ours["median"] / theirs["median"]},
    )


def _race() -> Race:
    tyres = {"a": Compound(1.2, 0.02), "b": Compound(0.5, 0.05), "c": Compound(0.0, 0.09)}
    return Race(55, 92.0, 0.03, 100.0, 100 / 55, tyres, 1.0, 2.5)


def _strategies() -> list[Strategy]:
    one = [Strategy("c", (Stop(k, t),)) for k in range(1, 55) for t in ("a", "b")]
    two = [Strategy("c", (Stop(k, "b"), Stop(k + 16, "b"))) for k in range(4, 36)]
    return [*one, *two]


def _loop(
    race: Race, strategies: list[Strategy], chances: Chances, races: int, seed: int
) -> list[float]:
    rng = np.random.default_rng(seed)
    status = draw_cautions(chances.cautions, race.laps, races, rng).status
    out = []
    for r in range(races):
        noise = rng.normal(0.0, chances.lap_sd_s, race.laps).tolist()
        under = status[:, r].tolist()
        for strategy in strategies:
            laps = lap_times(race, strategy).tolist()
            total = 0.0
            for lap, time_s in enumerate(laps):
                total += race.base_s * race.safety_x if under[lap] else time_s + noise[lap]
            out.append(total)
    return out
