"""A page as a list of strokes and words, so that paper and browser show the same. No Qt.

Lengths are millimetres on A4 from the top left corner, text heights points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WIDTH, HEIGHT = 210.0, 297.0
MARGIN = 14.0
INK, DIM, FAINT, RULE = "#14181d", "#56606b", "#8a939d", "#d5dae0"
LOST, GAINED, OWN, REFERENCE = "#c2410c", "#0b7285", "#1d5fd0", "#6b7684"
"""Told apart by those who do not tell red from green, and on grey paper by their lightness."""
SHADE = "#eef1f4"


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """A line through points, or a filled shape when ``fill`` is given."""

    x: Floats
    y: Floats
    colour: str = INK
    width: float = 0.25
    dashed: bool = False
    fill: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text: its left end, middle or right end at ``x``, its baseline at ``y``."""

    x: float
    y: float
    text: str
    size: float = 9.0
    colour: str = INK
    bold: bool = False
    mono: bool = False
    align: str = "left"


@dataclass(frozen=True, slots=True)
class Disc:
    """A filled circle."""

    x: float
    y: float
    radius: float
    colour: str


Mark = Stroke | Words | Disc


@dataclass(slots=True)
class Page:
    """One page."""

    title: str
    marks: list[Mark] = field(default_factory=list)

    def line(
        self,
        x: Sequence[float] | Floats,
        y: Sequence[float] | Floats,
        colour: str = INK,
        width: float = 0.25,
        *,
        dashed: bool = False,
    ) -> None:
        """A line through points."""
        self.marks.append(Stroke(_array(x), _array(y), colour, width, dashed))

    def box(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        """A filled rectangle."""
        xs, ys = [x, x + width, x + width, x], [y, y, y + height, y + height]
        self.marks.append(Stroke(_array(xs), _array(ys), fill, 0.0, fill=fill))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 9.0,
        colour: str = INK,
        *,
        bold: bool = False,
        mono: bool = False,
        align: str = "left",
    ) -> None:
        """A line of text."""
        self.marks.append(Words(x, y, text, size, colour, bold, mono, align))

    def disc(self, x: float, y: float, radius: float, colour: str) -> None:
        """A filled circle."""
        self.marks.append(Disc(x, y, radius, colour))

    def rule(self, y: float) -> None:
        """A hairline across the page."""
        self.line([MARGIN, WIDTH - MARGIN], [y, y], RULE, 0.2)


def _array(values: Sequence[float] | Floats) -> Floats:
    return np.asarray(values, np.float64)
