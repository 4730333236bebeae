"""Setup sheets: how a car was set, from a lap on; kept in the recording with their history."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pitwall.prerace.series import Series, series_of
from pitwall.prerace.vehicle import Vehicle
from pitwall.prerace.vehicle_file import parse_vehicle, shipped_vehicle
from pitwall.telemetry import BadInput

PREFIX = "sheet/"
"""Keys of sheets in the recording's table: ``sheet/<car>/<lap>/<written>``."""
MAX_LAP = 99_999


@dataclass(frozen=True, slots=True)
class Sheet:
    """How a car is set from a lap on.

    Attributes:
        car: whose.
        from_lap: first lap that was driven so.
        vehicle: name of a shipped vehicle, or what its file is called.
        values: settings by key, in the units of the car's series.
        written_us: when it was written, microseconds UTC; of two for the same lap the later counts.
        note: the engineer's words.
        advice: key of the advice that it applies; empty for a sheet of the crew's own.
        vehicle_toml: the vehicle's file where it is not a shipped one.
    """

    car: str
    from_lap: int
    vehicle: str
    values: Mapping[str, float] = field(default_factory=dict)
    written_us: int = 0
    note: str = ""
    advice: str = ""
    vehicle_toml: str = ""

    def __post_init__(self) -> None:
        if not self.car or "/" in self.car:
            raise BadInput(f"setup sheet: car {self.car!r} is no name of a car")
        if not 0 <= self.from_lap <= MAX_LAP:
            raise BadInput(f"setup sheet: from_lap = {self.from_lap} is not within 0 to {MAX_LAP}")
        series = series_of(self.base())
        for key, value in self.values.items():
            setting = series.setting(key)
            if not setting.low - 1e-9 <= value <= setting.high + 1e-9:
                raise BadInput(
                    f"setup sheet of car {self.car}: {key} = {value:g} {setting.unit} is not "
                    f"within {setting.low:g} to {setting.high:g}"
                )

    @property
    def key(self) -> str:
        """Its key in the recording's table."""
        return f"{PREFIX}{self.car}/{self.from_lap:05d}/{self.written_us}"

    @property
    def series(self) -> Series:
        """The rules of its car."""
        return series_of(self.base())

    def base(self) -> Vehicle:
        """The vehicle as its file has it. Raises BadInput for one that is not there."""
        if self.vehicle_toml:
            return parse_vehicle(self.vehicle_toml, self.vehicle)
        return shipped_vehicle(self.vehicle)

    def same_vehicle(self, other: Sheet) -> bool:
        """Whether both are of one vehicle's file."""
        return (self.vehicle, self.vehicle_toml) == (other.vehicle, other.vehicle_toml)

    def set_up(self, car: Vehicle) -> Vehicle:
        """``car`` (the sheet's vehicle, calibrated or not) with the settings that the model has."""
        series = self.series
        known = {k: v for k, v in self.values.items() if series.setting(k).path is not None}
        return series.apply(car, known)


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that differs; None where a sheet does not have it."""

    key: str
    unit: str
    before: float | None
    after: float | None


def changes(before: Sheet | None, after: Sheet) -> tuple[Change, ...]:
    """What differs between two sheets, in the order of the series."""
    old: Mapping[str, float] = before.values if before is not None else {}
    return tuple(
        Change(s.key, s.unit, old.get(s.key), after.values.get(s.key))
        for s in after.series.settings
        if old.get(s.key) != after.values.get(s.key)
    )


def sheets_in(meta: Mapping[str, str], car: str | None = None) -> tuple[Sheet, ...]:
    """All sheets of a recording's table, the history with them, by car, lap and time of writing.
    Raises BadInput for an entry that is no sheet."""
    found = []
    for key in sorted(k for k in meta if k.startswith(PREFIX)):
        sheet = _parse(meta[key], key)
        if car is None or sheet.car == car:
            found.append(sheet)
    return tuple(sorted(found, key=lambda s: (s.car, s.from_lap, s.written_us)))


def in_force(sheets: Sequence[Sheet], car: str) -> tuple[Sheet, ...]:
    """Of a car's sheets those that count: for each first lap the one written last, by lap."""
    newest: dict[int, Sheet] = {}
    for sheet in sheets:
        if sheet.car == car:
            old = newest.get(sheet.from_lap)
            if old is None or old.written_us <= sheet.written_us:
                newest[sheet.from_lap] = sheet
    return tuple(newest[lap] for lap in sorted(newest))


def sheet_at(sheets: Sequence[Sheet], car: str, lap: int) -> Sheet | None:
    """The sheet that a lap was driven with; None before the first."""
    known = [s for s in in_force(sheets, car) if s.from_lap <= lap]
    return known[-1] if known else None


def sheet_text(sheet: Sheet) -> str:
    """What is kept in the recording's table under :attr:`Sheet.key`."""
    return json.dumps(
        {
            "car": sheet.car,
            "from_lap": sheet.from_lap,
            "vehicle": sheet.vehicle,
            "values": dict(sheet.values),
            "written_us": sheet.written_us,
            "note": sheet.note,
            "advice": sheet.advice,
            "vehicle_toml": sheet.vehicle_toml,
        },
        ensure_ascii=False,
    )


def _parse(text: str, where: str) -> Sheet:
    try:
        doc: dict[str, Any] = json.loads(text)
        return Sheet(
            str(doc["car"]),
            int(doc["from_lap"]),
            str(doc["vehicle"]),
            {str(k): float(v) for k, v in doc["values"].items()},
            int(doc["written_us"]),
            str(doc["note"]),
            str(doc["advice"]),
            str(doc["vehicle_toml"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{where}: not a setup sheet: {error!r}") from error
