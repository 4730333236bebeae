"""Undercut and overcut against a named rival: two cars, one stop each."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pitwall.strategy.race import Race
from pitwall.strategy.refit import Pace

SOON, LATE = 1, 3
"""Laps after the first stop: who is awake answers on the next one; who is not, or has nobody free
in the box, some laps later."""
TRAFFIC_SD_S = 0.6
"""What a lap out of the lane may lose or not, beside the scatter of laps."""


@dataclass(frozen=True, slots=True)
class Duel:
    """One rival, with whom we both stop once. When the second one stops is not ours to choose in an
    undercut, and is in a cover: both ends are told, none is taken for the answer.

    Attributes:
        car: the rival.
        gap_s: how far ahead of us it is; below 0 it is behind.
        kind: ``undercut`` for a rival ahead (we stop first), ``cover`` for one behind, who stops
            first and is answered.
        gain_s, sd_s: what we gain on it until both are out of the lane, when the answer comes on
            the next lap.
        p_ahead: probability that we are ahead then.
        late_gain_s, late_p_ahead: the same when the answer comes after ``LATE`` laps.
    """

    car: str
    gap_s: float
    kind: str
    gain_s: float
    sd_s: float
    p_ahead: float
    late_gain_s: float
    late_p_ahead: float


def duel(
    race: Race,
    ours: Pace,
    our_age: int,
    theirs: Pace,
    their_age: int,
    car: str,
    gap_s: float,
) -> Duel:
    """Us against a rival ``gap_s`` ahead: we stop at the end of this lap (or, for a rival behind,
    it does), the other one later. Both lose the same in the lane; what differs are the laps in
    between, new tyres against old ones."""
    behind = gap_s < 0
    first, second = (theirs, ours) if behind else (ours, theirs)
    old = our_age if behind else their_age
    sign = -1.0 if behind else 1.0
    soon, soon_sd = _gained(race, first, second, old, SOON)
    late, late_sd = _gained(race, first, second, old, LATE)
    return Duel(
        car,
        gap_s,
        "cover" if behind else "undercut",
        sign * soon,
        soon_sd,
        _ahead(sign * soon - gap_s, soon_sd),
        sign * late,
        _ahead(sign * late - gap_s, late_sd),
    )


def _gained(race: Race, first: Pace, second: Pace, old: int, laps: int) -> tuple[float, float]:
    """What who stops first gains while the other one stays out for so many laps on tyres that are
    ``old``; and its standard deviation."""
    gain = (second.base_s - first.base_s) * laps - race.cold_s
    gain += sum(second.wear_s * (old + 1 + j) - first.wear_s * j for j in range(laps))
    variance = 2 * TRAFFIC_SD_S**2 + laps * (first.lap_sd_s**2 + second.lap_sd_s**2)
    # wear is known only so well, and it counts for all of these laps at once
    ages = sum(old + 1 + j for j in range(laps))
    variance += (second.wear_sd * ages) ** 2
    variance += (laps * math.hypot(first.base_sd, second.base_sd)) ** 2
    return gain, math.sqrt(variance)


def _ahead(margin_s: float, sd_s: float) -> float:
    return 0.5 * math.erfc(-margin_s / sd_s / math.sqrt(2.0))
