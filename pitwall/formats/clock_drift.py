"""How fast a producer's clock runs against the receiver's, whatever the delays on the way.

Receipt minus stamp is the clocks' offset plus a delay that is never negative and often, in bursts,
seconds. So only the least of each minute counts, and the slope of these is the drift: the median of
the slopes between pairs of them, which a few minutes without a quick delivery do not move.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

_BIN_US = 60_000_000
_JUMP_US = 600_000_000
"""A change beyond this is another clock setting; each setting has its own minima."""
_LEAST_BINS = 8
_MOST = 500e-6
"""No clock of a logger drifts more; what looks like more is delay."""
_MAX_BINS = 5000


class DriftFit:
    """Gathers stamps of one car; memory is bounded by minutes."""

    def __init__(self) -> None:
        self._least: dict[tuple[int, int], int] = {}
        self._setting = 0
        self._last: int | None = None

    def add(self, event_us: int, receipt_us: int) -> None:
        """Note one stamp and when it was received."""
        difference = receipt_us - event_us
        if self._last is not None and abs(difference - self._last) > _JUMP_US:
            self._setting += 1
        self._last = difference
        key = (self._setting, event_us // _BIN_US)
        before = self._least.get(key)
        if before is None:
            if len(self._least) < _MAX_BINS:
                self._least[key] = difference
        elif difference < before:
            self._least[key] = difference

    def drift(self) -> float:
        """Seconds that the receiver's clock gains on the producer's in each second; 0 where the
        minutes are too few to tell, or tell of nothing but delay."""
        slopes = []
        count = 0
        for setting in range(self._setting + 1):
            own = sorted((bin_, least) for (s, bin_), least in self._least.items() if s == setting)
            if len(own) < _LEAST_BINS:
                continue
            minutes = np.array([bin_ for bin_, _ in own], np.float64)
            least = np.array([value for _, value in own], np.float64)
            # pairs half the span apart: near ones tell of delay only
            half = len(own) // 2
            step = (minutes[half:] - minutes[:-half]) * _BIN_US
            slopes.append((least[half:] - least[:-half]) / step)
            count += len(own)
        if not slopes:
            return 0.0
        found = np.concatenate(slopes)
        middle = float(np.median(found))
        scatter = 1.4826 * float(np.median(np.abs(found - middle))) / max(len(found), 1) ** 0.5
        return middle if 3 * scatter < abs(middle) <= _MOST else 0.0


def drift_notes(drifts: Mapping[str, float]) -> list[str]:
    """What to tell of the clocks that were corrected."""
    return [
        f"{car}: its clock was corrected for a drift of {drift * 1e6:+.0f} parts in a million"
        for car, drift in drifts.items()
        if drift
    ]
