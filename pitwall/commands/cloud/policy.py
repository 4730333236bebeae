"""``pitwall cloud policy``: what a role may do, in words or as IAM takes it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from pitwall.commands.answers import print_json, print_lines
from pitwall.commands.cloud.parts import cloud_verb, place_of


def add(actions: Any) -> None:
    """Add ``policy``."""
    policy = cloud_verb(actions, "policy", _policy, "print the IAM policy of a role")
    add_one = policy.add_argument
    add_one(
        "role",
        metavar="ROLE",
        help="engineer, driver, partner, producer, sealer, archiver or installer",
    )
    add_one("--account", default="*", help="12 digits; any when left out")
    add_one("--kinesis", default="", metavar="NAME", help="the stack's Kinesis stream")
    repeated: dict[str, Any] = {"action": "append", "default": []}
    add_one("--car", **repeated, help="driver, producer: own car; may be repeated")
    add_one("--group", **repeated, help="partner: channel group; may be repeated")
    add_one("--session", **repeated, help="only this session; may be repeated")


def _policy(args: argparse.Namespace) -> int:
    from pitwall.cloud.access import Scope, policy_for
    from pitwall.commands.cloud.policy_text import policy_lines

    place = place_of(args, args.account, args.region or "*")
    scope = Scope(tuple(args.car), tuple(args.group), tuple(args.session))
    policy = policy_for(args.role, place, scope)
    if not args.bucket and place.account == "*" and place.bucket_arn in json.dumps(policy):
        # on stderr, since stdout may be the policy itself
        sys.stderr.write(
            f"bucket {place.bucket} is meant; a stack's own is named by --account and --region "
            "together, or by --bucket\n"
        )
    if args.json:
        print_json(policy)
        return 0
    print_lines(f"role {args.role}:", *policy_lines(policy))
    print_lines("", "the policy itself: the same with --json")
    return 0
