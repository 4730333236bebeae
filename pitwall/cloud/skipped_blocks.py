"""Blocks of laps that were begun before an interruption.

Whoever goes on with a session's publishing holds only the laps that are sealed from then on, so the
:class:`pitwall.cloud.bundle.Bundler` does not write blocks that reach further back. They are made
of the source at the end, when nothing is in a hurry: the same bytes as if nothing had happened.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from pitwall.cloud.bundle import WIDTHS, form_objects
from pitwall.cloud.feed import Feed, lap_chunks
from pitwall.cloud.items import LapEntry
from pitwall.cloud.lapbook import LapBook
from pitwall.cloud.seal_bucket import Retrying
from pitwall.telemetry import Segment, Session

Cuts = Mapping[str, Sequence[int]]
"""By car: laps where one run ended and another began, in order. A block that one of them is in, or
comes right after, is not whole in any run."""


def cuts_of(cars: Iterable[str], sealed: Iterable[LapEntry], before: Cuts) -> dict[str, list[int]]:
    """The cuts of a session that is gone on with.

    Args:
        cars: that are published.
        sealed: laps that the runs so far have sealed.
        before: the cuts that those knew of.
    """
    laps: dict[str, set[int]] = defaultdict(set)
    for entry in sealed:
        laps[entry.car].add(entry.lap)
    out: dict[str, list[int]] = {}
    for car in cars:
        mine = laps[car]
        # from the first to the one after the last: what is not sealed will be, by another run
        todo = set(range(min(mine), max(mine) + 2)) - mine if mine else {0}
        out[car] = sorted(todo.union(before.get(car, ())))
    return out


def write_skipped(
    feed: Feed,
    session: Session,
    epoch: str,
    s3: Any,
    bucket: str,
    cuts: Cuts,
    wait: Callable[[float], object] = time.sleep,
) -> int:
    """Write the blocks that the runs before left out; how many objects they are.

    Raises Failure when the bucket does not take them.
    """
    call = Retrying(wait)
    written = 0
    for car, laps in cuts.items():
        for key, body in _blocks(feed, session, epoch, car, laps):
            put = partial(s3.put_object, Bucket=bucket, Key=key, Body=body)
            call(f"bucket {bucket}", put)
            written += 1
    return written


def _blocks(
    feed: Feed, session: Session, epoch: str, car: str, cuts: Sequence[int]
) -> list[tuple[str, bytes]]:
    """Keys and contents; a block ends when a lap after it is over."""
    read = [feed.samples(car, group.name) for group in session.catalog.groups]
    newest = max((int(s.lap.max()) for s in read if s is not None and len(s.lap)), default=0)
    spans = {
        (first, first + width - 1)
        for width in WIDTHS
        for cut in cuts
        for first in (cut // width * width, (cut - 1) // width * width)
        if first >= 0 and first + width - 1 < newest
    }
    if not spans:
        return []
    first, last = min(a for a, _ in spans), max(z for _, z in spans)
    laps = _sealed(feed, session, epoch, car, first, last)
    out: list[tuple[str, bytes]] = []
    for a, z in sorted(spans, key=lambda span: (span[1], span[0] - span[1])):
        block = [s for lap in sorted(laps) if a <= lap <= z for s in laps[lap]]
        out += form_objects(car, a, z, block, 1, 1)
    return out


def _sealed(
    feed: Feed, session: Session, epoch: str, car: str, first: int, last: int
) -> dict[int, list[Segment]]:
    """Sealed segments by lap, in the order that blocks have them."""
    book = LapBook()
    laps: dict[int, list[Segment]] = defaultdict(list)
    chunks = lap_chunks(feed, session, epoch, car, first, last)
    closed = [lap for chunk in chunks for lap in book.add(chunk)]
    for lap in [*closed, *book.finish()]:
        laps[lap.entry.lap] += lap.seal(session.catalog)
    for segments in laps.values():
        segments.sort(key=lambda s: (s.series.epoch, s.series.group, s.n_lo))
    return laps
