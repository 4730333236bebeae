"""How often a channel had which value, of what is in view."""

from __future__ import annotations

import numpy as np

from pitwall.ui.charts import Histogram, Part, histogram_of
from pitwall.ui.plot.axis import Scale, nice_limits
from pitwall.ui.plot.chart import ChartPane, Question
from pitwall.ui.plot.polyline import polygon
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.theme import with_alpha
from pitwall.ui.units import shown


class HistogramPane(ChartPane):
    """Shares of the samples: the shown lap filled, the others as outlines in their colours."""

    ACTION = "histogram"
    ASKS = ("histogram",)

    def compute(self, question: Question) -> Histogram:
        """As :meth:`ChartPane.compute`."""
        return histogram_of(self.store, question.parts, question.traces[0])

    def describe(self) -> tuple[str, str]:
        """As :meth:`ChartPane.describe`."""
        found = self.answer
        assert isinstance(found, Histogram)  # noqa: S101 - what compute gives
        remark = "each sample counts the same" if found.shares else "no samples in view"
        return f"Histogram · {found.trace.title}", remark

    def paint_answer(self, painter: QtGui.QPainter, area: QtCore.QRect) -> None:
        """As :meth:`ChartPane.paint_answer`."""
        found = self.answer
        assert isinstance(found, Histogram)  # noqa: S101 - what compute gives
        how = shown(found.trace.channel, self.workspace.view.units)
        if not found.shares:
            return
        edges = np.array([how.conversion.value(float(edge)) for edge in found.edges])
        most = 100 * max(float(one.share.max()) for one in found.shares)
        x = Scale(float(edges[0]), float(edges[-1]), area.left(), area.right())
        y = Scale(0.0, nice_limits(0.0, most)[1], area.bottom(), area.top())
        across = f"{found.trace.title} {how.unit}".rstrip()
        self.paint_axes(painter, x, y, (across, "% of samples"))
        painter.setClipRect(area.adjusted(0, -2, 1, 1))
        for one in reversed(found.shares):
            look = self.look(one.part.number)
            px = np.repeat(x.pixels(edges), 2)
            py = np.concatenate(
                ([y.pixel(0)], np.repeat(y.pixels(100 * one.share), 2), [y.pixel(0)])
            )
            outline = polygon(px, py)
            if one.part.number == 0:
                painter.setPen(QtCore.Qt.PenStyle.NoPen)
                painter.setBrush(with_alpha(look.inks[0], 0.28))
                painter.drawPolygon(outline)
                painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
            pen = QtGui.QPen(look.inks[0], 0)
            if look.dash:
                pen.setDashPattern(list(look.dash))
            painter.setPen(pen)
            painter.drawPolyline(outline)
        painter.setClipping(False)

    def figures(self) -> list[tuple[Part, str]]:
        """As :meth:`ChartPane.figures`."""
        found = self.answer
        assert isinstance(found, Histogram)  # noqa: S101 - what compute gives
        how = shown(found.trace.channel, self.workspace.view.units)
        figures = []
        for one in found.shares:
            spread = f"{abs(how.conversion.change(one.deviation)):.{how.decimals}f}"
            words = f"mean {how.text(one.mean)} {how.unit}  sd {spread}  n {one.count}"
            figures.append((one.part, words))
        return figures
