"""The values beside the cursor's line."""

from __future__ import annotations

from dataclasses import dataclass, field

from pitwall.ui.plot.boxes import Boxes
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.theme import Theme, readable, with_alpha

Words = list[tuple[str, QtGui.QColor]]
"""Texts of one line, each with its colour."""


@dataclass(slots=True)
class Tags:
    """The values beside the line, on the side that has room: gathered, then painted colour by
    colour, because changing the pen takes longer than a word does."""

    px: float
    boxes: Boxes
    theme: Theme
    metrics: QtGui.QFontMetrics
    backs: list[QtCore.QRectF] = field(default_factory=list)
    words: dict[int, tuple[QtGui.QColor, list[tuple[QtCore.QPointF, str]]]] = field(
        default_factory=dict
    )

    def add(self, lines: list[Words], inner: QtCore.QRect) -> None:
        """The lines of one plot's tag: as many as it has room for, and how many are more."""
        theme, metrics = self.theme, self.metrics
        gap, pad, line = theme.px(14), theme.px(5), metrics.height()
        if not lines:
            return
        room = max(1, (inner.height() - 2) // line)
        if len(lines) > room:
            more = (f"+{len(lines) - room}", theme.colours.text)
            lines = [*lines[: room - 1], [*lines[room - 1], more]]
        widths = [[metrics.horizontalAdvance(text) for text, _ in parts] for parts in lines]
        width = max(sum(each) + gap * (len(each) - 1) for each in widths) + 2 * pad
        left = self.px + theme.px(8)
        if left + width > self.boxes.right:
            left = self.px - theme.px(8) - width
        height = line * len(lines) + 2
        middle = inner.top() + inner.height() * 0.3
        top = min(max(middle - height / 2, inner.top()), inner.bottom() - height)
        self.backs.append(QtCore.QRectF(left, top, width, height))
        y = top + 1 + metrics.ascent()
        for parts, each in zip(lines, widths, strict=True):
            x = left + pad
            for (text, colour), used in zip(parts, each, strict=True):
                _, words = self.words.setdefault(colour.rgba(), (colour, []))
                words.append((QtCore.QPointF(x, y), text))
                x += used + gap
            y += line

    def paint(self, painter: QtGui.QPainter) -> None:
        """All of them."""
        colours = self.theme.colours
        ground = with_alpha(colours.ground, 0.86)
        for back in self.backs:
            painter.fillRect(back, ground)
        for colour, words in self.words.values():
            painter.setPen(readable(colour, colours.ground, colours.text))
            for at, text in words:
                painter.drawText(at, text)
