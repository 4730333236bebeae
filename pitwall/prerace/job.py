"""Advice as a job: values in, values out, so that a worker process can do it after each lap."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pitwall.prerace.advice import Advice
from pitwall.prerace.advise import advise
from pitwall.prerace.ask import RACE, Papers, question, scored, sheet_now
from pitwall.prerace.calibrate import Calibration, Gathered, calibrate
from pitwall.prerace.conditions import Conditions
from pitwall.prerace.fit import Fit
from pitwall.prerace.lap import simulate
from pitwall.prerace.lap_track import Floats
from pitwall.prerace.log import Logged, Score
from pitwall.prerace.posterior import DRAWS, SEED
from pitwall.prerace.sheet import Sheet
from pitwall.prerace.vehicle import Vehicle


@dataclass(frozen=True, slots=True, eq=False)
class AdviceJob:
    """What advice is worked out from.

    Attributes:
        gathered: the car's laps.
        papers: sheets, words and log of the recording.
        variant: ``race`` or ``qualifying``.
        day: the conditions.
        start: the fit of the lap before, to begin at; None the first time.
        draws, seed: of what is believed.
    """

    gathered: Gathered
    papers: Papers
    variant: str = RACE
    day: Conditions = Conditions()
    start: Fit | None = None
    draws: int = DRAWS
    seed: int = SEED


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """Modelled laps, to be drawn as predicted.

    Attributes:
        distance_m: float64[n], metres on the session's line.
        now_ms: float64[n], speed as set, with this driver.
        proposed_ms: float64[n], speed with ``values``; equal to ``now_ms`` when nothing is advised.
        gained_s: float64[n], time gained up to each point.
        values: the changed settings; empty when nothing is advised.
    """

    distance_m: Floats
    now_ms: Floats
    proposed_ms: Floats
    gained_s: Floats
    values: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class AdviceResult:
    """What came of a job."""

    calibration: Calibration
    advice: Advice
    sheet: Sheet
    log: tuple[tuple[Logged, Score | None], ...]
    predicted: Predicted


def run_job(job: AdviceJob) -> AdviceResult:
    """Calibrate and advise, in the calling process. Raises BadInput without a sheet, or with too
    few laps: the message is what a pane shows in place of advice."""
    car = job.gathered.car
    sheet = sheet_now(job.papers, car)
    found = calibrate(
        job.gathered, sheet.base(), job.day, sheets=job.papers.sheets, start=job.start
    )
    asked = question(found, job.papers, car, job.variant, job.day)
    advice = advise(asked, None, job.draws, job.seed)
    fuel = asked.fuel_kg if asked.fuel_kg is not None else found.fit.car.fuel_kg
    base = replace(sheet.set_up(found.fit.car), fuel_kg=fuel)
    day = replace(job.day, grip=job.day.grip * asked.grip)
    return AdviceResult(
        found,
        advice,
        sheet,
        scored(job.papers, car, found.lap_model),
        _predicted(base, sheet, advice, found, day),
    )


def _predicted(
    base: Vehicle, sheet: Sheet, advice: Advice, found: Calibration, day: Conditions
) -> Predicted:
    values = dict(advice.joint.values) if advice.joint is not None else {}
    cars = [base, sheet.series.apply(base, values)]
    laps = simulate(cars, found.track, day)
    elapsed = laps.elapsed_s()[:-1]
    return Predicted(
        laps.at_m(),
        laps.speed_ms[:, 0].copy(),
        laps.speed_ms[:, 1].copy(),
        np.asarray(elapsed[:, 0] - elapsed[:, 1]),
        values,
    )
