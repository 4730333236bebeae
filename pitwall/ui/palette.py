"""The command palette: type a few letters of whatever is wanted, Return."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import shiboken6

from pitwall.ui.dialogs.base import LIST_KEYS
from pitwall.ui.dialogs.lines import Line, ListColumn, ListView
from pitwall.ui.dialogs.style import dress
from pitwall.ui.fragments import matching
from pitwall.ui.panes.rows import Cell
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme

MOST_SHOWN = 200
SIZE = (720, 460)
COLUMNS = (
    ListColumn("What"),
    ListColumn("Kind", "Workspace"),
    ListColumn("Keys", "Ctrl+Shift+Right", right=True, mono=True),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be asked for.

    Attributes:
        title: what is searched, and shown first.
        kind: ``Action``, ``Car``, ``Lap``, ``Channel``, ``Pane``, ``Layout``, ``Recording``;
            searched too.
        call: does it.
        keys: as people read them.
        about: one sentence.
    """

    title: str
    kind: str
    call: Callable[[], None]
    keys: str = ""
    about: str = ""


class Palette(QtWidgets.QFrame):
    """Lies over the window while it is open.

    Attributes:
        field: what is typed.
        list: what answers.
        entries: everything that can be asked for, as it was when it was opened.
    """

    def __init__(self, theme: Theme, over: QtWidgets.QWidget) -> None:
        super().__init__(over)
        self.setObjectName("page")
        self.entries: tuple[Entry, ...] = ()
        self._found: list[Entry] = []
        self._over = over
        self._theme = theme
        self._before: QtWidgets.QWidget | None = None
        self.field = QtWidgets.QLineEdit()
        self.field.setPlaceholderText("Action, channel, car, lap, pane, layout: a few letters")
        self.field.setAccessibleName("Command palette")
        self.list = ListView(theme, COLUMNS, "What answers")
        self.list.set_hint("Nothing has all of that. Esc closes.")
        self.list.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.addWidget(self.field)
        column.addWidget(self.list, 1)
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.list.chosen.connect(self._chosen)
        self.setAccessibleName("Command palette")
        self.set_theme(theme)
        self.hide()

    def open_with(self, entries: Sequence[Entry], text: str = "") -> None:
        """Offer these; ``text`` is typed already."""
        self.entries = tuple(entries)
        self._before = QtWidgets.QApplication.focusWidget()
        self.field.setText(text)
        self._search()
        self.place()
        self.show()
        self.raise_()
        self.field.setFocus()

    def close_again(self) -> None:
        """Hide; the keyboard goes back where it was."""
        self.hide()
        self.entries, self._found = (), []
        before, self._before = self._before, None
        # A field of a dialog that has been closed meanwhile is no more.
        if before is not None and shiboken6.isValid(before) and before.isVisible():
            before.setFocus()

    def set_theme(self, theme: Theme) -> None:
        """Other colours and sizes from now on."""
        self._theme = theme
        dress(self, theme)
        edge = f"QFrame#page {{ border: 1px solid {theme.colours.faint.name()}; }}"
        self.setStyleSheet(f"{self.styleSheet()}{edge}")
        self.list.set_theme(theme)
        self.place()

    def place(self) -> None:
        """In the upper part of the window, in the middle, within it."""
        room = self._over.size()
        width = min(self._theme.px(SIZE[0]), room.width() - 40)
        height = min(self._theme.px(SIZE[1]), room.height() - 80)
        self.setGeometry((room.width() - width) // 2, self._theme.px(52), width, height)

    def _search(self) -> None:
        text = self.field.text()
        self._found = matching(text, self.entries, lambda one: f"{one.title} {one.kind}")
        shown = self._found[:MOST_SHOWN]
        self.list.lines.set_lines(
            [
                Line(str(i), (Cell(e.title), Cell(e.kind, "dim"), Cell(e.keys, "dim")), tip=e.about)
                for i, e in enumerate(shown)
            ]
        )
        self.list.step(0, from_row=0)

    def _chosen(self, key: str) -> None:
        if not key:
            return
        wanted = self._found[int(key)]
        self.close_again()
        wanted.call()

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802
        """Every key is the palette's while it is open, also those that are the window's."""
        if watched is self.field and isinstance(event, QtGui.QKeyEvent):
            if event.type() == QtCore.QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QtCore.QEvent.Type.KeyPress and self._key(event):
                return True
        if watched is self.field and event.type() == QtCore.QEvent.Type.FocusOut:
            QtCore.QMetaObject.invokeMethod(
                self, "_focus_went", QtCore.Qt.ConnectionType.QueuedConnection
            )
        return super().eventFilter(watched, event)

    @QtCore.Slot()
    def _focus_went(self) -> None:
        """A click elsewhere closes it."""
        at = QtWidgets.QApplication.focusWidget()
        if self.isVisible() and at is not None and not self.isAncestorOf(at):
            self._before = None
            self.close_again()

    def _key(self, event: QtGui.QKeyEvent) -> bool:
        key = event.key()
        if key in LIST_KEYS:
            self.list.step(LIST_KEYS[key])
        elif key in (QtCore.Qt.Key.Key_Return, QtCore.Qt.Key.Key_Enter):
            self._chosen(self.list.key)
        elif key == QtCore.Qt.Key.Key_Escape:
            self.close_again()
        else:
            return False
        return True
