"""Answers for the command line: laps of a recording, and what is in it."""

from __future__ import annotations

import json
from typing import Any

from pitwall.analysis.laps import Lap
from pitwall.analysis.official import official_timing
from pitwall.analysis.official_report import official_lap, official_report, official_text
from pitwall.analysis.sources import LapSource
from pitwall.analysis.timing import TimingEngine
from pitwall.store import SessionStore, Source
from pitwall.telemetry import BadInput, Channel, ClockKind, Group
from pitwall.telemetry.clock import iso, lap_time
from pitwall.telemetry.plural import counted
from pitwall.telemetry.units import to_si

CLOCK_TEXT = {
    ClockKind.EVENT: "times stamped by the cars when the samples were taken",
    ClockKind.RECONSTRUCTED: "times reconstructed from receipt bursts",
}

SOURCE_TEXT = {
    LapSource.GATE: "by positions at the start gate",
    LapSource.DISTANCE: "by lap distance starting anew",
    LapSource.POSITION: "by positions on the line",
    LapSource.BEACON: "by the timing beacon",
    LapSource.LAP_NUMBER: "by the logger's lap number",
}

_IMPORTED = "import.notes"
"""What is told of an import; every recording that was made by one has it."""


def laps_report(
    store: SessionStore, car: str | None = None, source: LapSource | None = None
) -> dict[str, Any]:
    """Laps of one car or all, beside official timing: seconds, ISO times, stable keys.

    With ``source`` laps are told by that alone. Raises BadInput for a car that is not in the
    session, and where ``source`` tells of no lap.
    """
    if car is not None and car not in store.cars():
        cars = ", ".join(store.cars()) or "none"
        raise BadInput(f"car {car} is not in this session (cars: {cars})")
    timing = TimingEngine(source=source).update(store)
    if source is not None and timing.circuit is None:
        raise BadInput(f"no lap is told by {source.value} in this session")
    official = official_timing(store, {name: of.laps for name, of in timing.cars.items()})
    # a car whose laps nothing marks has no place in the order
    chosen = [car] if car is not None else [*timing.order, *(set(timing.cars) - {*timing.order})]
    return {
        "session": store.session.key,
        "clock": store.session.clock.value,
        "clock_text": CLOCK_TEXT[store.session.clock],
        "lap_source": timing.circuit.source.value if timing.circuit else None,
        "track_length_m": round(timing.circuit.length_m, 1) if timing.circuit else None,
        "sectors": "track" if timing.track is not None and timing.track.sectors else "thirds",
        "best": lap_doc(timing.best) if timing.best else None,
        "cars": [
            {
                "car": name,
                "position": timing.cars[name].position,
                "best_s": _seconds(timing.cars[name].best),
                "laps": [
                    {**lap_doc(lap), "official": official_lap(official, lap)}
                    for lap in timing.cars[name].laps
                ],
            }
            for name in chosen
        ],
        "official": official_report(official, car),
    }


def info_report(store: SessionStore) -> dict[str, Any]:
    """What a recording holds: session, clock, cars, channels, spans, the ledger, holes."""
    session = store.session
    ledger = store.ledger()
    originals = _originals(store)
    cars = []
    for car in store.cars():
        groups = []
        for group in session.catalog.groups:
            columns = store.columns(car, group.name)
            if columns is None or not columns.samples:
                continue
            seconds = (columns.t_hi - columns.t_lo) / 1e6
            groups.append(
                {
                    "group": group.name,
                    "samples": columns.samples,
                    "rate_hz": round(columns.samples / seconds, 3) if seconds > 0 else None,
                    "start": iso(columns.t_lo),
                    "end": iso(columns.t_hi),
                }
            )
        holes = store.holes(car)
        cars.append(
            {
                "car": car,
                "id": originals.get(car, car),
                "groups": groups,
                "holes": [
                    {
                        "group": h.group,
                        "start": iso(h.t_lo),
                        "seconds": round((h.t_hi - h.t_lo) / 1e6, 3),
                        "chunks": h.n_hi - h.n_lo + 1 if h.n_lo else 0,
                        "reason": h.named_reason or "",
                    }
                    for h in holes
                ],
            }
        )
    earliest, latest = store.earliest_us(), store.latest_us()
    return {
        "session": session.key,
        "title": session.title,
        "simulated": session.simulated,
        "replay": session.replay,
        "imported": store.meta(_IMPORTED) is not None,
        "driven": iso(session.driven_us) if session.replay else None,
        "clock": session.clock.value,
        "clock_text": CLOCK_TEXT[session.clock],
        "started": iso(session.started_us),
        "start": iso(earliest) if earliest else None,
        "end": iso(latest) if latest else None,
        "seconds": round((latest - earliest) / 1e6, 3),
        "cars": cars,
        "channels": [_channel(g, c) for g in session.catalog.groups for c in g.channels],
        "ledger": {
            "expected": ledger.expected,
            "applied": ledger.applied,
            "imported": ledger.by_source[Source.IMPORT],
            "duplicates": ledger.duplicates,
            "late": ledger.late,
            "conflicts": ledger.conflicts,
            "quarantined": ledger.quarantined,
            "missing": ledger.missing,
            "provable": ledger.provable,
        },
        "notes": _notes(store),
    }


