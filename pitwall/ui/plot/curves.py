"""Painting a picture of laps: curves, holes, seams, ticks. Everything but the cursor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pitwall.telemetry.clock import SECOND_US, lap_time
from pitwall.ui.picture import Line, Picture, Stretch
from pitwall.ui.plot.axis import Scale, nice_limits
from pitwall.ui.plot.boxes import Box, Boxes
from pitwall.ui.plot.canvas import Canvas
from pitwall.ui.plot.choice import Trace, unit_text
from pitwall.ui.plot.columns import Curves, Dense, Sparse, corners, fill
from pitwall.ui.plot.decimate import decimate, steps
from pitwall.ui.plot.furniture import (
    Style,
    paint_bottom,
    paint_corners,
    paint_edge,
    paint_hairs,
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
class Frame:
    """Where a picture goes: the stack's boxes, the shared x scale and a y scale per trace."""

    boxes: Boxes
    x: Scale
    y: tuple[Scale, ...]

    def traces(self, picture: Picture) -> tuple[Box, ...]:
        """The boxes of the traces, without the delta's."""
        return self.boxes.plots[1:] if picture.delta is not None else self.boxes.plots


@dataclass(frozen=True, slots=True)
class Painted:
    """What was drawn where, for the cursor: one y scale per plot, and the shared x scale."""

    x: Scale
    y: tuple[Scale, ...]


def lay_out(
    picture: Picture,
    boxes: Boxes,
    span: tuple[float, float],
    style: Style,
    curves: Curves | None = None,
) -> Frame:
    """Scales for a picture within ``boxes``, ``span`` of the axis in view; ``curves`` are those of
    a whole session."""
    x = boxes.x_scale(*span)
    plots = boxes.plots[1:] if picture.delta is not None else boxes.plots
    y = []
    for i, (trace, box) in enumerate(zip(picture.traces, plots, strict=True)):
        own = trace.channel.low, trace.channel.high
        if not style.fit and own[1] > own[0]:
            y.append(box.scale(*own))
            continue
        lines = (_at(picture.lines, i), _at(picture.reference_lines, i))
        seen = [_visible(line, x)[1] for line in lines if line is not None]
        curve = (curves or {}).get((trace.group, trace.index))
        if curve is not None:
            seen += curve.bounds()
        y.append(box.scale(*_limits(own, seen)))
    return Frame(boxes, x, tuple(y))


def paint_back(painter: QtGui.QPainter, picture: Picture, frame: Frame, style: Style) -> None:
    """What stays while the axis moves: labels and values."""
    plots = frame.traces(picture)
    for trace, box, y in zip(picture.traces, plots, frame.y, strict=True):
        used = paint_ticks(painter, box, y, trace.channel.step, style)
        paint_label(painter, box, trace.title, unit_text(trace.channel.unit), used, style)


def paint_ground(canvas: Canvas, picture: Picture, frame: Frame, style: Style) -> None:
    """What stays while a lap is being driven: corners, the axis' figures, the reference lap. What
    was in the plots before is painted over."""
    c, boxes = style.theme.colours, frame.boxes
    right = boxes.plots[0].rect.right()
    # Names and figures reach a little over the ends.
    left, top = boxes.left - 5, boxes.corners.top()
    height = boxes.bottom.bottom() + 1 - top
    canvas.fill((left, top, right + 1 - left, height), c.panel.rgb())
    plots = frame.traces(picture)
    for trace, box, y in zip(picture.traces, plots, frame.y, strict=True):
        paint_hairs(canvas, box, y, trace.channel.step, style)
    for upper in boxes.plots[:-1]:
        canvas.fill((1, upper.rect.bottom(), right, 1), c.line.rgb())
    painter = canvas.painter()
    paint_corners(painter, picture, boxes, frame.x, style)
    for i, (trace, box, y) in enumerate(zip(picture.traces, plots, frame.y, strict=True)):
        reference = _at(picture.reference_lines, i)
        if reference is not None:
            colour = style.theme.colours.reference
            painter.setClipRect(_curve_area(box))
            _curve(painter, reference, frame.x, y, colour, trace.channel.step, style, quiet=True)
            painter.setClipping(False)
    paint_bottom(painter, picture, frame.boxes, frame.x, style)
    painter.end()


def paint_live(
    canvas: Canvas, picture: Picture, frame: Frame, style: Style, curves: Curves | None = None
) -> Painted:
    """What new data changes: the delta, the shown lap or session, its holes, seams and the live
    edge."""
    painter = canvas.painter()
    x, scales = frame.x, list(frame.y)
    if picture.delta is not None:
        scales.insert(0, _delta_plot(canvas, painter, picture, frame.boxes.plots[0], x, style))
    plots = frame.traces(picture)
    for i, (trace, box, y) in enumerate(zip(picture.traces, plots, frame.y, strict=True)):
        painter.setClipRect(_curve_area(box))
        paint_hatch(painter, picture, trace.group, box, x, style)
        line = _at(picture.lines, i)
        if line is not None:
            _curve(painter, line, x, y, style.car, trace.channel.step, style)
        curve = (curves or {}).get((trace.group, trace.index))
        if curve is not None and picture.session is not None:
            _long_curve(canvas, painter, curve, picture.session, box, x, y, trace, style)
        painter.setClipping(False)
        if trace.group not in {t.group for t in picture.traces[:i]}:
            paint_hole_words(painter, picture, trace.group, box, x, style)
    paint_seams(painter, picture, frame.boxes, x, style)
    paint_edge(painter, picture, frame.boxes, x, style)
    painter.end()
    return Painted(x, tuple(scales))


