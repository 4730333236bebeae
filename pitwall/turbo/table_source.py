"""The table read as if it were a stream, for whoever may not read the stream.

A series of chunks (one car, group and epoch) is a shard, and the heads are one more. The heads are
looked at about once a second; of a series that has something new, the partition of its lap is
queried behind the last sort key taken. A head states only what the table has accepted, so
whatever it speaks of is found by then, and what is not is a hole. When a producer's head has
stood still for some seconds, its series are read once more: it may have died after writing chunks
that no head speaks of. Reads of series are spaced out, so that there are never more than
:data:`READS_PER_S`; with many series each is read less often.

Sequence numbers are ours: n, lap and time of a chunk as one decimal number, which rises with n and
says where to go on.
"""

from __future__ import annotations

import itertools
import json
import math
import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from pitwall.cloud import head_item, keys
from pitwall.cloud.items import Item
from pitwall.store import SessionStore
from pitwall.stream import (
    Anchor,
    Fault,
    Listing,
    Pace,
    Page,
    Position,
    Record,
    Rejected,
    ServerClock,
    ShardInfo,
    Time,
)
from pitwall.telemetry import BadInput, Head, Series
from pitwall.telemetry.clock import SECOND_US
from pitwall.telemetry.names import MAX_N
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.permitted import Permitted
from pitwall.turbo.rows import Rows

READS_PER_S = 60.0
"""Most reads of series in a second: 40 cars with one group are read in well under a second each,
200 series every 3.3 s."""
HEADS_EVERY_S = 0.5
PACE = Pace(poll=1.0, idle=1.0)
"""A shard is looked at once a second, which costs a read only when a head says that it has more."""
SLACK_US = 2 * SECOND_US
"""What was read goes by a look at the heads that may be so old."""
HEADS = "heads"
_READS_A_PAGE = 8
_STILL_S = 5.0
"""A head that has not moved for so long may be a producer's last."""
_WAITING = 4
"""Heads of one producer that wait for what they speak of to be read; then the oldest is told of."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look at the heads gave: by car and epoch, asked for at ``at_us`` (server time), good
    until ``until`` (monotonic seconds). A fault is as good as an answer: nobody asks again at
    once."""

    at_us: int
    until: float
    heads: Mapping[tuple[str, str], Head] = field(default_factory=dict)
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Behind chunk ``n``, at sort key ``sk`` of a lap's partition."""

    shard: str
    lap: int
    sk: str
    n: int

    def text(self) -> str:
        return json.dumps([self.shard, self.lap, self.sk, self.n])


