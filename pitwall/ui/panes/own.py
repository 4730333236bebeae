"""The program's own figures over the window: what a frame takes, and what gives way to it.

Looked at once a second while it is open; closed it costs nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from pitwall.runtime import Load, ProcessUsage
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.inputs import Inputs
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme, with_alpha
from pitwall.ui.words import DASH, megabytes, percent, seconds

WIDTH = 400
LINE = 22
CHART = 52
FRAMES = 120
SMOOTH_MS = 1000 / 60
SECOND_MS = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: its name, the value, and the role that colours it."""

    name: str
    value: str
    role: str = "text"


class OwnFigures(QtWidgets.QWidget):
    """Lies over the window's upper right corner and lets the pointer through.

    Attributes:
        lines: what it says.
    """

    def __init__(self, theme: Theme, inputs: Inputs, over: QtWidgets.QWidget) -> None:
        super().__init__(over)
        self.theme = theme
        self.lines: tuple[Line, ...] = ()
        self._inputs = inputs
        self._over = over
        self._usage = ProcessUsage()
        self._seen = (0.0, 0)
        self._frames: tuple[float, ...] = ()
        self._second = QtCore.QTimer(self)
        self._second.setInterval(SECOND_MS)
        self._second.timeout.connect(self.look)
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Own figures")
        self.hide()

    def toggle(self) -> None:
        """Show, or show no longer."""
        if self.isVisible():
            self._second.stop()
            self.hide()
            return
        self._usage.sample()
        self._seen = (time.monotonic(), self._inputs.stats.frames)
        self.place()
        self.look()
        self.show()
        self.raise_()
        self._second.start()

    def set_theme(self, theme: Theme) -> None:
        """Paint with another theme or scale from now on."""
        self.theme = theme
        self.place()
        self.update()

    def place(self) -> None:
        """Lie in the corner."""
        px = self.theme.px
        height = px(LINE) * (len(self.lines) or 9) + px(CHART) + 3 * px(10)
        self.setGeometry(self._over.width() - px(WIDTH) - px(16), px(72), px(WIDTH), height)

    def look(self) -> None:
        """Read all figures anew."""
        before = len(self.lines)
        self.lines = (*self._of_frames(), *self._of_process(), *self._of_data())
        self._frames = self._inputs.stats.newest_ms(FRAMES)
        self.setAccessibleDescription("; ".join(f"{x.name} {x.value}" for x in self.lines))
        if len(self.lines) != before:
            self.place()
        self.update()

    def value(self, name: str) -> str:
        """What is said under a name; empty when nothing is."""
        return next((line.value for line in self.lines if line.name == name), "")

    def _of_frames(self) -> list[Line]:
        stats, now = self._inputs.stats, time.monotonic()
        (then, count), self._seen = self._seen, (now, stats.frames)
        recent, latency = stats.recent_ms, stats.latency_ms
        rate = (stats.frames - count) / (now - then) if now - then > SECOND_MS / 2000 else None
        slow = recent.p95 > SMOOTH_MS
        figures = f"{recent.p50:.1f} ms, p95 {recent.p95:.1f} ms" if recent.count else DASH
        load = stats.pace.load
        words = str(load)
        if load is not Load.NONE:
            words = f"at most {1000 / stats.pace.interval_ms:.0f} a second"
        if load is Load.HISTORY:
            words += ", coarser history"
        late = f"{latency.p50:.0f} ms, p95 {latency.p95:.0f} ms" if latency.count else DASH
        return [
            Line("Frame", figures, "attention" if slow else "text"),
            Line("Frames", DASH if rate is None else f"{rate:.0f} a second"),
            Line("Painted", words, "text" if load is Load.NONE else "attention"),
            Line("Sample to screen", late),
        ]

    def _of_process(self) -> list[Line]:
        usage = self._usage.sample()
        return [
            Line("CPU", f"{percent(usage.cpu)} of a core"),
            Line("Memory", megabytes(usage.memory)),
        ]

    def _of_data(self) -> list[Line]:
        lines = []
        paging = self._inputs.paging()
        if paging is not None:
            held = f"{megabytes(paging.held)} of {megabytes(paging.budget)}"
            lines.append(Line("Session", held, "attention" if paging.over else "text"))
            away = megabytes(paging.away) if paging.away else "nothing"
            if paging.slowest_ms:
                away += f", back in {paging.slowest_ms:.0f} ms at most"
            role = "text"
            if paging.trouble:
                away, role = paging.trouble, "fault"
            lines.append(Line("Paged out", away, role))
        detail = self._inputs.detail()
        if detail is not None and detail.health.connected:
            queue = f"{detail.queue} waiting"
            if detail.commit_age_us is not None:
                queue += f", written {seconds(detail.commit_age_us // SECOND_US * SECOND_US)} ago"
            lines.append(Line("Queue", queue, "attention" if detail.held else "text"))
        return lines

    # -- painting -----------------------------------------------------------------------

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        theme, c = self.theme, self.theme.colours
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), with_alpha(c.raised, 0.94))
        painter.setPen(c.line)
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        pad, height = theme.px(10), theme.px(LINE)
        y = pad
        for line in self.lines:
            box = QtCore.QRect(pad, y, self.width() - 2 * pad, height)
            painter.setFont(theme.small())
            painter.setPen(c.dim)
            painter.drawText(box, _LEFT, line.name)
            painter.setFont(theme.small(mono=True))
            painter.setPen(getattr(c, line.role))
            room = box.width() - theme.px(130)
            text = painter.fontMetrics().elidedText(line.value, _ELIDE, room)
            painter.drawText(box, _RIGHT, text)
            y += height
        self._paint_frames(painter, QtCore.QRect(pad, y + pad, self.width() - 2 * pad, 0))
        painter.end()

    def _paint_frames(self, painter: QtGui.QPainter, box: QtCore.QRect) -> None:
        """The newest frames, a stroke each, with a line at what is smooth."""
        theme, c = self.theme, self.theme.colours
        height, top = theme.px(CHART), box.top()
        most = max(*self._frames, 2 * SMOOTH_MS) if len(self._frames) > 1 else 2 * SMOOTH_MS
        step = box.width() / FRAMES
        for i, ms in enumerate(self._frames):
            tall = max(ms / most * height, 1.0)
            x = box.right() - (len(self._frames) - i) * step
            colour = c.attention if ms > SMOOTH_MS else c.dim
            bar = QtCore.QRectF(x, top + height - tall, max(step - 1, 1), tall)
            painter.fillRect(bar, colour)
        y = round(top + height - SMOOTH_MS / most * height)
        painter.setPen(c.line)
        painter.drawLine(box.left(), y, box.right(), y)
        painter.setFont(theme.small())
        metrics = painter.fontMetrics()
        wide, high = metrics.horizontalAdvance("60 Hz "), metrics.height()
        label = QtCore.QRect(box.left(), y - high, wide, high)
        painter.fillRect(label, c.raised)
        painter.setPen(c.faint)
        painter.drawText(label, _LEFT, "60 Hz")


_LEFT = QtCore.Qt.AlignmentFlag.AlignLeft | QtCore.Qt.AlignmentFlag.AlignVCenter
_RIGHT = QtCore.Qt.AlignmentFlag.AlignRight | QtCore.Qt.AlignmentFlag.AlignVCenter
_ELIDE = QtCore.Qt.TextElideMode.ElideRight
