"""Calibration and advice as documents: stable keys, SI units, for ``--json`` and for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pitwall.prerace.advice import Advice, Row
from pitwall.prerace.calibrate import Calibration
from pitwall.prerace.gain import Gain
from pitwall.prerace.log import Logged, Score
from pitwall.prerace.sheet import Change, Sheet
from pitwall.telemetry.probability import chance


def calibration_doc(c: Calibration) -> dict[str, Any]:
    """What laps say of a car and its driver."""
    fit = c.fit
    used = [lap.lap.number for lap in c.used]
    doc: dict[str, Any] = {
        "vehicle": fit.car.name,
        "track": c.track.name,
        "laps": {
            "used": used,
            "fitted": fit.laps,
            "dropped": {str(lap.lap.number): lap.dropped for lap in c.laps if lap.dropped},
        },
        "best_used_s": _round(min((lap.time_s for lap in c.used), default=math.nan), 3),
        "residual_ms": round(fit.residual_ms, 3),
        "sector_rms_s": round(c.sector_rms_s, 3),
        "settled": fit.settled,
        "factors": {
            unknown.name: {
                "factor": round(float(fit.factors[i]), 4),
                "noise_sd": round(float(fit.sd[i]), 4),
                "file_sd": unknown.sd,
                "seen": bool(fit.seen[i]),
            }
            for i, unknown in enumerate(fit.unknowns)
        },
        "indistinct": [list(pair) for pair in fit.indistinct()],
        "straights": None,
        "laps_regression": None,
        "driver": [
            {
                "corner": u.corner,
                "phase": u.phase.value,
                "use": _round(u.part, 3),
                "loss_s": round(u.loss_s, 3),
                "scatter_s": _round(u.scatter_s, 3),
            }
            for u in sorted(c.uses, key=lambda u: -u.loss_s)
        ],
    }
    if c.straights is not None:
        s = c.straights
        doc["straights"] = {
            "power": round(s.power, 4),
            "power_sd": round(s.power_sd, 4),
            "drag": round(s.drag, 4),
            "drag_sd": round(s.drag_sd, 4),
            "correlation": round(s.correlation, 3),
            "points": s.points,
            "residual_ms2": round(s.residual_ms2, 3),
        }
    if c.lap_model is not None:
        m = c.lap_model
        doc["laps_regression"] = {
            "simulated_s_per_kg": round(c.seconds_per_kg, 5),
            "scatter_s": round(m.scatter_s, 3),
            "numbers": {
                name: {
                    "value": round(float(m.values[i]), 5),
                    "sd": round(float(m.sd[i]), 5),
                    "seen": bool(m.seen[i]),
                }
                for i, name in enumerate(m.names)
            },
        }
    return doc


def calibration_text(doc: dict[str, Any]) -> list[str]:
    """The document's main lines for people."""
    used, dropped = len(doc["laps"]["used"]), len(doc["laps"]["dropped"])
    out = [
        f"{doc['vehicle']} on {used} laps ({dropped} not used): {doc['fitted_s']:.3f} s, was "
        f"{doc['before_s']:.3f} s; best lap {doc['best_used_s']:.3f} s",
        f"speed off by {doc['residual_ms']:.2f} m/s, sectors by {doc['sector_rms_s']:.2f} s"
        + ("" if doc["settled"] else "; not settled"),
    ]
    for name, found in doc["factors"].items():
        seen = "" if found["seen"] else ", not seen in these laps"
        out.append(f"{name:<10} x {found['factor']:.3f} (noise {found['noise_sd']:.3f}{seen})")
    out += [f"{a} and {b} are not told from each other" for a, b in doc["indistinct"]]
    if doc["straights"] is not None:
        s = doc["straights"]
        out.append(
            f"straights: power x {s['power']:.3f} ± {s['power_sd']:.3f}, drag x {s['drag']:.3f} "
            f"± {s['drag_sd']:.3f}, correlation {s['correlation']:+.2f}"
        )
    if doc["laps_regression"] is not None:
        r = doc["laps_regression"]
        for name in ("fuel", "age", "fresh", "evolution"):
            n, unit = r["numbers"][name], _UNITS[name]
            seen = "" if n["seen"] else " (believed, not seen in these laps)"
            out.append(f"{_LABELS[name]}: {n['value']:+.3f} ± {n['sd']:.3f} {unit}{seen}")
        out.append(f"the driver's laps scatter by {r['scatter_s']:.2f} s")
    for u in doc["driver"][:3]:
        if u["loss_s"] > 0.01 and u["use"] is not None and u["use"] < 1.0:
            out.append(f"{u['phase']} use {u['use']:.0%} in {u['corner']}, {u['loss_s']:.2f} s")
    return out


