"""The pit window: all laps on which a stop costs next to nothing, and what a caution changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pitwall.strategy.cautions import SAFETY, Cautions, draw_cautions
from pitwall.strategy.montecarlo import SEED, Chances, Outcomes, run_races
from pitwall.strategy.race import Floats, Race, Stop, Strategy
from pitwall.telemetry import BadInput

WITHIN_S = 1.0
AHEAD = 8
"""Laps ahead for which a caution is looked at."""
_CAUTION_LAPS = 4
_RACES = 1000


@dataclass(frozen=True, slots=True)
class LapCost:
    """Stopping at the end of one lap.

    Attributes:
        lap: the lap's number in the race.
        loss_s, lo_s, hi_s: on the best lap, in the same races: mean, 10 % and 90 %.
        p_best: how often it is the best of all.
        inside: whether it is in the window.
    """

    lap: int
    loss_s: float
    lo_s: float
    hi_s: float
    p_best: float
    inside: bool


@dataclass(frozen=True, slots=True)
class CautionCost:
    """A caution that begins on one lap.

    Attributes:
        lap: on which.
        gain_s, lo_s, hi_s: what a stop under it gains on the plan without it: mean, 10 %, 90 %.
        stop: whether to stop: the gain is more than what the window calls nothing.
    """

    lap: int
    gain_s: float
    lo_s: float
    hi_s: float
    stop: bool


@dataclass(frozen=True, slots=True)
class Window:
    """Where to stop.

    Attributes:
        first, last: the window's laps; None when not stopping at all is better than any lap.
        laps: every lap that a stop is possible on.
        stay_out_s: what not stopping again loses on the best lap; below 0 it gains. NaN where the
            fuel or the rules do not allow it.
        tyre: what goes on.
        cautions: for each of the next laps.
    """

    first: int | None
    last: int | None
    laps: tuple[LapCost, ...]
    stay_out_s: float
    tyre: str
    cautions: tuple[CautionCost, ...]


def pit_window(
    race: Race,
    now: Strategy,
    tyres: Sequence[str],
    chances: Chances,
    *,
    may_stay_out: bool = True,
    latest: int | None = None,
    within_s: float = WITHIN_S,
    races: int = _RACES,
    seed: int = SEED,
) -> Window:
    """The window of the next stop in what is left of a race.

    ``race`` holds the laps that are left (its fuel is what is on board), ``now`` the tyres on the
    car with their age, ``tyres`` what may go on, ``latest`` the last lap that the fuel reaches,
    counted as ``race`` counts. Lap numbers in the answer are those of the whole race: ``chances``
    says how many were driven. Raises BadInput when no stop is possible.
    """
    end = min(race.laps - 1, race.laps - 1 if latest is None else latest)
    laps = range(1, end + 1)
    if not laps or not tyres:
        raise BadInput("strategy: there is no lap left to stop on")
    plans = [Strategy(now.start, (Stop(lap, tyre),), now.age) for tyre in tyres for lap in laps]
    stay = Strategy(now.start, (), now.age)
    found = run_races(race, [*plans, stay], chances, races, seed)
    stops = Outcomes(found.strategies[:-1], found.times[:-1])
    best = stops.best()
    tyre = plans[best].stops[0].compound
    mine = [i for i, p in enumerate(plans) if p.stops[0].compound == tyre]
    share = stops.p_best()
    rows = []
    for i in mine:
        loss, low, high = stops.loss(i, best)
        lap = plans[i].stops[0].lap
        rows.append(
            LapCost(chances.first + lap, loss, low, high, float(share[i]), loss <= within_s)
        )
    out_loss = float((found.times[-1] - stops.times[best]).mean()) if may_stay_out else float("nan")
    inside = [r.lap for r in rows if r.inside]
    stops_at_all = not (may_stay_out and out_loss <= 0.0)
    return Window(
        min(inside) if stops_at_all else None,
        max(inside) if stops_at_all else None,
        tuple(rows),
        out_loss,
        tyre,
        _cautions(race, plans, mine, stay if may_stay_out else None, chances, races, seed),
    )


def _cautions(
    race: Race,
    plans: Sequence[Strategy],
    mine: Sequence[int],
    stay: Strategy | None,
    chances: Chances,
    races: int,
    seed: int,
) -> tuple[CautionCost, ...]:
    """A caution on each of the next laps: stopping under it beside the best of not doing so."""
    out = []
    strategies = [plans[i] for i in mine]
    laps = [p.stops[0].lap for p in strategies]
    for lap in laps[:AHEAD]:
        status = _drawn(race, chances, races, seed)
        # a stop at the end of lap `lap` is under the caution when that lap and the next are
        status[: lap - 1] = 0
        status[lap - 1 : lap - 1 + _CAUTION_LAPS] = SAFETY
        given = replace(chances)
        empty = np.zeros((races, 0), np.int64)
        cautions = Cautions(status, np.zeros(races, np.int64), empty, empty)
        others = [p for p in strategies if not lap <= p.stops[0].lap < lap + _CAUTION_LAPS]
        others += [stay] if stay is not None else []
        if not others:
            continue
        under = strategies[laps.index(lap)]
        found = run_races(race, [under, *others], given, races, seed, cautions)
        rest: Floats = found.times[1:]
        off = rest[int(np.argmin(rest.mean(axis=1)))] - found.times[0]
        low, high = np.quantile(off, [0.1, 0.9])
        mean = float(off.mean())
        out.append(CautionCost(chances.first + lap, mean, float(low), float(high), mean > WITHIN_S))
    return tuple(out)


def _drawn(race: Race, chances: Chances, races: int, seed: int) -> np.ndarray:
    """The cautions that may still come after it."""
    rng = np.random.default_rng(seed + 1)
    return draw_cautions(
        chances.cautions,
        chances.of or race.laps,
        races,
        rng,
        lap_m=chances.lap_m,
        first=chances.first,
    ).status.copy()
