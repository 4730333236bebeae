"""Many races of many strategies at once, under the same chances, so that they can be compared.

All that chance does is drawn once for each race (cautions, the driver's laps, standing times, how
fast the tyres wear) and put on every strategy alike: the differences between strategies are known
far better than the times. Sums over laps are products of matrices: a race costs no loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pitwall.strategy.cautions import (
    GREEN,
    NONE,
    SAFETY,
    CautionModel,
    Cautions,
    draw_cautions,
)
from pitwall.strategy.race import Floats, Race, Strategy, lap_parts, stand_s
from pitwall.telemetry import BadInput

SEED = 20_190_630
_AT_ONCE = 4096
_STAND_SHAPE = 4.0
SLOW_BURN, SAFETY_BURN = 0.5, 0.25
"""Fuel and tyre wear of a lap under caution beside a free one."""


@dataclass(frozen=True, slots=True)
class Chances:
    """What chance does.

    Attributes:
        cautions: how they come.
        lap_sd_s: scatter of the driver's laps.
        stand_sd_s: spread of the standing time: it is never much shorter, but can be much longer.
        wear_sd_s: how well the tyres' wear is known, s for each lap of age.
        lap_m: length of a lap.
        first: lap index (from 0) of the race's first lap in a race that has been running.
        of: the whole race's laps, when it has been running; 0 for the race's own.
    """

    cautions: CautionModel = NONE
    lap_sd_s: float = 0.5
    stand_sd_s: float = 0.4
    wear_sd_s: float = 0.0
    lap_m: float = 5000.0
    first: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Race times float64[strategies, races], each column under the same chances."""

    strategies: tuple[Strategy, ...]
    times: Floats

    def mean(self) -> Floats:
        """Expected time of each, float64[strategies]."""
        return np.asarray(self.times.mean(axis=1))

    def best(self) -> int:
        """Index of the strategy with the least expected time."""
        return int(np.argmin(self.mean()))

    def p_best(self) -> Floats:
        """How often each is the fastest, float64[strategies]; equals share."""
        least = self.times.min(axis=0)
        fastest = self.times <= least + 1e-9
        return np.asarray((fastest / fastest.sum(axis=0)).mean(axis=1))

    def loss(self, k: int, against: int) -> tuple[float, float, float]:
        """Seconds that ``k`` loses on ``against`` in the same races: mean, 10 % and 90 %."""
        off = self.times[k] - self.times[against]
        low, high = np.quantile(off, [0.1, 0.9])
        return float(off.mean()), float(low), float(high)


def run_races(
    race: Race,
    strategies: Sequence[Strategy],
    chances: Chances | None = None,
    races: int = 2000,
    seed: int = SEED,
    cautions: Cautions | None = None,
) -> Outcomes:
    """Times of all strategies in ``races`` races. The same seed gives the same races; given
    ``cautions`` (of as many races) take the place of drawn ones.

    Under a caution every lap takes what a lap of the field takes then, whatever the tyres; they
    wear less, which is taken to first order of the wear. Raises BadInput for no strategy, or one
    that the race does not allow.
    """
    if not strategies or races < 1:
        raise BadInput("strategy: needs a strategy and a race to run")
    given = Chances() if chances is None else chances
    rng = np.random.default_rng(seed)
    parts = [_Table.of(race, s) for s in strategies]
    out = np.empty((len(strategies), races))
    for lo in range(0, races, _AT_ONCE):
        hi = min(lo + _AT_ONCE, races)
        drawn = (
            draw_cautions(
                given.cautions,
                given.of or race.laps,
                hi - lo,
                rng,
                lap_m=given.lap_m,
                first=given.first,
            ).status
            if cautions is None
            else cautions.status[:, lo:hi]
        )
        if len(drawn) != race.laps:
            raise BadInput(f"cautions of {len(drawn)} laps do not fit a race of {race.laps}")
        out[:, lo:hi] = _portion(race, parts, given, drawn, rng)
    return Outcomes(tuple(strategies), out)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """One strategy's sums: what of it meets chance."""

    laps: Floats
    wear: Floats
    age: Floats
    stops: tuple[int, ...]
    stands: tuple[float, ...]

    @staticmethod
    def of(race: Race, s: Strategy) -> _Table:
        laps, _ = lap_parts(race, s)
        edges = [0, *(stop.lap for stop in s.stops), race.laps]
        names = [s.start, *(stop.compound for stop in s.stops)]
        wear, age = np.empty(race.laps), np.empty(race.laps)
        for i, (a, b, name) in enumerate(zip(edges[:-1], edges[1:], names, strict=True)):
            ages = (s.age if i == 0 else 0.0) + np.arange(b - a, dtype=np.float64)
            tyre = race.compounds[name]
            age[a:b] = ages
            wear[a:b] = tyre.per_lap_s + tyre.log_s * tyre.log_rate / (tyre.log_rate * ages + 1)
        return _Table(
            laps,
            wear,
            age,
            tuple(stop.lap for stop in s.stops),
            tuple(stand_s(race, stop) for stop in s.stops),
        )


