"""Trees of panes: whatever is moved, none is lost, doubled or left in a split of one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.ui.layout import (
    WHOLE,
    Float,
    Layout,
    Node,
    Place,
    Side,
    Split,
    Way,
    beside,
    covered,
    least_of,
    panes_of,
    place,
    raised,
    resized,
    seen,
    shares,
    split,
    without,
)
from pitwall.ui.layout_default import added, default_layout, default_tree
from pitwall.ui.roles import Area, Home, Role

NAMES = [f"pane_{letter}" for letter in "abcdefgh"]
moves = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(list(Side))),
    max_size=20,
)


def built(steps: list[tuple[str, str, Side]]) -> Node:
    tree: Node = place(NAMES[0])
    for pane, target, side in steps:
        tree = beside(tree, target, pane, side)
    return tree


def check(node: Node) -> None:
    """What holds for every tree."""
    names = panes_of(node)
    assert len(names) == len(set(names))
    check_node(node)


def check_node(node: Node) -> None:
    if isinstance(node, Place):
        assert node.panes
        assert node.current in node.panes
        return
    assert len(node.parts) >= 2
    if node.sizes:
        assert len(node.sizes) == len(node.parts)
        assert sum(node.sizes) == WHOLE
        assert min(node.sizes) >= least_of(len(node.parts))
    for part in node.parts:
        check_node(part)


@given(moves)
def test_moving_loses_and_doubles_nothing(steps: list[tuple[str, str, Side]]) -> None:
    expected = {NAMES[0]}
    tree: Node = place(NAMES[0])
    for pane, target, side in steps:
        expected.add(pane)
        tree = beside(tree, target, pane, side)
        check(tree)
        assert set(panes_of(tree)) == expected
        if side is Side.TAB and target in expected and target != pane:
            assert pane in seen(tree)


@given(moves, st.sampled_from(NAMES))
def test_taking_one_out_leaves_the_others(steps: list[tuple[str, str, Side]], pane: str) -> None:
    tree = built(steps)
    rest = without(tree, pane)
    assert set(panes_of(rest)) == set(panes_of(tree)) - {pane}
    if rest is not None:
        check(rest)


@given(moves, st.lists(st.integers(0, 4000), min_size=2, max_size=8))
def test_sizes_stay_shares_of_the_whole(
    steps: list[tuple[str, str, Side]], sizes: list[int]
) -> None:
    tree = built(steps)
    if isinstance(tree, Split):
        sizes = (sizes * 8)[: len(tree.parts)]
        tree = resized(tree, (), tuple(sizes))
        check(tree)
        check(beside(tree, panes_of(tree)[0], "pane_new", Side.RIGHT))
        check(covered(tree, "pane_cover", 300))


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=60))
def test_shares_keep_the_order_of_sizes(sizes: list[int]) -> None:
    found = shares(tuple(sizes))
    assert sum(found) == WHOLE
    assert min(found) >= least_of(len(sizes))
    for a, x in zip(sizes, found, strict=True):
        for b, y in zip(sizes, found, strict=True):
            if a > b:
                assert x >= y - 60, "rounding goes to the largest"


def test_a_drop_at_a_side_in_the_same_direction_makes_no_split_within_the_split() -> None:
    tree = split(Way.ROW, (place("a"), place("b")), (700, 300))
    assert tree is not None
    assert beside(tree, "a", "c", Side.RIGHT) == Split(
        Way.ROW, (place("a"), place("c"), place("b")), (350, 350, 300)
    )
    assert beside(tree, "b", "c", Side.ABOVE) == Split(
        Way.ROW, (place("a"), Split(Way.COLUMN, (place("c"), place("b")))), (700, 300)
    )
    assert beside(tree, "b", "a", Side.TAB) == Place(("b", "a"), "a")


def test_a_torn_off_pane_keeps_its_place_in_the_tree() -> None:
    tree = split(Way.ROW, (place("a"), place("b")))
    layout = Layout("", Role.ENGINEER, {Role.ENGINEER: tree}, (Float("b", (0, 0, 9, 9)),))
    assert layout.tree == place("a")
    assert layout.trees[Role.ENGINEER] == tree


def test_a_raised_pane_is_seen_and_its_neighbours_wait() -> None:
    tree = beside(place("a"), "a", "b", Side.TAB)
    assert seen(tree) == ("b",)
    assert seen(raised(tree, "a")) == ("a",)
    assert seen(raised(tree, "nobody")) == ("b",)


def test_a_cover_lies_over_the_last_column_and_takes_from_the_widest() -> None:
    tree = Split(Way.ROW, (place("a"), place("b"), place("c")), (200, 600, 200))
    assert covered(tree, "z", 350) == Split(
        Way.ROW, (place("a"), place("b"), place("z")), (200, 450, 350)
    )
    assert panes_of(covered(place("a"), "z")) == ("a", "z")
    assert covered(None, "z") == place("z")


def test_the_usual_layout_comes_from_the_homes() -> None:
    homes = [
        ("table", Home(Role.ENGINEER, Area.LEFT, 20)),
        ("top", Home(Role.ENGINEER, Area.LEFT, 10)),
        ("stage", Home(Role.ENGINEER, Area.CENTRE)),
        ("one", Home(Role.ENGINEER, Area.RIGHT, 10, "tabs")),
        ("two", Home(Role.ENGINEER, Area.RIGHT, 20, "tabs")),
        ("stage", Home(Role.DRIVER, Area.CENTRE)),
        ("row", Home(Role.DRIVER, Area.BOTTOM, share=15)),
        ("table", Home(Role.DRIVER, Area.RIGHT, share=38)),
    ]
    assert default_tree(homes, Role.ENGINEER) == Split(
        Way.ROW,
        (
            Split(Way.COLUMN, (place("top"), place("table"))),
            place("stage"),
            Place(("one", "two"), "one"),
        ),
    )
    assert default_tree(homes, Role.DRIVER) == Split(
        Way.COLUMN,
        (Split(Way.ROW, (place("stage"), place("table")), (620, 380)), place("row")),
        (850, 150),
    )
    layout = default_layout(homes)
    assert layout.trees[Role.STRATEGY] is None
    assert layout.role is Role.ENGINEER


@pytest.mark.parametrize("area", list(Area))
def test_a_pane_that_was_nowhere_comes_as_a_tab_and_takes_room_from_nobody(area: Area) -> None:
    tree = split(Way.ROW, (place("a"), place("b"), place("c")))
    found = added(tree, "new", Home(Role.ENGINEER, area))
    assert isinstance(found, Split)
    assert len(found.parts) == 3
    assert "new" in seen(found)
    assert added(None, "new", None) == place("new")
