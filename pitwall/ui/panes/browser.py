"""Every channel of the session: found by fragments, put into plots by key or by dragging."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pitwall.store import SessionStore
from pitwall.store.computed import is_computed
from pitwall.telemetry import Channel, Group
from pitwall.ui.fragments import matching
from pitwall.ui.model import Workspace
from pitwall.ui.panes.rows import Cell, Column, Row, RowsPane
from pitwall.ui.plot.carrying import packed
from pitwall.ui.plot.choice import channel_title
from pitwall.ui.plot.plot_editor import PlotEditor
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.scene import Scene
from pitwall.ui.theme import Theme
from pitwall.ui.trace_layout import ChannelName
from pitwall.ui.units import UnitChoice, shown

COLUMNS = (
    Column("Channel", "Long. acceleration", right=False, mono=False),
    Column("Group", "chassis", right=False, mono=False, optional=2, remark=True),
    Column("Unit", "km/h", right=False, mono=False, remark=True),
    Column("Hz", "1000"),
    Column("Limits", "-1000 … 12000", optional=1),
    Column("Cars", "40 of 40", optional=3),
)
COMPACT = 23
FIELD = 190
DRAG = 8
"""Pixels from which a press is a drag."""
NAVIGATION = frozenset(
    {
        QtCore.Qt.Key.Key_Up,
        QtCore.Qt.Key.Key_Down,
        QtCore.Qt.Key.Key_PageUp,
        QtCore.Qt.Key.Key_PageDown,
        QtCore.Qt.Key.Key_Return,
        QtCore.Qt.Key.Key_Enter,
        QtCore.Qt.Key.Key_Escape,
    }
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A channel in the list."""

    group: Group
    channel: Channel
    cars: str

    @property
    def name(self) -> ChannelName:
        """As a layout names it."""
        return ChannelName(self.group.name, self.channel.name)

    @property
    def text(self) -> str:
        """What fragments are looked for in."""
        channel = self.channel
        return f"{channel_title(channel)} {channel.name} {self.group.name} {channel.unit}"


class _Field(QtWidgets.QLineEdit):
    """Keeps the keys of the list from being the window's.

    Signals:
        steered: (key, modifiers) of a key that is for the list.
    """

    steered = QtCore.Signal(object, object)

    def event(self, event: QtCore.QEvent) -> bool:
        """As usual, but for the keys of the list."""
        if isinstance(event, QtGui.QKeyEvent) and event.key() in NAVIGATION:
            if event.type() == QtCore.QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QtCore.QEvent.Type.KeyPress:
                self.steered.emit(event.key(), event.modifiers())
                return True
        return super().event(event)


