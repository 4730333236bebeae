"""Signs that physics fixes: a model that breaks one gives no advice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pitwall.prerace.balance import Balances
from pitwall.prerace.conditions import Conditions
from pitwall.prerace.energy import uses_store
from pitwall.prerace.lap import simulate
from pitwall.prerace.lap_track import LapTrack
from pitwall.prerace.phases import Phase
from pitwall.prerace.vehicle import Vehicle, with_values

_SLACK_S = 1e-3
_CLEAR = 1e-3
_OVAL = 0.8
_REAR = 1.5


@dataclass(frozen=True, slots=True)
class Rule:
    """What more of a setting does to the balance: mechanics every crew agrees on.

    Attributes:
        key: the setting.
        phase, band: where it shows: ``slow`` or ``fast`` corners, or ``all``.
        sign: +1 when the front has to work harder (towards understeer), -1 when the rear.
        words: the rule as the crew says it.
        lefts: whether it holds for left turns, and the other way round for right turns.
        rear_wing: whether it holds only for a wing that loads the rear axle more than the front.
    """

    key: str
    phase: Phase
    band: str
    sign: int
    words: str
    lefts: bool = False
    rear_wing: bool = False


RULES = (
    Rule("roll_front", Phase.MID, "all", 1, "a stiffer front rolls towards understeer"),
    Rule(
        "wing",
        Phase.MID,
        "fast",
        1,
        "more rear wing means understeer in fast corners",
        rear_wing=True,
    ),
    Rule("brake_bias", Phase.BRAKING, "all", 1, "more front bias loads the front brakes"),
    Rule("height_front", Phase.MID, "fast", 1, "a higher front loses front downforce"),
    Rule("height_rear", Phase.MID, "fast", -1, "a higher rear loses rear downforce"),
    Rule("ballast_front", Phase.MID, "all", 1, "ballast forward is tighter"),
    Rule("wedge", Phase.MID, "all", 1, "more wedge is tighter in left turns", lefts=True),
)


def broken_signs(
    car: Vehicle, track: LapTrack, conditions: Conditions | None = None
) -> tuple[str, ...]:
    """Which of the signs that hold for every car the model breaks here, a line each; empty when
    all is well."""
    day = Conditions() if conditions is None else conditions
    grip = {
        f"{axle}.{mu}": getattr(getattr(car, axle), mu) * 1.02
        for axle in ("front", "rear")
        for mu in ("mu_x", "mu_y")
    }
    cases = {
        "more mass": ({"mass_kg": car.mass_kg * 1.02}, -1),
        "more grip": (grip, 1),
        "more drag": ({"aero.drag_m2": car.aero.drag_m2 * 1.05}, -1),
        "more power": ({"power_scale": car.power_scale * 1.02}, 1),
    }
    if uses_store(car, day.boost) and car.engine is None:
        # short of energy, what saves some of it can be faster
        cases = {k: v for k, v in cases.items() if k in ("more drag", "more grip")}
    cars = [car, *(with_values(car, change) for change, _ in cases.values())]
    base, *times = simulate(cars, track, day).time_s
    return tuple(
        f"{name} makes the modelled lap {'slower' if sign > 0 else 'faster'} by "
        f"{abs(float(base - time)):.3f} s"
        for (name, (_, sign)), time in zip(cases.items(), times, strict=True)
        if sign * float(base - time) < -_SLACK_S
    )


def flat_out(car: Vehicle, track: LapTrack, conditions: Conditions | None = None) -> bool:
    """Whether grip makes no difference: an oval that is driven flat out, where only power, drag
    and mass count, and drafting more than all of them."""
    less = {f"{a}.mu_y": getattr(car, a).mu_y * 0.98 for a in ("front", "rear")}
    times = simulate([car, with_values(car, less)], track, conditions).time_s
    return bool(abs(times[1] - times[0]) < _SLACK_S)


def against_rule(
    car: Vehicle, key: str, track: LapTrack, before: Balances, after: Balances, steps: float
) -> str:
    """The rule that a change of the balance at the same speeds breaks, in words; empty when it
    breaks none. ``steps`` is how much the setting went up."""
    turned = float(track.curvature.sum() / max(np.abs(track.curvature).sum(), 1e-12))
    for rule in RULES:
        if rule.key != key or (rule.lefts and abs(turned) < _OVAL):
            continue
        if rule.rear_wing and car.aero.wing_rear_m2 <= _REAR * abs(car.aero.wing_front_m2):
            continue
        sign = rule.sign * (int(np.sign(turned)) if rule.lefts else 1)
        place = (rule.band, rule.phase)
        if place not in before or place not in after:
            continue
        moved = after[place] - before[place]
        if abs(moved) > _CLEAR and moved * steps * sign < 0:
            return rule.words
    return ""
