"""``pitwall cloud template``, ``deploy``, ``status`` and ``destroy``: the stack itself."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pitwall.commands.answers import print_json, print_lines, write_whole
from pitwall.commands.cloud.parts import clients_of, cloud_verb, place_of
from pitwall.commands.cloud.stack_text import (
    next_text,
    plan_text,
    race_cost,
    race_cost_text,
    refusal_text,
)
from pitwall.telemetry import BadInput, Failure

if TYPE_CHECKING:
    from pitwall.cloud import Clients
    from pitwall.cloud.stack import Deployer, Plan, Stack, StackSettings


def add(actions: Any) -> None:
    """Add the commands about the stack."""
    made = cloud_verb(
        actions, "template", _template, "print the CloudFormation template and what a race costs"
    )
    _stack_options(made)
    _race_options(made)
    made.add_argument("--account", default="", help="12 digits, for the bucket's default name")
    made.add_argument("--out", type=Path, metavar="FILE", help="write the template there")

    deploy = cloud_verb(
        actions, "deploy", _deploy, "make or change the stack; what would change is shown first"
    )
    _stack_options(deploy)
    _race_options(deploy)
    deploy.add_argument("--yes", action="store_true", help="carry it out without asking")
    deploy.add_argument(
        "--allow-replace", action="store_true", help="even if table or bucket would be made anew"
    )

    cloud_verb(actions, "status", _status, "how the stack is")

    destroy = cloud_verb(actions, "destroy", _destroy, "delete the stack; table and bucket stay")
    destroy.add_argument("--yes", action="store_true", help="carry it out without asking")


def _stack_options(parser: argparse.ArgumentParser) -> None:
    # left out means: as the stack was deployed before, and only then the default
    add = parser.add_argument
    add("--kinesis", metavar="NAME", help="a Kinesis stream beside the table's own; '' for none")
    add("--keep-days", type=int, help="days that raw archive objects are kept (400)")
    add("--buffer-s", type=int, help="seconds that the archive may lag (60)")
    add("--buffer-mb", type=int, help="megabytes at which an object is written sooner (32)")
    add("--email", help="who is told of alarms; '' for nobody")


def _race_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--cars", type=int, default=40, help="for the estimate, as the next four")
    add("--channels", type=int, default=20, help="of each car")
    add("--rate", type=float, default=10.0, metavar="HZ", help="samples a second")
    add("--hours", type=float, default=3.5, help="of the race")
    add("--laptops", type=int, default=1, help="that follow it live")


def _template(args: argparse.Namespace) -> int:
    from pitwall.cloud.stack import template_body

    settings, _ = _settings(args, args.account, args.region or "")
    text = json.dumps(json.loads(template_body(settings)), indent=2) + "\n"
    if args.out is not None:
        write_whole(args.out, text)
    elif args.json:
        print_lines(text.rstrip("\n"))
        return 0
    if args.json:
        print_json(race_cost(args, settings))
        return 0
    print_lines(*([] if args.out else [text]), *race_cost_text(args, settings))
    return 0


def _deploy(args: argparse.Namespace) -> int:
    clients = clients_of(args)
    try:
        account = _account(clients)
        deployer = _deployer(clients, args)
        settings, kept = _settings(args, account, clients.region, deployer.find(parts=True))
        plan = deployer.plan(settings, kept)
        _check_bucket(clients, deployer, plan, settings.place.bucket, account)
        if not args.json:
            print_lines(*plan_text(plan, settings, kept))
            if plan.change_set:
                print_lines("", *race_cost_text(args, settings), "")
        doc: dict[str, Any] = {
            "stack": plan.stack,
            "new": plan.new,
            "kept": kept,
            "changes": [change.to_json() for change in plan.changes],
            "cost": race_cost(args, settings),
            "done": False,
        }
        if not plan.change_set:
            return _end(args, doc, "nothing to change")
        refusal = refusal_text(plan, args)
        if refusal or not _agreed(args, "Carry this out?"):
            deployer.discard(plan)
            if refusal:
                raise BadInput(refusal)
            return _end(args, doc, "nothing was made; to go on give --yes")
        stack = deployer.carry_out(plan)
        doc |= {"done": True, "status": stack.status, "outputs": stack.outputs}
        if not args.json:
            print_lines("", *next_text(settings, args), "")
        return _end(args, doc, stack.status.lower().replace("_", " "))
    finally:
        clients.close()


def _check_bucket(
    clients: Clients, deployer: Deployer, plan: Plan, bucket: str, account: str
) -> None:
    """Raises BadInput where a bucket that would be made is somebody else's: one of this account's
    would be adopted."""
    from pitwall.cloud.owners import is_strangers

    made = any(c.action == "Add" and c.type == "AWS::S3::Bucket" for c in plan.changes)
    if made and is_strangers(clients.s3, bucket, account):
        deployer.discard(plan)
        raise BadInput(
            f"bucket {bucket}: is there already and not account {account}'s: bucket names are the "
            "whole world's. Nothing was made; choose another with --bucket"
        )


def _status(args: argparse.Namespace) -> int:
    clients = clients_of(args)
    try:
        stack = _deployer(clients, args).find(parts=True)
    finally:
        clients.close()
    if stack is None:
        raise BadInput(
            f"stack {args.stack}: there is none in this account and region: check --profile, "
            "--region and --stack, or make it with `pitwall cloud deploy`"
        )
    if args.json:
        names = ("part", "type", "name", "status")
        print_json(
            {
                "stack": stack.name,
                "status": stack.status,
                "reason": stack.reason,
                "outputs": stack.outputs,
                "parameters": stack.parameters,
                "parts": [dict(zip(names, part, strict=True)) for part in stack.parts],
            }
        )
    else:
        reason = f": {stack.reason}" if stack.reason else ""
        print_lines(f"{stack.name}: {stack.status.lower().replace('_', ' ')}{reason}")
        print_lines(
            *(f"  {part:<24} {state:<20} {name or kind}" for part, kind, name, state in stack.parts)
        )
        told = {**stack.outputs, **stack.parameters}
        print_lines(*(f"  {name}: {value}" for name, value in sorted(told.items()) if value))
    return 0 if stack.status.endswith("_COMPLETE") and "ROLLBACK" not in stack.status else 1


def _destroy(args: argparse.Namespace) -> int:
    from pitwall.cloud.stack import DATA_TYPES

    clients = clients_of(args)
    try:
        deployer = _deployer(clients, args)
        stack = deployer.find(parts=True)
        if stack is None:
            raise BadInput(f"stack {args.stack}: there is none in this account and region")
        kept_types = DATA_TYPES - {"AWS::Kinesis::Stream"}
        kept = [part for part in stack.parts if part[1] in kept_types]
        gone = [part for part in stack.parts if part[1] not in kept_types]
        doc: dict[str, Any] = {
            "stack": stack.name,
            "deletes": [part[0] for part in gone],
            "keeps": {part[0]: part[2] for part in kept},
            "done": False,
        }
        if not args.json:
            print_lines(*(f"delete  {part:<24} {name}" for part, _, name, _ in gone))
            print_lines(*(f"keep    {part:<24} {name}" for part, _, name, _ in kept))
            if kept:
                print_lines("what is kept stays with all it holds and goes on being billed")
        if not _agreed(args, "Delete this?"):
            return _end(args, doc, "nothing was deleted; to go on give --yes")
        deployer.destroy()
        doc["done"] = True
        return _end(args, doc, "deleted; table and bucket stay, a later deploy takes them up again")
    finally:
        clients.close()


def _account(clients: Clients) -> str:
    from pitwall.cloud import explain

    try:
        return str(clients.service("sts").get_caller_identity()["Account"])
    except Failure:
        raise
    except Exception as error:  # botocore's errors, told in one line
        raise Failure(f"account: {explain(error)}") from error


def _settings(
    args: argparse.Namespace, account: str, region: str, former: Stack | None = None
) -> tuple[StackSettings, dict[str, str]]:
    """Settings, and what of them is as the stack was deployed before."""
    from pitwall.cloud.stack import remembered, settled

    parts = {part: name for part, _, name, _ in former.parts} if former else {}
    memory = remembered(parts, former.parameters) if former else None
    return settled(vars(args), memory, place_of(args, account, region))


def _deployer(clients: Clients, args: argparse.Namespace) -> Deployer:
    from pitwall.cloud.stack import Deployer

    say = (lambda line: None) if args.json else print_lines
    return Deployer(clients.service("cloudformation"), args.stack, say)


def _agreed(args: argparse.Namespace, question: str) -> bool:
    if args.yes:
        return True
    if args.json or not (sys.stdin and sys.stdin.isatty()):
        return False
    sys.stdout.write(f"{question} [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _end(args: argparse.Namespace, doc: dict[str, Any], words: str) -> int:
    if args.json:
        print_json({**doc, "message": words})
    else:
        print_lines(words)
    return 0