class BrowserPane(RowsPane):
    """Type to find; Return makes a plot of the channel or takes it away, Shift+Return lays it over
    the current plot, Ctrl+Return shows it in the histogram and the spectrum, and Alt+Return in the
    X-Y chart. Rows can be dragged to the plots and charts.

    Attributes:
        listed: what is listed, row by row.
        at: the selected row.
    """

    def __init__(
        self,
        theme: Theme,
        workspace: Workspace,
        store: SessionStore,
        plots: PlotEditor,
        parent: QtWidgets.QWidget | None = None,
    ) -> None:
        super().__init__(theme, "All channels", COLUMNS, row_height=COMPACT, parent=parent)
        self.listed: tuple[Listed, ...] = ()
        self.at = 0
        self._workspace = workspace
        self._store = store
        self._plots = plots
        self._all: tuple[Listed, ...] = ()
        self._known: object = None
        self._pressed: QtCore.QPointF | None = None
        self.field = _Field(self)
        self.field.setPlaceholderText("find: o p, unit, group")
        self.field.setAccessibleName("Find a channel")
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._searched)
        self.field.steered.connect(self._steered)
        self.setFocusProxy(self.field)
        self._dress()

    def set_theme(self, theme: Theme) -> None:
        """As :meth:`RowsPane.set_theme`."""
        super().set_theme(theme)
        self._dress()

    def show_scene(self, scene: Scene) -> None:
        """List what the session has now."""
        catalog, view = self._store.catalog, scene.view
        cars = self._store.cars()
        groups = tuple(g for g in catalog.groups if not is_computed(g.name))
        sending = {g.name: sum(_sends(self._store, car, g.name) for car in cars) for g in groups}
        known = (catalog, tuple(sending.items()), len(cars), view.traces, view.units, view.charts)
        if known == self._known:
            return
        self._known = known
        self._all = tuple(
            Listed(group, channel, _cars(group, sending, len(cars)))
            for group in catalog.groups
            for channel in group.channels
        )
        self._list()

    def search(self) -> None:
        """Type from here."""
        self.field.setFocus(QtCore.Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def handlers(self) -> dict[str, Callable[[], None]]:
        """The action of this pane."""
        return {"channels": self.search}

    # -- the list -----------------------------------------------------------------------

    def _searched(self, _text: str) -> None:
        self.at = 0
        self._list()

    def _list(self) -> None:
        self.listed = tuple(matching(self.field.text(), self._all, lambda one: one.text))
        self.at = max(0, min(self.at, len(self.listed) - 1))
        units = self._workspace.view.units
        drawn = {name for plot in self._plots.layout.plots for name in plot.channels}
        self.set_rows([self._row(i, one, units, drawn) for i, one in enumerate(self.listed)])
        if not self.listed:
            self.set_titles("All channels", "")
        self.update()

    def _row(self, i: int, one: Listed, units: UnitChoice, drawn: set[ChannelName]) -> Row:
        channel, how = one.channel, shown(one.channel, units)
        limits = "—"
        if channel.high > channel.low:
            ends = (how.conversion.value(channel.low), how.conversion.value(channel.high))
            limits = f"{ends[0]:.6g} … {ends[1]:.6g}"
        there = one.name in drawn
        cells = (
            Cell(channel_title(channel), "text", bold=there),
            Cell(one.group.name, "faint"),
            Cell(how.unit, "dim"),
            Cell(f"{one.group.rate_hz:g}", "dim"),
            Cell(limits, "dim"),
            Cell(one.cars, "dim"),
        )
        step = f", steps of {channel.resolution:g} {channel.unit}" if channel.resolution else ""
        tip = f"{one.group.name}/{channel.name}{step}" + ("; drawn" if there else "")
        return Row(one.name, cells, selected=i == self.at, marked=there, tip=tip)

    def _move(self, by: int) -> None:
        self.at = max(0, min(self.at + by, len(self.listed) - 1))
        self._list()
        if self.listed:
            self.scroll_to(self.listed[self.at].name)

    def _steered(self, key: QtCore.Qt.Key, modifiers: QtCore.Qt.KeyboardModifier) -> None:
        keys = QtCore.Qt.Key
        steps = {
            keys.Key_Up: -1,
            keys.Key_Down: 1,
            keys.Key_PageUp: -self.visible_rows,
            keys.Key_PageDown: self.visible_rows,
        }
        if key in steps:
            self._move(steps[key])
        elif key == keys.Key_Escape:
            if self.field.text():
                self.field.clear()
            else:
                self.window().setFocus()
        elif self.listed:
            self._put(self.listed[self.at].name, modifiers)

    def _put(self, name: ChannelName, modifiers: QtCore.Qt.KeyboardModifier) -> None:
        """Into a plot, over one, or into the charts."""
        held = QtCore.Qt.KeyboardModifier
        charts = self._workspace.view.charts
        if modifiers & held.ControlModifier:
            self._workspace.change(charts=charts.with_single(name))
        elif modifiers & held.AltModifier:
            self._workspace.change(charts=charts.with_up(name))
        elif modifiers & held.ShiftModifier:
            current = self._plots.current
            self._plots.overlay(name, current if current is not None else 0)
        else:
            self._plots.toggle(name)

    # -- pointer ------------------------------------------------------------------------

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        index = self.row_at(event.position().y())
        if index is not None and event.button() == QtCore.Qt.MouseButton.LeftButton:
            self.at = index
            self._pressed = event.position()
            self._list()

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        if self._pressed is None or not self.listed:
            return
        if (event.position() - self._pressed).manhattanLength() > DRAG:
            self._pressed = None
            self.carry(self.listed[self.at])

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        self._pressed = None

    def mouseDoubleClickEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        index = self.row_at(event.position().y())
        if index is not None:
            self._put(self.listed[index].name, event.modifiers())

    def carry(self, one: Listed) -> None:
        """Drag a channel to wherever it is let go."""
        drag = QtGui.QDrag(self)
        drag.setMimeData(packed(one.name))
        text = channel_title(one.channel)
        metrics = QtGui.QFontMetrics(self.theme.body(bold=True))
        size = QtCore.QSize(metrics.horizontalAdvance(text) + 16, metrics.height() + 8)
        picture = QtGui.QPixmap(size)
        picture.fill(self.theme.colours.raised)
        painter = QtGui.QPainter(picture)
        painter.setFont(self.theme.body(bold=True))
        painter.setPen(self.theme.colours.text)
        painter.drawText(picture.rect(), QtCore.Qt.AlignmentFlag.AlignCenter, text)
        painter.end()
        drag.setPixmap(picture)
        drag.exec(QtCore.Qt.DropAction.CopyAction)

    # -- looks --------------------------------------------------------------------------

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        width = min(self.theme.px(FIELD), self.width() // 2)
        height = self.top - self.theme.px(8)
        self.field.setGeometry(self.width() - self.padding - width, self.theme.px(4), width, height)

    def _dress(self) -> None:
        c = self.theme.colours
        self.field.setFont(self.theme.small())
        palette = self.field.palette()
        role = QtGui.QPalette.ColorRole
        for one, colour in (
            (role.Base, c.ground),
            (role.Text, c.text),
            (role.PlaceholderText, c.faint),
            (role.Highlight, c.selected),
            (role.HighlightedText, c.text),
        ):
            palette.setColor(one, colour)
        self.field.setPalette(palette)
        self._place()


def _sends(store: SessionStore, car: str, group: str) -> bool:
    return store.columns(car, group) is not None


def _cars(group: Group, sending: dict[str, int], cars: int) -> str:
    if group.name not in sending:
        return "computed"
    count = sending[group.name]
    return "all" if count == cars else f"{count} of {cars}"
