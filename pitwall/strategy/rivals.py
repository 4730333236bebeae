"""Undercut and overcut against a named rival: two cars, one stop each."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pitwall.strategy.race import Race
from pitwall.strategy.refit import Pace

LAPS = (1, 2, 3)
"""How many laps later the rival answers."""
TRAFFIC_SD_S = 0.6
"""What a lap out of the lane may lose or not, beside the scatter of laps."""


@dataclass(frozen=True, slots=True)
class Duel:
    """One rival.

    Attributes:
        car: the rival.
        gap_s: how far ahead of us it is; below 0 it is behind.
        answers: laps until it stops, after ours.
        gain_s, sd_s: what we gain on it by stopping first, until it is out of the lane.
        p_ahead: probability that we are ahead then.
        kind: ``undercut`` for a rival ahead, ``cover`` for one behind, who would undercut us.
    """

    car: str
    gap_s: float
    answers: int
    gain_s: float
    sd_s: float
    p_ahead: float
    kind: str


def duel(
    race: Race,
    ours: Pace,
    our_age: int,
    theirs: Pace,
    their_age: int,
    car: str,
    gap_s: float,
) -> Duel:
    """The best answer time for us against a rival ``gap_s`` ahead: we stop at the end of this lap
    (or, for a rival behind, it does and we answer), the other one to three laps later. Both lose
    the same in the lane; what differs are the laps in between, new tyres against old ones."""
    behind = gap_s < 0
    first, second = (theirs, ours) if behind else (ours, theirs)
    old = our_age if behind else their_age
    best: Duel | None = None
    for k in LAPS:
        gain = second.base_s - first.base_s
        gain = gain * k - race.cold_s
        variance = 2 * TRAFFIC_SD_S**2
        for j in range(k):
            gain += second.wear_s * (old + 1 + j) - first.wear_s * j
            variance += first.lap_sd_s**2 + second.lap_sd_s**2
        # wear is known only so well, and it counts for all of these laps at once
        ages = sum(old + 1 + j for j in range(k))
        variance += (second.wear_sd * ages) ** 2 + (
            k * math.hypot(first.base_sd, second.base_sd)
        ) ** 2
        sd = math.sqrt(variance)
        mine = -gain if behind else gain
        p_ahead = 0.5 * math.erfc((gap_s - mine) / sd / math.sqrt(2.0))
        row = Duel(car, gap_s, k, mine, sd, p_ahead, "cover" if behind else "undercut")
        better = best is None or (
            row.p_ahead < best.p_ahead if behind else row.p_ahead > best.p_ahead
        )
        if better:
            best = row
    assert best is not None
    return best
