"""Official timing as values: laps, stops, flags and results that somebody else measured.

Times of such tables are of different clocks, which are kept apart: ``end_us`` of a table counts
from what its ``clock`` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from pitwall.telemetry.errors import BadInput

OFFICIAL_META = "official.timing"
"""Key in the recording's table: JSON list of :class:`Official`."""


class TableClock(StrEnum):
    """What the moments in a table count from."""

    UTC = "utc"
    """Microseconds UTC."""
    LOCAL = "local"
    """Microseconds since midnight at the track; zone and date are not told."""
    RACE = "race"
    """Microseconds since the start of the race."""
    NONE = "none"
    """The table has no moments, only durations."""


@dataclass(frozen=True, slots=True)
class OfficialLap:
    """One lap as timed officially; what a table does not tell is None, 0 or empty.

    Attributes:
        car: number or abbreviation as in the table.
        number: of the lap, from 1; None where the table says "unknown".
        time_us: lap time.
        end_us: moment of its end, of the table's clock.
        sectors: sector times.
        position: place at its end, from 1.
        pit: ended by crossing the line in the pit lane.
        pit_us: time in the pit lane.
        flag: at its end, as written.
        stint, compound, tyre_laps: of the tyres.
        received_us: receipt time UTC where the table has one.
    """

    car: str
    number: int | None
    time_us: int | None = None
    end_us: int | None = None
    sectors: tuple[int | None, ...] = ()
    position: int = 0
    pit: bool = False
    pit_us: int | None = None
    flag: str = ""
    stint: int = 0
    compound: str = ""
    tyre_laps: int = 0
    received_us: int | None = None


@dataclass(frozen=True, slots=True)
class OfficialStop:
    """One pit stop: ``in_us``, ``out_us`` of the table's clock, ``still_us`` standing."""

    car: str
    lap: int
    in_us: int | None = None
    out_us: int | None = None
    still_us: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class OfficialFlag:
    """A flag from ``at_us`` (of the table's clock) and ``lap`` of the leader on."""

    state: str
    at_us: int | None = None
    lap: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class OfficialResult:
    """One car in a classification; ``gap_us`` to the first, None on another lap."""

    car: str
    position: int = 0
    laps: int | None = None
    total_us: int | None = None
    gap_us: int | None = None
    best_us: int | None = None
    best_lap: int | None = None
    status: str = ""
    driver: str = ""
    team: str = ""


@dataclass(frozen=True, slots=True)
class Weather:
    """Weather at ``at_us`` (UTC): degrees Celsius, per cent, hPa, m/s, degrees; None: not told."""

    at_us: int
    air_c: float | None = None
    track_c: float | None = None
    humidity: float | None = None
    pressure_hpa: float | None = None
    wind_ms: float | None = None
    wind_deg: float | None = None
    rain: bool = False


@dataclass(frozen=True, slots=True)
class Official:
    """What one file of official timing says.

    Attributes:
        source: name of the file.
        kind: what it is, in a few words.
        clock: see :class:`TableClock`.
        laps, stops, flags, results, weather: its contents, in the file's order.
        notes: what was in it that could not be believed, counted.
        event, name: hints for the session key, empty when the file has none.
        started_us: moment of its beginning, microseconds UTC, 0 when it does not tell.
    """

    source: str
    kind: str
    clock: TableClock
    laps: tuple[OfficialLap, ...] = ()
    stops: tuple[OfficialStop, ...] = ()
    flags: tuple[OfficialFlag, ...] = ()
    results: tuple[OfficialResult, ...] = ()
    weather: tuple[Weather, ...] = ()
    notes: tuple[str, ...] = ()
    event: str = ""
    name: str = ""
    started_us: int = 0

    def cars(self) -> tuple[str, ...]:
        """Every car that is named, in order of first appearance."""
        rows = [lap.car for lap in self.laps]
        rows += [result.car for result in self.results]
        rows += [stop.car for stop in self.stops]
        return tuple(dict.fromkeys(rows))


def official_to_json(tables: Sequence[Official]) -> str:
    """For the recording's key/value table."""
    return msgspec.json.encode(tuple(tables)).decode()


def official_from_json(text: str | None) -> tuple[Official, ...]:
    """Parse :func:`official_to_json`'s form; nothing for None. Raises BadInput."""
    if text is None:
        return ()
    try:
        return msgspec.json.decode(text, type=tuple[Official, ...])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadInput(f"official timing: not readable ({error})") from error
