"""NASCAR timing as published: lap times with running order, pit stops, flags."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pitwall.formats.json_stream import document
from pitwall.formats.lines import Tick
from pitwall.formats.timing_text import moment_us, span_us, whole
from pitwall.telemetry import (
    BadInput,
    Official,
    OfficialFlag,
    OfficialLap,
    OfficialResult,
    OfficialStop,
    TableClock,
)

NAME = "nascar"
MAX_CARS = 200
MAX_LAPS = 2000
_FLAGS = {1: "green", 2: "yellow", 3: "red", 4: "white", 5: "checkered", 8: "warm-up", 9: "none"}


def sniff(head: bytes) -> float:
    """How sure we are that a file with these first bytes is one of ours, 0..1."""
    kinds = (
        (b'"NASCARDriverID"', b'"LapTime"'),
        (b'"vehicle_number"', b'"pit_in_race_time"'),
        (b'"FlagStates"', b'"flag_state"'),
    )
    return 0.9 if any(all(word in head for word in words) for words in kinds) else 0.0


def read(paths: Sequence[Path], tick: Tick | None) -> list[Official]:
    """One table for each file."""
    return [_read(path, tick) for path in paths]


def _read(path: Path, tick: Tick | None) -> Official:
    doc = document(path, tick)
    try:
        if isinstance(doc, dict) and isinstance(doc.get("laps"), list):
            return _laps(path, doc)
        if isinstance(doc, list):
            return _stops(path, doc)
        if isinstance(doc, dict) and isinstance(doc.get("FlagStates"), list):
            return _flags(path, doc["FlagStates"])
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise BadInput(f"{path}:1: not NASCAR timing as published ({error})") from error
    raise BadInput(f"{path}:1: a list of laps, pit stops or flags is expected")


def _laps(path: Path, doc: dict[str, Any]) -> Official:
    laps: list[OfficialLap] = []
    results: list[OfficialResult] = []
    if len(doc["laps"]) > MAX_CARS:
        raise BadInput(f"{path}:1: more than {MAX_CARS} cars")
    missing = 0
    for entry in doc["laps"]:
        car = str(entry.get("Number", "")).strip()[:16]
        own = entry.get("Laps") or []
        if not car or len(own) > MAX_LAPS:
            raise BadInput(f"{path}:1: a car without a number, or with more than {MAX_LAPS} laps")
        elapsed: int | None = 0
        best: tuple[int, int] | None = None
        for row in own:
            number, time = whole(row.get("Lap")), span_us(row.get("LapTime"))
            if number is None or number == 0:
                continue
            time = time if time and time > 0 else None
            missing += time is None
            # the moment counts from the start; a missing time leaves it open from there on
            elapsed = elapsed + time if elapsed is not None and time is not None else None
            if time is not None:
                best = min(best or (time, number), (time, number))
            place = whole(row.get("RunningPos")) or 0
            laps.append(OfficialLap(car, number, time, elapsed, position=place))
        last = whole(own[-1].get("Lap")) if own else None
        results.append(
            OfficialResult(
                car,
                whole(entry.get("RunningPos")) or 0,
                last,
                elapsed,
                best_us=best[0] if best else None,
                best_lap=best[1] if best else None,
                driver=str(entry.get("FullName", ""))[:60],
                team=str(entry.get("Manufacturer", ""))[:60],
            )
        )
    flags = tuple(
        OfficialFlag(_flag(row.get("FlagState")), None, whole(row.get("LapsCompleted")))
        for row in doc.get("flags") or []
    )
    notes = (f"{path.name}: {missing} laps without a time",) if missing else ()
    return Official(
        path.name,
        "lap times",
        TableClock.RACE,
        tuple(laps),
        flags=flags,
        results=tuple(sorted(results, key=lambda r: r.position or 999)),
        notes=notes,
        event="nascar",
    )


def _stops(path: Path, doc: list[Any]) -> Official:
    if len(doc) > 100_000:
        raise BadInput(f"{path}:1: more stops than a race has")
    stops = []
    for row in doc:
        car = str(row.get("vehicle_number", "")).strip()[:16]
        if not car:
            raise BadInput(f"{path}:1: a stop without vehicle_number")
        stops.append(
            OfficialStop(
                car,
                whole(row.get("lap_count")) or 0,
                _positive(row.get("pit_in_race_time")),
                _positive(row.get("pit_out_race_time")),
                _positive(row.get("pit_stop_duration")),
                str(row.get("pit_stop_type") or "").replace("_", " ").lower()[:60],
            )
        )
    return Official(path.name, "pit stops", TableClock.RACE, stops=tuple(stops), event="nascar")


def _flags(path: Path, doc: list[Any]) -> Official:
    flags = tuple(
        OfficialFlag(
            _flag(row.get("flag_state")),
            span_us(row.get("elapsed_time")),
            whole(row.get("lap_number")),
            str(row.get("comment") or "")[:120],
        )
        for row in doc[:10_000]
    )
    started = 0
    for row in doc[:10_000]:
        at, elapsed = moment_us(row.get("time_of_day_os")), span_us(row.get("elapsed_time"))
        if at is not None and elapsed is not None and _flag(row.get("flag_state")) == "green":
            started = at - elapsed
            break
    return Official(
        path.name, "flags", TableClock.RACE, flags=flags, event="nascar", started_us=started
    )


def _positive(value: Any) -> int | None:
    us = span_us(value)
    return us if us is not None and us > 0 else None


def _flag(code: Any) -> str:
    number = whole(code)
    return _FLAGS.get(number, str(code)[:20]) if number is not None else ""
