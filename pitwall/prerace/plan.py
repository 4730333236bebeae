"""Test plans: how many laps it takes to tell a gain from none."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pitwall.prerace.gain import Z90

MOST_LAPS = 12
"""A longer run is not the same run: tyres, fuel and track move on."""
LEAST_S = 0.03


@dataclass(frozen=True, slots=True)
class LapPlan:
    """A run as now, a run with the change, and a run as now again: what drifts evenly falls out.

    Attributes:
        setting, before, after, unit: what is changed.
        laps: flying laps in each of the three runs.
        tells_s: the smallest gain that these laps tell from none, in nine cases of ten.
        enough: False when even the longest run would not tell the expected gain.
    """

    setting: str
    before: float
    after: float
    unit: str
    laps: int
    tells_s: float
    enough: bool

    def says(self, name: str = "") -> str:
        """The plan in one line; the setting may be called by ``name``."""
        runs = (
            f"A-B-A, {self.laps} flying laps each ({name or self.setting} {self.before:g} \u2192 "
        )
        runs += f"{self.after:g} \u2192 {self.before:g} {self.unit})"
        told = f"tells {self.tells_s:.2f} s"
        return f"{runs}: {told}" + ("" if self.enough else ", less than that stays open")


def lap_plan(
    setting: str, before: float, after: float, unit: str, scatter_s: float, expected_s: float
) -> LapPlan:
    """The plan that tells ``expected_s`` with a driver whose laps scatter by ``scatter_s``."""
    wanted = max(abs(expected_s), LEAST_S)
    # B is compared with the mean of two runs: variance 1/n + 1/(2n)
    laps = math.ceil(1.5 * (Z90 * max(scatter_s, 0.01) / wanted) ** 2)
    used = min(max(laps, 2), MOST_LAPS)
    tells = Z90 * max(scatter_s, 0.01) * math.sqrt(1.5 / used)
    return LapPlan(setting, before, after, unit, used, tells, laps <= MOST_LAPS)
