"""One run of the publisher: from the source, through the spool, into the table; one thread."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from pitwall.cloud.clients import TableAndBucket
from pitwall.cloud.lapbook import ClosedLap, LapBook
from pitwall.cloud.pace import Pace
from pitwall.cloud.producer import HEAD_EVERY_US, Producer, owner
from pitwall.cloud.sealer import Sealer
from pitwall.cloud.spool import Spool
from pitwall.cloud.writer import TableWriter, Wait
from pitwall.telemetry import BadInput, Failure, Head, Segment, Session
from pitwall.telemetry.clock import SECOND_US, NowUs

MAX_PENDING = 1000
"""Items that may wait for the table in memory before no more chunks are taken."""
STALL_S = 120.0
"""Seconds with nothing accepted after which a table is given up that nothing was kept for."""
_LONGEST_WAIT_S = 0.25
_TELL_S = 3.0
"""Seconds with nothing accepted after which it is said why."""


class Pacing(NamedTuple):
    """How fast, from when, whether never ahead of the clock, by which clock, and what waits."""

    speed: float
    start_us: int | None
    began_us: int | None
    bounded: bool
    now_us: NowUs
    wait: Wait


class Options(NamedTuple):
    """What is published, where to, and through what; see :func:`pitwall.cloud.publish`."""

    session: Session
    clients: TableAndBucket
    table: str
    bucket: str
    heads: tuple[Head, ...]
    spool: Spool | None
    refuse: bool
    on_notice: Callable[[str], None]


class PublishRun:
    """The state of one run. ``writer``, ``sealer`` and the counts are the publisher's to read."""

    def __init__(
        self,
        options: Options,
        pacing: Pacing,
        stop: threading.Event,
        wait: Wait,
        on_taken: Callable[[], None],
    ) -> None:
        self.session, self.spool = options.session, options.spool
        self._refuse, self._notice = options.refuse, options.on_notice
        self._pacing, self._stop, self._wait = pacing, stop, wait
        clients = options.clients
        heads = options.heads if self.spool is None else tuple(self.spool.heads())
        self.heads = heads
        self.writer = TableWriter(
            clients.dynamodb, options.table, self._rest, STALL_S, on_taken=on_taken
        )
        if self.spool is not None and heads:
            self.writer.limit_stall(math.inf)
        self.sealer = Sealer(
            clients.dynamodb,
            clients.s3 if options.bucket else None,
            options.table,
            options.bucket,
            self.session.catalog,
            {(head.car, head.epoch) for head in heads},
        )
        self.book = LapBook()
        self.half_closed: dict[tuple[str, int], list[ClosedLap]] = {}
        """By car and lap: groups that closed among the known chunks while others had not."""
        self.producers: dict[tuple[str, str, str], Producer] = {}
        self.groups = [group.name for group in self.session.catalog.groups]
        self.chunks = self.known = self.t_hi = self.let_go = 0
        self.message = ""
        self._is_open = False
        """The session's item is in the table."""
        self._full = False
        self._told = ""
        """Why nothing is accepted, as it was said last."""
        self._broken: set[tuple[str, int]] = set()
        """Laps whose chunks the spool could not keep."""
        self._source: Iterator[Segment] = iter(())
        self._upcoming: Segment | None = None
        self._pace: Pace | None = None
        for head in heads:
            if head.session == self.session.key:
                self._producer((head.session, head.car, head.epoch))

    def opened(self) -> None:
        """The table has the session's item."""
        self._is_open = True

    def pump(self, chunks: Iterable[Segment]) -> bool:
        """Write until the source ends (False) or the run is told to stop (True)."""
        self._take_up()
        self._source = iter(chunks)
        self._upcoming = self._next()
        waiting = self.spool.waiting if self.spool is not None else 0
        if self._upcoming is None and not waiting:
            if self.known or (self.spool is not None and self.spool.used):
                self.writer.drain()
                return False
            raise BadInput(f"nothing to publish for {self.session.key}: the source has no chunks")
        pacing = self._pacing
        first = self._upcoming.t_hi if self._upcoming else self.t_hi
        self._pace = pace = Pace(
            first,
            pacing.speed,
            pacing.now_us,
            pacing.start_us,
            pacing.began_us,
            bounded=pacing.bounded,
        )
        head_at = pacing.now_us()
        while not self._stop.is_set():
            self._accept()
            self._hand_on()
            self.note_sealed()
            now = pacing.now_us()
            if not head_at - HEAD_EVERY_US <= now < head_at:
                head_at = now + HEAD_EVERY_US
                self._beat(pace.position)
            if self.writer.pending:
                self.writer.step()
                self._say_why()
            elif self._upcoming is None:
                return False
            else:
                until = min(pace.seconds_until(self._upcoming.t_hi), (head_at - now) / SECOND_US)
                if self.spool is not None:
                    self.spool.commit()
                pacing.wait(min(max(until, 0.001), _LONGEST_WAIT_S))
        return True

    def settle(self, *, pause: bool) -> None:
        """Send what was begun; with ``pause`` also heads that state all that was written, so that
        nothing of it can go missing unnoticed. With a spool a table that takes nothing is no
        failure: it is all there for the next run."""
        try:
            self.writer.drain()
            if pause:
                self._heads(self.t_hi)
                self.writer.drain()
        except Failure:
            if self.spool is None:
                raise

    def end(self) -> None:
        """The heads that end each epoch, then the laps that were still open."""
        self.writer.drain()
        if self.spool is not None:
            self.spool.commit()
        for producer in self.producers.values():
            producer.end(self.t_hi)
        self.writer.drain()
        for lap in self.book.finish():
            self._seal(lap)

    def note_sealed(self) -> None:
        """Let the spool forget laps that were dealt with."""
        done = self.sealer.done
        while done:
            entry = done.popleft()
            if self.spool is not None:
                self.spool.sealed(entry)

    # ------------------------------------------------------------------ from the source

    def _next(self) -> Segment | None:
        """The next chunk to write; chunks that a head stated are only entered into the lap book."""
        for chunk in self._source:
            if self.spool is not None:
                if not self.spool.has(chunk):
                    return chunk
                continue
            if not self.heads or not self._producer(owner(chunk.series)).has(chunk):
                return chunk
            for closed in self._know(chunk):
                self._closed_before(closed)
        return None

    def _take_up(self) -> None:
        """What an earlier run with this spool left: laps it did not come to seal are sealed now."""
        if self.spool is None:
            return
        self.book.restore(self.spool.entries())
        self._broken = self.spool.let_go()
        for chunk in self.spool.kept():
            for closed in self._know(chunk):
                self._seal(closed)

    def _know(self, chunk: Segment) -> list[ClosedLap]:
        self.known += 1
        self.t_hi = max(self.t_hi, chunk.t_hi)
        return self.book.add(chunk)

    def _closed_before(self, lap: ClosedLap) -> None:
        """Whoever wrote the known chunks has sealed this group, but not the car's lap as one
        object, unless all its groups had closed."""
        place = (lap.entry.car, lap.entry.lap)
        self.half_closed.setdefault(place, []).append(lap)
        if lap.entry.sealed:
            del self.half_closed[place]

    def _accept(self) -> None:
        """Take from the source what is due, as far as there is room."""
        if self._pace is None:
            return
        position = self._pace.position
        while self._upcoming and self._upcoming.t_hi <= position and self._room():
            chunk, spool = self._upcoming, self.spool
            if spool is not None:
                self._producer(owner(chunk.series))
                spool.add(chunk)
                spool.commit(lazily=True)
            else:
                self._offer(chunk)
            self._upcoming = self._next()

    def _room(self) -> bool:
        spool = self.spool
        if spool is None:
            return self.writer.pending < MAX_PENDING
        if math.isinf(self._pacing.speed) and spool.waiting >= 2 * MAX_PENDING:
            return False  # nothing happens at its own time: no sense in a copy on this disk
        if spool.room:
            if self._full:
                self._full = False
                self._notice(f"spool {spool.path.name} has room again")
            return True
        words = f"spool {spool.path} is full: {spool.waiting} chunks wait for the table"
        if self._refuse:
            raise Failure(
                f"{words}; no more are accepted. What was accepted is kept: run the same again "
                "when the table answers"
            )
        if not self._full:
            self._full = True
            self._notice(f"{words}; the source waits")
        return False

    # ------------------------------------------------------------------ into the table

    def _hand_on(self) -> None:
        if self.spool is None or not self._is_open:
            return
        while self.writer.pending < MAX_PENDING and (chunk := self.spool.take()) is not None:
            self._offer(chunk)

    def _say_why(self) -> None:
        """A table that takes nothing is told with the reason, once for each."""
        why = self.writer.trouble
        if not why:
            self._told = ""
        elif why != self._told and self.writer.stalled_s >= _TELL_S:
            self._told = why
            self._notice(f"nothing is taken: {why}")

    def _offer(self, chunk: Segment) -> None:
        self._producer(owner(chunk.series)).offer(chunk)

    def _beat(self, position: float) -> None:
        self._heads(self.t_hi if math.isinf(position) else int(position))

    def _heads(self, t: int) -> None:
        if self.spool is not None:
            self.spool.commit()  # a head states what is known for good
        for producer in self.producers.values():
            producer.head(t)

    def _rest(self, seconds: float) -> None:
        """Wait before something is sent again; the source goes on meanwhile, as far as the spool
        has room."""
        if self.spool is None or self._stop.is_set():
            self._wait(seconds)
            return
        until = self._pacing.now_us() + round(seconds * SECOND_US)
        while (left := until - self._pacing.now_us()) > 0 and not self._stop.is_set():
            self._accept()
            self.spool.commit(lazily=True)
            self._wait(min(left / SECOND_US, _LONGEST_WAIT_S))

    def _producer(self, who: tuple[str, str, str]) -> Producer:
        known = self.producers.get(who)
        if known is None:
            if who[0] != self.session.key:
                raise BadInput(f"chunk of session {who[0]} published as {self.session.key}")
            known = self.producers[who] = Producer(
                self.writer, *who, self.groups, self._accepted, self._stated
            )
            known.resume(self.heads)
        return known

    def _stated(self, head: Head) -> None:
        if self.spool is not None:
            self.spool.stated(head)

    def _accepted(self, chunk: Segment) -> None:
        self.chunks += 1
        self.t_hi = max(self.t_hi, chunk.t_hi)
        if self.spool is not None:
            self.spool.accepted(chunk)
            if self.chunks == 1:
                self.writer.limit_stall(math.inf)
        for closed in self.book.add(chunk):
            self._seal(closed)

    def _seal(self, lap: ClosedLap) -> None:
        entry = lap.entry
        if (entry.car, entry.lap) in self._broken:
            self.let_go += 1
            self.message = (
                f"car {entry.car} lap {entry.lap} is not sealed: the spool could not keep all of "
                "it; `pitwall cloud seal` does"
            )
            if self.spool is not None:
                self.spool.sealed(replace(entry, sealed=False))
            return
        for each in self.half_closed.pop((entry.car, entry.lap), ()):
            self.sealer.submit(each)
        self.sealer.submit(lap)
