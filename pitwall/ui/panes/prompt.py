"""A small field over the timeline: a place to go to, or the words of a note."""

from __future__ import annotations

from collections.abc import Callable

from pitwall.telemetry import BadInput
from pitwall.ui.dialogs.style import dress
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme

WIDTH = 620
CLEAR = 48


class Prompt(QtWidgets.QFrame):
    """One line that is typed; Return takes it, Escape lets go. What is wrong stands beside it.

    Attributes:
        field: what is typed.
        label: what it is asked for.
        said: what is wrong with it, or what may be typed.
    """

    def __init__(self, theme: Theme, over: QtWidgets.QWidget, beside: QtWidgets.QWidget) -> None:
        """
        Args:
            theme: the present theme.
            over: what it lies on.
            beside: it lies just above this.
        """
        super().__init__(over)
        self._over = over
        self._beside = beside
        self._theme = theme
        self._take: Callable[[str], None] = lambda _: None
        self._hint = ""
        self.setObjectName("prompt")
        self.label = QtWidgets.QLabel(self)
        self.field = QtWidgets.QLineEdit(self)
        self.said = QtWidgets.QLabel(self)
        self.said.setWordWrap(True)
        row = QtWidgets.QHBoxLayout()
        row.addWidget(self.label)
        row.addWidget(self.field, 1)
        column = QtWidgets.QVBoxLayout(self)
        column.addLayout(row)
        column.addWidget(self.said)
        self.field.installEventFilter(self)
        self.field.returnPressed.connect(self._taken)
        self.field.textEdited.connect(lambda _: self._say(self._hint))
        self.hide()
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Paint with another theme or scale from now on."""
        self._theme = theme
        dress(self, theme)
        c = theme.colours
        own = f"background: {c.raised.name()}; border: 1px solid {c.line.name()}"
        radius = f"border-radius: {theme.px(6)}px"
        self.setStyleSheet(f"{self.styleSheet()} QFrame#prompt {{ {own}; {radius} }}")
        self.place()

    def ask(self, label: str, hint: str, text: str, take: Callable[[str], None]) -> None:
        """Open it.

        Args:
            label: what is asked for.
            hint: what may be typed.
            text: what stands there already.
            take: gets what was typed; a BadInput of its is said, and the field stays.
        """
        self._take, self._hint = take, hint
        self.label.setText(label)
        self.field.setAccessibleName(label)
        self.field.setText(text)
        self.field.selectAll()
        self._say(hint)
        self.show()
        self.place()
        self.raise_()
        self.field.setFocus(QtCore.Qt.FocusReason.ShortcutFocusReason)

    def place(self) -> None:
        """Lie above the timeline, in the middle."""
        theme = self._theme
        width = min(theme.px(WIDTH), self._over.width() - 2 * theme.px(12))
        self.setFixedWidth(width)
        height = max(self.sizeHint().height(), self.minimumSizeHint().height())
        corner = self._beside.mapTo(self._over, QtCore.QPoint(0, 0))
        x = (self._over.width() - width) // 2
        # Notices lie just above the timeline.
        self.setGeometry(x, corner.y() - height - theme.px(CLEAR), width, height)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        colours = self._theme.colours
        colour = colours.attention if wrong else colours.dim
        self.said.setStyleSheet(f"color: {colour.name()}")
        self.said.setText(f"! {text}" if wrong else text)

    def _taken(self) -> None:
        try:
            self._take(self.field.text())
        except BadInput as error:
            self._say(str(error), wrong=True)
            self.field.selectAll()
            return
        self._leave()

    def _leave(self) -> None:
        self.hide()
        self._over.setFocus(QtCore.Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802
        """What is typed is text and no key of the window; Escape closes."""
        if event.type() == QtCore.QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if isinstance(event, QtGui.QKeyEvent) and event.type() == QtCore.QEvent.Type.KeyPress:
            if event.key() == QtCore.Qt.Key.Key_Escape:
                self._leave()
                return True
        elif event.type() == QtCore.QEvent.Type.FocusOut and self.isVisible():
            self.hide()
        return super().eventFilter(watched, event)
