"""A race as it is published: its samples on one clock, cut into chunks in the order they end.

Times of a feed are microseconds since its start; whoever publishes adds the moment that the race
is to have begun.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pitwall.cloud.chunking import chunk_samples
from pitwall.cloud.keys import MAX_T
from pitwall.store import Recording
from pitwall.telemetry import (
    BadInput,
    Catalog,
    ClockKind,
    Group,
    Head,
    Segment,
    Series,
    Session,
    decode_many,
)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


_PORTION_US = 30_000_000


class FeedSamples(NamedTuple):
    """Samples of one group of one car: ``t_us`` int64[n] since the feed's start, ``values``
    float64[k, n], ``lap`` int[n]."""

    t_us: Ints
    values: Floats
    lap: NDArray[np.integer]


class Feed(Protocol):
    """A race to publish.

    Attributes:
        title: as shown.
        catalog: its channel groups.
        cars: ids, in the order of the field.
        seconds: how long it is.
        clock: where its times come from.
        simulated: True when nobody drove it.
        driven_us: when it was driven, microseconds UTC; 0 for one that is driven now.
        key: of the session it was recorded as; empty when it was not.
    """

    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def catalog(self) -> Catalog: ...  # noqa: D102
    @property
    def cars(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def seconds(self) -> float: ...  # noqa: D102
    @property
    def clock(self) -> ClockKind: ...  # noqa: D102
    @property
    def simulated(self) -> bool: ...  # noqa: D102
    @property
    def driven_us(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> str: ...  # noqa: D102
    def samples(self, car: str, group: str) -> FeedSamples | None:
        """All samples, None when the car has no such group."""
        ...


class RecordingFeed:
    """A recording as a feed.

    Args:
        path: of the recording.
        cars: those to publish; all when empty. Times and length stay those of the whole recording,
            so that its cars fit together when each is published by itself.

    Raises:
        BadInput: no such recording, a damaged one, one without samples, or without one of ``cars``.
    """

    def __init__(self, path: str | Path, cars: Sequence[str] = ()) -> None:
        samples: dict[tuple[str, str], list[FeedSamples]] = {}
        first, last = MAX_T, 0
        with Recording.open(path, read_only=True) as recording:
            session = recording.session
            known = tuple(dict.fromkeys(series.car for series in recording.series()))
            strange = [car for car in dict.fromkeys(cars) if car not in known]
            if strange:
                raise BadInput(
                    f"{path}: no car {', '.join(strange)}; there are: {', '.join(known) or 'none'}"
                )
            for series in recording.series():
                segments = [row.segment for row in recording.read_segments(series)]
                first = min(first, *(s.t_lo for s in segments), MAX_T)
                last = max(last, *(s.t_hi for s in segments), 0)
                if cars and series.car not in cars:
                    continue
                try:
                    group = session.catalog.group(series.group)
                except KeyError:
                    raise BadInput(f"{path}: group {series.group} has no catalog entry") from None
                if segments:
                    read = _decoded(segments, group, session.catalog.version, path)
                    samples.setdefault((series.car, series.group), []).append(read)
        if not samples:
            raise BadInput(f"{path}: the recording holds no samples to replay")
        start = min(session.started_us, first) if session.started_us else first
        self._samples = {key: _joined(parts, start) for key, parts in samples.items()}
        self.key = session.key
        self.title = session.title
        self.driven_us = session.driven_us or start
        self.catalog = session.catalog
        self.cars = tuple(dict.fromkeys(car for car, _ in samples))
        self.seconds = (last - start) / 1e6
        self.clock = session.clock
        self.simulated = session.simulated

    def samples(self, car: str, group: str) -> FeedSamples | None:
        """All samples of one group of one car, None when it has none."""
        return self._samples.get((car, group))


def feed_session(
    feed: Feed, key: str, started_us: int, length_s: float, pace: float = 1.0
) -> Session:
    """The session that the feed is published as. Raises BadInput for a bad key."""
    return Session(
        key,
        feed.title,
        feed.catalog,
        started_us,
        length_s,
        feed.clock,
        feed.simulated,
        feed.driven_us,
        pace,
    )


def cut(samples: FeedSamples, group: Group, until_us: int) -> FeedSamples:
    """The samples in chunks that are over by ``until_us``."""
    last_bin = until_us // group.chunk_us
    n = int(np.searchsorted(samples.t_us, last_bin * group.chunk_us))
    return FeedSamples(samples.t_us[:n], samples.values[:, :n], samples.lap[:n])


def live_chunks(
    feed: Feed, session: Session, epoch: str, heads: Iterable[Head] = ()
) -> Iterator[Segment]:
    """The feed's chunks in order of their end, as a publisher that goes on after ``heads`` wants
    them: each car from the beginning of the first lap that any of its series still has open.

    Args:
        feed: all of it, history too.
        session: as published; its start says when the feed began.
        epoch: the producers' boot id.
        heads: the newest of each car; cars without one start at the beginning.

    Raises:
        BadInput: as :func:`pitwall.cloud.chunk_samples`.
    """
    states = {h.car: h for h in heads if h.session == session.key and h.epoch == epoch}
    tracks: list[_Track] = []
    for car in feed.cars:
        tracks += _tracks(feed, session, car, epoch, states.get(car))
    if not tracks:
        return
    # a portion at a time: the first chunk is wanted now, the last in an hour
    portion = math.lcm(*(track.group.chunk_us for track in tracks))
    portion *= -(-_PORTION_US // portion)
    at = min(track.next_us for track in tracks) // portion * portion
    while any(not track.done for track in tracks):
        at += portion
        chunks = [chunk for track in tracks for chunk in track.take(at)]
        chunks.sort(key=lambda chunk: chunk.t_hi)
        yield from chunks


def lap_chunks(
    feed: Feed, session: Session, epoch: str, car: str, first: int, last: int
) -> list[Segment]:
    """The chunks of one car's laps ``first`` to ``last``, as :func:`live_chunks` gives them, in
    order of their end."""
    chunks = [c for t in _tracks(feed, session, car, epoch, None) for c in t.laps_of(first, last)]
    chunks.sort(key=lambda chunk: chunk.t_hi)
    return chunks


class _Track:
    """One series on its way out, portion by portion."""

    def __init__(self, series: Series, samples: FeedSamples, group: Group, session: Session):
        self.series = series
        self.group = group
        self._samples = samples
        self._session = session
        self._starts = chunk_starts(samples.t_us, group)
        self.laps = samples.lap[self._starts]
        self._chunk = 0

    @property
    def done(self) -> bool:
        return self._chunk >= len(self._starts)

    @property
    def next_us(self) -> int:
        return 0 if self.done else int(self._samples.t_us[self._starts[self._chunk]])

    def skip_to_lap(self, lap: int) -> None:
        later = np.flatnonzero(self.laps >= lap)
        self._chunk = int(later[0]) if len(later) else len(self._starts)

    def laps_of(self, first: int, last: int) -> list[Segment]:
        """The chunks of these laps."""
        found = np.flatnonzero((self.laps >= first) & (self.laps <= last))
        if not len(found):
            return []
        self._chunk = int(found[0])
        end = int(found[-1]) + 1
        starts, t_us = self._starts, self._samples.t_us
        chunks = self.take(int(t_us[starts[end]]) if end < len(starts) else int(t_us[-1]) + 1)
        return [chunk for chunk in chunks if first <= chunk.lap <= last]

    def take(self, until_us: int) -> list[Segment]:
        """The chunks that begin before ``until_us``, a boundary between chunks."""
        t_us, starts = self._samples.t_us, self._starts
        last = int(np.searchsorted(t_us[starts], until_us))
        first, self._chunk = self._chunk, max(last, self._chunk)
        if last <= first:
            return []
        lo = int(starts[first])
        hi = int(starts[last]) if last < len(starts) else len(t_us)
        return chunk_samples(
            self.series,
            self.group,
            t_us[lo:hi] + self._session.started_us,
            self._samples.values[:, lo:hi],
            self._samples.lap[lo:hi].astype(np.int64),
            self._session.catalog.version,
            first + 1,
            origin_us=self._session.started_us,
        )


def _tracks(feed: Feed, session: Session, car: str, epoch: str, head: Head | None) -> list[_Track]:
    tracks = []
    for group in session.catalog.groups:
        samples = feed.samples(car, group.name)
        if samples is not None and len(samples.t_us):
            series = Series(session.key, car, group.name, epoch)
            tracks.append(_Track(series, samples, group, session))
    if head is not None:
        written = [(track, head.n.get(track.group.name, 0)) for track in tracks]
        first = min(
            (int(t.laps[min(n, len(t.laps)) - 1 if n else 0]) for t, n in written), default=0
        )
        for track in tracks:
            track.skip_to_lap(first)
    return tracks


def chunk_starts(t_us: Ints, group: Group) -> Ints:
    """First sample of each chunk."""
    return np.append(0, np.flatnonzero(np.diff(t_us // group.chunk_us)) + 1)


def _decoded(segments: list[Segment], group: Group, version: int, path: str | Path) -> FeedSamples:
    counts, samples, bad = decode_many([s.payload for s in segments], group, version)
    for i, error in bad.items():
        raise BadInput(f"{path}: {segments[i].series} n {segments[i].n_lo}: {error}")
    starts = np.array([s.t_lo for s in segments], np.int64)
    laps = np.array([s.lap for s in segments], np.int64)
    return FeedSamples(
        samples.t + np.repeat(starts, counts),
        samples.values.astype(np.float64, copy=False),
        np.repeat(laps, counts),
    )


def _joined(parts: list[FeedSamples], start: int) -> FeedSamples:
    t = np.concatenate([part.t_us for part in parts]) - start
    order = np.argsort(t, kind="stable")
    values = np.concatenate([part.values for part in parts], axis=1)
    lap = np.concatenate([part.lap for part in parts])
    return FeedSamples(t[order], values[:, order], lap[order])
