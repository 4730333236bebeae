"""Where the plots of a stack lie: one shared left margin, one shared axis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from pitwall.ui.plot.axis import Scale
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.theme import Theme

LEFT = 124
RIGHT = 14
CORNERS = 22
BOTTOM = 22
DELTA_WEIGHT = 1.0


@dataclass(frozen=True, slots=True)
class Box:
    """One plot.

    Attributes:
        rect: the whole strip, label included.
        inner: where curves are drawn.
    """

    rect: QtCore.QRect
    inner: QtCore.QRect

    def scale(self, low: float, high: float) -> Scale:
        """Values to pixels, upwards, with a little air at both ends."""
        air = max(2, self.inner.height() // 24)
        return Scale(low, high, self.inner.bottom() - air, self.inner.top() + air)


@dataclass(frozen=True, slots=True)
class Boxes:
    """The stack's parts.

    Attributes:
        plots: from top to bottom.
        corners: strip for the corner names.
        bottom: strip for the axis' figures.
    """

    plots: tuple[Box, ...]
    corners: QtCore.QRect
    bottom: QtCore.QRect

    @property
    def left(self) -> int:
        """First pixel of the curves."""
        return self.corners.left()

    @property
    def right(self) -> int:
        """Last pixel of the curves."""
        return self.corners.right()

    def x_scale(self, low: float, high: float) -> Scale:
        """The shared axis to pixels."""
        return Scale(low, high, float(self.left), float(self.right))


def arrange(size: QtCore.QSize, top: int, weights: tuple[float, ...], theme: Theme) -> Boxes:
    """Divide the height below ``top`` by ``weights``."""
    left, right = theme.px(LEFT), size.width() - theme.px(RIGHT)
    y = top + theme.px(CORNERS)
    foot = size.height() - theme.px(BOTTOM) - 3
    room, total = max(foot - y, len(weights)), sum(weights) or 1.0
    gap = theme.px(5)
    plots = []
    done = 0.0
    for weight in weights:
        y0 = y + round(room * done / total)
        done += weight
        y1 = y + round(room * done / total)
        rect = QtCore.QRect(1, y0, size.width() - 2, y1 - y0)
        inner = QtCore.QRect(left, y0 + gap, right - left, max(y1 - y0 - 2 * gap, 4))
        plots.append(Box(rect, inner))
    return Boxes(
        tuple(plots),
        QtCore.QRect(left, top, right - left, theme.px(CORNERS)),
        QtCore.QRect(left, foot, right - left, theme.px(BOTTOM)),
    )


def hatch_brush(theme: Theme) -> QtGui.QBrush:
    """Diagonal stripes for holes."""
    return _hatch(theme.px(8), theme.colours.hatch.rgba())


@lru_cache(maxsize=16)
def _hatch(side: int, colour: int) -> QtGui.QBrush:
    image = QtGui.QPixmap(side, side)
    image.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(image)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(QtGui.QPen(QtGui.QColor.fromRgba(colour), max(1.5, side / 5)))
    for shift in (-side, 0, side):
        painter.drawLine(shift, side, shift + side, 0)
    painter.end()
    return QtGui.QBrush(image)
