"""What is said of a stack: what would change, what it costs, what comes next."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pitwall.cloud.stack import Plan, Race, StackSettings


def _race(args: argparse.Namespace) -> Race:
    from pitwall.cloud.stack import Race

    return Race(args.cars, args.channels, args.rate, args.hours, laptops=args.laptops)


def race_cost(args: argparse.Namespace, settings: StackSettings) -> dict[str, Any]:
    """What a race such as the options say costs, for ``--json``."""
    from pitwall.cloud.stack import cost_json

    return cost_json(_race(args), settings.buffer_s, bool(settings.place.kinesis))


def race_cost_text(args: argparse.Namespace, settings: StackSettings) -> list[str]:
    """The same in lines."""
    from pitwall.cloud.stack import cost_text

    return cost_text(_race(args), settings.buffer_s, bool(settings.place.kinesis))


def plan_text(plan: Plan, settings: StackSettings, kept: dict[str, str]) -> list[str]:
    """The change set in lines; ``kept`` is what is as the stack was deployed before."""
    place = settings.place
    what = "would be made" if plan.new else "would be changed"
    options = " ".join(
        f"--{name.replace('_', '-')} {value or repr('')}" for name, value in kept.items()
    )
    return [
        f"stack {plan.stack} {what if plan.changes else 'is as it should be'} in {place.region}: "
        f"table {place.table}, bucket {place.bucket}",
        *([f"  as deployed before: {options}"] if options else []),
        *(f"  {change.text()}" for change in plan.changes),
    ]


def next_text(settings: StackSettings, args: argparse.Namespace) -> list[str]:
    """The commands that come after a deployment, with this stack's names."""
    place = settings.place
    names = f"--region {place.region} --table {place.table} --bucket {place.bucket}"
    who = f" --profile {args.profile}" if args.profile else ""
    if args.endpoint_url:
        who += f" --endpoint-url {args.endpoint_url}"
    kinesis = f" --kinesis {place.kinesis}" if place.kinesis else ""
    scope = f"--account {place.account} {names} --stack {place.stack}"
    return [
        "next, in this order:",
        f"  pitwall cloud doctor {names} --stack {place.stack}{kinesis}{who}",
        f"  pitwall cloud policy engineer {scope}{kinesis} --json",
        f"  pitwall publish S.pitwall --session S {names}{who}",
        f"  pitwall live --session S {names}{kinesis}{who}",
    ]


def refusal_text(plan: Plan, args: argparse.Namespace) -> str:
    """Why a plan is not carried out even with ``--yes``; empty when it may be."""
    if not plan.risky or args.allow_replace:
        return ""
    parts = ", ".join(change.part for change in plan.risky)
    return (
        f"stack {plan.stack}: {parts} would be removed or made anew, and start empty; nothing was "
        "changed. If that is meant, give --allow-replace"
    )
