"""Advice on cars whose truth is known: an optimum that was planted, and settings that do nothing.

The truth's laps are made by the demo field's own lap solver, which shares no code with the model:
a point with grip, downforce, drag and power. ``python -m tests.golden.planted`` prints both.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import numpy as np

from pitwall.cloud.local import field_car
from pitwall.prerace import Conditions, LapTrack, Vehicle, fit_car, shipped_vehicle, with_values
from pitwall.prerace.advice import Advice, Verdict
from pitwall.prerace.advise import Question, advise
from pitwall.prerace.fit import WITH_DRIVER
from pitwall.prerace.lap import simulate
from pitwall.prerace.sheet import Sheet
from tests.golden.coverage import driven

STEP_M = 5.0


@dataclass(frozen=True)
class Truth:
    """A car as the demo field's solver has it: what its wing does, and how it brakes."""

    power_w: float = 345_000.0
    drag_m2: float = 0.95
    lift_m2: float = 1.30
    wing_drag_m2: float = 0.004
    wing_curve_m2: float = 0.0050
    wing_lift_m2: float = 0.075
    grip: float = 1.40
    braking: float = 0.9
    mass_kg: float = 1380.0
    best_bias: float = 62.0
    bias_cost: float = 0.012

    def lap(self, track: LapTrack, wing: float, bias: float = 62.0) -> tuple[np.ndarray, float]:
        """Speed along a flying lap, and its time. A brake bias off the best costs braking."""
        n = len(track.curvature)
        braking = self.braking * (1.0 - self.bias_cost * abs(bias - self.best_bias))
        laps = 3
        ones = np.ones((laps * n, 1))
        before = (field_car.POWER, field_car.DRAG_AREA, field_car.LIFT_AREA)
        try:
            field_car.POWER = self.power_w
            field_car.DRAG_AREA = self.drag_m2 + wing * (
                self.wing_drag_m2 + wing * self.wing_curve_m2
            )
            field_car.LIFT_AREA = self.lift_m2 + wing * self.wing_lift_m2
            limits = field_car.Limits(
                curvature=np.tile(track.curvature, laps)[:, None],
                grip=self.grip * ones,
                mass=self.mass_kg * ones,
                braking=braking * ones,
                cap=200.0 * ones,
                step=track.step_m,
            )
            v = np.sqrt(np.maximum(field_car.speed_squared(limits)[n : 2 * n, 0], 1.0))
        finally:
            field_car.POWER, field_car.DRAG_AREA, field_car.LIFT_AREA = before
        return v, float((2 * track.step_m / (v + np.roll(v, -1))).sum())

    def best_wing(self, track: LapTrack) -> int:
        """The wing with the fastest lap, in holes 0 to 8."""
        return int(np.argmin([self.lap(track, w)[1] for w in range(9)]))


def file_car(truth: Truth) -> Vehicle:
    """The car's file: a grand tourer that is about right, with the wing's polar as measured in the
    tunnel. A point has no balance: neither has this car."""
    front = replace(shipped_vehicle("grand-tourer").front, load_x=0.0, load_y=0.0)
    front = replace(front, mu_x=1.32, mu_y=1.32)
    return with_values(
        shipped_vehicle("grand-tourer"),
        {
            "front": front,
            "rear": front,
            "front_weight": 0.5,
            "cg_height_m": 0.0,
            "mass_kg": truth.mass_kg - 50.0,
            "fuel_kg": 50.0,
            "rotating_kg": 0.0,
            "aero.drag_m2": 1.02,
            "aero.front_m2": 0.70,
            "aero.rear_m2": 0.70,
            "aero.wing_drag_m2": truth.wing_drag_m2,
            "aero.wing_curve_m2": truth.wing_curve_m2,
            "aero.wing_front_m2": truth.wing_lift_m2 / 2,
            "aero.wing_rear_m2": truth.wing_lift_m2 / 2,
            "brakes.front_share": None,
        },
    )


RADII_M = {"fast": (30.0, 80.0, 80), "even": (60.0, 140.0, 60), "slow": (60.0, 140.0, 22)}
"""Radii of the corners, and mesh points of straight between them."""


