"""Shows which pane has the keyboard, when it came there by a key."""

from __future__ import annotations

from collections.abc import Callable

from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme
from pitwall.ui.workbench import Workbench

_BY_KEY = (
    QtCore.Qt.FocusReason.TabFocusReason,
    QtCore.Qt.FocusReason.BacktabFocusReason,
    QtCore.Qt.FocusReason.ShortcutFocusReason,
)
WIDTH = 2


class FocusRing(QtWidgets.QWidget):
    """Lies over the edge of a pane; nothing of the pane is repainted for it.

    Attributes:
        around: name of the pane that it is shown around; empty for none.
    """

    def __init__(self, bench: Workbench, theme: Callable[[], Theme]) -> None:
        super().__init__(bench.dock)
        self.around = ""
        self._bench = bench
        self._theme = theme
        self._watched: set[str] = set()
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        self.watch()
        bench.changed.connect(self.watch)
        bench.shown.connect(self.watch)

    def watch(self) -> None:
        """Panes are made when they are first shown; Tab goes through them in reading order."""
        before: QtWidgets.QWidget | None = None
        for name in self._bench.visible:
            pane = self._bench.pane(name)
            if pane is None:
                continue
            if name not in self._watched:
                self._watched.add(name)
                pane.installEventFilter(self)
                if pane.focusPolicy() is QtCore.Qt.FocusPolicy.NoFocus:
                    pane.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
            if before is not None and pane.window() is before.window():
                QtWidgets.QWidget.setTabOrder(before, pane)
            before = pane
        self._leave()

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802
        """Comes with the keyboard and goes with it, and with anything that moves the pane."""
        kind = event.type()
        if kind == QtCore.QEvent.Type.FocusIn and isinstance(event, QtGui.QFocusEvent):
            if event.reason() in _BY_KEY:
                self._go_around(str(watched.property("pane") or ""))
        elif kind == QtCore.QEvent.Type.FocusOut:
            self._leave()
        elif self.around and kind in (QtCore.QEvent.Type.Resize, QtCore.QEvent.Type.Move):
            self._go_around(self.around)
        return super().eventFilter(watched, event)

    def _go_around(self, name: str) -> None:
        pane = self._bench.pane(name)
        if pane is None or not self._bench.dock.isAncestorOf(pane):
            self._leave()
            return
        self.around = name
        corner = pane.mapTo(self._bench.dock, QtCore.QPoint(0, 0))
        self.setGeometry(QtCore.QRect(corner, pane.size()))
        edge = self._theme().px(WIDTH)
        inner = self.rect().adjusted(edge, edge, -edge, -edge)
        self.setMask(QtGui.QRegion(self.rect()) - QtGui.QRegion(inner))
        self.show()
        self.raise_()

    def _leave(self) -> None:
        self.around = ""
        self.hide()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        painter = QtGui.QPainter(self)
        painter.fillRect(event.rect(), self._theme().colours.reference)
        painter.end()
