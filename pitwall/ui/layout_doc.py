"""A layout as a document: JSON in one form only, so that saving what was loaded changes no byte.

Everything read is checked and bounded; what is wrong is said with its place in the document. Panes
that this version does not know stay in it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pitwall.telemetry import BadInput
from pitwall.ui.layout import (
    WHOLE,
    Float,
    Layout,
    Node,
    Place,
    Split,
    Way,
    least_of,
    panes_of,
)
from pitwall.ui.roles import Role

FORMAT, VERSION = "pitwall-layout", 1
MOST_BYTES = 256 * 1024
MOST_DEEP = 12
MOST_PANES = 64
MOST_NAME = 60
FARTHEST = 100_000
_PANE = re.compile(r"[a-z][a-z0-9_]{0,40}")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a document holds.

    Attributes:
        layout: where panes are.
        looks: plain values of what is shown in them, by name (``traces``, ``units``), each checked
            by whoever it belongs to.
    """

    layout: Layout
    looks: dict[str, Any]


def to_bytes(sheet: Sheet) -> bytes:
    """The document. Equal sheets give equal bytes."""
    layout = sheet.layout
    doc = {
        "format": FORMAT,
        "version": VERSION,
        "name": layout.name,
        "workspace": layout.role.value,
        "workspaces": {role.value: _plain(tree) for role, tree in layout.trees.items()},
        "floats": [{"pane": one.pane, "rect": list(one.rect)} for one in layout.floats],
        "looks": sheet.looks,
    }
    text = json.dumps(doc, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    return f"{text}\n".encode()


def from_bytes(data: bytes) -> Sheet:
    """The sheet that a document holds. Raises BadInput, with the place of what is wrong."""
    if len(data) > MOST_BYTES:
        raise BadInput(f"the layout is larger than {MOST_BYTES // 1024} KB")
    try:
        doc = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the layout is not JSON: {error}") from error
    top = _given(doc, dict, "the layout")
    if top.get("format") != FORMAT:
        raise BadInput("this is not a layout of Pitwall's")
    if top.get("version") != VERSION:
        found = top.get("version")
        raise BadInput(f"the layout has version {found!r}; this Pitwall reads version {VERSION}")
    name = _given(top.get("name"), str, "name")
    if len(name) > MOST_NAME or name != name.strip() or not name.isprintable():
        raise BadInput(f"name: at most {MOST_NAME} printable characters")
    trees = _given(top.get("workspaces"), dict, "workspaces")
    floats = _given(top.get("floats"), list, "floats")
    if len(floats) > MOST_PANES:
        raise BadInput(f"floats: more than {MOST_PANES}")
    read = {role: _tree(trees.get(role.value), f"workspaces.{role.value}") for role in Role}
    unknown = sorted(set(trees) - {role.value for role in Role})
    if unknown:
        raise BadInput(f"workspaces.{unknown[0]}: there is no such workspace")
    torn = tuple(_float(one, f"floats[{i}]") for i, one in enumerate(floats))
    if len({one.pane for one in torn}) != len(torn):
        raise BadInput("floats: a pane is torn off twice")
    looks = _given(top.get("looks"), dict, "looks")
    layout = Layout(name, _role(top.get("workspace")), read, torn)
    return Sheet(layout, looks)


def named(layout: Layout, name: str) -> Layout:
    """The layout under a name. Raises BadInput for one that a document may not have."""
    name = " ".join(name.split())
    if not name or len(name) > MOST_NAME or not name.isprintable():
        raise BadInput(f"a layout's name has 1 to {MOST_NAME} printable characters")
    return replace(layout, name=name)


def _plain(node: Node | None) -> Any:
    if node is None:
        return None
    if isinstance(node, Place):
        return {"panes": list(node.panes), "current": node.current}
    parts = [_plain(part) for part in node.parts]
    return {"way": node.way.value, "parts": parts, "sizes": list(node.sizes)}


def _tree(given: Any, where: str) -> Node | None:
    if given is None:
        return None
    node = _node(given, where, 0)
    panes = panes_of(node)
    if len(panes) > MOST_PANES:
        raise BadInput(f"{where}: more than {MOST_PANES} panes")
    twice = sorted({name for name in panes if panes.count(name) > 1})
    if twice:
        raise BadInput(f"{where}: pane {twice[0]!r} is there twice")
    return node


def _node(given: Any, where: str, depth: int) -> Node:
    doc = _given(given, dict, where)
    if depth > MOST_DEEP:
        raise BadInput(f"{where}: more than {MOST_DEEP} splits within each other")
    if "panes" in doc:
        names = _given(doc["panes"], list, f"{where}.panes")
        panes = tuple(_pane(one, f"{where}.panes[{i}]") for i, one in enumerate(names))
        if not panes or doc.get("current") not in panes:
            raise BadInput(f"{where}.current: not one of the panes there")
        return Place(panes, str(doc["current"]))
    try:
        way = Way(str(doc.get("way")))
    except ValueError:
        raise BadInput(f"{where}.way: 'row' or 'column', not {doc.get('way')!r}") from None
    given_parts = _given(doc.get("parts"), list, f"{where}.parts")
    if not 2 <= len(given_parts) <= MOST_PANES:
        raise BadInput(f"{where}.parts: a split has 2 to {MOST_PANES} parts")
    parts = tuple(_node(one, f"{where}.parts[{i}]", depth + 1) for i, one in enumerate(given_parts))
    sizes = _given(doc.get("sizes"), list, f"{where}.sizes")
    if sizes and len(sizes) != len(parts):
        raise BadInput(f"{where}.sizes: {len(sizes)} sizes for {len(parts)} parts")
    whole = tuple(_number(one, f"{where}.sizes[{i}]") for i, one in enumerate(sizes))
    least = least_of(len(parts))
    if whole and (sum(whole) != WHOLE or min(whole) < least):
        raise BadInput(f"{where}.sizes: shares of {WHOLE}, none below {least}")
    return Split(way, parts, whole)


def _float(given: Any, where: str) -> Float:
    doc = _given(given, dict, where)
    rect = _given(doc.get("rect"), list, f"{where}.rect")
    if len(rect) != 4:
        raise BadInput(f"{where}.rect: x, y, width and height")
    x, y, width, height = (_number(one, f"{where}.rect[{i}]") for i, one in enumerate(rect))
    if width < 1 or height < 1:
        raise BadInput(f"{where}.rect: a width and a height of at least 1")
    return Float(_pane(doc.get("pane"), f"{where}.pane"), (x, y, width, height))


def _pane(given: Any, where: str) -> str:
    name = _given(given, str, where)
    if not _PANE.fullmatch(name):
        raise BadInput(f"{where}: {name[:50]!r} is not the name of a pane")
    return name


def _role(given: Any) -> Role:
    try:
        return Role(given)
    except ValueError:
        raise BadInput(f"workspace: there is none called {str(given)[:50]!r}") from None


def _number(given: Any, where: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or abs(given) > FARTHEST:
        raise BadInput(f"{where}: a whole number within {FARTHEST}, not {str(given)[:50]!r}")
    return given


def _given(given: Any, kind: type[_Value], where: str) -> _Value:
    if not isinstance(given, kind):
        raise BadInput(f"{where}: {_KINDS[kind]} is missing")
    return given


_KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "a text"}


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is not a number")
