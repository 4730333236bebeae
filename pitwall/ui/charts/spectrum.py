"""How a channel's variation is spread over frequencies: Welch's averaged periodogram.

Hann windows half over each other, each without its mean, within unbroken runs of evenly spaced
samples only. Nothing is resampled: what is not evenly spaced has no spectrum here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.store import SessionStore
from pitwall.ui.charts.parts import Part, Series, series_of
from pitwall.ui.plot.choice import Trace

LONGEST, SHORTEST = 1024, 32
"""Samples of a window."""
WINDOWS = 6
"""As many are wanted for an average before windows are made longer."""
UNEVEN = 0.05
"""Share of the interval by which spacings may differ."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One part's spectrum.

    Attributes:
        part: of which samples.
        hz: float64[m], frequencies, from one resolution up.
        density: float64[m], unit² per Hz; over all frequencies it adds up to the variance.
        windows: averaged.
        used, samples: in windows, and in all; what is between was in runs that are too short.
    """

    part: Part
    hz: Floats
    density: Floats
    windows: int
    used: int
    samples: int


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """All parts with one window length.

    Attributes:
        trace: the channel.
        curves: one for each part that has a spectrum.
        length: samples of a window; 0 without any.
        rate_hz: samples a second.
        why_not: what is said where there is none.
    """

    trace: Trace
    curves: tuple[Curve, ...]
    length: int
    rate_hz: float
    why_not: str = ""

    @property
    def resolution_hz(self) -> float:
        """Frequencies closer than this are not told apart (twice this, with a Hann window)."""
        return self.rate_hz / self.length if self.length else 0.0


def spectrum_of(store: SessionStore, parts: tuple[Part, ...], trace: Trace) -> Spectrum:
    """Spectra of a channel."""
    found = [(part, series_of(store, part, trace)) for part in parts]
    found = [(part, series) for part, series in found if len(series.t) > SHORTEST]
    if not found:
        return Spectrum(trace, (), 0, 0.0, f"fewer than {SHORTEST} samples in view")
    interval = float(np.median(np.concatenate([np.diff(series.t) for _, series in found])))
    cut = [(part, series, _runs(series, interval)) for part, series in found]
    longest = max((last - first for _, _, runs in cut for first, last in runs), default=0)
    if longest < SHORTEST:
        spread = _spread(found[0][1], interval)
        text = f"samples are not evenly spaced (nine of ten within ±{100 * spread:.0f} %)"
        return Spectrum(trace, (), 0, 1e6 / interval, text)
    length = _length(max(cut, key=lambda one: _total(one[2]))[2])
    curves = []
    for part, series, runs in cut:
        long_enough = [run for run in runs if run[1] - run[0] >= length]
        if long_enough:
            curves.append(_welch(part, series, long_enough, length, 1e6 / interval))
    return Spectrum(trace, tuple(curves), length, 1e6 / interval)


def _runs(series: Series, interval: float) -> list[tuple[int, int]]:
    """Stretches of evenly spaced samples: first, and one beyond the last."""
    even = np.abs(np.diff(series.t) - interval) <= UNEVEN * interval
    even[series.starts[1:] - 1] = False
    edges = np.flatnonzero(~even) + 1
    bounds = [0, *edges.tolist(), len(series.t)]
    return [(a, z) for a, z in zip(bounds, bounds[1:], strict=False) if z - a >= SHORTEST]


def _total(runs: list[tuple[int, int]]) -> int:
    return sum(last - first for first, last in runs)


def _length(runs: list[tuple[int, int]]) -> int:
    """The longest power of two that still gives enough windows, of those that fit a run."""
    length = SHORTEST
    while length * 2 <= LONGEST:
        windows = sum(max((z - a) // length - 1, 0) for a, z in runs)
        if windows < WINDOWS or not any(z - a >= 2 * length for a, z in runs):
            break
        length *= 2
    return length


def _welch(
    part: Part, series: Series, runs: list[tuple[int, int]], length: int, rate_hz: float
) -> Curve:
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    scale = 1.0 / (rate_hz * float((window**2).sum()))
    pieces = []
    used = 0
    for first, last in runs:
        begins = np.arange(first, last - length + 1, length // 2)
        used += int(begins[-1]) + length - first
        pieces.append(np.lib.stride_tricks.sliding_window_view(series.y, length)[begins])
    windows = np.concatenate(pieces)
    windows = (windows - windows.mean(axis=1, keepdims=True)) * window
    power = np.abs(np.fft.rfft(windows, axis=1)) ** 2 * scale
    power[:, 1:] *= 2  # the other half of the frequencies
    if length % 2 == 0:
        power[:, -1] /= 2
    hz = np.fft.rfftfreq(length, 1 / rate_hz)
    density: Floats = np.asarray(power.mean(axis=0), np.float64)
    frequencies: Floats = np.asarray(hz[1:], np.float64)
    return Curve(part, frequencies, density[1:], len(windows), used, len(series.t))


def _spread(series: Series, interval: float) -> float:
    return float(np.quantile(np.abs(np.diff(series.t) / interval - 1), 0.9))
