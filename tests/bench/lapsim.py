"""Laps per second of the lap model in batches of 1, 256 and 1,024, beside a loop of single laps.

The track is made here: 1,069 points 5 m apart, as many as the recorded reference rate was taken
on. Every car of a batch differs in mass, aerodynamics, tyres, power and final drive, so that no
table is shared; those tables and the corner limits are in the figures. Processor time, not wall
time, since other programs run beside; each batch size in a process of its own, for its memory.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time

import numpy as np

from pitwall.prerace import LapTrack, Vehicle, shipped_vehicle, simulate, with_values
from pitwall.telemetry import Failure
from tests.bench.harness import ROOT, Result, spread

POINTS, STEP_M = 1069, 5.0
BATCHES = (1, 256, 1024)
REFERENCE_LAPS_PER_S = 2.0
"""Recorded: 0.48 to 0.56 s a lap on the same kind of track, without its curvature's preparation."""
LOOP = 12
"""Single laps of the plain loop; one after the other they all cost the same."""
CAR = "formula-electric"
VARIED = (
    "mass_kg",
    "aero.drag_m2",
    "aero.front_m2",
    "aero.rear_m2",
    "front.mu_y",
    "rear.mu_y",
    "cg_height_m",
    "power_scale",
    "gearbox.final",
)
SEED = 7


def run() -> Result:
    """The three batch sizes and the loop, each in its own process."""
    ours: dict[str, object] = {}
    rates: dict[str, float] = {}
    for what in (*map(str, BATCHES), "loop"):
        found = _child(what)
        label = "loop of single laps" if what == "loop" else f"batch {what}"
        rates[what] = found["laps_per_s"]["median"]
        figures = {
            f"{label}, laps_per_s": found["laps_per_s"],
            f"{label}, peak_mb": found["peak_mb"],
        }
        ours |= figures
    ours["points"] = POINTS
    return Result(
        ours,
        {"reference (recorded)": {"laps_per_s": REFERENCE_LAPS_PER_S, "peak_mb": 372}},
        {
            "laps_per_s_1024_vs_reference": rates["1024"] / REFERENCE_LAPS_PER_S,
            "laps_per_s_256_vs_reference": rates["256"] / REFERENCE_LAPS_PER_S,
            "laps_per_s_1_vs_reference": rates["1"] / REFERENCE_LAPS_PER_S,
            "batch_vs_loop": rates["1024"] / rates["loop"],
        },
    )


def bench_track() -> LapTrack:
    """5.3 km with sixteen corners of 14 to 180 m radius and straights of up to 800 m."""
    rng = np.random.default_rng(SEED)
    curvature = np.zeros(POINTS)
    at, radii = 40, np.geomspace(14.0, 180.0, 16)
    gaps = rng.integers(14, 44, 16)
    gaps[[3, 11]] = 150, 90
    for radius, gap in zip(rng.permutation(radii), gaps, strict=True):
        length = 10 + int(radius / 8)
        bell = np.sin(np.linspace(0.0, math.pi, length)) ** 2
        end = min(at + length, POINTS)
        curvature[at:end] = (bell / radius * rng.choice([-1.0, 1.0]))[: end - at]
        at = end + int(gap)
    return LapTrack.of("bench", STEP_M, curvature)


def field(count: int) -> list[Vehicle]:
    """Cars within a few per cent of each other."""
    rng = np.random.default_rng(SEED)
    car = with_values(shipped_vehicle(CAR), {"motor.store_j": math.inf})
    scale = 1 + 0.02 * rng.standard_normal((count, len(VARIED)))
    base = np.array([_value(car, path) for path in VARIED])
    return [
        with_values(car, dict(zip(VARIED, (base * row).tolist(), strict=True))) for row in scale
    ]


def _value(car: Vehicle, path: str) -> float:
    value: object = car
    for name in path.split("."):
        value = getattr(value, name)
    return float(value)  # type: ignore[arg-type]


def measure(what: str) -> dict[str, object]:
    """One line of the result, in this process."""
    track = bench_track()
    loop = what == "loop"
    cars = field(LOOP if loop else int(what))

    def work() -> None:
        if loop:
            for car in cars:
                simulate([car], track)
        else:
            simulate(cars, track)

    rates = []
    for turn in range(6):
        begun = time.process_time()
        work()
        if turn:  # the first warms up
            rates.append(len(cars) / (time.process_time() - begun))
    return {"laps_per_s": spread(rates, 1), "peak_mb": _peak_mb()}


def _peak_mb() -> float | None:
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)


def _child(what: str) -> dict[str, dict[str, float]]:
    one_core = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.lapsim", what],
        cwd=ROOT,
        env={**os.environ, **one_core},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        raise Failure(f"lapsim {what}: {done.stderr.strip().splitlines()[-1:]}")
    return json.loads(done.stdout)  # type: ignore[no-any-return]


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
