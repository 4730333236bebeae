"""What the histogram, X-Y and spectrum panes compute. Plain numpy, no Qt; on any thread."""

from pitwall.ui.charts.histogram import Histogram, histogram_of
from pitwall.ui.charts.pairs import Cloud, Pairs, pairs_of
from pitwall.ui.charts.parts import Part, parts_of
from pitwall.ui.charts.spectrum import Spectrum, spectrum_of

__all__ = [
    "Cloud",
    "Histogram",
    "Pairs",
    "Part",
    "Spectrum",
    "histogram_of",
    "pairs_of",
    "parts_of",
    "spectrum_of",
]
