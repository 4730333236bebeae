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


PAD, GAP = 28, 36
COLUMN = 270
"""Width that a column has at least, at scale 1."""


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
        pad = theme.px(PAD)
        top = box.top() + pad + painter.fontMetrics().ascent()
        painter.drawText(QtCore.QPointF(box.left() + pad, top), "Keys")
        columns, height = self._columns(box)
        width = (box.width() - 2 * pad + theme.px(GAP)) / len(columns)
        for i, lines in enumerate(columns):
            x, y = box.left() + pad + i * width, top + theme.px(14)
            for line in lines:
                y += height
                self._line(painter, line, x, y, width - theme.px(GAP))
        painter.end()

    @property
    def complete(self) -> bool:
        """True when every line has room at the present size."""
        columns, _ = self._columns(self._box())
        return sum(map(len, columns)) >= len([line for line in _lines() if line is not None])

    def _box(self) -> QtCore.QRectF:
        width = min(self.theme.px(1240), self.width() - 40)
        height = min(self.theme.px(820), self.height() - 20)
        return QtCore.QRectF(
            (self.width() - width) / 2, (self.height() - height) / 2, width, height
        )

    def _columns(self, box: QtCore.QRectF) -> tuple[list[list[Listed | None]], int]:
        """The lines in columns, and how tall one is: as loose as there is room."""
        px, lines = self.theme.px, _lines()
        inner = box.width() - 2 * px(PAD) + px(GAP)
        most = max(int(inner // px(COLUMN + GAP)), 1)
        room = box.height() - 2 * px(PAD) - px(28)
        found: list[list[Listed | None]] = []
        height = 1
        for loose in (24, 22, 20, 18, 16):
            height = px(loose)
            found = _flow(lines, max(int(room // height), 4))
            if len(found) <= most:
                break
        return found[:most], height

    def _line(
        self, painter: QtGui.QPainter, line: Listed | None, x: float, y: float, width: float
    ) -> None:
        theme, c = self.theme, self.theme.colours
        if line is None:
            return
        if not line.keys:
            painter.setFont(theme.small(bold=True))
            painter.setPen(c.dim)
            painter.drawText(QtCore.QPointF(x, y), line.title.upper())
            return
        painter.setFont(theme.body(mono=True))
        painter.setPen(c.dim)
        keys = keys_text(line.keys)
        used = painter.fontMetrics().horizontalAdvance(keys)
        painter.drawText(QtCore.QPointF(x + width - used, y), keys)
        painter.setFont(theme.body())
        painter.setPen(c.text)
        room = int(width - used - theme.px(8))
        title = painter.fontMetrics().elidedText(line.title, _ELIDE, room)
        painter.drawText(QtCore.QPointF(x, y), title)

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


_ELIDE = QtCore.Qt.TextElideMode.ElideRight


def _lines() -> list[Listed | None]:
    """Headings (without keys) and what is under them; None leaves a line free."""
    found: list[Listed | None] = []
    for title, actions in groups().items():
        found += [None, Listed(title, (), ""), *listed(actions)]
    return found[1:]


def _flow(lines: list[Listed | None], most: int) -> list[list[Listed | None]]:
    """In columns of at most so many; none begins with a free line or ends with a heading."""
    columns: list[list[Listed | None]] = [[]]
    for i, line in enumerate(lines):
        heading = line is not None and not line.keys
        last = len(columns[-1]) == most - 1
        if len(columns[-1]) >= most or (heading and last and i + 1 < len(lines)):
            columns.append([])
        if line is not None or columns[-1]:
            columns[-1].append(line)
    return columns


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
