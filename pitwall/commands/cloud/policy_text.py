"""A policy in words: every action of it, and what narrows each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pitwall.cloud.access import PERMISSIONS

_CONDITIONS = {
    ("ForAllValues:StringLike", "dynamodb:LeadingKeys"): "only rows whose key is like {}",
    ("ForAnyValue:StringLike", "dynamodb:LeadingKeys"): "with any row whose key is like {}",
    ("Null", "dynamodb:LeadingKeys"): "only calls that name their rows",
    ("ForAllValues:StringEquals", "dynamodb:Attributes"): "only the attributes {}",
    ("Null", "dynamodb:Attributes"): "only calls that name their attributes",
    ("StringEquals", "dynamodb:Select"): "only the attributes that are named",
    ("StringEqualsIfExists", "dynamodb:ReturnValues"): "nothing of what was there comes back",
    ("StringLike", "s3:prefix"): "only keys like {}",
    ("StringEquals", "iam:PassedToService"): "only to {}",
    ("ArnLike", "lambda:FunctionArn"): "only of {}",
}
"""By operator and key."""
MORE = {
    "dynamodb:*": "do anything at all",
    "dynamodb:PartiQL*": "read or write it by PartiQL",
    "dynamodb:ExportTableToPointInTime": "export it",
}
"""What stands for more than one call, or is none of ours."""


def policy_lines(policy: Mapping[str, Any]) -> list[str]:
    """A few lines for each statement."""
    out: list[str] = []
    for statement in policy["Statement"]:
        may = "may" if statement["Effect"] == "Allow" else "must never"
        out.append(f"  {statement['Sid']}: {may} {actions_text(statement['Action'])}")
        out += [f"      on {resource}" for resource in statement["Resource"]]
        for operator, keys in statement.get("Condition", {}).items():
            out += [f"      {condition_text(operator, key, keys[key])}" for key in keys]
    return out


def actions_text(actions: list[str]) -> str:
    """What the actions let somebody do; those without words by their names, none left out."""
    known = {**{name: one.words for name, one in PERMISSIONS.items()}, **MORE}
    words = [known[action] for action in actions if action in known]
    # said once, in the fuller form
    words = [w for w in words if not any(o != w and o.startswith(w) for o in words)]
    names = [action for action in actions if action not in known]
    return "; ".join([*dict.fromkeys(words), *([f"use {', '.join(names)}"] if names else [])])


def condition_text(operator: str, key: str, value: Any) -> str:
    """What narrows a statement; as IAM has it where there are no words for it."""
    words = _CONDITIONS.get((operator, key))
    values = [value] if isinstance(value, str) else list(value)
    if words is None:
        return f"when {operator} {key}: {', '.join(values)}"
    return words.format(", ".join(values))
