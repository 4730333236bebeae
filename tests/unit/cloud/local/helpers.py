"""A clock and items for tests of the stand-in."""

from __future__ import annotations

from typing import Any

START_US = 1_790_000_000_000_000
SECOND_US = 1_000_000


class Clock:
    """Virtual time, microseconds."""

    def __init__(self, us: int = START_US) -> None:
        self.us = us

    def __call__(self) -> int:
        return self.us


def item(pk: str, sk: str, **more: Any) -> dict[str, dict[str, Any]]:
    """An item with that key and text attributes."""
    return {"pk": {"S": pk}, "sk": {"S": sk}, **{name: {"S": v} for name, v in more.items()}}
