"""Advice from a recording: sheets, words and log beside the calibrated car."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pitwall.prerace.advise import Question
from pitwall.prerace.calibrate import Calibration, with_driver_scatter
from pitwall.prerace.conditions import Conditions
from pitwall.prerace.discrepancy import learn
from pitwall.prerace.held_out import held_out
from pitwall.prerace.lap import simulate
from pitwall.prerace.log import Logged, Score, checked, log_in, score
from pitwall.prerace.regression import LapModel
from pitwall.prerace.sheet import Sheet, in_force, sheet_at, sheets_in
from pitwall.prerace.vehicle import value_at, with_values
from pitwall.prerace.words import Word, words_in
from pitwall.telemetry import BadInput

RACE, QUALIFYING = "race", "qualifying"
VARIANTS = (RACE, QUALIFYING)
_QUALIFYING_KG = 5.0
_RACE_LAPS = 10.0
_SCATTER_S = 0.2


@dataclass(frozen=True, slots=True)
class Papers:
    """What people wrote down in a recording.

    Attributes:
        sheets: all setup sheets.
        words: what drivers said.
        log: applied advices with their scores so far.
    """

    sheets: tuple[Sheet, ...]
    words: tuple[Word, ...]
    log: tuple[tuple[Logged, Score | None], ...]

    @staticmethod
    def of(meta: Mapping[str, str], car: str | None = None) -> Papers:
        """From a recording's table. Raises BadInput for an entry that cannot be read."""
        return Papers(sheets_in(meta, car), words_in(meta, car), log_in(meta, car))


def sheet_now(papers: Papers, car: str) -> Sheet:
    """The newest sheet of a car. Raises BadInput without one: no sheet, no advice."""
    known = in_force(papers.sheets, car)
    if not known:
        raise BadInput(
            f"car {car} has no setup sheet in this recording, and without one there is no advice: "
            "import one (`pitwall model sheet FILE --import SHEET.toml`), or type it in the window "
            "(Ctrl+Shift+S)"
        )
    return known[-1]


def question(
    calibration: Calibration,
    papers: Papers,
    car: str,
    variant: str = RACE,
    conditions: Conditions | None = None,
) -> Question:
    """What to ask for a car's newest sheet. Raises BadInput without a sheet."""
    if variant not in VARIANTS:
        raise BadInput(f"{variant!r}: advice is for {' or '.join(VARIANTS)}")
    day = Conditions() if conditions is None else conditions
    sheet = sheet_now(papers, car)
    model = calibration.lap_model
    fuel, grip = _variant(calibration, variant, day)
    return Question(
        fit=with_driver_scatter(calibration, day),
        sheet=sheet,
        track=calibration.track,
        day=day,
        words=tuple(w for w in papers.words if sheet_at(papers.sheets, car, w.lap) == sheet),
        tried=tried(papers.sheets, car),
        errors=learn(
            [*checked(scored(papers, car, model)), *held_out(papers.sheets, car, calibration)]
        ),
        runs=runs(papers.sheets, sheet, calibration),
        scatter_s=model.scatter_s if model is not None else _SCATTER_S,
        variant=variant,
        fuel_kg=fuel,
        grip=grip,
        named=calibration.named,
    )


def tried(sheets: Sequence[Sheet], car: str) -> dict[str, tuple[float, float]]:
    """Lowest and highest value that a car has run, by setting."""
    out: dict[str, tuple[float, float]] = {}
    for sheet in in_force(sheets, car):
        for key, value in sheet.values.items():
            low, high = out.get(key, (value, value))
            out[key] = (min(low, value), max(high, value))
    return out


def scored(
    papers: Papers, car: str, model: LapModel | None
) -> tuple[tuple[Logged, Score | None], ...]:
    """The log with a score for each advice whose sheet, and the one before it, have laps."""
    if model is None:
        return papers.log
    applied = {s.advice: s for s in in_force(papers.sheets, car) if s.advice}
    out = []
    for entry, old in papers.log:
        new = old
        sheet = applied.get(entry.key)
        if sheet is not None:
            try:
                new = score(entry, *model.difference(entry.sheet, sheet.key))
            except KeyError:
                new = old  # no lap with one of them yet
        out.append((entry, new))
    return tuple(out)


def runs(
    sheets: Sequence[Sheet], sheet: Sheet, calibration: Calibration
) -> dict[str, tuple[float, float, float]]:
    """Gains that runs alone tell, for settings that the model does not have: (value, gain, sd)
    against ``sheet``. Only sheets that differ in one such setting count; what else differs between
    them is in the model and taken off by it."""
    model = calibration.lap_model
    out: dict[str, tuple[float, float, float]] = {}
    if model is None:
        return out
    blind = {s.key for s in sheet.series.settings if s.path is None}
    for other in in_force(sheets, sheet.car):
        keys = set(sheet.values) | set(other.values)
        differ = {k for k in keys if sheet.values.get(k) != other.values.get(k)}
        alone = differ & blind
        if len(alone) != 1 or other.vehicle != sheet.vehicle:
            continue
        (key,) = alone
        if key not in other.values or key not in sheet.values:
            continue
        try:
            gain, sd = model.difference(sheet.key, other.key)
        except KeyError:
            continue
        gain -= _modelled(calibration, sheet, other)
        if key not in out or gain > out[key][1]:
            out[key] = (other.values[key], gain, sd)
    return out


def _modelled(calibration: Calibration, sheet: Sheet, other: Sheet) -> float:
    cars = [sheet.set_up(calibration.fit.car), other.set_up(calibration.fit.car)]
    times = simulate(cars, calibration.track).time_s
    return float(times[0] - times[1])


def _variant(calibration: Calibration, variant: str, day: Conditions) -> tuple[float | None, float]:
    """Fuel, and grip beside that of the fitted laps: qualifying on little fuel and new tyres, the
    race in the middle of a stint."""
    car, model = calibration.fit.car, calibration.lap_model
    ages = [lap.age for lap in calibration.used]
    mean_age = float(np.mean(ages)) if ages else 0.0
    age = 1.0 if variant == QUALIFYING else max(mean_age, _RACE_LAPS)
    fuel = min(_QUALIFYING_KG, car.fuel_kg) if variant == QUALIFYING else None
    if model is None:
        return fuel, 1.0
    slower = model.value("age") * (age - mean_age)
    less = {
        f"{axle}.{mu}": value_at(car, f"{axle}.{mu}") * 0.98
        for axle in ("front", "rear")
        for mu in ("mu_x", "mu_y")
    }
    times = simulate([car, with_values(car, less)], calibration.track, day).time_s
    per_part = float(times[1] - times[0]) / 0.02
    if per_part < 1.0:
        return fuel, 1.0  # grip does not matter here
    return fuel, float(np.clip(1.0 - slower / per_part, 0.9, 1.05))
