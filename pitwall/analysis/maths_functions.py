"""The functions of expressions: what each takes, and what unit and reach its result has."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

from pitwall.analysis.maths_build import Builder
from pitwall.analysis.maths_tree import Node, Reach
from pitwall.analysis.maths_units import (
    FREE,
    ONE,
    RADIAN,
    agree,
    conversion,
    in_si,
    measure_of,
    per_second,
    power,
    times_second,
)

MOST_POINTS = 40
"""Of a table."""
_PLAIN = ("abs", "sqrt", "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sign")
FUNCTIONS: Mapping[str, str] = {
    **{name: "1" for name in _PLAIN},
    "atan2": "2",
    "hypot": "2",
    "min": "2 or more",
    "max": "2 or more",
    "where": "3",
    "smooth": "2",
    "mean": "2",
    "lag": "2",
    "derivative": "1",
    "integral": "1",
    "lookup": "5 or more",
    "unit": "2",
    "channel": "1",
}
"""Functions, and how many arguments each takes."""


class Functions(Builder):
    """A call of a function as an operation."""

    def _elementary(self, at: ast.AST, args: list[ast.expr], depth: int) -> Node:
        assert isinstance(at, ast.Call)  # noqa: S101 - the caller has looked
        assert isinstance(at.func, ast.Name)  # noqa: S101 - the same
        name = at.func.id
        one = self._node(args[0], depth)
        if name == "abs":
            return self._made("abs", one.unit, one)
        if name == "sign":
            return self._made("sign", ONE, one, step=True)
        if name == "sqrt":
            turned = (conversion(one.unit, in_si(one.unit)) if one.unit.dims else (1.0, 0.0),)
            if not one.unit.neutral and not one.unit.dims:
                turned = (conversion(one.unit, ONE),)
            return self._made("sqrt", power(one.unit, Fraction(1, 2)), one, turned=turned)
        if name in ("sin", "cos", "tan"):
            if not agree(one.unit, RADIAN) and not one.unit.neutral:
                raise self._fail(f"{name} takes an angle, not {one.unit.symbol}", args[0])
            turned = (conversion(one.unit, RADIAN) if one.unit.dims else (1.0, 0.0),)
            return self._made(name, ONE, one, turned=turned)
        self._bare(one, args[0])
        turned = (conversion(one.unit, ONE),)
        unit = RADIAN if name in ("asin", "acos", "atan") else ONE
        return self._made(name, unit, one, turned=turned)

    def _pair(self, at: ast.AST, args: list[ast.expr], depth: int) -> Node:
        assert isinstance(at, ast.Call)  # noqa: S101 - the caller has looked
        assert isinstance(at.func, ast.Name)  # noqa: S101 - the same
        a, b = self._node(args[0], depth), self._node(args[1], depth)
        self._same(a, b, at, args[1], "put beside")
        unit = a.unit if not a.unit.free else b.unit
        out = RADIAN if at.func.id == "atan2" else unit
        return self._made(at.func.id, out, a, b, turned=self._into(unit, a, b))

    def _extreme(self, at: ast.AST, args: list[ast.expr], depth: int) -> Node:
        assert isinstance(at, ast.Call)  # noqa: S101 - the caller has looked
        assert isinstance(at.func, ast.Name)  # noqa: S101 - the same
        out = self._node(args[0], depth)
        for arg in args[1:]:
            one = self._node(arg, depth)
            self._same(out, one, at, arg, "compared with")
            unit = out.unit if not out.unit.free else one.unit
            out = self._made(at.func.id, unit, out, one, turned=self._into(unit, out, one))
        return out

    def _where(self, at: ast.AST, args: list[ast.expr], depth: int) -> Node:
        test, a, b = (self._node(arg, depth) for arg in args)
        self._truth(test, args[0])
        self._same(a, b, at, args[2], "put in the place of")
        unit = a.unit if not a.unit.free else b.unit
        turned = ((1.0, 0.0), *self._into(unit, a, b))
        step = (a.step or a.op == "number") and (b.step or b.op == "number")
        return self._made("where", unit, test, a, b, turned=turned, step=step)

    def _spread(self, at: ast.AST, args: list[ast.expr], depth: int) -> Node:
        assert isinstance(at, ast.Call)  # noqa: S101 - the caller has looked
        assert isinstance(at.func, ast.Name)  # noqa: S101 - the same
        name, one = at.func.id, self._node(args[0], depth)
        seconds = self._seconds(args[1], depth, signed=name == "lag")
        us = round(seconds * 1_000_000)
        if name == "smooth":
            reach = Reach(back_us=us // 2 + 1, ahead_us=us // 2 + 1)
        elif name == "mean":
            reach = Reach(back_us=us)
        else:
            reach = Reach(back_us=max(us, 0), ahead_us=max(-us, 0), back=1, ahead=1)
        return self._made(name, one.unit, one, numbers=(float(us),), reach=reach)

    def _rate(self, at: ast.AST, args: list[ast.expr], depth: int) -> Node:
        one = self._node(args[0], depth)
        reach = Reach(back=1, ahead=1)
        return self._made("derivative", per_second(one.unit), one, reach=reach)

    def _integral(self, at: ast.AST, args: list[ast.expr], depth: int) -> Node:
        one = self._node(args[0], depth)
        unit = times_second(one.unit)
        base = one.unit
        into = (1.0, 0.0)
        if base.offset:
            raise self._fail("a temperature has no integral: take a difference", args[0])
        if not base.neutral and unit.factor != base.factor:
            into = conversion(base, in_si(base))
        # What begins anew with each lap itself has no level from before.
        anew = (1.0,) if one.reach.laps else (0.0,)
        reach = Reach(back=1, laps=1)
        return self._made("integral", unit, one, turned=(into,), numbers=anew, reach=reach)

    def _table(self, at: ast.AST, args: list[ast.expr], depth: int) -> Node:
        one = self._node(args[0], depth)
        if len(args) % 2 == 0:
            raise self._fail("lookup takes pairs: what it is, what that gives", args[-1])
        if len(args) > 2 * MOST_POINTS + 1:
            raise self._fail(f"more than {MOST_POINTS} pairs", args[2 * MOST_POINTS + 1])
        numbers: list[float] = []
        unit = FREE
        for i, arg in enumerate(args[1:]):
            node = self._node(arg, depth)
            if node.op != "number":
                raise self._fail("a table is made of numbers", arg)
            wanted = one.unit if i % 2 == 0 else unit
            self._same(Node("number", wanted), node, at, arg, "put beside")
            if i % 2 and unit.free:
                unit = wanted = node.unit
            scale, shift = conversion(node.unit, wanted)
            numbers.append(node.numbers[0] * scale + shift)
            if i >= 2 and i % 2 == 0 and numbers[-1] <= numbers[-3]:
                raise self._fail("the first numbers of the pairs must rise", arg)
        return self._made("lookup", ONE if unit.free else unit, one, numbers=tuple(numbers))

    def _unit(self, at: ast.AST, args: list[ast.expr], depth: int) -> Node:
        one = self._node(args[0], depth)
        wanted = measure_of(self._text(args[1]))
        if not agree(one.unit, wanted):
            raise self._fail(f"{one.unit.symbol} cannot be told in {wanted.symbol}", args[1])
        if one.op == "number":
            scale, shift = conversion(one.unit, wanted)
            return replace(one, unit=wanted, numbers=(one.numbers[0] * scale + shift,))
        return self._made("same", wanted, one, turned=(conversion(one.unit, wanted),))

    def _named(self, at: ast.AST, args: list[ast.expr], depth: int) -> Node:
        return self._lookup(self._text(args[0]), args[0], depth)


CALLS: dict[str, Callable[..., Node]] = {
    "atan2": Functions._pair,
    "hypot": Functions._pair,
    "min": Functions._extreme,
    "max": Functions._extreme,
    "where": Functions._where,
    "smooth": Functions._spread,
    "mean": Functions._spread,
    "lag": Functions._spread,
    "derivative": Functions._rate,
    "integral": Functions._integral,
    "lookup": Functions._table,
    "unit": Functions._unit,
    "channel": Functions._named,
}
