"""Follows a stream: every shard, parents before children, nothing twice, nothing silently lost.

One thread ("pitwall-stream") owns all state and decides; blocking calls run in a small pool, so
that one slow shard does not hold up the others. Each page goes to the writer together with its
shard's checkpoint; the position moves when the writer has accepted it, and a child is started
after its parent's last page was accepted: the writer's queue keeps that order.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Collection, Mapping
from typing import Protocol

from pitwall.store import Batch, Source
from pitwall.stream import checkpoint
from pitwall.stream.faults import Denied, Fault, NotFound, Throttled
from pitwall.stream.fetch import Fetch, FetchChildren, Fetched, Result
from pitwall.stream.intake import Decode, take_page
from pitwall.stream.lag import HeadLag
from pitwall.stream.pace import Pace
from pitwall.stream.pool import Done, Pool
from pitwall.stream.recover import recover
from pitwall.stream.report import Report
from pitwall.stream.shard import Shard, State, Taken
from pitwall.stream.skew import ServerClock
from pitwall.stream.source import (
    HORIZON,
    Listing,
    StreamSource,
    at_time,
)
from pitwall.stream.status import OnEvent, ReaderStatus
from pitwall.stream.timing import Time
from pitwall.stream.tree import ShardTree
from pitwall.telemetry import Failure, PitwallError
from pitwall.telemetry.clock import SECOND_US

_log = logging.getLogger(__name__)

SUSPEND_US = 30 * SECOND_US
"""Wall and monotonic clock disagreeing by more than this since the last look: the machine slept."""
_REPEATS = 3
_MANY_SEEKS = 2
_LISTING = "listing"
_SEEK = "seek "


class Sink(Protocol):
    """Where batches go: the writer."""

    @property
    def failure(self) -> PitwallError | None:
        """What ended it; None while it works."""
        ...

    @property
    def depth(self) -> int:
        """Batches accepted and not committed yet."""
        ...

    def submit(self, batch: Batch, timeout_s: float = 30.0) -> None:
        """Accept a batch or raise Failure, also when the queue stays full."""
        ...


class Reader:
    """See the module's text.

    Args:
        source: the stream.
        sink: takes the batches.
        decode: what a record holds.
        listing: the listing that the start is based on. Its shards are opened at ``anchor_us``;
            any found later, and children of restored ones, from their oldest record.
        anchor_us: server time from which records are wanted; None for the oldest there are. Used
            only when the source opens by time.
        saved: checkpoints by shard, as the recording has them; damaged ones are opened by time.
        server: server time.
        time: clocks.
        pool: where calls run. The reader starts and stops it.
        rng: for jitter.
        on_event: told what happens: rotation, gap, resumed, stalled, reopened, denied, disabled,
            gone.
        pace: tempo.
    """

    def __init__(
        self,
        source: StreamSource,
        sink: Sink,
        decode: Decode,
        *,
        listing: Listing,
        anchor_us: int | None,
        saved: Mapping[str, str],
        server: ServerClock,
        time: Time,
        pool: Pool[Result],
        rng: random.Random,
        on_event: OnEvent,
        pace: Pace | None = None,
    ) -> None:
        self._source = source
        self._sink = sink
        self._decode = decode
        self._server = server
        self._time = time
        self._pool = pool
        self._rng = rng
        self._pace = pace or Pace()
        self._status = ReaderStatus(total=len(listing.shards), enabled=listing.enabled)
        """The newest snapshot: replaced by the reader's thread, read by any."""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        """Set by the owner in start()."""
        self._failure: PitwallError | None = None
        """Set by the reader's thread when it ends by itself."""
        # From here on: the reader's thread only.
        now = time.monotonic()
        anchor = HORIZON if anchor_us is None else at_time(anchor_us)
        self._tree = ShardTree(listing, anchor, saved, server.now_us(), now)
        self._by_time = source.by_time
        self._lag = HeadLag()
        self._report = Report(on_event)
        self._blocked = False
        self._listing_due = now + self._next_listing()
        self._control_due = now
        self._controlling = False
        self._control_faults = 0
        self._clocks = (time.now_us(), now)
        self._status_due = now
        for text in self._tree.damaged:
            on_event("reopened", {"reason": text})

    # ------------------------------------------------------------------ any thread

    @property
    def status(self) -> ReaderStatus:
        """The newest snapshot."""
        return self._status

    def start(self) -> None:
        """Start the thread "pitwall-stream"."""
        self._thread = threading.Thread(target=self._run, name="pitwall-stream", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Stop reading and wait; True when every thread has ended within ``timeout_s``.

        What the writer has not accepted is not lost: no checkpoint covers it.
        """
        self._stop.set()
        self._pool.wake()
        end = self._time.monotonic() + timeout_s
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self._pool.stop(max(end - self._time.monotonic(), 0.1)) and not self.alive

    @property
    def stream(self) -> str:
        """Name of the stream that is read."""
        return self._tree.stream

    @property
    def failure(self) -> PitwallError | None:
        """What ended the thread by itself; None while it is well."""
        return self._failure

    @property
    def alive(self) -> bool:
        """True while the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    # ------------------------------------------------------------------ the loop

    def _run(self) -> None:
        self._pool.start()
        try:
            while not self._stop.is_set():
                self._pool.wait(min(self.step(), 1.0))
        except PitwallError as error:
            self._failure = error
        except Exception as error:  # noqa: BLE001 - a dead reader must say why, not vanish
            _log.exception("stream reader stopped")
            self._failure = Failure(f"reading the stream stopped ({error!r})")
        finally:
            self._publish(running=False)

    def step(self) -> float:
        """Everything that can be done now; returns the seconds until there is more to do.

        The thread calls it in a loop; with a pool that runs in line, tests call it themselves.
        Raises the writer's failure.
        """
        now = self._time.monotonic()
        self._notice_sleep(now)
        for done in self._pool.take():
            self._finished(done, now)
        self._hand_over(now)
        if not self._blocked:
            self._start_ready(now)
            self._control(now)
            self._poll(now)
        if now >= self._status_due:
            self._status_due = now + 0.1
            self._publish(running=True)
        return self._pause(now)

    def _pause(self, now: float) -> float:
        if self._blocked:
            return 0.05
        dues = [s.due for s in self._tree.shards.values() if s.active and not s.busy]
        if not self._controlling:
            control = min((seek.due for seek in self._tree.seeks.values()), default=now + 1.0)
            dues.append(max(min(control, self._listing_due), self._control_due))
        return max(min(dues, default=now + 1.0) - now, 0.001)

    def _notice_sleep(self, now: float) -> None:
        wall = self._time.now_us()
        before, then = self._clocks
        self._clocks = (wall, now)
        slept_us = (wall - before) - round((now - then) * SECOND_US)
        if abs(slept_us) <= SUSPEND_US:
            return
        self._server.forget()
        self._listing_due = now
        for shard in self._tree.shards.values():
            shard.due = now
        self._report.tell("resumed", {"slept_s": slept_us / SECOND_US})

    # ------------------------------------------------------------------ shards come and go

    def _start_ready(self, now: float) -> None:
        for started in self._tree.start_ready(self._by_time, self._server.now_us(), now):
            if started.orphan:
                before = self._tree.unfollowed_us()
                self._report.lost(started.shard, before, 0, "the shard before it is not listed")
                started.shard.gap_from_us = before
            for parent, waited in started.follows:
                self._report.rotations += 1
                self._report.tell(
                    "rotation",
                    {"shard": parent, "child": started.shard.id, "waited_s": waited},
                )

    def _control(self, now: float) -> None:
        """One call at a time about which shards there are."""
        for name in self._tree.stalled(self._pace, now):
            seek = self._tree.seeks[name]
            if not seek.told:
                seek.told = True
                self._report.tell("stalled", {"shard": name, "waited_s": now - seek.since})
        if self._controlling or now < self._control_due or not self._pool.free():
            return
        seeks = self._tree.due_seeks(now)
        if self._listing_due <= now or len(seeks) > _MANY_SEEKS:
            self._controlling = True
            self._pool.put(_LISTING, self._source.describe)
        elif seeks:
            self._controlling = True
            self._pool.put(_SEEK + seeks[0], FetchChildren(self._source, seeks[0]))

    def _next_listing(self) -> float:
        """Sooner while a shard waits for a listing to bring its parent."""
        return 1.0 if self._tree.orphans else self._pace.next_listing(self._rng)

    def _controlled(self, done: Done[Result], now: float) -> None:
        self._controlling = False
        self._control_due = now + self._pace.control
        if isinstance(done.error, Fault):
            self._control_faults += 1
            self._count_fault(done.error)
            self._control_due = now + self._pace.after_fault(self._control_faults, self._rng)
            if isinstance(done.error, NotFound) and done.key == _LISTING:
                self._report.warn("gone", str(done.error), passing=True)
            return
        self._control_faults = 0
        now_us = self._server.now_us()
        if isinstance(done.value, Listing):
            was = self._tree.lineage.enabled
            self._tree.merge(done.value, now_us)
            if was and not done.value.enabled:
                self._report.warn("disabled", "the stream has been switched off")
            self._listing_due = now + self._next_listing()
            for name in self._tree.due_seeks(now):
                self._tree.sought(name, self._pace, self._rng, now)
        elif isinstance(done.value, tuple):
            self._tree.add(done.value, now_us)
            self._tree.sought(done.key[len(_SEEK) :], self._pace, self._rng, now)
        self._start_ready(now)

    # ------------------------------------------------------------------ reading

    def _poll(self, now: float) -> None:
        due = [
            s
            for s in self._tree.shards.values()
            if s.active and not s.busy and s.taken is None and s.due <= now
        ]
        due.sort(key=lambda s: s.due)
        # One place in the pool stays free for listings, however many shards are due.
        for shard in due[: max(self._pool.free() - 1, 0)]:
            shard.busy = True
            shard.asked = now
            shard.due = now + self._pace.poll
            self._report.polls += 1
            shard.polls += 1
            self._pool.put(
                shard.id,
                Fetch(
                    self._source,
                    shard.id,
                    shard.position,
                    shard.iterator,
                    self._pace.limit,
                    self._server.now_us,
                ),
            )

    def _finished(self, done: Done[Result], now: float) -> None:
        if done.error is not None and not isinstance(done.error, Fault):
            raise done.error
        if done.key == _LISTING or done.key.startswith(_SEEK):
            self._controlled(done, now)
            return
        shard = self._tree.shards[done.key]
        shard.busy = False
        if isinstance(done.error, Fault):
            self._failed(shard, done.error, now)
        elif isinstance(done.value, Fetched):
            self._took(shard, done.value, now)

    def _took(self, shard: Shard, fetched: Fetched, now: float) -> None:
        page = fetched.page
        shard.taken = take_page(
            shard.id, page, self._decode, self._lag, fetched.asked_us, self._server.now_us()
        )
        age = self._lag.age_of(shard.taken.heads, self._server.now_us())
        shard.lag_us = shard.lag_us if age is None else age
        shard.faults = 0
        shard.missed = 0
        self._report.records += len(page.records)
        self._report.skipped += page.skipped
        if page.children:
            self._tree.add(page.children, self._server.now_us())
        shard.records += len(page.records)
        self._report.answered()
        if shard.gap_from_us and page.records:
            self._report.found_again(shard.id, page.records[0].created_us)
            shard.gap_from_us = 0
        if not page.records:
            pause = self._pace.after_empty(shard.empties + 1, shard.state is State.DRAINING)
            shard.due += pause - self._pace.poll

    def _hand_over(self, now: float) -> None:
        """Give the writer every page that waits, with its shard's checkpoint, as one batch."""
        states: dict[str, Shard] = {}
        for shard in self._tree.shards.values():
            if shard.taken is None and not shard.unsaved:
                continue
            if shard.unsaved or self._worth_saving(shard):
                states[shard.id] = shard
            elif shard.taken is not None:
                self._accepted(shard, shard.taken, now)
        if not states:
            self._blocked = False
            return
        try:
            self._sink.submit(self._batch(states.values()), timeout_s=1.0)
        except PitwallError:
            if self._sink.failure is not None:
                raise
            # The disk is slow: keep the pages, read nothing more, try again.
            self._blocked = True
            return
        self._blocked = False
        saved_us = self._server.now_us()
        for shard in states.values():
            shard.saved_us = saved_us
            shard.unsaved = False
            if shard.taken is not None:
                self._accepted(shard, shard.taken, now)
            elif shard.state is State.GAP:
                self._tree.ended(shard, now)

    def _batch(self, shards: Collection[Shard]) -> Batch:
        pages = [shard.taken for shard in shards if shard.taken is not None]
        return Batch(
            Source.STREAM,
            tuple(s for page in pages for s in page.segments),
            tuple(h for page in pages for h in page.heads),
            self._time.now_us(),
            tuple(q for page in pages for q in page.quarantined),
            checkpoints={
                s.id: checkpoint.dump(s.token(self._tree.stream, s.taken)) for s in shards
            },
        )

    def _accepted(self, shard: Shard, taken: Taken, now: float) -> None:
        shard.taken = None
        shard.accept(taken)
        if shard.repeats >= _REPEATS:
            # The service gives the same page again and again: ask for a new place to read from.
            shard.repeats = 0
            shard.iterator = None
            self._report.retries += 1
        if shard.state is State.FINISHED:
            self._tree.ended(shard, now)
            # Shards turn over together: the others are looked at soon, however idle they were.
            for other in self._tree.shards.values():
                if other.active and not other.busy:
                    other.due = min(other.due, max(now, other.asked + self._pace.poll))

    def _worth_saving(self, shard: Shard) -> bool:
        taken = shard.taken
        if taken is None:
            return False
        if taken.records or taken.ends:
            return True
        return taken.asked_us - shard.saved_us >= self._pace.save * SECOND_US

    # ------------------------------------------------------------------ what goes wrong

    def _failed(self, shard: Shard, fault: Fault, now: float) -> None:
        self._count_fault(fault)
        if isinstance(fault, Throttled):
            shard.throttles += 1
        else:
            shard.retries += 1
        found = recover(shard, fault, self._by_time, self._server.now_us())
        if not found.at_once:
            shard.due = max(shard.due, now + self._pace.after_fault(shard.faults, self._rng))
        if found.no_time:
            self._by_time = False
        if found.reopened:
            self._report.tell("reopened", {"shard": shard.id, "reason": found.reopened})
        if found.gap_from_us:
            if found.lost:
                now_us = self._server.now_us()
                self._report.lost(shard, found.gap_from_us, now_us, "the shard is gone")
            else:
                shard.gap_from_us = found.gap_from_us
                self._report.lost(shard, found.gap_from_us, 0, "older than the stream keeps")

    def _count_fault(self, fault: Fault) -> None:
        if isinstance(fault, Throttled):
            self._report.throttles += 1
        else:
            self._report.retries += 1
        if isinstance(fault, Denied):
            self._report.warn("denied", str(fault), passing=True)

    def _publish(self, running: bool) -> None:
        self._status = self._report.status(
            self._tree,
            self._lag,
            self._server,
            self._pace,
            self._time.monotonic(),
            running=running,
            blocked=self._blocked,
            queued=self._sink.depth,
        )
