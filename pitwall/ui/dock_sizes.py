"""Sizes that suit what panes show, for splits that nobody has moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from pitwall.ui.layout import Way
from pitwall.ui.qt import QtWidgets
from pitwall.ui.splitter import GAP

WIDTH_MOST = "width_most"
"""Property of a pane: percent of a row's width that it may take from those that stretch."""


@runtime_checkable
class WantsWidth(Protocol):
    """A pane that has a width of its own where it shares a row."""

    def needed_width(self) -> int:
        """Pixels at which nothing is dropped."""


@runtime_checkable
class WantsHeight(Protocol):
    """A pane that has a height of its own where it shares a column."""

    def wanted_height(self, width: int, room: int) -> int:
        """Pixels that it wants at that width, of ``room`` in all."""


def usual_sizes(
    widgets: Sequence[QtWidgets.QWidget], way: Way, width: int, height: int
) -> list[int]:
    """Pixels for each part of a split of that size; a part without a wish takes what is left."""
    room = width if way is Way.ROW else height
    room -= GAP * (len(widgets) - 1)
    if way is Way.ROW:
        wishes = [_width(one, width) for one in widgets]
    else:
        wishes = [_height(one, width, height) for one in widgets]
    taken = sum(w for w in wishes if w is not None)
    open_ones = sum(w is None for w in wishes)
    if not open_ones and widgets:
        wishes[-1], open_ones, taken = None, 1, taken - (wishes[-1] or 0)
    each = max(room - taken, 0) // max(open_ones, 1)
    return [each if w is None else w for w in wishes]


def _panes(widget: QtWidgets.QWidget) -> list[QtWidgets.QWidget]:
    if widget.property("pane"):
        return [widget]
    inner = widget.findChildren(QtWidgets.QWidget)
    return [one for one in inner if one.property("pane")]


def _width(widget: QtWidgets.QWidget, room: int) -> int | None:
    """None for a part in which a pane stretches."""
    widest = 0
    for one in _panes(widget):
        if not isinstance(one, WantsWidth):
            return None
        most = int(one.property(WIDTH_MOST) or 100)
        widest = max(widest, min(one.needed_width(), room * most // 100))
    return widest or None


def _height(widget: QtWidgets.QWidget, width: int, room: int) -> int | None:
    if widget.property("pane") and isinstance(widget, WantsHeight):
        return widget.wanted_height(width, room)
    return None
