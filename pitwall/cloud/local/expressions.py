"""The expression language of requests: key conditions, conditions, projections.

Top-level attributes only; what is beyond that is refused by name rather than misread.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pitwall.cloud.local.errors import invalid
from pitwall.cloud.local.items import Item, KeySchema, check_value, number

Predicate = Callable[[Item], bool]

_TOKEN = re.compile(r"\s*(?:(<=|>=|<>|[=<>(),])|([:#]?[A-Za-z0-9_.\-]+))")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Which sort keys of a partition are asked for; None means unbounded.

    Attributes:
        low, high: bounds in sorting form.
        low_open, high_open: True when the bound itself is excluded.
        prefix: only keys beginning with it (text or bytes).
    """

    low: Any = None
    high: Any = None
    low_open: bool = False
    high_open: bool = False
    prefix: Any = None


class Expression:
    """A cursor over one expression and the names and values that it may refer to."""

    def __init__(self, text: Any, names: Any, values: Any) -> None:
        if not isinstance(text, str) or not text.strip():
            raise invalid("The expression can not be empty")
        self._names: Mapping[str, str] = names or {}
        self._values: Mapping[str, dict[str, Any]] = values or {}
        for value in self._values.values():
            check_value(value)
        self._tokens: list[str] = []
        at = 0
        text = text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise invalid(f"Invalid expression: syntax error near {text[at : at + 20]!r}")
            self._tokens.append(match[1] or match[2])
            at = match.end()
        self._at = 0
        self.used: set[str] = set()

    @property
    def done(self) -> bool:
        """True when every token was consumed."""
        return self._at >= len(self._tokens)

    def peek(self, ahead: int = 0) -> str:
        """A token without consuming it; ``""`` past the end."""
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else ""

    def take(self, *expected: str) -> str:
        """Consume a token, which must be one of ``expected`` (any case) when given."""
        token = self.peek()
        if not token or (expected and token.upper() not in expected):
            raise invalid(f"Invalid expression: syntax error near {token or 'the end'!r}")
        self._at += 1
        return token

    def accept(self, word: str) -> bool:
        """Consume ``word`` if it comes next."""
        if self.peek().upper() != word:
            return False
        self._at += 1
        return True

    def name(self) -> str:
        """An attribute name, an alias resolved."""
        token = self.take()
        if token.startswith("#"):
            if token not in self._names:
                raise invalid(f"An expression attribute name used is not defined: {token}")
            self.used.add(token)
            return self._names[token]
        if "." in token or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", token):
            raise invalid(f"Only top-level attribute names are supported here: {token}")
        return token

    def value(self) -> dict[str, Any]:
        """A typed value by its ``:name``."""
        token = self.take()
        if token not in self._values:
            raise invalid(f"An expression attribute value used is not defined: {token}")
        self.used.add(token)
        return self._values[token]


def check_unused(names: Any, values: Any, used: set[str]) -> None:
    """Refuse aliases that no expression of the request uses, as the service does."""
    for kind, given in (("Names", names or {}), ("Values", values or {})):
        unused = sorted(set(given) - used)
        if unused:
            raise invalid(
                f"Value provided in ExpressionAttribute{kind} unused in expressions: "
                f"keys: {{{', '.join(unused)}}}"
            )


def sorting(value: dict[str, Any]) -> Any:
    """A scalar in a form that compares as the service compares it."""
    ((kind, raw),) = value.items()
    if kind == "N":
        return number(raw)
    if kind == "B":
        return binascii.a2b_base64(raw)
    return raw


