"""The driver's map: one lap, large, with the corners that are spoken of and the ghost."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pitwall.analysis import Corner, TrackLine
from pitwall.ui.panes.map import MapPane
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme

Place = tuple[float, float]


class DriverMap(MapPane):
    """A map of one lap.

    Attributes:
        badges: where the corners' numbers were written, by number.

    Signals:
        corner_chosen: number of the corner that was clicked.
    """

    TRACK_PX = 20
    GAIN_PX = 6
    MARGIN_PX = 84
    corner_chosen = QtCore.Signal(int)

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.badges: dict[int, QtCore.QPointF] = {}
        self._bends: tuple[Corner, ...] = ()
        self._spoken: Mapping[int, float] = {}
        self._selected: int | None = None
        self._own: tuple[Place, QtGui.QColor] | None = None
        self._ghost: Place | None = None

    @property
    def top(self) -> int:
        """No title: the line above says which lap this is."""
        return 0

    def paint_title(self, painter: QtGui.QPainter) -> None:
        """Nothing."""

    def show_lap(
        self,
        track: TrackLine | None,
        corners: tuple[Corner, ...],
        spoken: Mapping[int, float],
        selected: int | None,
    ) -> None:
        """The line and its corners; ``spoken`` are seconds to gain (below 0: won) by number."""
        if (corners, spoken, selected) != (self._bends, self._spoken, self._selected):
            self._bends, self._spoken, self._selected = corners, dict(spoken), selected
            self._stale()
        self.show_track(track, ())

    def show_places(self, own: tuple[Place, QtGui.QColor] | None, ghost: Place | None) -> None:
        """Where the car is on its lap, and the reference as long after its own start."""
        if (own, ghost) != (self._own, self._ghost):
            self._own, self._ghost = own, ghost
            self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        super().paintEvent(event)
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        c, theme = self.theme.colours, self.theme
        if self._ghost is not None:
            painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
            painter.setPen(QtGui.QPen(c.reference_text, theme.px(3)))
            painter.drawEllipse(self._pixel(*self._ghost), theme.px(9), theme.px(9))
        if self._own is not None:
            painter.setPen(QtGui.QPen(c.panel, theme.px(2)))
            painter.setBrush(self._own[1])
            painter.drawEllipse(self._pixel(*self._own[0]), theme.px(9), theme.px(9))
        self._paint_legend(painter)
        painter.end()

    def _paint_corners(self, painter: QtGui.QPainter, track: TrackLine) -> None:
        """Every corner's number outside of its bend; those that are spoken of in a disc, with the
        time."""
        c, theme = self.theme.colours, self.theme
        self.badges = {}
        self._words = []
        middle = self._pixel(*track.xy.mean(axis=0).tolist())
        line = np.stack([self._outline[0], self._outline[1]])
        for corner in self._bends:
            spoken = self._spoken.get(corner.number)
            radius = theme.px(15 if spoken is not None else 9)
            away = theme.px(self.TRACK_PX) + radius + theme.px(4)
            at = self._beside(track, corner, away, middle, line, list(self.badges.values()))
            self.badges[corner.number] = at
            label = str(corner.number) if corner.name == f"T{corner.number}" else corner.name
            if spoken is None:
                painter.setFont(theme.body())
                painter.setPen(c.text if corner.number == self._selected else c.dim)
                _centred(painter, at, label)
                continue
            colour = c.fault if spoken > 0 else c.live
            painter.setPen(QtCore.Qt.PenStyle.NoPen)
            painter.setBrush(colour if spoken > 0 else c.panel)
            if spoken <= 0:
                painter.setPen(QtGui.QPen(colour, theme.px(3)))
            painter.drawEllipse(at, radius, radius)
            if corner.number == self._selected:
                painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
                painter.setPen(QtGui.QPen(c.text, theme.px(2)))
                painter.drawEllipse(at, radius + theme.px(4), radius + theme.px(4))
            painter.setFont(theme.body(bold=True))
            painter.setPen(c.ground if spoken > 0 else colour)
            _centred(painter, at, str(corner.number))

    def _beside(
        self,
        track: TrackLine,
        corner: Corner,
        away: float,
        middle: QtCore.QPointF,
        line: np.ndarray,
        taken: list[QtCore.QPointF],
    ) -> QtCore.QPointF:
        """A place beside the apex: on the side that is further from every part of the line, and
        from the numbers that stand there already."""
        s = np.array([corner.apex_m - 15.0, corner.apex_m, corner.apex_m + 15.0])
        px, py = self._fit.pixels(*track.at(s))
        along = np.array([px[2] - px[0], py[2] - py[0]])
        normal = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-6)
        spots = [np.array([px[1], py[1]]) + side * away * normal for side in (1.0, -1.0)]
        room = [
            float(np.hypot(line[0] - spot[0], line[1] - spot[1]).min()) if line.size else 0.0
            for spot in spots
        ]
        far = [np.hypot(spot[0] - middle.x(), spot[1] - middle.y()) for spot in spots]
        # Outside of the circuit where both have room, so that numbers stand round it.
        clear = [
            min((np.hypot(spot[0] - t.x(), spot[1] - t.y()) for t in taken), default=away)
            >= away / 2
            for spot in spots
        ]
        keys = [(c, min(r, away * 0.9), f) for c, r, f in zip(clear, room, far, strict=True)]
        best = spots[0] if keys[0] >= keys[1] else spots[1]
        return QtCore.QPointF(float(best[0]), float(best[1]))

    def _pixel(self, x: float, y: float) -> QtCore.QPointF:
        (px,), (py,) = self._fit.pixels(np.array([x]), np.array([y]))
        return QtCore.QPointF(float(px), float(py))

    def _paint_legend(self, painter: QtGui.QPainter) -> None:
        """What wide and hollow lines mean."""
        if self._gains is None:
            return
        c, theme = self.theme.colours, self.theme
        painter.setFont(theme.small())
        x, y = float(theme.px(18)), self.height() - float(theme.px(20))
        for words, colour, hollow in (("lost", c.fault, False), ("gained", c.live, True)):
            width = theme.px(26)
            painter.setPen(QtGui.QPen(colour, theme.px(self.GAIN_PX)))
            painter.drawLine(QtCore.QPointF(x, y), QtCore.QPointF(x + width, y))
            if hollow:
                painter.setPen(QtGui.QPen(c.track, theme.px(self.GAIN_PX * 0.4)))
                painter.drawLine(QtCore.QPointF(x, y), QtCore.QPointF(x + width, y))
            x += width + theme.px(8)
            painter.setPen(c.dim)
            metrics = painter.fontMetrics()
            painter.drawText(QtCore.QPointF(x, y + metrics.capHeight() / 2), words)
            x += metrics.horizontalAdvance(words) + theme.px(22)

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        best, nearest = float(self.theme.px(42)) ** 2, None
        for corner in self._bends:
            badge = self.badges.get(corner.number)
            if badge is None or self._track is None:
                continue
            x, y = self._track.at(np.array([corner.apex_m]))
            for spot in (badge, self._pixel(float(x[0]), float(y[0]))):
                off = spot - event.position()
                away = off.x() ** 2 + off.y() ** 2
                if away < best:
                    best, nearest = away, corner.number
        if nearest is not None:
            self.corner_chosen.emit(nearest)


def _centred(painter: QtGui.QPainter, at: QtCore.QPointF, text: str) -> None:
    metrics = painter.fontMetrics()
    width, height = metrics.horizontalAdvance(text), metrics.capHeight()
    painter.drawText(QtCore.QPointF(at.x() - width / 2, at.y() + height / 2), text)
