"""The frame every pane sits in: one step lighter than the ground, a title, a hairline."""

from __future__ import annotations

import math

from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme

RADIUS = 6
TITLE_HEIGHT = 30
PADDING = 12


class Panel(QtWidgets.QWidget):
    """A titled panel that paints itself.

    Subclasses paint below :attr:`top` and call :meth:`paint_frame` first.

    Attributes:
        theme: the present theme; set by :meth:`set_theme`.
        title: left in the title line, small capitals.
        remark: right in the title line, quiet.
    """

    SMALLEST = (0, 0)
    """Width and height that it never goes below, at scale 1."""

    def __init__(self, theme: Theme, title: str, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._most = math.inf
        self.title = title
        self.remark = ""
        self.setAccessibleName(title)
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._keep_room()

    def limit_least(self, most: float) -> None:
        """With text larger than this scale it needs no more room than at it."""
        if most != self._most:
            self._most = most
            self._keep_room()

    def _keep_room(self) -> None:
        share = min(self.theme.scale, self._most)
        self.setMinimumSize(*(round(side * share) for side in self.SMALLEST))

    def set_theme(self, theme: Theme) -> None:
        """Paint with another theme or scale from now on."""
        self.theme = theme
        self._keep_room()
        self.updateGeometry()
        self.update()

    def set_titles(self, title: str, remark: str) -> None:
        """Change the title line; repaints only it, and only when it differs."""
        if (title, remark) != (self.title, self.remark):
            self.title, self.remark = title, remark
            self.setAccessibleName(title)
            self.update(0, 0, self.width(), self.top)

    @property
    def top(self) -> int:
        """Height of the title line."""
        return self.theme.px(TITLE_HEIGHT)

    @property
    def padding(self) -> int:
        """Room at the left and right."""
        return self.theme.px(PADDING)

    def paint_frame(self, painter: QtGui.QPainter) -> None:
        """Ground, panel, border and title line."""
        paint_ground(painter, self.rect(), self.theme)
        self.paint_title(painter)

    def paint_title(self, painter: QtGui.QPainter) -> None:
        """Title at the left, remark at the right, the remark giving way."""
        c, pad = self.theme.colours, self.padding
        line = QtCore.QRect(pad, 0, self.width() - 2 * pad, self.top)
        font = self.theme.small(bold=True)
        font.setLetterSpacing(QtGui.QFont.SpacingType.PercentageSpacing, 106)
        painter.setFont(font)
        painter.setPen(c.dim)
        text = self.title.upper()
        painter.drawText(line, _LEFT, text)
        used = painter.fontMetrics().horizontalAdvance(text) + self.theme.px(16)
        painter.setFont(self.theme.small())
        painter.setPen(c.faint)
        room = line.adjusted(used, 0, 0, 0)
        painter.drawText(room, _RIGHT, elided(painter, self.remark, room.width()))


_V = QtCore.Qt.AlignmentFlag.AlignVCenter
_LEFT = _V | QtCore.Qt.AlignmentFlag.AlignLeft
_RIGHT = _V | QtCore.Qt.AlignmentFlag.AlignRight


def elided(painter: QtGui.QPainter, text: str, width: int) -> str:
    """``text`` as it fits into ``width`` pixels of the painter's font, cut at the right."""
    return painter.fontMetrics().elidedText(text, QtCore.Qt.TextElideMode.ElideRight, max(width, 0))


def paint_ground(painter: QtGui.QPainter, rect: QtCore.QRect, theme: Theme) -> None:
    """A rounded panel on the ground, corners included."""
    c, radius = theme.colours, theme.px(RADIUS)
    box = QtCore.QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5)
    # Smooth filling of a large area is slow: only the four corners need it.
    painter.fillRect(rect, c.panel)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
    painter.save()
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(c.panel)
    for x in (rect.left(), rect.right() - radius):
        for y in (rect.top(), rect.bottom() - radius):
            corner = QtCore.QRect(x, y, radius + 1, radius + 1)
            painter.setClipRect(corner)
            painter.fillRect(corner, c.ground)
            painter.drawRoundedRect(box, radius, radius)
    painter.restore()
    painter.setPen(QtGui.QPen(c.line, 1))
    painter.drawRoundedRect(box, radius, radius)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)
