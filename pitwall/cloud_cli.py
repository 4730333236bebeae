"""``pitwall cloud ...``: the stack, its policies, and what is wrong with it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pitwall.telemetry import BadInput, Failure

if TYPE_CHECKING:
    from pitwall.cloud import Clients
    from pitwall.cloud.access import Place
    from pitwall.cloud.stack import Deployer, Plan, Race, Stack, StackSettings

Connection = Callable[[argparse.ArgumentParser], None]


def add_cloud(verbs: Any, connection: Connection) -> None:
    """Add ``cloud`` and its own verbs to ``verbs``; ``connection`` adds the options of table,
    bucket, profile, region and endpoint."""
    words = "the stack in your account: template, deployment, policies, doctor"
    cloud = verbs.add_parser("cloud", help=words, description=words)
    actions = cloud.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def verb(
        name: str, handler: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
        parser.set_defaults(handler=handler)
        connection(parser)
        parser.set_defaults(table=None, bucket=None)
        parser.add_argument("--stack", default="pitwall", help="name of the stack")
        parser.add_argument("--json", action="store_true")
        return parser

    made = verb("template", _template, "print the CloudFormation template and what a race costs")
    _stack_options(made)
    _race_options(made)
    made.add_argument("--account", default="", help="12 digits, for the bucket's default name")
    made.add_argument("--out", type=Path, metavar="FILE", help="write the template there")

    deploy = verb("deploy", _deploy, "make or change the stack; what would change is shown first")
    _stack_options(deploy)
    _race_options(deploy)
    deploy.add_argument("--yes", action="store_true", help="carry it out without asking")
    deploy.add_argument(
        "--allow-replace", action="store_true", help="even if table or bucket would be made anew"
    )

    verb("status", _status, "how the stack is")

    destroy = verb("destroy", _destroy, "delete the stack; table and bucket stay")
    destroy.add_argument("--yes", action="store_true", help="carry it out without asking")

    seal = verb("seal", _seal, "make the sealed laps that a session's producers did not")
    seal.set_defaults(table="pitwall")
    seal.add_argument("--session", required=True)
    seal.add_argument("--car", action="append", default=[], help="only this one; may be repeated")
    seal.add_argument("--dry-run", action="store_true", help="say what would be done")

    policy = verb("policy", _policy, "print the IAM policy of a role")
    policy.add_argument("role", metavar="ROLE", help="engineer, driver, partner, producer, ...")
    policy.add_argument("--account", default="*", help="12 digits; any when left out")
    policy.add_argument("--kinesis", default="", metavar="NAME", help="the stack's Kinesis stream")
    _scope_options(policy)

    doctor = verb("doctor", _doctor, "check the way from here to the data, and say what to do")
    doctor.add_argument("--role", default="engineer", help="whose permissions are checked")
    doctor.add_argument("--session", help="the session to look at; the newest when left out")
    doctor.add_argument("--kinesis", default="", metavar="NAME", help="the stack's Kinesis stream")
    doctor.add_argument("--car", action="append", default=[], help="of driver or producer")
    doctor.add_argument("--group", action="append", default=[], help="channel group of a partner")


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


def _scope_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--car", action="append", default=[], help="driver, producer: own car; may be repeated")
    add("--group", action="append", default=[], help="partner: channel group; may be repeated")
    add("--session", action="append", default=[], help="only this session; may be repeated")


# -- verbs


def _template(args: argparse.Namespace) -> int:
    from pitwall.cloud.stack import template_body

    settings, _ = _settings(args, args.account, args.region or "")
    text = json.dumps(json.loads(template_body(settings)), indent=2) + "\n"
    if args.out is not None:
        try:
            args.out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Failure(f"{args.out}: cannot be written: {error.strerror}") from error
    elif args.json:
        _say(text.rstrip("\n"))
        return 0
    if args.json:
        _print_json(_cost(args, settings))
        return 0
    _say(*([] if args.out else [text]), *_cost_text(args, settings))
    return 0


def _deploy(args: argparse.Namespace) -> int:
    clients = _clients(args)
    try:
        account = _account(clients)
        deployer = _deployer(clients, args)
        settings, kept = _settings(args, account, clients.region, deployer.find(parts=True))
        plan = deployer.plan(settings, kept)
        if not args.json:
            _say(*_plan_text(plan, settings, kept))
            if plan.change_set:
                _say("", *_cost_text(args, settings), "")
        doc: dict[str, Any] = {
            "stack": plan.stack,
            "new": plan.new,
            "kept": kept,
            "changes": [change.to_json() for change in plan.changes],
            "cost": _cost(args, settings),
            "done": False,
        }
        if not plan.change_set:
            return _end(args, doc, "nothing to change")
        refusal = _refusal(plan, args)
        if refusal or not _agreed(args, "Carry this out?"):
            deployer.discard(plan)
            if refusal:
                raise BadInput(refusal)
            return _end(args, doc, "nothing was made; to go on give --yes")
        stack = deployer.carry_out(plan)
        doc |= {"done": True, "status": stack.status, "outputs": stack.outputs}
        if not args.json:
            _say("", *_next_text(settings, args), "")
        return _end(args, doc, stack.status.lower().replace("_", " "))
    finally:
        clients.close()


def _status(args: argparse.Namespace) -> int:
    clients = _clients(args)
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
        _print_json(
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
        _say(f"{stack.name}: {stack.status.lower().replace('_', ' ')}{reason}")
        _say(
            *(f"  {part:<24} {state:<20} {name or kind}" for part, kind, name, state in stack.parts)
        )
        told = {**stack.outputs, **stack.parameters}
        _say(*(f"  {name}: {value}" for name, value in sorted(told.items()) if value))
    return 0 if stack.status.endswith("_COMPLETE") and "ROLLBACK" not in stack.status else 1


def _destroy(args: argparse.Namespace) -> int:
    from pitwall.cloud.stack import DATA_TYPES

    clients = _clients(args)
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
            _say(*(f"delete  {part:<24} {name}" for part, _, name, _ in gone))
            _say(*(f"keep    {part:<24} {name}" for part, _, name, _ in kept))
            if kept:
                _say("what is kept stays with all it holds and goes on being billed")
        if not _agreed(args, "Delete this?"):
            return _end(args, doc, "nothing was deleted; to go on give --yes")
        deployer.destroy()
        doc["done"] = True
        return _end(args, doc, "deleted; table and bucket stay, a later deploy takes them up again")
    finally:
        clients.close()


def _seal(args: argparse.Namespace) -> int:
    from pitwall.cloud.browse import archive_to_write
    from pitwall.cloud.seal_session import SessionSealer

    clients = _clients(args)
    try:
        sealer = SessionSealer(
            clients,
            args.table,
            args.bucket or archive_to_write(clients, args.table),
            args.session,
            dry_run=args.dry_run,
            say=(lambda line: None) if args.json else _say,
        )
        done = sealer.run(args.car)
    finally:
        clients.close()
    if args.json:
        left = [{"car": car, "lap": lap, "why": why} for car, lap, why in done.left]
        doc = {"session": args.session, "dry_run": args.dry_run, **asdict(done), "left": left}
        _print_json(doc)
        return 0
    would = "would be " if args.dry_run else ""
    _say(*(f"left: car {car} lap {lap}: {why}" for car, lap, why in done.left))
    _say(
        f"{args.session}: {done.laps} laps of {done.cars} cars: {done.complete} were sealed, "
        f"{done.sealed} {would}sealed now ({done.again} of them again), {len(done.left)} left",
        f"{would}written: {done.items} items, {done.objects} objects of laps, {done.blocks} of "
        f"blocks, {done.bytes / 1e6:.1f} MB",
    )
    return 0


def _policy(args: argparse.Namespace) -> int:
    from pitwall.cloud.access import PERMISSIONS, Scope, policy_for

    place = _place(args, args.account, args.region or "*")
    scope = Scope(tuple(args.car), tuple(args.group), tuple(args.session))
    policy = policy_for(args.role, place, scope)
    if not args.bucket and place.account == "*" and place.bucket_arn in json.dumps(policy):
        # on stderr, since stdout may be the policy itself
        sys.stderr.write(
            f"bucket {place.bucket} is meant; a stack's own is named by --account and --region "
            "together, or by --bucket\n"
        )
    if args.json:
        _print_json(policy)
        return 0
    _say(f"role {args.role}:")
    for statement in policy["Statement"]:
        may = "may" if statement["Effect"] == "Allow" else "must never"
        known = [PERMISSIONS[a].words for a in statement["Action"] if a in PERMISSIONS]
        words = "; ".join(dict.fromkeys(known)) or ", ".join(statement["Action"])
        _say(f"  {statement['Sid']}: {may} {words}")
        _say(*(f"      on {resource}" for resource in statement["Resource"]))
        for operator, keys in statement.get("Condition", {}).items():
            _say(*(f"      when {operator} {key}: {value}" for key, value in keys.items()))
    _say("", "the policy itself: the same with --json")
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from pitwall.cloud.doctor import Questions, examine, report_json, report_text

    clients = _clients(args)
    try:
        questions = Questions(
            place=_place(args, "*", clients.region or "*"),
            role=args.role,
            cars=tuple(args.car),
            groups=tuple(args.group),
            session=args.session or "",
            bucket_given=bool(args.bucket),
        )
        say = (lambda finding: None) if args.json else (lambda finding: _say(*finding.text()))
        findings = examine(clients, questions, say)
    finally:
        clients.close()
    if args.json:
        _print_json(report_json(findings))
    else:
        _say("", report_text(findings))
    return 1 if any(finding.grade == "fault" for finding in findings) else 0


# -- parts


def _clients(args: argparse.Namespace) -> Clients:
    from pitwall.cloud import make_clients

    return make_clients(args.endpoint_url, args.profile, args.region)


def _account(clients: Clients) -> str:
    from pitwall.cloud import explain

    try:
        return str(clients.service("sts").get_caller_identity()["Account"])
    except Failure:
        raise
    except Exception as error:  # botocore's errors, told in one line
        raise Failure(f"account: {explain(error)}") from error


def _place(args: argparse.Namespace, account: str, region: str) -> Place:
    """Names as given, the stack's defaults where nothing is."""
    from pitwall.cloud.access import Place, partition_of
    from pitwall.cloud.stack import BUCKET_START, bucket_of

    known = account not in ("", "*") and region not in ("", "*")
    return Place(
        args.table or "pitwall",
        args.bucket or (bucket_of(account, region) if known else BUCKET_START),
        args.kinesis or "",
        args.stack,
        account or "*",
        region or "*",
        partition_of(region),
    )


