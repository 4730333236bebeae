"""A few words over the window that go away by themselves: what a key has just done."""

from __future__ import annotations

from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme

STAY_MS = 4000
STAY_LONGER_MS = 12_000
"""Something that went wrong."""


class Notice(QtWidgets.QWidget):
    """Words at the lower edge of a window, over what is there. A click takes them away.

    Attributes:
        text: what is said; empty while nothing is.
    """

    def __init__(self, theme: Theme, over: QtWidgets.QWidget) -> None:
        super().__init__(over)
        self.theme = theme
        self.text = ""
        self._grave = False
        self._over = over
        self._ended = QtCore.QTimer(self)
        self._ended.setSingleShot(True)
        self._ended.timeout.connect(self.hide)
        self.hide()

    def say(self, text: str, *, grave: bool = False) -> None:
        """Say something in place of what was said; ``grave``: longer, and marked."""
        self.text, self._grave = text, grave
        self.setAccessibleName(text)
        self.place()
        self.show()
        self.raise_()
        self.update()
        self._ended.start(STAY_LONGER_MS if grave else STAY_MS)

    def set_theme(self, theme: Theme) -> None:
        """Paint with another theme or scale from now on."""
        self.theme = theme
        self.place()

    def place(self) -> None:
        """Lie at the lower edge, in the middle."""
        theme, room = self.theme, self._over.rect()
        width = room.width() - 2 * theme.px(40)
        metrics = QtGui.QFontMetrics(theme.body())
        box = metrics.boundingRect(
            QtCore.QRect(0, 0, width - 2 * theme.px(16), room.height()), _WRAP, self._words
        )
        size = box.size() + QtCore.QSize(2 * theme.px(16) + 2, 2 * theme.px(8))
        x = (room.width() - size.width()) // 2
        y = room.height() - size.height() - theme.px(120)
        self.setGeometry(x, y, size.width(), size.height())

    @property
    def _words(self) -> str:
        return f"! {self.text}" if self._grave else self.text

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        theme, c = self.theme, self.theme.colours
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        box = QtCore.QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QtGui.QPen(c.attention if self._grave else c.line, 1))
        painter.setBrush(c.raised)
        painter.drawRoundedRect(box, theme.px(6), theme.px(6))
        painter.setPen(c.text)
        painter.setFont(theme.body())
        pad = theme.px(16)
        painter.drawText(self.rect().adjusted(pad, 0, -pad, 0), _WRAP | _MIDDLE, self._words)
        painter.end()

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        self._ended.stop()
        self.hide()
        event.accept()


_WRAP = QtCore.Qt.TextFlag.TextWordWrap
_MIDDLE = QtCore.Qt.AlignmentFlag.AlignCenter
