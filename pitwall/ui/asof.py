"""The field as it stood at a moment of the past, from what the laps say.

Live, the order and gaps are the timing engine's. In the past they are taken from the crossings of
the line before the moment, so that the table never shows the future.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pitwall.analysis import CarTiming, Lap, LapKind, Timing
from pitwall.store import Hole

NOT_RACING = (LapKind.PIT,)
HEARD_US = 5_000_000
"""Cars that were heard from so long after each other are not compared by the laps they are on."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of the timing table.

    Attributes:
        car: which.
        position: from 1; 0 when unknown.
        gap_us: to the leader; None when unknown.
        laps_down: whole laps behind the leader; 0 where the car's place is not known.
        last, best: laps; None when there is none.
        in_pit: True in the pit lane.
        age_us: how much older the car's newest data is than the session's; None in the past.
    """

    car: str
    position: int
    gap_us: int | None
    laps_down: int
    last: Lap | None
    best: Lap | None
    in_pit: bool
    age_us: int | None


def standings(timing: Timing, moment: int | None) -> tuple[Standing, ...]:
    """The table live, or as it stood at ``moment``."""
    if moment is None:
        leader = next((timing.cars[c] for c in timing.order if timing.cars[c].position), None)
        return tuple(_live(timing.cars[car], leader) for car in timing.order)
    return _past(timing, moment)


def best_of_session(timing: Timing, moment: int | None) -> Lap | None:
    """The fastest valid lap so far."""
    if moment is None:
        return timing.best
    laps = (lap for car in timing.cars.values() for lap in _done(car.laps, moment))
    return _fastest(laps)


def laps_until(laps: Iterable[Lap], moment: int) -> list[Lap]:
    """The laps as they stood at ``moment``: what began later is not there, and the one that ran
    has no time yet."""
    return [
        lap
        if lap.t_end is not None and lap.t_end <= moment
        else replace(
            lap,
            t_end=None,
            time_us=None,
            uncertainty_us=0,
            kind=LapKind.INCOMPLETE,
            valid=False,
            reason="not finished at the moment shown",
            sectors=_done_sectors(lap, moment),
        )
        for lap in laps
        if lap.t_start <= moment
    ]


def holes_until(holes: Iterable[Hole], moment: int) -> tuple[Hole, ...]:
    """The holes as far as they had come at ``moment``."""
    return tuple(replace(h, t_hi=min(h.t_hi, moment)) for h in holes if h.t_lo < moment)


def _done_sectors(lap: Lap, moment: int) -> tuple[int | None, ...]:
    """The sectors that were over at ``moment``."""
    at = lap.t_start
    done: list[int | None] = []
    for sector in lap.sectors:
        known = sector is not None and done.count(None) == 0 and at + sector <= moment
        done.append(sector if known else None)
        at += sector or 0
    return tuple(done)


def _live(car: CarTiming, leader: CarTiming | None) -> Standing:
    down = 0
    # Of a car that is not heard from, the leader's next lap says nothing.
    if leader is not None and car.position and abs(car.age_us - leader.age_us) < HEARD_US:
        behind = leader.current_lap - car.current_lap
        ahead_on_track = (car.progress or 0.0) > (leader.progress or 0.0)
        down = max(0, behind - 1 if ahead_on_track else behind)
    return Standing(
        car.car, car.position, car.gap_us, down, car.last, car.best, car.in_pit, car.age_us
    )


def _past(timing: Timing, moment: int) -> tuple[Standing, ...]:
    found = []
    for car in timing.cars.values():
        ended = [lap for lap in car.laps if lap.t_end is not None and lap.t_end <= moment]
        count = max((lap.number for lap in ended), default=-1)
        crossed = max((lap.t_end or 0 for lap in ended), default=0)
        found.append((-count, crossed, car, ended))
    found.sort(key=lambda item: (item[0], item[1]))
    # A car whose laps cannot all be counted now cannot be placed among the others then.
    leader = next((item[3] for item in found if item[2].position), [])
    lines = []
    for i, (_, crossed, car, ended) in enumerate(found):
        placed = car.position > 0
        gap, down = _behind(ended[-1].number, crossed, leader, moment) if ended else (None, 0)
        timed = [lap for lap in ended if lap.time_us is not None]
        here = next((lap for lap in car.laps if _holds(lap, moment)), None)
        lines.append(
            Standing(
                car.car,
                i + 1 if placed else 0,
                gap if placed else None,
                down if placed else 0,
                timed[-1] if timed else None,
                _fastest(timed),
                here is not None and here.kind in NOT_RACING,
                None,
            )
        )
    return tuple(lines)


def _behind(
    number: int, crossed: int, leader: Sequence[Lap], moment: int
) -> tuple[int | None, int]:
    """How far a car was behind, whose newest lap by ``moment`` is ``number`` and ended at
    ``crossed``: microseconds, and whole laps.

    The gap is that of this crossing to the leader's of the same lap; when the leader has gone on to
    cross the line once more it is at least as long as that is ago.
    """
    ends = {lap.number: lap.t_end for lap in leader if lap.t_end is not None}
    then = ends.get(number)
    if then is None:
        return None, 0
    down = sum(end <= crossed for lap, end in ends.items() if lap > number)
    next_end = ends.get(number + 1)
    at_least = moment - next_end if next_end is not None else 0
    return max(crossed - then, at_least if not down else 0), down


def _done(laps: Sequence[Lap], moment: int) -> list[Lap]:
    return [lap for lap in laps if lap.t_end is not None and lap.t_end <= moment]


def _holds(lap: Lap, moment: int) -> bool:
    return lap.t_start <= moment and (lap.t_end is None or moment < lap.t_end)


def _fastest(laps: Iterable[Lap]) -> Lap | None:
    valid = [lap for lap in laps if lap.valid and lap.time_us is not None]
    return min(valid, key=lambda lap: lap.time_us or 0, default=None)
