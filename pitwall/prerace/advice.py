"""What is advised: values, no calculation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pitwall.prerace.balance import Balances
from pitwall.prerace.gain import Gain
from pitwall.prerace.plan import LapPlan
from pitwall.prerace.series import Trust


class Verdict(StrEnum):
    """What comes of a setting."""

    ADVISED = "advised"
    """Change it: the interval of the gain lies above zero."""
    BEST = "best as it is"
    """No step of it gains anything worth the word."""
    OPEN = "not distinguishable"
    """A gain may be there: the plan says which laps would tell."""
    OUTSIDE = "outside what this car has run"
    """The gain lies beyond what was ever tried: computed, not advised."""
    WITHHELD = "withheld"
    """Signs, the driver's words and the model do not agree."""
    ONLY_LAPS = "only laps tell"
    """The model does not have it, and no two runs differ in it."""
    UNKNOWN = "not on the sheet"
    """Nobody wrote down how it is set."""


@dataclass(frozen=True, slots=True)
class Row:
    """One setting, and what to do about it.

    Attributes:
        key, unit, trust: the setting and its class.
        now: as set; None when the sheet does not say.
        proposed: where to; None when there is nothing to propose.
        verdict, reason: what comes of it, and why.
        gain: of the proposal, s a lap; None without one.
        per_step_s: gain of the first step that way.
        top_ms: change of the top speed.
        balance: change of front minus rear use at the same speeds, by place and phase: above zero
            is towards understeer.
        stopped_by: the constraint that stopped it; empty when it is free.
        corners: (name, gain s) of the corners and straights where it comes from, largest first.
        plan: what would tell, where it is open.
    """

    key: str
    unit: str
    trust: Trust
    now: float | None
    proposed: float | None
    verdict: Verdict
    reason: str = ""
    gain: Gain | None = None
    per_step_s: float = 0.0
    top_ms: float = 0.0
    balance: Balances | None = None
    stopped_by: str = ""
    corners: tuple[tuple[str, float], ...] = ()
    plan: LapPlan | None = None


@dataclass(frozen=True, slots=True)
class Joint:
    """One to three changes together.

    Attributes:
        values: the settings' proposed values.
        gain: of all of them together.
    """

    values: Mapping[str, float]
    gain: Gain


@dataclass(frozen=True, slots=True)
class Advice:
    """All of it, for one car, one sheet and one purpose.

    Attributes:
        car, track, variant: what it is about; variant ``race`` or ``qualifying``.
        lap_s: the modelled lap as set.
        rows: by the lower bound of the gain, largest first; those without a gain last.
        joint: the best few changes together; None when nothing is advised.
        withheld: why no advice is given at all; empty when some may be.
        notes: what to know beside it, a line each.
    """

    car: str
    track: str
    variant: str
    lap_s: float
    rows: tuple[Row, ...]
    joint: Joint | None = None
    withheld: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def advised(self) -> tuple[Row, ...]:
        """The rows that say: change it."""
        return tuple(row for row in self.rows if row.verdict is Verdict.ADVISED)
