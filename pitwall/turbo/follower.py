"""Follows a session: joins it, then looks at everything again and again until it is told to stop.

Nothing counts as complete because a page was empty, only because the producers' heads say so.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pitwall.store import Ledger, SessionStore
from pitwall.stream import OnEvent, Pool, Reader, ThreadPool, Time
from pitwall.telemetry import PitwallError, Session
from pitwall.turbo.desk import Desk, Recorder
from pitwall.turbo.detour import Detour
from pitwall.turbo.joining import Joining
from pitwall.turbo.kit import Kit
from pitwall.turbo.patience import Stopped
from pitwall.turbo.phases import Phases
from pitwall.turbo.reading import Reading
from pitwall.turbo.roster import Roster
from pitwall.turbo.sources import Sources
from pitwall.turbo.status import FollowerStatus, Phase, Tempo
from pitwall.turbo.ways import Ways

_log = logging.getLogger(__name__)

_OVERSLEPT_S = 2.0
"""A pause that is longer by this: the machine slept, or the program was stopped."""


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
            conflict, ended, failed, renewed and the reader's own.
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
        stop, cancel = threading.Event(), threading.Event()
        self._desk = Desk(recorder, store, time, stop, on_event)
        self._kit = Kit(
            session,
            dict(saved),
            recorder,
            self._desk,
            time,
            rng,
            on_event,
            make_pool,
            spawn,
            stop,
            cancel,
        )
        self._thread: threading.Thread | None = None
        """Set by the owner in start()."""
        self._ways = Ways(self._kit, sources, tempo)
        self._reading = Reading(self._kit, self._ways)
        # From here on: the follower's thread only.
        self._roster = Roster(session.key, store, tempo)
        self._phases = Phases(self._kit, self._ways, self._roster)
        self._joining = Joining(self._kit, self._ways, self._roster, self._reading, self._phases)
        self._detour = Detour(self._kit, self._ways, self._reading, self._roster)
        self._looked_again = False
        self._quarantined = store.ledger().quarantined
        self._conflicts = store.ledger().conflicts

    # ------------------------------------------------------------------ any thread

    @property
    def reader(self) -> Reader | None:
        """What reads the stream; None before."""
        return self._reading.reader

    @property
    def status(self) -> FollowerStatus:
        """The newest snapshot."""
        table = self._ways.sources.by_table
        return replace(
            self._desk.status,
            reader=self._reading.status,
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
        self._kit.cancel.set()

    def stop(self, timeout_s: float = 10.0) -> bool:
        """Stop following; True when all threads have ended within ``timeout_s``. The recording
        keeps everything that was handed over, and resumes from there."""
        self._kit.stop.set()
        self._kit.cancel.set()
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # ------------------------------------------------------------------ the thread

    def run(self) -> None:
        """The thread's work: join, then follow until stopped."""
        try:
            self._joining.run()
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
            self._reading.stop()

    def _follow(self) -> None:
        time, tick_s = self._kit.time, self._ways.tempo.tick_s
        while True:
            self.tick()
            slept_from = time.monotonic()
            if time.wait(self._kit.stop, tick_s):
                raise Stopped
            now = time.monotonic()
            # Of the pause alone: a call in a tick may wait for a network that is away.
            if now - slept_from > tick_s + _OVERSLEPT_S:
                self._phases.awoke(now)

    def tick(self) -> None:
        """One look at everything; the thread's loop calls it."""
        self._kit.check()
        reader, mender = self.reader, self._ways.mender
        assert reader is not None
        for failure in (self._desk.failure, reader.failure):
            if failure is not None:
                raise failure
        now_us = self._ways.sources.server.now_us()
        ledger = self._desk.store.ledger()
        mender.note(ledger, now_us)
        status = reader.status
        table = self._ways.sources.by_table
        if table is not None:
            status = replace(status, passed_us=max(status.passed_us - table.slack_us, 0))
        caught_up = status.passed_us >= self._roster.answered_us
        if self._kit.cancel.is_set() and self._desk.status.time_to_live_s is None:
            if caught_up:
                mender.give_up(self._roster.missing(named=False))
        else:
            mender.mend_overdue(ledger, status, now_us)
        self._tell_kept_raw(ledger)
        self._look_again(now_us)
        self._detour.look(status, now_us)
        self._phases.look(status, now_us, self._detour.in_the_way)

    def _look_again(self, now_us: int) -> None:
        """The archive once more, when what the roster spoke of must have arrived there: a third
        chance for what the other ways did not bring, and for cars without heads the only one for
        what was late."""
        history = self._ways.history
        due_us = self._roster.asked_us + self._ways.tempo.crosscheck_us
        if self._looked_again or now_us < due_us or history is None:
            return
        self._looked_again = True
        held = self._desk.store.ledger()
        silent = self._ways.sources.decoder is None and not self._roster.speaks_of_all(held)
        if silent or self._roster.missing():
            heads = list(self._desk.store.heads().values())
            history.load(heads, now_us, lambda: None, held=held, shown=False)

    def _tell_kept_raw(self, ledger: Ledger) -> None:
        """Records that could not be used, and chunks that came again with another content."""
        more, self._quarantined = ledger.quarantined - self._quarantined, ledger.quarantined
        if more > 0:
            self._desk.tell("quarantined", {"records": more, "total": ledger.quarantined})
        more, self._conflicts = ledger.conflicts - self._conflicts, ledger.conflicts
        if more > 0:
            self._desk.tell("conflict", {"chunks": more, "total": ledger.conflicts})
