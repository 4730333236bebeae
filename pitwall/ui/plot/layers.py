"""A picture in layers: what stays while the axis moves, or while a lap is driven, and the rest."""

from __future__ import annotations

from collections.abc import Sequence

from pitwall.ui.picture import Picture
from pitwall.ui.plot.canvas import Canvas
from pitwall.ui.plot.columns import Curves
from pitwall.ui.plot.curves import Ink, curve_area, paint_line, paint_long
from pitwall.ui.plot.delta_plot import paint_delta
from pitwall.ui.plot.forecast import Forecast, paint_forecast
from pitwall.ui.plot.frame import Frame, Painted, Strip, at
from pitwall.ui.plot.furniture import (
    Style,
    paint_bands,
    paint_bottom,
    paint_corners,
    paint_edge,
    paint_hairs,
    paint_hatch,
    paint_hole_words,
    paint_label,
    paint_seams,
    paint_ticks,
    paint_veil,
)
from pitwall.ui.plot.looks import Look
from pitwall.ui.plot.readings import other_words
from pitwall.ui.qt import QtGui
from pitwall.ui.units import shown


def paint_back(painter: QtGui.QPainter, picture: Picture, frame: Frame, style: Style) -> None:
    """What stays while the axis moves: labels and values."""
    for strip in frame.strips:
        traces = [picture.traces[row] for row in strip.plot.rows]
        used = paint_ticks(painter, strip.box, strip.ticks, traces[0].channel.step, style)
        many = len(traces) > 1
        look = style.look(strip.plot.lap or 0)
        lap = f" · {other_words(picture, strip.plot.lap)}" if strip.plot.lap else ""
        names = [
            (
                trace.title,
                shown(trace.channel, style.units).unit + lap,
                look.ink(place) if many or strip.plot.lap else style.theme.colours.text,
            )
            for place, trace in enumerate(traces)
        ]
        paint_label(painter, strip.box, names, used, style)


def paint_ground(
    canvas: Canvas,
    picture: Picture,
    frame: Frame,
    style: Style,
    forecast: Forecast | None = None,
) -> None:
    """What stays while a lap is being driven: corners, the axis' figures, the reference lap, what
    is predicted and other laps that are over. What was in the plots before is painted over."""
    c, boxes = style.theme.colours, frame.boxes
    right = boxes.plots[0].rect.right()
    # Names and figures reach a little over the ends.
    left, top = boxes.left - 5, boxes.corners.top()
    height = boxes.bottom.bottom() + 1 - top
    canvas.fill((left, top, right + 1 - left, height), c.panel.rgb())
    for strip in frame.strips:
        stepped = picture.traces[strip.plot.rows[0]].channel.step
        paint_hairs(canvas, strip.box, strip.ticks, stepped, style)
    for upper in boxes.plots[:-1]:
        canvas.fill((1, upper.rect.bottom(), right, 1), c.line.rgb())
    painter = canvas.painter()
    paint_corners(painter, picture, boxes, frame.x, style)
    for strip in frame.strips:
        painter.setClipRect(curve_area(strip.box))
        if strip.plot.has(0):
            for row, y in zip(strip.plot.rows, strip.y, strict=True):
                line = at(picture.reference_lines, row)
                if line is not None:
                    stepped = picture.traces[row].channel.step
                    ink = Ink(c.reference, stepped, quiet=True)
                    paint_line(painter, line, frame.x, y, ink, style)
        _paint_others(painter, picture, frame, strip, style, running=False)
        painter.setClipping(False)
        if forecast is not None:
            paint_forecast(painter, picture, strip, frame.x, style, forecast)
    paint_bottom(painter, picture, frame.boxes, frame.x, style)
    painter.end()


