"""The handbook's page of keys says what the window does."""

from __future__ import annotations

from pitwall.telemetry.resources import resource_path
from pitwall.ui.actions import ACTIONS, groups, listed
from pitwall.ui.help import key_text


def described() -> list[tuple[str, str, str, str]]:
    """``(heading, action, keys, text)`` of each row of the page's tables of actions."""
    rows = []
    heading = ""
    for line in resource_path("help", "keys.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif line.startswith("| ") and heading in groups():
            title, keys, about = (cell.strip() for cell in line.strip("|").split("|"))
            if title != "action":
                rows.append((heading, title, keys, about))
    return rows


def test_the_page_lists_every_action_with_its_keys() -> None:
    expected = [
        (heading, one.title, ", ".join(f"`{key_text(key)}`" for key in one.keys), one.about)
        for heading, members in groups().items()
        for one in listed(members)
    ]
    assert described() == expected


def test_no_key_does_two_things() -> None:
    keys = [key for one in ACTIONS for key in one.keys]
    assert len(keys) == len(set(keys))
