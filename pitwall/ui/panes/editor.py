"""What panes that are typed into share: a frame, lists and fields that keep their own keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pitwall.ui.dialogs.lines import ListColumn, ListView
from pitwall.ui.dialogs.style import Combo, dress
from pitwall.ui.panes.panel import Panel
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme

_KEYS = QtCore.Qt.Key
_LIST_KEYS = frozenset(
    {
        _KEYS.Key_Up,
        _KEYS.Key_Down,
        _KEYS.Key_PageUp,
        _KEYS.Key_PageDown,
        _KEYS.Key_Home,
        _KEYS.Key_End,
        _KEYS.Key_Return,
        _KEYS.Key_Enter,
        _KEYS.Key_Delete,
    }
)


LEAST = 120
"""Of the column that takes what room is left, at scale 1."""


LOWEST = 40
"""The height of a list's heading and of what shows that there are rows, at scale 1: a pane that is
low must not have its parts lie over each other."""


class PaneField(QtWidgets.QLineEdit):
    """A field in a pane: what is typed into it is no key of the window.

    Signals:
        left: Escape was pressed.
    """

    left = QtCore.Signal()

    def __init__(self, name: str, hint: str = "", *, typed: bool = False) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setPlaceholderText(hint)
        if typed:
            self.setObjectName("typed")

    def event(self, event: QtCore.QEvent) -> bool:
        """As usual, but that plain keys are taken."""
        if isinstance(event, QtGui.QKeyEvent):
            held = QtCore.Qt.KeyboardModifier
            plain = not event.modifiers() & (held.ControlModifier | held.AltModifier)
            if event.type() == QtCore.QEvent.Type.ShortcutOverride and plain:
                event.accept()
                return True
            if event.type() == QtCore.QEvent.Type.KeyPress and event.key() == _KEYS.Key_Escape:
                self.left.emit()
                return True
        return super().event(event)


class PaneList(ListView):
    """A list in a pane: it moves by its own keys.

    Signals:
        removed: Delete was pressed on a row; its key.
    """

    removed = QtCore.Signal(str)

    def __init__(
        self,
        theme: Theme,
        columns: Sequence[ListColumn],
        name: str,
        optional: Sequence[int] = (),
        least: int = LEAST,
    ) -> None:
        """As :class:`ListView`; ``optional``: columns that give way, in that order, where there is
        no room for what has no fixed width, which is ``least`` at scale 1."""
        self._optional, self._least = tuple(optional), least
        super().__init__(theme, columns, name)
        self.setMinimumHeight(theme.px(LOWEST))

    def set_theme(self, theme: Theme) -> None:
        """As :meth:`ListView.set_theme`."""
        super().set_theme(theme)
        self.setMinimumHeight(theme.px(LOWEST))

    def _fit_columns(self) -> None:
        # A column that is hidden has no width to reckon with.
        for i in self._optional:
            self.setColumnHidden(i, False)
        super()._fit_columns()
        columns, room = self.lines.columns, self.viewport().width()
        left = next((i for i, column in enumerate(columns) if not column.sample), -1)
        shown = [i for i in range(len(columns)) if i != left]
        least = self.theme.px(self._least)
        for i in self._optional:
            if sum(self.columnWidth(k) for k in shown) + least <= room:
                break
            shown.remove(i)
            self.setColumnHidden(i, True)
        if left >= 0:
            rest = room - sum(self.columnWidth(k) for k in shown)
            self.setColumnWidth(left, max(rest, self.theme.px(80)))

    def event(self, event: QtCore.QEvent) -> bool:
        """As usual, but that the keys of a list are taken."""
        if isinstance(event, QtGui.QKeyEvent) and event.key() in _LIST_KEYS:
            plain = event.modifiers() in (
                QtCore.Qt.KeyboardModifier.NoModifier,
                QtCore.Qt.KeyboardModifier.KeypadModifier,
            )
            if event.type() == QtCore.QEvent.Type.ShortcutOverride and plain:
                event.accept()
                return True
            if event.type() == QtCore.QEvent.Type.KeyPress and event.key() == _KEYS.Key_Delete:
                if self.key:
                    self.removed.emit(self.key)
                return True
        return super().event(event)


class EditorPane(Panel):
    """A panel with Qt's own fields in it.

    Attributes:
        body: everything below the title, one under the other.
        said: a line at the foot: what is wrong, or what was done.
    """

    def __init__(self, theme: Theme, title: str, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(theme, title, parent)
        self.body = QtWidgets.QVBoxLayout(self)
        self.body.setSpacing(theme.px(6))
        self.said = QtWidgets.QLabel()
        self.said.setWordWrap(True)
        self.said.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self.said.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.NoTextInteraction)
        self.said.hide()

    def ready(self) -> None:
        """Called by a pane when all its parts are in the body."""
        self.body.addWidget(self.said)
        self.set_theme(self.theme)

    def set_theme(self, theme: Theme) -> None:
        """As :meth:`Panel.set_theme`, the fields as well."""
        super().set_theme(theme)
        dress(self, theme)
        pad = self.padding
        self.body.setContentsMargins(pad, self.top, pad, theme.px(8))
        for part in self.findChildren(QtWidgets.QWidget):
            if isinstance(part, ListView | Combo):
                part.set_theme(theme)

    def say(self, text: str, *, wrong: bool = False) -> None:
        """A line at the foot; an empty text takes it away."""
        colours = self.theme.colours
        colour = colours.attention if wrong else colours.dim
        self.said.setStyleSheet(f"color: {colour.name()}")
        self.said.setText(f"! {text}" if wrong and text else text)
        self.said.setVisible(bool(text))

    def event(self, event: QtCore.QEvent) -> bool:
        """As usual; Space presses the button that has the keyboard."""
        if presses_button(event):
            event.accept()
            return True
        return super().event(event)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        painter = QtGui.QPainter(self)
        self.paint_frame(painter)
        painter.end()


def row(*parts: QtWidgets.QWidget | int, spacing: int = 6) -> QtWidgets.QHBoxLayout:
    """Parts side by side; a number gives the part before it that share of the width."""
    made = QtWidgets.QHBoxLayout()
    made.setSpacing(spacing)
    for part in parts:
        if isinstance(part, int):
            made.setStretch(made.count() - 1, part)
        else:
            made.addWidget(part)
    return made


def on_click(button: QtWidgets.QPushButton, call: Callable[[], None]) -> QtWidgets.QPushButton:
    """The button, which calls that."""
    button.clicked.connect(lambda _checked: call())
    return button


def presses_button(event: QtCore.QEvent) -> bool:
    """Whether a key is about to be taken for the window's that presses a button with the keyboard
    on it."""
    if event.type() != QtCore.QEvent.Type.ShortcutOverride or not isinstance(
        event, QtGui.QKeyEvent
    ):
        return False
    focus = QtWidgets.QApplication.focusWidget()
    return event.key() == _KEYS.Key_Space and isinstance(focus, QtWidgets.QAbstractButton)
