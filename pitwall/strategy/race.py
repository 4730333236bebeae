"""A race as numbers: laps, tyres, fuel, stops; exact times without chance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pitwall.telemetry import BadInput

Floats = NDArray[np.float64]
MAX_LAPS = 2_000


@dataclass(frozen=True, slots=True)
class Compound:
    """A tyre: seconds that it adds to a lap at an age of so many laps.

    Attributes:
        base_s: on a new tyre.
        per_lap_s: for each lap of age, where wear is even.
        log_s, log_rate: ``log_s * ln(log_rate * age + 1)``, where wear slows down.
    """

    base_s: float = 0.0
    per_lap_s: float = 0.0
    log_s: float = 0.0
    log_rate: float = 0.0

    def loss(self, age: Floats | float) -> Floats:
        """Seconds at each age."""
        a = np.asarray(age, np.float64)
        out = self.base_s + self.per_lap_s * a
        if self.log_s:
            out = out + self.log_s * np.log1p(self.log_rate * a)
        return np.asarray(out, np.float64)


@dataclass(frozen=True, slots=True)
class PitLoss:
    """Seconds that a stop costs beside the standing: on the lap into the lane, and the lap out."""

    into_s: float
    out_s: float


def _no_compounds() -> Mapping[str, Compound]:
    return MappingProxyType({"": Compound()})


@dataclass(frozen=True, slots=True)
class Race:
    """What a race is made of, for one car.

    Attributes:
        laps: length.
        base_s: a lap without fuel on tyres that cost nothing.
        per_kg_s: for each kilogramme of fuel at the lap's start.
        fuel_kg: at the start of the race.
        per_lap_kg: burnt in each lap.
        compounds: tyres by name.
        cold_s: on the first lap of each set.
        first_lap_s: lost from the standing start, with what the place on the grid costs.
        stand_s: standing in the box for tyres.
        per_kg_stand_s: standing for each kilogramme of fuel taken on.
        green, slow, safety: pit loss in green, under a full-course yellow, behind a safety car.
        slow_x, safety_x: how much longer a lap is then.
    """

    laps: int
    base_s: float
    per_kg_s: float = 0.0
    fuel_kg: float = 0.0
    per_lap_kg: float = 0.0
    compounds: Mapping[str, Compound] = field(default_factory=_no_compounds)
    cold_s: float = 0.0
    first_lap_s: float = 0.0
    stand_s: float = 3.0
    per_kg_stand_s: float = 0.0
    green: PitLoss = PitLoss(2.0, 16.5)
    slow: PitLoss = PitLoss(0.8, 12.6)
    safety: PitLoss = PitLoss(0.0, 10.5)
    slow_x: float = 1.4
    safety_x: float = 1.6

    def __post_init__(self) -> None:
        if not 1 <= self.laps <= MAX_LAPS:
            raise BadInput(f"race: {self.laps} laps; a race has 1 to {MAX_LAPS}")
        if not 1.0 <= self.base_s <= 3600.0:
            raise BadInput(f"race: a lap of {self.base_s} s is none")
        if not self.compounds:
            raise BadInput("race: no tyre")


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop at the end of lap ``lap``: the tyres that go on, and fuel."""

    lap: int
    compound: str
    fuel_kg: float = 0.0


@dataclass(frozen=True, slots=True)
class Strategy:
    """The tyres of the start and the stops, in order of lap.

    Attributes:
        start: compound at the start, or on the car now.
        stops: none, one or several.
        age: laps that the tyres of the start have done already.
    """

    start: str
    stops: tuple[Stop, ...] = ()
    age: float = 0.0

    def named(self) -> str:
        """As one says it: ``A5, lap 23 A4``."""
        return ", ".join([self.start, *(f"lap {s.lap} {s.compound}".strip() for s in self.stops)])


def check(race: Race, strategy: Strategy) -> None:
    """Raises BadInput for a strategy that this race does not allow."""
    laps = [s.lap for s in strategy.stops]
    if laps != sorted(set(laps)) or any(not 0 < lap < race.laps for lap in laps):
        raise BadInput(f"strategy {strategy.named()!r}: stops must rise, within 1..{race.laps - 1}")
    for name in (strategy.start, *(s.compound for s in strategy.stops)):
        if name not in race.compounds:
            known = ", ".join(sorted(race.compounds))
            raise BadInput(f"strategy {strategy.named()!r}: no tyre {name!r}; there are {known}")


def lap_parts(race: Race, strategy: Strategy) -> tuple[Floats, Floats]:
    """Times of all laps without chance and without stops, float64[laps], and the fuel at their
    starts. Raises BadInput as :func:`check`."""
    check(race, strategy)
    n = race.laps
    fuel = race.fuel_kg - race.per_lap_kg * np.arange(n, dtype=np.float64)
    tyres = np.empty(n)
    edges = [0, *(s.lap for s in strategy.stops), n]
    names = [strategy.start, *(s.compound for s in strategy.stops)]
    ages = [strategy.age, *[0.0] * len(strategy.stops)]
    for a, b, name, age in zip(edges[:-1], edges[1:], names, ages, strict=True):
        tyres[a:b] = race.compounds[name].loss(age + np.arange(b - a, dtype=np.float64))
        if age == 0.0:
            tyres[a] += race.cold_s
    for stop in strategy.stops:
        fuel[stop.lap :] += stop.fuel_kg
    times = race.base_s + race.per_kg_s * np.maximum(fuel, 0.0) + tyres
    times[0] += race.first_lap_s
    return times, fuel


def lap_times(race: Race, strategy: Strategy) -> Floats:
    """Times of all laps without chance, float64[laps], in green. Raises BadInput as
    :func:`check`."""
    times, _ = lap_parts(race, strategy)
    for stop in strategy.stops:
        # the line is crossed before the box: the standing is on the lap out
        times[stop.lap - 1] += race.green.into_s
        times[stop.lap] += race.green.out_s + stand_s(race, stop)
    return times


def stand_s(race: Race, stop: Stop) -> float:
    """How long the car stands: tyres and fuel go at once."""
    return max(race.stand_s, race.per_kg_stand_s * stop.fuel_kg)


def race_time(race: Race, strategy: Strategy) -> float:
    """The whole race without chance, s."""
    return math.fsum(lap_times(race, strategy).tolist())


def best_stop(race: Race, start: str, then: str) -> tuple[int, Floats]:
    """The best lap of a single stop, and the race times of all laps 1 .. laps - 1, float64."""
    times = np.array(
        [race_time(race, Strategy(start, (Stop(lap, then),))) for lap in range(1, race.laps)]
    )
    return int(np.argmin(np.round(times, 9))) + 1, times
