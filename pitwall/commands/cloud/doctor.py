"""``pitwall cloud doctor``: the way from here to the data, and what is in it."""

from __future__ import annotations

import argparse
from typing import Any

from pitwall.commands import values
from pitwall.commands.answers import print_json, print_lines
from pitwall.commands.cloud.parts import clients_of, cloud_verb, place_of
from pitwall.commands.options import add_owner


def add(actions: Any) -> None:
    """Add ``doctor``."""
    doctor = cloud_verb(
        actions, "doctor", _doctor, "check the way from here to the data, and say what to do"
    )
    add_owner(doctor)
    add_one = doctor.add_argument
    add_one("--role", default="engineer", help="whose permissions are checked")
    add_one("--session", type=values.session, help="to look at; the newest when left out")
    add_one("--kinesis", default="", metavar="NAME", help="the stack's Kinesis stream")
    add_one("--car", action="append", default=[], help="of driver or producer; may be repeated")
    add_one(
        "--group", action="append", default=[], help="channel group of a partner; may be repeated"
    )


def _doctor(args: argparse.Namespace) -> int:
    from pitwall.cloud.doctor import Questions, examine, report_json, report_text

    clients = clients_of(args)
    try:
        questions = Questions(
            place=place_of(args, "*", clients.region or "*"),
            role=args.role,
            cars=tuple(args.car),
            groups=tuple(args.group),
            session=args.session or "",
            bucket_given=bool(args.bucket),
        )
        say = (
            (lambda finding: None) if args.json else (lambda finding: print_lines(*finding.text()))
        )
        findings = examine(clients, questions, say)
    finally:
        clients.close()
    if args.json:
        print_json(report_json(findings))
    else:
        print_lines("", report_text(findings))
    return 1 if any(finding.grade == "fault" for finding in findings) else 0
