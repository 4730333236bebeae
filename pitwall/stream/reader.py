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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pitwall.stream.control import Control
from pitwall.stream.faults import Fault
from pitwall.stream.fetch import Fetch, Fetched, Result
from pitwall.stream.guard import Balked, Guard
from pitwall.stream.intake import Decode, Together, take_page
from pitwall.stream.lag import HeadLag
from pitwall.stream.outbox import Outbox, Sink
from pitwall.stream.pace import Pace
from pitwall.stream.pool import Done, Pool
from pitwall.stream.report import Report
from pitwall.stream.shard import Shard, State, Taken
from pitwall.stream.skew import ServerClock
from pitwall.stream.source import HORIZON, Listing, Page, StreamSource, at_time
from pitwall.stream.status import OnEvent, ReaderStatus
from pitwall.stream.timing import Time
from pitwall.stream.tree import ShardTree
from pitwall.stream.trouble import LISTINGS, Trouble
from pitwall.stream.wake import SleepWatch
from pitwall.telemetry import Failure, PitwallError
from pitwall.telemetry.clock import SECOND_US

_log = logging.getLogger(__name__)

_BEHIND = 32
"""Batches that the writer has not committed, from which pages are short."""
_SHORT = 100


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
        on_event: told what happens: rotation, gap, resumed, stalled, reopened, balked, denied,
            disabled, gone, replaced, held, crowded.
        pace: tempo.
        due: see :class:`HeadLag`.
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
        due: Callable[[int], int] = int,
    ) -> None:
        self._source = source
        self._sink = sink
        self._decode = Guard(decode)
        self._server = server
        self._time = time
        self._pool = pool
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
        self._lag = HeadLag(due)
        self._report = Report(on_event)
        self._trouble = Trouble(self._report, server, self._pace, rng, source.by_time)
        self._outbox = Outbox(sink, self._tree, server, time, self._pace)
        self._control = Control(source, self._tree, self._report, server, self._pace, rng, now)
        self._sleep = SleepWatch(time)
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
        fetched = [self._finished(done, now) for done in self._pool.take()]
        self._took_all([each for each in fetched if each is not None], now)
        for shard in self._outbox.hand_over(now):
            self._passed(shard, now)
        self._trouble.warn(now, self._outbox.blocked_since)
        if not self._outbox.blocked:
            self._start_ready(now)
            self._ask_for_shards(now)
            self._poll(now)
        if now >= self._status_due:
            self._status_due = now + 0.1
            self._publish(running=True)
        return self._pause(now)

    def _pause(self, now: float) -> float:
        if self._outbox.blocked:
            return 0.05
        dues = [s.due for s in self._tree.shards.values() if s.active and not s.busy]
        return max(min([*dues, self._control.due(now), now + 1.0]) - now, 0.001)

    def _notice_sleep(self, now: float) -> None:
        slept_us = self._sleep.look()
        if not slept_us:
            return
        set_back_us = max(-slept_us, 0)
        self._server.forget(set_back_us)
        self._control.hurry(now)
        for shard in self._tree.shards.values():
            shard.due = now
            shard.missed = 0
        if set_back_us:
            self._report.tell("clock-set", {"back_s": set_back_us / SECOND_US})
        else:
            self._report.tell("resumed", {"slept_s": slept_us / SECOND_US})

    # ------------------------------------------------------------------ shards come and go

    def _start_ready(self, now: float) -> None:
        for started in self._tree.start_ready(self._trouble.by_time, self._server.now_us(), now):
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

    def _ask_for_shards(self, now: float) -> None:
        if self._pool.free():
            job = self._control.next_job(now)
            if job is not None:
                self._pool.put(*job)

    # ------------------------------------------------------------------ reading

    def _poll(self, now: float) -> None:
        due = [
            s
            for s in self._tree.shards.values()
            if s.active and not s.busy and s.taken is None and s.due <= now
        ]
        due.sort(key=lambda s: s.due)
        # What waits for the disk is bounded in bytes too: long pages only while it keeps up.
        limit = self._pace.limit
        if self._outbox.depth >= _BEHIND:
            limit = min(limit, _SHORT)
        # One place in the pool stays free for listings, however many shards are due.
        for shard in due[: max(self._pool.free() - 1, 0)]:
            now_us = self._server.now_us()
            settled = shard.iterator is not None or shard.gap_from_us
            if not settled and self._tree.overslept(shard, now_us):
                self._trouble.lost_the_old(shard, shard.anchored_us)
            shard.busy = True
            shard.asked = now
            shard.due = now + self._pace.poll * shard.slow
            self._report.polls += 1
            shard.polls += 1
            self._pool.put(
                shard.id,
                Fetch(
                    self._source,
                    shard.id,
                    shard.position,
                    shard.iterator,
                    limit,
                    self._server.now_us,
                ),
            )

    def _finished(self, done: Done[Result], now: float) -> tuple[Shard, Fetched] | None:
        """Take in what a job has brought, but for pages: those are given back."""
        if done.error is not None and not isinstance(done.error, Fault):
            raise done.error
        if self._control.owns(done.key):
            if isinstance(done.error, Fault):
                self._trouble.count(done.error, now, LISTINGS)
            else:
                self._report.answered(LISTINGS)
            self._control.done(done, now)
            self._start_ready(now)
            return None
        shard = self._tree.shards[done.key]
        shard.busy = False
        if isinstance(done.error, Fault):
            self._trouble.failed(shard, done.error, now)
        elif isinstance(done.value, Fetched):
            return shard, done.value
        return None

    def _took_all(self, fetched: Sequence[tuple[Shard, Fetched]], now: float) -> None:
        """Decode what has come since the last look, together: most of the cost is by the call."""
        pages = self._decode.many([found.page.records for _, found in fetched]) if fetched else ()
        for (shard, found), together in zip(fetched, pages, strict=True):
            self._took(shard, found, together, now)

    def _took(self, shard: Shard, fetched: Fetched, together: Together, now: float) -> None:
        page = fetched.page
        self._trouble.answered(shard)
        try:
            shard.taken = self._take(shard, page, fetched.asked_us, together)
        except Balked as balked:
            page = self._trouble.balked(shard, page, balked, now)
            if not page.records:
                return
            shard.taken = replace(self._take(shard, page, fetched.asked_us), iterator=None)
        age = self._lag.age_of(shard.taken.heads, self._server.now_us())
        shard.lag_us = shard.lag_us if age is None else age
        self._report.records += len(page.records)
        self._report.skipped += page.skipped
        if page.children:
            self._tree.add(page.children, self._server.now_us())
        shard.records += len(page.records)
        if page.records:
            first = page.records[0]
            self._trouble.came(shard, first.created_us, first.sequence)
        else:
            if page.next_iterator is None:
                self._trouble.came(shard, fetched.asked_us)
            pause = self._pace.after_empty(shard.empties + 1, shard.state is State.DRAINING)
            shard.due += pause - self._pace.poll

    def _take(
        self, shard: Shard, page: Page, asked_us: int, together: Together | None = None
    ) -> Taken:
        now_us = self._server.now_us()
        return take_page(shard.id, page, self._decode, self._lag, asked_us, now_us, together)

    def _passed(self, shard: Shard, now: float) -> None:
        """The writer has accepted what the shard had, or it was nothing to keep."""
        if shard.taken is not None:
            self._accepted(shard, shard.taken, now)
        elif shard.state is State.GAP:
            self._tree.ended(shard, now)

    def _accepted(self, shard: Shard, taken: Taken, now: float) -> None:
        shard.taken = None
        shard.accept(taken)
        self._trouble.repeated(shard, now)
        if shard.state is State.FINISHED:
            self._tree.ended(shard, now)
            # Shards turn over together: the others are looked at soon, however idle they were.
            for other in self._tree.shards.values():
                if other.active and not other.busy:
                    other.due = min(other.due, max(now, other.asked + self._pace.poll))

    def _publish(self, running: bool) -> None:
        self._status = self._report.status(
            self._tree,
            self._lag,
            self._server,
            self._pace,
            self._time.monotonic(),
            running=running,
            blocked=self._outbox.blocked,
            queued=self._outbox.depth,
        )
