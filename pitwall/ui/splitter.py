"""Splitters whose handles are only the gap between two panels."""

from __future__ import annotations

from pitwall.ui.qt import QtCore, QtGui, QtWidgets

GAP = 8


class _Handle(QtWidgets.QSplitterHandle):
    """A handle that is only the gap between two panels."""

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        painter = QtGui.QPainter(self)
        painter.fillRect(event.rect(), self.palette().color(QtGui.QPalette.ColorRole.Window))
        painter.end()


class _Splitter(QtWidgets.QSplitter):
    def createHandle(self) -> QtWidgets.QSplitterHandle:  # noqa: N802
        """The quiet handle."""
        return _Handle(self.orientation(), self)


def splitter(
    orientation: QtCore.Qt.Orientation, *widgets: QtWidgets.QWidget
) -> QtWidgets.QSplitter:
    """A splitter over ``widgets`` that never hides one of them."""
    made = _Splitter(orientation)
    made.setHandleWidth(GAP)
    made.setChildrenCollapsible(False)
    for widget in widgets:
        made.addWidget(widget)
    return made
