"""The pages as PDF. Runs on any one thread: nothing here touches a widget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pitwall.telemetry import Failure
from pitwall.ui.fonts import MONO, SANS, family
from pitwall.ui.plot.polyline import polygon
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.report.drawing import Disc, Mark, Page, Stroke, Words

DPI = 300
_MM = DPI / 25.4


def write_pdf(
    pages: Sequence[Page], path: Path, title: str, tick: Callable[[float], None] = lambda _: None
) -> None:
    """Write the pages to ``path``; ``tick`` is told the share that is done. Raises Failure."""
    writer = QtGui.QPdfWriter(str(path))
    writer.setTitle(title)
    writer.setCreator("Pitwall")
    writer.setResolution(DPI)
    writer.setPageSize(QtGui.QPageSize(QtGui.QPageSize.PageSizeId.A4))
    writer.setPageMargins(QtCore.QMarginsF(0, 0, 0, 0))
    painter = QtGui.QPainter()
    if not painter.begin(writer):
        raise Failure(f"{path}: cannot be written; choose another place")
    try:
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        for number, page in enumerate(pages):
            if number and not writer.newPage():
                raise Failure(f"{path}: cannot be written to its end: is the disk full?")
            for mark in page.marks:
                _paint(painter, mark)
            tick((number + 1) / len(pages))
    finally:
        painter.end()


def _paint(painter: QtGui.QPainter, mark: Mark) -> None:
    if isinstance(mark, Disc):
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(QtGui.QColor(mark.colour))
        radius = mark.radius * _MM
        painter.drawEllipse(QtCore.QPointF(mark.x * _MM, mark.y * _MM), radius, radius)
    elif isinstance(mark, Stroke):
        shape = polygon(mark.x * _MM, mark.y * _MM)
        if mark.fill:
            painter.setPen(QtCore.Qt.PenStyle.NoPen)
            painter.setBrush(QtGui.QColor(mark.fill))
            painter.drawPolygon(shape)
            return
        pen = QtGui.QPen(QtGui.QColor(mark.colour), mark.width * _MM)
        pen.setJoinStyle(QtCore.Qt.PenJoinStyle.RoundJoin)
        pen.setCapStyle(QtCore.Qt.PenCapStyle.FlatCap)
        if mark.dashed:
            pen.setDashPattern([1 / mark.width, 0.8 / mark.width])
        painter.setPen(pen)
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
        painter.drawPolyline(shape)
    else:
        _write(painter, mark)


def _write(painter: QtGui.QPainter, words: Words) -> None:
    font = QtGui.QFont(family(MONO if words.mono else SANS))
    font.setPixelSize(max(round(words.size / 72 * DPI), 1))
    if words.bold:
        font.setWeight(QtGui.QFont.Weight.DemiBold)
    painter.setFont(font)
    painter.setPen(QtGui.QColor(words.colour))
    width = painter.fontMetrics().horizontalAdvance(words.text)
    shift = {"left": 0.0, "middle": width / 2, "right": float(width)}[words.align]
    painter.drawText(QtCore.QPointF(words.x * _MM - shift, words.y * _MM), words.text)
