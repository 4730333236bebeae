"""Advice against the demo field, which is made by its own solver: calibrate on what its cars
measured, predict what a change is worth, and drive the same race again with the change.

``python -m tests.golden.field_truth`` prints the table.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pitwall.analysis import TimingEngine
from pitwall.cloud.local import field_car, field_race
from pitwall.cloud.local.field import make_field
from pitwall.prerace import Vehicle, shipped_vehicle, simulate, with_values
from pitwall.prerace.calibrate import calibrate, gather
from pitwall.prerace.discrepancy import Discrepancies
from pitwall.prerace.gain import Gain, gain_of
from pitwall.prerace.posterior import posterior
from pitwall.prerace.series import Trust
from pitwall.store import open_session
from tests.unit.prerace.field_recording import record

SEED, SECONDS = 3, 1000.0
FIRST, LAST = 2, 9


@dataclass(frozen=True)
class Change:
    """A change, in the field's solver and in our car."""

    name: str
    constants: dict[str, float]
    values: Callable[[Vehicle], dict[str, float]]


def _scaled(paths: tuple[str, ...], by: float) -> Callable[[Vehicle], dict[str, float]]:
    def values(car: Vehicle) -> dict[str, float]:
        return {p: by * _value(car, p) for p in paths}

    return values


def _value(car: Vehicle, path: str) -> float:
    found: object = car
    for name in path.split("."):
        found = getattr(found, name)
    return float(found)  # type: ignore[arg-type]


CHANGES = (
    Change(
        "20 kg less", {"DRY_MASS": field_car.DRY_MASS - 20}, lambda c: {"mass_kg": c.mass_kg - 20}
    ),
    Change(
        "drag -5 %", {"DRAG_AREA": field_car.DRAG_AREA * 0.95}, _scaled(("aero.drag_m2",), 0.95)
    ),
    Change(
        "downforce +5 %",
        {"LIFT_AREA": field_car.LIFT_AREA * 1.05},
        _scaled(("aero.front_m2", "aero.rear_m2"), 1.05),
    ),
    Change("power +2 %", {"POWER": field_car.POWER * 1.02}, _scaled(("power_scale",), 1.02)),
    Change(
        "grip +1 %",
        {"FRICTION": field_race.FRICTION * 1.01},
        _scaled(("front.mu_x", "front.mu_y", "rear.mu_x", "rear.mu_y"), 1.01),
    ),
)


def truth(constants: dict[str, float]) -> float:
    """Median lap of the same race with other constants, s."""
    before = {}
    try:
        for name, value in constants.items():
            for module in (field_car, field_race):
                if hasattr(module, name):
                    before[module, name] = getattr(module, name)
                    setattr(module, name, value)
        field = make_field(seed=SEED, seconds=SECONDS, cars=1)
    finally:
        for (module, name), value in before.items():
            setattr(module, name, value)
    (car,) = field.cars
    laps = np.diff(field.crossings(car.number)) / 1e6
    return float(np.median(laps[FIRST:LAST]))


def rows() -> list[tuple[str, float, Gain]]:
    """(change, the field's gain, ours) for each change, s a lap."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "field.pitwall"
        (car,) = record(path, SECONDS, seed=SEED)
        recording, store = open_session(path, read_only=True)
        with recording:
            gathered = gather(store, TimingEngine().update(store), car)
    found = calibrate(gathered, shipped_vehicle("grand-tourer"))
    drawn = posterior(found.fit, 40)
    errors = Discrepancies()
    base = simulate(drawn.cars(found.fit.car), found.track).time_s
    was = truth({})
    out = []
    for change in CHANGES:
        other = with_values(found.fit.car, change.values(found.fit.car))
        paired = base - simulate(drawn.cars(other), found.track).time_s
        gain = gain_of(paired, errors.sd(float(paired.mean()), Trust.PHYSICS))
        out.append((change.name, was - truth(change.constants), gain))
    return out


def main() -> int:
    """Print the table."""
    print(f"{'change':<16}{'field s':>9}{'ours s':>9}{'90 %':>20}")
    for name, real, g in rows():
        held = "" if g.lo_s <= real <= g.hi_s else "  MISSED"
        print(f"{name:<16}{real:>+9.3f}{g.mean_s:>+9.3f}{g.lo_s:>+10.3f}{g.hi_s:>+10.3f}{held}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
