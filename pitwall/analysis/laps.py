"""Laps: what lies between two crossings, what kind it is, and whether its time may be believed."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pitwall.analysis.crossings import MAX_SPEED, Crossing
from pitwall.analysis.knots import Knots, ahead
from pitwall.analysis.learn import Circuit
from pitwall.analysis.signals import Times

_STANDING = 1.5
_STANDING_US = 3_000_000
_LANE_M = 9.0
"""Metres beside the track line from which a car near the line is in the pit lane."""
_ON_TRACK_M = 6.0
_LANE_ZONE_M = 700.0
_LANE_US = 2_000_000
_RECKONED = (0.97, 1.03)


class LapKind(StrEnum):
    """What a lap is."""

    FIRST = "first"
    """From the first crossing of the line; at a race start with the start behind it."""
    FLYING = "flying"
    IN = "in"
    """Ends in the pit lane."""
    OUT = "out"
    """Begins in the pit lane."""
    PIT = "pit"
    """Begins and ends in the pit lane."""
    INCOMPLETE = "incomplete"
    """Begin or end not seen, or data missing in between."""


@dataclass(frozen=True, slots=True)
class Lap:
    """One lap of one car.

    Attributes:
        car: the car.
        number: 0 is before the first crossing; see :mod:`pitwall.analysis.numbering`.
        t_start: event time of its beginning, microseconds UTC.
        t_end: of its end, None while it is being driven.
        time_us: ``t_end - t_start`` where both are crossings, else None.
        uncertainty_us: 90 % half width of ``time_us``, 0 without one.
        kind: see :class:`LapKind`.
        valid: True when the time counts as a lap time: a whole racing lap.
        reason: why not, in a few words; empty when valid.
        sectors: time of each sector, None where not known.
        start_known: False when the moment of its beginning is not: nothing was received there.
    """

    car: str
    number: int
    t_start: int
    t_end: int | None
    time_us: int | None
    uncertainty_us: int
    kind: LapKind
    valid: bool
    reason: str
    sectors: tuple[int | None, ...] = ()
    start_known: bool = True


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay in the pit lane: standing near the line, or driving well beside it.

    Attributes:
        t_lo, t_hi: from when until when.
        s: where it ended or stood, metres on the lap.
    """

    t_lo: int
    t_hi: int
    s: float


def pit_stays(way: Knots, length: float) -> list[Stay]:
    """Stays in the pit lane in this stretch of a car's way."""
    zone = (way.s > length - _LANE_ZONE_M) | (way.s < _LANE_ZONE_M)
    with np.errstate(invalid="ignore"):
        beside = zone & (np.abs(way.side) > _LANE_M)
        on_track = np.abs(way.side) <= _ON_TRACK_M
    # A car that stands on the track near the line stands on the grid.
    standing = zone & (way.v < _STANDING) & ~on_track
    stays = []
    for mask, least in ((standing, _STANDING_US), (beside, _LANE_US)):
        for a, b in _runs(mask):
            t_lo, t_hi = int(way.t[a]), int(way.t[b - 1])
            if t_hi - t_lo >= least:
                stays.append(Stay(t_lo, t_hi, float(way.s[b - 1])))
    return merged_stays(sorted(stays, key=lambda x: x.t_lo))


def build_lap(
    car: str,
    number: int,
    start: Crossing | None,
    end: Crossing | None,
    way: Knots,
    circuit: Circuit,
    limit_us: int,
    *,
    out_of_pit: bool = False,
    into_pit: bool = False,
) -> Lap:
    """The lap from ``start`` (None: before the first crossing) to ``end`` (None: still driven, or
    the data ends), with the car's ``way`` between them; ``out_of_pit`` and ``into_pit`` say
    whether these crossings were made in the pit lane."""
    if start is not None:
        t_start = start.t_us
    elif len(way.t):
        t_start = int(way.t[0])
    else:
        t_start = end.t_us if end is not None else 0
    if start is None or end is None:
        reason = "before the first crossing of the line" if start is None else "not finished"
        t_end = end.t_us if end else None
        # What is measured from a guessed start, or across a hole, is no time of a sector.
        seen = known = start is not None and start.sure
        if known and len(way.t):
            known = largest_gap_us(way.t, t_start, int(way.t[-1])) <= limit_us
        sectors = sector_times(way, circuit, t_start, None, limit_us) if known else ()
        kind = LapKind.INCOMPLETE
        return Lap(car, number, t_start, t_end, None, 0, kind, False, reason, sectors, seen)
    time_us = end.t_us - start.t_us
    half = round(math.hypot(start.half_us, end.half_us))
    kind = _kind(number, out_of_pit, into_pit)
    reason = _refusal(start, end, way, circuit, limit_us, kind)
    hole = largest_gap_us(way.t, start.t_us, end.t_us)
    whole = start.sure and end.sure and hole < circuit.length_m / MAX_SPEED * 1e6
    if reason and not whole or reason and "without data" in reason:
        kind = LapKind.INCOMPLETE
    elif not reason and kind in (LapKind.IN, LapKind.OUT, LapKind.PIT):
        reason = "through the pit lane"
    if start.sure and end.sure and not whole:
        reason = f"{hole / 1e6:.1f} s without data: more than one lap may be missing"
    sectors = sector_times(way, circuit, start.t_us, end.t_us, limit_us) if whole else ()
    return Lap(
        car,
        number,
        start.t_us,
        end.t_us,
        time_us if whole else None,
        half if whole else 0,
        kind,
        not reason,
        reason,
        sectors,
        start.sure,
    )