def key_condition(text: Expression, schema: KeySchema) -> tuple[Any, KeyRange]:
    """Partition key value and range of sort keys from a ``KeyConditionExpression``."""
    pk: list[Any] = []
    ranges: list[KeyRange] = []

    def one() -> None:
        if text.accept("("):
            every()
            text.take(")")
            return
        if text.peek().lower() == "begins_with" and text.peek(1) == "(":
            text.take()
            text.take("(")
            name = text.name()
            text.take(",")
            sort(name, KeyRange(prefix=key_value(name, text.value())))
            text.take(")")
            return
        name = text.name()
        if text.accept("BETWEEN"):
            low = key_value(name, text.value())
            text.take("AND")
            high = key_value(name, text.value())
            if low > high:
                raise invalid(
                    "The BETWEEN operator requires upper bound to be at least lower bound"
                )
            sort(name, KeyRange(low, high))
            return
        operator = text.take("=", "<", "<=", ">", ">=")
        value = key_value(name, text.value())
        if name == schema.pk.name and operator == "=":
            pk.append(value)
        elif operator == "=":
            sort(name, KeyRange(value, value))
        elif operator in ("<", "<="):
            sort(name, KeyRange(high=value, high_open=operator == "<"))
        else:
            sort(name, KeyRange(low=value, low_open=operator == ">"))

    def sort(name: str, keys: KeyRange) -> None:
        if schema.sk is None or name != schema.sk.name:
            raise invalid(f"Query key condition not supported on attribute {name}")
        ranges.append(keys)

    def key_value(name: str, value: dict[str, Any]) -> Any:
        key = schema.pk if name == schema.pk.name else schema.sk
        if key is None or key.name != name:
            raise invalid(f"Query condition missed key schema element: {schema.pk.name}")
        if key.type not in value:
            raise invalid(f"Condition parameter type does not match schema type of {name}")
        return sorting(value)

    def every() -> None:
        one()
        while text.accept("AND"):
            one()

    every()
    if not text.done:
        raise invalid(f"Invalid KeyConditionExpression: syntax error near {text.peek()!r}")
    if len(pk) != 1:
        raise invalid(f"Query condition missed key schema element: {schema.pk.name}")
    if len(ranges) > 1:
        raise invalid("KeyConditionExpressions must only contain one condition per key")
    return pk[0], ranges[0] if ranges else KeyRange()


def condition(text: Expression) -> Predicate:
    """A predicate from a ``ConditionExpression`` or ``FilterExpression``."""

    def either() -> Predicate:
        parts = [both()]
        while text.accept("OR"):
            parts.append(both())
        return parts[0] if len(parts) == 1 else lambda item: any(part(item) for part in parts)

    def both() -> Predicate:
        parts = [single()]
        while text.accept("AND"):
            parts.append(single())
        return parts[0] if len(parts) == 1 else lambda item: all(part(item) for part in parts)

    def single() -> Predicate:
        if text.accept("NOT"):
            inner = single()
            return lambda item: not inner(item)
        if text.accept("("):
            inner = either()
            text.take(")")
            return inner
        function = text.peek().lower()
        if text.peek(1) == "(":
            text.take()
            text.take("(")
            name = text.name()
            if function == "attribute_not_exists":
                text.take(")")
                return lambda item: name not in item
            if function == "attribute_exists":
                text.take(")")
                return lambda item: name in item
            raise invalid(f"The function {function} is not supported here")
        name = text.name()
        compare = _COMPARE[text.take(*_COMPARE)]
        wanted = text.value()
        return lambda item: _holds(item.get(name), wanted, compare)

    predicate = either()
    if not text.done:
        raise invalid(f"Invalid expression: syntax error near {text.peek()!r}")
    return predicate


def _holds(
    have: dict[str, Any] | None, wanted: dict[str, Any], compare: Callable[[Any, Any], bool]
) -> bool:
    if have is None or have.keys() != wanted.keys():
        return compare is _COMPARE["<>"]
    return compare(sorting(have), sorting(wanted))


def projection(text: Expression) -> list[str]:
    """The attribute names of a ``ProjectionExpression``."""
    names = [text.name()]
    while text.accept(","):
        names.append(text.name())
    if not text.done:
        raise invalid(f"Invalid ProjectionExpression: syntax error near {text.peek()!r}")
    return names
