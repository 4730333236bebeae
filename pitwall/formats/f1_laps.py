"""F1 telemetry as one JSON file a lap: ``{"tel": {"time": [...], "speed": [...], ...}}``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitwall.formats.columns import channel, snake
from pitwall.formats.json_stream import document
from pitwall.formats.lines import Tick
from pitwall.formats.source import Block, Survey, Wanted
from pitwall.telemetry import BadInput, Channel, ClockKind, Group
from pitwall.telemetry.clock import from_iso

NAME = "f1-laps"
TITLE = "F1 lap telemetry (JSON)"
EXTENSIONS = (".json",)

GROUP = "car"
MAX_LAP_S = 7200.0
_KNOWN: dict[str, tuple[str, str, float]] = {
    # key -> (channel, unit, factor)
    "rpm": ("rpm", "1/min", 1.0),
    "speed": ("speed", "km/h", 1.0),
    "gear": ("gear", "1", 1.0),
    "throttle": ("throttle", "%", 1.0),
    "brake": ("brake", "1", 1.0),
    "drs": ("drs", "1", 1.0),
    "distance": ("lap_distance", "m", 1.0),
    "x": ("x", "m", 0.1),
    "y": ("y", "m", 0.1),
    "z": ("z", "m", 0.1),
}

Floats = NDArray[np.float64]


def sniff(head: bytes) -> float:
    """How sure we are that a file with these first bytes is one of ours, 0..1."""
    plain = head.lstrip(b"\xef\xbb\xbf \r\n\t")[:400].replace(b" ", b"")
    return 1.0 if plain.startswith(b'{"tel":{') else 0.0


@dataclass(frozen=True, slots=True)
class _Lap:
    path: Path
    number: int
    seconds: float
    samples: int


class LapFiles:
    """All lap files of one session: one or several cars."""

    def __init__(self, paths: Sequence[Path], wanted: Wanted) -> None:
        self._paths = list(paths)
        self._wanted = wanted
        self._starts: dict[Path, float] = {}
        self._laps: dict[str, list[_Lap]] = {}
        self._started_us = 0
        self._names: tuple[str, ...] = ()

    def survey(self, tick: Tick | None = None) -> Survey:
        """Read every file, put the laps of each car one after the other."""
        low: dict[str, float] = {}
        high: dict[str, float] = {}
        event = name = ""
        year = 0
        bad = 0
        for path in self._paths:
            lap, car, words, tel = _read(path, tick)
            if words:
                year, event, name = words
            bad += sum(int(np.isnan(v).sum()) for v in tel.values())
            for key, values in tel.items():
                finite = values[np.isfinite(values)]
                if len(finite):
                    low[key] = min(low.get(key, np.inf), float(finite.min()))
                    high[key] = max(high.get(key, -np.inf), float(finite.max()))
            self._laps.setdefault(car, []).append(lap)
        notes = [n for car in self._laps for n in self._place(car)]
        if bad:
            notes.append(f"{bad} values are NaN in the files")
        if self._wanted.start_us is not None:
            self._started_us = self._wanted.start_us
        else:
            self._started_us = from_iso(f"{year or 2000}-01-01T00:00:00Z")
            notes.append(
                "the files have no date: times count from the first day of the year at 00:00 UTC; "
                "--start gives the moment at which the first lap began"
            )
        self._names = tuple(key for key in low if key != "time")
        channels = tuple(_channel(key, low[key], high[key]) for key in self._names)
        samples = sum(lap.samples for laps in self._laps.values() for lap in laps)
        seconds = sum(lap.seconds for laps in self._laps.values() for lap in laps)
        longest = max(
            self._starts[lap.path] + lap.seconds for laps in self._laps.values() for lap in laps
        )
        rate = round(samples / max(seconds, 1.0), 3)
        return Survey(
            cars=tuple(self._laps),
            groups=(Group(GROUP, rate, 1_000_000, channels),),
            clock=ClockKind.EVENT,
            t_first=self._started_us,
            t_last=self._started_us + round(longest * 1e6),
            rows=samples,
            event=event or "f1",
            name=name,
            notes=tuple(notes),
        )

    def blocks(self, tick: Tick | None = None) -> Iterator[Block]:
        """The samples. The files must have passed :meth:`survey`."""
        for car, laps in self._laps.items():
            for lap, after in zip(laps, [*laps[1:], None], strict=True):
                _, _, _, tel = _read(lap.path, tick)
                start = self._starts[lap.path]
                t = self._started_us + np.rint((start + tel["time"]) * 1e6).astype(np.int64)
                keep = np.concatenate([[True], np.diff(np.maximum.accumulate(t)) > 0])
                if after is not None:
                    # the moment at the line is in both files: the next lap has it
                    begin = self._started_us + round(self._starts[after.path] * 1e6)
                    keep &= t < begin
                values = {}
                for key in self._names:
                    column = tel.get(key, np.full(len(t), np.nan))
                    channel_name, _, factor = _KNOWN.get(key, (snake(key), "1", 1.0))
                    values[channel_name] = column[keep] * factor
                if keep.any():
                    yield Block(car, GROUP, min(lap.number, 999), t[keep], values)

    def _place(self, car: str) -> list[str]:
        """Give each lap of ``car`` its start, seconds after the session's; notes on holes."""
        laps = self._laps[car] = sorted(self._laps[car], key=lambda lap: lap.number)
        usual = float(np.median([lap.seconds for lap in laps]))
        notes = []
        at = 0.0
        before: _Lap | None = None
        for lap in laps:
            if before is not None and lap.number == before.number:
                raise BadInput(f"{lap.path}: lap {lap.number} of {car} is also in {before.path}")
            missing = lap.number - before.number - 1 if before is not None else 0
            if missing:
                at += missing * usual
                notes.append(
                    f"{car}: {missing} laps before lap {lap.number} are missing; later laps are "
                    f"placed as if each had taken {usual:.1f} s"
                )
            self._starts[lap.path] = at
            at += lap.seconds
            before = lap
        return notes


