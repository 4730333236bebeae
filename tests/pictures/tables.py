"""Tables and figures as they stand in a picture: words back into rows, texts back into numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

SAME_LINE = 0.4
"""Two words stand on one line when their middles differ by less of their height."""
COLUMN_PX = 3.0
DASH = "—"
_CLOCK = re.compile(r"^(?:(\d+):)?(\d+):(\d{2}(?:\.\d+)?)$")
_NUMBER = re.compile(r"^([+\-−]?)(\d[\d\u2009]*(?:\.\d+)?)$")


@dataclass(frozen=True, slots=True)
class Spot:
    """A word of a picture, and whether something was checked against it."""

    text: str
    rect: tuple[float, float, float, float]

    @property
    def middle(self) -> float:
        """Height at which it stands."""
        return (self.rect[1] + self.rect[3]) / 2


def spots(words: Sequence[dict[str, Any]]) -> list[Spot]:
    """The words of a pane as they stand in its document."""
    return [Spot(w["text"].strip(), tuple(w["rect"])) for w in words]


def lines(words: Sequence[Spot]) -> list[list[Spot]]:
    """From top to bottom, each from left to right."""
    found: list[list[Spot]] = []
    for word in sorted(words, key=lambda w: w.middle):
        high = word.rect[3] - word.rect[1]
        if found and word.middle - found[-1][0].middle < SAME_LINE * high:
            found[-1].append(word)
        else:
            found.append([word])
    return [sorted(line, key=lambda w: w.rect[0]) for line in found]


def table(words: Sequence[Spot], *heads: str) -> Iterator[dict[str, Spot]]:
    """The rows under the line that has all of ``heads``, by heading; a heading that comes again is
    ``Δ2``, ``Δ3``. A cell belongs to the heading whose left or right edge it shares; what shares
    none stands under ``""``."""
    all_lines = lines(words)
    at = next((i for i, line in enumerate(all_lines) if {*heads} <= {w.text for w in line}), None)
    if at is None:
        return
    titles: dict[str, Spot] = {}
    for word in all_lines[at]:
        name, n = word.text, 2
        while name in titles:
            name, n = f"{word.text}{n}", n + 1
        titles[name] = word
    for line in all_lines[at + 1 :]:
        row: dict[str, Spot] = {}
        for word in line:
            row[_column(word, titles)] = word
        yield row


def _column(word: Spot, titles: dict[str, Spot]) -> str:
    name, near = "", COLUMN_PX
    for title, head in titles.items():
        off = min(abs(word.rect[0] - head.rect[0]), abs(word.rect[2] - head.rect[2]))
        if off < near:
            name, near = title, off
    return name


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it is written: its value, and half of its last digit."""

    value: float
    half: float

    def says(self, wanted: float | None, *, slack: float = 0.0) -> bool:
        """Whether ``wanted``, rounded, is written so."""
        return wanted is not None and abs(self.value - wanted) <= self.half * 1.001 + slack + 1e-9


def figure(text: str) -> Figure | None:
    """``1:26.845`` (seconds), ``+0.441``, ``124 803``; None for what is no number."""
    text = text.strip().removeprefix("≈")
    clock = _CLOCK.match(text)
    if clock:
        hours, minutes, rest = clock.groups()
        value = int(hours or 0) * 3600 + int(minutes) * 60 + float(rest)
        return Figure(value, _half(rest))
    number = _NUMBER.match(text)
    if number is None:
        return None
    digits = number[2].replace("\u2009", "")
    return Figure(float(digits) * (-1 if number[1] in ("-", "−") else 1), _half(digits))


def _half(digits: str) -> float:
    return 0.5 * 10.0 ** -len(digits.partition(".")[2])


def figures(text: str) -> list[Figure]:
    """Every number in a sentence."""
    parts = re.findall(r"[+\-−]?\d[\d\u2009]*(?::\d{2})*(?:\.\d+)?", text)
    return [one for part in parts if (one := figure(part)) is not None]
