"""Operations of an expression, made with their units; and errors, which know their place."""

from __future__ import annotations

import ast
import math

from pitwall.analysis.maths_eval import ELEMENTARY, constant
from pitwall.analysis.maths_tree import MathsError, Node, Reach
from pitwall.analysis.maths_units import Measure, agree, conversion, measure_of

LONGEST_S = 60.0
"""How far ``smooth``, ``mean`` and ``lag`` may reach."""
_LONGEST_NAME = 64


class Builder:
    """Makes operations of the parts of a parsed text.

    Attributes:
        places: character of the text at each byte of it, and one beyond.
    """

    def __init__(self) -> None:
        self.places: list[int] = []

    def _node(self, at: ast.AST, depth: int) -> Node:
        """The tree of a part of the text."""
        raise NotImplementedError

    def _lookup(self, name: str, at: ast.AST, depth: int) -> Node:
        """What a name stands for."""
        raise NotImplementedError

    def _fail(self, message: str, at: ast.AST) -> MathsError:
        first = getattr(at, "col_offset", 0)
        last = getattr(at, "end_col_offset", None) or first + 1
        column = self.places[min(first, len(self.places) - 1)]
        end = self.places[min(last, len(self.places) - 1)]
        return MathsError(message, column, end - column)

    def _text(self, at: ast.expr) -> str:
        if not isinstance(at, ast.Constant) or not isinstance(at.value, str) or not at.value:
            raise self._fail('a name in quotes belongs here, such as "km/h"', at)
        if len(at.value) > _LONGEST_NAME:
            raise self._fail("this name is too long", at)
        return at.value

    def _seconds(self, at: ast.expr, depth: int, *, signed: bool) -> float:
        node = self._node(at, depth)
        if node.op != "number" or not agree(node.unit, measure_of("s")):
            raise self._fail("a number of seconds belongs here", at)
        seconds = node.numbers[0] * conversion(node.unit, measure_of("s"))[0]
        if abs(seconds) > LONGEST_S or (seconds <= 0 and not signed):
            least = f"-{LONGEST_S:g}" if signed else "more than 0"
            raise self._fail(f"{least} to {LONGEST_S:g} seconds", at)
        return seconds

    def _same(self, a: Node, b: Node, at: ast.AST, where: ast.AST, verb: str) -> None:
        if not agree(a.unit, b.unit):
            message = f"{_unit_words(b.unit)} cannot be {verb} {_unit_words(a.unit)}"
            raise self._fail(message, where)

    def _truth(self, one: Node, at: ast.AST) -> None:
        if not one.unit.neutral:
            raise self._fail(f"true or false belongs here, not {one.unit.symbol}", at)

    def _bare(self, one: Node, at: ast.AST) -> None:
        if one.unit.dims:
            raise self._fail(f"a plain number belongs here, not {one.unit.symbol}", at)

    def _into(self, unit: Measure, *nodes: Node) -> tuple[tuple[float, float], ...]:
        return tuple(conversion(node.unit, unit) for node in nodes)

    def _made(
        self,
        op: str,
        unit: Measure,
        *args: Node,
        turned: tuple[tuple[float, float], ...] = (),
        numbers: tuple[float, ...] = (),
        reach: Reach | None = None,
        step: bool = False,
    ) -> Node:
        whole = (reach or Reach()).over(*(arg.reach for arg in args))
        turned = turned or ((1.0, 0.0),) * len(args)
        made = Node(op, unit, args, turned, numbers, None, whole, step)
        if op in ELEMENTARY and all(arg.op == "number" for arg in args):
            value = constant(made)
            if math.isfinite(value):
                return Node("number", unit, numbers=(value,))
        return made


def _unit_words(unit: Measure) -> str:
    return unit.symbol if unit.dims or unit.symbol == "%" else "a plain number"
