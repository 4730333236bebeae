"""Which car of the telemetry is which car of the official timing: by when they crossed the line.

Official tables have clocks of their own, which are the same for all their cars: so one shift is
found for the whole table, and then each car's crossings are compared at that shift. Where a table
has no moments, the sequences of lap times are compared. Numbers in ids are not looked at; they are
only told beside, so that a conflict is seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis.laps import Lap
from pitwall.telemetry import Official, OfficialLap, TableClock

Ints = NDArray[np.int64]

_NEAR_US = 1_500_000
"""A crossing and an official one this near, at the table's shift, are one and the same."""
_TIME_NEAR_US = 1_000_000
_LEAST_LAPS = 3
_LEAST_PART = 0.6
"""Part of the telemetry's laps that must agree."""
_CLEAR = 1.5
"""The best car must agree on so many times as many laps as the second, or much more closely."""
_ROUGH_US = 500_000
_ZONE_US = 900_000_000
_CLOCK_US = 20_000_000
"""How far the clock of timing may be off."""


@dataclass(frozen=True, slots=True)
class Match:
    """One car of the telemetry and what official timing makes of it.

    Attributes:
        car: label in the recording.
        official: the official car, empty when none fits.
        source: the table it was found in.
        laps: laps that agree, of ``of`` that could.
        residual_us: median difference of those, at the table's shift.
        shift_us: what to add to moments of the telemetry to get the table's; None where the table
            has no moments.
        second: the official car that fits next best, and ``second_laps``.
        sure: False where the second fits about as well, or too few laps agree.
        number_agrees: whether the number in the telemetry's id is the official one; None where the
            id has none.
        pairs: (telemetry lap number, index in the table's laps) of those that agree.
        reason: why not sure, or why there is none; empty else.
    """

    car: str
    official: str
    source: str
    laps: int
    of: int
    residual_us: int
    shift_us: int | None
    second: str
    second_laps: int
    sure: bool
    number_agrees: bool | None
    pairs: tuple[tuple[int, int], ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Identity:
    """All cars.

    Attributes:
        matches: one for each car of the telemetry.
        without_telemetry: official cars that no telemetry belongs to.
        conflicts: what a person should look at, in words.
    """

    matches: tuple[Match, ...]
    without_telemetry: tuple[str, ...]
    conflicts: tuple[str, ...]


def identify(
    laps: Mapping[str, Sequence[Lap]],
    table: Official,
    ids: Mapping[str, str] | None = None,
    confirmed: Mapping[str, str] | None = None,
) -> Identity:
    """Which official car each car is.

    Args:
        laps: laps of each car of the telemetry.
        table: official laps.
        ids: original ids of the cars, for the number in them.
        confirmed: car -> official car, as a person said; taken as it is.
    """
    ids, confirmed = ids or {}, confirmed or {}
    by_car: dict[str, list[int]] = {}
    for i, lap in enumerate(table.laps):
        by_car.setdefault(lap.car, []).append(i)
    timed = table.clock is not TableClock.NONE and any(x.end_us is not None for x in table.laps)
    own = {car: [lap for lap in of if lap.time_us is not None] for car, of in laps.items()}
    shift = _shift(own, table, by_car) if timed else None
    scores: dict[str, list[tuple[int, int, str, tuple[tuple[int, int], ...]]]] = {}
    for car, done in own.items():
        found = []
        for official, rows in by_car.items():
            if shift is not None:
                pairs, residual = _by_moment(done, table.laps, rows, shift)
            else:
                pairs, residual = _by_times(done, table.laps, rows)
            found.append((len(pairs), residual, official, pairs))
        scores[car] = sorted(found, key=lambda row: (-row[0], row[1]))
    matches = [
        _match(car, own[car], scores[car], table, shift, ids.get(car, car), confirmed.get(car))
        for car in laps
    ]
    conflicts = [m.car + ": " + m.reason for m in matches if m.official and m.reason]
    taken: dict[str, list[str]] = {}
    for match in matches:
        if match.official:
            taken.setdefault(match.official, []).append(match.car)
    for official, cars in taken.items():
        if len(cars) > 1:
            conflicts.append(f"official car {official} fits {' and '.join(cars)}")
    conflicts += [
        f"{m.car}: its id {ids.get(m.car, m.car)} has another number than official car {m.official}"
        for m in matches
        if m.official and m.sure and m.number_agrees is False
    ]
    without = tuple(car for car in by_car if car not in taken)
    return Identity(tuple(matches), without, tuple(conflicts))


def _match(
    car: str,
    done: Sequence[Lap],
    scores: list[tuple[int, int, str, tuple[tuple[int, int], ...]]],
    table: Official,
    shift: int | None,
    original: str,
    confirmed: str | None,
) -> Match:
    if confirmed is not None:
        scores = sorted(scores, key=lambda row: row[2] != confirmed)
    best = scores[0] if scores else (0, 0, "", ())
    second = scores[1] if len(scores) > 1 else (0, 0, "", ())
    need = max(min(_LEAST_LAPS, len(done)), round(_LEAST_PART * len(done)))
    fits = best[0] > 0 and best[0] >= need
    if confirmed is not None:
        fits, best = True, best if best[2] == confirmed else (0, 0, confirmed, ())
    clear = best[0] >= _CLEAR * second[0] or best[1] * 3 < second[1]
    reason = ""
    if not done:
        reason = "no whole lap in the telemetry"
    elif not fits:
        reason = f"no official car fits ({best[0]} of {len(done)} laps at most)"
    elif confirmed is None and not clear:
        reason = f"official car {second[2]} fits nearly as well as {best[2]}"
    elif confirmed is None and best[0] < _LEAST_LAPS:
        reason = f"only {best[0]} laps agree"
    number = re.search(r"(\d+)$", original)
    digits = number.group(1).lstrip("0") if number else ""
    # of two cars with one number the second is told as "3 (2)"
    agrees = digits == best[2].split(" (")[0].lstrip("0") if fits and digits else None
    return Match(
        car,
        best[2] if fits else "",
        table.source,
        best[0] if fits else 0,
        len(done),
        best[1] if fits else 0,
        shift,
        second[2] if second[0] else "",
        second[0],
        fits and (confirmed is not None or not reason),
        agrees,
        best[3] if fits else (),
        reason,
    )


def _ends(rows: Sequence[int], laps: Sequence[OfficialLap]) -> tuple[Ints, Ints]:
    """Moments of a car's official crossings in order, and their indices in the table."""
    known = sorted((end, i) for i in rows if (end := laps[i].end_us) is not None)
    return (
        np.array([end for end, _ in known], np.int64),
        np.array([i for _, i in known], np.int64),
    )


def _shift(
    own: Mapping[str, Sequence[Lap]], table: Official, by_car: Mapping[str, list[int]]
) -> int | None:
    """What to add to the telemetry's moments to get the table's.

    Each pair of crossings of the two whose lap times agree votes for a shift; the fullest half
    second wins. Laps of one time are driven by many cars at many moments: only the right shift
    gathers votes of all.
    """
    votes: list[Ints] = []
    ends = np.array([lap.end_us or 0 for lap in table.laps], np.int64)
    times = np.array([lap.time_us or 0 for lap in table.laps], np.int64)
    known = (ends > 0) & (times > 0)
    ends, times = ends[known], times[known]
    for laps in own.values():
        for lap in laps:
            if lap.time_us is None or lap.t_end is None:
                continue
            alike = np.abs(times - lap.time_us) <= _ROUGH_US
            votes.append(ends[alike] - lap.t_end)
    if not votes or not sum(map(len, votes)):
        return None
    every = np.concatenate(votes)
    likely = every[_likely(every, table.clock)]
    # what no clock would be off by counts only where nothing else is left
    found = np.sort(likely if len(likely) else every)
    inside = np.searchsorted(found, found + _ROUGH_US, "right") - np.arange(len(found))
    at = int(inside.argmax())
    return int(np.median(found[at : at + int(inside[at])]))


def _likely(shifts: Ints, clock: TableClock) -> NDArray[np.bool_]:
    """Shifts that a table's clock may have: none of UTC, whole quarters of an hour of local time,
    both with an error of their own; any of race time."""
    if clock is TableClock.UTC:
        return np.asarray(np.abs(shifts) <= 3 * _CLOCK_US)
    if clock is TableClock.LOCAL:
        return np.asarray((shifts + _CLOCK_US) % _ZONE_US <= 2 * _CLOCK_US)
    return np.ones(len(shifts), np.bool_)


def _by_moment(
    done: Sequence[Lap], laps: Sequence[OfficialLap], rows: Sequence[int], shift: int
) -> tuple[tuple[tuple[int, int], ...], int]:
    ends, index = _ends(rows, laps)
    if not len(ends) or not done:
        return (), 0
    own = np.array([lap.t_end for lap in done], np.int64) + shift
    nearest = np.clip(np.searchsorted(ends, own), 1, len(ends) - 1) if len(ends) > 1 else 0 * own
    if len(ends) > 1:
        before = np.abs(ends[nearest - 1] - own) < np.abs(ends[nearest] - own)
        nearest = nearest - before
    off = np.abs(ends[nearest] - own)
    near = np.flatnonzero(off <= _NEAR_US)
    pairs = tuple((done[i].number, int(index[nearest[i]])) for i in near.tolist())
    return pairs, int(np.median(off[near])) if len(near) else 0


def _by_times(
    done: Sequence[Lap], laps: Sequence[OfficialLap], rows: Sequence[int]
) -> tuple[tuple[tuple[int, int], ...], int]:
    """Laps of both in order, at the offset in number at which most times agree."""
    known = {n: i for i in rows if (n := laps[i].number) is not None and laps[i].time_us}
    best: tuple[tuple[tuple[int, int], ...], int] = ((), 0)
    if not known or not done:
        return best
    low, high = min(known) - done[-1].number, max(known) - done[0].number
    for offset in range(max(low, -400), min(high, 400) + 1):
        pairs, off = [], []
        for lap in done:
            i = known.get(lap.number + offset)
            time = laps[i].time_us if i is not None else None
            if i is None or time is None or lap.time_us is None:
                continue
            if abs(time - lap.time_us) <= _TIME_NEAR_US:
                pairs.append((lap.number, i))
                off.append(abs(time - lap.time_us))
        residual = int(np.median(off)) if off else 0
        if (len(pairs), -residual) > (len(best[0]), -best[1]):
            best = (tuple(pairs), residual)
    return best
