"""What panes of the model have in common: a question about the selected car, and its answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Generic, TypeVar

from pitwall.ui.modelling import Answer, Asked, Modelling
from pitwall.ui.panes.panel import Panel
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.scene import Scene
from pitwall.ui.theme import Theme

T = TypeVar("T")
NO_CAR = "No car is selected."


class ModelPane(Panel, Generic[T]):
    """Asks about the selected car; paints the answer, or why there is none.

    Subclasses say what they ask (:meth:`question`), which answer is one to it and what they show of
    it (:meth:`taken`), what else changes with it (:meth:`renewed`), and paint it (:meth:`paint`).

    Attributes:
        shown: what is shown; None while there is nothing.
        reason: why there is nothing.
    """

    WORKING = ""
    """What is said while an answer is worked out."""

    def __init__(self, theme: Theme, title: str, model: Modelling) -> None:
        super().__init__(theme, title)
        self.shown: T | None = None
        self.reason = NO_CAR
        self._model = model
        self._known: object = None

    # -- for the subclass -----------------------------------------------------------------

    def question(self, asked: Asked) -> Asked:
        """What it asks, of the selected car, beside what others asked."""
        return asked

    def taken(self, answer: Answer, asked: Asked) -> tuple[T | None, str]:
        """What to show of an answer about the selected car, or why there is nothing; neither when
        it is of another question."""
        raise NotImplementedError

    def renewed(self, asked: Asked) -> None:
        """:attr:`shown` or :attr:`reason` is another: titles and what others show of it."""

    def paint(self, painter: QtGui.QPainter, box: QtCore.QRect, shown: T) -> None:
        """Paint it into ``box``."""
        raise NotImplementedError

    # -- what is shown ----------------------------------------------------------------------

    def show_scene(self, scene: Scene) -> None:
        """Ask for the selected car and take what there is, when it is something new."""
        car, model = scene.view.car or "", self._model
        asked = self.question(replace(model.asked, car=car))
        if asked != model.asked:
            model.ask(asked)
        known = (model.version, asked)
        if known == self._known:
            return
        self._known = known
        answer = model.answer
        shown, why = None, ""
        if car and answer.asked.car == car:
            shown, why = self.taken(answer, asked)
        self.shown = shown
        self.reason = "" if shown is not None else why or (self.WORKING if car else NO_CAR)
        self.renewed(asked)
        self.update()

    def ask(self, asked: Asked) -> None:
        """Ask something else of the same car; what is shown is of the question before."""
        self._known = None
        self._model.ask(asked)
        self.shown, self.reason = None, self.WORKING if asked.car else NO_CAR
        self.renewed(asked)
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        painter = QtGui.QPainter(self)
        self.paint_frame(painter)
        theme = self.theme
        box = self.rect().adjusted(self.padding, self.top, -self.padding, -theme.px(8))
        if self.shown is None:
            painter.setFont(theme.body())
            painter.setPen(theme.colours.dim)
            painter.drawText(box.adjusted(0, theme.px(4), 0, 0), WRAP, self.reason)
        else:
            self.paint(painter, box, self.shown)
        painter.end()


_A = QtCore.Qt.AlignmentFlag
LEFT = _A.AlignVCenter | _A.AlignLeft
RIGHT = _A.AlignVCenter | _A.AlignRight
CENTRE = _A.AlignCenter
WRAP = int(_A.AlignTop.value | _A.AlignLeft.value | QtCore.Qt.TextFlag.TextWordWrap.value)
