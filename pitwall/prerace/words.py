"""What the driver says, in two taps: corner and phase, symptom and strength. Data, not talk."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from pitwall.prerace.balance import axle_use
from pitwall.prerace.conditions import Conditions
from pitwall.prerace.fit import Fit, scaled
from pitwall.prerace.lap import simulate
from pitwall.prerace.lap_track import Floats, LapTrack
from pitwall.prerace.phases import CornerPhases, Phase
from pitwall.telemetry import BadInput

PREFIX = "words/"
"""Keys in the recording's table: ``words/<car>/<lap>/<written>``."""
KERB = "kerb"
BANDS = ("all", "slow", "fast")
STRENGTH = 0.005
"""Part of an axle's grip that one step of strength stands for, and its standard deviation."""
_STEP = 0.01


class Symptom(StrEnum):
    """What the car does there."""

    UNDERSTEER = "understeer"
    OVERSTEER = "oversteer"
    FRONT_LOCKS = "front locks"
    REAR_LOCKS = "rear locks"
    NO_TRACTION = "no traction"
    NERVOUS = "nervous"


@dataclass(frozen=True, slots=True)
class Word:
    """One thing the driver said.

    Attributes:
        car: of which car.
        lap: after which lap.
        corner: a corner's name, or ``all``, ``slow``, ``fast``.
        phase: ``braking``, ``entry``, ``mid``, ``exit`` or ``kerb``.
        symptom: what it does.
        strength: 1 to 3.
        written_us: when it was said.
    """

    car: str
    lap: int
    corner: str
    phase: str
    symptom: Symptom
    strength: int
    written_us: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.strength <= 3:
            raise BadInput(f"driver's word: strength {self.strength} is not 1, 2 or 3")
        if self.phase not in (*Phase, KERB):
            raise BadInput(f"driver's word: {self.phase!r} is no phase of a corner")
        if not self.corner or not self.car or "/" in self.car:
            raise BadInput("driver's word: needs a car and a corner")

    @property
    def key(self) -> str:
        """Its key in the recording's table."""
        return f"{PREFIX}{self.car}/{self.lap:05d}/{self.written_us}"

    def says(self) -> str:
        """In a few words, for messages."""
        return f"{self.symptom} at {self.corner} {self.phase} (strength {self.strength})"

    def wanted(self, drive_front: float) -> int:
        """Which way front minus rear use has to go there: -1 down, +1 up."""
        if self.symptom in (Symptom.UNDERSTEER, Symptom.FRONT_LOCKS):
            return -1
        if self.symptom is Symptom.NO_TRACTION and drive_front > 0.5:
            return -1
        return 1


def word_text(word: Word) -> str:
    """What is kept in the recording's table under :attr:`Word.key`."""
    return json.dumps(
        {
            "car": word.car,
            "lap": word.lap,
            "corner": word.corner,
            "phase": word.phase,
            "symptom": word.symptom.value,
            "strength": word.strength,
            "written_us": word.written_us,
        }
    )


def words_in(meta: Mapping[str, str], car: str | None = None) -> tuple[Word, ...]:
    """All words of a recording's table, by lap. Raises BadInput for an entry that is none."""
    found = []
    for key in sorted(k for k in meta if k.startswith(PREFIX)):
        try:
            doc = json.loads(meta[key])
            word = Word(
                str(doc["car"]),
                int(doc["lap"]),
                str(doc["corner"]),
                str(doc["phase"]),
                Symptom(doc["symptom"]),
                int(doc["strength"]),
                int(doc["written_us"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{key}: not a driver's word: {error!r}") from error
        if car is None or word.car == car:
            found.append(word)
    return tuple(found)


def points_of(word: Word, corners: Sequence[CornerPhases]) -> np.ndarray:
    """Mesh points that a word is about; empty for a kerb or a corner that is not there."""
    if word.phase == KERB:
        return np.zeros(0, np.intp)
    phase = Phase(word.phase)
    at = [
        c.points[phase]
        for c in corners
        if word.corner in ("all", c.name)
        or (word.corner in BANDS and (word.corner == "slow") == c.slow)
    ]
    return np.concatenate(at) if at else np.zeros(0, np.intp)


def balance_at(use: Floats, word: Word, corners: Sequence[CornerPhases]) -> float:
    """Front minus rear use (``use`` float64[2, n]) where the word is about; NaN without points."""
    at = points_of(word, corners)
    return float((use[0, at] - use[1, at]).mean()) if len(at) else float("nan")


def contradictions(words: Sequence[Word], drive_front: float) -> tuple[tuple[Word, Word], ...]:
    """Pairs that ask for opposite things at the same place."""
    out = []
    for i, a in enumerate(words):
        for b in words[i + 1 :]:
            same = a.phase == b.phase and a.corner == b.corner and a.phase != KERB
            if same and a.wanted(drive_front) != b.wanted(drive_front):
                out.append((a, b))
    return tuple(out)


def heard(
    fit: Fit,
    track: LapTrack,
    day: Conditions,
    corners: Sequence[CornerPhases],
    words: Sequence[Word],
) -> Fit:
    """The fit after the words, each a soft observation of the balance where it is about: so many
    half per cents of an axle's grip away from what the car's file has, give or take half a per
    cent. The speeds have told the rest already. Words without a place in the model, and pairs that
    contradict each other, change nothing."""
    against = {id(w) for pair in contradictions(words, fit.car.drive_front) for w in pair}
    told = [w for w in words if id(w) not in against and len(points_of(w, corners))]
    names = [u.name for u in fit.unknowns]
    if not told or "balance" not in names:
        return fit
    k = names.index("balance")
    step = np.zeros(len(names))
    step[k] = _STEP
    cars = [fit.car, scaled(fit.car, fit.unknowns, step)]
    use = axle_use(cars, track, simulate(cars, track, day).speed_ms, day)
    theta, covariance = np.log(fit.factors), fit.covariance.copy()
    first = theta.copy()
    for word in told:
        slope = balance_at(use[:, :, 1], word, corners) - balance_at(use[:, :, 0], word, corners)
        row = np.zeros(len(names))
        row[k] = slope / _STEP
        said = -word.wanted(fit.car.drive_front) * word.strength * STRENGTH
        noise = float(row @ covariance @ row) + STRENGTH**2
        pull = covariance @ row / noise
        theta = theta + pull * (said - float(row @ theta))
        covariance = covariance - np.outer(pull, row @ covariance)
    sd = np.sqrt(np.diag(covariance))
    return replace(
        fit,
        car=scaled(fit.car, fit.unknowns, theta - first),
        factors=np.exp(theta),
        sd=sd,
        correlation=covariance / np.outer(sd, sd),
    )
