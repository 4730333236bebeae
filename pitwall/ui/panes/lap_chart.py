"""Lap times of the whole field over the race, with cautions and stops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis import LapKind, RaceControl, Timing
from pitwall.telemetry.clock import SECOND_US, lap_time
from pitwall.ui.model import Workspace
from pitwall.ui.official import ControlBook
from pitwall.ui.panes.panel import Panel
from pitwall.ui.plot.polyline import polygon
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.scene import Scene
from pitwall.ui.theme import Theme, mix, with_alpha

Floats = NDArray[np.float64]
ROOM = 1.06
"""Laps slower than this against the field's median are beyond the upper edge; an arrow there says
so."""
_PIT = (LapKind.PIT, LapKind.IN)
_THROUGH = (LapKind.PIT, LapKind.IN, LapKind.OUT)
_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Run:
    """One car's laps: numbers and seconds (NaN where none counts), stops, and its colour (RGBA)."""

    car: str
    laps: tuple[int, ...]
    seconds: tuple[float, ...]
    stops: tuple[int, ...]
    colour: int


class LapChart(Panel):
    """The chart; a click shows the lap nearest to it.

    Attributes:
        runs: what is drawn.
    """

    SMALLEST = (200, 120)

    def __init__(self, theme: Theme, workspace: Workspace) -> None:
        super().__init__(theme, "Lap times")
        self.runs: tuple[Run, ...] = ()
        self._workspace = workspace
        self._book = ControlBook()
        self._control = RaceControl()
        self._selected: str | None = None
        self._shown: int | None = None
        self._area = QtCore.QRectF()
        self._limits = (0.0, 1.0, 0.0, 1.0)

    def show_scene(self, scene: Scene) -> None:
        """Draw this from now on."""
        timing = scene.timing
        control = self._book.of(scene.store)
        runs = _runs(timing, control, scene) if timing is not None else ()
        shown = None
        if scene.picture is not None and scene.picture.shown is not None:
            shown = scene.picture.shown.lap.number
        state = (runs, scene.view.car, shown, control)
        if state == (self.runs, self._selected, self._shown, self._control):
            return
        self.runs, self._selected, self._shown, self._control = state
        remark = "" if control.cautions or control.spans else "no flags are told of"
        self.set_titles("Lap times", remark)
        self.update()

    # -- painting -----------------------------------------------------------------------

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        painter = QtGui.QPainter(self)
        self.paint_frame(painter)
        c, theme = self.theme.colours, self.theme
        times = np.array([s for run in self.runs for s in run.seconds])
        times = times[np.isfinite(times)]
        if len(times) < 2:
            painter.setFont(theme.small())
            painter.setPen(c.faint)
            area = self.rect().adjusted(0, self.top, 0, 0)
            painter.drawText(
                area, QtCore.Qt.AlignmentFlag.AlignCenter, "Drawn from the second timed lap on."
            )
            painter.end()
            return
        low = float(times.min())
        high = min(float(times.max()), float(np.median(times)) * ROOM)
        spare = max((high - low) * 0.08, 0.05)
        last = max(run.laps[-1] for run in self.runs if run.laps)
        self._limits = (0.5, last + 0.5, low - spare, high + spare)
        self._area = QtCore.QRectF(self.rect()).adjusted(
            theme.px(66), self.top + theme.px(6), -theme.px(40), -theme.px(26)
        )
        self._paint_ground(painter)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        painter.setClipRect(self._area.adjusted(-2, -2, 2, theme.px(4)))
        for run in sorted(self.runs, key=lambda run: run.car == self._selected):
            self._paint_run(painter, run)
        painter.setClipping(False)
        self._paint_names(painter)
        painter.end()

    def _paint_ground(self, painter: QtGui.QPainter) -> None:
        c, theme, area = self.theme.colours, self.theme, self._area
        _, _, low, high = self._limits
        free = area.left()
        for caution in self._control.cautions:
            x0, _ = self._at(caution.first - 0.5, low)
            x1, _ = self._at(caution.last + 0.5, low)
            colour = c.fault if caution.word == "red" else c.attention
            # What is told of laps that are not shown yet is not shown either.
            band = QtCore.QRectF(x0, area.top(), x1 - x0, area.height()).intersected(area)
            if band.isEmpty():
                continue
            painter.fillRect(band, with_alpha(colour, 0.16))
            painter.setFont(theme.small())
            width = painter.fontMetrics().horizontalAdvance(caution.word)
            if band.left() < free or band.left() + width > area.right():
                continue  # two words in one place are none
            free = band.left() + width + theme.px(6)
            painter.setPen(colour)
            painter.drawText(band.adjusted(3, theme.px(8), width, 0), _TOP, caution.word)
        painter.setFont(theme.small(mono=True))
        step = next((s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 30) if (high - low) / s <= 6), 60)
        for value in np.arange(np.ceil(low / step) * step, high, step):
            _, y = self._at(0, float(value))
            painter.setPen(c.line)
            painter.drawLine(QtCore.QPointF(area.left(), y), QtCore.QPointF(area.right(), y))
            painter.setPen(c.dim)
            box = QtCore.QRectF(0, y - theme.px(8), area.left() - theme.px(6), theme.px(16))
            painter.drawText(box, _RIGHT, lap_time(round(float(value) * SECOND_US))[:-2])
        last = int(self._limits[1])
        every = next(
            (n for n in (1, 2, 5, 10, 20, 50) if last / n * theme.px(34) < area.width()), 100
        )
        for lap in range(every, last + 1, every):
            x, _ = self._at(lap, low)
            half, top = theme.px(30), area.bottom() + theme.px(4)
            box = QtCore.QRectF(x - half, top, 2 * half, theme.px(16))
            painter.setPen(c.dim)
            painter.drawText(box, QtCore.Qt.AlignmentFlag.AlignCenter, str(lap))

    def _paint_run(self, painter: QtGui.QPainter, run: Run) -> None:
        c, theme = self.theme.colours, self.theme
        own = run.car == self._selected
        colour = QtGui.QColor.fromRgba(run.colour)
        if not own:
            colour = mix(c.panel, colour, 0.6)
        laps = np.array(run.laps, np.float64)
        times = np.array(run.seconds)
        high = self._limits[3]
        x, y = self._points(laps, times)
        seen = np.isfinite(times)
        # On a wall of pixels a line of one of them is not seen.
        thick = theme.scale * (2.0 if own else 1.2)
        painter.setPen(QtGui.QPen(colour, thick))
        edges = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(np.int8)))
        for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            painter.drawPolyline(polygon(x[a:b], y[a:b]))
            if own or b - a == 1:
                painter.setBrush(colour)
                for i in range(a, b):
                    size = 4.5 if own and run.laps[i] == self._shown else 2.5
                    size *= theme.scale
                    painter.drawEllipse(QtCore.QPointF(x[i], y[i]), size, size)
                painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
        self._paint_beyond(painter, x[seen & (times > high)], colour)
        for lap in run.stops:
            sx, _ = self._at(lap, high)
            base = self._area.bottom()
            painter.setPen(QtGui.QPen(colour, thick))
            painter.drawLine(QtCore.QPointF(sx, base), QtCore.QPointF(sx, base - theme.px(10)))
            if own:
                painter.setFont(theme.small())
                width = painter.fontMetrics().horizontalAdvance("stop")
                left = sx + theme.px(4)
                if left + width > self._area.right():
                    left = sx - theme.px(4) - width
                painter.drawText(QtCore.QPointF(left, base - theme.px(3)), "stop")

    def _paint_beyond(self, painter: QtGui.QPainter, places: Floats, colour: QtGui.QColor) -> None:
        """Arrows at the upper edge for laps that are beyond it."""
        half, top = self.theme.px(4), self._area.top()
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        for x in places.tolist():
            corners = ((x, top), (x - half, top + 1.5 * half), (x + half, top + 1.5 * half))
            painter.drawPolygon([QtCore.QPointF(*corner) for corner in corners])
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)

    def _paint_names(self, painter: QtGui.QPainter) -> None:
        """Each car's number where its line ends, or beside it where others end there too."""
        theme = self.theme
        painter.setFont(theme.small(bold=True))
        height = painter.fontMetrics().capHeight()
        ends: list[tuple[float, Run]] = []
        for run in self.runs:
            known = [i for i, s in enumerate(run.seconds) if np.isfinite(s)]
            if known:
                lap, seconds = run.laps[known[-1]], min(run.seconds[known[-1]], self._limits[3])
                ends.append((self._at(lap, seconds)[1], run))
        ends.sort(key=lambda end: end[0])
        room = (self._area.top() + height / 2, self._area.bottom() - height / 2)
        places = apart([y for y, _ in ends], height + theme.px(3), room)
        for (_, run), y in zip(ends, places, strict=True):
            painter.setPen(QtGui.QColor.fromRgba(run.colour))
            x = self._area.right() + theme.px(6)
            painter.drawText(QtCore.QPointF(x, y + height / 2), run.car)

    def _points(self, laps: Floats, seconds: Floats) -> tuple[Floats, Floats]:
        x0, x1, low, high = self._limits
        area = self._area
        x = area.left() + (laps - x0) / max(x1 - x0, 1e-9) * area.width()
        y = area.bottom() - (seconds - low) / max(high - low, 1e-9) * area.height()
        return x, y

    def _at(self, lap: float, seconds: float) -> tuple[float, float]:
        x, y = self._points(np.array([lap]), np.array([seconds]))
        return float(x[0]), float(y[0])

    # -- pointer ------------------------------------------------------------------------

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        best, found = float(self.theme.px(40)) ** 2, None
        for run in self.runs:
            x, y = self._points(
                np.array(run.laps, np.float64),
                np.minimum(np.array(run.seconds), self._limits[3]),
            )
            away = (x - event.position().x()) ** 2 + (y - event.position().y()) ** 2
            # The selected car's laps are meant where several lie together.
            away = np.where(np.isfinite(away), away, np.inf)
            away *= 0.5 if run.car == self._selected else 1.0
            i = int(np.argmin(away)) if len(away) else 0
            if len(away) and away[i] < best:
                best, found = float(away[i]), (run.car, run.laps[i])
        if found is not None:
            self._workspace.select_car(found[0])
            self._workspace.select_lap(found[1])


