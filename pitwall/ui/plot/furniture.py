"""What stands around the curves: labels, ticks, corner names, holes, seams, the live edge."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pitwall.telemetry import Channel
from pitwall.telemetry.clock import SECOND_US, clock_text
from pitwall.ui.lap_marks import LATE
from pitwall.ui.model import Axis
from pitwall.ui.picture import Picture
from pitwall.ui.plot.axis import Scale, nice_step, nice_ticks, tick_text, time_step
from pitwall.ui.plot.boxes import Box, Boxes, hatch_brush
from pitwall.ui.plot.canvas import Canvas
from pitwall.ui.plot.looks import Look
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.theme import Theme, mix, readable, with_alpha
from pitwall.ui.trace_layout import TraceLayout
from pitwall.ui.units import UnitChoice, shown
from pitwall.ui.words import NOT_LOADED

METRES = Channel("distance", "m", 0.1, 0.0, 10_000.0)
"""The distance axis, as if it were a channel: its unit can be chosen too."""


@dataclass(frozen=True, slots=True)
class Style:
    """How the laps are drawn.

    Attributes:
        theme: colours and scale.
        looks: of the shown lap or car, and of those laid over it.
        live: True when the newest data is followed.
        connected: True when more data may come.
        reconstructed: True when event times were computed by us.
        layout: the user's scales.
        units: in which units values are written.
    """

    theme: Theme
    looks: tuple[Look, ...]
    live: bool
    connected: bool
    reconstructed: bool
    layout: TraceLayout = TraceLayout()
    units: UnitChoice = UnitChoice()

    @property
    def car(self) -> QtGui.QColor:
        """Colour of the shown lap."""
        return self.looks[0].inks[0]

    def look(self, number: int) -> Look:
        """Looks of the shown lap (0) or of one laid over it."""
        return self.looks[min(number, len(self.looks) - 1)]


Name = tuple[str, str, QtGui.QColor]
"""A channel's title, its unit, and the colour of its title."""


def paint_label(
    painter: QtGui.QPainter, box: Box, names: list[Name], used: int, style: Style
) -> None:
    """Title and unit of each channel, beside the ticks' figures, which take ``used`` pixels. What
    has no room is left out: the curves' colours are in the cursor's read-out too."""
    theme = style.theme
    painter.setFont(theme.small(bold=True))
    metrics = painter.fontMetrics()
    left, top = theme.px(12), box.rect.top() + theme.px(7)
    width = box.inner.left() - left - used
    line = metrics.height()
    if len(names) == 1:
        title, unit, colour = names[0]
        painter.setPen(readable(colour, theme.colours.panel, theme.colours.text))
        text = metrics.elidedText(title, QtCore.Qt.TextElideMode.ElideRight, width)
        painter.drawText(left, top + metrics.ascent(), text)
        painter.setFont(theme.small())
        painter.setPen(theme.colours.faint)
        if box.rect.height() > 2 * line + theme.px(8):
            painter.drawText(left, top + line + metrics.ascent() + 1, unit)
        return
    for title, unit, colour in names:
        if top + line > box.rect.bottom() - 1:
            break
        painter.setPen(readable(colour, theme.colours.panel, theme.colours.text))
        words = f"{title} {unit}" if unit else title
        text = metrics.elidedText(words, QtCore.Qt.TextElideMode.ElideRight, width)
        painter.drawText(left, top + metrics.ascent(), text)
        top += line


