"""How panes lie in the window, as plain values, and what moving one makes of them. No Qt.

A workspace is a tree: splits of rows and columns, and places with one pane or several as tabs.
Every function gives a new tree; none holds a pane twice, a place without a pane, or a split of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from pitwall.ui.roles import Role

WHOLE = 1000
"""Sizes of a split's parts are shares of this."""
LEAST = 40
"""No part is smaller than this share."""


class Way(StrEnum):
    """In which direction the parts of a split follow each other."""

    ROW = "row"
    COLUMN = "column"


class Side(StrEnum):
    """Where a pane is dropped: at a side of another one, or on it as a tab."""

    LEFT = "left"
    RIGHT = "right"
    ABOVE = "above"
    BELOW = "below"
    TAB = "tab"

    @property
    def way(self) -> Way:
        """Of the split that comes of it."""
        return Way.ROW if self in (Side.LEFT, Side.RIGHT) else Way.COLUMN

    @property
    def first(self) -> bool:
        """True when the new one comes before the other."""
        return self in (Side.LEFT, Side.ABOVE)


@dataclass(frozen=True, slots=True)
class Place:
    """One or more panes in one place; ``current`` is the one that can be seen."""

    panes: tuple[str, ...]
    current: str


@dataclass(frozen=True, slots=True)
class Split:
    """Parts side by side or above each other; ``sizes`` are shares of :data:`WHOLE`, empty for the
    sizes that suit the contents."""

    way: Way
    parts: tuple[Node, ...]
    sizes: tuple[int, ...] = ()


Node = Place | Split


