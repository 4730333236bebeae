"""Where files of single laps were cut: crossings by the logger's own count."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pitwall.formats.edge_shape import LapShape, late_by
from pitwall.formats.source import Block
from pitwall.telemetry import Channel, Group

EDGE_HALF_S = 0.12
"""90 % half width of a lap's edge by the logger's count, against official crossings: the files'
rows come 23 times a second, some are missing at the edges."""
SHAPED_HALF_S = 0.08
"""The same of an edge that was put where the track's shape beside it says."""
_HALF_STEP_US = 21_500
_ONE_EDGE_US = 1_000_000
MARKS = Group(
    "marks", 0.02, 1_000_000, (Channel("line_mark", "s", 0.001, 0, 1, label="line mark ±"),)
)


class Edges:
    """Where the cars' files were cut: at the first and after the last sample of each lap number,
    which the logger counts up at the line. Laps that follow each other share one edge."""

    def __init__(self) -> None:
        self._spans: dict[tuple[str, int], list[int]] = {}
        self._shapes: dict[tuple[str, int], LapShape] = {}

    def see(self, block: Block) -> None:
        """Note the samples of the next block."""
        if not len(block.t):
            return
        lap = (block.car, block.lap)
        self._shapes.setdefault(lap, LapShape()).see(block)
        if block.group == "lap":
            lo, hi = int(block.t[0]), int(block.t[-1])
            span = self._spans.setdefault(lap, [lo, hi])
            span[0], span[1] = min(span[0], lo), max(span[1], hi)

    def marks(self) -> Iterator[Block]:
        """The edges of each car, with the 90 % half width of each in seconds."""
        edges = self._edges()
        for car in dict.fromkeys(car for car, _ in self._spans):
            times: list[int] = []
            widths: list[float] = []
            for lap in sorted(lap for lap in edges if lap[0] == car):
                (lo, lo_half), (hi, hi_half) = edges[lap]
                if times and lo - times[-1] < _ONE_EDGE_US:
                    times[-1] = _between(times[-1], widths[-1], lo, lo_half)
                    widths[-1] = min(widths[-1], lo_half)
                else:
                    times.append(lo)
                    widths.append(lo_half)
                times.append(hi)
                widths.append(hi_half)
            values = {"line_mark": np.array(widths)}
            yield Block(car, MARKS.name, 0, np.array(times, np.int64), values)

    def _edges(self) -> dict[tuple[str, int], tuple[tuple[int, float], tuple[int, float]]]:
        """Begin and end of every lap, moved by what the laps' shapes say."""
        cuts = {
            lap: (lo - _HALF_STEP_US, hi + _HALF_STEP_US) for lap, (lo, hi) in self._spans.items()
        }
        told = {lap: both for lap, cut in cuts.items() if (both := self._shapes[lap].ends(*cut))}
        # far from the corners behind it a begin is early; far from those before it an end is late
        begins = dict(zip(told, late_by([b for b, _ in told.values()]), strict=True))
        ends = dict(zip(told, late_by([e for _, e in told.values()]), strict=True))
        return {
            lap: (_moved(lo, -begins.get(lap, np.nan)), _moved(hi, ends.get(lap, np.nan)))
            for lap, (lo, hi) in cuts.items()
        }


def _moved(at: int, by: float) -> tuple[int, float]:
    if not np.isfinite(by):
        return at, EDGE_HALF_S
    return at + round(by * 1e6), SHAPED_HALF_S


def _between(at: int, half: float, other: int, other_half: float) -> int:
    """One edge from two views of it, the surer one counting more."""
    weight = other_half**2 / (half**2 + other_half**2)
    return round(other + (at - other) * weight)
