"""The envelope: how hard a car was cornered at each speed, as a start for the whole-lap fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pitwall.prerace.lap_track import Floats, LapTrack
from pitwall.prerace.vehicle import G

BIN_MS = 5.0
QUANTILE = 0.97
_CURVED = 1 / 500.0
_FEWEST = 8
_CLIP = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """Cornering by speed.

    Attributes:
        speed_ms: float64[k], middles of the bins that hold enough points.
        across_ms2: float64[k], the 97 % quantile of the acceleration across there.
        mu: friction that the fit ``mu (g + lift v2)`` has at standstill.
        lift: 1/m, what air adds for each (m/s)2; 0 where the speeds do not tell.
    """

    speed_ms: Floats
    across_ms2: Floats
    mu: float
    lift: float


def envelope(track: LapTrack, speeds: Sequence[Floats]) -> Envelope | None:
    """The envelope of laps' speeds (m/s at the track's points) along the track; None where no
    corner was seen. Banking is taken off, so that it is the tyres' part."""
    lean = G * np.sin(track.banking)
    v = np.concatenate([np.asarray(s, np.float64) for s in speeds])
    bend = np.tile(track.curvature * np.cos(track.banking), len(speeds))
    across = np.abs(v * v * bend - np.tile(lean, len(speeds)))
    use = np.isfinite(across) & (np.abs(bend) > _CURVED)
    bins = np.floor(np.where(use, v, 0.0) / BIN_MS).astype(np.int64)
    middles, highest = [], []
    for b in np.unique(bins[use]):
        inside = across[use & (bins == b)]
        if len(inside) >= _FEWEST:
            middles.append((b + 0.5) * BIN_MS)
            highest.append(float(np.quantile(inside, QUANTILE)))
    if not middles:
        return None
    speed, most = np.array(middles), np.array(highest)
    # the bins near the top are straights, driven below the limit: the slow half says the friction
    mu, lift = float(np.max(most[: max(len(most) // 2, 1)])) / G, 0.0
    if len(speed) >= 3:
        columns = np.stack([np.full_like(speed, G), speed**2], axis=1)
        # the fastest corners that are not corners any more pull the fit down: keep what rises
        keep = most >= 0.8 * np.maximum.accumulate(most)
        if keep.sum() >= 3:
            first, second = np.linalg.lstsq(columns[keep], most[keep], rcond=None)[0]
            if first > 0.1:
                mu, lift = float(first), max(float(second / first), 0.0)
    return Envelope(speed, most, mu, lift)


def start_factors(measured: Envelope | None, modelled: Envelope | None) -> dict[str, float]:
    """Factors on grip and downforce at which a fit may begin: measured over modelled, in the same
    bins. Empty where one of them is not known."""
    if measured is None or modelled is None:
        return {}
    both = np.intersect1d(measured.speed_ms, modelled.speed_ms)
    if not len(both):
        return {}
    ours = measured.across_ms2[np.isin(measured.speed_ms, both)]
    theirs = modelled.across_ms2[np.isin(modelled.speed_ms, both)]
    grip = float(np.median(ours / np.maximum(theirs, 0.1)))
    out = {"grip": float(np.clip(grip, 1 - _CLIP, 1 + _CLIP))}
    if measured.lift > 1e-4 and modelled.lift > 1e-4:
        lift = measured.lift / modelled.lift
        out["downforce"] = float(np.clip(lift, 1 - _CLIP, 1 + _CLIP))
    return out