@dataclass(frozen=True, slots=True)
class Float:
    """A pane in a window of its own: x, y, width, height on the desktop, logical pixels."""

    pane: str
    rect: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything about where panes are.

    Attributes:
        name: as the user called it; empty for one without a name.
        role: the workspace that is shown.
        trees: of each workspace; None for one without panes.
        floats: panes in windows of their own, whichever workspace is shown; each goes back to its
            place in the trees.
    """

    name: str
    role: Role
    trees: dict[Role, Node | None]
    floats: tuple[Float, ...] = ()

    @property
    def tree(self) -> Node | None:
        """Of the workspace that is shown, torn-off panes left out."""
        tree = self.trees.get(self.role)
        for one in self.floats:
            tree = without(tree, one.pane)
        return tree

    def with_tree(self, tree: Node | None) -> Layout:
        """Another tree for the workspace that is shown."""
        return replace(self, trees={**self.trees, self.role: tree})


def place(pane: str) -> Place:
    """A place with one pane."""
    return Place((pane,), pane)


def panes_of(node: Node | None) -> tuple[str, ...]:
    """All panes of a tree, in reading order."""
    return tuple(_panes(node))


def seen(node: Node | None) -> tuple[str, ...]:
    """The panes that can be seen, in reading order."""
    if node is None:
        return ()
    if isinstance(node, Place):
        return (node.current,)
    return tuple(name for part in node.parts for name in seen(part))


def _panes(node: Node | None) -> Iterator[str]:
    if isinstance(node, Place):
        yield from node.panes
    elif node is not None:
        for part in node.parts:
            yield from _panes(part)


def without(node: Node | None, pane: str) -> Node | None:
    """The tree without a pane; the others share its room. None when it was the only one."""
    if node is None or pane not in panes_of(node):
        return node
    if isinstance(node, Place):
        left = tuple(name for name in node.panes if name != pane)
        if not left:
            return None
        at = min(node.panes.index(pane), len(left) - 1)
        return Place(left, left[at] if node.current == pane else node.current)
    parts = [without(part, pane) for part in node.parts]
    sizes = [s for s, part in zip(node.sizes, parts, strict=False) if part is not None]
    return split(node.way, tuple(part for part in parts if part is not None), tuple(sizes))


def split(way: Way, parts: tuple[Node, ...], sizes: tuple[int, ...] = ()) -> Node | None:
    """A split in its simplest form: none of nothing, no split of one."""
    if len(parts) < 2:
        return parts[0] if parts else None
    return Split(way, parts, shares(sizes) if sizes else ())


def shares(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """The same proportions in whole shares of :data:`WHOLE`, none below :func:`least_of`."""
    least = least_of(len(sizes))
    given = [max(size, 0) for size in sizes]
    total = sum(given) or 1
    found = [round(size * WHOLE / total) for size in given]
    if min(found) < least:
        # Everybody has the least; what is left is shared in proportion.
        left = WHOLE - least * len(sizes)
        found = [least + size * left // total for size in given]
    found[found.index(max(found))] += WHOLE - sum(found)
    return tuple(found)


def least_of(parts: int) -> int:
    """No part of a split of so many is smaller than this share."""
    return min(LEAST, WHOLE // max(parts, 1) - 1)


def beside(node: Node | None, target: str, pane: str, side: Side) -> Node:
    """The tree with ``pane`` moved or added at a side of ``target``, or on it as a tab. Without
    such a target it is added at the right."""
    if target == pane and node is not None and pane in panes_of(node):
        return node
    rest = without(node, pane)
    if rest is None:
        return place(pane)
    if target not in panes_of(rest):
        return _joined(rest, place(pane), Side.RIGHT)
    return _beside(rest, target, pane, side)


def _beside(node: Node, target: str, pane: str, side: Side) -> Node:
    if isinstance(node, Place):
        if side is Side.TAB:
            return Place((*node.panes, pane), pane)
        return _joined(node, place(pane), side)
    at = next(i for i, part in enumerate(node.parts) if target in panes_of(part))
    part = node.parts[at]
    if isinstance(part, Place) and side is not Side.TAB and side.way is node.way:
        # A neighbour in the same direction: no split within the split.
        to = at if side.first else at + 1
        parts = (*node.parts[:to], place(pane), *node.parts[to:])
        sizes = list(node.sizes)
        if sizes:
            half = sizes[at] // 2
            sizes[at] -= half
            sizes.insert(to, half)
        return Split(node.way, parts, shares(tuple(sizes)) if sizes else ())
    changed = _beside(part, target, pane, side)
    return replace(node, parts=(*node.parts[:at], changed, *node.parts[at + 1 :]))


def _joined(node: Node, new: Node, side: Side) -> Node:
    parts: tuple[Node, ...] = (new, node) if side.first else (node, new)
    if isinstance(node, Split) and node.way is side.way:
        parts = (new, *node.parts) if side.first else (*node.parts, new)
    return Split(side.way, parts)


def raised(node: Node | None, pane: str) -> Node | None:
    """The tree with ``pane`` in front of the others of its place."""
    if isinstance(node, Place):
        return replace(node, current=pane) if pane in node.panes else node
    if node is None:
        return None
    return replace(node, parts=tuple(_known(raised(part, pane)) for part in node.parts))


def resized(node: Node, path: tuple[int, ...], sizes: tuple[int, ...]) -> Node:
    """The tree with other sizes for the split at ``path`` (indices of parts from the root)."""
    if not isinstance(node, Split):
        return node
    if not path:
        return replace(node, sizes=shares(sizes))
    at, rest = path[0], path[1:]
    part = resized(node.parts[at], rest, sizes)
    return replace(node, parts=(*node.parts[:at], part, *node.parts[at + 1 :]))


def covered(node: Node | None, pane: str, share: int | None = None) -> Node:
    """The tree with ``pane`` in the place of its last column, which is shown again when the cover
    goes; ``share``: of the width, where sizes were set by hand."""
    if not isinstance(node, Split) or node.way is not Way.ROW:
        return place(pane) if node is None else _joined(node, place(pane), Side.RIGHT)
    sizes = node.sizes
    if sizes and share is not None:
        widest = max(range(len(sizes) - 1), key=lambda i: sizes[i])
        kept = list(sizes[:-1])
        kept[widest] += sizes[-1] - share
        sizes = shares((*kept, share))
    return Split(node.way, (*node.parts[:-1], place(pane)), sizes)


def _known(node: Node | None) -> Node:
    assert node is not None  # noqa: S101 - raising a tab removes nothing
    return node
