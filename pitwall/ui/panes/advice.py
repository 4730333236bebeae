"""What to change on the car, how much it gains, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from pitwall.telemetry import PitwallError
from pitwall.telemetry.clock import now_us
from pitwall.ui.modelling import QUALIFYING, RACE, Answer, Asked, Modelling
from pitwall.ui.panes.advice_rows import LINE, ROW, AdviceRows, all_of
from pitwall.ui.panes.model_pane import LEFT, RIGHT, ModelPane
from pitwall.ui.panes.panel import elided
from pitwall.ui.plot.forecast import Forecast
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme

if TYPE_CHECKING:
    from pitwall.prerace.desk import Desk, DeskRow
    from pitwall.prerace.job import AdviceResult

FEW = 3
"""Where not even so many rows have room they are lean."""


class AdvicePane(ModelPane["Desk"]):
    """The advice for the selected car; a click on a row shows all of it, the action applies it.

    Attributes:
        chosen: key of the row that is open; empty for none.
        sure: the next call of the action applies the open row.
        said: what came of the last action, or what the next one will do.
    """

    SMALLEST = (300, 140)
    WORKING = "Working it out: the laps so far are compared with the model."

    def __init__(
        self,
        theme: Theme,
        model: Modelling,
        draw: Callable[[Forecast | None], None] = lambda _: None,
    ) -> None:
        """As :class:`Panel`; ``draw`` takes the modelled lap while this pane can be seen."""
        super().__init__(theme, "Setup advice", model)
        self.chosen = ""
        self.sure = False
        self.said = ""
        self._draw = draw
        self._forecast: Forecast | None = None
        self._variant = RACE
        self._result: AdviceResult | None = None
        self._was = ""
        self._first = 0
        self._lap = 0
        self._lean = False
        self._zones: list[tuple[QtCore.QRect, str]] = []

    def needed_width(self) -> int:
        """Pixels that it wants for itself."""
        return self.theme.px(440)

    def handlers(self) -> dict[str, Callable[[], None]]:
        """The actions of this pane."""
        return {
            "advice": self.setFocus,
            "advice_apply": self._apply,
            "advice_variant": self._other_variant,
        }

    # -- what is shown ------------------------------------------------------------------

    def question(self, asked: Asked) -> Asked:
        """For the race, or for qualifying."""
        return replace(asked, variant=self._variant)

    def taken(self, answer: Answer, asked: Asked) -> tuple[Desk | None, str]:
        """The advice of this variant, or why there is none."""
        self._result = None
        if answer.asked.variant != asked.variant:
            return None, ""
        self._result, self._lap = answer.advice, answer.lap
        if answer.advice is None:
            return None, answer.advice_trouble
        from pitwall.prerace.desk import desk

        return desk(answer.advice), ""

    def renewed(self, asked: Asked) -> None:
        """Titles, the modelled lap, and what a question before was about."""
        shown, car = self.shown, asked.car
        self._forecast = None
        if shown is not None and self._result is not None:
            self._forecast = _forecast(self._result)
        now = shown.title if shown is not None else ""
        if now != self._was:
            self.sure = False
        self._was = now
        title = f"Car {car} · setup advice · {self._variant}" if car else "Setup advice"
        self.set_titles(title, f"after lap {self._lap}" if shown is not None else "")
        self.setAccessibleDescription(self._spoken())
        self._draw(self._forecast)

    def showEvent(self, event: QtGui.QShowEvent) -> None:  # noqa: D102, N802
        self._draw(self._forecast)
        super().showEvent(event)

    def hideEvent(self, event: QtGui.QHideEvent) -> None:  # noqa: D102, N802
        self._draw(None)
        super().hideEvent(event)

    def _spoken(self) -> str:
        if self.shown is None:
            return self.reason
        best = [f"{r.name}: {r.now} to {r.proposed}, {r.gain}" for r in self.shown.rows if r.gain]
        return " ".join([*self.shown.alarms, *best[:3]])

    def _rows(self) -> tuple[DeskRow, ...]:
        return self.shown.rows if self.shown is not None else ()

    def _row(self, key: str) -> DeskRow | None:
        return next((row for row in self._rows() if row.key == key), None)

    # -- what is done -------------------------------------------------------------------

    def _other_variant(self) -> None:
        self._variant = QUALIFYING if self._variant == RACE else RACE
        self.ask(replace(self._model.asked, variant=self._variant))

    def _apply(self) -> None:
        """First say what will be done, then do it."""
        if not self.chosen:
            self.chosen = next((r.key for r in self._rows() if r.can_apply), "")
        row = self._row(self.chosen)
        if self._result is None or row is None or not row.can_apply:
            self.sure = False
            self.said = "Choose a change that is advised first."
        elif not self.sure:
            self.sure = True
            lap = self._lap + 1
            self.said = f"Again to write {_what(row)} on the sheet from lap {lap}."
        else:
            self.sure = False
            self.said = self._write(self._result, row)
        self.update()

    def _write(self, result: AdviceResult, row: DeskRow) -> str:
        from pitwall.prerace.apply import applied
        from pitwall.prerace.desk import proposed
        from pitwall.prerace.posterior import DRAWS, SEED

        lap = self._lap + 1
        values = proposed(result.advice, row.key)
        try:
            entries = applied(result.advice, values, result.sheet, lap, now_us(), SEED, DRAWS)
            self._model.keep(entries)
        except PitwallError as error:
            return str(error)
        return f"{_what(row)} from lap {lap}: it is scored after that stint."

    # -- painting -----------------------------------------------------------------------

    def paint(self, painter: QtGui.QPainter, box: QtCore.QRect, shown: Desk) -> None:
        """Alarms, rows, what the laps told; at the foot what was done and how far to trust it."""
        self._zones = []
        c, theme = self.theme.colours, self.theme
        rows = AdviceRows(theme)
        y = box.top()
        for alarm in shown.alarms:
            room = QtCore.QRect(box.x(), y, box.width(), 1000)
            y = rows.paint_text(painter, room, alarm, c.attention, bold=True) + theme.px(4)
        foot = self._foot(shown)
        # The best change is what the pane is for: where there is little room, less is said of it.
        spare = box.bottom() - y - theme.px(LINE + ROW)
        foot = foot[: max(spare // theme.px(LINE), 0)]
        bottom = box.bottom() - theme.px(LINE) * len(foot)
        todo = self._rows()[self._first :]
        if todo:
            y = rows.paint_scale(painter, box, y, shown.full_scale_s)
        left = len(todo)
        self._lean = lean = (bottom - y) // theme.px(ROW) < min(left, FEW)
        for row in todo:
            opened = row.key == self.chosen
            height = rows.height(row, box.width(), opened=opened, lean=lean)
            place = QtCore.QRect(box.x(), y, box.width(), height)
            if place.bottom() >= bottom:
                if self._zones or not opened:
                    break
                place.setBottom(bottom - 1)
            left -= 1
            rows.paint(painter, row, place, opened=opened, lean=lean)
            self._zones.append((place, row.key))
            y += place.height()
        room = QtCore.QRect(box.x(), y + theme.px(4), box.width(), bottom - y - theme.px(4))
        below = f"{left} more: turn the wheel" if left else ""
        if not foot:
            self._paint_under(painter, rows, room, [below] if left else _rest(shown))
            return
        if not left:
            self._paint_under(painter, rows, room, _rest(shown))
        self._paint_foot(painter, QtCore.QRect(box.x(), bottom, box.width(), 0), foot, below)

    def _paint_under(
        self, painter: QtGui.QPainter, rows: AdviceRows, room: QtCore.QRect, texts: list[str]
    ) -> None:
        """What there is to know under the last row, as far as there is room."""
        for text in texts:
            if rows.wrapped(text, room.width()) > room.height():
                break
            bottom = rows.paint_text(painter, room, text, self.theme.colours.dim)
            room.setTop(bottom + self.theme.px(2))

    def _paint_foot(
        self,
        painter: QtGui.QPainter,
        line: QtCore.QRect,
        foot: list[tuple[str, QtGui.QColor]],
        below: str,
    ) -> None:
        """The foot from ``line`` on; at the end of its last line, how many rows are ``below``."""
        painter.setFont(self.theme.small())
        line.setHeight(self.theme.px(LINE))
        for i, (text, colour) in enumerate(foot):
            width = line.width()
            if below and i == len(foot) - 1:
                painter.setPen(self.theme.colours.dim)
                painter.drawText(line, RIGHT, below)
                width -= painter.fontMetrics().horizontalAdvance(below) + self.theme.px(12)
            painter.setPen(colour)
            painter.drawText(line, LEFT, elided(painter, text, width))
            line.translate(0, line.height())

    def _foot(self, shown: Desk) -> list[tuple[str, QtGui.QColor]]:
        c = self.theme.colours
        foot = []
        if self.said:
            foot.append((self.said, c.attention if self.sure else c.text))
        if self._model.trouble:
            foot.append((f"Not kept: {self._model.trouble}", c.fault))
        foot.append((shown.reliability, c.dim))
        return foot

    # -- pointer ------------------------------------------------------------------------

    def _at(self, place: QtCore.QPoint) -> str:
        return next((key for zone, key in self._zones if zone.contains(place)), "")

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        key = self._at(event.position().toPoint())
        self.chosen = "" if key == self.chosen else key
        self.sure, self.said = False, ""
        row = self._row(self.chosen)
        if row is not None and self._lean:
            # With what is known of it, it needs all the room there is.
            self._first = self._rows().index(row)
        if row is not None and row.can_apply:
            self.said = "Ctrl+Shift+A writes it on the sheet."
        self.update()

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:  # noqa: D102, N802
        step = -1 if event.angleDelta().y() > 0 else 1
        # one further than the last row: what the laps told is there
        self._first = max(0, min(self._first + step, len(self._rows())))
        self.update()

    def event(self, event: QtCore.QEvent) -> bool:
        """Tool tips by row; everything else as usual."""
        if event.type() == QtCore.QEvent.Type.ToolTip and isinstance(event, QtGui.QHelpEvent):
            row = self._row(self._at(event.pos()))
            tip = "\n".join(all_of(row)) if row is not None else ""
            QtWidgets.QToolTip.showText(event.globalPos(), tip, self)
            return True
        return super().event(event)


def _what(row: DeskRow) -> str:
    """What a row changes; several at once name themselves."""
    return f"{row.name} {row.proposed}" if row.now else row.proposed


def _rest(shown: Desk) -> list[str]:
    """Under the last row: what is not on the sheet, what the driver uses, what the laps told."""
    out = []
    if shown.unwritten:
        out.append(f"Not on the sheet, so nothing is said of them: {', '.join(shown.unwritten)}")
    if shown.driver:
        out.append(f"The driver, not the car: {'; '.join(shown.driver)}")
    out.append(f"By the laps, against the vehicle's file: {'; '.join(shown.known)}")
    return out


def _forecast(result: AdviceResult) -> Forecast:
    """The proposed lap for the traces; as the car is set when nothing is proposed."""
    from pitwall.prerace.desk import NAMES

    lap, track = result.predicted, result.calibration.track
    parts = ", ".join(f"{NAMES.get(key, key)} {value:g}" for key, value in lap.values.items())
    joint = result.advice.joint
    band = (
        f" · 90 % {joint.gain.lo_s:+.2f} to {joint.gain.hi_s:+.2f} s" if joint is not None else ""
    )
    return Forecast(
        result.advice.car,
        len(track.curvature) * track.step_m,
        lap.distance_m,
        lap.proposed_ms,
        lap.gained_s if lap.values else lap.gained_s[:0],
        f"with {parts}{band}" if parts else "as it is set",
    )
