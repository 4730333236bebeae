"""The stage: stacked traces on one shared axis, painted by ourselves.

What is painted when: labels and values when they change; the axis' figures and the laps that are
over when the axis moves; the shown lap over a copy of that when data comes; the cursor over it in
each paint event. A cursor's move repaints two narrow strips and no curve. A session has no
reference lap: its curves are painted where they stay, without a copy.
"""

from __future__ import annotations

from collections.abc import Callable

from pitwall.store import SessionStore
from pitwall.ui.model import Workspace
from pitwall.ui.panes.panel import Panel
from pitwall.ui.picture import Picture
from pitwall.ui.plot.axis_view import AxisView
from pitwall.ui.plot.boxes import Boxes
from pitwall.ui.plot.canvas import show
from pitwall.ui.plot.carrying import Target, paint_target, target_at, unpacked
from pitwall.ui.plot.choice import Trace
from pitwall.ui.plot.cursor import cursor_pixel, paint_cursor, paint_mark, touched
from pitwall.ui.plot.easel import Easel, Sitter
from pitwall.ui.plot.forecast import Forecast
from pitwall.ui.plot.frame import Painted, Strip, seen_limits
from pitwall.ui.plot.furniture import Style
from pitwall.ui.plot.looks import Look, look_of
from pitwall.ui.plot.margin import Margin, paint_current, strip_at
from pitwall.ui.plot.plot_editor import PlotEditor
from pitwall.ui.plot.stack_actions import StackActions
from pitwall.ui.plot.title import axis_words, paint_title, title_parts
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme
from pitwall.ui.trace_layout import ChannelName

ZOOM = 1.25
PAN_SHARE = 0.1
CLICK_SLACK = 4
SNAP = 6
"""Pixels to the nearest sample at which the cursor goes to it."""


