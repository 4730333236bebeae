"""What a driver can gain, where, and how sure that is: only what is repeatable.

Two questions, each with its own yardstick of chance (:mod:`pitwall.analysis.chance`):

- among the driver's own laps: where he brakes, opens the throttle, or how fast he goes through,
  goes with the time of the corner. Then he has shown it himself, and on which laps.
- against another car's laps: a corner takes longer, or less, and something he does differs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pitwall.analysis.corners import Corner
from pitwall.analysis.findings import LEAST_LAPS, Advice, Finding, Silence, Stint
from pitwall.analysis.own_laps import among_own
from pitwall.analysis.passages import Measure
from pitwall.analysis.rival_laps import against

__all__ = ["LEAST_LAPS", "MOST_LAPS", "Advice", "Finding", "Silence", "Stint", "advise"]

MOST_LAPS = 24
LEVEL = 0.02
"""Probability that anything at all is said of laps in which nothing is to be found, their scatter
being even."""
_LEVELS = (0.015, 0.01)
"""The same, shared out between the own laps and the other car's, where both are asked."""
_WORTH = 0.6
SAID = 3
_ASKED = (Measure.BRAKE, Measure.THROTTLE, Measure.MINIMUM)
_WIDE_M = 30.0
"""Samples further apart than this tell nothing of a place."""


def advise(corners: Sequence[Corner], own: Stint, other: Stint | None = None) -> Advice:
    """What can be said of ``own`` laps, by themselves and against the ``other`` car's."""
    numbers = tuple(lap.lap.number for lap in own.laps)
    lap = numbers[-1] if numbers else -1
    if len(own.laps) < LEAST_LAPS or not corners:
        short = "no corners are known" if not corners else _few(len(own.laps))
        return Advice(own.car, lap, numbers, silences=(Silence(short),))
    asked, silences = _asked(own)
    beside = other is not None and len(other.laps) >= LEAST_LAPS
    levels = _LEVELS if beside else (LEVEL, 0.0)
    found = among_own(corners, own, asked, levels[0]) if asked else []
    strengths: list[Finding] = []
    if beside and other is not None:
        both = [m for m in asked if other.spacing_m.get(m, np.inf) <= _WIDE_M]
        losses, strengths = against(corners, own, other, both, levels[1])
        found = _one_each(found, losses)
    found.sort(key=lambda finding: -finding.gain_s)
    strengths.sort(key=lambda finding: finding.gain_s)
    silences += _unseen(corners, own)
    return Advice(
        own.car, lap, numbers, tuple(found[:SAID]), tuple(strengths[:SAID]), tuple(silences)
    )


def _one_each(own: list[Finding], losses: list[Finding]) -> list[Finding]:
    """One finding for each corner: what the driver has done himself says more than what somebody
    else does, unless that is worth much more."""
    out = {finding.corner.number: finding for finding in own}
    for loss in losses:
        known = out.get(loss.corner.number)
        if known is None or known.gain_s < _WORTH * loss.gain_s:
            out[loss.corner.number] = loss
    return list(out.values())


def _few(laps: int) -> str:
    have = "no clean lap" if laps == 0 else f"{laps} clean lap{'s' if laps > 1 else ''}"
    return f"{have} so far; {LEAST_LAPS} are needed"


_WORDS = {Measure.BRAKE: "brake", Measure.THROTTLE: "throttle", Measure.MINIMUM: "speed"}


def _asked(own: Stint) -> tuple[list[Measure], list[Silence]]:
    """What the data can tell, and why not the rest."""
    asked, silences = [], []
    for measure in _ASKED:
        spacing = own.spacing_m.get(measure, np.inf)
        if spacing <= _WIDE_M:
            asked.append(measure)
        elif not np.isfinite(spacing):
            silences.append(Silence(f"no {_WORDS[measure]} is measured"))
        else:
            text = f"{_WORDS[measure]} comes every {spacing:.0f} m: too sparse for a place"
            silences.append(Silence(text))
    return asked, silences


def _unseen(corners: Sequence[Corner], own: Stint) -> list[Silence]:
    """Corners of which too few passages count."""
    out = []
    seen = np.array([lap.seen for lap in own.laps])
    counted = (seen & ~own.held_up).sum(axis=0)
    for k, corner in enumerate(corners):
        if counted[k] >= LEAST_LAPS:
            continue
        parts = []
        holes, traffic = int((~seen[:, k]).sum()), int((seen[:, k] & own.held_up[:, k]).sum())
        if holes:
            parts.append(f"{holes} without data")
        if traffic:
            parts.append(f"{traffic} behind another car")
        out.append(Silence(f"{' and '.join(parts)} of {len(own.laps)} passages", corner))
    return out
