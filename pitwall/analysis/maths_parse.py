"""From text to a tree: Python's own grammar, of which only what is listed here is let through.

Nothing is ever evaluated by Python: names are looked up among channels and definitions, operations
among ours. Length, depth and the number of operations are bounded, so that no text takes long.
"""

from __future__ import annotations

import ast
import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

from pitwall.analysis.maths_functions import CALLS, FUNCTIONS, Functions
from pitwall.analysis.maths_tree import MathsError, Node, Reach
from pitwall.analysis.maths_units import (
    FREE,
    ONE,
    conversion,
    difference,
    in_si,
    measure_of,
    power,
    product,
)
from pitwall.telemetry import Catalog

MOST_CHARACTERS = 500
MOST_DEPTH = 30
MOST_NODES = 400
CONSTANTS: Mapping[str, Node] = {
    "pi": Node("number", FREE, numbers=(math.pi,)),
    "gravity": Node("number", measure_of("m/s²"), numbers=(9.80665,)),
}
_STRANGE = re.compile(
    r"[^\w\s.,()+\-*/<>=!&|~\"'°²³·µ⁻¹%^]|[\r\n\x0b\x0c\x1c-\x1f\x85\u2028\u2029]"
)
_RUN_ON = re.compile(r"(?<![\w.])(?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d++)?+(?=[^\W\d])")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")

_COMPARED = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}


def understand(
    text: str, catalog: Catalog, others: Mapping[str, str] | None = None, name: str = ""
) -> Node:
    """The tree of an expression.

    Args:
        text: the expression.
        catalog: the session's channels.
        others: expressions of other definitions by name, which may be used as channels.
        name: of the definition itself, which may not be used in it.

    Raises MathsError, which says what is wrong and where.
    """
    return _Reader(catalog, others or {}, (name,) if name else ()).read(text, 0)


def is_name(text: str) -> bool:
    """Whether something can be called so."""
    return bool(_IDENTIFIER.fullmatch(text)) and len(text) <= 40 and text.lower() not in _TAKEN


_TAKEN = frozenset(
    {"and", "or", "not", "if", "else", "true", "false", "none", "in", "is", "lambda"}
)