class TraceStack(Panel):
    """Shows one :class:`Picture` and turns pointer and wheel into changes of the workspace.

    Attributes:
        picture: what is shown; None before the first.
        plots: what keys and drags do to the plots.
    """

    SMALLEST = (360, 240)

    def __init__(
        self,
        theme: Theme,
        workspace: Workspace,
        store: SessionStore,
        parent: QtWidgets.QWidget | None = None,
    ) -> None:
        super().__init__(theme, "Traces", parent)
        self.picture: Picture | None = None
        self.plots = PlotEditor(workspace)
        self._axis = AxisView(workspace)
        self._margin = Margin(self.plots, theme)
        self._easel = Easel(store)
        self._forecast: Forecast | None = None
        self._forecasts = True
        self._workspace = workspace
        self._store = store
        self._looks: tuple[Look, ...] = (look_of(theme, theme.car(0)),)
        self._cars: tuple[tuple[QtGui.QColor, int], ...] = ((theme.car(0), 0),)
        self._reconstructed = False
        self._connected = True
        self._loading = False
        self._cursor: int | None = None
        self._pressed: tuple[float, tuple[float, float]] | None = None
        self._dragged = False
        self._drop: Target | None = None
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(
            QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Expanding
        )

    # -- what to show -------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """As :meth:`Panel.set_theme`; the curves are painted anew."""
        self._easel.stale()
        self._margin.theme = theme
        super().set_theme(theme)
        self._looks = self._made_looks()

    def show_picture(
        self,
        picture: Picture,
        car: QtGui.QColor,
        others: tuple[QtGui.QColor, ...] = (),
        *,
        reconstructed: bool = False,
        connected: bool = True,
        loading: bool = False,
    ) -> None:
        """Paint another picture, with the shown car in ``car`` and the laps laid over in
        ``others``; ``connected``: more may come; ``loading``: the past is still on its way, the
        newest here is not live."""
        self.picture = self._axis.picture = self.plots.picture = picture
        ranks = [one.rank for one in picture.others] or [0] * len(others)
        self._cars = ((car, 0), *zip(others, ranks, strict=False))
        self._looks = self._made_looks()
        self._reconstructed = reconstructed
        self._connected, self._loading = connected, loading
        self._cursor = self._workspace.view.cursor
        self._easel.stale()
        self.update()

    def show_forecast(self, forecast: Forecast | None) -> None:
        """A modelled lap under the shown one, until another is given; None for none."""
        if forecast is not self._forecast:
            self._forecast = forecast
            self._easel.stale()
            self.update()

    def toggle_forecast(self) -> None:
        """Draw what is modelled, or no longer."""
        self._forecasts = not self._forecasts
        self._easel.stale()
        self.update()

    @property
    def forecast(self) -> Forecast | None:
        """What is drawn as predicted where it belongs to the lap shown; None for none."""
        return self._forecast if self._forecasts else None

    def draw_coarse(self, times: Callable[[], int]) -> None:
        """How many times wider the stretches of a session's curves may be, asked when they are
        painted; 1 is as fine as pixels."""
        self._easel.coarse = times

    def view_changed(self, names: frozenset[str]) -> None:
        """The workspace changed in a way that needs no new picture."""
        if names & {"span", "traces", "units"}:
            self._easel.stale()
            self.update()
        if "cursor" in names:
            self._move_cursor(self._workspace.view.cursor)
        if "mark" in names:
            self.update()

    @property
    def curve_renders(self) -> int:
        """How often the shown lap was painted; a cursor's move does not count."""
        return self._easel.renders

    @property
    def ground_renders(self) -> int:
        """How often all the rest was; new data of the shown lap does not count."""
        return self._easel.ground_renders

    @property
    def _boxes(self) -> Boxes | None:
        return self._easel.boxes

    @property
    def _painted(self) -> Painted | None:
        return self._easel.painted

    @property
    def span(self) -> tuple[float, float]:
        """The visible part of the axis."""
        return self._axis.span

    def zoom(self, factor: float, around: float | None = None) -> None:
        """Show ``1 / factor`` of the present span around a position of the axis (the cursor's,
        or the middle, when None)."""
        self._axis.zoom(factor, around)

    def pan(self, share: float) -> None:
        """Move by ``share`` of the visible span; positive moves to the right."""
        self._axis.pan(share)

    def whole(self) -> None:
        """The whole lap; of a session the usual window, and from there the whole session."""
        self._axis.whole()

    # -- actions ------------------------------------------------------------------------

    def handlers(self) -> dict[str, Callable[[], None]]:
        """The actions on plots, laps, scales, units and the cursor's steps."""
        return StackActions(self._workspace, self._store, self).handlers()

    def lead_trace(self, y: float | None = None) -> Trace | None:
        """The channel that the cursor goes by: of the plot at the height ``y``, else of the
        current one, else of the first."""
        picture = self.picture
        if picture is None or not picture.traces:
            return None
        strips = self._strips
        strip = strip_at(strips, y) if y is not None else None
        if strip is None and self.plots.current is not None:
            strip = next((s for s in strips if s.plot.number == self.plots.current), None)
        return picture.traces[strip.plot.rows[0] if strip is not None else 0]

    def in_view(self) -> list[tuple[ChannelName, float, float]]:
        """Least and greatest value in view of each channel that has any."""
        picture, painted = self.picture, self._painted
        if picture is None or painted is None:
            return []
        found = []
        for row, trace in enumerate(picture.traces):
            limits = seen_limits(picture, row, painted.x, self._easel.curves)
            if limits is not None:
                found.append((trace.name, *limits))
        return found

    # -- painting -----------------------------------------------------------------------

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        top = self._easel.canvas(self.size(), self.devicePixelRatioF(), self._sitter)
        painter = QtGui.QPainter(self)
        show(painter, top, event.rect())
        if self.picture and self._painted and self._boxes:
            mark = self._workspace.view.mark
            where = self.picture, self._boxes, self._painted
            style = self._style()
            if mark is not None:
                paint_mark(painter, *where, mark, self._cursor, self.theme, style.units)
            if self._cursor is not None:
                paint_cursor(painter, *where, self._store, self._cursor, mark, style)
            paint_current(painter, self._painted.strips, self.plots.current, self.theme)
            target = self._drop or self._margin.target
            if target is not None:
                paint_target(painter, target, self._boxes, self.theme)
        painter.end()

    def _sitter(self) -> Sitter:
        words = (self.title_words, axis_words(self.picture, self._workspace.view))
        frame = self.paint_frame
        return Sitter(self.picture, self.span, self._style(), self.top, words, frame, self.forecast)

    def _style(self) -> Style:
        view = self._workspace.view
        live = view.moment is None
        now = self._connected and not self._loading
        return Style(
            self.theme, self._looks, live, now, self._reconstructed, view.traces, view.units
        )

    def _made_looks(self) -> tuple[Look, ...]:
        return tuple(
            look_of(self.theme, colour, rank, over=number > 0)
            for number, (colour, rank) in enumerate(self._cars)
        )

    @property
    def title_words(self) -> list[str]:
        """What the title line says, part by part."""
        view, style = self._workspace.view, self._style()
        parts = title_parts(self.picture, view, self.span, style, loading=self._loading)
        return [part.text for part in parts]

    def paint_title(self, painter: QtGui.QPainter) -> None:
        """The shown lap and the others, each after a swatch of its line."""
        style, view = self._style(), self._workspace.view
        parts = title_parts(self.picture, view, self.span, style, loading=self._loading)
        words = axis_words(self.picture, view)
        paint_title(painter, parts, words, self.width(), self.top, self.padding, style)

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

    def _time_at(self, px: float, y: float | None = None) -> int | None:
        if self._painted is None or self._boxes is None or self.picture is None:
            return None
        if self.picture.mapping is None or not self._boxes.left <= px <= self._boxes.right:
            return None
        t_us = self.picture.mapping.to_time(self._painted.x.value(px))
        return self._snapped(t_us, px, y)

    def _snapped(self, t_us: int, px: float, y: float | None) -> int:
        """The nearest sample of the plot under the pointer, where there is one within a few
        pixels."""
        picture, trace = self.picture, self.lead_trace(y)
        if picture is None or self._painted is None or self._boxes is None or trace is None:
            return t_us
        columns = self._store.columns(picture.car, trace.group) if picture.car else None
        found = columns.nearest(t_us) if columns is not None else None
        if found is None:
            return t_us
        at = cursor_pixel(picture, self._painted, found)
        inside = at is not None and self._boxes.left <= at <= self._boxes.right
        return found if inside and at is not None and abs(at - px) <= SNAP else t_us

    @property
    def _strips(self) -> tuple[Strip, ...]:
        return self._painted.strips if self._painted is not None else ()

    # -- pointer ------------------------------------------------------------------------

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        if event.button() != QtCore.Qt.MouseButton.LeftButton:
            return
        if self._margin.holds(self._boxes, event.position()) and self.picture is not None:
            self._margin.press(self.picture, self._strips, event.position())
            self.update()
            return
        self._pressed = (event.position().x(), self.span)
        self._dragged = False

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        at = event.position()
        if self._margin.busy:
            self._margin.move(self._strips, at)
            self.update()
            return
        if self._pressed is not None and self._painted is not None:
            start, (low, high) = self._pressed
            if self._dragged or abs(at.x() - start) > CLICK_SLACK:
                self._dragged = True
                shift = (start - at.x()) / self._painted.x.factor
                self._axis.show(low + shift, high + shift)
            return
        if self._margin.holds(self._boxes, at):
            self.setCursor(self._margin.shape(self._strips, at.y()))
        else:
            self.unsetCursor()
        self._workspace.set_cursor(self._time_at(at.x(), at.y()))

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        if event.button() != QtCore.Qt.MouseButton.LeftButton:
            return
        if self._margin.busy:
            self._margin.release(self.rect().contains(event.position().toPoint()))
            self.update()
        elif self._pressed is not None:
            self._pressed = None
            at = event.position()
            shift = event.modifiers() & QtCore.Qt.KeyboardModifier.ShiftModifier
            if not self._dragged and shift:
                self._workspace.change(mark=self._time_at(at.x(), at.y()))
            elif not self._dragged:
                self._workspace.set_cursor(self._time_at(at.x(), at.y()), pin=True)

    def leaveEvent(self, event: QtCore.QEvent) -> None:  # noqa: D102, N802
        self._workspace.set_cursor(None)
        super().leaveEvent(event)

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:  # noqa: D102, N802
        if self._painted is None or self.picture is None:
            return
        turns, at = event.angleDelta().y() / 120, event.position()
        if turns and self._margin.holds(self._boxes, at):
            self._margin.wheel(self.picture, self._strips, at.y(), ZOOM**turns)
        elif turns:
            self.zoom(ZOOM**turns, self._painted.x.value(at.x()))
        elif event.angleDelta().x():
            self.pan(-event.angleDelta().x() / 1200)
        event.accept()

    def event(self, event: QtCore.QEvent) -> bool:
        """A name's tool tip says what the channel is; everything else as usual."""
        if event.type() == QtCore.QEvent.Type.ToolTip and isinstance(event, QtGui.QHelpEvent):
            at = QtCore.QPointF(event.pos())
            words = ""
            if self.picture is not None and self._margin.holds(self._boxes, at):
                words = self._margin.tip(self.picture, self._strips, at.y(), self._store.catalog)
            QtWidgets.QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    # -- channels from elsewhere --------------------------------------------------------

    def dragEnterEvent(self, event: QtGui.QDragEnterEvent) -> None:  # noqa: D102, N802
        if unpacked(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QtGui.QDragMoveEvent) -> None:  # noqa: D102, N802
        self._drop = target_at(self._strips, event.position().y())
        self.update()
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QtGui.QDragLeaveEvent) -> None:  # noqa: D102, N802
        self._drop = None
        self.update()

    def dropEvent(self, event: QtGui.QDropEvent) -> None:  # noqa: D102, N802
        name, target = unpacked(event.mimeData()), target_at(self._strips, event.position().y())
        self._drop = None
        self.update()
        if name is None:
            return
        if target is not None and target.onto is not None:
            self.plots.overlay(name, target.onto)
        else:
            self.plots.insert(name, target.before if target is not None else None)
        event.acceptProposedAction()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        self._easel.stale()
        super().resizeEvent(event)
