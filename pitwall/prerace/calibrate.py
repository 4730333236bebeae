"""Calibration from a recording: from a car's practice laps to a car that the model believes in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pitwall.analysis import Timing, corners_of
from pitwall.prerace.conditions import Conditions
from pitwall.prerace.driven import Use, uses
from pitwall.prerace.envelope import envelope, start_factors
from pitwall.prerace.fit import BRAKING, TRACTION, WITH_DRIVER, Fit, Unknown, fit_car
from pitwall.prerace.grade import with_grade
from pitwall.prerace.lap import simulate
from pitwall.prerace.lap_track import Floats, LapTrack
from pitwall.prerace.line import track_of_line
from pitwall.prerace.phases import corners_of_lap
from pitwall.prerace.practice import FEWEST, PracticeLap, enough, practice_laps
from pitwall.prerace.regression import LapModel, TimedLap, fit_laps
from pitwall.prerace.sheet import Sheet, sheet_at
from pitwall.prerace.straights import Straights, straights
from pitwall.prerace.vehicle import Vehicle, with_values
from pitwall.store import SessionStore
from pitwall.telemetry import BadInput

_KG = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What laps say of a car and its driver.

    Attributes:
        laps: all finished laps, screened.
        track: the lap that they were driven on.
        fit: the whole-lap fit; its car has the fuel of the laps' middle and the driver in it.
        straights: power and drag from the straights; None where they do not tell.
        uses: what the driver uses of the car, by corner and phase.
        lap_model: lap times over fuel, tyre age and setup; None for too few laps.
        seconds_per_kg: what the simulator says of fuel.
        named: corners of the circuit: (name, metres); empty where it is not known.
        sector_rms_s: RMS of measured minus modelled sector times.
        sheet: the sheet that the fitted laps were driven with; None without one.
    """

    laps: tuple[PracticeLap, ...]
    track: LapTrack
    fit: Fit
    straights: Straights | None
    uses: tuple[Use, ...]
    lap_model: LapModel | None
    seconds_per_kg: float
    named: tuple[tuple[str, float], ...]
    sector_rms_s: float
    sheet: Sheet | None

    @property
    def used(self) -> tuple[PracticeLap, ...]:
        """The laps that count."""
        return tuple(lap for lap in self.laps if not lap.dropped)


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """What a calibration needs of a recording: values only, so that it can be worked on elsewhere.

    Attributes:
        car: whose.
        track, named: the lap, and its corners: (name, metres).
        laps: all finished laps, screened.
        started_us: the session's start.
    """

    car: str
    track: LapTrack
    named: tuple[tuple[str, float], ...]
    laps: tuple[PracticeLap, ...]
    started_us: int


def gather(
    store: SessionStore, timing: Timing, car: str, without: Collection[int] = ()
) -> Gathered:
    """Read it from the store. Raises BadInput when the track or the car is not known."""
    if timing.track is None:
        raise BadInput(f"car {car}: no line is known: it takes a whole lap with positions")
    track = track_of_line(timing.track, store.session.key)
    named = tuple((c.name, c.apex_m) for c in corners_of(timing.track))
    laps = practice_laps(store, timing, car, track, without)
    track = with_grade(track, store, car, laps)
    return Gathered(car, track, named, laps, store.session.started_us)


def calibrate(
    gathered: Gathered,
    vehicle: Vehicle,
    conditions: Conditions | None = None,
    *,
    sheets: Sequence[Sheet] = (),
    unknowns: tuple[Unknown, ...] = WITH_DRIVER,
    start: Fit | None = None,
) -> Calibration:
    """Fit ``vehicle`` to a car's laps. Laps of the newest setup sheet that has enough of them are
    fitted (a sheet that was just changed has none yet), all laps are regressed; ``start`` is an
    earlier fit of the same car to begin at, which saves rounds.

    Raises BadInput when too few laps can be used.
    """
    day = Conditions() if conditions is None else conditions
    car, track, named, laps = gathered.car, gathered.track, gathered.named, gathered.laps
    counted = [lap for lap in laps if not lap.dropped]
    newest = _newest(sheets, car, counted)
    fitted = tuple(
        lap for lap in laps if lap.dropped or sheet_at(sheets, car, lap.lap.number) == newest
    )
    speeds = enough(fitted)
    used = [lap for lap in fitted if not lap.dropped]
    fuels = [lap.fuel_kg for lap in used if np.isfinite(lap.fuel_kg)]
    if newest is not None:
        vehicle = newest.set_up(vehicle)
    if fuels:
        vehicle = with_values(vehicle, {"fuel_kg": float(np.median(fuels))})
    rolled = straights(vehicle, track, used, day) if vehicle.engine is not None else None
    fit = fit_car(vehicle, track, speeds, day, unknowns, _start(vehicle, track, speeds, day, start))
    s_per_kg = _seconds_per_kg(fit.car, track, day)
    return Calibration(
        laps=laps,
        track=track,
        fit=fit,
        straights=rolled,
        uses=_uses(fit, track, day, named, speeds),
        lap_model=_regress(gathered.started_us, car, counted, sheets, s_per_kg),
        seconds_per_kg=s_per_kg,
        named=named,
        sector_rms_s=_sector_rms(fit, track),
        sheet=newest,
    )


