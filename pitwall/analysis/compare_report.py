"""``pitwall compare``: one lap beside another, of one recording or two."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pitwall.analysis.compare import compare
from pitwall.analysis.laps import Lap
from pitwall.analysis.progress import LapAxis, lap_axis
from pitwall.analysis.signals import Floats
from pitwall.analysis.timing import Timing, TimingEngine
from pitwall.store import SessionStore
from pitwall.telemetry import BadInput
from pitwall.telemetry.clock import iso, lap_time

STEP_M = 50.0
"""Distance between the places at which the difference is told."""


def compare_report(
    store: SessionStore,
    lap: tuple[str, str],
    ref: tuple[str, str],
    other: SessionStore | None = None,
    step_m: float = STEP_M,
) -> dict[str, Any]:
    """``lap`` beside ``ref``: each (car, lap number, ``best`` or ``last``); ``ref`` is of ``other``
    where that is given. Seconds, metres, stable keys. Raises BadInput when a lap is not there."""
    timing = TimingEngine().update(store)
    elsewhere = timing if other is None else TimingEngine().update(other)
    own = _axis(store, timing, *lap)
    theirs = _axis(other or store, elsewhere, *ref)
    circuit, track = timing.circuit, timing.track
    assert circuit is not None
    ends = track.sector_ends if track else (circuit.length_m / 3, 2 * circuit.length_m / 3)
    found = compare(own[1], theirs[1], ends, circuit.length_m)
    behind, s = found.behind_s, found.s
    at = np.arange(0.0, float(s[-1]) + 1e-6, step_m)
    told = _interp(at, s, behind)
    first, second = own[0], theirs[0]
    half = math.hypot(first.uncertainty_us, second.uncertainty_us) / 1e6
    return {
        "session": store.session.key,
        "reference_session": (other or store).session.key,
        "lap": _lap(first),
        "reference": _lap(second),
        "difference_s": _number(found.total_s),
        "uncertainty_s": round(half, 6) if first.time_us and second.time_us else None,
        "sectors_s": [_number(v) for v in found.sectors_s],
        "length_m": round(float(s[-1]), 3),
        "delta": [
            {"distance_m": round(float(d), 3), "behind_s": _number(v)}
            for d, v in zip(at, told, strict=True)
        ],
        "carried_m": [[round(a, 1), round(b, 1)] for a, b in own[1].carried + theirs[1].carried],
        "blind_m": [[round(a, 1), round(b, 1)] for a, b in own[1].blind + theirs[1].blind],
    }


def compare_text(report: dict[str, Any]) -> list[str]:
    """The report as lines for people."""
    lap, ref = report["lap"], report["reference"]
    lines = [
        f"{name}: car {row['car']} lap {row['lap']}, {_time(row['time_s'])}, {row['kind']}"
        + ("" if row["valid"] else f" ({row['reason']})")
        for name, row in (("lap", lap), ("reference", ref))
    ]
    total, half = report["difference_s"], report["uncertainty_s"]
    if total is None:
        lines.append("difference: not known at the line")
    else:
        lines.append(f"difference: {total:+.3f} s ±{half or 0:.3f}")
    sectors = ", ".join("—" if v is None else f"{v:+.3f}" for v in report["sectors_s"])
    lines.append(f"by sector: {sectors} s")
    for row in report["delta"][:: max(len(report["delta"]) // 20, 1)]:
        behind = "—" if row["behind_s"] is None else f"{row['behind_s']:+.3f} s"
        lines.append(f"  {row['distance_m']:7.0f} m  {behind}")
    return lines


def _axis(store: SessionStore, timing: Timing, car: str, which: str) -> tuple[Lap, LapAxis]:
    if car not in timing.cars:
        cars = ", ".join(timing.cars) or "none"
        raise BadInput(f"car {car} is not in {store.session.key} (cars: {cars})")
    of_car = timing.cars[car]
    if timing.circuit is None:
        raise BadInput(f"{store.session.key}: nothing marks laps, so there are none to compare")
    if which == "best":
        lap = of_car.best
    elif which == "last":
        lap = of_car.last
    else:
        lap = next((x for x in of_car.laps if str(x.number) == which), None)
    if lap is None:
        numbers = ", ".join(str(x.number) for x in of_car.laps) or "none"
        raise BadInput(f"car {car} has no lap {which} in {store.session.key} (laps: {numbers})")
    if not lap.start_known:
        raise BadInput(f"car {car} lap {which}: {lap.reason}; its beginning is not known")
    return lap, lap_axis(store, car, lap, timing.circuit)


def _interp(at: Floats, s: Floats, values: Floats) -> Floats:
    """Values at ``at``; NaN beside a place that is not known."""
    known = np.isfinite(values)
    if not known.any():
        return np.full(len(at), np.nan)
    out = np.interp(at, s, np.where(known, values, 0.0))
    weight = np.interp(at, s, known.astype(np.float64))
    return np.where(weight > 1 - 1e-9, out, np.nan)


def _lap(lap: Lap) -> dict[str, Any]:
    return {
        "car": lap.car,
        "lap": lap.number,
        "start": iso(lap.t_start),
        "end": iso(lap.t_end) if lap.t_end is not None else None,
        "time_s": None if lap.time_us is None else lap.time_us / 1e6,
        "uncertainty_s": None if lap.time_us is None else round(lap.uncertainty_us / 1e6, 6),
        "kind": lap.kind.value,
        "valid": lap.valid,
        "reason": lap.reason,
    }


def _number(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None


def _time(seconds: float | None) -> str:
    return lap_time(None if seconds is None else round(seconds * 1e6))