def _portion(
    race: Race,
    parts: Sequence[_Table],
    chances: Chances,
    status: np.ndarray,
    rng: np.random.Generator,
) -> Floats:
    count = status.shape[1]
    free = (status == GREEN).astype(np.float64)
    slow_lap = race.base_s + race.per_kg_s * race.fuel_kg / 2
    out = np.stack([p.laps for p in parts]) @ free
    if not free.all():
        longer = np.where(status == SAFETY, race.safety_x, race.slow_x) * (1.0 - free)
        out += slow_lap * longer.sum(axis=0)
        share = np.where(status == SAFETY, SAFETY_BURN, SLOW_BURN)
        saved = np.zeros((race.laps + 1, count))
        np.cumsum((1.0 - share) * (1.0 - free), axis=0, out=saved[1:])
        spared = free * saved[:-1]
        out -= np.stack([p.wear for p in parts]) @ spared
        out -= race.per_kg_s * race.per_lap_kg * spared.sum(axis=0)
        out += _since_stops(race, parts, free, saved)
    if chances.wear_sd_s:
        dev = chances.wear_sd_s * rng.standard_normal(count)
        out += (np.stack([p.age for p in parts]) @ free) * dev
    out += chances.lap_sd_s * np.sqrt(free.sum(axis=0)) * rng.standard_normal(count)
    most = max((len(p.stops) for p in parts), default=0)
    stand = _stand_noise(chances.stand_sd_s, (most, count), rng)
    # what a lap into and out of the lane costs, by what the lap is: green, slow, safety
    into = np.array([race.green.into_s, race.slow.into_s, race.safety.into_s])
    away = np.array([race.green.out_s, race.slow.out_s, race.safety.out_s])
    for row, p in zip(out, parts, strict=True):
        for k, (lap, standing) in enumerate(zip(p.stops, p.stands, strict=True)):
            row += into[status[lap - 1]] + away[status[lap]] + standing + stand[k]
    return np.asarray(out)


def _since_stops(race: Race, parts: Sequence[_Table], free: Floats, saved: Floats) -> Floats:
    """What laps under caution before a stop had spared is gone with the old tyres."""
    out = np.zeros((len(parts), free.shape[1]))
    most = max((len(p.stops) for p in parts), default=0)
    for k in range(most):
        rows = [i for i, p in enumerate(parts) if len(p.stops) > k]
        masked = np.zeros((len(rows), race.laps))
        at = np.empty(len(rows), np.intp)
        for j, i in enumerate(rows):
            stops = (*parts[i].stops, race.laps)
            masked[j, stops[k] : stops[k + 1]] = parts[i].wear[stops[k] : stops[k + 1]]
            at[j] = stops[k]
        out[rows] += (masked @ free) * saved[at]
    return out


def _stand_noise(sd: float, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """How much longer than planned a stop takes: log-logistic, its median at nothing."""
    u = np.clip(rng.random(shape), 1e-6, 1 - 1e-6)
    spread = (u / (1 - u)) ** (1 / _STAND_SHAPE) - 1.0
    return np.asarray(sd / 0.5 * spread)
