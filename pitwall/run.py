"""One open session and everything that works for it: writer, follower, analysis.

The window and the headless commands read from it; neither knows what is behind.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pitwall.address import CloudAddress
from pitwall.analysis import TRACK_META, Debrief, DebriefEngine, Signals, Timing, TimingEngine
from pitwall.analysis.learn import MAX_LAPS
from pitwall.channels import ChannelDesk
from pitwall.model_desk import ModelDesk
from pitwall.runtime import (
    Health,
    HealthDetail,
    Refresher,
    Shutdown,
    State,
    collector,
    give_way,
    pass_on_sooner,
)
from pitwall.session_desk import SessionDesk
from pitwall.store import (
    Batch,
    Pager,
    PagerStats,
    Recording,
    SessionStore,
    Source,
    Writer,
    open_session,
)
from pitwall.summary import summary_of
from pitwall.telemetry import PitwallError
from pitwall.telemetry.clock import SECOND_US, now_us
from pitwall.vitals import Vitals

if TYPE_CHECKING:
    from pitwall.cloud.clients import Clients
    from pitwall.stream import Pool
    from pitwall.turbo import Follower, FollowerStatus
    from pitwall.turbo.processes import ArchiveProcesses

OnEvent = Callable[[str, Mapping[str, object]], None]

ANALYSIS_STOP_S = 3.0
DEBRIEF_S = 0.15
"""How long the debrief works on laps at a stretch, while there are more of them."""
FOLLOWER_STOP_S = 8.0
LOADING_BESIDE_WINDOW = 2
"""Threads that load history where there is a window: twice as many cost it twice the frames."""
PAGER_STOP_S = 5.0
PROCESSES_STOP_S = 5.0
WRITER_STOP_S = 15.0
SETTLE_S = 3.0
_STATES: dict[str, State] = {
    "probing": State.JOINING,
    "roster": State.JOINING,
    "archive": State.HISTORY,
    "repair": State.HISTORY,
    "stream": State.HISTORY,
    "live": State.LIVE,
    "late": State.LATE,
    "silent": State.SILENT,
    "behind": State.BEHIND,
    "throttled": State.THROTTLED,
    "stream-off": State.STREAM_OFF,
    "offline": State.OFFLINE,
    "ended": State.ENDED,
    "failed": State.FAULT,
    "stopped": State.FILE,
}


class Run:
    """A session at work.

    Attributes:
        store: the session in memory.
        source: where it comes from, as shown.
        channels: notes, maths channels and alarms.
        model: setup advice and strategy.
        settled: which official car is which, and what corners are called.
    """

    def __init__(
        self,
        recording: Recording,
        store: SessionStore,
        source: str,
        *,
        clients: Clients | None = None,
        address: CloudAddress | None = None,
        on_event: OnEvent = lambda name, details: None,
        processes: ArchiveProcesses | None = None,
    ) -> None:
        self.store = store
        self.source = source
        self.recording_path = recording.path
        self._recording = recording
        self._clients = clients
        self._processes = processes
        self._writer: Writer | None = None
        self._aside: Callable[[], None] | None = None
        """Called first on threads that load history; set before they are started."""
        self._follower: Follower | None = None
        self._pager: Pager | None = None
        self._vitals = Vitals(store)
        self._engine = TimingEngine()
        self._analysis: Refresher[Timing] = Refresher(
            "pitwall-analysis", lambda: store.version, self._analyse
        )
        self._debriefing = DebriefEngine(store)
        self._looked_at: frozenset[str] = frozenset()
        """Cars whose laps are debriefed first; set by the window's thread, replaced whole."""
        self._debrief: Refresher[Debrief] = Refresher(
            "pitwall-debrief", self._debrief_due, self._debrief_laps, min_interval_s=0.5
        )
        self._line_saved = store.meta(TRACK_META) is not None
        if clients is not None and address is not None:
            from pitwall.turbo import make_follower

            self._writer = Writer(recording, store)
            self._follower = make_follower(
                clients,
                address.table,
                address.bucket or "",
                store.session,
                recording,
                store,
                self._writer,
                on_event,
                kinesis=address.kinesis,
                mapping=address.mapping,
                table_only=address.table_only,
                make_pool=self._pool,
                processes=processes,
            )
        self.channels = ChannelDesk(recording, store, self._writer, self.timing)
        self.model = ModelDesk(recording, store, self._writer, self.timing)
        self.settled = SessionDesk(recording, store, self._writer, self.timing)

    @classmethod
    def of_file(cls, path: Path) -> Run:
        """A recording at rest. Raises BadInput."""
        recording, store = open_session(path, read_only=True)
        return cls(recording, store, path.name)

    @classmethod
    def joined(
        cls,
        session: str,
        address: CloudAddress,
        path: Path,
        on_event: OnEvent,
    ) -> Run:
        """A session of the table, kept in the recording at ``path``, which is gone on with when
        it exists. Asks the table for the session, unless a mapping describes it, and for the
        Kinesis stream where one is named; blocks. Raises BadInput or Failure."""
        with contextlib.ExitStack() as undo:
            processes = _processes(address, path)
            if processes is not None:
                undo.callback(processes.close)
            from pitwall.cloud.query import read_session
            from pitwall.turbo import check_kinesis

            clients = address.clients()
            if address.mapping is not None:
                described = address.mapping.session(session, now_us())
            else:
                described = read_session(clients.dynamodb, address.table, session)
            if address.kinesis:
                check_kinesis(clients, address.kinesis, address.table)
            if address.bucket is None:
                address = replace(address, bucket=_archive(address, clients, on_event))
            path.parent.mkdir(parents=True, exist_ok=True)
            recording, store = open_session(path, described)
            run = cls(
                recording,
                store,
                address.shown,
                clients=clients,
                address=address,
                on_event=on_event,
                processes=processes,
            )
            undo.pop_all()
        return run

    def limit_memory(self, budget: int) -> None:
        """Keep the session within so many bytes of memory: what nobody looks at is paged out to the
        recording. First before :meth:`start`."""
        if self._pager is not None:
            self._pager.limit(budget)
            return
        groups = Signals.of(self.store.session.catalog).groups()
        self._pager = Pager(self.store, self.recording_path, budget, groups)

    def paging(self) -> PagerStats | None:
        """How much memory the session takes, and may; None where it has no limit."""
        return self._pager.stats if self._pager is not None else None

    def start(self, *, beside_window: bool = False) -> None:
        """Start following (when there is something to follow) and analysing. ``beside_window``:
        what loads history, and the writer, let the window's thread go first."""
        collector.ease()
        if self._writer is not None and self._follower is not None:
            if beside_window:
                self._aside = self._writer.on_thread = give_way
                pass_on_sooner()
            self._writer.start()
            self._follower.start()
        if self._pager is not None:
            self._pager.start()
        self._analysis.start()
        self._debrief.start()
        self.channels.start()
        self.model.start()
        self.settled.start()

    def stop(self) -> None:
        """Stop everything in order, each step with a limit; what was handed over is kept."""
        follower, writer = self._follower, self._writer
        steps = Shutdown()
        if follower is not None:
            steps.add("follower", follower.stop, FOLLOWER_STOP_S)
        steps.add("model", self.model.stop, ANALYSIS_STOP_S)
        steps.add("settled", self.settled.stop, ANALYSIS_STOP_S)
        steps.add("channels", self.channels.stop, ANALYSIS_STOP_S)
        steps.add("debrief", self._debrief.stop, ANALYSIS_STOP_S)
        steps.add("analysis", self._analysis.stop, ANALYSIS_STOP_S)
        if self._pager is not None:
            steps.add("pager", self._pager.stop, PAGER_STOP_S)
        if writer is not None:
            steps.add("writer", writer.stop, WRITER_STOP_S)
        else:
            steps.add("recording", lambda _: self._recording.close(), WRITER_STOP_S)
        if self._processes is not None:
            processes = self._processes
            steps.add("processes", lambda _: processes.close(), PROCESSES_STOP_S)
        if self._clients is not None:
            clients = self._clients
            steps.add("clients", lambda _: clients.close(), 1.0)
        steps.run()

    def cancel_history(self) -> None:
        """Stop loading history; what is here stays and live goes on."""
        if self._follower is not None:
            self._follower.cancel_history()

    def show_first(self, cars: frozenset[str]) -> None:
        """Load the history of these cars before that of others, debrief their laps first, and bring
        back what of them is paged out."""
        self._looked_at = cars
        if self._pager is not None:
            self._pager.look_at(cars)
        if self._follower is not None:
            self._follower.show_first(cars)

    def timing(self) -> Timing | None:
        """The newest timing; None before the first."""
        return self._analysis.latest

    def debrief(self) -> Debrief | None:
        """The newest debrief; None before the first."""
        return self._debrief.latest

    @property
    def status(self) -> FollowerStatus | None:
        """The follower's state; None for a file."""
        return self._follower.status if self._follower else None

    @property
    def failure(self) -> BaseException | None:
        """What stopped the writer or the analysis before its time; None while all is well."""
        if self._writer is not None and self._writer.failure is not None:
            return self._writer.failure
        of = (self._analysis, self._debrief, self.channels, self.model, self.settled)
        return next((part.failure for part in of if part.failure is not None), None)

    def server_now_us(self) -> int:
        """The service's clock as well as it is known, microseconds UTC."""
        status = self.status
        offset = status.reader.clock_offset_us if status and status.reader else None
        return now_us() - (offset or 0)

    def health(self) -> Health:
        """The state of the connection, for the window."""
        status = self.status
        if status is None:
            return Health(State.FILE, source=self.source)
        reader = status.reader
        state = _STATES[status.phase.value]
        failure = self.failure
        message = status.why or status.message or (reader.message if reader else "")
        message = message or status.limited
        if failure is not None:
            state = State.FAULT
            message = str(failure) if isinstance(failure, PitwallError) else repr(failure)
        unfinished = status.time_to_live_s is None
        loading = unfinished and (state is State.HISTORY or status.progress > 0)
        return Health(
            state=state,
            unfinished=unfinished,
            source=self.source,
            lag_us=reader.lag_us if reader else None,
            # Whole seconds: the label shows no more, and a finer one would repaint at rest.
            age_us=None if status.age_us is None else status.age_us // SECOND_US * SECOND_US,
            shift_us=reader.shift_us if reader else None,
            shards_open=reader.open if reader else 0,
            shards_total=reader.total if reader else 0,
            rotations=reader.rotations if reader else 0,
            history_done=self._loaded(status) if loading else None,
            history_text=status.text if loading else "",
            archive_to_us=status.archive_to_us,
            seam_us=status.seam_us,
            seam_proved=status.seam_proved,
            clock_offset_us=reader.clock_offset_us if reader else None,
            retries=reader.retries if reader else 0,
            message=message,
        )

    def detail(self) -> HealthDetail:
        """The state of the connection in full; one thread at a time, not for every frame."""
        return self._vitals.detail(self.health(), self.status, self._writer, self.server_now_us())

    def _loaded(self, status: FollowerStatus) -> float:
        """Share of the history: fetched is not loaded, so the smaller of both."""
        ledger = self.store.ledger()
        return min(status.progress, ledger.applied / ledger.expected if ledger.expected else 1.0)

    def summary(self) -> dict[str, Any]:
        """What happened so far, with stable keys, for ``--json``."""
        return summary_of(self.store, self.timing(), self.status)

    def settled_summary(self, limit_s: float = SETTLE_S) -> dict[str, Any]:
        """The summary of a moment when nothing is on its way, waiting up to ``limit_s`` for one.

        While a race is live the books are open for a moment again and again: a head has come and
        the chunks that it speaks of come by other shards. Not a loss, so not what is to be told.
        """
        wait = threading.Event()
        until = time.monotonic() + limit_s
        while True:
            summary = self.summary()
            live = summary["state"] in ("live", "late", "silent", "behind", "throttled")
            if not live or not summary["ledger"]["missing"] or time.monotonic() >= until:
                return summary
            wait.wait(0.02)

    def _pool(self, name: str, workers: int) -> Pool[Any]:
        from pitwall.stream import ThreadPool

        if self._aside is None or not name.startswith("pitwall-archive"):
            return ThreadPool(name, workers)
        return ThreadPool(name, min(workers, LOADING_BESIDE_WINDOW), self._aside)

    def _debrief_due(self) -> int:
        """Another number when some car has finished a lap, or laps wait to be looked at."""
        timing = self.timing()
        if timing is None or timing.circuit is None:
            return 0
        laps = tuple((len(car.laps), car.last) for car in timing.cars.values())
        waiting = self._debrief.runs if self._debriefing.behind else -1
        return hash((id(timing.circuit), laps, self._looked_at, waiting))

    def _debrief_laps(self) -> Debrief:
        return self._debriefing.update(self.timing(), self._looked_at, budget_s=DEBRIEF_S)

    def _analyse(self) -> Timing:
        timing = self._engine.update(self.store)
        circuit = timing.circuit
        # One that was learnt from the first laps to come would be kept for the whole session.
        sure = circuit is not None and circuit.marks >= MAX_LAPS
        if timing.track is not None and sure and not self._line_saved and self._writer is not None:
            self._line_saved = True
            line = {TRACK_META: timing.track.to_json()}
            # The line can be learnt again; a writer that fails says so itself.
            with contextlib.suppress(PitwallError):
                self._writer.submit(
                    Batch(Source.TABLE, received_us=now_us(), meta=line), timeout_s=1.0
                )
        return timing


def _processes(address: CloudAddress, path: Path) -> ArchiveProcesses | None:
    """What fetches and unpacks the archive, started while the first answers are still on their way;
    None where there is none, or a recording that holds what was loaded."""
    if address.mapping is not None or address.table_only or address.bucket == "" or path.exists():
        return None
    from pitwall.turbo.processes import archive_processes

    processes = archive_processes()
    processes.start()
    return processes


def _archive(address: CloudAddress, clients: Clients, on_event: OnEvent) -> str:
    """The bucket that belongs to the table; empty where none is used or known."""
    from pitwall.cloud.browse import NO_ARCHIVE, archive_of

    if address.table_only or (address.mapping is not None and address.mapping.archive is None):
        return ""
    bucket = archive_of(clients, address.table)
    if not bucket:
        on_event("archive-absent", {"reason": NO_ARCHIVE})
    return bucket
