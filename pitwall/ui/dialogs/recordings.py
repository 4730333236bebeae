"""The recordings of a folder: found by a few letters, opened by Return."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pitwall.runtime.errands import Errand, Errands
from pitwall.telemetry.plural import counted
from pitwall.ui.dialogs.base import AskingDialog, steps_through
from pitwall.ui.dialogs.lines import ListView
from pitwall.ui.dialogs.recording_list import COLUMNS, Recent, recording_rows
from pitwall.ui.dialogs.style import Words, button, heading
from pitwall.ui.dialogs.trouble_box import TroubleBox
from pitwall.ui.qt import QtCore, QtWidgets
from pitwall.ui.theme import Theme

SIZE = (1080, 640)
Look = Callable[[Path | None, Callable[[list[Recent]], None], Callable[[], bool]], None]
"""Says which recordings are in a folder (None: the usual one and those opened last), again and
again as more is known of them; stops when the last argument says so. Blocks."""


class RecordingsDialog(AskingDialog):
    """The dialog; it never stops the window behind it.

    Attributes:
        filter: what is typed to find a recording.
        list: those found.

    Signals:
        open_requested: path of the recording chosen.
        cloud_requested: the user wants the sessions of a table; what is typed in the filter.
    """

    open_requested = QtCore.Signal(object)
    cloud_requested = QtCore.Signal(str)

    def __init__(
        self, look: Look, errands: Errands, theme: Theme, parent: QtWidgets.QWidget | None = None
    ) -> None:
        super().__init__("Recordings", errands, theme, parent)
        self._look = look
        self._folder: Path | None = None
        self._found: list[Recent] = []
        self._busy = False
        self._where = Words()
        self.filter = QtWidgets.QLineEdit()
        self.filter.setPlaceholderText("Type to filter: name, session, date, folder")
        self.filter.setAccessibleName("Filter recordings")
        self.filter.setClearButtonEnabled(True)
        self.list = ListView(theme, COLUMNS, "Recordings")
        self.trouble = TroubleBox(theme)
        self.folder_button = button("&Folder…", tip="Look somewhere else")
        self.usual_button = button("&Usual place", tip="Where recordings are kept, and the last")
        self.cloud_button = button("&Cloud sessions…", "link", "The sessions of a table")
        self.close_button = button("Close", tip="Esc")
        self.open_button = button("Open", "main", "Show the chosen recording (Return)")
        self._lay_out(theme)
        errands.told.connect(self._told)
        self.filter.textChanged.connect(self._show)
        steps_through(self.filter, self.list.step, lambda: self._open(self.list.key))
        self.list.chosen.connect(self._open)
        self.list.selectionModel().selectionChanged.connect(self._say_state)
        self.folder_button.clicked.connect(self._choose_folder)
        self.usual_button.clicked.connect(lambda: self.ask(None))
        self.cloud_button.clicked.connect(lambda: self.cloud_requested.emit(self.filter.text()))
        self.close_button.clicked.connect(self.close)
        self.open_button.clicked.connect(lambda: self._open(self.list.key))
        self.keys((("F5", lambda: self.ask(self._folder)), ("Ctrl+F", self.filter.setFocus)))
        self.open_sized(theme, SIZE)
        self.filter.setFocus()

    def _lay_out(self, theme: Theme) -> None:
        page = self.page(theme)
        page.addWidget(heading("Recordings"))
        page.addWidget(self._where)
        page.addWidget(self.trouble)
        line = QtWidgets.QHBoxLayout()
        line.setSpacing(theme.px(12))
        line.addWidget(self.filter, 1)
        line.addWidget(self.usual_button)
        line.addWidget(self.folder_button)
        page.addLayout(line)
        page.addLayout(self.middle(self.list), 1)
        page.addLayout(self.foot(self.cloud_button, self.close_button, self.open_button))
        self.tabs_through(
            self.filter, self.list, self.open_button, self.usual_button, self.folder_button,
            self.cloud_button, self.close_button,
        )  # fmt: skip

    # -- asking -------------------------------------------------------------------------

    def ask(self, folder: Path | None) -> None:
        """List the recordings of a folder; None: the usual place and those opened last."""
        self._folder, look = folder, self._look
        self._busy = True
        self.trouble.say("")
        self._where.setText(str(folder) if folder else "Where recordings are kept, and the last")

        def job(errand: Errand) -> None:
            look(folder, lambda found: errand.tell("found", found), errand.cancelled)

        self.errands.run(job)
        self._say_state()

    def _told(self, key: str, value: Any) -> None:
        if key == "found":
            self._found = value
            self._show()
        elif key == "failed":
            self.trouble.say(str(value), doctor=False)
        elif key == "ended" and not self.errands.busy:
            self._busy = False
            self._say_state()

    def _choose_folder(self) -> None:
        box = QtWidgets.QFileDialog(self, "Recordings of a folder")
        box.setFileMode(QtWidgets.QFileDialog.FileMode.Directory)
        box.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        box.fileSelected.connect(lambda path: self.ask(Path(path)))
        box.open()

    # -- showing ------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Other colours and sizes from now on."""
        super().set_theme(theme)
        self.list.set_theme(theme)

    def _show(self) -> None:
        chosen = self.list.key
        self.list.lines.set_lines(recording_rows(self._found, self.filter.text()))
        self.list.choose(chosen)
        self._say_state()

    def _say_state(self) -> None:
        self._bar.setVisible(self._busy)
        self.open_button.setEnabled(bool(self.list.key))
        shown, there = len(self.list.lines.lines), len(self._found)
        words = counted(there, "recording")
        if shown < there:
            words = f"{shown} of {words}"
        self._status.setText(f"{words} · looking into them…" if self._busy else words)
        hint = "None has all these words. Esc clears the filter." if there else "None here."
        self.list.set_hint("" if self._busy else hint)

    def _open(self, key: str) -> None:
        if key:
            self.close()
            self.open_requested.emit(Path(key))

    # -- the way out --------------------------------------------------------------------

    def step_back(self) -> bool:
        """Esc: out of the filter first."""
        if self.filter.text():
            self.filter.clear()
            return True
        return False
