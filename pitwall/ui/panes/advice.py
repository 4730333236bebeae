"""What to change on the car, how much it gains, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from pitwall.telemetry import PitwallError
from pitwall.telemetry.clock import now_us
from pitwall.ui.modelling import QUALIFYING, RACE, Answer, Modelling
from pitwall.ui.panes.panel import Panel, elided
from pitwall.ui.plot.forecast import Forecast
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.scene import Scene
from pitwall.ui.theme import Theme, mix

if TYPE_CHECKING:
    from pitwall.prerace.desk import Desk, DeskRow
    from pitwall.prerace.job import AdviceResult

ROW = 46
LINE = 19
NO_CAR = "No car is selected."
WORKING = "Working it out: the laps so far are compared with the model."


class AdvicePane(Panel):
    """The advice for the selected car; a click on a row shows all of it, the action applies it.

    Attributes:
        shown: what is shown; None while there is nothing.
        reason: why there is nothing.
        chosen: key of the row that is open; empty for none.
        sure: the next call of the action applies the open row.
    """

    SMALLEST = (300, 140)

    def __init__(
        self,
        theme: Theme,
        model: Modelling,
        draw: Callable[[Forecast | None], None] = lambda _: None,
    ) -> None:
        """As :class:`Panel`; ``draw`` takes the modelled lap while this pane can be seen."""
        super().__init__(theme, "Setup advice")
        self.shown: Desk | None = None
        self.reason = NO_CAR
        self.chosen = ""
        self.sure = False
        self.said = ""
        """What came of the last action, or what the next one will do."""
        self._model = model
        self._draw = draw
        self._forecast: Forecast | None = None
        self._variant = RACE
        self._answer: Answer | None = None
        self._known: object = None
        self._first = 0
        self._lap = 0
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

    def show_scene(self, scene: Scene) -> None:
        """Ask for the selected car's advice and draw what there is."""
        car, model = scene.view.car or "", self._model
        asked = replace(model.asked, car=car, variant=self._variant)
        if asked != model.asked:
            model.ask(asked)
        known = (model.version, asked)
        if known == self._known:
            return
        self._known = known
        answer = model.answer
        mine = answer.asked.car == car and answer.asked.variant == self._variant
        self._answer = answer if mine and car else None
        before, self.shown = self.shown, None
        self._forecast = None
        if self._answer is not None and self._answer.advice is not None:
            from pitwall.prerace.desk import desk

            self.shown, self.reason = desk(self._answer.advice), ""
            self._forecast = _forecast(self._answer.advice)
            self._lap = self._answer.lap
        elif self._answer is not None and self._answer.advice_trouble:
            self.reason = self._answer.advice_trouble
        else:
            self.reason = WORKING if car else NO_CAR
        if before is None or self.shown is None or before.title != self.shown.title:
            self.sure = False
        title = f"Car {car} · setup advice · {self._variant}" if car else "Setup advice"
        self.set_titles(title, f"after lap {self._lap}" if self.shown is not None else "")
        self.setAccessibleDescription(self._spoken())
        self._draw(self._forecast)
        self.update()

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

    # -- what is done -------------------------------------------------------------------

    def _other_variant(self) -> None:
        self._variant = QUALIFYING if self._variant == RACE else RACE
        self._known = None
        self._model.ask(replace(self._model.asked, variant=self._variant))
        self.set_titles(self.title.rsplit(" · ", 1)[0] + f" · {self._variant}", "")
        self.shown, self.reason, self.sure = None, WORKING, False
        self._forecast = None
        self._draw(None)
        self.update()

    def _apply(self) -> None:
        """First say what will be done, then do it."""
        answer = self._answer
        if not self.chosen:
            self.chosen = next((r.key for r in self._rows() if r.can_apply), "")
        row = next((r for r in self._rows() if r.key == self.chosen), None)
        if answer is None or answer.advice is None or row is None or not row.can_apply:
            self.sure = False
            self.said = "Choose a change that is advised first."
        elif not self.sure:
            self.sure = True
            self.said = (
                f"Again to write {row.name} {row.proposed} on the sheet from lap {self._lap + 1}."
            )
        else:
            self.sure = False
            self.said = self._write(answer, row)
        self.update()

    def _write(self, answer: Answer, row: DeskRow) -> str:
        from pitwall.prerace.apply import applied
        from pitwall.prerace.posterior import DRAWS, SEED

        assert answer.advice is not None
        advice, sheet = answer.advice.advice, answer.advice.sheet
        value = next(r.proposed for r in advice.rows if r.key == row.key)
        assert value is not None
        lap = self._lap + 1
        try:
            entries = applied(advice, {row.key: value}, sheet, lap, now_us(), SEED, DRAWS)
            self._model.keep(entries)
        except PitwallError as error:
            return str(error)
        return f"{row.name} {row.proposed} from lap {lap}: it is scored after that stint."

    # -- painting -----------------------------------------------------------------------

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        painter = QtGui.QPainter(self)
        self.paint_frame(painter)
        self._zones = []
        c, theme = self.theme.colours, self.theme
        box = self.rect().adjusted(self.padding, self.top, -self.padding, -theme.px(8))
        desk = self.shown
        if desk is None:
            painter.setFont(theme.body())
            painter.setPen(c.dim)
            painter.drawText(box.adjusted(0, theme.px(4), 0, 0), _WRAP, self.reason)
            painter.end()
            return
        y = box.top()
        for alarm in desk.alarms:
            y += self._paint_text(painter, box, y, alarm, c.attention, bold=True)
        foot = self._foot(desk)
        # The best change is what the pane is for: where there is little room, less is said of it.
        spare = box.bottom() - y - theme.px(LINE + ROW)
        foot = foot[: max(spare // theme.px(LINE), 0)]
        bottom = box.bottom() - theme.px(LINE) * len(foot)
        rows = self._rows()[self._first :]
        if rows:
            y = self._paint_scale(painter, box, y, desk)
        left = len(rows)
        for row in rows:
            height = self._height(row, box.width())
            if y + height > bottom:
                break
            left -= 1
            self._paint_row(painter, row, QtCore.QRect(box.x(), y, box.width(), height), desk)
            self._zones.append((QtCore.QRect(box.x(), y, box.width(), height), row.key))
            y += height
        words = f"{left} more: turn the wheel" if left else ""
        if not left and desk.unwritten:
            names = ", ".join(desk.unwritten)
            words = f"Not on the sheet, so nothing is said of them: {names}"
        if words and y + theme.px(LINE) <= bottom:
            room = QtCore.QRect(box.x(), y + theme.px(4), box.width(), bottom - y - theme.px(4))
            painter.setFont(theme.small())
            painter.setPen(c.dim)
            painter.drawText(room, _WRAP, words)
        painter.setFont(theme.small())
        y = bottom
        for text, colour in foot:
            line = QtCore.QRect(box.x(), y, box.width(), theme.px(LINE))
            painter.setPen(colour)
            painter.drawText(line, _LEFT, elided(painter, text, line.width()))
            y += theme.px(LINE)
        painter.end()

    def _foot(self, desk: Desk) -> list[tuple[str, QtGui.QColor]]:
        c = self.theme.colours
        foot = []
        if self.said:
            foot.append((self.said, c.attention if self.sure else c.text))
        if self._model.trouble:
            foot.append((f"Not kept: {self._model.trouble}", c.fault))
        if desk.together:
            foot.append((f"Together: {desk.together}", c.text))
        foot.append((desk.reliability, c.dim))
        return foot

    def _paint_text(
        self,
        painter: QtGui.QPainter,
        box: QtCore.QRect,
        y: int,
        text: str,
        colour: QtGui.QColor,
        *,
        bold: bool = False,
    ) -> int:
        painter.setFont(self.theme.small(bold=bold))
        painter.setPen(colour)
        room = QtCore.QRect(box.x(), y, box.width(), 1000)
        painter.drawText(room, _WRAP, text)
        return self._wrapped(text, room, bold=bold) + self.theme.px(4)

    def _wrapped(self, text: str, room: QtCore.QRect, *, bold: bool = False) -> int:
        metrics = QtGui.QFontMetrics(self.theme.small(bold=bold))
        return metrics.boundingRect(room, _WRAP, text).height()

    def _bar(self, box: QtCore.QRect) -> QtCore.QRect:
        """Where the bars lie."""
        return QtCore.QRect(
            box.x() + round(box.width() * 0.42), box.y(), round(box.width() * 0.30), box.height()
        )

    def _paint_scale(self, painter: QtGui.QPainter, box: QtCore.QRect, y: int, desk: Desk) -> int:
        c, theme = self.theme.colours, self.theme
        line = QtCore.QRect(box.x(), y, box.width(), theme.px(LINE))
        bar = self._bar(line)
        painter.setFont(theme.small())
        painter.setPen(c.faint)
        painter.drawText(line, _LEFT, "Change")
        painter.drawText(line, _RIGHT, "gain a lap, 90 %")
        scale = f"{desk.full_scale_s:g} s"
        painter.drawText(bar, _LEFT, f"\u2212{scale}")
        painter.drawText(bar, _CENTRE, "0")
        painter.drawText(bar, _RIGHT, f"+{scale}")
        return y + theme.px(LINE)

    def _height(self, row: DeskRow, width: int) -> int:
        height = self.theme.px(ROW)
        if row.key == self.chosen:
            room = QtCore.QRect(0, 0, width, 1000)
            height += sum(self._wrapped(text, room) for text in _all_of(row)) + self.theme.px(6)
        return height

    def _paint_row(
        self, painter: QtGui.QPainter, row: DeskRow, box: QtCore.QRect, desk: Desk
    ) -> None:
        c, theme = self.theme.colours, self.theme
        if row.key == self.chosen:
            painter.fillRect(box.adjusted(-theme.px(6), 0, theme.px(6), 0), c.selected)
            self._paint_details(painter, row, box)
        painter.setPen(c.line)
        painter.drawLine(box.left(), box.top(), box.right(), box.top())
        ink = c.text if row.can_apply else c.dim
        upper = QtCore.QRect(box.x(), box.y() + theme.px(4), box.width(), theme.px(20))
        lower = upper.translated(0, theme.px(19))
        bar = self._bar(box)
        left = bar.left() - box.left() - theme.px(10)
        painter.setFont(theme.body(bold=row.can_apply))
        painter.setPen(ink)
        painter.drawText(upper, _LEFT, elided(painter, row.name, left))
        painter.setFont(theme.small(mono=True))
        change = f"{row.now} \u2192 {row.proposed}" if row.proposed else row.now
        painter.setPen(ink if row.proposed else c.faint)
        painter.drawText(lower, _LEFT, elided(painter, change, left))
        if row.bar is None:
            painter.setFont(theme.small())
            painter.setPen(c.dim)
            room = QtCore.QRect(bar.left(), upper.top(), box.right() - bar.left(), theme.px(39))
            words = row.verdict if not row.why else f"{row.verdict}: {row.why}"
            painter.drawText(room, _WRAP, words)
            return
        self._paint_bar(painter, row, bar)
        painter.setFont(theme.body(mono=True, bold=row.can_apply))
        painter.setPen(c.live if row.can_apply else c.dim)
        painter.drawText(upper, _RIGHT, row.gain)
        painter.setFont(theme.small(mono=True))
        painter.setPen(c.dim)
        painter.drawText(lower, _RIGHT, row.band)

    def _paint_details(self, painter: QtGui.QPainter, row: DeskRow, box: QtCore.QRect) -> None:
        painter.setFont(self.theme.small())
        painter.setPen(self.theme.colours.text)
        room = QtCore.QRect(box.x(), box.y() + self.theme.px(ROW), box.width(), 1000)
        for text in _all_of(row):
            painter.drawText(room, _WRAP, text)
            room.translate(0, self._wrapped(text, room))

    def _paint_bar(self, painter: QtGui.QPainter, row: DeskRow, bar: QtCore.QRect) -> None:
        """The interval as a bar, its middle as a point; what is not advised is grey."""
        c, theme = self.theme.colours, self.theme
        assert row.bar is not None
        middle, half = bar.center().x(), bar.width() / 2
        y = bar.top() + theme.px(ROW) // 2
        painter.setPen(QtGui.QPen(c.faint, 1))
        painter.drawLine(middle, bar.top() + theme.px(8), middle, bar.top() + theme.px(ROW - 8))
        low, mean, high = (middle + value * half for value in row.bar)
        colour = c.live if row.can_apply else c.reference
        thick = theme.px(6)
        painter.fillRect(
            QtCore.QRectF(low, y - thick / 2, max(high - low, 2.0), thick),
            mix(c.panel, colour, 0.55),
        )
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(QtCore.QPointF(mean, y), theme.px(4), theme.px(4))
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)

    # -- pointer ------------------------------------------------------------------------

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        key = next((k for zone, k in self._zones if zone.contains(event.position().toPoint())), "")
        self.chosen = "" if key == self.chosen else key
        self.sure, self.said = False, ""
        row = next((r for r in self._rows() if r.key == self.chosen), None)
        if row is not None and row.can_apply:
            self.said = "Ctrl+Shift+A writes it on the sheet."
        self.update()

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:  # noqa: D102, N802
        step = -1 if event.angleDelta().y() > 0 else 1
        self._first = max(0, min(self._first + step, len(self._rows()) - 1))
        self.update()

    def event(self, event: QtCore.QEvent) -> bool:
        """Tool tips by row; everything else as usual."""
        if event.type() == QtCore.QEvent.Type.ToolTip and isinstance(event, QtGui.QHelpEvent):
            key = next((k for zone, k in self._zones if zone.contains(event.pos())), "")
            row = next((r for r in self._rows() if r.key == key), None)
            tip = "\n".join(_all_of(row)) if row is not None else ""
            QtWidgets.QToolTip.showText(event.globalPos(), tip, self)
            return True
        return super().event(event)


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


def _all_of(row: DeskRow) -> list[str]:
    """Everything that is known of a row, a line each."""
    lines = [f"{row.verdict}, by {row.trust}; {row.why}" if row.why else row.verdict]
    if row.p_gain:
        lines.append(f"P(gain > 0) {row.p_gain}, 90 % band {row.band} s a lap")
    if row.where:
        lines.append(f"gained in {row.where} s")
    moved = [text for text in (row.top_speed and f"top speed {row.top_speed}", row.balance) if text]
    if moved:
        lines.append(", ".join(moved))
    return lines


_A = QtCore.Qt.AlignmentFlag
_LEFT = _A.AlignVCenter | _A.AlignLeft
_RIGHT = _A.AlignVCenter | _A.AlignRight
_CENTRE = _A.AlignCenter
_WRAP = int(_A.AlignTop.value | _A.AlignLeft.value | QtCore.Qt.TextFlag.TextWordWrap.value)
