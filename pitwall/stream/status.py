"""What the reader lets others see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pitwall.stream.faults import Fault
from pitwall.stream.shard import State

OnEvent = Callable[[str, Mapping[str, object]], None]
"""Called with an event's name and its details, on the thread where it happened."""


@dataclass(frozen=True, slots=True)
class StreamGap:
    """A loss that the stream itself shows: what a shard held between two times.

    Attributes:
        shard: which.
        from_us, to_us: bounds in the service's creation time, microseconds UTC; ``to_us`` is 0
            while the end is not known.
        reason: in words.
    """

    shard: str
    from_us: int
    to_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """One shard at one moment; times are server time, microseconds UTC, 0 for never.

    Attributes:
        id: its name.
        state: see :class:`State`.
        verified_us: when it last answered.
        last_us: creation time of the last record accepted.
        saved_us: when its checkpoint last went to the writer.
        faults: failures in a row, now.
        polls, records, throttles, retries: counted since the start.
        gaps: losses reported for it since the start.
        lag_us: age of the newest head that came through it, when that was read; None before the
            first.
        record_age_us: age of the last record now; None before the first.
        checkpoint_age_us: since its checkpoint last went to the writer; None before the first.
        doubt_us: creation time of the last record before its place was refused, while nothing has
            come since that shows whether anything was lost; 0 when not in doubt.
    """

    id: str
    state: State
    verified_us: int
    last_us: int
    saved_us: int
    faults: int
    polls: int = 0
    records: int = 0
    throttles: int = 0
    retries: int = 0
    gaps: int = 0
    lag_us: int | None = None
    record_age_us: int | None = None
    checkpoint_age_us: int | None = None
    doubt_us: int = 0


@dataclass(frozen=True, slots=True)
class ReaderStatus:
    """The reader at one moment.

    Attributes:
        running: its thread is at work.
        enabled: the stream is switched on.
        open, waiting, finished, lost, total: shards by state.
        rotations: ended shards that were followed into a child.
        polls, records, throttles, retries: counted since the start.
        skipped: records of other tables on the same stream, among ``records``.
        last_record_us: creation time of the newest record.
        passed_us: server time up to which every shard has most likely been read.
        lag_us: age of the newest head when it was read, server time; None before the first.
        source_lag_us: age of the newest head when the service got it, however late we read it;
            None before the first.
        head_age_us: server time since the newest head was read; None before the first.
        clock_offset_us: this machine's clock minus server time; None when not measured.
        stalled: ended shards whose children have not shown up, and shards of which the service
            gives the same records again and again.
        failing: shards whose last three calls or more failed.
        blocked: the writer takes nothing at the moment: reading has stopped.
        queue_depth: batches that the writer has not committed yet, and pages held back for it.
        silent: every shard has been read to now and no head came for some seconds: the source
            sends nothing, it is not us who are behind.
        gaps: losses, the last hundred; ``gap_count`` all of them.
        shards: each shard.
        fault: why the last call failed; None since one succeeded.
        shift_us: server time minus event time of a source whose clock is its own; 0 for one that
            keeps server time, None before the first head.
        message: what the user should know, one line; empty when nothing.
    """

    running: bool = False
    enabled: bool = True
    open: int = 0
    waiting: int = 0
    finished: int = 0
    lost: int = 0
    total: int = 0
    rotations: int = 0
    polls: int = 0
    records: int = 0
    skipped: int = 0
    throttles: int = 0
    retries: int = 0
    last_record_us: int = 0
    passed_us: int = 0
    lag_us: int | None = None
    source_lag_us: int | None = None
    head_age_us: int | None = None
    clock_offset_us: int | None = None
    stalled: tuple[str, ...] = ()
    failing: int = 0
    blocked: bool = False
    queue_depth: int = 0
    silent: bool = False
    gaps: tuple[StreamGap, ...] = ()
    gap_count: int = 0
    shards: tuple[ShardStatus, ...] = ()
    fault: Fault | None = None
    shift_us: int | None = None
    message: str = ""
