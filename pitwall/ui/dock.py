"""The workspace on screen: splitters, tabs and panes, as a layout's tree says.

Qt's own dock widgets keep their places as bytes that nobody can read or check, and lose them in
several of its versions (napari/napari#9054); this is as small and keeps plain values.
"""

from __future__ import annotations

from collections.abc import Callable

from pitwall.ui.dock_sizes import usual_sizes
from pitwall.ui.layout import WHOLE, Node, Place, Split, Way, resized
from pitwall.ui.panes.panel import Panel
from pitwall.ui.panes.tabs import TabLine
from pitwall.ui.qt import QtCore, QtWidgets
from pitwall.ui.splitter import splitter
from pitwall.ui.theme import Theme, scale_for

MakePane = Callable[[str], QtWidgets.QWidget | None]
_ROW, _COLUMN = QtCore.Qt.Orientation.Horizontal, QtCore.Qt.Orientation.Vertical


class Dock(QtWidgets.QWidget):
    """Shows one tree at a time.

    Attributes:
        tree: what is shown; None for nothing.
        splits: the splitters, by their path from the root.

    Signals:
        resized_by_hand: the tree with the sizes that the user has given it.
        raised_by_hand: name of the pane whose tab was chosen.
    """

    resized_by_hand = QtCore.Signal(object)
    raised_by_hand = QtCore.Signal(str)

    def __init__(self, theme: Theme, pane: MakePane, title: Callable[[str], str]) -> None:
        super().__init__()
        self.tree: Node | None = None
        self.splits: dict[tuple[int, ...], QtWidgets.QSplitter] = {}
        self._theme = theme
        self._pane = pane
        self._title = title
        self._root: QtWidgets.QWidget | None = None
        self._places: list[TabbedPlace] = []
        self._shown: list[QtWidgets.QWidget] = []
        self._sized_for: object = None
        # Panes that would like more room than there is get less; the window never grows for them.
        self.setMinimumSize(1, 1)
        self._line = QtWidgets.QVBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)

    # -- showing ------------------------------------------------------------------------

    def show_tree(self, tree: Node | None) -> None:
        """Show another tree; panes that are in both move without being made anew."""
        if tree == self.tree and self._root is not None:
            return
        self.setUpdatesEnabled(False)
        boxes: list[QtWidgets.QWidget] = [*self.splits.values(), *self._places]
        before, self._shown = self._shown, []
        self.tree, self.splits, self._places = tree, {}, []
        self._root = self._build(tree, ()) if tree is not None else None
        for pane in before:
            if pane not in self._shown and self.isAncestorOf(pane):
                pane.hide()
                pane.setParent(self)
        for box in boxes:
            box.hide()
            box.setParent(None)
            box.deleteLater()
        if self._root is not None:
            self._line.addWidget(self._root)
            self._root.show()
        self._sized_for = None
        self._paint_ground()
        self.arrange()
        self.setUpdatesEnabled(True)

    def _build(self, node: Node, path: tuple[int, ...]) -> QtWidgets.QWidget | None:
        if isinstance(node, Place):
            return self._build_place(node)
        made = [self._build(part, (*path, i)) for i, part in enumerate(node.parts)]
        box = splitter(_ROW if node.way is Way.ROW else _COLUMN)
        for widget in made:
            # A part that cannot be shown keeps its index, so that paths stay true.
            box.addWidget(widget if widget is not None else _nothing())
        for i in range(box.count()):
            box.setStretchFactor(i, 0)
        box.splitterMoved.connect(lambda _pos, _index: self._moved(path, box))
        self.splits[path] = box
        return box

    def _build_place(self, node: Place) -> QtWidgets.QWidget | None:
        panes = {name: self._pane(name) for name in node.panes}
        there = {name: pane for name, pane in panes.items() if pane is not None}
        self._shown += there.values()
        if not there:
            return None
        if len(there) == 1:
            pane = next(iter(there.values()))
            pane.show()
            return pane
        current = node.current if node.current in there else next(iter(there))
        made = TabbedPlace(self._theme, there, current, self._title)
        made.chosen.connect(self.raised_by_hand)
        self._places.append(made)
        return made

    # -- sizes --------------------------------------------------------------------------

    def arrange(self) -> None:
        """Give every split its sizes: those that were set by hand in proportion, the usual ones
        for the present contents otherwise."""
        # With text that is large for the window a pane shows less: with more room for each, some
        # would lie under others.
        window = self.window()
        most = max(scale_for(window.width(), window.height()), 1.0)
        for pane in self._shown:
            if isinstance(pane, Panel):
                pane.limit_least(most)
        for path in sorted(self.splits):
            box, node = self.splits[path], self._node(path)
            room = box.width() if node.way is Way.ROW else box.height()
            if room < 100:
                continue
            if node.sizes:
                box.setSizes([size * room // WHOLE for size in node.sizes])
            else:
                parts = (box.widget(i) for i in range(box.count()))
                widgets = [one for one in parts if one is not None]
                box.setSizes(usual_sizes(widgets, node.way, box.width(), box.height()))

    def arrange_if(self, contents: object) -> None:
        """The same, when the contents are others than they were, or the room is."""
        state = (contents, self.size(), self._theme.scale)
        if state != self._sized_for:
            self._sized_for = state
            self.arrange()

    def _node(self, path: tuple[int, ...]) -> Split:
        node = self.tree
        for at in path:
            assert isinstance(node, Split)  # noqa: S101 - the path was made from this tree
            node = node.parts[at]
        assert isinstance(node, Split)  # noqa: S101
        return node

    def _moved(self, path: tuple[int, ...], box: QtWidgets.QSplitter) -> None:
        if self.tree is not None:
            self.tree = resized(self.tree, path, tuple(box.sizes()))
            self.resized_by_hand.emit(self.tree)

    def resizeEvent(self, event: object) -> None:  # noqa: D102, N802
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._sized_for = None

    # -- looks --------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Other colours and sizes from now on."""
        self._theme = theme
        for one in self._places:
            one.set_theme(theme)
        self._sized_for = None
        self._paint_ground()

    def _paint_ground(self) -> None:
        for widget in (self, *self.splits.values(), *self._places):
            palette = widget.palette()
            palette.setColor(palette.ColorRole.Window, self._theme.colours.ground)
            widget.setPalette(palette)
            widget.setAutoFillBackground(True)


class TabbedPlace(QtWidgets.QWidget):
    """Several panes in one place, one of them seen.

    Signals:
        chosen: name of the pane whose tab was chosen.
    """

    chosen = QtCore.Signal(str)

    def __init__(
        self,
        theme: Theme,
        panes: dict[str, QtWidgets.QWidget],
        current: str,
        title: Callable[[str], str],
    ) -> None:
        super().__init__()
        self.tabs = TabLine(theme, [(name, title(name)) for name in panes], current, fits=True)
        self._names = tuple(panes)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(4))
        column.addWidget(self.tabs)
        for name, pane in panes.items():
            column.addWidget(pane, 1)
            pane.setVisible(name == current)
        self.tabs.chosen.connect(self.chosen)
        self.setFocusProxy(self.tabs)

    def set_theme(self, theme: Theme) -> None:
        """Other colours and sizes from now on."""
        self.tabs.set_theme(theme)


def _nothing() -> QtWidgets.QWidget:
    """Stands for a part of the tree that has no pane in this version or session."""
    made = QtWidgets.QWidget()
    made.hide()
    return made
