"""The coach beside the traces: the sentence for the radio, and where it comes from."""

from __future__ import annotations

from pitwall.analysis import Finding
from pitwall.analysis.coach_words import gain, half_width, quiet, radio, short, sureness
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.corner_curves import corner_spans
from pitwall.ui.model import Axis, Workspace
from pitwall.ui.panes.coach_cards import MOST, advice_of, spoken
from pitwall.ui.panes.panel import Panel, elided
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.scene import Scene
from pitwall.ui.theme import Theme
from pitwall.ui.words import seconds

ROW = 28
LATE_US = 2 * SECOND_US
"""A sentence for the radio is to be here so soon after the line."""


class CoachPane(Panel):
    """What there is to say to the selected car's driver; a click shows the corner in the traces.

    Attributes:
        said: what is shown.
        sentence: for the radio; empty when there is nothing to say.
        reason: why not.
        newest: ``(car, number)`` of the newest lap that went into it; None before the first.
        behind_us: how long after that lap's crossing of the line, by the data's own clock, it was
            here; None where the lap was here before the pane looked.
    """

    SMALLEST = (240, 96)

    def __init__(self, theme: Theme, workspace: Workspace) -> None:
        super().__init__(theme, "Coach")
        self.said: tuple[Finding, ...] = ()
        self.sentence = ""
        self.reason = ""
        self.newest: tuple[str, int] | None = None
        self.behind_us: int | None = None
        self._noted: tuple[str, int] | None = None
        """The car, and its newest data when its newest lap was noted."""
        self._workspace = workspace
        self._zones: dict[int, tuple[float, float]] = {}

    def needed_width(self) -> int:
        """Pixels that it wants for itself."""
        return self.theme.px(420)

    def wanted_height(self, width: int, room: int) -> int:
        """What holds a sentence of two lines and three rows, whatever is said now."""
        lines = 2 * QtGui.QFontMetrics(self.theme.body(bold=True)).lineSpacing()
        rows = MOST * self.theme.px(ROW)
        return min(self.top + lines + self.theme.px(16) + rows, room)

    def show_scene(self, scene: Scene) -> None:
        """Draw this from now on."""
        debrief, car = scene.debrief, scene.view.car
        advice = advice_of(scene)
        laps = _span(advice.laps) if advice is not None else ""
        age = self._age(scene)
        words = " · ".join(part for part in (laps, age) if part)
        self.set_titles(f"Car {car} · coach" if car else "Coach", words)
        said = spoken(advice)
        sentence = radio(advice) if advice is not None else ""
        reason = quiet(advice) if advice is not None else "No laps have been looked at so far."
        if debrief is not None and debrief.corners:
            self._zones = corner_spans(debrief)
        if (said, sentence, reason) != (self.said, self.sentence, self.reason):
            self.said, self.sentence, self.reason = said, sentence, reason
            self.setAccessibleDescription(sentence or reason)
            self.updateGeometry()
            self.update()

    def _age(self, scene: Scene) -> str:
        """How long after the line the newest lap was looked at, or that it is not yet."""
        timing, debrief, car = scene.timing, scene.debrief, scene.view.car
        at = timing.cars.get(car or "") if timing is not None else None
        last = at.last if at is not None else None
        if at is None or last is None or last.t_end is None or debrief is None:
            self.newest = self.behind_us = None
            return ""
        lap = (last.car, last.number)
        behind = scene.store.latest_us(last.car) - last.t_end
        if lap not in debrief.laps:
            late = scene.fresh and behind > LATE_US
            return f"! L{last.number} not looked at for {seconds(behind)}" if late else ""
        if lap != self.newest:
            # Of laps that history brings, and of those driven while another car was looked at,
            # nobody waited for the end.
            noted = self._noted
            waited = noted is not None and noted[0] == last.car and noted[1] <= last.t_end
            self.newest, self.behind_us = lap, behind if waited and scene.fresh else None
            self._noted = (last.car, scene.store.latest_us(last.car))
        if self.behind_us is None or not scene.fresh:
            return ""
        return f"L{last.number}, {seconds(self.behind_us)} after the line"

    # -- painting -----------------------------------------------------------------------

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        painter = QtGui.QPainter(self)
        self.paint_frame(painter)
        c, theme = self.theme.colours, self.theme
        painter.setFont(theme.body(bold=bool(self.sentence)))
        painter.setPen(c.text if self.sentence else c.dim)
        words = self.sentence or self.reason
        room = self.rect().adjusted(self.padding, self.top + theme.px(4), -self.padding, 0)
        painter.drawText(room, _WRAP, words)
        for one, rect in zip(self.said, self._rows(), strict=False):
            self._paint_row(painter, one, rect)
        painter.end()

    def _rows(self) -> list[QtCore.QRect]:
        """Where the findings stand that there is room for: a line each, two where the words want
        them and all fit."""
        lean, most = self.theme.px(ROW), self.height() - self.theme.px(4)
        y, width = self._first_y(self.width()), self.width() - 2 * self.padding
        metrics = QtGui.QFontMetrics(self.theme.body())
        heights = [
            lean
            if metrics.horizontalAdvance(short(one)) <= self._words_room(one, width)[1]
            else metrics.lineSpacing() * 2 + self.theme.px(8)
            for one in self.said
        ]
        if y + sum(heights) > most:
            heights = [lean] * len(self.said)
        rows = []
        for height in heights:
            if y + height > most:
                break
            rows.append(QtCore.QRect(self.padding, y, width, height))
            y += height
        return rows

    def _words_room(self, one: Finding, width: int) -> tuple[int, int]:
        """How far from the left a finding's words begin, and their room: between the corner's name
        and what it is worth."""
        theme = self.theme
        name = QtGui.QFontMetrics(theme.body(bold=True)).horizontalAdvance(one.corner.name)
        figure = QtGui.QFontMetrics(theme.small(mono=True)).horizontalAdvance(_figure(one))
        left = max(name, theme.px(24)) + theme.px(8)
        return left, width - left - figure - theme.px(12)

    def _first_y(self, width: int) -> int:
        font = self.theme.body(bold=bool(self.sentence))
        room = QtCore.QRect(0, 0, max(width - 2 * self.padding, 50), 10_000)
        words = self.sentence or self.reason
        height = QtGui.QFontMetrics(font).boundingRect(room, _WRAP, words).height()
        return self.top + height + self.theme.px(12)

    def _paint_row(self, painter: QtGui.QPainter, one: Finding, rect: QtCore.QRect) -> None:
        c, theme = self.theme.colours, self.theme
        painter.setPen(c.line)
        painter.drawLine(rect.left(), rect.top(), rect.right(), rect.top())
        painter.setFont(theme.body(bold=True))
        painter.setPen(c.text)
        painter.drawText(rect, _LEFT, one.corner.name)
        painter.setFont(theme.small(mono=True))
        painter.setPen(c.attention if one.gain_s > 0 else c.live)
        painter.drawText(rect, _RIGHT, _figure(one))
        painter.setFont(theme.body())
        painter.setPen(c.text)
        left, width = self._words_room(one, rect.width())
        room = QtCore.QRect(rect.left() + left, rect.top(), width, rect.height())
        if rect.height() > theme.px(ROW):
            painter.drawText(room, _LEFT | QtCore.Qt.TextFlag.TextWordWrap, short(one))
        else:
            painter.drawText(room, _LEFT, elided(painter, short(one), width))

    # -- pointer ------------------------------------------------------------------------

    def _at(self, y: float) -> Finding | None:
        rows = zip(self.said, self._rows(), strict=False)
        return next((one for one, rect in rows if rect.top() <= y < rect.bottom()), None)

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        one = self._at(event.position().y())
        span = self._zones.get(one.corner.number) if one is not None else None
        if span is not None:
            self._workspace.change(axis=Axis.DISTANCE, span=span)

    def event(self, event: QtCore.QEvent) -> bool:
        """Tool tips by row; everything else as usual."""
        if event.type() == QtCore.QEvent.Type.ToolTip and isinstance(event, QtGui.QHelpEvent):
            one = self._at(event.pos().y())
            tip = f"{short(one)}: {gain(one)}, {sureness(one)}" if one is not None else ""
            QtWidgets.QToolTip.showText(event.globalPos(), tip, self)
            return True
        return super().event(event)


def _figure(one: Finding) -> str:
    return f"{gain(one)} ± {half_width(one)}"


def _span(laps: tuple[int, ...]) -> str:
    if not laps:
        return ""
    return f"laps {laps[0]}\u2013{laps[-1]}" if len(laps) > 1 else f"lap {laps[0]}"


_A = QtCore.Qt.AlignmentFlag
_LEFT = _A.AlignVCenter | _A.AlignLeft
_RIGHT = _A.AlignVCenter | _A.AlignRight
_WRAP = int(_A.AlignTop.value | _A.AlignLeft.value | QtCore.Qt.TextFlag.TextWordWrap.value)
