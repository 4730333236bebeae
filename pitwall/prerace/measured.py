"""What was measured beside what the driver says: the steering that a corner took.

Steering needed beyond the usual is what understeer is, less of it oversteer. The usual is the car's
own, over all corners of its laps, so that neither steering ratio nor wheelbase need be known: an
angle is compared with what curvature and cornering ask for on average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pitwall.prerace.calibrate import Calibration
from pitwall.prerace.lap_track import Floats
from pitwall.prerace.phases import corners_of_lap
from pitwall.prerace.practice import PracticeLap
from pitwall.prerace.words import Symptom, Word, points_of

CLEAR = 2.0
"""Standard errors beyond which a difference counts."""
_FEWEST = 3
_BENT = 1 / 400.0
_STEERS = (Symptom.UNDERSTEER, Symptom.OVERSTEER, Symptom.NERVOUS)


@dataclass(frozen=True, slots=True)
class Measure:
    """A word beside the steering.

    Attributes:
        word: what the driver said.
        extra_deg: steering beyond the car's usual there, at the wheel, into the corner positive;
            NaN where it is not measured.
        sd_deg: standard error over the laps.
        agrees: True or False; None where the steering does not tell.
        says: both in one line, never averaged.
    """

    word: Word
    extra_deg: float
    sd_deg: float
    agrees: bool | None
    says: str


def measures(calibration: Calibration, words: Sequence[Word]) -> tuple[Measure, ...]:
    """Each word beside what the steering shows at its place."""
    track = calibration.track
    corners = corners_of_lap(track, calibration.fit.modelled_ms, calibration.named)
    laps = [x for x in calibration.used if np.isfinite(x.steering).mean() > 0.5]
    extra = _extra(track.curvature, laps) if len(laps) >= _FEWEST else None
    out = []
    for word in words:
        at = points_of(word, corners)
        if extra is None or not len(at) or word.symptom not in _STEERS:
            line = f"{word.says()}: no steering is measured for it"
            out.append(Measure(word, float("nan"), float("nan"), None, line))
            continue
        each = np.degrees(np.nanmean(extra[:, at], axis=1))
        mean = float(np.nanmean(each))
        sd = float(np.nanstd(each, ddof=1) / np.sqrt(np.isfinite(each).sum()))
        agrees: bool | None = None
        if abs(mean) > CLEAR * sd:
            agrees = (mean > 0) == (word.symptom is Symptom.UNDERSTEER)
        told = {None: "does not tell", True: "agrees", False: "DISAGREES"}[agrees]
        line = f"{word.says()}: steering {mean:+.1f} ± {sd:.1f} deg of the usual, {told}"
        out.append(Measure(word, mean, sd, agrees, line))
    return tuple(out)


def _extra(curvature: Floats, laps: Sequence[PracticeLap]) -> Floats:
    """Steering minus the usual, into the corner positive, rad, float64[laps, n]; NaN on straights.

    The usual is fitted over all laps: a part that goes with the curvature (geometry), one that goes
    with the acceleration across (the car's own under- or oversteer), and the wheel's zero.
    """
    steer = np.stack([x.steering for x in laps])
    across = np.stack([x.speed_ms**2 for x in laps]) * curvature
    bend = np.broadcast_to(curvature, steer.shape)
    use = np.isfinite(steer) & np.isfinite(across)
    columns = np.stack([bend[use], across[use], np.ones(int(use.sum()))], axis=1)
    numbers = np.linalg.lstsq(columns, steer[use], rcond=None)[0]
    usual = numbers[0] * bend + numbers[1] * across + numbers[2]
    # the wheel's own sign: left may be plus or minus
    into = np.sign(numbers[0] * curvature)
    out = (steer - usual) * into
    return np.where(np.abs(curvature) > _BENT, out, np.nan)
