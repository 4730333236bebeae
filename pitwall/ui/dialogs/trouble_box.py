"""What is in the way, in the dialog itself: one line, and what to type about it."""

from __future__ import annotations

from pitwall.ui.dialogs.services import Trouble
from pitwall.ui.dialogs.style import Words, button
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme


class TroubleBox(QtWidgets.QFrame):
    """Hidden while nothing is in the way.

    Attributes:
        command: what it says to type; empty for nothing.

    Signals:
        doctor: the user wants the way to the data looked at step by step.
    """

    doctor = QtCore.Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("trouble")
        self.command = ""
        self._text = ""
        self._words = Words()
        self._typed = QtWidgets.QLineEdit()
        self._typed.setReadOnly(True)
        self._typed.setObjectName("typed")
        self._typed.setAccessibleName("Command to type")
        self.copy = button("Cop&y command", tip="Puts it on the clipboard")
        self.ask = button("Ask the d&octor…", tip="Checks the way to the data step by step")
        self.copy.clicked.connect(self._copied)
        self.ask.clicked.connect(self.doctor)
        under = QtWidgets.QHBoxLayout()
        under.setSpacing(theme.px(8))
        under.addWidget(self._typed, 1)
        under.addWidget(self.copy)
        under.addStretch(0)
        under.addWidget(self.ask)
        page = QtWidgets.QVBoxLayout(self)
        page.setContentsMargins(theme.px(12), theme.px(10), theme.px(12), theme.px(10))
        page.setSpacing(theme.px(8))
        page.addWidget(self._words)
        page.addLayout(under)
        self.hide()

    @property
    def text(self) -> str:
        """What it says; empty while nothing is in the way."""
        return self._text

    def say(self, text: str, command: str = "", *, doctor: bool = True) -> None:
        """Say that something is in the way; an empty text hides it."""
        self.command = command
        self._text = text
        self._words.setText(f"✕  {text[:1].upper()}{text[1:]}")
        self.setAccessibleName(text)
        self._typed.setText(command)
        self._typed.setVisible(bool(command))
        self.copy.setVisible(bool(command))
        self.ask.setVisible(doctor)
        self.setVisible(bool(text))

    def say_trouble(self, trouble: Trouble | None) -> None:
        """The same for what a listing says."""
        if trouble is None:
            self.say("")
        else:
            self.say(trouble.text, trouble.command)

    def _copied(self) -> None:
        QtGui.QGuiApplication.clipboard().setText(self.command)
