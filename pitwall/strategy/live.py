"""The race as it stands: from the timing of a recording to the window of the next stop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pitwall.analysis import Lap, LapKind, Timing
from pitwall.store import SessionStore
from pitwall.strategy.cautions import NONE, CautionModel
from pitwall.strategy.fuel import FuelToEnd, fuel_to_end
from pitwall.strategy.montecarlo import SEED, Chances
from pitwall.strategy.race import Compound, PitLoss, Race, Strategy
from pitwall.strategy.refit import Burn, Pace, RacedLap, burn_of, refit
from pitwall.strategy.rivals import Duel, duel
from pitwall.strategy.window import Window, pit_window
from pitwall.telemetry import BadInput

RACING = 1.05
"""A lap that takes this much longer than the middle one was not driven at racing speed."""
PER_KG_S = 0.03
COLD_S = 1.0
_FUEL = ("fuel", "fuel_mass", "fuel_level")
_LITRES = {"l": 0.75, "L": 0.75}
_SLOW, _SAFETY = 0.72, 0.57
"""Pit loss under a full-course yellow and behind a safety car, as parts of that in green."""
_DUELS = 4
_NEAR_S = 30.0


@dataclass(frozen=True, slots=True)
class Situation:
    """One car's race at its newest finished lap.

    Attributes:
        car: which.
        lap: laps done.
        left: laps still to drive.
        age: laps on its tyres.
        stops: how often it has stopped.
        pace: what is known of its pace; None for too few laps.
        burn: of its fuel; None where it is not measured.
        fuel_kg: on board, NaN where it is not measured.
        green: pit loss as this race's stops show it, standing included.
        green_stops: on how many stops that rests; 0 is an assumption.
        laps: its laps, for charts.
    """

    car: str
    lap: int
    left: int
    age: int
    stops: int
    pace: Pace | None
    burn: Burn | None
    fuel_kg: float
    green: PitLoss
    green_stops: int
    laps: tuple[RacedLap, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows for it.

    Attributes:
        situation: on what it rests.
        window: of the next stop; None when none is needed or possible, ``reason`` says why.
        fuel: to the end; None where fuel is not measured.
        duels: the rivals within half a minute, nearest first; none when no stop is to come.
        cautions: which model of them.
        reason: why there is no window; empty with one.
        notes: what is assumed, a line each.
        total: the race's laps as they were given; None when the session's time told them.
        must_stop: whether it was made for rules that ask for a stop.
    """

    situation: Situation
    window: Window | None
    fuel: FuelToEnd | None
    duels: tuple[Duel, ...]
    cautions: CautionModel
    reason: str
    notes: tuple[str, ...]
    total: int | None = None
    must_stop: bool = False

    def answers(self, cautions: str, total: int | None, *, must_stop: bool) -> bool:
        """Whether it was made for this model of cautions, length and rule."""
        return (self.cautions.key, self.total, self.must_stop) == (cautions, total, must_stop)


def situation(store: SessionStore, timing: Timing, car: str, total: int | None = None) -> Situation:
    """A car's race at its newest finished lap. ``total`` is the race's length in laps; None takes
    it from the session's planned time. Raises BadInput when the car has no laps, or the length is
    not known."""
    if car not in timing.cars:
        raise BadInput(f"car {car}: no laps in this recording (cars: {', '.join(timing.cars)})")
    laps = raced_laps(store, timing, car)
    if not laps:
        raise BadInput(f"car {car}: no finished lap yet")
    lap = laps[-1].lap
    counted = [x.time_s for x in laps if x.counts]
    middle = float(np.median(counted)) if counted else laps[-1].time_s
    if total is None:
        total = _length(store, timing, car, middle, lap)
    left = max(total - lap, 0)
    green, stops = pit_loss(timing)
    own = [x for x in timing.cars[car].laps if x.kind in (LapKind.OUT, LapKind.PIT)]
    since = [x.number for x in own if x.number <= lap]
    try:
        pace = refit(laps, PER_KG_S)
    except BadInput:
        pace = None
    fuel = _fuel_at(store, car, timing.cars[car].laps)
    began = since[-1] if since else laps[0].lap
    # the way out of the garage to the grid is no stop
    made = sum(number > laps[0].lap for number in since)
    return Situation(
        car, lap, left, lap - began + 1, made, pace, burn_of(laps), fuel, green, stops, laps
    )


