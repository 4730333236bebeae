"""Moving panes by their titles: to a side of another one, on it as a tab, or out of the window.

The pane keeps the pointer while it is dragged, so this is seen as its own mouse events; nothing of
the system's drag and drop is in it, and nothing waits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pitwall.ui.layout import Side
from pitwall.ui.panes.panel import TITLE_HEIGHT
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme, with_alpha
from pitwall.ui.workbench import Workbench

EDGE = 0.28
"""Share of a pane's width or height that counts as its edge; the middle is for tabs."""
FAR = 40
"""Pixels beyond the window from which letting go tears the pane off."""
KEEPS_TITLE = "keeps_title"
"""Property of a pane whose title line has controls of its own and cannot be dragged."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Where a pane would go: at ``side`` of ``target``."""

    target: str
    side: Side


class DockDrag(QtCore.QObject):
    """Watches the panes of a workbench.

    Attributes:
        drop: where the dragged pane would go now; None for nowhere.
        dragged: the pane that is being dragged; empty for none.
    """

    def __init__(self, bench: Workbench, theme: Callable[[], Theme]) -> None:
        super().__init__(bench)
        self.drop: Drop | None = None
        self.dragged = ""
        self._bench = bench
        self._theme = theme
        self._pressed: tuple[str, QtCore.QPointF] | None = None
        self._mark = _Mark(bench.dock)
        self._watched: set[str] = set()
        self.watch()
        bench.changed.connect(self.watch)
        bench.shown.connect(self.watch)

    def watch(self) -> None:
        """Panes are made when they are first shown."""
        for name in self._bench.visible:
            pane = self._bench.pane(name)
            if name not in self._watched and pane is not None:
                pane.installEventFilter(self)
                self._watched.add(name)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802
        """Presses on a title are ours, and what follows them until the button is let go."""
        if not isinstance(event, QtGui.QMouseEvent):
            return super().eventFilter(watched, event)
        kind, name = event.type(), str(watched.property("pane") or "")
        if kind == QtCore.QEvent.Type.MouseButtonDblClick and self._on_title(watched, event):
            if name not in self._bench.windows:
                self._bench.toggle_alone(name)
            return True
        if kind == QtCore.QEvent.Type.MouseButtonPress:
            return self._press(watched, name, event)
        if self._pressed is None:
            return super().eventFilter(watched, event)
        if kind == QtCore.QEvent.Type.MouseMove:
            self._move(event.globalPosition())
            return True
        if kind == QtCore.QEvent.Type.MouseButtonRelease:
            self._release(event.globalPosition())
            return True
        return super().eventFilter(watched, event)

    def _on_title(self, watched: QtCore.QObject, event: QtGui.QMouseEvent) -> bool:
        left = event.button() == QtCore.Qt.MouseButton.LeftButton
        title = event.position().y() < self._theme().px(TITLE_HEIGHT)
        return left and title and not watched.property(KEEPS_TITLE)

    def _press(self, watched: QtCore.QObject, name: str, event: QtGui.QMouseEvent) -> bool:
        if event.button() == QtCore.Qt.MouseButton.RightButton and name:
            if event.position().y() < self._theme().px(TITLE_HEIGHT):
                self._menu(name, event.globalPosition().toPoint())
                return True
            return False
        if not name or not self._on_title(watched, event):
            return False
        self._pressed = (name, event.globalPosition())
        return True

    def _move(self, at: QtCore.QPointF) -> None:
        assert self._pressed is not None  # noqa: S101 - the caller has looked
        name, began = self._pressed
        far = (at - began).manhattanLength() >= QtWidgets.QApplication.startDragDistance()
        if not self.dragged and not far:
            return
        self.dragged = name
        self.drop = self._drop_at(at.toPoint())
        self._mark.show_at(self._place_of(self.drop), self._theme())

    def _release(self, at: QtCore.QPointF) -> None:
        name, drop = self.dragged, self.drop
        self._pressed, self.dragged, self.drop = None, "", None
        self._mark.hide()
        if not name:
            return
        if drop is not None:
            self._bench.drop(name, drop.target, drop.side)
        elif self._outside(at.toPoint()) and name not in self._bench.windows:
            size = self._bench.torn_size
            self._bench.tear_off(name, (round(at.x()) - 40, round(at.y()) - 10, *size))

    def cancel(self) -> bool:
        """Esc while dragging: it stays where it was; False when nothing is dragged."""
        busy = bool(self.dragged)
        self._pressed, self.dragged, self.drop = None, "", None
        self._mark.hide()
        return busy

    # -- where --------------------------------------------------------------------------

    def _outside(self, at: QtCore.QPoint) -> bool:
        window = self._bench.dock.window()
        box = QtCore.QRect(window.mapToGlobal(QtCore.QPoint(0, 0)), window.size())
        return not box.adjusted(-FAR, -FAR, FAR, FAR).contains(at)

    def _drop_at(self, at: QtCore.QPoint) -> Drop | None:
        for name in self._bench.visible:
            pane = self._bench.pane(name)
            if pane is None or name == self.dragged or name in self._bench.windows:
                continue
            inside = pane.mapFromGlobal(at)
            if pane.rect().contains(inside):
                return Drop(name, side_at(inside.x(), inside.y(), pane.width(), pane.height()))
        return None

    def _place_of(self, drop: Drop | None) -> QtCore.QRect | None:
        """What the pane would cover, in the dock."""
        pane = self._bench.pane(drop.target) if drop is not None else None
        if drop is None or pane is None:
            return None
        corner = pane.mapTo(self._bench.dock, QtCore.QPoint(0, 0))
        box = QtCore.QRect(corner, pane.size())
        half_w, half_h = box.width() // 2, box.height() // 2
        cut = {
            Side.LEFT: (0, 0, -half_w, 0),
            Side.RIGHT: (half_w, 0, 0, 0),
            Side.ABOVE: (0, 0, 0, -half_h),
            Side.BELOW: (0, half_h, 0, 0),
            Side.TAB: (0, 0, 0, 0),
        }
        return box.adjusted(*cut[drop.side])

    def _menu(self, name: str, at: QtCore.QPoint) -> None:
        bench = self._bench
        menu = QtWidgets.QMenu(bench.dock)
        menu.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        if name in bench.windows:
            menu.addAction("Put back", lambda: bench.put_back(name))
        else:
            menu.addAction("Alone, and back", lambda: bench.toggle_alone(name))
            menu.addAction("Tear off", lambda: bench.tear_off(name))
        menu.addAction("Close", lambda: bench.close_pane(name))
        menu.addSeparator()
        menu.addAction("Usual layout", bench.reset)
        menu.popup(at)


def side_at(x: float, y: float, width: float, height: float) -> Side:
    """Which side of a pane of that size a point in it is at; its middle is for tabs."""
    if width <= 0 or height <= 0:
        return Side.TAB
    across, down = x / width, y / height
    distances = {
        Side.LEFT: across,
        Side.RIGHT: 1 - across,
        Side.ABOVE: down,
        Side.BELOW: 1 - down,
    }
    nearest = min(distances, key=lambda side: distances[side])
    return nearest if distances[nearest] < EDGE else Side.TAB


class _Mark(QtWidgets.QWidget):
    """Where the dragged pane would go."""

    def __init__(self, over: QtWidgets.QWidget) -> None:
        super().__init__(over)
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._colour = QtGui.QColor()
        self.hide()

    def show_at(self, rect: QtCore.QRect | None, theme: Theme) -> None:
        """Cover ``rect``; None hides it."""
        if rect is None:
            self.hide()
            return
        self._colour = theme.colours.reference
        self.setGeometry(rect)
        self.show()
        self.raise_()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), with_alpha(self._colour, 0.22))
        painter.setPen(QtGui.QPen(self._colour, 2))
        painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()
