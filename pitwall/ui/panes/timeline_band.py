"""The timeline's band: speed, laps, holes, stops, seam. Painted when a pixel of it changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pitwall.analysis import Lap, LapKind
from pitwall.store import Hole, SessionStore
from pitwall.telemetry.clock import SECOND_US, clock_text
from pitwall.ui.overdue import awaited
from pitwall.ui.plot.axis import Scale
from pitwall.ui.plot.boxes import hatch_brush
from pitwall.ui.plot.choice import Trace
from pitwall.ui.plot.decimate import envelope
from pitwall.ui.plot.polyline import polygon
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.theme import Theme, mix, readable, with_alpha
from pitwall.ui.words import NOT_LOADED, seconds

LEFT = 14
TOP = 24
NOTE_WIDTH = 130
SHOWN_HOLE_US = SECOND_US // 2
BRIDGED_PX = 2
"""Columns without a sample that are drawn over; more is a hole."""


class MarkKind(StrEnum):
    """What a mark on the timeline is of; each has a shape of its own."""

    NOTE = "note"
    ALARM = "alarm"
    CAUTION = "caution"


_ELIDE = QtCore.Qt.TextElideMode.ElideRight


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a moment, or went on for a while.

    Attributes:
        kind: see :class:`MarkKind`.
        t_lo, t_hi: event time; the same for a moment.
        words: as written beside it; empty for none.
        role: name of its colour.
        id: of the note; 0 for others.
        tip: all that is to be said of it.
    """

    kind: MarkKind
    t_lo: int
    t_hi: int
    words: str = ""
    role: str = "text"
    id: int = 0
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """What the timeline shows.

    Attributes:
        zero_us: where the session's clock is 0.
        start_us, end_us: ends of the line, event time.
        planned_us: planned end; 0 when unknown.
        latest_us: newest event time.
        car: selected car.
        laps: its laps.
        best: the session's best lap.
        holes: of the selected car.
        seam_us: where archive and stream meet; None without one.
        archive_us: how far the archive reached; None when unknown.
        loading: True while the past is still being loaded.
        marks: notes, alarms, cautions.
    """

    zero_us: int
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
    loading: bool = False
    marks: tuple[Mark, ...] = ()