def _read(
    path: Path, tick: Tick | None
) -> tuple[_Lap, str, tuple[int, str, str] | None, dict[str, Floats]]:
    """The lap in a file, its car, (year, event, session) where told, and its columns."""
    doc = document(path, tick)
    tel = doc.get("tel") if isinstance(doc, dict) else None
    if not isinstance(tel, dict):
        raise BadInput(f"{path}:1: an object 'tel' with one list for each channel is expected")
    columns: dict[str, Floats] = {}
    for key, values in tel.items():
        if isinstance(values, list) and len(columns) < 100:
            columns[str(key)[:60]] = _numbers(path, key, values)
    time = columns.get("time")
    if time is None or len(time) < 2:
        raise BadInput(f"{path}: tel.time: a list of at least two times is expected")
    for key, values in columns.items():
        if len(values) != len(time):
            raise BadInput(
                f"{path}: tel.{key}: {len(values)} values where time has {len(time)}; the file "
                "is damaged"
            )
    if not np.isfinite(time).all() or time[0] < 0 or time[-1] > MAX_LAP_S:
        raise BadInput(f"{path}: tel.time: times of one lap, 0 to {MAX_LAP_S:.0f} s, are expected")
    if (np.diff(time) < 0).any():
        i = int(np.argmax(np.diff(time) < 0)) + 1
        raise BadInput(f"{path}: tel.time[{i}]: {time[i]} is before the sample before it")
    car, number, words = _who(path, tel.get("dataKey"))
    return _Lap(path, number, float(time[-1]), len(time)), car, words, columns


def _numbers(path: Path, key: Any, values: list[Any]) -> Floats:
    out = np.empty(len(values))
    for i, value in enumerate(values):
        if isinstance(value, (int, float)) and abs(value) < 1e15:
            out[i] = value
        elif value is None or isinstance(value, float) or value in ("None", "NaN", "nan"):
            out[i] = np.nan
        else:
            shown = json.dumps(value)[:40]
            raise BadInput(f"{path}: tel.{key}[{i}]: {shown} is not a number")
    return out


def _who(path: Path, key: Any) -> tuple[str, int, tuple[int, str, str] | None]:
    """Car, lap and (year, event, session): from ``2025-Dutch Grand Prix-Race-NOR-1``, else from
    the path ``NOR/1_tel.json``."""
    match = re.fullmatch(r"(\d{4})-(.{1,60})-([^-]{1,30})-([^-]{1,16})-(\d{1,3})", str(key))
    if match is not None:
        year, event, name, car, lap = match.groups()
        return car, int(lap), (int(year), event, name)
    number = re.match(r"(\d{1,3})\D", path.name)
    if number is None:
        raise BadInput(
            f"{path}: neither tel.dataKey nor the file's name (as in 12_tel.json) tells the lap"
        )
    return path.resolve().parent.name[:16] or "car", int(number.group(1)), None


def _channel(key: str, low: float, high: float) -> Channel:
    name, unit, factor = _KNOWN.get(key, (snake(key), "1", 1.0))
    return channel(name, unit, 0.0, low * factor, high * factor)
