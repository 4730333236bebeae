"""The track as learnt from GPS, the cars on it, and where the shown lap gains and loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis import TrackLine
from pitwall.analysis.gains import ROUGH_SMOOTH_M, SMOOTH_M, STEP_M, UNKNOWN, gain_classes
from pitwall.ui.panes.map_labels import LINE_STEP, box, free_spot, nearest_edge
from pitwall.ui.panes.panel import Panel, paint_ground
from pitwall.ui.plot.polyline import polygon
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme, mix

Floats = NDArray[np.float64]
TURN_GAIN = 1.2
NAMED = 135
"""A line of at least so many pixels one way has names at its corners, at scale 1."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A car on the map: place in metres, colour, and whether it is selected or in the pits."""

    car: str
    x: float
    y: float
    colour: QtGui.QColor
    selected: bool
    in_pit: bool


class MapPane(Panel):
    """The track map.

    Attributes:
        ground_renders: how often the line itself was painted; gains and moving cars do not count.
        labels: where the cars' numbers were written; one that found no room is not there.
    """

    TRACK_PX = 9
    GAIN_PX = 3
    MARGIN_PX = 34
    chosen = QtCore.Signal(str)

    SMALLEST = (180, 150)

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(theme, "Track", parent)
        self.ground_renders = 0
        self.labels: dict[str, QtCore.QRectF] = {}
        self._track: TrackLine | None = None
        self._corners: tuple[tuple[float, str], ...] = ()
        self._gains: tuple[Floats, Floats] | None = None
        self._smooth_m = SMOOTH_M
        self._dots: tuple[Dot, ...] = ()
        self._as_of = ""
        self._cursor: tuple[float, float] | None = None
        self._ground: QtGui.QPixmap | None = None
        self._pixmap: QtGui.QPixmap | None = None
        self._fit = _Fit(1.0, 0.0, 0.0, False)
        self._outline: tuple[Floats, Floats] = (np.empty(0), np.empty(0))
        self._words: list[QtCore.QRectF] = []

    def set_theme(self, theme: Theme) -> None:
        """As :meth:`Panel.set_theme`; the track is painted anew."""
        self._ground = self._pixmap = None
        super().set_theme(theme)

    def needed_width(self) -> int:
        """Where it shares a row, pixels for a map that can be read."""
        return self.theme.px(440)

    def wanted_height(self, width: int, room: int) -> int:
        """Where it shares a column, pixels: a little wider than tall, less than half of it."""
        return min(round(width * 0.8), room * 43 // 100)

    def show_track(self, track: TrackLine | None, corners: tuple[tuple[float, str], ...]) -> None:
        """Show another line; ``corners`` are ``(metres, name)``."""
        if track is not self._track or corners != self._corners:
            self._track, self._corners = track, corners
            self._stale()

    def show_gains(self, behind: tuple[Floats, Floats] | None, *, rough: bool = False) -> None:
        """Colour the line by ``(s, seconds behind the reference)``; None leaves it plain.
        ``rough``: the times are reconstructed."""
        before, self._gains = self._gains, behind
        self._smooth_m = ROUGH_SMOOTH_M if rough else SMOOTH_M
        if _steps(before) != _steps(behind):
            self._pixmap = None
            self._say()
            self.update()

    def show_as_of(self, words: str) -> None:
        """Say that the cars are shown where they were; empty when they are where they are."""
        self._as_of = words
        self._say()

    def _say(self) -> None:
        gains = "gain and loss to reference" if self._gains is not None else ""
        self.set_titles("Track", " · ".join(part for part in (self._as_of, gains) if part))

    def show_dots(self, dots: Sequence[Dot]) -> None:
        """Put the cars where they are."""
        if tuple(dots) != self._dots:
            self._dots = tuple(dots)
            self.update()

    def show_cursor(self, place: tuple[float, float] | None) -> None:
        """Mark the cursor's place, in metres."""
        if place != self._cursor:
            self._cursor = place
            self.update()

    # -- painting -----------------------------------------------------------------------

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        if self._pixmap is None:
            self._pixmap = self._render()
        painter = QtGui.QPainter(self)
        painter.drawPixmap(0, 0, self._pixmap)
        self.paint_title(painter)
        if self._track is not None:
            self._paint_dots(painter)
        painter.end()

    def _render(self) -> QtGui.QPixmap:
        """The line with its gains, over a ground that is kept."""
        if self._ground is None:
            self._ground = self._paint_ground()
        if self._track is None:
            return self._ground
        pixmap = QtGui.QPixmap(self._ground)
        painter = QtGui.QPainter(pixmap)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        self._paint_gains(painter, self._track)
        self._paint_start(painter, self._track)
        painter.end()
        return pixmap

    def _paint_ground(self) -> QtGui.QPixmap:
        self.ground_renders += 1
        ratio = self.devicePixelRatioF()
        pixmap = QtGui.QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        painter = QtGui.QPainter(pixmap)
        paint_ground(painter, self.rect(), self.theme)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        if self._track is None:
            painter.setPen(self.theme.colours.faint)
            painter.setFont(self.theme.small())
            area = self.rect().adjusted(0, self.top, 0, 0)
            words = "The line is learnt from the first complete lap."
            painter.drawText(area, QtCore.Qt.AlignmentFlag.AlignCenter, words)
        else:
            self._fit = self._fitted(self._track.xy)
            self._paint_line(painter, self._track)
        painter.end()
        return pixmap

    def _fitted(self, xy: Floats) -> _Fit:
        """The largest picture of the line, turned by a quarter when that helps clearly."""
        pad = self.theme.px(self.MARGIN_PX)
        room = QtCore.QRectF(self.rect()).adjusted(pad, self.top + pad * 0.6, -pad, -pad * 0.8)
        low, high = xy.min(axis=0), xy.max(axis=0)
        width, height = np.maximum(high - low, 1.0)
        upright = min(room.width() / width, room.height() / height)
        turned = min(room.width() / height, room.height() / width)
        turn = bool(turned > TURN_GAIN * upright)
        scale = float(turned if turn else upright)
        middle = (low + high) / 2
        mx, my = (middle[1], -middle[0]) if turn else (middle[0], middle[1])
        centre = room.center()
        return _Fit(scale, centre.x() - scale * float(mx), centre.y() + scale * float(my), turn)

    def _paint_line(self, painter: QtGui.QPainter, track: TrackLine) -> None:
        theme, c = self.theme, self.theme.colours
        px, py = self._fit.pixels(track.xy[:, 0], track.xy[:, 1])
        thin = slice(None, None, max(1, len(px) // 200))
        self._outline = (px[thin], py[thin])
        outline = polygon(np.append(px, px[0]), np.append(py, py[0]))
        pen = QtGui.QPen(c.track, theme.px(self.TRACK_PX))
        pen.setJoinStyle(QtCore.Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.drawPolyline(outline)
        self._words = []
        # Where the line is small, the cars need the room for their numbers.
        if max(float(np.ptp(px)), float(np.ptp(py))) >= theme.px(NAMED):
            self._paint_corners(painter, track)
        if self._fit.turned:
            self._paint_north(painter)

    def _paint_gains(self, painter: QtGui.QPainter, track: TrackLine) -> None:
        if self._gains is None or len(self._gains[0]) < 4:
            return
        c = self.theme.colours
        s, classes = gain_classes(*self._gains, self._smooth_m)
        px, py = self._fit.pixels(*track.at(s))
        edges = np.flatnonzero(np.diff(classes)) + 1
        colours = {-1: c.live, 0: mix(c.track, c.reference, 0.75), 1: c.fault}
        for first, last in zip([0, *edges], [*edges, len(s) - 1], strict=True):
            if classes[first] == UNKNOWN:
                continue
            kind = int(classes[first])
            line = polygon(px[first : last + 1], py[first : last + 1])
            # Lost is wide, gained is hollow: told apart without telling red from green.
            wide = self.GAIN_PX * (1.0 if kind == 0 else 2.0)
            self._stroke(painter, line, colours[kind], wide)
            if kind == -1:
                self._stroke(painter, line, c.track, self.GAIN_PX * 0.8)

    def _stroke(
        self, painter: QtGui.QPainter, line: QtGui.QPolygonF, colour: QtGui.QColor, width: float
    ) -> None:
        pen = QtGui.QPen(colour, self.theme.px(width))
        pen.setCapStyle(QtCore.Qt.PenCapStyle.FlatCap)
        pen.setJoinStyle(QtCore.Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.drawPolyline(line)

    def _paint_start(self, painter: QtGui.QPainter, track: TrackLine) -> None:
        px, py = self._fit.pixels(track.xy[[-1, 0, 1], 0], track.xy[[-1, 0, 1], 1])
        along = np.array([px[2] - px[0], py[2] - py[0]])
        length = float(np.hypot(*along)) or 1.0
        nx, ny = -along[1] / length, along[0] / length
        half = self.theme.px(self.TRACK_PX)
        painter.setPen(QtGui.QPen(self.theme.colours.text, self.theme.px(2)))
        painter.drawLine(
            QtCore.QPointF(px[1] - nx * half, py[1] - ny * half),
            QtCore.QPointF(px[1] + nx * half, py[1] + ny * half),
        )

    def _paint_corners(self, painter: QtGui.QPainter, track: TrackLine) -> None:
        if not self._corners:
            return
        painter.setFont(self.theme.small())
        painter.setPen(self.theme.colours.faint)
        metrics = painter.fontMetrics()
        s = np.array([at for at, _ in self._corners])
        px, py = self._fit.pixels(*track.at(s))
        bx, by = self._fit.pixels(*track.at(s - 40.0))
        ax, ay = self._fit.pixels(*track.at(s + 40.0))
        room = self.theme.px(17)
        self._words = []
        for i, (_, name) in enumerate(self._corners):
            # Away from the inside of the bend: from the chord's middle through the apex.
            out = np.array([px[i] - (ax[i] + bx[i]) / 2, py[i] - (ay[i] + by[i]) / 2])
            length = float(np.hypot(*out))
            if length < 0.3:
                out, length = np.array([ay[i] - by[i], bx[i] - ax[i]]), 0.0
                length = float(np.hypot(*out)) or 1.0
            at = QtCore.QPointF(px[i] + out[0] / length * room, py[i] + out[1] / length * room)
            width, height = metrics.horizontalAdvance(name), metrics.capHeight()
            spot = QtCore.QRectF(at.x() - width / 2, at.y() - height / 2, width, height)
            if any(spot.adjusted(-3, -2, 3, 2).intersects(other) for other in self._words):
                continue
            painter.drawText(spot.bottomLeft(), name)
            self._words.append(spot)

    def _paint_north(self, painter: QtGui.QPainter) -> None:
        x, y = self.padding, self.height() - self.theme.px(12)
        painter.setFont(self.theme.small())
        painter.setPen(self.theme.colours.faint)
        painter.drawText(x, y, "N →")

    def _paint_dots(self, painter: QtGui.QPainter) -> None:
        theme, c = self.theme, self.theme.colours
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        painter.setFont(theme.small(bold=True))
        metrics = painter.fontMetrics()
        taken = np.empty((len(self._words) + 2 * len(self._dots), 4))
        for count, word in enumerate(self._words):
            taken[count] = box(word)
        count = len(self._words)
        line = self._outline[0][::LINE_STEP], self._outline[1][::LINE_STEP]
        places = []
        for dot in sorted(self._dots, key=lambda d: d.selected):
            (x,), (y,) = self._fit.pixels(np.array([dot.x]), np.array([dot.y]))
            radius = theme.px(7 if dot.selected else 5)
            places.append((dot, float(x), float(y), radius))
            taken[count] = (x - radius, y - radius, x + radius, y + radius)
            count += 1
        for dot, x, y, radius in places:
            colour = mix(c.panel, dot.colour, 0.45) if dot.in_pit else dot.colour
            painter.setPen(QtGui.QPen(c.panel, theme.px(2)))
            painter.setBrush(colour)
            painter.drawEllipse(QtCore.QPointF(x, y), radius, radius)
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
        self.labels = {}
        for dot, x, y, radius in reversed(places):
            width, height = metrics.horizontalAdvance(dot.car), metrics.capHeight()
            room = QtCore.QRectF(self.rect()).adjusted(4, self.top, -4, -4)
            boxes = taken[:count]
            spot = free_spot(x, y, radius + theme.px(4), width, height, boxes, line, room)
            if spot is None:
                continue
            taken[count] = box(spot)
            count += 1
            self.labels[dot.car] = spot
            far = spot.center() - QtCore.QPointF(x, y)
            if np.hypot(far.x(), far.y()) > radius + width / 2 + theme.px(12):
                painter.setPen(QtGui.QPen(c.faint, 1))
                painter.drawLine(QtCore.QPointF(x, y), nearest_edge(spot, x, y))
            painter.setPen(c.text if dot.selected else c.dim)
            painter.drawText(spot.bottomLeft(), dot.car)
        if self._cursor is not None:
            (x,), (y,) = self._fit.pixels(np.array([self._cursor[0]]), np.array([self._cursor[1]]))
            painter.setPen(QtGui.QPen(c.cursor, theme.px(2)))
            painter.drawEllipse(QtCore.QPointF(x, y), theme.px(6), theme.px(6))

    # -- pointer ------------------------------------------------------------------------

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        nearest, best = "", self.theme.px(18) ** 2
        for dot in self._dots:
            (x,), (y,) = self._fit.pixels(np.array([dot.x]), np.array([dot.y]))
            away = (x - event.position().x()) ** 2 + (y - event.position().y()) ** 2
            if away < best:
                nearest, best = dot.car, away
        if nearest:
            self.chosen.emit(nearest)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        self._ground = self._pixmap = None
        super().resizeEvent(event)

    def _stale(self) -> None:
        self._ground = self._pixmap = None
        self.update()


@dataclass(frozen=True, slots=True)
class _Fit:
    """Metres (x east, y north) to pixels."""

    scale: float
    x0: float
    y0: float
    turned: bool

    def pixels(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Pixels of the places ``x``, ``y``."""
        if self.turned:
            x, y = y, -x
        return self.x0 + self.scale * x, self.y0 - self.scale * y


def _steps(gains: tuple[Floats, Floats] | None) -> object:
    """Equal for gains that would be coloured alike, but for their newest few metres."""
    if gains is None:
        return None
    unknown = int(np.isnan(gains[1]).sum())
    return (gains[0][0], int(gains[0][-1] / (2 * STEP_M)), float(gains[1][0]), unknown)
