"""Cautions: how often, when, for how long; drawn for many races at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.telemetry import BadInput

GREEN, SLOW, SAFETY = 0, 1, 2
"""What a lap is: free, under a full-course yellow or virtual safety car, behind a safety car."""
_MOST = 24
_MILE = 1609.344


@dataclass(frozen=True, slots=True)
class CautionModel:
    """How cautions come in a kind of racing.

    Attributes:
        key, title: name on the command line and on screen.
        counts: probabilities of 0, 1, 2 ... safety cars in a race; empty where ``rate`` says it.
        starts: probability of the first lap, and of each fifth of the race after it.
        durations: probabilities of 1, 2, 3 ... laps.
        rate_shape, rate_scale: of the Gamma distribution of cautions for each 100 miles.
        slow_mean: full-course yellows in a race, on average.
        slow_durations: probabilities of 1, 2, 3 ... laps of them.
        stages: parts of the race after which a caution is called anyhow.
        assumed: True where the numbers are assumed, not counted over races.
    """

    key: str
    title: str
    counts: tuple[float, ...] = ()
    starts: tuple[float, ...] = (1 / 6,) * 6
    durations: tuple[float, ...] = (1.0,)
    rate_shape: float = 0.0
    rate_scale: float = 0.0
    slow_mean: float = 0.0
    slow_durations: tuple[float, ...] = (1.0,)
    stages: tuple[float, ...] = ()
    assumed: bool = False

    def __post_init__(self) -> None:
        for name in ("counts", "starts", "durations", "slow_durations"):
            parts = getattr(self, name)
            if parts and (min(parts) < 0 or not math.isclose(sum(parts), 1.0, abs_tol=5e-3)):
                raise BadInput(f"cautions {self.key}: {name} must be probabilities that sum to 1")


NONE = CautionModel("none", "No cautions", counts=(1.0,))
CAUTIONS: tuple[CautionModel, ...] = (
    # counted over the races of 2014 to 2019
    CautionModel(
        "formula",
        "Formula",
        counts=(0.455, 0.413, 0.099, 0.033),
        starts=(0.364, 0.136, 0.136, 0.080, 0.193, 0.091),
        durations=(0.0, 0.182, 0.250, 0.227, 0.193, 0.057, 0.068, 0.023),
        slow_durations=(0.479, 0.396, 0.021, 0.104),
    ),
    # 1.8 to 2.4 for each 100 miles over six seasons; lengths are assumed
    CautionModel(
        "stock-car",
        "Stock car",
        starts=(0.02, 0.196, 0.196, 0.196, 0.196, 0.196),
        durations=(0.0, 0.0, 0.05, 0.2, 0.3, 0.25, 0.15, 0.05),
        rate_shape=25.0,
        rate_scale=2.1 / 25.0,
        stages=(0.25, 0.5),
    ),
    CautionModel(
        "road-cup",
        "Road car cup",
        starts=(0.3, 0.14, 0.14, 0.14, 0.14, 0.14),
        durations=(0.0, 0.3, 0.4, 0.2, 0.1),
        rate_shape=2.0,
        rate_scale=0.6,
        assumed=True,
    ),
    NONE,
)


def caution_model(key: str) -> CautionModel:
    """A preset by name. Raises BadInput."""
    for model in CAUTIONS:
        if model.key == key:
            return model
    raise BadInput(f"no cautions {key!r}; there are {', '.join(m.key for m in CAUTIONS)}")


@dataclass(frozen=True, slots=True, eq=False)
class Cautions:
    """Cautions of R races.

    Attributes:
        status: int8[laps, R], GREEN, SLOW or SAFETY for each lap from the first that is drawn.
        count: int64[R], safety cars called, those called in the race's end included.
        start: int64[R, most], first lap of each (from 0), -1 where there is none.
        length: int64[R, most], laps of each.
    """

    status: NDArray[np.int8]
    count: NDArray[np.int64]
    start: NDArray[np.int64]
    length: NDArray[np.int64]


def draw_cautions(
    model: CautionModel,
    laps: int,
    races: int,
    rng: np.random.Generator,
    *,
    lap_m: float = 5000.0,
    first: int = 0,
) -> Cautions:
    """Cautions of ``races`` races of ``laps`` laps, from lap index ``first`` on: of the earlier
    part it is known what happened, and those that were called then are not drawn. Raises BadInput
    for a race without laps."""
    if laps < 1 or races < 1 or not 0 <= first < laps:
        raise BadInput(f"cautions: {races} races of {laps} laps from lap {first}")
    if model.counts:
        count = rng.choice(len(model.counts), size=races, p=_parts(model.counts))
    else:
        rate = rng.gamma(model.rate_shape, model.rate_scale, races)
        count = np.minimum(rng.poisson(rate * laps * lap_m / _MILE / 100.0), _MOST)
    most = max(int(count.max()), 1)
    start = np.where(np.arange(most) < count[:, None], _starts(model, laps, (races, most), rng), -1)
    length = _lengths(model.durations, (races, most), rng)
    status = np.zeros((laps, races), np.int8)
    slow = np.minimum(rng.poisson(model.slow_mean, races), _MOST)
    if slow.any():
        begin = rng.integers(0, laps, (races, int(slow.max())))
        begin = np.where(np.arange(begin.shape[1]) < slow[:, None], begin, -1)
        _mark(status, begin, _lengths(model.slow_durations, begin.shape, rng), SLOW, first)
    _mark(status, start, length, SAFETY, first)
    for stage in model.stages:
        lap = round(stage * laps)
        if lap >= first:
            status[lap : lap + 5] = SAFETY
    return Cautions(status[first:], count.astype(np.int64), start, length)


def _parts(weights: tuple[float, ...]) -> NDArray[np.float64]:
    parts = np.array(weights)
    return np.asarray(parts / parts.sum())


def _starts(
    model: CautionModel, laps: int, shape: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.int64]:
    """The first lap, or evenly within one of the fifths of what follows."""
    which = rng.choice(len(model.starts), size=shape, p=_parts(model.starts))
    within = (which - 1 + rng.random(shape)) / (len(model.starts) - 1)
    later = 1 + np.floor(within * max(laps - 1, 0)).astype(np.int64)
    return np.where(which == 0, 0, np.minimum(later, laps - 1))


def _lengths(
    durations: tuple[float, ...], shape: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.int64]:
    drawn = rng.choice(len(durations), size=shape, p=_parts(durations)) + 1
    return drawn.astype(np.int64)


def _mark(
    status: NDArray[np.int8],
    start: NDArray[np.int64],
    length: NDArray[np.int64],
    kind: int,
    first: int,
) -> None:
    """Write cautions into the laps, the graver over the lesser."""
    laps = np.arange(len(status))[:, None]
    for k in range(start.shape[1]):
        begin = start[:, k]
        use = begin >= first
        inside = use & (laps >= begin) & (laps < begin + length[:, k])
        status[inside] = np.maximum(status[inside], kind)
