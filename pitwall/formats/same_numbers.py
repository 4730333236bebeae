"""Two cars with one number in an official table (3 and 03 are both written 3): told apart.

Tables of one race list them in different orders, so that the place in the table does not name
them. Their best laps do, in all of them: the quicker one keeps the number, the next is ``3 (2)``.
One without a timed lap comes last, since tables of laps do not have it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pitwall.telemetry import OfficialLap, OfficialResult

_SAME_US = 10_000


def split_laps(laps: Sequence[OfficialLap]) -> tuple[list[OfficialLap], list[str]]:
    """Laps with a name for each car, in the order given, and the numbers that two cars share.

    A lap belongs to the car whose lap before it ended where it begins; where moments do not tell,
    to the newest that has no lap of that number yet.
    """
    runs: dict[str, list[list[OfficialLap]]] = {}
    place: list[list[OfficialLap]] = []
    for lap in laps:
        own = runs.setdefault(lap.car, [])
        free = [run for run in own if lap.number is None or _without(run, lap.number)]
        run = next((r for r in free if _follows(lap, r[-1])), free[-1] if free else None)
        if run is None:
            run = []
            own.append(run)
        run.append(lap)
        place.append(run)
    names: dict[int, str] = {}
    for car, own in runs.items():
        ranked = sorted(own, key=lambda run: _best(lap.time_us for lap in run))
        names.update({id(run): _name(car, k) for k, run in enumerate(ranked)})
    named = [replace(lap, car=names[id(run)]) for lap, run in zip(laps, place, strict=True)]
    return named, [car for car, own in runs.items() if len(own) > 1]


def split_results(
    results: Sequence[OfficialResult],
) -> tuple[list[OfficialResult], list[str]]:
    """Rows of a classification, one for each car, and the numbers that two cars share."""
    rows: dict[str, list[int]] = {}
    for i, row in enumerate(results):
        rows.setdefault(row.car, []).append(i)
    named = list(results)
    for car, own in rows.items():
        for k, i in enumerate(sorted(own, key=lambda i: _best([results[i].best_us]))):
            named[i] = replace(results[i], car=_name(car, k))
    return named, [car for car, own in rows.items() if len(own) > 1]


def shared_note(source: str, cars: Sequence[str]) -> tuple[str, ...]:
    """What to tell of numbers that two cars share."""
    return tuple(
        f"{source}: {car} is the number of more than one car; the quicker is {car}, the next "
        f"{_name(car, 1)}"
        for car in cars
    )


def _best(times_us: Iterable[int | None]) -> float:
    return min((us for us in times_us if us), default=math.inf)


def _name(car: str, k: int) -> str:
    return car if not k else f"{car} ({k + 1})"


def _without(run: Sequence[OfficialLap], number: int) -> bool:
    return all(lap.number != number for lap in run)


def _follows(lap: OfficialLap, before: OfficialLap) -> bool:
    if lap.end_us is None or lap.time_us is None or before.end_us is None:
        return False
    return abs(lap.end_us - lap.time_us - before.end_us) <= _SAME_US
