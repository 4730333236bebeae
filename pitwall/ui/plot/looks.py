"""How curves are told apart: a colour for each car and channel, lightness and dashes for laps.

Short dashes are kept for what was computed and not seen, dots for what is to come; the dashes that
tell laps apart are long.
"""

from __future__ import annotations

from dataclasses import dataclass

from pitwall.ui.qt import QtGui
from pitwall.ui.theme import Theme, mix
from pitwall.ui.trace_layout import MOST_CHANNELS

COMPUTED = (3.0, 2.0)
TO_COME = (1.0, 3.0)
LAP_DASHES: tuple[tuple[float, ...], ...] = (
    (),
    (10.0, 3.0),
    (10.0, 3.0, 2.0, 3.0),
    (18.0, 3.0),
    (10.0, 3.0, 2.0, 3.0, 2.0, 3.0),
    (6.0, 6.0),
    (18.0, 3.0, 2.0, 3.0),
    (10.0, 8.0),
)
LIGHTER = (0.0, 0.32, 0.55, 0.15, 0.42, 0.62, 0.24, 0.5)
"""How much of the text's colour the laps of one car take, in their order."""


@dataclass(frozen=True, slots=True)
class Look:
    """One lap's looks.

    Attributes:
        inks: colours of the first, second, ... channel of a plot.
        dash: long dashes in pixels; empty for a solid line.
    """

    inks: tuple[QtGui.QColor, ...]
    dash: tuple[float, ...] = ()

    def ink(self, place: int) -> QtGui.QColor:
        """Colour of the channel at this place in its plot."""
        return self.inks[place % len(self.inks)]


def look_of(theme: Theme, car: QtGui.QColor, rank: int = 0, *, over: bool = False) -> Look:
    """Looks of a car's lap before which there are ``rank`` others of the same car; ``over``: it is
    laid over another one, and its further channels take some of its own colour."""
    share = LIGHTER[rank % len(LIGHTER)]
    others = [colour for colour in theme.cars if colour.rgb() != car.rgb()]
    if over:
        others = [mix(colour, car, 0.5) for colour in others]
    inks = [car, *others][:MOST_CHANNELS]
    mixed = tuple(mix(ink, theme.colours.text, share) if share else ink for ink in inks)
    return Look(mixed, LAP_DASHES[rank % len(LAP_DASHES)])