class _Reader(Functions):
    def __init__(
        self, catalog: Catalog, others: Mapping[str, str], open_names: tuple[str, ...]
    ) -> None:
        super().__init__()
        self._catalog = catalog
        self._others = others
        self._open = open_names
        self._nodes = 0

    def read(self, text: str, depth: int) -> Node:
        if not text.strip():
            raise MathsError("an expression is missing")
        if len(text) > MOST_CHARACTERS:
            raise MathsError(
                f"longer than {MOST_CHARACTERS} characters: give parts of it names of their own",
                MOST_CHARACTERS,
            )
        strange = _STRANGE.search(text)
        if strange is not None:
            raise MathsError(f"{strange[0]!r} means nothing here", strange.start())
        run_on = _RUN_ON.search(text)
        if run_on is not None:
            raise MathsError("a number runs into a name: write * between them", run_on.end())
        # Leading blanks are indentation to Python.
        lead = len(text) - len(text.lstrip())
        try:
            tree = ast.parse(text[lead:], mode="eval")
        except SyntaxError as error:
            at = (error.offset or 1) - 1 + lead
            raise MathsError(_words(error), min(at, len(text))) from error
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            raise MathsError("too deeply nested, or not text") from error
        # Python counts bytes of UTF-8.
        self.places = []
        for i, character in enumerate(text[lead:]):
            self.places += [lead + i] * len(character.encode("utf-8", "replace"))
        self.places.append(len(text))
        return self._node(tree.body, depth)

    def _node(self, at: ast.AST, depth: int) -> Node:
        self._nodes += 1
        if depth > MOST_DEPTH or self._nodes > MOST_NODES:
            raise self._fail("too long or too deeply nested: give parts of it names", at)
        handler = _KINDS.get(type(at))
        if handler is None:
            raise self._fail("this is not part of the language", at)
        return handler(self, at, depth + 1)

    def _constant(self, at: ast.Constant, depth: int) -> Node:
        value = at.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._fail("a number belongs here", at)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self._fail("this number is too large", at)
        return Node("number", FREE, numbers=(number,))

    def _name(self, at: ast.Name, depth: int) -> Node:
        return self._lookup(at.id, at, depth)

    def _attribute(self, at: ast.Attribute, depth: int) -> Node:
        if not isinstance(at.value, ast.Name):
            raise self._fail("only group.channel has a dot", at)
        group = next((g for g in self._catalog.groups if g.name == at.value.id), None)
        if group is None:
            raise self._fail(f"there is no group {at.value.id!r}", at.value)
        for index, channel in enumerate(group.channels):
            if channel.name == at.attr:
                return self._channel(group.name, index)
        raise self._fail(f"group {group.name} has no channel {at.attr!r}", at)

    def _lookup(self, name: str, at: ast.AST, depth: int) -> Node:
        if name in self._open:
            raise self._fail(f"{name} would be made of itself", at)
        if name in self._others:
            return self._other(name, at, depth)
        if name in CONSTANTS:
            return CONSTANTS[name]
        try:
            group, index = self._catalog.find(name)
        except KeyError:
            raise self._fail(self._unknown(name), at) from None
        return self._channel(group.name, index)

    def _channel(self, group: str, index: int) -> Node:
        channel = self._catalog.group(group).channels[index]
        # Between samples of another group lies a straight line: one sample on each side.
        reach = Reach(back=1, ahead=0)
        unit = measure_of(channel.unit)
        return Node("channel", unit, place=(group, index), reach=reach, step=channel.step)

    def _other(self, name: str, at: ast.AST, depth: int) -> Node:
        reader = _Reader(self._catalog, self._others, (*self._open, name))
        reader._nodes = self._nodes
        try:
            node = reader.read(self._others[name], depth)
        except MathsError as error:
            raise self._fail(f"in {name}: {error}", at) from error
        self._nodes = reader._nodes
        return node

    def _unknown(self, name: str) -> str:
        if name in FUNCTIONS:
            return f"{name} is a function: write {name}(…)"
        known = [c.name for g in self._catalog.groups for c in g.channels]
        close = difflib.get_close_matches(name, [*known, *self._others, *CONSTANTS], 1)
        hint = f": {close[0]}?" if close else ""
        return f"there is no channel {name!r}{hint}"

    def _unary(self, at: ast.UnaryOp, depth: int) -> Node:
        one = self._node(at.operand, depth)
        if isinstance(at.op, ast.UAdd):
            return one
        if isinstance(at.op, ast.USub):
            if one.op == "number":
                return replace(one, numbers=(-one.numbers[0],))
            return self._made("negative", one.unit, one)
        self._truth(one, at.operand)
        return self._made("not", ONE, one, step=True)

    def _binary(self, at: ast.BinOp, depth: int) -> Node:
        if isinstance(at.op, ast.Pow):
            return self._power(at, depth)
        a, b = self._node(at.left, depth), self._node(at.right, depth)
        if isinstance(at.op, ast.BitAnd | ast.BitOr):
            self._truth(a, at.left)
            self._truth(b, at.right)
            return self._made(
                "and" if isinstance(at.op, ast.BitAnd) else "or", ONE, a, b, step=True
            )
        if isinstance(at.op, ast.Add):
            return self._sum(a, b, at)
        if isinstance(at.op, ast.Sub):
            return self._less(a, b, at)
        if isinstance(at.op, ast.Mult | ast.Div):
            sign = 1 if isinstance(at.op, ast.Mult) else -1
            unit = product(a.unit, b.unit, sign)
            # Beside a bare number a quantity stays in its own unit, else both go to SI.
            kept = b.unit.neutral or (a.unit.neutral and sign > 0)
            turned = tuple(
                (1.0, 0.0) if kept else conversion(one.unit, in_si(one.unit)) for one in (a, b)
            )
            return self._made("times" if sign > 0 else "over", unit, a, b, turned=turned)
        raise self._fail("this operation is not part of the language", at)

    def _sum(self, a: Node, b: Node, at: ast.BinOp) -> Node:
        self._same(a, b, at, at.right, "added to")
        unit = a.unit if not a.unit.free else b.unit
        turned = (1.0, 0.0), conversion(b.unit, unit)
        if a.unit.offset and not b.unit.offset:
            turned = (1.0, 0.0), conversion(b.unit, difference(unit))
        elif b.unit.offset and not a.unit.offset:
            unit = b.unit
            turned = conversion(a.unit, difference(unit)), (1.0, 0.0)
        return self._made("plus", unit, a, b, turned=turned)

    def _less(self, a: Node, b: Node, at: ast.BinOp) -> Node:
        self._same(a, b, at, at.right, "taken from")
        unit = a.unit if not a.unit.free else b.unit
        turned = (1.0, 0.0), conversion(b.unit, unit)
        if a.unit.offset and b.unit.offset:
            unit = difference(unit)
        elif a.unit.offset:
            turned = (1.0, 0.0), conversion(b.unit, difference(unit))
        elif b.unit.offset and not a.unit.free:
            raise self._fail("a temperature cannot be taken from a difference", at.right)
        return self._made("minus", unit, a, b, turned=turned)

    def _power(self, at: ast.BinOp, depth: int) -> Node:
        base, exponent = self._node(at.left, depth), self._node(at.right, depth)
        if base.unit.neutral:
            self._bare(exponent, at.right)
            return self._made("power", base.unit, base, exponent)
        if exponent.op != "number" or not exponent.unit.free:
            raise self._fail("something with a unit can only be raised to a number", at.right)
        fraction = Fraction(exponent.numbers[0]).limit_denominator(12)
        if abs(fraction) > 8 or float(fraction) != exponent.numbers[0]:
            raise self._fail("the exponent must be a simple number up to 8", at.right)
        turned = conversion(base.unit, in_si(base.unit)), (1.0, 0.0)
        return self._made("power", power(base.unit, fraction), base, exponent, turned=turned)

    def _compare(self, at: ast.Compare, depth: int) -> Node:
        parts = [at.left, *at.comparators]
        nodes = [self._node(part, depth) for part in parts]
        out: Node | None = None
        for i, op in enumerate(at.ops):
            sign = _COMPARED.get(type(op))
            if sign is None:
                raise self._fail("this comparison is not part of the language", parts[i + 1])
            a, b = nodes[i], nodes[i + 1]
            self._same(a, b, at, parts[i + 1], "compared with")
            turned = self._into(a.unit if not a.unit.free else b.unit, a, b)
            one = self._made(sign, ONE, a, b, turned=turned, step=True)
            out = one if out is None else self._made("and", ONE, out, one, step=True)
        assert out is not None  # noqa: S101 - the grammar has one comparison at least
        return out

    def _bool(self, at: ast.BoolOp, depth: int) -> Node:
        word = "and" if isinstance(at.op, ast.And) else "or"
        out: Node | None = None
        for part in at.values:
            one = self._node(part, depth)
            self._truth(one, part)
            out = one if out is None else self._made(word, ONE, out, one, step=True)
        assert out is not None  # noqa: S101 - the grammar has two values at least
        return out

    def _choice(self, at: ast.IfExp, depth: int) -> Node:
        return self._where(at, [at.test, at.body, at.orelse], depth)

    def _call(self, at: ast.Call, depth: int) -> Node:
        if not isinstance(at.func, ast.Name):
            raise self._fail("only functions can be called", at.func)
        name = at.func.id
        wanted = FUNCTIONS.get(name)
        if wanted is None:
            close = difflib.get_close_matches(name, FUNCTIONS, 1)
            hint = f": {close[0]}?" if close else ""
            raise self._fail(f"there is no function {name!r}{hint}", at.func)
        if at.keywords:
            raise self._fail("arguments have no names here", at.keywords[0])
        starred = next((arg for arg in at.args if isinstance(arg, ast.Starred)), None)
        if starred is not None:
            raise self._fail("this is not part of the language", starred)
        least = int(wanted.split()[0])
        if len(at.args) < least or (len(at.args) > least and "more" not in wanted):
            raise self._fail(f"{name} takes {wanted}, not {len(at.args)}", at)
        return CALLS.get(name, Functions._elementary)(self, at, list(at.args), depth)


def _words(error: SyntaxError) -> str:
    text = (error.msg or "").lower()
    if "never closed" in text:
        return "this bracket is never closed"
    if "unmatched" in text or "does not match" in text:
        return "this bracket does not fit"
    if "unterminated string" in text:
        return "these quotes are never closed"
    if "eof" in text or "unexpected end" in text:
        return "something is missing at the end"
    if "leading zeros" in text:
        return "a number does not begin with 0"
    if "too many nested" in text:
        return "too deeply nested: give parts of it names"
    return "this cannot be read"


_KINDS: dict[type[ast.AST], Callable[..., Node]] = {
    ast.Constant: _Reader._constant,
    ast.Name: _Reader._name,
    ast.Attribute: _Reader._attribute,
    ast.UnaryOp: _Reader._unary,
    ast.BinOp: _Reader._binary,
    ast.Compare: _Reader._compare,
    ast.BoolOp: _Reader._bool,
    ast.IfExp: _Reader._choice,
    ast.Call: _Reader._call,
}
