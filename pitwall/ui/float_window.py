"""A pane in a window of its own, on whichever monitor; closing it puts the pane back."""

from __future__ import annotations

from collections.abc import Sequence

from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.splitter import GAP
from pitwall.ui.theme import Theme, apply_palette

Rect = tuple[int, int, int, int]
GRIP = 80
"""So much of a window's top must be on a screen, or nobody can take hold of it."""


class FloatWindow(QtWidgets.QWidget):
    """One pane torn off.

    Attributes:
        pane: its name.

    Signals:
        put_back: name of the pane whose window the user closed.
        moved: the window has another place or size; name of the pane.
    """

    put_back = QtCore.Signal(str)
    moved = QtCore.Signal(str)

    def __init__(self, pane: str, title: str, theme: Theme, parent: QtWidgets.QWidget) -> None:
        # A child of the window: it stays above it, goes with it, and has no life of its own.
        super().__init__(parent, QtCore.Qt.WindowType.Window)
        self.pane = pane
        self._taken = False
        self._held: QtWidgets.QWidget | None = None
        self.setWindowTitle(f"{title} — Pitwall")
        self.setAccessibleName(title)
        self._column = QtWidgets.QVBoxLayout(self)
        self._column.setContentsMargins(GAP, GAP, GAP, GAP)
        self.set_theme(theme)

    def hold(self, widget: QtWidgets.QWidget) -> None:
        """Take the pane in."""
        self._held = widget
        self._column.addWidget(widget)
        widget.show()

    def take(self) -> None:
        """Close without telling anybody: the pane is wanted elsewhere, or nowhere for now."""
        self._taken = True
        held, self._held = self._held, None
        if held is not None and held.parentWidget() is self:
            # A workspace without this pane would leave it here, to end with this window.
            held.hide()
            held.setParent(self.parentWidget())
        self.close()
        self.deleteLater()

    @property
    def rect_on_desktop(self) -> Rect:
        """x, y, width, height of what is inside the frame, logical pixels."""
        box = self.geometry()
        return (box.x(), box.y(), box.width(), box.height())

    def set_theme(self, theme: Theme) -> None:
        """Other colours and sizes from now on."""
        apply_palette(self, theme)
        palette = self.palette()
        palette.setColor(palette.ColorRole.Window, theme.colours.ground)
        self.setPalette(palette)

    def moveEvent(self, event: QtGui.QMoveEvent) -> None:  # noqa: D102, N802
        super().moveEvent(event)
        self.moved.emit(self.pane)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        super().resizeEvent(event)
        self.moved.emit(self.pane)

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:  # noqa: D102, N802
        super().closeEvent(event)
        if not self._taken:
            self.put_back.emit(self.pane)


def within_screens(rect: Rect, screens: Sequence[Rect]) -> Rect:
    """``rect`` where somebody can take hold of it: unchanged while its upper edge is on a screen,
    otherwise on the first screen, no larger than that. ``screens`` are what each has free."""
    x, y, width, height = rect
    if not screens:
        return rect
    for sx, sy, sw, sh in screens:
        shown = min(x + width, sx + sw) - max(x, sx)
        if shown >= min(GRIP, width) and sy <= y <= sy + sh - GRIP // 2:
            return (x, y, min(width, sw), min(height, sh))
    sx, sy, sw, sh = screens[0]
    width, height = min(width, sw), min(height, sh)
    return (
        min(max(x, sx), sx + sw - width),
        min(max(y, sy), sy + sh - height),
        width,
        height,
    )


def free_screens() -> list[Rect]:
    """What each screen has free, the first one's first."""
    found = []
    for screen in QtGui.QGuiApplication.screens():
        box = screen.availableGeometry()
        found.append((box.x(), box.y(), box.width(), box.height()))
    return found
