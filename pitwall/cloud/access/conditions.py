"""Conditions of IAM policies: operators, set operators, wildcards and escapes.

Only the operators that row, column and table policies use are known. Another one raises BadInput:
a condition that is not understood must neither allow nor deny.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pitwall.telemetry import BadInput

Context = Mapping[str, Sequence[str]]
"""Condition keys of a request and their values; a key that the request does not have is absent.
Names compare without case, as IAM does."""

_ALL, _ANY = "ForAllValues:", "ForAnyValue:"
_SPECIAL = re.compile(r"\$\{([*?$])\}|\$\{[^}]*\}|\*|\?")


def escape(text: str) -> str:
    """``text`` as it stands in a pattern, its ``*``, ``?`` and ``$`` meaning themselves."""
    return re.sub(r"[*?$]", lambda found: "${" + found[0] + "}", text)


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    out: list[str] = []
    at = 0
    for found in _SPECIAL.finditer(text):
        out.append(re.escape(text[at : found.start()]))
        at = found.end()
        if found[1]:
            out.append(re.escape(found[1]))
        elif found[0] == "*":
            out.append(".*")
        elif found[0] == "?":
            out.append(".")
        else:
            raise BadInput(f"policy variable {found[0]}: not known here; use the value itself")
    out.append(re.escape(text[at:]))
    return re.compile("".join(out), re.DOTALL)


def like(value: str, pattern: str) -> bool:
    """Whether ``value`` is what ``pattern`` says: ``*`` any characters, ``?`` one, ``${*}``,
    ``${?}`` and ``${$}`` those themselves. Raises BadInput for another policy variable."""
    return _pattern(pattern).fullmatch(value) is not None


def _literal(text: str) -> str:
    """Value of an operator without wildcards; only escapes are resolved."""
    return re.sub(r"\$\{([*?$])\}", r"\1", text)


def _same(value: str, wanted: str) -> bool:
    return value == _literal(wanted)


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def decide(value: str, wanted: str) -> bool:
        try:
            return compare(float(value), float(wanted))
        except ValueError:
            return False

    return decide


# operator -> (does this one value fit that one wanted value, is the operator a negation)
_OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (_same, False),
    "StringNotEquals": (_same, True),
    "StringEqualsIgnoreCase": (lambda a, b: a.casefold() == _literal(b).casefold(), False),
    "StringNotEqualsIgnoreCase": (lambda a, b: a.casefold() == _literal(b).casefold(), True),
    "StringLike": (like, False),
    "StringNotLike": (like, True),
    "ArnLike": (like, False),
    "ArnNotLike": (like, True),
    "ArnEquals": (like, False),
    "ArnNotEquals": (like, True),
    "Bool": (lambda a, b: a.casefold() == b.casefold(), False),
    "NumericEquals": (_number(lambda a, b: a == b), False),
    "NumericLessThan": (_number(lambda a, b: a < b), False),
    "NumericLessThanEquals": (_number(lambda a, b: a <= b), False),
    "NumericGreaterThan": (_number(lambda a, b: a > b), False),
    "NumericGreaterThanEquals": (_number(lambda a, b: a >= b), False),
}


def holds(block: Mapping[str, Any], context: Context) -> bool:
    """Whether every condition of a ``Condition`` block holds: operators and keys are joined by and,
    the values of one key by or. Raises BadInput for an operator that is not known."""
    have = {name.casefold(): list(values) for name, values in context.items()}
    results = [
        _one(operator, have.get(key.casefold()), [str(value) for value in as_list(wanted)])
        for operator, keys in block.items()
        for key, wanted in keys.items()
    ]
    return all(results)


def _one(operator: str, values: list[str] | None, wanted: list[str]) -> bool:
    """One operator on one key; ``values`` is None when the request does not have the key."""
    quantifier = next((q for q in (_ALL, _ANY) if operator.startswith(q)), "")
    name = operator.removeprefix(quantifier)
    if name == "Null":
        return (not values) == (wanted[0].casefold() == "true")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    if name not in _OPERATORS:
        raise BadInput(f"condition operator {operator}: not known here")
    fits, negated = _OPERATORS[name]
    if not values:
        # The trap of row policies: over no values at all, "for all" holds.
        if quantifier == _ALL or if_exists:
            return True
        return negated and quantifier != _ANY

    def passes(value: str) -> bool:
        return any(fits(value, each) for each in wanted) != negated

    if quantifier == _ANY:
        return any(passes(value) for value in values)
    return all(passes(value) for value in values)


def as_list(value: Any) -> list[Any]:
    """IAM's "one or many" as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]
