"""GR Cup official timing: the published tables, and the raw feed of lap starts and ends."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pitwall.formats.lines import Tick, read_lines
from pitwall.formats.same_numbers import shared_note, split_laps, split_results
from pitwall.formats.timing_text import moment_us, real, span_us, whole
from pitwall.telemetry import (
    BadInput,
    Official,
    OfficialLap,
    OfficialResult,
    TableClock,
    Weather,
)
from pitwall.telemetry.plural import counted

SECTIONS, RESULTS, BEST, WEATHER, FEED = (
    "grcup-sections",
    "grcup-results",
    "grcup-best-laps",
    "grcup-weather",
    "grcup-lap-feed",
)
LAP_UNKNOWN = 32768
MAX_ROWS = 200_000
_SAME_US = 500_000
"""Crossings of one car nearer than this are one crossing, told twice."""
_LEAST_LAP_US = 20_000_000
_LEAST = 0.75
"""Part of the usual lap that no lap is shorter than."""
_MOST_LAP_US = 3_600_000_000


def sniff_sections(head: bytes) -> float:
    """How sure we are of a table of laps with sections, 0..1."""
    return _found(head, b";", ("NUMBER", "LAP_NUMBER", "LAP_TIME", "S1", "ELAPSED", "HOUR"))


def sniff_results(head: bytes) -> float:
    """How sure we are of a table of results, 0..1."""
    by_class = _found(head, b";", ("POS", "PIC", "NUMBER", "LAPS", "ELAPSED", "GAP_FIRST"))
    plain = _found(head, b";", ("POSITION", "NUMBER", "STATUS", "LAPS", "TOTAL_TIME", "GAP_FIRST"))
    return max(by_class, plain)


def sniff_best(head: bytes) -> float:
    """How sure we are of a table of best laps, 0..1."""
    return _found(head, b";", ("NUMBER", "TOTAL_DRIVER_LAPS", "BESTLAP_1", "BESTLAP_1_LAPNUM"))


def sniff_weather(head: bytes) -> float:
    """How sure we are of a table of weather, 0..1."""
    return _found(head, b";", ("TIME_UTC_SECONDS", "AIR_TEMP", "WIND_SPEED", "RAIN"))


def sniff_feed(head: bytes) -> float:
    """How sure we are of a feed of lap starts or ends, 0..1."""
    if b"telemetry_name" in head.split(b"\n", 1)[0]:
        return 0.0
    return _found(head, b",", ("lap", "meta_time", "timestamp", "vehicle_id", "outing"))


def read_sections(paths: Sequence[Path], tick: Tick | None) -> list[Official]:
    """Laps with sections: local time of day at the end of each."""
    return [_sections(path, tick) for path in paths]


def read_results(paths: Sequence[Path], tick: Tick | None) -> list[Official]:
    """Classifications."""
    return [_results(path, tick) for path in paths]


def read_best(paths: Sequence[Path], tick: Tick | None) -> list[Official]:
    """Best laps of each car."""
    return [_best(path, tick) for path in paths]


def read_weather(paths: Sequence[Path], tick: Tick | None) -> list[Official]:
    """Weather by the minute, UTC; wind in km/h becomes m/s."""
    return [_weather(path, tick) for path in paths]


def read_feed(paths: Sequence[Path], tick: Tick | None) -> list[Official]:
    """Crossings of the line, UTC, as received by the publisher."""
    return [_feed(path, tick) for path in paths]


def _sections(path: Path, tick: Tick | None) -> Official:
    laps = []
    odd = 0
    days: dict[str, int] = {}
    before: dict[str, int] = {}
    for line, row in _rows(path, ";", tick):
        car = row.get("NUMBER", "")
        if not car:
            raise BadInput(f"{path}:{line}: NUMBER is empty; a car's number is expected")
        time, hour = span_us(row.get("LAP_TIME")), span_us(row.get("HOUR"))
        if time is not None and not _LEAST_LAP_US <= time <= _MOST_LAP_US:
            time, odd = None, odd + 1
        if hour is not None:
            # past midnight
            if hour < before.get(car, 0) - 43_200_000_000:
                days[car] = days.get(car, 0) + 1
            before[car] = hour
            hour += days.get(car, 0) * 86_400_000_000
        sectors = tuple(
            span_us(row.get(f"S{i}_SECONDS") or row.get(f"S{i}_LARGE") or row.get(f"S{i}"))
            for i in (1, 2, 3)
        )
        laps.append(
            OfficialLap(
                car[:16],
                whole(row.get("LAP_NUMBER")),
                time,
                hour,
                sectors,
                pit=bool(row.get("CROSSING_FINISH_LINE_IN_PIT")),
                pit_us=span_us(row.get("PIT_TIME")),
                flag=row.get("FLAG_AT_FL", "")[:20],
            )
        )
    notes = [f"{path.name}: {counted(odd, 'impossible lap time')} left out"] if odd else []
    event, name = _named(path)
    laps, shared = split_laps(laps)
    return Official(
        path.name,
        "laps with sections",
        TableClock.LOCAL,
        _placed(laps),
        notes=(*notes, *shared_note(path.name, shared)),
        event=event,
        name=name,
    )


def _placed(laps: list[OfficialLap]) -> tuple[OfficialLap, ...]:
    """With the order of crossing the line on each lap: the position, where no car is a lap down
    before it; a table of sections has no positions of its own."""
    ends = sorted(
        (lap.number, lap.end_us, i)
        for i, lap in enumerate(laps)
        if lap.number is not None and lap.end_us is not None
    )
    place: dict[int, int] = {}
    count = 0
    last: int | None = None
    for lap_number, _, i in ends:
        count = 1 if lap_number != last else count + 1
        last = lap_number
        place[i] = count
    return tuple(replace(lap, position=place.get(i, 0)) for i, lap in enumerate(laps))


def _results(path: Path, tick: Tick | None) -> Official:
    results = []
    for line, row in _rows(path, ";", tick):
        car = row.get("NUMBER", "")
        if not car:
            raise BadInput(f"{path}:{line}: NUMBER is empty; a car's number is expected")
        results.append(
            OfficialResult(
                car[:16],
                whole(row.get("POSITION") or row.get("POS")) or 0,
                whole(row.get("LAPS")),
                span_us(row.get("TOTAL_TIME") or row.get("ELAPSED")),
                span_us(row.get("GAP_FIRST")),
                span_us(row.get("FL_TIME") or row.get("BEST_LAP_TIME")),
                whole(row.get("FL_LAPNUM") or row.get("BEST_LAP_NUM")) or None,
                row.get("STATUS", "")[:40],
                team=row.get("VEHICLE", "")[:60],
            )
        )
    kind = "provisional results" if "provisional" in path.name.lower() else "results"
    event, name = _named(path)
    results, shared = split_results(results)
    return Official(
        path.name,
        kind,
        TableClock.NONE,
        results=tuple(results),
        notes=shared_note(path.name, shared),
        event=event,
        name=name,
    )


def _best(path: Path, tick: Tick | None) -> Official:
    laps = []
    for line, row in _rows(path, ";", tick):
        car = row.get("NUMBER", "")
        if not car:
            raise BadInput(f"{path}:{line}: NUMBER is empty; a car's number is expected")
        for i in range(1, 11):
            time, lap = span_us(row.get(f"BESTLAP_{i}")), whole(row.get(f"BESTLAP_{i}_LAPNUM"))
            if time and lap:
                laps.append(OfficialLap(car[:16], lap, time))
    event, name = _named(path)
    laps, shared = split_laps(laps)
    return Official(
        path.name,
        "best laps",
        TableClock.NONE,
        tuple(laps),
        notes=shared_note(path.name, shared),
        event=event,
        name=name,
    )


def _weather(path: Path, tick: Tick | None) -> Official:
    found = []
    for line, row in _rows(path, ";", tick):
        seconds = real(row.get("TIME_UTC_SECONDS"))
        if seconds is None or not 946_684_800 <= seconds <= 4_102_444_800:
            raise BadInput(f"{path}:{line}: TIME_UTC_SECONDS is not a time of this century")
        wind = real(row.get("WIND_SPEED"))
        # a track that is never warmer than 0 is a sensor that is not there
        track = real(row.get("TRACK_TEMP")) or None
        found.append(
            Weather(
                round(seconds) * 1_000_000,
                real(row.get("AIR_TEMP")),
                track,
                real(row.get("HUMIDITY")),
                real(row.get("PRESSURE")),
                None if wind is None else wind / 3.6,
                real(row.get("WIND_DIRECTION")),
                bool(real(row.get("RAIN"))),
            )
        )
    event, name = _named(path)
    return Official(
        path.name,
        "weather",
        TableClock.UTC,
        weather=tuple(found),
        event=event,
        name=name,
        started_us=found[0].at_us,
    )


def _feed(path: Path, tick: Tick | None) -> Official:
    """Each row is one crossing. Lap numbers and values of the feed are its own guesses (32768 is
    "unknown", some values are 0): lap times are the differences of a car's crossings."""
    starts = _is_start(path.name)
    crossings: dict[str, list[tuple[int, int | None, int | None]]] = {}
    unknown = odd = 0
    event = name = ""
    for line, row in _rows(path, ",", tick):
        car, at = row.get("vehicle_id", ""), moment_us(row.get("timestamp"))
        if not car:
            raise BadInput(f"{path}:{line}: vehicle_id is empty")
        if at is None:
            raise BadInput(
                f"{path}:{line}: timestamp {row.get('timestamp', '')[:40]!r} is not a time such "
                "as 2025-09-06T18:40:41.775Z"
            )
        lap = whole(row.get("lap"))
        if lap is None or not 0 <= lap < LAP_UNKNOWN:
            lap, unknown = None, unknown + 1
        elif starts:
            lap -= 1
        crossings.setdefault(car, []).append((at, lap, moment_us(row.get("meta_time"))))
        event = event or row.get("meta_event", "")
        name = row.get("meta_session", "")
    laps: list[OfficialLap] = []
    repeated = between = 0
    once: dict[str, list[tuple[int, int | None, int | None]]] = {}
    for car, rows in crossings.items():
        own = once.setdefault(car, [])
        for crossed in sorted(rows, key=lambda r: r[0]):
            if own and crossed[0] - own[-1][0] < _SAME_US:
                repeated += 1
            else:
                own.append(crossed)
    usual = _usual([row[0] for row in own] for own in once.values())
    for car, own in once.items():
        before: int | None = None
        for i, (at, lap, received) in enumerate(own):
            after = own[i + 1][0] if i + 1 < len(own) else None
            if before is not None and after is not None and _extra(before, at, after, usual):
                between += 1
                continue
            time = at - before if before is not None else None
            if time is not None and not _LEAST * usual <= time <= _MOST_LAP_US:
                time, odd = None, odd + 1
            laps.append(OfficialLap(car[:40], lap, time, at, received_us=received))
            before = at
    told = (
        (unknown, "lap number", "unknown"),
        (repeated, "crossing", "told twice"),
        (between, "crossing", "in the middle of a lap, left out"),
        (odd, "lap time", "impossible"),
    )
    notes = tuple(f"{path.name}: {counted(n, what)} {how}" for n, what, how in told if n)
    return Official(
        path.name,
        "crossings of the line (lap starts)" if starts else "crossings of the line",
        TableClock.UTC,
        tuple(laps),
        notes=notes,
        event=_plain_event(event),
        name=name,
        started_us=min((lap.end_us for lap in laps if lap.end_us is not None), default=0),
    )


