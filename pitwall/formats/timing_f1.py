"""F1 official timing: a driver's lap times, and recorded live timing (a snapshot, then deltas)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pitwall.formats.json_stream import document
from pitwall.formats.lines import Tick, read_lines
from pitwall.formats.timing_text import moment_us, real, span_us, whole
from pitwall.telemetry import (
    BadInput,
    Failure,
    Official,
    OfficialFlag,
    OfficialLap,
    OfficialResult,
    OfficialStop,
    TableClock,
    Weather,
)

LAPS, LIVE = "f1-lap-times", "f1-live-timing"
MAX_LAPS = 1000
_LATE_US = 30_000_000
"""A lap time that comes this long after its lap's end still belongs to it."""


def sniff_laps(head: bytes) -> float:
    """How sure we are of a driver's lap times, 0..1."""
    plain = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    wanted = (b'"time"', b'"lap"', b'"compound"')
    return 0.9 if plain.startswith(b"{") and all(w in head for w in wanted) else 0.0


def sniff_live(head: bytes) -> float:
    """How sure we are of a live-timing snapshot or its deltas, 0..1."""
    plain = head.lstrip(b"\xef\xbb\xbf \r\n\t").replace(b" ", b"")
    if plain.startswith(b'{"Type":"') and b'"Json":' in plain:
        return 0.9
    snapshot = plain.startswith(b"{") and b'"Heartbeat"' in plain and b'"Utc"' in plain
    return 0.8 if snapshot else 0.0


def read_laps(paths: Sequence[Path], tick: Tick | None) -> list[Official]:
    """One table for each driver's file."""
    return [_laps(path, tick) for path in paths]


def _laps(path: Path, tick: Tick | None) -> Official:
    doc = document(path, tick)
    if not isinstance(doc, dict) or not all(
        isinstance(doc.get(key), list) for key in ("time", "lap")
    ):
        raise BadInput(f"{path}:1: lists 'time' and 'lap' are expected")
    numbers = doc["lap"]
    count = len(numbers)
    if count > MAX_LAPS or len(doc["time"]) != count:
        raise BadInput(f"{path}:1: {len(doc['time'])} times for {count} laps (at most {MAX_LAPS})")
    car = path.resolve().parent.name[:16] or path.stem[:16]

    def at(key: str, i: int) -> Any:
        values = doc.get(key)
        value = values[i] if isinstance(values, list) and i < len(values) else None
        return None if value == "None" else value

    laps = []
    for i in range(count):
        compound = at("compound", i)
        laps.append(
            OfficialLap(
                car,
                whole(numbers[i]),
                span_us(at("time", i)),
                None,
                tuple(span_us(at(f"s{k}", i)) for k in (1, 2, 3)),
                position=whole(at("pos", i)) or 0,
                flag=_status(at("status", i)),
                stint=whole(at("stint", i)) or 0,
                compound=str(compound)[:20] if compound else "",
                tyre_laps=whole(at("life", i)) or 0,
            )
        )
    unknown = sum(lap.time_us is None for lap in laps)
    notes = (f"{path.parent.name}/{path.name}: {unknown} laps without a time",) if unknown else ()
    source = f"{path.resolve().parent.name}/{path.name}"
    event = path.resolve().parent.parent.name
    return Official(
        source, "lap times", TableClock.NONE, tuple(laps), notes=notes, event=event, name=""
    )


def _status(text: Any) -> str:
    """Track status codes of the feed: 1 clear, 2 yellow, 4 safety car, 5 red, 6 and 7 virtual."""
    names = {"1": "", "2": "yellow", "4": "SC", "5": "red", "6": "VSC", "7": "VSC"}
    codes = str(text or "")[:8]
    return ", ".join(dict.fromkeys(names.get(c, c) for c in codes if names.get(c, c)))


def read_live(paths: Sequence[Path], tick: Tick | None) -> list[Official]:
    """One table from all files of the recording: snapshots first, then deltas in order of time."""
    return [LiveTiming().read(paths, tick)]


