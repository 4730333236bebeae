"""The panes of the window, and where each is: in the dock, alone in it, or torn off.

What the layout says is shown; what the user moves becomes the layout.
"""

from __future__ import annotations

from dataclasses import replace

from pitwall.ui.dock import Dock
from pitwall.ui.dock_sizes import WIDTH_MOST
from pitwall.ui.float_window import FloatWindow, Rect, free_screens, within_screens
from pitwall.ui.layout import (
    WHOLE,
    Float,
    Layout,
    Node,
    Side,
    Split,
    beside,
    covered,
    panes_of,
    place,
    raised,
    seen,
    without,
)
from pitwall.ui.layout_default import added, default_layout
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.registry import PANES, PaneSpec, Setting, spec
from pitwall.ui.roles import Home, Role
from pitwall.ui.scene import Stops, Themed
from pitwall.ui.theme import Theme

STOP_S = 2.0
"""For the thread of a pane to end; what it computes takes milliseconds."""
TORN_SIZE = (760, 560)
"""Of a torn-off pane's window at first, at scale 1."""


class Workbench(QtCore.QObject):
    """Owns the panes.

    Attributes:
        dock: the part of the window that shows a workspace.
        layout: where everything is, without what is only for a moment.
        alone: the pane that has the whole dock for a moment; empty for none.
        cover: the pane that lies over the last column for a moment; empty for none.
        windows: of torn-off panes, by name of the pane.

    Signals:
        changed: the layout is another one; the panes that can be seen may be others.
        shown: other panes can be seen; the layout may be the same.
    """

    changed = QtCore.Signal()
    shown = QtCore.Signal()

    def __init__(self, setting: Setting, window: QtWidgets.QWidget) -> None:
        super().__init__(window)
        self.layout = self.usual
        self.alone = ""
        self.cover = ""
        self.windows: dict[str, FloatWindow] = {}
        self._setting = setting
        self._window = window
        self._theme = setting.theme
        self._made: dict[str, QtWidgets.QWidget] = {}
        self._specs = {one.name: one for one in PANES if one.fits(setting.inputs)}
        self.dock = Dock(setting.theme, self.pane, lambda name: spec(name).title)
        self.dock.resized_by_hand.connect(self._resized)
        self.dock.raised_by_hand.connect(self.raise_pane)
        QtGui.QGuiApplication.instance().screenRemoved.connect(self._bring_back)  # type: ignore[union-attr]

    # -- panes --------------------------------------------------------------------------

    @property
    def known(self) -> tuple[PaneSpec, ...]:
        """Every pane that this session can show."""
        return tuple(self._specs.values())

    def pane(self, name: str) -> QtWidgets.QWidget | None:
        """The widget of a pane, made when it is first asked for; None for one that this version
        or session does not have."""
        one = self._specs.get(name)
        if one is None:
            return None
        if name not in self._made:
            made = self._made[name] = one.make(replace(self._setting, theme=self._theme))
            made.setProperty(WIDTH_MOST, one.width_most)
            made.setProperty("pane", name)
            if made.parentWidget() is None:
                # What no layout shows ends with the window all the same.
                made.hide()
                made.setParent(self._window)
        return self._made[name]

    @property
    def made(self) -> tuple[QtWidgets.QWidget, ...]:
        """The panes made so far."""
        return tuple(self._made.values())

    @property
    def visible(self) -> tuple[str, ...]:
        """Panes that can be seen, the torn-off ones last."""
        return (*(n for n in seen(self._tree()) if n in self._specs), *self.windows)

    @property
    def numbered(self) -> tuple[str, ...]:
        """Panes of the workspace in reading order, as the number keys count them."""
        return tuple(name for name in panes_of(self.layout.tree) if name in self._specs)

    @property
    def usual(self) -> Layout:
        """What every window begins with."""
        return default_layout((one.name, home) for one in PANES for home in one.homes)

    def missing(self) -> tuple[str, ...]:
        """Panes that the layout names and this version does not have."""
        named = [name for tree in self.layout.trees.values() for name in panes_of(tree)]
        known = {one.name for one in PANES}
        return tuple(dict.fromkeys(name for name in named if name not in known))

    # -- what the user does -------------------------------------------------------------

    def show_role(self, role: Role) -> None:
        """Show another workspace."""
        if role is not self.layout.role:
            self.alone = self.cover = ""
            self.set_layout(replace(self.layout, role=role))

    def set_layout(self, layout: Layout) -> None:
        """Show another layout."""
        if layout == self.layout:
            return
        self.layout = layout
        if self.alone and self.alone not in self.numbered:
            self.alone = ""
        self.apply()
        self.changed.emit()

    def reset(self) -> None:
        """The usual places in this workspace; torn-off panes come back."""
        usual = self.usual.trees[self.layout.role]
        self.alone = self.cover = ""
        self.set_layout(replace(self.layout.with_tree(usual), floats=()))

    def toggle_alone(self, name: str) -> None:
        """A pane on the whole dock, or everything again."""
        self.alone = "" if self.alone == name else name
        self.apply()
        self.shown.emit()

    def toggle_cover(self, name: str) -> None:
        """A pane over the last column, or that again."""
        self.cover = "" if self.cover == name else name
        self.alone = ""
        self.apply()
        self.shown.emit()

    def drop(self, name: str, target: str, side: Side) -> None:
        """Move a pane to a side of another one, or on it; a torn-off one comes back there."""
        floats = tuple(one for one in self.layout.floats if one.pane != name)
        tree = beside(self.layout.trees.get(self.layout.role), target, name, side)
        self.alone = ""
        self.set_layout(replace(self.layout.with_tree(tree), floats=floats))

    def tear_off(self, name: str, rect: Rect | None = None) -> None:
        """Give a pane a window of its own."""
        if name in self.windows or name not in self._specs:
            return
        one = Float(name, within_screens(rect or self._torn_rect(name), free_screens()))
        self.alone = "" if self.alone == name else self.alone
        self.set_layout(replace(self.layout, floats=(*self.layout.floats, one)))

    def put_back(self, name: str) -> None:
        """A torn-off pane goes back to its place."""
        floats = tuple(one for one in self.layout.floats if one.pane != name)
        self.set_layout(replace(self.layout, floats=floats))

    def open_pane(self, name: str) -> None:
        """Make sure that a pane can be seen."""
        if name in self.windows:
            self.windows[name].raise_()
            self.windows[name].activateWindow()
            return
        if name in self.visible:
            return
        self.alone = self.cover = ""
        tree = self.layout.trees.get(self.layout.role)
        if name not in panes_of(tree):
            tree = added(tree, name, self._home(name))
        self.set_layout(self.layout.with_tree(raised(tree, name)))
        self.apply()

    def close_pane(self, name: str) -> None:
        """Take a pane out of this workspace; the command palette has it still."""
        floats = tuple(one for one in self.layout.floats if one.pane != name)
        tree = without(self.layout.trees.get(self.layout.role), name)
        self.alone = "" if self.alone == name else self.alone
        self.cover = "" if self.cover == name else self.cover
        if tree is not None:
            self.set_layout(replace(self.layout.with_tree(tree), floats=floats))

    def raise_pane(self, name: str) -> None:
        """Bring a pane to the front of its place."""
        tree = raised(self.layout.trees.get(self.layout.role), name)
        self.set_layout(self.layout.with_tree(tree))

    def _home(self, name: str) -> Home | None:
        homes = self._specs[name].homes
        mine = [home for home in homes if home.role is self.layout.role]
        return next(iter(mine or homes), None)

    # -- showing ------------------------------------------------------------------------

    def apply(self) -> None:
        """Show what the layout says."""
        torn = {one.pane: one for one in self.layout.floats if one.pane in self._specs}
        for name in [name for name in self.windows if name not in torn]:
            self.windows.pop(name).take()
        for name, one in torn.items():
            if name not in self.windows:
                self.windows[name] = self._torn(one)
        focus = QtWidgets.QApplication.focusWidget()
        inside = focus is not None and self.dock.isAncestorOf(focus)
        self.dock.show_tree(self._tree())
        if inside and focus is not None:
            self._keep_keyboard(focus)

    def _keep_keyboard(self, before: QtWidgets.QWidget) -> None:
        """Leave the keyboard with what had it, else with the traces or the first pane: Qt gives it
        to the line of workspaces, where arrows would turn to another one."""
        shown = [pane for name in self.visible if (pane := self.pane(name)) is not None]
        traces = self.pane("traces")
        first = traces if traces in shown else next(iter(shown), None)
        wanted = before if self.dock.isAncestorOf(before) and before.isVisible() else first
        if wanted is not None:
            wanted.setFocus(QtCore.Qt.FocusReason.OtherFocusReason)

    def _tree(self) -> Node | None:
        tree = self.layout.tree
        if self.alone:
            return place(self.alone)
        if self.cover and self.cover not in self.windows:
            return covered(without(tree, self.cover), self.cover, self._cover_share(tree))
        return tree

    def _cover_share(self, tree: Node | None) -> int | None:
        pane = self.pane(self.cover)
        if pane is None or not isinstance(tree, Split) or not tree.sizes:
            return None
        needed = getattr(pane, "needed_width", lambda: 0)()
        most = WHOLE * spec(self.cover).width_most // 100
        return min(needed * WHOLE // max(self.dock.width(), 1), most)

    def _torn_rect(self, name: str) -> Rect:
        pane = self.pane(name)
        corner = self._window.geometry().topLeft()
        if pane is not None and pane.isVisible():
            corner = pane.mapToGlobal(QtCore.QPoint(24, 24))
        return (corner.x(), corner.y(), *self.torn_size)

    @property
    def torn_size(self) -> tuple[int, int]:
        """Of a torn-off pane's window at first, pixels."""
        return self._theme.px(TORN_SIZE[0]), self._theme.px(TORN_SIZE[1])

    def _torn(self, one: Float) -> FloatWindow:
        made = FloatWindow(one.pane, spec(one.pane).title, self._theme, self._window)
        pane = self.pane(one.pane)
        if pane is not None:
            made.hold(pane)
        made.addActions(self._window.actions())
        made.setGeometry(*within_screens(one.rect, free_screens()))
        made.put_back.connect(self.put_back)
        made.moved.connect(self._float_moved)
        made.show()
        return made

    def _float_moved(self, name: str) -> None:
        window = self.windows.get(name)
        if window is None:
            return
        at = Float(name, window.rect_on_desktop)
        floats = tuple(at if one.pane == name else one for one in self.layout.floats)
        if floats != self.layout.floats:
            self.layout = replace(self.layout, floats=floats)
            self.changed.emit()

    def _bring_back(self) -> None:
        """A monitor is gone: windows that were on it come to another one."""
        for window in self.windows.values():
            window.setGeometry(*within_screens(window.rect_on_desktop, free_screens()))

    def _resized(self, tree: Node) -> None:
        if self.alone or self.cover:
            return  # sizes of a moment
        self.layout = self.layout.with_tree(_merged(self.layout, tree))
        self.changed.emit()

    def set_theme(self, theme: Theme) -> None:
        """Other colours and sizes from now on, in every pane made so far."""
        self._theme = theme
        self.dock.set_theme(theme)
        for pane in self._made.values():
            if isinstance(pane, Themed):
                pane.set_theme(theme)
        for window in self.windows.values():
            window.set_theme(theme)

    def close(self) -> None:
        """Close the windows of torn-off panes, which the layout keeps; end the panes' threads."""
        for window in self.windows.values():
            window.take()
        self.windows = {}
        for pane in self._made.values():
            if isinstance(pane, Stops):
                pane.stop(STOP_S)


def _merged(layout: Layout, tree: Node) -> Node:
    """The tree that the user resized; panes that are torn off stay where they would be."""
    whole = layout.trees.get(layout.role)
    if whole is None or not layout.floats or panes_of(whole) == panes_of(tree):
        return tree
    return _sizes_of(whole, tree)


def _sizes_of(whole: Node, tree: Node) -> Node:
    """``whole`` with the sizes of ``tree`` where both are split alike."""
    if not isinstance(whole, Split) or not isinstance(tree, Split):
        return whole
    if len(whole.parts) != len(tree.parts):
        return whole
    parts = tuple(_sizes_of(a, b) for a, b in zip(whole.parts, tree.parts, strict=True))
    return replace(whole, parts=parts, sizes=tree.sizes)
