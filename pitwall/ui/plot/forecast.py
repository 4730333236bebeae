"""What a model says of the next lap, under the measured one: dotted, and so not taken for it.

It is drawn with what stays while a lap is driven, so that new data costs nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pitwall.telemetry.units import alike, conversion
from pitwall.ui.model import Axis
from pitwall.ui.picture import Floats, Picture
from pitwall.ui.plot.axis import Scale
from pitwall.ui.plot.choice import SPEEDS
from pitwall.ui.plot.curves import curve_area
from pitwall.ui.plot.decimate import decimate
from pitwall.ui.plot.frame import Strip
from pitwall.ui.plot.furniture import Style
from pitwall.ui.plot.looks import TO_COME
from pitwall.ui.plot.polyline import polygon
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.theme import mix, with_alpha

SAME_LAP = 0.01
"""Lap lengths further apart than this share are not of one line: nothing is drawn."""
GAIN_HEIGHT = 26
SMALLEST_S = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """A modelled lap.

    Attributes:
        car: whose.
        length_m: of the lap that it was modelled on.
        at_m: float64[n], metres after the line, increasing.
        speed_ms: float64[n].
        gained_s: float64[n], time gained up to each point; empty when nothing is changed.
        words: with what it is driven, and what is believed of it.
    """

    car: str
    length_m: float
    at_m: Floats
    speed_ms: Floats
    gained_s: Floats
    words: str


def fits(forecast: Forecast, picture: Picture) -> bool:
    """Whether it belongs on this picture's axis: the same car, metres, and as long a lap."""
    length = picture.full[1]
    return (
        picture.axis is Axis.DISTANCE
        and picture.session is None
        and picture.car == forecast.car
        and abs(forecast.length_m - length) <= SAME_LAP * length
    )


def paint_forecast(
    painter: QtGui.QPainter, picture: Picture, strip: Strip, x: Scale, style: Style, one: Forecast
) -> None:
    """The speed into the plot of the speed, and the gain along its foot."""
    if not fits(one, picture) or not strip.plot.has(0):
        return
    for row, y in zip(strip.plot.rows, strip.y, strict=True):
        channel = picture.traces[row].channel
        if channel.name in SPEEDS and channel.unit in alike("m/s"):
            how = conversion("m/s", channel.unit)
            colour = ink(style)
            painter.setClipRect(curve_area(strip.box))
            speed = one.speed_ms * how.factor + how.offset
            _dotted(painter, one.at_m, y.pixels(speed), x, colour)
            _paint_gain(painter, one, strip, x, style, colour)
            painter.setClipping(False)
            return


def ink(style: Style) -> QtGui.QColor:
    """Neither a car's colour nor the reference's."""
    c = style.theme.colours
    return mix(c.reference, c.text, 0.55)


def _dotted(
    painter: QtGui.QPainter, at_m: Floats, pixels: Floats, x: Scale, colour: QtGui.QColor
) -> None:
    first, last = np.searchsorted(at_m, (x.low, x.high))
    part = slice(max(int(first) - 1, 0), int(last) + 1)
    if len(at_m[part]) < 2:
        return
    pen = QtGui.QPen(colour, 0)
    pen.setDashPattern(list(TO_COME))
    painter.setPen(pen)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
    shape = polygon(*decimate(x.pixels(at_m[part]), pixels[part]))
    painter.drawPolyline(shape)
    shape.translate(0.0, 0.7)
    painter.drawPolyline(shape)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)


def _paint_gain(
    painter: QtGui.QPainter,
    one: Forecast,
    strip: Strip,
    x: Scale,
    style: Style,
    colour: QtGui.QColor,
) -> None:
    """Where along the lap the gain arises, what it comes to, and by what."""
    theme, inner = style.theme, strip.box.inner
    painter.setFont(theme.small())
    metrics = painter.fontMetrics()
    bottom = inner.bottom() - theme.px(2)
    left = max(x.pixel(0.0), float(inner.left())) + theme.px(4)
    right = min(x.pixel(one.length_m), float(inner.right())) - theme.px(4)
    room = right - left
    if len(one.gained_s):
        low, high = min(float(one.gained_s.min()), 0.0), max(float(one.gained_s.max()), 0.0)
        height = theme.px(GAIN_HEIGHT)
        y = Scale(low, max(high, low + SMALLEST_S), bottom, bottom - height)
        painter.setPen(mix(theme.colours.line, theme.colours.faint, 0.6))
        zero = y.pixel(0.0)
        painter.drawLine(QtCore.QLineF(x.pixel(0.0), zero, x.pixel(one.length_m), zero))
        _dotted(painter, one.at_m, y.pixels(one.gained_s), x, colour)
        end = f"{one.gained_s[-1]:+.2f} s"
        width = metrics.horizontalAdvance(end)
        place = QtCore.QPointF(right - width, y.pixel(float(one.gained_s[-1])) - theme.px(3))
        _say(painter, place, end, colour, style)
        room -= width + theme.px(12)
        bottom -= theme.px(4)
    # At the left, where little is gained yet.
    words = metrics.elidedText(
        f"predicted {one.words}", QtCore.Qt.TextElideMode.ElideRight, max(int(room), 0)
    )
    _say(painter, QtCore.QPointF(left, bottom - metrics.descent()), words, colour, style)


def _say(
    painter: QtGui.QPainter, at: QtCore.QPointF, text: str, colour: QtGui.QColor, style: Style
) -> None:
    """Words with their base line there, on so much of the ground that curves stay behind them."""
    metrics = painter.fontMetrics()
    back = QtCore.QRectF(
        at.x() - 3, at.y() - metrics.ascent(), metrics.horizontalAdvance(text) + 6, metrics.height()
    )
    painter.fillRect(back, with_alpha(style.theme.colours.panel, 0.8))
    painter.setPen(colour)
    painter.drawText(at, text)
