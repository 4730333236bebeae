"""A line of short texts and pills, left and right, painted by us.

What does not fit is dropped in a stated order, never clipped. A change repaints the items that
changed and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme, mix, with_alpha


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of text: its colour's role and its face."""

    text: str
    role: str = "text"
    size: str = "body"
    bold: bool = False
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the line.

    Attributes:
        key: what a click on it reports; also names it from one state to the next.
        parts: its texts, side by side.
        pill: name of the role that colours its outline; empty for plain text.
        filled: True for a pill filled with that colour.
        drop: dropped for want of room, highest number first; 0 stays.
        tip: tool tip.
        room: pixels kept free for a widget that lies there, beside those of the parts.
    """

    key: str
    parts: tuple[Part, ...]
    pill: str = ""
    filled: bool = False
    drop: int = 0
    tip: str = ""
    room: int = 0


class ItemsLine(QtWidgets.QWidget):
    """A line of items.

    Attributes:
        theme: the present theme.
        dropped: keys of items that found no room.

    Signals:
        clicked: key of the item.
    """

    clicked = QtCore.Signal(str)

    def __init__(
        self,
        theme: Theme,
        height: int,
        ground: str,
        gap: int,
        parent: QtWidgets.QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.theme = theme
        self.dropped: frozenset[str] = frozenset()
        self._height = height
        self._ground = ground
        self._gap = gap
        self._left: tuple[Item, ...] = ()
        self._right: tuple[Item, ...] = ()
        self._placed: dict[str, tuple[Item, QtCore.QRect]] = {}
        self.setFixedHeight(theme.px(height))
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def set_theme(self, theme: Theme) -> None:
        """Paint with another theme or scale from now on."""
        self.theme = theme
        self.setFixedHeight(theme.px(self._height))
        self._placed = self._place()
        self.update()

    def set_items(self, left: Sequence[Item], right: Sequence[Item]) -> None:
        """Show other items; repaints the difference."""
        left, right = tuple(left), tuple(right)
        if (left, right) == (self._left, self._right):
            return
        self._left, self._right = left, right
        before, self._placed = self._placed, self._place()
        for key in before.keys() | self._placed.keys():
            old, new = before.get(key), self._placed.get(key)
            if old != new:
                for place in (old, new):
                    if place is not None:
                        self.update(place[1].adjusted(-2, 0, 2, 0))

    def item_rect(self, key: str) -> QtCore.QRect | None:
        """Where an item lies; None when it is not shown."""
        place = self._placed.get(key)
        return place[1] if place else None

    def text(self, key: str) -> str:
        """An item's whole text; empty when it is not shown."""
        place = self._placed.get(key)
        return "".join(part.text for part in place[0].parts) if place else ""

    # -- layout -------------------------------------------------------------------------

    def _font(self, part: Part) -> QtGui.QFont:
        make = {"small": self.theme.small, "body": self.theme.body, "large": self.theme.large}
        return make[part.size](bold=part.bold, mono=part.mono)

    def item_width(self, item: Item) -> int:
        """Its width in pixels."""
        width = item.room
        for part in item.parts:
            width += QtGui.QFontMetrics(self._font(part), self).horizontalAdvance(part.text)
        return width + (2 * self.theme.px(11) if item.pill else 0)

    def _place(self) -> dict[str, tuple[Item, QtCore.QRect]]:
        pad, gap = self.theme.px(12), self.theme.px(self._gap)
        room = self.width() - 2 * pad
        shown = [*self._left, *self._right]
        widths = {item.key: self.item_width(item) for item in shown}
        for item in sorted((i for i in shown if i.drop), key=lambda i: -i.drop):
            if sum(widths[i.key] for i in shown) + gap * (len(shown) - 1) <= room:
                break
            shown.remove(item)
        self.dropped = frozenset(i.key for i in (*self._left, *self._right) if i not in shown)
        placed: dict[str, tuple[Item, QtCore.QRect]] = {}
        x = pad
        for item in self._left:
            if item in shown:
                placed[item.key] = (item, QtCore.QRect(x, 0, widths[item.key], self.height()))
                x += widths[item.key] + gap
        x = self.width() - pad
        for item in reversed(self._right):
            if item in shown:
                x -= widths[item.key]
                placed[item.key] = (item, QtCore.QRect(x, 0, widths[item.key], self.height()))
                x -= gap
        return placed

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        self._placed = self._place()
        super().resizeEvent(event)

    # -- painting -----------------------------------------------------------------------

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        painter = QtGui.QPainter(self)
        c = self.theme.colours
        painter.fillRect(event.rect(), getattr(c, self._ground))
        painter.setPen(c.line)
        edge = self.height() - 1 if self._edge_below() else 0
        painter.drawLine(event.rect().left(), edge, event.rect().right(), edge)
        for item, rect in self._placed.values():
            if rect.intersects(event.rect()):
                self._paint_item(painter, item, rect)
        painter.end()

    def _edge_below(self) -> bool:
        return True

    def _paint_item(self, painter: QtGui.QPainter, item: Item, rect: QtCore.QRect) -> None:
        c = self.theme.colours
        x = rect.x()
        if item.pill:
            colour = getattr(c, item.pill)
            height = min(self.theme.px(24), rect.height() - 4)
            body = QtCore.QRectF(rect.x(), (rect.height() - height) / 2, rect.width(), height)
            painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
            quiet = item.pill in ("line", "faint")
            edge = c.line if quiet else with_alpha(colour, 0.55)
            fill = colour if item.filled else mix(c.raised, colour, 0.0 if quiet else 0.14)
            painter.setPen(QtCore.Qt.PenStyle.NoPen if item.filled else QtGui.QPen(edge, 1))
            painter.setBrush(fill)
            box = body.adjusted(0.5, 0.5, -0.5, -0.5)
            painter.drawRoundedRect(box, height / 2, height / 2)
            painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
            painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)
            x += self.theme.px(11)
        for part in item.parts:
            font = self._font(part)
            painter.setFont(font)
            painter.setPen(getattr(c, part.role))
            metrics = painter.fontMetrics()
            # Centred on capitals, not on the line box, so that sizes sit on one optical line.
            baseline = (rect.height() + metrics.capHeight()) // 2
            painter.drawText(x, baseline, part.text)
            x += metrics.horizontalAdvance(part.text)

    # -- pointer ------------------------------------------------------------------------

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        key = self._key_at(event.position().toPoint())
        if key:
            self.clicked.emit(key)

    def event(self, event: QtCore.QEvent) -> bool:
        """Tool tips by item; everything else as usual."""
        if event.type() == QtCore.QEvent.Type.ToolTip and isinstance(event, QtGui.QHelpEvent):
            place = self._placed.get(self._key_at(event.pos()))
            QtWidgets.QToolTip.showText(event.globalPos(), place[0].tip if place else "", self)
            return True
        return super().event(event)

    def _key_at(self, point: QtCore.QPoint) -> str:
        for key, (_, rect) in self._placed.items():
            if rect.contains(point):
                return key
        return ""
