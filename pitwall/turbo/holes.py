"""Where a hole is in event time."""

from __future__ import annotations

from collections.abc import Mapping

from pitwall.cloud.keys import MAX_T
from pitwall.store import Runs, SessionStore
from pitwall.store.block import Laps
from pitwall.store.holes import runs_of
from pitwall.telemetry import Series
from pitwall.telemetry.clock import SECOND_US
from pitwall.turbo.splice import Missing

_NOTHING = Runs((), ())


class HoleTimes:
    """Times around holes, from the samples beside them, else from the producer's head.

    One look at the store: make a new one when the store has moved on.
    """

    def __init__(self, store: SessionStore) -> None:
        self._view = store.view()
        self._runs: dict[tuple[str, str], Mapping[str, Runs]] = {}

    def __call__(self, hole: Missing) -> tuple[int, int]:
        """Event time of the neighbours, microseconds UTC, for reports and for the seam."""
        lo, hi = self._neighbours(hole)
        head = self._view.heads.get((hole.series.car, hole.series.epoch))
        if lo is None:
            lo = head.t_first if head else (hi or 0)
        if hi is None:
            hi = max(head.t if head else 0, lo)
        return lo, max(hi, lo)

    def bounds(self, hole: Missing) -> tuple[int, int]:
        """Bounds that the start times of the hole's chunks keep for certain."""
        lo, hi = self._neighbours(hole)
        if lo is None:
            head = self._view.heads.get((hole.series.car, hole.series.epoch))
            lo = max(head.t_first - SECOND_US, 0) if head else 0
        return lo, MAX_T if hi is None else hi

    def laps(self, hole: Missing) -> tuple[int, int]:
        """The first and the last lap that can hold the hole's chunks: those of its neighbours,
        else 0 and the producer's newest (0 when it has said none)."""
        head = self._view.heads.get((hole.series.car, hole.series.epoch))
        lo, hi = self._neighbours(hole)
        first = 0 if lo is None else int(self._laps_at(hole.series, lo).min())
        if hi is None:
            return first, max(head.lap if head else 0, first)
        return first, int(self._laps_at(hole.series, hi).max())

    def _laps_at(self, series: Series, t: int) -> Laps:
        return self._view.columns[series.car, series.group].span(t, t).lap

    def _neighbours(self, hole: Missing) -> tuple[int | None, int | None]:
        key = (hole.series.car, hole.series.group)
        if key not in self._runs:
            columns = self._view.columns.get(key)
            self._runs[key] = runs_of(columns) if columns else {}
        runs = self._runs[key].get(hole.series.epoch, _NOTHING)
        return runs.before(hole.n_lo), runs.after(hole.n_hi)
