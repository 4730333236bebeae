"""Joins a session and follows it: history, the seam, live, and every hole on the way.

In this order, because each step covers what the one before cannot: the shards and the roster are
taken before the archive is listed, so whatever is not in the archive's list is still in the stream
or in the table; the stream is read from before the archive's end; what neither brings is read from
the table by key; what the table has not is named. Nothing counts as complete because a page was
empty, only because the producers' heads say so.
"""

from __future__ import annotations

import logging
import random
import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pitwall.store import Batch, Ledger, SessionStore, Source
from pitwall.stream import (
    Fault,
    Listing,
    OnEvent,
    Pool,
    Reader,
    ReaderStatus,
    ServerClock,
    StreamSource,
    ThreadPool,
    Time,
)
from pitwall.telemetry import Failure, Head, PitwallError, Series, Session
from pitwall.telemetry.clock import SECOND_US
from pitwall.turbo.archive import CHECKPOINT, ArchiveLoader, Cancelled, Loaded, Wanted
from pitwall.turbo.decode import decoder
from pitwall.turbo.gather import Tail
from pitwall.turbo.holes import HoleTimes
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.objects import Bucket
from pitwall.turbo.overdue import Overdue
from pitwall.turbo.patience import Patience, Stopped, told
from pitwall.turbo.repair import Recorder, Repaired, Repairer
from pitwall.turbo.splice import (
    Missing,
    Seam,
    complete,
    find_seam,
    targets_of,
    unexplained,
)
from pitwall.turbo.status import FollowerStatus, Phase, Tempo
from pitwall.turbo.table import TableReader

