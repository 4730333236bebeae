"""What the driver says of the car, in two taps: where and when, then what and how strongly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pitwall.telemetry import PitwallError
from pitwall.telemetry.clock import now_us
from pitwall.ui.modelling import Modelling
from pitwall.ui.panes.model_pane import CENTRE, LEFT, NO_CAR, WRAP
from pitwall.ui.panes.panel import Panel, elided
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.scene import Scene
from pitwall.ui.theme import Theme

if TYPE_CHECKING:
    from pitwall.prerace.words import Word

ROW = 26
LINE = 18
PHASES = ("braking", "entry", "mid", "exit", "kerb")
SYMPTOMS = ("understeer", "oversteer", "front locks", "rear locks", "no traction", "nervous")
STRENGTHS = (1, 2, 3)
EVERYWHERE = ("all", "slow", "fast")
MOST_SAID = 8
SHORT = {"braking": "brake"}
"""As the heads of narrow columns say it."""


class DriverSaysPane(Panel):
    """Two tables to tap on, and what was said beside what was measured.

    Attributes:
        place: corner and phase that were tapped; None before the first tap.
        lines: what was said, newest first.
    """

    SMALLEST = (300, 200)

    def __init__(self, theme: Theme, model: Modelling) -> None:
        super().__init__(theme, "Driver says")
        self.place: tuple[str, str] | None = None
        self.lines: tuple[str, ...] = ()
        self._model = model
        self._car = ""
        self._lap = 0
        self._corners: tuple[str, ...] = ()
        self._known: object = None
        self._trouble = ""
        self._first = 0
        self._zones: list[tuple[QtCore.QRect, tuple[str, str] | tuple[str, int]]] = []

    def needed_width(self) -> int:
        """Pixels that it wants for itself."""
        return self.theme.px(440)

    def handlers(self) -> dict[str, Callable[[], None]]:
        """The action of this pane: it is shown."""
        return {"driver_says": self.setFocus}

    # -- what is shown ------------------------------------------------------------------

    def show_scene(self, scene: Scene) -> None:
        """Take the selected car and its corners."""
        car = scene.view.car or ""
        debrief, timing = scene.debrief, scene.timing
        corners = tuple(c.name for c in debrief.corners) if debrief is not None else ()
        of_car = timing.cars.get(car) if timing is not None else None
        lap = of_car.last.number if of_car is not None and of_car.last is not None else 0
        known = (car, corners, lap, self._model.version)
        if known == self._known:
            return
        if car != self._car:
            self.place, self._first = None, 0
        self._known, self._car, self._corners, self._lap = known, car, corners, lap
        self._list()

    def _list(self) -> None:
        self._trouble = self._model.trouble
        words: tuple[Word, ...] = ()
        try:
            words = self._model.papers(self._car).words if self._car else ()
        except PitwallError as error:
            self._trouble = str(error)
        said = {word.key: f"lap {word.lap}: {word.says()}" for word in words}
        answer = self._model.answer
        if answer.advice is not None and answer.asked.car == self._car and words:
            from pitwall.prerace.measured import measures

            for measure in measures(answer.advice.calibration, words):
                said[measure.word.key] = f"lap {measure.word.lap}: {measure.says}"
        self.lines = tuple([*said.values()][::-1][:MOST_SAID])
        title = f"Car {self._car} · driver says" if self._car else "Driver says"
        self.set_titles(title, f"after lap {self._lap}" if self._lap else "")
        self.setAccessibleDescription(" ".join(self.lines))
        self.update()

    # -- what is done -------------------------------------------------------------------

    def say(self, symptom: str, strength: int) -> None:
        """The second tap: keep what was said of the place that was tapped first."""
        from pitwall.prerace.words import Symptom, Word, word_text

        if self.place is None or not self._car:
            return
        corner, phase = self.place
        try:
            word = Word(self._car, self._lap, corner, phase, Symptom(symptom), strength, now_us())
            self._model.keep({word.key: word_text(word)})
        except PitwallError as error:
            self._trouble = str(error)
            self.update()
            return
        self.place = None
        self._list()

    # -- painting -----------------------------------------------------------------------

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        painter = QtGui.QPainter(self)
        self.paint_frame(painter)
        self._zones = []
        c, theme = self.theme.colours, self.theme
        box = self.rect().adjusted(self.padding, self.top, -self.padding, -theme.px(8))
        if not self._car:
            painter.setFont(theme.body())
            painter.setPen(c.dim)
            painter.drawText(box, WRAP, NO_CAR)
            painter.end()
            return
        said = [self._trouble] if self._trouble else []
        said += self.lines or ("Nothing was said yet.",)
        height = theme.px(LINE)
        room = max(box.height() - theme.px(ROW) * (len(SYMPTOMS) + 2), height)
        said = said[: max(room // height, 1)]
        foot = box.bottom() - height * len(said)
        gap = theme.px(18)
        # The places are the wider table: five words stand over its cells, three cells are beside.
        left = (box.width() - gap) * 9 // 16
        high = foot - box.y() - theme.px(6)
        self._paint_places(painter, QtCore.QRect(box.x(), box.y(), left, high))
        right = box.x() + left + gap
        self._paint_symptoms(painter, QtCore.QRect(right, box.y(), box.right() - right, high))
        painter.setFont(theme.small())
        for i, text in enumerate(said):
            wrong = (i == 0 and bool(self._trouble)) or "DISAGREES" in text
            painter.setPen(c.attention if wrong else c.dim)
            line = QtCore.QRect(box.x(), foot + i * height, box.width(), height)
            painter.drawText(line, LEFT, elided(painter, text, line.width()))
        painter.end()

    def _paint_places(self, painter: QtGui.QPainter, box: QtCore.QRect) -> None:
        """Corners down, phases across."""
        c, theme = self.theme.colours, self.theme
        rows = (*EVERYWHERE, *self._corners)
        height = theme.px(ROW)
        fits = max((box.height() - height) // height, 1)
        self._first = max(0, min(self._first, len(rows) - fits))
        painter.setFont(theme.small())
        words = [SHORT.get(phase, phase) for phase in PHASES]
        metrics = painter.fontMetrics()
        widest = max(metrics.horizontalAdvance(word) for word in words) + 2
        # The names give way to the words over the cells, as far as they are not cut themselves.
        least = max(metrics.horizontalAdvance(row) for row in rows) + theme.px(8)
        name = max(min(theme.px(44), box.width() - widest * len(PHASES)), least)
        width = (box.width() - name) // len(PHASES)
        painter.setPen(c.faint)
        for k, word in enumerate(words):
            cell = QtCore.QRect(box.x() + name + k * width, box.y(), width, height)
            painter.drawText(cell, CENTRE, elided(painter, word, width))
        if fits < len(rows):
            self._paint_reach(painter, box, self._first / len(rows), fits / len(rows))
        for i, corner in enumerate(rows[self._first : self._first + fits]):
            y = box.y() + (i + 1) * height
            painter.setFont(theme.small(bold=True))
            painter.setPen(c.text)
            painter.drawText(QtCore.QRect(box.x(), y, name, height), LEFT, corner)
            for k, phase in enumerate(PHASES):
                cell = QtCore.QRect(box.x() + name + k * width, y, width, height)
                self._paint_cell(painter, cell, (corner, phase) == self.place, "")
                self._zones.append((cell, (corner, phase)))

    def _widest(self, words: Iterable[str]) -> int:
        metrics = QtGui.QFontMetrics(self.theme.small(bold=True))
        return max(metrics.horizontalAdvance(word) for word in words) + self.theme.px(4)

    def _paint_reach(
        self, painter: QtGui.QPainter, box: QtCore.QRect, first: float, share: float
    ) -> None:
        """Which part of the corners is there; the wheel brings the others."""
        room = box.height() - self.theme.px(ROW)
        top = box.y() + self.theme.px(ROW) + round(first * room)
        bar = QtCore.QRect(box.right() + self.theme.px(4), top, 3, round(share * room))
        painter.fillRect(bar, self.theme.colours.line)

    def _paint_symptoms(self, painter: QtGui.QPainter, box: QtCore.QRect) -> None:
        """Symptoms down, strengths across; quiet until a place is tapped."""
        c, theme = self.theme.colours, self.theme
        height = theme.px(ROW)
        width = min(theme.px(34), (box.width() - self._widest(SYMPTOMS)) // len(STRENGTHS))
        name = box.width() - width * len(STRENGTHS)
        ready = self.place is not None
        painter.setFont(theme.small())
        painter.setPen(c.text if ready else c.faint)
        head = " ".join(self.place) if self.place is not None else "tap a place first"
        painter.drawText(QtCore.QRect(box.x(), box.y(), box.width(), height), LEFT, head)
        for i, symptom in enumerate(SYMPTOMS):
            y = box.y() + (i + 1) * height
            if y + height > box.bottom():
                break
            painter.setFont(theme.small(bold=ready))
            painter.setPen(c.text if ready else c.faint)
            line = QtCore.QRect(box.x(), y, name, height)
            painter.drawText(line, LEFT, elided(painter, symptom, name - 2))
            for k, strength in enumerate(STRENGTHS):
                cell = QtCore.QRect(box.x() + name + k * width, y, width, height)
                self._paint_cell(painter, cell, False, "•" * strength if ready else "")
                if ready:
                    self._zones.append((cell, (symptom, strength)))

    def _paint_cell(
        self, painter: QtGui.QPainter, cell: QtCore.QRect, chosen: bool, text: str
    ) -> None:
        c = self.theme.colours
        inner = cell.adjusted(2, 2, -2, -2)
        painter.fillRect(inner, c.live if chosen else c.raised)
        if text:
            painter.setFont(self.theme.small(bold=True))
            painter.setPen(c.text)
            painter.drawText(inner, CENTRE, text)

    # -- pointer ------------------------------------------------------------------------

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        at = event.position().toPoint()
        found = next((what for zone, what in self._zones if zone.contains(at)), None)
        if found is None:
            return
        first, second = found
        if isinstance(second, int):
            self.say(first, second)
        else:
            self.place = (first, second)
        self.update()

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:  # noqa: D102, N802
        self._first += -1 if event.angleDelta().y() > 0 else 1
        self.update()
