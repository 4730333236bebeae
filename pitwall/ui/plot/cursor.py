"""The cursor's own layer: a line, dots and the values, over curves that stay as they are."""

from __future__ import annotations

from pitwall.store import SessionStore
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.model import Axis
from pitwall.ui.picture import Picture
from pitwall.ui.plot.boxes import Boxes
from pitwall.ui.plot.choice import Trace
from pitwall.ui.plot.frame import Painted
from pitwall.ui.plot.furniture import METRES, Style
from pitwall.ui.plot.readings import (
    LapReading,
    delta_at,
    other_words,
    place_of,
    read_laps,
    read_reference,
)
from pitwall.ui.plot.tags import Tags, Words
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.theme import Theme, with_alpha
from pitwall.ui.units import UnitChoice, shown
from pitwall.ui.words import DASH, signed

TAG_ROOM = 240
"""Widest pair of values, at scale 1; what a cursor's move may touch on the side of its tags."""
DOT_ROOM = 64
"""How far behind the line the sample may lie that is read and marked by a dot, at scale 1."""


def paint_mark(
    painter: QtGui.QPainter,
    picture: Picture,
    boxes: Boxes,
    painted: Painted,
    mark: int,
    t_us: int | None,
    theme: Theme,
    units: UnitChoice,
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
        how = shown(METRES, units)
        way = how.conversion.change(place_of(picture, t_us) - place_of(picture, mark))
        text += f"   {signed(way, 1)} {how.unit}"
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
    style: Style,
) -> None:
    """Line, dots and value tags at ``t_us``; with ``mark`` the changes since, instead of the
    reference lap."""
    if picture.mapping is None:
        return
    theme, x = style.theme, place_of(picture, t_us)
    px = painted.x.pixel(x)
    if not boxes.left - 1 <= px <= boxes.right + 1:
        return
    painter.setPen(QtGui.QPen(theme.colours.cursor, theme.px(1)))
    painter.drawLine(QtCore.QLineF(px, boxes.corners.bottom(), px, boxes.bottom.top()))
    # Once for all plots: a font of its own for each takes longer than its text.
    painter.setFont(theme.body(mono=True))
    tags = Tags(px, boxes, theme, painter.fontMetrics())
    dots: list[tuple[QtCore.QPointF, QtGui.QColor]] = []
    if picture.delta is not None:
        value = delta_at(picture.delta, x)
        text = f"{signed(value, 3)} s" if value is not None else DASH
        tags.add([[(text, style.car)]], boxes.plots[0].inner)
        if value is not None:
            dots.append((QtCore.QPointF(px, painted.y[0].pixel(value)), style.car))
    laps = read_laps(picture, store, t_us)
    then = read_reference(picture, store, t_us, mark)
    nearest = max(px - theme.px(DOT_ROOM), boxes.left)
    for strip in painted.strips:
        lines: list[Words] = []
        for reading in laps:
            if not strip.plot.has(reading.lap):
                continue
            look = style.look(reading.lap)
            own = then if reading.lap == 0 else None
            for place, row in enumerate(strip.plot.rows):
                trace, ink = picture.traces[row], look.ink(place)
                words = _words(trace, reading, own, mark is not None, ink, style)
                if reading.lap and place == 0 and strip.plot.lap is None:
                    words.append((other_words(picture, reading.lap), ink))
                lines.append(words)
                value = reading.value(trace)
                at = _sample_pixel(picture, painted, reading, trace)
                if reading.lap == 0 and value is not None and at is not None and at >= nearest:
                    dots.append((QtCore.QPointF(at, strip.y[place].pixel(value)), ink))
        tags.add(lines, strip.box.inner)
    tags.paint(painter)
    _paint_dots(painter, dots, theme)


def _words(
    trace: Trace,
    reading: LapReading,
    then: LapReading | None,
    measured: bool,
    ink: QtGui.QColor,
    style: Style,
) -> Words:
    """A channel's value with its unit, and what it is compared with."""
    how, value = shown(trace.channel, style.units), reading.value(trace)
    unit = f" {how.unit}" if how.unit and value is not None else ""
    parts = [(how.text(value) + unit, ink)]
    if then is not None and measured:
        parts.append((f"Δ {how.change(value, then.value(trace))}", style.theme.colours.text))
    elif then is not None:
        parts.append((how.text(then.value(trace)), style.theme.colours.reference_text))
    return parts


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
    return painted.x.pixel(place_of(picture, t_us)) if picture.mapping is not None else None


def _sample_pixel(
    picture: Picture, painted: Painted, reading: LapReading, trace: Trace
) -> float | None:
    """Where the sample lies that is read, so that the dot is on the curve."""
    sample = reading.samples.get(trace.group)
    if sample is None or sample.values[trace.index] is None:
        return None
    return painted.x.pixel(place_of(picture, sample.t))


def _paint_dots(
    painter: QtGui.QPainter, dots: list[tuple[QtCore.QPointF, QtGui.QColor]], theme: Theme
) -> None:
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QtGui.QPen(theme.colours.panel, 1))
    radius = theme.px(3)
    before: QtGui.QColor | None = None
    for dot, colour in dots:
        if colour != before:
            painter.setBrush(colour)
            before = colour
        painter.drawEllipse(dot, radius, radius)
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)
