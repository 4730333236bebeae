"""The debrief: corners of every lap, best parts, and what there is to say to each driver.

Kept up to date while a session runs, at the cost of the laps that are new. Everything comes from
the store and the timing by pure functions, so that it may run on a thread of its own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis.coach import MOST_LAPS, Advice, Silence, Stint, advise
from pitwall.analysis.corners import Corner, corners_to_json
from pitwall.analysis.flags import RaceControl, race_control
from pitwall.analysis.laps import Lap, LapKind
from pitwall.analysis.learn import Circuit
from pitwall.analysis.passages import DriverSignals, LapPassages, Measure, passages
from pitwall.analysis.progress import lap_axis
from pitwall.analysis.sectors import Ideal, Rolling, ideal, mini_ends, rolling, split_times
from pitwall.analysis.signals import Floats, Place, Signals
from pitwall.analysis.sources import LapSource
from pitwall.analysis.timing import CarTiming, Timing
from pitwall.store import SessionStore
from pitwall.telemetry import ClockKind
from pitwall.telemetry.official import OFFICIAL_META

SLOW = 1.03
"""A lap this much slower than the median of the quicker half says nothing of driving."""
MINI_DOUBT_S = 0.03
"""Mini-sectors known worse than this say nothing of what is possible: the best of many laps is then
what was measured too short. It is what corners' times scatter by from lap to lap."""
FINE_HZ, FINE_PLACE_M, ROUGH_PLACE_M = 10.0, 0.5, 2.0
"""Places by positions: those that come often are a mean over many."""
CLOSE_US = 1_000_000
"""A car that came to a corner so shortly before is in the way."""


@dataclass(frozen=True, slots=True, eq=False)
class LapRecord:
    """A finished lap: its corners, and its sectors and mini-sectors in seconds, NaN where a bound
    was not seen."""

    passages: LapPassages
    sectors: Floats
    minis: Floats

    @property
    def lap(self) -> Lap:
        """The lap."""
        return self.passages.lap


@dataclass(frozen=True, slots=True)
class Bests:
    """The best of one car's valid laps.

    Attributes:
        sectors: best sectors put together.
        minis: best mini-sectors put together; nothing where their times are not known well enough.
        rolling: the fastest way once round from anywhere; None before there is one, and as above.
        doubt_s: how far off a mini-sector's time usually is, one standard deviation.
    """

    sectors: Ideal
    minis: Ideal
    rolling: Rolling | None
    doubt_s: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Debrief:
    """All of it as of one version of the timing.

    Attributes:
        version: counts up with every change.
        corners: of the track.
        length_m: of the track.
        laps: finished laps by ``(car, number)``.
        bests: by car.
        advice: by car.
    """

    version: int = 0
    corners: tuple[Corner, ...] = ()
    length_m: float = 0.0
    laps: Mapping[tuple[str, int], LapRecord] = field(default_factory=dict)
    bests: Mapping[str, Bests] = field(default_factory=dict)
    advice: Mapping[str, Advice] = field(default_factory=dict)


