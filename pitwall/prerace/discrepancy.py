"""How wrong the model itself is about a gain, by class, learnt from predictions that were checked.

The standard deviation of an error is taken as ``a + b |gain|`` in quadrature. What a and b are is
believed in the form of weights on a mesh: first a broad guess, then what held-out runs and the log
of past advice say of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from pitwall.prerace.lap_track import Floats
from pitwall.prerace.series import Trust

FIRST = {Trust.PHYSICS: (0.02, 0.15), Trust.MIXED: (0.03, 0.4), Trust.DATA: (0.05, 1.0)}
"""Before any check: seconds, and part of the gain."""
_PRIOR_SD = 0.9
_A: Floats = np.geomspace(0.002, 0.3, 40)
_B: Floats = np.geomspace(0.01, 3.0, 40)
_FREEDOM = 5.0
"""Degrees of freedom of Student's t: a single miss must not blow up all intervals."""
_WIDER = _FREEDOM / (_FREEDOM - 2)
_MIDDLE = math.exp(-(_PRIOR_SD**2)) / math.sqrt(_WIDER)
"""The middle of what is believed at first, as part of the first guess: so that the guess is what a
prediction gets before any check, and a check that was right never widens it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A prediction that was checked.

    Attributes:
        predicted_s, obtained_s: the gain as predicted, and as it came out.
        predicted_sd: of the parameters alone.
        obtained_sd: how well it could be measured.
        trust: class of the setting.
    """

    predicted_s: float
    obtained_s: float
    predicted_sd: float
    obtained_sd: float
    trust: Trust


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Model error of one class.

    Attributes:
        a_s: seconds whatever the gain is.
        b: part of the gain.
        checked: on how many checked predictions it rests.
    """

    a_s: float
    b: float
    checked: int = 0

    def sd(self, gain_s: float) -> float:
        """Standard deviation of the model's error about a gain."""
        return float(np.hypot(self.a_s, self.b * gain_s))


def _first() -> Mapping[Trust, Discrepancy]:
    return MappingProxyType({trust: Discrepancy(*ab) for trust, ab in FIRST.items()})


@dataclass(frozen=True, slots=True)
class Discrepancies:
    """Model error by class."""

    of: Mapping[Trust, Discrepancy] = field(default_factory=_first)

    def sd(self, gain_s: float, trust: Trust) -> float:
        """Standard deviation of the model's error about a gain of that class."""
        return self.of[trust].sd(gain_s)


def learn(checked: Iterable[Checked]) -> Discrepancies:
    """What checked predictions say of each class; a class without any keeps the first guess."""
    rows = list(checked)
    return Discrepancies(
        MappingProxyType({t: _learn([c for c in rows if c.trust is t], *FIRST[t]) for t in Trust})
    )


def _learn(rows: list[Checked], a_first: float, b_first: float) -> Discrepancy:
    if not rows:
        return Discrepancy(a_first, b_first)
    a, b = np.meshgrid(_A, _B, indexing="ij")
    weight = -0.5 * (np.log(a / (a_first * _MIDDLE)) / _PRIOR_SD) ** 2
    weight -= 0.5 * (np.log(b / (b_first * _MIDDLE)) / _PRIOR_SD) ** 2
    for row in rows:
        known = row.predicted_sd**2 + row.obtained_sd**2
        variance = a**2 + (b * row.predicted_s) ** 2 + known
        off = (row.obtained_s - row.predicted_s) ** 2 / variance
        weight -= 0.5 * np.log(variance) + 0.5 * (_FREEDOM + 1) * np.log1p(off / _FREEDOM)
    part = np.exp(weight - weight.max())
    part /= part.sum()
    # the mean of the variances is what a prediction's own variance is; t's heavier tails on top
    return Discrepancy(
        float(np.sqrt(_WIDER * (part * a**2).sum())),
        float(np.sqrt(_WIDER * (part * b**2).sum())),
        len(rows),
    )