def sector_times(
    way: Knots, circuit: Circuit, t_start: int, t_end: int | None, limit_us: int
) -> tuple[int | None, ...]:
    """Times of the sectors done between ``t_start`` and ``t_end`` (None: up to now)."""
    track = circuit.track
    ends = track.sector_ends if track else (circuit.length_m / 3, 2 * circuit.length_m / 3)
    marks: list[int | None] = [t_start]
    s = way.s
    for end in ends:
        i = int(np.searchsorted(np.maximum.accumulate(s), end)) if len(s) else 0
        if not 0 < i < len(s) or way.t[i] - way.t[i - 1] > limit_us:
            marks.append(None)
            continue
        w = (end - s[i - 1]) / max(float(s[i] - s[i - 1]), 1e-9)
        marks.append(int(way.t[i - 1]) + round(float(w) * int(way.t[i] - way.t[i - 1])))
    marks.append(t_end)
    return tuple(
        b - a if a is not None and b is not None else None
        for a, b in zip(marks[:-1], marks[1:], strict=True)
    )


def largest_gap_us(t: Times, t_start: int, t_end: int) -> int:
    """Longest time without a sample between ``t_start`` and ``t_end``."""
    edges = np.concatenate([[t_start], t, [t_end]])
    return int(np.diff(edges).max())


def pit_crossings(crossings: Sequence[Crossing], stays: Sequence[Stay], length: float) -> set[int]:
    """Indices of the crossings that belong to a stay in the pit lane: made during it, or next to
    it where the car stood before or after the line."""
    times = [c.t_us for c in crossings]
    found = set()
    for stay in stays:
        after = bisect_left(times, stay.t_lo)
        during = after < len(times) and times[after] <= stay.t_hi
        if during or (stay.s > length / 2 and after < len(times)):
            found.add(after)
        elif stay.s <= length / 2 and after > 0:
            found.add(after - 1)
    return found


def _kind(number: int, out_of_pit: bool, into_pit: bool) -> LapKind:
    if out_of_pit and into_pit:
        return LapKind.PIT
    if into_pit:
        return LapKind.IN
    if out_of_pit:
        return LapKind.OUT
    return LapKind.FIRST if number == 1 else LapKind.FLYING


def _refusal(
    start: Crossing,
    end: Crossing,
    way: Knots,
    circuit: Circuit,
    limit_us: int,
    kind: LapKind,
) -> str:
    if not start.sure or not end.sure:
        which = "beginning" if not start.sure else "end"
        return f"{which} not seen: without data at the line"
    seconds = (end.t_us - start.t_us) / 1e6
    if seconds < circuit.length_m / MAX_SPEED:
        return f"impossible: {seconds:.3f} s for {circuit.length_m:.0f} m"
    gap = largest_gap_us(way.t, start.t_us, end.t_us)
    if gap > limit_us:
        return f"{gap / 1e6:.1f} s without data"
    driven = float(np.maximum(ahead(way.s[:-1], way.s[1:], circuit.length_m), 0.0).sum())
    least, most = 0.7, 1.5
    if circuit.marked and circuit.track is None:
        # the speed tells of a mark that came late, as nothing else does there
        least, most = _RECKONED
        driven = float((np.diff(way.t) / 1e6 * (way.v[1:] + way.v[:-1]) / 2).sum())
    if driven > most * circuit.length_m:
        return f"impossible: {driven:.0f} m driven, a crossing was missed"
    if driven < least * circuit.length_m:
        return f"impossible: only {driven:.0f} m of {circuit.length_m:.0f} m driven"
    if kind in (LapKind.FLYING, LapKind.FIRST):
        for a, b in _runs(way.v < _STANDING):
            stood = (way.t[b - 1] - way.t[a]) / 1e6
            if stood >= 10:
                return f"stood {stood:.0f} s on the track"
    return ""


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def merged_stays(stays: Sequence[Stay]) -> list[Stay]:
    """Stays in order of time, those less than 20 s apart joined."""
    out: list[Stay] = []
    for stay in stays:
        if out and stay.t_lo - out[-1].t_hi < 20_000_000:
            last = out[-1]
            out[-1] = Stay(last.t_lo, max(last.t_hi, stay.t_hi), stay.s)
        else:
            out.append(stay)
    return out
