"""How far a hand-over is, whether the seam is proved, and what to call the state of things."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pitwall.store import Ledger
from pitwall.stream import ReaderStatus
from pitwall.telemetry import Series
from pitwall.telemetry.clock import SECOND_US
from pitwall.turbo.patience import told
from pitwall.turbo.splice import unexplained
from pitwall.turbo.status import Phase, Tempo


def share_of(ledger: Ledger, targets: Mapping[Series, int]) -> float:
    """Part of the promised chunks that is here or named, 0..1."""
    promised = sum(targets.values())
    if not promised:
        return 1.0
    missing = sum(
        hole.size for series, n in targets.items() for hole in unexplained(ledger, series, n)
    )
    return 1.0 - missing / promised


def seam_proved(
    ledger: Ledger, targets: Mapping[Series, int], archive_ends: Mapping[Series, int]
) -> bool:
    """Nothing missing, named or not, from where the archive ended up to the roster's heads."""
    for series, n in targets.items():
        books = ledger.series.get(series)
        if books is None:
            if n:
                return False
            continue
        begins = archive_ends.get(series, 0)
        if any(hi > begins and lo <= n for lo, hi in books.absent):
            return False
    return True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to call the state of things, and why, in one line where the name does not say it."""

    phase: Phase
    why: str = ""


class Judge:
    """Tells trouble with the service from being behind and both from a source that is silent.

    Of several that hold at once the gravest is said, in this order: ended, offline, stream off,
    throttled, behind, silent, late, live. Durations are of the monotonic clock, so that a clock
    that is set is no outage; where that clock runs on while the machine sleeps, :meth:`awoke` is
    to be called. The follower's thread only.
    """

    def __init__(self, tempo: Tempo) -> None:
        self._tempo = tempo
        self._answers = -1
        """Sum of the shards' last answers: moves whenever any of them answers."""
        self._throttles = 0
        self._answered: float | None = None
        """When the sum was last seen to move."""
        self._throttled = -math.inf
        self._retries = 0
        self._retried = -math.inf
        self._well = -math.inf
        """When no shard was failing."""
        self._late = False
        """The source was late at the last look: it has to come well below the limit again."""

    def awoke(self, now: float) -> None:
        """The program stood still until ``now``, in monotonic seconds: nobody could answer, so
        what is counted from the last answer is counted from here."""
        self._answered, self._well = now, now

    def trouble(self, status: ReaderStatus, now: float) -> Verdict | None:
        """What keeps the service from being read, whatever is to be read; None when nothing.

        ``now`` is in monotonic seconds. To be called at every look: it keeps count.
        """
        tempo = self._tempo
        answers = sum(shard.verified_us for shard in status.shards)
        if status.retries != self._retries:
            self._retries, self._retried = status.retries, now
        # Between an ended shard and its children nothing is read: only listings can fail.
        asked = status.open or now - self._retried < tempo.retried_s
        # A disk that holds us up must not look like a service that does not answer.
        if answers != self._answers or status.blocked or not asked or self._answered is None:
            self._answers, self._answered = answers, now
        if status.throttles != self._throttles:
            self._throttles, self._throttled = status.throttles, now
        if not status.failing:
            self._well = now
        throttled = now - self._throttled < tempo.throttled_s
        unanswered = now - self._answered > tempo.offline_s or (
            status.failing >= status.open > 0 and self._failing(now)
        )
        if unanswered and not throttled:
            fault = status.fault
            return Verdict(Phase.OFFLINE, told(fault) if fault else "the service does not answer")
        if not status.enabled and not status.open:
            return Verdict(Phase.STREAM_OFF, "chunks are read from the table, some seconds late")
        if throttled and (unanswered or self._failing(now)):
            return Verdict(Phase.THROTTLED, "other programs read the same stream")
        return None

    def verdict(
        self,
        status: ReaderStatus,
        now: float,
        *,
        over: bool,
        quiet_us: int,
        unread_us: int,
        joined_us: int,
    ) -> Verdict:
        """The phase after the first LIVE.

        ``over``: every producer has ended and everything is here; ``quiet_us``: since the newest
        head came; ``unread_us``: since every shard was last read to its end; ``joined_us``: since
        the roster, from when on reading can be late at all.
        """
        trouble = self.trouble(status, now)
        if over:
            return Verdict(Phase.ENDED)
        if trouble is not None:
            return trouble
        # A late head alone does not say whose fault it is; shards that were read to now do.
        late = min(unread_us, joined_us) > self._tempo.behind_us
        if late and now - self._throttled < self._tempo.throttled_s:
            return Verdict(Phase.THROTTLED, "other programs read the same stream")
        if status.blocked:
            return Verdict(Phase.BEHIND, "writing to the disk is slow: reading waits for it")
        if self._failing(now):
            return Verdict(Phase.BEHIND, f"calls fail for {status.failing} of {status.open} shards")
        if late and status.stalled:
            many = f"{len(status.stalled)} of {status.total} shards do not go on"
            return Verdict(Phase.BEHIND, f"{many}: records repeat, or what follows is not listed")
        if late:
            return Verdict(Phase.BEHIND)
        # Silence is what was looked for and not found: every shard was read after the last head.
        # The roster was such a look too.
        looked_us = min(unread_us, joined_us)
        if quiet_us > self._tempo.silent_us and looked_us < quiet_us - SECOND_US:
            return Verdict(Phase.SILENT)
        # A head that we read late, as all are after catching up, is not the source's fault.
        limit = self._tempo.late_us * (3 if self._late else 5) // 5
        self._late = status.source_lag_us is not None and status.source_lag_us > limit
        return Verdict(Phase.LATE if self._late else Phase.LIVE)

    def _failing(self, now: float) -> bool:
        return now - self._well > self._tempo.failing_s
