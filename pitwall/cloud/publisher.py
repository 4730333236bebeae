"""Publishing: chunks into the table as their event time comes, laps sealed as they close."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pitwall.cloud.clients import TableAndBucket
from pitwall.cloud.items import session_item
from pitwall.cloud.publisher_run import Options, Pacing, PublishRun
from pitwall.cloud.spool import Spool
from pitwall.cloud.writer import Wait
from pitwall.telemetry import Head, Segment, Session
from pitwall.telemetry.clock import NowUs, now_us

_SEALER_LIMIT_S = 60.0
_STOPPED_STALL_S = 5.0
_STOPPED_SEALING_S = 10.0
"""A publisher that was told to stop waits no longer for a table that takes nothing, and for the
laps that are being sealed."""


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What was published.

    Attributes:
        chunks, heads, laps, objects: written: chunks and heads accepted by the table, laps of cars
            sealed there, sealed objects put into the bucket.
        known: chunks that a head or spool it resumed from stated already, not written again.
        retried: items that the table left out of a batch and took later.
        failed: batches that failed as a whole and were sent again.
        unsealed: laps that could not be sealed; ``message`` says why.
        t_hi: event time of the newest chunk written, microseconds UTC.
        stopped: True when it was told to stop before the source ended.
        waiting: chunks that are in the spool and not in the table yet.
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
    waiting: int = 0


def publish(
    chunks: Iterable[Segment],
    session: Session,
    clients: TableAndBucket,
    table: str,
    bucket: str = "",
    *,
    speed: float = 1.0,
    start_us: int | None = None,
    bounded: bool = False,
    resume: Iterable[Head] = (),
    end: bool = True,
    stop: threading.Event | None = None,
    stop_ends: bool = False,
    now_us: NowUs = now_us,
    wait: Wait | None = None,
    on_taken: Callable[[], None] = lambda: None,
    on_notice: Callable[[str], None] = lambda text: None,
    spool: Spool | None = None,
    refuse: bool = False,
) -> PublishReport:
    """Write ``chunks`` as they happen, with heads once a second, and seal laps as they close.

    With a ``spool`` every chunk is on this disk before it is sent, and the source goes on while the
    table is slow or away, until the spool is full. Whoever publishes with the same spool again, in
    whatever way the process before ended, sends what waits there first and goes on behind it.

    Args:
        chunks: single chunks of any cars in order of ``t_hi``, n rising by one in each series. A
            chunk is written when event time reaches its ``t_hi``. Those that the spool has had are
            passed over.
        session: its item is written first.
        clients: DynamoDB, and S3 when a bucket is given.
        table, bucket: where to; without a bucket laps are sealed in the table alone.
        speed: event seconds per second; ``inf`` writes as fast as the table takes it.
        start_us: event time that belongs to the moment of this call (see :class:`Pace`), however
            long the source takes to give its first chunk.
        bounded: event times are the clock's: nothing is written before they have come.
        resume: heads to go on from, of the same epochs, when there is no spool. Chunks that they
            state are taken as written: give the chunks of the laps they end in, so that those are
            sealed whole.
        end: write the head that ends each epoch once the source is done; without it laps still
            open are left open too, for whoever resumes.
        stop: ends publishing early when set. The last heads then state all that was written, and
            not that the epoch has ended: only its source could say so.
        stop_ends: whoever sets ``stop`` may say so as well, and does.
        now_us, wait: the clock, and what waits so many seconds.
        on_taken: called whenever the table has accepted something, as a sign of life.
        on_notice: told in one line that the spool is full, and that it has room again.
        spool: where chunks wait; stays the caller's to close or remove.
        refuse: for a source that cannot wait: a full spool is a Failure. Otherwise the source is
            not asked while the spool is full.

    Raises:
        BadInput: a chunk out of order, or a source that gives no chunk at all.
        Failure: the table refuses; it takes nothing for two minutes, where there is no spool or
            nothing was ever accepted; or the spool is full (``refuse``), or cannot be written.
    """
    stop = threading.Event() if stop is None else stop
    began = now_us() if start_us is not None else None
    options = Options(session, clients, table, bucket, tuple(resume), spool, refuse, on_notice)
    pacing = Pacing(speed, start_us, began, bounded, now_us, wait or stop.wait)
    run = PublishRun(options, pacing, stop, wait or time.sleep, on_taken)
    run.writer.put("session", session_item(session), run.opened)
    if spool is None:
        run.writer.drain()
    run.sealer.start()
    sealing_s = _SEALER_LIMIT_S
    try:
        stopped = run.pump(chunks)
        if stopped:
            run.writer.limit_stall(_STOPPED_STALL_S)
            sealing_s = _STOPPED_SEALING_S
            run.settle(pause=not stop_ends)
        if end and (stop_ends or not stopped):
            run.end()
    finally:
        in_time = run.sealer.stop(sealing_s)
        run.note_sealed()
        if spool is not None:
            spool.commit()
    sealed, written = run.sealer.stats, run.writer.stats
    late = "" if in_time else f"sealing was given up after {sealing_s:.0f} s"
    return PublishReport(
        chunks=run.chunks,
        known=run.known,
        heads=sum(producer.heads for producer in run.producers.values()),
        laps=sealed.laps,
        objects=sealed.objects,
        retried=written.retried,
        failed=written.failed,
        unsealed=sealed.failed + run.let_go or int(not in_time),
        message=sealed.message or late or run.message,
        t_hi=run.t_hi,
        stopped=stopped,
        waiting=spool.waiting if spool is not None else 0,
    )
