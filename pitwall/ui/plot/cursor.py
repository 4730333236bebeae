"""The cursor's own layer: a line, a dot and the values, over curves that stay as they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pitwall.ui.picture import Line, Picture
from pitwall.ui.plot.boxes import Boxes
from pitwall.ui.plot.curves import Painted
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.theme import Theme, with_alpha
from pitwall.ui.words import DASH, signed

TAG_ROOM = 190
"""Widest pair of values, at scale 1; what a cursor's move may touch on either side."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The figures of one plot at the cursor; None in a hole or where there is no lap."""

    value: float | None
    reference: float | None


def reading(picture: Picture, index: int, t_us: int) -> Reading:
    """Values of trace ``index`` at event time ``t_us``, and of the reference lap at the same
    place of the axis."""
    hold = picture.traces[index].channel.step
    now = picture.lines[index].value_at(t_us, hold=hold) if index < len(picture.lines) else None
    then = None
    if (
        picture.mapping is not None
        and picture.reference_mapping is not None
        and index < len(picture.reference_lines)
    ):
        x = _x_at(picture, t_us)
        line = picture.reference_lines[index]
        then = line.value_at(picture.reference_mapping.to_time(x), hold=hold)
    return Reading(now, then)


def delta_at(line: Line, x: float) -> float | None:
    """The delta curve's value at ``x``; None beyond its ends."""
    if not len(line.x) or not line.x[0] <= x <= line.x[-1]:
        return None
    return line.value_at(int(_interp(x, line)))


def figure(value: float | None, resolution: float) -> str:
    """A value with as many decimals as its sensor is worth on a pit wall."""
    if value is None:
        return DASH
    if resolution >= 1:
        return f"{value:.0f}"
    magnitude = abs(value)
    return f"{value:.0f}" if magnitude >= 1000 else f"{value:.1f}"


def paint_cursor(
    painter: QtGui.QPainter,
    picture: Picture,
    boxes: Boxes,
    painted: Painted,
    t_us: int,
    theme: Theme,
    car: QtGui.QColor,
) -> None:
    """Line, dots and value tags at ``t_us``."""
    if picture.mapping is None:
        return
    x = _x_at(picture, t_us)
    px = painted.x.pixel(x)
    if not boxes.left - 1 <= px <= boxes.right + 1:
        return
    painter.setPen(QtGui.QPen(theme.colours.cursor, theme.px(1)))
    painter.drawLine(QtCore.QLineF(px, boxes.corners.bottom(), px, boxes.bottom.top()))
    plots, scales = list(boxes.plots), list(painted.y)
    if picture.delta is not None:
        value = delta_at(picture.delta, x)
        tag = [(f"{signed(value, 3)} s" if value is not None else DASH, car)]
        _tag(painter, tag, plots[0].inner, px, boxes, theme)
        if value is not None:
            _dot(painter, px, scales[0].pixel(value), car, theme)
        plots, scales = plots[1:], scales[1:]
    for i, (box, scale) in enumerate(zip(plots, scales, strict=False)):
        got = reading(picture, i, t_us)
        resolution = picture.traces[i].channel.resolution
        parts = [(figure(got.value, resolution), car)]
        if picture.reference is not None:
            parts.append((figure(got.reference, resolution), theme.colours.reference))
        _tag(painter, parts, box.inner, px, boxes, theme)
        if got.value is not None:
            _dot(painter, px, scale.pixel(got.value), car, theme)


def touched(px: float, boxes: Boxes, theme: Theme) -> QtCore.QRect:
    """What a cursor at ``px`` may have painted."""
    room = theme.px(TAG_ROOM)
    top = boxes.corners.top()
    return QtCore.QRect(int(px) - room, top, 2 * room, boxes.bottom.top() - top + theme.px(4))


def cursor_pixel(picture: Picture, painted: Painted, t_us: int) -> float | None:
    """Where the cursor lies; None without a lap."""
    return painted.x.pixel(_x_at(picture, t_us)) if picture.mapping is not None else None


def _x_at(picture: Picture, t_us: int) -> float:
    assert picture.mapping is not None  # noqa: S101 - callers have looked
    return float(np.interp(t_us, picture.mapping.t, picture.mapping.x))


def _interp(x: float, line: Line) -> float:
    return float(np.interp(x, line.x, line.t))


def _dot(painter: QtGui.QPainter, x: float, y: float, colour: QtGui.QColor, theme: Theme) -> None:
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QtGui.QPen(theme.colours.panel, 1))
    painter.setBrush(colour)
    painter.drawEllipse(QtCore.QPointF(x, y), theme.px(3), theme.px(3))
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)


def _tag(
    painter: QtGui.QPainter,
    parts: list[tuple[str, QtGui.QColor]],
    inner: QtCore.QRect,
    px: float,
    boxes: Boxes,
    theme: Theme,
) -> None:
    """The values beside the line, on the side that has room."""
    painter.setFont(theme.body(mono=True))
    metrics = painter.fontMetrics()
    gap, pad = theme.px(14), theme.px(5)
    widths = [metrics.horizontalAdvance(text) for text, _ in parts]
    width = sum(widths) + gap * (len(parts) - 1) + 2 * pad
    left = px + theme.px(8)
    if left + width > boxes.right:
        left = px - theme.px(8) - width
    height = metrics.height() + 2
    middle = inner.top() + inner.height() * 0.3
    top = min(max(middle - height / 2, inner.top()), inner.bottom() - height)
    back = QtCore.QRectF(left, top, width, height)
    painter.fillRect(back, with_alpha(theme.colours.ground, 0.86))
    x = left + pad
    for (text, colour), used in zip(parts, widths, strict=True):
        painter.setPen(colour)
        painter.drawText(QtCore.QPointF(x, top + 1 + metrics.ascent()), text)
        x += used + gap