class DebriefEngine:
    """Makes the :class:`Debrief`. Belongs to one thread.

    Attributes:
        behind: True when the last update left laps for the next one.
    """

    def __init__(self, store: SessionStore) -> None:
        self.behind = False
        self._store = store
        self._signals = DriverSignals.of(store.session.catalog)
        position = Signals.of(store.session.catalog).position
        self._position_hz = position.rate_hz if position is not None else 0.0
        self._circuit: Circuit | None = None
        self._laps: dict[tuple[str, int], LapRecord] = {}
        self._bests: dict[str, Bests] = {}
        self._advice: dict[str, Advice] = {}
        self._judged: dict[str, object] = {}
        self._told: tuple[str | None, RaceControl] | None = None
        self._version = 0

    def update(
        self,
        timing: Timing | None,
        first: Iterable[str] = (),
        budget_s: float = float("inf"),
    ) -> Debrief:
        """The debrief of ``timing``. Laps of the cars in ``first`` come first; after ``budget_s``
        seconds the rest is left."""
        circuit = timing.circuit if timing is not None else None
        if timing is None or circuit is None or circuit.track is None:
            self.behind = False
            return Debrief(self._version)
        if circuit is not self._circuit:
            if not _same_places(self._circuit, circuit):
                self._laps, self._bests, self._advice = {}, {}, {}
            # Corners that only have other names are told anew, not measured anew.
            self._circuit, self._judged = circuit, {}
            self._version += 1
        first = tuple(first)
        changed = self._take(timing, circuit, first, budget_s)
        for car in changed:
            self._bests[car] = self._best(car, circuit)
        # Who is looked at does not wait for all the others' laps; who was in the way of whom, and
        # how the others drive, is known when these are there, and then it is judged again.
        for car in first if self.behind else tuple(timing.cars):
            if car in timing.cars and self._complete(timing.cars[car]):
                changed += [car] if self._judge(timing, car) else []
        if changed:
            self._version += 1
        return Debrief(
            self._version,
            circuit.corners,
            circuit.length_m,
            MappingProxyType(dict(self._laps)),
            MappingProxyType(dict(self._bests)),
            MappingProxyType(dict(self._advice)),
        )

    def advice(self, timing: Timing, car: str, against: str | None = None) -> Advice:
        """What can be said to ``car``, beside ``against``; None takes the car that is quickest."""
        if self._store.session.clock is ClockKind.RECONSTRUCTED:
            reason = (
                "times are reconstructed from receipt: the time of a corner is not known to "
                "better than some tenths"
            )
            return Advice(car, -1, (), silences=(Silence(reason),))
        circuit = self._circuit
        if circuit is None or car not in timing.cars:
            return Advice(car, -1, (), silences=(Silence("no line is known so far"),))
        if not circuit.corners:
            return Advice(car, -1, (), silences=(Silence("no corners are known"),))
        own = self._stint(timing.cars[car])
        rival = against if against is not None else _rival(timing, car)
        beside = timing.cars.get(rival) if rival is not None else None
        other = self._stint(beside) if beside is not None else None
        return advise(circuit.corners, own, other)

    # -- laps ---------------------------------------------------------------------------

    def _take(
        self, timing: Timing, circuit: Circuit, first: Iterable[str], budget_s: float
    ) -> list[str]:
        """Work out laps that are new or another than before; the cars that they are of."""
        until = time.perf_counter() + budget_s
        wanted = dict.fromkeys([*(c for c in first if c in timing.cars), *timing.order])
        changed: dict[str, None] = {}
        self.behind = False
        minis = mini_ends(circuit.length_m)
        for car in wanted:
            for lap in reversed(timing.cars[car].laps):
                if not _counts(lap):
                    continue
                known = self._laps.get((car, lap.number))
                if known is not None and known.lap == lap:
                    continue
                if time.perf_counter() > until:
                    self.behind = True
                    return list(changed)
                self._laps[car, lap.number] = self._record(lap, circuit, minis)
                changed[car] = None
        return list(changed)

    def _record(self, lap: Lap, circuit: Circuit, minis: tuple[float, ...]) -> LapRecord:
        track = circuit.track
        assert track is not None
        axis = lap_axis(self._store, lap.car, lap, circuit)
        length = circuit.length_m
        return LapRecord(
            passages(self._store, self._signals, lap, axis, circuit.corners, length),
            split_times(axis, track.sector_ends, length),
            split_times(axis, minis, length),
        )

    def _best(self, car: str, circuit: Circuit) -> Bests:
        records = sorted(
            (r for (c, _), r in self._laps.items() if c == car and r.lap.valid),
            key=lambda r: r.lap.number,
        )
        sectors = [(r.lap, r.sectors) for r in records]
        minis = [(r.lap, r.minis) for r in records]
        doubt = self._doubt(records, circuit)
        if doubt > MINI_DOUBT_S:
            return Bests(ideal(sectors), Ideal(None, ()), None, doubt)
        return Bests(ideal(sectors), ideal(minis), rolling(minis, circuit.length_m), doubt)

    def _doubt(self, records: Sequence[LapRecord], circuit: Circuit) -> float:
        """How far off the time of a mini-sector is, by the places of its two ends, seconds."""
        quick = min((r.lap.time_us for r in records if r.lap.time_us), default=0) / 1e6
        metres = place_doubt_m(circuit, self._position_hz)
        if self._store.session.clock is ClockKind.RECONSTRUCTED:
            metres = max(metres, ROUGH_PLACE_M)
        return math.sqrt(2) * metres * quick / circuit.length_m

    # -- advice -------------------------------------------------------------------------

    def _complete(self, car: CarTiming) -> bool:
        """Whether the newest finished lap has been looked at."""
        done = [lap for lap in car.laps if _counts(lap)]
        return not done or (car.car, done[-1].number) in self._laps

    def _judge(self, timing: Timing, car: str) -> bool:
        """Say anew what there is to say, where there is more to say it from; True if so."""
        laps = tuple(lap for lap in timing.cars[car].laps if (car, lap.number) in self._laps)
        state = (laps, self.behind)
        if self._judged.get(car) == state:
            return False
        self._judged[car] = state
        before = self._advice.get(car)
        self._advice[car] = self.advice(timing, car)
        return self._advice[car] != before

    def _stint(self, car: CarTiming) -> Stint:
        """The laps that are judged: of the stint that is driven, when there are enough of them."""
        laps = clean_laps(car.laps, self._control())
        records = [self._laps[lap.car, lap.number] for lap in laps if self._has(lap)]
        chosen = tuple(r.passages for r in records[-MOST_LAPS:])
        return Stint(car.car, chosen, self._held_up(car.car, chosen), self._spacing(chosen))

    def _control(self) -> RaceControl:
        """What official timing says, read again when it is another one."""
        text = self._store.meta(OFFICIAL_META)
        if self._told is None or self._told[0] != text:
            self._told = (text, race_control(self._store))
        return self._told[1]

    def _has(self, lap: Lap) -> bool:
        return (lap.car, lap.number) in self._laps

    def _held_up(self, car: str, laps: Sequence[LapPassages]) -> NDArray[np.bool_]:
        """Where another car came to the corner shortly before this one, bool[laps, corners]."""
        corners = len(self._circuit.corners) if self._circuit is not None else 0
        held = np.zeros((len(laps), corners), np.bool_)
        if not laps:
            return held
        others = [r.passages.at_us[:-1] for (c, _), r in self._laps.items() if c != car]
        if not others:
            return held
        there = np.sort(np.array(others), axis=0)
        for k in range(corners):
            own = np.array([lap.at_us[k] for lap in laps])
            i = np.searchsorted(there[:, k], own) - 1
            before = np.where(i >= 0, there[np.maximum(i, 0), k], 0)
            held[:, k] = own - before < CLOSE_US
        return held

    def _spacing(self, laps: Sequence[LapPassages]) -> dict[Measure, float]:
        """Metres between samples of each channel at the highest speed driven."""
        if not laps:
            return {}
        fastest = float(np.nanmax([np.nan_to_num(lap.of(Measure.ENTRY)).max() for lap in laps]))
        out = {}
        places: tuple[tuple[Measure, Place | None], ...] = (
            (Measure.BRAKE, self._signals.brake),
            (Measure.THROTTLE, self._signals.throttle),
            (Measure.MINIMUM, self._signals.speed),
        )
        for measure, place in places:
            every = [s for lap in laps[-3:] if (s := self._every_s(lap.lap, place)) is not None]
            if every:
                out[measure] = float(np.median(every)) * fastest
        return out

    def _every_s(self, lap: Lap, place: Place | None) -> float | None:
        """Median time between samples on a lap; None without any."""
        columns = self._store.columns(lap.car, place.group) if place is not None else None
        if columns is None or lap.t_end is None:
            return None
        t = columns.span(lap.t_start, lap.t_end).t
        return float(np.median(np.diff(t))) / 1e6 if len(t) > 2 else None


