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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pitwall.store import Batch, Ledger, SessionStore, Source
from pitwall.stream import (
    Decode,
    Fault,
    Listing,
    OnEvent,
    Pool,
    Reader,
    ReaderStatus,
    StreamSource,
    ThreadPool,
    Time,
)
from pitwall.telemetry import Failure, Head, PitwallError, Series, Session
from pitwall.telemetry.clock import SECOND_US
from pitwall.turbo.archive import CHECKPOINT
from pitwall.turbo.decode import Decoder
from pitwall.turbo.desk import Desk, Recorder
from pitwall.turbo.gather import Tail
from pitwall.turbo.history import History
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.mender import Mender
from pitwall.turbo.patience import Patience, Stopped, told
from pitwall.turbo.permitted import check_readable, is_refusal
from pitwall.turbo.renewed import NOTHING, on_top_of
from pitwall.turbo.roster import Roster
from pitwall.turbo.sources import ArchiveLeg, Sources
from pitwall.turbo.splice import Seam, complete, targets_of
from pitwall.turbo.status import LOADING, FollowerStatus, Phase, Tempo
from pitwall.turbo.table_history import TableHistory
from pitwall.turbo.verdict import Judge, Verdict

_log = logging.getLogger(__name__)

_TRIM_US = 1800 * SECOND_US
"""Not counted on of what a stream says that it keeps: it goes while the rest is read."""

_OVERSLEPT_S = 2.0
"""A pause that is longer by this: the machine slept, or the program was stopped."""

