"""The history's progress: moves, says what it does, can be cancelled. The picture stays usable."""

from __future__ import annotations

from pitwall.runtime import Health
from pitwall.ui.panes.button import PillButton
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme
from pitwall.ui.words import count, percent

HEIGHT = 36


class LoadingBar(QtWidgets.QWidget):
    """A line under the header, only while history is being loaded.

    Signals:
        cancelled: the user wants no more history.
    """

    cancelled = QtCore.Signal()

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self._done = 0.0
        self._words = ""
        self._button = PillButton(theme, "Cancel", "attention", self)
        self._button.set_on(False)
        self._button.setToolTip("Keep what is loaded and go on live")
        self._button.clicked.connect(self._cancel)
        self.setAccessibleName("Loading")
        self.setFixedHeight(theme.px(HEIGHT))
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Paint with another theme or scale from now on."""
        self.theme = theme
        self._button.set_theme(theme)
        self.setFixedHeight(theme.px(HEIGHT))
        self.update()

    @property
    def button(self) -> PillButton:
        """The cancel button."""
        return self._button

    @property
    def words(self) -> str:
        """What the line says."""
        return self._words

    def show_health(self, health: Health, applied: int) -> None:
        """Follow the load; hides itself when there is none. ``applied``: chunks so far."""
        active = health.loading
        if active == self.isHidden():
            self.setVisible(active)
            self._button.setEnabled(True)
        if not active:
            return
        done = health.history_done
        words = health.history_text or ("Joining" if done is None else "Loading history")
        if done is not None:
            words += f"  ·  {percent(done)}  ·  {count(applied)} chunks"
        self.say(done or 0.0, words)

    def say(self, done: float, words: str) -> None:
        """How far it is, 0..1, and what it says."""
        if (done, words) != (self._done, self._words):
            self._done, self._words = done, words
            self.setAccessibleDescription(words)
            self.update()

    def _cancel(self) -> None:
        self._button.setEnabled(False)
        self.cancelled.emit()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        size = self._button.sizeHint()
        x = self.width() - size.width() - self.theme.px(14)
        y = (self.height() - size.height()) // 2
        self._button.setGeometry(x, y, size.width(), size.height())
        super().resizeEvent(event)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        theme, c = self.theme, self.theme.colours
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), c.ground)
        painter.setFont(theme.body())
        painter.setPen(c.text)
        left = theme.px(14)
        words = QtCore.QRect(left, 0, self.width() // 2, self.height())
        painter.drawText(words, QtCore.Qt.AlignmentFlag.AlignVCenter, self._words)
        used = painter.fontMetrics().horizontalAdvance(self._words)
        x = left + max(used + theme.px(20), theme.px(380))
        end = self._button.x() - theme.px(20)
        if end > x:
            bar = QtCore.QRectF(x, self.height() / 2 - theme.px(2), end - x, theme.px(4))
            painter.fillRect(bar, c.line)
            bar.setWidth(bar.width() * self._done)
            painter.fillRect(bar, c.live)
        painter.end()
