"""The values of a setting that are worth a simulation, and what keeps others out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.prerace.series import Series, Setting
from pitwall.prerace.sheet import Sheet
from pitwall.prerace.vehicle import Vehicle, value_at

TRUSTED_STEPS = 3
"""Steps beyond what the car has run that the model is believed."""
MOST_STEPS = 20
NOT_A_SETUP = ("fuel",)
"""On the sheet, since laps depend on it, but decided by the length of the run."""
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """A setting's values beside the one that is set.

    Attributes:
        setting, now: what is set, and how.
        values: the other values, ascending, in the setting's unit.
        cars: the car with each.
        inside: bool, whether the car has run near each.
        tried: lowest and highest value run.
        below, above: what keeps values out below the lowest and above the highest.
    """

    setting: Setting
    now: float
    values: tuple[float, ...]
    cars: tuple[Vehicle, ...]
    inside: NDArray[np.bool_]
    tried: tuple[float, float]
    below: str
    above: str

    def stopped(self, k: int) -> str:
        """The constraint that value ``k`` is stopped by; empty when it is free."""
        value, step = self.values[k], self.setting.step
        if value > self.now and k == len(self.values) - 1:
            return self.above
        if value < self.now and k == 0:
            return self.below
        reach = TRUSTED_STEPS * step + _NOTHING
        low, high = self.tried[0] - reach, self.tried[1] + reach
        if value + step > high >= value or value - step < low <= value:
            return f"more than {TRUSTED_STEPS} steps from what this car has run"
        return ""

    @property
    def stopped_by(self) -> str:
        """The constraint that the value as set is at; empty when both ways are open."""
        if self.values and self.values[0] > self.now:
            return self.below
        if self.values and self.values[-1] < self.now:
            return self.above
        return ""


def candidates(
    car: Vehicle, series: Series, sheet: Sheet, tried: Mapping[str, tuple[float, float]]
) -> list[Candidates]:
    """All settings that are on the sheet and in the model, each with its legal steps around the
    value as set."""
    legal_now = set(series.breaches(car))
    out = []
    for setting in series.settings:
        known = setting.path is not None and setting.key in sheet.values
        if not known or setting.key in NOT_A_SETUP or value_at(car, str(setting.path)) is None:
            continue
        now = sheet.values[setting.key]
        values, cars, below, above = [], [], "", ""
        most = min(round((setting.high - setting.low) / setting.step), MOST_STEPS)
        for k in (*range(-most, 0), *range(1, most + 1)):
            value = round(now + k * setting.step, 9)
            if value < setting.low - _NOTHING:
                below = f"the least allowed is {setting.low:g} {setting.unit}"
                continue
            if value > setting.high + _NOTHING:
                above = above or f"the most allowed is {setting.high:g} {setting.unit}"
                continue
            other = series.apply(car, {setting.key: value})
            new = [b for b in series.breaches(other) if b not in legal_now]
            if new:
                below, above = (new[0], above) if k < 0 else (below, above or new[0])
                continue
            values.append(value)
            cars.append(other)
        # at the end of the steps that were looked at, the setting itself ends there
        if values and not above and values[-1] + setting.step > setting.high + _NOTHING:
            above = f"the most allowed is {setting.high:g} {setting.unit}"
        if values and not below and values[0] - setting.step < setting.low - _NOTHING:
            below = f"the least allowed is {setting.low:g} {setting.unit}"
        low, high = tried.get(setting.key, (now, now))
        low, high = min(low, now), max(high, now)
        reach = TRUSTED_STEPS * setting.step + _NOTHING
        inside = np.array([low - reach <= v <= high + reach for v in values], np.bool_)
        out.append(
            Candidates(setting, now, tuple(values), tuple(cars), inside, (low, high), below, above)
        )
    return out
