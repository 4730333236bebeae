"""The workspace: what is looked at, and who hears of it."""

from __future__ import annotations

import pytest

from pitwall.ui.model import Axis, Reference, ReferenceKind, Workspace


def test_a_change_is_announced_once_with_the_names_that_differ() -> None:
    workspace = Workspace()
    heard: list[frozenset[str]] = []
    workspace.subscribe(heard.append)
    workspace.change(car="13", lap=None, pinned=False)
    workspace.change(car="13")
    assert heard == [frozenset({"car"})]
    with pytest.raises(TypeError):
        workspace.change(colour="red")


def test_listeners_see_all_new_values() -> None:
    workspace = Workspace()
    seen: list[tuple[object, object]] = []
    workspace.subscribe(lambda _: seen.append((workspace.view.moment, workspace.view.cursor)))
    workspace.scrub(5)
    assert seen == [(5, 5)]


def test_live_is_no_moment_and_no_lap() -> None:
    workspace = Workspace()
    assert workspace.view.live
    workspace.select_lap(3)
    assert not workspace.view.live
    workspace.scrub(9)
    assert workspace.view.lap is None
    assert not workspace.view.live
    workspace.go_live()
    assert workspace.view.live
    assert workspace.view.cursor is None


def test_another_car_forgets_the_lap_and_keeps_the_moment() -> None:
    workspace = Workspace()
    workspace.change(car="1", lap=4, span=(1.0, 2.0))
    workspace.select_car("2")
    assert (workspace.view.lap, workspace.view.span) == (None, None)
    workspace.scrub(77)
    workspace.select_car("1")
    assert workspace.view.moment == 77


def test_a_pinned_cursor_stays() -> None:
    workspace = Workspace()
    workspace.set_cursor(1)
    workspace.set_cursor(2, pin=True)
    workspace.set_cursor(3)
    assert workspace.view.cursor == 2
    workspace.set_cursor(4, pin=True)
    assert workspace.view.cursor == 4
    workspace.set_cursor(None, pin=False)
    workspace.set_cursor(5)
    assert workspace.view.cursor == 5


def test_axes_and_references_go_round() -> None:
    workspace = Workspace()
    workspace.toggle_axis()
    assert workspace.view.axis is Axis.TIME
    workspace.toggle_rolling()
    assert workspace.view.axis is Axis.ROLLING
    workspace.toggle_axis()
    assert workspace.view.axis is Axis.DISTANCE
    workspace.change(reference=Reference(ReferenceKind.LAP, "1", 2))
    workspace.next_reference()
    assert workspace.view.reference.kind is ReferenceKind.SESSION_BEST
