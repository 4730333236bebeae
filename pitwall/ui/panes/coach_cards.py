"""The coach's sentences, large: place, what to do, how much, how sure."""

from __future__ import annotations

from pitwall.analysis import Advice, Finding
from pitwall.analysis.coach_words import gain, headline, place, quiet, sureness
from pitwall.ui.panes.panel import Panel
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.scene import Scene
from pitwall.ui.theme import Theme

MOST = 3


def spoken(advice: Advice | None) -> tuple[Finding, ...]:
    """What is said: where time is to be gained, then what is good already, three in all."""
    if advice is None:
        return ()
    said = {finding.corner.number for finding in advice.findings}
    good = [one for one in advice.strengths if one.corner.number not in said]
    # One that is good is worth its place, also where there is much to gain.
    room = MOST - 1 if good else MOST
    losses = advice.findings[:room]
    return (*losses, *good[: MOST - len(losses)])


def advice_of(scene: Scene) -> Advice | None:
    """What there is to say to the selected car's driver; None before laps were looked at."""
    if scene.debrief is None:
        return None
    return scene.debrief.advice.get(scene.view.car or "")


class CoachCards(Panel):
    """Up to three sentences; a click chooses the corner.

    Signals:
        corner_chosen: its number.
    """

    corner_chosen = QtCore.Signal(int)

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(theme, "Coach", parent)
        self.said: tuple[Finding, ...] = ()
        self.reason = ""
        self._selected: int | None = None
        self._height = 0

    @property
    def top(self) -> int:
        """No title."""
        return 0

    def show_advice(self, advice: Advice | None, selected: int | None) -> None:
        """Show what is said, or why nothing is."""
        said = spoken(advice)
        reason = quiet(advice) if advice is not None else "No laps have been looked at so far."
        if (said, reason, selected) != (self.said, self.reason, self._selected):
            self.said, self.reason, self._selected = said, reason, selected
            words = [f"{place(one)}: {headline(one)} {gain(one)}" for one in said]
            self.setAccessibleDescription(" ".join(words) or reason)
            self.updateGeometry()
            self.update()

    def wanted(self, width: int) -> int:
        """Height that holds everything at this width."""
        return sum(self._card_height(one, width) for one in self.said) or self.theme.px(110)

    def _card_height(self, one: Finding, width: int) -> int:
        return self.theme.px(66) + self._text_height(headline(one), width)

    def _text_height(self, text: str, width: int) -> int:
        metrics = QtGui.QFontMetrics(self._words())
        room = QtCore.QRect(0, 0, max(width - 2 * self.theme.px(18), 50), 10_000)
        return metrics.boundingRect(room, _WRAP, text).height()

    def _words(self) -> QtGui.QFont:
        font = self.theme.body()
        font.setPixelSize(round(font.pixelSize() * 1.15))
        return font

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        painter = QtGui.QPainter(self)
        self.paint_frame(painter)
        c, theme = self.theme.colours, self.theme
        pad = theme.px(18)
        if not self.said:
            painter.setFont(self._words())
            painter.setPen(c.dim)
            room = self.rect().adjusted(pad, pad, -pad, -pad)
            painter.drawText(room, _WRAP, self.reason)
        y = 0
        for i, one in enumerate(self.said):
            height = self._card_height(one, self.width())
            box = QtCore.QRect(1, y, self.width() - 2, height)
            if one.corner.number == self._selected:
                painter.fillRect(box.adjusted(0, 1, 0, -1), c.selected)
            if i:
                painter.setPen(c.line)
                painter.drawLine(1, y, self.width() - 2, y)
            self._paint_card(painter, one, box.adjusted(pad, theme.px(14), -pad, 0))
            y += height
        painter.end()

    def _paint_card(self, painter: QtGui.QPainter, one: Finding, box: QtCore.QRect) -> None:
        c, theme = self.theme.colours, self.theme
        painter.setFont(theme.large(bold=True))
        painter.setPen(c.text)
        line = painter.fontMetrics().height()
        head = QtCore.QRect(box.x(), box.y(), box.width(), line)
        painter.drawText(head, _LEFT, place(one))
        painter.setFont(theme.large(mono=True))
        painter.setPen(c.attention if one.gain_s > 0 else c.live)
        painter.drawText(head, _RIGHT, gain(one))
        text = headline(one)
        height = self._text_height(text, self.width())
        painter.setFont(self._words())
        painter.setPen(c.text)
        body = QtCore.QRect(box.x(), head.bottom() + theme.px(4), box.width(), height)
        painter.drawText(body, _WRAP, text)
        painter.setFont(theme.small())
        painter.setPen(c.dim)
        small = QtCore.QRect(box.x(), body.bottom() + theme.px(3), box.width(), theme.px(16))
        painter.drawText(small, _LEFT, sureness(one))

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        y = 0
        for one in self.said:
            y += self._card_height(one, self.width())
            if event.position().y() < y:
                self.corner_chosen.emit(one.corner.number)
                return


_V = QtCore.Qt.AlignmentFlag.AlignVCenter
_LEFT = _V | QtCore.Qt.AlignmentFlag.AlignLeft
_RIGHT = _V | QtCore.Qt.AlignmentFlag.AlignRight
_WRAP = int(
    QtCore.Qt.AlignmentFlag.AlignTop.value
    | QtCore.Qt.AlignmentFlag.AlignLeft.value
    | QtCore.Qt.TextFlag.TextWordWrap.value
)
