"""The line that says what is wrong with the source: only there while something is."""

from __future__ import annotations

import time

from pitwall.runtime import Health, State
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme, mix

HEIGHT = 34
BAR = 4
LINGER_S = 2.0
"""It stays so long after the trouble, so that a passing one does not make the panes jump twice."""


class Banner(QtWidgets.QWidget):
    """A line under the header: the state's word, what it means, and why.

    No figure that runs is in it: how long it lasts already stands in the header.
    """

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._role = "attention"
        self._word = ""
        self._words = ""
        self._since = 0.0
        self.setAccessibleName("Source")
        self.setFixedHeight(theme.px(HEIGHT))
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Paint with another theme or scale from now on."""
        self.theme = theme
        self.setFixedHeight(theme.px(HEIGHT))
        self.update()

    @property
    def words(self) -> str:
        """All that the line says; empty while it is hidden."""
        return "" if self.isHidden() else f"{self._word}  {self._words}"

    def show_health(self, health: Health) -> None:
        """Follow the source's state; hides itself when there is nothing to say."""
        state, now = health.state, time.monotonic()
        if not state.grave:
            if not self.isHidden() and now - self._since >= LINGER_S:
                self.hide()
            return
        self._since = now
        words = f"{state.says}  ·  {health.message}" if health.message else state.says
        role = "fault" if state is State.OFFLINE else "attention"
        if (state.word, words, role) != (self._word, self._words, self._role):
            self._word, self._words, self._role = state.word, words, role
            self.update()
        if self.isHidden():
            self.show()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        theme, c = self.theme, self.theme.colours
        colour = getattr(c, self._role)
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), mix(c.ground, colour, 0.16))
        painter.fillRect(0, 0, theme.px(BAR), self.height(), colour)
        line = self.rect().adjusted(theme.px(14), 0, -theme.px(14), 0)
        painter.setFont(theme.body(bold=True))
        painter.setPen(colour)
        painter.drawText(line, _LEFT, self._word)
        used = painter.fontMetrics().horizontalAdvance(self._word) + theme.px(14)
        line.adjust(used, 0, 0, 0)
        painter.setFont(theme.body())
        painter.setPen(c.text)
        elide = QtCore.Qt.TextElideMode.ElideRight
        shown = painter.fontMetrics().elidedText(self._words, elide, max(line.width(), 0))
        painter.drawText(line, _LEFT, shown)
        painter.end()


_LEFT = QtCore.Qt.AlignmentFlag.AlignVCenter | QtCore.Qt.AlignmentFlag.AlignLeft
