"""What the follower lets others see, and the tempo it keeps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from pitwall.stream import ReaderStatus
from pitwall.telemetry.clock import SECOND_US


class Phase(StrEnum):
    """Where a hand-over is.

    From LIVE to OFFLINE the names are those that the window and the headless lines use; which of
    them is shown when several hold is decided in :mod:`pitwall.turbo.verdict`.
    """

    PROBING = "probing"
    ROSTER = "roster"
    ARCHIVE = "archive"
    REPAIR = "repair"
    STREAM = "stream"
    """Reading the stream from before the seam until everything is here."""
    LIVE = "live"
    LATE = "late"
    """All that the service has is read at once, but the source's data gets there late."""
    SILENT = "silent"
    """The source sends nothing; we have read everything there is."""
    BEHIND = "behind"
    """Data exists and reaches us late."""
    THROTTLED = "throttled"
    """As BEHIND, because the service refuses calls: other readers use up its limit."""
    STREAM_OFF = "stream-off"
    """The table's stream is switched off; what comes is read from the table."""
    OFFLINE = "offline"
    """No call succeeds."""
    ENDED = "ended"
    """Every producer has ended and everything is here."""
    FAILED = "failed"
    STOPPED = "stopped"


LOADING = frozenset({Phase.PROBING, Phase.ROSTER, Phase.ARCHIVE, Phase.REPAIR, Phase.STREAM})
"""Steps on the way to the first LIVE."""


@dataclass(frozen=True, slots=True)
class FollowerStatus:
    """The hand-over at one moment.

    Attributes:
        phase: see :class:`Phase`.
        progress: 0..1 of the history; ``text`` says in words what is being done.
        why: what keeps us from being live, one line; empty when nothing does, or its name says all.
        message: another line for the user; empty when there is nothing to say.
        time_to_history_s: from the start until archive and repairs were in the store.
        time_to_live_s: from the start until everything that the roster promised was there.
        archive_to_us: server time up to which the archive reached; None without one.
        seam_us: server time from which the stream was read, plus the overlap: where the two meet.
        anchor_us: server time from which the stream was read; None for all that it had.
        seam_proved: nothing is missing between the archive's end and the roster's heads.
        objects, objects_total, bytes, bytes_total, laps: of the archive; laps of all cars together.
        left_s: seconds until the archive is loaded, at the pace so far; None while unknown.
        damaged: places in archive objects that could not be read.
        repaired, named: chunks that keyed reads brought, and that were given up by name.
        age_us: server time since the newest head came; None before the first.
        reader: the stream reader; None before it runs.
        limited: what these credentials do not show, and why; empty when they show all.
        table_reads: requests for rows so far, where the table is followed in place of a stream;
            None elsewhere.
    """

    phase: Phase = Phase.PROBING
    progress: float = 0.0
    text: str = ""
    why: str = ""
    message: str = ""
    time_to_history_s: float | None = None
    time_to_live_s: float | None = None
    archive_to_us: int | None = None
    seam_us: int | None = None
    anchor_us: int | None = None
    seam_proved: bool = False
    objects: int = 0
    objects_total: int = 0
    bytes: int = 0
    bytes_total: int = 0
    laps: int = 0
    left_s: float | None = None
    damaged: int = 0
    repaired: int = 0
    named: int = 0
    age_us: int | None = None
    reader: ReaderStatus | None = field(default=None, repr=False)
    limited: str = ""
    table_reads: int | None = None


@dataclass(frozen=True, slots=True)
class Tempo:
    """Times and amounts; microseconds where the name says so.

    Attributes:
        overlap_us: E: how far before the seam the stream is read again: producers' retries,
            disorder and the rounding of creation times.
        reach_us: how far back the stream is counted on.
        repair_most: chunks that keyed reads may bring in place of a longer stream.
        archive_from: missing chunks from which a recording that is resumed loads the archive.
        live_wait_us: age at which a missing chunk is looked for in the table.
        patience_us: lag of the stream after which the table is asked all the same.
        again_us, again_most_us: pauses between looks for the same hole.
        renew_us: pause between looks at the roster while the stream cannot be read, and at the
            table for another stream while this one is switched off.
        crosscheck_us: when the archive is listed once more, after the roster.
        silent_us: age of the newest head from which the source counts as silent.
        late_us: age of the newest head when the service got it, from which the source is late.
        behind_us: time for which shards have not been read to their end, from which we are behind.
        failing_s: time for which calls for some shard fail, from which we are behind, or offline
            when they fail for all.
        offline_s: time without any answer from which we are offline. A shard is asked every second
            even when it has nothing.
        throttled_s, retried_s: how long a call that was refused, or failed otherwise, counts as the
            reason for what stands still; longer than the longest pause after one.
        tick_s: pause between two looks at everything.
        archive_threads, repair_threads, stream_threads: sizes of the pools.
    """

    overlap_us: int = 120 * SECOND_US
    reach_us: int = 84_600 * SECOND_US
    repair_most: int = 20_000
    archive_from: int = 2000
    live_wait_us: int = 5 * SECOND_US
    patience_us: int = 30 * SECOND_US
    again_us: int = 5 * SECOND_US
    again_most_us: int = 60 * SECOND_US
    renew_us: int = 10 * SECOND_US
    crosscheck_us: int = 600 * SECOND_US
    silent_us: int = 3 * SECOND_US
    late_us: int = 5 * SECOND_US
    behind_us: int = 8 * SECOND_US
    failing_s: float = 2.0
    offline_s: float = 4.0
    throttled_s: float = 8.0
    retried_s: float = 8.0
    tick_s: float = 0.25
    archive_threads: int = 4
    repair_threads: int = 8
    stream_threads: int = 8

    def of_table(self) -> Tempo:
        """The same for following by table reads, where heads and chunks are a few seconds old
        before they are seen."""
        return replace(
            self,
            silent_us=self.silent_us + 5 * SECOND_US,
            late_us=self.late_us + 5 * SECOND_US,
            behind_us=self.behind_us + 7 * SECOND_US,
            live_wait_us=self.live_wait_us + 5 * SECOND_US,
        )
