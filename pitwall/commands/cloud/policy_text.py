"""A policy in words: every action of it, and what narrows each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pitwall.cloud.access import PERMISSIONS

_CONDITIONS = {
    ("ForAllValues:StringLike", "dynamodb:LeadingKeys"): "only rows whose key is like {}",
    ("ForAnyValue:StringLike", "dynamodb:LeadingKeys"): "rows whose key is like {}",
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
    words = [PERMISSIONS[action].words for action in actions if action in PERMISSIONS]
    names = [action for action in actions if action not in PERMISSIONS]
    if names == ["dynamodb:*"]:
        names = ["do anything at all"]
    elif names:
        names = [f"use {', '.join(names)}"]
    return "; ".join([*dict.fromkeys(words), *names])


def condition_text(operator: str, key: str, value: Any) -> str:
    """What narrows a statement; as IAM has it where there are no words for it."""
    words = _CONDITIONS.get((operator, key))
    values = [value] if isinstance(value, str) else list(value)
    if words is None:
        return f"when {operator} {key}: {', '.join(values)}"
    return words.format(", ".join(values))