OFFLINE_TRIES = 4
"""Calls of the joining in vain, two seconds and more, after which we are offline."""


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
            by-table (the stream is refused), limited (not all may be read), archive,
            archive-absent, table-laps, table-laps-absent, history, the names of the phases from
            live to offline, reached (history goes on after trouble), repaired, named, quarantined,
            ended, failed, renewed and the reader's own.
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
        tempo = tempo or Tempo()
        self._sources = sources
        self._session = session
        self._saved = {k: v for k, v in saved.items() if not k.startswith(CHECKPOINT)}
        self._recorder = recorder
        self._time = time
        self._rng = rng
        self._on_event = on_event
        self._make_pool = make_pool
        self._spawn = spawn
        self._tempo = tempo
        self._stop = threading.Event()
        self._cancel = threading.Event()
        """Set to give up the history; set by stop() too."""
        self._thread: threading.Thread | None = None
        """Set by the owner in start()."""
        self._desk = Desk(recorder, store, time, self._stop, on_event)
        self._reading: tuple[Reader, ReaderStatus] | None = None
        """Made by the follower's thread when the stream is read; with what the readers of streams
        before it had come to."""
        # From here on: the follower's thread only.
        self._laps = LapIndex()
        self._history: ArchiveLeg | None = None
        self._patience = Patience(time, rng, self._stop, self._waiting)
        self._mender = self._take(sources, saved)
        self._began = time.monotonic()
        self._roster = Roster(session.key, store, tempo)
        self._reach_us = tempo.reach_us
        self._crosscheck_due_us: int | None = None
        self._judgement = Judge(self._tempo)
        self._step = Phase.PROBING
        """The step of loading that trouble interrupted last."""
        self._quarantined = store.ledger().quarantined
        self._renew_due_us = 0
        self._in_the_way = ""
        """What the way past a stream that stands still put into the message last."""

    def _take(self, sources: Sources, saved: Mapping[str, str]) -> Mender:
        """Set up what reads ``sources``."""
        table, desk = sources.by_table, self._desk
        self._sources = sources
        if table is not None:
            self._tempo = self._tempo.of_table()
            self._laps = table.laps
            self._history = TableHistory(table.table, desk, self._laps, self._cancel)
        elif sources.bucket is not None:
            self._history = (sources.history or History)(
                sources.bucket,
                self._session,
                desk,
                self._recorder,
                self._laps,
                self._cancel,
                saved,
                self._make_pool,
                self._rng,
                self._tempo,
            )
        return Mender(
            sources.table, self._session.key, desk, self._laps, self._make_pool, self._tempo
        )

    # ------------------------------------------------------------------ any thread

    @property
    def reader(self) -> Reader | None:
        """What reads the stream; None before."""
        return self._reading[0] if self._reading else None

    @property
    def status(self) -> FollowerStatus:
        """The newest snapshot."""
        reading, table = self._reading, self._sources.by_table
        return replace(
            self._desk.status,
            reader=on_top_of(reading[1], reading[0].status) if reading else None,
            limited=table.limited() if table else "",
            table_reads=table.reads() if table else None,
        )

    def start(self) -> None:
        """Start following."""
        self._thread = threading.Thread(target=self.run, name="pitwall-follow", daemon=True)
        self._thread.start()

    def show_first(self, cars: frozenset[str]) -> None:
        """Load the history of these cars before that of others, after everybody's newest laps."""
        self._desk.chosen = cars

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
            self._desk.set(phase=Phase.STOPPED)
        except PitwallError as error:
            self._desk.set(phase=Phase.FAILED, message=str(error))
            self._desk.tell("failed", {"reason": str(error)})
        except Exception as error:  # noqa: BLE001 - a dead follower must say why, not vanish
            _log.exception("following stopped")
            self._desk.set(phase=Phase.FAILED, message=f"following stopped ({error!r})")
            self._desk.tell("failed", {"reason": repr(error)})
        finally:
            if self.reader is not None and self._spawn:
                self.reader.stop(5.0)

    def _join(self) -> None:
        self._desk.set(phase=Phase.PROBING, text="looking for the stream")
        source, listing = self._connect()
        if listing.retention_us:
            self._reach_us = listing.retention_us - _TRIM_US
        self._desk.set(phase=Phase.ROSTER, text="reading the roster")
        # Server time before the roster is read: whatever is written later is in the stream.
        asked_us = self._sources.server.now_us()
        heads = self._patience(self._sources.table.heads)
        self._roster.take(heads, asked_us, self._sources.server.now_us())
        self._take_heads(heads)
        self._desk.flush()
        self._desk.tell(
            "joined",
            {
                "session": self._session.key,
                "cars": len({head.car for head in heads}),
                "shards": len(listing.shards),
                "chunks": sum(self._roster.targets.values()),
            },
        )
        table = self._sources.by_table
        if table is not None and table.limited():
            self._desk.tell("limited", {"reason": table.limited()})
        seam = self._find_seam(self._load_archive())
        self._read_stream(source, listing, seam)
        self._repair_older(seam)
        self._desk.set(phase=Phase.STREAM, text="catching up with the stream")
        if seam.archive_to_us is not None or self._desk.status.bytes:
            self._tell_history()
        self._mender.note(self._desk.store.ledger(), self._roster.answered_us)
        self._crosscheck_due_us = asked_us + self._tempo.crosscheck_us

    def _connect(self) -> tuple[StreamSource, Listing]:
        """The stream, or the table in its place where the stream is refused."""
        otherwise = self._sources.otherwise
        try:
            source = self._patience(self._sources.connect)
            listing = self._patience(source.describe)
            if otherwise is not None:
                check_readable(source, listing)
            return source, listing
        except Failure as failure:
            if otherwise is None or not is_refusal(failure.__cause__):
                raise
            reason = str(failure)
        self._mender = self._take(otherwise(), {})
        self._judgement = Judge(self._tempo)
        source = self._patience(self._sources.connect)
        listing = self._patience(source.describe)
        self._desk.tell("by-table", {"reason": reason})
        return source, listing

    def _tell_history(self) -> None:
        seconds = self._time.monotonic() - self._began
        self._desk.set(time_to_history_s=seconds)
        self._desk.tell(
            "history", {"seconds": seconds, "chunks": self._desk.store.ledger().applied}
        )

    # ------------------------------------------------------------------ archive

    def _load_archive(self) -> Mapping[Series, Tail]:
        held = self._desk.store.ledger()
        resumed = held.applied > 0
        few = sum(hole.size for hole in self._roster.missing()) < self._tempo.archive_from
        # Without a roster nothing is known to be missing: the archive is looked at every time.
        if self._history is None or (resumed and few and self._sources.decoder is None):
            return {}
        self._desk.set(phase=Phase.ARCHIVE, text="listing the archive")
        loaded = self._history.load(
            self._roster.heads,
            self._roster.asked_us,
            self._roster.raw_since,
            held=held if resumed else None,
            shown=True,
        )
        self._desk.flush()
        self._roster.archive_was_read()
        return loaded.tails

    # ------------------------------------------------------------------ the seam

    def _find_seam(self, tails: Mapping[Series, Tail]) -> Seam:
        overlap_us = self._tempo.overlap_us
        if self._sources.decoder is not None:
            return Seam(None, None, ())
        if self._sources.by_table is not None and not self._cancel.is_set():
            return Seam(None, None, ())  # every series is gone on with where the books end
        if self._cancel.is_set():
            self._check()
            return Seam(self._roster.asked_us - overlap_us, None, ())
        seam = self._roster.seam(tails, self._reach_us)
        self._desk.set(
            anchor_us=seam.anchor_us,
            archive_to_us=seam.archive_to_us,
            seam_us=None if seam.anchor_us is None else seam.anchor_us + overlap_us,
        )
        return seam

    def _read_stream(self, source: StreamSource, listing: Listing, seam: Seam) -> None:
        before = self.status.reader or NOTHING
        reader = Reader(
            source,
            self._recorder,
            self._decoder(),
            listing=listing,
            anchor_us=seam.anchor_us,
            saved=self._saved,
            server=self._sources.server,
            time=self._time,
            pool=self._make_pool("pitwall-stream-io", self._tempo.stream_threads),
            rng=self._rng,
            on_event=self._on_event,
            pace=self._sources.by_table.pace if self._sources.by_table else None,
        )
        self._reading = (reader, before)
        if self._spawn:
            reader.start()

    def _decoder(self) -> Decode:
        if self._sources.decoder is None:
            return Decoder(self._session.key, self._session.catalog, self._laps.note)
        # It goes by what is in the store: all that the reader before it handed over must be there.
        self._desk.flush()
        return self._sources.decoder()

    def _repair_older(self, seam: Seam) -> None:
        """Keyed reads of every hole that the stream will not bring."""
        if self._cancel.is_set():
            return
        older = self._roster.inner_holes() if self._saved else list(seam.older)
        older += self._roster.given_up(older)
        if not older:
            return
        self._desk.set(
            phase=Phase.REPAIR, text=f"reading {sum(h.size for h in older)} chunks by key"
        )
        self._mender.mend(older)

    # ------------------------------------------------------------------ following

    def _follow(self) -> None:
        while True:
            self.tick()
            slept_from = self._time.monotonic()
            if self._time.wait(self._stop, self._tempo.tick_s):
                raise Stopped
            now = self._time.monotonic()
            # Of the pause alone: a call in a tick may wait for a network that is away.
            if now - slept_from > self._tempo.tick_s + _OVERSLEPT_S:
                self._judgement.awoke(now)

    def tick(self) -> None:
        """One look at everything; the thread's loop calls it."""
        self._check()
        reader = self.reader
        assert reader is not None
        for failure in (self._desk.failure, reader.failure):
            if failure is not None:
                raise failure
        now_us = self._sources.server.now_us()
        ledger = self._desk.store.ledger()
        self._mender.note(ledger, now_us)
        status = reader.status
        if self._sources.by_table is not None:
            slack_us = self._sources.by_table.slack_us
            status = replace(status, passed_us=max(status.passed_us - slack_us, 0))
        caught_up = status.passed_us >= self._roster.answered_us
        if self._cancel.is_set() and self._desk.status.time_to_live_s is None:
            if caught_up:
                self._mender.give_up(self._roster.missing(named=False))
        else:
            self._mender.mend_overdue(ledger, status, now_us)
        self._tell_quarantined(ledger.quarantined)
        self._look_again(now_us)
        self._stand_in(reader, status, now_us)
        self._judge(status, now_us)

    def _stand_in(self, reader: Reader, status: ReaderStatus, now_us: int) -> None:
        """What goes on while the stream does not: the table's heads say what exists, and keyed
        reads bring it, late. A stream that was switched off and on again has another name."""
        stuck = now_us - max(status.passed_us, self._roster.answered_us) > self._tempo.patience_us
        if status.enabled and not stuck:
            self._settle()
            return
        if now_us < self._renew_due_us:
            return
        self._renew_due_us = now_us + self._tempo.renew_us
        try:
            heads = self._sources.table.heads()
            self._desk.submit(
                Batch(Source.TABLE, heads=tuple(heads), received_us=self._time.now_us())
            )
            if status.enabled:
                self._settle()
                return
            source = self._sources.connect()
            listing = source.describe()
            self._settle()
        except (Failure, Fault) as error:
            self._in_the_way = told(error) if isinstance(error, Fault) else str(error)
            self._desk.set(message=self._in_the_way)
            return
        if listing.stream == reader.stream or not listing.enabled:
            return
        self._desk.tell("renewed", {"stream": listing.stream})
        if self._spawn:
            reader.stop(5.0)
        self._read_stream(source, listing, Seam(None, None, ()))

    def _settle(self) -> None:
        """What was in the way is over."""
        if self._in_the_way and self._desk.status.message == self._in_the_way:
            self._desk.set(message="")
        self._in_the_way = ""

    def _look_again(self, now_us: int) -> None:
        """The archive once more, when what the roster spoke of must have arrived there: a third
        chance for what the other ways did not bring."""
        due = self._crosscheck_due_us
        if due is None or now_us < due or self._history is None:
            return
        self._crosscheck_due_us = None
        if self._roster.missing():
            heads = list(self._desk.store.heads().values())
            held = self._desk.store.ledger()
            self._history.load(heads, now_us, lambda: None, held=held, shown=False)

    def _judge(self, status: ReaderStatus, now_us: int) -> None:
        ledger = self._desk.store.ledger()
        now = self._time.monotonic()
        if self._desk.status.time_to_live_s is None:
            if not self._roster.complete(ledger):
                self._desk.set(progress=self._roster.share(ledger))
                trouble = self._judgement.trouble(status, now)
                self._enter(trouble or Verdict(Phase.STREAM), {})
                return
            if self._desk.status.time_to_history_s is None and not self._cancel.is_set():
                self._tell_history()  # without an archive, the stream and the table brought it
            seconds = now - self._began
            self._desk.set(
                phase=Phase.LIVE,
                why="",
                progress=1.0,
                text="",
                time_to_live_s=seconds,
                seam_proved=self._seam_proved(ledger),
            )
            self._desk.tell("live", {"seconds": seconds, "missing": ledger.missing})
        elif not self._desk.status.seam_proved and self._seam_proved(ledger):
            # What had been given up has come after all.
            self._desk.set(seam_proved=True)
        heads = list(self._desk.store.heads().values())
        promised = targets_of(heads, self._session.key)
        age_us = self._quiet_us(status, heads, now_us)
        verdict = self._judgement.verdict(
            status,
            now,
            over=bool(heads) and all(head.ended for head in heads) and complete(ledger, promised),
            quiet_us=age_us,
            unread_us=now_us - status.passed_us,
            joined_us=now_us - self._roster.answered_us,
        )
        self._desk.set(age_us=age_us)
        self._enter(verdict, {"age_us": age_us, "lag_us": status.lag_us})

    def _quiet_us(self, status: ReaderStatus, heads: Sequence[Head], now_us: int) -> int:
        """Since the newest head came. One that was read just now may have lain there for long: who
        joins a source that is silent has read its last head a moment ago."""
        joined_us = now_us - self._roster.answered_us
        read_us = joined_us if status.head_age_us is None else status.head_age_us
        newest_us = max((head.t for head in self._roster.heads), default=0)
        if any(head.t > newest_us for head in heads):
            return read_us  # one has come since
        if not heads or (status.shift_us is None and self._session.replay):
            return read_us
        lag_us = (status.shift_us or 0) + (status.source_lag_us or 0)
        came_us = now_us - newest_us - lag_us
        # While older data is still being read, its heads' age is not the source's doing.
        looked_us = min(now_us - status.passed_us, joined_us)
        return max(came_us, read_us) if came_us - looked_us > self._tempo.silent_us else read_us

    def _seam_proved(self, ledger: Ledger) -> bool:
        # Without a roster nothing says what there should be.
        return self._sources.decoder is None and self._roster.seam_proved(ledger)

    def _enter(self, verdict: Verdict, details: Mapping[str, object]) -> None:
        """Take over a verdict; a change of phase is told."""
        desk = self._desk
        before = desk.status.phase
        desk.set(phase=verdict.phase, why=verdict.why)
        if verdict.phase is before:
            return
        name = "reached" if verdict.phase in LOADING else verdict.phase.value
        desk.tell(name, {**details, "why": verdict.why} if verdict.why else details)

    def _tell_quarantined(self, records: int) -> None:
        more, self._quarantined = records - self._quarantined, records
        if more > 0:
            self._desk.tell("quarantined", {"records": more, "total": records})

    # ------------------------------------------------------------------ small things

    def _take_heads(self, heads: Sequence[Head]) -> None:
        batch = Batch(Source.TABLE, heads=tuple(heads), received_us=self._time.now_us())
        self._desk.submit(batch)

    def _waiting(self, reason: str, tries: int) -> None:
        """A call of the joining is made again and again, or has been answered (0 tries)."""
        phase = self._desk.status.phase
        self._desk.set(message=reason)
        if phase in LOADING:
            self._step = phase
        if tries >= OFFLINE_TRIES:
            self._enter(Verdict(Phase.OFFLINE, reason), {})
        elif not tries and phase is Phase.OFFLINE:
            self._enter(Verdict(self._step), {})

    def _check(self) -> None:
        if self._stop.is_set():
            raise Stopped