def _newest(sheets: Sequence[Sheet], car: str, counted: Sequence[PracticeLap]) -> Sheet | None:
    """The newest sheet with enough laps, of those for the newest one's vehicle; the newest of all
    when none has."""
    driven = [sheet_at(sheets, car, lap.lap.number) for lap in reversed(counted)]
    newest = driven[0] if driven else None
    for sheet in driven:
        same = sheet is newest or (sheet and newest and sheet.same_vehicle(newest))
        if same and driven.count(sheet) >= FEWEST:
            return sheet
    return newest


def _start(
    vehicle: Vehicle, track: LapTrack, speeds: Sequence[Floats], day: Conditions, start: Fit | None
) -> dict[str, float]:
    if start is not None:
        names = [u.name for u in start.unknowns]
        return dict(zip(names, start.factors.tolist(), strict=True))
    modelled = simulate([vehicle], track, day).speed_ms[:, 0]
    return start_factors(envelope(track, speeds), envelope(track, [modelled]))


def possible(fit: Fit) -> Vehicle:
    """The fitted car with a driver who uses all of it."""
    return with_values(fit.car, {BRAKING.paths[0]: 1.0, TRACTION.paths[0]: 1.0})


def _uses(
    fit: Fit,
    track: LapTrack,
    day: Conditions,
    named: tuple[tuple[str, float], ...],
    speeds: Sequence[Floats],
) -> tuple[Use, ...]:
    could = simulate([possible(fit)], track, day).speed_ms[:, 0]
    return uses(track, corners_of_lap(track, could, named), could, speeds)


def _seconds_per_kg(car: Vehicle, track: LapTrack, day: Conditions) -> float:
    heavier = with_values(car, {"fuel_kg": car.fuel_kg + _KG})
    times = simulate([car, heavier], track, day).time_s
    return float(times[1] - times[0]) / _KG


def setup_name(sheets: Sequence[Sheet], car: str, lap: int) -> str:
    """What a lap's setup is called in the regression: the key of its sheet."""
    sheet = sheet_at(sheets, car, lap)
    return sheet.key if sheet is not None else ""


def _regress(
    started_us: int,
    car: str,
    laps: Sequence[PracticeLap],
    sheets: Sequence[Sheet],
    seconds_per_kg: float,
) -> LapModel | None:
    if len(laps) < 3:
        return None
    return fit_laps(
        [
            TimedLap(
                lap.time_s,
                lap.fuel_kg,
                float(lap.age),
                (lap.lap.t_start - started_us) / 3.6e9,
                setup_name(sheets, car, lap.lap.number),
            )
            for lap in laps
        ],
        seconds_per_kg,
    )


def _sector_rms(fit: Fit, track: LapTrack) -> float:
    """RMS over the sectors (thirds where the track has none), so that errors do not cancel."""
    n = len(track.curvature)
    ends = track.sectors or (track.length_m / 3, 2 * track.length_m / 3)
    edges = [0, *(round(e / track.step_m) for e in ends), n]
    each = track.step_m * (1 / fit.measured_ms - 1 / fit.modelled_ms)
    off = [float(np.nansum(each[a:b])) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    return float(np.sqrt(np.mean(np.square(off))))


def with_driver_scatter(calibration: Calibration, day: Conditions) -> Fit:
    """The fit with the driver's own scatter from lap to lap in its covariance: how much of the
    brakes and of the grip out of corners is used is not the same in the laps to come."""
    fit, model = calibration.fit, calibration.lap_model
    names = [u.name for u in fit.unknowns]
    places = [names.index(n) for n in (BRAKING.name, TRACTION.name) if n in names]
    if model is None or not places:
        return fit
    less = [
        with_values(fit.car, {path: 0.98 * value})
        for path, value in (
            (BRAKING.paths[0], fit.car.driver.braking),
            (TRACTION.paths[0], fit.car.driver.traction),
        )
    ]
    base, *times = simulate([fit.car, *less], calibration.track, day).time_s
    slope = np.array([(t - base) / 0.02 for t in times])
    size = float(np.sqrt((slope**2).sum()))
    extra = min(model.scatter_s / max(size, 1e-9), 0.1)
    covariance = fit.covariance.copy()
    for k in places:
        covariance[k, k] += extra**2
    sd = np.sqrt(np.diag(covariance))
    return replace(fit, sd=sd, correlation=covariance / np.outer(sd, sd))
