"""Publishing: chunks into the table as their event time comes, laps sealed as they close."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from pitwall.cloud.clients import TableAndBucket
from pitwall.cloud.items import session_item
from pitwall.cloud.lapbook import ClosedLap, LapBook
from pitwall.cloud.pace import Pace
from pitwall.cloud.producer import HEAD_EVERY_US, Producer, owner
from pitwall.cloud.sealer import Sealer
from pitwall.cloud.writer import TableWriter, Wait
from pitwall.telemetry import BadInput, Head, Segment, Session
from pitwall.telemetry.clock import SECOND_US, NowUs, now_us

MAX_PENDING = 1000
"""Items that may wait for the table before no more chunks are taken from the source."""
_LONGEST_WAIT_S = 0.25
_SEALER_LIMIT_S = 60.0
_STOPPED_STALL_S = 5.0
_STOPPED_SEALING_S = 10.0
"""A publisher that was told to stop waits no longer for a table that takes nothing, and for the
laps that are being sealed."""


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What was published.

    Attributes:
        chunks, heads, laps, objects: written: chunks and heads accepted by the table, laps sealed
            there, sealed objects put into the bucket.
        known: chunks that a head it resumed from stated already, not written again.
        retried: items that the table left out of a batch and took later.
        failed: batches that failed as a whole and were sent again.
        unsealed: laps that could not be sealed; ``message`` says why.
        t_hi: event time of the newest chunk written, microseconds UTC.
        stopped: True when it was told to stop before the source ended.
    """

    chunks: int
    known: int
    heads: int
    laps: int
    objects: int
    retried: int
    failed: int
    unsealed: int
    message: str
    t_hi: int
    stopped: bool


def publish(
    chunks: Iterable[Segment],
    session: Session,
    clients: TableAndBucket,
    table: str,
    bucket: str = "",
    *,
    speed: float = 1.0,
    start_us: int | None = None,
    resume: Iterable[Head] = (),
    end: bool = True,
    stop: threading.Event | None = None,
    stop_ends: bool = False,
    now_us: NowUs = now_us,
    wait: Wait | None = None,
    on_taken: Callable[[], None] = lambda: None,
) -> PublishReport:
    """Write ``chunks`` as they happen, with heads once a second, and seal laps as they close.

    Args:
        chunks: single chunks of any cars in order of ``t_hi``, n rising by one in each series. A
            chunk is written when event time reaches its ``t_hi``.
        session: its item is written first.
        clients: DynamoDB, and S3 when a bucket is given.
        table, bucket: where to; without a bucket laps are sealed in the table alone.
        speed: event seconds per second; ``inf`` writes as fast as the table takes it.
        start_us: event time that belongs to the moment of this call (see :class:`Pace`), however
            long the source takes to give its first chunk.
        resume: heads to go on from, of the same epochs. Chunks that they state are taken as
            written: give the chunks of the laps they end in, so that those are sealed whole.
        end: write the head that ends each epoch once the source is done; without it laps still
            open are left open too, for whoever resumes.
        stop: ends publishing early when set. The last heads then state all that was written, and
            not that the epoch has ended: only its source could say so.
        stop_ends: whoever sets ``stop`` may say so as well, and does.
        now_us, wait: the clock, and what waits so many seconds.
        on_taken: called whenever the table has accepted something, as a sign of life.

    Raises:
        BadInput: a chunk out of order, or a source that gives no chunk at all.
        Failure: the table refuses or takes nothing for two minutes.
    """
    stop = threading.Event() if stop is None else stop
    began = now_us() if start_us is not None else None
    run = _Run(session, clients, table, bucket, tuple(resume), wait or time.sleep, on_taken)
    run.writer.put("session", session_item(session))
    run.writer.drain()
    run.sealer.start()
    sealing_s = _SEALER_LIMIT_S
    try:
        stopped = run.pump(chunks, Pacing(speed, start_us, began, now_us, wait or stop.wait), stop)
        if stopped:
            run.writer.limit_stall(_STOPPED_STALL_S)
            sealing_s = _STOPPED_SEALING_S
        run.writer.drain()
        if stopped and not stop_ends:
            run.pause()
        elif end:
            run.end()
    finally:
        in_time = run.sealer.stop(sealing_s)
    return run.report(stopped, in_time, sealing_s)


class Pacing(NamedTuple):
    """How fast, from when, by which clock, and what waits."""

    speed: float
    start_us: int | None
    began_us: int | None
    now_us: NowUs
    wait: Wait


