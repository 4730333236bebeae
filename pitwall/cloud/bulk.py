"""Writing a past in one go: the items and objects that a live publisher would have written.

The same producer and lap book make them, so a seeded history cannot differ in form from a live one.
Nothing here touches the network: whoever seeds puts the items where they belong.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from pitwall.cloud.bundle import Bundler
from pitwall.cloud.items import Item, catalog_item, sealed_item, session_item
from pitwall.cloud.lapbook import ClosedLap, LapBook, Parts
from pitwall.cloud.producer import HEAD_EVERY_US, Producer, owner
from pitwall.telemetry import Samples, Segment, Series, Session


class Written(NamedTuple):
    """One write: at event time ``t_us`` (microseconds UTC), ``item`` into the table, or, for the
    sealed groups of a lap, ``body`` into the bucket under ``key`` (both empty otherwise)."""

    t_us: int
    item: Item | None
    key: str
    body: bytes


def history(
    chunks: Iterable[Segment],
    session: Session,
    *,
    text: bool = True,
    end: bool = False,
    head_every_us: int = HEAD_EVERY_US,
    samples: Mapping[Series, Samples] | None = None,
) -> Iterator[Written]:
    """Everything that publishing ``chunks`` writes, in the order it writes it.

    Args:
        chunks: single chunks in order of ``t_hi``, n rising by one in each series.
        session: its item comes first.
        text: binary attributes as base64 text, else as bytes.
        end: close the laps still open and end each epoch; without it, publishing can resume from
            the last heads, and open laps have a catalog entry that says they are not sealed.
        head_every_us: event time between two heads of a producer.
        samples: what the chunks were cut from, by series, times in event time and rising: makes
            sealing several times faster.

    Raises:
        BadInput: as publishing does.
    """
    out = _Collected()
    book = LapBook()
    parts = Parts()
    bundler = Bundler()
    closed: list[ClosedLap] = []
    producers: dict[tuple[str, str, str], Producer] = {}
    groups = [group.name for group in session.catalog.groups]

    def accepted(chunk: Segment) -> None:
        closed.extend(book.add(chunk))

    t = session.started_us
    yield Written(t, session_item(session), "", b"")
    head_at: int | None = None
    for chunk in chunks:
        t = max(t, chunk.t_hi)
        if head_at is None:
            head_at = t + head_every_us
        if t >= head_at:
            head_at = t + head_every_us
            for each in producers.values():
                each.head(t)
        who = owner(chunk.series)
        producer = producers.get(who)
        if producer is None:
            producer = producers[who] = Producer(out, *who, groups, accepted, text=text)
        producer.offer(chunk)
        for item in out.items:
            yield Written(t, item, "", b"")
        out.items.clear()
        for lap in closed:
            yield from _sealed(lap, parts, bundler, session, t, text, samples)
        closed.clear()
    for producer in producers.values():
        if end:
            producer.end(t)
        else:
            producer.head(t)
    for item in out.items:
        yield Written(t, item, "", b"")
    if end:
        for lap in book.finish():
            yield from _sealed(lap, parts, bundler, session, t, text, samples)
    else:
        for entry in book.entries():
            if not entry.sealed:
                yield Written(t, catalog_item(parts.listed(entry)), "", b"")


def _sealed(
    lap: ClosedLap,
    parts: Parts,
    bundler: Bundler,
    session: Session,
    t: int,
    text: bool,
    samples: Mapping[Series, Samples] | None,
) -> Iterator[Written]:
    some = None
    if samples is not None and lap.chunks:
        first, last = lap.chunks[0], lap.chunks[-1]
        whole = samples.get(first.series)
        if whole is not None:
            lo = np.searchsorted(whole.t, first.t_lo, "left")
            hi = np.searchsorted(whole.t, last.t_hi, "right")
            some = Samples(whole.t[lo:hi], whole.values[:, lo:hi])
    segments = lap.seal(session.catalog, some)
    parts.note(segments)
    for segment in segments:
        yield Written(t, sealed_item(segment, lap.entry.version, text=text), "", b"")
    entry = lap.entry
    for key, body in bundler.add(entry.car, entry.lap, segments, entry.sealed, entry.version):
        yield Written(t, None, key, body)
    yield Written(t, catalog_item(parts.listed(lap.entry)), "", b"")


class _Collected:
    """A table that accepts everything at once."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def put(self, lane: Hashable, item: Item, accepted: Callable[[], None] | None = None) -> None:
        """Take ``item``; whatever the lane, order is that of the calls."""
        self.items.append(item)
        if accepted is not None:
            accepted()