def _long_curve(
    canvas: Canvas,
    painter: QtGui.QPainter,
    curve: Dense | Sparse,
    session: Stretch,
    box: Box,
    x: Scale,
    y: Scale,
    trace: Trace,
    style: Style,
) -> None:
    """A session's curve, in whichever way suits what is in view of it."""
    if isinstance(curve, Sparse):
        at = (curve.t - session.start_us) / SECOND_US
        line = Line(curve.t, at, curve.y, curve.starts)
        _curve(painter, line, x, y, style.car, trace.channel.step, style)
        return
    if curve.closed:
        thick = 1.0 + 0.7 * (_passes(style, canvas.ratio) - 1)
        fill(
            painter,
            canvas.layer,
            curve,
            y,
            _curve_area(box),
            style.car,
            thick=thick,
            dashed=style.reconstructed,
        )
        return
    column, py = corners(curve, y)
    _polylines(painter, x.start + column / canvas.ratio, py, 2 * curve.starts[1:], style.car, style)


def _at(lines: tuple[Line, ...], index: int) -> Line | None:
    return lines[index] if index < len(lines) else None


def _curve_area(box: Box) -> QtCore.QRect:
    return box.inner.adjusted(0, -2, 1, 2)


def _delta_plot(
    canvas: Canvas, painter: QtGui.QPainter, picture: Picture, box: Box, x: Scale, style: Style
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
    paint_hairs(canvas, box, y, False, style)
    used = paint_ticks(painter, box, y, False, style)
    paint_label(painter, box, "Δ time", "s", used, style)
    zero = y.pixel(0.0)
    painter.setPen(mix(c.line, c.faint, 0.6))
    painter.drawLine(QtCore.QLineF(box.inner.left(), zero, box.inner.right(), zero))
    painter.save()
    painter.setClipRect(_curve_area(box))
    _fill(painter, line, x, y, zero, with_alpha(style.car, 0.16))
    paint_hatch(painter, picture, picture.position_group, box, x, style)
    for part, seen in _parts(line, picture.carried):
        _curve(painter, part, x, y, style.car, False, style, dashed=not seen)
    if picture.edge is not None and style.connected:
        _prediction(painter, picture, line, box, x, y, style)
    painter.restore()
    return y


def _limits(own: tuple[float, float], seen: list[np.ndarray]) -> tuple[float, float]:
    """What is in view; the channel's own limits when that is nothing."""
    parts = [y for y in seen if len(y)]
    if not parts:
        return own if own[1] > own[0] else (0.0, 1.0)
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
    dashed: bool = False,
) -> None:
    """One lap's curve in width-1 pens: a strong line is two passes, which cost far less than
    one pen of width two. Dashes for what was computed and not seen, as all times are where the
    source has none of its own."""
    part, values = _visible(line, x)
    if not len(values):
        return
    px, py = x.pixels(line.x[part]), y.pixels(values)
    breaks = line.starts[(line.starts > part.start) & (line.starts < part.start + len(px))]
    breaks = breaks - part.start
    _polylines(painter, px, py, breaks, colour, style, stepped=stepped, quiet=quiet, dashed=dashed)


def _passes(style: Style, ratio: float, *, quiet: bool = False) -> int:
    """How often a line of width 1 is drawn, each a little lower."""
    # One pixel is enough of a line until the whole picture is drawn larger.
    wide = style.theme.scale * ratio >= 1.5
    return (1 if quiet else 2) + wide + (style.theme.heavy and not quiet)


def _polylines(
    painter: QtGui.QPainter,
    px: np.ndarray,
    py: np.ndarray,
    breaks: np.ndarray,
    colour: QtGui.QColor,
    style: Style,
    *,
    stepped: bool = False,
    quiet: bool = False,
    dashed: bool = False,
) -> None:
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
    ratio = painter.device().devicePixelRatioF()
    passes = _passes(style, ratio, quiet=quiet)
    painter.setPen(QtGui.QPen(colour, 0))
    if style.reconstructed or dashed:
        pen = QtGui.QPen(colour, 0)
        pen.setDashPattern([3.0, 2.0])
        painter.setPen(pen)
        passes = 1
    edges = [0, *breaks.tolist(), len(px)]
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
            shape.translate(0.0, 0.7 / ratio)
            painter.drawPolyline(shape)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)


def _parts(line: Line, carried: tuple[tuple[float, float], ...]) -> Iterator[tuple[Line, bool]]:
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
    part, values = _visible(line, x)
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
        painter.setPen(style.theme.colours.dim)
        right = min(end, float(box.inner.right()))
        painter.drawText(QtCore.QPointF(right - width - 4, top + metrics.ascent()), text)
