"""When to stop: the window over the laps that are left, and what would change it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pitwall.ui.modelling import CAUTIONS, Answer, Asked, Modelling
from pitwall.ui.panes.model_pane import CENTRE, LEFT, RIGHT, WRAP, ModelPane
from pitwall.ui.panes.panel import elided
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.theme import Theme, mix, with_alpha

if TYPE_CHECKING:
    from pitwall.strategy.desk import Desk, LapBar

LINE = 20
LEAST_BARS = 66
"""Height that the bars with their laps keep: below it lines give way."""
SCALES_S = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0)
LOSS = "lost on the best lap to stop on: line mean, bar 10 to 90 %"


@dataclass(frozen=True, slots=True)
class _Line:
    """A text under the bars, and the pixels that it takes."""

    text: str
    colour: QtGui.QColor
    bold: bool = False
    height: int = 0


class PitWindowPane(ModelPane["Desk"]):
    """The plan for the selected car."""

    SMALLEST = (300, 160)
    WORKING = "Working it out: pace and wear are taken from the laps so far."

    def __init__(self, theme: Theme, model: Modelling) -> None:
        super().__init__(theme, "Pit window", model)

    def handlers(self) -> dict[str, Callable[[], None]]:
        """The actions of this pane."""
        return {"pit_window": self.setFocus, "cautions": self._other_cautions}

    def _other_cautions(self) -> None:
        asked = self._model.asked
        at = CAUTIONS.index(asked.cautions) if asked.cautions in CAUTIONS else -1
        self.ask(replace(asked, cautions=CAUTIONS[(at + 1) % len(CAUTIONS)]))

    def taken(self, answer: Answer, asked: Asked) -> tuple[Desk | None, str]:
        """The plan with these cautions, over so many laps; or why there is none."""
        if answer.plan is None:
            return None, answer.plan_trouble
        if not answer.plan.answers(asked.cautions, asked.laps, must_stop=asked.must_stop):
            return None, ""
        from pitwall.strategy.desk import desk

        return desk(answer.plan), ""

    def renewed(self, asked: Asked) -> None:
        """Titles: whose race, and what is taken for granted about it."""
        shown = self.shown
        given = [shown.state] if shown is not None else []
        given += [f"cautions as in {asked.cautions}"]
        given += [f"{asked.laps} laps"] if asked.laps is not None else []
        given += ["a stop is due by the rules"] if asked.must_stop else []
        title = f"{shown.title} · pit window" if shown is not None else "Pit window"
        self.set_titles(title, ", ".join(given))
        self.setAccessibleDescription(
            f"{shown.verdict}. {shown.fuel}" if shown is not None else self.reason
        )

    # -- painting -----------------------------------------------------------------------

    def paint(self, painter: QtGui.QPainter, box: QtCore.QRect, shown: Desk) -> None:
        """The verdict, the bars, and what else presses."""
        c, theme = self.theme.colours, self.theme
        verdict = shown.verdict[:1].upper() + shown.verdict[1:]
        font = theme.large(bold=True)
        if QtGui.QFontMetrics(font).horizontalAdvance(verdict) > box.width():
            font = theme.body(bold=True)
        painter.setFont(font)
        painter.setPen(c.text)
        words = painter.fontMetrics().boundingRect(box, WRAP, verdict)
        head = QtCore.QRect(box.x(), box.y(), box.width(), max(words.height(), theme.px(32)))
        painter.drawText(head, _MIDDLE_WRAP, verdict)
        height = theme.px(LINE)
        room = box.bottom() - head.bottom() - theme.px(LEAST_BARS) - height
        lines = self._that_fit(self._lines(shown), box.width(), max(room, height))
        foot = box.bottom() - sum(line.height for line in lines)
        if shown.bars:
            said = QtCore.QRect(box.x(), head.bottom(), box.width(), height)
            painter.setFont(theme.small())
            painter.setPen(c.faint)
            painter.drawText(said, LEFT, elided(painter, LOSS, said.width()))
            area = QtCore.QRect(
                box.x() + theme.px(46),
                said.bottom() + theme.px(6),
                box.width() - theme.px(50),
                foot - said.bottom() - theme.px(32),
            )
            self._paint_bars(painter, shown, area)
        y = foot
        for line in lines:
            painter.setFont(theme.small(bold=line.bold))
            painter.setPen(line.colour)
            place = QtCore.QRect(box.x(), y, box.width(), line.height)
            if line.height > height:
                painter.drawText(place, _MIDDLE_WRAP, line.text)
            else:
                painter.drawText(place, LEFT, elided(painter, line.text, place.width()))
            y += line.height

    def _lines(self, desk: Desk) -> list[_Line]:
        """What is said under the bars, most pressing first."""
        c = self.theme.colours
        caution = [_Line(desk.caution, c.attention if desk.caution_stop else c.dim)]
        fuel = [_Line(desk.fuel, c.fault if desk.fuel_alarm else c.text, desk.fuel_alarm)]
        lines = [*fuel, *caution] if desk.fuel_alarm else [*caution, *fuel]
        lines += [_Line(rival, c.text) for rival in desk.rivals]
        lines += [_Line(desk.pace, c.dim), *(_Line(note, c.faint) for note in desk.notes)]
        return [line for line in lines if line.text]

    def _that_fit(self, lines: list[_Line], width: int, room: int) -> list[_Line]:
        """The first of them, on as many rows as each needs; at least one, cut if it must be."""
        row = self.theme.px(LINE)
        box = QtCore.QRect(0, 0, width, 1000)
        out: list[_Line] = []
        for line in lines:
            metrics = QtGui.QFontMetrics(self.theme.small(bold=line.bold))
            tall = metrics.boundingRect(box, WRAP, line.text).height()
            height = max(row, tall + self.theme.px(4)) if tall > metrics.height() else row
            if height > room and out:
                break
            out.append(replace(line, height=min(height, max(room, row))))
            room -= height
        return out

    def _paint_bars(self, painter: QtGui.QPainter, desk: Desk, area: QtCore.QRect) -> None:
        """Seconds lost against the best lap to stop on; low is good."""
        c, theme = self.theme.colours, self.theme
        top = _scale(desk.bars)
        first, last = desk.bars[0].lap - 0.5, max(desk.bars[-1].lap, desk.last_lap) + 0.5

        def x_of(lap: float) -> float:
            return area.left() + (lap - first) / (last - first) * area.width()

        def y_of(loss: float) -> float:
            return area.bottom() - min(loss, top) / top * area.height()

        inside = [bar.lap for bar in desk.bars if bar.inside]
        if inside:
            band = QtCore.QRectF(
                x_of(inside[0] - 0.5), area.top(),
                x_of(inside[-1] + 0.5) - x_of(inside[0] - 0.5), area.height(),
            )  # fmt: skip
            painter.fillRect(band, with_alpha(c.live, 0.16))
        painter.setFont(theme.small(mono=True))
        high_enough = area.height() >= theme.px(48)
        for share in (0.0, 0.5, 1.0) if high_enough else (0.0, 1.0):
            y = round(y_of(top * share))
            painter.setPen(c.line)
            painter.drawLine(area.left(), y, area.right(), y)
            painter.setPen(c.dim)
            label = QtCore.QRect(area.left() - theme.px(46), y - 8, theme.px(40), 16)
            painter.drawText(label, RIGHT, f"+{top * share:g} s" if share else "best")
        width = max(area.width() / (last - first) * 0.62, 2.0)
        for bar in desk.bars:
            x = x_of(bar.lap)
            colour = c.live if bar.inside else c.reference
            high = y_of(bar.hi_s)
            painter.fillRect(
                QtCore.QRectF(x - width / 2, high, width, max(y_of(bar.lo_s) - high, 2.0)),
                mix(c.panel, colour, 0.45),
            )
            mean = y_of(bar.loss_s)
            # Rare races may draw the mean out of the bar: what joins them shows whose it is.
            stem = sorted((mean, high, y_of(bar.lo_s)))
            painter.fillRect(QtCore.QRectF(x - 0.5, stem[0], 1.0, stem[2] - stem[0]), colour)
            painter.fillRect(QtCore.QRectF(x - width / 2, mean - 1, width, 2.0), colour)
            if math.isfinite(bar.caution_s) and bar.caution_s > 0:
                painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
                painter.setPen(QtCore.Qt.PenStyle.NoPen)
                painter.setBrush(c.attention)
                size = theme.px(4)
                painter.drawPolygon([
                    QtCore.QPointF(x - size, area.top()), QtCore.QPointF(x + size, area.top()),
                    QtCore.QPointF(x, area.top() + 1.6 * size),
                ])  # fmt: skip
                painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
                painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)
        self._paint_laps(painter, desk, area, x_of)

    def _paint_laps(
        self,
        painter: QtGui.QPainter,
        desk: Desk,
        area: QtCore.QRect,
        x_of: Callable[[float], float],
    ) -> None:
        c, theme = self.theme.colours, self.theme
        count = len(desk.bars)
        every = next((n for n in (1, 2, 5, 10, 20) if count / n * theme.px(34) < area.width()), 50)
        painter.setFont(theme.small(mono=True))
        painter.setPen(c.dim)
        for bar in desk.bars:
            if bar.lap % every == 0 or (every > 1 and bar is desk.bars[0]):
                label = QtCore.QRectF(x_of(bar.lap) - 30, area.bottom() + theme.px(3), 60, 16)
                painter.drawText(label, CENTRE, str(bar.lap))


def _scale(bars: tuple[LapBar, ...]) -> float:
    """A round number of seconds above the losses that matter: late stops may cost minutes."""
    losses = sorted(bar.hi_s for bar in bars)
    typical = losses[min(len(losses) - 1, round(0.8 * len(losses)))]
    return next((s for s in SCALES_S if s >= typical), 200.0)


_MIDDLE_WRAP = int(
    QtCore.Qt.AlignmentFlag.AlignVCenter.value | QtCore.Qt.TextFlag.TextWordWrap.value
)
