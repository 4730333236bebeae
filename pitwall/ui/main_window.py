"""The window: layout, actions and the frame pump. It is built inside ``main()``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pitwall.runtime import State
from pitwall.runtime.frame_pump import FramePump
from pitwall.ui.actions import ACTIONS, NUMBERS
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
from pitwall.ui.panes.tabs import TabLine
from pitwall.ui.panes.timeline import Timeline
from pitwall.ui.panes.timing import TimingPane
from pitwall.ui.panes.values import ValuesPane
from pitwall.ui.plot.trace_stack import PAN_SHARE, ZOOM, TraceStack
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.registry import PANES, Setting
from pitwall.ui.roles import Role
from pitwall.ui.scene import Acts
from pitwall.ui.splitter import GAP
from pitwall.ui.theme import SCALES, THEMES, Theme, apply_palette, load_theme
from pitwall.ui.workbench import Workbench

LOADING_S = 0.4
"""Between two pictures while history is being loaded; the progress line moves on its own."""
NEEDS_FEED = frozenset({"car", "lap", "moment", "reference", "axis", "window_s", "traces", "units"})


class MainWindow(QtWidgets.QMainWindow):
    """The engineer's window.

    Attributes:
        workspace: what is being looked at.
        panes: the widgets that every window has.
        bench: all panes, and where each is.
        tabs: the workspaces.
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
        self.pump.watch("debrief", lambda: getattr(inputs.debrief(), "version", None))
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
        panes.health.hide()
        setting = Setting(self._inputs, self.workspace, self._theme, panes)
        self.bench = Workbench(setting, self)
        roles = [(role.value, role.words) for role in Role]
        self.tabs = TabLine(self._theme, roles, self.bench.layout.role.value)
        self.tabs.setAccessibleName("Workspaces")
        panes.header.hold(self.tabs)
        self._frame = QtWidgets.QWidget()
        inner = QtWidgets.QVBoxLayout(self._frame)
        inner.setContentsMargins(GAP, GAP, GAP, GAP)
        inner.addWidget(self.bench.dock)
        self.bench.dock.installEventFilter(self)
        self._central = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(self._central)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        lines = (panes.header, panes.banner, panes.loading)
        for widget in (*lines, self._frame, panes.timeline, panes.strip):
            column.addWidget(widget, 1 if widget is self._frame else 0)
        self.setCentralWidget(self._central)
        self.bench.apply()

    def _connect(self) -> None:
        panes, workspace = self.panes, self.workspace
        panes.timing.chosen.connect(lambda car, _: workspace.select_car(car))
        panes.map.chosen.connect(workspace.select_car)
        panes.laps.chosen.connect(self._navigator.choose_lap)
        panes.timeline.scrubbed.connect(workspace.scrub)
        panes.timeline.live.connect(workspace.go_live)
        panes.header.clicked.connect(self._header_clicked)
        panes.loading.cancelled.connect(self._cancel_history)
        self.tabs.chosen.connect(lambda name: self.bench.show_role(Role(name)))
        self.bench.changed.connect(self._panes_changed)
        self.bench.shown.connect(self._panes_changed)
        workspace.subscribe(self._view_changed)

    def _bind_actions(self) -> None:
        handlers = self._handlers()
        for one in ACTIONS:
            bound = QtGui.QAction(one.title, self)
            bound.setObjectName(one.name)
            bound.setShortcuts([QtGui.QKeySequence(key) for key in one.keys])
            bound.setToolTip(one.about)
            bound.triggered.connect(_slot(handlers.get(one.name) or self._pane_handler(one.name)))
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
            "mark": w.toggle_mark,
            "clear": self._step_back,
            **{f"workspace_{role.value}": _to(self.bench.show_role, role) for role in Role},
            **{f"pane_{i}": _to(self._alone, i) for i in NUMBERS},
            "tear_off": self._tear_off,
            "close_pane": self._close_pane,
            "next_pane": self._next_pane,
            "reset_layout": self.bench.reset,
            "theme": self._next_theme,
            "larger": lambda: self._step_scale(1),
            "smaller": lambda: self._step_scale(-1),
            "health": self._toggle_health,
            "full_screen": self._full_screen,
            "help": self._keys.toggle,
            "quit": lambda: _ignore(self.close()),
        }

    def _pane_handler(self, action: str) -> Callable[[], None]:
        """Of an action that a pane handles: the pane is shown first. Raises KeyError for an
        action that nobody handles."""
        name = next((one.name for one in self.bench.known if action in one.actions), "")
        if not name:
            if any(action in one.actions for one in PANES):
                return _nothing  # a pane that this session cannot show
            raise KeyError(action)

        def call() -> None:
            self.bench.open_pane(name)
            pane = self.bench.pane(name)
            if pane is not None and isinstance(pane, Acts):
                pane.handlers()[action]()

        return call

    # -- panes --------------------------------------------------------------------------

    def _panes_changed(self) -> None:
        """Other panes can be seen: those are told of the data from now on."""
        self.tabs.set_current(self.bench.layout.role.value)
        core = {id(getattr(self.panes, name)) for name in self.panes.__slots__}
        there = (self.bench.pane(name) for name in self.bench.visible)
        self.feed.others = tuple(p for p in there if p is not None and id(p) not in core)
        self.arrange()
        self.refresh()

    def _alone(self, number: int) -> None:
        panes = self.bench.numbered
        if number <= len(panes):
            self.bench.toggle_alone(panes[number - 1])

    def _step_back(self) -> None:
        if self.bench.alone:
            self.bench.toggle_alone(self.bench.alone)
        else:
            self._navigator.clear_cursor()

    def _here(self) -> str:
        """The pane at the pointer, or else the one that has the keyboard; empty for none."""
        for widget in (QtWidgets.QApplication.widgetAt(QtGui.QCursor.pos()), self.focusWidget()):
            while widget is not None:
                name = widget.property("pane")
                if name:
                    return str(name)
                widget = widget.parentWidget()
        return ""

    def _tear_off(self) -> None:
        name = self._here()
        if name in self.bench.windows:
            self.bench.put_back(name)
        elif name:
            self.bench.tear_off(name)

    def _close_pane(self) -> None:
        name = self._here()
        if name:
            self.bench.close_pane(name)

    def _next_pane(self) -> None:
        panes = [self.bench.pane(name) for name in self.bench.visible]
        there = [pane for pane in panes if pane is not None]
        if there:
            focused = [i for i, pane in enumerate(there) if pane.hasFocus()]
            wanted = there[(focused[0] + 1) % len(there) if focused else 0]
            wanted.window().activateWindow()
            wanted.setFocus(QtCore.Qt.FocusReason.ShortcutFocusReason)

    # -- data ---------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to follow the data."""
        self.panes.traces.setFocus(QtCore.Qt.FocusReason.OtherFocusReason)
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
        self.bench.set_theme(theme)
        self.tabs.set_theme(theme)
        for line in (panes.header, panes.banner, panes.loading, panes.timeline, panes.strip):
            line.set_theme(theme)
        self._keys.set_theme(theme)
        self.arrange()
        self.refresh(redraw=True)
        self.themed.emit(theme)

    def arrange(self) -> None:
        """Give columns and panes their usual sizes for the present contents and scale; what the
        user has moved stays."""
        panes = self.panes
        self.bench.dock.arrange_if((len(panes.timing.rows), panes.laps.columns))

    def _toggle_health(self) -> None:
        """The health in the place of the last column, or that again; the traces stay."""
        if "health" in self.bench.windows:
            self.bench.open_pane("health")
        else:
            self.bench.toggle_cover("health")
        self.feed.detail()

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
        for widget in (self._central, self._frame, self.panes.health):
            widget.setPalette(palette)
            widget.setAutoFillBackground(True)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802
        """A line that comes or goes above takes room from the panes: they share it anew."""
        if watched is self.bench.dock and event.type() == QtCore.QEvent.Type.Resize:
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
        self.bench.close()
        self.closed.emit()
        super().closeEvent(event)


def _slot(handler: Callable[[], None]) -> Callable[[bool], None]:
    return lambda _checked: handler()


def _to(call: Callable[[Any], None], value: object) -> Callable[[], None]:
    return lambda: call(value)


def _ignore(_: object) -> None:
    return None


def _nothing() -> None:
    return None
