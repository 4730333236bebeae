"""The Qt side of a window command: start window, session window, the end.

What blocks (starting children, asking the cloud, opening files) runs on a worker; this thread
only paints and is told by one queued signal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pitwall.app import Note, RunOptions, Voice, frame_figures
from pitwall.crash import one_line
from pitwall.run import Run
from pitwall.runtime import FrameStats
from pitwall.runtime.handover import Handover
from pitwall.runtime.signals import Signals
from pitwall.telemetry import BadInput, Failure, PitwallError
from pitwall.ui.inputs import Inputs
from pitwall.ui.main_window import MainWindow
from pitwall.ui.qt import QtCore, QtWidgets, make_application
from pitwall.ui.start import StartWindow
from pitwall.ui.theme import load_theme
from pitwall.ui.window import build_window, screenshot

Prepare = Callable[[Note], Run]
JOIN_S = 10.0


class Desktop:
    """Owns the application for one command. Everything here is the Qt thread's, but for what
    ``_prepare`` runs on the worker "pitwall-start".

    Attributes:
        last_summary: figures taken as the session's window closed; None before.
    """

    def __init__(
        self,
        options: RunOptions,
        voice: Voice,
        *,
        prepare: Prepare | None = None,
        demo: Prepare | None = None,
        cancel: Callable[[], None] = lambda: None,
    ) -> None:
        """``cancel`` makes a ``prepare`` or ``demo`` that is at work give up soon."""
        self.last_summary: dict[str, Any] | None = None
        self._options = options
        self._voice = voice
        self._first = prepare
        self._demo = demo
        self._cancel = cancel
        self._run: Run | None = None
        self._prepared: Run | None = None
        """Set by the worker, read once it has ended."""
        self._window: MainWindow | None = None
        self._start: StartWindow | None = None
        self._stats = FrameStats()
        self._failure: PitwallError | None = None
        self._interrupted = False
        self._worker: threading.Thread | None = None

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
            self._begin_with_start_window()
            code = self._application.exec()
            self._finish()
        finally:
            signals.restore()
        if self._interrupted and self._run is None:
            raise KeyboardInterrupt
        if self._failure is not None:
            raise self._failure
        return code

    def _begin_with_start_window(self) -> None:
        self._mail = Handover()
        self._mail.delivered.connect(self._delivered)
        self._start = StartWindow(load_theme(self._options.theme))
        self._start.open_requested.connect(self._open_file)
        self._start.demo_requested.connect(self._open_demo)
        self._start.closed.connect(self._quit)
        self._start.show()
        if self._options.seconds is not None:
            left = max(self._options.seconds - self._voice.seconds, 0.1)
            QtCore.QTimer.singleShot(int(left * 1000), self._application, self._time_up)
        if self._first is not None:
            self._begin(self._first)
        else:
            self._start.offer()

    # -- preparing, on the worker ---------------------------------------------------------

    def _begin(self, prepare: Prepare) -> None:
        self._worker = threading.Thread(
            target=self._prepare, args=(prepare,), name="pitwall-start", daemon=True
        )
        self._worker.start()

    def _prepare(self, prepare: Prepare) -> None:
        try:
            run = self._prepared = prepare(self._note)
        except Exception as error:  # noqa: BLE001 - whatever it is, the user is told in one line
            kind = BadInput if isinstance(error, BadInput) else Failure
            self._mail.post("fault", kind(one_line(error)))
        else:
            self._mail.post("ready", run)

    def _note(self, share: float | None, text: str) -> None:
        self._mail.post("step" if share is None else "progress", (share, text))

    # -- on the Qt thread -----------------------------------------------------------------

    def _delivered(self, key: str, value: Any) -> None:
        start = self._start
        if key == "ready":
            self._show(value)
        elif start is None:
            return
        elif key == "step":
            start.step(value[1])
        elif key == "progress":
            start.progress(*value)
        elif key == "fault":
            self._fault(value)

    def _fault(self, error: PitwallError) -> None:
        # A person reads it in the window; a script needs the exit code.
        if self._options.seconds is not None or self._application.platformName() == "offscreen":
            self._failure = error
            self._quit()
        elif self._start is not None:
            self._start.fault(str(error))

    def _show(self, run: Run) -> None:
        self._run = run
        inputs = Inputs(
            store=run.store,
            timing=run.timing,
            health=run.health,
            detail=run.detail,
            commands=run,
            now_us=run.server_now_us,
            stats=self._stats,
        )
        self._window = build_window(inputs, theme=self._options.theme, size=self._options.size)
        self._window.closed.connect(self._quit)
        run.start()
        self._window.start()
        self._window.show()
        if self._start is not None:
            self._start.leave()
            self._start = None

    def _open_file(self, path: Path) -> None:
        if self._start is not None:
            self._start.step(f"opening {path.name}")
        self._begin(lambda note: Run.of_file(path))

    def _open_demo(self) -> None:
        if self._demo is not None:
            self._begin(self._demo)

    def _time_up(self) -> None:
        if self._window is None and self._first is not None:
            self._failure = Failure("the time was up before there was anything to show")
        self._quit()

    def _interrupt(self) -> None:
        self._interrupted = True
        self._quit()

    def _quit(self) -> None:
        self._application.quit()

    # -- the end --------------------------------------------------------------------------

    def _finish(self) -> None:
        window, run = self._window, self._run
        if window is not None and run is not None:
            saved = None
            try:
                if self._options.screenshot is not None:
                    screenshot(window, self._options.screenshot)
                    saved = str(self._options.screenshot)
            except Failure as error:
                self._failure = error
            self.last_summary = {
                **run.settled_summary(),
                **frame_figures(self._stats),
                "screenshot": saved,
            }
            health = run.health()
            if health.state == "fault" and self._failure is None:
                self._failure = Failure(health.message or "following stopped")
            window.pump.stop()
            window.close()
        self._cancel()
        if self._worker is not None:
            self._worker.join(JOIN_S)
        # What was prepared too late to be shown has open files all the same.
        run = run or self._prepared
        if run is not None:
            run.stop()
        for widget in QtWidgets.QApplication.topLevelWidgets():
            widget.close()
