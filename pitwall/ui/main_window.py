"""The window: layout, actions and the frame pump. It is built inside ``main()``."""

from __future__ import annotations

import time
from collections.abc import Callable

from pitwall.runtime import State
from pitwall.runtime.frame_pump import FramePump
from pitwall.ui.actions import ACTIONS
from pitwall.ui.dialogs import choose_recording, show_error
from pitwall.ui.feed import Feed, Panes
from pitwall.ui.help import KeysOverlay
from pitwall.ui.inputs import Inputs
from pitwall.ui.model import Workspace
from pitwall.ui.navigate import Navigator
from pitwall.ui.panes.banner import Banner
from pitwall.ui.panes.header import Header
from pitwall.ui.panes.health import HealthPane
from pitwall.ui.panes.laps import LapsPane
from pitwall.ui.panes.loading import LoadingBar
from pitwall.ui.panes.map import MapPane
from pitwall.ui.panes.strip import Strip
from pitwall.ui.panes.timeline import Timeline
from pitwall.ui.panes.timing import TimingPane
from pitwall.ui.panes.values import ValuesPane
from pitwall.ui.plot.choice import position_channels
from pitwall.ui.plot.trace_stack import PAN_SHARE, ZOOM, TraceStack
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.splitter import GAP, splitter
from pitwall.ui.theme import SCALES, THEMES, Theme, apply_palette, load_theme

LOADING_S = 0.4
"""Between two pictures while history is being loaded; the progress line moves on its own."""
TABLES_MOST = 32
"""Percent of the window's width that the tables may take from the traces."""
NEEDS_FEED = frozenset({"car", "lap", "moment", "reference", "axis", "window_s"})


