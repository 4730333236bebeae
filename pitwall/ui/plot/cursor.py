"""The cursor's own layer: a line, a dot and the values, over curves that stay as they are."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pitwall.store import SessionStore
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.model import Axis
from pitwall.ui.picture import Line, Picture
from pitwall.ui.plot.boxes import Boxes
from pitwall.ui.plot.curves import Painted
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.reading import Sample, decimals, sample_at, value_text
from pitwall.ui.theme import Theme, readable, with_alpha
from pitwall.ui.words import DASH, signed

TAG_ROOM = 190
"""Widest pair of values, at scale 1; what a cursor's move may touch on the side of its tags."""
DOT_ROOM = 64
"""How far behind the line the sample may lie that is read and marked by a dot, at scale 1."""


def readings(
    picture: Picture, store: SessionStore, t_us: int, mark: int | None = None
) -> list[tuple[Sample | None, Sample | None]]:
    """For each trace the samples of its group at event time ``t_us``, and on the reference lap at
    the same place of the axis, or with ``mark`` those of the same car at that time."""
    car = picture.shown.car if picture.shown is not None else None
    if picture.session is not None:
        car = picture.session.car
    then_car, then_us = "", 0
    if picture.reference is not None and picture.reference_mapping is not None:
        then_car = picture.reference.car
        then_us = picture.reference_mapping.to_time(_x_at(picture, t_us))
    if mark is not None:
        then_car, then_us = car or "", mark
    found: dict[str, tuple[Sample | None, Sample | None]] = {}
    for group in dict.fromkeys(trace.group for trace in picture.traces):
        now = sample_at(store, car, group, t_us) if car else None
        then = sample_at(store, then_car, group, then_us) if then_car else None
        found[group] = (now, then)
    return [found[trace.group] for trace in picture.traces]


def delta_at(line: Line, x: float) -> float | None:
    """The delta curve's value at ``x``; None beyond its ends."""
    if not len(line.x) or not line.x[0] <= x <= line.x[-1]:
        return None
    return line.value_at(int(_interp(x, line)))