class Band:
    """Paints the band of one :class:`Span`.

    Attributes:
        theme: colours and scale.
        span: what to show.
        x: event time to pixels.
        rect: where the band lies.
        words: where there are words above it, once painted.
    """

    def __init__(self, theme: Theme, span: Span, x: Scale, rect: QtCore.QRect) -> None:
        self.theme = theme
        self.span = span
        self.x = x
        self.rect = rect
        self.words: list[QtCore.QRectF] = []

    def paint(
        self, painter: QtGui.QPainter, store: SessionStore | None, trace: Trace | None
    ) -> int:
        """Paint everything; returns how many samples the speed was drawn from."""
        c, band, span = self.theme.colours, self.rect, self.span
        painter.fillRect(band, c.panel)
        if span.latest_us:
            edge = self.x.pixel(float(span.latest_us))
            done = QtCore.QRectF(band.left(), band.top(), edge - band.left(), band.height())
            painter.fillRect(done, c.raised)
        self._paint_cautions(painter)
        samples = self._paint_envelope(painter, store, trace)
        self._paint_laps(painter)
        self._paint_alarms(painter)
        self._paint_events(painter)
        self._paint_end(painter)
        return samples

    def _paint_envelope(
        self, painter: QtGui.QPainter, store: SessionStore | None, trace: Trace | None
    ) -> int:
        span, x, band = self.span, self.x, self.rect
        if store is None or trace is None or span.car is None:
            return 0
        columns = store.columns(span.car, trace.group)
        if columns is None:
            return 0
        thin = columns.thin((trace.index,), span.start_us, span.end_us, band.width())
        good = np.isfinite(thin.low[0]) & np.isfinite(thin.high[0])
        low, high = (each[0][good].astype(np.float64) for each in (thin.low, thin.high))
        at = x.pixels(thin.t[good]) - band.left()
        column, low, high = envelope(at, low, high, band.width())
        top, bottom = float(trace.channel.high), float(trace.channel.low)
        if not top > bottom:
            top, bottom = float(high.max(initial=1.0)), float(low.min(initial=0.0))
        y = Scale(bottom, top, band.bottom() - 2.0, band.top() + 2.0)
        colour = mix(self.theme.colours.raised, self.theme.colours.reference, 0.42)
        painter.setPen(QtGui.QPen(colour, 0))
        px = np.repeat(column + band.left() + 0.5, 2)
        py = np.stack((y.pixels(low), y.pixels(high)), axis=1).ravel()
        # One line down and up each column; it breaks where a column has no sample.
        edges = [0, *(2 * (np.flatnonzero(np.diff(column) > BRIDGED_PX) + 1)).tolist(), len(px)]
        for first, last in zip(edges, edges[1:], strict=False):
            painter.drawPolyline(polygon(px[first:last], py[first:last]))
        return columns.samples

    def _paint_laps(self, painter: QtGui.QPainter) -> None:
        span, x, band = self.span, self.x, self.rect
        c, theme = self.theme.colours, self.theme
        painter.setFont(theme.small())
        metrics = painter.fontMetrics()
        free = -1e9
        base = band.bottom() + theme.px(6) + metrics.ascent()
        edges = [x.pixel(float(lap.t_start)) for lap in span.laps]
        painter.setPen(mix(c.line, c.faint, 0.35))
        foot = band.bottom() + theme.px(4)
        # Lines on one column of pixels are one line.
        columns = dict.fromkeys(round(at) for at in edges if band.left() <= at <= band.right())
        painter.drawLines([QtCore.QLineF(at, band.top(), at, foot) for at in columns])
        for i, lap in enumerate(span.laps):
            left = edges[i]
            right = x.pixel(float(lap.t_end if lap.t_end is not None else span.latest_us))
            middle = (left + right) / 2
            if right - left <= 2 or middle <= free:
                continue
            text = f"L{lap.number}"
            width = metrics.horizontalAdvance(text)
            at = middle - width / 2
            if at > free and at + width < band.right():
                painter.setPen(c.text if lap.t_end is None else c.faint)
                painter.drawText(QtCore.QPointF(at, base), text)
                free = at + width + theme.px(7)

    def _paint_cautions(self, painter: QtGui.QPainter) -> None:
        """Stretches on which the track was not free, behind everything."""
        for mark in self._of(MarkKind.CAUTION):
            left, right = self._edges(mark)
            area = QtCore.QRectF(left, self.rect.top(), right - left, self.rect.height())
            colour = getattr(self.theme.colours, mark.role)
            painter.fillRect(area, with_alpha(colour, 0.22))
            painter.setPen(colour)
            painter.setFont(self.theme.small())
            if painter.fontMetrics().horizontalAdvance(mark.words) < right - left - 4:
                painter.drawText(area.adjusted(4, 1, 0, 0), mark.words)

    def _paint_alarms(self, painter: QtGui.QPainter) -> None:
        """How long each alarm went on: a line at the foot of the band, and a point where one began
        that nobody has seen. The more urgent over the others."""
        base = float(self.rect.bottom() + 1)
        thick, side = self.theme.px(3), self.theme.px(4)
        order = {"dim": 0, "attention": 1, "fault": 2}
        for mark in sorted(self._of(MarkKind.ALARM), key=lambda m: order.get(m.role, 0)):
            left, right = self._edges(mark)
            colour = getattr(self.theme.colours, mark.role)
            if mark.role == "dim":  # seen, or long over
                quiet = mix(self.theme.colours.panel, colour, 0.6)
                painter.fillRect(QtCore.QRectF(left, base - thick, right - left, thick), quiet)
                continue
            painter.fillRect(QtCore.QRectF(left, base - thick, right - left, thick), colour)
            painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
            painter.setPen(QtCore.Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            points = [(left - side, base), (left + side, base), (left, base - side * 1.8)]
            painter.drawPolygon(QtGui.QPolygonF([QtCore.QPointF(*p) for p in points]))
            painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
            painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)

    def _of(self, kind: MarkKind) -> list[Mark]:
        """The marks of a kind that lie in view."""
        span = self.span
        return [
            mark
            for mark in span.marks
            if mark.kind is kind and mark.t_hi >= span.start_us and mark.t_lo <= span.end_us
        ]

    def _edges(self, mark: Mark) -> tuple[float, float]:
        left = self.x.pixel(float(mark.t_lo))
        return left, max(self.x.pixel(float(mark.t_hi)), left + 2.0)

    def _paint_events(self, painter: QtGui.QPainter) -> None:
        """Holes, stops, the best lap and the seam; labels of the rarer things first."""
        span, x, band = self.span, self.x, self.rect
        c, theme = self.theme.colours, self.theme
        painter.setFont(theme.small())
        side = float(theme.px(6))
        marks = [
            (x.pixel(float(t)), colour, words)
            for t, colour, words in self._marks(span)
            if span.start_us <= t <= span.end_us
        ]
        notes = [(x.pixel(float(note.t_lo)), note) for note in self._of(MarkKind.NOTE)]
        # Marks keep their places; words go where the marks and earlier words leave room.
        taken = [(at - side, at + side) for at in (*(m[0] for m in marks), *(n[0] for n in notes))]
        brush = hatch_brush(theme)
        waiting = tuple(hole for hole in span.holes if span.loading and awaited(hole))
        for t_lo, t_hi, _ in merged_holes(waiting):
            left, right = x.pixel(float(t_lo)), x.pixel(float(t_hi))
            painter.fillRect(QtCore.QRectF(left, band.top(), right - left, band.height()), c.panel)
            self._say(painter, NOT_LOADED, (left + right) / 2, c.dim, taken)
        settled = tuple(hole for hole in span.holes if not (span.loading and awaited(hole)))
        for t_lo, t_hi, words in merged_holes(settled):
            left, right = x.pixel(float(t_lo)), x.pixel(float(t_hi))
            area = QtCore.QRectF(left, band.top(), max(right - left, 2.0), band.height())
            painter.fillRect(area, c.panel)
            painter.fillRect(area, brush if right - left > 6 else QtGui.QBrush(c.attention))
            self._say(painter, words, (left + right) / 2, c.attention, taken)
        if span.seam_us is not None:
            at = x.pixel(float(span.seam_us))
            painter.setPen(QtGui.QPen(c.dim, 1, QtCore.Qt.PenStyle.DashLine))
            painter.drawLine(QtCore.QLineF(at, band.top() - 4, at, band.bottom() + 4))
            self._say(painter, "archive ▸ stream", at, c.dim, taken)
        for at, note in notes:
            self._paint_note(painter, at)
            short = painter.fontMetrics().elidedText(note.words, _ELIDE, theme.px(NOTE_WIDTH))
            self._say(painter, short, at, c.text, taken)
        for mark in self._of(MarkKind.ALARM):
            if mark.words:
                colour = readable(getattr(c, mark.role), c.ground, c.text)
                self._say(painter, mark.words, self._edges(mark)[0], colour, taken)
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

    def _paint_note(self, painter: QtGui.QPainter, at: float) -> None:
        """A flag on a stick, over the band."""
        c, top = self.theme.colours, float(self.rect.top())
        side = float(self.theme.px(6))
        painter.setPen(QtGui.QPen(c.text, 1))
        painter.drawLine(QtCore.QLineF(at, top - side - 2, at, self.rect.bottom()))
        painter.fillRect(QtCore.QRectF(at, top - side - 2, side, side), c.text)

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
        low, high = float(self.theme.px(LEFT)), float(self.rect.right() - width)
        for wanted in (at - width / 2, at + beside, at - beside - width):
            left = min(max(wanted, low), high)
            if any(left < end + 4 and start - 4 < left + width for start, end in taken):
                continue
            taken.append((left, left + width))
            painter.setPen(colour)
            base = self.theme.px(TOP) - self.theme.px(6)
            painter.drawText(QtCore.QPointF(left, base), text)
            metrics = painter.fontMetrics()
            self.words.append(QtCore.QRectF(left, base - metrics.ascent(), width, metrics.height()))
            return

    def _paint_end(self, painter: QtGui.QPainter) -> None:
        span, band = self.span, self.rect
        if not span.planned_us:
            return
        theme = self.theme
        painter.setFont(theme.small(mono=True))
        painter.setPen(theme.colours.faint)
        text = clock_text(span.planned_us - span.zero_us).removeprefix("00:")
        metrics = painter.fontMetrics()
        left = band.right() + theme.px(10)
        painter.drawText(left, band.bottom() + theme.px(6) + metrics.ascent(), text)


