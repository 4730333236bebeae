"""How a channel's variation is spread over frequencies, of what is in view."""

from __future__ import annotations

import math

import numpy as np

from pitwall.telemetry.plural import counted
from pitwall.ui.charts import Part, Spectrum, spectrum_of
from pitwall.ui.plot.axis import Scale
from pitwall.ui.plot.chart import ChartPane, Question
from pitwall.ui.plot.polyline import polygon
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.theme import mix
from pitwall.ui.units import shown

DECADES = 10
"""At most so many below the greatest are shown."""


class SpectrumPane(ChartPane):
    """Power density, each part in its colour; the vertical axis counts decades."""

    ACTION = "spectrum"
    ASKS = ("spectrum",)

    def compute(self, question: Question) -> Spectrum:
        """As :meth:`ChartPane.compute`."""
        return spectrum_of(self.store, question.parts, question.traces[0])

    def describe(self) -> tuple[str, str]:
        """As :meth:`ChartPane.describe`."""
        found = self.answer
        assert isinstance(found, Spectrum)  # noqa: S101 - what compute gives
        title = f"Spectrum · {found.trace.title}"
        if not found.curves:
            return title, found.why_not or "no samples in view"
        window = f"Welch · Hann {found.length} of {found.rate_hz:.3g} Hz"
        return title, f"{window} · resolution {found.resolution_hz:.3g} Hz"

    def paint_answer(self, painter: QtGui.QPainter, area: QtCore.QRect) -> None:
        """As :meth:`ChartPane.paint_answer`."""
        found = self.answer
        assert isinstance(found, Spectrum)  # noqa: S101 - what compute gives
        if not found.curves:
            return
        how = shown(found.trace.channel, self.workspace.view.units)
        factor = how.conversion.factor**2
        logs = [np.log10(np.maximum(one.density * factor, 1e-300)) for one in found.curves]
        high = math.ceil(max(float(each.max()) for each in logs))
        low = max(math.floor(min(float(each.min()) for each in logs)), high - DECADES)
        x = Scale(0.0, found.rate_hz / 2, area.left(), area.right())
        y = Scale(float(low), float(max(high, low + 1)), area.bottom(), area.top())
        unit = f"({how.unit})²/Hz" if how.unit else "1/Hz"
        self.paint_axes(painter, x, y, ("Hz", unit), left=False)
        self._paint_decades(painter, area, y, low, max(high, low + 1))
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        painter.setClipRect(area)
        for one, each in zip(reversed(found.curves), reversed(logs), strict=True):
            look = self.look(one.part.number)
            pen = QtGui.QPen(look.inks[0], 0)
            if look.dash:
                pen.setDashPattern(list(look.dash))
            painter.setPen(pen)
            painter.drawPolyline(polygon(x.pixels(one.hz), y.pixels(each)))
        painter.setClipping(False)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)

    def figures(self) -> list[tuple[Part, str]]:
        """As :meth:`ChartPane.figures`."""
        found = self.answer
        assert isinstance(found, Spectrum)  # noqa: S101 - what compute gives
        figures = []
        for one in found.curves:
            words = counted(one.windows, "window")
            if one.samples > one.used:
                words += f", {one.samples - one.used} of {one.samples} samples left out"
            figures.append((one.part, words))
        return figures

    def _paint_decades(
        self, painter: QtGui.QPainter, area: QtCore.QRect, y: Scale, low: int, high: int
    ) -> None:
        c = self.theme.colours
        painter.setFont(self.theme.small(mono=True))
        for decade in range(low, high + 1):
            at = round(y.pixel(decade))
            painter.setPen(mix(c.panel, c.line, 0.6))
            painter.drawLine(area.left(), at, area.right(), at)
            self.paint_left(painter, at, f"1e{decade}")
