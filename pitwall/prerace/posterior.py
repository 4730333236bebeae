"""What is believed of a car after its laps: draws, the same for every setup that is compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pitwall.prerace.fit import Fit, scaled
from pitwall.prerace.lap_track import Floats
from pitwall.prerace.vehicle import Vehicle

DRAWS = 200
SEED = 20_240_607


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """Draws of the logarithms of a fit's factors, relative to the fitted car.

    Attributes:
        fit: what was fitted.
        offsets: float64[draws, k].
    """

    fit: Fit
    offsets: Floats

    def cars(self, car: Vehicle) -> list[Vehicle]:
        """``car`` (the fitted one, set up in any way) as each draw has it."""
        return [scaled(car, self.fit.unknowns, row) for row in self.offsets]


def posterior(fit: Fit, draws: int = DRAWS, seed: int = SEED) -> Posterior:
    """``draws`` (made even) draws of the fit's normal distribution, each with its mirror image, so
    that their mean is the fit itself. The same seed gives the same draws."""
    half = max(draws // 2, 1)
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(fit.covariance + 1e-14 * np.eye(len(fit.sd)))
    one_way = rng.standard_normal((half, len(fit.sd))) @ root.T
    return Posterior(fit, np.concatenate([one_way, -one_way]))
