"""One curve: a lap's by width-1 pens, a session's by pixel columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.picture import Line
from pitwall.ui.plot.axis import Scale
from pitwall.ui.plot.boxes import Box
from pitwall.ui.plot.canvas import Canvas
from pitwall.ui.plot.columns import Dense, Sparse, corners, fill
from pitwall.ui.plot.decimate import decimate, steps
from pitwall.ui.plot.frame import visible
from pitwall.ui.plot.furniture import Style
from pitwall.ui.plot.looks import COMPUTED
from pitwall.ui.plot.polyline import polygon
from pitwall.ui.qt import QtCore, QtGui

APART = 9.0
"""Samples further apart than this, in logical pixels, are dots: what joins them is not seen."""


@dataclass(frozen=True, slots=True)
class Ink:
    """How one curve is drawn.

    Attributes:
        colour: of the line.
        stepped: True for a value that holds until the next sample.
        quiet: True for a thin line, as that of the reference lap.
        computed: True where times or values were computed and not seen: short dashes.
        dash: long dashes that tell laps of one car apart; empty for a solid line.
    """

    colour: QtGui.QColor
    stepped: bool = False
    quiet: bool = False
    computed: bool = False
    dash: tuple[float, ...] = ()


def curve_area(box: Box) -> QtCore.QRect:
    """What a plot's curves may touch."""
    return box.inner.adjusted(0, -2, 1, 2)


def paint_line(
    painter: QtGui.QPainter, line: Line, x: Scale, y: Scale, ink: Ink, style: Style
) -> None:
    """One lap's curve in width-1 pens: a strong line is two passes, which cost far less than
    one pen of width two."""
    part, values = visible(line, x)
    if not len(values):
        return
    px, py = x.pixels(line.x[part]), y.pixels(values)
    breaks = line.starts[(line.starts > part.start) & (line.starts < part.start + len(px))]
    breaks = breaks - part.start
    _polylines(painter, px, py, breaks, ink, style)


def paint_long(
    canvas: Canvas,
    painter: QtGui.QPainter,
    curve: Dense | Sparse,
    start_us: int,
    box: Box,
    x: Scale,
    y: Scale,
    ink: Ink,
    style: Style,
) -> None:
    """A session's curve, in whichever way suits what is in view of it; ``start_us`` is where its
    clock begins."""
    if isinstance(curve, Sparse):
        at = (curve.t - start_us) / SECOND_US
        paint_line(painter, Line(curve.t, at, curve.y, curve.starts), x, y, ink, style)
        return
    if curve.closed:
        thick = 1.0 + 0.7 * (_passes(style, canvas.ratio) - 1)
        area = curve_area(box)
        computed = style.reconstructed or ink.computed
        fill(painter, canvas.layer, curve, y, area, ink.colour, thick=thick, dashed=computed)
        return
    column, py = corners(curve, y)
    px = x.start + column / canvas.ratio
    held = Ink(ink.colour, False, ink.quiet, ink.computed, ink.dash)
    _polylines(painter, px, py, 2 * curve.starts[1:], held, style)


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
    ink: Ink,
    style: Style,
) -> None:
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
    ratio = painter.device().devicePixelRatioF()
    passes = _passes(style, ratio, quiet=ink.quiet)
    pen = QtGui.QPen(ink.colour, 0)
    if style.reconstructed or ink.computed:
        pen.setDashPattern(list(COMPUTED))
        passes = 1
    elif ink.dash:
        pen.setDashPattern(list(ink.dash))
    painter.setPen(pen)
    edges = [0, *breaks.tolist(), len(px)]
    for first, last in zip(edges, edges[1:], strict=False):
        rx, ry = px[first:last], py[first:last]
        if _far_apart(rx):
            _dots(painter, rx, ry, ink.colour, style)
            painter.setPen(pen)
        if ink.stepped:
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


def _far_apart(px: np.ndarray) -> bool:
    return len(px) > 1 and float(px[-1] - px[0]) > APART * (len(px) - 1)


def _dots(
    painter: QtGui.QPainter, px: np.ndarray, py: np.ndarray, colour: QtGui.QColor, style: Style
) -> None:
    """The samples themselves."""
    radius = style.theme.px(4) / 2
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    for x, y in zip(px.tolist(), py.tolist(), strict=True):
        painter.drawEllipse(QtCore.QPointF(x, y + 0.35), radius, radius)
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