def info_text(report: dict[str, Any]) -> list[str]:
    """The info report as lines for people."""
    ledger = report["ledger"]
    proof = "proved by the producers' counts" if ledger["provable"] else "completeness not provable"
    if report["imported"]:
        proof = "all that the files hold; what the logger dropped is not known"
    kind = " (simulated)" if report["simulated"] else ""
    kind += f" (replay of {report['driven'][:10]})" if report["replay"] else ""
    lines = [
        f"{report['session']}: {report['title']}{kind}",
        f"{report['start']} to {report['end']}, {report['seconds']:.0f} s; {report['clock_text']}",
        f"chunks: {ledger['applied']:,} of {ledger['expected']:,}, {ledger['missing']:,} missing, "
        f"{ledger['duplicates']:,} duplicates, {ledger['quarantined']} quarantined; {proof}",
    ]
    for car in report["cars"]:
        groups = ", ".join(f"{g['group']} {g['rate_hz'] or 0:.1f} Hz" for g in car["groups"])
        known = "" if car["id"] == car["car"] else f" ({car['id']})"
        lines.append(f"car {car['car']}{known}: {groups}; {counted(len(car['holes']), 'hole')}")
    return [*lines, *report["notes"]]


def laps_text(report: dict[str, Any]) -> list[str]:
    """The laps report as lines for people."""
    source = report["lap_source"]
    told = f"laps {SOURCE_TEXT[LapSource(source)]}" if source else "nothing marks laps"
    lines = [f"{report['session']}: {report['clock_text']}; {told}"]
    for car in report["cars"]:
        lines.append(f"car {car['car']}")
        for lap in car["laps"]:
            us = None if lap["time_s"] is None else round(lap["time_s"] * 1e6)
            width = "" if us is None else f" ±{lap['uncertainty_s']:.3f}"
            note = "" if lap["valid"] else f"  {lap['reason']}"
            beside = lap["official"]
            if beside is not None and beside["time_s"] is not None:
                theirs = lap_time(round(beside["time_s"] * 1e6))
                note = f"  official {theirs} (lap {beside['lap']}){note}"
            lines.append(f"  {lap['lap']:>3}  {lap_time(us):>9}{width}  {lap['kind']}{note}")
    return [*lines, *official_text(report["official"])]


def lap_doc(lap: Lap) -> dict[str, Any]:
    """A lap: ISO times, seconds."""
    return {
        "car": lap.car,
        "lap": lap.number,
        "start": iso(lap.t_start),
        "end": iso(lap.t_end) if lap.t_end is not None else None,
        "time_s": _seconds(lap),
        "uncertainty_s": round(lap.uncertainty_us / 1e6, 6) if lap.time_us is not None else None,
        "kind": lap.kind.value,
        "valid": lap.valid,
        "reason": lap.reason,
        "sectors_s": [None if s is None else s / 1e6 for s in lap.sectors],
    }


def _channel(group: Group, channel: Channel) -> dict[str, Any]:
    low, unit = to_si(channel.low, channel.unit)
    high, _ = to_si(channel.high, channel.unit)
    return {
        "channel": channel.name,
        "group": group.name,
        "unit": channel.unit,
        "resolution": channel.resolution,
        "rate_hz": group.rate_hz,
        "si_unit": unit,
        "low_si": low,
        "high_si": high,
    }


def _seconds(lap: Lap | None) -> float | None:
    return None if lap is None or lap.time_us is None else lap.time_us / 1e6


def _originals(store: SessionStore) -> dict[str, str]:
    """Car label -> id in the imported files."""
    doc = _json(store.meta("cars"))
    return {str(k): str(v) for k, v in doc.items()} if isinstance(doc, dict) else {}


def _notes(store: SessionStore) -> list[str]:
    doc = _json(store.meta(_IMPORTED))
    return [str(n) for n in doc] if isinstance(doc, list) else []


def _json(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
