"""An expression once it is understood: operations with units, and how far each of them reaches."""

from __future__ import annotations

from dataclasses import dataclass, field

from pitwall.analysis.maths_units import Measure
from pitwall.telemetry import BadInput


class MathsError(BadInput):
    """An expression that is wrong, and where.

    Attributes:
        column: of the first character that is wrong, from 0.
        length: how many are.
    """

    def __init__(self, message: str, column: int = 0, length: int = 1) -> None:
        super().__init__(message)
        self.column = max(column, 0)
        self.length = max(length, 1)

    def pointed(self, text: str) -> str:
        """The expression, a line with carets under what is wrong, and what it is."""
        caret = " " * self.column + "^" * min(self.length, max(len(text) - self.column, 1))
        return f"{text}\n{caret}\n{self}"


@dataclass(frozen=True, slots=True)
class Reach:
    """On how much around a sample a value at it depends.

    Attributes:
        back_us, ahead_us: microseconds.
        back, ahead: samples, beside those.
        laps: operations within each other that begin anew with each lap.
    """

    back_us: int = 0
    ahead_us: int = 0
    back: int = 0
    ahead: int = 0
    laps: int = 0

    def over(self, *others: Reach) -> Reach:
        """What is reached by way of the farthest of ``others``."""
        return Reach(
            self.back_us + max((o.back_us for o in others), default=0),
            self.ahead_us + max((o.ahead_us for o in others), default=0),
            self.back + max((o.back for o in others), default=0),
            self.ahead + max((o.ahead for o in others), default=0),
            self.laps + max((o.laps for o in others), default=0),
        )


@dataclass(frozen=True, slots=True)
class Node:
    """One operation.

    Attributes:
        op: its name in :data:`pitwall.analysis.maths_eval.OPS`, ``number`` or ``channel``.
        unit: of the result.
        args: what it works on.
        turned: ``(scale, shift)`` for each argument: into the unit that the operation works in.
        numbers: its constants: a number, seconds, a table.
        place: group and column of a channel.
        reach: see :class:`Reach`; with that of the arguments.
        step: True when the result jumps between states.
    """

    op: str
    unit: Measure
    args: tuple[Node, ...] = ()
    turned: tuple[tuple[float, float], ...] = ()
    numbers: tuple[float, ...] = ()
    place: tuple[str, int] | None = None
    reach: Reach = field(default_factory=Reach)
    step: bool = False

    def places(self) -> tuple[tuple[str, int], ...]:
        """The channels it is made of, in the order in which they are written."""
        if self.place is not None:
            return (self.place,)
        return tuple(dict.fromkeys(p for arg in self.args for p in arg.places()))