class MainWindow(QtWidgets.QMainWindow):
    """The engineer's window.

    Attributes:
        workspace: what is being looked at.
        panes: the widgets.
        pump: the clock of the window.
        feed: brings data to the panes.
        refreshes: rounds of the feed so far; for tests and the idle budget.

    Signals:
        closed: the window was closed; stop everything behind it.
        connect_requested, doctor_requested: the user wants that dialog.
        open_requested: path of a recording the user chose.
        themed: the theme or its scale is another one now.
    """

    closed = QtCore.Signal()
    connect_requested = QtCore.Signal()
    doctor_requested = QtCore.Signal()
    open_requested = QtCore.Signal(object)
    themed = QtCore.Signal(object)

    def __init__(self, inputs: Inputs, theme: Theme) -> None:
        super().__init__()
        self.workspace = Workspace()
        self.refreshes = 0
        self._behind = False
        self._refresh_due = 0.0
        self._inputs = inputs
        self._theme = theme
        self._base_scale = theme.scale
        self._sized_for: object = None
        self._moved = False
        self.setWindowTitle(f"{inputs.store.session.title} — Pitwall")
        self.panes = self._make_panes()
        self.feed = Feed(inputs, self.workspace, self.panes, lambda: self._theme)
        self._navigator = Navigator(inputs, self.workspace, self.panes)
        self._lay_out()
        self._keys = KeysOverlay(theme, self)
        self._bind_actions()
        self._connect()
        self.pump = FramePump(self)
        self.pump.watch("store", lambda: inputs.store.version)
        self.pump.watch("timing", lambda: getattr(inputs.timing(), "version", None))
        self.pump.watch("health", inputs.health)
        self.pump.connected_when(lambda: inputs.health().connected)
        self.pump.changed.connect(self._data_changed)
        self.pump.second.connect(self.feed.lines)
        self.pump.second.connect(self.feed.detail)
        apply_palette(self, theme)
        self._paint_ground()

    # -- building -----------------------------------------------------------------------

    def _make_panes(self) -> Panes:
        theme = self._theme
        return Panes(
            header=Header(theme),
            banner=Banner(theme),
            loading=LoadingBar(theme),
            timing=TimingPane(theme),
            laps=LapsPane(theme),
            traces=TraceStack(theme, self.workspace, self._inputs.store),
            map=MapPane(theme),
            values=ValuesPane(theme),
            timeline=Timeline(theme),
            strip=Strip(theme),
            health=HealthPane(theme),
        )

    def _lay_out(self) -> None:
        panes = self.panes
        panes.banner.setParent(self)
        panes.loading.setParent(self)
        self._left = splitter(QtCore.Qt.Orientation.Vertical, panes.timing, panes.laps)
        self._right = splitter(QtCore.Qt.Orientation.Vertical, panes.map, panes.values)
        if position_channels(self._inputs.store.session.catalog) is None:
            panes.map.hide()  # a session without GPS has no map rather than an empty one
        self._body = splitter(
            QtCore.Qt.Orientation.Horizontal, self._left, panes.traces, self._right, panes.health
        )
        self._body.setStretchFactor(1, 1)
        self._body.installEventFilter(self)
        for part in (self._left, self._right, self._body):
            part.splitterMoved.connect(self._splitter_moved)
        self._frame = QtWidgets.QWidget()
        inner = QtWidgets.QVBoxLayout(self._frame)
        inner.setContentsMargins(GAP, GAP, GAP, GAP)
        inner.addWidget(self._body)
        self._central = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(self._central)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        lines = (panes.header, panes.banner, panes.loading)
        for widget in (*lines, self._frame, panes.timeline, panes.strip):
            column.addWidget(widget, 1 if widget is self._frame else 0)
        self.setCentralWidget(self._central)

    def _connect(self) -> None:
        panes, workspace = self.panes, self.workspace
        panes.timing.chosen.connect(lambda car, _: workspace.select_car(car))
        panes.map.chosen.connect(workspace.select_car)
        panes.laps.chosen.connect(self._navigator.choose_lap)
        panes.timeline.scrubbed.connect(workspace.scrub)
        panes.timeline.live.connect(workspace.go_live)
        panes.header.clicked.connect(self._header_clicked)
        panes.loading.cancelled.connect(self._cancel_history)
        workspace.subscribe(self._view_changed)

    def _bind_actions(self) -> None:
        handlers = self._handlers()
        for one in ACTIONS:
            bound = QtGui.QAction(one.title, self)
            bound.setObjectName(one.name)
            bound.setShortcuts([QtGui.QKeySequence(key) for key in one.keys])
            bound.setToolTip(one.about)
            bound.triggered.connect(_slot(handlers[one.name]))
            self.addAction(bound)

    def _handlers(self) -> dict[str, Callable[[], None]]:
        w, go, traces = self.workspace, self._navigator, self.panes.traces
        return {
            "connect": self.connect_requested.emit,
            "open": lambda: choose_recording(self, self.open_requested.emit),
            "doctor": self.doctor_requested.emit,
            "live": w.go_live,
            "back_1": lambda: go.scrub_by(-1),
            "forward_1": lambda: go.scrub_by(1),
            "back_10": lambda: go.scrub_by(-10),
            "forward_10": lambda: go.scrub_by(10),
            "previous_car": lambda: go.step_car(-1),
            "next_car": lambda: go.step_car(1),
            "previous_lap": lambda: go.step_lap(-1),
            "next_lap": lambda: go.step_lap(1),
            "reference": w.next_reference,
            "reference_here": go.reference_here,
            "axis": w.toggle_axis,
            "rolling": w.toggle_rolling,
            "zoom_in": lambda: traces.zoom(ZOOM),
            "zoom_out": lambda: traces.zoom(1 / ZOOM),
            "pan_left": lambda: traces.pan(-PAN_SHARE),
            "pan_right": lambda: traces.pan(PAN_SHARE),
            "whole": traces.whole,
            "fit": lambda: w.change(fit=not w.view.fit),
            "mark": w.toggle_mark,
            "clear": go.clear_cursor,
            "theme": self._next_theme,
            "larger": lambda: self._step_scale(1),
            "smaller": lambda: self._step_scale(-1),
            "health": self._toggle_health,
            "full_screen": self._full_screen,
            "help": self._keys.toggle,
            "quit": lambda: _ignore(self.close()),
        }

    # -- data ---------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to follow the data."""
        self.refresh()
        self.pump.start()

    def refresh(self, *, redraw: bool = False) -> None:
        """Bring all panes up to date now."""
        started = time.perf_counter()
        self.refreshes += 1
        self._behind = False
        # While history loads, every picture takes time from the load.
        self._refresh_due = time.monotonic() + LOADING_S
        self.feed.refresh(redraw=redraw)
        self.arrange()
        self._inputs.stats.add_work((time.perf_counter() - started) * 1000)

    def _data_changed(self, names: frozenset[str]) -> None:
        health = self._inputs.health()
        loading = health.loading
        # The panes say whether they are loading and live: the end of it is shown without data.
        said = (self.feed.loading, self.feed.fresh)
        self._behind = self._behind or names != {"health"} or (loading, health.fresh) != said
        if self._behind and not (loading and time.monotonic() < self._refresh_due):
            self.refresh()
        else:
            self.feed.lines()

    def _view_changed(self, names: frozenset[str]) -> None:
        self.panes.traces.view_changed(names)
        if "car" in names or "reference" in names:
            view = self.workspace.view
            looked_at = (view.car, view.reference.car)
            self._inputs.commands.show_first(frozenset(filter(None, looked_at)))
        if names & NEEDS_FEED:
            self.refresh()
        elif names & {"cursor", "mark"}:
            self.feed.cursor_moved()
        self.pump.wake()

    def event(self, event: QtCore.QEvent) -> bool:
        """Times each frame: Qt paints every dirty widget of the window within this event."""
        if event.type() != QtCore.QEvent.Type.UpdateRequest:
            return super().event(event)
        started = time.perf_counter()
        done = super().event(event)
        stats = self._inputs.stats
        stats.add_frame((time.perf_counter() - started) * 1000)
        if self.workspace.view.live and self._inputs.health().state is State.LIVE:
            stats.add_shown(self.feed.shown_us, self._inputs.now_us())
        return done

    def _header_clicked(self, key: str) -> None:
        if key == "live":
            self.workspace.go_live()

    def _cancel_history(self) -> None:
        self._inputs.commands.cancel_history()

    def show_error(self, text: str) -> None:
        """Say what went wrong in a box that does not stop the window."""
        show_error(self, text)

    # -- looks --------------------------------------------------------------------------

    @property
    def theme(self) -> Theme:
        """The present theme."""
        return self._theme

    def set_theme(self, theme: Theme) -> None:
        """Repaint everything with another theme or scale."""
        self._theme = theme
        apply_palette(self, theme)
        self._paint_ground()
        panes = self.panes
        for pane in (
            panes.header, panes.banner, panes.loading, panes.timing, panes.laps, panes.traces,
            panes.map, panes.values, panes.timeline, panes.strip, panes.health,
            self._keys,
        ):  # fmt: skip
            pane.set_theme(theme)
        self._sized_for = None
        self.arrange()
        self.refresh(redraw=True)
        self.themed.emit(theme)

    def arrange(self) -> None:
        """Give columns and panes their usual sizes for the present contents and scale; what the
        user has moved stays."""
        panes, theme = self.panes, self._theme
        health = not panes.health.isHidden()
        size = (self.width(), self._body.height())
        content = (len(panes.timing.rows), panes.laps.columns, size, theme.scale, health)
        if content == self._sized_for or self._moved or self._body.height() < 100:
            return
        self._sized_for = content
        width = self.width() - 2 * GAP
        left = max(panes.timing.needed_width(), panes.laps.needed_width())
        right = min(max(panes.values.needed_width(), theme.px(440)), width * 24 // 100)
        if health:
            right = self._health_width(width)
        # Tables first: a column that is dropped is gone, a trace that is narrower is still there.
        left = min(left, width * TABLES_MOST // 100)
        self._body.setSizes([left, width - left - right - 2 * GAP, right, right])
        height = self._body.height()
        tall = min(round(right * 0.8), height // 2)
        self._right.setSizes([tall, height - tall])
        rows = max(len(panes.timing.rows), 3)
        wanted = panes.timing.first_y + rows * panes.timing.row_height + theme.px(8)
        wanted = min(wanted, height * 6 // 10)
        self._left.setSizes([wanted, height - wanted - GAP])

    def _health_width(self, width: int) -> int:
        return min(self.panes.health.needed_width(), width * 40 // 100)

    def _toggle_health(self) -> None:
        """The health in the place of map and channels, or those again; the traces stay."""
        pane = self.panes.health
        opens = pane.isHidden()
        left = self._body.sizes()[0]
        self._right.setVisible(not opens)
        pane.setVisible(opens)
        self.feed.detail()
        if self._moved:
            width = self.width() - 2 * GAP
            right = self._health_width(width) if opens else self.theme.px(440)
            self._body.setSizes([left, width - left - right - 2 * GAP, right, right])
        self.arrange()

    def _splitter_moved(self, _position: int, _index: int) -> None:
        self._moved = True

    def _next_theme(self) -> None:
        at = THEMES.index(self._theme.name) if self._theme.name in THEMES else 0
        self.set_theme(load_theme(THEMES[(at + 1) % len(THEMES)], self._theme.scale))

    def _step_scale(self, step: int) -> None:
        at = min(range(len(SCALES)), key=lambda i: abs(SCALES[i] - self._theme.scale))
        scale = SCALES[min(max(at + step, 0), len(SCALES) - 1)]
        if scale != self._theme.scale:
            self.set_theme(self._theme.scaled(scale))

    def _full_screen(self) -> None:
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    def _paint_ground(self) -> None:
        palette = QtGui.QPalette(self.palette())
        palette.setColor(QtGui.QPalette.ColorRole.Window, self._theme.colours.ground)
        for widget in (
            self._central,
            self._frame,
            self._body,
            self._left,
            self._right,
            self.panes.health,
        ):
            widget.setPalette(palette)
            widget.setAutoFillBackground(True)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802
        """A line that comes or goes above takes room from the panes: they share it anew."""
        if watched is self._body and event.type() == QtCore.QEvent.Type.Resize:
            self.arrange()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        super().resizeEvent(event)
        self.arrange()
        if self._keys.isVisible():
            self._keys.setGeometry(self.rect())

    def showEvent(self, event: QtGui.QShowEvent) -> None:  # noqa: D102, N802
        super().showEvent(event)
        self.arrange()

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:  # noqa: D102, N802
        self.pump.stop()
        self.closed.emit()
        super().closeEvent(event)


def _slot(handler: Callable[[], None]) -> Callable[[bool], None]:
    return lambda _checked: handler()


def _ignore(_: object) -> None:
    return None
