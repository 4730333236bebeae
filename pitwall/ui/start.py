"""The first thing on screen: what is being prepared and how far it is, or what can be opened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pitwall.ui.actions import action
from pitwall.ui.dialogs.base import steps_through
from pitwall.ui.dialogs.lines import ListView
from pitwall.ui.dialogs.open_file import choose_recording
from pitwall.ui.dialogs.recording_list import COLUMNS, Recent, recording_rows
from pitwall.ui.dialogs.style import Words, button, dress, fit
from pitwall.ui.dropped import local_files
from pitwall.ui.help import key_text
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme

MAX_STEPS = 8
SIZE = (760, 520)
DEMO_KEY = "D"


class StartWindow(QtWidgets.QWidget):
    """Shown until there is a session to show.

    Attributes:
        connect_button, open_button, demo_button: what can be done.
        recent: recordings on this machine.
        filter: what is typed to find one of them.
        cancel_button: stops what is being prepared.

    Signals:
        connect_requested: the user wants a session of a table.
        open_requested: path of a recording the user chose.
        files_dropped: paths of the files that the user dropped.
        cancel_requested: nobody wants what is being prepared.
        demo_requested: the user wants the demo.
        doctor_requested: the user wants the way to the data checked.
        closed: the user closed it.
        painted: it is on screen for the first time.
    """

    connect_requested = QtCore.Signal()
    open_requested = QtCore.Signal(object)
    files_dropped = QtCore.Signal(object)
    cancel_requested = QtCore.Signal()
    demo_requested = QtCore.Signal()
    doctor_requested = QtCore.Signal()
    closed = QtCore.Signal()
    painted = QtCore.Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._unpainted = True
        self.theme = theme
        self.setObjectName("page")
        self._steps: list[str] = []
        self._idle = False
        self._leaving = False
        self._title = QtWidgets.QLabel("Pitwall")
        self._title.setObjectName("title")
        self._words = Words()
        self._words.setObjectName("quiet")
        self._fault = Words()
        self._trouble = QtWidgets.QFrame()
        self._trouble.setObjectName("trouble")
        self._bar = QtWidgets.QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setAccessibleName("Progress")
        self.connect_button = _action("Connect to a session…", "connect", "main")
        self.open_button = _action("Open a recording…", "open")
        self.demo_button = button(f"Run the demo   {DEMO_KEY}", "", "A simulated race, driven now")
        self.demo_button.setAccessibleName("Run the demo")
        self.doctor_button = _action("Doctor…", "doctor", "link")
        self._buttons = QtWidgets.QWidget()
        self._buttons.setObjectName("page")
        self._heading = QtWidgets.QLabel("Recordings on this machine")
        self.recent = ListView(theme, COLUMNS, "Recordings on this machine")
        self.filter = QtWidgets.QLineEdit()
        self.filter.setPlaceholderText("Type to filter: name, session, date, folder")
        self.filter.setAccessibleName("Filter recordings")
        self.filter.setClearButtonEnabled(True)
        self.cancel_button = button("Cancel", tip="Stop it (Esc)")
        self._recordings: tuple[Recent, ...] = ()
        self.setWindowTitle("Pitwall")
        self.setAccessibleName("Pitwall, starting")
        self.setAcceptDrops(True)
        self._lay_out(theme)
        self._connect_up()
        dress(self, theme)
        fit(self, theme, *SIZE)
        self._show_parts()

    def _lay_out(self, theme: Theme) -> None:
        page = QtWidgets.QVBoxLayout(self)
        page.setContentsMargins(theme.px(32), theme.px(28), theme.px(32), theme.px(24))
        page.setSpacing(theme.px(12))
        page.addWidget(self._title)
        page.addWidget(self._words)
        page.addWidget(self._bar)
        inner = QtWidgets.QVBoxLayout(self._trouble)
        inner.addWidget(self._fault)
        page.addWidget(self._trouble)
        row = QtWidgets.QHBoxLayout(self._buttons)
        row.setContentsMargins(0, theme.px(4), 0, theme.px(8))
        row.setSpacing(theme.px(12))
        for one in (self.connect_button, self.open_button, self.demo_button):
            row.addWidget(one)
        row.addStretch(1)
        row.addWidget(self.doctor_button)
        page.addWidget(self._buttons)
        under = QtWidgets.QHBoxLayout()
        under.addWidget(self.cancel_button)
        under.addStretch(1)
        page.addLayout(under)
        top = QtWidgets.QHBoxLayout()
        top.setSpacing(theme.px(12))
        top.addWidget(self._heading)
        top.addWidget(self.filter, 1)
        page.addLayout(top)
        page.addWidget(self.recent, 1)
        page.addStretch(0)

    def _connect_up(self) -> None:
        self.connect_button.clicked.connect(self.connect_requested)
        self.open_button.clicked.connect(self._choose)
        self.demo_button.clicked.connect(self._run_demo)
        self.doctor_button.clicked.connect(self.doctor_requested)
        self.recent.chosen.connect(lambda path: self._chosen(Path(path)))
        self.filter.textChanged.connect(self._list)
        steps_through(self.filter, self.recent.step, self._enter)
        self.cancel_button.clicked.connect(self.cancel_requested)
        QtGui.QShortcut(QtGui.QKeySequence("Esc"), self, self.cancel_button.click)
        for keys, one in (
            (action("connect").keys, self.connect_button),
            (action("open").keys, self.open_button),
            (action("doctor").keys, self.doctor_button),
            ((DEMO_KEY,), self.demo_button),
        ):
            for key in keys:
                # A button that is hidden or disabled has no key.
                QtGui.QShortcut(QtGui.QKeySequence(key), self, one.click)
        for key in action("quit").keys:
            QtGui.QShortcut(QtGui.QKeySequence(key), self, self.close)

    def offer(self) -> None:
        """Nothing is being prepared: let the user choose."""
        self._idle = True
        self._show_parts()
        self.connect_button.setFocus()

    def set_recent(self, recordings: Sequence[Recent]) -> None:
        """List recordings, newest first."""
        self._recordings = tuple(recordings)
        self._list()
        self._show_parts()

    def _list(self) -> None:
        chosen = self.recent.key
        self.recent.lines.set_lines(recording_rows(self._recordings, self.filter.text()))
        self.recent.set_hint("None has all these words.")
        self.recent.choose(chosen)

    def _enter(self) -> None:
        if self.recent.key:
            self._chosen(Path(self.recent.key))

    def step(self, text: str) -> None:
        """A new thing is being done; earlier ones stay listed above it."""
        self._idle = False
        self._fault.clear()
        self._bar.hide()
        self._steps = [*self._steps, text][-MAX_STEPS:]
        self._show_parts()

    def progress(self, share: float, text: str) -> None:
        """How far the newest step is, 0..1, and what it says now."""
        self._bar.setValue(round(min(max(share, 0.0), 1.0) * 1000))
        self._bar.show()
        if self._steps:
            self._steps[-1] = text
        else:
            self._steps = [text]
        self._say_steps()

    def fault(self, text: str) -> None:
        """It cannot go on: one line that says what and what to do."""
        self._fault.setText(f"✕ {text}")
        self._steps = []
        self._idle = True
        self._show_parts()
        self.connect_button.setFocus()

    def leave(self) -> None:
        """Close without telling anybody: the session's window takes over."""
        self._leaving = True
        self.close()

    @property
    def steps(self) -> tuple[str, ...]:
        """The lines shown."""
        return tuple(self._steps)

    @property
    def said(self) -> str:
        """What went wrong; empty while nothing has."""
        return self._fault.text().removeprefix("✕ ")

    def _show_parts(self) -> None:
        idle = self._idle
        if idle or self._bar.value() == 0:
            self._bar.hide()
        self._buttons.setVisible(idle)
        for one in (self.connect_button, self.open_button, self.demo_button, self.doctor_button):
            one.setEnabled(idle)
        listed = idle and bool(self._recordings)
        for part in (self._heading, self.filter, self.recent):
            part.setVisible(listed)
        self.cancel_button.setVisible(not idle)
        self._trouble.setVisible(bool(self._fault.text()))
        self._say_steps()

    def _say_steps(self) -> None:
        if self._idle:
            words = "Follow a race from its table, or open what was recorded. Files can be dropped."
        else:
            words = "\n".join(self._steps)
        self._words.setText(words)
        self._words.setAccessibleName(words)

    def _run_demo(self) -> None:
        self._steps = []
        self.demo_requested.emit()

    def _choose(self) -> None:
        choose_recording(self, self._chosen)

    def _chosen(self, path: Path) -> None:
        self._steps = []
        self.open_requested.emit(path)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        super().paintEvent(event)
        if self._unpainted:
            self._unpainted = False
            self.painted.emit()

    def dragEnterEvent(self, event: QtGui.QDragEnterEvent) -> None:  # noqa: D102, N802
        if self._idle and local_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QtGui.QDropEvent) -> None:  # noqa: D102, N802
        files = local_files(event.mimeData())
        if files:
            event.acceptProposedAction()
            self._steps = []
            self.files_dropped.emit(files)

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:  # noqa: D102, N802
        super().closeEvent(event)
        if not self._leaving:
            self.closed.emit()


def _action(text: str, name: str, style: str = "") -> QtWidgets.QPushButton:
    one = action(name)
    made = button(f"{text}   {key_text(one.keys[0])}", style, one.about)
    made.setAccessibleName(text.rstrip("…"))
    return made
