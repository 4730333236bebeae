"""A place in the session as people type it: a session time, a clock time, a lap, a step. No Qt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from pitwall.analysis import Lap
from pitwall.telemetry import BadInput
from pitwall.telemetry.clock import SECOND_US, clock_text

HINT = "0:31:07.250 · 14:05:30 · L12 · 22 L12 · +5"
MOST = 80
_TIME = re.compile(r"(@)?(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2})(?:[.,](\d{1,6}))?(z)?", re.IGNORECASE)
_LAP = re.compile(r"(?:(.+?)\s+)?l(?:ap)?\s*(\d{1,4})", re.IGNORECASE)
_STEP = re.compile(r"([+\-−])\s*(\d{1,6})(?:[.,](\d{1,6}))?\s*s?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Known:
    """What a place is looked up in.

    Attributes:
        started_us: event time at which the session's clock is 0.
        low_us, high_us: oldest and newest event time there is.
        here_us: the moment shown.
        car: the selected car; None without one.
        laps: of each car.
        zone: of clock times; this machine's when None.
    """

    started_us: int
    low_us: int
    high_us: int
    here_us: int
    car: str | None
    laps: Mapping[str, Sequence[Lap]]
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Where that is: an event time, and the car that was named."""

    t_us: int
    car: str | None = None


def find(text: str, known: Known) -> Found:
    """The place that ``text`` names. Raises BadInput in one line that says what is wrong."""
    asked = text.strip()
    if not asked:
        raise BadInput(f"type a place: {HINT}")
    if len(asked) > MOST:
        raise BadInput(f"this is no place: {HINT}")
    if (step := _STEP.fullmatch(asked)) is not None:
        us = int(step[2]) * SECOND_US + _fraction(step[3])
        return _within(known.here_us + (us if step[1] == "+" else -us), known)
    if (lap := _LAP.fullmatch(asked)) is not None:
        return _lap(lap[1], int(lap[2]), known)
    if (given := _TIME.fullmatch(asked)) is not None:
        return _time(given, known)
    raise BadInput(f"“{asked[:30]}” is no place: {HINT}")


def _fraction(digits: str | None) -> int:
    return int((digits or "").ljust(6, "0")) if digits else 0


def _lap(named: str | None, number: int, known: Known) -> Found:
    car = known.car
    if named:
        wanted = re.sub(r"^car\s+|^#", "", named.strip(), flags=re.IGNORECASE)
        car = next((one for one in known.laps if one.casefold() == wanted.casefold()), None)
        if car is None:
            raise BadInput(f"there is no car “{wanted[:30]}”")
    if car is None:
        raise BadInput("no car is selected: name it, such as 22 L12")
    laps = known.laps.get(car, ())
    found = [lap for lap in laps if lap.number == number]
    if not found:
        numbers = sorted(lap.number for lap in laps)
        has = f"it has L{numbers[0]} to L{numbers[-1]}" if numbers else "it has none yet"
        raise BadInput(f"car {car} has no lap {number}: {has}")
    return Found(found[-1].t_start, car)


def _time(given: re.Match[str], known: Known) -> Found:
    hours, minutes, seconds = int(given[2] or 0), int(given[3]), int(given[4])
    if seconds > 59 or (given[2] is not None and minutes > 59):
        raise BadInput("minutes and seconds go to 59")
    us = ((hours * 60 + minutes) * 60 + seconds) * SECOND_US + _fraction(given[5])
    of_clock = given[1] is not None or given[6] is not None
    length = known.high_us - known.started_us
    # A time of day is longer than any session that has not run for as long.
    if not of_clock and (us <= length or given[2] is None or hours > 23):
        return _within(known.started_us + us, known)
    if hours > 23:
        raise BadInput("a clock goes to 23:59:59")
    zone = UTC if given[6] else known.zone
    return _within(_of_day(us, known, zone), known)


def _of_day(us: int, known: Known, zone: tzinfo | None) -> int:
    """The event time of a time of day: on the day of the session's start, or the next."""
    start = datetime.fromtimestamp(known.started_us / SECOND_US, UTC).astimezone(zone)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    for days in (0, 1, -1):
        moment = midnight + timedelta(days=days, microseconds=us)
        t_us = round((moment - datetime.fromtimestamp(0, UTC)) / timedelta(microseconds=1))
        if known.low_us <= t_us <= known.high_us:
            return t_us
    return round((midnight + timedelta(microseconds=us)).timestamp() * SECOND_US)


def _within(t_us: int, known: Known) -> Found:
    if not known.high_us:
        raise BadInput("there is no data yet")
    if known.low_us <= t_us <= known.high_us:
        return Found(t_us)
    low = clock_text(known.low_us - known.started_us)
    high = clock_text(known.high_us - known.started_us)
    raise BadInput(f"that is outside of what is here: {low} to {high} of the session")
