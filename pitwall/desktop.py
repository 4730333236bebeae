"""The Qt side of a window command: start window, session window, the next one, the end.

What blocks (starting children, asking the cloud, opening and closing files) runs on threads of
:class:`Errands`; this thread only paints and is told by queued signals.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pitwall import recordings
from pitwall.cloud_desk import CloudDesk
from pitwall.crash import one_line
from pitwall.display import RunOptions, frame_figures
from pitwall.intake import import_dropped, sort_files
from pitwall.opening import Prepare, Wanted, import_window, open_file, read_sheet
from pitwall.places import recording_path
from pitwall.retiring import Retiring
from pitwall.runtime import FrameStats
from pitwall.runtime.errands import Errand, Errands
from pitwall.runtime.signals import Signals
from pitwall.telemetry import BadInput, Failure, PitwallError
from pitwall.ui.address import Address
from pitwall.ui.dialogs import Desk
from pitwall.ui.dialogs.recording_list import Recent
from pitwall.ui.qt import QtCore, QtWidgets, make_application
from pitwall.ui.remembered import Memory, Remembered
from pitwall.ui.start import StartWindow
from pitwall.ui.theme import THEMES, Theme, load_theme, scale_for
from pitwall.voice import Note, Voice

# What only a session's window needs is imported behind the start window that is painted first.
if TYPE_CHECKING:
    from pitwall.run import Run
    from pitwall.ui.layout_shelf import Shelf
    from pitwall.ui.main_window import MainWindow

JOIN_S = 10.0
DIALOGS_S = 2.0
"""Calls of dialogs that still wait for a network are left to end with the process."""
RETIRE_S = 30.0
UNPAINTED_MS = 500
"""How long the start window's first picture is waited for."""


