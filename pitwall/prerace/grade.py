"""Grade of a lap from the altitudes that a car measured, as far as its laps agree on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pitwall.prerace.along import ALTITUDE, at_times, channel_in
from pitwall.prerace.lap_track import Floats, LapTrack
from pitwall.prerace.practice import FEWEST, PracticeLap
from pitwall.store import SessionStore

SMOOTH_M = 25.0
"""Standard deviation of the bell over which altitudes are smoothed: roads rise over hundreds of
metres, positioning wanders from second to second."""
STEEPEST = 0.25
"""Steeper is no road but a jump of the positioning."""
_PART_SEEN = 0.9
_MEDIAN_SD = 1.2533


def with_grade(
    track: LapTrack, store: SessionStore, car: str, laps: Sequence[PracticeLap]
) -> LapTrack:
    """``track`` with the grade that a car's counted laps measured; as it is where no altitude is
    measured, or on too few laps to know how wrong it is."""
    place = channel_in(store.session.catalog, ALTITUDE)
    if place is None:
        return track
    used = [lap for lap in laps if not lap.dropped]
    slope = slopes(
        [at_times(store, car, place, lap.at_us.astype(np.float64)) for lap in used], track.step_m
    )
    return track if slope is None else replace(track, grade=np.arctan(slope))


def slopes(altitudes: Sequence[Floats], step_m: float) -> Floats | None:
    """Rise for each metre, float64[n], from altitudes of laps (m at the track's points, NaN where
    none); None for fewer than three laps that are known nearly all round.

    Each lap ends as high as it begins: what it is off by is drift. The median over the laps counts
    by how well they agree on it: half where it is as large as its standard error.
    """
    known = [a for a in altitudes if np.isfinite(a).mean() >= _PART_SEEN]
    if len(known) < FEWEST:
        return None
    each = np.stack([_slope(a, step_m) for a in known])
    middle = np.median(each, axis=0)
    error = _MEDIAN_SD * each.std(axis=0, ddof=1) / np.sqrt(len(each))
    told = middle**3 / np.maximum(middle**2 + error**2, 1e-18)
    return np.asarray(np.clip(told - told.mean(), -STEEPEST, STEEPEST))


def _slope(altitude: Floats, step_m: float) -> Floats:
    n = len(altitude)
    at = np.flatnonzero(np.isfinite(altitude))
    whole = np.interp(np.arange(n), at, altitude[at], period=n)
    # the step from the last point to the first is what the positioning drifted by in a lap
    ends = max(round(SMOOTH_M / step_m), 1)
    ahead = float(np.median(whole[:ends]) - np.median(whole[-ends:]))
    rise = float(np.median(np.diff(np.concatenate([whole[-ends:], whole[:ends]]))))
    whole = whole + (ahead - rise * ends) * np.arange(n) / n
    frequency = 2 * np.pi * np.fft.rfftfreq(n, step_m)
    spectrum = np.fft.rfft(whole) * np.exp(-0.5 * (frequency * SMOOTH_M) ** 2) * 1j * frequency
    return np.fft.irfft(spectrum, n)
