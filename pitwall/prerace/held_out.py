"""Runs that the calibration did not see, as a check of the model: what it says of the change of the
sheet between two runs, beside what the lap times say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pitwall.prerace.calibrate import Calibration
from pitwall.prerace.candidates import NOT_A_SETUP
from pitwall.prerace.discrepancy import Checked
from pitwall.prerace.posterior import posterior
from pitwall.prerace.series import Trust, least_trusted
from pitwall.prerace.sheet import Sheet, changes, in_force
from pitwall.prerace.sweep import sweep
from pitwall.prerace.vehicle import Vehicle

DRAWS = 40
"""Enough for a standard deviation that stands beside that of lap times."""
LAST = 8
"""Changes that are looked at: each costs the laps of its draws."""


def held_out(sheets: Sequence[Sheet], car: str, calibration: Calibration) -> tuple[Checked, ...]:
    """A check for each sheet that the crew changed by itself, where both it and the one before have
    laps. Advice that was applied is in the log, where it is held to what was promised; a change of
    what the model does not have, or does not know on both sheets, checks nothing.

    The calibration is of the newest sheet's laps alone: the others are held out of it.
    """
    model = calibration.lap_model
    if model is None:
        return ()
    known = in_force(sheets, car)[-LAST - 1 :]
    drawn = posterior(calibration.fit, DRAWS)
    out = []
    for before, after in zip(known[:-1], known[1:], strict=True):
        trust = _modelled(before, after)
        if trust is None or after.advice:
            continue
        try:
            obtained, obtained_sd = model.difference(before.key, after.key)
        except KeyError:
            continue  # no lap with one of them
        cars = [one for sheet in (before, after) for one in drawn.cars(_set_up(sheet, calibration))]
        times = sweep(cars, calibration.track).time_s.reshape(2, -1)
        gains = times[0] - times[1]
        mean, sd = float(gains.mean()), float(gains.std(ddof=1))
        out.append(Checked(mean, obtained, sd, obtained_sd, trust))
    return tuple(out)


def _modelled(before: Sheet, after: Sheet) -> Trust | None:
    """The least trusted class of what changed; None where that is nothing, or not in the model."""
    if not before.same_vehicle(after):
        return None
    series = after.series
    changed = [c for c in changes(before, after) if c.key not in NOT_A_SETUP]
    if not changed or any(c.before is None or c.after is None for c in changed):
        return None
    settings = [series.setting(c.key) for c in changed]
    if any(s.path is None for s in settings):
        return None
    return least_trusted(s.trust for s in settings)


def _set_up(sheet: Sheet, calibration: Calibration) -> Vehicle:
    """Set up by ``sheet`` on the fuel of the fit: what laps carried is in the regression."""
    car = sheet.set_up(calibration.fit.car)
    return replace(car, fuel_kg=calibration.fit.car.fuel_kg)