def paint_mark(
    painter: QtGui.QPainter,
    picture: Picture,
    boxes: Boxes,
    painted: Painted,
    mark: int,
    t_us: int | None,
    theme: Theme,
) -> None:
    """The second cursor, and how far the cursor is from it."""
    px = cursor_pixel(picture, painted, mark)
    if px is None:
        return
    if boxes.left - 1 <= px <= boxes.right + 1:
        pen = QtGui.QPen(theme.colours.cursor, theme.px(1), QtCore.Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawLine(QtCore.QLineF(px, boxes.corners.bottom(), px, boxes.bottom.top()))
    if t_us is None:
        return
    painter.setFont(theme.small(mono=True))
    metrics = painter.fontMetrics()
    text = f"Δ {signed((t_us - mark) / SECOND_US, 3)} s"
    if picture.axis is Axis.DISTANCE:
        text += f"   {signed(_x_at(picture, t_us) - _x_at(picture, mark), 1)} m"
    # In the cursor's strip, so that a move of it takes the old words away.
    at = cursor_pixel(picture, painted, t_us)
    width = metrics.horizontalAdvance(text) + theme.px(10)
    left = min(max((at or 0.0) + theme.px(8), boxes.left), boxes.right - width)
    top = boxes.bottom.top() - metrics.height() - theme.px(4)
    painter.fillRect(
        QtCore.QRectF(left, top, width, metrics.height()), with_alpha(theme.colours.ground, 0.86)
    )
    painter.setPen(theme.colours.text)
    painter.drawText(QtCore.QPointF(left + theme.px(5), top + metrics.ascent()), text)


def paint_cursor(
    painter: QtGui.QPainter,
    picture: Picture,
    boxes: Boxes,
    painted: Painted,
    store: SessionStore,
    t_us: int,
    mark: int | None,
    theme: Theme,
    car: QtGui.QColor,
) -> None:
    """Line, dots and value tags at ``t_us``; with ``mark`` the changes since, instead of the
    reference lap."""
    if picture.mapping is None:
        return
    x = _x_at(picture, t_us)
    px = painted.x.pixel(x)
    if not boxes.left - 1 <= px <= boxes.right + 1:
        return
    painter.setPen(QtGui.QPen(theme.colours.cursor, theme.px(1)))
    painter.drawLine(QtCore.QLineF(px, boxes.corners.bottom(), px, boxes.bottom.top()))
    # Once for all plots: a font of its own for each takes longer than its text.
    painter.setFont(theme.body(mono=True))
    tags = _Tags(px, boxes, theme, painter.fontMetrics())
    dots: list[QtCore.QPointF] = []
    plots, scales = list(boxes.plots), list(painted.y)
    if picture.delta is not None:
        value = delta_at(picture.delta, x)
        tags.add([(f"{signed(value, 3)} s" if value is not None else DASH, car)], plots[0].inner)
        if value is not None:
            dots.append(QtCore.QPointF(px, scales[0].pixel(value)))
        plots, scales = plots[1:], scales[1:]
    samples = readings(picture, store, t_us, mark)
    for trace, (now, then), box, scale in zip(picture.traces, samples, plots, scales, strict=False):
        value = now.values[trace.index] if now is not None else None
        parts = [(value_text(value, trace.channel), car)]
        old = then.values[trace.index] if then is not None else None
        if mark is not None:
            change = value - old if value is not None and old is not None else None
            text = DASH if change is None else signed(change, decimals(trace.channel))
            parts.append((f"Δ {text}", theme.colours.text))
        elif picture.reference is not None:
            parts.append((value_text(old, trace.channel), theme.colours.reference_text))
        tags.add(parts, box.inner)
        if now is not None and value is not None:
            # On the sample that is read, so that the dot lies on the curve.
            at = painted.x.pixel(_x_at(picture, now.t))
            if px - theme.px(DOT_ROOM) < at and at >= boxes.left:
                dots.append(QtCore.QPointF(at, scale.pixel(value)))
    tags.paint(painter)
    _paint_dots(painter, dots, car, theme)


def touched(px: float, boxes: Boxes, theme: Theme) -> QtCore.QRect:
    """What a cursor at ``px`` may have painted."""
    room, behind = theme.px(TAG_ROOM), theme.px(DOT_ROOM) + theme.px(6)
    if px + room > boxes.right:  # the tags are on the other side, or some of them are
        behind = room
    top = boxes.corners.top()
    height = boxes.bottom.top() - top + theme.px(4)
    return QtCore.QRect(int(px) - behind, top, behind + room, height)


def cursor_pixel(picture: Picture, painted: Painted, t_us: int) -> float | None:
    """Where the cursor lies; None without a lap."""
    return painted.x.pixel(_x_at(picture, t_us)) if picture.mapping is not None else None


def _x_at(picture: Picture, t_us: int) -> float:
    assert picture.mapping is not None  # noqa: S101 - callers have looked
    return float(np.interp(t_us, picture.mapping.t, picture.mapping.x))


def _interp(x: float, line: Line) -> float:
    return float(np.interp(x, line.x, line.t))


def _paint_dots(
    painter: QtGui.QPainter, dots: list[QtCore.QPointF], colour: QtGui.QColor, theme: Theme
) -> None:
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QtGui.QPen(theme.colours.panel, 1))
    painter.setBrush(colour)
    radius = theme.px(3)
    for dot in dots:
        painter.drawEllipse(dot, radius, radius)
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)


@dataclass(slots=True)
class _Tags:
    """The values beside the line, on the side that has room: gathered, then painted colour by
    colour, because changing the pen takes longer than a word does."""

    px: float
    boxes: Boxes
    theme: Theme
    metrics: QtGui.QFontMetrics
    backs: list[QtCore.QRectF] = field(default_factory=list)
    words: dict[int, tuple[QtGui.QColor, list[tuple[QtCore.QPointF, str]]]] = field(
        default_factory=dict
    )

    def add(self, parts: list[tuple[str, QtGui.QColor]], inner: QtCore.QRect) -> None:
        """The parts of one plot's tag, each in its colour."""
        theme, metrics = self.theme, self.metrics
        gap, pad = theme.px(14), theme.px(5)
        widths = [metrics.horizontalAdvance(text) for text, _ in parts]
        width = sum(widths) + gap * (len(parts) - 1) + 2 * pad
        left = self.px + theme.px(8)
        if left + width > self.boxes.right:
            left = self.px - theme.px(8) - width
        height = metrics.height() + 2
        middle = inner.top() + inner.height() * 0.3
        top = min(max(middle - height / 2, inner.top()), inner.bottom() - height)
        self.backs.append(QtCore.QRectF(left, top, width, height))
        x, y = left + pad, top + 1 + metrics.ascent()
        for (text, colour), used in zip(parts, widths, strict=True):
            _, words = self.words.setdefault(colour.rgba(), (colour, []))
            words.append((QtCore.QPointF(x, y), text))
            x += used + gap

    def paint(self, painter: QtGui.QPainter) -> None:
        """All of them."""
        colours = self.theme.colours
        ground = with_alpha(colours.ground, 0.86)
        for back in self.backs:
            painter.fillRect(back, ground)
        for colour, words in self.words.values():
            painter.setPen(readable(colour, colours.ground, colours.text))
            for at, text in words:
                painter.drawText(at, text)
