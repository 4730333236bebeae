"""The stage: stacked traces on one shared axis, painted by ourselves.

What is painted when: labels and values when they change; the axis' figures and the reference lap
when the axis moves; the shown lap over a copy of that when data comes; the cursor over it in each
paint event. A cursor's move repaints two narrow strips and no curve. A session has no reference
lap: its curves are painted where they stay, without a copy.
"""

from __future__ import annotations

import numpy as np

from pitwall.store import SessionStore
from pitwall.telemetry.clock import SECOND_US, lap_time
from pitwall.ui.model import ROLLING_S, Axis, View, Workspace
from pitwall.ui.panes.panel import Panel
from pitwall.ui.picture import Picture, Shown
from pitwall.ui.plot.boxes import DELTA_WEIGHT, Boxes, arrange
from pitwall.ui.plot.canvas import Canvas, show
from pitwall.ui.plot.columns import Curves, curves_of
from pitwall.ui.plot.cursor import cursor_pixel, paint_cursor, paint_mark, touched
from pitwall.ui.plot.curves import (
    Frame,
    Painted,
    lay_out,
    paint_back,
    paint_ground,
    paint_live,
)
from pitwall.ui.plot.furniture import Style
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme

ZOOM = 1.25
PAN_SHARE = 0.1
CLICK_SLACK = 4
SNAP = 6
"""Pixels to the nearest sample at which the cursor goes to it."""
FOLLOW_SHARE = 0.002
"""A session's view that ends so close to the newest data, in parts of it, follows it."""
SMALLEST_SPAN = {Axis.DISTANCE: 20.0, Axis.TIME: 0.5, Axis.ROLLING: 1.0}


