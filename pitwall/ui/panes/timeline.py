"""The whole session in one line: laps, speed, holes, stops, notes, alarms, seam, live edge.

Drag to scrub, wheel to zoom. The live edge goes on whatever moment is looked at.
"""

from __future__ import annotations

import time
from dataclasses import replace

from pitwall.store import SessionStore
from pitwall.telemetry.clock import SECOND_US, clock_text
from pitwall.ui.panes.button import PillButton
from pitwall.ui.panes.timeline_band import LEFT, TOP, Band, Mark, MarkKind, Span
from pitwall.ui.plot.axis import Scale
from pitwall.ui.plot.choice import Trace
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme

HEIGHT = 92
RIGHT = 100
BAND = 34
LIVE_SLACK_US = SECOND_US
FULL_EVERY_S = 1.0
LEAST_US = 5 * SECOND_US
"""The shortest stretch that it can be zoomed to."""
WHEEL = 1.3
"""Zoom for each notch of the wheel."""
PAN_SHARE = 0.1
NEAR = 7
"""Pixels within which a mark is hit."""
_NOTCH = 120.0


class Timeline(QtWidgets.QWidget):
    """The session's memory.

    Attributes:
        renders: how often the band was painted anew; the edge's move does not count.

    Signals:
        scrubbed: event time under the pointer.
        live: the LIVE button, or a drag past the live edge.
        noted: id of a note that was clicked.
    """

    scrubbed = QtCore.Signal(object)
    live = QtCore.Signal()
    noted = QtCore.Signal(object)

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
        self._connected = True
        self._loading = False
        self._pixmap: QtGui.QPixmap | None = None
        self._signature: object = None
        self._rendered_at = 0.0
        self._cost = 0.0
        self._samples = 0
        self._words: list[QtCore.QRectF] = []
        self._view: tuple[int, int] | None = None
        """The stretch that is in view, event time; None for the whole session."""
        self._playing = ""
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
        self._keep_in_view(span.latest_us if self._following else None)
        self._colour = colour
        signature = (
            span.car,
            span.start_us,
            span.end_us,
            len(span.laps),
            span.holes,
            span.seam_us,
            span.best,
            span.loading,
            span.marks,
            self._view,
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

    def show_connected(self, connected: bool, *, loading: bool = False) -> None:
        """Whether more may come: the button says LIVE, or END over a file; while the past is
        ``loading`` nothing is lit, for the newest here is not live."""
        if (connected, loading) != (self._connected, self._loading):
            self._connected, self._loading = connected, loading
            role = "live" if connected and not loading else "dim"
            self._button.set_label("LIVE" if connected else "END", role)
            self._place_button()
            self.update()

    def show_heads(self, moment: int | None, cursor: int | None, following: bool) -> None:
        """Where the window is looking: playhead, cursor, and whether it follows the edge."""
        if (moment, cursor, following) != (self._moment, self._cursor, self._following):
            self._moment, self._cursor, self._following = moment, cursor, following
            self._button.set_on(following)
            self._keep_in_view(moment)
            self.update()

    def show_playing(self, text: str) -> None:
        """How fast it plays, in words; empty while it does not."""
        if text != self._playing:
            self._playing = text
            self.update()

    # -- the stretch in view ------------------------------------------------------------

    @property
    def view(self) -> tuple[int, int]:
        """The event times at both ends of the line."""
        span = self._span
        if span is None:
            return (0, SECOND_US)
        if self._view is not None:
            return self._view
        return span.start_us, max(span.end_us, span.start_us + SECOND_US)

    def whole(self) -> None:
        """The whole session again."""
        self._look(None)

    def zoom(self, factor: float, px: float | None = None) -> None:
        """Look at a part that is ``factor`` times shorter, around a pixel; without one around the
        moment that is shown."""
        span = self._span
        if span is None or not span.latest_us:
            return
        low, high = self.view
        moment = self._moment if self._moment is not None else self._cursor
        at = self._scale().value(px) if px is not None else float(moment or span.latest_us)
        at = min(max(at, float(low)), float(high))
        width = max((high - low) / factor, LEAST_US)
        left = at - (at - low) * width / (high - low)
        self._look((int(left), int(left + width)))

    def pan(self, share: float) -> None:
        """Move by a share of what is in view."""
        low, high = self.view
        by = int((high - low) * share)
        if self._view is not None:
            self._look((low + by, high + by))

    def _look(self, view: tuple[int, int] | None) -> None:
        """Show a stretch, moved so that it lies within the session."""
        span = self._span
        if span is not None and view is not None:
            low, high = view
            start, end = span.start_us, max(span.end_us, span.start_us + SECOND_US)
            low -= max(high - end, 0)
            high -= max(high - end, 0)
            high += max(start - low, 0)
            low = max(low, start)
            view = None if low <= start and high >= end else (low, min(high, end))
        if view != self._view:
            self._view = view
            self._pixmap = None
            self._signature = None
            self.update()

    def _keep_in_view(self, moment: int | None) -> None:
        """Turn the page when what is followed leaves the stretch in view."""
        if self._view is None or moment is None:
            return
        low, high = self._view
        if not low <= moment <= high:
            width = high - low
            left = moment - width * (0.8 if moment == self._latest else 0.1)
            self._look((int(left), int(left + width)))

    @property
    def _latest(self) -> int:
        return self._span.latest_us if self._span is not None else 0

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
        low, high = self.view
        left, right = self.theme.px(LEFT), self.width() - self.theme.px(RIGHT)
        return Scale(float(low), float(high), float(left), float(max(right, left + 1)))

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
        painter.fillRect(self.rect(), self.theme.colours.ground)
        painter.setPen(self.theme.colours.line)
        painter.drawLine(0, 0, self.width(), 0)
        if self._span is not None:
            low, high = self.view
            seen = replace(self._span, start_us=low, end_us=high)
            area = self._band()
            band = Band(self.theme, seen, self._scale(), area)
            if self._view is not None:
                # What lies beyond the ends of the line is not written over the button.
                painter.setClipRect(area.left() - 1, 0, area.width() + 2, self.height())
                self._paint_part(painter, area)
            self._samples = band.paint(painter, self._store, self._trace)
            self._words = band.words
        else:
            painter.fillRect(self._band(), self.theme.colours.panel)
        painter.end()
        self._pixmap = pixmap
        self._rendered_at = time.monotonic()
        self._cost = self._rendered_at - started

    def _paint_part(self, painter: QtGui.QPainter, area: QtCore.QRect) -> None:
        """Which part of the session is in view: a line over the band."""
        span = self._span
        assert span is not None  # noqa: S101 - the caller has looked
        c, (low, high) = self.theme.colours, self.view
        whole = Scale(
            float(span.start_us),
            float(max(span.end_us, span.start_us + SECOND_US)),
            float(area.left()),
            float(area.right()),
        )
        left, right = whole.pixel(float(low)), whole.pixel(float(high))
        painter.fillRect(area.left(), 1, area.width(), 2, c.line)
        painter.fillRect(QtCore.QRectF(left, 1, max(right - left, 3.0), 2), c.reference)

    def _paint_heads(self, painter: QtGui.QPainter) -> None:
        span, c, band = self._span, self.theme.colours, self._band()
        assert span is not None  # noqa: S101 - the caller has looked
        x, (low, high) = self._scale(), self.view
        if low <= span.latest_us <= high:
            edge = x.pixel(float(span.latest_us))
            painter.fillRect(
                QtCore.QRectF(edge - 1, band.top() - 6, self.theme.px(2), band.height() + 12),
                c.live if self._connected and not self._loading else c.dim,
            )
        if self._playing:
            painter.setFont(self.theme.small(mono=True, bold=True))
            painter.setPen(c.attention)
            room = QtCore.QRect(band.right() + 1, 0, self.width() - band.right() - 1, band.top())
            painter.drawText(room, QtCore.Qt.AlignmentFlag.AlignCenter, self._playing)
        for t_us, colour in ((self._cursor, c.cursor), (self._moment, c.attention)):
            if t_us is not None and low <= t_us <= high:
                at = x.pixel(float(t_us))
                painter.setPen(QtGui.QPen(colour, 1))
                painter.drawLine(QtCore.QLineF(at, band.top() - 5, at, band.bottom() + 5))
        if self._moment is not None and low <= self._moment <= high:
            painter.setFont(self.theme.small(mono=True, bold=True))
            text = clock_text(self._moment - span.zero_us)
            metrics = painter.fontMetrics()
            width = metrics.horizontalAdvance(text) + self.theme.px(10)
            left = x.pixel(float(self._moment)) - width / 2
            left = min(max(left, 2.0), self.width() - width - 2)
            box = QtCore.QRectF(left, band.top() - self.theme.px(21), width, metrics.height() + 2)
            for words in self._words:  # half a word is none
                if words.intersects(box):
                    painter.fillRect(words, c.ground)
            painter.fillRect(box, c.attention)
            painter.setPen(c.ground if self.theme.dark else c.panel)
            painter.drawText(box, QtCore.Qt.AlignmentFlag.AlignCenter, text)

    # -- pointer ------------------------------------------------------------------------

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        if event.button() != QtCore.Qt.MouseButton.LeftButton:
            return
        mark = self.mark_at(event.position())
        if mark is not None and mark.kind is MarkKind.NOTE and self._over_band(event.position()):
            self.noted.emit(mark.id)
        else:
            self._scrub(event.position().x())

    def mouseDoubleClickEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        if event.button() == QtCore.Qt.MouseButton.LeftButton:
            self.whole()

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:  # noqa: D102, N802
        turned = event.angleDelta()
        shift = bool(event.modifiers() & QtCore.Qt.KeyboardModifier.ShiftModifier)
        if turned.x() or shift:
            self.pan(-(turned.x() or turned.y()) / _NOTCH * PAN_SHARE)
        elif turned.y():
            self.zoom(WHEEL ** (turned.y() / _NOTCH), event.position().x())
        event.accept()

    def event(self, event: QtCore.QEvent) -> bool:
        """Tool tips of the marks; everything else as usual."""
        if event.type() == QtCore.QEvent.Type.ToolTip and isinstance(event, QtGui.QHelpEvent):
            mark = self.mark_at(QtCore.QPointF(event.pos()))
            QtWidgets.QToolTip.showText(event.globalPos(), mark.tip if mark else "", self)
            return True
        return super().event(event)

    def mark_at(self, point: QtCore.QPointF) -> Mark | None:
        """The note, alarm or caution at a place; the nearest of those that begin near it."""
        span = self._span
        if span is None or not span.latest_us:
            return None
        x, near = self._scale(), float(self.theme.px(NEAR))
        best: tuple[float, Mark] | None = None
        for mark in span.marks:
            left, right = x.pixel(float(mark.t_lo)), x.pixel(float(mark.t_hi))
            away = max(left - point.x(), point.x() - right, 0.0)
            if away <= near and (best is None or (away, right - left) < (best[0], _width(best, x))):
                best = (away, mark)
        return best[1] if best is not None else None

    def _over_band(self, point: QtCore.QPointF) -> bool:
        return point.y() < self._band().top()

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        if event.buttons() & QtCore.Qt.MouseButton.LeftButton:
            self._scrub(event.position().x())

    def _scrub(self, px: float) -> None:
        if self._span is None or not self._span.latest_us:
            return
        wanted = int(self._scale().value(px))
        low, high = self.view
        slack = min(LIVE_SLACK_US, (high - low) // 200)
        if wanted >= self._span.latest_us - slack and self._span.latest_us <= high:
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


def _width(found: tuple[float, Mark], x: Scale) -> float:
    return x.pixel(float(found[1].t_hi)) - x.pixel(float(found[1].t_lo))
