"""The Qt binding does not lose references to None: version 6.12.0 did, and aborted in mid-race."""

from __future__ import annotations

import sys

from pytestqt.qtbot import QtBot

from pitwall.ui.qt import QtGui

FRAMES = 200


def paint(image: QtGui.QImage) -> None:
    """One frame of void-returning painter calls, the kind that lost a reference each."""
    painter = QtGui.QPainter(image)
    for y in range(20):
        painter.save()
        painter.setPen(QtGui.QColor("white"))
        painter.drawLine(0, y, 63, y)
        painter.restore()
    painter.end()


def test_painting_keeps_none_alive(qtbot: QtBot) -> None:
    image = QtGui.QImage(64, 64, QtGui.QImage.Format.Format_RGB32)
    paint(image)
    before = sys.getrefcount(None)
    for _ in range(FRAMES):
        paint(image)
    lost = before - sys.getrefcount(None)
    assert lost < FRAMES, "this PySide6 must not be used: it frees None"
