"""A layout as a document: the same bytes again, and nothing taken that is not right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.telemetry import BadInput
from pitwall.ui.layout import Float, Layout, Node, Split, shares
from pitwall.ui.layout_default import default_layout
from pitwall.ui.layout_doc import MOST_BYTES, Sheet, from_bytes, named, to_bytes
from pitwall.ui.layout_shelf import CURRENT, ENDING, Shelf, read_layout
from pitwall.ui.roles import Area, Home, Role
from tests.unit.ui.test_layout import built, moves

number = st.integers(-9000, 9000)
rects = st.tuples(number, number, st.integers(1, 9000), st.integers(1, 9000))


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    trees: dict[Role, Node | None] = {}
    for role in Role:
        tree: Node | None = built(draw(moves)) if draw(st.booleans()) else None
        if isinstance(tree, Split) and draw(st.booleans()):
            sizes = draw(st.lists(st.integers(0, 99), min_size=len(tree.parts), max_size=20))
            tree = Split(tree.way, tree.parts, shares(tuple(sizes[: len(tree.parts)])))
        trees[role] = tree
    torn = draw(st.lists(st.sampled_from(["map", "laps", "x_y"]), unique=True))
    floats = tuple(Float(pane, draw(rects)) for pane in torn)
    name = draw(st.sampled_from(["", "Barber", "zwei Schirme – außen"]))
    looks = draw(st.dictionaries(st.sampled_from(["traces", "units"]), st.just({"a": [1, 0.25]})))
    return Sheet(Layout(name, draw(st.sampled_from(list(Role))), trees, floats), looks)


@given(sheets())
def test_saved_loaded_and_saved_again_is_byte_equal(sheet: Sheet) -> None:
    data = to_bytes(sheet)
    found = from_bytes(data)
    assert found == sheet
    assert to_bytes(found) == data


def test_equal_sheets_give_equal_bytes_whatever_order_they_were_made_in() -> None:
    layout = usual().layout
    turned = Layout("", layout.role, dict(reversed(layout.trees.items())))
    one, other = (
        {"traces": {"b": 1, "a": 2}, "units": {}},
        {"units": {}, "traces": {"a": 2, "b": 1}},
    )
    assert to_bytes(Sheet(layout, one)) == to_bytes(Sheet(turned, other))


def usual() -> Sheet:
    homes = [("a", Home(Role.ENGINEER, Area.LEFT)), ("b", Home(Role.ENGINEER, Area.RIGHT))]
    return Sheet(default_layout(homes), {})


def changed(**fields: object) -> bytes:
    doc = json.loads(to_bytes(usual()))
    doc.update(fields)
    return json.dumps(doc).encode()


def deep(levels: int) -> object:
    node: object = {"panes": ["x"], "current": "x"}
    for i in range(levels):
        other = {"panes": [f"p{i}"], "current": f"p{i}"}
        node = {"way": "row" if i % 2 else "column", "parts": [node, other], "sizes": []}
    return node


PLACE = {"panes": ["a"], "current": "a"}
OTHER = {"panes": ["b"], "current": "b"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"{}", "not a layout"),
        (b"[]", "an object"),
        (b" " * (MOST_BYTES + 1), "larger than"),
        (changed(version=2), "version 2"),
        (changed(name=7), "name"),
        (changed(name="x" * 61), "name"),
        (changed(name="two\nlines"), "name"),
        (changed(workspace="kitchen"), "kitchen"),
        (changed(workspaces=[]), "workspaces"),
        (changed(workspaces={"kitchen": None}), "kitchen"),
        (changed(workspaces={"driver": {"panes": ["../a"], "current": "../a"}}), "driver.panes[0]"),
        (changed(workspaces={"driver": {"panes": [], "current": ""}}), "driver.current"),
        (changed(workspaces={"driver": {"panes": ["a"], "current": "b"}}), "driver.current"),
        (changed(workspaces={"driver": {"panes": ["a", "a"], "current": "a"}}), "twice"),
        (changed(workspaces={"driver": {"way": "up", "parts": [], "sizes": []}}), "driver.way"),
        (changed(workspaces={"driver": {"way": "row", "parts": [PLACE], "sizes": []}}), "2 to"),
        (
            changed(workspaces={"driver": {"way": "row", "parts": [PLACE, OTHER], "sizes": [1]}}),
            "1 sizes for 2",
        ),
        (
            changed(
                workspaces={"driver": {"way": "row", "parts": [PLACE, OTHER], "sizes": [999, 1]}}
            ),
            "none below",
        ),
        (
            changed(
                workspaces={"driver": {"way": "row", "parts": [PLACE, OTHER], "sizes": [True, 999]}}
            ),
            "whole number",
        ),
        (changed(workspaces={"driver": deep(14)}), "within each other"),
        (changed(floats=[{"pane": "a", "rect": [0, 0, 0, 9]}]), "at least 1"),
        (changed(floats=[{"pane": "a", "rect": [0, 0, 9]}]), "x, y, width"),
        (changed(floats=[{"pane": "a", "rect": [1e300, 0, 9, 9]}]), "whole number"),
        (changed(floats=[{"pane": "a", "rect": [0, 0, 9, 9]}] * 2), "twice"),
        (changed(floats=[{}] * 65), "more than"),
        (changed(looks=None), "looks"),
        (to_bytes(usual()).replace(b'"looks": {}', b'"looks": {"a": NaN}'), "not JSON"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said.replace("[", r"\[").replace(".", r"\.")):
        from_bytes(data)


@given(st.binary(max_size=300))
def test_no_bytes_do_harm(data: bytes) -> None:
    with pytest.raises(BadInput):
        from_bytes(data)


@given(st.data())
def test_a_document_with_one_byte_changed_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(to_bytes(usual()))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] = data.draw(st.integers(0, 255))
    try:
        found = from_bytes(bytes(whole))
    except BadInput:
        return
    assert from_bytes(to_bytes(found)) == found


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\x00b"])
def test_a_name_that_cannot_be_kept_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        named(usual().layout, name)


def test_spaces_in_a_name_are_one_each() -> None:
    assert named(usual().layout, "  two   screens ").name == "two screens"


# ------------------------------------------------------------------------- the shelf


def test_what_is_shelved_is_found_again(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "new")
    assert shelf.read().current is None
    other = Sheet(named(usual().layout, "Außen / 2"), {"traces": {"plots": []}})
    shelf.write_current(usual(), 1)
    path = shelf.write_named(other, 2)
    found = Shelf(tmp_path / "new").read()
    assert found.current == usual()
    assert found.named == {"Außen / 2": other}
    assert found.troubles == []
    assert read_layout(path) == other
    before = path.read_bytes()
    shelf.write_named(found.named["Außen / 2"], 3)
    assert path.read_bytes() == before
    shelf.remove("Außen / 2")
    assert Shelf(tmp_path / "new").read().named == {}


def test_an_older_write_that_comes_late_changes_nothing(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    newer = Sheet(Layout("", Role.DEBRIEF, dict.fromkeys(Role)), {})
    shelf.write_current(newer, 2)
    shelf.write_current(usual(), 1)
    assert shelf.read().current == newer


def test_a_damaged_file_is_kept_beside_and_said(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.write_current(usual(), 1)
    whole = (tmp_path / CURRENT).read_bytes()
    for damaged in (whole[: len(whole) // 2], b"\x00" * 50):
        (tmp_path / CURRENT).write_bytes(damaged)
        found = shelf.read()
        assert found.current is None
        assert len(found.troubles) == 1
        assert "kept as layout.damaged-" in found.troubles[0]
        assert not (tmp_path / CURRENT).exists()
    kept = sorted(tmp_path.glob("layout.damaged-*"))
    assert [one.read_bytes() for one in kept] == [whole[: len(whole) // 2], b"\x00" * 50]
    shelf.write_current(usual(), 2)
    assert shelf.read().current == usual()


def test_a_damaged_one_of_many_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for i, name in enumerate(("one", "two")):
        shelf.write_named(Sheet(named(usual().layout, name), {}), i)
    bad = next((tmp_path / "layouts").glob(f"one-*{ENDING}"))
    bad.write_bytes(b"{")
    found = shelf.read()
    assert list(found.named) == ["two"]
    assert len(found.troubles) == 1


def test_a_file_that_is_no_layout_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.pitwall-layout"
    with pytest.raises(BadInput, match="No such file"):
        read_layout(path)
    path.write_bytes(b"[]")
    with pytest.raises(BadInput, match=r"x\.pitwall-layout: "):
        read_layout(path)