def plan(
    store: SessionStore,
    timing: Timing,
    car: str,
    cautions: CautionModel = NONE,
    total: int | None = None,
    *,
    must_stop: bool = False,
    seed: int = SEED,
) -> Plan:
    """Window, fuel and duels of a car as of its newest lap. ``must_stop``: the rules ask for a stop
    that the car has not made. Raises BadInput as :func:`situation`."""
    here = situation(store, timing, car, total)
    asked_stop, must_stop = must_stop, must_stop and not here.stops
    notes = []
    if here.green_stops == 0:
        notes.append("pit loss is assumed: nobody has stopped yet")
    if cautions.assumed:
        notes.append(f"the frequency of cautions ({cautions.title}) is assumed, not counted")
    lap_m = timing.circuit.length_m if timing.circuit is not None else 5000.0
    of = here.lap + here.left
    fuel = None
    if here.burn is not None and math.isfinite(here.fuel_kg) and here.left:
        fuel = fuel_to_end(here.fuel_kg, here.left, here.burn, cautions, of=of, lap_m=lap_m)
    elif here.burn is None:
        notes.append("fuel is not measured: it is not part of this")
    if here.pace is not None and not here.pace.seen:
        notes.append("tyre wear is not seen in these laps yet: it is what was believed before")
    window, reason = None, ""
    if here.pace is None:
        reason = "too few laps at racing speed to know the pace"
    elif here.left < 2:
        reason = "no lap is left to stop on"
    if not reason and here.pace is not None:
        race = _rest(here, here.pace)
        chances = Chances(cautions, here.pace.lap_sd_s, 0.4, here.pace.wear_sd, lap_m, here.lap, of)
        dry = fuel is not None and fuel.reaches_laps < here.left
        latest = fuel.reaches_laps if fuel is not None and dry else None
        if latest is not None and latest < 1:
            reason = "the tank does not reach another lap"
        else:
            now = Strategy("now", (), float(here.age))
            stay = not must_stop and not dry
            window = pit_window(
                race, now, ["new"], chances, may_stay_out=stay, latest=latest, seed=seed
            )
            if window.first is None:
                reason = "not stopping again is faster than stopping on any lap"
    return Plan(
        here,
        window,
        fuel,
        _duels(store, timing, here, total) if not reason else (),
        cautions,
        reason,
        tuple(notes),
        total,
        asked_stop,
    )


def raced_laps(store: SessionStore, timing: Timing, car: str) -> tuple[RacedLap, ...]:
    """A car's finished laps as the filter wants them."""
    laps = [x for x in timing.cars[car].laps if x.time_us is not None and x.t_end is not None]
    good = [x for x in laps if x.valid and x.kind is LapKind.FLYING]
    middle = float(np.median([x.time_us or 0 for x in good])) if good else 0.0
    out = []
    began = laps[0].number if laps else 0
    for x in laps:
        if x.kind in (LapKind.OUT, LapKind.PIT):
            began = x.number
        racing = x in good and (x.time_us or 0) <= RACING * middle
        age = x.number - began
        fuel = _fuel_near(store, car, x.t_start)
        out.append(RacedLap(x.number, (x.time_us or 0) / 1e6, age, fuel, racing))
    return tuple(out)


