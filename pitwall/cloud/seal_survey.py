"""What of one car's laps may be sealed: what the table has of them, against what its heads promise.

A lap may be sealed when nothing of it can be missing and nothing can come any more: every counter
up to each producer's head is in a lap, so that no missing chunk may be this one's, and its series
have gone on to other laps or have ended. Whatever else is true of it is a reason to leave it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pitwall.cloud import keys
from pitwall.cloud.items import LapEntry, parse_sealed
from pitwall.cloud.keys import parse_count
from pitwall.cloud.lapbook import DEAD
from pitwall.cloud.query import query, read_chunks
from pitwall.store.intervals import IntervalSet
from pitwall.telemetry import BadInput, Head, Segment, Series
from pitwall.telemetry.names import MAX_N


@dataclass(frozen=True, slots=True)
class LapRead:
    """What the table has of one car's lap.

    Attributes:
        chunks: by series, in order of n, each n once.
        sealed: sealed segments that are there, with their versions, by series in order of n.
        faults: why it cannot be relied on; empty when it can.
    """

    lap: int
    chunks: Mapping[Series, list[Segment]]
    sealed: Mapping[Series, list[tuple[Segment, int]]]
    faults: tuple[str, ...] = ()

    @property
    def version(self) -> int:
        """The newest of the sealed segments; 0 when there are none."""
        return max((v for found in self.sealed.values() for _, v in found), default=0)


@dataclass(slots=True)
class Car:
    """What is known of a car without reading its chunks.

    Attributes:
        name: its id.
        heads: of its producers, by epoch.
        entries: its lap catalog, by lap.
    """

    name: str
    heads: dict[str, Head] = field(default_factory=dict)
    entries: dict[int, LapEntry] = field(default_factory=dict)

    @property
    def last_lap(self) -> int:
        """The newest lap that anything speaks of."""
        return max([0, *(h.lap for h in self.heads.values()), *self.entries])


def cars_of(heads: Iterable[Head], entries: Iterable[LapEntry]) -> list[Car]:
    """All cars, by name."""
    cars: dict[str, Car] = {}
    for head in heads:
        cars.setdefault(head.car, Car(head.car)).heads[head.epoch] = head
    for entry in entries:
        cars.setdefault(entry.car, Car(entry.car)).entries[entry.lap] = entry
    return [cars[name] for name in sorted(cars)]


def open_laps(car: Car) -> set[int]:
    """The laps that must be read: not sealed, in reach of a counter that no sealed lap has, or
    where a producer is at."""
    laps = {lap for lap, entry in car.entries.items() if not entry.sealed}
    sealed = [entry for entry in car.entries.values() if entry.sealed]
    for head in car.heads.values():
        if not head.ended:
            laps |= {head.lap, car.last_lap, car.last_lap + 1}
        for group, n in head.n.items():
            places = _places(head, group, sealed, {})
            for lo, hi in places.holes(n):
                laps |= set(places.reach(lo, hi, car.last_lap))
    return laps


def read_lap(
    client: Any, table: str, session: str, groups: Sequence[str], car: str, lap: int
) -> LapRead:
    """Everything that the table has of a lap. Raises Failure."""
    chunks: dict[Series, list[Segment]] = {}
    sealed: dict[Series, list[tuple[Segment, int]]] = defaultdict(list)
    faults: list[str] = []
    for group in groups:
        found, bad = read_chunks(client, table, session, group, lap, car, 0, keys.MAX_T)
        faults += [f"an item cannot be read: {each.reason}" for each in bad]
        by_series: dict[Series, dict[int, Segment]] = defaultdict(dict)
        for chunk in found:
            known = by_series[chunk.series].setdefault(chunk.n_lo, chunk)
            if known.crcs != chunk.crcs:
                faults.append(_twice(chunk))
        for series, by_n in by_series.items():
            chunks[series] = [by_n[n] for n in sorted(by_n)]
        for item in query(client, table, keys.sealed_pk(session, group, lap, car)):
            try:
                segment = parse_sealed(item)
                version = parse_count(item["v"]["N"], MAX_N, "v")
            except BadInput:
                continue  # as good as not there: it is made again
            sealed[segment.series].append((segment, version))
    for pairs in sealed.values():
        pairs.sort(key=lambda pair: pair[0].n_lo)
    return LapRead(lap, chunks, sealed, tuple(faults))


def reasons(car: Car, read: Mapping[int, LapRead]) -> dict[int, str]:
    """Of the laps that were ``read``: why they must be left as they are. A lap that may be sealed
    is not in it."""
    sealed = [e for lap, e in car.entries.items() if e.sealed and lap not in read]
    last = max([car.last_lap, *read])
    out: dict[int, list[str]] = defaultdict(list)
    for lap, each in read.items():
        out[lap] += each.faults
        if not each.chunks and lap in car.entries:
            out[lap].append("nothing of it is in the table")
        for series in each.chunks:
            head = car.heads.get(series.epoch)
            if head is None or series.group not in head.n:
                out[lap].append(f"no head says how much {series.group} of {series.epoch} there is")
    for head in car.heads.values():
        for group, n in head.n.items():
            places = _places(head, group, sealed, read)
            for lo, hi in places.holes(n):
                some = f"{lo} to {hi}" if lo < hi else f"{lo}"
                text = f"{group} n {some} is missing"
                for lap in places.reach(lo, hi, last):
                    out[lap].append(text)
            if not head.ended:
                # as whoever publishes takes it: what fell far behind does not come any more
                for lap in range(max(places.newest_lap, head.lap - DEAD), last + 1):
                    out[lap].append(f"its producer ({head.epoch}) has not said that it ended")
    return {lap: "; ".join(dict.fromkeys(why)) for lap, why in out.items() if why and lap in read}


def lacking(car: Car, read: Mapping[int, LapRead]) -> bool:
    """Whether counters that heads promise, or laps that the catalog has, are nowhere to be found
    with what was ``read``."""
    sealed = [e for lap, e in car.entries.items() if e.sealed and lap not in read]
    return any(lap in car.entries and not each.chunks for lap, each in read.items()) or any(
        _places(head, group, sealed, read).holes(n)
        for head in car.heads.values()
        for group, n in head.n.items()
    )


def with_more(read: LapRead, chunks: Iterable[Segment]) -> tuple[LapRead, int]:
    """``read`` with ``chunks`` of the lap from elsewhere, and how many of them are new to it."""
    by_series = {series: {c.n_lo: c for c in known} for series, known in read.chunks.items()}
    faults = list(read.faults)
    more = 0
    for chunk in chunks:
        by_n = by_series.setdefault(chunk.series, {})
        known = by_n.setdefault(chunk.n_lo, chunk)
        more += known is chunk
        if known.crcs != chunk.crcs:
            faults.append(_twice(chunk))
    merged = {series: [by_n[n] for n in sorted(by_n)] for series, by_n in by_series.items()}
    return replace(read, chunks=merged, faults=tuple(faults)), more


def _twice(chunk: Segment) -> str:
    return f"{chunk.series.group} n {chunk.n_lo} is there twice, with different content"


@dataclass(slots=True)
class _Places:
    """Which lap each counter of a series is in."""

    runs: list[tuple[int, int, int]]
    """``(n_lo, n_hi, lap)`` in order of n."""

    @property
    def newest_lap(self) -> int:
        return self.runs[-1][2] if self.runs else 0

    def holes(self, n: int) -> list[tuple[int, int]]:
        """Runs of 1..n that are in no lap."""
        return IntervalSet((lo, hi) for lo, hi, _ in self.runs).missing(1, n)

    def reach(self, lo: int, hi: int, last: int) -> range:
        """Laps that counters ``lo..hi``, which are missing, can be of: those of their neighbours
        and what is between."""
        before = next((lap for a, _, lap in reversed(self.runs) if a < lo), 0)
        after = next((lap for _, z, lap in self.runs if z > hi), last)
        return range(min(before, after), max(before, after) + 1)


def _places(
    head: Head, group: str, sealed: Iterable[LapEntry], read: Mapping[int, LapRead]
) -> _Places:
    series = Series(head.session, head.car, group, head.epoch)
    runs = [
        (lo, hi, entry.lap)
        for entry in sealed
        for lo, hi in entry.ranges.get((group, head.epoch), ())
    ]
    for lap, each in read.items():
        runs += [(lo, hi, lap) for lo, hi in runs_of(each.chunks.get(series, ()))]
    return _Places(sorted(runs))


def runs_of(segments: Iterable[Segment]) -> Iterator[tuple[int, int]]:
    """``(n_lo, n_hi)`` of runs without a gap, of segments in order of n."""
    lo = hi = 0
    for segment in segments:
        if hi and segment.n_lo == hi + 1:
            hi = segment.n_hi
            continue
        if hi:
            yield lo, hi
        lo, hi = segment.n_lo, segment.n_hi
    if hi:
        yield lo, hi