def _usual(cars: Iterable[list[int]]) -> int:
    """What a lap takes in the median, of all cars."""
    times = [b - a for own in cars for a, b in zip(own[:-1], own[1:], strict=True)]
    times = [time for time in times if _LEAST_LAP_US <= time <= _MOST_LAP_US]
    return sorted(times)[len(times) // 2] if times else 0


def _extra(before: int, at: int, after: int, usual: int) -> bool:
    """Whether a crossing splits one lap into two that nobody can drive."""
    first, second = at - before, after - at
    short = first < _LEAST * usual and second < _LEAST * usual
    # the two are one lap of usual length; of a slow lap nobody knows
    return short and first + second < 1.3 * usual


def _is_start(name: str) -> bool:
    return "start" in name.lower()


def _rows(path: Path, separator: str, tick: Tick | None) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows by column name; names and values without the blanks that pad them."""
    names: list[str] = []
    count = 0
    for number, text in read_lines(path, tick, legacy=True, cut_off=False):
        if not text.strip():
            continue
        try:
            fields = [f.strip() for f in next(csv.reader([text], delimiter=separator, strict=True))]
        except (csv.Error, StopIteration) as error:
            raise BadInput(f"{path}:{number}: not a row of a table ({error})") from error
        if not names:
            names = fields
            continue
        if len(fields) != len(names):
            raise BadInput(
                f"{path}:{number}: {len(fields)} fields where {len(names)} are expected; the row "
                "is cut off or damaged"
            )
        count += 1
        if count > MAX_ROWS:
            raise BadInput(f"{path}:{number}: more than {MAX_ROWS} rows; not a table of one race")
        yield number, {n: f for n, f in zip(names, fields, strict=True) if n}
    if not count:
        raise BadInput(f"{path}:1: no rows after the line of column names")


def _found(head: bytes, separator: bytes, needed: tuple[str, ...]) -> float:
    line = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    columns = {c.strip(b' "\r').decode("latin-1") for c in line.split(separator)}
    return 0.9 if all(name in columns for name in needed) else 0.0


def _named(path: Path) -> tuple[str, str]:
    """Event and session from the folder (``barber-r1/official``) and nothing else: the tables do
    not name them."""
    for folder in path.resolve().parents:
        if folder.name and folder.name.lower() not in ("official", "timing", "data", "csv", "tmp"):
            return folder.name, ""
    return "", ""


def _plain_event(text: str) -> str:
    """``I_R06_2025-09-07`` -> ``R06``."""
    return re.sub(r"^I_|_?\d{4}-\d{2}-\d{2}$", "", text)