def pit_loss(timing: Timing) -> tuple[PitLoss, int]:
    """What stops have cost in this race so far, standing included: the middle of all of them; and
    how many there were. Without one what is usual."""
    into, away = [], []
    for of in timing.cars.values():
        good = [x.time_us for x in of.laps if x.valid and x.kind is LapKind.FLYING and x.time_us]
        if len(good) < 3:
            continue
        middle = float(np.median(good))
        for a, b in zip(of.laps[:-1], of.laps[1:], strict=True):
            stopped = a.kind is LapKind.IN and b.kind is LapKind.OUT and b.number == a.number + 1
            if stopped and a.time_us is not None and b.time_us is not None:
                into.append((a.time_us - middle) / 1e6)
                away.append((b.time_us - middle) / 1e6)
    if not into:
        return PitLoss(2.0, 19.5), 0
    return PitLoss(float(np.median(into)), float(np.median(away))), len(into)


def _rest(here: Situation, pace: Pace) -> Race:
    """What is left of the race, for a car that takes new tyres like those it had."""
    tyre = Compound(0.0, max(pace.wear_s, 0.0))
    burn = here.burn.per_lap_kg if here.burn is not None else 0.0
    fuel = here.fuel_kg if math.isfinite(here.fuel_kg) else 0.0
    base = pace.base_s - pace.per_kg_s * pace.fuel_kg
    loss = here.green
    return Race(
        laps=here.left,
        base_s=base,
        per_kg_s=pace.per_kg_s,
        fuel_kg=fuel,
        per_lap_kg=burn,
        compounds={"now": tyre, "new": tyre},
        cold_s=0.0 if here.green_stops else COLD_S,  # stops that were seen have it in them
        stand_s=0.0,
        green=loss,
        slow=PitLoss(loss.into_s * _SLOW, loss.out_s * _SLOW),
        safety=PitLoss(loss.into_s * _SAFETY, loss.out_s * _SAFETY),
    )


def _length(store: SessionStore, timing: Timing, car: str, lap_s: float, lap: int) -> int:
    planned = store.session.length_s
    if not planned:
        raise BadInput(
            "the length of the race is not known: give it in laps (Race length; --laps N)"
        )
    ends = [x.t_end for x in timing.cars[car].laps if x.t_end is not None]
    elapsed = (ends[-1] - store.session.started_us) / 1e6
    if elapsed >= planned:
        return lap
    return lap + math.ceil((planned - elapsed) / lap_s)


def _fuel_at(store: SessionStore, car: str, laps: Sequence[Lap]) -> float:
    """Fuel at the end of the newest finished lap."""
    ends = [x.t_end for x in laps if x.t_end is not None]
    return _fuel_near(store, car, ends[-1]) if ends else float("nan")


def _fuel_near(store: SessionStore, car: str, t_us: int) -> float:
    for group in store.session.catalog.groups:
        for row, channel in enumerate(group.channels):
            if channel.name not in _FUEL:
                continue
            columns = store.columns(car, group.name)
            if columns is None:
                return float("nan")
            values = columns.span(t_us - 2_000_000, t_us + 2_000_000).values[row]
            values = values[np.isfinite(values)]
            if not len(values):
                return float("nan")
            return float(np.median(values)) * _LITRES.get(channel.unit, 1.0)
    return float("nan")


def _duels(
    store: SessionStore, timing: Timing, here: Situation, total: int | None
) -> tuple[Duel, ...]:
    """The nearest rivals by the newest crossings of the line of the same lap."""
    if here.pace is None or here.left < 3:
        return ()
    ours = {x.number: x.t_end for x in timing.cars[here.car].laps if x.t_end is not None}
    mine = ours.get(here.lap)
    found = []
    for car, of in timing.cars.items():
        theirs = {x.number: x.t_end for x in of.laps if x.t_end is not None}
        at = theirs.get(here.lap)
        if car == here.car or at is None or mine is None:
            continue
        gap = (mine - at) / 1e6
        if abs(gap) > _NEAR_S:
            continue
        try:
            other = situation(store, timing, car, total)
        except BadInput:
            continue
        if other.pace is None:
            continue
        race = _rest(here, here.pace)
        found.append(duel(race, here.pace, here.age, other.pace, other.age, car, gap))
    return tuple(sorted(found, key=lambda d: abs(d.gap_s))[:_DUELS])
