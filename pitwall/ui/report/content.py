"""What a report tells: one car's stint, gathered off the Qt thread from values that stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis import (
    Advice,
    Bests,
    Debrief,
    Lap,
    LapKind,
    LapRecord,
    Timing,
    TrackLine,
    delta,
)
from pitwall.store import SessionStore
from pitwall.store.notes import Note
from pitwall.telemetry import BadInput
from pitwall.ui.corner_curves import CurveBook, LapCurves
from pitwall.ui.picture import Shown

Floats = NDArray[np.float64]
_PIT = (LapKind.PIT, LapKind.IN)


@dataclass(frozen=True, slots=True, eq=False)
class Stint:
    """Everything that the pages are made of.

    Attributes:
        title, session, day: of the session.
        simulated: no real car drove this.
        car: whose stint.
        laps: of the stint, in order.
        best: the stint's best valid lap; None without one.
        reference: the lap it is held against; None without one.
        behind: (metres, seconds behind the reference) of the best lap; None without both.
        track: the line.
        debrief: corners, passages, and what is said.
        advice, bests: of this car; None before they are known.
        own_curves, other_curves: of the two laps; None without them.
        field: ``(car, lap numbers, seconds)`` of every car, for the chart.
        notes: of this car and of the session, within the stint.
        started_us: session clock 0.
    """

    title: str
    session: str
    day: str
    simulated: bool
    car: str
    laps: tuple[Lap, ...]
    best: Lap | None
    reference: Lap | None
    behind: tuple[Floats, Floats] | None
    track: TrackLine
    debrief: Debrief
    advice: Advice | None
    bests: Bests | None
    own_curves: LapCurves | None
    other_curves: LapCurves | None
    field: tuple[tuple[str, tuple[int, ...], tuple[float, ...]], ...]
    notes: tuple[Note, ...]
    started_us: int

    def record(self, lap: Lap | None) -> LapRecord | None:
        """The corners of a lap; None where it was not looked at."""
        return self.debrief.laps.get((lap.car, lap.number)) if lap is not None else None


def stint_of(
    store: SessionStore,
    timing: Timing | None,
    debrief: Debrief | None,
    notes: Sequence[Note],
    car: str | None,
    lap: int | None,
    reference: Lap | None,
) -> Stint:
    """The stint of ``car`` that ``lap`` is in (None: the newest), against ``reference`` (None: the
    session's best). Raises BadInput where there is nothing to report of."""
    found = timing.cars.get(car or "") if timing is not None else None
    if timing is None or found is None or timing.track is None or debrief is None:
        raise BadInput("no report: no car with a whole lap is selected; choose one that has driven")
    laps = _stint(found.laps, lap)
    timed = [one for one in laps if one.valid and one.time_us is not None]
    if not timed:
        raise BadInput(f"no report: car {found.car} has no valid lap in this stint so far")
    best = min(timed, key=lambda one: one.time_us or 0)
    against = reference if reference is not None else timing.best
    if against is not None and (against.car, against.number) == (best.car, best.number):
        others = (c.best for c in timing.cars.values() if c.car != best.car)
        known = [one for one in others if one is not None]
        against = min(known, key=lambda one: one.time_us or 0, default=None)
    curves = CurveBook(store)
    own = curves.of(_shown(best), timing.circuit)
    other = curves.of(_shown(against), timing.circuit)
    behind = delta(own.axis, other.axis) if own is not None and other is not None else None
    session = store.session
    first = min((one.t_start for one in laps), default=0)
    last = max((one.t_end or 0 for one in laps), default=0)
    return Stint(
        session.title,
        session.key,
        session.key[:10],
        session.simulated,
        found.car,
        tuple(laps),
        best,
        against,
        behind,
        timing.track,
        debrief,
        debrief.advice.get(found.car),
        debrief.bests.get(found.car),
        own,
        other,
        tuple(_times(timing, name) for name in timing.order),
        tuple(n for n in notes if n.car in ("", found.car) and first <= n.t_us <= last),
        session.started_us,
    )


def _stint(laps: Sequence[Lap], number: int | None) -> list[Lap]:
    """The finished laps between two stops around lap ``number``; the newest ones with None."""
    stints: list[list[Lap]] = [[]]
    for lap in laps:
        if lap.t_end is None or lap.number < 1:
            continue
        stints[-1].append(lap)
        if lap.kind in _PIT:
            stints.append([])
    for stint in stints:
        if number is not None and any(lap.number == number for lap in stint):
            return stint
    timed = [s for s in stints if any(lap.valid for lap in s)]
    return timed[-1] if timed else stints[-1]


def _shown(lap: Lap | None) -> Shown | None:
    return Shown(lap, lap.t_end, False) if lap is not None and lap.t_end is not None else None


def _times(timing: Timing, car: str) -> tuple[str, tuple[int, ...], tuple[float, ...]]:
    laps = [lap for lap in timing.cars[car].laps if lap.time_us is not None and lap.number > 0]
    return car, tuple(lap.number for lap in laps), tuple((lap.time_us or 0) / 1e6 for lap in laps)
