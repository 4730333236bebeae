"""A pill that can be pressed, by pointer or keyboard."""

from __future__ import annotations

from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme, with_alpha


class PillButton(QtWidgets.QAbstractButton):
    """A rounded button in one colour: filled when it is on, an outline otherwise.

    Attributes:
        on: True while the state that it stands for holds.
    """

    def __init__(
        self, theme: Theme, text: str, role: str, parent: QtWidgets.QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.theme = theme
        self.on = True
        self._role = role
        self.setText(text)
        self.setAccessibleName(text)
        self.setCursor(QtCore.Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)

    def set_theme(self, theme: Theme) -> None:
        """Paint with another theme or scale from now on."""
        self.theme = theme
        self.updateGeometry()
        self.update()

    def set_label(self, text: str, role: str) -> None:
        """Say something else in another colour."""
        self.setText(text)
        self.setAccessibleName(text)
        self._role = role
        self.update()

    def set_on(self, on: bool) -> None:
        """Fill it, or only outline it."""
        if on != self.on:
            self.on = on
            self.update()

    def sizeHint(self) -> QtCore.QSize:  # noqa: D102, N802
        metrics = QtGui.QFontMetrics(self.theme.small(bold=True))
        width = metrics.horizontalAdvance(self.text()) + 2 * self.theme.px(14)
        return QtCore.QSize(width, self.theme.px(24))

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        c = self.theme.colours
        colour = getattr(c, self._role)
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        box = QtCore.QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(QtGui.QPen(colour, 1))
        painter.setBrush(colour if self.on else with_alpha(colour, 0.10))
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        if self.hasFocus():
            painter.setPen(QtGui.QPen(c.text, 1))
            painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        ink = c.on_live if self._role == "live" else c.ground
        painter.setPen(ink if self.on else colour)
        painter.setFont(self.theme.small(bold=True))
        painter.drawText(self.rect(), QtCore.Qt.AlignmentFlag.AlignCenter, self.text())
        painter.end()
