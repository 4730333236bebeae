"""One channel against another, of what is in view: usually the g-g diagram."""

from __future__ import annotations

import numpy as np

from pitwall.ui.charts import Pairs, pairs_of
from pitwall.ui.plot.axis import Scale, nice_limits
from pitwall.ui.plot.chart import ChartPane, Question
from pitwall.ui.plot.choice import Trace
from pitwall.ui.plot.polyline import polygon
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.reading import sample_at
from pitwall.ui.scene import Scene
from pitwall.ui.theme import mix, with_alpha
from pitwall.ui.units import Shown, shown

CAR_MARK = 5
Ends = tuple[float, float]


class XYPane(ChartPane):
    """A point for each pair of samples; where the cursor is, a ring."""

    ACTION = "xy"
    ASKS = ("across", "up")

    _scales: tuple[Scale, Scale] | None = None
    _ring: QtCore.QPointF | None = None

    def compute(self, question: Question) -> Pairs:
        """As :meth:`ChartPane.compute`."""
        return pairs_of(self.store, question.parts, question.traces[0], question.traces[1])

    def show_scene(self, scene: Scene) -> None:
        """As :meth:`ChartPane.show_scene`; the ring is what both channels read at the cursor, or
        newest."""
        super().show_scene(scene)
        ring = self._ring_at(scene)
        if ring != self._ring:
            for point in (ring, self._ring):
                if point is not None:
                    side = self.theme.px(CAR_MARK) + 3
                    at = point.toPoint()
                    self.update(QtCore.QRect(at.x() - side, at.y() - side, 2 * side, 2 * side))
            self._ring = ring

    def _ring_at(self, scene: Scene) -> QtCore.QPointF | None:
        found, car = self.answer, scene.view.car
        if not isinstance(found, Pairs) or self._scales is None or car is None:
            return None
        t_us = scene.view.cursor or scene.moment_us
        values = [self._value(trace, car, t_us) for trace in (found.across, found.up)]
        if values[0] is None or values[1] is None:
            return None
        x, y = self._scales
        return QtCore.QPointF(x.pixel(values[0]), y.pixel(values[1]))

    def _value(self, trace: Trace, car: str, t_us: int) -> float | None:
        sample = sample_at(self.store, car, trace.group, t_us)
        value = sample.values[trace.index] if sample is not None else None
        how = shown(trace.channel, self.workspace.view.units).conversion
        return None if value is None else how.value(value)

    def describe(self) -> tuple[str, str]:
        """As :meth:`ChartPane.describe`."""
        found = self.answer
        assert isinstance(found, Pairs)  # noqa: S101 - what compute gives
        lost = sum(cloud.left_out for cloud in found.clouds)
        pairs = sum(cloud.count for cloud in found.clouds)
        remark = f"{pairs} pairs · {found.how or 'measured together'}"
        if lost:
            remark += f" · {lost} without a partner"
        title = f"{found.up.title} over {found.across.title}"
        return title, remark if pairs else "no samples in view"

    def paint_answer(self, painter: QtGui.QPainter, area: QtCore.QRect) -> None:
        """As :meth:`ChartPane.paint_answer`."""
        found = self.answer
        assert isinstance(found, Pairs)  # noqa: S101 - what compute gives
        if not found.clouds:
            return
        units = self.workspace.view.units
        a, b = (shown(trace.channel, units) for trace in (found.across, found.up))
        x, y = self._fitted(found, a, b, area)
        self._scales = (x, y)
        words = (
            f"{found.across.title} {a.unit}".rstrip(),
            f"{found.up.title} {b.unit}".rstrip(),
        )
        self.paint_axes(painter, x, y, words)
        painter.setClipRect(area)
        self._paint_zeros(painter, area, x, y)
        for cloud in reversed(found.clouds):
            colour = with_alpha(self.look(cloud.part.number).inks[0], 0.75)
            painter.setPen(QtGui.QPen(colour, self.theme.px(2)))
            px = x.pixels(_converted(cloud.x, a))
            painter.drawPoints(polygon(px, y.pixels(_converted(cloud.y, b))))
        painter.setClipping(False)
        if self._ring is not None:
            painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
            painter.setPen(QtGui.QPen(self.theme.colours.cursor, 1.5))
            radius = self.theme.px(CAR_MARK)
            painter.drawEllipse(self._ring, radius, radius)
            painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)

    def _fitted(self, found: Pairs, a: Shown, b: Shown, area: QtCore.QRect) -> tuple[Scale, Scale]:
        """Round limits; the same pixels for a unit both ways where both have the same unit."""
        x = _ends([_converted(cloud.x, a) for cloud in found.clouds])
        y = _ends([_converted(cloud.y, b) for cloud in found.clouds])
        if a.unit == b.unit and a.unit:
            per = max((x[1] - x[0]) / area.width(), (y[1] - y[0]) / area.height())
            x, y = _widened(x, per * area.width()), _widened(y, per * area.height())
        return Scale(*x, area.left(), area.right()), Scale(*y, area.bottom(), area.top())

    def _paint_zeros(self, painter: QtGui.QPainter, area: QtCore.QRect, x: Scale, y: Scale) -> None:
        c = self.theme.colours
        painter.setPen(mix(c.line, c.faint, 0.5))
        if x.low < 0 < x.high:
            at = round(x.pixel(0.0))
            painter.drawLine(at, area.top(), at, area.bottom())
        if y.low < 0 < y.high:
            at = round(y.pixel(0.0))
            painter.drawLine(area.left(), at, area.right(), at)

    def drop_on(self, point: QtCore.QPointF) -> str:
        """Below the chart it is for the horizontal axis."""
        return "across" if point.y() > self.area.bottom() - self.area.height() / 4 else "up"


def _converted(values: np.ndarray, how: Shown) -> np.ndarray:
    return values * how.conversion.factor + how.conversion.offset


def _ends(parts: list[np.ndarray]) -> Ends:
    low, high = min(float(p.min()) for p in parts), max(float(p.max()) for p in parts)
    return nice_limits(low, high)


def _widened(ends: Ends, span: float) -> Ends:
    middle = (ends[0] + ends[1]) / 2
    return middle - span / 2, middle + span / 2