_UNITS = {"fuel": "s/kg", "age": "s a lap", "fresh": "s", "evolution": "s an hour"}
_LABELS = {
    "fuel": "fuel",
    "age": "tyre age",
    "fresh": "new tyres' first lap",
    "evolution": "track and what goes with the clock",
}


def gain_doc(gain: Gain | None) -> dict[str, Any] | None:
    """A gain with its interval."""
    if gain is None:
        return None
    return {
        "mean_s": round(gain.mean_s, 4),
        "lo_s": round(gain.lo_s, 4),
        "hi_s": round(gain.hi_s, 4),
        "parameter_sd_s": round(gain.parameter_sd, 4),
        "model_sd_s": round(gain.model_sd, 4),
        "p_gain": round(gain.p_gain, 4),
        "p_over_0_05_s": round(gain.p_clear, 4),
    }


def advice_doc(advice: Advice) -> dict[str, Any]:
    """All of an advice."""
    return {
        "car": advice.car,
        "track": advice.track,
        "variant": advice.variant,
        "modelled_s": round(advice.lap_s, 4),
        "withheld": list(advice.withheld),
        "notes": list(advice.notes),
        "rows": [row_doc(row) for row in advice.rows],
        "joint": None
        if advice.joint is None
        else {"values": dict(advice.joint.values), "gain": gain_doc(advice.joint.gain)},
    }


def log_doc(log: Sequence[tuple[Logged, Score | None]]) -> list[dict[str, Any]]:
    """Applied advices with what came of them, oldest first."""
    return [
        {
            "written_us": entry.written_us,
            "values": dict(entry.values),
            "class": entry.trust.value,
            "gain_s": round(entry.mean_s, 4),
            "lo_s": round(entry.lo_s, 4),
            "hi_s": round(entry.hi_s, 4),
            "obtained_s": None if score is None else round(score.obtained_s, 4),
            "obtained_sd_s": None if score is None else round(score.sd_s, 4),
            "held": None if score is None else score.held,
            "told": None if score is None else score.told,
        }
        for entry, score in log
    ]


def row_doc(row: Row) -> dict[str, Any]:
    """One setting."""
    return {
        "setting": row.key,
        "unit": row.unit,
        "class": row.trust.value,
        "now": row.now,
        "proposed": row.proposed,
        "verdict": row.verdict.value,
        "reason": row.reason,
        "gain": gain_doc(row.gain),
        "per_step_s": round(row.per_step_s, 4),
        "top_speed_ms": round(row.top_ms, 3),
        "balance": {f"{where} {phase}": round(v, 4) for (where, phase), v in row.balance.items()}
        if row.balance is not None
        else {},
        "stopped_by": row.stopped_by,
        "corners": [{"corner": name, "gain_s": round(gain, 4)} for name, gain in row.corners],
        "plan": row.plan.says() if row.plan is not None else None,
        "plan_laps": row.plan.laps if row.plan is not None else None,
    }


def advice_text(advice: Advice) -> list[str]:
    """An advice for people: a line or two for each setting."""
    out = [f"car {advice.car} on {advice.track}, {advice.variant}: modelled {advice.lap_s:.3f} s"]
    out += [f"NO ADVICE: {line}" for line in advice.withheld]
    for row in advice.rows:
        now = "?" if row.now is None else f"{row.now:g}"
        to = f" -> {row.proposed:g}" if row.proposed is not None else ""
        line = f"{row.key} {now}{to} {row.unit} [{row.trust.value}]: {row.verdict.value}"
        if row.gain is not None:
            g = row.gain
            line += f", {g.mean_s:+.3f} s a lap ({g.lo_s:+.3f} to {g.hi_s:+.3f}), "
            line += f"P(gain) {chance(g.p_gain)}"
        more = [row.reason, f"stopped by: {row.stopped_by}" if row.stopped_by else ""]
        more.append(row.plan.says() if row.plan is not None else "")
        out.append("; ".join([line, *(m for m in more if m)]))
    if advice.joint is not None:
        values = ", ".join(f"{k} {v:g}" for k, v in advice.joint.values.items())
        g = advice.joint.gain
        out.append(f"together {values}: {g.mean_s:+.3f} s ({g.lo_s:+.3f} to {g.hi_s:+.3f})")
    return [*out, *advice.notes]


def sheet_doc(sheet: Sheet, changed: tuple[Change, ...]) -> dict[str, Any]:
    """A setup sheet, and what differs from the one before."""
    return {
        "car": sheet.car,
        "from_lap": sheet.from_lap,
        "vehicle": sheet.vehicle,
        "series": sheet.series.key,
        "settings": dict(sheet.values),
        "note": sheet.note,
        "advice": sheet.advice or None,
        "written_us": sheet.written_us,
        "changes": [
            {"setting": c.key, "unit": c.unit, "before": c.before, "after": c.after}
            for c in changed
        ],
    }


def _round(value: float, places: int) -> float | None:
    return round(value, places) if math.isfinite(value) else None
