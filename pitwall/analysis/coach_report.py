"""The coach's answer for the command line."""

from __future__ import annotations

import math
from typing import Any

from pitwall.analysis.coach import Advice, Finding
from pitwall.analysis.coach_words import gain, headline, place, quiet, radio, sentence, sureness
from pitwall.analysis.corners import Corner
from pitwall.analysis.debrief import Bests, DebriefEngine
from pitwall.analysis.passages import Measure
from pitwall.analysis.timing import TimingEngine
from pitwall.store import SessionStore
from pitwall.telemetry import BadInput


def coach_report(
    store: SessionStore, car: str | None = None, against: str | None = None
) -> dict[str, Any]:
    """What there is to say to one car's driver, or to all; beside the car ``against``, or the
    quickest other one. Raises BadInput for a car that is not in the session."""
    known = store.cars()
    for one in (car, against):
        if one is not None and one not in known:
            raise BadInput(f"car {one} is not in this session (cars: {', '.join(known) or 'none'})")
    if car is not None and car == against:
        raise BadInput(f"car {car} cannot be coached against itself; name another with --ref")
    timing = TimingEngine().update(store)
    engine = DebriefEngine(store)
    debrief = engine.update(timing)
    cars = []
    for name in [car] if car is not None else [c for c in timing.order if c != against]:
        advice = engine.advice(timing, name, against)
        cars.append(coach_doc(advice, debrief.bests.get(name)))
    return {
        "session": store.session.key,
        "track_length_m": round(debrief.length_m, 1) if debrief.length_m else None,
        "corners": [_corner(corner) for corner in debrief.corners],
        "cars": cars,
    }


def coach_text(report: dict[str, Any]) -> list[str]:
    """The coach's report as lines for people."""
    lines = [report["session"]]
    for car in report["cars"]:
        lines.append(f"car {car['car']}, over {len(car['laps'])} laps")
        for kind in ("findings", "strengths"):
            for one in car[kind]:
                lines.append(f"  {one['place']}: {one['text']}")
                lines.append(f"    {one['worth']}, {one['sure']}")
        if car["quiet"]:
            lines.append(f"  {car['quiet']}")
        for one in car["silences"]:
            where = f"{one['corner']}: " if one["corner"] else ""
            lines.append(f"  nothing said: {where}{one['reason']}")
    return lines


def coach_doc(advice: Advice, bests: Bests | None) -> dict[str, Any]:
    """What there is to say to one driver, or why nothing is said."""
    return {
        "car": advice.car,
        "lap": advice.lap if advice.lap >= 0 else None,
        "laps": list(advice.laps),
        "radio": radio(advice),
        "quiet": quiet(advice),
        "findings": [_finding(one) for one in advice.findings],
        "strengths": [_finding(one) for one in advice.strengths],
        "silences": [
            {"corner": s.corner.name if s.corner else None, "reason": s.reason}
            for s in advice.silences
        ],
        "ideal_sectors_s": bests.sectors.seconds if bests else None,
        "mini_sector_doubt_s": round(bests.doubt_s, 4) if bests else None,
        "ideal_mini_sectors_s": bests.minis.seconds if bests else None,
        "rolling_best_s": bests.rolling.seconds if bests and bests.rolling else None,
    }


def _finding(one: Finding) -> dict[str, Any]:
    speed = one.measure is Measure.MINIMUM
    return {
        "corner": one.corner.number,
        "place": place(one),
        "measure": one.measure.value if one.measure else None,
        "change": round(one.change, 3) if one.measure else None,
        "unit": None if one.measure is None else ("m/s" if speed else "m"),
        "gain_s": round(one.gain_s, 4),
        "low_s": round(one.low_s, 4),
        "high_s": round(one.high_s, 4),
        "laps": one.laps,
        "on_laps": one.usual,
        "shown_on": list(one.shown_on),
        "against": one.against or None,
        "typical": _number(one.typical),
        "target": _number(one.target),
        "p": round(one.p, 5),
        "text": headline(one),
        "worth": gain(one),
        "sure": sureness(one),
        "sentence": sentence(one),
    }


def _corner(corner: Corner) -> dict[str, Any]:
    return {
        "number": corner.number,
        "name": corner.name,
        "entry_m": round(corner.entry_m, 1),
        "apex_m": round(corner.apex_m, 1),
        "exit_m": round(corner.exit_m, 1),
        "direction": "left" if corner.left else "right",
        "radius_m": _number(corner.radius_m, 1),
    }


def _number(value: float, digits: int = 3) -> float | None:
    return round(value, digits) if math.isfinite(value) else None
