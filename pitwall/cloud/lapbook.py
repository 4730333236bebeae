"""Which chunks make which lap: what closes, what is sealed, what the catalog says.

The same book serves the live publisher and bulk writing, so that both give the same items.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from pitwall.cloud.items import MAX_VERSION, LapEntry
from pitwall.cloud.sealed import seal_lap
from pitwall.telemetry import BadInput, Catalog, Samples, Segment, Series

_Place = tuple[str, str, int]
"""Session, car, lap."""
DEAD = 3
"""Laps that a series is behind when it is waited for no more."""


@dataclass(frozen=True, slots=True)
class ClosedLap:
    """One series' chunks of one lap, complete: the next chunk of the series is another lap's.

    Attributes:
        chunks: in order of n; none when the lap is over only because the last series that could
            have come has passed it by.
        entry: the lap's catalog entry, this run counted as sealed. Its version says which
            sealing of the lap this belongs to.
    """

    chunks: tuple[Segment, ...]
    entry: LapEntry

    def seal(self, catalog: Catalog, samples: Samples | None = None) -> list[Segment]:
        """The sealed segments, usually one; ``samples`` (times in event time) saves decoding the
        chunks. Raises BadInput when a chunk cannot be decoded."""
        if not self.chunks:
            return []
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
    over: int = 0
    """How often all series had left the lap."""
    due: bool = False
    """Something of it has come since."""

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

    A lap is over when every series of the car has passed it: tables take the series of a car in no
    common order, and the fast one must not close a lap that the others are still to come to. A
    series that fell three laps behind is taken for dead and not waited for.

    Holds the chunks of the open lap of each series, and of each lap a few numbers.
    """

    def __init__(self) -> None:
        self._open: dict[Series, list[Segment]] = {}
        self._laps: dict[_Place, _Lap] = {}
        self._at: dict[tuple[str, str], dict[Series, int]] = {}
        """By session and car: the lap that each series is in."""
        self._due: dict[tuple[str, str], set[int]] = {}
        """By session and car: laps of which something closed and that are not over."""

    def add(self, chunk: Segment) -> list[ClosedLap]:
        """Count ``chunk``, the next of its series. The lap that it closes, when it is the first of
        another, and those that are over by that."""
        series = chunk.series
        run = self._open.get(series)
        if run is not None and run[0].lap == chunk.lap and run[-1].n_hi + 1 == chunk.n_lo:
            run.append(chunk)
            return []
        who = (series.session, series.car)
        place = (*who, chunk.lap)
        if run is not None:
            self._leave(series, run)
        self._open[series] = [chunk]
        self._at.setdefault(who, {})[series] = chunk.lap
        lap = self._laps.get(place)
        if lap is None:
            lap = self._laps[place] = _Lap(chunk.t_lo)
        lap.open.add(series)
        lap.due = True
        return self._closed(who, run)

    def restore(self, entries: Iterable[LapEntry]) -> None:
        """Take up laps that an earlier book closed and that were sealed: what comes for them from
        now on is late, and makes a new version."""
        for e in entries:
            place = (e.session, e.car, e.lap)
            self._laps[place] = _Lap(e.t_lo, e.t_hi, dict(e.ranges), over=e.version)

    def finish(self, car: str | None = None) -> list[ClosedLap]:
        """Close what is open, of one car or of all: nothing more will come."""
        out: list[ClosedLap] = []
        for series in [s for s in self._open if car is None or s.car == car]:
            who = (series.session, series.car)
            run = self._open.pop(series)
            self._leave(series, run)
            del self._at[who][series]
            out += self._closed(who, run)
        return out

    def entries(self) -> Iterable[LapEntry]:
        """The catalog as it stands, open laps too."""
        return [self._entry(place) for place in self._laps]

    def _leave(self, series: Series, run: list[Segment]) -> None:
        lap = self._laps[series.session, series.car, run[0].lap]
        lap.open.discard(series)
        lap.count(run)
        self._due.setdefault((series.session, series.car), set()).add(run[0].lap)

    def _closed(self, who: tuple[str, str], run: list[Segment] | None) -> list[ClosedLap]:
        """The lap that ``run`` was of, and what else of the car is over."""
        due = self._due.get(who, set())
        over = [number for number in sorted(due) if self._is_over(who, number)]
        for number in over:
            lap = self._laps[(*who, number)]
            lap.over += 1
            lap.due = False
            due.discard(number)
        out = [ClosedLap((), self._entry((*who, n))) for n in over if not run or n != run[0].lap]
        if run:
            out.append(ClosedLap(tuple(run), self._entry((*who, run[0].lap))))
        return out

    def _is_over(self, who: tuple[str, str], lap: int) -> bool:
        return not any(lap - DEAD < at <= lap for at in self._at.get(who, {}).values())

    def _entry(self, place: _Place) -> LapEntry:
        known = self._laps[place]
        lap = _Lap(known.t_lo, known.t_hi, dict(known.ranges))
        for series in known.open:
            lap.count(self._open[series])
        version = min(known.over + known.due, MAX_VERSION)
        return LapEntry(*place, lap.t_lo, lap.t_hi, lap.ranges, not known.due, version)