_log = logging.getLogger(__name__)
_FLUSH_S = 60.0
_TOP = 1 << 62
NOT_IN_TABLE = "not in the archive, the stream or the table"
CANCELLED = "history was cancelled"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a session comes from. Calls of all of them block and come from several threads.

    Attributes:
        table: keyed reads.
        bucket: the archive; None when there is none.
        connect: finds the stream; raises Fault.
        server: server time, from the answers of all of them.
    """

    table: TableReader
    bucket: Bucket | None
    connect: Callable[[], StreamSource]
    server: ServerClock


class Follower:
    """Owns the thread "pitwall-follow", the reader and the pools.

    Args:
        sources: where the session comes from.
        session: what is followed.
        saved: the recording's checkpoints, read before its writer was started.
        store: the session in memory: books, heads, times of holes.
        recorder: the writer.
        time, rng: clocks and jitter.
        on_event: told what happens, by name and details, on the thread where it happens: joined,
            archive, archive-absent, history, live, silent, behind, repaired, named, ended, failed,
            renewed and the reader's own.
        make_pool: threads for blocking calls.
        spawn: False leaves the reader's thread to the caller, who calls ``reader.step()``.
        tempo: times and amounts.
    """

    def __init__(
        self,
        sources: Sources,
        session: Session,
        saved: Mapping[str, str],
        store: SessionStore,
        recorder: Recorder,
        *,
        time: Time,
        rng: random.Random,
        on_event: OnEvent,
        make_pool: Callable[[str, int], Pool[Any]] = ThreadPool,
        spawn: bool = True,
        tempo: Tempo | None = None,
    ) -> None:
        self._sources = sources
        self._session = session
        self._saved = dict(saved)
        self._store = store
        self._recorder = recorder
        self._time = time
        self._rng = rng
        self._on_event = on_event
        self._make_pool = make_pool
        self._spawn = spawn
        self._tempo = tempo or Tempo()
        self._stop = threading.Event()
        self._cancel = threading.Event()
        """Set to give up the history; set by stop() too."""
        self._thread: threading.Thread | None = None
        """Set by the owner in start()."""
        self._status = FollowerStatus()
        """Replaced by the follower's thread, read by any."""
        self.reader: Reader | None = None
        """Made by the follower's thread when the stream is read; None before."""
        # From here on: the follower's thread only.
        self._laps = LapIndex()
        self._patience = Patience(time, rng, self._stop, self._waiting)
        self._began = time.monotonic()
        self._roster_us = 0
        self._promised_us = 0
        self._targets: dict[Series, int] = {}
        self._archive_ends: dict[Series, int] = {}
        self._overdue = Overdue(self._tempo.again_us, self._tempo.again_most_us)
        self._crosscheck_due_us: int | None = None
        self._renew_due_us = 0

    # ------------------------------------------------------------------ any thread

    @property
    def status(self) -> FollowerStatus:
        """The newest snapshot."""
        reader = self.reader
        return replace(self._status, reader=reader.status if reader else None)

    def start(self) -> None:
        """Start following."""
        self._thread = threading.Thread(target=self.run, name="pitwall-follow", daemon=True)
        self._thread.start()

    def cancel_history(self) -> None:
        """Give up loading history: keep what is here, go live, name what is missing."""
        self._cancel.set()

    def stop(self, timeout_s: float = 10.0) -> bool:
        """Stop following; True when all threads have ended within ``timeout_s``. The recording
        keeps everything that was handed over, and resumes from there."""
        self._stop.set()
        self._cancel.set()
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # ------------------------------------------------------------------ the thread

    def run(self) -> None:
        """The thread's work: join, then follow until stopped."""
        try:
            self._join()
            self._follow()
        except Stopped:
            self._set(phase=Phase.STOPPED)
        except PitwallError as error:
            self._set(phase=Phase.FAILED, message=str(error))
            self._on_event("failed", {"reason": str(error)})
        except Exception as error:  # noqa: BLE001 - a dead follower must say why, not vanish
            _log.exception("following stopped")
            self._set(phase=Phase.FAILED, message=f"following stopped ({error!r})")
            self._on_event("failed", {"reason": repr(error)})
        finally:
            if self.reader is not None and self._spawn:
                self.reader.stop(5.0)

    def _join(self) -> None:
        self._set(phase=Phase.PROBING, text="looking for the stream")
        source = self._patience(self._sources.connect)
        listing = self._patience(source.describe)
        self._set(phase=Phase.ROSTER, text="reading the roster")
        # Server time before the roster is read: whatever is written later is in the stream.
        self._roster_us = self._sources.server.now_us()
        heads = self._patience(self._sources.table.heads)
        self._promised_us = self._sources.server.now_us()
        self._targets = targets_of(heads, self._session.key)
        self._submit(Batch(Source.TABLE, heads=tuple(heads), received_us=self._time.now_us()))
        self._flush()
        self._on_event(
            "joined",
            {
                "session": self._session.key,
                "cars": len({head.car for head in heads}),
                "shards": len(listing.shards),
                "chunks": sum(self._targets.values()),
            },
        )
        tails = self._load_archive(heads)
        seam = self._find_seam(heads, tails)
        self._read_stream(source, listing, seam)
        self._repair_older(heads, seam)
        seconds = self._time.monotonic() - self._began
        self._set(phase=Phase.STREAM, time_to_history_s=seconds, text="catching up with the stream")
        self._on_event("history", {"seconds": seconds, "chunks": self._store.ledger().applied})
        self._overdue.note(self._store.ledger(), self._promised_us)
        self._crosscheck_due_us = self._roster_us + self._tempo.crosscheck_us

    # ------------------------------------------------------------------ archive

    def _load_archive(self, heads: Sequence[Head]) -> dict[Series, Tail]:
        resumed = self._store.ledger().applied > 0
        missing = self._missing()
        if self._sources.bucket is None or (
            resumed and sum(hole.size for hole in missing) < self._tempo.archive_from
        ):
            return {}
        self._set(phase=Phase.ARCHIVE, text="listing the archive")
        wanted = _absent_in(self._store.ledger()) if resumed else None
        loaded = self._load(self._spans(heads), wanted)
        self._flush()
        self._archive_ends = {series: self._store.ledger().tail(series) for series in self._targets}
        return loaded.tails

    def _load(self, spans: Sequence[tuple[int, int]], wanted: Wanted | None) -> Loaded:
        """List and load; a bucket that cannot be read is told of and does without."""
        assert self._sources.bucket is not None
        pool: Pool[Loaded] = self._make_pool("pitwall-archive", self._tempo.archive_threads)
        loader = ArchiveLoader(
            self._sources.bucket,
            self._session.key,
            self._session.catalog,
            self._recorder,
            pool,
            self._time,
            self._rng,
            self._laps,
            self._cancel,
            self._saved,
        )
        pool.start()
        try:
            objects = loader.find(spans)
            total = sum(info.size for info in objects)
            self._set(objects_total=len(objects), bytes_total=total)

            def progress(so_far: Loaded) -> None:
                self._set(
                    progress=so_far.bytes / total if total else 1.0,
                    objects=so_far.objects,
                    bytes=so_far.bytes,
                    damaged=so_far.damaged,
                    text=f"archive: {so_far.objects} of {len(objects)} objects, "
                    f"{so_far.chunks} chunks",
                )

            loaded = loader.load(objects, progress, wanted)
        except Cancelled:
            return Loaded()
        except Fault as fault:
            self._on_event("archive-absent", {"reason": told(fault)})
            self._set(message=f"no archive ({told(fault)}): loading from stream and table")
            return Loaded()
        finally:
            pool.stop(5.0)
        self._saved |= {CHECKPOINT + key: token for key, token in loader.tokens.items()}
        for key, reason in loaded.failed.items():
            self._on_event("archive-absent", {"object": key, "reason": reason})
        self._on_event(
            "archive",
            {
                "objects": loaded.objects,
                "bytes": loaded.bytes,
                "chunks": loaded.chunks,
                "damaged": loaded.damaged,
            },
        )
        return loaded

    def _spans(self, heads: Sequence[Head]) -> list[tuple[int, int]]:
        """Hours of arrival that can hold the session, microseconds UTC: an hour more at each end.

        Arrival is server time, which event time need not be (a rehearsal of an old race): the last
        day is listed too.
        """
        hour = 3600 * SECOND_US
        now = self._roster_us
        first = min([self._session.started_us, *(head.t_first for head in heads)])
        last = max([first, *(head.t for head in heads)])
        if now - first < 2 * 24 * hour:
            return [(first - hour, now + hour)]
        return [(first - hour, last + 2 * hour), (now - 24 * hour, now + hour)]

    # ------------------------------------------------------------------ the seam

    def _find_seam(self, heads: Sequence[Head], tails: Mapping[Series, Tail]) -> Seam:
        tempo = self._tempo
        now_us = self._roster_us
        if self._cancel.is_set():
            self._check()
            return Seam(now_us - tempo.overlap_us, None, ())
        seam = find_seam(
            heads,
            self._session.key,
            self._store.ledger(),
            tails,
            HoleTimes(self._store),
            now_us=now_us,
            overlap_us=tempo.overlap_us,
            reach_us=tempo.reach_us,
            most=tempo.repair_most,
        )
        self._set(
            anchor_us=seam.anchor_us,
            archive_to_us=seam.archive_to_us,
            seam_us=None if seam.anchor_us is None else seam.anchor_us + tempo.overlap_us,
        )
        return seam

    def _read_stream(self, source: StreamSource, listing: Listing, seam: Seam) -> None:
        saved = {k: v for k, v in self._saved.items() if not k.startswith(CHECKPOINT)}
        self.reader = Reader(
            source,
            self._recorder,
            decoder(self._session.key, self._laps.note),
            listing=listing,
            anchor_us=seam.anchor_us,
            saved=saved,
            server=self._sources.server,
            time=self._time,
            pool=self._make_pool("pitwall-stream-io", self._tempo.stream_threads),
            rng=self._rng,
            on_event=self._on_event,
        )
        if self._spawn:
            self.reader.start()

    def _repair_older(self, heads: Sequence[Head], seam: Seam) -> None:
        """Keyed reads of every hole that the stream will not bring."""
        if self._cancel.is_set():
            return
        older = list(seam.older)
        if any(not key.startswith(CHECKPOINT) for key in self._saved):
            # Resumed shards go on behind their positions: no hole before them comes by itself.
            ledger = self._store.ledger()
            older = [
                hole
                for series, n in self._targets.items()
                for hole in unexplained(ledger, series, min(n, ledger.tail(series)), named=True)
            ]
        if not older:
            return
        self._set(phase=Phase.REPAIR, text=f"reading {sum(h.size for h in older)} chunks by key")
        self._repair(older)

    def _repair(self, holes: Sequence[Missing]) -> Repaired:
        promised = targets_of(list(self._store.heads().values()), self._session.key)
        pool: Pool[Any] = self._make_pool("pitwall-repair", self._tempo.repair_threads)
        pool.start()
        try:
            repairer = Repairer(
                self._sources.table, self._store, self._recorder, self._laps, pool, self._time
            )
            done = repairer.repair(
                holes,
                # Only what a head has promised can be said to be missing for good.
                lambda hole: NOT_IN_TABLE if hole.n_hi <= promised.get(hole.series, 0) else "",
                self._stop.is_set,
            )
        finally:
            pool.stop(5.0)
        self._account(done)
        return done

    def _account(self, done: Repaired) -> None:
        self._set(
            repaired=self._status.repaired + done.filled, named=self._status.named + done.named
        )
        if done.filled:
            self._on_event("repaired", {"chunks": done.filled, "reads": done.reads})
        if done.named:
            self._on_event("named", {"chunks": done.named, "reason": NOT_IN_TABLE})
        if done.failure:
            self._set(message=done.failure)

    # ------------------------------------------------------------------ following

    def _follow(self) -> None:
        while True:
            self.tick()
            if self._time.wait(self._stop, self._tempo.tick_s):
                raise Stopped

    def tick(self) -> None:
        """One look at everything; the thread's loop calls it."""
        self._check()
        reader = self.reader
        assert reader is not None
        for failure in (self._recorder.failure, reader.failure):
            if failure is not None:
                raise failure
        now_us = self._sources.server.now_us()
        ledger = self._store.ledger()
        self._overdue.note(ledger, now_us)
        status = reader.status
        caught_up = status.passed_us >= self._promised_us
        if self._cancel.is_set() and self._status.time_to_live_s is None:
            if caught_up:
                self._give_up_history()
        else:
            self._repair_overdue(ledger, status, now_us)
        self._look_again(now_us)
        self._stand_in(reader, status, now_us)
        self._judge(status, now_us)

    def _repair_overdue(self, ledger: Ledger, status: ReaderStatus, now_us: int) -> None:
        tempo = self._tempo
        live = self._status.time_to_live_s is not None
        limit = now_us - (tempo.live_wait_us if live else 0)
        # The stream brings what it has not reached yet, unless it has stood still for too long.
        limit = min(limit, max(status.passed_us, now_us - tempo.patience_us))
        holes = self._overdue.holes(ledger, limit, now_us)
        if holes:
            done = self._repair(holes)
            self._overdue.tried(done.left, holes, now_us)

    def _stand_in(self, reader: Reader, status: ReaderStatus, now_us: int) -> None:
        """What goes on while the stream does not: the table's heads say what exists, and keyed
        reads bring it, late. A stream that was switched off and on again has another name."""
        stuck = now_us - max(status.passed_us, self._promised_us) > self._tempo.patience_us
        if not (stuck or not status.enabled) or now_us < self._renew_due_us:
            return
        self._renew_due_us = now_us + self._tempo.renew_us
        try:
            heads = self._sources.table.heads()
            self._submit(Batch(Source.TABLE, heads=tuple(heads), received_us=self._time.now_us()))
            if status.enabled:
                return
            source = self._sources.connect()
            listing = source.describe()
        except (Failure, Fault) as error:
            self._set(message=told(error) if isinstance(error, Fault) else str(error))
            return
        if listing.stream == reader.stream or not listing.enabled:
            return
        self._on_event("renewed", {"stream": listing.stream})
        if self._spawn:
            reader.stop(5.0)
        self._read_stream(source, listing, Seam(None, None, ()))

    def _give_up_history(self) -> None:
        pool: Pool[Any] = self._make_pool("pitwall-repair", 1)
        repairer = Repairer(
            self._sources.table, self._store, self._recorder, self._laps, pool, self._time
        )
        named = repairer.name(
            [
                hole
                for series, n in self._targets.items()
                for hole in unexplained(self._store.ledger(), series, n)
            ],
            CANCELLED,
        )
        if named:
            self._set(named=self._status.named + named)
            self._on_event("named", {"chunks": named, "reason": CANCELLED})

    def _look_again(self, now_us: int) -> None:
        """The archive once more, when what the roster spoke of must have arrived there: a check of
        what the other ways brought, and a third chance for what they did not."""
        due = self._crosscheck_due_us
        if due is None or now_us < due or self._sources.bucket is None:
            return
        self._crosscheck_due_us = None
        heads = list(self._store.heads().values())
        if self._missing(named=True):
            self._load(self._spans(heads), _absent_in(self._store.ledger()))

    def _judge(self, status: ReaderStatus, now_us: int) -> None:
        ledger = self._store.ledger()
        if self._status.time_to_live_s is None:
            if not complete(ledger, self._targets):
                self._set(progress=self._share(ledger))
                return
            seconds = self._time.monotonic() - self._began
            self._set(
                phase=Phase.LIVE,
                progress=1.0,
                text="",
                time_to_live_s=seconds,
                seam_proved=self._proved(ledger),
            )
            self._on_event("live", {"seconds": seconds, "missing": ledger.missing})
        phase, age_us = self._phase_now(status, ledger, now_us)
        self._set(age_us=age_us)
        if phase is not self._status.phase:
            self._set(phase=phase)
            self._on_event(phase.value, {"age_us": age_us, "lag_us": status.lag_us})

    def _phase_now(
        self, status: ReaderStatus, ledger: Ledger, now_us: int
    ) -> tuple[Phase, int | None]:
        tempo = self._tempo
        heads = self._store.heads().values()
        quiet_us = (
            status.head_age_us if status.head_age_us is not None else now_us - self._roster_us
        )
        if heads and all(head.ended for head in heads):
            promised = targets_of(list(heads), self._session.key)
            if complete(ledger, promised):
                return Phase.ENDED, quiet_us
        reading_us = now_us - max(status.passed_us, self._promised_us)
        # A late head alone does not say whose fault it is; shards that were read to now do.
        if status.blocked or status.failing or reading_us > tempo.behind_us:
            return Phase.BEHIND, quiet_us
        if quiet_us > tempo.silent_us:
            return Phase.SILENT, quiet_us
        return Phase.LIVE, quiet_us

    # ------------------------------------------------------------------ small things

    def _missing(self, named: bool = True) -> list[Missing]:
        ledger = self._store.ledger()
        return [
            hole
            for series, n in self._targets.items()
            for hole in unexplained(ledger, series, n, named=named)
        ]

    def _share(self, ledger: Ledger) -> float:
        promised = sum(self._targets.values())
        if not promised:
            return 1.0
        missing = sum(hole.size for hole in self._missing(named=False))
        return 1.0 - missing / promised

    def _proved(self, ledger: Ledger) -> bool:
        """Nothing missing, named or not, from where the archive ended up to the roster's heads."""
        for series, n in self._targets.items():
            books = ledger.series.get(series)
            begins = self._archive_ends.get(series, 0)
            if books is None:
                if n:
                    return False
                continue
            if any(hi > begins and lo <= n for lo, hi in books.absent):
                return False
        return True

    def _waiting(self, reason: str) -> None:
        self._set(message=reason)

    def _check(self) -> None:
        if self._stop.is_set():
            raise Stopped

    def _submit(self, batch: Batch) -> None:
        self._recorder.submit(batch)

    def _flush(self) -> None:
        self._recorder.flush(_FLUSH_S)

    def _set(self, **fields: Any) -> None:
        self._status = replace(self._status, **fields)


def _absent_in(ledger: Ledger) -> Wanted:
    """Which chunks are not in ``ledger``."""

    def absent(series: Series, n: int) -> bool:
        books = ledger.series.get(series)
        if books is None:
            return True
        received = books.received
        at = bisect_right(received, (n, _TOP)) - 1
        return at < 0 or received[at][1] < n

    return absent
