"""Which chunks make which lap: what closes, what is sealed, what the catalog says.

The same book serves the live publisher and bulk writing, so that both give the same items.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from pitwall.cloud.items import LapEntry
from pitwall.cloud.sealed import seal_lap
from pitwall.telemetry import BadInput, Catalog, Samples, Segment, Series


@dataclass(frozen=True, slots=True)
class ClosedLap:
    """One series' chunks of one lap, complete: the next chunk of the series is another lap's.

    Attributes:
        chunks: in order of n.
        entry: the lap's catalog entry, this run counted as sealed.
    """

    chunks: tuple[Segment, ...]
    entry: LapEntry

    def seal(self, catalog: Catalog, samples: Samples | None = None) -> list[Segment]:
        """The sealed segments, usually one; ``samples`` (times in event time) saves decoding the
        chunks. Raises BadInput when a chunk cannot be decoded."""
        try:
            group = catalog.group(self.chunks[0].series.group)
        except KeyError as error:
            raise BadInput(f"group {error} is not in the session's catalog") from error
        return seal_lap(self.chunks, group, catalog.version, samples)


@dataclass(slots=True)
class _Lap:
    """What is known of a lap beside its open runs."""

    t_lo: int
    t_hi: int = 0
    ranges: dict[tuple[str, str], tuple[tuple[int, int], ...]] = field(default_factory=dict)
    open: set[Series] = field(default_factory=set)

    def count(self, run: list[Segment]) -> None:
        """Add a run to the ranges and to the span."""
        name = (run[0].series.group, run[0].series.epoch)
        self.ranges[name] = (*self.ranges.get(name, ()), (run[0].n_lo, run[-1].n_hi))
        self.t_lo = min(self.t_lo, run[0].t_lo)
        self.t_hi = max(self.t_hi, run[-1].t_hi)


class Parts:
    """Remembers which runs had to be sealed in several parts, so that the catalog can list each:
    readers ask for sealed laps by the first n of every run that the catalog has."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, int, str, str], list[tuple[int, int]]] = {}

    def note(self, segments: Sequence[Segment]) -> None:
        """The segments that one closed lap was sealed into."""
        if len(segments) > 1:
            s, lap = segments[0].series, segments[0].lap
            known = self._parts.setdefault((s.car, lap, s.group, s.epoch), [])
            known += [(part.n_lo, part.n_hi) for part in segments]

    def listed(self, entry: LapEntry) -> LapEntry:
        """``entry`` with the parts in place of the runs they are parts of."""
        ranges = dict(entry.ranges)
        for (group, epoch), runs in entry.ranges.items():
            parts = self._parts.get((entry.car, entry.lap, group, epoch), [])
            whole = [r for r in runs if not any(r[0] <= lo <= r[1] for lo, _ in parts)]
            if parts:
                ranges[group, epoch] = tuple(sorted([*whole, *parts]))
        return replace(entry, ranges=ranges)


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
        if run is not None and run[0].lap == chunk.lap and run[-1].n_hi + 1 == chunk.n_lo:
            run.append(chunk)
            return None
        closed = None if run is None else self._close(series, run)
        self._open[series] = [chunk]
        place = (series.session, series.car, chunk.lap)
        lap = self._laps.get(place)
        if lap is None:
            lap = self._laps[place] = _Lap(chunk.t_lo)
        lap.open.add(series)
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
        lap = self._laps[place]
        lap.open.discard(series)
        lap.count(run)
        del self._open[series]
        return ClosedLap(tuple(run), self._entry(place))

    def _entry(self, place: tuple[str, str, int]) -> LapEntry:
        known = self._laps[place]
        lap = _Lap(known.t_lo, known.t_hi, dict(known.ranges))
        for series in known.open:
            lap.count(self._open[series])
        return LapEntry(*place, lap.t_lo, lap.t_hi, lap.ranges, not known.open)
