"""The whole session in one line: laps, speed, holes, stops, seam, live edge. Drag to scrub."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from pitwall.analysis import Lap, LapKind
from pitwall.store import Hole, SessionStore
from pitwall.telemetry.clock import SECOND_US, clock_text
from pitwall.ui.panes.button import PillButton
from pitwall.ui.plot.axis import Scale
from pitwall.ui.plot.boxes import hatch_brush
from pitwall.ui.plot.choice import Trace
from pitwall.ui.plot.decimate import envelope
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme, mix
from pitwall.ui.words import seconds

HEIGHT = 92
LEFT = 14
RIGHT = 100
TOP = 24
BAND = 34
SHOWN_HOLE_US = SECOND_US // 2
LIVE_SLACK_US = SECOND_US
FULL_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Span:
    """What the timeline shows.

    Attributes:
        start_us, end_us: ends of the line, event time.
        planned_us: planned end; 0 when unknown.
        latest_us: newest event time.
        car: selected car.
        laps: its laps.
        best: the session's best lap.
        holes: of the selected car.
        seam_us: where archive and stream meet; None without one.
        archive_us: how far the archive reached; None when unknown.
    """

    start_us: int
    end_us: int
    planned_us: int
    latest_us: int
    car: str | None
    laps: tuple[Lap, ...] = ()
    best: Lap | None = None
    holes: tuple[Hole, ...] = ()
    seam_us: int | None = None
    archive_us: int | None = None


class Timeline(QtWidgets.QWidget):
    """The session's memory.

    Attributes:
        renders: how often the band was painted anew; the edge's move does not count.

    Signals:
        scrubbed: event time under the pointer.
        live: the LIVE button, or a drag past the live edge.
    """

    scrubbed = QtCore.Signal(object)
    live = QtCore.Signal()

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.renders = 0
        self._span: Span | None = None
        self._store: SessionStore | None = None
        self._trace: Trace | None = None
        self._colour = theme.car(0)
        self._moment: int | None = None
        self._cursor: int | None = None
        self._following = True
        self._pixmap: QtGui.QPixmap | None = None
        self._signature: object = None
        self._rendered_at = 0.0
        self._cost = 0.0
        self._samples = 0
        self._button = PillButton(theme, "LIVE", "live", self)
        self._button.setToolTip("Follow the newest data (L)")
        self._button.clicked.connect(self.live)
        self.setAccessibleName("Timeline")
        self.setFixedHeight(theme.px(HEIGHT))
        self.setMinimumWidth(theme.px(400))
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def set_theme(self, theme: Theme) -> None:
        """Paint with another theme or scale from now on."""
        self.theme = theme
        self._button.set_theme(theme)
        self.setFixedHeight(theme.px(HEIGHT))
        self._pixmap = None
        self._place_button()
        self.update()

    @property
    def button(self) -> PillButton:
        """The LIVE button."""
        return self._button

    # -- what to show -------------------------------------------------------------------

    def show_span(
        self, span: Span, store: SessionStore, trace: Trace | None, colour: QtGui.QColor
    ) -> None:
        """Show the session; the band is painted anew only when a pixel of it would change."""
        before = self._span
        self._span, self._store, self._trace = span, store, trace
        self._colour = colour
        signature = (
            span.car,
            span.start_us,
            span.end_us,
            len(span.laps),
            span.holes,
            span.seam_us,
            span.best,
            colour.rgb(),
        )
        if signature != self._signature:
            self._signature = signature
            self._pixmap = None
            self.update()
            return
        columns = store.columns(span.car, trace.group) if span.car and trace else None
        samples = columns.samples if columns is not None else 0
        # The envelope is the one thing here whose cost grows with the session: keep it to a
        # fiftieth of the thread's time.
        pause = max(FULL_EVERY_S, 50 * self._cost)
        if samples != self._samples and time.monotonic() - self._rendered_at > pause:
            self._pixmap = None
            self.update()
        elif before is not None and self._edge_px(before) != self._edge_px(span):
            self.update()

    def show_heads(self, moment: int | None, cursor: int | None, following: bool) -> None:
        """Where the window is looking: playhead, cursor, and whether it follows the edge."""
        if (moment, cursor, following) != (self._moment, self._cursor, self._following):
            self._moment, self._cursor, self._following = moment, cursor, following
            self._button.set_on(following)
            self.update()

    def pixel_of(self, t_us: int) -> float:
        """Where an event time lies."""
        return self._scale().pixel(float(t_us)) if self._span else 0.0

    def time_at(self, px: float) -> int:
        """The event time at a pixel, within the data."""
        if self._span is None:
            return 0
        t = int(self._scale().value(px))
        return min(max(t, self._span.start_us), max(self._span.latest_us, self._span.start_us))

    def _scale(self) -> Scale:
        span = self._span
        assert span is not None  # noqa: S101 - callers have looked
        high = float(max(span.end_us, span.start_us + SECOND_US))
        left, right = self.theme.px(LEFT), self.width() - self.theme.px(RIGHT)
        return Scale(float(span.start_us), high, float(left), float(max(right, left + 1)))

    def _edge_px(self, span: Span) -> int:
        return round(self._scale().pixel(float(span.latest_us)))

    # -- painting -----------------------------------------------------------------------

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        if self._pixmap is None or self._pixmap.deviceIndependentSize().toSize() != self.size():
            self._render()
        assert self._pixmap is not None  # noqa: S101 - just rendered
        painter = QtGui.QPainter(self)
        painter.drawPixmap(0, 0, self._pixmap)
        if self._span is not None and self._span.latest_us:
            self._paint_heads(painter)
        painter.end()

    def _band(self) -> QtCore.QRect:
        theme = self.theme
        return QtCore.QRect(
            theme.px(LEFT),
            theme.px(TOP),
            max(self.width() - theme.px(RIGHT) - theme.px(LEFT), 1),
            theme.px(BAND),
        )

    def _render(self) -> None:
        started = time.monotonic()
        self.renders += 1
        ratio = self.devicePixelRatioF()
        pixmap = QtGui.QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        painter = QtGui.QPainter(pixmap)
        c, band = self.theme.colours, self._band()
        painter.fillRect(self.rect(), c.ground)
        painter.setPen(c.line)
        painter.drawLine(0, 0, self.width(), 0)
        painter.fillRect(band, c.panel)
        span = self._span
        if span is not None:
            x = self._scale()
            if span.latest_us:
                edge = x.pixel(float(span.latest_us))
                painter.fillRect(
                    QtCore.QRectF(band.left(), band.top(), edge - band.left(), band.height()),
                    c.raised,
                )
            self._paint_envelope(painter, span, x, band)
            self._paint_laps(painter, span, x, band)
            self._paint_events(painter, span, x, band)
            self._paint_end(painter, span, band)
        painter.end()
        self._pixmap = pixmap
        self._rendered_at = time.monotonic()
        self._cost = self._rendered_at - started

    def _paint_envelope(
        self, painter: QtGui.QPainter, span: Span, x: Scale, band: QtCore.QRect
    ) -> None:
        store, trace = self._store, self._trace
        if store is None or trace is None or span.car is None:
            return
        columns = store.columns(span.car, trace.group)
        if columns is None:
            return
        self._samples = columns.samples
        window = columns.window(trace.index, span.start_us, span.end_us)
        good = np.isfinite(window.v)
        t, v = window.t[good], window.v[good].astype(np.float64)
        column, low, high = envelope(x.pixels(t) - band.left(), v, band.width())
        top, bottom = float(trace.channel.high), float(trace.channel.low)
        if not top > bottom:
            top, bottom = float(v.max(initial=1.0)), float(v.min(initial=0.0))
        y = Scale(bottom, top, band.bottom() - 2.0, band.top() + 2.0)
        colour = mix(self.theme.colours.raised, self.theme.colours.reference, 0.42)
        painter.setPen(QtGui.QPen(colour, 0))
        lines = [
            QtCore.QLineF(band.left() + col + 0.5, y0, band.left() + col + 0.5, min(y1, y0 - 1))
            for col, y0, y1 in zip(
                column.tolist(), y.pixels(low).tolist(), y.pixels(high).tolist(), strict=True
            )
        ]
        painter.drawLines(lines)

    def _paint_laps(
        self, painter: QtGui.QPainter, span: Span, x: Scale, band: QtCore.QRect
    ) -> None:
        c, theme = self.theme.colours, self.theme
        painter.setFont(theme.small())
        metrics = painter.fontMetrics()
        free = -1e9
        base = band.bottom() + theme.px(6) + metrics.ascent()
        for lap in span.laps:
            left = x.pixel(float(lap.t_start))
            right = x.pixel(float(lap.t_end if lap.t_end is not None else span.latest_us))
            painter.setPen(mix(c.line, c.faint, 0.35))
            painter.drawLine(QtCore.QLineF(left, band.top(), left, band.bottom() + theme.px(4)))
            text = f"L{lap.number}"
            width = metrics.horizontalAdvance(text)
            at = (left + right) / 2 - width / 2
            if right - left > 2 and at > free and at + width < self.width():
                painter.setPen(c.text if lap.t_end is None else c.faint)
                painter.drawText(QtCore.QPointF(at, base), text)
                free = at + width + theme.px(7)

    def _paint_events(
        self, painter: QtGui.QPainter, span: Span, x: Scale, band: QtCore.QRect
    ) -> None:
        """Holes, stops, the best lap and the seam; labels of the rarer things first."""
        c, theme = self.theme.colours, self.theme
        painter.setFont(theme.small())
        side = float(theme.px(6))
        marks = [(x.pixel(float(t)), colour, words) for t, colour, words in self._marks(span)]
        # Marks keep their places; words go where the marks and earlier words leave room.
        taken = [(at - side, at + side) for at, _, _ in marks]
        brush = hatch_brush(theme)
        for t_lo, t_hi in merged_holes(span.holes):
            left, right = x.pixel(float(t_lo)), x.pixel(float(t_hi))
            area = QtCore.QRectF(left, band.top(), max(right - left, 2.0), band.height())
            painter.fillRect(area, c.panel)
            painter.fillRect(area, brush if right - left > 6 else QtGui.QBrush(c.attention))
            words = f"gap {seconds(t_hi - t_lo)}"
            self._say(painter, words, (left + right) / 2, c.attention, taken)
        if span.seam_us is not None:
            at = x.pixel(float(span.seam_us))
            painter.setPen(QtGui.QPen(c.dim, 1, QtCore.Qt.PenStyle.DashLine))
            painter.drawLine(QtCore.QLineF(at, band.top() - 4, at, band.bottom() + 4))
            self._say(painter, "archive ▸ stream", at, c.dim, taken)
        for at, colour, words in marks:
            self._mark(painter, at, band, colour)
            self._say(painter, words, at, c.dim, taken)

    def _marks(self, span: Span) -> list[tuple[int, QtGui.QColor, str]]:
        """Moments worth a mark: ``(event time, colour, words)``."""
        c, best = self.theme.colours, span.best
        found = []
        if best is not None and best.t_end is not None:
            found.append((best.t_end, c.best, f"{best.car} fastest"))
        for lap in span.laps:
            if lap.kind in (LapKind.PIT, LapKind.IN):
                end = lap.t_end if lap.t_end is not None else span.latest_us
                found.append((end, c.reference, f"{lap.car} box"))
        return found

    def _mark(
        self, painter: QtGui.QPainter, at: float, band: QtCore.QRect, colour: QtGui.QColor
    ) -> None:
        side = self.theme.px(4)
        y = band.top() - 2
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        points = [(at - side, y - side * 1.5), (at + side, y - side * 1.5), (at, y)]
        painter.drawPolygon(QtGui.QPolygonF([QtCore.QPointF(*p) for p in points]))
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)

    def _say(
        self,
        painter: QtGui.QPainter,
        text: str,
        at: float,
        colour: QtGui.QColor,
        taken: list[tuple[float, float]],
    ) -> None:
        """Write above the band, centred on ``at`` or beside it; without room the mark stands
        alone."""
        width = painter.fontMetrics().horizontalAdvance(text)
        beside = self.theme.px(11)
        low, high = float(self.theme.px(LEFT)), float(self._band().right() - width)
        for wanted in (at - width / 2, at + beside, at - beside - width):
            left = min(max(wanted, low), high)
            if any(left < end + 4 and start - 4 < left + width for start, end in taken):
                continue
            taken.append((left, left + width))
            painter.setPen(colour)
            base = self.theme.px(TOP) - self.theme.px(6)
            painter.drawText(QtCore.QPointF(left, base), text)
            return

    def _paint_end(self, painter: QtGui.QPainter, span: Span, band: QtCore.QRect) -> None:
        if not span.planned_us:
            return
        theme = self.theme
        painter.setFont(theme.small(mono=True))
        painter.setPen(theme.colours.faint)
        text = clock_text(span.planned_us - span.start_us).removeprefix("00:")
        metrics = painter.fontMetrics()
        left = band.right() + theme.px(10)
        painter.drawText(left, band.bottom() + theme.px(6) + metrics.ascent(), text)

    def _paint_heads(self, painter: QtGui.QPainter) -> None:
        span, c, band = self._span, self.theme.colours, self._band()
        assert span is not None  # noqa: S101 - the caller has looked
        x = self._scale()
        edge = x.pixel(float(span.latest_us))
        painter.fillRect(
            QtCore.QRectF(edge - 1, band.top() - 6, self.theme.px(2), band.height() + 12), c.live
        )
        for t_us, colour in ((self._cursor, c.cursor), (self._moment, c.attention)):
            if t_us is not None:
                at = x.pixel(float(t_us))
                painter.setPen(QtGui.QPen(colour, 1))
                painter.drawLine(QtCore.QLineF(at, band.top() - 5, at, band.bottom() + 5))
        if self._moment is not None:
            painter.setFont(self.theme.small(mono=True, bold=True))
            text = clock_text(self._moment - span.start_us)
            metrics = painter.fontMetrics()
            width = metrics.horizontalAdvance(text) + self.theme.px(10)
            left = x.pixel(float(self._moment)) - width / 2
            left = min(max(left, 2.0), self.width() - width - 2)
            box = QtCore.QRectF(left, band.top() - self.theme.px(21), width, metrics.height() + 2)
            painter.fillRect(box, c.attention)
            painter.setPen(c.ground if self.theme.dark else c.panel)
            painter.drawText(box, QtCore.Qt.AlignmentFlag.AlignCenter, text)

    # -- pointer ------------------------------------------------------------------------

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        if event.button() == QtCore.Qt.MouseButton.LeftButton:
            self._scrub(event.position().x())

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        if event.buttons() & QtCore.Qt.MouseButton.LeftButton:
            self._scrub(event.position().x())

    def _scrub(self, px: float) -> None:
        if self._span is None or not self._span.latest_us:
            return
        wanted = int(self._scale().value(px))
        if wanted >= self._span.latest_us - LIVE_SLACK_US:
            self.live.emit()
        else:
            self.scrubbed.emit(self.time_at(px))

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        self._pixmap = None
        self._place_button()
        super().resizeEvent(event)

    def _place_button(self) -> None:
        size = self._button.sizeHint()
        band = self._band()
        self._button.setGeometry(
            self.width() - size.width() - self.theme.px(14),
            band.center().y() - size.height() // 2,
            size.width(),
            size.height(),
        )


def merged_holes(holes: tuple[Hole, ...]) -> list[tuple[int, int]]:
    """Times in which some group has no data, as few and as long stretches as possible; the very
    short ones are left to the traces and the lap table."""
    spans: list[tuple[int, int]] = []
    for hole in sorted(holes, key=lambda h: h.t_lo):
        if spans and hole.t_lo <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], hole.t_hi))
        else:
            spans.append((hole.t_lo, hole.t_hi))
    return [span for span in spans if span[1] - span[0] >= SHOWN_HOLE_US]
