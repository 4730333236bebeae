"""A row of laps, large: which one is shown, which one it is held against, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pitwall.ui.panes.panel import Panel, elided
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme, mix

TILE = 118
HEIGHT = 52


@dataclass(frozen=True, slots=True)
class Tile:
    """One lap: number, words above, the time or what is to be said instead, and its colour."""

    number: int
    label: str
    text: str
    role: str
    shown: bool = False
    reference: bool = False


class LapStrip(Panel):
    """The laps of one car around the one that is shown; a click shows another.

    Signals:
        chosen: number of the lap.
    """

    chosen = QtCore.Signal(int)

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(theme, "Laps", parent)
        self.tiles: tuple[Tile, ...] = ()
        self._placed: list[tuple[QtCore.QRect, Tile]] = []
        self.setFixedHeight(theme.px(HEIGHT))

    def set_theme(self, theme: Theme) -> None:
        """As :meth:`Panel.set_theme`."""
        super().set_theme(theme)
        self.setFixedHeight(theme.px(HEIGHT))

    def show_tiles(self, tiles: Sequence[Tile]) -> None:
        """Show other laps."""
        if tuple(tiles) != self.tiles:
            self.tiles = tuple(tiles)
            self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), self.theme.colours.ground)
        self._placed = self._place()
        for rect, tile in self._placed:
            self._paint_tile(painter, rect, tile)
        painter.end()

    def _place(self) -> list[tuple[QtCore.QRect, Tile]]:
        """The tiles that fit, so that the shown one is among them."""
        gap = self.theme.px(6)
        room = max(1, (self.width() + gap) // (self.theme.px(TILE) + gap))
        at = next((i for i, tile in enumerate(self.tiles) if tile.shown), len(self.tiles) - 1)
        first = min(max(0, at - room // 2), max(0, len(self.tiles) - room))
        part = self.tiles[first : first + room]
        width = (self.width() - gap * (room - 1)) // room
        height = self.height()
        return [
            (QtCore.QRect(i * (width + gap), 0, width, height), tile) for i, tile in enumerate(part)
        ]

    def _paint_tile(self, painter: QtGui.QPainter, rect: QtCore.QRect, tile: Tile) -> None:
        c, theme = self.theme.colours, self.theme
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        edge = c.text if tile.shown else c.reference if tile.reference else c.line
        painter.setPen(QtGui.QPen(edge, 2 if tile.shown or tile.reference else 1))
        painter.setBrush(mix(c.panel, c.selected, 1.0) if tile.shown else c.panel)
        box = QtCore.QRectF(rect).adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(box, theme.px(6), theme.px(6))
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
        inner = rect.adjusted(theme.px(10), theme.px(7), -theme.px(6), -theme.px(7))
        painter.setFont(theme.small())
        painter.setPen(c.dim)
        painter.drawText(inner, _TOP, elided(painter, tile.label, inner.width()))
        painter.setFont(theme.body(mono=True, bold=tile.shown))
        painter.setPen(getattr(c, tile.role))
        painter.drawText(inner, _BOTTOM, elided(painter, tile.text, inner.width()))

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        for rect, tile in self._placed:
            if rect.contains(event.position().toPoint()):
                self.chosen.emit(tile.number)


_A = QtCore.Qt.AlignmentFlag
_TOP = _A.AlignTop | _A.AlignLeft
_BOTTOM = _A.AlignBottom | _A.AlignLeft
