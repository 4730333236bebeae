"""``pitwall cloud ...``: the stack, its policies, and what is wrong with it."""

from __future__ import annotations

from typing import Any

from pitwall.commands.cloud import doctor, policy, seal, stack

__all__ = ["add"]


def add(verbs: Any) -> None:
    """Add ``cloud`` and its own commands."""
    words = "the stack in your account: template, deployment, policies, doctor"
    cloud = verbs.add_parser("cloud", help=words, description=words)
    actions = cloud.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add_one in (stack.add, seal.add, policy.add, doctor.add):
        add_one(actions)
