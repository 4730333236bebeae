"""Choosing a recording."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pitwall.ui.qt import QtCore, QtWidgets


def choose_recording(parent: QtWidgets.QWidget, chosen: Callable[[Path], object]) -> None:
    """Open the system's file dialog over ``parent`` and return at once."""
    dialog = QtWidgets.QFileDialog(parent, "Open a recording")
    dialog.setNameFilter("Pitwall recordings (*.pitwall)")
    dialog.setFileMode(QtWidgets.QFileDialog.FileMode.ExistingFile)
    dialog.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(lambda path: chosen(Path(path)))
    dialog.open()
