"""What goes wrong: what follows for the shard, what is counted, and what is told."""

from __future__ import annotations

import random

from pitwall.stream.checkpoint import newer
from pitwall.stream.crowd import Crowd
from pitwall.stream.faults import Denied, Fault, Throttled
from pitwall.stream.guard import Balked
from pitwall.stream.pace import Pace
from pitwall.stream.recover import recover
from pitwall.stream.report import Report
from pitwall.stream.shard import Shard
from pitwall.stream.skew import ServerClock
from pitwall.stream.source import Page
from pitwall.stream.tree import STUCK

READS, LISTINGS = "reads", "listings"
"""Kinds of calls."""
_REPEATS = 3
_SLOWEST = 8.0
_HELD_S = 5.0
_TOO_OLD = "older than the stream keeps"


class Trouble:
    """The reader's hand for everything that does not go as it should. Its thread only.

    Attributes:
        by_time: the source opens by time; False once it has refused to.
    """

    def __init__(
        self, report: Report, server: ServerClock, pace: Pace, rng: random.Random, by_time: bool
    ) -> None:
        self._report = report
        self._server = server
        self._pace = pace
        self._rng = rng
        self._crowd = Crowd()
        self.by_time = by_time

    # ------------------------------------------------------------------ calls

    def count(self, fault: Fault, now: float, calls: str) -> None:
        """A call of a kind has failed."""
        self._report.fault = fault
        if isinstance(fault, Throttled):
            self._report.throttles += 1
            if calls == READS:
                self._crowd.refused(now)
        else:
            self._report.retries += 1
        if isinstance(fault, Denied):
            self._report.denied(calls, str(fault))

    def failed(self, shard: Shard, fault: Fault, now: float) -> None:
        """A call for ``shard`` has failed."""
        self.count(fault, now, READS)
        if isinstance(fault, Throttled):
            shard.throttles += 1
            # Whoever else reads the shard shares its limit: ask less often for a while.
            shard.slow = min(shard.slow * 2, _SLOWEST)
        else:
            shard.retries += 1
        found = recover(shard, fault, self.by_time, self._server.now_us())
        if not found.at_once:
            self._later(shard, shard.faults, now)
        if found.no_time:
            self.by_time = False
        if found.reopened:
            self._report.tell("reopened", {"shard": shard.id, "reason": found.reopened})
        if found.gap_from_us:
            if found.lost:
                now_us = self._server.now_us()
                self._report.lost(shard, found.gap_from_us, now_us, "the shard is gone")
            else:
                self.lost_the_old(shard, found.gap_from_us)

    def answered(self, shard: Shard) -> None:
        """A call for ``shard`` has succeeded."""
        shard.faults = 0
        shard.missed = 0
        shard.slow = max(shard.slow * 0.9, 1.0)
        self._report.answered(READS)

    # ------------------------------------------------------------------ records

    def lost_the_old(self, shard: Shard, from_us: int) -> None:
        """What followed ``from_us`` (server time) is not kept any more."""
        shard.gap_from_us = from_us
        self._report.lost(shard, from_us, 0, _TOO_OLD)

    def came(self, shard: Shard, first_us: int, sequence: str = "") -> None:
        """The first record after a loss ends it, and so does the shard's end; the first after a
        place that was refused shows whether there was one: none when it is one that was read.
        The service rounds creation times to seconds, so its number decides within one."""
        if shard.gap_from_us:
            self._report.found_again(shard.id, first_us)
        elif shard.doubt_us and first_us >= shard.doubt_us:
            known = first_us == shard.doubt_us and sequence and shard.doubt_sequence
            if not known or newer(sequence, shard.doubt_sequence):
                self._report.lost(shard, shard.doubt_us, first_us, _TOO_OLD)
        shard.gap_from_us = shard.doubt_us = 0
        shard.doubt_sequence = ""

    def balked(self, shard: Shard, page: Page, balked: Balked, now: float) -> Page:
        """What of ``page`` comes before the record that could not be taken in. That one is read
        again, after a pause."""
        self._report.retries += 1
        shard.retries += 1
        shard.iterator = None
        self._later(shard, balked.tries, now)
        self._report.tell(
            "balked",
            {
                "shard": shard.id,
                "sequence": balked.record.sequence,
                "reason": repr(balked.__cause__),
            },
        )
        return Page(page.records[: page.records.index(balked.record)], "")

    def repeated(self, shard: Shard, now: float) -> None:
        """Perhaps the service gives the same records again and again: ask for a new place to read
        from, and when that does not help, ask less and less often."""
        if shard.repeats < _REPEATS:
            return
        shard.repeats = 0
        shard.rewinds += 1
        shard.iterator = None
        shard.retries += 1
        self._report.retries += 1
        self._later(shard, shard.rewinds, now)
        if shard.rewinds == STUCK:
            self._report.tell("stalled", {"shard": shard.id, "reason": "its records repeat"})

    # ------------------------------------------------------------------ lasting states

    def warn(self, now: float, blocked_since: float | None) -> None:
        """Tell of what lasts, and take it back when it is over. ``blocked_since``: monotonic
        seconds since when the writer has taken nothing; None while it does."""
        if blocked_since is None:
            self._report.settle("held")
        elif now - blocked_since > _HELD_S:
            self._report.warn(
                "held", "the recording takes nothing at the moment: reading waits for the disk"
            )
        if self._crowd.look(now):
            self._report.warn(
                "crowded",
                "the service refuses reads: more programs read this stream than it serves (two a "
                "shard on DynamoDB, five reads a second of a shard on Kinesis); what is refused "
                "comes later, nothing is lost",
            )
        else:
            self._report.settle("crowded")

    def _later(self, shard: Shard, times: int, now: float) -> None:
        shard.due = max(shard.due, now + self._pace.after_fault(times, self._rng))
