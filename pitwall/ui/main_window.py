"""The window: layout, actions and the frame pump. It is built inside ``main()``."""

from __future__ import annotations

import time
from collections.abc import Callable

from pitwall.runtime import State
from pitwall.runtime.frame_pump import FramePump
from pitwall.ui.alarm_bell import AlarmBell
from pitwall.ui.controls import Controls, Parts
from pitwall.ui.dialogs import choose_recording, show_error
from pitwall.ui.dock_drag import DockDrag
from pitwall.ui.dropped import local_files
from pitwall.ui.feed import Feed, Panes
from pitwall.ui.focus_ring import FocusRing
from pitwall.ui.help import KeysOverlay
from pitwall.ui.history import History
from pitwall.ui.inputs import Inputs
from pitwall.ui.layout_keeper import LayoutKeeper
from pitwall.ui.layout_shelf import Shelf
from pitwall.ui.model import Workspace
from pitwall.ui.navigate import Navigator
from pitwall.ui.palette import Palette
from pitwall.ui.panes.banner import Banner
from pitwall.ui.panes.editor import presses_button
from pitwall.ui.panes.header import FIND, Header
from pitwall.ui.panes.health import HealthPane
from pitwall.ui.panes.job_line import JobLine
from pitwall.ui.panes.laps import LapsPane
from pitwall.ui.panes.loading import LoadingBar
from pitwall.ui.panes.map import MapPane
from pitwall.ui.panes.notice import Notice
from pitwall.ui.panes.own import OwnFigures
from pitwall.ui.panes.prompt import Prompt
from pitwall.ui.panes.strip import Strip
from pitwall.ui.panes.tabs import TabLine
from pitwall.ui.panes.timeline import Timeline
from pitwall.ui.panes.timing import TimingPane
from pitwall.ui.panes.values import ValuesPane
from pitwall.ui.plot.trace_stack import TraceStack
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.race_length import RaceLength
from pitwall.ui.registry import Setting
from pitwall.ui.report import ReportDesk
from pitwall.ui.roles import Role
from pitwall.ui.settings_desk import SettingsDesk
from pitwall.ui.settle_desk import SettleDesk
from pitwall.ui.sheet_change import SheetChange
from pitwall.ui.splitter import GAP
from pitwall.ui.theme import SCALES, THEMES, Theme, apply_palette, load_theme
from pitwall.ui.time_desk import TimeDesk
from pitwall.ui.workbench import Workbench

LOADING_S = 0.4
"""Between two pictures while history is being loaded; the progress line moves on its own."""
NEEDS_FEED = frozenset(
    {"car", "lap", "moment", "reference", "axis", "window_s", "traces", "units", "charts"}
)


