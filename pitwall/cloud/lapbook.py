"""Which chunks make which lap: what closes, what is sealed, what the catalog says.

The same book serves the live publisher and bulk writing, so that both give the same items.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pitwall.cloud.items import LapEntry
from pitwall.cloud.sealed import seal_lap
from pitwall.telemetry import BadInput, Catalog, Segment, Series


@dataclass(frozen=True, slots=True)
class ClosedLap:
    """One series' chunks of one lap, complete: the next chunk of the series is another lap's.

    Attributes:
        chunks: in order of n.
        entry: the lap's catalog entry, this run counted as sealed.
    """

    chunks: tuple[Segment, ...]
    entry: LapEntry

    def seal(self, catalog: Catalog) -> list[Segment]:
        """The sealed segments, usually one. Raises BadInput when a chunk cannot be decoded."""
        try:
            group = catalog.group(self.chunks[0].series.group)
        except KeyError as error:
            raise BadInput(f"group {error} is not in the session's catalog") from error
        return seal_lap(self.chunks, group, catalog.version)


@dataclass(slots=True)
class _Lap:
    t_lo: int
    t_hi: int
    ranges: dict[tuple[str, str], tuple[tuple[int, int], ...]] = field(default_factory=dict)
    open: set[tuple[str, str]] = field(default_factory=set)


class LapBook:
    """Collects accepted chunks and gives back laps as they close. Used by one thread.

    Holds the chunks of the open lap of each series, and of each lap a few numbers.
    """

    def __init__(self) -> None:
        self._open: dict[Series, list[Segment]] = {}
        self._laps: dict[tuple[str, str, int], _Lap] = {}

    def add(self, chunk: Segment) -> ClosedLap | None:
        """Count ``chunk``, the next of its series; the lap that it closes, when it is the first of
        another."""
        series = chunk.series
        run = self._open.get(series)
        closed = None
        if run and run[0].lap != chunk.lap:
            closed = self._close(series, run)
            run = None
        if run is None:
            run = self._open[series] = []
        run.append(chunk)
        place = (series.session, series.car, chunk.lap)
        name = (series.group, series.epoch)
        lap = self._laps.get(place)
        if lap is None:
            lap = self._laps[place] = _Lap(chunk.t_lo, chunk.t_hi)
        lap.t_lo = min(lap.t_lo, chunk.t_lo)
        lap.t_hi = max(lap.t_hi, chunk.t_hi)
        lap.open.add(name)
        runs = lap.ranges.get(name, ())
        if runs and runs[-1][1] + 1 == chunk.n_lo:
            lap.ranges[name] = (*runs[:-1], (runs[-1][0], chunk.n_hi))
        else:
            lap.ranges[name] = (*runs, (chunk.n_lo, chunk.n_hi))
        return closed

    def finish(self, car: str | None = None) -> list[ClosedLap]:
        """Close what is open, of one car or of all: nothing more will come."""
        some = [s for s in self._open if car is None or s.car == car]
        return [self._close(series, self._open[series]) for series in some]

    def entries(self) -> Iterable[LapEntry]:
        """The catalog as it stands, open laps too."""
        return [self._entry(place) for place in self._laps]

    def _close(self, series: Series, run: list[Segment]) -> ClosedLap:
        place = (series.session, series.car, run[0].lap)
        self._laps[place].open.discard((series.group, series.epoch))
        del self._open[series]
        return ClosedLap(tuple(run), self._entry(place))

    def _entry(self, place: tuple[str, str, int]) -> LapEntry:
        lap = self._laps[place]
        return LapEntry(*place, lap.t_lo, lap.t_hi, dict(lap.ranges), not lap.open)
