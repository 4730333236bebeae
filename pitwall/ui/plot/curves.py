"""Painting a picture of laps: curves, holes, seams, ticks. Everything but the cursor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pitwall.telemetry.clock import lap_time
from pitwall.ui.picture import Line, Picture
from pitwall.ui.plot.axis import Scale, nice_limits
from pitwall.ui.plot.boxes import Box, Boxes
from pitwall.ui.plot.choice import unit_text
from pitwall.ui.plot.decimate import decimate, steps
from pitwall.ui.plot.furniture import (
    Style,
    paint_bottom,
    paint_corners,
    paint_edge,
    paint_hatch,
    paint_hole_words,
    paint_label,
    paint_seams,
    paint_ticks,
)
from pitwall.ui.plot.polyline import polygon
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.theme import mix, with_alpha

SMALLEST_DELTA_S = 0.2


@dataclass(frozen=True, slots=True)
class Painted:
    """What was drawn where, for the cursor: one y scale per plot, and the shared x scale."""

    x: Scale
    y: tuple[Scale, ...]


def paint_curves(
    painter: QtGui.QPainter, picture: Picture, boxes: Boxes, span: tuple[float, float], style: Style
) -> Painted:
    """Paint everything below the title line; returns the scales used."""
    x = boxes.x_scale(*span)
    plots = list(boxes.plots)
    scales: list[Scale] = []
    paint_corners(painter, picture, boxes, x, style)
    has_delta = picture.delta is not None
    if has_delta:
        scales.append(_delta_plot(painter, picture, plots[0], x, style))
    for i, box in enumerate(plots[1 if has_delta else 0 :]):
        scales.append(_trace_plot(painter, picture, i, box, x, style))
    for upper in plots[:-1]:
        painter.setPen(style.theme.colours.line)
        painter.drawLine(1, upper.rect.bottom(), upper.rect.right(), upper.rect.bottom())
    paint_seams(painter, picture, boxes, x, style)
    paint_bottom(painter, picture, boxes, x, style)
    paint_edge(painter, picture, boxes, x, style)
    return Painted(x, tuple(scales))


# -- one plot -----------------------------------------------------------------------------


def _trace_plot(
    painter: QtGui.QPainter, picture: Picture, index: int, box: Box, x: Scale, style: Style
) -> Scale:
    trace = picture.traces[index]
    line = picture.lines[index] if index < len(picture.lines) else None
    reference = picture.reference_lines[index] if index < len(picture.reference_lines) else None
    low, high = _limits(trace.channel.low, trace.channel.high, (line, reference), x, style.fit)
    y = box.scale(low, high)
    used = paint_ticks(painter, box, y, low, high, trace.channel.step, style)
    paint_label(painter, box, trace.title, unit_text(trace.channel.unit), used, style)
    painter.save()
    painter.setClipRect(box.inner.adjusted(0, -2, 1, 2))
    c = style.theme.colours
    if reference is not None:
        _curve(painter, reference, x, y, c.reference, trace.channel.step, style, quiet=True)
    paint_hatch(painter, picture, trace.group, box, x, style)
    if line is not None:
        _curve(painter, line, x, y, style.car, trace.channel.step, style)
    painter.restore()
    if trace.group not in {t.group for t in picture.traces[:index]}:
        paint_hole_words(painter, picture, trace.group, box, x, style)
    return y


def _delta_plot(
    painter: QtGui.QPainter, picture: Picture, box: Box, x: Scale, style: Style
) -> Scale:
    line = picture.delta
    assert line is not None  # noqa: S101 - the caller has looked
    c = style.theme.colours
    low = min(float(line.y.min()), 0.0)
    high = max(float(line.y.max()), 0.0)
    if high - low < SMALLEST_DELTA_S:
        low, high = low - SMALLEST_DELTA_S / 2, high + SMALLEST_DELTA_S / 2
    low, high = nice_limits(low, high)
    y = box.scale(low, high)
    used = paint_ticks(painter, box, y, low, high, False, style)
    paint_label(painter, box, "Δ time", "s", used, style)
    zero = y.pixel(0.0)
    painter.setPen(mix(c.line, c.faint, 0.6))
    painter.drawLine(QtCore.QLineF(box.inner.left(), zero, box.inner.right(), zero))
    painter.save()
    painter.setClipRect(box.inner.adjusted(0, -2, 1, 2))
    _fill(painter, line, x, y, zero, with_alpha(style.car, 0.16))
    paint_hatch(painter, picture, picture.position_group, box, x, style)
    _curve(painter, line, x, y, style.car, False, style, dots=False)
    if picture.edge is not None and style.connected:
        _prediction(painter, picture, line, box, x, y, style)
    painter.restore()
    return y


def _limits(
    low: float, high: float, lines: tuple[Line | None, ...], x: Scale, fit: bool
) -> tuple[float, float]:
    """The channel's own limits; what is in view when asked to fit, or when there are none."""
    if not fit and high > low:
        return low, high
    seen = [_visible(line, x)[1] for line in lines if line is not None]
    parts = [y for y in seen if len(y)]
    if not parts:
        return (low, high) if high > low else (0.0, 1.0)
    return nice_limits(min(float(p.min()) for p in parts), max(float(p.max()) for p in parts))


