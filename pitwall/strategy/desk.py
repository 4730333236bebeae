"""The plain values that a pane of strategy shows: the window over the remaining laps, lines."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pitwall.strategy.fuel import RISK
from pitwall.strategy.live import Plan
from pitwall.strategy.report import duel_text
from pitwall.telemetry.plural import counted
from pitwall.telemetry.probability import chance


@dataclass(frozen=True, slots=True)
class LapBar:
    """A stop at the end of one lap.

    Attributes:
        lap: the lap's number.
        loss_s, lo_s, hi_s: on the best lap: mean, 10 % and 90 %.
        inside: whether it is in the window; never where not stopping is faster.
        caution_s: what a stop gains if a caution begins on it; NaN where that is nothing, or not
            looked at.
        p_best: how often it is the best.
    """

    lap: int
    loss_s: float
    lo_s: float
    hi_s: float
    inside: bool
    caution_s: float
    p_best: float


@dataclass(frozen=True, slots=True)
class Desk:
    """All that the pane shows.

    Attributes:
        title: the car.
        state: laps done and to go, age of the tyres.
        verdict: the one line to read: the window, or why there is none.
        lap, last_lap: the newest finished lap, and the race's last.
        bars: for every lap that a stop is possible on.
        caution: what to do if a caution comes, one line; empty when nothing changes.
        fuel: fuel to the end, one line; empty where it is not measured.
        fuel_alarm: whether the car may run dry (more than 5 %).
        rivals: a line each, nearest first.
        pace: pace and wear, one line.
        notes: what is assumed, a line each.
        caution_stop: whether a caution in the next laps is worth a stop.
    """

    title: str
    state: str
    verdict: str
    lap: int
    last_lap: int
    bars: tuple[LapBar, ...]
    caution: str
    fuel: str
    fuel_alarm: bool
    rivals: tuple[str, ...]
    pace: str
    notes: tuple[str, ...]
    caution_stop: bool = False


def desk(plan: Plan) -> Desk:
    """The pane's values of one plan."""
    here, window = plan.situation, plan.window
    bars: tuple[LapBar, ...] = ()
    verdict = plan.reason
    caution = ""
    if window is not None:
        gains = {c.lap: c.gain_s for c in window.cautions if c.stop}
        bars = tuple(
            LapBar(
                r.lap,
                r.loss_s,
                r.lo_s,
                r.hi_s,
                r.inside and window.first is not None,
                gains.get(r.lap, math.nan),
                r.p_best,
            )
            for r in window.laps
        )
        if window.first is not None:
            same = window.first == window.last
            verdict = (
                f"Stop on lap {window.first}"
                if same
                else (f"Pit window: laps {window.first} to {window.last}")
            )
        stops = [c for c in window.cautions if c.stop]
        if stops:
            best = max(stops, key=lambda c: c.gain_s)
            caution = (
                f"If a caution begins on laps {stops[0].lap} to {stops[-1].lap}: stop, up to "
                f"{best.gain_s:+.1f} s ({best.lo_s:+.1f} to {best.hi_s:+.1f})"
            )
        elif window.cautions:
            caution = "A caution in the next laps changes nothing: stay out"
    fuel, alarm = _fuel(plan)
    rivals = tuple(duel_text(d) for d in plan.duels)
    return Desk(
        f"Car {here.car}",
        f"lap {here.lap}, {here.left} to go, tyres {counted(here.age, 'lap')}",
        verdict,
        here.lap,
        here.lap + here.left,
        bars,
        caution,
        fuel,
        alarm,
        rivals,
        _pace(plan),
        plan.notes,
        window is not None and any(c.stop for c in window.cautions),
    )


def _fuel(plan: Plan) -> tuple[str, bool]:
    f = plan.fuel
    if f is None:
        return "", False
    text = (
        f"Fuel {f.left_kg:.1f} kg, at the flag {f.margin_kg:+.1f} kg ({f.margin_lo_kg:+.1f} to "
        f"{f.margin_hi_kg:+.1f}), P(run dry) {chance(f.p_dry)}"
    )
    if f.save_kg > 0:
        text += f"; saves {f.save_kg:.2f} kg a lap to reach it"
    return text, f.p_dry > RISK


def _pace(plan: Plan) -> str:
    p = plan.situation.pace
    if p is None:
        return ""
    text = f"{p.base_s:.2f} s on new tyres, {p.wear_s:+.3f} ± {1.645 * p.wear_sd:.3f} s a lap"
    return text if p.seen else f"{text} (wear not seen yet)"
