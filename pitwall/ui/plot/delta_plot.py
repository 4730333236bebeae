"""The topmost plot: time against the reference lap, and what it may become."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pitwall.telemetry.clock import lap_time
from pitwall.ui.picture import Line, Picture
from pitwall.ui.plot.axis import Scale, nice_limits
from pitwall.ui.plot.boxes import Box
from pitwall.ui.plot.canvas import Canvas
from pitwall.ui.plot.curves import Ink, curve_area, paint_line
from pitwall.ui.plot.decimate import decimate
from pitwall.ui.plot.frame import visible
from pitwall.ui.plot.furniture import (
    Style,
    paint_hairs,
    paint_hatch,
    paint_label,
    paint_ticks,
)
from pitwall.ui.plot.polyline import polygon
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.theme import mix, with_alpha

SMALLEST_S = 0.2


def paint_delta(
    canvas: Canvas, painter: QtGui.QPainter, picture: Picture, box: Box, x: Scale, style: Style
) -> Scale:
    """Paint the plot; its scale."""
    line = picture.delta
    assert line is not None  # noqa: S101 - the caller has looked
    c = style.theme.colours
    low = min(float(line.y.min()), 0.0)
    high = max(float(line.y.max()), 0.0)
    if high - low < SMALLEST_S:
        low, high = low - SMALLEST_S / 2, high + SMALLEST_S / 2
    low, high = nice_limits(low, high)
    y = box.scale(low, high)
    paint_hairs(canvas, box, y, False, style)
    used = paint_ticks(painter, box, y, False, style)
    paint_label(painter, box, [("Δ time", "s", c.text)], used, style)
    zero = y.pixel(0.0)
    painter.setPen(mix(c.line, c.faint, 0.6))
    painter.drawLine(QtCore.QLineF(box.inner.left(), zero, box.inner.right(), zero))
    painter.save()
    painter.setClipRect(curve_area(box))
    _fill(painter, line, x, y, zero, with_alpha(style.car, 0.16))
    paint_hatch(painter, picture, picture.position_group, box, x, style)
    for part, seen in parts(line, picture.carried):
        paint_line(painter, part, x, y, Ink(style.car, computed=not seen), style)
    if picture.edge is not None and style.connected:
        _prediction(painter, picture, line, box, x, y, style)
    painter.restore()
    return y


def parts(line: Line, carried: tuple[tuple[float, float], ...]) -> Iterator[tuple[Line, bool]]:
    """Cut a line where ``carried`` stretches begin and end: ``(part, seen)``; neighbours share the
    point between them."""
    unseen = np.zeros(len(line.x), np.bool_)
    for lo, hi in carried:
        unseen |= (line.x > lo) & (line.x < hi)
    edges = np.flatnonzero(np.diff(unseen)) + 1
    for first, last in zip([0, *edges.tolist()], [*edges.tolist(), len(line.x)], strict=True):
        # What joins a place that was seen to one that was not, was not seen.
        a = first - 1 if first and unseen[first] else first
        z = last + 1 if last < len(line.x) and unseen[first] else last
        starts = line.starts[(line.starts > a) & (line.starts < z)] - a
        part = Line(line.t[a:z], line.x[a:z], line.y[a:z], np.concatenate(([0], starts)))
        yield part, not unseen[first]


def _fill(
    painter: QtGui.QPainter, line: Line, x: Scale, y: Scale, zero: float, colour: QtGui.QColor
) -> None:
    part, values = visible(line, x)
    if len(values) < 2:
        return
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    breaks = line.starts[(line.starts > part.start) & (line.starts < part.start + len(values))]
    edges = [0, *(int(b) - part.start for b in breaks), len(values)]
    for first, last in zip(edges, edges[1:], strict=False):
        px, py = decimate(x.pixels(line.x[part][first:last]), y.pixels(values[first:last]))
        ends = np.concatenate((px[:1], px, px[-1:]))
        painter.drawPolygon(polygon(ends, np.concatenate(([zero], py, [zero]))))
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)


def _prediction(
    painter: QtGui.QPainter,
    picture: Picture,
    line: Line,
    box: Box,
    x: Scale,
    y: Scale,
    style: Style,
) -> None:
    """Dotted: the delta carried on to the line, and the lap time that gives."""
    if not len(line.y):
        return
    at = y.pixel(float(line.y[-1]))
    start, end = x.pixel(float(line.x[-1])), x.pixel(picture.full[1])
    dots = QtCore.Qt.PenStyle.DotLine
    painter.setPen(QtGui.QPen(style.car, style.theme.px(1), dots))
    painter.drawLine(QtCore.QLineF(start, at, end, at))
    if picture.predicted_us is None:
        return
    painter.setFont(style.theme.small())
    text = f"predicted {lap_time(picture.predicted_us)}"
    metrics = painter.fontMetrics()
    width = metrics.horizontalAdvance(text)
    if min(end, box.inner.right()) - start > width + style.theme.px(24):
        above = at - box.inner.top() > metrics.height() + 4
        top = at - metrics.height() - 3 if above else at + 3
        if top + metrics.height() > box.inner.bottom() + 4:
            return
        right = min(end, float(box.inner.right()))
        # Where the plot is low the zero line runs behind the words.
        back = QtCore.QRectF(right - width - 7, top, width + 6, metrics.height())
        painter.fillRect(back, with_alpha(style.theme.colours.panel, 0.85))
        painter.setPen(style.theme.colours.dim)
        painter.drawText(QtCore.QPointF(right - width - 4, top + metrics.ascent()), text)
