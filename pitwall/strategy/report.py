"""Plans and comparisons as documents: stable keys, SI units, for ``--json`` and for people."""

from __future__ import annotations

import math
from typing import Any

from pitwall.strategy.live import Plan
from pitwall.strategy.montecarlo import Outcomes
from pitwall.strategy.race import race_time
from pitwall.strategy.race_file import RaceFile
from pitwall.strategy.rivals import LATE, SOON, Duel
from pitwall.telemetry.probability import chance


def plan_doc(plan: Plan) -> dict[str, Any]:
    """A car's plan as of its newest lap."""
    here, window, fuel = plan.situation, plan.window, plan.fuel
    doc: dict[str, Any] = {
        "car": here.car,
        "lap": here.lap,
        "laps_left": here.left,
        "tyre_age": here.age,
        "stops": here.stops,
        "cautions": plan.cautions.key,
        "reason": plan.reason,
        "notes": list(plan.notes),
        "pit_loss_s": round(here.green.into_s + here.green.out_s, 2),
        "pit_loss_stops": here.green_stops,
        "pace": None,
        "fuel": None,
        "window": None,
        "rivals": [
            {
                "car": d.car,
                "kind": d.kind,
                "gap_s": round(d.gap_s, 3),
                "answers_after_laps": SOON,
                "gain_s": round(d.gain_s, 3),
                "sd_s": round(d.sd_s, 3),
                "p_ahead": round(d.p_ahead, 3),
                "late_answers_after_laps": LATE,
                "late_gain_s": round(d.late_gain_s, 3),
                "late_p_ahead": round(d.late_p_ahead, 3),
            }
            for d in plan.duels
        ],
    }
    if here.pace is not None:
        p = here.pace
        doc["pace"] = {
            "base_s": round(p.base_s, 3),
            "base_sd_s": round(p.base_sd, 3),
            "wear_s_per_lap": round(p.wear_s, 4),
            "wear_sd_s_per_lap": round(p.wear_sd, 4),
            "wear_seen": p.seen,
            "lap_sd_s": round(p.lap_sd_s, 3),
            "laps": p.laps,
        }
    if fuel is not None:
        doc["fuel"] = {
            "left_kg": round(fuel.left_kg, 2),
            "margin_kg": round(fuel.margin_kg, 2),
            "margin_lo_kg": round(fuel.margin_lo_kg, 2),
            "margin_hi_kg": round(fuel.margin_hi_kg, 2),
            "p_dry": round(fuel.p_dry, 4),
            "reaches_laps": fuel.reaches_laps,
            "save_kg_per_lap": round(fuel.save_kg, 3),
        }
    if window is not None:
        doc["window"] = {
            "first": window.first,
            "last": window.last,
            "tyre": window.tyre,
            "stay_out_s": None if math.isnan(window.stay_out_s) else round(window.stay_out_s, 3),
            "laps": [
                {
                    "lap": r.lap,
                    "loss_s": round(r.loss_s, 3),
                    "lo_s": round(r.lo_s, 3),
                    "hi_s": round(r.hi_s, 3),
                    "p_best": round(r.p_best, 4),
                    "inside": r.inside,
                }
                for r in window.laps
            ],
            "if_caution": [
                {
                    "lap": c.lap,
                    "gain_s": round(c.gain_s, 3),
                    "lo_s": round(c.lo_s, 3),
                    "hi_s": round(c.hi_s, 3),
                    "stop": c.stop,
                }
                for c in window.cautions
            ],
        }
    return doc


def plan_text(plan: Plan) -> list[str]:
    """A plan for people."""
    here = plan.situation
    out = [f"car {here.car}: {here.lap} laps done, {here.left} to go, tyres {here.age} laps old"]
    if here.pace is not None:
        p = here.pace
        seen = "" if p.seen else ", not seen yet"
        out.append(
            f"pace {p.base_s:.3f} s on new tyres, wear {p.wear_s:+.3f} ± {1.645 * p.wear_sd:.3f} s "
            f"a lap{seen}; laps scatter by {p.lap_sd_s:.2f} s"
        )
    window = plan.window
    if window is not None and window.first is not None:
        out.append(f"pit window: laps {window.first} to {window.last}")
    if plan.reason:
        out.append(plan.reason)
    if window is not None:
        lines = [c for c in window.cautions if c.stop]
        if lines:
            most = max(c.gain_s for c in lines)
            out.append(
                f"stop if a caution begins on laps {lines[0].lap} to {lines[-1].lap}: "
                f"up to {most:+.1f} s"
            )
    if plan.fuel is not None:
        f = plan.fuel
        out.append(
            f"fuel: {f.left_kg:.1f} kg, at the flag {f.margin_kg:+.1f} kg "
            f"({f.margin_lo_kg:+.1f} to {f.margin_hi_kg:+.1f}), P(run dry) {chance(f.p_dry)}, "
            f"reaches {f.reaches_laps} laps"
        )
    out += [duel_text(d) for d in plan.duels]
    return [*out, *plan.notes]


def duel_text(d: Duel) -> str:
    """A rival in one line."""
    gap = f"{abs(d.gap_s):.1f} s"
    if d.kind == "undercut":
        what, answer = f"Undercut car {d.car}, {gap} ahead", "if it answers next lap"
    else:
        what, answer = f"Car {d.car}, {gap} behind, stops first", "answering next lap"
    return (
        f"{what}: P(ahead) {chance(d.p_ahead)} ({d.gain_s:+.1f} s) {answer}, "
        f"{chance(d.late_p_ahead)} after {LATE}"
    )


def race_doc(file: RaceFile, outcomes: Outcomes, races: int, seed: int) -> dict[str, Any]:
    """Strategies of a race file side by side."""
    mean, share, best = outcomes.mean(), outcomes.p_best(), outcomes.best()
    rows = []
    for k, strategy in enumerate(outcomes.strategies):
        loss, low, high = outcomes.loss(k, best)
        rows.append(
            {
                "strategy": strategy.named(),
                "race_time_s": round(race_time(file.race, strategy), 6),
                "mean_s": round(float(mean[k]), 3),
                "loss_s": round(loss, 3),
                "loss_lo_s": round(low, 3),
                "loss_hi_s": round(high, 3),
                "p_best": round(float(share[k]), 4),
            }
        )
    return {
        "laps": file.race.laps,
        "cautions": file.chances.cautions.key,
        "races": races,
        "seed": seed,
        "strategies": sorted(rows, key=lambda row: float(str(row["mean_s"]))),
    }


def race_text(doc: dict[str, Any]) -> list[str]:
    """The same for people."""
    return [
        f"{doc['laps']} laps, {doc['races']} races, cautions: {doc['cautions']}",
        *(
            f"{row['strategy']:<28} {row['race_time_s']:>11.3f} s in green, {row['loss_s']:+.2f} s "
            f"on the best ({row['loss_lo_s']:+.2f} to {row['loss_hi_s']:+.2f}), best in "
            f"{row['p_best']:.0%}"
            for row in doc["strategies"]
        ),
    ]