def track(kind: str, seed: int = 1, corners: int = 8) -> LapTrack:
    """``fast``: tight corners and long straights, so that a small wing is best; ``slow``: the other
    way round, so that the largest is; ``even`` is between them."""
    rng = np.random.default_rng(seed)
    low, high, gap = RADII_M[kind]
    parts = []
    for _ in range(corners):
        length = int(rng.integers(12, 22))
        bell = np.sin(np.linspace(0, np.pi, length)) ** 2
        parts += [np.zeros(gap), bell / rng.uniform(low, high) * rng.choice([-1, 1])]
    return LapTrack.of(kind, STEP_M, np.concatenate(parts))


def advised(where: LapTrack, truth: Truth, wing: int, seed: int, draws: int = 60) -> Advice:
    """Drive laps with a wing, calibrate on them, and ask."""
    laps = driven(truth.lap(where, wing)[0], 6, seed)
    car = with_values(file_car(truth), {"aero.wing": float(wing)})
    fit = fit_car(car, where, laps, Conditions(), WITH_DRIVER)
    sheet = Sheet("1", 1, "grand-tourer", {"wing": float(wing)})
    # every wing has been on this car
    return advise(Question(fit, sheet, where, tried={"wing": (0.0, 8.0)}), draws=draws, seed=seed)


def settle(where: LapTrack, truth: Truth, wing: int, seed: int) -> tuple[int, list[int]]:
    """Follow the advice until there is none: the last wing, and the way there."""
    way = [wing]
    for turn in range(4):
        rows = [r for r in advised(where, truth, wing, seed + turn).advised if r.key == "wing"]
        if not rows or rows[0].proposed is None or int(rows[0].proposed) in way:
            break
        wing = int(rows[0].proposed)
        way.append(wing)
    return wing, way


def null_car() -> Vehicle:
    """A car on which no setting matters: a wing without effect, brakes that each do what they can,
    roll that shifts no load."""
    car = file_car(Truth())
    zero = {f"aero.wing_{k}_m2": 0.0 for k in ("drag", "curve", "front", "rear")}
    return with_values(car, {**zero, "aero.wing": 4.0})


def null_runs(seeds: range) -> int:
    """How many of the seeds bring no advice on a car whose settings do nothing, with runs whose lap
    times differ by chance alone."""
    where = track("slow", corners=6)
    car = null_car()
    lap = simulate([car], where).speed_ms[:, 0]
    time = float(simulate([car], where).time_s[0])
    silent = 0
    for seed in seeds:
        rng = np.random.default_rng([seed, 77])
        fit = fit_car(car, where, driven(lap, 4, seed), Conditions(), WITH_DRIVER)
        sheet = Sheet(
            "1",
            1,
            "grand-tourer",
            {"wing": 4.0, "roll_front": 52.0, "pressure_lf": 175.0, "camber_front": -3.0},
        )
        scatter = 0.25
        runs = {}
        for key, value in (("pressure_lf", 178.5), ("camber_front", -3.1)):
            a, b = (time + scatter * rng.standard_normal(8) for _ in range(2))
            sd = float(np.sqrt(a.var(ddof=1) / 8 + b.var(ddof=1) / 8))
            runs[key] = (value, float(a.mean() - b.mean()), sd)
        asked = Question(fit, sheet, where, runs=runs, scatter_s=scatter)
        silent += not advise(asked, draws=20, seed=seed).advised
    return silent


def main() -> int:
    """Print both."""
    truth = Truth()
    for kind in RADII_M:
        where = track(kind)
        best = truth.best_wing(where)
        for start in (0, 8):
            wing, way = settle(where, truth, start, 11)
            print(f"{kind}: best wing {best}, from {start} by way of {way[1:]} to {wing}")
    print(f"nothing matters: silent in {null_runs(range(100))} of 100 seeds")
    rows = advised(track("slow"), truth, 6, 5).rows
    print([(r.key, r.now, r.proposed, r.verdict, r.stopped_by) for r in rows if r.gain])
    return 0


__all__ = ["Truth", "Verdict", "advised", "null_runs", "settle", "track"]

if __name__ == "__main__":
    sys.exit(main())