def merged_holes(holes: tuple[Hole, ...]) -> list[tuple[int, int, str]]:
    """Stretches in which some group has no data, as few and as long as possible, with words:
    ``(from, to, words)``. Very short ones are left to the traces and the lap table."""
    spans: list[tuple[int, int, set[str], bool]] = []
    for hole in sorted(holes, key=lambda h: h.t_lo):
        lost = hole.n_hi > 0
        if spans and hole.t_lo <= spans[-1][1]:
            t_lo, t_hi, groups, before = spans[-1]
            spans[-1] = (t_lo, max(t_hi, hole.t_hi), groups | {hole.group}, before or lost)
        else:
            spans.append((hole.t_lo, hole.t_hi, {hole.group}, lost))
    return [
        (t_lo, t_hi, _hole_words(t_hi - t_lo, groups, lost))
        for t_lo, t_hi, groups, lost in spans
        if t_hi - t_lo >= SHOWN_HOLE_US
    ]


def _hole_words(us: int, groups: set[str], lost: bool) -> str:
    """``gap 3.2 s``; ``no data`` where the source itself was silent; of one group: its name."""
    of = f" ({next(iter(groups))})" if len(groups) == 1 else ""
    return f"{'gap' if lost else 'no data'} {seconds(us)}{of}"
