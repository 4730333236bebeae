"""The workspaces: one for each role on the pit wall, and where in it a pane lies. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Who looks; each has a workspace of its own, shown as a tab."""

    ENGINEER = "engineer"
    DRIVER = "driver"
    STRATEGY = "strategy"
    DEBRIEF = "debrief"

    @property
    def words(self) -> str:
        """As the tab says it."""
        return self.value.capitalize()


class Area(StrEnum):
    """Part of a workspace: three columns, and a row under them."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"
    BOTTOM = "bottom"


@dataclass(frozen=True, slots=True)
class Home:
    """Where a pane lies in a workspace until the user moves it.

    Attributes:
        role: the workspace.
        area: the part of it.
        order: from the top down (in the row at the bottom: from the left); the smaller first.
        tab: panes of one area with one such name share a place, as tabs in the order of theirs;
            empty for a place of its own.
        share: percent of the window's width for its column (of the height for the row at the
            bottom); 0 for the width that suits the contents. The largest of an area counts.
    """

    role: Role
    area: Area
    order: int = 50
    tab: str = ""
    share: int = 0