class LiveTiming:
    """The state that sparse deltas add up to, and what happens on the way.

    A delta is merged into the state key by key; in a list, keys are indices. A lap ends when a
    car's number of laps rises; its time may come with it or in a later message.
    """

    def __init__(self) -> None:
        self._state: dict[str, Any] = {}
        self._laps: dict[str, list[OfficialLap]] = {}
        self._in_pit: dict[str, int] = {}
        self._stops: list[OfficialStop] = []
        self._flags: list[OfficialFlag] = []
        self._weather: list[Weather] = []
        self._first = 0

    def read(self, paths: Sequence[Path], tick: Tick | None) -> Official:
        """Read the files of one recording."""
        deltas = []
        for path in paths:
            if _is_delta(path):
                deltas.append(path)
            else:
                self._snapshot(path, document(path, tick))
        for path in deltas:
            for number, at, kind, change in _messages(path, tick):
                if not isinstance(change, dict):
                    continue
                try:
                    self._change(at, kind, change)
                except (TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
                    raise BadInput(
                        f"{path}:{number}: a {kind} message that does not fit what came before "
                        f"({error})"
                    ) from error
        return self._official(paths)

    def _snapshot(self, path: Path, doc: Any) -> None:
        if not isinstance(doc, dict):
            raise BadInput(f"{path}:1: an object with one entry for each topic is expected")
        at = moment_us(_get(doc, "Heartbeat", "Utc")) or 0
        self._first = self._first or at
        for kind, value in doc.items():
            if isinstance(value, dict):
                self._state[kind] = value

    def _change(self, at: int, kind: str, change: dict[str, Any]) -> None:
        self._first = self._first or at
        lines = change.get("Lines")
        if kind == "TimingData" and isinstance(lines, dict):
            for car, line in lines.items():
                if isinstance(line, dict):
                    self._line(at, str(car)[:16], line)
        if kind == "WeatherData":
            self._weather.append(_weather(at, change))
        if kind == "TrackStatus" and change.get("Message"):
            self._flags.append(OfficialFlag(str(change["Message"])[:40], at))
        self._state[kind] = _merged(self._state.get(kind, {}), change)

    def _line(self, at: int, car: str, line: dict[str, Any]) -> None:
        before = _get(self._state, "TimingData", "Lines", car) or {}
        if not isinstance(before, dict):
            before = {}
        laps = self._laps.setdefault(car, [])
        count, had = whole(line.get("NumberOfLaps")), whole(before.get("NumberOfLaps")) or 0
        time = span_us(_get(line, "LastLapTime", "Value"))
        if count is not None and count > had:
            after = _merged(before, line)
            sectors = tuple(
                span_us(
                    _get(after, "Sectors", i, "Value") or _get(after, "Sectors", i, "PreviousValue")
                )
                for i in range(3)
            )
            pit = bool(after.get("InPit"))
            place = whole(after.get("Position")) or 0
            laps.append(OfficialLap(car, count, time, at, sectors, place, pit, **self._tyres(car)))
        elif time is not None and laps and laps[-1].time_us is None:
            late = at - (laps[-1].end_us or 0) >= _LATE_US
            laps[-1] = laps[-1] if late else replace(laps[-1], time_us=time)
        if line.get("InPit") is True:
            self._in_pit.setdefault(car, at)
        elif line.get("InPit") is False and car in self._in_pit:
            lap = whole(before.get("NumberOfLaps")) or 0
            self._stops.append(OfficialStop(car, lap, self._in_pit.pop(car), at))

    def _tyres(self, car: str) -> dict[str, Any]:
        stints = _get(self._state, "TimingAppData", "Lines", car, "Stints")
        if isinstance(stints, dict):
            stints = list(stints.values())
        last = stints[-1] if isinstance(stints, list) and stints else None
        if not isinstance(last, dict):
            return {}
        return {
            "stint": len(stints),
            "compound": str(last.get("Compound", ""))[:20],
            "tyre_laps": whole(last.get("TotalLaps")) or 0,
        }

    def _official(self, paths: Sequence[Path]) -> Official:
        lines = _get(self._state, "TimingData", "Lines")
        results = []
        for car, line in (lines if isinstance(lines, dict) else {}).items():
            who = _get(self._state, "DriverList", car)
            who = who if isinstance(who, dict) else {}
            gap = _get(line, "GapToLeader") or _get(line, "TimeDiffToFastest")
            results.append(
                OfficialResult(
                    str(car)[:16],
                    whole(_get(line, "Position")) or 0,
                    whole(_get(line, "NumberOfLaps")),
                    None,
                    span_us(gap),
                    span_us(_get(line, "BestLapTime", "Value")),
                    whole(_get(line, "BestLapTime", "Lap")),
                    "Retired" if _get(line, "Retired") is True else "",
                    str(who.get("FullName", ""))[:60],
                    str(who.get("TeamName", ""))[:60],
                )
            )
        info = self._state.get("SessionInfo")
        laps = sorted(
            (lap for own in self._laps.values() for lap in own), key=lambda lap: lap.end_us or 0
        )
        return Official(
            " + ".join(p.name for p in paths)[:200],
            "live timing",
            TableClock.UTC,
            tuple(laps),
            tuple(self._stops),
            tuple(self._flags),
            tuple(sorted(results, key=lambda r: r.position or 99)),
            tuple(self._weather),
            event=str(_get(info, "Meeting", "Name") or "")[:60],
            name=str(_get(info, "Name") or "")[:40],
            started_us=self._first,
        )


def _is_delta(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(200)
    except OSError as error:
        raise Failure(f"{path}: cannot be read ({error.strerror or error})") from error
    plain = head.lstrip(b"\xef\xbb\xbf \r\n\t").replace(b" ", b"")
    return plain.startswith(b'{"Type":"')


def _weather(at: int, doc: dict[str, Any]) -> Weather:
    return Weather(
        at,
        real(doc.get("AirTemp")),
        real(doc.get("TrackTemp")),
        real(doc.get("Humidity")),
        real(doc.get("Pressure")),
        real(doc.get("WindSpeed")),
        real(doc.get("WindDirection")),
        str(doc.get("Rainfall", "0")) not in ("0", ""),
    )


def _messages(path: Path, tick: Tick | None) -> Iterator[tuple[int, int, str, Any]]:
    for number, text in read_lines(path, tick, cut_off=False):
        if not text.strip():
            continue
        try:
            doc = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{path}:{number}: not a message in JSON ({str(error)[:60]})") from error
        at = moment_us(doc.get("DateTime")) if isinstance(doc, dict) else None
        if at is None:
            raise BadInput(f"{path}:{number}: a message with Type, Json and DateTime is expected")
        yield number, at, str(doc.get("Type", ""))[:40], doc.get("Json")


def _merged(state: Any, change: Any) -> Any:
    """``change`` laid over ``state``: objects key by key, lists by index."""
    if isinstance(state, list) and isinstance(change, dict):
        out = list(state)
        for key, value in change.items():
            i = whole(key)
            if i is None or not 0 <= i < 10_000:
                continue
            while len(out) <= i:
                out.append({})
            out[i] = _merged(out[i], value)
        return out
    if isinstance(state, dict) and isinstance(change, dict):
        return {**state, **{k: _merged(state.get(k), v) for k, v in change.items()}}
    return change


def _get(doc: Any, *keys: Any) -> Any:
    """A value deep inside; lists may have become objects of indices, and the other way round."""
    for key in keys:
        if isinstance(doc, list) and isinstance(key, int) and key < len(doc):
            doc = doc[key]
        elif isinstance(doc, dict):
            doc = doc.get(key, doc.get(str(key)))
        else:
            return None
    return doc