def paint_live(
    canvas: Canvas,
    picture: Picture,
    frame: Frame,
    style: Style,
    curves: Sequence[Curves] = (),
) -> Painted:
    """What new data changes: the delta, the shown lap or session, its holes, seams and the live
    edge. ``curves`` are those of a session, the shown car's first."""
    painter = canvas.painter()
    x, first = frame.x, []
    if picture.delta is not None:
        first = [paint_delta(canvas, painter, picture, frame.boxes.plots[0], x, style)]
    said: set[str] = set()
    for place, strip in enumerate(frame.strips):
        traces = [picture.traces[row] for row in strip.plot.rows]
        painter.setClipRect(curve_area(strip.box))
        groups = dict.fromkeys(trace.group for trace in traces)
        if strip.plot.has(0):
            for group in groups:
                paint_hatch(painter, picture, group, strip.box, x, style)
        _paint_others(painter, picture, frame, strip, style, running=True)
        if picture.session is not None:
            _paint_sessions(canvas, painter, picture, frame, strip, style, curves)
        elif strip.plot.has(0):
            _paint_shown(painter, picture, frame, strip, style)
        if strip.plot.has(0):
            paint_veil(painter, picture, traces[0].group, strip.box, x, style)
        painter.setClipping(False)
        # Once for neighbours of one group: under the lowest of them.
        group_below = group_of(picture, frame.strips[place + 1 : place + 2])
        if strip.plot.has(0) and traces[0].group != group_below:
            paint_bands(painter, picture, traces[0].group, strip.box, x, style)
        for group in groups:
            if group not in said:
                said.add(group)
                paint_hole_words(painter, picture, group, strip.box, x, style)
    paint_seams(painter, picture, frame.boxes, x, style)
    paint_edge(painter, picture, frame.boxes, x, style)
    painter.end()
    return Painted(x, (*first, *(strip.y[0] for strip in frame.strips)), frame.strips)


def group_of(picture: Picture, strips: tuple[Strip, ...]) -> str | None:
    """The group of the first of these plots' first channel."""
    return picture.traces[strips[0].plot.rows[0]].group if strips else None


def _paint_shown(
    painter: QtGui.QPainter, picture: Picture, frame: Frame, strip: Strip, style: Style
) -> None:
    look = style.look(0)
    # The first channel last, over the others.
    for place in reversed(range(len(strip.plot.rows))):
        row = strip.plot.rows[place]
        line = at(picture.lines, row)
        if line is not None:
            ink = Ink(look.ink(place), picture.traces[row].channel.step)
            paint_line(painter, line, frame.x, strip.y[place], ink, style)


def _paint_others(
    painter: QtGui.QPainter,
    picture: Picture,
    frame: Frame,
    strip: Strip,
    style: Style,
    *,
    running: bool,
) -> None:
    for number, other in enumerate(picture.others, start=1):
        if other.shown.open != running or not strip.plot.has(number):
            continue
        look = style.look(number)
        for place, row in enumerate(strip.plot.rows):
            line = at(other.lines, row)
            if line is not None:
                stepped = picture.traces[row].channel.step
                ink = Ink(look.ink(place), stepped, dash=look.dash)
                paint_line(painter, line, frame.x, strip.y[place], ink, style)


def _paint_sessions(
    canvas: Canvas,
    painter: QtGui.QPainter,
    picture: Picture,
    frame: Frame,
    strip: Strip,
    style: Style,
    curves: Sequence[Curves],
) -> None:
    assert picture.session is not None  # noqa: S101 - the caller has looked
    for number in reversed(range(len(curves))):  # the shown car over the others
        if not strip.plot.has(number):
            continue
        look: Look = style.look(number)
        for place in reversed(range(len(strip.plot.rows))):
            trace = picture.traces[strip.plot.rows[place]]
            curve = curves[number].get(trace.key)
            if curve is not None:
                ink = Ink(look.ink(place), trace.channel.step, dash=look.dash)
                y, start = strip.y[place], picture.session.start_us
                paint_long(canvas, painter, curve, start, strip.box, frame.x, y, ink, style)
