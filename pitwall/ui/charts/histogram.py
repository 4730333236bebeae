"""How often a channel had which value. Each sample counts the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.store import SessionStore
from pitwall.ui.charts.parts import Part, Series, series_of
from pitwall.ui.plot.axis import nice_step
from pitwall.ui.plot.choice import Trace

BINS = 48
MOST_BINS = 400
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """One part's histogram.

    Attributes:
        part: of which samples.
        share: float64[bins], of the part's samples in each bin; they add up to 1.
        count: samples.
        mean, deviation: of them; the deviation is that of the samples, divided by their number.
    """

    part: Part
    share: Floats
    count: int
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """All parts over the same bins.

    Attributes:
        trace: the channel.
        edges: float64[bins + 1], in the unit of the stored values.
        shares: one for each part that has samples.
    """

    trace: Trace
    edges: Floats
    shares: tuple[Share, ...]


def histogram_of(store: SessionStore, parts: tuple[Part, ...], trace: Trace) -> Histogram:
    """Histograms of a channel. Bins are round; a channel that goes in steps has one for each."""
    found = [(part, series_of(store, part, trace)) for part in parts]
    found = [(part, series) for part, series in found if len(series.y)]
    if not found:
        return Histogram(trace, np.zeros(0), ())
    low = min(float(series.y.min()) for _, series in found)
    high = max(float(series.y.max()) for _, series in found)
    edges = _edges(low, high, trace)
    return Histogram(trace, edges, tuple(_share(part, series, edges) for part, series in found))


def _edges(low: float, high: float, trace: Trace) -> Floats:
    channel = trace.channel
    step = nice_step(max(high - low, 1e-9), BINS)
    if channel.step:
        step = max(1.0, float(round(step)))
        first = np.floor(low + 0.5) - 0.5
    else:
        # Bins narrower than the sensor's step would leave every second one empty.
        if channel.resolution > 0:
            step = max(1.0, round(step / channel.resolution)) * channel.resolution
        first = np.floor(low / step) * step
    bins = min(int(np.floor((high - first) / step + 1e-9)) + 1, MOST_BINS)
    edges: Floats = first + step * np.arange(bins + 1)
    return edges


def _share(part: Part, series: Series, edges: Floats) -> Share:
    y = series.y
    # Half a billionth of a bin: values on an edge belong to the bin above it, as stored.
    slack = (edges[1] - edges[0]) * 1e-6
    counts = np.histogram(y + slack, edges)[0]
    counts[-1] += len(y) - int(counts.sum())
    share = counts / len(y)
    return Share(part, share, len(y), float(y.mean()), float(y.std()))
