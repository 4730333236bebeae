"""A page taken in as the reader does it."""

from __future__ import annotations

from pitwall.stream.guard import Guard
from pitwall.stream.intake import Decode, take_page
from pitwall.stream.lag import HeadLag
from pitwall.stream.shard import Taken
from pitwall.stream.source import Page


def take(page: Page, decode: Decode, lag: HeadLag | None = None, server_us: int = 0) -> Taken:
    """What is taken of ``page``, asked for at 0."""
    guard = Guard(decode)
    (together,) = guard.many([page.records])
    return take_page("s", page, guard, lag or HeadLag(), 0, server_us, together)