class TableSource:
    """A :class:`pitwall.stream.source.StreamSource`; any thread may call.

    Args:
        rows: the session's table.
        permitted: which rows may be read; new ones are tried as heads speak of them.
        store: whose books say where a series is gone on with.
        laps: in which laps they are.
        server, time: clocks.
    """

    by_time = True

    def __init__(
        self,
        rows: Rows,
        permitted: Permitted,
        store: SessionStore,
        laps: LapIndex,
        server: ServerClock,
        time: Time,
    ) -> None:
        self._rows = rows
        self._permitted = permitted
        self._store = store
        self._laps = laps
        self._server = server
        self._time = time
        self._never = threading.Event()
        self._looking = threading.Lock()
        """One look at the heads at a time."""
        self._look: _Look | None = None
        self._lock = threading.Lock()
        """Guards what follows."""
        self._series: dict[str, Series] = {}
        """By shard."""
        self._reached: dict[Series, int] = {}
        """n up to which everything was read or asked for."""
        self._moved: dict[tuple[str, str], tuple[Head, float]] = {}
        """Newest head of each producer and when it was first seen, monotonic seconds."""
        self._settled: dict[Series, Head] = {}
        """The head after which a series was read once more."""
        self._told: dict[tuple[str, str], Head] = {}
        self._waiting: dict[tuple[str, str], deque[tuple[int, Head]]] = defaultdict(deque)
        self._free = 0.0
        """Monotonic seconds of the next read of a series."""

    # ------------------------------------------------------------------ shards

    def describe(self) -> Listing:
        """The heads and every series that they speak of."""
        look = self._heads()
        self._meet(look)
        with self._lock:
            self._told = self._told or dict(look.heads)  # the roster has those
            names = [HEADS, *self._series]
        stream = f"table:{quote(self._rows.table)}:{self._rows.session}"
        return Listing(stream, True, tuple(map(ShardInfo, names)))

    def children(self, shard: str) -> tuple[ShardInfo, ...]:
        """None: no series ends."""
        return ()

    def _meet(self, look: _Look) -> tuple[ShardInfo, ...]:
        """Take in the series that ``look`` speaks of; those that are new."""
        fresh = []
        now = self._time.monotonic()
        with self._lock:
            for key, head in look.heads.items():
                if key not in self._moved or self._moved[key][0] != head:
                    self._moved[key] = (head, now)
                for group in head.n:
                    name = f"{quote(head.car)}#{quote(group)}#{head.epoch}"
                    if name not in self._series:
                        self._series[name] = Series(head.session, head.car, group, head.epoch)
                        fresh.append(ShardInfo(name))
        return tuple(fresh)

    # ------------------------------------------------------------------ heads

    def _heads(self) -> _Look:
        """The newest look, made anew when it is old. Raises Fault."""
        with self._looking:
            look = self._look
            if look is None or self._time.monotonic() >= look.until:
                look = self._look = self._ask()
        if look.fault is not None:
            raise type(look.fault)(str(look.fault)) from look.fault.__cause__
        return look

    def _ask(self) -> _Look:
        asked_us = self._server.now_us()
        try:
            heads = self._rows.heads()
            self._permitted.learn(heads)
        except Fault as fault:
            return _Look(asked_us, self._time.monotonic() + HEADS_EVERY_S, {}, fault)
        mine = {(head.car, head.epoch): head for head in self._permitted.narrow(heads)}
        return _Look(asked_us, self._time.monotonic() + HEADS_EVERY_S, mine)

    def _read_heads(self, place: _Place) -> Page:
        """Heads that are news. One is told of when what it speaks of has been read, so that the
        books are not open for a moment every second."""
        look = self._heads()
        fresh = self._meet(look)
        out: list[Record] = []
        with self._lock:
            for key, head in look.heads.items():
                waiting = self._waiting[key]
                before = waiting[-1][1] if waiting else self._told.get(key)
                if head != before:
                    waiting.append((look.at_us, head))
                ready = [i for i, (_, each) in enumerate(waiting) if self._covered(each)]
                if not ready and len(waiting) > _WAITING:
                    ready = [0]
                if ready:
                    for _ in range(ready[-1] + 1):
                        at_us, newest = waiting.popleft()
                    self._told[key] = newest
                    out.append(Record(str(look.at_us), at_us, head_item(newest)))
        return Page(tuple(out), place.text(), fresh)

    def _covered(self, head: Head) -> bool:
        return all(
            self._reached.get(Series(head.session, head.car, group, head.epoch), 0) >= n
            for group, n in head.n.items()
        )

    # ------------------------------------------------------------------ series

    def open(self, shard: str, position: Position) -> str:
        """Where to begin: after a chunk, at a time in the producer's newest lap, or behind what the
        books have."""
        if shard == HEADS:
            return _Place(HEADS, 0, "", 0).text()
        look = self._heads()
        self._meet(look)
        with self._lock:
            series = self._series.get(shard)
        head = look.heads.get((series.car, series.epoch)) if series else None
        if series is None or head is None:
            # The recording has met it once; now there is no head of it, or it is refused.
            return _Place(shard, 0, "", MAX_N).text()
        if position.anchor is Anchor.TIME:
            return _Place(shard, head.lap, _key(position.at_us), 0).text()
        start = _Place(shard, 0, "", 0)
        if position.anchor is Anchor.AFTER:
            start = _after(shard, position.sequence)
        return self._behind_the_books(start, series, head).text()

    def _behind_the_books(self, start: _Place, series: Series, head: Head) -> _Place:
        """``start``, or where the books end if that is further on: holes before that are nobody's
        but the repair's."""
        books = self._store.ledger().series.get(series)
        if books is None or books.tail <= start.n:
            return start
        n = books.tail
        lap = max(self._laps.around(series, n, n, head.lap).start, start.lap)
        # The next chunk begins after the last one's first sample, which is less than this ago.
        return _Place(start.shard, lap, max(start.sk, _key(books.newest_us - 2 * SECOND_US)), n)

    def read(self, iterator: str, limit: int) -> Page:
        """What has come since, at most ``limit`` chunks or a few pages of the table."""
        place = _Place(*json.loads(iterator))
        if place.shard == HEADS:
            return self._read_heads(place)
        with self._lock:
            series = self._series.get(place.shard)
        if series is None:
            return Page((), iterator)
        look = self._heads()
        head = look.heads.get((series.car, series.epoch))
        promised = head.n.get(series.group, 0) if head else 0
        if head is None:
            return Page((), iterator)
        last = False
        if promised <= max(place.n, self._reached.get(series, 0)):
            last = self._stands_still(series, head)
            if not last:
                return Page((), iterator)
        page, done = self._read_series(series, place, head, promised, last, limit)
        if last and done:
            with self._lock:
                self._settled[series] = head
        return page

    def _stands_still(self, series: Series, head: Head) -> bool:
        with self._lock:
            newest, since = self._moved.get((head.car, head.epoch), (head, math.inf))
            if head.ended or newest != head or self._settled.get(series) == head:
                return False
            return self._time.monotonic() - since >= _STILL_S

    def _read_series(
        self,
        series: Series,
        place: _Place,
        head: Head,
        promised: int,
        last: bool,
        limit: int,
    ) -> tuple[Page, bool]:
        """The page, and whether it is all that there is. With ``last`` also what nothing speaks
        of."""
        lap, sk, n = place.lap, place.sk, place.n
        end = head.lap + last
        found: list[tuple[str, int, Item]] = []
        done = False
        asked_us = self._server.now_us()
        # A page without anything counts as "nothing more": there is one only when that is so.
        for reads in itertools.count(1):
            self._space_out()
            items, following = self._rows.chunks(
                series.group, lap, series.car, sk, limit - len(found)
            )
            for item in items:
                if _epoch(item) == series.epoch:
                    t, m = _identity(item)
                    if m > promised and m > n + 1 and not last:
                        # Written before the one that it follows, of which no head speaks yet.
                        done = True
                        break
                    if m > n or not m:
                        n = m or n
                        found.append((f"{n:08d}{lap:03d}{t:016d}", t, item))
                sk = item["sk"]["S"]
            if done:
                break
            if following:
                sk = following
            elif (n >= promised and not last) or lap >= end:
                done = True
                break
            else:
                lap, sk = lap + 1, ""
            if len(found) >= limit or (found and reads >= _READS_A_PAGE):
                break
        if done:
            with self._lock:
                self._reached[series] = max(promised, n)
        records = (
            # Up to now everything has been read only when nothing is left.
            Record(sequence, asked_us if done else min(t, asked_us), item)
            for sequence, t, item in found
        )
        return Page(tuple(records), _Place(place.shard, lap, sk, n).text()), done

    def _space_out(self) -> None:
        with self._lock:
            now = self._time.monotonic()
            at = max(now, self._free)
            self._free = at + 1.0 / READS_PER_S
        if at > now:
            self._time.wait(self._never, at - now)


def _key(t_us: int) -> str:
    return f"{min(max(t_us, 0), keys.MAX_T):016d}"


def _identity(item: Mapping[str, Any]) -> tuple[int, int]:
    """Time and n of a chunk, by its sort key; zeros of anything else, which the decoder refuses
    with good reason."""
    try:
        return keys.parse_chunk_sk(item["sk"]["S"])
    except BadInput:
        return 0, 0


def _epoch(item: Mapping[str, Any]) -> object:
    epoch = item.get("e")
    return epoch.get("S") if isinstance(epoch, Mapping) else None


def _after(shard: str, sequence: str) -> _Place:
    if len(sequence) != 27 or not sequence.isdecimal():
        raise Rejected(f"{shard}: no place in the table is called {sequence[:40]}")
    n = int(sequence[:8])
    return _Place(shard, int(sequence[8:11]), f"{sequence[11:]}#{n:08d}", n)