def _visible(line: Line, x: Scale) -> tuple[slice, np.ndarray]:
    """The part of the line within the axis and one sample either side."""
    first, last = np.searchsorted(line.x, (x.low, x.high))
    part = slice(max(int(first) - 1, 0), int(last) + 1)
    return part, line.y[part]


def _curve(
    painter: QtGui.QPainter,
    line: Line,
    x: Scale,
    y: Scale,
    colour: QtGui.QColor,
    stepped: bool,
    style: Style,
    *,
    quiet: bool = False,
    dots: bool = True,
) -> None:
    """One lap's curve in width-1 pens: a strong line is two passes, which cost far less than
    one pen of width two."""
    part, values = _visible(line, x)
    if not len(values):
        return
    px, py = x.pixels(line.x[part]), y.pixels(values)
    breaks = line.starts[(line.starts > part.start) & (line.starts < part.start + len(px))]
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
    # One pixel is enough of a line until the whole picture is drawn larger.
    wide = style.theme.scale >= 1.5
    passes = (1 if quiet else 2) + wide + (style.theme.heavy and not quiet)
    painter.setPen(QtGui.QPen(colour, 0))
    if style.reconstructed and dots:
        pen = QtGui.QPen(colour, 0)
        pen.setDashPattern([3.0, 2.0])
        painter.setPen(pen)
        passes = 1
    edges = [0, *(int(b) - part.start for b in breaks), len(px)]
    for first, last in zip(edges, edges[1:], strict=False):
        rx, ry = px[first:last], py[first:last]
        if stepped:
            rx, ry = steps(rx, ry)
        rx, ry = decimate(rx, ry)
        shape = polygon(rx, ry)
        if len(rx) == 1:
            painter.drawPoint(shape.at(0))
            continue
        painter.drawPolyline(shape)
        for _ in range(passes - 1):
            shape.translate(0.0, 0.7)
            painter.drawPolyline(shape)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)


def _fill(
    painter: QtGui.QPainter, line: Line, x: Scale, y: Scale, zero: float, colour: QtGui.QColor
) -> None:
    part, values = _visible(line, x)
    if len(values) < 2:
        return
    px, py = decimate(x.pixels(line.x[part]), y.pixels(values))
    outline = polygon(np.concatenate((px[:1], px, px[-1:])), np.concatenate(([zero], py, [zero])))
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(outline)
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
        painter.setPen(style.theme.colours.dim)
        right = min(end, float(box.inner.right()))
        painter.drawText(QtCore.QPointF(right - width - 4, top + metrics.ascent()), text)
