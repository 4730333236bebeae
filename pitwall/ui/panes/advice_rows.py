"""The rows of setup advice as they are painted: a change, its interval as a bar, its gain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pitwall.ui.panes.model_pane import CENTRE, LEFT, RIGHT, WRAP
from pitwall.ui.panes.panel import elided
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.theme import Theme, mix

if TYPE_CHECKING:
    from pitwall.prerace.desk import DeskRow

ROW, LEAN = 46, 24
"""Height of a row, and of one where there is little room."""
LINE = 19
_BAR_FROM, _BAR_PART = 0.42, 0.30


class AdviceRows:
    """Paints rows of one theme."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme

    def height(self, row: DeskRow, width: int, *, opened: bool, lean: bool) -> int:
        """Pixels that a row takes; an opened one has all that is known of it, of a ``lean`` one
        what it changes to and gains."""
        height = self.theme.px(LEAN if lean and not opened else ROW)
        if opened:
            height += sum(self.wrapped(text, width) for text in all_of(row)) + self.theme.px(6)
        return height

    def wrapped(self, text: str, width: int, *, bold: bool = False) -> int:
        """Height of a text in so many pixels."""
        metrics = QtGui.QFontMetrics(self.theme.small(bold=bold))
        return metrics.boundingRect(QtCore.QRect(0, 0, width, 1000), WRAP, text).height()

    def paint_text(
        self,
        painter: QtGui.QPainter,
        room: QtCore.QRect,
        text: str,
        colour: QtGui.QColor,
        *,
        bold: bool = False,
    ) -> int:
        """A text at the top of ``room``; where it ends."""
        painter.setFont(self.theme.small(bold=bold))
        painter.setPen(colour)
        painter.drawText(room, WRAP, text)
        return room.top() + self.wrapped(text, room.width(), bold=bold)

    def paint_scale(
        self, painter: QtGui.QPainter, box: QtCore.QRect, y: int, full_scale_s: float
    ) -> int:
        """The head over the rows; where it ends."""
        c, theme = self.theme.colours, self.theme
        line = QtCore.QRect(box.x(), y, box.width(), theme.px(LINE))
        bar = self._bar(line)
        painter.setFont(theme.small())
        painter.setPen(c.faint)
        painter.drawText(line, LEFT, "Change")
        room = line.right() - bar.right() - theme.px(8)
        painter.drawText(line, RIGHT, self._that_fits(room, ("gain a lap, 90 %", "s a lap", "s")))
        scale = f"{full_scale_s:g} s"
        for side, text in ((LEFT, f"\u2212{scale}"), (CENTRE, "0"), (RIGHT, f"+{scale}")):
            painter.drawText(bar, side, text)
        return y + theme.px(LINE)

    def paint(
        self, painter: QtGui.QPainter, row: DeskRow, box: QtCore.QRect, *, opened: bool, lean: bool
    ) -> None:
        """A row into ``box``, which is as high as :meth:`height` says."""
        c, theme = self.theme.colours, self.theme
        if lean and not opened:
            self._paint_lean(painter, row, box)
            return
        if opened:
            painter.fillRect(box.adjusted(-theme.px(6), 0, theme.px(6), 0), c.selected)
            self._paint_details(painter, row, box)
        painter.setPen(c.line)
        painter.drawLine(box.left(), box.top(), box.right(), box.top())
        ink = c.text if row.can_apply else c.dim
        upper = QtCore.QRect(box.x(), box.y() + theme.px(4), box.width(), theme.px(20))
        lower = upper.translated(0, theme.px(19))
        bar = self._bar(box)
        left = bar.left() - box.left() - theme.px(10)
        painter.setFont(theme.body(bold=row.can_apply))
        painter.setPen(ink)
        painter.drawText(upper, LEFT, elided(painter, row.name, left))
        change = " \u2192 ".join(part for part in (row.now, row.proposed) if part)
        # several changes are words; one is two numbers that stand under those of the next row
        painter.setFont(theme.small(mono=bool(row.now)))
        painter.setPen(ink if row.proposed else c.faint)
        painter.drawText(lower, LEFT, elided(painter, change, left))
        if row.bar is None:
            room = QtCore.QRect(bar.left(), upper.top(), box.right() - bar.left(), theme.px(39))
            words = row.verdict if not row.why else f"{row.verdict}; {row.why}"
            self.paint_text(painter, room, words, c.dim)
            return
        self._paint_bar(painter, row, bar, theme.px(ROW))
        painter.setFont(theme.body(mono=True, bold=row.can_apply))
        painter.setPen(c.live if row.can_apply else c.dim)
        painter.drawText(upper, RIGHT, row.gain)
        painter.setFont(theme.small(mono=True))
        painter.setPen(c.dim)
        painter.drawText(lower, RIGHT, row.band)

    def _paint_lean(self, painter: QtGui.QPainter, row: DeskRow, box: QtCore.QRect) -> None:
        c, theme, bar = self.theme.colours, self.theme, self._bar(box)
        painter.setPen(c.line)
        painter.drawLine(box.left(), box.top(), box.right(), box.top())
        # several changes are named in what they change to
        parts = (row.name if row.now or not row.proposed else "", row.proposed)
        painter.setFont(theme.small(bold=row.can_apply))
        painter.setPen(c.text if row.can_apply else c.dim)
        what = elided(painter, " ".join(filter(None, parts)), bar.left() - box.left() - theme.px(8))
        painter.drawText(box, LEFT, what)
        if row.bar is None:
            room = QtCore.QRect(bar.left(), box.top(), box.right() - bar.left(), box.height())
            painter.setPen(c.dim)
            painter.drawText(room, LEFT, elided(painter, row.verdict, room.width()))
            return
        self._paint_bar(painter, row, bar, box.height())
        painter.setFont(theme.small(mono=True, bold=row.can_apply))
        painter.setPen(c.live if row.can_apply else c.dim)
        painter.drawText(box, RIGHT, row.gain)

    def _bar(self, box: QtCore.QRect) -> QtCore.QRect:
        """Where the bars lie."""
        x = box.x() + round(box.width() * _BAR_FROM)
        return QtCore.QRect(x, box.y(), round(box.width() * _BAR_PART), box.height())

    def _that_fits(self, width: int, texts: tuple[str, ...]) -> str:
        metrics = QtGui.QFontMetrics(self.theme.small())
        return next((t for t in texts if metrics.horizontalAdvance(t) <= width), texts[-1])

    def _paint_details(self, painter: QtGui.QPainter, row: DeskRow, box: QtCore.QRect) -> None:
        y = box.y() + self.theme.px(ROW)
        for text in all_of(row):
            if y + self.wrapped(text, box.width()) > box.bottom() + 1:
                break  # the tool tip has all of it
            room = QtCore.QRect(box.x(), y, box.width(), 1000)
            y = self.paint_text(painter, room, text, self.theme.colours.text)

    def _paint_bar(
        self, painter: QtGui.QPainter, row: DeskRow, bar: QtCore.QRect, height: int
    ) -> None:
        """The interval as a bar, its middle as a point, in the upper ``height`` pixels; what is not
        advised is grey."""
        c, theme = self.theme.colours, self.theme
        assert row.bar is not None
        middle, half = bar.center().x(), bar.width() / 2
        y = bar.top() + height // 2
        margin = height // 6
        painter.setPen(QtGui.QPen(c.faint, 1))
        painter.drawLine(middle, bar.top() + margin, middle, bar.top() + height - margin)
        low, mean, high = (middle + value * half for value in row.bar)
        colour = c.live if row.can_apply else c.reference
        thick = theme.px(6)
        painter.fillRect(
            QtCore.QRectF(low, y - thick / 2, max(high - low, 2.0), thick),
            mix(c.panel, colour, 0.55),
        )
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(QtCore.QPointF(mean, y), theme.px(4), theme.px(4))
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)


def all_of(row: DeskRow) -> list[str]:
    """Everything that is known of a row, a line each."""
    lines = [f"{row.verdict}, by {row.trust}; {row.why}" if row.why else row.verdict]
    if row.plan:
        lines.append(row.plan)
    if row.p_gain:
        lines.append(f"P(gain > 0) {row.p_gain}, 90 % band {row.band} s a lap")
    if row.where:
        lines.append(f"gained in {row.where} s")
    moved = [text for text in (row.top_speed and f"top speed {row.top_speed}", row.balance) if text]
    if moved:
        lines.append(", ".join(moved))
    return lines
