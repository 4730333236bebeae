"""The layout that every window begins with, made of the homes of its panes. No Qt."""

from __future__ import annotations

from collections.abc import Iterable

from pitwall.ui.layout import (
    WHOLE,
    Layout,
    Node,
    Place,
    Side,
    Split,
    Way,
    beside,
    panes_of,
    split,
)
from pitwall.ui.roles import Area, Home, Role

Homes = Iterable[tuple[str, Home]]


def default_layout(homes: Homes, role: Role = Role.ENGINEER) -> Layout:
    """The usual layout of panes, by name and home."""
    known = tuple(homes)
    return Layout("", role, {one: default_tree(known, one) for one in Role})


def default_tree(homes: Homes, role: Role) -> Node | None:
    """One workspace of it; None when nothing lives there."""
    mine = [(name, home) for name, home in homes if home.role is role]
    columns = [(a, _stack(mine, a)) for a in (Area.LEFT, Area.CENTRE, Area.RIGHT)]
    there = [(area, node) for area, node in columns if node is not None]
    row = split(Way.ROW, tuple(node for _, node in there), _widths(mine, [a for a, _ in there]))
    below = _stack(mine, Area.BOTTOM)
    parts = tuple(node for node in (row, below) if node is not None)
    return split(Way.COLUMN, parts, _heights(mine) if len(parts) == 2 else ())


def _stack(homes: list[tuple[str, Home]], area: Area) -> Node | None:
    mine = sorted((pair for pair in homes if pair[1].area is area), key=lambda pair: pair[1].order)
    groups: dict[str, list[str]] = {}
    for name, home in mine:
        groups.setdefault(f"tab {home.tab}" if home.tab else f"pane {name}", []).append(name)
    places = tuple(Place(tuple(names), names[0]) for names in groups.values())
    return split(Way.ROW if area is Area.BOTTOM else Way.COLUMN, places)


def _widths(homes: list[tuple[str, Home]], areas: list[Area]) -> tuple[int, ...]:
    """Shares of the columns where a home names one; empty when none does."""
    named = {a: max((h.share for _, h in homes if h.area is a), default=0) * 10 for a in areas}
    if not any(named.values()):
        return ()
    open_ones = sum(not share for share in named.values())
    rest = max(WHOLE - sum(named.values()), 0)
    return tuple(share or rest // max(open_ones, 1) for share in named.values())


def _heights(homes: list[tuple[str, Home]]) -> tuple[int, ...]:
    share = max((h.share for _, h in homes if h.area is Area.BOTTOM), default=0) * 10
    return (WHOLE - share, share) if share else ()


def added(tree: Node | None, pane: str, home: Home | None) -> Node:
    """The tree with a pane that was not in it, about where it would live: as a tab of the last
    place of its area's side, where it takes room from nobody."""
    there = panes_of(tree)
    if not there:
        return beside(tree, "", pane, Side.RIGHT)
    target = there[-1]
    if home is not None and home.area is Area.LEFT and isinstance(tree, Split):
        target = panes_of(tree.parts[0])[-1]
    return beside(tree, target, pane, Side.TAB)