class MainWindow(QtWidgets.QMainWindow):
    """The engineer's window.

    Attributes:
        workspace: what is being looked at.
        panes: the widgets that every window has.
        bench: all panes, and where each is.
        tabs: the workspaces.
        controls: what each action does.
        drag, ring: panes that are moved by their titles, and the one that has the keyboard.
        time: playing, jumping, typed places and notes.
        history, keeper: steps back, and layouts from start to start.
        palette_box, notice: over the window when they are wanted.
        reports: writes reports.
        settle: official cars, and corners' names.
        settings: looks, units and memory.
        job: what is being opened or imported for it.
        pump: the clock of the window.
        feed: brings data to the panes.
        refreshes: rounds of the feed so far; for tests and the idle budget.

    Signals:
        closed: the window was closed; stop everything behind it.
        connect_requested, doctor_requested: the user wants that dialog.
        open_requested: path of a recording the user chose.
        recordings_requested: the user wants the list of them.
        files_dropped: paths of the files that the user dropped.
        job_cancelled: nobody wants what the job line shows.
        themed: the theme or its scale is another one now.
    """

    closed = QtCore.Signal()
    connect_requested = QtCore.Signal()
    doctor_requested = QtCore.Signal()
    open_requested = QtCore.Signal(object)
    recordings_requested = QtCore.Signal()
    files_dropped = QtCore.Signal(object)
    job_cancelled = QtCore.Signal()
    themed = QtCore.Signal(object)

    def __init__(self, inputs: Inputs, theme: Theme, layouts: Shelf | None = None) -> None:
        super().__init__()
        self.workspace = Workspace()
        self.refreshes = 0
        self._behind = False
        self._refresh_due = 0.0
        self._inputs = inputs
        self._theme = theme
        self._asked: Role | None = None
        self.setWindowTitle(f"{inputs.store.session.title} — Pitwall")
        self.setAcceptDrops(True)
        self.panes = self._make_panes()
        self.feed = Feed(inputs, self.workspace, self.panes, lambda: self._theme)
        self._lay_out()
        self._keys = KeysOverlay(theme, self)
        self.own = OwnFigures(theme, inputs, self)
        self.notice = Notice(theme, self)
        self.palette_box = Palette(theme, self)
        self.reports = ReportDesk(inputs, lambda text, grave: self.notice.say(text, grave=grave))
        self._navigator = Navigator(inputs, self.workspace, self.panes)
        prompt = Prompt(theme, self, self.panes.timeline)
        self.time = TimeDesk(inputs, self.workspace, self.panes, prompt, self.notice.say)
        self.settings = SettingsDesk(inputs, self.workspace, self, self)
        self.settle = SettleDesk(
            inputs.settled,
            self,
            lambda: self._theme,
            prompt,
            lambda text, grave: self.notice.say(text, grave=grave),
        )
        self.race_length = RaceLength(prompt, inputs.model)
        self.sheet_change = SheetChange(
            prompt,
            inputs,
            self.workspace,
            lambda text, grave: self.notice.say(text, grave=grave),
        )
        self._bell = AlarmBell(
            lambda text: self.notice.say(text, grave=True), QtWidgets.QApplication.beep
        )
        self.history = History(self.workspace, lambda: self.bench.layout, self.bench.set_layout)
        self.keeper = LayoutKeeper(
            layouts, self.workspace, lambda: self.bench.layout, self.bench.set_layout
        )
        self.drag = DockDrag(self.bench, lambda: self._theme)
        self.ring = FocusRing(self.bench, lambda: self._theme)
        parts = Parts(
            inputs, self.workspace, self.panes, self.bench, self._navigator, self.history,
            self.keeper, self.palette_box, self.notice, self._keys, self.drag,
        )  # fmt: skip
        self.controls = Controls(self, parts, lambda: self._theme, self._own())
        self._connect()
        self.pump = FramePump(self)
        self.pump.watch("store", lambda: inputs.store.version)
        self.pump.watch("timing", lambda: getattr(inputs.timing(), "version", None))
        self.pump.watch("debrief", lambda: getattr(inputs.debrief(), "version", None))
        self.pump.watch("pages", lambda: inputs.store.pages)
        self.pump.watch("channels", lambda: inputs.channels.version)
        self.pump.watch("model", lambda: inputs.model.version)
        self.pump.watch("settled", lambda: inputs.settled.version)
        self.pump.watch("health", inputs.health)
        self.pump.drive(self.time.tick)
        self.pump.connected_when(lambda: inputs.health().connected)
        self.pump.paced_by(lambda: inputs.stats.pace.interval_ms)
        self.panes.traces.draw_coarse(lambda: inputs.stats.pace.coarse)
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
        panes.health.setParent(self)
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
        self.job = JobLine(self._theme)
        self.job.cancelled.connect(self.job_cancelled)
        lines = (panes.header, panes.banner, self.job, panes.loading)
        for widget in (*lines, self._frame, panes.timeline, panes.strip):
            column.addWidget(widget, 1 if widget is self._frame else 0)
        self.setCentralWidget(self._central)
        self.bench.apply()

    def _connect(self) -> None:
        panes, workspace = self.panes, self.workspace
        panes.timing.chosen.connect(self._navigator.choose_car)
        panes.map.chosen.connect(workspace.select_car)
        panes.laps.chosen.connect(self._navigator.choose_lap)
        panes.timeline.scrubbed.connect(workspace.scrub)
        panes.timeline.live.connect(workspace.go_live)
        panes.header.clicked.connect(self._header_clicked)
        panes.loading.cancelled.connect(self._cancel_history)
        self.tabs.chosen.connect(lambda name: self.bench.show_role(Role(name)))
        self.bench.changed.connect(self._layout_changed)
        self.bench.shown.connect(self._panes_changed)
        self.keeper.said.connect(self.notice.say)
        self.keeper.troubled.connect(self._trouble)
        self.keeper.showed.connect(self._layout_shown)
        workspace.subscribe(self._view_changed)
        self._seen_panes()

    def _own(self) -> dict[str, Callable[[], None]]:
        """The actions that are the window's."""
        return {
            "connect": self.connect_requested.emit,
            "report": self._make_report,
            "open": lambda: choose_recording(self, self.open_requested.emit),
            "recordings": self.recordings_requested.emit,
            "doctor": self.doctor_requested.emit,
            "theme": self._next_theme,
            "larger": lambda: self._step_scale(1),
            "smaller": lambda: self._step_scale(-1),
            "health": self._toggle_health,
            "own": lambda: self.own.toggle(),
            "full_screen": self._full_screen,
            "quit": lambda: _ignore(self.close()),
            **self.time.handlers(),
            **self.race_length.handlers(),
            **self.sheet_change.handlers(),
            "settings": self.settings.show,
            **self.settle.handlers(),
        }

    # -- panes --------------------------------------------------------------------------

    def _layout_changed(self) -> None:
        self.history.layout_changed()
        self.keeper.changed()
        self._panes_changed()

    def _layout_shown(self) -> None:
        if self._asked is not None:
            self.bench.show_role(self._asked)
            self._asked = None
        missing = self.bench.missing()
        if missing:
            words = ", ".join(missing)
            self.notice.say(f"This version has no pane called {words}; left out", grave=True)

    def _panes_changed(self) -> None:
        """Other panes can be seen: those are told of the data from now on."""
        self.tabs.set_current(self.bench.layout.role.value)
        self._seen_panes()
        self.arrange()
        self.refresh()

    def _seen_panes(self) -> None:
        core = {id(getattr(self.panes, name)) for name in self.panes.__slots__}
        there = (self.bench.pane(name) for name in self.bench.visible)
        self.feed.others = tuple(p for p in there if p is not None and id(p) not in core)

    # -- data ---------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to follow the data."""
        self.panes.traces.setFocus(QtCore.Qt.FocusReason.OtherFocusReason)
        self.refresh()
        self.pump.start()
        self.keeper.load()

    def show_first(self, workspace: str) -> None:
        """Begin with that workspace, whichever was shown last. Raises ValueError for a name that
        is none."""
        self._asked = Role(workspace)
        self.bench.show_role(self._asked)

    def refresh(self, *, redraw: bool = False) -> None:
        """Bring all panes up to date now."""
        started = time.perf_counter()
        self.refreshes += 1
        self._behind = False
        # While history loads, every picture takes time from the load.
        self._refresh_due = time.monotonic() + LOADING_S
        with self.history.aside():
            self.feed.refresh(redraw=redraw)
        self.arrange()
        self._inputs.stats.add_work((time.perf_counter() - started) * 1000)

    def _data_changed(self, names: frozenset[str]) -> None:
        if "channels" in names:
            self._bell.look(self._inputs.channels.alarms)
        if "settled" in names:
            self.settle.look()
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
        view, channels = self.workspace.view, self._inputs.channels
        if "maths" in names:
            channels.set_definitions(view.maths.definitions)
        if "alarms" in names:
            channels.set_rules(view.alarms.rules)
        self.panes.traces.view_changed(names)
        if "car" in names or "reference" in names:
            view = self.workspace.view
            looked_at = (view.car, view.reference.car)
            self._inputs.commands.show_first(frozenset(filter(None, looked_at)))
        if names & NEEDS_FEED:
            self.refresh()
        elif names & {"cursor", "mark"}:
            self.feed.cursor_moved()
        elif "span" in names:
            self.feed.span_moved()
        self.pump.wake()

    def event(self, event: QtCore.QEvent) -> bool:
        """Times each frame: Qt paints every dirty widget of the window within this event."""
        if presses_button(event):
            event.accept()
            return True
        if event.type() != QtCore.QEvent.Type.UpdateRequest:
            return super().event(event)
        started = time.perf_counter()
        done = super().event(event)
        stats = self._inputs.stats
        stats.add_frame((time.perf_counter() - started) * 1000)
        live = self.workspace.view.live and self._inputs.health().state is State.LIVE
        if live and self.feed.shown_us:
            due_us = self._inputs.store.session.due_us(self.feed.shown_us)
            stats.add_shown(due_us, self._inputs.now_us())
        return done

    def _header_clicked(self, key: str) -> None:
        if key == "live":
            self.workspace.go_live()
        elif key == FIND:
            self.controls.open_palette()

    def _trouble(self, text: str) -> None:
        self.notice.say(text, grave=True)

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
        for over in (self.job, self._keys, self.notice, self.palette_box, self.time.prompt):
            over.set_theme(theme)
        self.own.set_theme(theme)
        self.settle.set_theme(theme)
        self.settings.set_theme(theme)
        self.arrange()
        self.refresh(redraw=True)
        self.themed.emit(theme)

    def arrange(self) -> None:
        """Give columns and panes their usual sizes for the present contents and scale; what the
        user has moved stays."""
        panes = self.panes
        self.bench.dock.arrange_if((len(panes.timing.rows), panes.laps.columns))

    def _make_report(self) -> None:
        picture = self.feed.picture
        reference = picture.reference.lap if picture is not None and picture.reference else None
        self.reports.make(self.workspace.view, reference)

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

    def dragEnterEvent(self, event: QtGui.QDragEnterEvent) -> None:  # noqa: D102, N802
        if local_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QtGui.QDropEvent) -> None:  # noqa: D102, N802
        files = local_files(event.mimeData())
        if files:
            event.acceptProposedAction()
            self.files_dropped.emit(files)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        super().resizeEvent(event)
        self.arrange()
        if self._keys.isVisible():
            self._keys.setGeometry(self.rect())
        self.notice.place()
        self.own.place()
        self.palette_box.place()
        self.time.prompt.place()

    def showEvent(self, event: QtGui.QShowEvent) -> None:  # noqa: D102, N802
        super().showEvent(event)
        self.arrange()

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:  # noqa: D102, N802
        self.pump.stop()
        self.keeper.stop()
        self.bench.close()
        self.reports.stop()
        self.settle.close()
        self.settings.close()
        self.closed.emit()
        super().closeEvent(event)


def _ignore(_: object) -> None:
    return None