def _same_places(before: Circuit | None, now: Circuit) -> bool:
    """Whether two circuits are one, but for what its corners are called."""
    if before is None or before.track is not now.track or before.length_m != now.length_m:
        return False
    places = [tuple(replace(c, name="") for c in one.corners) for one in (before, now)]
    return corners_to_json(places[0]) == corners_to_json(places[1])


def place_doubt_m(circuit: Circuit, position_hz: float) -> float:
    """How far off the place of a car on the lap usually is, metres: by lap distance half of what
    its end differs by, since it is right at its beginning; by positions what single ones are off
    where no others are near."""
    if circuit.source is LapSource.DISTANCE and math.isfinite(circuit.end_spread_m):
        return circuit.end_spread_m / 2
    return FINE_PLACE_M if position_hz >= FINE_HZ else ROUGH_PLACE_M


def _counts(lap: Lap) -> bool:
    """Whether a lap has a begin and an end that were seen."""
    return lap.t_end is not None and lap.time_us is not None and lap.start_known


def clean_laps(laps: Sequence[Lap], control: RaceControl | None = None) -> list[Lap]:
    """Laps that say how somebody drives: whole, flying, at racing pace, on a free track; those of
    the newest stint when it has twelve or more."""
    stints: list[list[Lap]] = [[]]
    for lap in laps:
        if lap.kind in (LapKind.PIT, LapKind.IN, LapKind.OUT):
            stints.append([])
        elif lap.valid and lap.kind is LapKind.FLYING and not (control and control.word(lap)):
            stints[-1].append(lap)
    every = [lap for stint in stints for lap in stint]
    if not every:
        return []
    times = np.sort([lap.time_us or 0 for lap in every])
    pace = float(np.median(times[: (len(times) + 1) // 2]))
    quick = [[lap for lap in s if (lap.time_us or 0) <= SLOW * pace] for s in stints]
    newest = next((s for s in reversed(quick) if s), [])
    return newest if len(newest) >= 12 else [lap for stint in quick for lap in stint]


def _rival(timing: Timing, car: str) -> str | None:
    """The car with the best lap of all others."""
    best: tuple[int, str] | None = None
    for other, at in timing.cars.items():
        if other == car or at.best is None or at.best.time_us is None:
            continue
        if best is None or at.best.time_us < best[0]:
            best = (at.best.time_us, other)
    return best[1] if best is not None else None