class TraceStack(Panel):
    """Shows one :class:`Picture` and turns pointer and wheel into changes of the workspace.

    Attributes:
        curve_renders: how often the shown lap was painted; a cursor's move does not count.
        ground_renders: how often all the rest was; new data of the shown lap does not count.
        picture: what is shown; None before the first.
    """

    def __init__(
        self,
        theme: Theme,
        workspace: Workspace,
        store: SessionStore,
        parent: QtWidgets.QWidget | None = None,
    ) -> None:
        super().__init__(theme, "Traces", parent)
        self.curve_renders = 0
        self.ground_renders = 0
        self.picture: Picture | None = None
        self._workspace = workspace
        self._store = store
        self._car = theme.car(0)
        self._reference_car: QtGui.QColor | None = None
        self._reconstructed = False
        self._connected = True
        self._loading = False
        self._layers: tuple[Canvas, Canvas] | None = None
        self._back_key: object = None
        self._ground_key: object = None
        self._drawn = False
        self._painted: Painted | None = None
        self._boxes: Boxes | None = None
        self._cursor: int | None = None
        self._pressed: tuple[float, tuple[float, float]] | None = None
        self._dragged = False
        self.setMouseTracking(True)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(theme.px(360), theme.px(240))
        self.setSizePolicy(
            QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Expanding
        )

    # -- what to show -------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """As :meth:`Panel.set_theme`; the curves are painted anew."""
        self._stale()
        super().set_theme(theme)

    def show_picture(
        self,
        picture: Picture,
        car: QtGui.QColor,
        *,
        reconstructed: bool = False,
        connected: bool = True,
        loading: bool = False,
    ) -> None:
        """Paint another picture, with the shown car in ``car``; ``connected``: more may come;
        ``loading``: the past is still on its way, the newest here is not live."""
        self.picture = picture
        self._car = car
        self._reconstructed = reconstructed
        self._connected, self._loading = connected, loading
        self._cursor = self._workspace.view.cursor
        self._stale()
        self.update()

    def view_changed(self, names: frozenset[str]) -> None:
        """The workspace changed in a way that needs no new picture."""
        if names & {"span", "fit"}:
            self._stale()
            self.update()
        if "cursor" in names:
            self._move_cursor(self._workspace.view.cursor)
        if "mark" in names:
            self.update()

    @property
    def span(self) -> tuple[float, float]:
        """The visible part of the axis."""
        view = self._workspace.view
        if view.span is not None:
            return view.span
        if self.picture is None:
            return 0.0, 1.0
        return self.picture.opening or self.picture.full

    # -- zoom and pan -------------------------------------------------------------------

    def zoom(self, factor: float, around: float | None = None) -> None:
        """Show ``1 / factor`` of the present span around a position of the axis (the cursor's,
        or the middle, when None)."""
        if self.picture is None:
            return
        low, high = self.span
        centre = self._zoom_centre() if around is None else around
        self._set_span(centre - (centre - low) / factor, centre + (high - centre) / factor)

    def pan(self, share: float) -> None:
        """Move by ``share`` of the visible span; positive moves to the right."""
        low, high = self.span
        shift = (high - low) * share
        self._set_span(low + shift, high + shift)

    def _set_span(self, low: float, high: float) -> None:
        if self.picture is None:
            return
        full_low, full_high = self.picture.full
        room = full_high - full_low
        width = max(min(high - low, room), min(SMALLEST_SPAN[self.picture.axis], room))
        low = min(max(low, full_low), full_high - width)
        if self.picture.session is not None:
            self._set_session_span(low, low + width)
            return
        whole = width >= room * 0.999
        self._workspace.change(span=None if whole else (low, low + width))

    def _set_session_span(self, low: float, high: float) -> None:
        """A view that ends at the newest data goes on with it."""
        picture, live = self.picture, self._workspace.view.live
        assert picture is not None  # noqa: S101 - the caller has looked
        follows = live and picture.full[1] - high < (high - low) * FOLLOW_SHARE
        if follows:
            self._workspace.change(span=None, window_s=high - low)
        else:
            self._workspace.change(span=(low, high))

    def whole(self) -> None:
        """The whole lap; of a session the usual window, and from there the whole session."""
        picture, view = self.picture, self._workspace.view
        if picture is None or picture.session is None:
            self._workspace.change(span=None)
        elif view.span is None and view.window_s == ROLLING_S:
            self._set_session_span(*picture.full)
        else:
            self._workspace.change(span=None, window_s=ROLLING_S)

    def _zoom_centre(self) -> float:
        low, high = self.span
        picture, cursor = self.picture, self._workspace.view.cursor
        if picture is not None and picture.mapping is not None and cursor is not None:
            at = float(picture.mapping.to_x(np.array([cursor]))[0])
            if low <= at <= high:
                return at
        return (low + high) / 2

    # -- painting -----------------------------------------------------------------------

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        top = self._canvases()[-1]
        if not self._drawn:
            self._render()
            self._drawn = True
        painter = QtGui.QPainter(self)
        show(painter, top, event.rect())
        if self.picture and self._painted and self._boxes:
            mark = self._workspace.view.mark
            where = self.picture, self._boxes, self._painted
            if mark is not None:
                paint_mark(painter, *where, mark, self._cursor, self.theme)
            if self._cursor is not None:
                looks = self.theme, self._car
                paint_cursor(painter, *where, self._store, self._cursor, mark, *looks)
        painter.end()

    def _canvases(self) -> tuple[Canvas, Canvas]:
        """Ground and top, in the size and density that the widget has now."""
        size, ratio = self.size(), self.devicePixelRatioF()
        if self._layers is None or not self._layers[0].fits(size, ratio):
            self._layers = Canvas(size, ratio), Canvas(size, ratio)
            self._back_key = self._ground_key = None
            self._drawn = False
        return self._layers

    def _render(self) -> None:
        self.curve_renders += 1
        ground, top = self._canvases()
        picture = self.picture
        if picture is not None and picture.session is not None:
            ground = top
        self._boxes = self._painted = None
        style, frame = self._style(), None
        curves: Curves | None = None
        low, high = self.span
        if picture is not None and picture.traces and high > low:
            weights = tuple(trace.weight for trace in picture.traces)
            if picture.delta is not None:
                weights = (DELTA_WEIGHT, *weights)
            self._boxes = arrange(self.size(), self.top, weights, self.theme)
            curves = self._session_curves(picture, self._boxes, low, high)
            frame = lay_out(picture, self._boxes, (low, high), style, curves)
        back = (ground is top, self._back_looks(frame))
        if back != self._back_key:
            self._back_key, self._ground_key = back, None
            self._paint_back(ground, frame, style)
        looks = self._ground_looks(frame)
        if ground is top or looks != self._ground_key:
            self._ground_key = looks
            self.ground_renders += 1
            if frame is not None and picture is not None:
                paint_ground(ground, picture, frame, style)
        if ground is not top:
            top.copy_of(ground)
        if frame is not None and picture is not None:
            self._painted = paint_live(top, picture, frame, style, curves)

    def _session_curves(
        self, picture: Picture, boxes: Boxes, low: float, high: float
    ) -> Curves | None:
        session = picture.session
        if session is None:
            return None
        span = tuple(session.start_us + round(at * SECOND_US) for at in (low, high))
        width = round((boxes.right - boxes.left) * self.devicePixelRatioF())
        return curves_of(self._store, session.car, picture.traces, (span[0], span[1]), width)

    def _style(self) -> Style:
        view = self._workspace.view
        live = view.moment is None
        now = self._connected and not self._loading
        return Style(self.theme, self._car, live, now, self._reconstructed, view.fit)

    def _back_looks(self, frame: Frame | None) -> object:
        """Equal as long as labels and values need not be painted anew."""
        return (
            (self.theme.name, self.theme.scale, self._car.rgb(), self._reconstructed),
            [text for text, _, _ in self._title_parts()],
            self._axis_words(),
            frame.y if frame is not None else None,
            self.picture.traces if self.picture is not None else None,
        )

    def _ground_looks(self, frame: Frame | None) -> object:
        """Equal as long as the axis and the reference lap need not be painted anew."""
        picture = self.picture
        if picture is None or frame is None:
            return ()
        reference = picture.reference
        return (
            picture.axis,
            picture.corners,
            (reference.lap, reference.t_end) if reference else None,
            tuple(len(line.t) for line in picture.reference_lines),
            frame.x,
        )

    def _paint_back(self, back: Canvas, frame: Frame | None, style: Style) -> None:
        painter = back.painter()
        self.paint_frame(painter)
        if frame is not None and self.picture is not None:
            paint_back(painter, self.picture, frame, style)
        painter.end()

    def paint_title(self, painter: QtGui.QPainter) -> None:
        """The shown lap and the reference, each after a swatch of its line."""
        c, pad = self.theme.colours, self.padding
        font = self.theme.small(bold=True)
        font.setLetterSpacing(QtGui.QFont.SpacingType.PercentageSpacing, 104)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        x = pad
        baseline = (self.top + metrics.ascent() - metrics.descent()) // 2
        remark, keys = self._axis_words()
        painter.setFont(self.theme.small())
        right = self.width() - pad - painter.fontMetrics().horizontalAdvance(f"{remark}   {keys}")
        painter.setPen(c.faint)
        painter.drawText(right, baseline, f"{remark}   {keys}")
        painter.setFont(font)
        for text, colour, ink in self._title_parts():
            swatch = self.theme.px(14) if colour is not None else 0
            if colour is not None:
                painter.fillRect(
                    x, baseline - metrics.ascent() // 2 + 1, swatch, self.theme.px(3), colour
                )
                x += swatch + self.theme.px(6)
            room = right - self.theme.px(12) - x
            if room < self.theme.px(30):
                break
            painter.setPen(ink)
            shown = metrics.elidedText(text, QtCore.Qt.TextElideMode.ElideRight, room)
            painter.drawText(x, baseline, shown)
            x += metrics.horizontalAdvance(shown) + self.theme.px(14)

    def _title_parts(self) -> list[tuple[str, QtGui.QColor | None, QtGui.QColor]]:
        c = self.theme.colours
        picture, view = self.picture, self._workspace.view
        if picture is None or view.car is None:
            return [("WAITING FOR THE FIRST CAR", None, c.dim)]
        parts: list[tuple[str, QtGui.QColor | None, QtGui.QColor]] = []
        parts.append((f"CAR {view.car}", None, c.text))
        if picture.shown is not None and picture.axis is not Axis.ROLLING:
            words = f"{lap_words(picture.shown)}{self._state_words(view, picture.shown)}"
            parts.append((words, self._car, c.text))
        else:
            parts.append((self._stretch_words(view), self._car, c.text))
        if picture.reference is not None:
            reference = picture.reference
            words = (
                f"CAR {reference.car} · {lap_words(reference)} ({picture.reference_word.upper()})"
            )
            parts.append((words, c.reference, c.dim))
        elif picture.reference_word:
            parts.append(("NO REFERENCE: IT IS THE SHOWN LAP", None, c.faint))
        return parts

    def _stretch_words(self, view: View) -> str:
        low, high = self.span
        length = f"{high - low:.0f} S" if high - low < 300 else f"{(high - low) / 60:.0f} MIN"
        return f"LAST {length}" if view.live and view.span is None else length

    def _state_words(self, view: View, shown: Shown) -> str:
        if view.live and shown.open:
            if self._loading:
                return " · LOADING"
            return " · LIVE" if self._connected else " · NOT FINISHED"
        if shown.lap.time_us is not None:
            return f" · {lap_time(shown.lap.time_us)}"
        return ""

    def _axis_words(self) -> tuple[str, str]:
        picture = self.picture
        if picture is None:
            return "", ""
        wanted = self._workspace.view.axis
        word = {Axis.DISTANCE: "distance", Axis.TIME: "time", Axis.ROLLING: "session time"}
        text = word[picture.axis]
        if wanted is Axis.DISTANCE and picture.axis is not Axis.DISTANCE:
            text += " (laps not known yet)"
        return text, "D ⇄ T" if picture.axis is not Axis.ROLLING else "W back"

    # -- cursor -------------------------------------------------------------------------

    def _move_cursor(self, cursor: int | None) -> None:
        if cursor == self._cursor:
            return
        for t_us in (self._cursor, cursor):
            if t_us is None or self.picture is None or self._painted is None:
                continue
            px = cursor_pixel(self.picture, self._painted, t_us)
            if px is not None and self._boxes is not None:
                self.update(touched(px, self._boxes, self.theme).intersected(self.rect()))
        self._cursor = cursor

    def _time_at(self, px: float) -> int | None:
        if self._painted is None or self._boxes is None or self.picture is None:
            return None
        if self.picture.mapping is None or not self._boxes.left <= px <= self._boxes.right:
            return None
        t_us = self.picture.mapping.to_time(self._painted.x.value(px))
        return self._snapped(t_us, px)

    def _snapped(self, t_us: int, px: float) -> int:
        """The nearest sample of the first plot, where there is one within a few pixels."""
        picture = self.picture
        if picture is None or self._painted is None or self._boxes is None or not picture.traces:
            return t_us
        car = picture.session.car if picture.session else picture.shown and picture.shown.car
        columns = self._store.columns(car, picture.traces[0].group) if car else None
        found = columns.nearest(t_us) if columns is not None else None
        if found is None:
            return t_us
        at = cursor_pixel(picture, self._painted, found)
        inside = at is not None and self._boxes.left <= at <= self._boxes.right
        return found if inside and at is not None and abs(at - px) <= SNAP else t_us

    # -- pointer ------------------------------------------------------------------------

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        if event.button() == QtCore.Qt.MouseButton.LeftButton:
            self._pressed = (event.position().x(), self.span)
            self._dragged = False

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        px = event.position().x()
        if self._pressed is not None and self._painted is not None:
            start, (low, high) = self._pressed
            if self._dragged or abs(px - start) > CLICK_SLACK:
                self._dragged = True
                shift = (start - px) / self._painted.x.factor
                self._set_span(low + shift, high + shift)
            return
        self._workspace.set_cursor(self._time_at(px))

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        if event.button() == QtCore.Qt.MouseButton.LeftButton and self._pressed is not None:
            self._pressed = None
            shift = event.modifiers() & QtCore.Qt.KeyboardModifier.ShiftModifier
            if not self._dragged and shift:
                self._workspace.change(mark=self._time_at(event.position().x()))
            elif not self._dragged:
                self._workspace.set_cursor(self._time_at(event.position().x()), pin=True)

    def leaveEvent(self, event: QtCore.QEvent) -> None:  # noqa: D102, N802
        self._workspace.set_cursor(None)
        super().leaveEvent(event)

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:  # noqa: D102, N802
        if self._painted is None:
            return
        turns = event.angleDelta().y() / 120
        if turns:
            self.zoom(ZOOM**turns, self._painted.x.value(event.position().x()))
        elif event.angleDelta().x():
            self.pan(-event.angleDelta().x() / 1200)
        event.accept()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        self._stale()
        super().resizeEvent(event)

    def _stale(self) -> None:
        self._drawn = False


def lap_words(shown: Shown) -> str:
    """``LAP 18``."""
    return f"LAP {shown.lap.number}"
