"""Racelogic .vbo: text in sections, GNSS position in minutes with longitude positive to the west.

Written from Racelogic's description of the file structure
(developers.racelogic.co.uk, "VBO file structure").
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pitwall.formats.columns import channel, distinct, known, snake, unit
from pitwall.formats.lines import Tick, read_lines
from pitwall.formats.source import Block, Survey
from pitwall.telemetry import GATE_META, BadInput, Channel, ClockKind, Gate, Group
from pitwall.telemetry.clock import SECOND_US

NAME = "vbo"
TITLE = "Racelogic VBO"
EXTENSIONS = (".vbo",)

_BLOCK = 2048
_MAX_COLUMNS = 256
_MAX_HEADER = 2000
"""Lines before the data; a file has tens of them."""
_DAY_US = 86_400 * SECOND_US
_CREATED = re.compile(
    r"File created on (\d\d)/(\d\d)/(\d{4})(?: ?(?:@|at))? (\d\d):(\d\d)(?::(\d\d))?", re.I
)
_HALF_M = 12.5
"""Half width of a gate: Racelogic's gates are 25 m wide."""
_FIXED: dict[str, tuple[str, str, str, float]] = {
    # column -> (channel, unit, group, resolution)
    "sats": ("satellites", "1", "pos", 1.0),
    "satellites": ("satellites", "1", "pos", 1.0),
    "lat": ("latitude", "deg", "pos", 1e-8),
    "latitude": ("latitude", "deg", "pos", 1e-8),
    "long": ("longitude", "deg", "pos", 1e-8),
    "longitude": ("longitude", "deg", "pos", 1e-8),
    "velocity": ("speed", "km/h", "pos", 0.001),
    "heading": ("heading", "deg", "pos", 0.001),
    "height": ("altitude", "m", "pos", 0.01),
    "vert-vel": ("vertical_velocity", "m/s", "pos", 0.01),
    "tsample": ("sample_period", "s", "pos", 0.001),
    "solution_type": ("solution_type", "1", "pos", 1.0),
    "avifileindex": ("video_file", "1", "video", 1.0),
    "avitime": ("video_time", "1", "video", 1.0),
    "avisynctime": ("video_time", "1", "video", 1.0),
}


