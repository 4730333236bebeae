"""Fuel to the end: how much is left over, and how likely it is that the car runs dry."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pitwall.strategy.cautions import GREEN, SAFETY, CautionModel, draw_cautions
from pitwall.strategy.montecarlo import SAFETY_BURN, SLOW_BURN
from pitwall.strategy.refit import Burn

SEED = 7
RISK = 0.05
"""What a crew may take for safe: P(run dry) below this."""


@dataclass(frozen=True, slots=True)
class FuelToEnd:
    """What the tank says.

    Attributes:
        left_kg: fuel now.
        laps: laps still to drive.
        margin_kg, margin_lo_kg, margin_hi_kg: left at the flag: expected, 5 % and 95 %; below 0 is
            missing.
        p_dry: probability that it does not reach the flag without a stop.
        reaches_laps: laps that it reaches with the risk of ``RISK``, in green.
        save_kg: what each lap has to save to reach the flag in green with that risk; 0 for none.
    """

    left_kg: float
    laps: int
    margin_kg: float
    margin_lo_kg: float
    margin_hi_kg: float
    p_dry: float
    reaches_laps: int
    save_kg: float


def fuel_to_end(
    left_kg: float,
    laps: int,
    burn: Burn,
    cautions: CautionModel,
    *,
    of: int = 0,
    lap_m: float = 5000.0,
    races: int = 4000,
    seed: int = SEED,
) -> FuelToEnd:
    """Margin at the flag over the cautions that may still come; ``of`` is the whole race's laps
    (0: those to drive are all)."""
    rng = np.random.default_rng(seed)
    whole = max(of, laps)
    if laps > 0:
        status = draw_cautions(cautions, whole, races, rng, lap_m=lap_m, first=whole - laps).status
        share = np.where(status == SAFETY, SAFETY_BURN, np.where(status == GREEN, 1.0, SLOW_BURN))
        equal = share.sum(axis=0)
    else:
        equal = np.zeros(races)
    per_lap = burn.per_lap_kg + burn.sd_kg * rng.standard_normal(races)
    scatter = burn.scatter_kg * np.sqrt(equal) * rng.standard_normal(races)
    margin = left_kg - per_lap * equal - scatter
    low, high = np.quantile(margin, [0.05, 0.95])
    return FuelToEnd(
        left_kg,
        laps,
        float(margin.mean()),
        float(low),
        float(high),
        float((margin < 0).mean()),
        _reach(left_kg, burn),
        max(0.0, _needed(laps, burn) - left_kg) / max(laps, 1),
    )


def _needed(laps: int, burn: Burn) -> float:
    """Fuel for so many laps in green with the accepted risk."""
    sd = math.hypot(burn.sd_kg * laps, burn.scatter_kg * math.sqrt(laps))
    return burn.per_lap_kg * laps + 1.645 * sd


def _reach(left_kg: float, burn: Burn) -> int:
    if burn.per_lap_kg <= 0:
        return 0
    laps = int(left_kg / burn.per_lap_kg)
    while laps > 0 and _needed(laps, burn) > left_kg:
        laps -= 1
    return laps