def apart(wanted: list[float], step: float, room: tuple[float, float]) -> list[float]:
    """Places for names that want to be at ``wanted`` (rising), at least ``step`` from each other
    and within ``room``; closer where the room is too small for all."""
    if not wanted:
        return []
    step = min(step, (room[1] - room[0]) / max(len(wanted) - 1, 1))
    places: list[float] = []
    for y in wanted:
        places.append(max(y, room[0] if not places else places[-1] + step))
    limit = room[1]
    for i in range(len(places) - 1, -1, -1):
        places[i] = min(places[i], limit)
        limit = places[i] - step
    return places


def _runs(timing: Timing, control: RaceControl, scene: Scene) -> tuple[Run, ...]:
    out = []
    moment = scene.as_of_us
    for car in timing.cars.values():
        laps, seconds, stops = [], [], set(control.stops.get(car.car, ()))
        for lap in car.laps:
            if lap.number < 1 or lap.t_end is None or (moment is not None and lap.t_end > moment):
                continue
            laps.append(lap.number)
            # A lap through the pits is a stop, not a pace.
            paced = lap.time_us is not None and lap.kind not in _THROUGH
            seconds.append((lap.time_us or 0) / SECOND_US if paced else _NAN)
            if lap.kind in _PIT:
                stops.add(lap.number)
        if laps:
            there = tuple(sorted(s for s in stops if s <= laps[-1]))
            # One NaN for all: it is equal only to itself, and what is drawn is compared.
            out.append(
                Run(car.car, tuple(laps), tuple(seconds), there, scene.colour(car.car).rgba())
            )
    return tuple(out)


_A = QtCore.Qt.AlignmentFlag
_RIGHT = _A.AlignVCenter | _A.AlignRight
_TOP = _A.AlignTop | _A.AlignLeft
