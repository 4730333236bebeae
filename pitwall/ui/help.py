"""The list of keys, laid over the window."""

from __future__ import annotations

from pitwall.ui.actions import Listed, groups, listed
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme, with_alpha

MARKS = {
    "Left": "←",
    "Right": "→",
    "Up": "↑",
    "Down": "↓",
    "PgUp": "Page ↑",
    "PgDown": "Page ↓",
}


class KeysOverlay(QtWidgets.QWidget):
    """Every action with its keys; any key or click closes it."""

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.theme = theme
        self._over = parent
        self.setAccessibleName("Keys")
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Paint with another theme or scale from now on."""
        self.theme = theme
        self.update()

    def toggle(self) -> None:
        """Show over the whole window, or hide."""
        if self.isVisible():
            self.hide()
            return
        self.setGeometry(self._over.rect())
        self.show()
        self.raise_()
        self.setFocus()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        theme, c = self.theme, self.theme.colours
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), with_alpha(c.ground, 0.78))
        box = self._box()
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        painter.setPen(c.line)
        painter.setBrush(c.panel)
        painter.drawRoundedRect(box, theme.px(8), theme.px(8))
        painter.setPen(c.text)
        painter.setFont(theme.large(bold=True))
        pad = theme.px(28)
        top = box.top() + pad + painter.fontMetrics().ascent()
        painter.drawText(QtCore.QPointF(box.left() + pad, top), "Keys")
        y0 = top + theme.px(28)
        column = (box.width() - 2 * pad) / 2
        left_y = right_y = y0
        for i, (title, actions) in enumerate(_lines().items()):
            if i % 2 == 0:
                left_y = self._group(painter, title, actions, box.left() + pad, left_y, column)
            else:
                x = box.left() + pad + column + theme.px(12)
                right_y = self._group(painter, title, actions, x, right_y, column)
        painter.end()

    def _box(self) -> QtCore.QRectF:
        width = min(self.theme.px(860), self.width() - 40)
        rows = [len(lines) for lines in _lines().values()]
        tall = max(sum(rows[0::2]) + 2 * len(rows[0::2]), sum(rows[1::2]) + 2 * len(rows[1::2]))
        height = min(self.theme.px(72 + 24 * tall), self.height() - 20)
        return QtCore.QRectF(
            (self.width() - width) / 2, (self.height() - height) / 2, width, height
        )

    def _group(
        self,
        painter: QtGui.QPainter,
        title: str,
        actions: tuple[Listed, ...],
        x: float,
        y: float,
        width: float,
    ) -> float:
        theme, c = self.theme, self.theme.colours
        painter.setFont(theme.small(bold=True))
        painter.setPen(c.dim)
        painter.drawText(QtCore.QPointF(x, y), title.upper())
        y += theme.px(24)
        for one in actions:
            painter.setFont(theme.body())
            painter.setPen(c.text)
            painter.drawText(QtCore.QPointF(x, y), one.title)
            keys = keys_text(one.keys)
            painter.setFont(theme.body(mono=True))
            painter.setPen(c.dim)
            used = painter.fontMetrics().horizontalAdvance(keys)
            painter.drawText(QtCore.QPointF(x + width - theme.px(36) - used, y), keys)
            y += theme.px(24)
        return y + theme.px(24)

    def event(self, event: QtCore.QEvent) -> bool:
        """While it is open every key is its own, also those that are shortcuts of the window."""
        if event.type() == QtCore.QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: D102, N802
        self.hide()
        event.accept()

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        self.hide()
        event.accept()


def _lines() -> dict[str, tuple[Listed, ...]]:
    return {title: listed(actions) for title, actions in groups().items()}


def keys_text(keys: tuple[str, ...]) -> str:
    """Shortcuts as people read them; a long row of them by its ends."""
    shown = [key_text(key) for key in keys]
    return f"{shown[0]} … {shown[-1]}" if len(shown) > 3 else "   ".join(shown)


def key_text(key: str) -> str:
    """A shortcut as people read it."""
    for word, mark in MARKS.items():
        if key == word or key.endswith(f"+{word}"):
            return key[: len(key) - len(word)] + mark
    return key
