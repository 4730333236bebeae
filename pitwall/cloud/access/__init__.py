"""Who may do what: policies by role, the evaluator that decides by them, permissions in words."""

from pitwall.cloud.access.evaluate import Ask, Decision, Policy, check_policy, decide
from pitwall.cloud.access.names import Place, partition_of
from pitwall.cloud.access.permissions import PERMISSIONS, missing
from pitwall.cloud.access.roles import METADATA, ROLES, Scope, policy_for

__all__ = [
    "METADATA",
    "PERMISSIONS",
    "ROLES",
    "Ask",
    "Decision",
    "Place",
    "Policy",
    "Scope",
    "check_policy",
    "decide",
    "missing",
    "partition_of",
    "policy_for",
]
