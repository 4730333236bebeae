"""One lap against another: of one car or two, of one session or two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pitwall.analysis.corners import Corner
from pitwall.analysis.delta import delta
from pitwall.analysis.passages import MEASURES, LapPassages, Measure
from pitwall.analysis.progress import LapAxis
from pitwall.analysis.sectors import split_times
from pitwall.analysis.signals import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """How far a lap is behind another, everywhere.

    Attributes:
        s: float64[n], metres on the reference lap.
        behind_s: float64[n], seconds behind there (negative: ahead), NaN where not known.
        sectors_s: seconds lost in each sector; they add up to the difference of the lap times.
    """

    s: Floats
    behind_s: Floats
    sectors_s: Floats

    @property
    def total_s(self) -> float:
        """The difference at the end of the lap, NaN when one of them is not finished."""
        return float(self.behind_s[-1])


@dataclass(frozen=True, slots=True)
class CornerLine:
    """A corner of one lap beside the same of another.

    Attributes:
        corner: which.
        own, other: the figures by :class:`Measure`, NaN where not known.
        behind_s: seconds lost in the corner's part of the lap, NaN where not known.
    """

    corner: Corner
    own: dict[Measure, float]
    other: dict[Measure, float]
    behind_s: float


def compare(
    lap: LapAxis, ref: LapAxis, sector_ends: tuple[float, ...], track_m: float
) -> Comparison:
    """``lap`` against ``ref``, at equal parts of their lengths.

    To itself it is 0 everywhere; the other way round it is the same with the other sign; over the
    sectors it adds up.
    """
    s, behind = delta(lap, ref)
    sectors = split_times(lap, sector_ends, track_m) - split_times(ref, sector_ends, track_m)
    return Comparison(s, behind, sectors)


def corner_lines(
    corners: tuple[Corner, ...], own: LapPassages, other: LapPassages
) -> tuple[CornerLine, ...]:
    """The corner table of a lap beside a reference."""
    behind = own.of(Measure.TIME) - other.of(Measure.TIME)
    return tuple(
        CornerLine(
            corner,
            {m: float(v) for m, v in zip(MEASURES, own.values[:, k], strict=True)},
            {m: float(v) for m, v in zip(MEASURES, other.values[:, k], strict=True)},
            float(behind[k]),
        )
        for k, corner in enumerate(corners)
    )


def consistency(laps: list[LapPassages], measure: Measure) -> Floats:
    """Standard deviation of a measure over a stint, for each corner: float64[corners], NaN with
    fewer than three passages that were seen."""
    if not laps:
        return np.zeros(0)
    values = np.array([np.where(lap.seen, lap.of(measure), np.nan) for lap in laps])
    known = np.isfinite(values)
    n = known.sum(axis=0)
    filled = np.where(known, values, 0.0)
    mean = filled.sum(axis=0) / np.maximum(n, 1)
    square = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0)
    return np.where(n >= 3, np.sqrt(square / np.maximum(n - 1, 1)), np.nan)
