"""Calls about which shards there are: when to make one, and what follows from its answer."""

from __future__ import annotations

import random
from collections.abc import Callable

from pitwall.stream.faults import Fault, NotFound
from pitwall.stream.fetch import FetchChildren, Result
from pitwall.stream.pace import Pace
from pitwall.stream.pool import Done
from pitwall.stream.report import Report
from pitwall.stream.skew import ServerClock
from pitwall.stream.source import Listing, StreamSource
from pitwall.stream.tree import ShardTree

_MANY_SEEKS = 2
"""Ended shards from which on one listing is cheaper than asking for the children of each."""
_GONE = 2
"""Answers in a row that the stream does not exist, after which nothing more is expected of it."""
_LISTING = "listing"
_SEEK = "seek "


class Control:
    """One such call at a time, at the service's pace. The reader's thread only.

    Complete listings come now and then, whatever happens; in between, the children of shards that
    ended are asked for by name, which finds them within a second.
    """

    def __init__(
        self,
        source: StreamSource,
        tree: ShardTree,
        report: Report,
        server: ServerClock,
        pace: Pace,
        rng: random.Random,
        now: float,
    ) -> None:
        self._source = source
        self._tree = tree
        self._report = report
        self._server = server
        self._pace = pace
        self._rng = rng
        # What follows is the reader's thread's alone.
        self._due = now
        """Monotonic seconds before which no call is made; moves when a call is done."""
        # One listing may lack a parent that is there: the next one tells.
        self._listing_due = now if tree.orphans else now + self._next_listing()
        """Monotonic seconds of the next complete listing; moves with each, and with ``hurry``."""
        self._busy = False
        """A call is under way; from ``next_job`` to ``done``."""
        self._faults = 0
        """Failures in a row."""
        self._gone = 0
        """Listings in a row that said the stream is not there."""

    def hurry(self, now: float) -> None:
        """List as soon as may be."""
        self._listing_due = now

    def due(self, now: float) -> float:
        """When the next call is due, monotonic seconds."""
        if self._busy:
            return now + 1.0
        seeks = min((seek.due for seek in self._tree.seeks.values()), default=now + 1.0)
        return max(min(seeks, self._listing_due), self._due)

    def next_job(self, now: float) -> tuple[str, Callable[[], Result]] | None:
        """The call to make now, with its key; None when there is none. Tells of delays."""
        self._tell_stalls(now)
        if self._busy or now < self._due:
            return None
        seeks = self._tree.due_seeks(now)
        if self._listing_due <= now or len(seeks) > _MANY_SEEKS:
            self._busy = True
            return _LISTING, self._source.describe
        if seeks:
            self._busy = True
            return _SEEK + seeks[0], FetchChildren(self._source, seeks[0])
        return None

    @staticmethod
    def owns(key: str) -> bool:
        """True for the keys of its calls."""
        return key == _LISTING or key.startswith(_SEEK)

    def done(self, done: Done[Result], now: float) -> None:
        """Take in what a call gave. Failures have been counted already."""
        self._busy = False
        self._due = now + self._pace.control
        if isinstance(done.error, Fault):
            self._faults += 1
            self._due = now + self._pace.after_fault(self._faults, self._rng)
            if isinstance(done.error, NotFound) and done.key == _LISTING:
                self._not_there(done.error)
            return
        self._faults = 0
        if isinstance(done.value, Listing):
            self._listed(done.value, now)
        elif isinstance(done.value, tuple):
            self._tree.add(done.value, self._server.now_us())
            self._tree.sought(done.key[len(_SEEK) :], self._pace, self._rng, now)

    def _listed(self, listing: Listing, now: float) -> None:
        self._gone = 0
        self._report.settle("gone")
        self._listing_due = now + self._next_listing()
        if listing.stream != self._tree.stream:
            # Another stream under the same name: its shards are not continuations of ours.
            self._tree.switched_off()
            self._report.warn("replaced", f"the stream is another one now: {listing.stream}")
            return
        was = self._tree.lineage.enabled
        self._tree.merge(listing, self._server.now_us(), now)
        if self._tree.orphans:
            self._listing_due = now + self._next_listing()
        if not listing.enabled:
            if was:
                self._report.warn("disabled", "the stream has been switched off")
        else:
            self._report.settle("disabled")
        for name in self._tree.due_seeks(now):
            self._tree.sought(name, self._pace, self._rng, now)

    def _not_there(self, fault: NotFound) -> None:
        self._gone += 1
        self._report.warn("gone", str(fault))
        if self._gone >= _GONE:
            self._tree.switched_off()

    def _next_listing(self) -> float:
        """Sooner while a shard waits for a listing to bring its parent."""
        return 1.0 if self._tree.orphans else self._pace.next_listing(self._rng)

    def _tell_stalls(self, now: float) -> None:
        for name in self._tree.stalled(self._pace, now):
            seek = self._tree.seeks.get(name)
            if seek is not None and not seek.told:
                seek.told = True
                self._report.tell("stalled", {"shard": name, "waited_s": now - seek.since})