class Desktop:
    """Owns the application for one command. Everything here is the Qt thread's, but for what
    ``_prepare`` runs on a thread "pitwall-start".

    Attributes:
        last_summary: figures taken as the session's window closed; None before.
        start: the start window, while there is one.
        window: the session's window, once there is one.
        desk: the dialogs.
    """

    def __init__(
        self,
        options: RunOptions,
        voice: Voice,
        *,
        prepare: Prepare | None = None,
        demo: Prepare | None = None,
        cancel: Callable[[], None] = lambda: None,
        address: Address | None = None,
        path: Path | None = None,
        memory: Memory | None = None,
    ) -> None:
        """
        Args:
            options: how it runs.
            voice: what prints.
            prepare: makes what is shown first; None to let the user choose.
            demo: makes the demo, if it can be chosen.
            cancel: makes a ``prepare`` or ``demo`` that is at work give up soon.
            address: where ``prepare`` takes the session from; None for a file.
            path: of the file that ``prepare`` opens; None for something else.
            memory: what is remembered from start to start; nothing is when None.
        """
        self.last_summary: dict[str, Any] | None = None
        self.start: StartWindow | None = None
        self.window: MainWindow | None = None
        self._options = options
        self._voice = voice
        self._first = Wanted(prepare, address, path=path) if prepare is not None else None
        self._wanted = self._first
        self._demo = demo
        self._cancel = cancel
        self._memory = memory or Memory()
        self._cloud = CloudDesk()
        self._run: Run | None = None
        self._address: Address | None = None
        self._made: list[Run] = []
        """Prepared, and neither shown nor stopped yet; threads add, the Qt thread takes."""
        self._stats = FrameStats()
        self._failure: PitwallError | None = None
        self._interrupted = False
        self._begun = False

    def loop(self) -> int:
        """Show, run until closed or the time is up, tidy up; the exit code.

        Raises BadInput or Failure when what was to be shown could not be prepared and nobody is
        there to read it in a window; KeyboardInterrupt when Ctrl-C or SIGTERM came before there
        was anything to show (later they are as closing the window).
        """
        self._application = make_application()
        self._application.setQuitOnLastWindowClosed(False)
        signals = Signals()
        signals.asked.connect(self._interrupt)
        try:
            self.begin()
            code = self._application.exec()
            self.finish()
        finally:
            signals.restore()
        if self._interrupted and self._run is None:
            raise KeyboardInterrupt
        if self._failure is not None:
            raise self._failure
        return code

    def begin(self) -> None:
        """Show the start window and begin to prepare what was asked for; needs an application."""
        self._application = make_application()
        self._starts = Errands("pitwall-start")
        self._starts.told.connect(self._told)
        self._starts.stale.connect(self._stale)
        self._shelf = Errands("pitwall-recent")
        self._shelf.told.connect(self._shelf_told)
        self._layout_reads = Errands("pitwall-layout-file")
        self._layout_reads.told.connect(self._layout_read)
        self._retiring = Retiring()
        self.desk = Desk(self._cloud, self._memory, self._look)
        self.desk.open_requested.connect(self._open_file)
        self.desk.connect_requested.connect(self._join)
        self.desk.join_cancelled.connect(self._starts.cancel)
        self.start = StartWindow(load_theme(self._looks()[0]))
        self.start.connect_requested.connect(self._show_connect)
        self.start.doctor_requested.connect(self._show_doctor)
        self.start.open_requested.connect(self._open_file)
        self.start.files_dropped.connect(self._take_files)
        self.start.cancel_requested.connect(self._cancel_job)
        self.start.demo_requested.connect(self._open_demo)
        self.start.closed.connect(self._quit)
        self.start.painted.connect(self._begin_behind, QtCore.Qt.ConnectionType.QueuedConnection)
        if self._first is None:
            self.start.offer()
        self.start.show()
        # A window that is nowhere on screen is never painted.
        # Its timer goes with it: one that outlived this object would call into nothing.
        self._unpainted = QtCore.QTimer(self.start)
        self._unpainted.setSingleShot(True)
        self._unpainted.timeout.connect(self._begin_behind)
        self._unpainted.start(UNPAINTED_MS)
        if self._options.seconds is not None:
            left = max(self._options.seconds - self._voice.seconds, 0.1)
            QtCore.QTimer.singleShot(int(left * 1000), self._application, self._time_up)

    def _begin_behind(self) -> None:
        """The work, once the start window is on screen: what is imported for it would keep the
        window from its first picture."""
        if self._begun:
            return
        self._begun = True
        if self._first is not None:
            self._prepare(self._first)
        elif self.start is not None:
            self._list_recent()

    # -- preparing ------------------------------------------------------------------------

    def _prepare(self, wanted: Wanted) -> None:
        self._wanted = wanted

        def job(errand: Errand) -> None:
            def note(share: float | None, text: str) -> None:
                errand.tell("step" if share is None else "progress", (share, text))

            run = wanted.prepare(note)
            self._made.append(run)
            import_window()
            errand.tell("ready", run)

        self._starts.run(job)

    def _told(self, key: str, value: Any) -> None:
        if key == "ready":
            self._show(value)
        elif key == "failed":
            self._failed(value)
        elif self._wanted is not None and self._wanted.chosen:
            return  # the dialog shows it
        elif self.start is None:
            if self.window is not None and key in ("step", "progress"):
                self.window.job.show_job(*value)
        elif key == "step":
            self.start.step(value[1])
        elif key == "progress":
            self.start.progress(*value)

    def _stale(self, key: str, value: Any) -> None:
        # What was prepared for nobody has open files all the same.
        if key == "ready":
            self._retire(value)

    def _failed(self, error: Exception) -> None:
        if self.window is not None:
            self.window.job.done()
        kind = BadInput if isinstance(error, BadInput) else Failure
        words = kind(one_line(error))
        wanted, dialog = self._wanted, self.desk.dialog
        # A person reads it in the window; a script needs the exit code.
        if self._options.seconds is not None or (
            self._first is not None and self._application.platformName() == "offscreen"
        ):
            self._failure = words
            self._quit()
        elif wanted is not None and wanted.chosen and wanted.address is not None:
            if dialog is not None:
                found = self._cloud.trouble(error, wanted.address)
                dialog.join_failed(found.text, found.command)
        elif self.start is not None:
            self.start.fault(str(words))
            self._list_recent()
        elif self.window is not None:
            self.window.show_error(str(words))

    # -- showing --------------------------------------------------------------------------

    def _show(self, run: Run) -> None:
        from pitwall.store import budget_bytes
        from pitwall.ui.inputs import Inputs
        from pitwall.ui.window import build_window

        old_window, old_run = self.window, self._run
        wanted = self._wanted
        self._made.remove(run)
        self._run = run
        self._address = wanted.address if wanted is not None else None
        self._stats = FrameStats()
        chosen = self._options.memory_mb or self._memory.now.memory_mb
        run.limit_memory(budget_bytes(chosen or None))
        inputs = Inputs(
            store=run.store,
            timing=run.timing,
            health=run.health,
            detail=run.detail,
            commands=run,
            now_us=run.server_now_us,
            stats=self._stats,
            paging=run.paging,
            debrief=run.debrief,
            channels=run.channels,
            model=run.model,
            settled=run.settled,
        )
        (theme, scale), size = self._looks(), self._options.size
        if old_window is not None:
            theme, size = old_window.theme.name, (old_window.width(), old_window.height())
        self.window = window = build_window(
            inputs, theme=theme, size=size, scale=scale, layouts=self._layouts()
        )
        if old_window is not None:
            window.set_theme(old_window.theme)
            window.keeper.take_over(old_window.keeper)
        elif self._options.workspace is not None:
            window.show_first(self._options.workspace)
        window.closed.connect(self._quit)
        window.connect_requested.connect(self._show_connect)
        window.doctor_requested.connect(self._show_doctor)
        window.open_requested.connect(self._open_file)
        window.recordings_requested.connect(self._show_recordings)
        window.files_dropped.connect(self._take_files)
        window.job_cancelled.connect(self._cancel_job)
        window.themed.connect(self._themed)
        window.settings.memory_chosen.connect(self._memory.limited)
        run.start(beside_window=True)
        window.start()
        window.show()
        if self.desk.dialog is not None:
            self.desk.dialog.joined()
        if wanted is not None and wanted.path is not None:
            self._memory.opened(wanted.path)
        if self.start is not None:
            self.start.leave()
            self.start = None
        if old_window is not None and old_run is not None:
            self._leave(old_window, old_run)

    @property
    def _watched(self) -> bool:
        """False for a run that nobody looks at: it shows everything as usual."""
        return self._options.seconds is None and self._options.screenshot is None

    def _layouts(self) -> Shelf | None:
        """Where layouts are kept."""
        from pitwall.ui.layout_shelf import Shelf

        folder = self._memory.folder
        return Shelf(folder) if folder is not None and self._watched else None

    def _looks(self) -> tuple[str, float | None]:
        """Theme and scale to begin with: as asked for, or chosen last; None for what fits."""
        kept = self._memory.now if self._watched else Remembered()
        return self._options.theme or kept.theme or THEMES[0], kept.scale or None

    def _themed(self, theme: Theme) -> None:
        self.desk.set_theme(theme)
        window = self.window
        if window is not None and self._watched:
            # What fits is found anew: the next screen may be another one.
            fits = scale_for(window.width(), window.height())
            self._memory.looked(theme.name, 0.0 if theme.scale == fits else theme.scale)

    def _leave(self, window: MainWindow, run: Run) -> None:
        """Close a window that another has taken the place of, and what was behind it."""
        window.closed.disconnect(self._quit)
        window.close()
        window.deleteLater()
        self._retire(run)

    def _retire(self, run: Run) -> None:
        """Stop a session that is no longer shown; its writer may take a while."""
        if run in self._made:
            self._made.remove(run)
        self._retiring.retire(run)

    # -- what the user asks for -----------------------------------------------------------

    def _over(self) -> tuple[QtWidgets.QWidget, Theme] | None:
        """The window that dialogs belong to, and its theme."""
        if self.window is not None:
            return self.window, self.window.theme
        return (self.start, self.start.theme) if self.start is not None else None

    def _show_connect(self) -> None:
        over = self._over()
        if over is not None:
            self.desk.connect_over(*over)

    def _show_recordings(self) -> None:
        over = self._over()
        if over is not None:
            self.desk.recordings_over(*over)

    def _look(
        self,
        folder: Path | None,
        say: Callable[[list[Recent]], None],
        cancelled: Callable[[], bool],
    ) -> None:
        last = () if folder is not None else self._memory.now.recordings
        recordings.look([Path(one) for one in last], folder, say, cancelled)

    def _show_doctor(self) -> None:
        over = self._over()
        if over is not None:
            session = self._run.store.session.key if self._run and self._address else ""
            address = self._address or self._memory.now.address
            self.desk.doctor_over(*over, address, session)

    def _join(self, address: Address, session: str) -> None:
        path, run, dialog = recording_path(session), self._run, self.desk.dialog
        if run is not None and self._address is not None and run.recording_path == path:
            if dialog is not None:
                dialog.join_failed("this window follows that session already")
            return
        join = self._cloud.join
        self._prepare(
            Wanted(lambda note: join(address, session, self._voice.event), address, True, path)
        )

    def _open_file(self, path: Path) -> None:
        if self.start is not None:
            self.start.step(f"opening {path.name}")
        elif self.window is not None:
            self.window.job.show_job(None, f"opening {path.name}")
        self._prepare(Wanted(lambda note: open_file(path), path=path))

    def _take_files(self, paths: list[Path]) -> None:
        """What was dropped on a window: opened, shown, or imported and then opened."""
        try:
            found = sort_files(paths)
        except BadInput as error:
            self._complain(str(error))
            return
        if found.recording is not None:
            self._open_file(found.recording)
        elif found.layout is not None:
            self._show_layout(found.layout)
        else:
            self._import(found.foreign)

    def _import(self, paths: tuple[Path, ...]) -> None:
        unwanted = threading.Event()
        if self.start is not None:
            self.start.step(f"importing {paths[0].name}")

        def prepare(note: Note) -> Run:
            return open_file(import_dropped(paths, note, unwanted))

        self._prepare(Wanted(prepare, cancel=unwanted.set))

    def _show_layout(self, path: Path) -> None:
        if self.window is None:
            self._complain(f"{path.name}: open a session first; a layout is for its window")
            return
        self._layout_reads.run(lambda errand: errand.tell("layout", read_sheet(path)))

    def _layout_read(self, key: str, value: Any) -> None:
        if self.window is not None and key == "layout":
            self.window.keeper.show_sheet(value)
        elif key == "failed":
            self._complain(one_line(value))

    def _complain(self, text: str) -> None:
        if self.window is not None:
            self.window.show_error(text)
        elif self.start is not None:
            self.start.fault(text)

    def _cancel_job(self) -> None:
        """Nobody wants what is being prepared; what is shown stays."""
        if self._wanted is not None:
            self._wanted.cancel()
            if self._wanted is self._first or self._wanted.prepare is self._demo:
                self._cancel()
        self._starts.cancel()
        if self.window is not None:
            self.window.job.done()
        elif self.start is not None:
            self.start.offer()
            self._list_recent()

    def _open_demo(self) -> None:
        if self._demo is not None:
            self._prepare(Wanted(self._demo))

    def _list_recent(self) -> None:
        paths = [Path(one) for one in self._memory.now.recordings]
        first = self._first is None and self._wanted is None
        known = self._memory.now.address != Address()

        def job(errand: Errand) -> None:
            # Who has never had to do with a table is not asked for one.
            found = recordings.find(paths)
            errand.tell("recent", found)
            if first and (known or self._cloud.ready()):
                errand.tell("connect")
            import_window()
            recordings.look_into(found, lambda more: errand.tell("recent", more), errand.cancelled)

        self._shelf.run(job)

    def _shelf_told(self, key: str, value: Any) -> None:
        if self.start is None:
            return
        if key == "recent":
            self.start.set_recent(value)
        elif key == "connect" and self._wanted is None:
            self._show_connect()

    def _time_up(self) -> None:
        if self.window is None and self._first is not None:
            self._failure = Failure("the time was up before there was anything to show")
        self._quit()

    def _interrupt(self) -> None:
        self._interrupted = True
        self._quit()

    def _quit(self) -> None:
        self._application.quit()

    # -- the end --------------------------------------------------------------------------

    def finish(self) -> None:
        """Take the last figures, close everything, and wait for it, each step with a limit."""
        self._begun = True
        window, run = self.window, self._run
        if window is not None and run is not None:
            self.last_summary = {
                **self._last_look(window, run),
                **run.settled_summary(),
                **frame_figures(self._stats),
            }
            health = run.health()
            if health.state == "fault" and self._failure is None:
                self._failure = Failure(health.message or "following stopped")
            window.pump.stop()
            window.close()
        self._cancel()
        self.desk.stop(DIALOGS_S)
        self._shelf.stop(DIALOGS_S)
        self._layout_reads.stop(DIALOGS_S)
        self._starts.stop(JOIN_S)
        if run is not None:
            run.stop()
        for left in self._made:
            left.stop()
        self._retiring.stop(RETIRE_S)
        for widget in QtWidgets.QApplication.topLevelWidgets():
            widget.close()

    def _last_look(self, window: MainWindow, run: Run) -> dict[str, Any]:
        """The picture, where one is wanted, and what the session says at that moment."""
        from pitwall.moment import take
        from pitwall.ui.window import save_picture

        picture, moment = take(window, run)
        path = self._options.screenshot
        try:
            if path is not None:
                save_picture(picture, path)
        except Failure as error:
            self._failure, path = error, None
        return {"moment": moment, "screenshot": None if path is None else str(path)}
