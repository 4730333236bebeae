"""Where files of single laps were cut: crossings by the logger's own count."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pitwall.formats.source import Block
from pitwall.telemetry import Channel, Group

EDGE_HALF_S = 0.12
"""90 % half width of a lap's edge by the logger's count, against official crossings: the files'
rows come 23 times a second, some are missing at the edges."""
_HALF_STEP_US = 21_500
_ONE_EDGE_US = 1_000_000
MARKS = Group(
    "marks", 0.02, 1_000_000, (Channel("line_mark", "s", 0.001, 0, 1, label="line mark ±"),)
)


class Edges:
    """Where a car's files were cut: at the first and after the last sample of each lap number,
    which the logger counts up at the line. Laps that follow each other share one edge."""

    def __init__(self) -> None:
        self._spans: dict[int, list[int]] = {}

    def see(self, block: Block) -> None:
        """Note the samples of the next block."""
        if block.group != "lap" or not len(block.t):
            return
        lo, hi = int(block.t[0]), int(block.t[-1])
        span = self._spans.setdefault(block.lap, [lo, hi])
        span[0], span[1] = min(span[0], lo), max(span[1], hi)

    def marks(self, car: str) -> Iterator[Block]:
        """The edges, with the 90 % half width of each in seconds."""
        times: list[int] = []
        for _, (lo, hi) in sorted(self._spans.items()):
            lo, hi = lo - _HALF_STEP_US, hi + _HALF_STEP_US
            if times and lo - times[-1] < _ONE_EDGE_US:
                times[-1] = (times[-1] + lo) // 2
            else:
                times.append(lo)
            times.append(hi)
        if times:
            width = np.full(len(times), EDGE_HALF_S)
            yield Block(car, MARKS.name, 0, np.array(times, np.int64), {"line_mark": width})
