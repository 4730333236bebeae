"""One corner, large: speed, throttle and brake of the shown lap and the reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis import Corner
from pitwall.ui.corner_curves import Curve, LapCurves
from pitwall.ui.panes.panel import Panel
from pitwall.ui.plot.polyline import polygon
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme

Floats = NDArray[np.float64]
BEFORE_M = 60.0
"""Shown ahead of the corner's part, so that the brake point is not at the edge."""
SPEED_SHARE = 0.6
LOW, LOWEST = 130, 34
"""Heights below which the speed has the picture for itself, and below which nothing is seen."""


@dataclass(frozen=True, slots=True, eq=False)
class CornerPicture:
    """What is drawn.

    Attributes:
        corner: which.
        lo, hi: metres of the lap that are shown.
        own, other: curves of the shown lap and of the reference, None without one.
        own_name, other_name: how they are called.
        own_brake_m, other_brake_m: where the brake went on, metres after the line, or NaN.
        behind_s: seconds lost in the corner's part; NaN if not known.
    """

    corner: Corner
    lo: float
    hi: float
    own: LapCurves | None
    other: LapCurves | None
    own_name: str
    other_name: str
    own_brake_m: float
    other_brake_m: float
    behind_s: float


class CornerTraces(Panel):
    """The picture of one corner."""

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(theme, "Corner", parent)
        self.picture: CornerPicture | None = None
        self._key: object = None
        self._colour = QtGui.QColor()

    @property
    def top(self) -> int:
        """No title: the corner's name is part of the picture."""
        return 0

    def show_corner(self, picture: CornerPicture | None, colour: QtGui.QColor) -> None:
        """Draw this corner; ``colour`` is the shown car's."""
        key = None
        if picture is not None:
            key = (picture.corner, id(picture.own), id(picture.other), picture.own_name,
                   picture.other_name, picture.behind_s, colour.rgba())  # fmt: skip
        if key != self._key or picture is None:
            self._key, self.picture, self._colour = key, picture, colour
            self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        painter = QtGui.QPainter(self)
        self.paint_frame(painter)
        c, theme = self.theme.colours, self.theme
        picture = self.picture
        if picture is None:
            painter.setFont(theme.body())
            painter.setPen(c.dim)
            painter.drawText(
                self.rect(), QtCore.Qt.AlignmentFlag.AlignCenter, "Click a corner of the map."
            )
            painter.end()
            return
        pad = theme.px(18)
        y = self._paint_head(painter, picture, pad)
        area = QtCore.QRectF(self.rect()).adjusted(
            pad + theme.px(28), y + theme.px(20), -pad, -theme.px(30)
        )
        if area.height() < theme.px(LOW):
            area.setBottom(self.height() - theme.px(10))
        if area.height() >= theme.px(LOWEST):
            self._paint_curves(painter, picture, area)
        painter.end()

    def _paint_head(self, painter: QtGui.QPainter, picture: CornerPicture, pad: int) -> float:
        c, theme = self.theme.colours, self.theme
        painter.setFont(theme.body(bold=True))
        metrics = painter.fontMetrics()
        baseline = pad + metrics.capHeight()
        x = float(pad)
        words = picture.corner.spoken
        parts: list[tuple[str, QtGui.QColor, bool]] = [
            (words[:1].upper() + words[1:], c.text, False),
            (picture.own_name, self._colour, True),
        ]
        if picture.other is not None:
            parts.append((picture.other_name, c.reference_text, True))
        for text, colour, dash in parts:
            if dash:
                painter.setPen(QtGui.QPen(colour, theme.px(3)))
                mid = baseline - metrics.capHeight() / 2
                painter.drawLine(QtCore.QPointF(x, mid), QtCore.QPointF(x + theme.px(16), mid))
                x += theme.px(22)
            painter.setPen(c.text if not dash else c.dim)
            painter.drawText(QtCore.QPointF(x, baseline), text)
            x += metrics.horizontalAdvance(text) + theme.px(18)
        if np.isfinite(picture.behind_s) and picture.other is not None:
            painter.setFont(theme.body(mono=True, bold=True))
            sign = "+" if picture.behind_s > 0 else "\u2212"
            text = f"{sign}{abs(picture.behind_s):.2f} s"
            painter.setPen(c.fault if picture.behind_s > 0 else c.live)
            width = painter.fontMetrics().horizontalAdvance(text)
            painter.drawText(QtCore.QPointF(self.width() - pad - width, baseline), text)
        return baseline + theme.px(6)

    def _paint_curves(
        self, painter: QtGui.QPainter, picture: CornerPicture, area: QtCore.QRectF
    ) -> None:
        c, theme = self.theme.colours, self.theme
        alone = area.height() < theme.px(LOW)
        top = QtCore.QRectF(area)
        top.setHeight(area.height() * (1.0 if alone else SPEED_SHARE))
        low = QtCore.QRectF(area)
        low.setTop(top.bottom() + theme.px(14))
        laps = [(picture.other, c.reference_text), (picture.own, self._colour)]
        speeds = [
            part
            for lap, _ in laps
            if lap is not None and (part := _part(lap.speed, picture)) is not None
        ]
        if not speeds:
            painter.setFont(theme.body())
            painter.setPen(c.dim)
            painter.drawText(
                area, QtCore.Qt.AlignmentFlag.AlignCenter, "No speed was received here."
            )
            return
        least = min(float(v.min()) for _, v in speeds)
        most = max(float(v.max()) for _, v in speeds)
        figures = min(5.0, max(top.height() / theme.px(18), 1.0))
        step = next(s for s in (10, 20, 50, 100) if (most - least) / s <= figures or s == 100)
        lo, hi = np.floor(least / step) * step, np.ceil(most / step) * step
        painter.setFont(theme.small(mono=True))
        for value in np.arange(lo, hi + 1, step):
            y = top.bottom() - (value - lo) / max(hi - lo, 1) * top.height()
            painter.setPen(c.line)
            painter.drawLine(QtCore.QPointF(top.left(), y), QtCore.QPointF(top.right(), y))
            painter.setPen(c.dim)
            box = QtCore.QRectF(0, y - theme.px(8), top.left() - theme.px(6), theme.px(16))
            painter.drawText(box, _RIGHT, f"{value:.0f}")
        if not alone:
            self._paint_brakes(painter, picture, area)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        for lap, colour in laps:
            if lap is None:
                continue
            self._line(painter, _part(lap.speed, picture), picture, top, (lo, hi), colour, 1.4)
            if alone:
                continue
            self._line(painter, _part(lap.throttle, picture), picture, low, (0, 1), colour, 1)
            self._line(
                painter, _part(lap.brake, picture), picture, low, (0, 1), colour, 1, dashed=True
            )
        painter.setFont(theme.small())
        painter.setPen(c.dim)
        painter.drawText(QtCore.QPointF(top.left() + 2, top.top() - theme.px(3)), "km/h")
        if not alone:
            self._paint_key(painter, QtCore.QPointF(low.right(), low.top() - theme.px(3)))

    def _paint_key(self, painter: QtGui.QPainter, at: QtCore.QPointF) -> None:
        """Which of the lower lines is which, each with its own stroke; ends at ``at``."""
        theme, metrics = self.theme, painter.fontMetrics()
        x, y = at.x(), at.y() - metrics.xHeight() / 2
        for words, style in (
            ("brake", QtCore.Qt.PenStyle.DotLine),
            ("throttle", QtCore.Qt.PenStyle.SolidLine),
        ):
            pen = QtGui.QPen(theme.colours.dim, theme.scale)
            pen.setStyle(style)
            painter.setPen(pen)
            painter.drawLine(QtCore.QPointF(x - theme.px(16), y), QtCore.QPointF(x, y))
            x -= theme.px(20) + metrics.horizontalAdvance(words)
            painter.setPen(theme.colours.dim)
            painter.drawText(QtCore.QPointF(x, at.y()), words)
            x -= theme.px(12)

    def _paint_brakes(
        self, painter: QtGui.QPainter, picture: CornerPicture, area: QtCore.QRectF
    ) -> None:
        """Where both braked: metres before the apex."""
        c, theme = self.theme.colours, self.theme
        places = [
            (picture.own_brake_m, self._colour, picture.own is not None),
            (picture.other_brake_m, c.reference_text, picture.other is not None),
        ]
        known = [(at, colour) for at, colour, there in places if there and np.isfinite(at)]
        earliest = min((at for at, _ in known), default=0.0)
        painter.setFont(theme.body(mono=True))
        metrics = painter.fontMetrics()
        for at, colour in known:
            x = area.left() + (at - picture.lo) / (picture.hi - picture.lo) * area.width()
            pen = QtGui.QPen(colour, theme.scale)
            pen.setStyle(QtCore.Qt.PenStyle.DashLine)
            painter.setPen(pen)
            painter.drawLine(QtCore.QPointF(x, area.top()), QtCore.QPointF(x, area.bottom()))
            text = f"{picture.corner.apex_m - at:.0f} m"
            width = metrics.horizontalAdvance(text)
            # The earlier one to the left of its line, the later one to the right.
            left = x - width - theme.px(4) if at == earliest and len(known) > 1 else x + theme.px(4)
            painter.setPen(colour)
            painter.drawText(
                QtCore.QPointF(max(left, 2.0), area.bottom() + theme.px(8) + metrics.ascent()), text
            )

    def _line(
        self,
        painter: QtGui.QPainter,
        part: Curve | None,
        picture: CornerPicture,
        area: QtCore.QRectF,
        limits: tuple[float, float],
        colour: QtGui.QColor,
        width: float,
        *,
        dashed: bool = False,
    ) -> None:
        if part is None:
            return
        s, v = part
        x = area.left() + (s - picture.lo) / (picture.hi - picture.lo) * area.width()
        y = area.bottom() - (v - limits[0]) / max(limits[1] - limits[0], 1e-9) * area.height()
        pen = QtGui.QPen(colour, width * self.theme.scale)
        if dashed:
            pen.setStyle(QtCore.Qt.PenStyle.DotLine)
        painter.setPen(pen)
        # A stretch without samples is not drawn over.
        far = np.flatnonzero(np.diff(s) > max(30.0, 6 * float(np.median(np.diff(s)) or 1.0))) + 1
        for a, b in zip([0, *far.tolist()], [*far.tolist(), len(s)], strict=True):
            painter.drawPolyline(polygon(x[a:b], y[a:b]))


def _part(curve: Curve | None, picture: CornerPicture) -> Curve | None:
    """The samples that are shown; None when there are too few."""
    if curve is None:
        return None
    s, v = curve
    inside = (s >= picture.lo) & (s <= picture.hi)
    return (s[inside], v[inside]) if inside.sum() >= 2 else None


_V = QtCore.Qt.AlignmentFlag.AlignVCenter
_RIGHT = _V | QtCore.Qt.AlignmentFlag.AlignRight
