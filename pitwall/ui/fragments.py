"""Searching by fragments: ``o p`` finds "Oil pressure". No Qt."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

_Item = TypeVar("_Item")
_WORDS = re.compile(r"\w+")


def rank(query: str, text: str) -> int | None:
    """How well ``text`` answers ``query``; less is better, None is not at all. Every fragment of
    the query must be in the text: at the beginning of a word (best), within one, or at least with
    its letters in that order (worst)."""
    text = text.casefold()
    words = _WORDS.findall(text)
    total = 0
    for fragment in query.casefold().split():
        if fragment in words:
            found = 0
        elif any(word.startswith(fragment) for word in words):
            found = 1 + words.index(next(w for w in words if w.startswith(fragment)))
        elif fragment in text:
            found = 20 + text.index(fragment)
        elif len(fragment) > 1 and _in_order(fragment, text):
            found = 200
        else:
            return None
        total += found
    return total


def matching(query: str, items: Iterable[_Item], text: Callable[[_Item], str]) -> list[_Item]:
    """The items that answer ``query``, the best first, equals as they came."""
    ranked = [(rank(query, text(item)), item) for item in items]
    found = [(value, item) for value, item in ranked if value is not None]
    return [item for _, item in sorted(found, key=lambda pair: pair[0])]


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)
