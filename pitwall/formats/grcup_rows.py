"""Rows of the GR Cup long CSV, in both schemas: three columns, or the publisher's thirteen."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pitwall.formats.grcup_channels import LAP_UNKNOWN
from pitwall.formats.lines import Tick, read_lines
from pitwall.telemetry import BadInput
from pitwall.telemetry.clock import from_iso

NEEDED = ("meta_time", "telemetry_name", "telemetry_value")
MAX_NAMES = 400
"""Distinct channel names in one file; beyond this the column is not a channel name."""
_EARLIEST_US = 946_684_800_000_000  # 2000-01-01
_LATEST_US = 4_102_444_800_000_000  # 2100-01-01
_CAR = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")


class Row(NamedTuple):
    """One value of one channel.

    ``event_us`` is the producer's own stamp, None where the file has only receipt times; ``lap``
    is the row's lap number, None where it has none or says "unknown".
    """

    car: str
    receipt_us: int
    event_us: int | None
    lap: int | None
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Header:
    """Where the columns are; ``-1`` for a column that the file does not have."""

    width: int
    receipt: int
    name: int
    value: int
    event: int
    lap: int
    car: int
    meta_event: int
    meta_session: int


def parse_header(path: Path, text: str) -> Header:
    """The columns named by the first line. Raises BadInput when one that is needed is missing."""
    columns = [c.strip() for c in _split(path, 1, text)]
    missing = [c for c in NEEDED if c not in columns]
    if missing:
        found = ", ".join(columns[:14]) or "none"
        raise BadInput(
            f"{path}:1: column {missing[0]} is missing (found: {found[:200]}); "
            "a GR Cup telemetry CSV starts with a line that names meta_time, telemetry_name "
            "and telemetry_value"
        )
    repeated = {c for c in columns if columns.count(c) > 1 and c}
    if repeated:
        raise BadInput(f"{path}:1: column {min(repeated)} is named twice")

    def at(name: str) -> int:
        return columns.index(name) if name in columns else -1

    return Header(
        len(columns),
        at("meta_time"),
        at("telemetry_name"),
        at("telemetry_value"),
        at("timestamp"),
        at("lap"),
        at("vehicle_id"),
        at("meta_event"),
        at("meta_session"),
    )


class RowReader:
    """Reads one file row by row.

    Attributes:
        header: set once the first line has been read.
        meta_event, meta_session: the publisher's names of event and session, where given.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header: Header | None = None
        self.meta_event = ""
        self.meta_session = ""
        self.number = 0
        self._times: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._cars: dict[str, str] = {}

    def rows(self, tick: Tick | None = None) -> Iterator[Row]:
        """Yield the rows. Raises BadInput with ``file:line`` for any row that is not whole."""
        header: Header | None = None
        stem = self._car_of_file()
        times, names = self._times, self._names
        for number, text in read_lines(self.path, tick):
            self.number = number
            if header is None:
                self.header = header = parse_header(self.path, text)
                continue
            if not text:
                continue
            fields = text.split(",") if '"' not in text else _split(self.path, number, text)
            if len(fields) != header.width:
                raise self._bad(
                    f"{len(fields)} fields where {header.width} are expected; "
                    "the row is cut off or damaged"
                )
            if number == 2:
                self.meta_event = _field(fields, header.meta_event)
                self.meta_session = _field(fields, header.meta_session)
            # Looked up here, not in a call each: this loop is most of an import's time.
            receipt = times.get(fields[header.receipt])
            if receipt is None:
                receipt = self._time(fields[header.receipt])
            name = names.get(fields[header.name])
            if name is None:
                name = self._name(fields[header.name])
            yield Row(
                stem if header.car < 0 else self._car(fields[header.car]),
                receipt,
                None if header.event < 0 else self._time(fields[header.event]),
                None if header.lap < 0 else self._lap(fields[header.lap]),
                name,
                self._value(fields[header.value]),
            )

    def _bad(self, what: str) -> BadInput:
        return BadInput(f"{self.path}:{self.number}: {what}")

    def _car_of_file(self) -> str:
        stem = re.sub(r"[^A-Za-z0-9_.-]", "-", self.path.stem).strip("-.")
        return stem[:40] or "car"

    def _car(self, text: str) -> str:
        car = self._cars.get(text)
        if car is None:
            if not _CAR.fullmatch(text.strip()):
                raise self._bad(f"vehicle_id {text[:60]!r} is not a car id such as GR86-022-13")
            if len(self._cars) >= MAX_NAMES:
                raise self._bad(f"more than {MAX_NAMES} cars; vehicle_id is not a car id here")
            car = self._cars[text] = text.strip()
        return car

    def _name(self, text: str) -> str:
        name = self._names.get(text)
        if name is None:
            name = text.strip()
            if not name or len(name) > 80 or not name.isprintable():
                raise self._bad(f"telemetry_name {text[:60]!r} is not a channel name")
            if len(self._names) >= MAX_NAMES:
                raise self._bad(
                    f"more than {MAX_NAMES} channels; telemetry_name is not a channel name here"
                )
            self._names[text] = name
        return name

    def _time(self, text: str) -> int:
        known = self._times.get(text)
        if known is not None:
            return known
        try:
            us = from_iso(text.strip())
        except BadInput:
            us = 0
        if not _EARLIEST_US <= us <= _LATEST_US:
            raise self._bad(f"time {text[:60]!r} is not a time such as 2025-09-06T18:40:01.545Z")
        if len(self._times) >= 256:
            # Rows of one instant stand together, so a small cache serves nearly all of them.
            self._times.clear()
        self._times[text] = us
        return us

    def _lap(self, text: str) -> int | None:
        if not text.strip():
            return None
        lap = self._value(text)
        return int(lap) if 0 <= lap < LAP_UNKNOWN else None

    def _value(self, text: str) -> float:
        try:
            value = float(text)
            # Python reads "nan", "inf" and "1_0" as numbers; the logger never writes them.
            if value - value == 0.0 and "_" not in text:
                return value
        except ValueError:
            pass
        raise self._bad(f"{text[:60]!r} is not a number")


def _field(fields: list[str], i: int) -> str:
    return fields[i].strip() if i >= 0 else ""


def _split(path: Path, number: int, text: str) -> list[str]:
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise BadInput(f"{path}:{number}: not a row of comma-separated values ({error})") from error
