"""What each action does: keys, palette and list of keys all come here.

An action is handled by a pane that names it in :mod:`pitwall.ui.registry` (it is shown first), by
one of the lines that every window has (``handlers()``), or by the table below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pitwall.ui.actions import ACTIONS, NUMBERS
from pitwall.ui.dialogs.ask_name import ask_name
from pitwall.ui.dock_drag import DockDrag
from pitwall.ui.feed import Panes
from pitwall.ui.help import KeysOverlay
from pitwall.ui.history import History
from pitwall.ui.inputs import Inputs
from pitwall.ui.layout_doc import MOST_NAME
from pitwall.ui.layout_keeper import LayoutKeeper
from pitwall.ui.model import Workspace
from pitwall.ui.navigate import Navigator
from pitwall.ui.palette import Entry, Palette
from pitwall.ui.palette_entries import (
    action_entries,
    car_entries,
    channel_entries,
    lap_entries,
    layout_entries,
    pane_entries,
)
from pitwall.ui.panes.notice import Notice
from pitwall.ui.plot.trace_stack import PAN_SHARE, ZOOM
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.registry import PANES
from pitwall.ui.roles import Role
from pitwall.ui.scene import Acts
from pitwall.ui.theme import Theme
from pitwall.ui.trace_layout import ChannelName
from pitwall.ui.workbench import Workbench

Handlers = dict[str, Callable[[], None]]


@dataclass(slots=True)
class Parts:
    """The parts of a window that actions work on."""

    inputs: Inputs
    workspace: Workspace
    panes: Panes
    bench: Workbench
    navigator: Navigator
    history: History
    keeper: LayoutKeeper
    palette: Palette
    notice: Notice
    keys: KeysOverlay
    drag: DockDrag


class Controls:
    """Binds every action of a window.

    Attributes:
        handlers: what each does, by name.
    """

    def __init__(
        self,
        window: QtWidgets.QWidget,
        parts: Parts,
        theme: Callable[[], Theme],
        own: Handlers,
    ) -> None:
        """
        Args:
            window: gets the keys.
            parts: what they work on.
            theme: the present theme.
            own: what the window itself does.
        """
        self._window = window
        self._parts = parts
        self._theme = theme
        given = {**self._moving(), **self._arranging(), **own}
        self.handlers: Handlers = {}
        for one in ACTIONS:
            self.handlers[one.name] = given.get(one.name) or self._of_pane(one.name)
            bound = QtGui.QAction(one.title, window)
            bound.setObjectName(one.name)
            bound.setShortcuts([QtGui.QKeySequence(key) for key in one.keys])
            bound.setToolTip(one.about)
            bound.triggered.connect(_slot(self.handlers[one.name]))
            window.addAction(bound)

    def _moving(self) -> Handlers:
        """Time, cars and laps, traces."""
        parts = self._parts
        w, go, traces = parts.workspace, parts.navigator, parts.panes.traces
        return {
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
        }

    def _arranging(self) -> Handlers:
        """Panes, layouts, and what was done."""
        parts = self._parts
        bench, keeper = parts.bench, parts.keeper
        return {
            **{f"workspace_{role.value}": _to_role(bench, role) for role in Role},
            **{f"pane_{i}": self._to_number(i) for i in NUMBERS},
            "next_workspace": lambda: self._step_role(1),
            "tear_off": self._tear_off,
            "close_pane": self._close_pane,
            "next_pane": lambda: self._step_pane(1),
            "previous_pane": lambda: self._step_pane(-1),
            "reset_layout": bench.reset,
            "save_layout": lambda: _ignore(
                ask_name(
                    self._window,
                    self._theme(),
                    "Save the layout as",
                    bench.layout.name,
                    MOST_NAME,
                    keeper.save_as,
                )
            ),
            "layouts": lambda: self.open_palette("layout "),
            "undo": self._undo,
            "redo": self._redo,
            "palette": self.open_palette,
            "help": parts.keys.toggle,
        }

    def _of_pane(self, action: str) -> Callable[[], None]:
        """Raises KeyError for an action that nobody handles."""
        bench, panes = self._parts.bench, self._parts.panes
        name = next((one.name for one in bench.known if action in one.actions), "")
        if name:
            return lambda: self._call_pane(name, action)
        for field in panes.__slots__:
            line = getattr(panes, field)
            if isinstance(line, Acts) and action in line.handlers():
                return line.handlers()[action]
        if any(action in one.actions for one in PANES):
            return lambda: self._parts.notice.say("This session has nothing to show there")
        raise KeyError(action)

    def _call_pane(self, name: str, action: str) -> None:
        self._parts.bench.open_pane(name)
        pane = self._parts.bench.pane(name)
        if pane is not None and isinstance(pane, Acts):
            pane.handlers()[action]()

    # -- the palette --------------------------------------------------------------------

    def open_palette(self, text: str = "") -> None:
        """Offer everything there is; once more: close it."""
        palette = self._parts.palette
        if palette.isVisible():
            palette.close_again()
        else:
            palette.open_with(tuple(self.entries()), text)

    def entries(self) -> Iterator[Entry]:
        """Everything that can be asked for."""
        parts = self._parts
        yield from action_entries(self.handlers)
        yield from pane_entries(parts.bench)
        yield from layout_entries(
            sorted(parts.keeper.named), parts.keeper.show, parts.keeper.remove
        )
        yield from channel_entries(parts.inputs, self._show_channel)
        yield from car_entries(parts.inputs, parts.workspace)
        yield from lap_entries(parts.inputs, parts.workspace)

    def _show_channel(self, name: ChannelName) -> None:
        self._parts.bench.open_pane("traces")
        self._parts.panes.traces.plots.insert(name)

    # -- steps --------------------------------------------------------------------------

    def _undo(self) -> None:
        history = self._parts.history
        done = history.undo()
        self._parts.notice.say(f"Undone: {history.words}" if done else "Nothing to undo")

    def _redo(self) -> None:
        history = self._parts.history
        done = history.redo()
        self._parts.notice.say(f"Done again: {history.words}" if done else "Nothing to do again")

    def _step_back(self) -> None:
        """Esc: out of a drag, of the pane that is alone, then the cursor."""
        bench = self._parts.bench
        if self._parts.drag.cancel():
            return
        if bench.alone:
            bench.toggle_alone(bench.alone)
        else:
            self._parts.navigator.clear_cursor()

    # -- panes --------------------------------------------------------------------------

    def _to_number(self, number: int) -> Callable[[], None]:
        bench = self._parts.bench

        def call() -> None:
            panes = bench.numbered
            if number <= len(panes):
                bench.toggle_alone(panes[number - 1])
            else:
                self._parts.notice.say(f"This workspace has {len(panes)} panes")

        return call

    def _step_role(self, step: int) -> None:
        roles = list(Role)
        at = roles.index(self._parts.bench.layout.role)
        self._parts.bench.show_role(roles[(at + step) % len(roles)])

    def here(self) -> str:
        """The pane at the pointer, or else the one that has the keyboard; empty for none."""
        app = QtWidgets.QApplication
        for found in (app.widgetAt(QtGui.QCursor.pos()), app.focusWidget()):
            widget: QtWidgets.QWidget | None = found
            while widget is not None:
                name = widget.property("pane")
                if name:
                    return str(name)
                widget = widget.parentWidget()
        return ""

    def _tear_off(self) -> None:
        bench, name = self._parts.bench, self.here()
        if name in bench.windows:
            bench.put_back(name)
        elif name:
            bench.tear_off(name)

    def _close_pane(self) -> None:
        name = self.here()
        if name:
            self._parts.bench.close_pane(name)

    def _step_pane(self, step: int) -> None:
        bench = self._parts.bench
        there = [pane for name in bench.visible if (pane := bench.pane(name)) is not None]
        if not there:
            return
        focus = QtWidgets.QApplication.focusWidget()
        at = [i for i, pane in enumerate(there) if focus and (pane is focus or _in(pane, focus))]
        wanted = there[(at[0] + step) % len(there) if at else 0]
        wanted.window().activateWindow()
        wanted.setFocus(QtCore.Qt.FocusReason.ShortcutFocusReason)


def _in(pane: QtWidgets.QWidget, widget: QtWidgets.QWidget) -> bool:
    return pane.isAncestorOf(widget)


def _to_role(bench: Workbench, role: Role) -> Callable[[], None]:
    return lambda: bench.show_role(role)


def _slot(handler: Callable[[], None]) -> Callable[[bool], None]:
    return lambda _checked: handler()


def _ignore(_: object) -> None:
    return None