def label_row(box: Box, y: float, rows: int, theme: Theme) -> int:
    """Which of a plot's ``rows`` channels is named at the height ``y``."""
    line = QtGui.QFontMetrics(theme.small(bold=True)).height()
    return min(max(int((y - box.rect.top() - theme.px(7)) // line), 0), rows - 1)


def _ticks(box: Box, y: Scale, whole: bool, style: Style) -> tuple[float, tuple[float, ...]]:
    """Two to five round values, and their step."""
    wanted = min(max(2, box.inner.height() // style.theme.px(26)), 5)
    return _round_values(y.low, y.high, wanted, whole)


@lru_cache(maxsize=256)
def _round_values(
    low: float, high: float, wanted: int, whole: bool
) -> tuple[float, tuple[float, ...]]:
    step = nice_step(high - low, wanted)
    if whole:
        step = max(1.0, round(step))
        return step, _whole(low, high, step)
    return step, nice_ticks(low, high, wanted)


def paint_hairs(canvas: Canvas, box: Box, y: Scale, whole: bool, style: Style) -> None:
    """A hair of a line across the plot at each tick."""
    colour = mix(style.theme.colours.panel, style.theme.colours.line, 0.45).rgb()
    left, width = box.inner.left(), box.inner.width()
    for value in _ticks(box, y, whole, style)[1]:
        canvas.fill((left, round(y.pixel(value)), width, 1), colour)


def paint_ticks(painter: QtGui.QPainter, box: Box, y: Scale, whole: bool, style: Style) -> int:
    """The ticks' figures at the left edge, but for those that would touch one; the width taken."""
    theme = style.theme
    step, values = _ticks(box, y, whole, style)
    painter.setFont(theme.small(mono=True))
    metrics = painter.fontMetrics()
    widest = 0
    painter.setPen(theme.colours.faint)
    free = math.inf
    for value in values:
        at = y.pixel(value)
        if abs(free - at) < metrics.ascent():
            continue
        free = at
        text = tick_text(value, step)
        width = metrics.horizontalAdvance(text)
        widest = max(widest, width)
        x = box.inner.left() - theme.px(7) - width
        painter.drawText(QtCore.QPointF(x, at + metrics.ascent() / 2 - 1), text)
    return widest + theme.px(10)


def _whole(low: float, high: float, step: float) -> tuple[float, ...]:
    first = int(np.ceil(low / step))
    return tuple(i * step for i in range(first, int(high / step) + 1))


def paint_corners(
    painter: QtGui.QPainter, picture: Picture, boxes: Boxes, x: Scale, style: Style
) -> None:
    """Names on top and a hairline at each; names that would touch are left out."""
    theme = style.theme
    painter.setFont(theme.small())
    metrics = painter.fontMetrics()
    free = float(boxes.left)
    foot = boxes.bottom.top()
    for at, name in picture.corners:
        px = x.pixel(at)
        if not boxes.left <= px <= boxes.right:
            continue
        painter.setPen(mix(theme.colours.panel, theme.colours.line, 0.8))
        painter.drawLine(QtCore.QLineF(px, boxes.corners.bottom(), px, foot))
        half = metrics.horizontalAdvance(name) / 2
        if px - half < free or px + half > boxes.right + theme.px(12):
            continue
        free = px + half + theme.px(6)
        painter.setPen(theme.colours.dim)
        painter.drawText(
            QtCore.QPointF(px - half, boxes.corners.top() + metrics.ascent() + 1), name
        )


def paint_hatch(
    painter: QtGui.QPainter, picture: Picture, group: str, box: Box, x: Scale, style: Style
) -> None:
    """Stripes where the group has no data."""
    for hole in picture.holes:
        if hole.group != group:
            continue
        left, right = x.pixel(hole.x0), x.pixel(hole.x1)
        if right < box.inner.left() - 2 or left > box.inner.right() + 2:
            continue
        width = max(right - left, 2.0)
        area = QtCore.QRectF(left, box.rect.top(), width, box.rect.height())
        painter.fillRect(area, with_alpha(style.theme.colours.panel, 0.75))
        painter.fillRect(area, hatch_brush(style.theme))


def paint_hole_words(
    painter: QtGui.QPainter, picture: Picture, group: str, box: Box, x: Scale, style: Style
) -> None:
    """The length of each hole, once, in the first plot that has it."""
    theme = style.theme
    painter.setFont(theme.small())
    metrics = painter.fontMetrics()
    free = -1e9
    before = [trace.group for trace in picture.traces]
    before = before[: before.index(group)]
    said = {(hole.text, round(hole.x0)) for hole in picture.holes if hole.group in before}
    mine = [h for h in picture.holes if h.group == group and (h.text, round(h.x0)) not in said]
    for hole in sorted(mine, key=lambda h: h.x0):
        middle = x.pixel((hole.x0 + hole.x1) / 2)
        width = metrics.horizontalAdvance(hole.text)
        left = min(max(middle - width / 2, box.inner.left()), box.inner.right() - width)
        if not box.inner.left() <= middle <= box.inner.right() or left < free:
            continue
        free = left + width + theme.px(8)
        # Half way up, where the pedals' curves, all or nothing, rarely are.
        top = box.inner.top() + box.inner.height() * 0.42 - metrics.height() / 2
        back = QtCore.QRectF(left - 4, top, width + 8, metrics.height())
        painter.fillRect(back, with_alpha(theme.colours.panel, 0.8))
        colours = theme.colours
        painter.setPen(colours.dim if hole.text == NOT_LOADED else colours.attention)
        painter.drawText(QtCore.QPointF(left, top + metrics.ascent()), hole.text)


def paint_seams(
    painter: QtGui.QPainter, picture: Picture, boxes: Boxes, x: Scale, style: Style
) -> None:
    """A dashed line where one source hands over to the next, with their names."""
    theme = style.theme
    painter.setFont(theme.small())
    metrics = painter.fontMetrics()
    for at, words in picture.seams:
        px = x.pixel(at)
        if not boxes.left <= px <= boxes.right:
            continue
        painter.setPen(QtGui.QPen(theme.colours.dim, 1, QtCore.Qt.PenStyle.DashLine))
        painter.drawLine(QtCore.QLineF(px, boxes.corners.bottom(), px, boxes.bottom.top()))
        width = metrics.horizontalAdvance(words)
        left = px + 5 if px + width + 10 < boxes.right else px - width - 5
        base = boxes.bottom.top() - theme.px(5)
        painter.fillRect(
            QtCore.QRectF(left - 2, base - metrics.ascent(), width + 4, metrics.height()),
            with_alpha(theme.colours.panel, 0.85),
        )
        painter.setPen(theme.colours.dim)
        painter.drawText(QtCore.QPointF(left, base), words)


def paint_bands(
    painter: QtGui.QPainter, picture: Picture, group: str, box: Box, x: Scale, style: Style
) -> None:
    """A thin band under the plot that says how its samples came: dim from the archive, green by
    the stream, grey-blue by a repair, amber and twice as tall where they came late."""
    for band in picture.bands:
        if band.group != group:
            continue
        left, right = x.pixel(band.x0), x.pixel(band.x1)
        left, right = max(left, float(box.inner.left())), min(right, box.inner.right() + 1.0)
        if right <= left - 1:
            continue
        height = 4 if band.kind == LATE else 2
        area = QtCore.QRectF(left, box.rect.bottom() - height, max(right - left, 1.0), height)
        painter.fillRect(area, band_colour(band.kind, style.theme))


def band_colour(kind: str, theme: Theme) -> QtGui.QColor:
    """Colour of a way by which samples came."""
    c = theme.colours
    if kind == LATE:
        return c.attention
    if kind == "stream":
        return mix(c.panel, c.live, 0.42)
    return mix(c.panel, c.faint, 0.3) if kind == "archive" else c.reference


def paint_veil(
    painter: QtGui.QPainter, picture: Picture, group: str, box: Box, x: Scale, style: Style
) -> None:
    """What came late is drawn lighter: a veil over the curves."""
    veil = with_alpha(style.theme.colours.panel, 0.5)
    for band in picture.bands:
        if band.group == group and band.kind == LATE:
            left, right = x.pixel(band.x0), x.pixel(band.x1)
            if right >= box.inner.left() and left <= box.inner.right():
                top, height = box.inner.top() - 2, box.inner.height() + 4
                painter.fillRect(QtCore.QRectF(left, top, max(right - left, 1.0), height), veil)


def paint_edge(
    painter: QtGui.QPainter, picture: Picture, boxes: Boxes, x: Scale, style: Style
) -> None:
    """The newest data, in the live colour."""
    if picture.edge is None or not style.live:
        return
    px = x.pixel(picture.edge)
    if not boxes.left <= px <= boxes.right + 1:
        return
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
    colour = style.theme.colours.live if style.connected else style.theme.colours.dim
    painter.setPen(QtGui.QPen(colour, style.theme.px(1)))
    top = boxes.corners.bottom() - 1
    painter.drawLine(QtCore.QLineF(px, top, px, boxes.bottom.top()))
    painter.setBrush(colour)
    painter.drawEllipse(QtCore.QPointF(px, top), style.theme.px(3), style.theme.px(3))
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)


def paint_bottom(
    painter: QtGui.QPainter, picture: Picture, boxes: Boxes, x: Scale, style: Style
) -> None:
    """The axis' figures."""
    theme = style.theme
    painter.setFont(theme.small(mono=True))
    painter.setPen(theme.colours.faint)
    metrics = painter.fontMetrics()
    wanted = max(2, boxes.bottom.width() // theme.px(110))
    if picture.axis is Axis.DISTANCE:
        how = shown(METRES, style.units)
        low, high = how.conversion.value(x.low), how.conversion.value(x.high)
        step = nice_step(high - low, wanted)
        marks = [
            (how.conversion.back(v), f"{tick_text(v, step)} {how.unit}")
            for v in nice_ticks(low, high, wanted)
        ]
    elif picture.axis is Axis.TIME:
        step = nice_step(x.high - x.low, wanted)
        marks = [(v, f"{tick_text(v, step)} s") for v in nice_ticks(x.low, x.high, wanted)]
    else:
        whole = time_step(x.high - x.low, wanted)
        first = int(np.ceil(x.low / whole))
        marks = [
            (float(i * whole), clock_text(i * whole * SECOND_US))
            for i in range(first, int(x.high / whole) + 1)
        ]
    for value, text in marks:
        width = metrics.horizontalAdvance(text)
        left = min(max(x.pixel(value) - width / 2, boxes.left - 4), boxes.right - width + 6)
        painter.drawText(
            QtCore.QPointF(left, boxes.bottom.top() + theme.px(4) + metrics.ascent()), text
        )