def _settings(
    args: argparse.Namespace, account: str, region: str, former: Stack | None = None
) -> tuple[StackSettings, dict[str, str]]:
    """Settings, and what of them is as the stack was deployed before."""
    from pitwall.cloud.stack import remembered, settled

    parts = {part: name for part, _, name, _ in former.parts} if former else {}
    memory = remembered(parts, former.parameters) if former else None
    return settled(vars(args), memory, _place(args, account, region))


def _race(args: argparse.Namespace) -> Race:
    from pitwall.cloud.stack import Race

    return Race(args.cars, args.channels, args.rate, args.hours, laptops=args.laptops)


def _cost(args: argparse.Namespace, settings: StackSettings) -> dict[str, Any]:
    from pitwall.cloud.stack import cost_json

    return cost_json(_race(args), settings.buffer_s, bool(settings.place.kinesis))


def _cost_text(args: argparse.Namespace, settings: StackSettings) -> list[str]:
    from pitwall.cloud.stack import cost_text

    return cost_text(_race(args), settings.buffer_s, bool(settings.place.kinesis))


def _deployer(clients: Clients, args: argparse.Namespace) -> Deployer:
    from pitwall.cloud.stack import Deployer

    say = (lambda line: None) if args.json else _say
    return Deployer(clients.service("cloudformation"), args.stack, say)


def _plan_text(plan: Plan, settings: StackSettings, kept: dict[str, str]) -> list[str]:
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


def _next_text(settings: StackSettings, args: argparse.Namespace) -> list[str]:
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


def _refusal(plan: Plan, args: argparse.Namespace) -> str:
    if not plan.risky or args.allow_replace:
        return ""
    parts = ", ".join(change.part for change in plan.risky)
    return (
        f"stack {plan.stack}: {parts} would be removed or made anew, and start empty; nothing was "
        "changed. If that is meant, give --allow-replace"
    )


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
        _print_json({**doc, "message": words})
    else:
        _say(words)
    return 0


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _print_json(doc: Any) -> None:
    sys.stdout.write(json.dumps(doc, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()