class _Run:
    def __init__(
        self,
        session: Session,
        clients: TableAndBucket,
        table: str,
        bucket: str,
        heads: tuple[Head, ...],
        wait: Wait,
        on_taken: Callable[[], None],
    ) -> None:
        self.session = session
        self.heads = heads
        self.writer = TableWriter(clients.dynamodb, table, wait, on_taken=on_taken)
        self.sealer = Sealer(
            clients.dynamodb, clients.s3 if bucket else None, table, bucket, session.catalog
        )
        self.book = LapBook()
        self.half_closed: dict[tuple[str, int], list[ClosedLap]] = {}
        """By car and lap: groups that closed among the known chunks while others had not."""
        self.producers: dict[tuple[str, str, str], Producer] = {}
        self.groups = [group.name for group in session.catalog.groups]
        self.chunks = self.known = self.t_hi = 0
        for head in heads:
            if head.session == session.key:
                self._producer((head.session, head.car, head.epoch))

    def pump(self, chunks: Iterable[Segment], pacing: Pacing, stop: threading.Event) -> bool:
        """Write until the source ends (False) or ``stop`` is set (True)."""
        source = iter(chunks)
        upcoming = self._next(source)
        if upcoming is None:
            if self.known:
                return False
            raise BadInput(f"nothing to publish for {self.session.key}: the source has no chunks")
        pace = Pace(upcoming.t_hi, pacing.speed, pacing.now_us, pacing.start_us, pacing.began_us)
        head_at = pacing.now_us()
        while not stop.is_set():
            position = pace.position
            while upcoming and upcoming.t_hi <= position and self.writer.pending < MAX_PENDING:
                self.producer(upcoming).offer(upcoming)
                upcoming = self._next(source)
            now = pacing.now_us()
            if not head_at - HEAD_EVERY_US <= now < head_at:
                head_at = now + HEAD_EVERY_US
                for producer in self.producers.values():
                    producer.head(self.t_hi if math.isinf(position) else int(position))
            if self.writer.pending:
                self.writer.step()
            elif upcoming is None:
                return False
            else:
                until = min(pace.seconds_until(upcoming.t_hi), (head_at - now) / SECOND_US)
                pacing.wait(min(max(until, 0.001), _LONGEST_WAIT_S))
        return True

    def end(self) -> None:
        """The heads that end each epoch, then the laps that were still open."""
        for producer in self.producers.values():
            producer.end(self.t_hi)
        self.writer.drain()
        for lap in self.book.finish():
            self._seal(lap)

    def pause(self) -> None:
        """Heads that state all that was written, so that nothing of it can go missing unnoticed."""
        for producer in self.producers.values():
            producer.head(self.t_hi)
        self.writer.drain()

    def report(self, stopped: bool, in_time: bool, sealing_s: float) -> PublishReport:
        sealed, written = self.sealer.stats, self.writer.stats
        late = "" if in_time else f"sealing was given up after {sealing_s:.0f} s"
        return PublishReport(
            chunks=self.chunks,
            known=self.known,
            heads=sum(producer.heads for producer in self.producers.values()),
            laps=sealed.laps,
            objects=sealed.objects,
            retried=written.retried,
            failed=written.failed,
            unsealed=sealed.failed,
            message=sealed.message or late,
            t_hi=self.t_hi,
            stopped=stopped,
        )

    def producer(self, chunk: Segment) -> Producer:
        return self._producer(owner(chunk.series))

    def _producer(self, who: tuple[str, str, str]) -> Producer:
        known = self.producers.get(who)
        if known is None:
            if who[0] != self.session.key:
                raise BadInput(f"chunk of session {who[0]} published as {self.session.key}")
            known = self.producers[who] = Producer(self.writer, *who, self.groups, self._accepted)
            known.resume(self.heads)
        return known

    def _next(self, source: Any) -> Segment | None:
        """The next chunk to write; chunks that a head stated are only entered into the lap book."""
        for chunk in source:
            if not self.heads or not self.producer(chunk).has(chunk):
                return chunk  # type: ignore[no-any-return]
            self.known += 1
            self.t_hi = max(self.t_hi, chunk.t_hi)
            closed = self.book.add(chunk)
            if closed is not None:
                self._closed_before(closed)
        return None

    def _closed_before(self, lap: ClosedLap) -> None:
        """Whoever wrote the known chunks has sealed this group, but not the car's lap as one
        object, unless all its groups had closed."""
        place = (lap.entry.car, lap.entry.lap)
        self.half_closed.setdefault(place, []).append(lap)
        if lap.entry.sealed:
            del self.half_closed[place]

    def _accepted(self, chunk: Segment) -> None:
        self.chunks += 1
        self.t_hi = max(self.t_hi, chunk.t_hi)
        closed = self.book.add(chunk)
        if closed is not None:
            self._seal(closed)

    def _seal(self, lap: ClosedLap) -> None:
        for each in self.half_closed.pop((lap.entry.car, lap.entry.lap), ()):
            self.sealer.submit(each)
        self.sealer.submit(lap)
