"""Whether a policy lets a request through: deny over allow over nothing said.

As IAM decides for identity-based policies of one account: one matching Deny refuses, otherwise one
matching Allow lets through, otherwise it is refused. Resource policies, boundaries and session
policies are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pitwall.cloud.access.conditions import Context, as_list, holds, like
from pitwall.telemetry import BadInput

Policy = Mapping[str, Any]
"""A policy document: ``Version`` and ``Statement``."""
_MEMBERS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that a call needs permission for.

    Attributes:
        action: ``dynamodb:Query``.
        resource: the ARN; ``*`` when the action has none.
        context: condition keys of the request.
    """

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and why.

    Attributes:
        allowed: whether the request passes.
        reason: ``explicit deny``, ``no allow`` or ``allow``.
        statement: Sid of the statement that decided; empty when none did.
    """

    allowed: bool
    reason: str
    statement: str = ""


def decide(policies: Iterable[Policy], ask: Ask) -> Decision:
    """Decide one request. Raises BadInput when a policy is not understood."""
    allowed: Decision | None = None
    for policy in policies:
        for number, statement in enumerate(as_list(policy.get("Statement", []))):
            name = _check(statement, number)
            if not _matches(statement, ask):
                continue
            if statement["Effect"] == "Deny":
                return Decision(False, "explicit deny", name)
            allowed = allowed or Decision(True, "allow", name)
    return allowed or Decision(False, "no allow")


def check_policy(policy: object) -> Policy:
    """``policy`` when it is one that can be decided by. Raises BadInput: what is wrong with it."""
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise BadInput("policy: not an object with Statement")
    if policy.get("Version") != "2012-10-17":
        raise BadInput(f"policy: Version {policy.get('Version')!r} is not 2012-10-17")
    decide([policy], Ask("", ""))
    for number, statement in enumerate(as_list(policy["Statement"])):
        _check(statement, number)
        holds(statement.get("Condition", {}), {})
    return policy


def _check(statement: Any, number: int) -> str:
    if not isinstance(statement, dict):
        raise BadInput(f"policy statement {number + 1}: not an object")
    name = str(statement.get("Sid", number + 1))
    unknown = sorted(set(statement) - _MEMBERS)
    if unknown:
        raise BadInput(f"policy statement {name}: not known here: {', '.join(unknown)}")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise BadInput(f"policy statement {name}: Effect is not Allow or Deny")
    if ("Action" in statement) == ("NotAction" in statement):
        raise BadInput(f"policy statement {name}: needs Action or NotAction, one of both")
    if ("Resource" in statement) == ("NotResource" in statement):
        raise BadInput(f"policy statement {name}: needs Resource or NotResource, one of both")
    return name


def _matches(statement: Mapping[str, Any], ask: Ask) -> bool:
    actions = as_list(statement.get("Action", statement.get("NotAction")))
    # action names compare without case
    named = any(like(ask.action.casefold(), str(each).casefold()) for each in actions)
    resources = as_list(statement.get("Resource", statement.get("NotResource")))
    there = any(like(ask.resource, str(each)) for each in resources)
    return (
        named == ("Action" in statement)
        and there == ("Resource" in statement)
        and holds(statement.get("Condition", {}), ask.context)
    )
