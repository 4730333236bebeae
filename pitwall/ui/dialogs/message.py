"""One line for the user, in a box that does not stop the window."""

from __future__ import annotations

from pitwall.ui.qt import QtCore, QtWidgets


def show_error(parent: QtWidgets.QWidget, text: str) -> QtWidgets.QMessageBox:
    """Open an error box over ``parent`` and return at once; it deletes itself when closed."""
    box = QtWidgets.QMessageBox(parent)
    box.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setIcon(QtWidgets.QMessageBox.Icon.Warning)
    box.setWindowTitle("Pitwall")
    box.setText(text)
    box.open()
    return box
