"""What dialogs that ask something on a thread have in common: a page, a list under a line that
moves, a foot with a status and buttons, and the way out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pitwall.runtime.errands import Errands
from pitwall.ui.dialogs.style import dress, fit
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme


class AskingDialog(QtWidgets.QDialog):
    """A dialog that never stops the window behind it.

    Subclasses lay out with :meth:`page`, :meth:`middle` and :meth:`foot`, and say how to
    :meth:`stop`. Esc takes one step back (:meth:`step_back`) before it closes.

    Attributes:
        errands: where it asks; ended by whoever made them.
    """

    def __init__(
        self, title: str, errands: Errands, theme: Theme, parent: QtWidgets.QWidget | None
    ) -> None:
        super().__init__(parent)
        self.errands = errands
        self._gap = theme.px(12)
        self.setWindowTitle(f"{title} — Pitwall")
        self.setAccessibleName(title)
        self.setModal(False)
        self._status = QtWidgets.QLabel()
        self._status.setObjectName("status")
        self._bar = QtWidgets.QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 0)
        self._bar.setAccessibleName("Progress")
        # Room is kept for it, so that the list does not jump.
        policy = self._bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._bar.setSizePolicy(policy)

    # -- layout -------------------------------------------------------------------------

    def page(self, theme: Theme) -> QtWidgets.QVBoxLayout:
        """The column that everything lies in."""
        made = QtWidgets.QVBoxLayout(self)
        made.setContentsMargins(theme.px(20), theme.px(16), theme.px(20), theme.px(16))
        made.setSpacing(self._gap)
        return made

    def middle(self, widget: QtWidgets.QWidget) -> QtWidgets.QVBoxLayout:
        """The list, under the line that moves while something is asked."""
        made = QtWidgets.QVBoxLayout()
        made.setSpacing(0)
        made.addWidget(self._bar)
        made.addWidget(widget, 1)
        return made

    def foot(self, *buttons: QtWidgets.QWidget) -> QtWidgets.QHBoxLayout:
        """The status, and the buttons at the right."""
        made = QtWidgets.QHBoxLayout()
        made.setSpacing(self._gap)
        made.addWidget(self._status, 1)
        for one in buttons:
            made.addWidget(one)
        return made

    def tabs_through(self, *widgets: QtWidgets.QWidget) -> None:
        """The order in which Tab goes through them."""
        for before, after in zip(widgets, widgets[1:], strict=False):
            QtWidgets.QWidget.setTabOrder(before, after)

    def keys(self, bound: Sequence[tuple[str, Callable[[], object]]]) -> None:
        """Keys of this dialog."""
        for text, slot in bound:
            QtGui.QShortcut(QtGui.QKeySequence(text), self, slot)

    def open_sized(self, theme: Theme, size: tuple[int, int]) -> None:
        """Looks and size, once everything is laid out."""
        self.set_theme(theme)
        fit(self, theme, *size)

    # -- looks --------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Other colours and sizes from now on."""
        dress(self, theme)

    @property
    def status(self) -> str:
        """The line at the foot."""
        return self._status.text()

    # -- the way out --------------------------------------------------------------------

    def stop(self) -> None:
        """Nobody waits for an answer any more."""
        self.errands.cancel()

    def step_back(self) -> bool:
        """Out of what is going on; False when there is nothing to leave but the dialog."""
        return False

    def reject(self) -> None:
        """Esc: out of what is going on, then out of the dialog."""
        if not self.step_back():
            super().reject()

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:  # noqa: D102, N802
        self.stop()
        super().reject()
        event.accept()


def steps_through(
    field: QtWidgets.QLineEdit, step: Callable[[int], None], enter: Callable[[], None]
) -> QtCore.QObject:
    """Arrows and Return in ``field`` go to a list: hands stay where they are. ``step`` is called
    with rows to go, ``enter`` for Return."""
    made = _Steps(field, step, enter)
    field.installEventFilter(made)
    return made


class _Steps(QtCore.QObject):
    def __init__(
        self, field: QtWidgets.QLineEdit, step: Callable[[int], None], enter: Callable[[], None]
    ) -> None:
        super().__init__(field)
        self._step = step
        self._enter = enter

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802
        """Arrows and Return are not the field's."""
        pressed = event.type() == QtCore.QEvent.Type.KeyPress
        if pressed and isinstance(event, QtGui.QKeyEvent):
            if event.key() in LIST_KEYS:
                self._step(LIST_KEYS[event.key()])
                return True
            if event.key() in (QtCore.Qt.Key.Key_Return, QtCore.Qt.Key.Key_Enter):
                self._enter()
                return True
        return super().eventFilter(watched, event)


LIST_KEYS: dict[int, int] = {
    QtCore.Qt.Key.Key_Down: 1,
    QtCore.Qt.Key.Key_Up: -1,
    QtCore.Qt.Key.Key_PageDown: 10,
    QtCore.Qt.Key.Key_PageUp: -10,
}