def sniff(head: bytes) -> float:
    """How sure we are that a file with these first bytes is one of ours, 0..1."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:16].lower()
    return 1.0 if start == b"file created on " and b"[header]" in head.lower() else 0.0


@dataclass(slots=True)
class _Header:
    created: datetime | None = None
    columns: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    gate: Gate | None = None
    data_line: int = 0


class VboSource:
    """One .vbo file: one car."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._header = _Header()
        self._channels: list[tuple[Channel, str] | None] = []

    def survey(self, tick: Tick | None = None) -> Survey:
        """Read header and every row; find channels, rate, limits, the gate."""
        rows = 0
        low: NDArray[np.float64] | None = None
        high: NDArray[np.float64] | None = None
        first = last = 0
        doubled = 0
        for t, values in self._rows(tick):
            if low is None or high is None:
                low, high, first = values.copy(), values.copy(), t
            else:
                np.fmin(low, values, out=low)
                np.fmax(high, values, out=high)
                doubled += t <= last
            last = max(last, t)
            rows += 1
        if low is None or high is None:
            raise BadInput(f"{self.path}:{self._header.data_line}: no rows after [data]")
        self._channels = self._named(low, high)
        rate = rows / max((last - first) / 1e6, 1.0)
        notes = []
        if doubled:
            notes.append(f"{self.path.name}: {doubled} rows are no later than one before them")
        gate = self._header.gate
        if gate is None:
            notes.append(f"{self.path.name}: no start gate in the header")
        return Survey(
            cars=(self.path.stem[:80] or "car",),
            groups=self._groups(rate),
            clock=ClockKind.EVENT,
            t_first=first,
            t_last=last,
            rows=rows,
            event=self.path.stem,
            notes=tuple(notes),
            meta={GATE_META: gate.to_json()} if gate is not None else {},
        )

    def blocks(self, tick: Tick | None = None) -> Iterator[Block]:
        """The samples. The file must have passed :meth:`survey`."""
        lap = next((i for i, c in enumerate(self._channels) if c and c[0].name == "lap"), -1)
        times: list[int] = []
        rows: list[NDArray[np.float64]] = []
        for t, values in self._rows(tick):
            changed = lap >= 0 and rows and rows[-1][lap] != values[lap]
            if times and (len(times) >= _BLOCK or t < times[-1] or changed):
                yield from self._blocks(times, rows, lap)
                times, rows = [], []
            times.append(t)
            rows.append(values)
        if times:
            yield from self._blocks(times, rows, lap)

    def _blocks(
        self, times: list[int], rows: list[NDArray[np.float64]], lap: int
    ) -> Iterator[Block]:
        t = np.array(times, np.int64)
        table = np.array(rows)
        number = float(table[0, lap]) if lap >= 0 else 0.0
        count = int(number) if 0 <= number < 1000 else 0
        for group in dict.fromkeys(c[1] for c in self._channels if c is not None):
            values = {
                c[0].name: table[:, i]
                for i, c in enumerate(self._channels)
                if c is not None and c[1] == group
            }
            yield Block(self.path.stem[:80] or "car", group, count, t, values)

    def _rows(self, tick: Tick | None) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Event time and all columns of each row, positions in degrees north and east."""
        header = self._header = _Header()
        lines = read_lines(self.path, tick, legacy=True)
        self._read_header(header, lines)
        names = [c.lower() for c in header.columns]
        at = {name: names.index(name) for name in ("time", "lat", "long") if name in names}
        midnight = self._midnight()
        day = before = 0
        begun = False
        width = len(names)
        for number, text in lines:
            fields = text.split()
            if not fields:
                continue
            if len(fields) != width:
                raise BadInput(
                    f"{self.path}:{number}: {len(fields)} fields where {width} are expected; "
                    "the row is cut off or damaged"
                )
            try:
                values = np.array(fields, np.float64)
            except ValueError:
                raise self._bad_number(number, fields) from None
            seconds = _of_day(fields[at["time"]])
            if seconds is None:
                raise BadInput(
                    f"{self.path}:{number}: time {fields[at['time']][:40]!r} is not HHMMSS.sss"
                )
            if not begun:
                begun = True
                day = self._days_off(seconds)
            elif seconds < before - _DAY_US // 2:
                day += _DAY_US
            before = seconds
            if "lat" in at:
                values[at["lat"]] /= 60
                values[at["long"]] /= -60
                # without a fix the logger writes zeros; nobody races where both are 0
                if values[at["lat"]] == 0 == values[at["long"]]:
                    values[[at["lat"], at["long"]]] = np.nan
            values[~np.isfinite(values)] = np.nan
            yield midnight + day + seconds, values

    def _read_header(self, header: _Header, lines: Iterator[tuple[int, str]]) -> None:
        section = ""
        columns: list[str] = []
        for number, text in lines:
            line = text.strip()
            if number == 1:
                header.created = _created(line)
            if number > _MAX_HEADER:
                break
            if line.startswith("[") and line.endswith("]"):
                section = line[1:-1].strip().lower()
                if section == "data":
                    header.data_line = number
                    break
                continue
            if section == "channel units":
                header.units.append(line)
            elif section == "laptiming" and line.lower().startswith("start"):
                header.gate = header.gate or _gate(line)
            elif section == "column names" and line:
                columns += line.split()
        if not header.data_line:
            raise BadInput(f"{self.path}: no [data] section; the copy may be cut off")
        header.columns = columns
        lower = [c.lower() for c in columns]
        if "time" not in lower or ("lat" in lower) != ("long" in lower):
            raise BadInput(
                f"{self.path}:{header.data_line}: [column names] must name time, and lat and long "
                "together"
            )
        if len(columns) > _MAX_COLUMNS:
            raise BadInput(f"{self.path}:{header.data_line}: more than {_MAX_COLUMNS} columns")

    def _named(
        self, low: NDArray[np.float64], high: NDArray[np.float64]
    ) -> list[tuple[Channel, str] | None]:
        """Channel and group of each column; None for the time."""
        extra = [c for c in self._header.columns if c.lower() not in (*_FIXED, "time")]
        # The units are of the columns that are not Racelogic's own, and may stop early or begin
        # with one for a standard column: they are counted from the end.
        units = self._header.units
        while units and len(units) > len(extra) and not units[-1]:
            units = units[:-1]
        units = units[-len(extra) :] if len(units) >= len(extra) else []
        unit_of = dict(zip(extra, units, strict=True)) if units else {}
        names, groups, parts = [], [], []
        for column in self._header.columns:
            fixed = _FIXED.get(column.lower())
            if fixed is not None:
                names.append(fixed[0])
                groups.append(fixed[2])
                parts.append((fixed[1], fixed[3], ""))
                continue
            named = known(column)
            names.append(named[0] if named else snake(column))
            groups.append("can")
            parts.append((unit(unit_of.get(column, "")), 0.0, column.replace("_", " ")))
        names = distinct(names)
        out: list[tuple[Channel, str] | None] = []
        for i, column in enumerate(self._header.columns):
            if column.lower() == "time":
                out.append(None)
                continue
            text, resolution, label = parts[i]
            edge = (float(np.nan_to_num(low[i])), float(np.nan_to_num(high[i])))
            out.append((channel(names[i], text, resolution, *edge, label), groups[i]))
        return out

    def _groups(self, rate: float) -> tuple[Group, ...]:
        groups: dict[str, list[Channel]] = {}
        for entry in self._channels:
            if entry is not None:
                groups.setdefault(entry[1], []).append(entry[0])
        return tuple(
            Group(name, round(rate, 3), SECOND_US, tuple(channels))
            for name, channels in groups.items()
        )

    def _midnight(self) -> int:
        created = self._header.created
        if created is None:
            raise BadInput(
                f"{self.path}:1: 'File created on DD/MM/YYYY' expected; times need its date"
            )
        return round(created.replace(hour=0, minute=0, second=0).timestamp()) * SECOND_US

    def _days_off(self, seconds: int) -> int:
        """Whether the first row, which is UTC, is of the day before or after the file's date,
        which is of the place: no zone is more than 14 hours off."""
        created = self._header.created
        if created is None:
            return 0
        own = ((created.hour * 60 + created.minute) * 60 + created.second) * SECOND_US
        if own - seconds > _DAY_US // 2:
            return _DAY_US
        return -_DAY_US if seconds - own > _DAY_US * 14 // 24 else 0

    def _bad_number(self, number: int, fields: list[str]) -> BadInput:
        for name, text in zip(self._header.columns, fields, strict=True):
            try:
                float(text)
            except ValueError:
                return BadInput(f"{self.path}:{number}: {name} {text[:40]!r} is not a number")
        return BadInput(f"{self.path}:{number}: not a row of numbers")


def _created(line: str) -> datetime | None:
    match = _CREATED.search(line)
    if match is None:
        return None
    day, month, year, hour, minute, second = (int(g or 0) for g in match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _of_day(text: str) -> int | None:
    """Microseconds since midnight of ``HHMMSS.sss``."""
    match = re.fullmatch(r"(\d\d)(\d\d)(\d\d)(?:\.(\d{1,6}))?", text)
    if match is None:
        return None
    hour, minute, second = (int(match.group(i)) for i in (1, 2, 3))
    if hour > 23 or minute > 59 or second > 60:
        return None
    fraction = int((match.group(4) or "0").ljust(6, "0"))
    return (hour * 3600 + minute * 60 + second) * SECOND_US + fraction


def _gate(line: str) -> Gate | None:
    """A line of [laptiming]: longitude and latitude of the gate's middle, and of a second place.

    The second one tells the direction: where both lie more than a gate's half width apart they
    are its ends; else it is a place some metres before or behind, along the way driven.
    """
    match = re.match(r"\w+\s+([-+.\d]+)\s+([-+.\d]+)\s+([-+.\d]+)\s+([-+.\d]+)\s*(.*)", line)
    if match is None:
        return None
    try:
        lon0, lat0, lon1, lat1 = (float(match.group(i)) / 60 for i in (1, 2, 3, 4))
    except ValueError:
        return None
    if not (abs(lat0) <= 90 and abs(lat1) <= 90 and abs(lon0) <= 180 and abs(lon1) <= 180):
        return None
    lon0, lon1 = -lon0, -lon1
    east = (lon1 - lon0) * math.cos(math.radians(lat0)) * 111_195
    north = (lat1 - lat0) * 111_195
    away = math.hypot(east, north)
    name = match.group(5).strip(" ¬\t")
    bearing = math.degrees(math.atan2(east, north)) % 360
    if away > _HALF_M:
        middle = ((lat0 + lat1) / 2, (lon0 + lon1) / 2)
        return Gate(*middle, (bearing + 90) % 360, away / 2, name)
    return Gate(lat0, lon0, bearing, _HALF_M, name)
